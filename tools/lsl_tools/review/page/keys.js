// The keyboard: every key does one thing, and never while a person types.
import { accept, findClass, label, turnView, undo, unusable } from "./choose.js";
import { isOpen, showKeys } from "./dialogs.js";
import { clearChosen, fetchCards, move, row, state, tell, toggle } from "./state.js";

const isTyping = (target) => /^(INPUT|SELECT|TEXTAREA)$/.test(target.tagName);
const isControl = (target) => /^(BUTTON|A|SUMMARY)$/.test(target.tagName);

export function listen(view) {
  document.addEventListener("keydown", (event) => {
    if (isOpen() || !view()) return;
    if (event.key === "?" && !isTyping(event.target)) return void stop(event, showKeys);
    if (isTyping(event.target)) {
      if (event.key === "Escape") { event.target.blur(); view().focusInside?.(); }
      return undefined;
    }
    if ((event.key === "Enter" || event.key === " ") && isControl(event.target)) return undefined;
    if (view().key?.(event)) return event.preventDefault();
    if (view().answers) return answerKey(event, view());
    return undefined;
  });
}

function stop(event, work) {
  event.preventDefault();
  work();
}

function answerKey(event, view) {
  const work = commands(event, view)[event.key.length === 1 ? event.key.toLowerCase() : event.key];
  if (event.ctrlKey || event.metaKey) {
    if (event.key.toLowerCase() === "a") stop(event, chooseAll);
    return undefined;
  }
  if (event.altKey) return undefined;
  const one = state.start.classes.find((found) => found.key && found.key === event.key.toLowerCase());
  if (one) return stop(event, () => label(one.name));
  return work ? stop(event, work) : undefined;
}

function commands(event, view) {
  const extend = event.shiftKey;
  const by = (step) => () => move(state.at + step, { extend });
  const columns = view.columns();
  return {
    ArrowLeft: by(-1), ArrowRight: by(1), ArrowUp: by(-columns), ArrowDown: by(columns),
    PageUp: by(-columns * view.lines()), PageDown: by(columns * view.lines()),
    Home: () => move(0, { extend }), End: () => move(state.rows.length - 1, { extend }),
    Enter: accept, Delete: () => label(""), Backspace: () => label(""), u: undo, v: turnView, x: unusable, l: findClass,
    n: nextOpen, z: () => view.zoom(), m: () => { state.map = !state.map; tell("map"); },
    "/": find, " ": () => toggle(row()),
    Escape: () => (state.chosen.size ? clearChosen() : view.back()),
  };
}

function find() {
  document.getElementById("find")?.focus();
}

function chooseAll() {
  state.chosen = new Set(state.rows);
  tell("chosen");
}

async function nextOpen() {
  for (let place = state.at + 1; place < state.rows.length; place += 1) {
    if (!state.cards.has(state.rows[place])) await fetchCards(Array.from(state.rows.subarray(place, place + 240)));
    const card = state.cards.get(state.rows[place]);
    if (card && card.label < 0 && !card.unusable) return move(place);
  }
  return undefined;
}
