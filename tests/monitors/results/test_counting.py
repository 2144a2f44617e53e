"""Results that change nothing take a shorter way, and leave behind what the long one would have."""

from datetime import UTC, datetime, timedelta

import pytest
from django.db import transaction

from monitors.models import Evidence, Facts, RegionState, Result, StatusChange
from monitors.probes.base import Certificate, Phases
from monitors.results import recording
from monitors.results.recording import record
from tests.monitors.conftest import result_of

pytestmark = pytest.mark.django_db
DAY = timedelta(days=1)


def certificate(now, days):
    return Certificate(subject="shop.example", issuer="CA", names=("shop.example",), not_before=now - DAY,
                       not_after=now + days * DAY, fingerprint="ab" * 32, serial="1")  # fmt: skip


# How the second of two results differs from an ordinary one, and whether it is steady after an ordinary first one.
SECOND = {
    "like the first": ({}, True),
    "failed": ({"ok": False}, False),
    "slow": ({"latency_ms": 900.0}, False),
    "a little late": ({"lag_ms": 5.0, "loop_lag_ms": 880.0, "latency_ms": 900.0}, True),
    "without an answer's code": ({"status_code": None, "address": "192.0.2.1"}, True),
    "after a gap": ({"after": 3600}, False),
    "evidence due": ({"after": 140, "evidence_is_old": True}, False),
    "not storable as it is": ({"address": "\x00" * 80, "latency_ms": float("nan")}, True),
    "a certificate of its own": ({"days": 80}, False),
    "another failure before": ({"failures": 1}, False),
    "of a monitor with a warning": ({"findings_mark": 5}, False),
}


def everything():
    """All that recording writes, without ids."""
    return [
        sorted(map(str, model.objects.values_list(*(f.name for f in model._meta.fields if not f.primary_key))))
        for model in (RegionState, Result, Evidence, Facts, StatusChange)
    ]


def seconds_of(make, see, now, given):
    given = dict(given)
    monitor = make(latency_threshold_ms=500)
    see(monitor, 0)
    see(monitor, 60)
    state = RegionState.objects.filter(monitor=monitor)
    state.update(consecutive_failures=given.pop("failures", 0), findings_mark=given.pop("findings_mark", None))
    if given.pop("evidence_is_old", False):
        state.update(good_evidence_at=now - DAY)
    if days := given.pop("days", None):
        given["certificate"] = certificate(now, days)
    at = now + timedelta(seconds=given.pop("after", 120))
    lags = {name: given.pop(name) for name in ("lag_ms", "loop_lag_ms") if name in given}
    result = result_of(monitor, at, phases=Phases(connect=1.5), **given)
    for name, value in lags.items():
        setattr(result, name, value)
    return result


@pytest.mark.parametrize("what", SECOND)
def test_the_short_way_leaves_what_the_long_one_leaves(make, see, now, what, monkeypatch, db):
    given, is_steady = SECOND[what]
    result, taken = seconds_of(make, see, now, given), []
    real = recording.apart

    def watched(results, rows):
        plain, others = real(results, rows)
        taken.append(bool(plain))
        return plain, others

    monkeypatch.setattr(recording, "apart", watched)
    at = datetime.fromtimestamp(result.finished_at, UTC)
    with transaction.atomic():
        record([result], now=at)
        by_the_short_way = everything()
        transaction.set_rollback(True)
    monkeypatch.setattr(recording, "apart", lambda results, rows: ([], list(results)))
    record([result], now=at)
    assert by_the_short_way == everything()
    assert taken == [is_steady]


def test_a_certificate_that_is_known_is_steady_until_it_warns(make, see, now):
    monitor = make(ssl_expiry_days=[14])
    see(monitor, 0, certificate=certificate(now, 20))
    see(monitor, 60, certificate=certificate(now, 20))
    state = RegionState.objects.get()
    assert (state.findings_mark, Facts.objects.count()) == (None, 1)
    see(monitor, 120, certificate=certificate(now, 10))
    state.refresh_from_db()
    assert state.findings_mark is not None
    assert state.certificate_expires_at == now + 10 * DAY
