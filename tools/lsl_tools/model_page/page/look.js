// One picture: the answer, the map of what decided, what is most alike.
import { byId, el, fill } from "./element.js";
import { cutByHand } from "./cut.js";
import { paint, veil } from "./draw.js";
import { alike, isOutside, readAnswer } from "./reading.js";
import { current, listen, mainTask, request, recut, select, state } from "./state.js";
import { number, percent, problemIn, t } from "./words.js";

const ALIKE = 4;
let asked = "";
let chosen = { item: null, one: 0, other: -1, task: 0 };

const words = (name) => name.replaceAll("_", " ");

export function lookAt() {
  listen((what) => { if (what !== "map") redraw(); else drawMap(); });
}

function redraw() {
  const item = current();
  const place = byId("look");
  place.hidden = !item;
  if (!item) { chosen.item = null; return; }
  const key = `${request(item).key} ${item.answer ? "answered" : item.problem?.code ?? "waits"} ${document.documentElement.lang}`;
  if (place.dataset.shown === key) { paintPosition(); return; }
  place.dataset.shown = key;
  asked = "";
  fill(place, head(item), el("div", { class: "sides" }, pictureSide(item), el("div", { class: "told" }, item.answer ? answerSide(item) : waiting(item))));
  paintPosition();
  if (item.answer) { drawPicture(item); drawMap(); }
}

function head(item) {
  const step = (by, text, sign) => el("button", { type: "button", class: "icon", "aria-label": text, title: text, onclick: () => select(state.at + by) }, sign);
  return el("div", { class: "head" }, el("h2", { tabindex: "-1", id: "title" }, item.name),
    el("span", { class: "steps" }, step(-1, t("previous"), "←"), el("span", { id: "position", class: "soft" }), step(1, t("next"), "→")));
}

function paintPosition() {
  const place = byId("position");
  if (place) place.textContent = t("of", { at: number(state.at + 1), all: number(state.items.length) });
}

const waiting = (item) => (item.problem ? el("p", { class: "problem", role: "alert" }, problemIn(item.problem)) : el("p", { class: "soft" }, t("wait"), " …"));

function pictureSide(item) {
  const [tall, wide] = state.about.size;
  const label = item.answer ? `${item.name}: ${spokenAnswer(item)}` : item.name;
  return el("div", { class: "seen" },
    el("div", { class: "frame", vars: { "--shape": `${wide} / ${tall}` } }, el("canvas", { id: "picture", role: "img", "aria-label": label, width: wide, height: tall }), el("canvas", { id: "veil", "aria-hidden": "true", width: wide, height: tall, hidden: true })),
    item.answer ? [mapControls(item), el("p", { class: item.answer.how === "framed" ? "warning" : "soft" }, howTold(item))] : null,
    item.problem && !item.answer ? null : el("p", { class: "row" },
      el("button", { type: "button", class: "plain", id: "cut", onclick: () => cutByHand(item) }, t("cut")),
      item.cut ? el("button", { type: "button", class: "plain", onclick: () => recut(item, null) }, t("again")) : null));
}

function howTold(item) {
  const [tall, wide] = item.answer.from;
  return t({ same: "same", shrunk: "shrunk", framed: "framed", cut: "cutBy" }[item.answer.how], { tall: number(tall), wide: number(wide) });
}

export function spokenAnswer(item) {
  const [first] = readAnswer(item.answer);
  const names = first.set.map((k) => first.task.classes[k]).join(", ");
  if (first.task.kind === "terms") return names || t("none");
  return `${words(first.task.name)} ${first.task.classes[first.best]}, ${percent(first.probabilities[first.best])}`;
}

function answerSide(item) {
  const read = readAnswer(item.answer);
  const outside = isOutside(item.answer);
  return [
    outside ? el("p", { class: "warning", role: "alert" }, t("outside")) : null,
    read.map((one, place) => taskPart(one, place, item)),
    outside === null ? el("p", { class: "soft" }, t("unknownScope")) : null,
    outside === false ? el("p", { class: "soft" }, t("inside")) : null,
    alikePart(item),
  ];
}

function taskPart({ task, probabilities, best, set, coarse, sure }, place, item) {
  const terms = task.kind === "terms";
  const names = set.map((k) => task.classes[k]);
  const several = !terms && task.conformal_threshold !== null;
  return el("section", { class: "task", "aria-label": words(task.name) },
    terms ? el("h3", {}, words(task.name))
      : el("p", { class: "big" }, el("span", { class: "soft" }, words(task.name), " "), el("b", { class: place ? null : "class" }, task.classes[best]), el("span", { class: "soft" }, " ", t("likely", { percent: percent(probabilities[best]) }))),
    sure ? el("p", { class: "sure" }, el("span", { class: "soft" }, t("sure"), ": "), sureTold(sure)) : null,
    terms || several ? el("p", { class: "set" }, el("span", { class: "soft" }, t(terms ? "chosen" : "set"), ": "), names.length ? names.map((name) => el("span", { class: "chip" }, name)) : t("none")) : null,
    terms ? null : el("p", { class: "soft small" }, several ? t("setTold", { share: percent(task.coverage) }) : t("noSet")),
    coarse ? el("p", {}, el("span", { class: "soft" }, words(coarse.task), ": "), coarse.name, ", ", percent(coarse.probability)) : null,
    bars(task, probabilities, set, place, item));
}

const sureTold = ({ level, names }) => ({ none: t("sureNone"), list: t("sureList", { list: names.join(", ") }) })[level] ?? [`${words(level)} `, el("b", {}, names[0])];

