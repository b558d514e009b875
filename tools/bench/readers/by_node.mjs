// Prints every dataset of an HDF5 file that a Node package finds, with its sum: by_node.mjs PACKAGE FILE
import { readFileSync } from "node:fs";
import { pathToFileURL } from "node:url";
const [name, path] = process.argv.slice(2);
const load = async (entry) => {
  const folder = `${process.env.NODE_PATH}/${name}`;
  return import(pathToFileURL(`${folder}/${JSON.parse(readFileSync(`${folder}/package.json`)).exports[entry].import}`));
};
const total = (values) => {
  let sum = 0;
  for (const one of values.flat ? values.flat(Infinity) : values)
    sum += typeof one === "string" ? Buffer.byteLength(one.replace(/\0+$/, "")) : Number.isNaN(Number(one)) ? 0 : Number(one);
  return sum;
};
let file, isGroup;
if (name === "h5wasm") {
  const h5wasm = (await load("./node")).default;
  await h5wasm.ready;
  file = new h5wasm.File(path, "r");
  isGroup = (item) => item.type === "Group";
} else {
  const jsfive = await load(".");
  file = new jsfive.File(new Uint8Array(readFileSync(path)).buffer, path);
  isGroup = (item) => Array.isArray(item.keys);
}
const walk = (group, above) => {
  for (const key of typeof group.keys === "function" ? group.keys() : group.keys) {
    const item = group.get(key);
    if (isGroup(item)) walk(item, `${above}${key}/`);
    else console.log(`${above}${key}\t${total(item.value)}`);
  }
};
walk(file, "");
