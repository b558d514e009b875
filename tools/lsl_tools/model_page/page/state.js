// What the page knows: the model, the pictures, which of them is looked at.

export const state = { about: null, engine: null, ready: false, items: [], at: -1, map: true, kind: "contributions", threads: 1 };

const listeners = [];
export const listen = (work) => listeners.push(work);
export const tell = (what) => listeners.forEach((work) => work(what));

export const current = () => state.items[state.at] ?? null;
export const mainTask = () => state.about.tasks[0];

let count = 0;
export function newItem(file, name, label = "") {
  count += 1;
  return { id: count, version: 0, name, file, label, cut: null, answer: null, problem: null, thumbnail: "" };
}

export const request = (item) => ({ key: `${item.id}.${item.version}`, file: item.file, cut: item.cut });

export function select(index) {
  if (index < 0 || index >= state.items.length) return;
  state.at = index;
  tell("at");
}

export function remove(item) {
  const index = state.items.indexOf(item);
  state.items.splice(index, 1);
  if (item.thumbnail) URL.revokeObjectURL(item.thumbnail);
  if (state.at > index || state.at >= state.items.length) state.at -= 1;
  tell("items");
}

export function clear() {
  state.items.forEach((item) => item.thumbnail && URL.revokeObjectURL(item.thumbnail));
  state.items = [];
  state.at = -1;
  tell("items");
}

// Another rectangle of the same picture.
export function recut(item, cut) {
  Object.assign(item, { cut, answer: null, problem: null, version: item.version + 1 });
  tell("items");
}
