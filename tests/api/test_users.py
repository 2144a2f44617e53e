"""Accounts made for machines, and people who leave."""

import json
from datetime import timedelta

import pytest
from django.test import Client

from accounts.models import AuditEntry, Membership, Role, User, Workspace
from accounts.services import edit_user
from alerts.models import Channel
from alerts.services import create_action_group
from billing.models import Subscription
from common.clock import now as clock_now
from incidents.services import acknowledge
from monitors.models import Monitor
from monitors.services import pause
from tests.api.conftest import Caller

ADDRESS = "/api/v1/user"
NEW = {"email": "Dana@example.org", "identity": {"provider": "auth0", "subject": "auth0|5f7c"}}


@pytest.fixture
def machine(alice, token_of):
    return Caller(token_of(alice, "user.create"))


def test_an_account_is_made_and_linked_to_an_identity(machine):
    made = machine.post(ADDRESS, NEW | {"name": "Dana", "timezone": "Europe/Berlin", "locale": "de"})
    assert made.status_code == 201, made.content
    body = made.json()
    assert made["Location"] == f"{ADDRESS}/{body['id']}"
    assert (body["email"], body["name"], body["timezone"], body["locale"]) == (
        "dana@example.org", "Dana", "Europe/Berlin", "de",
    )  # fmt: skip
    assert body["identity"] == NEW["identity"]
    assert body["trial"]["status"] == "NONE"
    dana = User.objects.get(pk=body["id"])
    assert not dana.has_usable_password()
    assert dana.workspaces.get().memberships.get().role == Role.OWNER


def test_address_and_identity_have_one_account_each(machine):
    machine.post(ADDRESS, NEW)
    assert machine.post(ADDRESS, NEW | {"identity": None}).status_code == 409
    again = machine.post(ADDRESS, NEW | {"email": "other@example.org"})
    assert again.status_code == 409
    assert "identity" in again.json()["detail"]
    assert not User.objects.filter(email="other@example.org").exists()
    assert machine.post(ADDRESS, {"email": "plain@example.org"}).status_code == 201
    assert machine.post(ADDRESS, {"email": "plainer@example.org"}).status_code == 201, "without an identity"


def test_wrong_fields_of_an_account_are_named(machine, pointers):
    assert pointers(machine.post(ADDRESS, {})) == {"/email": "required"}
    wrong = {"email": "nobody", "timezone": "Mars", "identity": {"provider": ""}, "password": "x"}
    assert pointers(machine.post(ADDRESS, wrong)) == {
        "/email": "invalid", "/timezone": "invalid", "/identity/provider": "blank", "/identity/subject": "required",
        "/password": "unknown",
    }  # fmt: skip


def test_who_may_make_accounts(api, anybody, bob, token_of):
    assert anybody.post(ADDRESS, NEW).status_code == 401
    refused = api.post(ADDRESS, NEW)
    assert refused.status_code == 403
    assert "user.create" in refused.json()["detail"]
    assert Caller(token_of(bob, "user.create")).post(ADDRESS, NEW).status_code == 403, "a member"


def test_only_oneself_or_an_operator_changes_or_deletes(api, viewer, stranger, alice, charlie, token_of):
    address = f"{ADDRESS}/{alice.pk}"
    for caller in (viewer, stranger):
        assert caller.put(address, {"name": "x"}).status_code == 404
        assert caller.delete(address).status_code == 404
    charlie.is_staff = True
    charlie.save()
    assert stranger.put(address, {"name": "Alice A."}).json()["name"] == "Alice A."
    assert stranger.delete(address).status_code == 204
    assert not User.objects.filter(pk=alice.pk).exists()


def test_who_may_delete(anybody, alice, token_of):
    assert anybody.delete(f"{ADDRESS}/{alice.pk}").status_code == 401
    assert Caller(token_of(alice, "monitor.read")).delete(f"{ADDRESS}/{alice.pk}").status_code == 403


def test_who_leaves_is_forgotten_and_cannot_come_back_with_old_keys(
    api, alice, vera, bob, workspace, monitor, incident, by_alice, now
):
    fields = {"name": "Mail", "recipients": ["alice@example.org", "bob@example.org"]}
    create_action_group(monitor=monitor, type="email", by=by_alice, now=now, fields=fields)
    alone = {"name": "Alone", "recipients": ["alice@example.org"]}
    create_action_group(monitor=monitor, type="email", by=by_alice, now=now, fields=alone)
    pause(monitor=monitor, by=by_alice, now=now)
    acknowledge(incident=incident, by=by_alice, now=now)
    edit_user(user=alice, workspace=workspace, by=by_alice, fields={"name": "Alice A."})
    browser = Client()
    browser.force_login(alice)
    assert api.delete(f"{ADDRESS}/{alice.pk}").status_code == 204
    assert api.get(ADDRESS).status_code == 401
    assert browser.get("/").status_code == 302, "the session has ended"
    assert Membership.objects.get(workspace=workspace, role=Role.OWNER).user == bob, "a member before a viewer"
    assert Monitor.objects.filter(pk=monitor.pk).exists()
    kept = AuditEntry.objects.filter(workspace=workspace)
    assert {"hand_over", "delete", "create", "pause"} <= set(kept.values_list("verb", flat=True))
    dump = json.dumps(list(kept.values("actor", "object_name", "changes", "address")))
    assert "alice@" not in dump.lower()
    assert "Alice A." not in dump
    assert "a deleted person" in dump
    mail = {one.name: one for one in Channel.objects.filter(type="email", is_owners=False)}
    assert mail["Mail"].config == {"recipients": ["bob@example.org"]}
    assert (mail["Alone"].is_enabled, mail["Alone"].config) == (False, {"recipients": []})
    lines = [
        *incident.events.values_list("message", flat=True),
        *monitor.status_changes.values_list("reason", flat=True),
    ]
    assert not any("alice@example.org" in line for line in lines)


def test_a_workspace_without_anybody_else_goes_along(stranger, charlie):
    left = charlie.workspaces.get()
    assert stranger.delete(f"{ADDRESS}/{charlie.pk}").status_code == 204
    assert not Workspace.objects.filter(pk=left.pk).exists()


def test_a_workspace_that_another_owns_stays_as_it_is(api, alice, bob, workspace):
    Membership.objects.filter(user=bob, workspace=workspace).update(role=Role.OWNER)
    assert api.delete(f"{ADDRESS}/{alice.pk}").status_code == 204
    assert not AuditEntry.objects.filter(verb="hand_over").exists()


def test_nobody_leaves_a_subscription_behind(stranger, charlie):
    mine = charlie.workspaces.get()
    end = clock_now() + timedelta(days=5)
    sub = Subscription.objects.create(workspace=mine, stripe_id="sub_1", status="active", current_period_end=end)
    refused = stranger.delete(f"{ADDRESS}/{charlie.pk}")
    assert refused.status_code == 409
    assert "subscription" in refused.json()["detail"]
    sub.is_ending = True
    sub.save()
    assert stranger.delete(f"{ADDRESS}/{charlie.pk}").status_code == 204
    sub.refresh_from_db()
    assert sub.workspace is None


def test_the_last_operator_stays(stranger, charlie):
    User.objects.filter(pk=charlie.pk).update(is_superuser=True, is_staff=True)
    assert stranger.delete(f"{ADDRESS}/{charlie.pk}").status_code == 409
    User.objects.create_superuser("root@example.org")
    assert stranger.delete(f"{ADDRESS}/{charlie.pk}").status_code == 204
