// The worker from the page's side: one piece of work at a time, what a person waits for first, and a watch over it.

const PATIENCE = 60_000;

export class Failed extends Error {
  constructor(problem) {
    super(problem.code);
    this.problem = problem;
  }
}

export class Engine {
  constructor(source, begin) {
    this.source = source;
    this.begin = begin;
    this.waiting = [];
    this.current = null;
    this.id = 0;
  }

  // Starts a worker and the model in it; also after one was ended.
  async start() {
    this.url ??= URL.createObjectURL(new Blob([this.source], { type: "text/javascript" }));
    this.worker = new Worker(this.url);
    this.worker.onmessage = ({ data }) => this.hear(data);
    this.worker.onerror = (event) => { event.preventDefault(); this.fail({ code: "failed", values: { told: event.message || "worker" } }); };
    return this.ask("begin", await this.begin(), { first: true, patience: 10 * PATIENCE });
  }

  ask(work, asked, { first = false, step = null, patience = PATIENCE } = {}) {
    return new Promise((done, failed) => {
      const job = { id: this.id += 1, work, asked, step, patience, done, failed };
      if (first) this.waiting.unshift(job);
      else this.waiting.push(job);
      this.next();
    });
  }

  // Lets a map that nobody waits for any more end after its present step.
  stopMaps() {
    for (const job of this.waiting.filter((one) => one.work === "map")) job.done({ map: null });
    this.waiting = this.waiting.filter((one) => one.work !== "map");
    if (this.current?.work === "map") this.worker.postMessage({ stop: this.current.id });
  }

  next() {
    if (this.current || !this.waiting.length) return;
    this.current = this.waiting.shift();
    const { id, work, asked } = this.current;
    this.worker.postMessage({ id, work, asked });
    this.watch();
  }

  watch() {
    clearTimeout(this.timer);
    if (this.current) this.timer = setTimeout(() => this.fail({ code: "slow" }), this.current.patience);
  }

  hear({ id, found, problem, step, of }) {
    if (this.current?.id !== id) return;
    this.watch();
    if (step) return void this.current.step?.(step, of);
    const job = this.current;
    this.current = null;
    clearTimeout(this.timer);
    if (problem) job.failed(new Failed(problem));
    else job.done(found);
    this.next();
  }

  // A worker that broke or hangs is replaced; what it was at has failed, the rest goes on.
  fail(problem) {
    const job = this.current;
    this.worker.terminate();
    clearTimeout(this.timer);
    this.current = null;
    job?.failed(new Failed(problem));
    if (job?.work !== "begin") this.start().catch(() => {});
  }
}
