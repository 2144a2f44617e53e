"""Conditions of rules: what holds, and what is refused with which words."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from alerts.rules.conditions import FIELDS, NUMBERS, OPS, ORDERS, TEXTS, holds, wrong_conditions

FACTS = {
    "latency_ms": 84.2,
    "status_code": 500,
    "region": ["fra", "nyc"],
    "regions_failing": 2,
    "consecutive_failures": None,
    "severity": "CRITICAL",
    "kind": "DOWNTIME",
    "failure_class": "http_status",
    "tag": ["prod"],
    "duration_seconds": 0,
}


@pytest.mark.parametrize(
    ("field", "op", "value", "expected"),
    [
        ("status_code", "eq", 500, True),
        ("status_code", "ne", 500, False),
        ("status_code", "gte", 500, True),
        ("status_code", "gt", 500, False),
        ("status_code", "in", [500, 502], True),
        ("status_code", "not_in", [500, 502], False),
        ("latency_ms", "lt", 100, True),
        ("latency_ms", "lte", 84.2, True),
        ("severity", "in", ["CRITICAL", "MAJOR"], True),
        ("tag", "eq", "prod", True),
        ("tag", "ne", "prod", False),
        ("tag", "not_in", ["staging"], True),
        ("region", "eq", "nyc", True),
        ("region", "in", ["syd"], False),
        ("consecutive_failures", "eq", 3, False),
        ("consecutive_failures", "gt", 0, False),
        ("consecutive_failures", "ne", 3, True),
        ("consecutive_failures", "not_in", [3], True),
    ],
)
def test_one_condition(field, op, value, expected):
    assert holds({"all": [{"field": field, "op": op, "value": value}]}, FACTS) is expected


def test_no_conditions_is_always():
    assert holds({}, FACTS)
    assert holds({"all": []}, FACTS)
    assert holds({"any": []}, {})


def test_all_and_any():
    yes, no = {"field": "kind", "op": "eq", "value": "DOWNTIME"}, {"field": "kind", "op": "eq", "value": "SSL"}
    assert not holds({"all": [yes, no]}, FACTS)
    assert holds({"any": [yes, no]}, FACTS)


@pytest.mark.parametrize(
    ("when", "pointers"),
    [
        ("x", ["/when"]),
        ([], ["/when"]),
        ({"all": [], "any": []}, ["/when"]),
        ({"none": []}, ["/when"]),
        ({"all": {}}, ["/when/all"]),
        ({"all": [{}] * 21}, ["/when/all"]),
        ({"any": ["x"]}, ["/when/any/0"]),
        ({"all": [{"field": "kind"}]}, ["/when/all/0/op", "/when/all/0/value"]),
        ({"all": [{"field": "kind", "op": "eq", "value": "SSL", "more": 1}]}, ["/when/all/0/more"]),
        ({"all": [{"field": "colour", "op": "like", "value": 1}]}, ["/when/all/0/field", "/when/all/0/op"]),
        ({"all": [{"field": [], "op": {}, "value": 1}]}, ["/when/all/0/field", "/when/all/0/op"]),
        ({"all": [{"field": "kind", "op": "gt", "value": "SSL"}]}, ["/when/all/0/op"]),
        ({"all": [{"field": "status_code", "op": "eq", "value": "500"}]}, ["/when/all/0/value"]),
        ({"all": [{"field": "status_code", "op": "eq", "value": True}]}, ["/when/all/0/value"]),
        ({"all": [{"field": "status_code", "op": "eq", "value": float("nan")}]}, ["/when/all/0/value"]),
        ({"all": [{"field": "kind", "op": "in", "value": "SSL"}]}, ["/when/all/0/value"]),
        ({"all": [{"field": "kind", "op": "in", "value": []}]}, ["/when/all/0/value"]),
        ({"all": [{"field": "kind", "op": "in", "value": ["SSL", 1]}]}, ["/when/all/0/value"]),
    ],
)
def test_what_is_refused_is_named(when, pointers):
    assert [error.pointer for error in wrong_conditions(when)] == pointers


json = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
)
half_right = st.fixed_dictionaries(
    {"field": st.sampled_from(FIELDS) | json, "op": st.sampled_from(OPS) | json, "value": json}
)


@given(when=json | st.fixed_dictionaries({"all": st.lists(half_right | json, max_size=3)}))
def test_whatever_passes_can_be_asked(when):
    if not wrong_conditions(when):
        assert holds(when, FACTS) in (True, False)
        assert holds(when, {}) in (True, False)


values = st.one_of(
    st.tuples(
        st.sampled_from(NUMBERS), st.sampled_from([op for op in OPS if op not in ("in", "not_in")]), st.integers(-9, 9)
    ),
    st.tuples(st.sampled_from(TEXTS), st.sampled_from(["eq", "ne"]), st.text(min_size=1, max_size=9)),
)


@given(parts=values)
def test_what_is_written_right_passes(parts):
    field, op, value = parts
    assert wrong_conditions({"any": [{"field": field, "op": op, "value": value}]}) == []


@given(parts=values)
def test_ne_is_the_opposite_of_eq(parts):
    field, op, value = parts
    if op not in ORDERS:
        one = holds({"all": [{"field": field, "op": "eq", "value": value}]}, FACTS)
        other = holds({"all": [{"field": field, "op": "ne", "value": value}]}, FACTS)
        assert one is not other
