"""What a workspace may use: by default, by plan, by trial, by subscription; and where it is held to it."""

from datetime import timedelta

import pytest

from accounts import invitations
from accounts.models import Invitation, Role
from billing.limits import SELF_HOSTED, PlanLimit, limits_of
from billing.models import Plan, Subscription, Trial
from common.clock import now as clock_now
from common.invalid import Invalid
from monitors import services
from monitors.allowance import pause_beyond_plans
from monitors.models import Monitor, Region
from signals.models import Heartbeat
from signals.services import heartbeat_for_slug
from tests.api.conftest import Caller

pytestmark = pytest.mark.django_db


@pytest.fixture
def add(workspace, by_alice):
    """`add(name, …)`: a monitor of Alice's."""
    Region.objects.get_or_create(key="default", defaults={"name": "Here"})

    def make(name="Shop", **fields):
        wanted = {"name": name, "type": "http", "settings": {"url": "https://shop.example/"}, **fields}
        return services.create_monitor(workspace=workspace, by=by_alice, now=clock_now(), fields=wanted)

    return make


def test_self_hosted_has_no_limits(workspace):
    assert limits_of(workspace) == SELF_HOSTED
    assert SELF_HOSTED.monitors is None


def test_who_has_bought_nothing_has_the_default_plan(workspace, plans):
    limits = limits_of(workspace)
    assert (limits.plan, limits.monitors, limits.min_interval_seconds) == ("Free", 20, 60)


@pytest.mark.parametrize(
    ("status", "plan"),
    [("active", "Pro"), ("trialing", "Pro"), ("past_due", "Pro"), ("unpaid", "Free"), ("canceled", "Free"),
     ("incomplete", "Free"), ("incomplete_expired", "Free"), ("paused", "Free")],
)  # fmt: skip
def test_a_subscription_counts_while_it_is_in_force(workspace, plans, status, plan):
    Subscription.objects.create(workspace=workspace, stripe_id="sub_1", price_id="price_pro", status=status)
    assert limits_of(workspace).plan == plan


def test_the_highest_of_several_counts_and_an_operator_may_give_one(workspace, plans):
    Subscription.objects.create(workspace=workspace, stripe_id="sub_1", price_id="price_pro", status="active")
    Subscription.objects.create(workspace=workspace, plan=plans["TEAM"], status="active")
    assert limits_of(workspace).plan == "Team"


def test_a_trial_counts_in_workspaces_that_its_person_owns_until_it_ends(workspace, plans, alice, bob, now):
    Trial.objects.create(user=bob, plan=plans["TEAM"], started_at=now, ends_at=now + timedelta(days=14))
    assert limits_of(workspace, now=now).plan == "Free", "Bob is a member only"
    Trial.objects.create(user=alice, plan=plans["PRO"], started_at=now, ends_at=now + timedelta(days=14))
    assert limits_of(workspace, now=now).plan == "Pro"
    assert limits_of(workspace, now=now + timedelta(days=14)).plan == "Free"


def test_limits_take_two_queries_at_most(workspace, plans, django_assert_max_num_queries):
    with django_assert_max_num_queries(2):
        limits_of(workspace)


def test_no_monitor_beyond_the_plan(workspace, plans, add):
    Plan.objects.filter(code="FREE").update(monitors=1)
    add()
    with pytest.raises(PlanLimit, match="The plan Free has 1 monitors and this workspace uses 1"):
        add("Second")
    assert Monitor.objects.count() == 1


def test_the_interval_has_the_plans_floor(workspace, plans, add, by_alice):
    with pytest.raises(Invalid, match="The plan Free checks every 60 s at most") as caught:
        add(interval_seconds=30)
    assert [error.pointer for error in caught.value.errors] == ["/intervalSeconds"]
    with pytest.raises(Invalid):
        services.edit_monitor(monitor=add(), by=by_alice, now=clock_now(), fields={"interval_seconds": 59})


def test_the_newest_beyond_a_plan_that_went_down_are_paused_and_stay_so(workspace, plans, add, by_alice):
    made = [add(str(number)) for number in range(3)]
    Plan.objects.filter(code="FREE").update(monitors=2)
    assert pause_beyond_plans(now=clock_now()) == 1
    assert pause_beyond_plans(now=clock_now()) == 0
    newest = Monitor.objects.get(pk=made[2].pk)
    assert newest.is_paused
    assert newest.state.status == "PAUSED"
    with pytest.raises(PlanLimit, match="watches 2 monitors"):
        services.resume(monitor=newest, by=by_alice, now=clock_now())
    with pytest.raises(PlanLimit):
        services.edit_monitor(monitor=newest, by=by_alice, now=clock_now(), fields={"paused": False})
    services.pause(monitor=made[0], by=by_alice, now=clock_now())
    services.resume(monitor=newest, by=by_alice, now=clock_now())


