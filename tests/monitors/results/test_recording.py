"""Results become rows, hot state, history and incidents: once each, in order, all of it or nothing."""

from dataclasses import replace
from datetime import timedelta

import pytest

from incidents.models import Incident, State
from monitors import events
from monitors.models import Evidence, Result, Status, StatusChange
from monitors.probes.base import AssertionOutcome, Certificate
from monitors.results.recording import record
from monitors.scheduling.reference import OwnNetwork
from monitors.scheduling.store import DatabaseStore
from monitors.services import delete_monitor, edit_monitor, pause, resume
from tests.monitors.conftest import region_state, result_of, status_of

pytestmark = pytest.mark.django_db
NIGHT = 10 * 3600


def history(monitor):
    return list(monitor.status_changes.order_by("pk").values_list("after", flat=True))


def test_the_first_success_is_up_and_two_failures_are_down(make, see):
    monitor = make()
    see(monitor, 1)
    assert status_of(monitor) == Status.OK
    see(monitor, 61, ok=False)
    assert status_of(monitor) == Status.OK
    see(monitor, 121, ok=False, detail="HTTP 500", status_code=500)
    assert status_of(monitor) == Status.DOWN
    see(monitor, 181)
    assert history(monitor) == ["OK", "DOWN", "OK"]
    incident = Incident.objects.get()
    assert incident.state == State.RESOLVED
    assert incident.cause["detail"] == "HTTP 500"
    assert incident.first_failure["detail"] == "It failed."
    assert incident.last_good["statusCode"] == 200


def test_a_result_counts_once(make, see, now):
    monitor = make(fail_after_consecutive=3)
    see(monitor, 1)
    twice = result_of(monitor, now + timedelta(seconds=61), ok=False)
    for _ in range(3):
        record([twice, twice], now=now)
    assert region_state(monitor).consecutive_failures == 1
    assert Result.objects.count() == 2


def test_a_result_that_comes_after_a_later_one_is_dropped(make, see):
    monitor = make()
    see(monitor, 61)
    see(monitor, 1, ok=False)
    assert region_state(monitor).consecutive_failures == 0
    assert Result.objects.count() == 1


def test_results_that_waited_together_are_applied_in_their_order(make, see, now):
    monitor = make()
    see(monitor, 1)
    outage = [
        result_of(monitor, now + timedelta(seconds=at), ok=ok) for at, ok in ((241, True), (61, False), (121, False))
    ]
    record(outage, now=now + timedelta(seconds=300))
    assert history(monitor) == ["OK", "DOWN", "OK"]
    assert StatusChange.objects.get(after="DOWN").at == now + timedelta(seconds=121.1)


def test_results_of_a_deleted_monitor_are_dropped_and_harm_no_other(make, by_alice, now):
    gone, stays = make(name="Gone"), make(name="Stays")
    results = [result_of(gone, now), result_of(stays, now)]
    delete_monitor(monitor=gone, by=by_alice, now=now)
    record(results, now=now)
    assert Result.objects.get().monitor_id == stays.pk


def test_a_late_result_of_a_paused_monitor_changes_nothing(make, see, by_alice, now):
    monitor = make()
    see(monitor, 1)
    late = result_of(monitor, now + timedelta(seconds=2), ok=False)
    pause(monitor=monitor, by=by_alice, now=now + timedelta(seconds=3))
    before = region_state(monitor)
    record([late], now=now + timedelta(seconds=4))
    after = region_state(monitor)
    assert (after.is_down, after.consecutive_failures, after.claimable_at) == (None, 0, None)
    assert after.last_checked_at == before.last_checked_at
    assert status_of(monitor) == Status.PAUSED
    resume(monitor=monitor, by=by_alice, now=now + timedelta(seconds=60))
    record([replace(late)], now=now + timedelta(seconds=61))
    assert status_of(monitor) == Status.RESUMED
    assert Result.objects.count() == 1


def test_a_night_off_is_unknown_neither_downtime_nor_uptime(make, see, now):
    monitor = make()
    see(monitor, 1)
    see(monitor, NIGHT)
    assert history(monitor) == ["OK", "UNKNOWN", "OK"]
    unknown, again = StatusChange.objects.order_by("pk")[1:]
    assert unknown.at == now + timedelta(seconds=1.1 + 150)
    assert again.at == now + timedelta(seconds=NIGHT + 0.1)


def test_after_a_night_off_one_failure_is_not_down(make, see):
    monitor = make()
    see(monitor, 1)
    see(monitor, NIGHT, ok=False)
    assert status_of(monitor) == Status.UNKNOWN
    see(monitor, NIGHT + 60, ok=False)
    assert status_of(monitor) == Status.DOWN


