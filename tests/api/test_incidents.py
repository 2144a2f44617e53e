"""The incident endpoints and their notes, under both addresses."""

from datetime import timedelta

import pytest

from accounts.models import AuditEntry
from alerts.models import Delivery
from incidents import services
from incidents.models import Incident, Kind, Note, Severity
from monitors.models import StatusChange

FULL = {
    "id", "monitorId", "monitor", "kind", "severity", "state", "title", "summary", "startedAt", "acknowledgedAt",
    "acknowledgedBy", "resolvedAt", "resolvedBy", "durationSeconds", "cause", "firstFailure", "lastGood", "notes",
    "events",
}  # fmt: skip


@pytest.fixture(params=["/api/v1/incident", "/api/incidents"])
def base(request):
    return request.param


def test_get_answers_everything_about_an_incident(api, base, incident, note, monitor):
    body = api.get(f"{base}/{incident.pk}").json()
    assert set(body) == FULL
    assert body["monitor"] == {"id": monitor.pk, "name": "Shop", "type": "http"}
    assert [one["body"] for one in body["notes"]] == ["Looking at it"]
    assert [one["type"] for one in body["events"]] == ["OPENED", "NOTE"]
    assert body["notes"][0]["author"]["email"] == "alice@example.org"


def test_acknowledge_twice_keeps_the_first_person(api, member, base, incident):
    first = member.patch(f"{base}/{incident.pk}", {"acknowledged": True})
    assert first.status_code == 200, first.content
    assert first.json()["state"] == "ACKNOWLEDGED"
    again = api.patch(f"{base}/{incident.pk}", {"acknowledged": True})
    assert again.status_code == 200
    assert again.json()["acknowledgedBy"]["name"] == "Bob"
    assert again.json()["acknowledgedAt"] == first.json()["acknowledgedAt"]


def test_acknowledging_a_resolved_one_is_a_conflict(api, base, incident):
    resolved = api.patch(f"{base}/{incident.pk}", {"state": "RESOLVED", "title": "It was the cache"})
    assert (resolved.json()["state"], resolved.json()["title"]) == ("RESOLVED", "It was the cache")
    for change in ({"acknowledged": True}, {"state": "ACKNOWLEDGED"}, {"state": "OPEN"}):
        answer = api.patch(f"{base}/{incident.pk}", change)
        assert answer.status_code == 409, change
        assert answer.json()["type"] == "/problems/conflict"


def test_a_change_that_fails_half_way_changes_nothing(api, base, incident):
    api.patch(f"{base}/{incident.pk}", {"state": "RESOLVED"})
    assert api.patch(f"{base}/{incident.pk}", {"title": "New", "acknowledged": True}).status_code == 409
    assert Incident.objects.get().title == "Shop is slow"


def test_wrong_changes_are_all_named(api, base, incident, pointers):
    change = {"acknowledged": False, "state": "GONE", "severity": 1, "title": "", "summary": 5, "colour": "red"}
    named = pointers(api.patch(f"{base}/{incident.pk}", change))
    assert set(named) == {"/acknowledged", "/state", "/severity", "/title", "/summary", "/colour"}


def test_what_was_read_can_be_sent_back(api, base, incident, note):
    body = api.get(f"{base}/{incident.pk}").json()
    again = api.patch(f"{base}/{incident.pk}", body)
    assert again.status_code == 200, again.content
    assert len(again.json()["events"]) == len(body["events"])


def test_put_replaces_texts_and_severity(api, base, incident, pointers):
    address = f"{base}/{incident.pk}"
    api.patch(address, {"summary": "The cache is cold"})
    answer = api.put(address, {"title": "Cold cache", "severity": "MINOR"})
    assert answer.status_code == 200, answer.content
    body = answer.json()
    assert (body["title"], body["severity"], body["summary"], body["state"]) == ("Cold cache", "MINOR", "", "OPEN")
    assert api.put(address, body | {"state": "RESOLVED"}).json()["state"] == "RESOLVED"
    assert pointers(api.put(address, {"colour": 1})) == {
        "/title": "required", "/severity": "required", "/colour": "unknown",
    }  # fmt: skip
    assert api.put(address, {"title": "x", "severity": "MINOR"}, If_Match=answer["ETag"]).status_code == 412


@pytest.fixture
def resolved(incident, note, by_alice, now):
    """It is over, and everybody was told."""
    found = services.resolve_incident(incident=incident, by=by_alice, now=now)
    Delivery.objects.update(state="DELIVERED", next_attempt_at=None)
    return found


