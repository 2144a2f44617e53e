"""What is too old goes, a batch at a time, and nothing else does."""

from datetime import timedelta

import pytest

from signals import upkeep
from signals.models import HeartbeatState, Signal, StreamTicket
from signals.upkeep import drop_old_signals, drop_old_tickets

pytestmark = pytest.mark.django_db


def signal_at(heartbeat, at):
    return Signal.objects.create(heartbeat=heartbeat, type="SUCCESS", created_at=at).pk


@pytest.fixture
def settled(heartbeat, now):
    """All that comes is taken for settled."""
    HeartbeatState.objects.update(settled_signal_id=10**9, attention_at=now)
    return heartbeat


def test_signals_past_their_retention_go_in_batches(settled, now, settings, monkeypatch):
    settings.RESULT_RETENTION_DAYS = 7
    monkeypatch.setattr(upkeep, "DELETED_AT_ONCE", 3)
    for hours in range(10):
        signal_at(settled, now - timedelta(days=7, hours=10 - hours))
    kept = [signal_at(settled, now - timedelta(days=6)), signal_at(settled, now)]
    assert drop_old_signals(now=now) == 10
    assert list(Signal.objects.order_by("pk").values_list("pk", flat=True)) == kept
    assert drop_old_signals(now=now) == 0


def test_a_signal_without_its_effect_is_kept(heartbeat, now):
    old = now - timedelta(days=90)
    waiting = signal_at(heartbeat, old)
    HeartbeatState.objects.update(settled_signal_id=0, attention_at=old - timedelta(seconds=1))
    assert drop_old_signals(now=now) == 0
    HeartbeatState.objects.update(settled_signal_id=waiting, attention_at=now)
    assert drop_old_signals(now=now) == 1


def test_tickets_that_are_over_go(alice, workspace, now):
    for number, seconds in enumerate((-1, 1)):
        at = now + timedelta(seconds=seconds)
        StreamTicket.objects.create(digest=str(number), user=alice, workspace=workspace, expires_at=at)
    assert drop_old_tickets(now=now) == 1
    assert StreamTicket.objects.get().digest == "1"
