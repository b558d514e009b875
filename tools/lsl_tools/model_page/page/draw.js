// Pictures and veils on canvases.

export function paint(canvas, rgba, tall, wide) {
  Object.assign(canvas, { width: wide, height: tall });
  canvas.getContext("2d").putImageData(new ImageData(rgba, wide, tall), 0, 0);
}

const FOR = [178, 73, 0];
const AGAINST = [0, 92, 175];

function quantile(values, share) {
  const sorted = Float32Array.from(values).sort();
  return sorted[Math.min(sorted.length - 1, Math.floor(share * (sorted.length - 1)))] || 1;
}

// Orange above 0, blue below, clear at 0: people who cannot tell red from green can tell these.
export function veil(map) {
  const scale = quantile(map.map(Math.abs), 0.99);
  const rgba = new Uint8ClampedArray(4 * map.length);
  map.forEach((one, k) => {
    rgba.set(one > 0 ? FOR : AGAINST, 4 * k);
    rgba[4 * k + 3] = 205 * Math.min(1, Math.abs(one) / scale) ** 0.75;
  });
  return rgba;
}
