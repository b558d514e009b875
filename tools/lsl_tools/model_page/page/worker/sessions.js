// ONNX Runtime and the model's graphs: each opened when it is first needed, and tried on the golden sample at once.
import { bytesOf, graphOf, inflated, tensorsOf } from "./unpack.js";
import { Problem } from "./problem.js";

const TOLERANCE = { logits: 1e-3, map: 1e-2 };
const opened = new Map();
let about = null;
let weights = null;

export async function start(given, library, model, threads) {
  about = given;
  if (!simd()) throw new Problem("simd");
  const [parts, data] = await Promise.all([inflated(library), inflated(model)]);
  weights = { data, tensor: tensorsOf(data, about.tensors) };
  let place = 0;
  const part = Object.fromEntries(about.library.map(([name, length]) => [name, parts.subarray(place, place += length)]));
  const script = (bytes) => URL.createObjectURL(new Blob([bytes], { type: "text/javascript" }));
  importScripts(script(part.runtime), script(part.inflate), script(part.tiff));
  Object.assign(ort.env.wasm, { numThreads: threads, wasmBinary: part.wasm, wasmPaths: { mjs: script(part.loader) }, proxy: false });
  ort.env.logLevel = "error";
}

// A module of one instruction on 128 bits.
function simd() {
  return typeof WebAssembly === "object" && WebAssembly.validate(Uint8Array.of(
    0, 97, 115, 109, 1, 0, 0, 0, 1, 5, 1, 96, 0, 1, 123, 3, 2, 1, 0, 10, 10, 1, 8, 0, 65, 0, 253, 15, 253, 98, 11));
}

function session(name) {
  if (!opened.has(name)) opened.set(name, open(name));
  return opened.get(name);
}

async function open(name) {
  const graph = graphOf(about.graphs[name], weights.data, weights.tensor);
  const made = await ort.InferenceSession.create(graph, { executionProviders: ["wasm"], logSeverityLevel: 3 });
  if (opened.size === Object.keys(about.graphs).length) weights = null;
  return made;
}

export async function run(name, feeds) {
  const given = Object.fromEntries(Object.entries(feeds).map(([key, [type, values, dims]]) => [key, new ort.Tensor(type, values, dims)]));
  const found = await (await session(name)).run(given);
  return Object.fromEntries(Object.entries(found).map(([key, tensor]) => {
    const values = tensor.data.slice();
    tensor.dispose();
    return [key, values];
  }));
}

export function imageFeed(rgb) {
  return ["uint8", rgb, [1, about.size[0], about.size[1], 3]];
}

export const indexFeed = (index, count = 1) => ["int64", new BigInt64Array(count).fill(BigInt(index)), [count]];

// The golden image: tiles of 8 × 8 pixels.
export function golden() {
  const [tall, wide] = about.size;
  const tiles = bytesOf(about.golden.tiles);
  const across = Math.ceil(wide / 8);
  const rgb = new Uint8Array(tall * wide * 3);
  for (let row = 0, to = 0; row < tall; row += 1) {
    for (let column = 0; column < wide; column += 1) {
      const from = ((row >> 3) * across + (column >> 3)) * 3;
      for (let k = 0; k < 3; k += 1, to += 1) rgb[to] = tiles[from + k];
    }
  }
  return rgb;
}

// How far a graph's answer for the golden image is from what it was when the page was made; throws Problem where too far.
export async function tryGolden(name) {
  const [tall, wide] = about.size;
  const feeds = { image: imageFeed(golden()) };
  if (name === "saliency") feeds.class_index = indexFeed(-1);
  if (name === "contributions") {
    Object.assign(feeds, {
      image: ["float32", Float32Array.from(feeds.image[1]), [1, tall, wide, 3]],
      direction: ["float32", new Float32Array(tall * wide * 3).fill(1), [1, tall, wide, 3]],
      class_index: indexFeed(about.golden.class), against_index: indexFeed(-1),
    });
  }
  const found = await run(name, feeds);
  check(name, found.logits, about.golden.logits[name], TOLERANCE.logits);
  if (found[name]) check(name, blocks(found[name], tall, wide), about.golden[name], TOLERANCE.map);
}

function check(name, found, expected, tolerance) {
  const length = (values) => Math.sqrt(values.reduce((sum, one) => sum + one * one, 0));
  const [off, size] = [length(expected.map((one, k) => one - found[k])), length(expected)];
  if (!(off <= tolerance * size)) throw new Problem("golden", { graph: name, off: off.toExponential(1), size: size.toExponential(1) });
}

// Means over a grid of 4 × 8 blocks, cut as NumPy's array_split cuts.
function blocks(map, tall, wide) {
  const cuts = (side, parts) => Array.from({ length: parts + 1 }, (_, k) => k * Math.floor(side / parts) + Math.min(k, side % parts));
  const [down, across] = [cuts(tall, 4), cuts(wide, 8)];
  return down.slice(1).flatMap((bottom, r) => across.slice(1).map((right, c) => {
    let sum = 0;
    for (let row = down[r]; row < bottom; row += 1) for (let x = across[c]; x < right; x += 1) sum += map[row * wide + x];
    return sum / ((bottom - down[r]) * (right - across[c]));
  }));
}
