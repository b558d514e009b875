// LZW as TIFF has it. UTIF's own reader gives other pixels where the table fills up.

const [CLEAR, END, MOST] = [256, 257, 4096];

// Unpacks `data` from byte `start` on into `target` at `place`, never beyond its end.
export function unpackLzw(data, start, target, place) {
  const prefix = new Int16Array(MOST);
  const suffix = new Uint8Array(MOST);
  const sizes = new Uint16Array(MOST).fill(1, 0, 256);
  for (let code = 0; code < 256; code += 1) suffix[code] = code;
  const stop = 8 * data.length;
  let [bit, next, before, to] = [8 * start, 258, -1, place];
  for (;;) {
    const wide = next < 511 ? 9 : next < 1023 ? 10 : next < 2047 ? 11 : 12;
    if (bit + wide > stop || to >= target.length) return to - place;
    const code = bits(data, bit, wide);
    bit += wide;
    if (code === END) return to - place;
    if (code === CLEAR) { [next, before] = [258, -1]; continue; }
    if (code > next || (code === next && before < 0)) throw new Error("LZW");
    const known = code < next || before < 0;
    const source = known ? code : before;
    let size = sizes[source];
    for (let at = source, k = to + size - 1; size > 0; size -= 1, k -= 1, at = prefix[at]) if (k < target.length) target[k] = suffix[at];
    size = sizes[source];
    if (!known && to + size < target.length) target[to + size] = target[to];
    if (before >= 0 && next < MOST) {
      prefix[next] = before;
      suffix[next] = target[to];
      sizes[next] = sizes[before] + 1;
      next += 1;
    }
    to += size + (known ? 0 : 1);
    before = code;
  }
}

function bits(data, bit, wide) {
  const byte = bit >> 3;
  const three = (data[byte] << 16) | ((data[byte + 1] ?? 0) << 8) | (data[byte + 2] ?? 0);
  return (three >> (24 - (bit & 7) - wide)) & ((1 << wide) - 1);
}