def test_an_outage_before_and_after_a_night_off_is_one_incident(make, see):
    monitor = make()
    for at in (1, 61, NIGHT, NIGHT + 60):
        see(monitor, at, ok=False)
    assert history(monitor) == ["DOWN", "UNKNOWN", "DOWN"]
    assert Incident.objects.get().state == State.OPEN


def test_a_night_off_in_two_regions_is_unknown_since_the_quorum_was_lost(make, see, now):
    monitor = make(regions=2)
    for region in ("default", "r2"):
        see(monitor, 1, region=region)
    see(monitor, 61, region="r2")
    see(monitor, NIGHT)
    assert status_of(monitor) == Status.UNKNOWN
    assert StatusChange.objects.get(after="UNKNOWN").at == now + timedelta(seconds=151.1)
    see(monitor, NIGHT + 1, region="r2")
    assert history(monitor) == ["OK", "UNKNOWN", "OK"]


def test_one_region_of_three_opens_nothing_and_two_do(make, see):
    monitor = make(regions=3)
    for region in ("default", "r2", "r3"):
        see(monitor, 1, region=region)
    for at in (61, 121):
        see(monitor, at, ok=False, region="r2")
        see(monitor, at, region="r3")
    assert region_state(monitor, "r2").is_down is True
    assert not Incident.objects.exists()
    for at in (122, 182):
        see(monitor, at, ok=False)
    assert status_of(monitor) == Status.DOWN
    see(monitor, 183, region="r2")
    assert status_of(monitor) == Status.OK


def test_a_stale_word_of_a_region_does_not_count(make, see):
    monitor = make(regions=3)
    for region in ("default", "r2", "r3"):
        see(monitor, 1, region=region)
    for at in (2, 3):
        see(monitor, at, ok=False, region="r2")
    for at in (100, 160):
        see(monitor, at, region="r3")
    for at in (101, 161):
        see(monitor, at, ok=False)
    assert status_of(monitor) == Status.OK


def test_a_new_monitor_in_two_regions_waits_for_both(make, see):
    monitor = make(regions=2)
    see(monitor, 1)
    assert status_of(monitor) == Status.NEW
    see(monitor, 2, region="r2")
    assert status_of(monitor) == Status.OK


def test_a_failing_check_says_nothing_about_latency(make, see):
    monitor = make(latency_threshold_ms=100)
    see(monitor, 1)
    for at in (61, 121):
        see(monitor, at, latency_ms=500.0)
    assert status_of(monitor) == Status.DEGRADED
    see(monitor, 181, ok=False)
    assert Incident.objects.get().state == State.OPEN
    see(monitor, 241, latency_ms=500.0)
    assert status_of(monitor) == Status.DEGRADED
    see(monitor, 301)
    assert history(monitor) == ["OK", "DEGRADED", "OK"]


def test_latency_of_a_late_loop_alerts_nobody(make, see, now):
    monitor = make(latency_threshold_ms=100, fail_after_consecutive=1)
    see(monitor, 1)
    result = result_of(monitor, now + timedelta(seconds=61), latency_ms=500.0)
    result.loop_lag_ms = 450.0
    record([result], now=now + timedelta(seconds=62))
    assert status_of(monitor) == Status.OK


def test_a_receiver_that_fails_rolls_back_everything_and_the_result_counts_when_it_is_offered_again(make, see, now):
    monitor = make(fail_after_consecutive=1)
    see(monitor, 1)
    failed = result_of(monitor, now + timedelta(seconds=61), ok=False)

    def broken(**_):
        raise RuntimeError("a bug")

    events.statuses_changed.connect(broken)
    try:
        with pytest.raises(RuntimeError):
            record([failed], now=now)
    finally:
        events.statuses_changed.disconnect(broken)
    assert (Result.objects.count(), region_state(monitor).consecutive_failures, Incident.objects.count()) == (1, 0, 0)
    record([failed], now=now)
    assert (Result.objects.count(), status_of(monitor), Incident.objects.count()) == (2, "DOWN", 1)


