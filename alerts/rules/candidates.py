"""The rules that may watch some incidents, read in two queries however many those are."""

from collections import defaultdict
from collections.abc import Collection, Iterable

from django.db.models import Q, QuerySet

from alerts.models import Rule
from alerts.rules.routing import RuleView, Subject
from incidents.models import Incident


class Candidates:
    """The enabled rules of the workspaces of these incidents, at hand by what they watch."""

    def __init__(self, incidents: Collection[Incident]) -> None:
        rules = list(candidate_rules(incidents))
        self._views: defaultdict[tuple[int, int | None], list[RuleView]] = defaultdict(list)
        for rule, view in zip(rules, rule_views(rules), strict=True):
            self._views[rule.workspace_id, rule.monitor_id].append(view)

    def of(self, incident: Incident) -> list[RuleView]:
        """Those that may watch this one: of its monitor, and of all, its group or its tags."""
        shared = self._views[incident.workspace_id, None]
        own = self._views[incident.workspace_id, incident.monitor_id] if incident.monitor_id is not None else []
        return own + shared


def candidate_rules(incidents: Collection[Incident]) -> QuerySet[Rule]:
    """Enabled rules of the workspaces of these incidents whose scope may hold one of their monitors."""
    monitors = [incident.monitor for incident in incidents if incident.monitor is not None]
    tags = {tag for monitor in monitors for tag in monitor.tags} - {""}
    groups = {monitor.service_group_id for monitor in monitors if monitor.service_group_id is not None}
    wide = Q(monitor__isnull=True) & (
        Q(service_group__isnull=True, tag="")
        | Q(service_group__isnull=True, tag__in=tags)
        | Q(service_group__in=groups)
    )
    scope = wide | Q(monitor__in=[monitor.pk for monitor in monitors])
    workspaces = {incident.workspace_id for incident in incidents}
    return Rule.objects.filter(scope, workspace__in=workspaces, is_enabled=True).order_by("pk")


def rule_views(rules: Iterable[Rule]) -> list[RuleView]:
    """Rules with their enabled channels, in two queries at most."""
    found = list(rules)
    links = Rule.channels.through.objects.filter(rule__in=found, channel__is_enabled=True)
    channels: dict[int, list[int]] = {}
    for rule_id, channel_id in links.values_list("rule_id", "channel_id"):
        channels.setdefault(rule_id, []).append(channel_id)
    return [_view(rule, channels.get(rule.pk, ())) for rule in found]


def _view(rule: Rule, channel_ids: Iterable[int]) -> RuleView:
    return RuleView(
        id=rule.pk,
        monitor_id=rule.monitor_id,
        service_group_id=rule.service_group_id,
        tag=rule.tag,
        when=rule.when,
        events=tuple(rule.events),
        channel_ids=tuple(channel_ids),
        is_enabled=rule.is_enabled,
        reminder_seconds=rule.reminder_seconds,
    )


def subject_of(incident: Incident) -> Subject:
    """What the incident is about, for routing."""
    monitor = incident.monitor
    if monitor is None:
        return Subject()
    return Subject(monitor_id=monitor.pk, service_group_id=monitor.service_group_id, tags=tuple(monitor.tags))
