// The card: what the model was trained on, how it was tested, what it is not for; and the licences.
import { byId, el, fill } from "./element.js";
import { state } from "./state.js";
import { number, percent, t } from "./words.js";

const SCORES = ["accuracy", "within_one", "parent_accuracy", "coverage", "macro_f1", "ece"];
const spaced = (name) => name.replaceAll("_", " ");

export function drawCard() {
  const { card, tasks, licences } = state.about;
  const part = (title, ...inside) => [el("dt", {}, title), el("dd", {}, inside)];
  fill(byId("about"), el("h2", {}, t("about")), card.description ? el("p", {}, card.description) : null, el("dl", { class: "card" },
    part(t("asked"), tasks.map((task) => el("p", {}, t("classes", { task: spaced(task.name), list: listed(task.classes) })))),
    part(t("trained"), trained(card, tasks[0])),
    part(t("tested"), tested(card.test)),
    part(t("notFor"), el("p", {}, card.not_for || t("notForTold"))),
    part(t("made"), el("p", {}, t("madeTold", { version: card.version || "?", precision: t(card.precision === "float16" ? "rounded" : "exact"), digest: card.digest.slice(0, 12) })), card.rounding ? el("p", { class: "soft" }, t("onRounding", { logits: card.rounding })) : null),
    part(t("licences"), el("p", {}, t("offline")), el("p", {}, t(state.threads > 1 ? "threads" : "runs", { ...licences[0], n: state.threads })), licences.map((one) => el("details", {}, el("summary", {}, `${one.name} ${one.version}`), el("pre", { tabindex: "0" }, one.text))))));
}

const listed = (names) => (names.length > 60 ? `${names.slice(0, 60).join(", ")} … (${number(names.length)})` : names.join(", "));

function trained({ training }, task) {
  const lines = [training.fine ? t("fine", { n: number(training.fine), task: spaced(task.name) }) : "", training.coarse ? t("coarseImages", { n: number(training.coarse) }) : ""].filter(Boolean);
  return [lines.map((line) => el("p", {}, line)), training.how ? el("p", { class: "soft" }, training.how) : null];
}

function tested(test) {
  if (!test.n_images) return el("p", {}, t("untested"));
  const scores = SCORES.filter((name) => typeof test[name] === "number");
  return [el("p", {}, t("testImages", { n: number(test.n_images), genes: number(test.n_genes ?? 0) })),
    el("ul", {}, scores.map((name) => el("li", {}, `${t(name)}: ${percent(test[name])}`, name === "accuracy" && typeof test.majority === "number" ? el("span", { class: "soft" }, ` (${t("by", { percent: percent(test.majority) })})`) : null)))];
}
