"""Every cell of the status rules: each status under each observation, and what must hold for all of them."""

from datetime import UTC, datetime, timedelta
from itertools import product

import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitors import status
from monitors.status import (
    DEGRADED,
    DOWN,
    LATE,
    NEW,
    OK,
    PAUSED,
    RESUMED,
    STATUSES,
    UNKNOWN,
    Act,
    RegionView,
    Streak,
)

NOW = datetime(2026, 3, 2, 12, tzinfo=UTC)
FRESH, STALE = NOW + timedelta(seconds=1), NOW - timedelta(seconds=1)


def view(is_down, *, fresh=True, slow=0):
    return RegionView(Streak(is_down=is_down, slow=slow), FRESH if fresh else STALE)


def after_check(current, *views, quorum=None, fail_after=2):
    return status.after_check(current, views, quorum=quorum, fail_after=fail_after, now=NOW)


@pytest.mark.parametrize("current", STATUSES)
@pytest.mark.parametrize(
    ("views", "expected", "unless"),
    [
        ([view(False)], OK, {}),
        ([view(True)], DOWN, {}),
        ([view(None)], None, {}),
        ([view(False, slow=2)], DEGRADED, {}),
        ([view(False, slow=1)], OK, {}),
        ([view(True, fresh=False)], UNKNOWN, {NEW: NEW, RESUMED: RESUMED}),
        ([view(False, fresh=False)], UNKNOWN, {NEW: NEW, RESUMED: RESUMED}),
        ([RegionView(Streak(), None)], UNKNOWN, {NEW: NEW, RESUMED: RESUMED}),
        ([], UNKNOWN, {NEW: NEW, RESUMED: RESUMED}),
        ([view(False), view(True)], OK, {}),
        ([view(True), view(True)], DOWN, {}),
        ([view(True), view(None)], None, {}),
        ([view(False), view(None)], OK, {}),
        ([view(False), view(True, fresh=False)], UNKNOWN, {NEW: NEW, RESUMED: RESUMED}),
        ([view(True), view(True), view(False)], DOWN, {}),
        ([view(True), view(True, fresh=False), view(False)], OK, {}),
        ([view(False), view(None), view(None)], None, {}),
        ([view(False, slow=2), view(False), view(False)], OK, {}),
        ([view(False, slow=2), view(False, slow=5), view(False)], DEGRADED, {}),
    ],
    ids=str,
)
def test_after_a_check(current, views, expected, unless):
    wanted = PAUSED if current == PAUSED else unless.get(current, expected or current)
    assert after_check(current, *views) == wanted


@pytest.mark.parametrize("quorum", [None, 1, 2, 3, 9])
@pytest.mark.parametrize("words", [words for n in range(1, 5) for words in product("+-?", repeat=n)], ids="".join)
def test_every_cell_of_the_quorum(words, quorum):
    """`+` up, `-` down, `?` no fresh result."""
    default = {1: 1, 2: 2, 3: 2, 4: 3}[len(words)]
    needed = default if quorum is None else min(quorum, len(words))
    views = [view(word == "-", fresh=word != "?") for word in words]
    enough_look = len(words) - words.count("?") >= needed
    wanted = DOWN if words.count("-") >= needed else OK if enough_look else UNKNOWN
    for current in (OK, DOWN, UNKNOWN, DEGRADED):
        assert after_check(current, *views, quorum=quorum) == wanted


@pytest.mark.parametrize(
    ("current", "success", "failure", "tolerated"),
    [
        (NEW, OK, DOWN, NEW),
        (OK, OK, DOWN, OK),
        (LATE, OK, DOWN, LATE),
        (DEGRADED, OK, DOWN, DEGRADED),
        (DOWN, OK, DOWN, DOWN),
        (UNKNOWN, OK, DOWN, UNKNOWN),
        (PAUSED, PAUSED, PAUSED, PAUSED),
        (RESUMED, OK, DOWN, RESUMED),
    ],
)
def test_after_a_signal(current, success, failure, tolerated):
    assert status.after_signal(current, "SUCCESS", failures=0, tolerance=0) == success
    assert status.after_signal(current, "FAIL", failures=1, tolerance=0) == failure
    assert status.after_signal(current, "FAIL", failures=1, tolerance=1) == tolerated
    assert status.after_signal(current, "FAIL", failures=2, tolerance=1) == failure
    for other in ("START", "LOG", "SUSPECT", "DEPLOYMENT"):
        assert status.after_signal(current, other, failures=9, tolerance=0) == current


@pytest.mark.parametrize(
    ("current", "overdue", "past_grace"),
    [
        (NEW, NEW, NEW),
        (OK, LATE, LATE),
        (LATE, LATE, DOWN),
        (DEGRADED, DEGRADED, DEGRADED),
        (DOWN, DOWN, DOWN),
        (UNKNOWN, LATE, LATE),
        (PAUSED, PAUSED, PAUSED),
        (RESUMED, LATE, LATE),
    ],
)
def test_after_the_clock(current, overdue, past_grace):
    def after(seconds):
        due = NOW - timedelta(seconds=seconds)
        return status.after_clock(current, next_due_at=due, grace_seconds=60, now=NOW)

    assert after(1.999) == current
    assert after(2) == after(61.999) == overdue
    assert after(62) == past_grace
    assert status.after_clock(current, next_due_at=None, grace_seconds=0, now=NOW) == current


