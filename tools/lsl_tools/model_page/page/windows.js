// Small windows, and the line that tells what just happened.
import { byId, el, fill } from "./element.js";
import { t } from "./words.js";

let fading = 0;
export function say(text) {
  const place = byId("message");
  place.textContent = text;
  place.classList.add("shown");
  clearTimeout(fading);
  fading = setTimeout(() => place.classList.remove("shown"), 6000);
}

// A window with buttons [text, work]; it closes after each of them.
export function openWindow(title, inside, buttons = [], cls = "") {
  const box = el("dialog", { "aria-label": title, class: cls });
  const close = (work) => () => { box.close(); work?.(); };
  fill(box, el("h2", {}, title), inside, el("p", { class: "row end" },
    el("button", { type: "button", class: "plain", onclick: close() }, buttons.length ? t("cancel") : t("close")),
    buttons.map(([text, work]) => el("button", { type: "button", class: "strong", onclick: close(work) }, text))));
  const before = document.activeElement;
  document.body.append(box);
  box.showModal();
  return new Promise((done) => {
    box.addEventListener("close", () => { box.remove(); before?.focus?.(); done(); });
  });
}

export const isOpen = () => Boolean(document.querySelector("dialog[open]"));
