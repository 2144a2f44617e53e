"""Certificates and registrations that end, other records and host keys: one incident each, as bad as it is."""

from datetime import timedelta

import pytest

from accounts.actor import SYSTEM
from common.invalid import Conflict
from incidents.holding import release
from incidents.models import HeldIncident, Incident, Kind, Severity, State
from incidents.services import edit_incident
from monitors.models import Facts, Finding, LearnedAnswer, Status
from monitors.planned.maintaining import create_window
from monitors.probes.base import Certificate
from monitors.results.learning import accept_answer
from monitors.services import edit_monitor, pause
from tests.monitors.conftest import status_of

pytestmark = pytest.mark.django_db


@pytest.fixture
def shown(now):
    """`shown(days, name)`: the certificate of a server, `days` before its end."""

    def certificate(days, name="a"):
        return Certificate(
            subject="CN=shop.example",
            issuer="CN=Test",
            names=("shop.example",),
            not_before=now - timedelta(days=60),
            not_after=now + timedelta(days=days, hours=1),
            fingerprint=name * 64,
            serial="1",
        )

    return certificate


def opened(kind):
    return Incident.objects.exclude(state=State.RESOLVED).filter(kind=kind)


def test_each_day_that_passes_raises_the_one_incident_and_a_new_certificate_ends_it(make, see, shown, now):
    monitor = make()
    see(monitor, 0, certificate=shown(31))
    assert (status_of(monitor), Incident.objects.count()) == (Status.OK, 0)
    for seconds, days, severity in [(60, 29, "WARNING"), (120, 13, "MINOR"), (180, 6, "MAJOR"), (240, 0, "CRITICAL")]:
        see(monitor, seconds, certificate=shown(days))
        assert (status_of(monitor), opened(Kind.SSL).get().severity) == (Status.DEGRADED, severity)
    incident = Incident.objects.get()
    assert incident.title == "Shop: the certificate expires in less than a day, on 2 Mar 2026, 13:00 UTC"
    assert incident.events.count() == 4
    see(monitor, 300, certificate=shown(90, "b"))
    assert (status_of(monitor), opened(Kind.SSL).exists()) == (Status.OK, False)


def test_each_day_of_the_list_is_told_even_where_it_is_no_worse(make, see, shown):
    monitor = make(ssl_expiry_days=[60, 45, 30])
    for seconds, days in [(0, 59), (60, 50), (120, 44), (180, 29), (240, 28)]:
        see(monitor, seconds, certificate=shown(days))
    incident = Incident.objects.get()
    assert list(incident.events.values_list("type", flat=True)) == ["OPENED", "RAISED", "RAISED"]
    assert incident.title == "Shop: the certificate expires in 29 days, on 31 Mar 2026, 13:00 UTC"
    assert incident.severity == Severity.WARNING


def test_what_a_person_lowered_stays_low_until_the_next_day_has_passed(make, see, shown, by_alice, now):
    monitor = make()
    see(monitor, 0, certificate=shown(6))
    edit_incident(incident=Incident.objects.get(), by=by_alice, now=now, fields={"severity": "WARNING"})
    see(monitor, 60, ok=True, certificate=shown(5), latency_ms=900.0)
    assert Incident.objects.get().severity == Severity.WARNING
    see(monitor, 120, certificate=shown(0))
    assert Incident.objects.get().severity == Severity.CRITICAL


def test_what_is_held_back_opens_as_bad_as_it_has_become(make, see, shown, workspace, now):
    monitor = make()
    fields = {"name": "Move", "starts_at": now - timedelta(hours=1), "ends_at": now + timedelta(hours=1)}
    fields |= {"suppress_incidents": True, "monitor_ids": [monitor.pk]}
    create_window(workspace=workspace, by=SYSTEM, now=now, fields=fields)
    see(monitor, 0, certificate=shown(12))
    see(monitor, 60, certificate=shown(6))
    release(now=now + timedelta(hours=2))
    incident = opened(Kind.SSL).get()
    assert (incident.severity, incident.started_at) == (Severity.MAJOR, now + timedelta(seconds=0.1))
    assert incident.title.startswith("Shop: the certificate expires in 6 days")


