// Draws [data-chart] figures with uPlot: stacked phases, a threshold, marks; colours come from the tokens.

const SERIES_COLOURS = ["--series-1", "--series-2", "--series-3", "--series-4", "--series-5"];
const BAND_COLOURS = ["--series-4", "--series-2", "--series-1"]; // the median stands out, the tail is faint
const MARK_COLOURS = { incident: "--down-fill", deployment: "--text-muted", window: "--text-muted" };
const BAND = "--pressed";
const HEIGHT = 260;
const POINT = 6;
const DAY_SECONDS = 86400;
const SPANS = [[7200000, 3600000, "h"], [120000, 60000, "min"], [1000, 1000, "s"], [0, 1, "ms"]]; // from, size, name
const STEPS = [
  ...[0.1, 1, 10, 100, 1000].flatMap((size) => [size, 2 * size, 5 * size]),
  ...[10, 20, 30, 60, 120, 300, 600, 1200, 1800, 3600, 7200, 10800, 21600, 43200, 86400, 604800].map((seconds) => seconds * 1000),
];
const plots = new Map();

// Tokens are light-dark() pairs, which a canvas does not know: a probe element resolves them.
function colours(figure) {
  const probe = document.createElement("i");
  probe.hidden = true;
  figure.append(probe);
  const resolve = (token) => {
    probe.style.color = `var(${token})`;
    return getComputedStyle(probe).color;
  };
  const found = new Proxy({}, { get: (_, token) => resolve(token) });
  return { found, done: () => probe.remove() };
}

function stacked(columns) {
  const sums = new Array(columns[0]?.length ?? 0).fill(0);
  return columns.map((column) => column.map((value, place) => (value == null ? null : (sums[place] += value))));
}

function spoken(value, unit) {
  if (value == null) return "–";
  if (unit === "ms" && value >= 60000) return `${Math.floor(value / 60000)} min ${Math.round((value % 60000) / 1000)} s`;
  return unit === "ms" && value >= 1000 ? `${(value / 1000).toFixed(2)} s` : `${trimmed(value, value < 10 ? 1 : 0)} ${unit}`;
}

function trimmed(value, digits) {
  return String(Number(value.toFixed(digits)));
}

// All ticks of an axis in one unit, the one that suits the highest of them.
function tickValues(unit) {
  return (_, ticks) => {
    const [, size, name] = unit === "ms" ? SPANS.find(([from]) => (ticks.at(-1) ?? 0) >= from) : [0, 1, unit];
    return ticks.map((tick) => `${trimmed(tick / size, 2)} ${name}`);
  };
}

function layers(data, palette) {
  const columns = data.series.map((series) => series.values);
  const totals = data.is_banded ? columns : stacked(columns); // percentiles lie above each other already
  const first = data.series.length === 1 ? SERIES_COLOURS.length - 2 : 0; // a lone series is not the faintest
  return data.series.map((series, place) => {
    const token = data.is_banded ? BAND_COLOURS[place] : SERIES_COLOURS[(first + place) % SERIES_COLOURS.length];
    return { series, values: totals[place], colour: palette[token], edge: palette[edgeOf(token)] };
  });
}

// A faint layer has a line on top that is seen on its own.
function edgeOf(token) {
  return SERIES_COLOURS[Math.min(SERIES_COLOURS.indexOf(token) + 2, SERIES_COLOURS.length - 1)];
}

// A value between two gaps has no line to be seen by.
function lonely(values) {
  return [...values.keys()].filter((at) => values[at] != null && values[at - 1] == null && values[at + 1] == null);
}

function seriesOptions(data, drawn) {
  return drawn.map(({ series, values, colour, edge }) => ({
    label: series.label,
    stroke: edge,
    fill: colour,
    width: 1,
    points: { show: true, size: POINT, width: 0, fill: edge, filter: () => lonely(values) },
    value: (_, __, ___, place) => (place == null ? "" : spoken(series.values[place], data.unit)),
  }));
}

// Each layer is filled down to the one below it.
function bands(drawn) {
  return drawn.slice(1).map((_, place) => ({ series: [place + 2, place + 1] }));
}

function dayOf(date) {
  return date.toLocaleDateString("en-GB", { day: "numeric", month: "short" });
}

function timeOf(date, step = 60) {
  const seconds = step < 60 ? { second: "2-digit" } : {};
  return date.toLocaleTimeString("en-GB", { hour: "2-digit", minute: "2-digit", ...seconds });
}

// Times of day while ticks are hours apart, with the date where a day begins; dates from then on.
function tickLabels(_, ticks, __, ___, step) {
  return ticks.map((tick, place) => {
    const date = new Date(tick * 1000);
    if (step >= DAY_SECONDS) return dayOf(date);
    const isFirst = place === 0 || dayOf(new Date(ticks[place - 1] * 1000)) !== dayOf(date);
    return isFirst ? `${timeOf(date, step)}\n${dayOf(date)}` : timeOf(date, step);
  });
}

