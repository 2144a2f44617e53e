"""A JSONPath without filters (RFC 9535 less section 2.3.5): it can neither run code nor take long."""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

MOST_VISITED = 50_000
MAX_LENGTH = 500

_STEP = re.compile(
    r"""
    (?P<deep>\.\.(?=[^.])|)             # ..  descend
    (?:
      (?:(?<=\.\.)|\.)(?:(?P<name>[^\W\d][\w-]*)|(?P<star>\*))
    | \[\s*(?:
          '(?P<single>(?:[^'\\]|\\.)*)'
        | "(?P<double>(?:[^"\\]|\\.)*)"
        | (?P<start>-?\d+)?\s*(?P<slice>:)\s*(?P<stop>-?\d+)?
        | (?P<index>-?\d+)
        | (?P<any>\*)
      )\s*\]
    )
    """,
    re.VERBOSE,
)


class BadPath(ValueError):
    """A text is no JSONPath this module reads; the message says where it stops."""


class TooManyValues(Exception):
    """A path leads through more values of a document than anybody should wait for."""


@dataclass(frozen=True, slots=True)
class _Step:
    deep: bool
    wanted: str | int | slice | None  # a member, an element, a slice, or all (None)


@lru_cache(maxsize=1024)
def parse_path(text: str) -> tuple[_Step, ...]:
    """Read a path such as `$.data.items[0]['id']`, `$..status` or `data.*`. Raises BadPath."""
    if len(text) > MAX_LENGTH:
        raise BadPath(f"The path is longer than {MAX_LENGTH} characters.")
    rest = text.strip()
    rest = rest[1:] if rest.startswith("$") else rest if rest.startswith("[") else f".{rest}"
    steps, position = [], 0
    while position < len(rest):
        match = _STEP.match(rest, position)
        if match is None:
            hint = " Filters are not read." if rest.startswith(("[?", "[(", "..[?"), position) else ""
            raise BadPath(f"The path cannot be read from {rest[position : position + 20]!r} on.{hint}")
        steps.append(_Step(bool(match["deep"]), _wanted(match)))
        position = match.end()
    return tuple(steps)


def _wanted(match: re.Match[str]) -> str | int | slice | None:
    if match["star"] or match["any"]:
        return None
    if match["slice"]:
        return slice(*(int(end) if end else None for end in (match["start"], match["stop"])))
    if match["index"]:
        return int(match["index"])
    quoted = match["single"] if match["single"] is not None else match["double"]
    return match["name"] if quoted is None else re.sub(r"\\(.)", r"\1", quoted)


def find(path: str, document: Any) -> list[Any]:
    """Return every value `path` leads to. Raises BadPath, or TooManyValues past 50,000 visited."""
    values = [document]
    visits = 0
    for step in parse_path(path):
        found: list[Any] = []
        for value in _everywhere(values) if step.deep else values:
            visits += 1
            found.extend(_children(value, step.wanted))
            if visits + len(found) > MOST_VISITED:
                raise TooManyValues(f"The path leads through more than {MOST_VISITED:,} values.")
        values = found
    return values


def _everywhere(values: Iterable[Any]) -> Iterator[Any]:
    """Each value and all below it, parents first; no recursion: documents may be a thousand levels deep."""
    for value in values:
        pending = [value]
        while pending:
            current = pending.pop()
            yield current
            pending.extend(reversed(list(_children(current, None))))


def _children(value: Any, wanted: str | int | slice | None) -> Iterable[Any]:
    if isinstance(value, dict):
        if wanted is None:
            return value.values()
        return (value[wanted],) if isinstance(wanted, str) and wanted in value else ()
    if not isinstance(value, list) or isinstance(wanted, str):
        return ()
    if wanted is None:
        return value
    if isinstance(wanted, slice):
        return value[wanted]
    return (value[wanted],) if -len(value) <= wanted < len(value) else ()
