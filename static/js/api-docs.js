// Shows the OpenAPI document with Swagger UI: copyable examples, and "try it out" with the session's CSRF token.

const place = document.getElementById("api-docs");
const prefersDark = matchMedia("(prefers-color-scheme: dark)");

// Swagger UI's own dark scheme goes by a class; what it leaves out stands in api-docs.css.
function followTheme() {
  const chosen = document.documentElement.dataset.theme;
  document.documentElement.classList.toggle("dark-mode", chosen ? chosen === "dark" : prefersDark.matches);
}

function csrfToken() {
  const found = document.cookie.match(/(?:^|; )csrftoken=([^;]+)/);
  return found ? decodeURIComponent(found[1]) : "";
}

// The document's x-codeSamples above the responses of an operation, each with a button that copies it.
function withSamples(Original, system) {
  const make = system.React.createElement;
  return (props) => {
    const samples = system.specSelectors.specJson().getIn(["paths", props.path, props.method, "x-codeSamples"]);
    if (!samples) return make(Original, props);
    const shown = samples.toJS().map((sample) =>
      make("div", { className: "sample", key: sample.label },
        make("div", { className: "sample-head" }, sample.label,
          make("button", { type: "button", className: "btn", onClick: (event) => copy(event.target, sample.source) }, "Copy")),
        make("pre", null, make("code", null, sample.source))));
    return make("div", null,
      make("details", { className: "samples", open: true }, make("summary", null, "Examples"), shown),
      make(Original, props));
  };
}

function copy(button, text) {
  navigator.clipboard.writeText(text).then(() => {
    button.textContent = "Copied";
    setTimeout(() => { button.textContent = "Copy"; }, 2000);
  });
}

followTheme();
document.addEventListener("themechange", followTheme);

window.SwaggerUIBundle({
  url: place.dataset.url,
  domNode: place,
  deepLinking: true,
  docExpansion: "list",
  defaultModelsExpandDepth: 0,
  validatorUrl: null,
  plugins: [() => ({ wrapComponents: { responses: withSamples } })],
  requestInterceptor: (request) => {
    if (new URL(request.url, location.href).origin === location.origin) {
      request.headers["X-CSRFToken"] = csrfToken();
    }
    return request;
  },
});
