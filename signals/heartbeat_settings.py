"""Judges the settings of a heartbeat. Needs the database only to say that a token or a slug is taken."""

import re
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from common.invalid import FieldError, Invalid
from common.names import camel
from signals.models import Heartbeat
from signals.schedules import clean_schedule

TOKEN = re.compile(r"[A-Za-z0-9_-]{22,64}")
SLUG = re.compile(r"[a-z0-9]+(?:[-_][a-z0-9]+)*")
RESERVED_SLUG = re.compile(r"start|fail|log|\d{1,3}")
METHODS = ("GET", "HEAD", "POST", "EMAIL")
READ_ONLY = ("ping_url", "last_ping_at", "next_due_at")
DEFAULTS: dict[str, Any] = {
    "schedule": None,
    "grace_seconds": 60,
    "token": "",
    "slug": "",
    "methods": [],
    "failure_tolerance": 0,
    "max_runtime_seconds": None,
    "filters": {},
}
_NUMBERS: dict[str, tuple[int, int, bool]] = {
    "grace_seconds": (0, 30 * 24 * 3600, False),
    "failure_tolerance": (0, 100, False),
    "max_runtime_seconds": (1, 30 * 24 * 3600, True),
}
_VERDICTS = ("success", "failure", "start")


def clean_heartbeat(
    raw: Mapping[str, Any], *, partial: Mapping[str, Any] | None = None, now: datetime
) -> dict[str, Any]:
    """Complete settings: `raw` over `partial` (those stored, when it edits) over the defaults.

    Raises Invalid with every wrong field.
    """
    stored = {name: value for name, value in (partial or {}).items() if name in DEFAULTS}
    clean = DEFAULTS | stored | {name: value for name, value in raw.items() if name in DEFAULTS}
    errors = [_error(str(name), "unknown", "There is no such field.") for name in raw
              if name not in DEFAULTS and name not in READ_ONLY]  # fmt: skip
    try:
        clean["schedule"] = clean_schedule(snake_keys(clean["schedule"]), now=now)
    except Invalid as invalid:
        errors += invalid.errors
    errors += _wrong_numbers(clean) + _wrong_lists(clean)
    errors += _wrong_token(clean, stored.get("token", "")) + _wrong_slug(clean["slug"])
    if errors:
        raise Invalid(errors)
    return clean


def snake_keys(value: object) -> object:
    """A mapping with its own keys in snake_case, whichever spelling they came in."""
    if not isinstance(value, Mapping):
        return value
    return {re.sub(r"[A-Z]", lambda found: "_" + found[0].lower(), str(key)): inner for key, inner in value.items()}


def _error(field: str, code: str, detail: str) -> FieldError:
    return FieldError(f"/{camel(field)}", code, detail)


def _wrong_numbers(clean: Mapping[str, Any]) -> list[FieldError]:
    return [
        _error(name, "range", f"Give a whole number from {low} to {high}{' or null' if null else ''}.")
        for name, (low, high, null) in _NUMBERS.items()
        if not _is_within(clean[name], low, high, null)
    ]


def _is_within(value: object, low: int, high: int, null: bool) -> bool:
    if value is None:
        return null
    return isinstance(value, int) and not isinstance(value, bool) and low <= value <= high


def _wrong_lists(clean: Mapping[str, Any]) -> list[FieldError]:
    errors = []
    methods = clean["methods"]
    if not isinstance(methods, list) or any(one not in METHODS for one in methods):
        errors.append(_error("methods", "invalid_choice", f"Give a list of {', '.join(METHODS)}; empty for all."))
    if not _are_filters(clean["filters"]):
        detail = (
            'Give {"subject": {"success": [words], "failure": [words], "start": [words]}, "body": {…}}, '
            "at most 20 words each."
        )
        errors.append(_error("filters", "invalid", detail))
    return errors


def _are_filters(filters: object) -> bool:
    if not isinstance(filters, Mapping) or set(filters) - {"subject", "body"}:
        return False
    return all(
        isinstance(one, Mapping) and all(key in _VERDICTS and _are_words(words) for key, words in one.items())
        for one in filters.values()
    )


def _are_words(words: object) -> bool:
    is_list = isinstance(words, list) and len(words) <= 20
    return is_list and all(isinstance(word, str) and 1 <= len(word) <= 100 and "\x00" not in word for word in words)  # type: ignore[attr-defined]


def _wrong_token(clean: dict[str, Any], stored: str) -> list[FieldError]:
    """A token is given once, at creation; sent back later it is not looked at."""
    if stored:
        clean["token"] = stored
        return []
    token = clean["token"]
    if token in ("", None):
        clean["token"] = ""
        return []
    if not isinstance(token, str) or not TOKEN.fullmatch(token):
        return [_error("token", "invalid", "Give 22 to 64 characters out of A-Z, a-z, 0-9, - and _.")]
    taken = Heartbeat.objects.filter(token=token).exists()
    return [_error("token", "taken", "Another heartbeat has this token.")] if taken else []


def _wrong_slug(slug: object) -> list[FieldError]:
    if slug == "":
        return []
    if not isinstance(slug, str) or len(slug) > 120 or not SLUG.fullmatch(slug):
        detail = "Give lower-case letters, digits and single - or _ between them, at most 120."
        return [_error("slug", "invalid", detail)]
    if RESERVED_SLUG.fullmatch(slug):
        return [_error("slug", "reserved", "start, fail, log and exit statuses have a meaning in ping addresses.")]
    return []
