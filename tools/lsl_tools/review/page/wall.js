// The wall: only the cards in sight are there, however many images the store has.
import { newCard, showCard } from "./card.js";
import { el, number } from "./element.js";
import { fetchCards, move, on, reorder, state, tell, toggle } from "./state.js";

const LEAST = 208;
const GAP = 14;
const UNDER = 62;
const AHEAD = 2;

const SORTS = { next: "what to label next", unsure: "unsure first", contradicts: "contradictions first", doubtful: "doubtful labels first", scope: "farthest from the known", class: "class", age: "age", gene: "gene", id: "id" };
const ONLY = { open: "to label", "": "all usable", labelled: "labelled", doubtful: "doubtful labels", contradicts: "contradicts coarse label", scope: "out of scope", sure: "sure of one class", unsure: "not sure", flagged: "flagged", unusable: "not usable" };

export function wall(onOpen) {
  const sizer = el("div", { class: "sizer", role: "presentation" });
  const scroller = el("div", {
    class: "wall", role: "listbox", tabindex: "0", id: "wall", "aria-label": "Images", "aria-multiselectable": "true",
  }, sizer);
  const counted = el("p", { class: "counted", role: "status" });
  const made = el("section", { class: "page", "aria-label": "Wall" }, toolbar(counted), scroller);
  const pool = [];
  const shown = new Map();
  const grid = { columns: 1, width: LEAST, height: 200 };
  let asked = 0;

  function measure() {
    const inside = scroller.clientWidth - 2 * GAP;
    const least = inside < 460 ? 150 : LEAST;
    grid.columns = Math.max(1, Math.floor((inside + GAP) / (least + GAP)));
    grid.width = Math.floor((inside + GAP) / grid.columns) - GAP;
    const tall = grid.width * Math.min(state.start.height / state.start.width, 1);
    grid.height = Math.round(tall) + UNDER;
    sizer.style.height = `${Math.ceil(state.rows.length / grid.columns) * (grid.height + GAP) + GAP}px`;
    sizer.style.setProperty("--w", `${grid.width}px`);
    sizer.style.setProperty("--h", `${grid.height}px`);
    sizer.style.setProperty("--pic", `${grid.height - UNDER}px`);
  }

  function range(extra) {
    const line = grid.height + GAP;
    const tall = scroller.clientHeight;
    const first = Math.floor((scroller.scrollTop - extra * tall) / line) * grid.columns;
    const last = Math.ceil((scroller.scrollTop + (1 + extra) * tall) / line) * grid.columns;
    return [Math.max(first, 0), Math.min(last, state.rows.length)];
  }

  function draw() {
    const [first, last] = range(0.5);
    for (const [place, card] of shown) {
      if (place < first || place >= last) {
        shown.delete(place);
        card.hidden = true;
        pool.push(card);
      }
    }
    for (let place = first; place < last; place += 1) {
      if (!shown.has(place)) shown.set(place, put(pool.pop() || hung(), place));
    }
    cancelAnimationFrame(asked);
    asked = requestAnimationFrame(() => {
      const [from, to] = range(AHEAD);
      fetchCards(Array.from(state.rows.subarray(from, to)));
    });
  }

  function hung() {
    const card = newCard();
    sizer.append(card);
    return card;
  }

  function put(card, place) {
    const x = GAP + (place % grid.columns) * (grid.width + GAP);
    const y = GAP + Math.floor(place / grid.columns) * (grid.height + GAP);
    card.style.transform = `translate(${x}px, ${y}px)`;
    card.hidden = false;
    showCard(card, place);
    return card;
  }

  function again() {
    measure();
    for (const [place, card] of shown) {
      if (place < state.rows.length) put(card, place);
    }
    draw();
    told();
  }

  function told() {
    const chosen = state.chosen.size ? `${number(state.chosen.size)} selected · ` : "";
    const waits = state.final ? "" : " · working out what to label next …";
    counted.textContent = `${chosen}${number(state.rows.length)} images${waits}`;
    scroller.setAttribute("aria-activedescendant", state.rows.length ? `card-${state.at}` : "");
    made.classList.toggle("empty", !state.rows.length);
  }

  function follow() {
    const line = grid.height + GAP;
    const top = Math.floor(state.at / grid.columns) * line;
    if (top < scroller.scrollTop) scroller.scrollTop = top;
    else if (top + line + GAP > scroller.scrollTop + scroller.clientHeight) {
      scroller.scrollTop = top + line + GAP - scroller.clientHeight;
    }
    draw();
    for (const [place, card] of shown) showCard(card, place);
    told();
  }

  scroller.addEventListener("scroll", draw, { passive: true });
  sizer.addEventListener("click", (event) => {
    const card = event.target.closest(".card");
    if (!card) return;
    const place = Number(card.dataset.place);
    if (event.pointerType === "touch" && place === state.at) return void onOpen();
    if (event.ctrlKey || event.metaKey) {
      move(place);
      toggle(state.rows[place]);
    } else if (event.shiftKey) move(place, { extend: true });
    else move(place);
    scroller.focus();
    return undefined;
  });
  sizer.addEventListener("dblclick", (event) => { if (event.target.closest(".card")) onOpen(); });

  const watched = new ResizeObserver(again);
  watched.observe(scroller);
  const ends = [
    on("order", () => { scroller.scrollTop = 0; again(); follow(); }),
    on("moved", follow),
    on("chosen", follow),
    on("cards", (rows) => {
      const fresh = new Set(rows);
      for (const [place, card] of shown) if (fresh.has(state.rows[place])) showCard(card, place);
    }),
  ];
  made.columns = () => grid.columns;
  made.lines = () => Math.max(1, Math.floor(scroller.clientHeight / (grid.height + GAP)));
  made.focusInside = () => scroller.focus();
  made.begin = () => { again(); follow(); };
  made.end = () => { watched.disconnect(); ends.forEach((end) => end()); };
  return made;
}

