// Talking to the server. What is answered is sent again until the server says that it is on the disk.
import { say } from "./element.js";

const PATIENCE = 1500;
let queue = Promise.resolve();
export let unsent = 0;

export function newKey() {
  return crypto.randomUUID ? crypto.randomUUID() : `${Date.now().toString(36)}-${Math.random().toString(36).slice(2, 12)}`;
}

export class Refused extends Error {
  constructor(status, problem) {
    super(problem);
    this.status = status;
  }
}

// Nobody answers: the server has ended, or the connection broke while it spoke.
export class Away extends Error {
  constructor() {
    super("The server does not answer. Is lsl-review still running?");
  }
}

async function read(response) {
  if (response.ok) return response;
  const text = await response.text();
  let problem = text.trim();
  try { problem = JSON.parse(text).problem; } catch { /* a plain line */ }
  throw new Refused(response.status, problem || `the server said ${response.status}`);
}

const query = (given) => {
  const told = new URLSearchParams(Object.entries(given).filter(([, value]) => value !== "" && value !== undefined));
  return told.size ? `?${told}` : "";
};

async function ask(path, options, take) {
  try {
    return await take(await read(await fetch(path, options)));
  } catch (problem) {
    throw problem instanceof Refused ? problem : new Away();
  }
}

const json = (response) => response.json();

export const get = (path, given = {}) => ask(path + query(given), {}, json);

export const getRows = (given) => ask(`/api/order${query(given)}`, {}, async (response) => ({
  rows: new Uint32Array(await response.arrayBuffer()), final: response.headers.get("x-order") === "final",
}));

const send = (path, body) => ask(path, {
  method: "POST", headers: { "content-type": "application/json" }, body: JSON.stringify(body),
}, json);

// One after the other, in the order of the keys; the same key makes a repeated request harmless.
export function post(path, body) {
  const entry = { key: newKey(), ...body };
  unsent += 1;
  const done = queue.then(() => untilKept(path, entry)).finally(() => { unsent -= 1; });
  queue = done.catch(() => {});
  return done;
}

async function untilKept(path, entry) {
  for (;;) {
    try {
      return await send(path, entry);
    } catch (problem) {
      if (problem instanceof Refused && problem.status !== 503) throw problem;
      say("The server does not answer. This answer is not kept yet; trying again …", "warn");
      await new Promise((after) => setTimeout(after, PATIENCE));
    }
  }
}

// What nobody waited for still reaches the person.
window.addEventListener("unhandledrejection", (event) => {
  if (!(event.reason instanceof Away || event.reason instanceof Refused)) return;
  event.preventDefault();
  say(event.reason.message, "warn");
});

window.addEventListener("beforeunload", (event) => { if (unsent) event.preventDefault(); });
