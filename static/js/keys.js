// The keyboard: g then a letter goes to a section, / searches, n is the page's main action, ? explains.

const SECTIONS = {
  o: "home",
  m: "monitors",
  h: "heartbeats",
  i: "incidents",
  a: "alerts",
  d: "dependencies",
  w: "maintenance",
  s: "settings",
};
const SEQUENCE_MS = 1000;
let goUntil = 0;

function isTyping(target) {
  return target.isContentEditable || target.matches("input:not([type=checkbox], [type=radio]), textarea, select");
}

function press(selector) {
  const element = [...document.querySelectorAll(selector)].find((found) => found.checkVisibility());
  element?.click();
  return Boolean(element);
}

function focusSearch() {
  const search = document.querySelector("[data-search]");
  search?.focus();
  search?.select();
  return Boolean(search);
}

function act(key) {
  if (performance.now() < goUntil && SECTIONS[key]) return press(`[data-nav="${SECTIONS[key]}"]`);
  if (key === "g") {
    goUntil = performance.now() + SEQUENCE_MS;
    return true;
  }
  goUntil = 0;
  if (key === "/") return focusSearch();
  if (key === "?") return press('[data-dialog-open="keys-help"]');
  return press(`[data-key="${CSS.escape(key)}"]`);
}

document.addEventListener("keydown", (event) => {
  if (event.ctrlKey || event.metaKey || event.altKey || event.isComposing) return;
  if (event.key === "Escape" && isTyping(event.target)) event.target.blur();
  if (event.key.length !== 1 || isTyping(event.target) || document.querySelector("dialog[open]")) return;
  if (act(event.key)) event.preventDefault();
});
