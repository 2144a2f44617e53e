// Dialogs, menus and toasts: opening, closing, leaving.

const TOAST_MS = 6000;

function openDialog(id) {
  const dialog = document.getElementById(id);
  if (!dialog) return false;
  closeMenus();
  dialog.showModal();
  return true;
}

function closeMenus(except) {
  for (const menu of document.querySelectorAll("details.menu[open]")) {
    if (menu !== except) menu.open = false;
  }
}

document.addEventListener("click", (event) => {
  closeMenus(event.target.closest("details.menu"));
  const opener = event.target.closest("[data-dialog-open]");
  if (opener && openDialog(opener.dataset.dialogOpen)) event.preventDefault();
  if (event.target.closest("[data-dialog-close]")) event.target.closest("dialog").close();
  // A click on the dialog itself, not on what it holds, is one on the backdrop.
  if (event.target instanceof HTMLDialogElement) event.target.close();
  event.target.closest("[data-toast-dismiss]")?.closest("[data-toast]").remove();
});

document.addEventListener("keydown", (event) => {
  if (event.key !== "Escape") return;
  const menu = document.activeElement?.closest("details.menu[open]");
  closeMenus();
  menu?.querySelector("summary").focus();
});

// Up and down walk through a menu's entries.
document.addEventListener("keydown", (event) => {
  const menu = event.target.closest?.("details.menu[open]");
  if (!menu || !["ArrowDown", "ArrowUp"].includes(event.key)) return;
  const items = [...menu.querySelectorAll("summary, .menu-panel :is(a, button)")];
  const step = event.key === "ArrowDown" ? 1 : -1;
  items[(items.indexOf(document.activeElement) + step + items.length) % items.length].focus();
  event.preventDefault();
});

function leave(toast) {
  if (toast.matches(":hover, :focus-within")) setTimeout(() => leave(toast), TOAST_MS);
  else toast.remove();
}

for (const toast of document.querySelectorAll("[data-toast]")) {
  if (toast.dataset.toast !== "error") setTimeout(() => leave(toast), TOAST_MS);
}
