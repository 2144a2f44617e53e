"""Phone numbers for alerts: asked with a code, told only after somebody has typed it."""

import random
import secrets
from collections.abc import Collection
from datetime import datetime, timedelta

from django.db import transaction
from django.db.models import Q
from django.utils.crypto import constant_time_compare, salted_hmac

from accounts.models import Workspace
from alerts.channels import sms_twilio
from alerts.models import ChannelType, Delivery, PhoneNumber
from alerts.nudge import nudge
from alerts.retries import retry_delay
from alerts.sms_quota import take_quota
from common.claims import claim
from common.invalid import Conflict, FieldError, Invalid

ASK_AGAIN_AFTER = timedelta(minutes=10)
CODE_VALID_FOR = timedelta(minutes=30)
TRIES = 5
ASKED_A_DAY = 20
LEASE = timedelta(minutes=5)
BATCH = 10


def confirmed(workspace: Workspace, numbers: Collection[str]) -> set[str]:
    """Those of `numbers` that agreed."""
    found = PhoneNumber.objects.in_workspace(workspace).filter(number__in=numbers, confirmed_at__isnull=False)
    return set(found.values_list("number", flat=True))


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
    if found.confirmed_at:
        raise Conflict(f"{number} has confirmed already.")
    if found.asked_at and now - found.asked_at < ASK_AGAIN_AFTER:
        raise Conflict(f"{number} got a code less than 10 minutes ago.")
    found.ask_at, found.asks_failed = now, 0
    found.save(update_fields=["ask_at", "asks_failed"])
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
    free = Q(claimed_until__isnull=True) | Q(claimed_until__lte=now)
    due = PhoneNumber.objects.filter(free, ask_at__lte=now).order_by("ask_at")
    if not due.exists():
        return 0
    numbers = claim(due, limit=BATCH, claimed_until=now + LEASE)
    workspaces = Workspace.objects.in_bulk({one.workspace_id for one in numbers})
    for one in numbers:
        _send_code(one, workspaces[one.workspace_id], now)
    return len(numbers)


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
    found.confirmed_at, found.ask_at, found.code_digest = now, None, ""
    found.save(update_fields=["confirmed_at", "ask_at", "code_digest"])
    waiting = Delivery.objects.in_workspace(found.workspace_id).filter(
        channel__type=ChannelType.SMS, next_attempt_at__gt=now
    )
    waiting.update(next_attempt_at=now)
    transaction.on_commit(nudge, robust=True)


def _send_code(one: PhoneNumber, workspace: Workspace, now: datetime) -> None:
    if _was_asked_elsewhere(one, now):
        _keep(one, ask_at=now + ASK_AGAIN_AFTER)
        return
    if not take_quota(workspace, 1, now=now):
        _keep(one, ask_at=None, ask_error="The plan's text messages of this month are used up.")
        return
    code = f"{secrets.randbelow(10**6):06}"
    # Before it leaves: a code that arrives must be one that counts.
    _keep(one, code_digest=_digest(one, code), tries_left=TRIES, asked_at=now)
    answer = sms_twilio.post(one.number, f"{code} is the code for alerts from {workspace.name[:60]} (WebSignal).")
    _note(one, answer, now)


def _was_asked_elsewhere(one: PhoneNumber, now: datetime) -> bool:
    """Whether another workspace had a code sent to this number just now: many must not ring one phone."""
    others = PhoneNumber.objects.filter(number=one.number, asked_at__gt=now - ASK_AGAIN_AFTER)
    return others.exclude(pk=one.pk).exists()


def _note(one: PhoneNumber, answer: sms_twilio.Answer, now: datetime) -> None:
    if answer.ok:
        _keep(one, ask_at=None, asks_failed=0, ask_error="")
        return
    failed = one.asks_failed + 1
    delay = None if answer.is_final else retry_delay(failed, random.random())  # noqa: S311
    ask_at = None if delay is None else now + timedelta(seconds=delay)
    _keep(one, ask_at=ask_at, asks_failed=failed, ask_error=answer.error, asked_at=None)


def _keep(one: PhoneNumber, **values: object) -> None:
    PhoneNumber.objects.filter(pk=one.pk, confirmed_at__isnull=True).update(claimed_until=None, **values)


def _digest(found: PhoneNumber, code: str) -> str:
    """Keyed, for six digits are quickly tried; bound to number and workspace."""
    said = f"{found.workspace_id}:{found.number}:{code.strip()}"
    return salted_hmac("alerts.phone-number", said, algorithm="sha256").hexdigest()
