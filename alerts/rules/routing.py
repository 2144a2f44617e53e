"""Which channels an incident event goes to: scopes, conditions, events, and the owners where nobody is named. Pure."""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from alerts.rules.conditions import Facts, holds

OPEN, ACKNOWLEDGED = "incident_open", "incident_acknowledged"
RESOLVED, REMINDER = "incident_resolved", "incident_reminder"
OWNERS_HEAR = (OPEN, RESOLVED)
DEFAULT_REMINDER_SECONDS = 3600


@dataclass(frozen=True, slots=True, kw_only=True)
class RuleView:
    """A rule as routing sees it. The scope is the first of monitor, service group and tag that is set, else all."""

    id: int
    monitor_id: int | None = None
    service_group_id: int | None = None
    tag: str = ""
    when: Mapping[str, Any] = field(default_factory=dict)
    events: Collection[str] = ()
    channel_ids: Collection[int] = ()  # enabled ones only
    is_enabled: bool = True
    reminder_seconds: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Subject:
    """What an incident is about; all empty for one that no monitor opened."""

    monitor_id: int | None = None
    service_group_id: int | None = None
    tags: Collection[str] = ()


@dataclass(frozen=True, slots=True)
class Route:
    """Whom an event goes to: channel id to the id of the rule that names it, None when an earlier message does."""

    channels: Mapping[int, int | None]
    to_owners: bool


def in_scope(rule: RuleView, subject: Subject) -> bool:
    """Whether a rule watches this subject. A rule for all watches what no monitor opened too."""
    if rule.monitor_id is not None:
        return rule.monitor_id == subject.monitor_id
    if rule.service_group_id is not None:
        return rule.service_group_id == subject.service_group_id
    if rule.tag:
        return rule.tag in subject.tags
    return True


def matches(rule: RuleView, *, event: str, subject: Subject, facts: Facts) -> bool:
    """Whether an enabled rule names this event of this subject under these facts."""
    return rule.is_enabled and _names(rule, event) and in_scope(rule, subject) and holds(rule.when, facts)


def _names(rule: RuleView, event: str) -> bool:
    return reminder_every(rule) is not None if event == REMINDER else event in rule.events


def reminder_every(rule: RuleView) -> int | None:
    """Seconds between reminders: as set, an hour when only the event is named, None when the rule has no reminder."""
    if rule.reminder_seconds:
        return rule.reminder_seconds
    return DEFAULT_REMINDER_SECONDS if REMINDER in rule.events else None


def is_covered(rules: Iterable[RuleView], subject: Subject) -> bool:
    """Whether somebody would be told of an opening, under some facts: else the owners are.

    A rule with no enabled channel covers nothing, so that a disabled channel silences no monitor.
    """
    return any(
        rule.is_enabled and rule.channel_ids and OPEN in rule.events and in_scope(rule, subject) for rule in rules
    )


def route(rules: Iterable[RuleView], *, event: str, subject: Subject, facts: Facts, owed: Iterable[int] = ()) -> Route:
    """Each channel once, however many rules name it; the rule kept is the oldest.

    `owed` are the channels that heard of the opening and hear of this too, although no rule may name them any more.
    """
    rules = sorted(rules, key=lambda one: one.id)
    channels: dict[int, int | None] = {}
    for rule in rules:
        if matches(rule, event=event, subject=subject, facts=facts):
            for channel_id in rule.channel_ids:
                channels.setdefault(channel_id, rule.id)
    for channel_id in owed:
        channels.setdefault(channel_id, None)
    return Route(channels, to_owners=event in OWNERS_HEAR and not is_covered(rules, subject))
