"""Every cell of the heartbeat table of the lifecycle, without a database."""

from datetime import UTC, datetime, timedelta

import pytest

from monitors.status import DOWN, LATE, NEW, OK, PAUSED, RESUMED, UNKNOWN
from signals.progress import Observed, Progress, Rules, after_blindness, after_ping, after_time

T = datetime(2026, 3, 2, 12, 0, tzinfo=UTC)
INTERVAL, GRACE = 60, 30
UNPAUSED = (NEW, OK, LATE, DOWN, UNKNOWN, RESUMED)


def seconds(number):
    return T + timedelta(seconds=number)


def progress(status, due=INTERVAL, **rules):
    given = {
        "schedule": {"kind": "interval", "interval_seconds": INTERVAL},
        "grace_seconds": GRACE,
        "failure_tolerance": 0,
        "max_runtime_seconds": None,
        "methods": (),
        "filters": {},
    }
    return Progress(Rules(**given | rules), status, None if due is None else seconds(due))


def reached(moved):
    return [(step.to, step.at) for step in moved.steps]


@pytest.mark.parametrize("status", UNPAUSED)
def test_a_ping_makes_it_ok_and_moves_the_deadline(status):
    moved = progress(status)
    after_ping(moved, Observed("SUCCESS", seconds(50)))
    assert moved.status == OK
    assert moved.next_due_at == seconds(50 + INTERVAL)
    assert moved.attention_at == seconds(50 + INTERVAL + 2)
    assert moved.is_steady
    assert reached(moved) == ([] if status == OK else [(OK, seconds(50))])


def test_a_ping_of_a_paused_one_changes_nothing():
    moved = progress(PAUSED, due=None)
    for said in ("SUCCESS", "FAIL", "START", "LOG"):
        after_ping(moved, Observed(said, seconds(50)))
    after_time(moved, seconds(10_000))
    assert (moved.status, moved.next_due_at, moved.attention_at, moved.steps) == (PAUSED, None, None, [])
    assert not moved.is_steady


@pytest.mark.parametrize("status", UNPAUSED)
@pytest.mark.parametrize("exit_status", [None, 3])
def test_a_failure_takes_it_down(status, exit_status):
    moved = progress(status)
    after_ping(moved, Observed("FAIL", seconds(50), exit_status=exit_status))
    assert moved.status == DOWN
    assert moved.attention_at is None
    assert not moved.is_steady
    assert reached(moved) == ([] if status == DOWN else [(DOWN, seconds(50))])


def test_failures_are_tolerated_as_often_as_said_in_a_row():
    moved = progress(OK, failure_tolerance=2)
    for at in (60, 120):
        after_ping(moved, Observed("FAIL", seconds(at)))
        assert moved.status == OK
    assert moved.next_due_at == seconds(180)
    after_ping(moved, Observed("SUCCESS", seconds(180)))
    assert moved.failures == 0
    for at in (240, 300, 360):
        assert moved.status == OK
        after_ping(moved, Observed("FAIL", seconds(at)))
    assert moved.status == DOWN


@pytest.mark.parametrize("status", [*UNPAUSED, PAUSED])
@pytest.mark.parametrize("said", ["START", "LOG"])
def test_a_start_and_a_log_leave_the_status(status, said):
    moved = progress(status)
    after_ping(moved, Observed(said, seconds(50)))
    assert (moved.status, moved.next_due_at, moved.steps) == (status, seconds(INTERVAL), [])


@pytest.mark.parametrize(
    ("status", "at", "expected", "words"),
    [
        (OK, INTERVAL + 1.999, OK, []),
        (OK, INTERVAL + 2, LATE, ["SUSPECT"]),
        (RESUMED, INTERVAL + 1.999, RESUMED, []),
        (RESUMED, INTERVAL + 2, LATE, ["SUSPECT"]),
        (UNKNOWN, INTERVAL + 2, LATE, ["SUSPECT"]),
        (LATE, INTERVAL + GRACE + 1.999, LATE, []),
        (LATE, INTERVAL + GRACE + 2, DOWN, ["FAIL"]),
        (OK, INTERVAL + GRACE + 2, DOWN, ["SUSPECT", "FAIL"]),
        (NEW, 10_000, NEW, []),
        (DOWN, 10_000, DOWN, []),
        (PAUSED, 10_000, PAUSED, []),
    ],
)
def test_the_clock(status, at, expected, words):
    moved = progress(status)
    after_time(moved, seconds(at))
    assert moved.status == expected
    assert [word.type for word in moved.words] == words


@pytest.mark.parametrize("status", [NEW, DOWN, PAUSED])
def test_the_clock_need_not_look_at_what_it_cannot_change(status):
    assert progress(status).attention_at is None


