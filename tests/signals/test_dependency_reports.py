"""What of a payload is a report of a dependency: a table of shapes, and that no payload is an error."""

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from signals.dependency_reports import MOST, Report, reports_of


def payload(dependencies):
    return orjson.dumps({"dependencies": dependencies}).decode()


def test_the_seeds_example_is_two_reports():
    said = payload([{"name": "PostgreSQL", "status": "ok"}, {"name": "Redis", "status": "down"}])
    assert reports_of(said) == [Report("PostgreSQL", False), Report("Redis", True)]


@pytest.mark.parametrize(
    "shape",
    [
        None, 5, "down", {}, {"name": "Redis", "status": "down"}, [None], ["Redis"], [5], [[]], [{}],
        [{"name": "Redis"}], [{"status": "down"}], [{"name": 5, "status": "down"}], [{"name": "", "status": "down"}],
        [{"name": "  ", "status": "down"}], [{"name": "Redis", "status": "exploded"}],
        [{"name": "Redis", "status": True}], [{"name": "x" * 121, "status": "down"}],
        [{"name": "\x00", "status": "down"}],
    ],
)  # fmt: skip
def test_a_shape_that_is_none_is_passed_over_and_the_rest_is_heard(shape):
    assert reports_of(payload(shape)) == []
    if isinstance(shape, list):
        assert reports_of(payload([*shape, {"name": "Redis", "status": "down"}])) == [Report("Redis", True)]


def test_names_are_trimmed_states_have_any_case_and_the_last_word_counts():
    said = payload([{"name": " Redis ", "status": "OK"}, {"name": "Redis", "status": "Down"}])
    assert reports_of(said) == [Report("Redis", True)]


def test_only_the_first_fifty_are_heard():
    said = payload([{"name": f"part {number}", "status": "down"} for number in range(MOST + 20)])
    assert len(reports_of(said)) == MOST


@given(st.text(max_size=200))
def test_no_text_is_an_error(text):
    assert isinstance(reports_of(text), list)


anything = st.recursive(
    st.none() | st.booleans() | st.integers(-5, 5) | st.text(max_size=8),
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(st.sampled_from(["name", "status", "dependencies", "x"]), inner, max_size=3)
    ),
)


@given(anything)
def test_no_json_is_an_error(value):
    assert all(report.name for report in reports_of(payload(value)))
