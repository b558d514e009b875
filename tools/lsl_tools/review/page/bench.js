// The bench: one image large, what the model thinks and why, and what to hold it against.
import { get } from "./ask.js";
import { chip, flipped, spoken } from "./card.js";
import { label } from "./choose.js";
import { colourOf, el, fill, percent } from "./element.js";
import { mapPanel } from "./maps.js";
import { cardAt, className, clearChosen, fetchCards, move, on, picture, row, state, take } from "./state.js";

export function bench(onBack) {
  const image = el("img", { class: "large", alt: "" });
  const veil = el("img", { class: "veil", alt: "", hidden: true });
  const stage = el("div", { class: "stage" }, image, veil);
  const title = el("h2", { id: "bench-title", tabindex: "-1" });
  const facts = el("div", { class: "facts" });
  const ruler = el("div", { class: "ruler", role: "group", "aria-label": "Classes" });
  const beside = el("aside", { class: "beside", tabindex: "0", "aria-label": "To compare" });
  const maps = mapPanel(veil);
  const back = el("button", { type: "button", class: "plain", onclick: onBack }, "← wall");
  const step = (by, text, told) => el("button", { type: "button", class: "plain", "aria-label": told, onclick: () => move(state.at + by) }, text);
  const made = el("section", { class: "page bench", "aria-labelledby": "bench-title" },
    el("div", { class: "bar" }, back, step(-1, "‹", "Image before"), step(1, "›", "Next image"), title),
    el("div", { class: "table" },
      el("div", { class: "main", tabindex: "0", role: "group", "aria-label": "The image" }, stage, maps.element, facts, ruler), beside));
  let shown = -1;
  let told = null;

  async function show() {
    const one = row();
    if (one < 0) return onBack();
    if (!state.cards.has(one)) await fetchCards([one]);
    if (one !== row()) return undefined;
    const fresh = one !== shown;
    shown = one;
    if (fresh) {
      told = null;
      image.src = picture("image", one);
      stage.classList.remove("close");
    }
    draw();
    if (fresh) await compare(one);
    fetchCards(Array.from(state.rows.subarray(state.at + 1, state.at + 9)));
    return undefined;
  }

  async function compare(one) {
    if (state.second) return void fill(beside, el("p", { class: "soft" }, "In a second labelling nothing is shown beside the image."));
    const found = await get("/api/beside", { row: one });
    if (one !== row()) return;
    told = found;
    take(found.cards);
    draw();
  }

  function draw() {
    const card = cardAt(state.at);
    if (!card) return;
    image.alt = spoken(card);
    image.className = `large ${flipped(card)}`;
    veil.className = `veil ${flipped(card)}`;
    fill(title, card.id, el("span", { class: "soft" }, ` ${state.at + 1} of ${state.rows.length}`));
    fill(facts, answerFacts(card));
    fill(ruler, state.start.classes.map((one, index) => column(one, index, card)));
    if (told) {
      fill(beside, besides(told));
      maps.show(card, told);
    } else maps.wait(card);
  }

  function column(one, index, card) {
    const share = told && told.probabilities.length ? told.probabilities[index] : 0;
    const outside = card.allowed !== null && !card.allowed.includes(index);
    const kind = [card.label === index ? "given" : "", card.guess === index ? "guess" : "", outside ? "outside" : ""].join(" ");
    return el("button", {
      type: "button", class: `column ${kind}`, "aria-pressed": String(card.label === index), onclick: () => { clearChosen(); label(one.name); },
      "aria-label": `${one.name}${share ? `, ${percent(share)}` : ""}${outside ? `, not in ${card.known}` : ""}`,
      title: outside ? `not in ${card.known}` : `key ${one.key.toUpperCase()}`,
      vars: { "--c": colourOf(index, state.start.classes.length), "--p": share },
    },
      state.start.hasAtlas ? el("img", { class: "drawn", alt: "", src: picture("atlas", index), loading: "lazy" }) : null,
      el("span", { class: "barbox" }, el("span", { class: "share" })),
      el("span", { class: "named" }, one.name), one.key ? el("kbd", {}, one.key.toUpperCase()) : null);
  }

  const ends = [
    on("moved", show), on("order", show), on("map", () => maps.redraw()),
    on("cards", (rows) => { if (rows.includes(shown)) draw(); }),
  ];
  Object.assign(made, {
    answers: true, begin: () => { show(); title.focus(); }, columns: () => 1, lines: () => 10, back: onBack, focusInside: () => title.focus(),
    zoom: () => stage.classList.toggle("close"), end: () => ends.forEach((end) => end()),
  });
  return made;
}

function answerFacts(card) {
  const facts = [];
  if (card.label >= 0) facts.push(["label", chip(card.label, className(card.label), "given"), card.by ? `by ${card.by}` : ""]);
  if (card.guess >= 0) facts.push(["guess", chip(card.guess, className(card.guess), "maybe"), percent(card.p)]);
  if (card.set && card.set.length > 1) facts.push(["possible", card.set.map(className).join(", ")]);
  if (card.known) facts.push(["known", card.known]);
  if (card.gene) facts.push(["gene", card.gene]);
  facts.push(["view", card.view || "not known"]);
  if (card.unusable) facts.push(["not usable", card.unusable]);
  if (card.flags) facts.push(["flags", card.flags]);
  if (card.marks.includes("contradicts")) facts.push(["≠", "the model's free answer or the label contradicts a coarse label"]);
  if (card.marks.includes("doubtful")) facts.push(["⁇", "a label of it is doubtful, says lsl-store audit"]);
  if (card.marks.includes("scope")) facts.push(["◌", "out of scope"]);
  return facts.map(([name, ...values]) => el("p", {}, el("span", { class: "soft" }, name), values.filter(Boolean)));
}

function besides(told) {
  const small = (one, extra = "") => {
    const card = state.cards.get(one);
    return el("figure", {},
      el("img", { src: picture("thumbnail", one), alt: card ? spoken(card) : "", class: card ? flipped(card) : "" }),
      el("figcaption", {}, card ? named(card) : "", extra ? el("span", { class: "soft" }, extra) : null));
  };
  const named = (card) => (card.label >= 0 ? chip(card.label, className(card.label), "given") : card.guess >= 0 ? chip(card.guess, `${className(card.guess)}?`, "maybe") : card.id);
  const block = (title, inside, none) => el("section", {}, el("h3", {}, title), inside.length ? el("div", { class: "strip" }, inside) : el("p", { class: "soft" }, none));
  return [
    told.references.map((one) => block(`Labelled ${className(one.class)}, and surely so`, one.rows.map((other) => small(other)), "None is labelled yet.")),
    block("Most similar labelled images", told.similar.map((one) => small(one.row, one.cosine.toFixed(2))), state.start.hasFeatures ? "None is labelled yet." : "lsl-annotate --features makes what is needed."),
    block("The gene's other images", told.gene.map((other) => small(other)), "There are none."),
  ];
}
