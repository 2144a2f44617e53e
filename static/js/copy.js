// Copy buttons: [data-copy] copies its value, or the text of the code block around it.

const SHOWN_MS = 1600;

function textOf(button) {
  return button.dataset.copy || button.closest(".code").querySelector("pre").textContent;
}

// navigator.clipboard exists only on https and localhost; a self-hosted page may be on neither.
function copyBySelection(text) {
  const area = document.createElement("textarea");
  area.value = text;
  area.className = "visually-hidden";
  document.body.append(area);
  area.select();
  const done = document.execCommand("copy");
  area.remove();
  return done;
}

async function copy(text) {
  if (!navigator.clipboard) return copyBySelection(text);
  try {
    await navigator.clipboard.writeText(text);
    return true;
  } catch {
    return copyBySelection(text);
  }
}

function show(button, icon, label) {
  const use = button.querySelector("use");
  const [sprite] = use.getAttribute("href").split("#");
  use.setAttribute("href", `${sprite}#${icon}`);
  button.setAttribute("aria-label", label);
}

document.addEventListener("click", async (event) => {
  const button = event.target.closest("[data-copy]");
  if (!button) return;
  const done = await copy(textOf(button));
  button.focus();
  show(button, done ? "check" : "x", done ? "Copied" : "Copying failed");
  setTimeout(() => show(button, "copy", "Copy"), SHOWN_MS);
});
