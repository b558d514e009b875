// What the page knows: the store, the order of the images, their cards, where the person is.
import { get, getRows } from "./ask.js";

export const state = {
  start: null, who: "", second: false,
  query: { sort: "next", only: "open", find: "", label: "", coarse: "", view: "", who: "" },
  rows: new Uint32Array(0), final: true,
  cards: new Map(), at: 0, chosen: new Set(), from: -1,
  place: 0, version: 0, stamp: "",
  map: false,
};

const heard = new Map();
export function on(name, work) {
  if (!heard.has(name)) heard.set(name, new Set());
  heard.get(name).add(work);
  return () => heard.get(name).delete(work);
}
export function tell(name, value) {
  for (const work of [...(heard.get(name) || [])]) work(value);
}

export const row = () => (state.rows.length ? state.rows[state.at] : -1);
export const cardAt = (place) => state.cards.get(state.rows[place]);
export const picture = (kind, one) => `/${kind}/${one}?v=${state.stamp}.${state.version}`;
export const className = (index) => (index >= 0 ? state.start.classes[index].name : "");

export async function begin() {
  state.start = await get("/api/start");
  state.stamp = state.start.stamp;
  state.version = state.start.version;
  state.place = state.start.place;
  state.who = sessionStorage.getItem(`lsl-review-who-${state.stamp}`) || state.start.who;
  if (!state.start.open) state.query.only = "";
}

export async function reorder({ keep = false } = {}) {
  const before = row();
  const given = state.second ? { second: state.who } : state.query;
  const { rows, final } = await getRows(given);
  state.rows = rows;
  state.final = final;
  const found = keep ? rows.indexOf(before) : -1;
  state.at = found >= 0 ? found : 0;
  state.chosen.clear();
  state.from = -1;
  tell("order");
}

const MOST = 20000;
const wanted = new Set();
export async function fetchCards(rows) {
  const missing = rows.filter((one) => !state.cards.has(one) && !wanted.has(one)).slice(0, 240);
  if (!missing.length) return;
  missing.forEach((one) => wanted.add(one));
  try {
    const given = { rows: missing.join(","), second: state.second ? state.who : "" };
    take(await get("/api/cards", given));
  } finally {
    missing.forEach((one) => wanted.delete(one));
  }
}

export function take(cards) {
  if (state.cards.size > MOST) state.cards.clear();
  for (const card of cards) state.cards.set(card.row, card);
  tell("cards", cards.map((card) => card.row));
}

export function takeState(told) {
  state.place = Math.max(state.place, told.place);
  Object.assign(state.start, { labelled: told.labelled, open: told.open, waiting: told.waiting });
  tell("counts", told);
}

export function move(to, { extend = false } = {}) {
  const last = state.rows.length - 1;
  const next = Math.min(Math.max(to, 0), Math.max(last, 0));
  if (extend) {
    if (state.from < 0) state.from = state.at;
    state.chosen.clear();
    for (let k = Math.min(state.from, next); k <= Math.max(state.from, next); k += 1) state.chosen.add(state.rows[k]);
  } else {
    state.from = -1;
  }
  state.at = next;
  tell("moved");
}

export function toggle(one) {
  if (!state.chosen.delete(one)) state.chosen.add(one);
  state.from = -1;
  tell("chosen");
}

export function clearChosen() {
  state.chosen.clear();
  state.from = -1;
  tell("chosen");
}
