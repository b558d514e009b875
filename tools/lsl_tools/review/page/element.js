// Elements made in code: texts are always texts, never markup.

export function el(tag, attributes = {}, ...children) {
  const made = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (value === undefined || value === null || value === false) continue;
    if (name.startsWith("on")) made.addEventListener(name.slice(2), value);
    else if (name === "class") made.className = value;
    else if (name === "vars") for (const [key, one] of Object.entries(value)) made.style.setProperty(key, one);
    else if (name in made && typeof value !== "string") made[name] = value;
    else made.setAttribute(name, value === true ? "" : String(value));
  }
  made.append(...children.flat(Infinity).filter((child) => child !== null && child !== undefined && child !== false));
  return made;
}

export function fill(parent, ...children) {
  parent.replaceChildren(...children.flat(Infinity).filter((child) => child !== null && child !== undefined && child !== false));
  return parent;
}

export const percent = (share) => `${Math.round(share * 100)} %`;

export const number = (count) => Number(count).toLocaleString("en");

let fading = 0;
export function say(text, kind = "") {
  const place = document.getElementById("message");
  place.textContent = text;
  place.className = `message shown ${kind}`;
  clearTimeout(fading);
  if (kind !== "stays") fading = setTimeout(() => { place.className = "message"; }, kind === "warn" ? 7000 : 3500);
}

// A colour a class, dark violet to yellow: in order, and told apart by people who see colours otherwise.
const STOPS = [[68, 1, 84], [65, 68, 135], [42, 120, 142], [34, 168, 132], [122, 209, 81], [230, 215, 40]];
export function colourOf(index, classes) {
  if (index < 0) return "transparent";
  const place = (index / Math.max(classes - 1, 1)) * (STOPS.length - 1);
  const low = Math.min(Math.floor(place), STOPS.length - 2);
  const mixed = STOPS[low].map((one, k) => Math.round(one + (STOPS[low + 1][k] - one) * (place - low)));
  return `rgb(${mixed.join(" ")})`;
}
