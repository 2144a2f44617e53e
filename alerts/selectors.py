"""Reads of alerts."""

from collections.abc import Iterable

from django.db.models import Count, OuterRef, Prefetch, QuerySet, Subquery

from accounts.models import Workspace
from alerts.models import Channel, Delivery, DeliveryAttempt, MonthlyReport, Recipient, ReportSchedule, Rule
from incidents.models import Incident
from monitors.models import Monitor


def action_groups(monitor: Monitor, type: str | None = None) -> QuerySet[Rule]:
    """The action groups of a monitor, oldest first, of one type or all: its rules that have one channel."""
    links = Rule.channels.through.objects.filter(rule=OuterRef("pk")).order_by().values("rule")
    alone = Subquery(links.annotate(count=Count("pk")).values("count"))
    rules = Rule.objects.filter(monitor=monitor).annotate(channel_count=alone).filter(channel_count=1)
    rules = rules.select_related("workspace", "monitor")
    if type is not None:
        rules = rules.filter(channels__type=type)
    return rules.prefetch_related("channels").order_by("pk")


def rules(workspace: Workspace) -> QuerySet[Rule]:
    """All rules of a workspace with scope and channels, oldest first."""
    found = Rule.objects.in_workspace(workspace).select_related("monitor", "service_group")
    return found.prefetch_related("channels").order_by("pk")


def channels(workspace: Workspace) -> QuerySet[Channel]:
    """All channels of a workspace by name."""
    return Channel.objects.in_workspace(workspace).order_by("name", "pk")


def deliveries(workspace: Workspace) -> QuerySet[Delivery]:
    """All deliveries of a workspace, newest first, with channel, incident and monitor."""
    found = Delivery.objects.in_workspace(workspace).select_related("channel", "incident__monitor", "dismissed_by")
    return found.defer("payload", "channel__config").order_by("-created_at", "-pk")


def with_attempts(found: QuerySet[Delivery]) -> QuerySet[Delivery]:
    """The same with every try, oldest first, in one query more."""
    return found.prefetch_related(Prefetch("attempts", DeliveryAttempt.objects.order_by("started_at", "pk")))


def deliveries_of(incident: Incident) -> QuerySet[Delivery]:
    """Who was told of an incident, in the order of planning, with every try."""
    return with_attempts(deliveries(incident.workspace)).filter(incident=incident).order_by("created_at", "pk")


def unconfirmed(workspace: Workspace, addresses: Iterable[str]) -> QuerySet[Recipient]:
    """Those of `addresses` that were asked and have not agreed."""
    found = Recipient.objects.in_workspace(workspace)
    return found.filter(address__in=list(addresses), confirmed_at__isnull=True).order_by("address")


def report_schedules(workspace: Workspace) -> QuerySet[ReportSchedule]:
    """All report schedules of a workspace by name, with what they cover and where they go."""
    found = ReportSchedule.objects.in_workspace(workspace).select_related("channel", "service_group", "workspace")
    monitors = Prefetch("monitors", Monitor.objects.only("pk", "name").order_by("name", "pk"))
    return found.defer("channel__config").prefetch_related(monitors).order_by("name", "pk")


def monthly_reports(workspace: Workspace) -> QuerySet[MonthlyReport]:
    """All monthly reports of a workspace, newest first, with schedule and delivery, without their files."""
    found = MonthlyReport.objects.in_workspace(workspace).select_related("schedule", "delivery__channel")
    return found.defer("pdf", "delivery__payload", "delivery__channel__config").order_by("-pk")
