// Two people: the second labelling, how far both agree, and what is to be settled.
import { get } from "./ask.js";
import { flipped, spoken } from "./card.js";
import { settle } from "./choose.js";
import { el, fill, number, percent } from "./element.js";
import { fetchCards, picture, state } from "./state.js";

export function people(onSecond) {
  const made = el("section", { class: "page read", "aria-label": "Two people" });
  const inside = el("div", { class: "column-of-text" });
  made.append(inside);

  async function show() {
    const told = await get("/api/people", { who: state.who });
    await fetchCards(told.disagreements.map((one) => one.row));
    const open = told.disagreements.filter((one) => !one.settled);
    fill(inside,
      el("h2", {}, "A second pair of eyes"),
      el("p", {}, `${percent(state.start.second)} of the images are labelled by a second person, who sees neither the first label nor the guess. `,
        `For ${state.who} ${number(told.left)} are left.`),
      el("p", {}, el("button", { type: "button", class: "strong", disabled: !told.left, onclick: onSecond }, `Label them as ${state.who}`)),
      told.pairs.map(pairPart),
      el("h2", {}, `To settle: ${open.length}`),
      open.length ? el("p", { class: "soft" }, "Choose the right class; both answers stay in the history.") : el("p", { class: "soft" }, "Nothing is open."),
      open.map((one) => apart(one, show)));
  }
  made.begin = show;
  made.end = () => {};
  return made;
}

const minus = (value) => value.toFixed(2).replace("-", "−");
const kappa = (one) => (one.kappa === null ? "not defined" : minus(one.kappa));
const between = (one) => (one.low === null ? "" : `${minus(one.low)} … ${minus(one.high)}`);

function pairPart(one) {
  const head = el("tr", {}, ["class", "images", "kappa", "95 % of draws"].map((name) => el("th", { scope: "col" }, name)));
  const lines = one.classes.map((each) => el("tr", {}, el("th", { scope: "row" }, each.name), el("td", {}, number(each.images)), el("td", {}, kappa(each)), el("td", {}, between(each))));
  return el("section", {},
    el("h2", {}, `${one.first || "An earlier labeller"} and ${one.second}`),
    el("p", { class: "big" }, "κ ", kappa(one), el("span", { class: "soft" }, ` ${between(one)}`)),
    el("p", {}, `Same class in ${number(one.same)} of ${number(one.images)} images (${percent(one.same / one.images)}). Cohen's kappa takes chance off; the interval is a bootstrap over images.`),
    el("table", {}, el("thead", {}, head), el("tbody", {}, lines)));
}

function apart(one, after) {
  const card = state.cards.get(one.row);
  const by = (who, name) => el("button", { type: "button", class: "plain", onclick: async () => { await settle(one.row, name); after(); } },
    el("strong", {}, name), ` ${who || "an earlier labeller"}`);
  return el("article", { class: "apart" },
    el("img", { src: picture("thumbnail", one.row), alt: card ? spoken(card) : one.id, class: card ? flipped(card) : "" }),
    el("div", {}, el("p", {}, one.id), el("p", { class: "row" }, by(one.first, one.said[0]), by(one.second, one.said[1]))));
}
