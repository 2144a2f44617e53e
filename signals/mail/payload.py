"""How the subject and the text of a mail stand in a signal's payload, and how they are read back. Pure."""

from typing import Any

import orjson

METHOD = "EMAIL"
_HEAD = "Subject: "


def compose(subject: str, text: str, *, limit: int) -> str:
    """The payload, at most `limit` bytes as UTF-8: the text is cut. `subject` is one line.

    A text that is a JSON object stays one, so that what it says of dependencies is heard; it gets the subject as
    `subject` unless it has one.
    """
    value = _object(text) if subject else None
    if value is not None:
        told = orjson.dumps({"subject": subject, **value})
        if len(told) <= limit:
            return told.decode()
    head = f"{_HEAD}{subject}\n\n" if subject or text.startswith(_HEAD) else ""
    return (head + text).encode()[:limit].decode("utf-8", "ignore")


def read(payload: str) -> tuple[str, str]:
    """Subject and text of a payload that `compose` made."""
    if payload.startswith(_HEAD):
        head, _, text = payload.partition("\n\n")
        return head.removeprefix(_HEAD), text
    value = _object(payload)
    return (str(value.get("subject") or "") if value else ""), payload


def _object(text: str) -> dict[str, Any] | None:
    if not text.lstrip().startswith("{"):
        return None
    try:
        value = orjson.loads(text)
        orjson.dumps(value)
    except (ValueError, TypeError, RecursionError):
        return None
    return value if isinstance(value, dict) else None
