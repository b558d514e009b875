// Pictures from files: the browser's own decoders, and UTIF for TIFF.
import { unpackLzw } from "./lzw.js";
import { kindOf, sized } from "./kinds.js";
import { Problem } from "./problem.js";

// An ImageBitmap, upright, colours as stored, and the kind of the file. Throws Problem.
export async function decode(blob) {
  const bytes = new Uint8Array(await blob.arrayBuffer().catch(() => { throw new Problem("gone"); }));
  const { kind } = kindOf(bytes);
  if (kind === "TIFF") return { bitmap: await tiff(bytes), kind };
  const how = { colorSpaceConversion: "none", imageOrientation: "from-image", premultiplyAlpha: "none" };
  const typed = new Blob([bytes], { type: `image/${kind.toLowerCase()}` });
  try {
    return { bitmap: await createImageBitmap(typed, how), kind };
  } catch {
    throw new Problem("damaged", { kind });
  }
}

async function tiff(bytes) {
  const page = first(bytes);
  const { width, height } = sized("TIFF", [page.t256[0], page.t257[0]]);
  if ((page.t258 ?? [1]).some((bits) => bits > 8)) throw new Problem("deep", { kind: "TIFF" });
  if (!plain(page)) throw new Problem("packed", { kind: "TIFF" });
  const starts = page.t273 ?? page.t324 ?? [];
  const lengths = page.t279 ?? page.t325 ?? [];
  if (!starts.length || starts.some((start, k) => start + (lengths[k] ?? 0) > bytes.length)) throw new Problem("cut", { kind: "TIFF" });
  try {
    UTIF.decode._decodeLZW = unpackLzw;
    UTIF.decodeImage(bytes.buffer, page);
    const rgba = UTIF.toRGBA8(page);
    if (rgba.length !== 4 * width * height) throw new Error("size");
    return await createImageBitmap(new ImageData(new Uint8ClampedArray(rgba.buffer), width, height), { colorSpaceConversion: "none" });
  } catch {
    throw new Problem("damaged", { kind: "TIFF" });
  }
}

// What UTIF was seen to read right: 8 bits, not packed or without loss, grey, palette or RGB, channels together.
function plain(page) {
  const of = (tag, usual) => page[tag]?.[0] ?? usual;
  return [1, 5, 8, 32773, 32946].includes(of("t259", 1)) && of("t262", 1) <= 3 && of("t284", 1) === 1 && [1, 3, 4].includes(of("t277", 1));
}

function first(bytes) {
  try {
    const page = UTIF.decode(bytes.buffer).find((one) => one.t256 && one.t257);
    if (page) return page;
  } catch { /* told below */ }
  throw new Problem("damaged", { kind: "TIFF" });
}
