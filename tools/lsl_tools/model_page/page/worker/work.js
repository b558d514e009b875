// The worker: one piece of work after the other, so that the page itself never waits.
import { decode } from "./decode.js";
import { cutOut, fitWhole, rgbaOf, thumbnail } from "./fit.js";
import { contributions, saliency } from "./maps.js";
import { Problem } from "./problem.js";
import { golden, imageFeed, run, start, tryGolden } from "./sessions.js";
import { bytesOf } from "./unpack.js";

let about = null;
let last = { key: null };
const tried = new Set();
const stopped = new Set();

const breathe = () => new Promise((after) => { setTimeout(after, 0); });

async function begin({ given, library, model, threads }) {
  about = given;
  await start(about, library, model, threads);
  await sure("classifier");
  return { canvas: await faithful(), threads: ort.env.wasm.numThreads };
}

// A graph answers only after it has proved itself.
async function sure(name) {
  if (tried.has(name)) return;
  await tryGolden(name);
  tried.add(name);
}

// Whether pixels come out of this browser's canvas as they went in: some browsers alter them against being recognized.
async function faithful() {
  const { bitmap } = await decode(new Blob([bytesOf(about.golden.png)]));
  const found = fitWhole(bitmap, about.size[0], about.size[1]).rgb;
  return golden().every((one, k) => one === found[k]);
}

async function pixels({ key, file, cut }) {
  if (last.key === key) return last;
  const { bitmap, kind } = await decode(file);
  try {
    const [tall, wide] = about.size;
    const made = cut ? cutOut(bitmap, cut, tall, wide) : fitWhole(bitmap, tall, wide);
    last = { key, kind, from: [bitmap.height, bitmap.width], ...made };
    return last;
  } finally {
    bitmap.close();
  }
}

async function answer(asked) {
  const { rgb, how, from, kind } = await pixels(asked);
  const found = await run("classifier", { image: imageFeed(rgb) });
  return { ...found, how, from, kind, thumbnail: asked.thumbnail ? await thumbnail(rgb, ...about.size) : null };
}

async function picture(asked) {
  const { rgb } = await pixels(asked);
  return { rgba: rgbaOf(rgb) };
}

// The photograph as it is, for cutting out: scaled down to what a screen shows.
async function photograph({ file, most }) {
  const { bitmap } = await decode(file);
  const scale = Math.min(1, most / Math.max(bitmap.width, bitmap.height));
  const size = [bitmap.width, bitmap.height];
  const small = scale === 1 ? bitmap : await createImageBitmap(bitmap, { resizeWidth: Math.max(1, Math.round(size[0] * scale)), resizeHeight: Math.max(1, Math.round(size[1] * scale)), resizeQuality: "high" });
  if (small !== bitmap) bitmap.close();
  return { bitmap: small, size };
}

async function map(asked, id) {
  const { rgb } = await pixels(asked);
  await sure(asked.kind);
  if (asked.kind === "saliency") return { map: await saliency(rgb, asked.index) };
  const goOn = async () => { await breathe(); return !stopped.has(id); };
  const told = (step) => postMessage({ id, step, of: asked.steps });
  const found = await contributions(rgb, about.size, [asked.index, asked.against], { steps: asked.steps, smooth: asked.smooth, goOn, told });
  return { map: found };
}

const WORK = { begin, answer, picture, photograph, map };
let queue = Promise.resolve();

onmessage = ({ data: { id, work, asked, stop } }) => {
  if (stop) return void stopped.add(stop);
  queue = queue.then(async () => {
    try {
      const found = await WORK[work](asked, id);
      postMessage({ id, found }, Object.values(found).filter((one) => one instanceof ImageBitmap));
    } catch (problem) {
      const known = problem instanceof Problem;
      postMessage({ id, problem: { code: known ? problem.code : "failed", values: known ? problem.values : { told: String(problem?.message ?? problem).slice(0, 300) } } });
    }
  });
};
