"""Sentences say instants as people do, in UTC where they are stored and in the reader's zone where they are read."""

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest

from common.times import in_zone, spoken

TOKYO = ZoneInfo("Asia/Tokyo")


@pytest.mark.parametrize(
    ("at", "words"),
    [
        (datetime(2026, 11, 30, 20, 11, tzinfo=UTC), "30 Nov 2026, 20:11 UTC"),
        (datetime(2026, 3, 2, 0, 0, 5, 999, tzinfo=UTC), "2 Mar 2026, 00:00:05 UTC"),
        (datetime(2026, 3, 2, 9, 0, tzinfo=TOKYO), "2 Mar 2026, 00:00 UTC"),
        (datetime(1, 1, 1, tzinfo=UTC), "1 Jan 0001, 00:00 UTC"),
    ],
)
def test_an_instant_in_words(at, words):
    assert spoken(at) == words
    assert in_zone(f"Expected by {words}.", UTC) == f"Expected by {words}."


def test_a_reader_elsewhere_reads_their_own_time():
    stored = f"From {spoken(datetime(2026, 12, 31, 20, 11, tzinfo=UTC))} to 1 Jan 2027, 00:00:30 UTC"
    assert in_zone(stored, TOKYO) == "From 1 Jan 2027, 05:11 JST to 1 Jan 2027, 09:00:30 JST"


@pytest.mark.parametrize("text", ["", "31 Feb 2026, 12:00 UTC", "1 Jan 2026", "31 Dec 9999, 23:59 UTC", "12:00 UTC"])
def test_what_is_no_instant_stays(text):
    assert in_zone(text, TOKYO) == text
