"""The common fields of a monitor: their defaults, limits and what is said when one is wrong. Pure."""

import re
from collections.abc import Mapping
from typing import Any

from common.invalid import FieldError
from common.names import camel

MIN_INTERVAL, MAX_INTERVAL = 10, 24 * 3600
MIN_TIMEOUT_MS, MAX_TIMEOUT_MS = 100, 60_000
DEFAULTS: dict[str, Any] = {
    "description": "",
    "interval_seconds": 60,
    "timeout_ms": 8000,
    "paused": False,
    "tags": [],
    "service_group": None,
    "regions": ["default"],
    "quorum": None,
    "fail_after_consecutive": 2,
    "resolve_after_consecutive_success": 1,
    "latency_threshold_ms": None,
    "ssl_expiry_days": [30, 14, 7, 1],
    "depends_on": [],
    "external_key": None,
}
_TAG = re.compile(r"[\w.:/-]{1,60}", re.UNICODE)
_UNSTORABLE = re.compile(r"[\x00\ud800-\udfff]")
_Range = tuple[int, int, bool]  # lowest, highest, may be null
RANGES: dict[str, _Range] = {
    "interval_seconds": (MIN_INTERVAL, MAX_INTERVAL, False),
    "timeout_ms": (MIN_TIMEOUT_MS, MAX_TIMEOUT_MS, False),
    "quorum": (1, 100, True),
    "fail_after_consecutive": (1, 100, False),
    "resolve_after_consecutive_success": (1, 100, False),
    "latency_threshold_ms": (1, MAX_TIMEOUT_MS, True),
}


def wrong_fields(fields: Mapping[str, Any], *, min_interval: int = MIN_INTERVAL) -> list[FieldError]:
    """Every wrong one of the common fields given; types are what JSON gives."""
    ranges = RANGES | {"interval_seconds": (min_interval, MAX_INTERVAL, False)}
    return _wrong_texts(fields) + _wrong_numbers(fields, ranges) + _wrong_pair(fields, ranges) + _wrong_rest(fields)


def _wrong_texts(fields: Mapping[str, Any]) -> list[FieldError]:
    errors = []
    if "name" in fields and not (_is_text(fields["name"], 120) and fields["name"].strip()):
        errors.append(FieldError("/name", "length", "Write 1 to 120 characters."))
    if "description" in fields and not _is_text(fields["description"], 1000):
        errors.append(FieldError("/description", "length", "Write at most 1,000 characters."))
    key = fields.get("external_key")
    if key is not None and not (_is_text(key, 200) and key):
        errors.append(FieldError("/externalKey", "length", "Write 1 to 200 characters, or give null."))
    return errors


def _is_text(value: object, most: int) -> bool:
    """A text that any database stores: no NUL, no half of a surrogate pair."""
    return isinstance(value, str) and len(value.strip()) <= most and not _UNSTORABLE.search(value)


def _wrong_numbers(fields: Mapping[str, Any], ranges: Mapping[str, _Range]) -> list[FieldError]:
    return [
        FieldError(f"/{camel(name)}", "range", f"Give a whole number from {low} to {high}{' or null' if null else ''}.")
        for name, (low, high, null) in ranges.items()
        if name in fields and not _is_within(fields[name], low, high, null)
    ]


def _wrong_pair(fields: Mapping[str, Any], ranges: Mapping[str, _Range]) -> list[FieldError]:
    """The timeout must not exceed the interval; said where both make sense by themselves."""
    interval, timeout = fields.get("interval_seconds"), fields.get("timeout_ms")
    if not _is_within(interval, *ranges["interval_seconds"]) or not _is_within(timeout, *ranges["timeout_ms"]):
        return []
    assert isinstance(interval, int)
    assert isinstance(timeout, int)
    if timeout <= interval * 1000:
        return []
    return [FieldError("/timeoutMs", "range", f"Must not exceed the interval, {interval * 1000} ms.")]


def _is_within(value: object, low: int, high: int, null: bool) -> bool:
    if value is None:
        return null
    return isinstance(value, int) and not isinstance(value, bool) and low <= value <= high


def _wrong_rest(fields: Mapping[str, Any]) -> list[FieldError]:
    errors = []
    tags = fields.get("tags", [])
    if not isinstance(tags, list) or len(tags) > 30 or not all(isinstance(t, str) and _TAG.fullmatch(t) for t in tags):
        errors.append(
            FieldError("/tags", "tags", "Give at most 30 tags of 1 to 60 letters, digits, and the characters . : / _ -")
        )
    days = fields.get("ssl_expiry_days", [])
    if not isinstance(days, list) or len(days) > 10 or not all(_is_within(day, 0, 365, False) for day in days):
        errors.append(FieldError("/sslExpiryDays", "range", "Give at most 10 whole numbers from 0 to 365."))
    if not isinstance(fields.get("paused", False), bool):
        errors.append(FieldError("/paused", "type", "Give true or false."))
    return errors
