// Small windows: the keys, a question with choices, a name.
import { el, fill } from "./element.js";
import { state } from "./state.js";

function open(title, ...inside) {
  const box = el("dialog", { "aria-label": title },
    el("form", { method: "dialog" }, el("h2", {}, title), inside));
  document.body.append(box);
  const before = document.activeElement;
  return new Promise((done) => {
    box.addEventListener("close", () => {
      box.remove();
      if (before && before.focus) before.focus();
      done(box.returnValue);
    });
    box.addEventListener("click", (event) => { if (event.target === box) box.close(""); });
    box.showModal();
  });
}

export const isOpen = () => Boolean(document.querySelector("dialog[open]"));

// Choices by number, arrows, or a text of one's own; '' where it was called off.
export function ask(title, choices, hint = "") {
  const list = el("ul", { class: "choices" });
  const input = el("input", { type: "text", maxlength: "120", "aria-label": title, placeholder: "type, or press a number", autocomplete: "off" });
  const shown = () => choices.filter((one) => one.toLowerCase().startsWith(input.value.trim().toLowerCase()));
  const draw = () => fill(list, shown().slice(0, 9).map((one, k) => el("li", {},
    el("button", { type: "submit", value: one }, el("kbd", {}, String(k + 1)), one))));
  input.addEventListener("input", draw);
  input.addEventListener("keydown", (event) => {
    const dialog = input.closest("dialog");
    const numbered = !input.value && /^[1-9]$/.test(event.key) ? shown()[Number(event.key) - 1] : "";
    if (numbered) { event.preventDefault(); dialog.close(numbered); }
    if (event.key === "Enter") { event.preventDefault(); dialog.close(shown().length === 1 ? shown()[0] : input.value.trim()); }
  });
  draw();
  return open(title, hint ? el("p", { class: "soft" }, hint) : null, input, list,
    el("p", { class: "row" }, el("button", { value: "", class: "plain" }, "Cancel")));
}

export async function askName() {
  const input = el("input", { type: "text", maxlength: "64", value: state.who, "aria-label": "Your name" });
  input.addEventListener("keydown", (event) => {
    if (event.key === "Enter") { event.preventDefault(); input.closest("dialog").close(input.value.trim()); }
  });
  const keep = el("button", { type: "button", class: "strong", onclick: () => input.closest("dialog").close(input.value.trim()) }, "Keep");
  return open("Who is labelling?", el("p", { class: "soft" }, "The name is kept with every answer."), input,
    el("p", { class: "row" }, el("button", { value: "", class: "plain" }, "Cancel"), keep));
}

const KEYS = [
  ["Look", [["← → ↑ ↓", "move"], ["Page ↑ ↓, Home, End", "move far"], ["N", "next without a label"], ["Z", "look closely; there: zoom"], ["M", "map: what speaks for the class, and what against"], ["Esc", "back"], ["/", "find an id or gene"]]],
  ["Answer", [["Enter", "accept the guess"], ["Delete", "take the label away"], ["L", "find a class by its name"], ["V", "view: lateral, dorsal, ventral, not known"], ["X", "not usable, with the reason"], ["U", "undo"]]],
  ["Many at once", [["Space", "select, or not"], ["Shift + arrows", "select a stretch"], ["Ctrl + A", "select all that is shown"], ["any key", "then answers all that are selected"]]],
];

export function showKeys() {
  const block = ([title, rows]) => el("section", {}, el("h3", {}, title),
    el("dl", {}, rows.map(([keys, told]) => el("div", {}, el("dt", {}, el("kbd", {}, keys)), el("dd", {}, told)))));
  const classes = [state.start.task, state.start.classes.filter((one) => one.key).map((one) => [one.key.toUpperCase(), one.name])];
  return open("Keys", el("div", { class: "keys" }, KEYS.map(block), el("div", { class: "classkeys" }, block(classes))),
    el("p", { class: "row" }, el("button", { value: "", class: "strong" }, "Close")));
}
