"""The `when` of a rule: which fields and operators there are, what is valid, what holds. Pure."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from common.invalid import FieldError

# What an incident event is, by field: a number, a text, a list of texts (any of them may match), or None if unknown.
Facts = Mapping[str, Any]

NUMBERS = ("latency_ms", "status_code", "regions_failing", "consecutive_failures", "duration_seconds")
TEXTS = ("region", "severity", "kind", "failure_class", "tag")
FIELDS = (*NUMBERS, *TEXTS)
EQUALITIES = ("eq", "ne")
ORDERS = ("gt", "gte", "lt", "lte")
MEMBERSHIPS = ("in", "not_in")
OPS = (*EQUALITIES, *ORDERS, *MEMBERSHIPS)
MAX_CONDITIONS = 20
MAX_VALUES = 100
MAX_NUMBER = 10**12
MAX_TEXT = 120

_COMPARE: dict[str, Callable[[Any, Any], bool]] = {
    "eq": lambda fact, value: bool(fact == value),
    "gt": lambda fact, value: bool(fact > value),
    "gte": lambda fact, value: bool(fact >= value),
    "lt": lambda fact, value: bool(fact < value),
    "lte": lambda fact, value: bool(fact <= value),
    "in": lambda fact, value: fact in value,
}
_NEGATED = {"ne": "eq", "not_in": "in"}


def holds(when: Mapping[str, Any], facts: Facts) -> bool:
    """Whether `when`, valid as `wrong_conditions` says, is true of `facts`. No conditions: always.

    Of a fact that is unknown only `ne` and `not_in` are true. Of a list (tags, regions) one match is enough, and `ne`
    and `not_in` are true when nothing in it matches.
    """
    for word, over in (("all", all), ("any", any)):
        if when.get(word):
            return over(_one_holds(condition, facts) for condition in when[word])
    return True


def _one_holds(condition: Mapping[str, Any], facts: Facts) -> bool:
    op, fact = condition["op"], facts.get(condition["field"])
    if op in _NEGATED:
        return not _matches(_NEGATED[op], fact, condition["value"])
    return _matches(op, fact, condition["value"])


def _matches(op: str, fact: Any, value: Any) -> bool:
    found = fact if isinstance(fact, list | tuple | set | frozenset) else [] if fact is None else [fact]
    return any(_COMPARE[op](one, value) for one in found)


def wrong_conditions(when: Any, pointer: str = "/when") -> list[FieldError]:
    """What is wrong with `when`, all at once; empty when it is `{}` or `{all|any: [{field, op, value}, …]}`."""
    if not isinstance(when, Mapping):
        return [FieldError(pointer, "type", "Write an object: {} or {all: […]} or {any: […]}.")]
    if not when:
        return []
    if len(when) != 1 or not set(when) <= {"all", "any"}:
        return [FieldError(pointer, "keys", "Write either `all` or `any`, and nothing else.")]
    word, conditions = next(iter(when.items()))
    if not isinstance(conditions, list) or len(conditions) > MAX_CONDITIONS:
        return [FieldError(f"{pointer}/{word}", "type", f"Write a list of at most {MAX_CONDITIONS} conditions.")]
    return [
        error for place, one in enumerate(conditions) for error in _wrong_condition(one, f"{pointer}/{word}/{place}")
    ]


def _wrong_condition(condition: Any, pointer: str) -> list[FieldError]:
    if not isinstance(condition, Mapping):
        return [FieldError(pointer, "type", "Write an object with field, op and value.")]
    errors = [
        FieldError(f"{pointer}/{name}", "required", f"Add {name}.")
        for name in ("field", "op", "value")
        if name not in condition
    ]
    errors += [
        FieldError(f"{pointer}/{name}", "unknown", "There is no such field here.")
        for name in condition
        if name not in ("field", "op", "value")
    ]
    return errors or _wrong_parts(condition["field"], condition["op"], condition["value"], pointer)


def _wrong_parts(field: Any, op: Any, value: Any, pointer: str) -> list[FieldError]:
    errors = []
    if field not in FIELDS:
        errors.append(FieldError(f"{pointer}/field", "choice", f"Choose one of {', '.join(FIELDS)}."))
    if op not in OPS:
        errors.append(FieldError(f"{pointer}/op", "choice", f"Choose one of {', '.join(OPS)}."))
    if errors:
        return errors
    if op in ORDERS and field in TEXTS:
        return [FieldError(f"{pointer}/op", "choice", f"{field} is a text: use eq, ne, in or not_in.")]
    return _wrong_value(field, op, value, f"{pointer}/value")


def _wrong_value(field: str, op: str, value: Any, pointer: str) -> list[FieldError]:
    word, fits = ("number", _is_number) if field in NUMBERS else ("text", _is_text)
    if op not in MEMBERSHIPS:
        return [] if fits(value) else [FieldError(pointer, "type", f"Write a {word}.")]
    if _is_list(value) and all(fits(one) for one in value):
        return []
    return [FieldError(pointer, "type", f"Write a list of 1 to {MAX_VALUES} {word}s.")]


def _is_list(value: Any) -> bool:
    return isinstance(value, Sequence) and not isinstance(value, str) and 1 <= len(value) <= MAX_VALUES


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and abs(value) < MAX_NUMBER


def _is_text(value: Any) -> bool:
    return isinstance(value, str) and 1 <= len(value) <= MAX_TEXT