def test_no_member_beyond_the_plan_and_open_invitations_count(workspace, plans, token_of, alice, bob):
    api = Caller(token_of(alice))
    assert api.post("/api/invitations", {"email": "dora@example.org"}).status_code == 201, "Alice, Bob and Dora: three"
    assert api.post("/api/invitations", {"email": "dora@example.org"}).status_code == 201, "in place of the first"
    answer = api.post("/api/invitations", {"email": "emil@example.org"})
    assert (answer.status_code, answer.json()["type"]) == (403, "/problems/plan-limit")
    assert "The plan Free has 3 members and this workspace uses 3" in answer.json()["detail"]
    assert Invitation.objects.count() == 1
    Subscription.objects.create(workspace=workspace, plan=plans["PRO"], status="active")
    assert api.post("/api/invitations", {"email": "emil@example.org"}).status_code == 201


def test_who_was_invited_waits_for_room_when_the_plan_went_down(client, workspace, plans, by_alice, bob, charlie):
    made = invitations.invite(
        workspace=workspace, email="charlie@example.org", role="MEMBER", by=by_alice, now=clock_now()
    )
    address = "/" + invitations.link_of(made).split("/", 3)[3]
    Plan.objects.filter(code="FREE").update(members=2)
    client.force_login(charlie)
    refused = client.post(address)
    assert refused.status_code == 403
    assert "The plan Free has 2 members" in refused.content.decode()
    assert workspace.memberships.count() == 2
    workspace.memberships.filter(user=bob).delete()
    assert client.post(address).status_code == 302
    assert workspace.memberships.filter(user=charlie).exists()


def test_without_billing_everybody_has_room(workspace, by_alice):
    for number in range(5):
        invitations.invite(
            workspace=workspace, email=f"{number}@example.org", role="MEMBER", by=by_alice, now=clock_now()
        )
    assert Invitation.objects.count() == 5


def test_a_monitor_has_as_many_regions_as_the_plan(workspace, plans, add, by_alice):
    for key in ("fra", "nyc"):
        Region.objects.create(key=key, name=key)
    with pytest.raises(PlanLimit, match="The plan Free watches each monitor from 1 regions and this names 2"):
        add(regions=["default", "fra"])
    Plan.objects.filter(code="FREE").update(regions=2)
    made = add(regions=["default", "fra"])
    Plan.objects.filter(code="FREE").update(regions=1)
    kept = {"regions": ["default", "fra"], "name": "Same regions as before"}
    services.edit_monitor(monitor=made, by=by_alice, now=clock_now(), fields=kept)
    with pytest.raises(PlanLimit):
        services.edit_monitor(monitor=made, by=by_alice, now=clock_now(), fields={"regions": ["default", "nyc"]})


def test_a_first_ping_makes_no_heartbeat_beyond_the_plan(workspace, plans):
    Plan.objects.filter(code="FREE").update(monitors=0)
    assert heartbeat_for_slug(ping_key=workspace.ping_key, slug="backup", now=clock_now()) is None
    assert not Heartbeat.objects.exists()


def test_the_api_says_which_limit_of_which_plan(workspace, plans, token_of, alice, add):
    Plan.objects.filter(code="FREE").update(monitors=1)
    add()
    answer = Caller(token_of(alice)).post("/api/v1/monitor", {"name": "B", "type": "http", "url": "https://b.example"})
    assert answer.status_code == 403
    assert answer.json()["type"] == "/problems/plan-limit"
    assert "The plan Free has 1 monitors" in answer.json()["detail"]


def form_fields(form):
    """What a browser sends of a form that nobody has touched."""
    values = {field.html_name: field.value() for field in form}
    return {name: value for name, value in values.items() if value not in (None, False)}


def test_the_page_says_it_too(client, workspace, plans, alice, add):
    Plan.objects.filter(code="FREE").update(monitors=1)
    add()
    client.force_login(alice)
    fields = form_fields(client.get("/monitors/new").context["form"]) | {"name": "B", "url": "https://b.example"}
    answer = client.post("/monitors/new", fields)
    assert answer.status_code == 400
    assert "The plan Free has 1 monitors" in answer.content.decode()


def test_writes_of_one_kind_are_capped_a_minute(workspace, plans, alice, token_of, monkeypatch):
    monkeypatch.setattr("billing.throttles.time.time", lambda: 1_000_000.0)
    Plan.objects.filter(code="FREE").update(api_writes_per_minute=2)
    api = Caller(token_of(alice))
    answers = [api.post("/api/v1/monitor", {}) for _ in range(3)]
    assert [one.status_code for one in answers] == [400, 400, 429]
    assert 1 <= int(answers[2]["Retry-After"]) <= 60
    assert answers[2].json()["type"] == "/problems/too-many-requests"
    assert api.get("/api/v1/monitor").status_code == 200
    assert api.post("/api/v1/incident", {}).status_code != 429, "another kind counts by itself"


def test_members_role_is_what_owning_means(workspace, plans, bob, now):
    Trial.objects.create(user=bob, plan=plans["TEAM"], started_at=now, ends_at=now + timedelta(days=1))
    workspace.memberships.filter(user=bob).update(role=Role.OWNER)
    assert limits_of(workspace, now=now).plan == "Team"
