"""Makes what a target sent fit for the database: any text, number or nesting that came over the wire. Pure.

PostgreSQL refuses NUL in a text, half a surrogate pair and NaN in JSON; a column has its width. One result that cannot
be stored must never hold back the others.
"""

import math
from collections.abc import Mapping
from typing import Any

from monitors.probes.base import Result

MAX_STATUS_CODE = 32_767  # a smallint
MOST_ADDRESS = 45
MOST_TEXT, MOST_ITEMS, MOST_DEPTH = 8_192, 200, 8
_MOST_DIGITS = 10**18


def text(value: str | None, most: int = MOST_TEXT) -> str:
    """`value` in characters that any database takes, cut to `most`."""
    cut = (value or "")[:most]
    if cut.isascii() and "\x00" not in cut:
        return cut
    return cut.encode("utf-8", "replace").decode().replace("\x00", "\N{REPLACEMENT CHARACTER}")


def number(value: float | None) -> float | None:
    """`value` as a finite float, or None."""
    return float(value) if value is not None and math.isfinite(value) else None


def status_code(value: int | None) -> int | None:
    """`value` where it fits its column, else None."""
    return value if value is not None and 0 <= value <= MAX_STATUS_CODE else None


def json_value(value: Any, depth: int = MOST_DEPTH) -> Any:
    """`value` as JSON that any database takes: clean texts, finite numbers, bounded in size and depth."""
    if value is None or isinstance(value, bool):
        return value
    if isinstance(value, int):
        return value if abs(value) < _MOST_DIGITS else float("1e18") * (1 if value > 0 else -1)
    if isinstance(value, float):
        return number(value)
    if isinstance(value, str):
        return text(value)
    if depth == 0:
        return "…"
    if isinstance(value, Mapping):
        items = list(value.items())[:MOST_ITEMS]
        return {text(str(key), 500): json_value(entry, depth - 1) for key, entry in items}
    if isinstance(value, list | tuple):
        return [json_value(entry, depth - 1) for entry in value[:MOST_ITEMS]]
    return text(str(value))


def tidy(result: Result) -> Result:
    """The same result, its own texts and numbers made storable in place. Of nearly all there is nothing to do."""
    if not _is_tidy(result):
        _make_tidy(result)
    return result


def _is_tidy(result: Result) -> bool:
    phases, address, code = result.phases, result.address, result.status_code
    durations = (
        result.lag_ms, result.loop_lag_ms, result.latency_ms or 0.0, phases.dns or 0.0, phases.connect or 0.0,
        phases.tls or 0.0, phases.first_byte or 0.0, phases.transfer or 0.0,
    )  # fmt: skip
    return (
        not result.detail
        and (address is None or (0 < len(address) <= MOST_ADDRESS and address.isascii() and "\x00" not in address))
        and (code is None or 0 <= code <= MAX_STATUS_CODE)
        and math.isfinite(sum(durations))  # one that is not makes the sum so too
    )


def _make_tidy(result: Result) -> None:
    result.detail = text(result.detail, 300)
    result.address = text(result.address, MOST_ADDRESS) or None
    result.status_code = status_code(result.status_code)
    result.latency_ms = number(result.latency_ms)
    result.lag_ms = number(result.lag_ms) or 0.0
    result.loop_lag_ms = number(result.loop_lag_ms) or 0.0
    phases = result.phases
    phases.dns, phases.connect, phases.tls = number(phases.dns), number(phases.connect), number(phases.tls)
    phases.first_byte, phases.transfer = number(phases.first_byte), number(phases.transfer)
