// Gaussian smoothing as OpenCV does it, in two passes.

const inside = (place, count, twice) => {
  if (count === 1) return 0;
  const around = twice ? 2 * count : 2 * count - 2;
  const at = ((place % around) + around) % around;
  return at < count ? at : around - at - (twice ? 1 : 0);
};

function kernel(sigma) {
  const count = Math.round(sigma * 8 + 1) | 1;
  const weights = Array.from({ length: count }, (_, k) => Math.exp(-((k - (count - 1) / 2) ** 2) / (2 * sigma * sigma)));
  const total = weights.reduce((sum, one) => sum + one, 0);
  return weights.map((one) => one / total);
}

// `values` (tall, wide, depth), mirrored at the frame; `twice` counts the pixels on the frame twice.
export function blur(values, [tall, wide, depth], sigma, twice) {
  const along = pass(values, tall, wide, depth, wide * depth, depth, sigma, twice);
  return pass(along, wide, tall, depth, depth, wide * depth, sigma, twice);
}

// `lines` lines of `count` places; the next line lies `lineStep` on, the next place `step` on.
function pass(values, lines, count, depth, lineStep, step, sigma, twice) {
  const weights = kernel(sigma);
  const reach = (weights.length - 1) / 2;
  const sources = Array.from({ length: count + 2 * reach }, (_, k) => inside(k - reach, count, twice) * step);
  const blurred = new Float32Array(values.length);
  const buffer = new Float64Array(sources.length);
  for (let line = 0; line < lines * depth; line += 1) {
    const start = Math.floor(line / depth) * lineStep + (line % depth);
    for (let k = 0; k < sources.length; k += 1) buffer[k] = values[start + sources[k]];
    for (let place = 0; place < count; place += 1) {
      let sum = weights[reach] * buffer[place + reach];
      for (let k = 0; k < reach; k += 1) sum += weights[k] * (buffer[place + k] + buffer[place + 2 * reach - k]);
      blurred[start + place * step] = sum;
    }
  }
  return blurred;
}