NASTY = {
    "an overlong address": {"address": "x" * 500},
    "an overlong detail": {"detail": "x" * 5000},
    "NUL": {"detail": "a\x00b", "address": "\x00", "headers": (("X\x00", "\x00"),), "body_excerpt": b"\x00"},
    "half a surrogate pair": {"detail": "\ud800", "headers": (("X", "\udfff"),), "redirects": ("http://\ud800/",)},
    "a status code beyond its column": {"status_code": 99_999},
    "no number": {"latency_ms": float("nan")},
    "infinity": {"latency_ms": float("inf")},
    "an assertion of anything": {
        "assertions": (
            AssertionOutcome(source="json", property="$", comparison="equals", target=10**400, actual="\x00", ok=False),
            AssertionOutcome(
                source="json", property="$", comparison="equals", target=float("nan"), actual=[], ok=False
            ),
        )
    },
}


@pytest.mark.parametrize("ok", [True, False])
@pytest.mark.parametrize("found", NASTY.values(), ids=NASTY)
def test_whatever_a_target_sends_is_stored(make, see, ok, found):
    monitor = make(fail_after_consecutive=1)
    see(monitor, 1, ok=ok, **found)
    stored = Result.objects.get()
    assert stored.ok is ok
    assert Evidence.objects.get().data["checkedAt"]
    assert Incident.objects.count() == (not ok)


def test_the_last_good_check_is_kept_anew_after_an_hour_or_somewhat_more(make, see, now):
    monitor = make()
    kept_at = []
    for seconds in (0, 3590, 3600 + 1800):
        see(monitor, seconds)
        kept_at.append((Evidence.objects.get().observed_at - now).total_seconds())
    assert kept_at == [0.1, 0.1, 5400.1]


def test_monitors_that_began_together_do_not_keep_their_checks_together(make, now):
    one, two = make(), make(name="Other")
    record([result_of(each, now) for each in (one, two)], now=now)
    first = 3600 + one.pk % 1800
    later = now + timedelta(seconds=first + 0.5)
    record([result_of(each, later) for each in (one, two)], now=later)
    kept = dict(Evidence.objects.values_list("monitor", "observed_at"))
    assert (kept[one.pk] > later, kept[two.pk] > later) == (True, False)


def test_nesting_without_end_is_stored(make, see):
    deep = []
    for _ in range(2000):
        deep = [deep]
    outcome = AssertionOutcome(source="json", property="$", comparison="equals", target=deep, actual=None, ok=True)
    see(make(), 1, assertions=(outcome,))
    assert Evidence.objects.exists()


def test_a_certificate_for_ever_is_stored(make, see, now):
    last = now.replace(year=9999)
    certificate = Certificate(
        subject="\x00", issuer="", names=(), not_before=now, not_after=last, fingerprint="f" * 64, serial="1"
    )
    monitor = make()
    see(monitor, 1, certificate=certificate)
    assert region_state(monitor).certificate_expires_at == last


@pytest.mark.django_db(transaction=True)
def test_one_result_that_cannot_be_stored_is_dropped_and_the_others_are_kept(make, now, caplog):
    monitors = [make(name=f"M{number}") for number in range(7)]
    results = [result_of(monitor, now) for monitor in monitors]
    results[3].lag_ms = "not a number"
    DatabaseStore("default", OwnNetwork([])).record(results)
    assert Result.objects.count() == 6
    assert f"monitor {monitors[3].pk} cannot be stored" in caplog.text


def test_a_check_of_what_an_edit_has_replaced_does_not_count(make, see, by_alice, now):
    monitor = make()
    see(monitor, 1)
    old = result_of(monitor, now + timedelta(seconds=62), ok=False)
    fields = {"settings": {"url": "http://new.example/"}}
    edit_monitor(monitor=monitor, by=by_alice, now=now + timedelta(seconds=61), fields=fields)
    record([old], now=now + timedelta(seconds=63))
    assert region_state(monitor).consecutive_failures == 0


def test_a_check_under_way_counts_by_the_rules_that_an_edit_has_set(make, see, by_alice, now):
    monitor = make()
    see(monitor, 1)
    under_way = result_of(monitor, now + timedelta(seconds=61), ok=False)
    edit_monitor(monitor=monitor, by=by_alice, now=now, fields={"fail_after_consecutive": 1})
    record([under_way], now=now + timedelta(seconds=62))
    assert status_of(monitor) == Status.DOWN


def test_a_steady_batch_costs_the_same_whatever_its_size(make, now, django_assert_num_queries):
    monitors = [make(name=f"M{number}") for number in range(12)]
    record([result_of(monitor, now) for monitor in monitors], now=now)
    for size, minute in ((2, 1), (12, 2)):
        results = [result_of(monitor, now + timedelta(minutes=minute)) for monitor in monitors[:size]]
        with django_assert_num_queries(6):
            record(results, now=now)
