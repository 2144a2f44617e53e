"""Writes of channels that rules share: making, editing, removing, a new secret, a test."""

import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db import transaction

from accounts import audit
from accounts.actor import Actor
from accounts.models import Workspace
from alerts.channels.catalogue import CATALOGUE
from alerts.channels.webhook_config import rolled
from alerts.models import AlertEvent, Channel, ChannelType, Delivery
from alerts.outbox import plan
from alerts.payloads import payload_of_test
from alerts.recipients import addresses as recipients
from alerts.recipients import phone_numbers
from alerts.rules import services as rules
from alerts.rules.fields import wrong_common
from alerts.signatures import new_secret
from common.invalid import Conflict, FieldError, Invalid

MOST_CHANNELS = 500


@dataclass(frozen=True, slots=True)
class SavedChannel:
    """A channel just written; `secret` is set when it is new, and is shown this once."""

    channel: Channel
    secret: str | None = None


@transaction.atomic
def create_channel(*, workspace: Workspace, by: Actor, now: datetime, fields: Mapping[str, Any]) -> SavedChannel:
    """A channel of `name`, `type`, `config` and `is_enabled`; no rule uses it yet.

    Raises Invalid naming every wrong field, Conflict when the workspace has too many.
    """
    if Channel.objects.in_workspace(workspace).count() >= MOST_CHANNELS:
        raise Conflict(f"A workspace has at most {MOST_CHANNELS} channels.")
    config = _clean(workspace, {"name": None, "config": {}, **fields}, fields.get("type"), None)
    channel = Channel(workspace=workspace, name=fields["name"].strip(), type=fields["type"])
    channel.config = config
    channel.is_enabled = fields.get("is_enabled", True)
    channel.save()
    ask(channel, now=now)
    audit.record(by=by, workspace=workspace, verb="create", target=channel, changes={"type": [None, channel.type]})
    return SavedChannel(channel, config.get("secret"))


@transaction.atomic
def edit_channel(*, channel: Channel, by: Actor, now: datetime, fields: Mapping[str, Any]) -> SavedChannel:
    """Changes what `fields` names; of `config` what it leaves out stays. Another `secret` rolls it.

    Raises Invalid naming every wrong field.
    """
    channel = _held(channel)
    if fields.get("type", channel.type) != channel.type:
        raise Invalid([FieldError("/type", "immutable", f"It is {channel.type} and stays so; make another channel.")])
    config = _clean(channel.workspace, fields, channel.type, channel.config)
    is_rolled = config.get("secret") != channel.config.get("secret")
    if is_rolled:
        config = rolled(
            channel.config | config | {"secret": channel.config["secret"]}, secret=config["secret"], now=now
        )
    before = _shown(channel)
    channel.name, channel.config = fields.get("name", channel.name).strip(), config
    channel.is_enabled = fields.get("is_enabled", channel.is_enabled)
    if channel.is_enabled:
        channel.disabled_reason = ""
    channel.save(update_fields=["name", "config", "is_enabled", "disabled_reason", "updated_at"])
    ask(channel, now=now)
    changes = rules.changes(before, _shown(channel)) | ({"secret": ["********", "rolled"]} if is_rolled else {})
    audit.record(by=by, workspace=channel.workspace, verb="edit", target=channel, changes=changes)
    return SavedChannel(channel, config["secret"] if is_rolled else None)


@transaction.atomic
def delete_channel(*, channel: Channel, by: Actor) -> None:
    """Removes a channel with what it still had to send. Raises Conflict while a rule would be left without one, or a
    report schedule goes there.
    """
    channel = _held(channel)
    for rule in channel.rules.order_by("pk"):
        if rule.channels.count() == 1:
            raise Conflict(f"The rule {rule.name!r} ({rule.pk}) has no other channel; change or delete it first.")
    if schedule := channel.report_schedules.order_by("pk").first():
        raise Conflict(f"The report schedule {schedule.name!r} ({schedule.pk}) goes there; change or delete it first.")
    audit.record(by=by, workspace=channel.workspace, verb="delete", target=channel)
    channel.delete()


