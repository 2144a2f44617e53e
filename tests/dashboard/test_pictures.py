"""Geometry of uptime bars and sparklines."""

from datetime import date, timedelta
from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from dashboard import pictures
from dashboard.formats import NBSP


def day(offset=0, availability=1.0, state="OK", **more):
    entry = {"date": date(2026, 10, 3) + timedelta(days=offset), "availability": availability, "state": state}
    return entry | {"coverage": 1.0, "incident_count": 0} | more


def test_days_fill_the_width_without_overlap():
    bar = pictures.uptime_bar([day(offset) for offset in range(90)])
    edges = [(float(drawn.x[:-1]), float(drawn.width[:-1])) for drawn in bar.days]
    assert all(x + width <= following for (x, width), (following, _) in pairwise(edges))
    assert sum(edges[-1]) <= 100


def test_trouble_stands_above_the_skyline_and_no_data_below():
    heights = [
        int(drawn.height[:-1])
        for drawn in pictures.uptime_bar([day(availability=None), day(), day(state="DEGRADED"), day(state="DOWN")]).days
    ]
    assert heights == sorted(heights)
    assert len(set(heights)) == 4


def test_title_says_availability_and_incidents():
    drawn = pictures.uptime_bar([day(availability=0.971, state="DOWN", incident_count=2)]).days[0]
    assert drawn.title.replace(NBSP, " ") == "3 Oct: 97.1 %, 2 incidents"


def test_title_says_coverage_only_when_part_of_the_day_was_not_watched():
    titles = [drawn.title for drawn in pictures.uptime_bar([day(), day(coverage=0.5)]).days]
    assert "watched" not in titles[0]
    assert titles[1].replace(NBSP, " ") == "3 Oct: 100 %, no incidents, 50 % watched"


def test_a_day_without_data_is_unknown_whatever_its_state():
    drawn = pictures.uptime_bar([day(availability=None, state="OK")]).days[0]
    assert (drawn.tone, drawn.title) == ("is-unknown", "3 Oct: no data")


def test_only_days_with_trouble_are_eventful():
    bar = pictures.uptime_bar([day(), day(state="DOWN"), day(incident_count=1), day(availability=None)])
    assert [drawn.is_eventful for drawn in bar.days] == [False, True, True, False]


def test_summary_says_uptime_and_days_of_trouble():
    bar = pictures.uptime_bar([day(), day(1, availability=0.9, state="DOWN")])
    assert bar.summary.replace(NBSP, " ") == "Uptime of 2 days: 95 %, trouble on 1"
    assert (bar.first, bar.last) == ("3 Oct", "4 Oct")


def test_no_days_draw_nothing():
    assert pictures.uptime_bar([]).summary == "No history yet"


def test_sparkline_needs_two_values():
    assert pictures.sparkline([None, 12]).path == ""


def test_a_gap_lifts_the_pen():
    assert pictures.sparkline([1, 2, None, 3, 4]).path.count("M") == 2


@given(st.lists(st.none() | st.floats(min_value=0, max_value=1e6), min_size=2, max_size=60))
def test_sparkline_stays_in_its_box(values):
    numbers = pictures.sparkline(values).path.replace("M", "").replace("L", "").split()
    xs, ys = [float(number) for number in numbers[::2]], [float(number) for number in numbers[1::2]]
    assert all(0 <= x <= pictures.SPARK_WIDTH for x in xs)
    assert all(0 <= y <= pictures.SPARK_HEIGHT for y in ys)


def test_a_small_bar_is_one_path_a_tone():
    bar = pictures.small_bar(["is-ok", "is-down", "is-ok", "is-unknown"], [1.0, 0.5, 1.0, None])
    assert {tone for tone, _ in bar.paths} == {"is-ok", "is-down", "is-unknown"}
    assert dict(bar.paths)["is-ok"].count("M") == 2
    assert bar.width == 15


def test_a_small_bar_says_the_same_as_the_large_one():
    days = [day(), day(1, availability=0.9, state="DOWN"), day(2, availability=None)]
    small = pictures.small_bar(["is-ok", "is-down", "is-unknown"], [1.0, 0.9, None])
    assert small.summary == pictures.uptime_bar(days).summary


def test_a_small_bar_of_nothing_says_so():
    assert pictures.small_bar([], []).summary == "No history yet"