def test_a_steady_warning_writes_nothing_more(make, see, shown):
    monitor = make()
    see(monitor, 0, certificate=shown(12))
    see(monitor, 60, certificate=shown(12))
    assert (Incident.objects.get().events.count(), Finding.objects.count(), Facts.objects.count()) == (1, 1, 1)


def test_another_certificate_that_ends_too_is_another_incident(make, see, shown):
    monitor = make()
    see(monitor, 0, certificate=shown(12))
    see(monitor, 60, certificate=shown(5, "b"))
    assert [one.state for one in Incident.objects.order_by("pk")] == [State.RESOLVED, State.OPEN]
    assert opened(Kind.SSL).get().severity == Severity.MAJOR


def test_no_days_no_warning(make, see, shown):
    see(make(ssl_expiry_days=[]), 0, certificate=shown(1))
    assert not Incident.objects.exists()


def test_downtime_absorbs_it_and_it_comes_back_with_the_answers(make, see, shown):
    monitor = make(fail_after_consecutive=1)
    see(monitor, 0, certificate=shown(12))
    see(monitor, 60, ok=False)
    assert (status_of(monitor), opened(Kind.SSL).exists(), opened(Kind.DOWNTIME).count()) == (Status.DOWN, False, 1)
    see(monitor, 120, certificate=shown(12))
    assert (status_of(monitor), opened(Kind.SSL).count(), opened(Kind.DOWNTIME).exists()) == (Status.DEGRADED, 1, False)


def test_slowness_has_an_incident_of_its_own_beside_it(make, see, shown):
    monitor = make(latency_threshold_ms=100, fail_after_consecutive=1)
    see(monitor, 0, certificate=shown(12))
    assert not opened(Kind.LATENCY).exists()
    see(monitor, 60, certificate=shown(12), latency_ms=500.0)
    assert opened(Kind.LATENCY).count() == opened(Kind.SSL).count() == 1
    see(monitor, 120, certificate=shown(12))
    assert (opened(Kind.LATENCY).exists(), opened(Kind.SSL).count()) == (False, 1)


def test_one_region_of_two_warns_nobody(make, see, shown):
    monitor = make(regions=2)
    see(monitor, 0, certificate=shown(90, "b"))
    see(monitor, 0, region="r2", certificate=shown(12))
    assert (status_of(monitor), Incident.objects.exists()) == (Status.OK, False)
    see(monitor, 60, certificate=shown(12))
    assert (status_of(monitor), opened(Kind.SSL).count()) == (Status.DEGRADED, 1)


def test_a_certificate_that_is_not_what_is_wanted_degrades_a_tls_monitor(make, see, shown):
    monitor = make(type="tls", settings={"host": "shop.example"})
    wrong = {"failure_class": "tls", "detail": "The certificate is for nobody.", "objection": "SSL"}
    see(monitor, 0, ok=False, certificate=shown(90), **wrong)
    assert (status_of(monitor), opened(Kind.SSL).get().severity) == (Status.DEGRADED, Severity.CRITICAL)
    see(monitor, 60, certificate=shown(90))
    assert (status_of(monitor), opened(Kind.SSL).exists()) == (Status.OK, False)


def test_a_registration_that_ends_warns_as_a_certificate_does(make, see, now):
    monitor = make(type="domain", settings={"hostname": "shop.example"})
    see(monitor, 0, facts={"expires_at": (now + timedelta(days=6)).isoformat()})
    assert opened(Kind.SSL).get().title.startswith("Shop: the registration expires in 6 days")


@pytest.fixture
def records(make):
    return make(type="dns", settings={"hostname": "shop.example"})


