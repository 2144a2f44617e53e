"""The workspace "Demo" and the monitors in it; filling it again only points them at today's targets."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any, NamedTuple

from django.conf import settings

from accounts.actor import SYSTEM
from accounts.models import Role, User, Workspace
from accounts.services import create_workspace, rename_workspace
from alerts.models import ChannelType, Rule
from alerts.services import create_action_group, edit_action_group
from billing.limits import limits_of
from billing.models import Plan, Subscription, SubscriptionStatus
from dashboard.demo.past import invent_past
from dashboard.demo.plans import plan
from monitors.models import Monitor
from monitors.services import create_monitor, edit_monitor
from signals.heartbeats import ping_url
from signals.models import Heartbeat

NAME = "Demo"


class Example(NamedTuple):
    """One monitor: its key, where it looks below the targets' address, what is special, outages of its past."""

    key: str
    name: str
    path: str = "/"
    more: Mapping[str, Any] = {}
    outages: int = 0


WEBSITES = (
    Example("shop", "Shop front", outages=1, more={"tags": ["web"]}),
    Example("search", "Search", "/search", {"latency_threshold_ms": 500, "tags": ["web"]}, 2),
    Example("checkout", "Checkout, fails now and then", "/checkout", {"tags": ["web", "money"]}, 4),
    Example(
        "queue",
        "Queue depth",
        "/queue",
        {"assertions": [{"source": "json", "property": "$.waiting", "comparison": "less_than", "target": 100}]},
        3,
    ),
    Example("intranet", "Intranet, always down", "/moved-away"),
)
# Beside the websites: (key, name, type, settings but for what is filled in from today's targets).
OTHERS: tuple[tuple[str, str, str, Mapping[str, Any]], ...] = (
    ("port", "Shop port", "tcp", {"send": "GET / HTTP/1.0\\r\\n\\r\\n", "expect": "200 OK"}),
    ("names", "Shop records, move now and then", "dns", {"hostname": "shop.example"}),
)
JOBS = (
    Example("backup", "Nightly backup", more={"max_runtime_seconds": 5}),
    Example("invoices", "Invoices, forgets to run", outages=3),
    Example("import", "Import, fails now and then", outages=2),
)


def fill(*, targets: str, resolver: str, owner: User, now: datetime) -> dict[str, str]:
    """Makes or renews the examples; returns {job: ping URL}."""
    workspace = _workspace(owner)
    _give_largest_plan(workspace)
    interval = limits_of(workspace, now=now).min_interval_seconds
    for example in WEBSITES:
        looked_at = {"url": f"{targets}{example.path}", "assertions": example.more.get("assertions", [])}
        more = {name: value for name, value in example.more.items() if name != "assertions"}
        fields = {"type": "http", "interval_seconds": interval, "settings": looked_at, **more}
        _tell(_saved(workspace, example, fields, now), f"{targets}/hook", now)
    for key, name, kind, given in OTHERS:
        fields = {
            "type": kind,
            "interval_seconds": interval,
            "settings": {**given, **_place(kind, targets, resolver)},
            "tags": ["net"],
        }
        _tell(_saved(workspace, Example(key, name), fields, now), f"{targets}/hook", now)
    schedule = {"kind": "interval", "interval_seconds": 20}
    expected = {"schedule": schedule, "grace_seconds": 10}
    jobs = {
        example.key: _saved(workspace, example, {"type": "heartbeat", "settings": {**expected, **example.more}}, now)
        for example in JOBS
    }
    plan(workspace, now=now)
    for monitor in jobs.values():
        _tell(monitor, f"{targets}/hook", now)
    tokens = dict(Heartbeat.objects.filter(monitor__in=jobs.values()).values_list("monitor_id", "token"))
    return {key: ping_url(tokens[monitor.pk]) for key, monitor in jobs.items()}


def _place(kind: str, targets: str, resolver: str) -> dict[str, Any]:
    """Where an example of a type looks."""
    host, _, port = targets.partition("://")[2].partition(":")
    return {"resolver": resolver} if kind == "dns" else {"host": host, "port": int(port)}


def _workspace(owner: User) -> Workspace:
    """The demo's; on a new platform the owner's own, still empty, so that signing in leads to the examples."""
    owned = Workspace.objects.filter(memberships__user=owner, memberships__role=Role.OWNER).order_by("pk")
    if found := owned.filter(name=NAME).first():
        return found
    first = owned.first()
    if first is not None and not Monitor.objects.in_workspace(first).exists():
        return rename_workspace(workspace=first, name=NAME, by=SYSTEM)
    return create_workspace(name=NAME, owner=owner, by=SYSTEM)


def _give_largest_plan(workspace: Workspace) -> None:
    """Where plans are sold: its examples are checked more often than who has bought nothing may."""
    if settings.BILLING_ENABLED and (largest := Plan.objects.order_by("-rank").first()) is not None:
        given = {"plan": largest, "status": SubscriptionStatus.ACTIVE}
        Subscription.objects.update_or_create(workspace=workspace, stripe_id=None, defaults=given)


def owner_of_demo() -> User:
    """The first operator there is."""
    return User.objects.filter(is_active=True, is_staff=True).order_by("pk")[0]


def _saved(workspace: Workspace, example: Example, fields: Mapping[str, Any], now: datetime) -> Monitor:
    key = f"demo-{example.key}"
    found = Monitor.objects.in_workspace(workspace).filter(external_key=key).first()
    if found is not None:
        changed = {name: value for name, value in fields.items() if name != "type"}
        return edit_monitor(monitor=found, by=SYSTEM, now=now, fields=changed)
    fields = {"name": example.name, "external_key": key, **fields}
    monitor = create_monitor(workspace=workspace, by=SYSTEM, now=now, fields=fields)
    if example.outages:
        invent_past(monitor, outages=example.outages, now=now)
    return monitor


def _tell(monitor: Monitor, url: str, now: datetime) -> None:
    rule = Rule.objects.filter(monitor=monitor, is_action_group=True).first()
    fields = {"name": "Terminal", "url": url}
    if rule is None:
        create_action_group(monitor=monitor, type=ChannelType.WEBHOOK, by=SYSTEM, now=now, fields=fields)
    else:
        edit_action_group(rule=rule, by=SYSTEM, now=now, fields=fields)
