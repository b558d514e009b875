// Teach: train again with the new labels, and see what it was worth.
import { post } from "./ask.js";
import { el, fill, number, percent, say } from "./element.js";
import { on, state } from "./state.js";

const STEPS = { saving: "Saving the labels", training: "Training", annotating: "Asking the new model about every image", done: "Done", stopped: "Stopped; model and labels are as they were", failed: "It did not work" };

export function teach() {
  const inside = el("div", { class: "column-of-text" });
  const made = el("section", { class: "page read", "aria-label": "Teach" }, inside);
  let drawn = "";

  function show(told) {
    const now = JSON.stringify([told, state.start.labelled]);
    if (now === drawn) return;
    drawn = now;
    const action = told.busy ? ["stop", "Stop"] : ["start", told.rounds.length ? "Train again" : "Train"];
    fill(inside,
      el("h2", {}, "Teach the model"),
      el("p", {}, `${number(state.start.labelled)} images have a label. The labels go into the store, the model learns from them, and says anew what every image is. `,
        "You can go on labelling meanwhile."),
      el("p", {}, el("button", { type: "button", class: "strong", id: "teach", onclick: (event) => act(action[0], event.target) }, action[1])),
      progress(told), curve(told.rounds), table(told.rounds));
  }

  async function act(action, button) {
    button.disabled = true;
    try {
      show((await post("/api/teach", { action })).teach);
    } catch (problem) {
      say(problem.message, "warn");
    }
    button.disabled = false;
  }

  const end = on("teach", show);
  made.begin = () => show(state.teach || { busy: false, rounds: [] });
  made.end = end;
  return made;
}

function progress(told) {
  if (!told.step) return null;
  const bar = told.busy && told.share !== null ? el("progress", { max: "1", value: told.share, "aria-label": STEPS[told.step] }) : null;
  const left = told.left ? el("span", { class: "soft" }, ` ${told.left} left`) : null;
  return el("div", { class: `progress ${told.step}` }, el("p", {}, el("strong", {}, STEPS[told.step] || told.step), left), bar,
    told.busy && told.line ? el("p", { class: "soft line" }, told.line) : null,
    told.problem ? el("p", { class: "problem" }, told.problem) : null);
}

const SVG = "http://www.w3.org/2000/svg";
function svg(tag, attributes, text) {
  const made = document.createElementNS(SVG, tag);
  for (const [name, value] of Object.entries(attributes)) made.setAttribute(name, value);
  if (text !== undefined) made.textContent = text;
  return made;
}

function curve(rounds) {
  const known = rounds.filter((one) => Number.isFinite(one.accuracy));
  if (!known.length) return null;
  const [wide, tall, left, low] = [560, 250, 46, 46];
  const most = Math.max(...known.map((one) => one.labels)) * 1.05;
  const x = (one) => left + (one.labels / most) * (wide - left - 16);
  const y = (share) => 14 + (1 - share) * (tall - low - 14);
  const drawing = svg("svg", { viewBox: `0 0 ${wide} ${tall}`, role: "img", "aria-label": `Accuracy over rounds: ${known.map((one) => `${one.labels} labels ${percent(one.accuracy)}`).join(", ")}`, class: "curve" });
  for (const share of [0, 0.25, 0.5, 0.75, 1]) {
    drawing.append(svg("line", { x1: left, x2: wide - 16, y1: y(share), y2: y(share), class: "grid" }), svg("text", { x: left - 8, y: y(share) + 4, "text-anchor": "end" }, percent(share)));
  }
  drawing.append(svg("polyline", { points: known.map((one) => `${x(one)},${y(one.accuracy)}`).join(" "), class: "line" }));
  for (const one of known) {
    const [from, to] = spread(one);
    drawing.append(svg("line", { x1: x(one), x2: x(one), y1: y(from), y2: y(to), class: "whisker" }));
    drawing.append(svg("circle", { cx: x(one), cy: y(one.accuracy), r: 4.5, class: "point" }), svg("text", { x: x(one), y: tall - 26, "text-anchor": "middle" }, number(one.labels)));
  }
  drawing.append(svg("text", { x: wide - 16, y: tall - 7, "text-anchor": "end" }, "images with a label"));
  return el("figure", { class: "graph" }, el("figcaption", {}, "Accuracy on genes that the model never saw"), drawing,
    el("p", { class: "soft" }, "Bars hold 95 % if images were independent; with few genes the truth may lie further off."));
}

// Wilson's interval at 95 %, as if images were independent; those of a gene are not, so it is rather too short.
function spread({ accuracy, images }) {
  const z = 1.96;
  const middle = (accuracy + (z * z) / (2 * images)) / (1 + (z * z) / images);
  const half = (z / (1 + (z * z) / images)) * Math.sqrt((accuracy * (1 - accuracy)) / images + (z * z) / (4 * images * images));
  return images ? [middle - half, middle + half] : [accuracy, accuracy];
}

function table(rounds) {
  if (!rounds.length) return null;
  const head = el("tr", {}, ["round", "labels", "accuracy", "measured on", "guesses you accepted"].map((name) => el("th", { scope: "col" }, name)));
  const lines = rounds.map((one, k) => el("tr", {}, el("th", { scope: "row" }, String(k + 1)), el("td", {}, number(one.labels)),
    el("td", {}, Number.isFinite(one.accuracy) ? percent(one.accuracy) : "–"), el("td", {}, `${number(one.images)} images, ${number(one.genes)} genes`),
    el("td", {}, one.answers ? `${number(one.accepted)} of ${number(one.answers)}` : "–")));
  return el("table", {}, el("thead", {}, head), el("tbody", {}, lines));
}
