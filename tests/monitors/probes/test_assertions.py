"""Assertions: a table of comparisons, and no answer that makes judging fail or take long."""

import time
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitors.probes.assertions import SOURCES, Answer, judge
from monitors.probes.base import Certificate
from monitors.probes.comparisons import COMPARISONS, BadPattern, compile_pattern


def answer(body=b"", headers=(), status_code=200, latency_ms=12.5):
    return Answer(status_code, headers, body, latency_ms, None, datetime.now(UTC))


def outcome(source, comparison, target=None, property=None, **more):
    asserted = {"source": source, "comparison": comparison, "target": target, "property": property}
    return judge([asserted], answer(**more))[0]


HEADERS = (("Content-Type", "application/json"), ("X-N", "7"), ("Via", "a"), ("via", "b"))
BODY = b'{"s": "up", "n": 3, "f": 1.5, "t": true, "z": null, "l": [1, "2", {"k": "v"}], "o": {"s": "down"}}'
CASES = [
    ("status_code", None, "equals", 200, True),
    ("status_code", None, "equals", "200", True),
    ("status_code", None, "not_equals", 200, False),
    ("status_code", None, "in", [200, 204], True),
    ("status_code", None, "not_in", [200, 204], False),
    ("status_code", None, "between", [200, 399], True),
    ("status_code", None, "between", [201, 399], False),
    ("header", "content-type", "contains", "json", True),
    ("header", "X-N", "greater_than", 6, True),
    ("header", "X-N", "less_than", 7, False),
    ("header", "Via", "equals", "b", True),
    ("header", "Via", "not_equals", "b", False),
    ("header", "X-Missing", "exists", False, True),
    ("header", "X-Missing", "exists", True, False),
    ("header", "X-Missing", "equals", "x", False),
    ("header", "X-Missing", "not_equals", "x", False),
    ("header", "via", "exists", None, True),
    ("body", None, "contains", "up", True),
    ("body", None, "not_contains", "error", True),
    ("body", None, "matches", r'"n": \d', True),
    ("body", None, "matches", r"^nope$", False),
    ("json", "$.s", "equals", "up", True),
    ("json", "s", "equals", "up", True),
    ("json", "$.n", "equals", 3, True),
    ("json", "$.n", "equals", "3", True),
    ("json", "$.f", "between", [1, 2], True),
    ("json", "$.t", "equals", True, True),
    ("json", "$.t", "equals", "true", True),
    ("json", "$.t", "equals", 1, False),
    ("json", "$.z", "exists", True, True),
    ("json", "$.z", "equals", None, True),
    ("json", "$.missing", "exists", False, True),
    ("json", "$.l", "contains", "2", True),
    ("json", "$.l", "contains", "9", False),
    ("json", "$.l[*].k", "equals", "v", True),
    ("json", "$..s", "equals", "down", True),
    ("json", "$..s", "not_equals", "down", False),
    ("json", "$.o", "equals", '{"s":"down"}', True),
    ("latency", None, "less_than", 100, True),
    ("latency", None, "greater_than", 100, False),
    ("certificate", "days_left", "greater_than", 1, False),
    ("certificate", None, "exists", False, True),
]


@pytest.mark.parametrize(("source", "name", "comparison", "target", "ok"), CASES)
def test_each_comparison_means_what_it_says(source, name, comparison, target, ok):
    assert outcome(source, comparison, target, name, body=BODY, headers=HEADERS).ok is ok


TEXTS = {
    "equals": ("up 7", "up"), "not_equals": ("up", "up 7"), "in": (["a", "up 7"], ["up"]), "not_in": (["up"], ["up 7"]),
    "contains": ("up", "down"), "not_contains": ("down", "up"), "matches": ("^up [0-9]$", "^[0-9]"),
    "exists": (True, False),
}  # fmt: skip
NUMBERS = {
    "equals": (200, 201), "not_equals": (201, 200), "in": ([1, 200], [1]), "not_in": ([1], [200]),
    "between": ([200, 299], [201, 299]), "greater_than": (199, 200), "less_than": (201, 200), "contains": ("00", "7"),
    "not_contains": ("7", "00"), "matches": ("^200", "^1"), "exists": (True, False),
}  # fmt: skip
LEAF = Certificate(
    subject="up 7", issuer="up 7", names=("up 7", "b.example"), not_before=datetime(2026, 1, 1, tzinfo=UTC),
    not_after=datetime.now(UTC) + timedelta(days=200, hours=1), fingerprint="up 7", serial="up 7",
)  # fmt: skip
# Each source that holds a text, and each that holds a number, with what it is found by.
PLACES = [
    (TEXTS, "header", "X-State"), (TEXTS, "body", None), (TEXTS, "json", "$.state"), (TEXTS, "record", None),
    (TEXTS, "certificate", "subject"), (TEXTS, "certificate", "issuer"), (TEXTS, "certificate", "fingerprint"),
    (TEXTS, "certificate", "serial"), (NUMBERS, "status_code", None), (NUMBERS, "latency", None),
    (NUMBERS, "header", "X-Number"), (NUMBERS, "json", "$.number"), (NUMBERS, "certificate", None),
]  # fmt: skip


