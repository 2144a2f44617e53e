"""What is wrong with an assertion before it is ever judged; pure."""

from collections.abc import Mapping
from typing import Any

from monitors.probes.assertions import CERTIFICATE_PROPERTIES
from monitors.probes.comparisons import BadPattern, compile_pattern, number_of
from monitors.probes.jsonpath import BadPath, find

_NUMERIC = ("greater_than", "less_than")
_TEXTUAL = ("contains", "not_contains", "matches")
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
    if comparison == "exists":
        return []
    if comparison == "between":
        pair = target if isinstance(target, list) and len(target) == 2 else None
        is_pair = pair is not None and all(number_of(one) is not None for one in pair)
        return [] if is_pair else [("/target", "Give a pair of numbers, for example [200, 399].")]
    if comparison in ("in", "not_in"):
        is_list = isinstance(target, list) and 0 < len(target) <= 100
        return [] if is_list else [("/target", "Give a list of 1 to 100 values.")]
    if comparison in _NUMERIC:
        return [] if number_of(target) is not None else [("/target", "Give a number.")]
    if comparison in _TEXTUAL and (not isinstance(target, str) or not target):
        return [("/target", "Give a text.")]
    if comparison == "matches":
        try:
            compile_pattern(str(target))
        except BadPattern as bad:
            return [("/target", str(bad))]
    is_plain = target is not None and not isinstance(target, dict | list)
    return [] if is_plain else [("/target", "Give a text, a number or true or false.")]