def test_delete_takes_a_resolved_one_out_with_all_it_has(api, base, resolved, workspace):
    address = f"{base}/{resolved.pk}"
    stale = api.get(address)["ETag"]
    api.patch(address, {"title": "The cache"})
    assert api.delete(address, If_Match=stale).status_code == 412
    assert api.delete(address).status_code == 204
    assert api.get(address).status_code == 404
    assert not Note.objects.exists()
    entry = AuditEntry.objects.get(workspace=workspace, verb="delete")
    assert (entry.object_type, entry.object_id, entry.actor) == ("incident", str(resolved.pk), "alice@example.org")
    assert entry.changes["title"] == ["The cache", None]
    last = api.get("/api/events").json()["items"][-1]
    assert (last["type"], last["data"]["incidentId"]) == ("incident_deleted", resolved.pk)


def test_what_is_not_over_is_not_deleted(api, base, incident):
    for change in ({}, {"acknowledged": True}):
        api.patch(f"{base}/{incident.pk}", change)
        assert api.delete(f"{base}/{incident.pk}").status_code == 409
    assert Incident.objects.exists()


def test_an_alert_on_its_way_keeps_its_incident(api, base, resolved):
    channel = api.post("/api/channels", {"name": "c", "type": "webhook", "config": {"url": "https://h.example"}}).json()
    waiting = Delivery.objects.create(
        workspace=resolved.workspace, channel_id=channel["id"], incident=resolved, event="incident_resolved",
        occurrence="o", created_at=resolved.resolved_at, next_attempt_at=resolved.resolved_at,
    )  # fmt: skip
    refused = api.delete(f"{base}/{resolved.pk}")
    assert (refused.status_code, "on its way" in refused.json()["detail"]) == (409, True)
    assert api.post(f"/api/deliveries/{waiting.pk}/dismiss").status_code == 200
    assert api.delete(f"{base}/{resolved.pk}").status_code == 204
    assert not Delivery.objects.exists()


def test_members_resolve_and_admins_delete(api, member, base, resolved, bob, workspace):
    refused = member.delete(f"{base}/{resolved.pk}")
    assert refused.status_code == 403
    assert "ADMIN" in refused.json()["detail"]
    workspace.memberships.filter(user=bob).update(role="ADMIN")
    assert member.delete(f"{base}/{resolved.pk}").status_code == 204


def test_a_deleted_incident_leaves_the_availability_as_it_was(api, monitor, now):
    since = now - timedelta(hours=1)
    for before, after, minutes in (("NEW", "OK", 0), ("OK", "DOWN", 20), ("DOWN", "OK", 35)):
        StatusChange.objects.create(
            monitor=monitor, before=before, after=after, at=since + timedelta(minutes=minutes), reason="test"
        )
    outage = services.open_incident(
        workspace=monitor.workspace, monitor=monitor, kind=Kind.DOWNTIME, severity=Severity.CRITICAL, title="Down",
        started_at=since + timedelta(minutes=20), now=now,
    )  # fmt: skip
    services.resolve_incident(incident=outage, now=now)
    Delivery.objects.all().delete()
    asked = (
        f"/api/monitors/{monitor.pk}/availability?startDate={since:%Y-%m-%dT%H:%M:%SZ}&endDate={now:%Y-%m-%dT%H:%M:%SZ}"
    )
    before = api.get(asked).json()
    assert before["downtimeSeconds"] == 900
    assert api.delete(f"/api/incidents/{outage.pk}").status_code == 204
    assert api.get(asked).json() == before


def test_a_person_opens_one(api, base, monitor, pointers):
    made = api.post(base, {"title": "Odd", "monitorId": monitor.pk})
    assert made.status_code == 201, made.content
    assert (made.json()["kind"], made.json()["severity"], made.json()["state"]) == ("MANUAL", "MAJOR", "OPEN")
    assert api.get(made["Location"]).status_code == 200
    assert pointers(api.post(base, {"monitorId": "1", "severity": "BAD"})) == {
        "/monitorId": "invalid", "/severity": "invalid_choice", "/title": "required",
    }  # fmt: skip
    assert pointers(api.post(base, {"title": "x", "monitorId": 999_999})) == {"/monitorId": "unknown_id"}


@pytest.fixture
def several(workspace, monitor, by_alice, now):
    for days, severity in ((1, Severity.MINOR), (2, Severity.CRITICAL), (3, Severity.CRITICAL)):
        services.open_incident(
            workspace=workspace, monitor=None, kind=Kind.MANUAL, severity=severity, title=f"{days} days ago",
            started_at=now - timedelta(days=days), now=now, by=by_alice,
        )  # fmt: skip