def test_the_first_answer_is_learned_and_another_one_opens_until_it_is_accepted(records, see, by_alice, alice, now):
    see(records, 0, facts={"records": ["192.0.2.1"]})
    assert (LearnedAnswer.objects.get().answer, status_of(records)) == (["192.0.2.1"], Status.OK)
    see(records, 60, facts={"records": ["192.0.2.9"]})
    incident = opened(Kind.DNS).get()
    assert incident.title == "Shop: the answer is now 192.0.2.9; confirmed is 192.0.2.1"
    assert (incident.severity, status_of(records)) == (Severity.MAJOR, Status.DEGRADED)
    accept_answer(monitor=records, by=by_alice, now=now + timedelta(seconds=90))
    assert (opened(Kind.DNS).exists(), status_of(records)) == (False, Status.OK)
    learned = LearnedAnswer.objects.get()
    assert (learned.answer, learned.waiting, learned.confirmed_by) == (["192.0.2.9"], None, alice)
    see(records, 120, facts={"records": ["192.0.2.9"]})
    assert not opened(Kind.DNS).exists()
    with pytest.raises(Conflict):
        accept_answer(monitor=records, by=by_alice, now=now)


def test_the_old_answer_coming_back_ends_it(records, see):
    for seconds, address in [(0, "192.0.2.1"), (60, "192.0.2.9"), (120, "192.0.2.1")]:
        see(records, seconds, facts={"records": [address], "ttl": seconds})
    assert not opened(Kind.DNS).exists()
    assert LearnedAnswer.objects.get().waiting is None


def test_another_question_has_another_answer(records, see, now):
    see(records, 0, facts={"records": ["192.0.2.1"]})
    edit_monitor(monitor=records, by=SYSTEM, now=now + timedelta(seconds=5), fields={"settings": {"resolver": "::1"}})
    assert LearnedAnswer.objects.exists()
    edit_monitor(
        monitor=records, by=SYSTEM, now=now + timedelta(seconds=6), fields={"settings": {"hostname": "b.example"}}
    )
    assert not LearnedAnswer.objects.exists()
    records.refresh_from_db()
    see(records, 60, facts={"records": ["192.0.2.9"]})
    assert not opened(Kind.DNS).exists()


def test_records_other_than_expected_open_one_and_learn_nothing(make, see):
    monitor = make(type="dns", settings={"hostname": "shop.example", "expected": ["192.0.2.1"]})
    wrong = {"failure_class": "assertion", "detail": "The answer was 192.0.2.9.", "objection": "DNS"}
    see(monitor, 0, ok=False, facts={"records": ["192.0.2.9"]}, **wrong)
    assert (status_of(monitor), opened(Kind.DNS).count(), LearnedAnswer.objects.exists()) == (Status.DEGRADED, 1, False)


def test_a_host_key_that_changes_opens_one(make, see):
    monitor = make(type="ssh", settings={"host": "shop.example"})
    see(monitor, 0, facts={"banner": "SSH-2.0-x", "host_key": "SHA256:old"})
    see(monitor, 60, facts={"banner": "SSH-2.0-y", "host_key": "SHA256:old"})
    assert not Incident.objects.exists()
    see(monitor, 120, facts={"banner": "SSH-2.0-y", "host_key": "SHA256:new"})
    assert opened(Kind.SSL).get().title == "Shop: the host key is now SHA256:new; confirmed is SHA256:old"


def test_a_pause_ends_it_and_planned_work_holds_it_back(make, see, shown, workspace, now):
    monitor = make()
    see(monitor, 0, certificate=shown(12))
    pause(monitor=monitor, by=SYSTEM, now=now + timedelta(seconds=30))
    assert not opened(Kind.SSL).exists()
    other = make(name="Other")
    fields = {"name": "Move", "starts_at": now - timedelta(hours=1), "ends_at": now + timedelta(hours=1)}
    fields |= {"suppress_incidents": True, "monitor_ids": [other.pk]}
    create_window(workspace=workspace, by=SYSTEM, now=now, fields=fields)
    see(other, 0, certificate=shown(12))
    assert (opened(Kind.SSL).exists(), HeldIncident.objects.get().kind) == (False, Kind.SSL)
    see(other, 60, certificate=shown(90, "b"))
    assert not HeldIncident.objects.exists()


def test_facts_are_kept_where_they_change(make, see):
    monitor = make(type="icmp", settings={"host": "192.0.2.1"})
    for seconds, loss in [(0, 0.0), (60, 0.0), (120, 33.3)]:
        see(monitor, seconds, facts={"loss_percent": loss})
    assert [(one.data["loss_percent"], one.is_current) for one in Facts.objects.order_by("pk")] == [
        (0.0, False),
        (33.3, True),
    ]
