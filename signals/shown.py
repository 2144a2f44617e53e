"""A signal as the API, the live stream and an incident's evidence show it."""

from datetime import datetime
from typing import Any, Protocol

import orjson

from common.instants import rfc3339


class Told(Protocol):
    """A stored signal, whether it is a row or still in the ping path's hands."""

    @property
    def type(self) -> str: ...
    @property
    def created_at(self) -> datetime: ...
    @property
    def source_ip(self) -> str | None: ...
    @property
    def user_agent(self) -> str: ...
    @property
    def method(self) -> str: ...
    @property
    def payload(self) -> str: ...
    @property
    def payload_is_json(self) -> bool: ...
    @property
    def exit_status(self) -> int | None: ...


def payload_of(signal: Told) -> Any:
    """What came with it: JSON as JSON, else text, null when nothing came."""
    if signal.payload_is_json:
        return orjson.loads(signal.payload)
    return signal.payload or None


def signal_json(signal: Any) -> dict[str, Any]:
    """`{id, type, createdAt, sourceIp, userAgent, method, payload, durationMs, exitStatus, rid, metadata}`."""
    return told_json(signal, id=signal.pk, rid=signal.rid, duration_ms=signal.duration_ms, metadata=signal.metadata)


def told_json(
    signal: Told, *, id: int, rid: object, duration_ms: int | None = None, metadata: dict[str, Any] | None = None
) -> dict[str, Any]:
    """The same of a signal that is not a row here."""
    return {
        "id": id,
        "type": signal.type,
        "createdAt": rfc3339(signal.created_at),
        "sourceIp": signal.source_ip,
        "userAgent": signal.user_agent,
        "method": signal.method,
        "payload": payload_of(signal),
        "durationMs": duration_ms,
        "exitStatus": signal.exit_status,
        "rid": str(rid) if rid else None,
        "metadata": metadata or {},
    }