@pytest.mark.parametrize("current", STATUSES)
def test_after_an_act(current):
    assert status.after_act(current, Act.PAUSE) == PAUSED
    assert status.after_act(current, Act.RESUME) == (RESUMED if current == PAUSED else current)


@given(
    current=st.sampled_from(STATUSES), due=st.integers(-200, 200), grace=st.integers(0, 100), wait=st.integers(0, 300)
)
def test_attention_is_asked_for_exactly_when_the_clock_can_change_something(current, due, grace, wait):
    due_at = NOW + timedelta(seconds=due)
    attention_at = status.attention_after(current, next_due_at=due_at, grace_seconds=grace)
    now = NOW + timedelta(seconds=wait)
    changes = status.after_clock(current, next_due_at=due_at, grace_seconds=grace, now=now) != current
    assert changes == (attention_at is not None and now >= attention_at)


@pytest.mark.parametrize(
    ("regions", "quorum", "needed"),
    [(0, None, 1), (1, None, 1), (2, None, 2), (3, None, 2), (4, None, 3), (5, None, 3), (3, 1, 1), (2, 5, 2)],
)
def test_quorum(regions, quorum, needed):
    assert status.quorum_of(regions, quorum) == needed


def run(results, *, fail_after, resolve_after, slow=()):
    streak = Streak()
    for index, ok in enumerate(results):
        streak = status.after_result(
            streak, ok=ok, is_slow=index in slow, fail_after=fail_after, resolve_after=resolve_after
        )
    return streak


RESULTS = st.lists(st.booleans(), max_size=12)


@given(results=RESULTS, fail_after=st.integers(1, 4), resolve_after=st.integers(1, 4))
def test_a_region_says_down_only_after_so_many_failures_in_a_row_and_up_only_after_successes(
    results, fail_after, resolve_after
):
    streak = run(results, fail_after=fail_after, resolve_after=resolve_after)
    word = None
    for end in range(1, len(results) + 1):
        if not any(results[max(0, end - fail_after) : end]) and end >= fail_after:
            word = True
        elif results[end - 1] and (word is None or all(results[max(0, end - resolve_after) : end])):
            word = False if word is None or end >= resolve_after else word
    assert streak.is_down is word
    assert not (streak.failures and streak.successes)


@given(results=st.lists(st.booleans(), min_size=1, max_size=12))
def test_counters_count_the_last_row(results):
    streak = run(results, fail_after=2, resolve_after=2)
    same = next((i for i, ok in enumerate(reversed(results)) if ok != results[-1]), len(results))
    assert (streak.successes if results[-1] else streak.failures) == same


def test_a_failure_says_nothing_about_latency():
    assert run([True, True, False], fail_after=2, resolve_after=1, slow={0, 1}).slow == 2
    assert run([True, True, False, True], fail_after=2, resolve_after=1, slow={0, 1}).slow == 0


VIEWS = st.lists(
    st.builds(
        RegionView,
        st.builds(Streak, is_down=st.sampled_from([None, True, False]), slow=st.integers(0, 3)),
        st.one_of(st.none(), st.integers(-100, 100).map(lambda seconds: NOW + timedelta(seconds=seconds))),
    ),
    max_size=5,
)


@given(current=st.sampled_from(STATUSES), views=VIEWS, quorum=st.one_of(st.none(), st.integers(1, 5)))
def test_what_holds_for_every_set_of_regions(current, views, quorum):
    to = after_check(current, *views, quorum=quorum)
    assert to in STATUSES
    assert after_check(to, *views, quorum=quorum) == to, "the same observation again changes nothing"
    needed = status.quorum_of(len(views), quorum)
    fresh = [one for one in views if status.is_fresh(one.fresh_until, now=NOW)]
    if len(fresh) < needed:
        assert to in (UNKNOWN, NEW, RESUMED, PAUSED), "not looking is never downtime"
    if to == DOWN != current:
        assert sum(one.streak.is_down is True for one in fresh) >= needed
    if to == UNKNOWN != current:
        blind = status.blind_since(views, quorum=quorum, now=NOW)
        assert blind is None or blind <= NOW


def test_blindness_began_when_the_last_needed_region_fell_silent():
    ends = [NOW - timedelta(seconds=seconds) for seconds in (5, 60, 600)]
    views = [RegionView(Streak(), end) for end in ends]
    assert status.blind_since(views, quorum=None, now=NOW) == ends[1]
    assert status.blind_since(views, quorum=1, now=NOW) == ends[0]
    assert status.blind_since(views, quorum=1, now=ends[1]) is None
    assert status.blind_since([RegionView(Streak(), None)], quorum=None, now=NOW) is None


def test_a_result_speaks_for_two_and_a_half_intervals():
    until = status.fresh_until(NOW, interval_seconds=10)
    assert status.is_fresh(until, now=NOW + timedelta(seconds=24.9))
    assert not status.is_fresh(until, now=NOW + timedelta(seconds=25))
