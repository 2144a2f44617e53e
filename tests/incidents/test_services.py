"""An incident's life: opened once, acknowledged by the first, resolved once, with a line of the timeline for each."""

import threading

import pytest
from django.db import connection

from accounts.actor import SYSTEM, Actor
from accounts.models import AuditEntry
from common.invalid import Conflict, Invalid, NotAllowed
from incidents import events, services
from incidents.models import Incident, Kind, Note, Severity, State
from monitors.services import create_monitor

pytestmark = pytest.mark.django_db


@pytest.fixture
def monitor(workspace, by_alice, now):
    fields = {"name": "Shop", "type": "http", "settings": {"url": "http://shop.example/"}}
    return create_monitor(workspace=workspace, by=by_alice, now=now, fields=fields)


@pytest.fixture
def open_one(monitor, now):
    def opened(kind=Kind.DOWNTIME, **more):
        return services.open_incident(
            workspace=monitor.workspace, monitor=monitor, kind=kind, severity=Severity.CRITICAL, title="Shop: HTTP 500",
            started_at=now, now=now, **more,
        )  # fmt: skip

    return opened


@pytest.fixture
def heard():
    """What is said upward, in order."""
    said = []

    def hear(name):
        def receiver(*, now, happened=(), event=None, **_):
            said.extend((name, one.type) for one in [event, *(one.event for one in happened)] if one)

        return receiver

    names = ("incidents_opened", "incident_acknowledged", "incidents_raised", "incidents_resolved")
    names += ("incident_edited", "note_written")
    receivers = {name: hear(name) for name in names}
    for name, receiver in receivers.items():
        getattr(events, name).connect(receiver)
    yield said
    for name, receiver in receivers.items():
        getattr(events, name).disconnect(receiver)


def lines(incident):
    return list(incident.events.values_list("type", flat=True))


def test_one_is_open_of_a_kind_and_monitor(open_one, heard):
    first = open_one(cause={"statusCode": 500})
    assert first.events.get().data == {"statusCode": 500}
    assert open_one() is None
    assert open_one(Kind.LATENCY) is not None
    assert heard == [("incidents_opened", "OPENED")] * 2


def test_after_it_is_resolved_another_may_open(open_one, now):
    services.resolve_incident(incident=open_one(), now=now)
    assert open_one() is not None


def test_acknowledge_twice_keeps_the_first_person(open_one, alice, bob, now, heard):
    incident = open_one()
    services.acknowledge(incident=incident, by=Actor(alice), now=now)
    again = services.acknowledge(incident=incident, by=Actor(bob), now=now)
    assert (again.state, again.acknowledged_by) == (State.ACKNOWLEDGED, alice)
    assert lines(again) == ["OPENED", "ACKNOWLEDGED"]
    assert [name for name, _ in heard] == ["incidents_opened", "incident_acknowledged"]


def test_a_resolved_one_cannot_be_acknowledged(open_one, by_alice, now):
    incident = services.resolve_incident(incident=open_one(), now=now)
    with pytest.raises(Conflict):
        services.acknowledge(incident=incident, by=by_alice, now=now)


def test_resolve_twice_changes_nothing(open_one, by_alice, now, heard):
    incident = open_one()
    services.resolve_incident(incident=incident, by=by_alice, now=now)
    version = services.resolve_incident(incident=incident, by=SYSTEM, now=now).version
    assert version == 2
    assert heard.count(("incidents_resolved", "RESOLVED")) == 1
    assert AuditEntry.objects.filter(verb="resolve").count() == 1


def test_what_is_gone_is_a_conflict(open_one, by_alice, now):
    incident = open_one()
    Incident.objects.all().delete()
    for act in (services.acknowledge, services.resolve_incident):
        with pytest.raises(Conflict):
            act(incident=incident, by=by_alice, now=now)
    with pytest.raises(Conflict):
        services.add_note(incident=incident, body="Looking", by=by_alice, now=now)


