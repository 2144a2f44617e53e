"""Operators edit monitors under the API's rules, see no secret, and act through the same services."""

import json

import pytest
from django.urls import reverse

from accounts.models import AuditEntry
from dashboard.templatetags.ui import status_word
from monitors.models import Monitor, Result, Status
from monitors.settings import MASK
from tests.admin_rows import heartbeat, http_monitor, one_of_each

LIST = "/admin/monitors/monitor/"


def body(monitor=None, **changed):
    """What the form posts for a monitor."""
    fields = {
        "name": "Shop",
        "description": "",
        "settings": json.dumps({"url": "https://shop.example/"}),
        "regions": ["1"],
        "interval_seconds": "60",
        "timeout_ms": "8000",
        "fail_after_consecutive": "2",
        "resolve_after_consecutive_success": "1",
        "quorum": "",
        "latency_threshold_ms": "",
        "ssl_expiry_days": "30, 7",
        "tags": "prod, eu",
        "service_group": "",
        "external_key": "",
    }
    return fields | changed


def act(client, action, *monitors):
    return client.post(LIST, {"action": action, "_selected_action": [one.pk for one in monitors]}, follow=True)


def errors_of(answer):
    assert answer.status_code == 200
    return answer.context["adminform"].form.errors


def test_a_monitor_is_made_through_the_service(admin_client, admin_user, workspace):
    answer = admin_client.post(f"{LIST}add/", body(workspace=workspace.pk, type="http"))
    assert answer.status_code == 302, errors_of(answer)
    monitor = Monitor.objects.get()
    assert (monitor.tags, monitor.ssl_expiry_days, monitor.external_key) == (["prod", "eu"], [30, 7], None)
    assert monitor.target == "https://shop.example/"
    assert monitor.state.status == Status.NEW
    assert monitor.region_states.get().claimable_at is not None
    assert AuditEntry.objects.filter(user=admin_user, verb="create", object_type="monitor").exists()


@pytest.mark.parametrize(
    ("changed", "field", "says"),
    [
        ({"settings": '{"url": "ftp://x"}'}, "settings", "url"),
        ({"settings": '{"url": "https://x", "colour": 1}'}, "settings", "colour"),
        ({"settings": "{"}, "settings", "JSON"),
        ({"settings": ""}, "settings", "required"),
        ({"settings": "[]"}, "settings", ""),
        ({"interval_seconds": "1"}, "interval_seconds", "10"),
        ({"timeout_ms": "60000", "interval_seconds": "10"}, "timeout_ms", "interval"),
        ({"tags": "a b!, c"}, "tags", "tags"),
        ({"ssl_expiry_days": "30, x"}, "ssl_expiry_days", "whole numbers"),
        ({"ssl_expiry_days": "4000"}, "ssl_expiry_days", "365"),
        ({"regions": ["999"]}, "regions", "valid"),
        ({"quorum": "0"}, "quorum", "1"),
        ({"name": "\x00"}, "name", "Null"),
        ({"type": "telepathy"}, "type", "valid"),
        ({"service_group": "999"}, "service_group", "valid"),
    ],
)
def test_wrong_input_is_named_at_its_field_and_stores_nothing(admin_client, workspace, changed, field, says):
    answer = admin_client.post(f"{LIST}add/", body(workspace=workspace.pk, type="http") | changed)
    assert says in str(errors_of(answer)[field])
    assert not Monitor.objects.exists()


def test_secrets_are_masked_and_stay_when_they_stay_masked(admin_client, workspace, now):
    settings = {
        "url": "https://shop.example/",
        "request": {"auth": {"type": "basic", "username": "ada", "password": "hunter2"}},
    }
    monitor = http_monitor(workspace, now, settings=settings)
    page = admin_client.get(f"{LIST}{monitor.pk}/change/")
    assert "hunter2" not in page.content.decode()
    shown = page.context["adminform"].form.initial["settings"]
    assert shown["request"]["auth"]["password"] == MASK
    answer = admin_client.post(f"{LIST}{monitor.pk}/change/", body(name="Till", settings=json.dumps(shown)))
    assert answer.status_code == 302, errors_of(answer)
    monitor.refresh_from_db()
    assert (monitor.name, monitor.version) == ("Till", 2)
    assert monitor.settings["request"]["auth"]["password"] == "hunter2"


def test_a_heartbeat_shows_no_token_and_keeps_it(admin_client, workspace, now):
    monitor = heartbeat(workspace, now)
    token = monitor.heartbeat.token
    page = admin_client.get(f"{LIST}{monitor.pk}/change/")
    assert token not in page.content.decode()
    schedule = {"schedule": {"kind": "interval", "interval_seconds": 120}}
    answer = admin_client.post(f"{LIST}{monitor.pk}/change/", body(settings=json.dumps(schedule), regions=[]))
    assert answer.status_code == 302, errors_of(answer)
    monitor.heartbeat.refresh_from_db()
    assert (monitor.heartbeat.token, monitor.heartbeat.schedule["interval_seconds"]) == (token, 120)


def test_operators_pause_and_resume(admin_client, admin_user, workspace, now):
    monitors = [http_monitor(workspace, now), heartbeat(workspace, now)]
    assert "Paused 2 monitors" in act(admin_client, "pause_selected", *monitors).content.decode()
    assert {one.state.status for one in Monitor.objects.all()} == {Status.PAUSED}
    assert "Resumed 2 monitors" in act(admin_client, "resume_selected", *monitors).content.decode()
    assert {one.state.status for one in Monitor.objects.all()} == {Status.RESUMED}
    assert AuditEntry.objects.filter(user=admin_user, verb__in=["pause", "resume"]).count() == 4


@pytest.mark.django_db(transaction=True)
def test_operators_check_now(admin_client, workspace, now):
    refused = http_monitor(workspace, now)
    waiting = heartbeat(workspace, now)
    page = act(admin_client, "check_selected", refused, waiting).content.decode()
    assert "fails" in page
    assert "waits for signals" in page
    assert Result.objects.get().monitor == refused


def test_deleting_takes_the_history_along(admin_client, workspace, alice, now, by_alice):
    monitor, *_ = one_of_each(workspace, now, by_alice)
    page = admin_client.get(f"{LIST}{monitor.pk}/delete/").content.decode()
    assert "Shop 0 with its history and incidents" in page
    assert admin_client.post(f"{LIST}{monitor.pk}/delete/", {"post": "yes"}).status_code == 302
    assert not Monitor.objects.filter(pk=monitor.pk).exists()
    other, *_ = one_of_each(workspace, now, by_alice, 1)
    act_page = admin_client.post(
        LIST, {"action": "delete_selected", "_selected_action": [other.pk], "post": "yes"}, follow=True
    )
    assert act_page.status_code == 200
    assert AuditEntry.objects.filter(verb="delete", object_type="monitor").count() == 2


@pytest.mark.parametrize("model", ["result", "statuschange", "monitorstate", "regionstate", "evidence"])
def test_history_is_not_edited(admin_client, workspace, now, by_alice, model):
    one_of_each(workspace, now, by_alice)
    assert admin_client.get(reverse(f"admin:monitors_{model}_add")).status_code == 403
    rows = admin_client.get(reverse(f"admin:monitors_{model}_changelist")).context["cl"].queryset
    assert admin_client.post(reverse(f"admin:monitors_{model}_change", args=[rows[0].pk]), {}).status_code == 403
    assert admin_client.post(reverse(f"admin:monitors_{model}_delete", args=[rows[0].pk])).status_code == 403


def test_a_status_is_called_what_pages_call_it():
    assert {status: status_word(status) for status in Status.values} == dict(Status.choices)
