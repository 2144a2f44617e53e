"""Operators acknowledge, resolve and retitle incidents through the services."""

import pytest

from accounts.models import AuditEntry
from incidents.models import State
from tests.admin_rows import one_of_each

LIST = "/admin/incidents/incident/"


@pytest.fixture
def incident(workspace, now, by_alice):
    return one_of_each(workspace, now, by_alice)[2]


def act(client, action, incident):
    return client.post(LIST, {"action": action, "_selected_action": [incident.pk]}, follow=True).content.decode()


def test_operators_resolve_and_then_cannot_acknowledge(admin_client, admin_user, incident):
    assert "Resolved 1 incidents" in act(admin_client, "resolve_selected", incident)
    incident.refresh_from_db()
    assert (incident.state, incident.resolved_by) == (State.RESOLVED, admin_user)
    assert "cannot be acknowledged any more" in act(admin_client, "acknowledge_selected", incident)


def test_a_title_is_changed_with_its_line_on_the_timeline(admin_client, admin_user, incident):
    answer = admin_client.post(f"{LIST}{incident.pk}/change/", {**inlines(), "title": "Fire", "severity": "CRITICAL"})
    assert answer.status_code == 302, answer.context["errors"]
    incident.refresh_from_db()
    assert incident.title == "Fire"
    assert incident.events.filter(type="RAISED", actor=admin_user).exists()
    assert AuditEntry.objects.filter(user=admin_user, verb="edit", object_type="incident").exists()


@pytest.mark.parametrize(
    ("changed", "field"),
    [({"title": " "}, "title"), ({"severity": "AWFUL"}, "severity"), ({"title": "x" * 201}, "title")],
)
def test_wrong_input_is_named_at_its_field(admin_client, incident, changed, field):
    fields = {**inlines(), "title": "Fire", "severity": "CRITICAL", "summary": ""} | changed
    answer = admin_client.post(f"{LIST}{incident.pk}/change/", fields)
    assert field in answer.context["adminform"].form.errors


def test_an_incident_is_never_deleted_alone(admin_client, incident):
    assert admin_client.post(f"{LIST}{incident.pk}/delete/", {"post": "yes"}).status_code == 403
    assert admin_client.get(f"{LIST}add/").status_code == 403


def inlines():
    """The management forms that a browser sends along."""
    return {f"{prefix}-{name}": "0" for prefix in ("events", "notes") for name in ("TOTAL_FORMS", "INITIAL_FORMS")}
