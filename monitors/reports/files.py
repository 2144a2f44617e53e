"""A report's content as a file: HTML without scripts, CSV that no spreadsheet runs, PDF, JSON."""

import csv
import io
import json
from collections.abc import Callable, Mapping
from typing import Any

from django.template.loader import render_to_string

from monitors.models import ReportFormat
from monitors.reports.drawings import charts_of
from monitors.reports.pdf import pdf_of

Content = Mapping[str, Any]
MEDIA_TYPES: dict[str, str] = {
    ReportFormat.JSON: "application/json",
    ReportFormat.HTML: "text/html; charset=utf-8",
    ReportFormat.PDF: "application/pdf",
    ReportFormat.CSV: "text/csv; charset=utf-8",
}
_FIGURES = ("count", "min", "mean", "p50", "p75", "p90", "p95", "p99", "max")
_PHASES = ("dns", "connect", "tls", "firstByte", "transfer")
_FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n")


def file_of(content: Content, format: str) -> bytes:
    """The bytes of the file; text is UTF-8."""
    return _WRITERS[format](content)


def json_of(content: Content) -> bytes:
    """Indented JSON."""
    return json.dumps(content, ensure_ascii=False, indent=2).encode()


def csv_of(content: Content) -> bytes:
    """One row a bucket (RFC 4180); a text that a spreadsheet would take for a formula gets an apostrophe in front."""
    written = io.StringIO()
    writer = csv.writer(written)
    head = ("monitorId", "monitor", "start", "availability", "coverage", "downtimeSeconds", "checks", "failures")
    writer.writerow([*head, *(f"{name}Ms" for name in _FIGURES[1:]), *(f"{name}Ms" for name in _PHASES)])
    monitor = content["monitor"]
    for seen, took in zip(content["availability"]["buckets"], content["latency"]["buckets"], strict=True):
        row = [monitor["id"], monitor["name"], *(seen[name] for name in ("start", "availability", "coverage"))]
        row += [seen["downtimeSeconds"], seen["checks"], seen["failures"]]
        row += [*(took[name] for name in _FIGURES[1:]), *(took["phases"][name] for name in _PHASES)]
        writer.writerow([_harmless(value) for value in row])
    return written.getvalue().encode()


def html_of(content: Content) -> bytes:
    """One page that needs nothing else: style and drawings inside, no script, everything escaped."""
    return render_to_string("monitors/report.html", {"report": content, "charts": charts_of(content)}).encode()


def _harmless(value: object) -> object:
    return f"'{value}" if isinstance(value, str) and value.startswith(_FORMULA) else value


_WRITERS: dict[str, Callable[[Content], bytes]] = {
    ReportFormat.JSON: json_of,
    ReportFormat.HTML: html_of,
    ReportFormat.PDF: pdf_of,
    ReportFormat.CSV: csv_of,
}
