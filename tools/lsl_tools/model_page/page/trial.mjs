// Runs graphs in ONNX Runtime Web under Node.js: `node trial.mjs FOLDER`, what to run on standard input, as trial.py writes it.
import { createRequire } from "node:module";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { pathToFileURL } from "node:url";

const folder = process.argv[2];
const ort = createRequire(import.meta.url)(join(folder, "runtime.cjs"));
const read = (name) => readFileSync(join(folder, name));
const KINDS = { uint8: Uint8Array, int64: BigInt64Array, float32: Float32Array };

Object.assign(ort.env.wasm, { numThreads: 1, wasmBinary: new Uint8Array(read("runtime.wasm")), wasmPaths: { mjs: pathToFileURL(join(folder, "loader.mjs")).href } });
ort.env.logLevel = "fatal";

const told = {};
for (const { graph, inputs } of JSON.parse(readFileSync(0, "utf8"))) {
  try {
    const session = await ort.InferenceSession.create(new Uint8Array(read(`${graph}.onnx`)), { executionProviders: ["wasm"] });
    const feeds = Object.fromEntries(inputs.map(([key, kind, dims, file]) => [key, new ort.Tensor(kind, new KINDS[kind](new Uint8Array(read(file)).buffer), dims)]));
    const found = await session.run(feeds);
    told[graph] = {};
    for (const [output, tensor] of Object.entries(found)) {
      told[graph][output] = `${graph}-${output}.out`;
      writeFileSync(join(folder, told[graph][output]), new Uint8Array(tensor.data.buffer, tensor.data.byteOffset, tensor.data.byteLength));
    }
    await session.release();
  } catch (problem) {
    process.stdout.write(JSON.stringify({ graph, problem: String(problem?.message ?? problem) }), () => process.exit(0));
    await new Promise(() => {});
  }
}
process.stdout.write(JSON.stringify(told), () => process.exit(0));
