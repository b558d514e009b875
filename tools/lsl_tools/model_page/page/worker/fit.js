// A picture brought to the model's size: as `lsl-store import` does it, or as a person cut it out.

const STRIP = 4 << 20;

function canvasOf(width, height) {
  const canvas = new OffscreenCanvas(width, height);
  const pen = canvas.getContext("2d", { willReadFrequently: true, colorSpace: "srgb" });
  pen.fillStyle = "#fff";
  pen.fillRect(0, 0, width, height);
  return pen;
}

const roundEven = (value) => {
  const down = Math.floor(value);
  if (value - down !== 0.5) return Math.round(value);
  return down % 2 ? down + 1 : down;
};

// RGB of rows `top` to `bottom` of a picture, on white.
function rows(bitmap, top, bottom) {
  const pen = canvasOf(bitmap.width, bottom - top);
  pen.drawImage(bitmap, 0, -top);
  return rgbOf(pen.getImageData(0, 0, bitmap.width, bottom - top).data);
}

export function rgbOf(rgba) {
  const rgb = new Uint8Array((rgba.length / 4) * 3);
  for (let from = 0, to = 0; from < rgba.length; from += 4, to += 3) {
    rgb[to] = rgba[from];
    rgb[to + 1] = rgba[from + 1];
    rgb[to + 2] = rgba[from + 2];
  }
  return rgb;
}

// The whole picture within `tall` × `wide`, aspect kept, never enlarged, on the median colour of its edge.
export function fitWhole(bitmap, tall, wide) {
  if (bitmap.height === tall && bitmap.width === wide) return { rgb: rows(bitmap, 0, tall), how: "same" };
  const scale = Math.min(1, tall / bitmap.height, wide / bitmap.width);
  const size = [bitmap.height, bitmap.width].map((side) => Math.max(1, roundEven(side * scale)));
  const [height, width] = [Math.min(size[0], tall), Math.min(size[1], wide)];
  const small = scale === 1 ? rows(bitmap, 0, height) : shrink(bitmap, height, width);
  const colour = edgeColour(bitmap);
  const rgb = new Uint8Array(tall * wide * 3);
  for (let place = 0; place < rgb.length; place += 1) rgb[place] = colour[place % 3];
  const [top, left] = [Math.floor((tall - height) / 2), Math.floor((wide - width) / 2)];
  for (let row = 0; row < height; row += 1) rgb.set(small.subarray(row * width * 3, (row + 1) * width * 3), ((top + row) * wide + left) * 3);
  return { rgb, how: height === tall && width === wide ? "shrunk" : "framed" };
}

// Means over areas, in strips, so that a large photograph is never there twice.
function shrink(bitmap, height, width) {
  const across = shares(bitmap.width, width);
  const down = shares(bitmap.height, height);
  const line = new Float32Array((width + 1) * 3);
  const sums = new Float32Array((height + 1) * line.length);
  const step = Math.max(1, Math.floor(STRIP / (4 * bitmap.width)));
  for (let top = 0; top < bitmap.height; top += step) {
    const bottom = Math.min(bitmap.height, top + step);
    const pixels = rows(bitmap, top, bottom);
    for (let row = top; row < bottom; row += 1) {
      narrow(pixels, (row - top) * bitmap.width * 3, across, line);
      const start = down.to[row] * line.length;
      for (let k = 0; k < line.length; k += 1) {
        sums[start + k] += down.first[row] * line[k];
        if (down.second[row]) sums[start + line.length + k] += down.second[row] * line[k];
      }
    }
  }
  const small = new Uint8Array(height * width * 3);
  for (let row = 0, place = 0; row < height; row += 1) {
    for (let k = 0; k < width * 3; k += 1, place += 1) small[place] = Math.min(255, roundEven(sums[row * line.length + k]));
  }
  return small;
}

function narrow(pixels, start, { to, first, second }, line) {
  line.fill(0);
  for (let column = 0, from = start; column < to.length; column += 1, from += 3) {
    const at = 3 * to[column];
    for (let k = 0; k < 3; k += 1) {
      line[at + k] += first[column] * pixels[from + k];
      line[at + 3 + k] += second[column] * pixels[from + k];
    }
  }
}

// Of each of `many` pixels: the first of `few` that it goes to, its share of that one, and of the next.
function shares(many, few) {
  const scale = few / many;
  const found = { to: new Int32Array(many), first: new Float32Array(many), second: new Float32Array(many) };
  for (let from = 0; from < many; from += 1) {
    const [low, high] = [from * scale, (from + 1) * scale];
    const to = Math.min(few - 1, Math.floor(low + 1e-9));
    found.to[from] = to;
    found.first[from] = Math.min(high, to + 1) - low;
    found.second[from] = to + 1 < few ? Math.max(0, high - (to + 1)) : 0;
  }
  return found;
}

function edgeColour(bitmap) {
  const { width, height } = bitmap;
  const lines = [rows(bitmap, 0, 1), rows(bitmap, height - 1, height)];
  for (const x of [0, width - 1]) {
    const pen = canvasOf(1, height);
    pen.drawImage(bitmap, -x, 0);
    lines.push(rgbOf(pen.getImageData(0, 0, 1, height).data));
  }
  return [0, 1, 2].map((channel) => {
    const values = lines.flatMap((line) => Array.from(line).filter((_, k) => k % 3 === channel)).sort((one, other) => one - other);
    const half = values.length / 2;
    return roundEven(values.length % 2 ? values[Math.floor(half)] : (values[half - 1] + values[half]) / 2);
  });
}

// A rectangle of the picture, turned and mirrored: { x, y } its middle, `width` in pixels, `angle` in degrees.
export function cutOut(bitmap, cut, tall, wide) {
  const pen = canvasOf(wide, tall);
  pen.imageSmoothingQuality = "high";
  pen.translate(wide / 2, tall / 2);
  pen.scale(cut.flipX ? -1 : 1, cut.flipY ? -1 : 1);
  pen.scale(wide / cut.width, wide / cut.width);
  pen.rotate((-cut.angle * Math.PI) / 180);
  pen.translate(-cut.x, -cut.y);
  pen.drawImage(bitmap, 0, 0);
  return { rgb: rgbOf(pen.getImageData(0, 0, wide, tall).data), how: "cut" };
}

// A small JPEG for the table.
export async function thumbnail(rgb, tall, wide) {
  const small = canvasOf(wide, tall);
  small.putImageData(new ImageData(rgbaOf(rgb), wide, tall), 0, 0);
  const scale = Math.min(1, 160 / wide, 96 / tall);
  const pen = canvasOf(Math.max(1, Math.round(wide * scale)), Math.max(1, Math.round(tall * scale)));
  pen.imageSmoothingQuality = "high";
  pen.drawImage(small.canvas, 0, 0, pen.canvas.width, pen.canvas.height);
  return pen.canvas.convertToBlob({ type: "image/jpeg", quality: 0.8 });
}

export function rgbaOf(rgb) {
  const rgba = new Uint8ClampedArray((rgb.length / 3) * 4);
  for (let from = 0, to = 0; from < rgb.length; from += 3, to += 4) {
    rgba[to] = rgb[from];
    rgba[to + 1] = rgb[from + 1];
    rgba[to + 2] = rgb[from + 2];
    rgba[to + 3] = 255;
  }
  return rgba;
}
