"""Reports: the structure of what they say, files that are safe to open, and making that outlives a worker."""

import base64
import csv
import io
import json
import re
import zlib
from datetime import timedelta

import pytest

from common.invalid import Conflict, Invalid
from monitors.models import Region, Report, Result, StatusChange
from monitors.reports import files, services
from monitors.reports.content import content_of, interval_for
from monitors.reports.drawings import charts_of
from monitors.rollups import rolling as rollups
from monitors.services import create_monitor

pytestmark = pytest.mark.django_db
DAY = timedelta(days=1)
NASTY = '=cmd|"/c calc"!A1 <script>alert(1)</script> & Läden 店'


@pytest.fixture
def monitor(workspace, by_alice, now):
    """A monitor with three days of checks, rolled up, and one downtime of 90 minutes."""
    fields = {"name": NASTY, "type": "http", "settings": {"url": "http://shop.example/"}}
    monitor = create_monitor(workspace=workspace, by=by_alice, now=now, fields=fields)
    region = Region.objects.get(key="default")
    Result.objects.bulk_create(
        Result(
            monitor=monitor, region=region, scheduled_at=now - timedelta(minutes=10 * number), lag_ms=0, loop_lag_ms=0,
            ok=number % 9 > 0, latency_ms=40.0 + number % 50, dns_ms=1, connect_ms=4, tls_ms=0, first_byte_ms=30,
        )
        for number in range(1, 3 * 144)
    )  # fmt: skip
    changes = ((3 * DAY, "NEW", "OK"), (2 * DAY, "OK", "DOWN"), (2 * DAY - timedelta(minutes=90), "DOWN", "OK"))
    for ago, before, after in changes:
        StatusChange.objects.create(monitor=monitor, at=now - ago, before=before, after=after)
    rollups.roll_up(now=now)
    return monitor


@pytest.fixture
def content(monitor, now):
    return content_of(monitor, since=now - 5 * DAY, until=now, now=now)


def shape_of(value):
    """Keys and types, lists by their first entry."""
    if isinstance(value, dict):
        return {key: shape_of(one) for key, one in value.items()}
    return [shape_of(value[0])] if isinstance(value, list) else type(value).__name__


FIGURES = {"count": "int", **dict.fromkeys(("min", "mean", "p50", "p75", "p90", "p95", "p99", "max"), "float")} | {
    "phases": dict.fromkeys(("dns", "connect", "tls", "firstByte", "transfer"), "float")
}
SEEN = {"availability": "float", "coverage": "float", "downtimeSeconds": "float", "checks": "int", "failures": "int"}
GOLDEN = {
    "generatedAt": "str",
    "monitor": {"id": "int", "name": "str", "type": "str", "target": "str"},
    "startDate": "str",
    "endDate": "str",
    "interval": "str",
    "availability": {
        "startDate": "str", "endDate": "str", **SEEN, "unknownSeconds": "float", "maintenanceSeconds": "float",
        "incidentCount": "int", "mttrSeconds": "float", "mtbfSeconds": "float", "buckets": [{"start": "str", **SEEN}],
    },
    "latency": {"startDate": "str", "endDate": "str", **FIGURES, "buckets": [{"start": "str", **FIGURES}]},
    "regions": [{"region": "str", "name": "str", "checks": "int", "failures": "int", **FIGURES}],
    "downtimes": [{"startedAt": "str", "endedAt": "str", "durationSeconds": "float"}],
}  # fmt: skip


def test_the_structure_of_a_report(monitor, now):
    found = content_of(monitor, since=now - 3 * DAY, until=now, now=now)
    assert shape_of(found) == GOLDEN
    assert found["downtimes"] == [
        {"startedAt": "2026-02-28T12:00:00.000Z", "endedAt": "2026-02-28T13:30:00.000Z", "durationSeconds": 5400.0}
    ]
    assert (found["availability"]["checks"], found["regions"][0]["checks"]) == (431, 431)
    assert json.loads(files.json_of(found)) == found


def test_buckets_fit_the_period():
    lengths = {interval_for(days * DAY) for days in (1, 30, 200, 1000)}
    assert lengths == {"hour", "day", "week", "month"}


def test_csv_is_a_row_a_bucket_and_no_formula(content):
    rows = list(csv.DictReader(io.StringIO(files.csv_of(content).decode())))
    assert len(rows) == len(content["availability"]["buckets"])
    assert {row["monitor"] for row in rows} == {f"'{NASTY}"}
    assert sum(int(row["checks"]) for row in rows) == 431
    assert rows[0]["p95Ms"] == ""


