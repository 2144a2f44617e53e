"""What is wrong with an assertion before it is ever judged; pure."""

import re
from collections.abc import Mapping
from typing import Any

from monitors.probes.assertions import CERTIFICATE_PROPERTIES
from monitors.probes.comparisons import BadPattern, compile_pattern
from monitors.probes.jsonpath import BadPath, find

# What a comparison takes as its target goes by these; the OpenAPI document says the same.
EQUALITIES = ("equals", "not_equals")
MEMBERSHIPS = ("in", "not_in")
RANGES = ("between",)
ORDERS = ("greater_than", "less_than")
TEXTS = ("contains", "not_contains")
PATTERNS = ("matches",)
PRESENCES = ("exists",)
MOST_MEMBERS = 100
NUMBER_TEXT = r"-?[0-9]{1,15}(\.[0-9]{1,15})?"
Problem = tuple[str, str]  # JSON pointer inside the assertion, what is allowed


def problems_of(assertion: Mapping[str, Any]) -> list[Problem]:
    """Each wrong part of one assertion whose fields have the right types already."""
    return _wrong_property(assertion) + _wrong_target(str(assertion["comparison"]), assertion.get("target"))


def _wrong_property(assertion: Mapping[str, Any]) -> list[Problem]:
    source, name = assertion["source"], assertion.get("property")
    if source == "header" and not name:
        return [("/property", "Name the header.")]
    if source == "certificate" and name and name not in CERTIFICATE_PROPERTIES:
        return [("/property", f"Choose one of {', '.join(CERTIFICATE_PROPERTIES)}.")]
    if source == "json" and name:
        try:
            find(name, {})
        except BadPath as bad:
            return [("/property", str(bad))]
    return []


def _wrong_target(comparison: str, target: Any) -> list[Problem]:
    if comparison in PRESENCES:
        return [] if target is None or isinstance(target, bool) else [("/target", "Give true or false, or nothing.")]
    if comparison in RANGES:
        is_pair = isinstance(target, list) and len(target) == 2 and all(_is_number(one) for one in target)
        return [] if is_pair else [("/target", "Give a pair of numbers, for example [200, 399].")]
    if comparison in MEMBERSHIPS:
        is_list = isinstance(target, list) and 0 < len(target) <= MOST_MEMBERS
        return [] if is_list else [("/target", f"Give a list of 1 to {MOST_MEMBERS} values.")]
    if comparison in ORDERS:
        return [] if _is_number(target) else [("/target", "Give a number.")]
    if comparison in EQUALITIES:
        is_plain = isinstance(target, str | int | float)
        return [] if is_plain else [("/target", "Give a text, a number or true or false.")]
    if not isinstance(target, str) or not target:
        return [("/target", "Give a text.")]
    return _wrong_pattern(target) if comparison in PATTERNS else []


def _is_number(target: Any) -> bool:
    """A number, or the text of one; neither true nor the infinite, which compare with nothing."""
    if isinstance(target, str):
        return re.fullmatch(NUMBER_TEXT, target) is not None
    return isinstance(target, int | float) and not isinstance(target, bool)


def _wrong_pattern(target: str) -> list[Problem]:
    try:
        compile_pattern(target)
    except BadPattern as bad:
        return [("/target", str(bad))]
    return []
