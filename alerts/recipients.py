"""Addresses that are no member's own: asked once, told only after they agreed."""

import random
from collections.abc import Collection
from datetime import datetime, timedelta

from django.db import transaction
from django.db.models import Q
from django.template.loader import render_to_string

from accounts.models import Workspace
from accounts.selectors import member_addresses
from alerts import links, mail
from alerts.models import ChannelType, Delivery, Recipient
from alerts.nudge import nudge
from alerts.retries import retry_delay
from common.claims import claim
from common.invalid import Conflict

ASK_AGAIN_AFTER = timedelta(minutes=10)
LEASE = timedelta(minutes=5)
BATCH = 10


def confirmed(workspace: Workspace, addresses: Collection[str]) -> set[str]:
    """Those of `addresses` that agreed."""
    found = Recipient.objects.in_workspace(workspace).filter(address__in=addresses, confirmed_at__isnull=False)
    return set(found.values_list("address", flat=True))


@transaction.atomic
def ask(*, workspace: Workspace, addresses: Collection[str], now: datetime) -> None:
    """Plans one mail to each address that is no member's and was never asked."""
    strangers = set(addresses) - member_addresses(workspace)
    new = [Recipient(workspace=workspace, address=address, ask_at=now) for address in sorted(strangers)]
    if new:
        Recipient.objects.bulk_create(new, ignore_conflicts=True)


@transaction.atomic
def ask_again(*, recipient: Recipient, now: datetime) -> Recipient:
    """Plans another mail. Raises Conflict when the address has agreed, or was asked in the last 10 minutes."""
    recipient = Recipient.objects.select_for_update().get(pk=recipient.pk)
    if recipient.confirmed_at:
        raise Conflict(f"{recipient.address} has confirmed already.")
    if recipient.asked_at and now - recipient.asked_at < ASK_AGAIN_AFTER:
        raise Conflict(f"{recipient.address} was asked less than 10 minutes ago.")
    recipient.ask_at, recipient.asks_failed = now, 0
    recipient.save(update_fields=["ask_at", "asks_failed"])
    return recipient


@transaction.atomic
def confirm(*, recipient: Recipient, now: datetime) -> Recipient:
    """The address agrees; what waited for it is due at once. Twice changes nothing."""
    recipient = Recipient.objects.select_for_update().select_related("workspace").get(pk=recipient.pk)
    if recipient.confirmed_at:
        return recipient
    recipient.confirmed_at, recipient.ask_at = now, None
    recipient.save(update_fields=["confirmed_at", "ask_at"])
    waiting = Delivery.objects.in_workspace(recipient.workspace).filter(
        channel__type=ChannelType.EMAIL, next_attempt_at__gt=now
    )
    waiting.update(next_attempt_at=now)
    transaction.on_commit(nudge, robust=True)
    return recipient


def send_due_questions(*, now: datetime) -> int:
    """Sends the mails that ask, in one SMTP conversation; returns how many addresses were tried."""
    free = Q(claimed_until__isnull=True) | Q(claimed_until__lte=now)
    due = Recipient.objects.filter(free, ask_at__lte=now).order_by("ask_at")
    if not due.exists():
        return 0
    recipients = claim(due, limit=BATCH, claimed_until=now + LEASE)
    workspaces = Workspace.objects.in_bulk({one.workspace_id for one in recipients})
    report = mail.post([_question(one, workspaces[one.workspace_id], now) for one in recipients])
    for recipient in recipients:
        _note(recipient, report, now)
    return len(recipients)


def _question(recipient: Recipient, workspace: Workspace, now: datetime) -> mail.Mail:
    url = links.confirm_url(recipient_id=recipient.pk, address=recipient.address, made_at=now)
    context = {"workspace": workspace, "address": recipient.address, "url": url}
    return mail.Mail(
        to=recipient.address,
        subject=f"Confirm alerts from {workspace.name}",
        text=render_to_string("alerts/email/confirm.txt", context),
        html=render_to_string("alerts/email/confirm.html", context),
    )


def _note(recipient: Recipient, report: mail.Report, now: datetime) -> None:
    """Keeps what became of one question; a failure is tried again on the schedule of deliveries."""
    error = (report.refused | report.failed).get(recipient.address, "")
    if error:
        recipient.asks_failed += 1
        delay = retry_delay(recipient.asks_failed, random.random())  # noqa: S311
        recipient.ask_at = None if delay is None else now + timedelta(seconds=delay)
    else:
        recipient.asked_at, recipient.ask_at, recipient.asks_failed = now, None, 0
    recipient.ask_error, recipient.claimed_until = error, None
    Recipient.objects.filter(pk=recipient.pk, confirmed_at__isnull=True).update(
        asked_at=recipient.asked_at,
        ask_at=recipient.ask_at,
        asks_failed=recipient.asks_failed,
        ask_error=recipient.ask_error,
        claimed_until=None,
    )
