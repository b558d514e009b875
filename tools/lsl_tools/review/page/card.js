// One card of the wall.
import { colourOf, el, fill, percent } from "./element.js";
import { className, picture, state } from "./state.js";

const MARKS = { doubtful: ["⁇", "doubtful label, says lsl-store audit"], contradicts: ["≠", "contradicts its coarse label"], scope: ["◌", "out of scope: unlike what the model was trained on"] };

export function newCard() {
  const image = el("img", { alt: "", decoding: "async", draggable: false });
  const under = el("div", { class: "under" });
  const made = el("div", { class: "card", role: "option", "aria-selected": "false" }, el("div", { class: "frame" }, image), under);
  made.image = image;
  made.under = under;
  return made;
}

export function showCard(made, place) {
  const one = state.rows[place];
  const card = state.cards.get(one);
  const chosen = state.chosen.has(one);
  made.id = `card-${place}`;
  made.dataset.place = place;
  made.classList.toggle("at", place === state.at);
  made.classList.toggle("chosen", chosen);
  made.setAttribute("aria-selected", String(chosen || place === state.at));
  made.setAttribute("aria-posinset", place + 1);
  made.setAttribute("aria-setsize", state.rows.length);
  const source = picture("thumbnail", one);
  if (made.dataset.source !== source) {
    made.dataset.source = source;
    made.image.src = source;
  }
  made.classList.toggle("labelled", Boolean(card && card.label >= 0));
  made.classList.toggle("unusable", Boolean(card && card.unusable));
  if (!card) {
    made.setAttribute("aria-label", "loading");
    fill(made.under);
    return;
  }
  made.image.className = flipped(card);
  made.setAttribute("aria-label", spoken(card));
  fill(made.under, answerLine(card), aboutLine(card));
}

export const flipped = (card) => `${card.flip[0] ? "flip-x" : ""} ${card.flip[1] ? "flip-y" : ""}`.trim();

export function chip(index, text, kind = "") {
  const dot = el("span", { class: "dot", vars: { "--c": colourOf(index, state.start.classes.length) } });
  return el("span", { class: `chip ${kind}` }, dot, text);
}

function answerLine(card) {
  if (card.unusable) return el("p", { class: "answer" }, el("span", { class: "chip not" }, "not usable"));
  const parts = [];
  if (card.label >= 0) parts.push(chip(card.label, className(card.label), "given"));
  if (card.guess >= 0 && card.label !== card.guess) parts.push(guessChip(card));
  else if (card.guess >= 0) parts.push(el("span", { class: "soft" }, `guess too, ${percent(card.p)}`));
  if (!parts.length) parts.push(el("span", { class: "soft" }, state.second ? "not answered yet" : "no guess"));
  return el("p", { class: "answer" }, parts);
}

function guessChip(card) {
  const others = (card.within || []).filter((index) => index !== card.guess).map(className);
  const also = others.length ? el("span", { class: "soft", title: "prediction set" }, `or ${others.slice(0, 3).join(", ")}`) : null;
  return el("span", { class: "guess" }, chip(card.guess, `${className(card.guess)}?`, "maybe"), el("span", { class: "soft" }, percent(card.p)), also);
}

function aboutLine(card) {
  const marks = card.marks.map((name) => el("span", { class: "mark", title: MARKS[name][1] }, MARKS[name][0]));
  if (card.flags) marks.push(el("span", { class: "mark", title: card.flags }, "⚑"));
  const about = [card.known, card.gene, card.view && card.view !== "lateral" ? card.view : ""].filter(Boolean).join(" · ");
  return el("p", { class: "about" }, el("span", { class: "words" }, about || card.id), marks);
}

export function spoken(card) {
  const told = [card.id];
  if (card.gene) told.push(`gene ${card.gene}`);
  if (card.known) told.push(`known ${card.known}`);
  if (card.unusable) told.push(`not usable: ${card.unusable}`);
  if (card.label >= 0) told.push(`label ${className(card.label)}${card.by ? ` by ${card.by}` : ""}`);
  if (card.guess >= 0) told.push(`guess ${className(card.guess)}, ${percent(card.p)}`);
  card.marks.forEach((name) => told.push(MARKS[name][1]));
  if (card.flags) told.push(card.flags);
  return told.join(", ");
}
