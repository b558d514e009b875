// Standardization under review: doubtful orientations, and photographs that were set aside.
import { get } from "./ask.js";
import { decide, undo } from "./choose.js";
import { el, fill, number } from "./element.js";
import { fetchCards, picture, state } from "./state.js";

const FLIPS = { right: [false, false], "left-right": [true, false], "up-down": [false, true], both: [true, true] };
const nameOf = (x, y) => Object.keys(FLIPS).find((name) => FLIPS[name][0] === x && FLIPS[name][1] === y);

export function turns() {
  const inside = el("div", { class: "column-of-text" });
  const made = el("section", { class: "page read", "aria-label": "Orientation" }, inside);
  let waiting = [];
  let flip = [false, false];

  async function read() {
    const order = await import("./ask.js").then((ask) => ask.getRows({ only: "flagged", sort: "id" }));
    await fetchCards(Array.from(order.rows.subarray(0, 240)));
    const doubtful = Array.from(order.rows, (one) => ({ kind: "turn", row: one }));
    const aside = (await get("/api/rejects")).map((one) => ({ kind: "reject", ...one }));
    waiting = [...doubtful, ...aside];
    begin();
  }

  async function begin() {
    const one = waiting[0];
    flip = [false, false];
    if (one && one.kind === "turn") {
      await fetchCards([one.row]);
      const card = state.cards.get(one.row);
      flip = [...card.flip];
    }
    draw();
  }

  function draw() {
    const one = waiting[0];
    if (!one) {
      fill(inside, el("h2", {}, "Standardization"), el("p", {}, "No doubtful orientation and no photograph set aside is left."));
      return;
    }
    const card = one.kind === "turn" ? state.cards.get(one.row) : null;
    const title = card ? card.id : one.file;
    const reason = card ? card.flags : one.reasons;
    fill(inside, el("h2", {}, `Standardization: ${number(waiting.length)} left`),
      el("p", {}, el("strong", {}, title), el("span", { class: "soft" }, ` ${reason}`)),
      el("div", { class: "turning" }, pictures(one), axes()),
      el("p", { class: "row" },
        key("F", "mirror left and right", mirror(0)), key("T", "mirror top and bottom", mirror(1)), key("R", "turn by half", () => { flip = [!flip[0], !flip[1]]; draw(); }),
        key("Enter", card ? "right so" : "take it so", keep, "strong"), key("X", "drop it", drop), key("U", "undo", takeBack)));
  }

  const mirror = (axis) => () => { flip[axis] = !flip[axis]; draw(); };
  const key = (name, told, work, kind = "plain") => el("button", { type: "button", class: kind, onclick: work }, el("kbd", {}, name), ` ${told}`);
  const turned = () => `${flip[0] ? "flip-x" : ""} ${flip[1] ? "flip-y" : ""}`.trim();

  function pictures(one) {
    if (one.kind === "turn") return el("img", { class: `whole ${turned()}`, alt: "The embryo as it lies now", src: picture("image", one.row) });
    const problem = el("p", { class: "soft" });
    const failed = async () => { problem.textContent = (await get(`/reject/${one.row}`, { made: 1 }).catch((found) => found)).message || ""; };
    return el("div", {}, el("img", { alt: "The photograph, with the outline that was found", class: "photograph", src: picture("reject", one.row) }),
      el("img", { class: `whole ${turned()}`, alt: "What would be made of it", src: `${picture("reject", one.row)}&made=1`, onerror: failed }), problem);
  }

  const axes = () => el("p", { class: "axes soft" }, el("span", {}, "← anterior"), el("span", {}, "dorsal ↑"), el("span", {}, "posterior →"));

  async function answer(value) {
    const one = waiting[0];
    if (!one) return;
    if (await decide(one.kind, one.row, value)) {
      waiting.shift();
      begin();
    }
  }

  const keep = () => {
    const one = waiting[0];
    if (!one) return undefined;
    return answer(one.kind === "turn" ? nameOf(...flip) : `take ${nameOf(...flip)}`);
  };
  const drop = () => answer("drop");
  async function takeBack() {
    await undo();
    await read();
  }

  made.key = (event) => {
    const work = { f: mirror(0), t: mirror(1), r: () => { flip = [!flip[0], !flip[1]]; draw(); }, enter: keep, x: drop, u: takeBack }[event.key.toLowerCase()];
    if (!work || event.ctrlKey || event.metaKey || event.altKey) return false;
    work();
    return true;
  };
  made.begin = read;
  made.end = () => {};
  return made;
}