def test_lists_are_filtered(api, base, several, incident, monitor):
    def titles(query):
        answer = api.get(f"{base}?{query}")
        assert answer.status_code == 200, answer.content
        return [one["title"] for one in answer.json()["items"]]

    assert titles("") == ["Shop is slow", "1 days ago", "2 days ago", "3 days ago"]
    assert titles("severity=CRITICAL") == ["2 days ago", "3 days ago"]
    assert titles("startDate=2026-02-28T12:00:00Z&endDate=2026-03-01T12:00:00Z") == ["2 days ago"]
    assert titles("startDate=2026-02-28&endDate=2026-02-28") == ["2 days ago"], "a bare end date includes its day"
    assert titles(f"monitorId={monitor.pk}") == ["Shop is slow"]
    assert titles("state=RESOLVED") == []
    assert titles("kind=MANUAL,SSL&limit=1&page=3&ordering=startedAt") == ["1 days ago"]
    assert titles("search=SHOP") == ["Shop is slow"]


def test_a_period_that_ends_before_it_begins_is_wrong(api, base, pointers):
    query = "startDate=2026-02-02T00:00:00Z&endDate=2026-02-01T00:00:00Z"
    assert pointers(api.get(f"{base}?{query}")) == {"?endDate": "order"}
    assert pointers(api.get(f"{base}?startDate=yesterday")) == {"?startDate": "invalid"}


@pytest.mark.parametrize("path", ["/api/v1/monitor/{}/incident", "/api/monitors/{}/incidents"])
def test_a_monitors_incidents(api, stranger, path, incident, several, monitor):
    items = api.get(path.format(monitor.pk)).json()["items"]
    assert [one["title"] for one in items] == ["Shop is slow"]
    assert stranger.get(path.format(monitor.pk)).status_code == 404


def test_list_and_detail_cost_the_same_however_much_there_is(
    api, incident, note, several, by_alice, now, django_assert_num_queries
):
    api.get("/api/incidents")
    with django_assert_num_queries(3):
        api.get("/api/incidents")
    for number in range(20):
        services.add_note(incident=incident, body=f"note {number}", by=by_alice, now=now)
    with django_assert_num_queries(6):
        api.get(f"/api/incidents/{incident.pk}")


def test_notes_are_written_changed_and_removed(api, base, incident):
    notes = f"{base}/{incident.pk}/notes"
    made = api.post(notes, {"body": "# Found it\n\nA *cache*."})
    assert made.status_code == 201, made.content
    assert set(made.json()) == {"id", "body", "author", "createdAt", "updatedAt"}
    address = made["Location"]
    assert address == f"{notes}/{made.json()['id']}"
    assert api.get(notes).json()["total"] == 1
    stale = made["ETag"]
    assert api.patch(address, {"body": "Better"}, If_Match=stale).json()["body"] == "Better"
    assert api.patch(address, {"body": "Worse"}, If_Match=stale).status_code == 412
    assert api.delete(address).status_code == 204
    assert api.get(address).status_code == 404


@pytest.mark.parametrize(
    "body", [{}, {"body": ""}, {"body": "  "}, {"body": 5}, {"body": None}, {"body": "x" * 10_001}]
)
def test_a_note_has_1_to_10000_characters(api, base, incident, pointers, body):
    assert set(pointers(api.post(f"{base}/{incident.pk}/notes", body))) == {"/body"}
    assert not Note.objects.exists()


def test_only_its_author_or_an_admin_changes_a_note(api, member, viewer, base, incident, note):
    address = f"{base}/{incident.pk}/notes/{note.pk}"
    assert member.patch(address, {"body": "Mine now"}).status_code == 403
    assert member.delete(address).status_code == 403
    bobs = member.post(f"{base}/{incident.pk}/notes", {"body": "By Bob"})
    assert member.patch(bobs["Location"], {"body": "Still Bob"}).status_code == 200
    assert api.patch(bobs["Location"], {"body": "Alice owns the place"}).status_code == 200
    assert viewer.post(f"{base}/{incident.pk}/notes", {"body": "x"}).status_code == 403


def test_a_note_is_found_under_its_own_incident_only(api, base, incident, note, workspace, by_alice, now):
    other = services.open_manual(workspace=workspace, title="Other", severity="MINOR", by=by_alice, now=now)
    assert api.get(f"{base}/{other.pk}/notes/{note.pk}").status_code == 404
