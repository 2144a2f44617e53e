"""The charts of a report as plain shapes, which HTML draws as SVG and PDF as vectors. Pure."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from monitors.reports.words import day, milliseconds

WIDTH, HEIGHT = 720.0, 170.0
LEFT, BOTTOM, TOP = 52.0, 20.0, 8.0
INK, GRID, QUIET = "#5b6070", "#e3e5ea", "#c9ccd6"
GOOD, SHAKY, BAD = "#3fa56b", "#e0a52e", "#d0443a"
BANDS = (("p99", "p99", "#dfe3fb"), ("p95", "p95", "#bcc4f6"), ("p50", "Median", "#4f56d6"))
PHASES = (
    ("dns", "DNS", "#bfe0ec"),
    ("connect", "Connect", "#8fc1ea"),
    ("tls", "TLS", "#6a98e6"),
    ("firstByte", "First byte", "#6366d1"),
    ("transfer", "Transfer", "#8a4fc2"),
)

Point = tuple[float, float]


@dataclass(frozen=True, slots=True)
class Shape:
    """`area` (filled polygon), `line` (open), or `text` at its one point, `anchor`ed there; y goes down."""

    kind: str
    points: tuple[Point, ...]
    colour: str
    text: str = ""
    anchor: str = "start"

    @property
    def path(self) -> str:
        """The points as SVG's `points`."""
        return " ".join(f"{x:.1f},{y:.1f}" for x, y in self.points)


@dataclass(slots=True)
class Chart:
    """One drawing with its title, its legend as (label, colour), and a sentence for who does not see it."""

    title: str
    summary: str
    legend: list[tuple[str, str]] = field(default_factory=list)
    shapes: list[Shape] = field(default_factory=list)
    width: float = WIDTH
    height: float = HEIGHT


def charts_of(content: Mapping[str, Any]) -> list[Chart]:
    """Availability, latency and phases; only what was measured."""
    buckets, latency = content["availability"]["buckets"], content["latency"]["buckets"]
    starts, interval = [one["start"] for one in buckets], content["interval"]
    charts = [availability_chart(buckets, interval)]
    if content["latency"]["count"]:
        charts += [_latency(latency, starts, interval), _phases(latency, starts, interval)]
    return charts


def availability_chart(buckets: Sequence[Mapping[str, Any]], interval: str) -> Chart:
    """A bar for each bucket; low ones stand out, for the scale begins at 90 %, as it says."""
    known = [one["availability"] for one in buckets if one["availability"] is not None]
    lowest = min(known, default=1.0)
    chart = Chart("Availability", f"{len(known)} of {len(buckets)} were watched; the lowest is {lowest:.3%}.")
    chart.legend = [("No downtime", GOOD), ("Some", SHAKY), ("Under 99 %", BAD), ("Not watched", QUIET)]
    slot = (WIDTH - LEFT) / max(len(buckets), 1)
    floor = HEIGHT - BOTTOM
    for share, said in ((1.0, "100 %"), (0.95, "95 %"), (0.9, "≤ 90 %")):
        _grid_line(chart, _availability_top(share), said)
    for place, bucket in enumerate(buckets):
        share, x = bucket["availability"], LEFT + place * slot
        colour = QUIET if share is None else GOOD if share == 1 else SHAKY if share >= 0.99 else BAD
        top = floor - (floor - TOP) * 0.15 if share is None else _availability_top(share)
        chart.shapes.append(_box(x + slot * 0.12, top, x + slot * 0.88, floor, colour))
    _time_axis(chart, [one["start"] for one in buckets], interval)
    return chart


def _availability_top(share: float) -> float:
    floor = HEIGHT - BOTTOM
    return floor - (floor - TOP) * (0.25 + 0.75 * max(0.0, (share - 0.9) / 0.1))


