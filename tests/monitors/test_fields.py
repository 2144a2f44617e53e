"""The common fields: every wrong one is named at once, whatever JSON gives."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitors.fields import DEFAULTS, wrong_fields

GOOD = {name: value for name, value in DEFAULTS.items() if name not in ("regions", "depends_on", "service_group")}
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=5,
)


def pointers(fields, **options):
    return sorted(error.pointer for error in wrong_fields(fields, **options))


def test_defaults_are_valid():
    assert wrong_fields(GOOD | {"name": "Shop"}) == []


@pytest.mark.parametrize(
    ("name", "value", "pointer"),
    [
        ("name", "  ", "/name"),
        ("name", "x" * 121, "/name"),
        ("name", None, "/name"),
        ("name", 5, "/name"),
        ("name", "a\x00b", "/name"),
        ("name", "\ud800", "/name"),
        ("description", None, "/description"),
        ("description", "x" * 1001, "/description"),
        ("external_key", "", "/externalKey"),
        ("external_key", 5, "/externalKey"),
        ("external_key", "a\x00", "/externalKey"),
        ("interval_seconds", 9, "/intervalSeconds"),
        ("interval_seconds", 86_401, "/intervalSeconds"),
        ("interval_seconds", None, "/intervalSeconds"),
        ("interval_seconds", True, "/intervalSeconds"),
        ("interval_seconds", 60.0, "/intervalSeconds"),
        ("timeout_ms", 99, "/timeoutMs"),
        ("timeout_ms", "8000", "/timeoutMs"),
        ("quorum", 0, "/quorum"),
        ("fail_after_consecutive", 0, "/failAfterConsecutive"),
        ("resolve_after_consecutive_success", 101, "/resolveAfterConsecutiveSuccess"),
        ("latency_threshold_ms", 0, "/latencyThresholdMs"),
        ("tags", ["a b"], "/tags"),
        ("tags", "prod", "/tags"),
        ("tags", ["x"] * 31, "/tags"),
        ("tags", [[]], "/tags"),
        ("ssl_expiry_days", [-1], "/sslExpiryDays"),
        ("ssl_expiry_days", None, "/sslExpiryDays"),
        ("paused", "false", "/paused"),
        ("paused", None, "/paused"),
    ],
)
def test_a_wrong_field_is_named(name, value, pointer):
    assert pointers({name: value}) == [pointer]


def test_every_wrong_field_is_named_at_once():
    fields = {"name": "", "interval_seconds": 20, "timeout_ms": 30_000, "tags": 5, "quorum": -1}
    assert pointers(fields) == ["/name", "/quorum", "/tags", "/timeoutMs"]


def test_a_timeout_may_be_as_long_as_the_interval_but_no_longer():
    assert pointers({"interval_seconds": 10, "timeout_ms": 10_000}) == []
    assert pointers({"interval_seconds": 10, "timeout_ms": 10_001}) == ["/timeoutMs"]


def test_a_plan_sets_the_floor_of_the_interval():
    assert pointers({"interval_seconds": 30}, min_interval=60) == ["/intervalSeconds"]


@given(st.dictionaries(st.sampled_from(sorted({*GOOD, "name"})), JSON))
def test_nothing_that_json_gives_raises(fields):
    wrong_fields(fields)
