"""How an assertion compares what was found with its target; every comparison is linear in what was found."""

from collections.abc import Callable, Sequence
from functools import lru_cache
from typing import Any

import orjson
import re2

# RE2 falls back from its automaton to simulating the program, whose cost is program size times text.
MAX_PROGRAM_SIZE = 2_000
MAX_PATTERN_LENGTH = 1_000
_PATTERN_MEMORY = 1 << 20


class BadPattern(ValueError):
    """A text is no RE2 pattern, or too costly a one."""


@lru_cache(maxsize=256)
def compile_pattern(pattern: str) -> Any:
    """Compile an RE2 pattern (https://github.com/google/re2/wiki/Syntax). Raises BadPattern."""
    options = re2.Options()
    options.never_capture = True
    options.log_errors = False
    options.max_mem = _PATTERN_MEMORY
    if len(pattern) > MAX_PATTERN_LENGTH:
        raise BadPattern(f"The pattern is longer than {MAX_PATTERN_LENGTH} characters.")
    try:
        compiled = re2.compile(pattern, options)
    except (re2.error, UnicodeEncodeError) as error:
        raise BadPattern(f"The pattern is not valid RE2: {_said(error)}.") from error
    if compiled.programsize > MAX_PROGRAM_SIZE:
        raise BadPattern("The pattern repeats too much.")
    return compiled


def _said(error: Exception) -> str:
    first = error.args[0] if error.args else error
    return first.decode(errors="replace") if isinstance(first, bytes) else str(first)


def text_of(value: Any) -> str:
    """A value as text: strings as they are, everything else as JSON."""
    if isinstance(value, str):
        return value
    if isinstance(value, tuple):
        return ", ".join(text_of(item) for item in value)
    return orjson.dumps(value, default=str).decode()


def number_of(value: Any) -> float | None:
    """A value as a number, read out of a string where needed; None when it is none."""
    if isinstance(value, bool) or value is None:
        return None
    try:
        return float(value)
    except (TypeError, ValueError, OverflowError):
        return None


def _equal(actual: Any, target: Any) -> bool:
    if isinstance(actual, bool) != isinstance(target, bool) or isinstance(actual, str) != isinstance(target, str):
        return text_of(actual) == text_of(target)
    return bool(actual == target)


def _among(actual: Any, target: Any) -> bool:
    choices: Sequence[Any] = target if isinstance(target, (list, tuple)) else (target,)
    return any(_equal(actual, choice) for choice in choices)


def _contains(actual: Any, target: Any) -> bool:
    if isinstance(actual, (list, tuple)):
        return any(_equal(item, target) for item in actual)
    return text_of(target) in text_of(actual)


def _ordered(holds: Callable[[float, float], bool]) -> Callable[[Any, Any], bool]:
    def compare(actual: Any, target: Any) -> bool:
        left, right = number_of(actual), number_of(target)
        return left is not None and right is not None and holds(left, right)

    return compare


def _between(actual: Any, target: Any) -> bool:
    value, low, high = number_of(actual), number_of(target[0]), number_of(target[1])
    return value is not None and low is not None and high is not None and low <= value <= high


def _matches(actual: Any, target: Any) -> bool:
    return compile_pattern(str(target)).search(text_of(actual)) is not None


POSITIVE: dict[str, Callable[[Any, Any], bool]] = {
    "equals": _equal,
    "in": _among,
    "between": _between,
    "greater_than": _ordered(lambda left, right: left > right),
    "less_than": _ordered(lambda left, right: left < right),
    "contains": _contains,
    "matches": _matches,
}
# True when no value found satisfies the positive comparison.
NEGATED = {"not_equals": "equals", "not_in": "in", "not_contains": "contains"}
COMPARISONS = (*POSITIVE, *NEGATED, "exists")


def holds(comparison: str, found: Sequence[Any], target: Any) -> bool:
    """Whether the values found stand in `comparison` to `target`.

    Of several values (a JSONPath with a wildcard) one must satisfy a positive comparison and none may break a
    negated one. Nothing found satisfies only `exists: false`. Raises BadPattern.
    """
    if comparison == "exists":
        return bool(found) is (target is not False)
    if not found:
        return False
    if comparison in NEGATED:
        positive = POSITIVE[NEGATED[comparison]]
        return not any(positive(value, target) for value in found)
    return any(POSITIVE[comparison](value, target) for value in found)
