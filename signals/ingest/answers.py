"""The few answers of the ping path, small and made once."""

from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any

from common.api.problems import MEDIA_TYPE, Problem
from common.api.renderers import to_json

Message = MutableMapping[str, Any]
Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]

_OPEN = (b"access-control-allow-origin", b"*")
_FRESH = (b"cache-control", b"no-store")


def _head(content_type: bytes, body: bytes, *more: tuple[bytes, bytes]) -> list[tuple[bytes, bytes]]:
    return [(b"content-type", content_type), (b"content-length", str(len(body)).encode()), _OPEN, _FRESH, *more]


class Answer:
    """One answer, sent any number of times. HEAD gets its headers only."""

    def __init__(
        self, status: int, body: bytes, *more: tuple[bytes, bytes], content_type: bytes = b"application/json"
    ) -> None:
        self.start: Message = {
            "type": "http.response.start",
            "status": status,
            "headers": _head(content_type, body, *more),
        }
        self.body: Message = {"type": "http.response.body", "body": body}
        self.no_body: Message = {"type": "http.response.body", "body": b""}

    async def send(self, send: Send, method: str) -> None:
        await send(self.start)
        await send(self.no_body if method == "HEAD" else self.body)


def problem(status: int, kind: str, detail: str, path: str, *more: tuple[bytes, bytes]) -> Answer:
    """application/problem+json (RFC 9457), as the API answers."""
    body = to_json(Problem(status, detail, name=kind).body(path))
    return Answer(status, body, *more, content_type=MEDIA_TYPE.encode())


def printable(path: str) -> str:
    """A path that can stand in an answer: bytes that are no UTF-8 replaced."""
    return path.encode("utf-8", "replace").decode("utf-8", "replace")[:300]


def ok() -> Answer:
    """What the published contract says."""
    return Answer(200, b'{"message": "OK"}')


def ok_short(body_limit: int) -> Answer:
    """As existing cron clients look for it: the text `OK`, and how much of a body is kept."""
    limit = (b"ping-body-limit", str(body_limit).encode())
    return Answer(200, b"OK", limit, content_type=b"text/plain; charset=utf-8")
