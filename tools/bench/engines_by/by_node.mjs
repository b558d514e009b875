// Runs a graph on onnxruntime-web in Node, one thread: by_node.mjs GRAPH IMAGES.bin N,H,W,3 OUT.json; prints the seconds.
import { readFileSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
const ort = createRequire(process.env.NODE_PATH + "/")("onnxruntime-web");
ort.env.wasm.numThreads = 1;
ort.env.logLevel = "error";
const [graph, images, shape, out] = process.argv.slice(2);
const dims = shape.split(",").map(Number);
const session = await ort.InferenceSession.create(new Uint8Array(readFileSync(graph)), { executionProviders: ["wasm"] });
const feeds = { image: new ort.Tensor("uint8", new Uint8Array(readFileSync(images)), dims) };
if (session.inputNames.includes("class_index"))
  feeds.class_index = new ort.Tensor("int64", new BigInt64Array(dims[0]).fill(-1n), [dims[0]]);
let found;
for (let run = 0; run < 10; run++) found = await session.run(feeds);  // V8 compiles behind the first ones
const began = performance.now();
found = await session.run(feeds);
const seconds = (performance.now() - began) / 1000;
writeFileSync(out, JSON.stringify(Object.fromEntries(Object.entries(found).map(([name, one]) => [name, [...one.data]]))));
console.log(seconds);
