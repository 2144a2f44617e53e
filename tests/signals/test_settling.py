"""Stored signals get their effect once, in order, whoever looks first."""

from datetime import timedelta

import pytest

from monitors.events import statuses_changed
from monitors.models import Monitor
from monitors.services import pause, resume
from signals.events import signals_stored
from signals.models import Signal
from signals.services import settle
from tests.signals.conftest import state_of, status_of

pytestmark = pytest.mark.django_db


def store(heartbeat, said, at, **fields):
    """What the ping path leaves of a ping that is not steady."""
    state = state_of(heartbeat)
    signal = Signal.objects.create(heartbeat=heartbeat, type=said, created_at=at, **fields)
    state.attention_at = min(state.attention_at or at, at)
    state.last_ping_at = at
    state.is_steady = False
    state.save()
    return signal


def changes(heartbeat):
    return list(heartbeat.monitor.status_changes.order_by("id").values_list("after", flat=True))


def test_signals_have_their_effect_in_order_and_once(heartbeat, now):
    for second, said in enumerate(["SUCCESS", "FAIL", "START", "SUCCESS"]):
        store(heartbeat, said, now + timedelta(seconds=second))
    assert settle([heartbeat.pk], now=now) == 1
    assert changes(heartbeat) == ["OK", "DOWN", "OK"]
    state = state_of(heartbeat)
    assert state.settled_signal_id == Signal.objects.latest("id").pk
    assert state.next_due_at == now + timedelta(seconds=3 + 3600)
    assert state.is_steady
    settle([heartbeat.pk], now=now)
    assert changes(heartbeat) == ["OK", "DOWN", "OK"]


def test_a_change_happens_when_the_signal_came(heartbeat, now):
    store(heartbeat, "SUCCESS", now + timedelta(seconds=7))
    settle([heartbeat.pk], now=now + timedelta(seconds=9))
    assert heartbeat.monitor.status_changes.get().at == now + timedelta(seconds=7)


def test_a_change_never_lies_before_the_last_one(heartbeat, now):
    store(heartbeat, "SUCCESS", now - timedelta(seconds=7))
    settle([heartbeat.pk], now=now)
    assert heartbeat.monitor.status_changes.get().at == now


def test_those_who_listen_hear_each_signal_once_inside_the_transaction(heartbeat, now):
    heard = []

    def hear(stored, **_):
        heard.extend((heartbeat.pk, [signal.type for signal in signals]) for heartbeat, signals in stored)

    signals_stored.connect(hear)
    try:
        store(heartbeat, "SUCCESS", now)
        store(heartbeat, "FAIL", now + timedelta(seconds=1))
        settle([heartbeat.pk], now=now)
        settle([heartbeat.pk], now=now)
    finally:
        signals_stored.disconnect(hear)
    assert heard == [(heartbeat.pk, ["SUCCESS", "FAIL"])]


def test_a_failed_receiver_undoes_all_so_that_it_can_be_tried_again(heartbeat, now):
    def refuse(**_):
        raise ValueError("not now")

    store(heartbeat, "FAIL", now)
    signals_stored.connect(refuse)
    try:
        with pytest.raises(ValueError, match="not now"):
            settle([heartbeat.pk], now=now)
    finally:
        signals_stored.disconnect(refuse)
    assert status_of(heartbeat) == "NEW"
    settle([heartbeat.pk], now=now)
    assert status_of(heartbeat) == "DOWN"


def test_a_duration_and_a_changed_meaning_are_written_on_the_signal(make_heartbeat, now):
    heartbeat = make_heartbeat(filters={"body": {"failure": ["ERROR"]}})
    store(heartbeat, "START", now)
    end = store(heartbeat, "SUCCESS", now + timedelta(seconds=2.5), payload="ERROR 7")
    settle([heartbeat.pk], now=now)
    end.refresh_from_db()
    assert (end.type, end.duration_ms) == ("FAIL", 2500)
    assert end.metadata == {"sentAs": "SUCCESS", "decidedBy": "keyword"}
    assert status_of(heartbeat) == "DOWN"


def test_a_calendar_gives_the_next_deadline(make_heartbeat, now):
    heartbeat = make_heartbeat(schedule={"kind": "cron", "expression": "0 3 * * *", "timezone": "Europe/Berlin"})
    store(heartbeat, "SUCCESS", now)
    settle([heartbeat.pk], now=now)
    state = state_of(heartbeat)
    assert state.next_due_at == (now + timedelta(days=1)).replace(hour=2)
    assert not state.is_steady


def test_signals_of_a_pause_are_kept_without_effect_also_after_it(heartbeat, by_alice, now):
    pause(monitor=heartbeat.monitor, by=by_alice, now=now)
    store(heartbeat, "FAIL", now + timedelta(seconds=1))
    settle([heartbeat.pk], now=now)
    resume(monitor=Monitor.objects.get(pk=heartbeat.pk), by=by_alice, now=now + timedelta(seconds=5))
    settle([heartbeat.pk], now=now + timedelta(seconds=5))
    assert status_of(heartbeat) == "RESUMED"
    assert state_of(heartbeat).next_due_at == now + timedelta(seconds=5 + 3600)


def test_many_are_settled_with_few_queries_when_nothing_changes(make_heartbeat, now, django_assert_max_num_queries):
    heartbeats = [make_heartbeat(name=f"job {number}") for number in range(10)]
    for one in heartbeats:
        store(one, "LOG", now)
    with django_assert_max_num_queries(20):
        assert settle([one.pk for one in heartbeats], now=now) == 10


def test_evidence_of_a_failure_says_what_came_and_when_it_was_last_good(heartbeat, now):
    heard = []

    def hear(changes, **_):
        heard.extend((one.change.after, one.evidence) for one in changes)

    store(heartbeat, "SUCCESS", now)
    store(heartbeat, "FAIL", now + timedelta(seconds=1), exit_status=3, payload="disk full")
    statuses_changed.connect(hear)
    try:
        settle([heartbeat.pk], now=now)
    finally:
        statuses_changed.disconnect(hear)
    after, evidence = heard[-1]
    assert after == "DOWN"
    assert evidence["cause"]["detail"] == "Ended with exit status 3"
    assert evidence["first_failure"]["payload"] == "disk full"
    assert evidence["last_good"]["lastPingAt"]


def test_unknown_ids_are_nothing_to_settle(db, now):
    assert settle([1, 2, 3], now=now) == 0
    assert settle([], now=now) == 0
