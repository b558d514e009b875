// Many pictures: answered one after the other, shown as a table, saved as CSV.
import { byId, el, fill } from "./element.js";
import { isOutside, readAnswer } from "./reading.js";
import { spokenAnswer } from "./look.js";
import { listen, mainTask, remove, request, select, state, tell } from "./state.js";
import { number, percent, problemIn, spoken, t } from "./words.js";

const AT_ONCE = 40;
const rows = new Map();
let running = false;

export function showMany() {
  listen((what) => {
    if (what === "map") return;
    drawTable();
    if (state.ready) answerAll();
  });
}

// What is looked at comes first, then the others in their order.
const nextItem = () => {
  const open = (item) => item && !item.answer && !item.problem;
  return open(state.items[state.at]) ? state.items[state.at] : state.items.find(open);
};

async function answerAll() {
  if (running) return;
  running = true;
  const began = performance.now();
  let done = 0;
  for (let item = nextItem(); item; item = nextItem()) {
    await answerOne(item);
    done += 1;
    const open = state.items.filter((one) => !one.answer && !one.problem).length;
    told(open, ((performance.now() - began) / done) * open);
    tell("answered");
  }
  running = false;
}

async function answerOne(item) {
  const { version } = item;
  try {
    const found = await state.engine.ask("answer", { ...request(item), thumbnail: true });
    if (item.version !== version) return;
    if (item.thumbnail) URL.revokeObjectURL(item.thumbnail);
    Object.assign(item, { answer: found, thumbnail: URL.createObjectURL(found.thumbnail) });
    delete found.thumbnail;
  } catch (failed) {
    if (item.version === version) item.problem = failed.problem ?? { code: "failed", values: { told: String(failed) } };
  }
}

const time = (milliseconds) => (milliseconds > 90_000 ? t("minutes", { n: Math.round(milliseconds / 60_000) }) : t("seconds", { n: Math.max(1, Math.round(milliseconds / 1000)) }));

function told(open, left) {
  const all = state.items.length;
  const bar = byId("bar");
  bar.hidden = !open || all < 2;
  Object.assign(bar, { max: all, value: all - open });
  const bad = state.items.filter((item) => item.problem).length;
  const text = open ? t("working", { done: number(all - open), all: number(all), left: time(left) }) : `${t(all === 1 ? "doneOne" : "done", { done: number(all - bad), all: number(all) })}${bad ? ` ${t("failedSome", { n: number(bad) })}` : ""}`;
  const place = byId("progress");
  if (!open || (all - open) % 10 === 1 || !place.textContent) place.textContent = text;
}

export function remarksOf(item) {
  if (!item.answer) return [];
  return [isOutside(item.answer) ? t("outShort") : "", { framed: t("framedShort"), cut: t("cutShort") }[item.answer.how] ?? ""].filter(Boolean);
}

function drawTable() {
  const place = byId("many");
  place.hidden = state.items.length < 2;
  const body = byId("rows");
  const known = new Set(state.items);
  for (const [item, row] of rows) if (!known.has(item)) { row.element.remove(); rows.delete(item); }
  let fresh = 0;
  state.items.forEach((item, k) => {
    if (!rows.has(item)) fresh += 1;
    if (fresh > AT_ONCE) return;
    const row = rows.get(item) ?? newRow(item, body);
    const key = `${item.version} ${item.answer ? 1 : item.problem ? 2 : 0} ${spoken()} ${k === state.at}`;
    if (row.key !== key) { row.key = key; fillRow(row.element, item, k === state.at); }
  });
  if (fresh > AT_ONCE) requestAnimationFrame(drawTable);
  place.querySelector("h2").textContent = `${t("table")} (${number(state.items.length)})`;
}

function newRow(item, body) {
  const element = el("tr", {});
  body.append(element);
  rows.set(item, { element, key: "" });
  return rows.get(item);
}

function fillRow(row, item, here) {
  row.className = here ? "here" : "";
  const open = el("button", { type: "button", class: "link", "aria-current": here ? "true" : null, onclick: () => { select(state.items.indexOf(item)); byId("look").scrollIntoView({ block: "start" }); byId("title").focus({ preventScroll: true }); } }, item.name);
  const picture = item.thumbnail ? el("img", { src: item.thumbnail, alt: "", loading: "lazy" }) : null;
  fill(row, el("td", { class: "thumb" }, picture), el("th", { scope: "row" }, open), cells(item), el("td", {}, el("button", { type: "button", class: "icon", "aria-label": `${t("remove")}: ${item.name}`, title: t("remove"), onclick: () => remove(item) }, "×")));
}

function cells(item) {
  if (item.problem) return el("td", { colspan: "4", class: "problem" }, problemIn(item.problem));
  if (!item.answer) return el("td", { colspan: "4", class: "soft" }, t("wait"));
  const [{ task, probabilities, best, set }] = readAnswer(item.answer);
  const terms = task.kind === "terms";
  return [el("td", { class: "strongly" }, terms ? spokenAnswer(item) : task.classes[best]), el("td", {}, percent(probabilities[best])), el("td", {}, set.map((k) => task.classes[k]).join(", ")), el("td", { class: "soft" }, remarksOf(item).join(", "))];
}

// The table as CSV, with the columns that lsl-annotate writes, and the probability of every class.
export function csvText() {
  const { tasks } = state.about;
  const head = ["id", "status", "error", "flags"];
  if (state.about.scope_threshold !== null) head.push("scope_distance");
  for (const task of tasks) head.push(...(task.kind === "terms" ? [`${task.name}_chosen`] : ["", "_probability", "_prediction_set", ...(task.conformal_threshold === null ? [] : ["_answer", "_level"])].map((end) => task.name + end)), ...task.classes.map((name) => `${task.name}=${name}`));
  return [head, ...state.items.map((item) => csvRow(item, head.length))].map((line) => line.map(quoted).join(",")).join("\r\n");
}

function csvRow(item, columns) {
  if (!item.answer) return [item.name, item.problem ? "failed" : "waiting", item.problem ? problemIn(item.problem) : "", "", ...Array(columns - 4).fill("")];
  const flags = [isOutside(item.answer) ? "out-of-scope" : "", item.answer.how === "same" ? "" : item.answer.how].filter(Boolean).join("|");
  const scope = state.about.scope_threshold === null ? [] : [item.answer.scope_distance[0].toFixed(4)];
  const cells_ = readAnswer(item.answer).flatMap(({ task, probabilities, best, set, sure }) => {
    const names = set.map((k) => task.classes[k]).join("|");
    return [...(task.kind === "terms" ? [names] : [task.classes[best], probabilities[best].toFixed(4), names, ...(sure ? [sure.names.join("|"), sure.level === "none" ? "" : sure.level] : [])]), ...probabilities.map((one) => one.toFixed(4))];
  });
  return [item.name, "annotated", "", flags, ...scope, ...cells_];
}

// A name that begins as a formula is kept from being one.
function quoted(cell) {
  const text = /^[=+\-@\t\r]/.test(cell) && Number.isNaN(Number(cell)) ? `'${cell}` : String(cell);
  return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}

export function saveCsv() {
  const url = URL.createObjectURL(new Blob(["\ufeff", csvText(), "\r\n"], { type: "text/csv" }));
  el("a", { href: url, download: `${mainTask().name}.csv` }).click();
  setTimeout(() => URL.revokeObjectURL(url), 10_000);
}
