"""What PDFs of reports are built of: A4 pages, rows of figures, charts as vectors, tables."""

import io
from collections.abc import Iterable, Iterator, Sequence
from xml.sax.saxutils import escape

from reportlab.graphics.shapes import Drawing, Polygon, PolyLine, String
from reportlab.lib.colors import HexColor
from reportlab.lib.pagesizes import A4
from reportlab.lib.styles import ParagraphStyle
from reportlab.lib.units import mm
from reportlab.pdfgen.canvas import Canvas
from reportlab.platypus import Flowable, KeepTogether, Paragraph, SimpleDocTemplate, Spacer, Table, TableStyle

from monitors.reports.drawings import GRID, INK, Chart

TEXT = ParagraphStyle("text", fontName="Helvetica", fontSize=9, leading=12, textColor=HexColor(INK))
_HEAD = ParagraphStyle("head", TEXT, fontName="Helvetica-Bold", fontSize=12, leading=16, textColor=HexColor("#1d2030"))
_OVER_TABLE = ParagraphStyle("over table", _HEAD, keepWithNext=True)
_TITLE = ParagraphStyle("title", _HEAD, fontSize=20, leading=25)
_FIGURE = ParagraphStyle("figure", _HEAD, fontSize=14, leading=18)
_CELL = ParagraphStyle("cell", TEXT, fontSize=8, leading=10, textColor=HexColor("#1d2030"))
_MARGIN = 18 * mm
_WIDTH = A4[0] - 2 * _MARGIN
_PADDING = 6  # which reportlab adds inside the margins of a page
_LINES = TableStyle(
    [
        ("LINEBELOW", (0, 0), (-1, -1), 0.4, HexColor(GRID)),
        ("ALIGN", (1, 0), (-1, -1), "RIGHT"),
        ("LEFTPADDING", (0, 0), (0, -1), 0),
        ("FONT", (0, 0), (-1, 0), "Helvetica-Bold", 8),
        ("FONT", (0, 1), (-1, -1), "Helvetica", 8),
        ("TEXTCOLOR", (0, 0), (-1, -1), HexColor("#1d2030")),
        ("VALIGN", (0, 1), (-1, -1), "MIDDLE"),
    ]
)


def document(title: str, story: Iterable[Flowable]) -> bytes:
    """The bytes of the PDF; the same story makes the same bytes. Letters that its fonts lack are drawn as boxes."""
    written = io.BytesIO()
    made = SimpleDocTemplate(
        written,
        pagesize=A4,
        leftMargin=_MARGIN - _PADDING,
        rightMargin=_MARGIN - _PADDING,
        topMargin=_MARGIN,
        bottomMargin=_MARGIN,
        title=title,
        author="WebSignal",
        invariant=1,
    )
    made.build(list(story), onFirstPage=_foot, onLaterPages=_foot)
    return written.getvalue()


def heading(title: str, *below: str) -> Iterator[Flowable]:
    """The title of the whole, lines under it, and some room."""
    yield Paragraph(escape(title), _TITLE)
    for line in below:
        yield Paragraph(escape(line), TEXT)
    yield Spacer(0, 5 * mm)


def figures(pairs: Sequence[tuple[str, str]]) -> Table:
    """A row of (label, value)."""
    cells = [
        [Paragraph(escape(value), _FIGURE) for _, value in pairs],
        [Paragraph(label, TEXT) for label, _ in pairs],
    ]
    style = TableStyle([("LEFTPADDING", (0, 0), (-1, -1), 0), ("BOTTOMPADDING", (0, 0), (-1, 0), 0)])
    return Table(cells, colWidths=[_WIDTH / len(pairs)] * len(pairs), style=style)


def chart_block(chart: Chart) -> Flowable:
    """A chart with its title and its legend, on one page."""
    return KeepTogether([Spacer(0, 5 * mm), Paragraph(chart.title, _HEAD), _legend(chart), _drawing(chart)])


def section(
    title: str, head: Sequence[str], rows: Sequence[Sequence[str]], *, first: float = 1.0
) -> Iterator[Flowable]:
    """A table under a title; its first column is `first` times as wide as the others, and breaks its lines."""
    yield Spacer(0, 6 * mm)
    yield Paragraph(title, _OVER_TABLE)
    one = _WIDTH / (len(head) - 1 + first)
    widths = [one * first, *([one] * (len(head) - 1))]
    cells = [[Paragraph(escape(row[0]), _CELL), *row[1:]] for row in rows]
    yield Table([head, *cells], colWidths=widths, style=_LINES, repeatRows=1)


def _legend(chart: Chart) -> Paragraph:
    # The letter n of ZapfDingbats is a square; Helvetica has none.
    marks = (
        f'<font name="ZapfDingbats" size="7" color="{colour}">n</font> {escape(label)}'
        for label, colour in chart.legend
    )
    return Paragraph("&nbsp;&nbsp; ".join(marks), TEXT)


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


def _foot(canvas: Canvas, document: SimpleDocTemplate) -> None:
    canvas.saveState()
    canvas.setFont("Helvetica", 7)
    canvas.setFillColor(HexColor(INK))
    canvas.drawString(_MARGIN, 10 * mm, "WebSignal. Percentiles within 1 %; availability is weighted by time.")
    canvas.drawRightString(A4[0] - _MARGIN, 10 * mm, str(document.page))
    canvas.restoreState()
