"""The assertions of a monitor as its form shows them: expected status codes and a keyword."""

from collections.abc import Mapping
from typing import Any

from django import forms


def status_assertion(text: str) -> dict[str, Any]:
    """The assertion that "200-399" or "200, 204" says; raises ValidationError."""
    try:
        first, dash, last = text.partition("-")
        if dash:
            pair = [int(first), int(last)]
            if not 100 <= pair[0] <= pair[1] <= 599:
                raise ValueError
            return {"source": "status_code", "property": None, "comparison": "between", "target": pair}
        codes = [int(word) for word in text.split(",")]
        if not all(100 <= code <= 599 for code in codes):
            raise ValueError
    except ValueError:
        raise forms.ValidationError("Write a range like 200-399 or codes from 100 to 599 like 200, 204.") from None
    return {"source": "status_code", "property": None, "comparison": "in", "target": codes}


def other_assertions(assertions: list[dict[str, Any]], *, is_http: bool) -> list[dict[str, Any]]:
    """Assertions that have no field of their own: the rows show them. Only an HTTP monitor's form has such fields."""
    if not is_http:
        return list(assertions)
    shown = [next((one for one in assertions if is_shown(one)), None) for is_shown in (is_status, is_keyword)]
    return [one for one in assertions if not any(one is other for other in shown)]


def is_status(assertion: Mapping[str, Any]) -> bool:
    """Whether the form shows it as expected status codes."""
    return bool(assertion["source"] == "status_code" and assertion["comparison"] in ("between", "in"))


def is_keyword(assertion: Mapping[str, Any]) -> bool:
    """Whether the form shows it as the keyword."""
    return bool(assertion["source"] == "body" and assertion["comparison"] == "contains")


def codes_of(assertion: Mapping[str, Any]) -> str:
    """ "200-399" or "200, 204", as `status_assertion` reads it."""
    return ("-" if assertion["comparison"] == "between" else ", ").join(str(code) for code in assertion["target"])
