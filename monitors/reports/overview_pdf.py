"""A report over many monitors as a PDF."""

from collections.abc import Iterator, Mapping
from typing import Any

from reportlab.platypus import Flowable, Paragraph

from monitors.reports.drawings import availability_chart
from monitors.reports.pdf_parts import TEXT, chart_block, document, figures, heading, section
from monitors.reports.words import lasting, milliseconds, moment, percent

_HEAD = ["Monitor", "Availability", "Downtime", "Downtimes", "Checks", "Median", "p95"]


def overview_pdf(content: Mapping[str, Any], *, title: str, subtitle: str) -> bytes:
    """The bytes of the PDF of an `overview_of`. Letters that its fonts lack are drawn as boxes."""
    return document(title, _story(content, title, subtitle))


def _story(content: Mapping[str, Any], title: str, subtitle: str) -> Iterator[Flowable]:
    seen, before = content["availability"], content["previous"]
    yield from heading(title, subtitle, f"{moment(content['startDate'])} to {moment(content['endDate'])}")
    yield figures(
        [
            ("Availability", percent(seen["availability"])),
            ("Month before", percent(before["availability"])),
            ("Downtime", lasting(seen["downtimeSeconds"])),
            ("Downtimes", str(seen["incidentCount"])),
            ("Monitors", f"{content['monitorCount']:,}"),
            ("Watched", percent(seen["coverage"])),
        ]
    )
    if seen["buckets"]:
        yield chart_block(availability_chart(seen["buckets"], content["interval"]))
    if content["monitors"]:
        yield from section("Monitors, worst first", _HEAD, [_row(one) for one in content["monitors"]], first=3.0)
    if content["leftOut"]:
        yield Paragraph(f"{content['leftOut']:,} more are not listed.", TEXT)


def _row(one: Mapping[str, Any]) -> list[str]:
    return [
        one["name"],
        percent(one["availability"]),
        lasting(one["downtimeSeconds"]),
        f"{one['incidentCount']:,}",
        f"{one['checks']:,}",
        milliseconds(one["p50"]),
        milliseconds(one["p95"]),
    ]