function toolbar(counted) {
  if (state.second) {
    return el("div", { class: "bar" }, el("p", { class: "blind" }, "Second labelling: neither the first label nor the guess is shown."), counted);
  }
  const { start, query } = state;
  const set = (name) => async (event) => {
    query[name] = event.target.value;
    await reorder();
    tell("filtered");
  };
  const choice = (name, label, options) => el("label", {}, el("span", {}, label),
    el("select", { onchange: set(name) }, options.map(([value, text]) => el("option", { value, selected: value === query[name] }, text))));
  const any = (names, none) => [["", "any"], ...names.map((name) => [name, name]), ...(none ? [["(none)", none]] : [])];
  let typing = 0;
  const search = el("input", {
    type: "search", id: "find", placeholder: "id or gene", value: query.find, spellcheck: "false", autocomplete: "off",
    oninput: (event) => { clearTimeout(typing); typing = setTimeout(() => set("find")(event), 180); },
  });
  const needs = { scope: start.hasScope, age: start.hasAge, sure: start.hasSure, flagged: start.hasFlags, doubtful: start.hasDoubts };
  const there = ([name]) => !(name in needs) || needs[name];
  const shows = Object.entries(ONLY).filter(there);
  const sorts = Object.entries(SORTS).filter(there);
  return el("div", { class: "bar", role: "search" },
    choice("only", "Show", shows),
    choice("sort", "Order", sorts),
    choice("label", start.task, any(start.classes.map((one) => one.name), "none")),
    start.coarse.length ? choice("coarse", start.coarseTask.replaceAll("_", " "), any(start.coarse, "none")) : null,
    start.views.length > 1 ? choice("view", "View", any(start.views.filter(Boolean), "not known")) : null,
    start.people.length ? choice("who", "Labelled by", any(start.people)) : null,
    el("label", {}, el("span", {}, "Find"), search), counted);
}
