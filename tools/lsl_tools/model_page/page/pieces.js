// The large pieces of the page: inside it as base64, or files beside it.

// The page's own words come before its heavy pieces, so that they are seen at once.
export const whole = () => new Promise((done) => {
  if (document.readyState === "loading") document.addEventListener("DOMContentLoaded", done, { once: true });
  else done();
});

export const heavy = async (name) => {
  const inside = document.getElementById(name);
  if (inside) return inside.textContent;
  const found = await fetch(`${name}.bin`);
  if (!found.ok) throw new Error(`${name}.bin: ${found.status}`);
  return found.arrayBuffer();
};

export const json = (name) => JSON.parse(document.getElementById(name).textContent);