def test_attention_is_due_when_the_next_step_is():
    assert progress(OK).attention_at == seconds(INTERVAL + 2)
    assert progress(LATE).attention_at == seconds(INTERVAL + GRACE + 2)


def test_no_grace_goes_down_at_once():
    moved = progress(OK, grace_seconds=0)
    after_time(moved, seconds(INTERVAL + 2))
    assert reached(moved) == [(LATE, seconds(INTERVAL + 2)), (DOWN, seconds(INTERVAL + 2))]


def test_a_start_without_an_end_within_the_runtime_is_a_failure():
    moved = progress(OK, max_runtime_seconds=20)
    after_ping(moved, Observed("START", seconds(0)))
    assert moved.attention_at == seconds(22)
    assert not moved.is_steady
    after_time(moved, seconds(21.9))
    assert moved.status == OK
    after_time(moved, seconds(22))
    assert moved.status == DOWN
    assert [word.type for word in moved.words] == ["FAIL"]
    after_time(moved, seconds(30))
    assert len(moved.words) == 1


def test_a_run_of_a_new_one_can_take_too_long_too():
    moved = progress(NEW, due=None, max_runtime_seconds=20)
    after_ping(moved, Observed("START", seconds(0)))
    after_time(moved, seconds(22))
    assert moved.status == DOWN


def test_an_end_gives_the_duration_also_after_it_took_too_long():
    moved = progress(OK, max_runtime_seconds=20)
    after_ping(moved, Observed("START", seconds(0)))
    after_time(moved, seconds(25))
    verdict = after_ping(moved, Observed("SUCCESS", seconds(31.5)))
    assert verdict.duration_ms == moved.last_duration_ms == 31_500
    assert moved.status == OK


def test_a_method_not_asked_for_is_kept_and_says_nothing():
    moved = progress(LATE, methods=("POST",))
    verdict = after_ping(moved, Observed("SUCCESS", seconds(70), method="GET"))
    assert (verdict.type, verdict.note, moved.status) == ("LOG", "method", LATE)
    after_ping(moved, Observed("SUCCESS", seconds(71), method="POST"))
    assert moved.status == OK
    assert not moved.is_steady


@pytest.mark.parametrize(
    ("body", "said", "status"),
    [("all good", "SUCCESS", OK), ("ERROR good", "FAIL", DOWN), ("begin", "START", LATE), ("hm", "LOG", LATE)],
)
def test_keywords_decide_what_a_body_says(body, said, status):
    words = {"body": {"success": ["good"], "failure": ["ERROR"], "start": ["begin"]}}
    moved = progress(LATE, filters=words)
    assert after_ping(moved, Observed("SUCCESS", seconds(70), body=body)).type == said
    assert moved.status == status


def test_without_success_words_any_other_body_is_a_success():
    moved = progress(LATE, filters={"body": {"failure": ["ERROR"]}})
    assert after_ping(moved, Observed("SUCCESS", seconds(70), body="hm")).type == "SUCCESS"


@pytest.mark.parametrize("status", [OK, LATE, RESUMED, UNKNOWN])
def test_a_deadline_in_a_blind_spell_is_unknown_and_moves_on(status):
    moved = progress(status)
    after_blindness(moved, seconds(10), seconds(200))
    assert moved.status == UNKNOWN
    assert moved.next_due_at == seconds(INTERVAL + 190)
    after_time(moved, seconds(200))
    assert moved.status == UNKNOWN


def test_a_deadline_before_a_blind_spell_moves_to_its_end_at_least():
    moved = progress(LATE, due=-20)
    after_blindness(moved, seconds(0), seconds(15))
    assert moved.next_due_at == seconds(15)
    assert moved.attention_at > seconds(15)


@pytest.mark.parametrize("status", [NEW, DOWN, PAUSED])
def test_a_blind_spell_leaves_what_has_no_deadline(status):
    moved = progress(status)
    after_blindness(moved, seconds(0), seconds(500))
    assert (moved.status, moved.steps) == (status, [])


def test_a_deadline_after_a_blind_spell_stays():
    moved = progress(OK)
    after_blindness(moved, seconds(0), seconds(61))
    assert (moved.status, moved.next_due_at) == (OK, seconds(INTERVAL))


def test_a_run_whose_end_could_not_arrive_is_no_failure():
    moved = progress(DOWN, due=None, max_runtime_seconds=20)
    after_ping(moved, Observed("START", seconds(0)))
    after_blindness(moved, seconds(10), seconds(100))
    after_time(moved, seconds(100))
    assert (moved.status, moved.words) == (DOWN, [])
