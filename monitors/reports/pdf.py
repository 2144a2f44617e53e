"""A report on one monitor as a PDF: A4, its charts as vectors, its text as text."""

from collections.abc import Iterator, Mapping
from typing import Any

from reportlab.platypus import Flowable

from monitors.reports.drawings import charts_of
from monitors.reports.pdf_parts import chart_block, document, figures, heading, section
from monitors.reports.words import lasting, milliseconds, moment, percent

_MOST_ROWS = 60
_LATENCY = (("Mean", "mean"), ("Median", "p50"), ("p90", "p90"), ("p95", "p95"), ("p99", "p99"), ("Slowest", "max"))


def pdf_of(content: Mapping[str, Any]) -> bytes:
    """The bytes of the PDF. Letters that its fonts lack are drawn as boxes."""
    return document(f"Report: {content['monitor']['name']}", _story(content))


def _story(content: Mapping[str, Any]) -> Iterator[Flowable]:
    monitor, seen, took = content["monitor"], content["availability"], content["latency"]
    period = f"{moment(content['startDate'])} to {moment(content['endDate'])}"
    yield from heading(monitor["name"], f"{monitor['type'].upper()} {monitor['target']}", period)
    yield figures(
        [
            ("Availability", percent(seen["availability"])),
            ("Downtime", lasting(seen["downtimeSeconds"])),
            ("Downtimes", str(seen["incidentCount"])),
            ("Checks", f"{seen['checks']:,}"),
            ("Failed", f"{seen['failures']:,}"),
            ("Watched", percent(seen["coverage"])),
        ]
    )
    yield figures([(label, milliseconds(took[key])) for label, key in _LATENCY])
    for chart in charts_of(content):
        yield chart_block(chart)
    if content["regions"]:
        yield from section("Regions", ["Region", "Checks", "Failed", "Median", "p95", "p99"], _regions(content))
    if content["downtimes"]:
        yield from section("Downtimes", ["Began", "Ended", "Lasted"], _downtimes(content))


def _regions(content: Mapping[str, Any]) -> list[list[str]]:
    rows = []
    for one in content["regions"]:
        figures = (milliseconds(one[key]) for key in ("p50", "p95", "p99"))
        rows.append([one["name"], f"{one['checks']:,}", f"{one['failures']:,}", *figures])
    return rows


def _downtimes(content: Mapping[str, Any]) -> list[list[str]]:
    rows = []
    for one in list(reversed(content["downtimes"]))[:_MOST_ROWS]:
        ended = moment(one["endedAt"]) if one["endedAt"] else "goes on"
        rows.append([moment(one["startedAt"]), ended, lasting(one["durationSeconds"])])
    return rows
