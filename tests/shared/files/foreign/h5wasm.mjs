// Makes h5wasm.h5: a store as design/files.md has it, written by h5wasm 0.10 in Node.  npm install h5wasm; node h5wasm.mjs
import h5wasm from "h5wasm/node";
await h5wasm.ready;
const [count, height, width] = [6, 8, 10];
const images = new Uint8Array(count * height * width * 3);
let place = 0;
for (let n = 0; n < count; n++) for (let h = 0; h < height; h++) for (let w = 0; w < width; w++) for (let c = 0; c < 3; c++)
  images[place++] = (64 * n + 9 * h + 5 * w + 3 * c) % 251;
const file = new h5wasm.File(process.argv[2] ?? "h5wasm.h5", "w");
file.create_attribute("format", "lsl-store");
file.create_attribute("version", 1);
file.create_dataset({ name: "images", data: images, shape: [count, height, width, 3], chunks: [3, height, width, 3], compression: 4 });
const samples = file.create_group("samples");
samples.create_dataset({ name: "id", data: ["a", "b", "c", "d", "e", "f"] });
samples.create_dataset({ name: "gene", data: ["eve", "eve", "ftz", "ftz", "hb", ""] });
const labels = file.create_group("labels");
labels.create_dataset({ name: "stage_range", data: new Float64Array([0, 1, NaN, 0, 1, 0]) });
labels.get("stage_range").create_attribute("classes", ["4-6", "7-8"]);
labels.create_dataset({ name: "stage", data: new Float64Array([0, 1, -1, 0, 1, 0]) });
labels.get("stage").create_attribute("classes", ["5", "7"]);
labels.get("stage").create_attribute("parent", "stage_range");
labels.get("stage").create_attribute("parent_index", [0, 1]);
file.flush();
file.close();