def test_html_needs_nothing_else_and_escapes_what_people_wrote(content):
    page = files.html_of(content).decode()
    assert "<script" not in page
    assert "&lt;script&gt;alert(1)&lt;/script&gt; &amp; Läden 店" in page
    assert page.count("<svg viewBox") == 3 + sum(len(chart.legend) for chart in charts_of(content))
    assert re.findall(r"(?:src|href)=", page) == []
    assert "1 h 30 min" in page


def text_of(pdf):
    """All strings that the pages show."""
    pages = re.findall(rb"stream\r?\n(.*?)endstream", pdf, re.DOTALL)
    drawn = b"".join(zlib.decompress(base64.a85decode(page.strip(), adobe=False)) for page in map(_unframed, pages))
    return " ".join(part.decode("latin-1") for part in re.findall(rb"\((.*?)(?<!\\)\) Tj", drawn))


def _unframed(stream):
    return stream.strip().removesuffix(b"~>")


def test_the_text_of_a_pdf_can_be_read_out(content):
    pdf = files.file_of(content, "pdf")
    assert pdf.startswith(b"%PDF-")
    text = text_of(pdf)
    for words in ("Availability", "Response time", "Where the time goes", "1 h 30 min", "2026-02-28 12:00 UTC", "431"):
        assert words in text, words


def test_a_report_of_a_monitor_that_saw_nothing(monitor, workspace, by_alice, now):
    settings = {"schedule": {"kind": "interval", "interval_seconds": 60}}
    fields = {"name": "New", "type": "heartbeat", "settings": settings}
    empty = create_monitor(workspace=workspace, by=by_alice, now=now, fields=fields)
    found = content_of(empty, since=now - DAY, until=now, now=now)
    assert [chart.title for chart in charts_of(found)] == ["Availability"]
    for kind in ("html", "pdf", "csv", "json"):
        assert files.file_of(found, kind)


def ask(monitor, by, now, **fields):
    wanted = {"format": "csv", "since": now - DAY, "until": now} | fields
    return services.request_report(monitor=monitor, by=by, now=now, **wanted)


def test_a_report_is_made_once(monitor, by_alice, now):
    report = ask(monitor, by_alice, now)
    assert services.make_reports(now=now) == 1
    assert services.make_reports(now=now) == 0
    report.refresh_from_db()
    assert (report.state, report.attempts, report.error) == ("DONE", 1, "")
    assert bytes(report.content).startswith(b"monitorId,")


def test_a_worker_that_dies_leaves_it_to_another_and_three_are_enough(monitor, by_alice, now, monkeypatch):
    report = ask(monitor, by_alice, now)

    def killed(*_, **__):
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(services, "content_of", killed)
        with pytest.raises(KeyboardInterrupt):
            services.make_reports(now=now)
    assert services.make_reports(now=now + timedelta(minutes=1)) == 0
    assert services.make_reports(now=now + timedelta(minutes=6)) == 1
    report = ask(monitor, by_alice, now)
    Report.objects.filter(pk=report.pk).update(attempts=3)
    assert services.make_reports(now=now) == 0
    report.refresh_from_db()
    assert (report.state, report.error) == ("FAILED", "It could not be made in three attempts.")


def test_what_cannot_be_asked_for(monitor, by_alice, now, monkeypatch):
    for wrong in ({"format": "doc"}, {"since": now}, {"since": now - 9999 * DAY}):
        with pytest.raises(Invalid):
            ask(monitor, by_alice, now, **wrong)
    monkeypatch.setattr(services, "MOST_WAITING", 1)
    ask(monitor, by_alice, now)
    with pytest.raises(Conflict):
        ask(monitor, by_alice, now)


def test_old_reports_are_dropped(monitor, by_alice, now, settings):
    settings.REPORT_RETENTION_DAYS = 7
    ask(monitor, by_alice, now)
    assert services.drop_old_reports(now=now + 6 * DAY) == 0
    assert services.drop_old_reports(now=now + 8 * DAY) == 1


def test_a_bar_is_as_high_as_its_scale_says(content):
    """The scale does not begin at nothing, so it has to be written."""
    chart = charts_of(content)[0]
    marks = {shape.text: shape.points[0][1] - 3 for shape in chart.shapes if shape.text.endswith("%")}
    assert list(marks) == ["100 %", "95 %", "≤ 90 %"]
    bars = [shape for shape in chart.shapes if shape.kind == "area"]
    shares = [one["availability"] for one in content["availability"]["buckets"]]
    tops = {share: bar.points[0][1] for share, bar in zip(shares, bars, strict=True) if share is not None}
    assert tops[1.0] == pytest.approx(marks["100 %"])
    assert marks["95 %"] < tops[min(tops)] <= marks["≤ 90 %"]
