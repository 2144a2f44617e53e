"""The seed's rows of trials: started once, cancelled, over by the clock; their end is an operator's."""

from datetime import timedelta

import pytest

from billing.models import Plan, Price, Subscription, Trial
from billing.plans import add_plans
from billing.selectors import trial_of
from common.clock import now as clock_now
from tests.api.conftest import Caller


@pytest.fixture
def plans(db, settings):
    settings.BILLING_ENABLED = True
    add_plans(Plan, Price)
    return {plan.code: plan for plan in Plan.objects.all()}


@pytest.fixture
def address(alice):
    return f"/api/v1/user/{alice.pk}/trial"


@pytest.fixture
def operator(alice, charlie, token_of):
    charlie.is_staff = True
    charlie.save()
    return Caller(token_of(charlie, workspace=charlie.workspaces.get()))


NONE = {"status": "NONE", "planId": None, "endsAt": None, "startedAt": None, "daysLeft": None}


def test_a_trial_starts_once(api, address, plans):
    assert api.get(address).json() == NONE
    started = api.put(address, {"status": "ACTIVE"})
    assert started.status_code == 200, started.content
    body = started.json()
    assert (body["status"], body["planId"], body["daysLeft"]) == ("ACTIVE", plans["PRO"].pk, 14)
    assert api.get(address).json() == body
    assert api.put(address, body).json() == body, "what was read can be written back"
    assert api.get("/api/v1/user").json()["trial"] == body


def test_a_cancelled_trial_is_over_for_good(api, address, plans):
    api.put(address, {"status": "ACTIVE", "planId": plans["TEAM"].pk})
    ended = api.put(address, {"status": "EXPIRED"})
    assert (ended.json()["status"], ended.json()["daysLeft"]) == ("EXPIRED", 0)
    assert api.put(address, {"status": "NONE"}).json()["status"] == "EXPIRED"
    assert api.put(address, {"status": "ACTIVE"}).status_code == 409


def test_it_ends_by_the_clock(api, address, plans, alice):
    api.put(address, {"status": "ACTIVE"})
    ends_at = Trial.objects.get().ends_at
    assert trial_of(alice, now=ends_at - timedelta(seconds=1)).days_left == 1
    assert trial_of(alice, now=ends_at).status == "EXPIRED"


def test_a_payment_converts_it(api, address, plans, workspace):
    api.put(address, {"status": "ACTIVE"})
    paid = Subscription.objects.create(workspace=workspace, stripe_id="sub_1", status="active")
    assert api.get(address).json()["status"] == "CONVERTED"
    paid.status = "canceled"
    paid.save()
    assert api.get(address).json()["status"] == "CONVERTED"
    assert api.put(address, {"status": "ACTIVE"}).status_code == 409


def test_only_an_operator_moves_the_end(api, operator, address, plans):
    api.put(address, {"status": "ACTIVE"})
    later = "2999-01-01T00:00:00.000Z"
    refused = api.put(address, {"status": "ACTIVE", "endsAt": later})
    assert refused.status_code == 403
    assert "operator" in refused.json()["detail"]
    assert operator.put(address, {"status": "ACTIVE", "endsAt": later}).json()["endsAt"] == later
    past = (clock_now() - timedelta(days=1)).isoformat()
    assert operator.put(address, {"status": "EXPIRED", "endsAt": past}).json()["status"] == "EXPIRED"
    assert operator.put(address, {"status": "ACTIVE", "endsAt": later}).json()["status"] == "ACTIVE", "opened again"


def test_where_nothing_is_sold_there_is_nothing_to_try(api, address):
    assert api.get(address).json() == NONE
    answer = api.put(address, {"status": "ACTIVE"})
    assert answer.status_code == 409
    assert "Nothing is sold" in answer.json()["detail"]
    assert not Trial.objects.exists()


@pytest.mark.parametrize(
    ("body", "wrong"),
    [
        ({}, {"/status": "required"}),
        ({"status": "MAYBE", "planId": "x", "endsAt": "soon", "colour": 1},
         {"/status": "invalid_choice", "/planId": "invalid", "/endsAt": "invalid", "/colour": "unknown"}),
        ({"status": "ACTIVE", "planId": 999_999}, {"/planId": "unknown"}),
        ({"status": "CONVERTED"}, {"/status": "choice"}),
    ],
)  # fmt: skip
def test_every_wrong_field_is_named(api, address, plans, pointers, body, wrong):
    assert pointers(api.put(address, body)) == wrong
    assert not Trial.objects.exists()


def test_who_may(api, anybody, viewer, stranger, alice, token_of, address, plans):
    weak = Caller(token_of(alice, "monitor.read"))
    for method, body in (("GET", None), ("PUT", {"status": "ACTIVE"})):
        assert anybody.ask(method, address, body).status_code == 401
        assert weak.ask(method, address, body).status_code == 403
        assert stranger.ask(method, address, body).status_code == 404
        assert viewer.ask(method, address, body).status_code == 404, "a colleague's trial is not mine"
    assert not Trial.objects.exists()
