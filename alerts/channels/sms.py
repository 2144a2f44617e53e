"""SMS: one text message to each confirmed phone number."""

import re
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from accounts.models import Workspace
from alerts import links
from alerts.channels import sms_twilio
from alerts.channels.base import ERROR_LENGTH, Outcome, Send
from alerts.channels.email_text import subject_of
from alerts.channels.sms_text import text_of
from alerts.models import ChannelType, Delivery
from alerts.recipients import phone_numbers
from alerts.recipients.sms_quota import take_quota
from common.invalid import FieldError, Invalid

MAX_NUMBERS = 10
E164 = re.compile(r"\+[1-9][0-9]{6,14}")
_PUNCTUATION = re.compile(r"[ ().\-]")
QUOTA_USED_UP = "The plan's text messages of this month are used up."


class Sms:
    """See `alerts.channels.base.Kind`."""

    name = ChannelType.SMS.value
    label = ChannelType.SMS.label
    schema: Mapping[str, Any] = {
        "type": "object",
        "required": ["phoneNumbers"],
        "additionalProperties": False,
        "properties": {
            "phoneNumbers": {
                "type": "array",
                "minItems": 1,
                "maxItems": MAX_NUMBERS,
                "items": {"type": "string", "pattern": f"^{E164.pattern}$"},
            }
        },
    }

    def clean(
        self, raw: Mapping[str, Any], *, workspace: Workspace, stored: Mapping[str, Any] | None = None
    ) -> dict[str, Any]:
        """`phoneNumbers` in E.164, each once, in the order given."""
        if stored is None and not sms_twilio.is_set():
            raise Invalid([FieldError("/phoneNumbers", "no_provider", sms_twilio.NO_PROVIDER)])
        given = raw.get("phoneNumbers", (stored or {}).get("phone_numbers"))
        if not isinstance(given, list) or not 1 <= len(given) <= MAX_NUMBERS:
            raise Invalid([FieldError("/phoneNumbers", "length", f"Write 1 to {MAX_NUMBERS} phone numbers.")])
        numbers = [_PUNCTUATION.sub("", one) if isinstance(one, str) else "" for one in given]
        if errors := [_wrong(place) for place, one in enumerate(numbers) if not E164.fullmatch(one)]:
            raise Invalid(errors)
        return {"phone_numbers": list(dict.fromkeys(numbers))}

    def describe(self, config: Mapping[str, Any]) -> dict[str, Any]:
        """The numbers."""
        return {"phoneNumbers": list(config["phone_numbers"])}

    def prepare(self, delivery: Delivery, *, now: datetime) -> Send:
        """One message to each number that confirmed and has it not yet."""
        wanted = delivery.channel.config["phone_numbers"]
        agreed = phone_numbers.confirmed(delivery.workspace, wanted)
        left = [one for one in wanted if one in agreed and one not in delivery.reached]
        if left and sms_twilio.is_set() and not take_quota(delivery.workspace, len(left), now=now):
            return lambda: Outcome(ok=False, error=QUOTA_USED_UP)
        waiting = [one for one in wanted if one not in agreed]
        text = text_of(subject_of(delivery), _link(delivery))
        return lambda: _send(left, waiting, text, has_reached=bool(delivery.reached))


SMS = Sms()


def _wrong(place: int) -> FieldError:
    detail = "Write the number as +, country code and number, for example +4915112345678 (E.164)."
    return FieldError(f"/phoneNumbers/{place}", "e164", detail)


def _link(delivery: Delivery) -> str:
    if report := delivery.payload.get("report"):
        return str(report["url"])
    return links.incident_url(delivery.incident_id) if delivery.incident_id else ""


def _send(numbers: list[str], waiting: list[str], text: str, *, has_reached: bool) -> Outcome:
    """Delivered once somebody has it and nobody is left whom a further attempt could reach."""
    answers = {number: sms_twilio.post(number, text) for number in numbers}
    reached = [number for number, answer in answers.items() if answer.ok]
    failed = [answer for answer in answers.values() if not answer.ok and not answer.is_final]
    reasons = [f"{number}: {answer.error}" for number, answer in answers.items() if answer.error]
    if waiting:
        reasons.append(f"Not confirmed yet: {', '.join(waiting)}")
    is_ok = bool(reached or has_reached) and not failed
    statuses = [answer.status_code for answer in answers.values() if answer.status_code]
    return Outcome(
        ok=is_ok,
        status_code=statuses[-1] if statuses else None,
        error="; ".join(reasons)[:ERROR_LENGTH],
        reached=tuple(reached),
        is_final=bool(answers) and not is_ok and not failed and not waiting,
    )
