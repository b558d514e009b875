// Cutting an object out by hand: a frame of the model's shape, moved, sized, turned and mirrored by mouse, finger or key.
import { el } from "./element.js";
import { recut, state } from "./state.js";
import { openWindow, say } from "./windows.js";
import { number, problemIn, t } from "./words.js";

const MOST = 1600;
let work = null;

export async function cutByHand(item) {
  let found = null;
  try {
    found = await state.engine.ask("photograph", { file: item.file, most: MOST }, { first: true });
  } catch (failed) {
    return say(problemIn(failed.problem));
  }
  const [wide, tall] = found.size;
  const shape = state.about.size[1] / state.about.size[0];
  work = {
    bitmap: found.bitmap, wide, tall, shape,
    cut: item.cut ? { ...item.cut } : { x: wide / 2, y: tall / 2, width: Math.min(wide, tall * shape), angle: 0, flipX: false, flipY: false },
    photo: el("canvas", { class: "photo", tabindex: "0", role: "img", width: found.bitmap.width, height: found.bitmap.height }),
    small: el("canvas", { class: "small", "aria-hidden": "true", width: state.about.size[1], height: state.about.size[0] }),
    told: el("p", { class: "soft small", role: "status" }),
  };
  work.photo.addEventListener("pointerdown", drag);
  work.photo.addEventListener("wheel", (event) => { event.preventDefault(); CHANGES[event.deltaY > 0 ? "larger" : "smaller"](work.cut, work); redrawCut(); }, { passive: false });
  const key = (event) => { if (cutKey(event)) { event.preventDefault(); event.stopPropagation(); redrawCut(); } };
  document.addEventListener("keydown", key, true);
  redrawCut();
  let taken = false;
  const closed = openWindow(t("cutTitle"), [el("p", {}, t("cutTold")), el("div", { class: "cutting" }, work.photo, el("div", { class: "side" }, work.small, buttonRow(), work.told)), el("p", { class: "soft small" }, t("cutKeys"))], [[t("take"), () => { taken = true; }]], "wide");
  work.photo.focus();
  await closed;
  document.removeEventListener("keydown", key, true);
  work.bitmap.close();
  if (taken) recut(item, work.cut);
  return undefined;
}

function buttonRow() {
  const button = (name, sign) => el("button", { type: "button", class: "icon", "aria-label": t(name), title: t(name), onclick: () => { CHANGES[name](work.cut, work); redrawCut(); } }, sign);
  return el("p", { class: "row" }, button("left", "↺"), button("right", "↻"), button("quarter", "⟳"), button("flipX", "⇆"), button("flipY", "⇅"), button("smaller", "−"), button("larger", "+"));
}

const turn = (cut, by) => { cut.angle = ((cut.angle + by + 540) % 360) - 180; };
const grow = (cut, by, { wide, tall, shape }) => { cut.width = Math.min(2 * Math.max(wide, tall * shape), Math.max(16, cut.width * by)); };
const CHANGES = {
  left: (cut) => turn(cut, -2), right: (cut) => turn(cut, 2), quarter: (cut) => turn(cut, 90),
  flipX: (cut) => { cut.flipX = !cut.flipX; }, flipY: (cut) => { cut.flipY = !cut.flipY; },
  smaller: (cut, all) => grow(cut, 1 / 1.05, all), larger: (cut, all) => grow(cut, 1.05, all),
};
const KEYS = { q: "left", e: "right", r: "quarter", f: "flipX", t: "flipY", "-": "smaller", "+": "larger", "=": "larger" };
const ARROWS = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] };

function cutKey(event) {
  if (event.ctrlKey || event.metaKey || event.altKey) return false;
  if (event.key === "Enter" && event.target.tagName !== "BUTTON") {
    document.querySelector("dialog[open] .strong").click();
    return true;
  }
  const step = Math.max(1, work.cut.width / (event.shiftKey ? 10 : 60));
  if (ARROWS[event.key]) moveBy(...ARROWS[event.key].map((one) => one * step));
  else if (KEYS[event.key.toLowerCase()]) CHANGES[KEYS[event.key.toLowerCase()]](work.cut, work);
  else return false;
  return true;
}

function moveBy(across, down) {
  work.cut.x = Math.min(work.wide, Math.max(0, work.cut.x + across));
  work.cut.y = Math.min(work.tall, Math.max(0, work.cut.y + down));
}

function drag(event) {
  const scale = work.wide / work.photo.getBoundingClientRect().width;
  let [x, y] = [event.clientX, event.clientY];
  work.photo.setPointerCapture(event.pointerId);
  const move = (next) => {
    moveBy((next.clientX - x) * scale, (next.clientY - y) * scale);
    [x, y] = [next.clientX, next.clientY];
    redrawCut();
  };
  work.photo.addEventListener("pointermove", move);
  work.photo.addEventListener("lostpointercapture", () => work.photo.removeEventListener("pointermove", move), { once: true });
}

function redrawCut() {
  const { cut, photo, small, bitmap, wide, shape } = work;
  const scale = bitmap.width / wide;
  const pen = photo.getContext("2d");
  pen.drawImage(bitmap, 0, 0);
  const frame = () => { pen.translate(cut.x * scale, cut.y * scale); pen.rotate((cut.angle * Math.PI) / 180); pen.scale(scale, scale); };
  const [half, high] = [cut.width / 2, cut.width / shape / 2];
  pen.save();
  pen.beginPath();
  pen.rect(0, 0, photo.width, photo.height);
  frame();
  pen.rect(half, -high, -2 * half, 2 * high);
  pen.fillStyle = "rgb(0 0 0 / 45%)";
  pen.fill("evenodd");
  pen.strokeStyle = "#62cabf";
  pen.lineWidth = Math.max(2, cut.width / 160);
  pen.strokeRect(-half, -high, 2 * half, 2 * high);
  pen.restore();
  paintCut(small, bitmap, { ...cut, x: cut.x * scale, y: cut.y * scale, width: cut.width * scale });
  work.told.textContent = t("frameAt", { x: number(Math.round(cut.x)), y: number(Math.round(cut.y)), wide: number(Math.round(cut.width)), angle: Math.round(cut.angle) }) + (cut.flipX || cut.flipY ? t("flipped") : "");
  photo.setAttribute("aria-label", work.told.textContent);
}

// As worker/fit.js cuts out.
function paintCut(canvas, bitmap, cut) {
  const pen = canvas.getContext("2d");
  pen.save();
  pen.fillStyle = "#fff";
  pen.fillRect(0, 0, canvas.width, canvas.height);
  pen.imageSmoothingQuality = "high";
  pen.translate(canvas.width / 2, canvas.height / 2);
  pen.scale(cut.flipX ? -1 : 1, cut.flipY ? -1 : 1);
  pen.scale(canvas.width / cut.width, canvas.width / cut.width);
  pen.rotate((-cut.angle * Math.PI) / 180);
  pen.translate(-cut.x, -cut.y);
  pen.drawImage(bitmap, 0, 0);
  pen.restore();
}
