// Progressive bits of forms; every form works without them.
//
// <div data-show-when="type=http,tcp">  shown while the field `type` has one of these values; hidden parts are
//                                       disabled, so that they neither block sending nor are sent
// <form data-guard>                     asks before typed input is lost
// any <form method="post">              cannot be sent twice; its button shows that it is busy

const VALUE_TYPES = ["radio", "checkbox"];

function valuesOf(form, name) {
  return [...form.elements]
    .filter((field) => field.name === name && (!VALUE_TYPES.includes(field.type) || field.checked))
    .map((field) => field.value);
}

function showGroups(form) {
  for (const group of form.querySelectorAll("[data-show-when]")) {
    const [name, wanted] = group.dataset.showWhen.split("=");
    const shown = valuesOf(form, name).some((value) => wanted.split(",").includes(value));
    group.hidden = !shown;
    for (const field of group.querySelectorAll("input, select, textarea, fieldset")) {
      if (shown && field.dataset.hiddenByGroup) {
        field.disabled = false;
        delete field.dataset.hiddenByGroup;
      } else if (!shown && !field.disabled) {
        field.disabled = true;
        field.dataset.hiddenByGroup = "true";
      }
    }
  }
}

function isDirty(form) {
  return form.dataset.dirty === "true" && form.dataset.sent !== "true";
}

function markSent(form, button) {
  form.dataset.sent = "true";
  button?.setAttribute("aria-busy", "true");
}

function release(form) {
  delete form.dataset.sent;
  for (const element of form.elements) element.removeAttribute("aria-busy");
}

document.addEventListener("input", (event) => {
  const form = event.target.form;
  if (!form) return;
  form.dataset.dirty = "true";
  showGroups(form);
});

document.addEventListener("change", (event) => {
  if (event.target.matches("[data-submit-on-change]")) event.target.form.requestSubmit();
});

document.addEventListener("submit", (event) => {
  const form = event.target;
  if (form.method !== "post" || form.matches("[hx-post]")) return;
  if (form.dataset.sent === "true") event.preventDefault();
  else markSent(form, event.submitter);
});

window.addEventListener("beforeunload", (event) => {
  if ([...document.querySelectorAll("form[data-guard]")].some(isDirty)) event.preventDefault();
});

// The browser's back button may show the page as it was left, with its busy button.
window.addEventListener("pageshow", () => {
  for (const form of document.forms) release(form);
});

function prepare() {
  for (const form of document.forms) showGroups(form);
}

prepare();
document.addEventListener("htmx:afterSettle", prepare);
document.querySelector("[data-error-summary]")?.focus();