@pytest.mark.parametrize(
    ("fields", "wrong"),
    [
        ({"title": " "}, ["/title"]),
        ({"title": "x" * 201, "severity": "BAD"}, ["/severity", "/title"]),
        ({"title": None, "summary": 5, "severity": []}, ["/severity", "/summary", "/title"]),
        ({"title": "a\x00b", "summary": "\ud800"}, ["/summary", "/title"]),
    ],
)
def test_wrong_fields_are_named_at_once(open_one, by_alice, now, fields, wrong):
    incident = open_one()
    with pytest.raises(Invalid) as error:
        services.edit_incident(incident=incident, by=by_alice, now=now, fields=fields)
    assert sorted(one.pointer for one in error.value.errors) == wrong
    assert lines(incident) == ["OPENED"]


def test_an_edit_is_told_with_both_values(open_one, by_alice, now, heard):
    incident = open_one()
    services.edit_incident(
        incident=incident, by=by_alice, now=now, fields={"severity": "MINOR", "title": incident.title}
    )
    assert incident.events.last().data == {"severity": ["CRITICAL", "MINOR"]}
    services.edit_incident(incident=incident, by=by_alice, now=now, fields={"severity": "MINOR"})
    assert heard.count(("incident_edited", "EDITED")) == 1


def test_an_incident_by_hand_never_collides(workspace, by_alice, now):
    for _ in range(2):
        services.open_manual(workspace=workspace, title="Odd", severity="MINOR", by=by_alice, now=now)
    assert Incident.objects.filter(kind=Kind.MANUAL, state=State.OPEN).count() == 2


def test_only_its_author_or_an_admin_changes_a_note(open_one, alice, bob, now):
    note = services.add_note(incident=open_one(), body=" Looking ", by=Actor(bob), now=now)
    assert note.body == "Looking"
    services.edit_note(note=note, body="Found", by=Actor(bob), now=now)
    services.edit_note(note=note, body="Fixed", by=Actor(alice), now=now)
    of_alice = services.add_note(incident=note.incident, body="Mine", by=Actor(alice), now=now)
    for act in (
        lambda: services.edit_note(note=of_alice, body="No", by=Actor(bob), now=now),
        lambda: services.delete_note(note=of_alice, by=Actor(bob)),
        lambda: services.delete_note(note=of_alice, by=SYSTEM),
    ):
        with pytest.raises(NotAllowed):
            act()
    services.delete_note(note=note, by=Actor(bob))
    assert Note.objects.get() == of_alice
    assert lines(of_alice.incident) == ["OPENED", "NOTE"]


@pytest.mark.parametrize("body", ["", "  ", "x" * 10_001, "a\x00", None, 5])
def test_a_note_that_cannot_be_stored_is_refused(open_one, by_alice, now, body):
    with pytest.raises(Invalid):
        services.add_note(incident=open_one(), body=body, by=by_alice, now=now)
    assert not Note.objects.exists()


def test_a_receiver_that_fails_leaves_nothing(open_one, now):
    def broken(**_):
        raise RuntimeError("a bug")

    events.incidents_opened.connect(broken)
    try:
        with pytest.raises(RuntimeError):
            open_one()
    finally:
        events.incidents_opened.disconnect(broken)
    assert not Incident.objects.exists()


@pytest.mark.django_db(transaction=True)
def test_many_who_open_at_once_open_one(open_one):
    start, opened = threading.Barrier(6), []

    def try_it():
        start.wait()
        opened.append(open_one())
        connection.close()

    threads = [threading.Thread(target=try_it) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len([one for one in opened if one]) == 1
    assert Incident.objects.get().events.count() == 1


def test_a_person_who_makes_it_worse_is_heard_as_one_who_raises_it(open_one, by_alice, now, heard):
    incident = open_one()
    for severity in ("MINOR", "MAJOR"):
        services.edit_incident(incident=incident, by=by_alice, now=now, fields={"severity": severity})
    assert heard[1:] == [("incident_edited", "EDITED"), ("incidents_raised", "RAISED")]
