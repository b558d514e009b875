// What a person decides, by key or by mouse: it goes to the server, and the page moves on.
import { post, Refused } from "./ask.js";
import { ask } from "./dialogs.js";
import { number, say } from "./element.js";
import { cardAt, className, clearChosen, move, row, state, take, takeState, tell } from "./state.js";

const GUESS = "(guess)";
const VIEWS = ["lateral", "dorsal", "ventral", ""];
const REASONS = ["damaged", "out of focus", "several embryos", "badly cut out", "wrong orientation", "no stain", "not an embryo"];
let insisted = "";

// The selected images, or the one that the person is at.
export function targets() {
  if (state.chosen.size) return [...state.chosen];
  return row() >= 0 ? [row()] : [];
}

async function answer(kind, rows, value, more = {}) {
  if (!rows.length) return null;
  try {
    const told = await post("/api/answer", { kind, rows, value, who: state.who, ...more });
    take(told.cards);
    takeState(told);
    insisted = "";
    return told;
  } catch (problem) {
    if (!(problem instanceof Refused)) throw problem;
    if (problem.status === 409) {
      insisted = `${rows.join()}=${value}`;
      say(`${problem.message}. Once more the same to keep it and correct the coarse label.`, "warn");
    } else say(problem.message, "warn");
    tell("refused");
    return null;
  }
}

export async function label(name) {
  const rows = targets();
  const one = !state.chosen.size;
  if (rows.length > 5000) return void say("At most 5,000 at once.", "warn");
  const force = insisted === `${rows.join()}=${name}`;
  const kind = state.second ? "second" : "label";
  const at = state.at;
  const told = await answer(kind, rows, name, { task: state.start.task, force });
  if (!told) return undefined;
  if (one) {
    const card = state.cards.get(rows[0]);
    say(name ? `${state.start.task} ${name === GUESS && card ? className(card.label) : name} kept` : "Label taken away");
    if (state.at === at) move(state.at + 1);
  } else {
    say(`${number(told.cards.length)} images kept. U undoes it.`);
    clearChosen();
  }
  return told;
}

export const accept = () => (state.second ? say("In a second labelling there is no guess to accept.", "warn") : acceptGuess());

function acceptGuess() {
  const known = targets().map((one) => state.cards.get(one)).filter(Boolean);
  if (known.length && !known.some((card) => card.guess >= 0)) return void say("The model has no guess here: press the key of a class.", "warn");
  return label(GUESS);
}

export async function undo() {
  try {
    const told = await post("/api/undo", { who: state.who, second: state.second });
    take(told.cards);
    takeState(told);
    if (!told.undone) return void say("Nothing is left to undo.");
    const first = told.cards.length ? state.rows.indexOf(told.cards[0].row) : -1;
    if (first >= 0) move(first);
    say(told.undone > 1 ? `Undone for ${number(told.undone)} images.` : "Undone.");
  } catch (problem) {
    say(problem.message, "warn");
  }
  return undefined;
}

export async function turnView() {
  const card = cardAt(state.at);
  if (!card) return;
  const next = VIEWS[(VIEWS.indexOf(card.view) + 1) % VIEWS.length];
  if (await answer("view", targets(), next)) say(`View: ${next || "not known"}`);
}

export async function unusable() {
  const rows = targets();
  const card = state.cards.get(rows[0]);
  if (!card) return;
  if (card.unusable && rows.length === 1) {
    if (await answer("unusable", rows, "")) say("Usable again.");
    return;
  }
  const reason = await ask("Why is it not usable?", REASONS, "It is kept out of training and maps. The reason stays with it.");
  if (!reason) return;
  if (await answer("unusable", rows, reason)) {
    say(`Not usable: ${reason}. U undoes it.`);
    if (!state.chosen.size) move(state.at + 1);
    else clearChosen();
  }
}

export async function findClass() {
  const name = await ask("Which class?", state.start.classes.map((one) => one.name), "Type its name.");
  if (name) label(name);
}

export const settle = (one, name) => answer("label", [one], name, { task: state.start.task, force: true });

export const decide = (kind, one, value) => answer(kind, [one], value);
