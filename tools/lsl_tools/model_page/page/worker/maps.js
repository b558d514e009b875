// Maps: contributions, which are integrated gradients with their sign, and the paper's saliency, the size of the gradient.
import { blur } from "./blur.js";
import { imageFeed, indexFeed, run } from "./sessions.js";

const SMOOTH = 2;
const DETAIL = 1 / 16;

export async function saliency(rgb, index) {
  return (await run("saliency", { image: imageFeed(rgb), class_index: indexFeed(index) })).saliency;
}

const references = new WeakMap();

// The picture without its details, which contributions are counted from.
export function withoutDetails(rgb, [tall, wide]) {
  if (!references.has(rgb)) {
    references.set(rgb, blur(Float32Array.from(rgb), [tall, wide, 3], DETAIL * tall, false).map((one) => Math.min(255, Math.max(0, one))));
  }
  return references.get(rgb);
}

// Gauss and Legendre's rule on 0 to 1: places and weights of `n` pictures. Each place is a root of the n-th polynomial.
function gauss(n) {
  return Array.from({ length: n }, (_, k) => {
    let x = Math.cos((Math.PI * (n - k - 0.25)) / (n + 0.5));
    for (let turn = 0; ; turn += 1) {
      let [before, value] = [1, x];
      for (let j = 2; j <= n; j += 1) [before, value] = [value, ((2 * j - 1) * x * value - (j - 1) * before) / j];
      const slope = (n * (before - x * value)) / (1 - x * x);
      if (turn === 8) return [(x + 1) / 2, 1 / ((1 - x * x) * slope * slope)];
      x -= value / slope;
    }
  });
}

// What each pixel adds to one logit, or to it less another; `steps` pictures on the way. `goOn` may stop it.
export async function contributions(rgb, size, [index, against], { steps, smooth = SMOOTH, goOn = () => true, told = () => {} }) {
  const [tall, wide] = size;
  const reference = withoutDetails(rgb, size);
  const way = reference.map((one, k) => rgb[k] - one);
  const direction = way.map((one) => one / 255);
  const total = new Float64Array(tall * wide);
  const dims = [1, tall, wide, 3];
  for (const [step, [place, weight]] of gauss(steps).entries()) {
    const share = Math.fround(place);
    const picture = reference.map((one, k) => one + Math.fround(share * way[k]));
    const feeds = { image: ["float32", picture, dims], direction: ["float32", direction, dims] };
    const found = await run("contributions", { ...feeds, class_index: indexFeed(index), against_index: indexFeed(against) });
    for (let k = 0; k < total.length; k += 1) total[k] += weight * found.contributions[k];
    told(step + 1);
    if (step + 1 < steps && !(await goOn())) return null;
  }
  const map = Float32Array.from(total);
  return smooth ? blur(map, [tall, wide, 1], smooth, true) : map;
}
