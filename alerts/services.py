"""Writes of action groups (a rule on a monitor with a channel of its own), tests, what people do to deliveries."""

import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db import transaction

from accounts import audit
from accounts.actor import Actor
from alerts import channel_services
from alerts.channels.catalogue import CATALOGUE
from alerts.channels.webhook_config import rolled
from alerts.models import AlertEvent, Channel, ChannelType, Delivery, DeliveryState, Rule
from alerts.outbox import plan
from alerts.payloads import payload_of_test
from alerts.rules import services as rules
from alerts.rules.fields import wrong_common
from alerts.sending.nudge import nudge
from alerts.signatures import new_secret
from common.invalid import Conflict, Invalid
from common.names import camel
from monitors.models import Monitor

MAX_ACTION_GROUPS = 50
_RULE_FIELDS = ("name", "events", "is_enabled", "reminder_seconds")


@dataclass(frozen=True, slots=True)
class SavedGroup:
    """An action group just written; `secret` is set when it is new, and is shown this once."""

    rule: Rule
    channel: Channel
    secret: str | None = None


@transaction.atomic
def create_action_group(
    *, monitor: Monitor, type: str, by: Actor, now: datetime, fields: Mapping[str, Any]
) -> SavedGroup:
    """A group of `name`, `is_enabled`, `events` (default: open and resolved), and what its type of channel takes:
    `recipients`, `phone_numbers`, or `url`, `headers`, `secret`. Raises Invalid naming every wrong field, Conflict at
    50 groups.
    """
    if Rule.objects.filter(monitor=monitor, is_action_group=True).count() >= MAX_ACTION_GROUPS:
        raise Conflict(f"A monitor has at most {MAX_ACTION_GROUPS} action groups.")
    config = _clean({"name": None, **fields}, type, monitor, stored=None)
    common = {"events": list(rules.DEFAULT_EVENTS), **_rule_part(fields)}
    channel = Channel(workspace=monitor.workspace, name=common["name"].strip(), type=type)
    channel.config = config
    channel.save()
    rule = Rule(workspace=monitor.workspace, monitor=monitor, is_action_group=True)
    rules.assign(rule, common)
    rule.save()
    rule.channels.set([channel])
    channel_services.ask(channel, now=now)
    audit.record(by=by, workspace=monitor.workspace, verb="create", target=rule, changes={"type": [None, type]})
    return SavedGroup(rule, channel, config.get("secret"))


@transaction.atomic
def edit_action_group(*, rule: Rule, by: Actor, now: datetime, fields: Mapping[str, Any]) -> SavedGroup:
    """Changes what `fields` names, leaves the rest; another `secret` rolls it. A channel that was disabled because its
    receiver was gone works again. Raises Invalid naming every wrong field.
    """
    rule = rules.locked(rule)
    channel = _channel_of(rule)
    config = _clean(fields, channel.type, _monitor_of(rule), stored=channel.config)
    is_rolled = config.get("secret") != channel.config.get("secret")
    if is_rolled:
        config = rolled(
            channel.config | config | {"secret": channel.config["secret"]}, secret=config["secret"], now=now
        )
    before = {**rules.shown(rule), **_described(channel)}
    rules.assign(rule, _rule_part(fields))
    rule.save()
    if rule.is_action_group:
        channel.name = rule.name
    channel.config, channel.is_enabled, channel.disabled_reason = config, True, ""
    channel.save(update_fields=["name", "config", "is_enabled", "disabled_reason", "updated_at"])
    channel_services.ask(channel, now=now)
    changes = rules.changes(before, {**rules.shown(rule), **_described(channel)})
    if is_rolled:
        changes["secret"] = ["********", "rolled"]
    audit.record(by=by, workspace=rule.workspace, verb="edit", target=rule, changes=changes)
    return SavedGroup(rule, channel, config["secret"] if is_rolled else None)


def delete_action_group(*, rule: Rule, by: Actor) -> None:
    """Removes the rule and its channel, with what the channel still had to send."""
    rules.delete_rule(rule=rule, by=by)


@transaction.atomic
def roll_secret(*, rule: Rule, by: Actor, now: datetime) -> SavedGroup:
    """A new secret for a webhook; the old one signs along for 24 hours. Raises Conflict for another type."""
    rule = rules.locked(rule)
    if _channel_of(rule).type != ChannelType.WEBHOOK:
        raise Conflict("Only a webhook has a secret.")
    return edit_action_group(rule=rule, by=by, now=now, fields={"secret": new_secret()})


