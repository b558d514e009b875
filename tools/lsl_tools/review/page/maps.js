// Maps on the bench: what speaks for one class, or for one class and not another.
import { el, fill } from "./element.js";
import { className, picture, state, tell } from "./state.js";

export function mapPanel(veil) {
  const toggle = el("button", { type: "button", class: "plain", onclick: () => { state.map = !state.map; tell("map"); } });
  const one = el("select", { "aria-label": "for class", onchange: () => load() });
  const other = el("select", { "aria-label": "against class", onchange: () => load() });
  const told = el("p", { class: "soft legend", role: "status" });
  const words = el("span", { class: "words" }, "why ", one, " and not ", other);
  const element = el("div", { class: "maps" }, toggle, words, told);
  let card = null;

  function choices(list, chosen, none) {
    return [none ? el("option", { value: "" }, none) : null, ...list.map((name) => el("option", { value: name, selected: name === chosen }, name))];
  }

  function show(shown, found) {
    if (state.start.noMaps) return wait(shown);
    if (card && shown.row === card.row) { card = shown; return undefined; }
    card = shown;
    const names = state.start.classes.map((each) => each.name);
    fill(one, choices(names, className(found.likely[0] ?? shown.guess)));
    fill(other, choices(names, className(found.likely[1] ?? -1), "any other"));
    redraw();
    return undefined;
  }

  function wait(shown) {
    if (card && card.row !== shown.row) card = null;
    veil.hidden = true;
    paint();
  }

  function paint() {
    toggle.textContent = state.map ? "Hide the map (M)" : "Show the map (M)";
    toggle.setAttribute("aria-pressed", String(state.map));
    words.hidden = !state.map;
    element.hidden = state.second || Boolean(state.start.noMaps);
    if (!state.map) told.textContent = "";
  }

  function load() {
    if (!card || !state.map || state.second) return;
    const source = picture("map", card.row) + `&for=${encodeURIComponent(one.value)}&against=${encodeURIComponent(other.value)}`;
    if (veil.dataset.source === source) { veil.hidden = false; return; }
    told.textContent = "working it out …";
    veil.hidden = true;
    veil.dataset.source = source;
    veil.src = source;
  }

  veil.addEventListener("load", () => {
    veil.hidden = !state.map;
    fill(told, el("span", { class: "for" }, "orange"), " speaks for it, ", el("span", { class: "against" }, "blue"), " against it");
  });
  veil.addEventListener("error", () => { veil.hidden = true; told.textContent = "This model makes no such maps: train again with this version."; });

  function redraw() {
    paint();
    if (state.map) {
      if (veil.dataset.source && veil.complete && !veil.hidden) return;
      load();
    } else veil.hidden = true;
  }
  return { element, show, wait, redraw };
}
