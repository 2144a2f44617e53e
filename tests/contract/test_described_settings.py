"""What the OpenAPI document says of a monitor's settings is what is taken, assertion by assertion, choice by choice."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st
from jsonschema import Draft202012Validator
from referencing import Registry, Resource
from referencing.jsonschema import DRAFT202012

from monitors.kinds import kinds
from monitors.probes.assertion_rules import problems_of
from monitors.probes.comparisons import COMPARISONS, BadPattern, compile_pattern
from websignal.openapi import document
from websignal.openapi_types import schema_of

DOCUMENT = json.loads(json.dumps(document(), default=str))
REGISTRY = Registry().with_resource("urn:api", Resource(DOCUMENT, DRAFT202012))
PLAIN = st.none() | st.booleans() | st.integers(-(2**53), 2**53) | st.floats(allow_nan=False, allow_infinity=False)
TEXTS = st.text(st.characters(codec="utf-8"), max_size=5) | st.from_regex(r"[-+ .0-9eE_]{1,6}", fullmatch=True)
TARGETS = st.recursive(
    PLAIN | TEXTS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXTS, inner, max_size=2),
    max_leaves=4,
)


def component(name):
    reference = {"$ref": f"urn:api#/components/schemas/{name}"}
    return Draft202012Validator(reference, registry=REGISTRY)


def told(*assertions, type="http", url="https://shop.example/"):
    body = {"name": "Shop", "type": type, "url": url, "assertions": list(assertions)}
    return component(f"{type.capitalize()}MonitorRequest").is_valid(body)


def is_no_pattern(target):
    try:
        compile_pattern(target)
    except BadPattern:
        return True
    return False


@given(st.sampled_from(COMPARISONS), TARGETS)
def test_a_target_fits_its_comparison_as_the_document_says(comparison, target):
    assertion = {"source": "json", "comparison": comparison, "target": target}
    # RE2 is a language, of which a schema knows only the length.
    taken = not problems_of(assertion) or (comparison == "matches" and told(assertion) and is_no_pattern(target))
    assert told(assertion) == taken


@pytest.mark.parametrize(
    ("comparison", "fits", "unfit"),
    [
        ("equals", ["", "up", 0, 1.5, True], [None, [], {}]),
        ("not_in", [[1], [None, "a", {}]], [[], "a", [0] * 101]),
        ("between", [[200, 399], ["1", "-2.5"]], [[200], [1, 2, 3], [1, None], [1, True], 5, ["1", "fast"]]),
        ("less_than", [5, -0.5, "500", "-0.25"], [None, True, "", "fast", "inf", "1e3", " 5", "1_000", "٣", [5]]),
        ("not_contains", ["x"], ["", 5, None, ["x"]]),
        ("matches", ["^a+$"], ["", 5, "a" * 1001]),
        ("exists", [True, False, None], ["false", 0, []]),
    ],
)
def test_each_comparison_has_targets_of_its_own(comparison, fits, unfit):
    for target in fits:
        assertion = {"source": "body", "comparison": comparison, "target": target}
        assert (told(assertion), problems_of(assertion)) == (True, []), target
    for target in unfit:
        assertion = {"source": "body", "comparison": comparison, "target": target}
        problems = problems_of(assertion)
        assert (told(assertion), [pointer for pointer, _ in problems]) == (False, ["/target"]), target


@pytest.mark.parametrize("comparison", COMPARISONS)
def test_only_exists_needs_no_target(comparison):
    assertion = {"source": "body", "comparison": comparison}
    assert told(assertion) == (not problems_of(assertion)) == (comparison == "exists")


def test_a_type_looks_at_its_own_sources_only():
    status = {"source": "status_code", "comparison": "equals", "target": 200}
    latency = {"source": "latency", "comparison": "less_than", "target": 200}
    assert told(status, latency)
    assert told(latency, type="websocket", url="wss://shop.example/")
    assert not told(latency, status, type="websocket", url="wss://shop.example/")


def test_every_choice_of_a_setting_is_in_the_document():
    for kind in (kind for _, kind in kinds if kind.is_probed):
        for field in (inner for outer in kind.fields for inner in (outer, *outer.fields) if inner.choices):
            described = Draft202012Validator(schema_of(field))
            assert all(described.is_valid(one) for one in field.choices), field.name
            assert described.is_valid(None) == (None in field.choices), field.name
            assert not described.is_valid("something else")


def test_a_look_at_records_takes_the_resolver_that_a_monitor_takes():
    for name in ("DnsMonitorRequest", "DnsTestOfHostnameRequest"):
        body = {"hostname": "shop.example", "resolver": None}
        named = {"name": "Shop", "type": "dns"} if name == "DnsMonitorRequest" else {}
        assert component(name).is_valid(body | named), name


def test_what_is_tried_needs_a_type_unless_a_url_or_a_hostname_says_it():
    validator = component("MonitorTestRequest")
    assert validator.is_valid({"url": "https://shop.example/"})
    assert validator.is_valid({"hostname": "shop.example", "recordType": "MX"})
    assert not validator.is_valid({"host": "shop.example", "port": 7})
    assert validator.is_valid({"host": "shop.example", "port": 7, "type": "tcp"})