@transaction.atomic
def send_test(*, rule: Rule, by: Actor, now: datetime) -> Delivery:
    """A real message to the group's channel, sent, tried again and recorded like any other. Raises Conflict."""
    channel = _channel_of(rule)
    _must_be_enabled(channel)
    occurrence = f"test:{uuid.uuid4()}"
    plan(
        workspace=rule.workspace,
        channels={channel.pk: rule.pk},
        incident=None,
        event=AlertEvent.TEST,
        occurrence=occurrence,
        payload=payload_of_test(rule.workspace, rule.monitor),
        now=now,
    )
    audit.record(by=by, workspace=rule.workspace, verb="test", target=channel)
    return Delivery.objects.select_related("channel").get(channel=channel, occurrence=occurrence)


def send_code(*, rule: Rule, number: str, now: datetime) -> None:
    """Plans another code to one of the group's numbers. Raises Invalid for another number, Conflict when it may not."""
    channel_services.send_code(channel=_channel_of(rule), number=number, now=now)


def confirm_number(*, rule: Rule, number: str, code: str, by: Actor, now: datetime) -> None:
    """One of the group's numbers agrees by its code. Raises Invalid for another number or a wrong code."""
    channel_services.confirm_number(channel=_channel_of(rule), number=number, code=code, by=by, now=now)


@transaction.atomic
def resend(*, delivery: Delivery, by: Actor, now: datetime) -> Delivery:
    """Due at once, with a fresh schedule and under the same id. Raises Conflict while it is being sent, or when its
    channel is disabled.
    """
    delivery = _locked(delivery)
    _must_be_enabled(delivery.channel)
    _must_rest(delivery, now)
    if delivery.state == DeliveryState.DELIVERED:
        delivery.reached = []
    delivery.state, delivery.attempts_made = DeliveryState.PENDING, 0
    delivery.next_attempt_at, delivery.finished_at, delivery.dismissed_by = now, None, None
    delivery.save(update_fields=["state", "attempts_made", "reached", "next_attempt_at", "finished_at", "dismissed_by"])
    audit.record(by=by, workspace=delivery.workspace, verb="resend", target=delivery)
    transaction.on_commit(nudge, robust=True)
    return delivery


@transaction.atomic
def dismiss(*, delivery: Delivery, by: Actor, now: datetime) -> Delivery:
    """No further attempt. Raises Conflict when there would be none, or while it is being sent."""
    delivery = _locked(delivery)
    if delivery.next_attempt_at is None:
        raise Conflict(f"The delivery is {delivery.get_state_display().lower()} already.")
    _must_rest(delivery, now)
    delivery.state, delivery.next_attempt_at = DeliveryState.DISMISSED, None
    delivery.finished_at, delivery.dismissed_by = now, by.user
    delivery.save(update_fields=["state", "next_attempt_at", "finished_at", "dismissed_by"])
    audit.record(by=by, workspace=delivery.workspace, verb="dismiss", target=delivery)
    return delivery


def _clean(
    fields: Mapping[str, Any], type: str, monitor: Monitor, *, stored: Mapping[str, Any] | None
) -> dict[str, Any]:
    """The channel's config; raises Invalid with the errors of rule and channel together."""
    errors = wrong_common(fields)
    config: dict[str, Any] = {}
    try:
        config = CATALOGUE[type].clean(_channel_part(fields), workspace=monitor.workspace, stored=stored)
    except Invalid as invalid:
        errors += invalid.errors
    if errors:
        raise Invalid(errors)
    return config


def _rule_part(fields: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in fields.items() if name in _RULE_FIELDS}


def _channel_part(fields: Mapping[str, Any]) -> dict[str, Any]:
    return {camel(name): value for name, value in fields.items() if name not in _RULE_FIELDS}


def _described(channel: Channel) -> dict[str, Any]:
    return CATALOGUE[channel.type].describe(channel.config)


def _channel_of(rule: Rule) -> Channel:
    return rule.channels.get()


def _monitor_of(rule: Rule) -> Monitor:
    assert rule.monitor is not None, "an action group is on a monitor"
    return rule.monitor


def _locked(delivery: Delivery) -> Delivery:
    related = Delivery.objects.select_for_update(of=("self",), no_key=True).select_related("channel", "workspace")
    return related.get(pk=delivery.pk)


def _must_be_enabled(channel: Channel) -> None:
    if not channel.is_enabled:
        raise Conflict(f"The channel is disabled. {channel.disabled_reason}".strip())


def _must_rest(delivery: Delivery, now: datetime) -> None:
    until = delivery.channel.claimed_until
    if delivery.state == DeliveryState.SENDING and until is not None and until > now:
        raise Conflict("The delivery is being sent at this moment.")
