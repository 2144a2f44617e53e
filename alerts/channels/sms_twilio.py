"""Sends text messages through Twilio's Messages API (2010-04-01)."""

import base64
import json
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

from django.conf import settings

from alerts.channels.base import ERROR_LENGTH
from common.outgoing import OutgoingFailed, OutgoingRefused, send
from common.policy import outgoing_policy

TIMEOUT_SECONDS = 10.0
MAX_RESPONSE_BYTES = 16_384
NO_PROVIDER = "No SMS provider is set on this platform: its operator sets SMS_PROVIDER."
# What is wrong with this account or for this moment; anything else below 500 is about the message and stays wrong.
_MAY_PASS = {401, 403, 408, 429}


@dataclass(frozen=True, slots=True)
class Answer:
    """What became of one message. `is_final`: no further attempt would go better."""

    ok: bool
    status_code: int | None = None
    error: str = ""
    sid: str = ""
    is_final: bool = False


def is_set() -> bool:
    """Whether text messages can be sent at all."""
    return bool(settings.SMS_PROVIDER != "none")


def post(to: str, text: str) -> Answer:
    """One message to one number (E.164); never raises for what the provider does."""
    if not is_set():
        return Answer(ok=False, error=NO_PROVIDER)
    url = f"{settings.TWILIO_URL.rstrip('/')}/2010-04-01/Accounts/{settings.TWILIO_ACCOUNT_SID}/Messages.json"
    try:
        answer = send(
            "POST",
            url,
            _headers(),
            urlencode({"To": to, **_sender(), "Body": text}).encode(),
            timeout_seconds=TIMEOUT_SECONDS,
            policy=outgoing_policy(),
            max_response_bytes=MAX_RESPONSE_BYTES,
        )
    except OutgoingRefused as refused:
        return Answer(ok=False, error=f"Not sent: {refused}"[:ERROR_LENGTH])
    except OutgoingFailed as failed:
        return Answer(ok=False, error=f"{failed.failure_class}: {failed.detail}"[:ERROR_LENGTH])
    return _judged(answer.status_code, answer.excerpt)


def _headers() -> dict[str, str]:
    credentials = f"{settings.TWILIO_ACCOUNT_SID}:{settings.TWILIO_AUTH_TOKEN}".encode()
    return {
        "Authorization": f"Basic {base64.b64encode(credentials).decode()}",
        "Content-Type": "application/x-www-form-urlencoded",
        "Accept": "application/json",
    }


def _sender() -> dict[str, str]:
    name = "MessagingServiceSid" if settings.TWILIO_FROM.startswith("MG") else "From"
    return {name: settings.TWILIO_FROM}


def _judged(status: int, body: bytes) -> Answer:
    said = _object(body)
    if 200 <= status < 300:
        return Answer(ok=True, status_code=status, sid=str(said.get("sid", "")))
    code, message = said.get("code"), " ".join(str(said.get("message", "")).split())
    words = f"HTTP {status}" + (f", Twilio {code}: {message}" if code else "")
    is_final = 400 <= status < 500 and status not in _MAY_PASS
    return Answer(ok=False, status_code=status, error=words[:ERROR_LENGTH], is_final=is_final)


def _object(body: bytes) -> dict[str, Any]:
    try:
        said = json.loads(body)
    except ValueError:
        return {}
    return said if isinstance(said, dict) else {}
