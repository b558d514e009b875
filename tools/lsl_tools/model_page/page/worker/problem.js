// What is wrong with a picture, or with this browser: a code that words.js puts into words.

export class Problem extends Error {
  constructor(code, values = {}) {
    super(code);
    this.code = code;
    this.values = values;
  }
}