@pytest.mark.parametrize(("table", "source", "name"), PLACES, ids=[f"{place[1]} {place[2]}" for place in PLACES])
def test_each_source_is_compared_in_each_way_and_each_outcome_is_kept(table, source, name):
    body = b"up 7" if source == "body" else b'{"state": "up 7", "number": 200}'
    headers = (("X-State", "up 7"), ("X-Number", "200"))
    given = Answer(200, headers, body, 200.0, LEAF, datetime.now(UTC), ["up 7"])
    asserted = [
        {"source": source, "property": name, "comparison": comparison, "target": target}
        for comparison, pair in table.items()
        for target in pair
    ]
    outcomes = judge(asserted, given)
    assert [(one.comparison, one.target, one.ok) for one in outcomes] == [
        (one["comparison"], one["target"], number % 2 == 0) for number, one in enumerate(asserted)
    ]
    assert {str(one.actual).removesuffix(".0") for one in outcomes} == {"up 7" if table is TEXTS else "200"}


def test_every_source_and_every_comparison_is_in_those_tables():
    assert {source for _, source, _ in PLACES} == set(SOURCES)
    assert set(NUMBERS) == set(COMPARISONS)
    assert set(TEXTS) | {"between", "greater_than", "less_than"} == set(COMPARISONS)


def test_an_outcome_carries_what_was_asked_and_what_was_found():
    found = outcome("json", "equals", "down", "$.s", body=BODY)
    assert (found.source, found.property, found.comparison, found.target, found.actual) == (
        "json",
        "$.s",
        "equals",
        "down",
        "up",
    )
    assert outcome("body", "contains", "x", body=b"y" * 5000).actual == "y" * 200 + "…"


@pytest.mark.parametrize(
    ("comparison", "target"),
    [
        ("matches", "("),
        ("matches", "(?=x)"),
        ("matches", "\ud800"),
        ("matches", "a{1000}{1000}"),
        ("between", 5),
        ("between", []),
        ("unknown", 1),
        ("greater_than", "high"),
    ],
)
def test_an_assertion_that_cannot_be_applied_has_failed(comparison, target):
    assert outcome("status_code", comparison, target).ok is False


@given(
    st.sampled_from(sorted(SOURCES)),
    st.sampled_from(COMPARISONS),
    st.one_of(st.none(), st.text(max_size=20), st.lists(st.integers())),
    st.text(max_size=20),
    st.binary(max_size=200),
)
def test_judging_never_raises(source, comparison, target, name, body):
    outcome(
        source,
        comparison,
        target,
        name,
        body=body,
        headers=(("content-type", "text/plain; charset=" + name),),
    )


@pytest.mark.parametrize(
    "charset",
    [
        "utf-16",
        "latin-1",
        "hex",
        "rot13",
        "nonsense",
        "zlib",
        "idna",
        "unicode_escape",
        "punycode",
        '"utf-8"',
    ],
)
def test_any_declared_charset_yields_text(charset):
    said = (("Content-Type", f"text/html; charset={charset}"),)
    assert isinstance(answer(body=b"abc\xff" * 50_000, headers=said).text, str)


def test_catastrophic_patterns_are_linear():
    started = time.monotonic()
    for pattern in (r"(a+)+$", r"(a|a)*b", r"(.*)*x", r"^(([a-z])+.)+[A-Z]([a-z])+$"):
        outcome("body", "matches", pattern, body=b"a" * 1_000_000)
    assert time.monotonic() - started < 5


def test_a_pattern_too_costly_to_run_is_refused_when_it_is_saved():
    with pytest.raises(BadPattern):
        compile_pattern(r"([a-c].{1,100}){1,5}9")
    with pytest.raises(BadPattern):
        compile_pattern("x" * 1001)
