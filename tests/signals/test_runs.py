"""How an end finds its start."""

from datetime import UTC, datetime, timedelta

from signals import runs

T = datetime(2026, 3, 2, 12, 0, tzinfo=UTC)
A, B = "0" * 32, "1" * 32


def opened(*starts):
    found = []
    for rid, second in starts:
        found = runs.begun(found, rid=rid, at=T + timedelta(seconds=second))
    return found


def test_an_end_pairs_with_the_start_of_its_rid():
    left, started = runs.ended(opened((A, 0), (B, 5)), rid=A)
    assert started == T
    assert [run[0] for run in left] == [B]


def test_an_end_without_rid_pairs_with_the_last_start_and_closes_all():
    left, started = runs.ended(opened((None, 0), (None, 5)), rid=None)
    assert started == T + timedelta(seconds=5)
    assert left == []


def test_an_end_with_an_unknown_rid_pairs_with_the_last_start_that_has_none():
    left, started = runs.ended(opened((None, 0), (B, 5)), rid=A)
    assert started == T
    assert [run[0] for run in left] == [B]
    assert runs.ended(opened((B, 5)), rid=A)[1] is None


def test_an_end_without_a_start_has_no_duration():
    assert runs.ended([], rid=None) == ([], None)


def test_the_oldest_start_is_forgotten_when_there_are_too_many():
    found = opened(*[(None, second) for second in range(runs.MOST_OPEN + 5)])
    assert len(found) == runs.MOST_OPEN
    assert found[0][1] == T.timestamp() + 5


def test_a_run_is_said_to_take_too_long_once():
    found = opened((A, 0), (B, 50))
    assert runs.next_deadline(found, 60) == T + timedelta(seconds=60)
    marked, newly = runs.overdue(found, max_runtime_seconds=60, at=T + timedelta(seconds=60))
    assert [run[0] for run in newly] == [A]
    assert runs.overdue(marked, max_runtime_seconds=60, at=T + timedelta(seconds=61))[1] == []
    assert runs.next_deadline(marked, 60) == T + timedelta(seconds=110)
    assert runs.next_deadline(found, None) is None
