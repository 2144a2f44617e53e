"""The living examples: made once, renewed at each start, with a past that told nobody."""

import json
import urllib.error
import urllib.request
from datetime import UTC, datetime, timedelta

import pytest

from alerts.models import Delivery, Rule
from billing.limits import limits_of
from billing.models import Plan, Price, Subscription
from billing.plans import add_plans
from dashboard.demo.names import serve_names
from dashboard.demo.targets import serve_targets
from dashboard.demo.workspace import JOBS, OTHERS, WEBSITES, fill
from dashboard.planned import planned_marks
from incidents.models import Incident, State
from monitors.checking import try_monitor
from monitors.figures.history import availability_of
from monitors.models import Monitor, StatusChange
from signals.models import Dependency, Heartbeat


@pytest.fixture
def filled(alice, now):
    return fill(targets="http://127.0.0.1:9", resolver="127.0.0.1:53", owner=alice, now=now)


def test_every_example_is_made_and_told_of(filled, alice):
    assert Monitor.objects.count() == len(WEBSITES) + len(OTHERS) + len(JOBS) == Rule.objects.count()
    assert {job.key for job in JOBS} == set(filled)
    assert all(
        url.endswith(Heartbeat.objects.get(monitor__external_key=f"demo-{key}").token) for key, url in filled.items()
    )
    assert {monitor.workspace.name for monitor in Monitor.objects.select_related("workspace")} == {"Demo"}


def test_where_plans_are_sold_the_demo_has_one_that_lets_it(settings, alice, now):
    settings.BILLING_ENABLED = True
    add_plans(Plan, Price)
    for targets in ("http://127.0.0.1:9", "http://127.0.0.1:10"):
        fill(targets=targets, resolver="127.0.0.1:53", owner=alice, now=now)
    assert limits_of(alice.workspaces.get()).plan == "Team"
    assert Monitor.objects.filter(interval_seconds=10).exists()
    assert Subscription.objects.count() == 1


def test_a_second_start_only_points_them_at_new_targets(filled, alice, now):
    before = StatusChange.objects.count(), Incident.objects.count()
    assert fill(targets="http://127.0.0.1:10", resolver="127.0.0.1:54", owner=alice, now=now) == filled
    assert Monitor.objects.count() == len(WEBSITES) + len(OTHERS) + len(JOBS) == Rule.objects.count()
    assert (StatusChange.objects.count(), Incident.objects.count()) == before
    assert all(monitor.target.startswith("http://127.0.0.1:10/") for monitor in Monitor.objects.filter(type="http"))
    urls = {rule.channels.get().config["url"] for rule in Rule.objects.all()}
    assert urls == {"http://127.0.0.1:10/hook"}


def test_what_it_needs_and_what_was_planned_is_made_once(filled, alice, now):
    fill(targets="http://127.0.0.1:10", resolver="127.0.0.1:54", owner=alice, now=now)
    assert list(Dependency.objects.order_by("name").values_list("name", "pinned_status")) == [
        ("Legacy FTP server", "OK"), ("Orders database", ""), ("Payments API", ""),
    ]  # fmt: skip
    shop = Monitor.objects.get(external_key="demo-shop")
    marks = planned_marks(shop, since=now - timedelta(days=90), until=now)
    assert [mark["label"] for mark in marks] == ["Deployment Shop 1.4.2"] + ["Maintenance Database upkeep"] * 2


def test_the_past_is_believable_and_told_nobody(filled, now):
    monitor = Monitor.objects.get(external_key="demo-checkout")
    found = availability_of(monitor, since=monitor.created_at, until=now)
    assert 0.9 < found.total.availability < 1
    assert found.total.coverage > 0.99
    assert len(found.downtimes) == Incident.objects.filter(monitor=monitor).count() == 4
    assert set(Incident.objects.values_list("state", flat=True)) == {State.RESOLVED}
    assert not Delivery.objects.exists()


def test_targets_answer_and_print_webhooks():
    lines = []
    url = serve_targets(lines.append)
    assert urllib.request.urlopen(f"{url}/", timeout=5).status == 200
    assert json.load(urllib.request.urlopen(f"{url}/queue", timeout=5))["status"] == "ok"
    with pytest.raises(urllib.error.HTTPError, match="404") as missing:
        urllib.request.urlopen(f"{url}/moved-away", timeout=5)
    missing.value.close()
    told = {"event": "incident_open", "incident": {"title": "Shop: down"}}
    urllib.request.urlopen(f"{url}/hook", data=json.dumps(told).encode(), timeout=5).close()
    assert lines == ["  webhook: incident_open - Shop: down"]


def test_the_name_server_answers_a_check():
    fields = {"type": "dns", "settings": {"hostname": "shop.example", "resolver": serve_names()}}
    result = try_monitor(fields=fields, now=datetime.now(UTC))
    assert (result.ok, len(result.facts["records"])) == (True, 1)