function bars(task, probabilities, set, place, item) {
  const order = probabilities.map((_, k) => k);
  if (order.length > 30) order.sort((one, other) => probabilities[other] - probabilities[one]).splice(30);
  const bar = (k) => {
    const told = t(set.includes(k) ? "barSet" : "bar", { name: `${words(task.name)} ${task.classes[k]}`, percent: percent(probabilities[k]) });
    return el("li", {}, el("button", { type: "button", class: set.includes(k) ? "bar in" : "bar", "aria-label": told, title: told, onclick: () => chooseClass(item, place, k) },
      el("span", { class: "name" }, task.classes[k]), el("span", { class: "track" }, el("span", { class: "part", vars: { "--share": probabilities[k] } })), el("span", { class: "number" }, percent(probabilities[k]))));
  };
  return el("ul", { class: "bars", "aria-label": t("all") }, order.map(bar));
}

function alikePart(item) {
  if (!state.about.references.length) return null;
  const found = alike(item.answer, ALIKE + 1).filter(({ place }) => state.about.references[place].file !== item.file).slice(0, ALIKE);
  return el("section", { class: "alike" }, el("h3", {}, t("alike")), el("ul", { class: "pictures" }, found.map(({ place, likeness }) => {
    const { url, label } = state.about.references[place];
    return el("li", {}, el("img", { src: url, alt: "" }), el("span", {}, t("label", { name: label }), " ", el("span", { class: "soft" }, likeness.toFixed(2))));
  })), el("p", { class: "soft small" }, t("alikeNote")));
}

// The map: which class, against which, and how it is made.
function mapControls(item) {
  if (chosen.item !== request(item).key) {
    const { probabilities, best } = readAnswer(item.answer)[0];
    const second = probabilities.map((one, k) => [k === best ? -1 : one, k]).sort((one, other) => other[0] - one[0])[0][1];
    chosen = { item: request(item).key, task: 0, one: best, other: mainTask().kind === "terms" || probabilities.length < 2 ? -1 : second };
  }
  const kinds = ["contributions", "saliency"].filter((kind) => state.about.graphs[kind]);
  if (!kinds.includes(state.kind)) [state.kind] = kinds;
  return el("div", { class: "maps" },
    el("button", { type: "button", class: "plain", id: "mapToggle", "aria-pressed": String(state.map), onclick: toggleMap }, t(state.map ? "hideMap" : "showMap")),
    el("label", {}, el("span", { class: "unseen" }, t("map")), el("select", { id: "mapKind", onchange: (event) => { state.kind = event.target.value; redoControls(); } }, kinds.map((kind) => el("option", { value: kind, selected: kind === state.kind }, t(kind))))),
    el("span", { class: "whys" }, el("label", {}, t("why"), " ", classChoice("why", chosen.one, false)), state.kind === "contributions" ? el("label", {}, t("not"), " ", classChoice("whyNot", chosen.other, true)) : null),
    el("p", { class: "soft small legend", id: "mapTold", role: "status" }),
    el("p", { class: "soft small" }, state.about.graphs.contributions ? t("mapNote") : t("noWhy")));
}

function classChoice(id, place, none) {
  const { classes } = state.about.tasks[chosen.task];
  const pick = (event) => { chosen[none ? "other" : "one"] = Number(event.target.value); drawMap(); };
  return el("select", { id, onchange: pick }, none ? el("option", { value: "-1", selected: place < 0 }, t("anyOther")) : null, classes.map((name, k) => el("option", { value: String(k), selected: k === place }, name)));
}

function redoControls() {
  document.querySelector(".maps").replaceWith(mapControls(current()));
  drawMap();
}

function chooseClass(item, task, one) {
  Object.assign(chosen, { task, one, other: chosen.task === task && chosen.one !== one ? chosen.one : chosen.other });
  if (chosen.other === one || state.about.tasks[task].kind === "terms") chosen.other = -1;
  state.map = true;
  redoControls();
}

export function toggleMap() {
  if (!current()?.answer) return;
  state.map = !state.map;
  asked = "";
  redoControls();
  byId("mapToggle").focus();
}

async function drawPicture(item) {
  const key = asked;
  const { rgba } = await state.engine.ask("picture", request(item), { first: true }).catch(() => ({}));
  if (rgba && current() === item && asked.split(" ")[0] === (key || asked).split(" ")[0]) paint(byId("picture"), rgba, ...state.about.size);
}

async function drawMap() {
  const item = current();
  const [canvas, told] = [byId("veil"), byId("mapTold")];
  if (!item?.answer || !canvas) return;
  canvas.hidden = !state.map;
  state.engine.stopMaps();
  if (!state.map) { told.textContent = ""; return; }
  const key = [request(item).key, state.kind, chosen.task, chosen.one, chosen.other].join(" ");
  if (asked === key) return;
  asked = key;
  canvas.getContext("2d").clearRect(0, 0, canvas.width, canvas.height);
  told.textContent = t("mapWork");
  const before = state.about.tasks.slice(0, chosen.task).reduce((sum, task) => sum + task.classes.length, 0);
  const index = { kind: state.kind, index: before + chosen.one, against: chosen.other < 0 ? -1 : before + chosen.other };
  const still = () => asked === key && byId("veil") === canvas;
  const ask = (steps) => state.engine.ask("map", { ...request(item), ...index, steps }, { first: true, step: (step, of) => { if (still() && of > 1) told.textContent = t("mapRough", { step, of }); } });
  try {
    for (const steps of state.kind === "contributions" ? [1, state.about.contribution_steps] : [1]) {
      const { map } = await ask(steps);
      if (!map || !still()) return;
      paint(canvas, veil(map), ...state.about.size);
    }
    told.textContent = t(state.kind === "contributions" ? "legend" : "legendSize");
    canvas.dataset.made = key;
  } catch (failed) {
    if (still()) told.textContent = failed.problem ? problemIn(failed.problem) : String(failed);
  }
}
