"""Writes of rules: which events of which monitors go to which channels."""

from collections.abc import Mapping
from typing import Any

from django.db import transaction

from accounts import audit
from accounts.actor import Actor
from accounts.models import Workspace
from alerts.models import AlertEvent, Rule
from alerts.rules.fields import SCOPES, wrong_rule
from common.invalid import Invalid

DEFAULT_EVENTS = (AlertEvent.INCIDENT_OPEN.value, AlertEvent.INCIDENT_RESOLVED.value)
DEFAULTS: Mapping[str, Any] = {
    "scope": {},
    "when": {},
    "events": list(DEFAULT_EVENTS),
    "is_enabled": True,
    "reminder_seconds": None,
}
_PLAIN = ("name", "when", "events", "is_enabled", "reminder_seconds")


@transaction.atomic
def create_rule(*, workspace: Workspace, by: Actor, fields: Mapping[str, Any]) -> Rule:
    """A rule of `name`, `scope` {monitor_id | service_group_id | tag}, `when`, `events`, `channel_ids`, `is_enabled`
    and `reminder_seconds`. Raises Invalid naming every wrong field.
    """
    fields = {**DEFAULTS, **fields}
    _check(fields, workspace, needed=("name", "channel_ids"))
    rule = Rule(workspace=workspace)
    assign(rule, fields)
    rule.save()
    rule.channels.set(fields["channel_ids"])
    audit.record(by=by, workspace=workspace, verb="create", target=rule)
    return rule


@transaction.atomic
def edit_rule(*, rule: Rule, by: Actor, fields: Mapping[str, Any]) -> Rule:
    """Changes what `fields` names, leaves the rest. Raises Invalid naming every wrong field."""
    rule = locked(rule)
    _check(fields, rule.workspace)
    before = shown(rule)
    assign(rule, fields)
    rule.is_action_group = rule.is_action_group and _owns_still(rule, fields)
    rule.save()
    if "channel_ids" in fields:
        rule.channels.set(fields["channel_ids"])
    audit.record(by=by, workspace=rule.workspace, verb="edit", target=rule, changes=changes(before, shown(rule)))
    return rule


@transaction.atomic
def delete_rule(*, rule: Rule, by: Actor) -> None:
    """Removes a rule; its channels stay, except that of an action group that nothing else goes to."""
    audit.record(by=by, workspace=rule.workspace, verb="delete", target=rule)
    own = list(rule.channels.filter(is_owners=False)) if rule.is_action_group else []
    rule.delete()
    for channel in own:
        if not channel.rules.exists() and not channel.report_schedules.exists():
            channel.delete()


def locked(rule: Rule) -> Rule:
    """The rule as it is now, held until the transaction ends."""
    return (
        Rule.objects.select_for_update(of=("self",), no_key=True).select_related("workspace", "monitor").get(pk=rule.pk)
    )


def assign(rule: Rule, fields: Mapping[str, Any]) -> None:
    """Puts valid `fields` on the rule. Each event once; no conditions is an empty object."""
    values = {name: fields[name] for name in _PLAIN if name in fields}
    if "name" in values:
        values["name"] = values["name"].strip()
    if "events" in values:
        values["events"] = list(dict.fromkeys(values["events"]))
    if "when" in values:
        values["when"] = values["when"] if any(values["when"].values()) else {}
    if "scope" in fields:
        scope = {name: fields["scope"].get(name) or None for name in SCOPES}
        values |= {**scope, "tag": scope["tag"] or ""}
    for name, value in values.items():
        setattr(rule, name, value)


def shown(rule: Rule) -> dict[str, Any]:
    """What the audit log compares."""
    return {name: getattr(rule, name) for name in (*_PLAIN, *SCOPES)}


def changes(before: Mapping[str, Any], after: Mapping[str, Any]) -> dict[str, Any]:
    """Fields that differ, as [before, after]."""
    return {name: [before[name], after[name]] for name in after if before.get(name) != after[name]}


def _owns_still(rule: Rule, fields: Mapping[str, Any]) -> bool:
    """Whether an action group is one after an edit; else its channel is one that stays when the rule goes."""
    ids = set(fields.get("channel_ids", ())) or set(rule.channels.values_list("pk", flat=True))
    return rule.monitor_id is not None and ids == set(rule.channels.values_list("pk", flat=True))


def _check(fields: Mapping[str, Any], workspace: Workspace, needed: tuple[str, ...] = ()) -> None:
    errors = wrong_rule({**dict.fromkeys(needed), **fields}, workspace)
    if errors:
        raise Invalid(errors)
