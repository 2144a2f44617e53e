// Sets the chosen theme before the first paint, and keeps the theme buttons in step. Classic and blocking on purpose.
"use strict";

(() => {
  const root = document.documentElement;
  const KEY = "theme";

  function stored() {
    try {
      return localStorage.getItem(KEY) || "system";
    } catch {
      return "system"; // storage is switched off
    }
  }

  function apply(choice) {
    if (choice === "light" || choice === "dark") root.dataset.theme = choice;
    else delete root.dataset.theme;
    for (const button of document.querySelectorAll("[data-theme-choice]")) {
      button.setAttribute("aria-pressed", String(button.dataset.themeChoice === choice));
    }
    document.dispatchEvent(new CustomEvent("themechange"));
  }

  root.classList.add("js");
  apply(stored());
  document.addEventListener("DOMContentLoaded", () => apply(stored()));
  document.addEventListener("click", (event) => {
    const button = event.target.closest("[data-theme-choice]");
    if (!button) return;
    try {
      localStorage.setItem(KEY, button.dataset.themeChoice);
    } catch {
      // storage is switched off: the choice lasts until the next page
    }
    apply(button.dataset.themeChoice);
  });
  window.addEventListener("storage", (event) => event.key === KEY && apply(stored()));
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => apply(stored()));
})();
