// The page begins: words, colours, the model in its worker.
import { byId, el, fill } from "./element.js";
import { drawCard } from "./card.js";
import { Engine, Failed } from "./engine.js";
import { listenToKeys, showKeys } from "./keys.js";
import { lookAt } from "./look.js";
import { csvText, saveCsv, showMany } from "./many.js";
import { heavy, json, whole } from "./pieces.js";
import { clear, newItem, request, state, tell } from "./state.js";
import { choose, listenForPictures, photograph, take } from "./take.js";
import { problemIn, speak, spoken, t, TONGUES } from "./words.js";

const NEEDED = { DecompressionStream: "DecompressionStream", OffscreenCanvas: "OffscreenCanvas", createImageBitmap: "createImageBitmap", WebAssembly: "WebAssembly", Worker: "Worker" };

function remembered(name, value) {
  try {
    if (value !== undefined) localStorage.setItem(`lsl-page-${name}`, value);
    return localStorage.getItem(`lsl-page-${name}`);
  } catch { return null; }
}

function drawFrame() {
  const { about } = state;
  const [tall, wide] = about.size;
  document.title = about.title;
  fill(byId("name"), about.title);
  fill(byId("tongue"), Object.entries(TONGUES).map(([code, table]) => el("option", { value: code, selected: code === spoken() }, table.language)));
  for (const [id, key] of [["theme", "theme"], ["help", "keys"], ["tongue", "tongue"]]) Object.assign(byId(id), { ariaLabel: t(key), title: t(key) });
  byId("skip").textContent = t("skip");
  fill(byId("drop"), el("h2", { class: "big" }, t("drop")), el("p", { class: "row" },
    el("button", { type: "button", class: "strong", id: "choose", onclick: choose }, t("choose")), el("button", { type: "button", class: "plain", id: "camera", onclick: photograph }, t("camera")),
    el("span", { class: "soft" }, t("or"), " ", t("paste", { keys: "Ctrl + V" }))),
  el("p", { class: "soft small" }, t("kinds", { tall, wide })), el("p", { class: "soft small" }, t("stays")), examples());
  fill(byId("manyHead"), el("h2", {}, t("table")), el("span", { class: "row" }, el("button", { type: "button", class: "plain", id: "csv", onclick: saveCsv }, t("csv")), el("button", { type: "button", class: "plain", onclick: clear }, t("clear"))));
  fill(byId("columns"), el("td", {}), ["image", "answer", "probability", "set", "remarks"].map((key) => el("th", { scope: "col" }, t(key))), el("td", {}));
  drawCard();
}

function examples() {
  const { references } = state.about;
  if (!references.length) return null;
  const shown = references.filter((one) => one.shown);
  return el("section", { class: "examples" }, el("h3", {}, t("try")), el("ul", { class: "pictures" }, shown.map((one) => el("li", {},
    el("button", { type: "button", class: "picture", onclick: () => take([one.file]) }, el("img", { src: one.url, alt: t("label", { name: one.label }) }), el("span", {}, one.label))))));
}

async function openReferences() {
  await Promise.all(state.about.references.map(async (one, k) => {
    const bytes = Uint8Array.from(atob(one.picture), (letter) => letter.charCodeAt(0));
    one.file = new File([bytes], `example-${k + 1}-${one.label}.jpg`, { type: "image/jpeg" });
    one.url = URL.createObjectURL(one.file);
    delete one.picture;
  }));
}

function status(text, kind = "") {
  byId("status").textContent = text;
  byId("status").className = kind;
}

async function beginModel() {
  const threads = self.crossOriginIsolated ? Math.min(8, navigator.hardwareConcurrency || 1) : 1;
  const worker = document.getElementById("worker").textContent;
  state.engine = new Engine(worker, async () => ({ given: { ...state.about, references: [], licences: [] }, library: await heavy("library"), model: await heavy("model"), threads }));
  try {
    const { canvas, threads: used } = await state.engine.start();
    Object.assign(state, { ready: true, threads: used });
    drawCard();
    status(canvas ? t("ready") : t("canvas"), canvas ? "" : "warning");
    document.body.classList.add("ready");
    tell("ready");
  } catch (failed) {
    const local = location.protocol === "file:" && !document.getElementById("model");
    status(failed instanceof Failed ? problemIn(failed.problem) : local ? t("file") : String(failed), "problem");
    document.body.classList.add("unable");
  }
}

function listenToFrame() {
  byId("theme").addEventListener("click", () => {
    const dark = document.documentElement.dataset.theme ?? (matchMedia("(prefers-color-scheme: dark)").matches ? "dark" : "light");
    document.documentElement.dataset.theme = remembered("theme", dark === "dark" ? "light" : "dark") ?? (dark === "dark" ? "light" : "dark");
  });
  byId("help").addEventListener("click", showKeys);
  byId("tongue").addEventListener("change", (event) => {
    speak(event.target.value);
    remembered("tongue", event.target.value);
    drawFrame();
    status(state.ready ? t("ready") : t("unpacking"));
    tell("items");
  });
  for (const id of ["files", "shot"]) byId(id).addEventListener("click", (event) => event.stopPropagation());
  byId("shot").addEventListener("change", (event) => { if (event.target.files.length) take(event.target.files); event.target.value = ""; });
}

// For programs: what the model says of a file, and its maps, as numbers. Documented in docs/page.md.
globalThis.lsl = {
  about: () => state.about,
  answer: (file) => state.engine.ask("answer", request(newItem(file, "asked"))),
  map: (file, { kind = "saliency", index = -1, against = -1, steps = state.about.contribution_steps, smooth = 0 } = {}) => state.engine.ask("map", { ...request(newItem(file, "asked")), kind, index, against, steps, smooth }).then((found) => found.map),
  pixels: (file) => state.engine.ask("picture", request(newItem(file, "asked"))).then((found) => found.rgba),
  csv: csvText,
};

async function begin() {
  speak(remembered("tongue") ?? navigator.language?.slice(0, 2));
  const theme = remembered("theme");
  if (theme) document.documentElement.dataset.theme = theme;
  const missing = Object.keys(NEEDED).find((name) => !(name in globalThis));
  if (missing) return status(t("old", { what: NEEDED[missing] }), "problem");
  state.about = json("told");
  await openReferences();
  drawFrame();
  status(t("unpacking"));
  listenToFrame();
  listenForPictures(byId("drop"));
  listenToKeys();
  lookAt();
  showMany();
  await whole();
  await beginModel();
  return undefined;
}

begin();
