// The keyboard, outside of small windows and fields.
import { byId, el } from "./element.js";
import { cutByHand } from "./cut.js";
import { toggleMap } from "./look.js";
import { saveCsv } from "./many.js";
import { current, remove, select, state } from "./state.js";
import { choose, photograph } from "./take.js";
import { isOpen, openWindow } from "./windows.js";
import { t } from "./words.js";

export function listenToKeys() {
  document.addEventListener("keydown", (event) => {
    if (isOpen() || event.ctrlKey || event.metaKey || event.altKey || /^(INPUT|SELECT|TEXTAREA)$/.test(event.target.tagName)) return;
    const work = KEYS[event.key.length === 1 ? event.key.toLowerCase() : event.key];
    if (work) { event.preventDefault(); work(); }
  });
}

const KEYS = {
  ArrowLeft: () => select(state.at - 1), ArrowRight: () => select(state.at + 1), m: toggleMap, o: choose, p: photograph,
  c: () => current() && !current().problem && byId("cut") && cutByHand(current()), s: () => state.items.length && saveCsv(), Delete: () => current() && remove(current()), "?": showKeys,
};

export function showKeys() {
  return openWindow(t("keys"), [el("ul", { class: "keys" }, t("keyList").split(" · ").map((line) => el("li", {}, line)))]);
}
