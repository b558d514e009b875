// Out of the page: base64, gzip, and the graphs' files put together of their pieces.

export function bytesOf(base64) {
  if (Uint8Array.fromBase64) return Uint8Array.fromBase64(base64);
  const text = atob(base64);
  const bytes = new Uint8Array(text.length);
  for (let place = 0; place < text.length; place += 1) bytes[place] = text.charCodeAt(place);
  return bytes;
}

export async function inflated(packed) {
  const bytes = typeof packed === "string" ? bytesOf(packed) : new Uint8Array(packed);
  const stream = new Blob([bytes]).stream().pipeThrough(new DecompressionStream("gzip"));
  return new Uint8Array(await new Response(stream).arrayBuffer());
}

function half(bits) {
  const [sign, power, part] = [bits & 0x8000 ? -1 : 1, (bits >> 10) & 31, bits & 1023];
  if (power === 31) return part ? NaN : sign * Infinity;
  return sign * (power ? 2 ** (power - 15) * (1 + part / 1024) : 2 ** -14 * (part / 1024));
}

let halves = null;
function fromHalves(bits, exponent) {
  halves ??= Float32Array.from({ length: 65536 }, (_, k) => half(k));
  const factor = 2 ** exponent;
  return Float32Array.from(bits, (one) => halves[one] * factor);
}

// The tensors of { data, tensors } as float32, each made when it is first asked for.
export function tensorsOf(data, tensors) {
  const made = [];
  return (index) => {
    const [start, count, width, exponent] = tensors[index];
    made[index] ??= width === 4 ? new Float32Array(data.slice(start, start + 4 * count).buffer)
      : fromHalves(new Uint16Array(data.slice(start, start + 2 * count).buffer), exponent);
    return made[index];
  };
}

export function graphOf(pieces, data, tensor) {
  const sizes = pieces.map((piece) => (piece.length === 2 ? piece[1] : 4 * piece[2].reduce((many, side) => many * side, 1)));
  const graph = new Uint8Array(sizes.reduce((sum, one) => sum + one, 0));
  let place = 0;
  pieces.forEach((piece, k) => {
    graph.set(piece.length === 2 ? data.subarray(piece[0], piece[0] + piece[1]) : view(tensor(piece[0]), piece), place);
    place += sizes[k];
  });
  return graph;
}

// Numbers of a tensor, stepped through along each axis, as bytes.
function view(values, [, offset, shape, strides]) {
  const found = new Float32Array(shape.reduce((many, side) => many * side, 1));
  const [last, step] = [shape.at(-1), strides.at(-1)];
  const at = shape.map(() => 0);
  for (let place = 0; place < found.length; place += last) {
    let from = offset + at.reduce((sum, index, axis) => sum + index * strides[axis], 0);
    for (let k = 0; k < last; k += 1, from += step) found[place + k] = values[from];
    for (let axis = shape.length - 2; axis >= 0; axis -= 1) {
      at[axis] += 1;
      if (at[axis] < shape[axis]) break;
      at[axis] = 0;
    }
  }
  return new Uint8Array(found.buffer);
}
