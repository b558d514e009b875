// The page as a whole: pages, the header, what changes elsewhere.
import { get, post, unsent } from "./ask.js";
import { bench } from "./bench.js";
import { askName, showKeys } from "./dialogs.js";
import { el, fill, number, say } from "./element.js";
import { listen } from "./keys.js";
import { people } from "./people.js";
import { begin, fetchCards, on, reorder, state, takeState, tell } from "./state.js";
import { teach } from "./teach.js";
import { turns } from "./turns.js";
import { wall } from "./wall.js";

const EVERY = 2000;
const view = document.getElementById("view");
let page = null;
let at = "wall";

const pages = {
  wall: ["Wall", () => wallPage()],
  turns: ["Orientation", () => turns()],
  people: ["Two people", () => people(startSecond)],
  teach: ["Teach", () => teach()],
};

function wallPage() {
  const made = wall(openBench);
  Object.assign(made, { answers: true, zoom: openBench, back: () => state.second && leaveSecond() });
  return made;
}

function show(name, made) {
  if (page) page.end();
  at = name;
  page = made;
  fill(view, made);
  drawTabs();
  made.begin();
  document.title = `${state.start.store} · ${pages[name] ? pages[name][0] : "Bench"} · lsl-review`;
}

function open(name) {
  if (state.second && name !== "wall") leaveSecond(false);
  show(name, pages[name][1]());
  if (name === "wall") page.focusInside();
}

function openBench() {
  if (state.rows.length) show("bench", bench(() => { show("wall", wallPage()); page.focusInside(); }));
}

async function startSecond() {
  state.second = true;
  state.cards.clear();
  show("wall", wallPage());
  await reorder();
  page.focusInside();
}

function leaveSecond(back = true) {
  state.second = false;
  state.cards.clear();
  reorder();
  if (back) open("people");
}

function drawTabs() {
  const { start } = state;
  const shown = Object.entries(pages).filter(([name]) => name !== "turns" || start.hasFlags || start.rejects);
  fill(document.getElementById("tabs"), shown.map(([name, [text]]) => el("li", {},
    el("button", { type: "button", "aria-current": name === at || (name === "wall" && at === "bench") ? "page" : false, onclick: () => open(name) }, text))));
}

function drawState() {
  const { start } = state;
  const left = start.open ? el("span", { class: "soft" }, ` · ${number(start.open)} to label`) : null;
  fill(document.getElementById("count"), el("strong", {}, number(start.labelled)), " labelled", left);
  const save = document.getElementById("save");
  save.textContent = start.waiting ? `Save ${number(start.waiting)} to the store` : "All saved";
  save.disabled = !start.waiting;
  save.title = start.waiting ? "They are safe on the disk already, in the journal" : "";
  document.getElementById("who").textContent = state.who;
}

async function save() {
  try {
    const told = await post("/api/save", {});
    takeState(told);
    const parts = [`${number(told.labels)} labels changed in the store`];
    if (told.turned) parts.push(`${told.turned} images mirrored: annotate again`);
    if (told.taken) parts.push(`${told.taken} photographs taken: annotate again`);
    say(`${parts.join("; ")}.`);
    if (told.version !== state.version) await again(told.version);
  } catch (problem) {
    say(problem.message, "warn");
  }
}

async function again(version) {
  const before = state.version;
  state.version = version;
  const { second, who } = state;
  const { at: place } = state;
  state.start = await get("/api/start");
  Object.assign(state, { second, who });
  state.cards.clear();
  if (version !== before) await reorder({ keep: true });
  if (!state.at) state.at = Math.min(place, Math.max(state.rows.length - 1, 0));
  tell("moved");
  drawTabs();
  drawState();
}

// The connection is there again: what was asked for meanwhile is asked for anew.
async function back() {
  await reorder({ keep: true });
  if (at === "people") page.begin();
  document.body.classList.remove("offline");
}

async function rename() {
  const name = await askName();
  if (!name) return;
  state.who = name;
  sessionStorage.setItem(`lsl-review-who-${state.stamp}`, name);
  drawState();
  if (at === "people") page.begin();
}

function theme(next) {
  const names = ["", "light", "dark"];
  const now = localStorage.getItem("lsl-review-theme") || "";
  const chosen = next ? names[(names.indexOf(now) + 1) % names.length] : now;
  localStorage.setItem("lsl-review-theme", chosen);
  document.documentElement.dataset.theme = chosen;
  if (next) say(chosen ? `${chosen} colours` : "the system's colours");
}

// What another page, another person or a training changed.
async function watch() {
  try {
    const told = await get("/api/changes", { since: state.place });
    state.teach = told.teach;
    tell("teach", told.teach);
    const known = told.rows.filter((one) => state.cards.has(one));
    if (known.length && !unsent) {
      known.forEach((one) => state.cards.delete(one));
      await fetchCards(known);
    }
    takeState(told);
    if (told.version !== state.version) await again(told.version);
    else if (!state.final && !told.orderBusy && state.query.sort === "next" && at === "wall" && !state.chosen.size) await reorder({ keep: state.at > 0 });
    if (document.body.classList.contains("offline")) await back();
  } catch {
    document.body.classList.add("offline");
  }
  setTimeout(watch, EVERY);
}

async function main() {
  theme(false);
  try {
    await begin();
  } catch (problem) {
    return void fill(view, el("p", { class: "column-of-text" }, problem.message));
  }
  document.getElementById("store").textContent = state.start.store;
  document.getElementById("save").addEventListener("click", save);
  document.getElementById("who").addEventListener("click", rename);
  document.getElementById("theme").addEventListener("click", () => theme(true));
  document.getElementById("help").addEventListener("click", showKeys);
  on("counts", drawState);
  listen(() => page);
  drawState();
  show("wall", wallPage());
  page.focusInside();
  await reorder();
  if (state.start.noAnswers) say(`${state.start.noAnswers}.`, "warn");
  setTimeout(watch, EVERY);
  document.body.classList.add("ready");
  return undefined;
}

main();
