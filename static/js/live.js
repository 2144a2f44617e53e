// Keeps a page current. <body data-live-url> names an event stream; each event refreshes the parts marked
// data-live (each with an id) from data-live-refresh or, by default, from the page's own address. Parts are
// morphed, not replaced: focus, typed input, open menus and dialogs stay. Without a stream: polling.

const DEBOUNCE_MS = 300;
const POLL_MS = 10000;
const SETTLE_MS = 1000; // a page that is only passed through opens no stream: the server counts them
const BACKOFF_MS = [1000, 2000, 5000, 10000, 30000];
const FAILURES_BEFORE_POLLING = 3;
const LIVE = "[data-live][id]";
const SILENCE_MS = 45000; // the server says `heartbeat` every 15 s

const url = document.body.dataset.liveUrl;
const state = document.querySelector("[data-live-state]");
let source = null;
let failures = 0;
let heardAt = 0;
let pending = 0;
let isRunning = false;
let isWanted = false;
let poll = 0;

// Morphing

function sameKind(one, other) {
  return one.nodeType === other.nodeType && one.nodeName === other.nodeName && (one.id || "") === (other.id || "");
}

// `open` belongs to the reader, as do what forms.js and htmx keep on an element.
function keepsAttribute(element, name) {
  return name === "open" || name === "aria-busy" || (name === "class" && element.matches(".htmx-request"));
}

function morphAttributes(from, to) {
  for (const { name } of [...from.attributes]) {
    if (!to.hasAttribute(name) && !keepsAttribute(from, name)) from.removeAttribute(name);
  }
  for (const { name, value } of [...to.attributes]) {
    if (from.getAttribute(name) !== value && !keepsAttribute(from, name)) from.setAttribute(name, value);
  }
}

function isReaders(element) {
  return element.matches("form[data-dirty], dialog[open], .chart-canvas") || element.matches("input, textarea, select");
}

function morphChildren(from, to) {
  const keyed = new Map([...from.children].filter((child) => child.id).map((child) => [child.id, child]));
  let place = from.firstChild;
  for (const wanted of [...to.childNodes]) {
    const known = wanted.id && keyed.get(wanted.id);
    if (known && known !== place) from.insertBefore(known, place);
    const current = known || place;
    if (current && sameKind(current, wanted)) {
      place = current.nextSibling;
      morph(current, wanted);
    } else {
      from.insertBefore(wanted, place);
    }
  }
  while (place) {
    const next = place.nextSibling;
    place.remove();
    place = next;
  }
}

function morph(from, to) {
  if (from.nodeType !== Node.ELEMENT_NODE) {
    if (from.nodeValue !== to.nodeValue) from.nodeValue = to.nodeValue;
    return;
  }
  if (from.isEqualNode(to) || isReaders(from)) return;
  morphAttributes(from, to);
  morphChildren(from, to);
}

// Refreshing

async function fetchPage(address) {
  const response = await fetch(address, { headers: { "X-Live-Refresh": "true" }, credentials: "same-origin" });
  // A redirect is the sign-in page: the session is over, the reader finds out at the next click.
  if (!response.ok || response.redirected) throw new Error(`refresh answered ${response.status}`);
  return new DOMParser().parseFromString(await response.text(), "text/html");
}

function addresses(selector) {
  const found = new Map();
  for (const part of document.querySelectorAll(selector)) {
    const address = part.dataset.liveRefresh || location.href;
    found.set(address, [...(found.get(address) || []), part]);
  }
  return found;
}

async function refreshAll(selector) {
  for (const [address, parts] of addresses(selector)) {
    const page = await fetchPage(address);
    for (const part of parts) {
      const fresh = page.getElementById(part.id);
      if (!fresh || !part.isConnected) continue;
      morph(part, fresh);
      window.htmx?.process(part);
      part.dispatchEvent(new CustomEvent("live:updated", { bubbles: true }));
    }
  }
}

// One refresh at a time; what arrives meanwhile makes one more after it.
async function run(selector = LIVE) {
  if (isRunning || document.hidden) {
    isWanted = true;
    return;
  }
  isRunning = true;
  isWanted = false;
  try {
    await refreshAll(selector);
  } catch {
    // the next event or poll tries again
  }
  isRunning = false;
  if (isWanted) refreshSoon();
}

function refreshSoon() {
  clearTimeout(pending);
  pending = setTimeout(() => run(), DEBOUNCE_MS);
}

// Connecting

function showReconnecting(isShown) {
  if (state) state.hidden = !isShown;
}

function startPolling() {
  poll ||= setInterval(() => run(), POLL_MS);
}

// What no event tells of (a steady result, a try of a delivery): parts with data-live-every, in seconds.
function pollQuietly() {
  const every = [...document.querySelectorAll("[data-live-every]")].map((part) => Number(part.dataset.liveEvery));
  for (const seconds of new Set(every)) {
    const selector = `[data-live][id][data-live-every="${seconds}"]`;
    setInterval(() => document.hidden || isRunning || run(selector), seconds * 1000);
  }
}

function stopPolling() {
  clearInterval(poll);
  poll = 0;
}

function opened() {
  refreshSoon(); // something may have happened since the page was made, or while we were away
  failures = 0;
  stopPolling();
  showReconnecting(false);
}

function failed() {
  source.close();
  const wait = BACKOFF_MS[Math.min(failures, BACKOFF_MS.length - 1)];
  failures += 1;
  // Polling keeps the page true, so the notice would only worry.
  showReconnecting(failures > 1 && failures < FAILURES_BEFORE_POLLING);
  if (failures >= FAILURES_BEFORE_POLLING) startPolling();
  setTimeout(connect, wait * (0.75 + Math.random() / 2));
}

function heard() {
  heardAt = performance.now();
}

function connect() {
  heard();
  source = new EventSource(url);
  source.onopen = opened;
  source.onerror = failed;
  source.addEventListener("heartbeat", heard);
  source.onmessage = () => {
    heard();
    refreshSoon();
  };
}

// A connection that a sleeping laptop or a proxy dropped may never report an error.
function watch() {
  const isOpen = source?.readyState === EventSource.OPEN;
  if (isOpen && performance.now() - heardAt > SILENCE_MS) failed();
}

document.addEventListener("visibilitychange", () => {
  if (!document.hidden && isWanted) refreshSoon();
});
window.addEventListener("pagehide", () => source?.close());
window.addEventListener("pageshow", (event) => event.persisted && url && connect());

if (url && document.querySelector("[data-live]")) {
  setTimeout(connect, SETTLE_MS);
  setInterval(watch, SILENCE_MS / 3);
  pollQuietly();
}
