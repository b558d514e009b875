// Pictures come in: dropped, pasted, chosen, or taken with the camera.
import { byId, el } from "./element.js";
import { newItem, select, state, tell } from "./state.js";
import { t } from "./words.js";
import { openWindow, say } from "./windows.js";

const MOST = 2000;

export function take(files, labels = []) {
  const all = Array.from(files);
  const given = all.slice(0, MOST - state.items.length);
  if (!all.length) return say(t("nothing"));
  if (given.length < all.length) say(t("many", { most: MOST }));
  const first = state.items.length;
  state.items.push(...given.map((file, k) => newItem(file, file.name || `${t("image")} ${first + k + 1}`, labels[k])));
  tell("items");
  if (state.at < 0 || given.length === 1) select(first);
  return undefined;
}

export function listenForPictures(zone) {
  const input = byId("files");
  input.addEventListener("change", () => { if (input.files.length) take(input.files); input.value = ""; });
  const over = (event) => { event.preventDefault(); zone.classList.add("over"); };
  document.addEventListener("dragover", over);
  document.addEventListener("dragleave", (event) => { if (!event.relatedTarget) zone.classList.remove("over"); });
  document.addEventListener("drop", async (event) => {
    event.preventDefault();
    zone.classList.remove("over");
    take(await dropped(event.dataTransfer));
  });
  document.addEventListener("paste", (event) => {
    if (event.clipboardData?.files.length) { event.preventDefault(); take(event.clipboardData.files); }
  });
}

// Files, and those of folders that were dropped.
async function dropped(transfer) {
  const entries = Array.from(transfer.items ?? []).map((item) => item.webkitGetAsEntry?.()).filter(Boolean);
  if (!entries.some((entry) => entry.isDirectory)) return transfer.files;
  const found = [];
  for (const entry of entries) await walk(entry, found);
  return found;
}

async function walk(entry, found) {
  if (found.length >= MOST) return;
  if (entry.isFile) {
    await new Promise((done) => { entry.file((file) => { found.push(file); done(); }, done); });
    return;
  }
  const reader = entry.createReader();
  for (;;) {
    const some = await new Promise((done) => { reader.readEntries(done, () => done([])); });
    if (!some.length) return;
    for (const one of some) await walk(one, found);
  }
}

export const choose = () => byId("files").click();

// A telephone's own camera; else a window with the computer's.
export async function photograph() {
  if (matchMedia("(pointer: coarse)").matches || !navigator.mediaDevices?.getUserMedia) return byId("shot").click();
  let stream = null;
  try {
    stream = await navigator.mediaDevices.getUserMedia({ video: { width: { ideal: 1920 } } });
  } catch (problem) {
    return say(t("noCamera", { told: problem.name }));
  }
  const video = el("video", { autoplay: true, playsinline: true, muted: true });
  video.srcObject = stream;
  await openWindow(t("camera"), [video], [[t("shoot"), () => shoot(video)]]);
  stream.getTracks().forEach((track) => track.stop());
  return undefined;
}

function shoot(video) {
  const canvas = el("canvas", { width: video.videoWidth, height: video.videoHeight });
  canvas.getContext("2d").drawImage(video, 0, 0);
  canvas.toBlob((blob) => blob && take([new File([blob], "camera.png", { type: "image/png" })]), "image/png");
}
