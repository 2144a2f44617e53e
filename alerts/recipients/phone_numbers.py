"""Phone numbers for alerts: asked with a code, told only after somebody has typed it."""

import secrets
from collections.abc import Collection
from datetime import datetime, timedelta

from django.db import transaction
from django.db.models import Q
from django.utils.crypto import constant_time_compare, salted_hmac

from accounts.models import Workspace
from alerts.channels import sms_twilio
from alerts.models import ChannelType, PhoneNumber
from alerts.recipients import asking
from alerts.recipients.sms_quota import take_quota
from common.invalid import Conflict, FieldError, Invalid

CODE_VALID_FOR = timedelta(minutes=30)
TRIES = 5
ASKED_A_DAY = 20


def confirmed(workspace: Workspace, numbers: Collection[str]) -> set[str]:
    """Those of `numbers` that agreed."""
    return asking.agreed(PhoneNumber, workspace, numbers)


def unconfirmed(workspace: Workspace) -> set[str]:
    """Numbers of this workspace that were asked and have not agreed."""
    asked = PhoneNumber.objects.in_workspace(workspace).filter(confirmed_at__isnull=True)
    return set(asked.values_list("number", flat=True))


def asked(workspace: Workspace, numbers: Collection[str]) -> list[PhoneNumber]:
    """Those of `numbers` that have not agreed."""
    found = PhoneNumber.objects.in_workspace(workspace).filter(number__in=numbers, confirmed_at__isnull=True)
    return list(found.order_by("pk"))


@transaction.atomic
def ask(*, workspace: Workspace, numbers: Collection[str], now: datetime) -> None:
    """Plans a code to each number that was never asked. Raises Conflict beyond 20 new ones a day."""
    known = PhoneNumber.objects.in_workspace(workspace)
    new = sorted(set(numbers) - set(known.filter(number__in=numbers).values_list("number", flat=True)))
    recent = known.filter(Q(asked_at__gt=now - timedelta(days=1)) | Q(ask_at__isnull=False)).count()
    if new and recent + len(new) > ASKED_A_DAY:
        raise Conflict(f"A workspace adds at most {ASKED_A_DAY} phone numbers a day.")
    PhoneNumber.objects.bulk_create(
        (PhoneNumber(workspace=workspace, number=number, ask_at=now) for number in new), ignore_conflicts=True
    )


@transaction.atomic
def ask_again(*, workspace: Workspace, number: str, now: datetime) -> PhoneNumber:
    """Plans another code. Raises Conflict when the number has agreed, or was asked in the last 10 minutes."""
    found = _held(workspace, number)
    asking.plan_again(found, now=now)
    return found


def confirm(*, workspace: Workspace, number: str, code: str, now: datetime) -> PhoneNumber:
    """The number agrees; what waited for it is due at once. Twice changes nothing.

    Raises Invalid for a wrong code (a try is used up) and for one that is older than 30 minutes or was tried 5 times.
    """
    with transaction.atomic():
        found = _held(workspace, number)
        why = "" if found.confirmed_at else _refusal(found, code, now)
        if not why and not found.confirmed_at:
            _agree(found, now)
    if why:
        # Raised outside: the try that was used up must stay used up.
        raise Invalid([FieldError("/code", "code", why)])
    return found


def send_due_codes(*, now: datetime) -> int:
    """Sends the codes that are due, one message each; returns how many numbers were tried."""
    due = asking.claim_due(PhoneNumber, now=now)
    for one, workspace in due:
        _send_code(one, workspace, now)
    return len(due)


def _held(workspace: Workspace, number: str) -> PhoneNumber:
    found = PhoneNumber.objects.in_workspace(workspace).select_for_update(of=("self",)).filter(number=number).first()
    if found is None:
        raise Invalid([FieldError("/phoneNumber", "unknown", "No alert of this workspace goes to this number.")])
    return found


def _refusal(found: PhoneNumber, code: str, now: datetime) -> str:
    """Why the code does not count, or nothing; uses up a try."""
    is_old = found.asked_at is None or now - found.asked_at > CODE_VALID_FOR
    if is_old or not found.code_digest or not found.tries_left:
        return "Ask for a new code: the last one is too old, or was tried too often."
    found.tries_left -= 1
    found.save(update_fields=["tries_left"])
    is_right = constant_time_compare(found.code_digest, _digest(found, code))
    return "" if is_right else f"This is not the code that was sent. Tries left: {found.tries_left}."


def _agree(found: PhoneNumber, now: datetime) -> None:
    found.code_digest = ""
    found.save(update_fields=["code_digest"])
    asking.agree(found, channel_type=ChannelType.SMS, now=now)


def _send_code(one: PhoneNumber, workspace: Workspace, now: datetime) -> None:
    if _was_asked_elsewhere(one, now):
        asking.keep(one, ask_at=now + asking.ASK_AGAIN_AFTER)
        return
    if not take_quota(workspace, 1, now=now):
        asking.keep(one, ask_at=None, ask_error="The plan's text messages of this month are used up.")
        return
    code = f"{secrets.randbelow(10**6):06}"
    # Before it leaves: a code that arrives must be one that counts.
    asking.keep(one, code_digest=_digest(one, code), tries_left=TRIES, asked_at=now)
    answer = sms_twilio.post(one.number, f"{code} is the code for alerts from {workspace.name[:60]} (WebSignal).")
    if answer.ok:
        asking.note_sent(one, now=now)
    else:
        asking.note_failed(one, answer.error, now=now, is_final=answer.is_final, asked_at=None)


def _was_asked_elsewhere(one: PhoneNumber, now: datetime) -> bool:
    """Whether another workspace had a code sent to this number just now: many must not ring one phone."""
    others = PhoneNumber.objects.filter(number=one.number, asked_at__gt=now - asking.ASK_AGAIN_AFTER)
    return others.exclude(pk=one.pk).exists()


def _digest(found: PhoneNumber, code: str) -> str:
    """Keyed, for six digits are quickly tried; bound to number and workspace."""
    said = f"{found.workspace_id}:{found.number}:{code.strip()}"
    return salted_hmac("alerts.phone-number", said, algorithm="sha256").hexdigest()
