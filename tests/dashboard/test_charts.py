"""What charts draw, and what they leave empty."""

from datetime import UTC, datetime, timedelta

from dashboard.charts import latency_chart
from monitors.models import Monitor, Result

START = datetime(2026, 3, 2, 12, tzinfo=UTC)


def chart_of(*seconds, interval=10, failed=()):
    results = [
        Result(scheduled_at=START + timedelta(seconds=one), ok=one not in failed, first_byte_ms=5.0) for one in seconds
    ]
    drawn = latency_chart(results[::-1], Monitor(interval_seconds=interval), [])
    [series] = drawn["series"]
    return [at - int(START.timestamp()) for at in drawn["times"]], series["values"]


def test_no_line_is_drawn_where_nobody_was_looking():
    assert chart_of(0, 10, 600, 610) == ([0, 10, 20, 600, 610], [5.0, 5.0, None, 5.0, 5.0])


def test_a_check_that_was_skipped_draws_no_gap():
    assert chart_of(0, 10, 30, 60) == ([0, 10, 30, 60], [5.0] * 4)


def test_a_failed_check_is_a_gap():
    assert chart_of(0, 10, 20, failed={10}) == ([0, 10, 20], [5.0, None, 5.0])