def _latency(buckets: Sequence[Mapping[str, Any]], starts: Sequence[str], interval: str) -> Chart:
    top = _ceiling(max((one["p99"] or 0.0) for one in buckets))
    chart = Chart("Response time", f"Median, p95 and p99 by {interval}; the scale ends at {milliseconds(top)}.")
    chart.legend = [(label, colour) for _, label, colour in reversed(BANDS)]
    _value_axis(chart, top)
    for name, _, colour in BANDS[:2]:
        for run in _runs([one[name] for one in buckets], top):
            chart.shapes.append(Shape("area", _closed(run), colour))
    for run in _runs([one["p50"] for one in buckets], top):
        chart.shapes.append(Shape("line", tuple(run), BANDS[2][2]))
    _time_axis(chart, starts, interval)
    return chart


def _phases(buckets: Sequence[Mapping[str, Any]], starts: Sequence[str], interval: str) -> Chart:
    chart = Chart("Where the time goes", f"The mean of each phase by {interval}, stacked.")
    heights: list[float | None] = [0.0 if one["count"] else None for one in buckets]
    stacked: list[tuple[str, list[float | None]]] = []
    for name, label, colour in PHASES:
        means = [one["phases"][name] or 0.0 for one in buckets]
        if any(means):
            heights = [None if low is None else low + mean for low, mean in zip(heights, means, strict=True)]
            stacked.insert(0, (colour, heights))
            chart.legend.append((label, colour))
    top = _ceiling(max((height or 0.0) for height in heights))
    _value_axis(chart, top)
    for colour, sums in stacked:
        chart.shapes += [Shape("area", _closed(run), colour) for run in _runs(sums, top)]
    _time_axis(chart, starts, interval)
    return chart


def _runs(values: Sequence[float | None], top: float) -> list[list[Point]]:
    """Stretches without a gap; one point alone is drawn as wide as its slot."""
    slot, floor = (WIDTH - LEFT) / max(len(values), 1), HEIGHT - BOTTOM
    runs: list[list[Point]] = [[]]
    for place, value in enumerate(values):
        if value is None:
            runs.append([])
        else:
            runs[-1].append((LEFT + (place + 0.5) * slot, floor - (floor - TOP) * min(value / top, 1.0)))
    return [_widened(run, slot) for run in runs if run]


def _widened(run: list[Point], slot: float) -> list[Point]:
    if len(run) > 1:
        return run
    x, y = run[0]
    return [(x - slot * 0.4, y), (x + slot * 0.4, y)]


def _closed(run: Sequence[Point]) -> tuple[Point, ...]:
    floor = HEIGHT - BOTTOM
    return (*run, (run[-1][0], floor), (run[0][0], floor))


def _box(left: float, top: float, right: float, bottom: float, colour: str) -> Shape:
    return Shape("area", ((left, top), (right, top), (right, bottom), (left, bottom)), colour)


def _value_axis(chart: Chart, top: float) -> None:
    floor = HEIGHT - BOTTOM
    for part in range(5):
        y = floor - (floor - TOP) * part / 4
        _grid_line(chart, y, milliseconds(top * part / 4) if part else "0")


def _grid_line(chart: Chart, y: float, said: str) -> None:
    chart.shapes.append(Shape("line", ((LEFT, y), (WIDTH, y)), GRID))
    chart.shapes.append(Shape("text", ((LEFT - 6, y + 3),), INK, said, "end"))


def _time_axis(chart: Chart, starts: Sequence[str], interval: str) -> None:
    slot = (WIDTH - LEFT) / max(len(starts), 1)
    steps = sorted({round(part * (len(starts) - 1) / 5) for part in range(6)})
    for place in steps:
        anchor = "start" if place == 0 else "end" if place == len(starts) - 1 else "middle"
        x = LEFT + (place + (0.0 if anchor == "start" else 1.0 if anchor == "end" else 0.5)) * slot
        chart.shapes.append(Shape("text", ((x, HEIGHT - 5),), INK, day(starts[place], interval), anchor))


def _ceiling(value: float) -> float:
    """A round number not below `value`."""
    size = 1.0
    while size * 10 <= value:
        size *= 10
    return next((size * step for step in (1, 2, 4, 6, 8, 10) if size * step >= value), size * 10) if value > 0 else 1.0
