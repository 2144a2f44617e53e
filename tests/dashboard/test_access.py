"""Who may see and do what, over every address of the pages."""

import itertools
from contextlib import contextmanager

import pytest
from django.db import transaction
from django.urls import reverse

from accounts.invitations import invite
from accounts.models import ApiToken, Membership, Role
from accounts.services import create_token
from alerts import services as alerts
from alerts.models import MonthlyReport
from alerts.monthly.schedules import create_report_schedule
from common.clock import now as clock_now
from dashboard.urls import urlpatterns
from monitors.models import Monitor, Report

pytestmark = pytest.mark.django_db
OPEN = {"sign-in", "sign-out", "password-reset", "password-reset-confirm"}
# The pages of OAuth applications have other ids, and tests of their own.
ADDRESSES = {
    pattern.name: pattern
    for pattern in urlpatterns
    if pattern.name not in OPEN and "oauth" not in pattern.callback.view_class.__module__
}
FRAGMENTS = {"monitor-try", "heartbeat-runs"}
# What a viewer may post: their own profile, their own tokens and which workspace they look at.
FOR_VIEWERS = {
    "settings", "password", "switch-workspace", "account-delete", "trial-start", "trial-cancel",
    "tokens", "token-rotate", "token-disable", "token-enable", "token-revoke",
}  # fmt: skip
FOR_MEMBERS_TO_SEE = {
    "monitor-create", "monitor-edit", "heartbeat-create", "heartbeat-edit",
    "alert-new", "alert-create-email", "alert-create-sms", "alert-create-webhook", "alert-edit",
    "window-create", "window-edit", "deployment-create", "deployment-edit",
    "dependency-create", "dependency-edit", "report-schedule-create", "report-schedule",
}  # fmt: skip
FOR_ADMINS_TO_SEE = {"audit-log", "member"}


@pytest.fixture
def path_of(monitor, heartbeat, incident, note, webhook, window, deployment, dependency, alice, by_alice, workspace):
    """`path_of(name)`: the address with the ids of Alice's objects."""
    token = create_token(user=alice, workspace=workspace, name="CI", scopes=["user.read"], by=by_alice).token
    delivery = alerts.send_test(rule=webhook, by=by_alice, now=clock_now())
    schedule = create_report_schedule(workspace=workspace, by=by_alice, now=clock_now(), fields={"name": "Sites"})
    monthly = MonthlyReport.objects.create(
        workspace=workspace, schedule=schedule, month=clock_now().date(), timezone="UTC", purpose="preview",
        state="DONE", pdf=b"%PDF-", created_at=clock_now(),
    )  # fmt: skip
    ids = {
        "monitor_id": monitor.pk,
        "incident_id": incident.pk,
        "note_id": note.pk,
        "rule_id": webhook.pk,
        "delivery_id": delivery.pk,
        "token_id": token.pk,
        "member_id": Membership.objects.get(user=alice, workspace=workspace).pk,
        "invitation_id": invite(
            workspace=workspace, email="dora@example.org", role=Role.MEMBER, by=by_alice, now=clock_now()
        ).pk,
        "window_id": window.pk,
        "deployment_id": deployment.pk,
        "report_id": report_of(monitor).pk,
        "dependency_id": dependency.pk,
        "schedule_id": schedule.pk,
        "monthly_id": monthly.pk,
    }

    def path(name, **other):
        wanted = ADDRESSES[name].pattern.converters
        given = ids | ({"monitor_id": heartbeat.pk} if name == "heartbeat-edit" else {}) | other
        return reverse(name, kwargs={key: given[key] for key in wanted})

    return path


def report_of(monitor):
    now = clock_now()
    fields = {"since": now, "until": now, "created_at": now, "state": "DONE", "content": b"monitorId"}
    return Report.objects.create(workspace=monitor.workspace, monitor=monitor, format="csv", **fields)


def is_form_or_page(name):
    return hasattr(ADDRESSES[name].callback.view_class, "get")


PAGES = sorted(name for name in ADDRESSES if is_form_or_page(name))
ACTS = sorted(name for name in ADDRESSES if hasattr(ADDRESSES[name].callback.view_class, "post"))
OF_ONE_OBJECT = sorted(name for name in ADDRESSES if ADDRESSES[name].pattern.converters)


@pytest.fixture
def alone(subtests):
    """`with alone(name):` fails on its own and leaves nothing behind; one test walks many addresses."""

    @contextmanager
    def test(name):
        with subtests.test(name), transaction.atomic():
            yield
            transaction.set_rollback(True)

    return test


def test_the_owner_sees_every_page(signed_in, alice, path_of, alone):
    browser = signed_in(alice)
    for name in PAGES:
        with alone(name):
            assert browser.get(path_of(name), follow=True).status_code == 200


