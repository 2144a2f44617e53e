"""Posts emails through the operator's SMTP server, and says of each address what became of it."""

import smtplib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from email.utils import parseaddr

from django.conf import settings
from django.core.mail import EmailMultiAlternatives
from django.core.mail.backends.smtp import EmailBackend

NO_SERVER = "No SMTP server is set: set EMAIL_HOST"


@dataclass(frozen=True, slots=True)
class Attachment:
    """A file that comes with a message."""

    name: str
    content: bytes
    media_type: str


@dataclass(frozen=True, slots=True)
class Mail:
    """One message to one address."""

    to: str
    subject: str
    text: str
    html: str
    headers: Mapping[str, str] = field(default_factory=dict)
    attachments: Sequence[Attachment] = ()


@dataclass(slots=True)
class Report:
    """What became of each address. A refusal (5xx) is the server's last word, a failure may pass."""

    accepted: list[str] = field(default_factory=list)
    refused: dict[str, str] = field(default_factory=dict)
    failed: dict[str, str] = field(default_factory=dict)
    status_code: int | None = None

    def note(self, address: str, code: int | None, reason: str) -> None:
        """Keeps that `address` did not get it."""
        self.status_code = code or self.status_code
        (self.refused if code and code >= 500 else self.failed)[address] = reason[:200]


def message_id(key: object) -> str:
    """A Message-ID (RFC 5322 section 3.6.4) that is the same for the same key."""
    _, _, domain = parseaddr(settings.DEFAULT_FROM_EMAIL)[1].rpartition("@")
    return f"<{key}@{domain or 'websignal'}>"


def post(mails: Sequence[Mail]) -> Report:
    """All of `mails` in one SMTP conversation (RFC 5321). Never raises for what the server does."""
    report = Report()
    if not settings.EMAIL_HOST:
        _fail_rest(report, mails, None, NO_SERVER)
        return report
    connection = EmailBackend(fail_silently=False)
    try:
        connection.open()
        for mail in mails:
            _post_one(connection, mail, report)
    except smtplib.SMTPResponseException as error:
        _fail_rest(report, mails, error.smtp_code, _said(error.smtp_code, error.smtp_error))
    except (smtplib.SMTPException, OSError) as error:
        _fail_rest(report, mails, None, f"{type(error).__name__}: {error}")
    finally:
        _close(connection)
    return report


def _post_one(connection: EmailBackend, mail: Mail, report: Report) -> None:
    """Notes what concerns this address only; raises what ends the conversation."""
    try:
        connection.send_messages([_message(mail)])
    except smtplib.SMTPRecipientsRefused as error:
        code, said = next(iter(error.recipients.values()))
        report.note(mail.to, code, _said(code, said))
    except (smtplib.SMTPDataError, smtplib.SMTPSenderRefused) as error:
        report.note(mail.to, error.smtp_code, _said(error.smtp_code, error.smtp_error))
    except (smtplib.SMTPNotSupportedError, UnicodeError) as error:
        report.note(mail.to, 553, f"The server takes no such address: {error}")
    else:
        report.accepted.append(mail.to)
        report.status_code = report.status_code or 250


def _message(mail: Mail) -> EmailMultiAlternatives:
    headers = {"Auto-Submitted": "auto-generated", **mail.headers}
    message = EmailMultiAlternatives(" ".join(mail.subject.split()), mail.text, to=[mail.to], headers=headers)
    message.attach_alternative(mail.html, "text/html")
    for one in mail.attachments:
        message.attach(one.name, one.content, one.media_type)
    return message


def _fail_rest(report: Report, mails: Iterable[Mail], code: int | None, reason: str) -> None:
    known = {*report.accepted, *report.refused, *report.failed}
    report.status_code = code
    for mail in mails:
        if mail.to not in known:
            # A conversation cut short may go better next time, whatever its code was.
            report.failed[mail.to] = reason[:200]


def _said(code: int, words: bytes | str) -> str:
    text = words.decode("utf-8", "replace") if isinstance(words, bytes) else str(words)
    return f"{code} {' '.join(text.split())}"


def _close(connection: EmailBackend) -> None:
    try:
        connection.close()
    except (smtplib.SMTPException, OSError):
        connection.connection = None
