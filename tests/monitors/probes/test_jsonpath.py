"""The JSONPath subset: what it reads, what it refuses, and that it ends."""

from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitors.probes.jsonpath import BadPath, TooManyValues, find

DOCUMENT = {
    "store": {"book": [{"t": "A", "p": 8}, {"t": "B", "p": 12}, {"t": "C"}], "a b": {"x-y": 1}, "it's": 2},
    "p": 1,
    "": "empty",
}
CASES = [
    ("$", [DOCUMENT]),
    ("$.p", [1]),
    ("p", [1]),
    ("$.store.book[0].t", ["A"]),
    ("$.store.book[-1].t", ["C"]),
    ("$.store.book[9]", []),
    ("$.store.book[*].p", [8, 12]),
    ("$.store.book[1:].t", ["B", "C"]),
    ("$.store.book[:-1].t", ["A", "B"]),
    ("$.store.book[0:2].t", ["A", "B"]),
    ("$['store']['a b']['x-y']", [1]),
    ('$["store"]["it\'s"]', [2]),
    (r"$['store']['it\'s']", [2]),
    ("$..t", ["A", "B", "C"]),
    ("$..p", [1, 8, 12]),
    ("$..book[0].t", ["A"]),
    ("$..[0].t", ["A"]),
    ("$.store..x-y", [1]),
    ("$['']", ["empty"]),
    ("$.missing.deeper", []),
    ("$.p.x", []),
    ("$.p[0]", []),
]


@pytest.mark.parametrize(("path", "found"), CASES)
def test_paths_lead_where_they_say(path, found):
    assert find(path, DOCUMENT) == found


@pytest.mark.parametrize(
    "path",
    [
        "$.",
        "$..",
        "$.a.",
        "$[",
        "$[]",
        "$['a]",
        "$[?(@.p<10)]",
        "$[(@.length-1)]",
        "$.a b",
        "$...a",
        "a..",
        "$" + ".a" * 300,
    ],
)
def test_what_is_no_path_is_refused(path):
    with pytest.raises(BadPath):
        find(path, DOCUMENT)


@given(st.text(max_size=30))
def test_reading_any_text_ends_in_values_or_a_refusal(text):
    with suppress(BadPath):
        assert isinstance(find(text, DOCUMENT), list)


def test_a_path_that_multiplies_is_stopped():
    with pytest.raises(TooManyValues):
        find("$..*..*..*", [[[0] * 50] * 50] * 50)


def test_a_document_a_thousand_levels_deep_is_walked():
    deep = "bottom"
    for _ in range(1000):
        deep = {"a": deep}
    assert find("$..a", deep)[-1] == "bottom"