@transaction.atomic
def roll_channel_secret(*, channel: Channel, by: Actor, now: datetime) -> SavedChannel:
    """A new secret for a webhook; the old one signs along for 24 hours. Raises Conflict for another type."""
    if channel.type != ChannelType.WEBHOOK:
        raise Conflict("Only a webhook has a secret.")
    return edit_channel(channel=channel, by=by, now=now, fields={"config": {"secret": new_secret()}})


@transaction.atomic
def send_channel_test(*, channel: Channel, by: Actor, now: datetime) -> Delivery:
    """A real message, sent, tried again and recorded like any other. Raises Conflict when the channel is disabled."""
    if not channel.is_enabled:
        raise Conflict(f"The channel is disabled. {channel.disabled_reason}".strip())
    occurrence = f"test:{uuid.uuid4()}"
    plan(
        workspace=channel.workspace,
        channels={channel.pk: None},
        incident=None,
        event=AlertEvent.TEST,
        occurrence=occurrence,
        payload=payload_of_test(channel.workspace, None),
        now=now,
    )
    audit.record(by=by, workspace=channel.workspace, verb="test", target=channel)
    return Delivery.objects.select_related("channel").get(channel=channel, occurrence=occurrence)


def _clean(
    workspace: Workspace, fields: Mapping[str, Any], type: Any, stored: Mapping[str, Any] | None
) -> dict[str, Any]:
    """The config to store; raises Invalid with every wrong field."""
    errors = wrong_common({name: fields[name] for name in ("name", "is_enabled") if name in fields})
    given = fields.get("config", {})
    config: dict[str, Any] = {}
    if not isinstance(type, str) or type not in CATALOGUE:
        errors.append(FieldError("/type", "choice", f"Choose one of {', '.join(CATALOGUE)}."))
    elif not isinstance(given, Mapping):
        errors.append(FieldError("/config", "type", "Write an object."))
    else:
        known = CATALOGUE[type].schema["properties"]
        errors += [
            FieldError(f"/config/{str(name)[:80]}", "unknown", f"A channel of type {type} has: {', '.join(known)}.")
            for name in given
            if name not in known
        ]
        try:
            config = CATALOGUE[type].clean(given, workspace=workspace, stored=stored)
        except Invalid as invalid:
            errors += [FieldError(f"/config{one.pointer}", one.code, one.detail) for one in invalid.errors]
    if errors:
        raise Invalid(errors)
    return config


def _shown(channel: Channel) -> dict[str, Any]:
    described = CATALOGUE[channel.type].describe(channel.config)
    return {"name": channel.name, "is_enabled": channel.is_enabled, **described}


def _held(channel: Channel) -> Channel:
    rows = Channel.objects.select_for_update(of=("self",), no_key=True).select_related("workspace")
    found = rows.filter(pk=channel.pk).first()
    if found is None:
        raise Conflict("The channel has been deleted.")
    return found


def ask(channel: Channel, *, now: datetime) -> None:
    """Asks addresses and numbers for their word, those that have not been asked."""
    if channel.type == ChannelType.EMAIL:
        recipients.ask(workspace=channel.workspace, addresses=channel.config["recipients"], now=now)
    if channel.type == ChannelType.SMS:
        phone_numbers.ask(workspace=channel.workspace, numbers=channel.config["phone_numbers"], now=now)


def send_code(*, channel: Channel, number: str, now: datetime) -> None:
    """Plans another code to one of its numbers. Raises Invalid for another number, Conflict when it may not."""
    _must_have(channel, number)
    phone_numbers.ask_again(workspace=channel.workspace, number=number, now=now)


def confirm_number(*, channel: Channel, number: str, code: str, by: Actor, now: datetime) -> None:
    """One of its numbers agrees by its code, for all channels of the workspace. Raises Invalid for a wrong one."""
    _must_have(channel, number)
    phone_numbers.confirm(workspace=channel.workspace, number=number, code=code, now=now)
    audit.record(by=by, workspace=channel.workspace, verb="confirm", target=channel)


def _must_have(channel: Channel, number: str) -> None:
    if number not in channel.config.get("phone_numbers", ()):
        raise Invalid([FieldError("/phoneNumber", "unknown", "No message goes to this number.")])
