// What a file is, by its bytes, before anything of it is decoded: its kind, its size, whether all of it is there.
import { Problem } from "./problem.js";

const MOST_PIXELS = 50e6;
const OTHERS = [
  [0, "GIF8", "GIF"], [8, "WEBP", "WebP"], [4, "ftypavi", "AVIF"], [4, "ftyphe", "HEIC"], [4, "ftypmif", "HEIC"], [0, "8BPS", "Photoshop"],
  [0, "%PDF", "PDF"], [0, "PK\u0003\u0004", "ZIP"], [0, "ZISRAWFILE", "CZI"], [0, "\u0089HDF", "HDF5"], [4, "jP  ", "JPEG 2000"],
];

const text = (bytes, start, length) => String.fromCharCode(...bytes.subarray(start, start + length));

// { kind, width, height }; TIFF tells its size when it is read. Throws Problem for what is not read here.
export function kindOf(bytes) {
  if (!bytes.length) throw new Problem("empty");
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const start = text(bytes, 0, 12);
  if (start.startsWith("\u0089PNG\r\n\u001a\n")) return sized("PNG", png(bytes, view));
  if (start.startsWith("\u00ff\u00d8\u00ff")) return sized("JPEG", jpeg(bytes, view));
  if (start.startsWith("BM") && bytes.length > 26 && [12, 40, 52, 56, 64, 108, 124].includes(view.getUint32(14, true))) return sized("BMP", bmp(bytes, view));
  if (start.startsWith("II*\0") || start.startsWith("MM\0*")) return tiff(view, start[0] === "I");
  return refuse(bytes);
}

function refuse(bytes) {
  const other = OTHERS.find(([place, mark]) => text(bytes, place, mark.length) === mark);
  if (other?.[2] === "GIF" && frames(bytes) > 1) throw new Problem("animation", { kind: "GIF" });
  if (other) throw new Problem("other", { kind: other[2] });
  const told = text(bytes, 0, Math.min(bytes.length, 2000));
  if (/^[^\0]*<svg[\s>]/i.test(told)) throw new Problem("drawing");
  // eslint-disable-next-line no-control-regex
  throw new Problem(/[\0-\u0008\u000e-\u001a]/.test(told) ? "unknown" : "text");
}

export function sized(kind, [width, height]) {
  if (!(width > 0 && height > 0)) throw new Problem("damaged", { kind });
  if (width * height > MOST_PIXELS) {
    throw new Problem("large", { megapixels: Math.round((width * height) / 1e6), most: MOST_PIXELS / 1e6 });
  }
  return { kind, width, height };
}

function png(bytes, view) {
  if (bytes.length < 33) throw new Problem("cut", { kind: "PNG" });
  if (bytes[24] === 16) throw new Problem("deep", { kind: "PNG" });
  for (let place = 8; place + 12 <= bytes.length;) {
    const name = text(bytes, place + 4, 4);
    if (name === "acTL") throw new Problem("animation", { kind: "PNG" });
    if (name === "IEND") return [view.getUint32(16), view.getUint32(20)];
    place += 12 + view.getUint32(place);
  }
  throw new Problem("cut", { kind: "PNG" });
}

function jpeg(bytes, view) {
  let size = null;
  for (let place = 2; place + 4 <= bytes.length;) {
    if (bytes[place] !== 0xff) throw new Problem("damaged", { kind: "JPEG" });
    const marker = bytes[place + 1];
    if (marker === 0xff || marker === 0x01 || (marker >= 0xd0 && marker <= 0xd8)) { place += marker === 0xff ? 1 : 2; continue; }
    if (marker >= 0xc0 && marker <= 0xcf && ![0xc4, 0xc8, 0xcc].includes(marker) && place + 9 <= bytes.length) {
      size = [view.getUint16(place + 7), view.getUint16(place + 5)];
    }
    if (marker === 0xda) {
      if (size && ends(bytes, place)) return size;
      break;
    }
    place += 2 + view.getUint16(place + 2);
  }
  throw new Problem("cut", { kind: "JPEG" });
}

function ends(bytes, from) {
  for (let place = bytes.length - 2; place > from; place -= 1) if (bytes[place] === 0xff && bytes[place + 1] === 0xd9) return true;
  return false;
}

function bmp(bytes, view) {
  if (view.getUint32(14, true) === 12) return [view.getUint16(18, true), view.getUint16(20, true)];
  const [width, height, bits] = [view.getInt32(18, true), Math.abs(view.getInt32(22, true)), view.getUint16(28, true)];
  const plain = [0, 3].includes(view.getUint32(30, true));
  if (plain && view.getUint32(10, true) + Math.ceil((width * bits) / 32) * 4 * height > bytes.length) throw new Problem("cut", { kind: "BMP" });
  return [width, height];
}

// Its pages must lie in the file and lead to an end: the reader would walk in a circle for ever.
function tiff(view, little) {
  const seen = new Set();
  let place = view.byteLength < 8 ? 1 : view.getUint32(4, little);
  while (place) {
    if (place + 2 > view.byteLength) throw new Problem("cut", { kind: "TIFF" });
    const next = place + 2 + 12 * view.getUint16(place, little);
    if (seen.has(place)) throw new Problem("damaged", { kind: "TIFF" });
    if (next + 4 > view.byteLength) throw new Problem("cut", { kind: "TIFF" });
    seen.add(place);
    place = view.getUint32(next, little);
  }
  return { kind: "TIFF" };
}

// Of a GIF; two are enough to know.
function frames(bytes) {
  const table = (packed) => (packed & 0x80 ? 3 << ((packed & 7) + 1) : 0);
  let place = 13 + table(bytes[10]);
  let found = 0;
  const skip = () => { while (place < bytes.length && bytes[place]) place += bytes[place] + 1; place += 1; };
  while (place < bytes.length && found < 2) {
    if (bytes[place] === 0x21) { place += 2; skip(); }
    else if (bytes[place] === 0x2c) { found += 1; place += 10 + table(bytes[place + 9]) + 1; skip(); }
    else break;
  }
  return found;
}
