"""Addresses that are no member's own: asked once, told only after they agreed."""

from collections.abc import Collection
from datetime import datetime

from django.db import transaction
from django.template.loader import render_to_string

from accounts.models import Workspace
from accounts.selectors import member_addresses
from alerts import links
from alerts.models import ChannelType, Recipient
from alerts.recipients import asking
from alerts.sending import mail


def confirmed(workspace: Workspace, addresses: Collection[str]) -> set[str]:
    """Those of `addresses` that agreed."""
    return asking.agreed(Recipient, workspace, addresses)


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
    asking.plan_again(recipient, now=now)
    return recipient


@transaction.atomic
def confirm(*, recipient: Recipient, now: datetime) -> Recipient:
    """The address agrees; what waited for it is due at once. Twice changes nothing."""
    recipient = Recipient.objects.select_for_update().select_related("workspace").get(pk=recipient.pk)
    if not recipient.confirmed_at:
        asking.agree(recipient, channel_type=ChannelType.EMAIL, now=now)
    return recipient


def send_due_questions(*, now: datetime) -> int:
    """Sends the mails that ask, in one SMTP conversation; returns how many addresses were tried."""
    due = asking.claim_due(Recipient, now=now)
    if not due:
        return 0
    report = mail.post([_question(one, workspace, now) for one, workspace in due])
    for recipient, _ in due:
        if error := (report.refused | report.failed).get(recipient.address, ""):
            asking.note_failed(recipient, error, now=now)
        else:
            asking.note_sent(recipient, now=now)
    return len(due)


def _question(recipient: Recipient, workspace: Workspace, now: datetime) -> mail.Mail:
    url = links.confirm_url(recipient_id=recipient.pk, address=recipient.address, made_at=now)
    context = {"workspace": workspace, "address": recipient.address, "url": url}
    return mail.Mail(
        to=recipient.address,
        subject=f"Confirm alerts from {workspace.name}",
        text=render_to_string("alerts/email/confirm.txt", context),
        html=render_to_string("alerts/email/confirm.html", context),
    )
