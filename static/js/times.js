// Keeps <time data-relative> and <time data-elapsed> fresh. The texts are those of `relative` and `duration` in
// dashboard/formats.py; change them together.

const NBSP = "\u00a0";
const UNITS = [["d", 86400], ["h", 3600], ["min", 60], ["s", 1]];
const MONTHS = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];
const EVERY_MS = 5000;

function day(moment, now) {
  const text = `${moment.getDate()} ${MONTHS[moment.getMonth()]}`;
  return moment.getFullYear() === now.getFullYear() ? text : `${text} ${moment.getFullYear()}`;
}

function relative(moment, now) {
  const seconds = Math.trunc((now - moment) / 1000);
  const distance = Math.abs(seconds);
  if (distance >= 30 * 86400) return day(moment, now);
  if (distance < 5) return "just now";
  const [unit, size] = UNITS.find(([, unitSize]) => distance >= unitSize);
  const text = `${Math.floor(distance / size)}${NBSP}${unit}`;
  return seconds > 0 ? `${text} ago` : `in ${text}`;
}

function elapsed(moment, now) {
  let seconds = Math.max(0, Math.trunc((now - moment) / 1000));
  const place = UNITS.findIndex(([, size]) => seconds >= size);
  if (place < 0) return `0${NBSP}s`;
  const parts = [];
  for (const [unit, size] of UNITS.slice(place, place + 2)) {
    const count = Math.floor(seconds / size);
    seconds -= count * size;
    if (count) parts.push(`${count}${NBSP}${unit}`);
  }
  return parts.join(NBSP);
}

function write(selector, textOf) {
  const now = new Date();
  for (const element of document.querySelectorAll(selector)) {
    const text = textOf(new Date(element.dateTime), now);
    if (element.textContent !== text) element.textContent = text;
  }
}

function refresh() {
  write("time[data-relative]", relative);
  write("time[data-elapsed]", elapsed);
}

setInterval(refresh, EVERY_MS);
document.addEventListener("live:updated", refresh);
document.addEventListener("htmx:afterSettle", refresh);
document.addEventListener("visibilitychange", () => document.hidden || refresh());
refresh();