function axes(data, palette) {
  const shared = {
    stroke: palette["--text-muted"],
    font: `12px ${getComputedStyle(document.body).fontFamily}`,
    ticks: { show: false },
  };
  const grid = { stroke: palette["--line"], width: 1 };
  const steps = data.unit === "ms" ? { incrs: STEPS } : {};
  return [
    { ...shared, grid: { show: false }, space: 80, values: tickLabels },
    { ...shared, ...steps, grid, size: 72, space: 48, values: tickValues(data.unit) },
  ];
}

function drawMarks(data, palette) {
  const stroke = (context, colour, dash, from, to) => {
    context.save();
    context.strokeStyle = colour;
    context.lineWidth = devicePixelRatio;
    context.setLineDash(dash.map((length) => length * devicePixelRatio));
    context.beginPath();
    context.moveTo(...from);
    context.lineTo(...to);
    context.stroke();
    context.restore();
  };
  return (plot) => {
    const { left, top, width, height } = plot.bbox;
    for (const mark of data.marks ?? []) {
      const x = plot.valToPos(mark.at, "x", true);
      const colour = palette[MARK_COLOURS[mark.kind] ?? "--text-muted"];
      if (x >= left && x <= left + width) stroke(plot.ctx, colour, [3, 3], [x, top], [x, top + height]);
    }
    if (data.threshold) {
      const y = plot.valToPos(data.threshold, "y", true);
      if (y >= top) stroke(plot.ctx, palette["--late-fill"], [6, 4], [left, y], [left + width, y]);
    }
  };
}

// What lasted is a band behind the series: at least two pixels, so that a short deployment is seen.
function drawBands(data, palette) {
  return (plot) => {
    const { left, top, width, height } = plot.bbox;
    for (const mark of data.marks ?? []) {
      if (!mark.until) continue;
      const from = Math.max(left, plot.valToPos(mark.at, "x", true));
      const to = Math.min(left + width, Math.max(plot.valToPos(mark.until, "x", true), from + 2 * devicePixelRatio));
      if (to <= from) continue;
      plot.ctx.fillStyle = palette[BAND];
      plot.ctx.fillRect(from, top, to - from, height);
    }
  };
}

function legendTime(_, seconds) {
  if (seconds == null) return "";
  const date = new Date(seconds * 1000);
  return `${dayOf(date)}, ${timeOf(date)}`;
}

function options(data, drawn, palette, width) {
  const highest = (_, __, most) => [0, Math.max(most ?? 0, data.threshold ?? 0, 1) * 1.1];
  return {
    width,
    height: HEIGHT,
    padding: [8, 20, 0, 0],
    cursor: { y: false, points: { show: false }, drag: { setScale: true, x: true, y: false } },
    scales: { y: { range: highest } },
    series: [{ label: "", value: legendTime }, ...seriesOptions(data, drawn)],
    bands: bands(drawn),
    axes: axes(data, palette),
    hooks: { drawClear: [drawBands(data, palette)], draw: [drawMarks(data, palette)] },
  };
}

function draw(figure) {
  const data = JSON.parse(figure.querySelector('script[type="application/json"]').textContent);
  const canvas = figure.querySelector(".chart-canvas");
  plots.get(figure)?.destroy();
  plots.delete(figure);
  canvas.textContent = "";
  canvas.classList.remove("chart-empty");
  if (!data.series.some((series) => series.values.some((value) => value != null))) {
    canvas.textContent = "Nothing was measured in this time.";
    canvas.classList.add("chart-empty");
    return;
  }
  const { found, done } = colours(figure);
  const palette = Object.fromEntries(
    [...SERIES_COLOURS, ...Object.values(MARK_COLOURS), BAND, "--line", "--late-fill"].map((token) => [token, found[token]]),
  );
  done();
  const drawn = layers(data, palette);
  const columns = [data.times, ...drawn.map((layer) => layer.values)];
  plots.set(figure, new uPlot(options(data, drawn, palette, canvas.clientWidth), columns, canvas));
}

function drawAll() {
  for (const figure of document.querySelectorAll("[data-chart]")) draw(figure);
}

const resized = new ResizeObserver((entries) => {
  for (const { target } of entries) {
    const plot = plots.get(target.closest("[data-chart]"));
    const width = target.clientWidth;
    if (plot && width && plot.width !== width) plot.setSize({ width, height: HEIGHT });
  }
});

drawAll();
for (const canvas of document.querySelectorAll("[data-chart] .chart-canvas")) resized.observe(canvas);
document.addEventListener("themechange", drawAll);
document.addEventListener("live:updated", (event) => {
  for (const figure of event.target.querySelectorAll("[data-chart]")) draw(figure);
});
