"""A report as a PDF: A4, its charts as vectors, its text as text."""

import io
from collections.abc import Iterator, Mapping, Sequence
from typing import Any
from xml.sax.saxutils import escape

from reportlab.graphics.shapes import Drawing, Polygon, PolyLine, String
from reportlab.lib.colors import HexColor
from reportlab.lib.pagesizes import A4
from reportlab.lib.styles import ParagraphStyle
from reportlab.lib.units import mm
from reportlab.pdfgen.canvas import Canvas
from reportlab.platypus import Flowable, KeepTogether, Paragraph, SimpleDocTemplate, Spacer, Table, TableStyle

from monitors.reports.drawings import GRID, INK, Chart, charts_of
from monitors.reports.words import lasting, milliseconds, moment, percent

_TEXT = ParagraphStyle("text", fontName="Helvetica", fontSize=9, leading=12, textColor=HexColor(INK))
_HEAD = ParagraphStyle("head", _TEXT, fontName="Helvetica-Bold", fontSize=12, leading=16, textColor=HexColor("#1d2030"))
_TITLE = ParagraphStyle("title", _HEAD, fontSize=20, leading=25)
_FIGURE = ParagraphStyle("figure", _HEAD, fontSize=14, leading=18)
_MARGIN = 18 * mm
_WIDTH = A4[0] - 2 * _MARGIN
_MOST_ROWS = 60
_LINES = TableStyle(
    [
        ("LINEBELOW", (0, 0), (-1, -1), 0.4, HexColor(GRID)),
        ("ALIGN", (1, 0), (-1, -1), "RIGHT"),
        ("LEFTPADDING", (0, 0), (0, -1), 0),
        ("FONT", (0, 0), (-1, 0), "Helvetica-Bold", 8),
        ("FONT", (0, 1), (-1, -1), "Helvetica", 8),
        ("TEXTCOLOR", (0, 0), (-1, -1), HexColor("#1d2030")),
    ]
)


def pdf_of(content: Mapping[str, Any]) -> bytes:
    """The bytes of the PDF. Letters that its fonts lack are drawn as boxes."""
    written = io.BytesIO()
    name = content["monitor"]["name"]
    document = SimpleDocTemplate(
        written,
        pagesize=A4,
        leftMargin=_MARGIN,
        rightMargin=_MARGIN,
        topMargin=_MARGIN,
        bottomMargin=_MARGIN,
        title=f"Report: {name}",
        author="WebSignal",
        invariant=1,
    )
    document.build(list(_story(content)), onFirstPage=_foot, onLaterPages=_foot)
    return written.getvalue()


def _story(content: Mapping[str, Any]) -> Iterator[Flowable]:
    monitor, seen, took = content["monitor"], content["availability"], content["latency"]
    yield Paragraph(escape(monitor["name"]), _TITLE)
    yield Paragraph(escape(f"{monitor['type'].upper()} {monitor['target']}"), _TEXT)
    yield Paragraph(f"{moment(content['startDate'])} to {moment(content['endDate'])}", _TEXT)
    yield Spacer(0, 5 * mm)
    yield _figures(
        [
            ("Availability", percent(seen["availability"])),
            ("Downtime", lasting(seen["downtimeSeconds"])),
            ("Downtimes", str(seen["incidentCount"])),
            ("Checks", f"{seen['checks']:,}"),
            ("Failed", f"{seen['failures']:,}"),
            ("Watched", percent(seen["coverage"])),
        ]
    )
    yield _figures([(label, milliseconds(took[key])) for label, key in _LATENCY])
    for chart in charts_of(content):
        head = [Spacer(0, 5 * mm), Paragraph(chart.title, _HEAD), _legend(chart), _drawing(chart)]
        yield KeepTogether(head)
    if content["regions"]:
        yield from _section("Regions", ["Region", "Checks", "Failed", "Median", "p95", "p99"], _regions(content))
    if content["downtimes"]:
        yield from _section("Downtimes", ["Began", "Ended", "Lasted"], _downtimes(content))


_LATENCY = (("Mean", "mean"), ("Median", "p50"), ("p90", "p90"), ("p95", "p95"), ("p99", "p99"), ("Slowest", "max"))


def _figures(figures: Sequence[tuple[str, str]]) -> Table:
    cells = [
        [Paragraph(escape(value), _FIGURE) for _, value in figures],
        [Paragraph(label, _TEXT) for label, _ in figures],
    ]
    style = TableStyle([("LEFTPADDING", (0, 0), (-1, -1), 0), ("BOTTOMPADDING", (0, 0), (-1, 0), 0)])
    return Table(cells, colWidths=[_WIDTH / len(figures)] * len(figures), style=style)


def _legend(chart: Chart) -> Paragraph:
    # The letter n of ZapfDingbats is a square; Helvetica has none.
    marks = (
        f'<font name="ZapfDingbats" size="7" color="{colour}">n</font> {escape(label)}'
        for label, colour in chart.legend
    )
    return Paragraph("&nbsp;&nbsp; ".join(marks), _TEXT)


def _drawing(chart: Chart) -> Drawing:
    scale = _WIDTH / chart.width
    drawn = Drawing(_WIDTH, chart.height * scale)
    for shape in chart.shapes:
        points = [value * scale for x, y in shape.points for value in (x, chart.height - y)]
        colour = HexColor(shape.colour)
        if shape.kind == "area":
            drawn.add(Polygon(points, fillColor=colour, strokeColor=None, strokeWidth=0))
        elif shape.kind == "line":
            drawn.add(PolyLine(points, strokeColor=colour, strokeWidth=0.5 if shape.colour == GRID else 1.3))
        else:
            drawn.add(String(*points, shape.text, textAnchor=shape.anchor, fontSize=6.5, fillColor=colour))
    return drawn


def _section(title: str, head: Sequence[str], rows: Sequence[Sequence[str]]) -> Iterator[Flowable]:
    yield Spacer(0, 6 * mm)
    yield Paragraph(title, _HEAD)
    yield Table([head, *rows], colWidths=[_WIDTH / len(head)] * len(head), style=_LINES, repeatRows=1)


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


def _foot(canvas: Canvas, document: SimpleDocTemplate) -> None:
    canvas.saveState()
    canvas.setFont("Helvetica", 7)
    canvas.setFillColor(HexColor(INK))
    canvas.drawString(_MARGIN, 10 * mm, "WebSignal. Percentiles within 1 %; availability is weighted by time.")
    canvas.drawRightString(A4[0] - _MARGIN, 10 * mm, str(document.page))
    canvas.restoreState()
