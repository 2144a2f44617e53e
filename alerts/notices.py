"""Emails to the operators: claims the notices that are due and posts them until one arrives."""

from datetime import datetime, timedelta
from html import escape
from zlib import crc32

from django.conf import settings
from django.db import connection, transaction

from accounts.models import User
from alerts.sending.mail import Mail, message_id, post
from monitors.models import OperatorNotice

FIRST_RETRY, LAST_RETRY = timedelta(minutes=1), timedelta(hours=1)
GIVE_UP_AFTER = timedelta(hours=24)
NOBODY = "Nobody to tell: set OPERATOR_EMAIL, or make somebody an operator"


def send_notices(*, now: datetime) -> int:
    """Posts what is due to OPERATOR_EMAIL, or to every active operator; returns how many arrived."""
    return sum(_send(notice, now) for notice in _claim(now))


@transaction.atomic
def _claim(now: datetime) -> list[OperatorNotice]:
    """Due notices, with the next attempt set before this one: a killed sender loses none."""
    due = OperatorNotice.objects.filter(next_attempt_at__lte=now).order_by("pk")
    if connection.features.has_select_for_update_skip_locked:
        due = due.select_for_update(skip_locked=True)
    notices = list(due[:20])
    for notice in notices:
        notice.attempts += 1
        wait = min(FIRST_RETRY * 2 ** (notice.attempts - 1), LAST_RETRY)
        notice.next_attempt_at = now + wait if now - notice.created_at < GIVE_UP_AFTER else None
        notice.save(update_fields=["attempts", "next_attempt_at"])
    return notices


def _send(notice: OperatorNotice, now: datetime) -> bool:
    report = post([_mail(notice, address) for address in recipients()])
    wrong = "; ".join(sorted({*report.refused.values(), *report.failed.values()}))
    if report.accepted:
        notice.sent_at, notice.next_attempt_at = now, None
    notice.error = (wrong or ("" if report.accepted else NOBODY))[:300]
    notice.save(update_fields=["sent_at", "next_attempt_at", "error"])
    return bool(report.accepted)


def recipients() -> list[str]:
    """Who is told: OPERATOR_EMAIL, or every active operator."""
    operators = User.objects.filter(is_staff=True, is_active=True).order_by("pk")
    return settings.OPERATOR_EMAIL or list(operators.values_list("email", flat=True))


def _mail(notice: OperatorNotice, address: str) -> Mail:
    paragraphs = "".join(f"<p>{escape(part)}</p>" for part in notice.text.split("\n\n"))
    headers = {"Message-ID": message_id(f"notice-{notice.pk}.{crc32(address.encode()):08x}")}
    return Mail(address, f"[WebSignal] {notice.subject}", notice.text, paragraphs, headers)
