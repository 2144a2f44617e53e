"""Judges an answer by a monitor's assertions; pure."""

import codecs
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import orjson

from monitors.probes.base import AssertionOutcome, Certificate
from monitors.probes.comparisons import BadPattern, holds, text_of
from monitors.probes.jsonpath import BadPath, TooManyValues, find

SHOWN_CHARACTERS = 200
_CHARSET = re.compile(r"charset\s*=\s*\"?([A-Za-z0-9_.:-]{1,40})", re.IGNORECASE)
# Python decodes these, but no page is written in them, and the first two take quadratic time.
_NOT_CHARSETS = frozenset({"punycode", "idna", "unicode-escape", "raw-unicode-escape", "undefined"})


@dataclass
class Answer:
    """What assertions look at. Body and document are read at most once, and only when asked for."""

    status_code: int | None
    headers: Sequence[tuple[str, str]]
    body: bytes
    latency_ms: float | None
    certificate: Certificate | None
    now: datetime
    records: Sequence[str] = ()
    # Not cached properties: until Python 3.12 each takes a lock, which costs more than most bodies do.
    _text: str | None = field(default=None, init=False)
    _document: Any = field(default=None, init=False)

    @property
    def text(self) -> str:
        """The body by its declared charset, else UTF-8; bytes that do not fit become U+FFFD."""
        if self._text is None:
            self._text = self._decoded()
        return self._text

    def _decoded(self) -> str:
        found = _CHARSET.search(next(iter(self.header("content-type")), ""))
        charset = found[1].lower().replace("_", "-") if found else "utf-8"
        try:
            return self.body.decode("utf-8" if charset in _NOT_CHARSETS else charset, "replace")
        except (LookupError, ValueError):
            return self.body.decode("utf-8", "replace")

    @property
    def document(self) -> Any:
        """The body as JSON. Raises ValueError when it is none."""
        if self._document is None:
            self._document = orjson.loads(self.body.removeprefix(codecs.BOM_UTF8))
        return self._document

    def header(self, name: str) -> list[str]:
        """All values of a header, whatever its case."""
        wanted = name.lower()
        return [value for given, value in self.headers if given.lower() == wanted]


class _NotComparable(Exception):
    """What an assertion is about cannot be read out of this answer; the text is shown as its actual value."""


def _status_code(answer: Answer, _: str | None) -> list[Any]:
    return [] if answer.status_code is None else [answer.status_code]


def _header(answer: Answer, name: str | None) -> list[Any]:
    return list(answer.header(name or ""))


def _body(answer: Answer, _: str | None) -> list[Any]:
    return [answer.text]


def _json(answer: Answer, path: str | None) -> list[Any]:
    try:
        return find(path or "$", answer.document)
    except (BadPath, TooManyValues) as error:
        raise _NotComparable(str(error)) from error
    except ValueError as error:
        raise _NotComparable("The body is not JSON.") from error


def _record(answer: Answer, _: str | None) -> list[Any]:
    return list(answer.records)


def _latency(answer: Answer, _: str | None) -> list[Any]:
    return [] if answer.latency_ms is None else [round(answer.latency_ms, 3)]


def _certificate(answer: Answer, name: str | None) -> list[Any]:
    return [] if answer.certificate is None else [CERTIFICATE_PROPERTIES[name or "days_left"](answer)]


def _leaf(answer: Answer) -> Certificate:
    assert answer.certificate is not None
    return answer.certificate


CERTIFICATE_PROPERTIES: Mapping[str, Callable[[Answer], Any]] = {
    "days_left": lambda answer: int((_leaf(answer).not_after - answer.now).total_seconds() // 86_400),
    "subject": lambda answer: _leaf(answer).subject,
    "issuer": lambda answer: _leaf(answer).issuer,
    "names": lambda answer: _leaf(answer).names,
    "fingerprint": lambda answer: _leaf(answer).fingerprint,
    "serial": lambda answer: _leaf(answer).serial,
    "not_after": lambda answer: _leaf(answer).not_after.isoformat(),
}
SOURCES: Mapping[str, Callable[[Answer, str | None], list[Any]]] = {
    "status_code": _status_code,
    "header": _header,
    "body": _body,
    "json": _json,
    "latency": _latency,
    "certificate": _certificate,
    "record": _record,
}
NEED_BODY = frozenset({"body", "json"})


def judge(assertions: Sequence[Mapping[str, Any]], answer: Answer) -> tuple[AssertionOutcome, ...]:
    """Return the outcome of each assertion, in order. One that cannot be applied has failed, never raises."""
    return tuple(_outcome(assertion, answer) for assertion in assertions)


def _outcome(assertion: Mapping[str, Any], answer: Answer) -> AssertionOutcome:
    comparison, target = assertion["comparison"], assertion.get("target")
    name = assertion.get("property")
    try:
        found = SOURCES[assertion["source"]](answer, name)
        ok, actual = holds(comparison, found, target), _shown(found)
    except (_NotComparable, BadPattern) as error:
        ok, actual = False, str(error)
    except (KeyError, TypeError, IndexError, ValueError):
        ok, actual = False, "The assertion itself cannot be read."
    return AssertionOutcome(
        source=assertion["source"], property=name, comparison=comparison, target=target, actual=actual, ok=ok
    )


def _shown(found: Sequence[Any]) -> Any:
    """The value as evidence: plain and short."""
    value = found[0] if len(found) == 1 else list(found[:20]) or None
    if value is None or isinstance(value, (bool, int, float)):
        return value
    text = value if isinstance(value, str) else text_of(value)
    return text if len(text) <= SHOWN_CHARACTERS else f"{text[:SHOWN_CHARACTERS]}…"


_EXPECTED = {
    "equals": "{}",
    "not_equals": "anything but {}",
    "in": "one of {}",
    "not_in": "none of {}",
    "between": "{}",
    "greater_than": "more than {}",
    "less_than": "less than {}",
    "contains": "a text with {}",
    "not_contains": "no {} in it",
    "matches": "a match of {}",
    "exists": "it to be there",
}
_SUBJECTS = {"status_code": "HTTP", "body": "Body", "latency": "Latency", "record": "Record"}


def sentence(outcome: AssertionOutcome) -> str:
    """Say what a failed assertion got and what it expected: "HTTP 503, expected 200–399."."""
    subject = _SUBJECTS.get(outcome.source) or f"{outcome.source.capitalize()} {outcome.property or ''}".strip()
    got = "nothing" if outcome.actual is None else text_of(outcome.actual)
    wanted = _EXPECTED.get(outcome.comparison, "{}").replace("{}", _target_text(outcome))
    return f"{subject} {got}, expected {wanted}."


def _target_text(outcome: AssertionOutcome) -> str:
    target = outcome.target
    joint = "–" if outcome.comparison == "between" else ", "
    text = joint.join(text_of(one) for one in target) if isinstance(target, list) else text_of(target)
    return text[:SHOWN_CHARACTERS]
