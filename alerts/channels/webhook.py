"""Webhooks: a signed JSON POST, as gochron and Standard Webhooks 1.0 have it."""

import json
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from accounts.models import Workspace
from alerts import links
from alerts.channels.base import EXCERPT_LENGTH, Outcome, Posting
from alerts.channels.webhook_config import (
    HEADER_NAME,
    MAX_HEADER_VALUE,
    MAX_HEADERS,
    MAX_URL,
    clean_config,
    described_headers,
    live_secrets,
)
from alerts.models import ChannelType, Delivery
from alerts.signatures import SECRET_PATTERN, gochron_signature, standard_signature
from common.outgoing import USER_AGENT, Answer, OutgoingFailed, OutgoingRefused, Request
from common.policy import outgoing_policy
from common.times import rfc3339

TIMEOUT_SECONDS = 10.0
GONE = 410


class Webhook:
    """See `alerts.channels.base.Kind`."""

    name = ChannelType.WEBHOOK.value
    label = ChannelType.WEBHOOK.label
    schema: Mapping[str, Any] = {
        "type": "object",
        "required": ["url"],
        "additionalProperties": False,
        "properties": {
            "url": {"type": "string", "format": "iri", "pattern": "^https?://", "maxLength": MAX_URL},
            "headers": {
                "type": "object",
                "description": "Values are never shown.",
                "maxProperties": MAX_HEADERS,
                "propertyNames": {"pattern": f"^{HEADER_NAME.pattern}$"},
                "additionalProperties": {"type": "string", "pattern": "^[ -~]*$", "maxLength": MAX_HEADER_VALUE},
            },
            "secret": {
                "type": ["string", "null"],
                "format": "password",
                "pattern": SECRET_PATTERN,
                "description": "`whsec_` and base64 of 24 to 64 bytes; made up when not given; "
                "shown only when it is made or rolled.",
            },
        },
    }

    def clean(
        self, raw: Mapping[str, Any], *, workspace: Workspace, stored: Mapping[str, Any] | None = None
    ) -> dict[str, Any]:
        """`url`, `headers` and `secret`; a secret is made when none is stated, and kept while it is in use."""
        return clean_config(raw, stored)

    def describe(self, config: Mapping[str, Any]) -> dict[str, Any]:
        """The address, and the names of the headers; the secret is never shown again."""
        return {"url": config["url"], "headers": described_headers(config["headers"]), "secret": None}

    def prepare(self, delivery: Delivery, *, now: datetime) -> Posting:
        """One request. Body and id are the same at every attempt; timestamp and signatures are new."""
        config = delivery.channel.config
        url, body = config["url"], body_of(delivery)
        headers = headers_of(config, body, message_id=str(delivery.message_id), now=now)
        return Posting(Request("POST", url, headers, body, TIMEOUT_SECONDS, outgoing_policy()), judged)


WEBHOOK = Webhook()


def body_of(delivery: Delivery) -> bytes:
    """The JSON document of a delivery."""
    incident = delivery.payload["incident"]
    document = {
        "id": str(delivery.message_id),
        "event": delivery.event,
        "createdAt": rfc3339(delivery.created_at),
        **{name: delivery.payload[name] for name in ("incident", "monitor", "workspace")},
        "ackUrl": incident
        and links.acknowledge_url(delivery_id=delivery.pk, user_id=None, made_at=delivery.created_at),
        "url": incident and links.incident_url(incident["id"]),
    }
    if report := delivery.payload.get("report"):
        document |= {"report": report, "url": report["url"]}
    return json.dumps(document, separators=(",", ":"), ensure_ascii=False).encode()


def headers_of(config: Mapping[str, Any], body: bytes, *, message_id: str, now: datetime) -> dict[str, str]:
    """Ours, and those of the channel that do not stand in for one of ours."""
    timestamp = int(now.timestamp())
    secrets = live_secrets(config, now=now.astimezone(UTC))
    ours = {
        "Content-Type": "application/json",
        "User-Agent": USER_AGENT,
        "X-Gochron-Signature": gochron_signature(secrets[0], body),
        "webhook-id": message_id,
        "webhook-timestamp": str(timestamp),
        "webhook-signature": standard_signature(secrets, message_id, timestamp, body),
    }
    taken = {name.lower() for name in ours}
    return {name: value for name, value in config["headers"].items() if name.lower() not in taken} | ours


def judged(ended: Answer | OutgoingRefused | OutgoingFailed) -> Outcome:
    """2xx within 10 s is delivered, 410 means that the receiver is gone. Redirects are not followed."""
    if isinstance(ended, OutgoingRefused):
        return Outcome(ok=False, error=f"Not sent: {ended}")
    if isinstance(ended, OutgoingFailed):
        return Outcome(ok=False, error=f"{ended.failure_class}: {ended.detail}")
    excerpt = ended.excerpt.decode("utf-8", "replace").replace("\x00", "\N{REPLACEMENT CHARACTER}")
    is_ok = 200 <= ended.status_code < 300
    return Outcome(
        ok=is_ok,
        status_code=ended.status_code,
        error="" if is_ok else _refusal(ended.status_code),
        excerpt=excerpt[:EXCERPT_LENGTH],
        is_gone=ended.status_code == GONE,
    )


def _refusal(status_code: int) -> str:
    if 300 <= status_code < 400:
        return f"HTTP {status_code}: redirects are not followed."
    return f"HTTP {status_code}"