def test_nobody_sees_a_page_without_signing_in(client, path_of, alone):
    for name in PAGES:
        with alone(name):
            answer = client.get(path_of(name))
            assert answer.status_code == 302
            assert answer["Location"].startswith("/sign-in?next=/")


def test_nobody_acts_without_signing_in(client, path_of, alone):
    for name in ACTS:
        with alone(name):
            assert client.post(path_of(name)).status_code == 302
            assert Monitor.objects.count() == 2


def test_a_viewer_sees_what_is_not_for_writing(signed_in, vera, path_of, alone):
    browser = signed_in(vera)
    for name in PAGES:
        with alone(name):
            allowed = name not in FOR_MEMBERS_TO_SEE | FOR_ADMINS_TO_SEE
            answer = browser.get(path_of(name), follow=True)
            assert answer.status_code == (200 if allowed else 403)
            assert allowed or "Your role does not allow this" in answer.content.decode()


def test_a_viewer_may_write_nothing(signed_in, vera, path_of, alone):
    browser = signed_in(vera)
    for name in sorted(set(ACTS) - FOR_VIEWERS):
        with alone(name):
            assert browser.post(path_of(name)).status_code == 403


@pytest.mark.parametrize("path", ["home", "monitors", "heartbeats", "monitor", "incident", "alerts", "maintenance"])
def test_a_viewer_is_offered_no_acts(signed_in, vera, path_of, path):
    html = signed_in(vera).get(path_of(path)).content.decode()
    main = html[html.index("<main") : html.index("</main")]
    assert '<form method="post"' not in main
    assert "Add " not in main


def test_a_stranger_finds_nothing_of_another_workspace(signed_in, charlie, path_of, alone):
    browser = signed_in(charlie)
    for name in OF_ONE_OBJECT:
        with alone(name):
            if is_form_or_page(name):
                assert browser.get(path_of(name)).status_code == 404
            if name in ACTS:
                assert browser.post(path_of(name)).status_code == 404
            assert ApiToken.objects.exists()


def test_an_id_that_cannot_be_is_not_found(signed_in, alice, path_of, alone):
    browser = signed_in(alice)
    for name, junk in itertools.product(OF_ONE_OBJECT, [0, 2**31, 2**63, 10**30]):
        with alone(f"{name} {junk}"):
            path = path_of(name, **dict.fromkeys(ADDRESSES[name].pattern.converters, junk))
            answer = browser.get(path) if is_form_or_page(name) else browser.post(path)
            assert answer.status_code == 404
            assert "Nothing at this address" in answer.content.decode()


def test_a_post_without_a_csrf_token_is_refused(signed_in, alice, path_of, alone):
    browser = signed_in(alice, enforce_csrf_checks=True)
    for name in ACTS:
        with alone(name):
            answer = browser.post(path_of(name))
            assert answer.status_code == 403
            assert "This form has expired" in answer.content.decode()


def test_a_person_without_a_workspace_is_told_so(signed_in, charlie):
    Membership.objects.filter(user=charlie).delete()
    assert signed_in(charlie).get("/").status_code == 403


def test_signing_in_leads_to_no_foreign_page(client, alice):
    given = {"username": "alice@example.org", "password": "correct horse"}
    for target in ("https://evil.example/", "//evil.example", "/\\evil.example", "javascript:alert(1)"):
        assert client.post("/sign-in", given | {"next": target})["Location"] == "/"
        client.logout()


def test_a_wrong_password_is_said_without_saying_what_was_wrong(client, alice):
    answer = client.post("/sign-in", {"username": "alice@example.org", "password": "no"})
    assert "Email and password do not match an account." in answer.content.decode()


def test_only_a_workspace_of_ones_own_can_be_picked(signed_in, bob, charlie, workspace):
    browser = signed_in(bob)
    assert browser.post("/workspaces/switch", {"workspace": charlie.workspaces.get().pk}).status_code == 404
    assert browser.post("/workspaces/switch", {"workspace": "x"}).status_code == 404
    assert browser.post("/workspaces/switch", {"workspace": bob.workspaces.last().pk}).status_code == 302
    assert browser.post("/workspaces/switch", {"workspace": workspace.pk}).status_code == 302
    assert browser.get("/").context["workspace"] == workspace


def test_a_member_sees_the_audit_log_only_as_an_admin(signed_in, bob, workspace):
    browser = signed_in(bob)
    browser.post("/workspaces/switch", {"workspace": workspace.pk})
    assert browser.get("/settings/audit-log").status_code == 403
    Membership.objects.filter(user=bob, workspace=workspace).update(role=Role.ADMIN)
    assert browser.get("/settings/audit-log").status_code == 200
