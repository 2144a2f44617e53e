"""Settings of a probed monitor: judged whole, merged on an edit, and their secrets never shown."""

from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from common.invalid import Invalid
from monitors.masking import MASK, masked
from monitors.probes.http_settings import HTTP_FIELDS
from monitors.settings import clean_settings

FIELDS = tuple(field for field in HTTP_FIELDS if field.name != "latency_threshold_ms")
URL = {"url": "http://shop.example/"}
LOGIN = {"type": "basic", "username": "me", "password": "hunter2"}
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=6,
)


def clean(raw, **options):
    return clean_settings(FIELDS, raw, **options)


def pointers(raw, **options):
    with pytest.raises(Invalid) as error:
        clean(raw, **options)
    return sorted(one.pointer for one in error.value.errors)


def test_what_is_left_out_gets_its_default():
    settings = clean(URL)
    assert settings["request"]["method"] == "GET"
    assert settings["request"]["follow_redirects"] is True
    assert (settings["request"]["auth"], settings["assertions"]) == (None, [])


@pytest.mark.parametrize(
    ("raw", "wrong"),
    [
        ({}, ["/url"]),
        ({"url": None}, ["/url"]),
        ({"url": "ftp://x/", "colour": 1}, ["/colour", "/url"]),
        (URL | {"a/b~c": 1}, ["/a~1b~0c"]),
        (URL | {"request": []}, ["/request"]),
        (URL | {"request": {"method": "BREW", "max_redirects": True}}, ["/request/maxRedirects", "/request/method"]),
        (URL | {"request": {"headers": {"A b": "x", "X": "a\nb"}}}, ["/request/headers/A b", "/request/headers/X"]),
        (URL | {"request": {"body": "a\x00b"}}, ["/request/body"]),
        (URL | {"request": {"body": "\ud800"}}, ["/request/body"]),
        (URL | {"request": {"auth": {}}}, ["/request/auth/type"]),
        (URL | {"request": {"auth": LOGIN | {"password": MASK}}}, ["/request/auth/password"]),
        (URL | {"request": {"headers": {"X-Token": MASK}}}, ["/request/headers/X-Token"]),
        (URL | {"assertions": {}}, ["/assertions"]),
        (
            URL | {"assertions": [{"source": "tea"}, 5]},
            ["/assertions/0/comparison", "/assertions/0/source", "/assertions/1"],
        ),
    ],
)  # fmt: skip
def test_every_wrong_field_is_named(raw, wrong):
    assert pointers(raw) == wrong


def test_a_wrong_assertion_is_named_beside_another_wrong_field():
    raw = {"url": "nonsense", "assertions": [{"source": "body", "comparison": "matches", "target": "("}]}
    found = pointers(raw)
    assert "/url" in found
    assert any(pointer.startswith("/assertions/0") for pointer in found)


@given(st.dictionaries(st.sampled_from(["url", "request", "assertions", "x"]), JSON))
def test_whatever_json_gives_is_judged_and_never_breaks(raw):
    with suppress(Invalid):
        clean(raw)


def test_an_edit_merges_objects_and_replaces_headers_and_lists():
    stored = clean(URL | {"request": {"auth": LOGIN, "headers": {"A": "1", "B": "2"}, "max_redirects": 5}})
    settings = clean({"request": {"headers": {"C": "3"}, "method": "HEAD"}}, partial=stored)
    assert settings["url"] == stored["url"]
    assert settings["request"]["headers"] == {"C": "3"}
    assert (settings["request"]["method"], settings["request"]["max_redirects"]) == ("HEAD", 5)
    assert settings["request"]["auth"]["password"] == "hunter2"
    assert clean({"request": {"auth": None}}, partial=stored)["request"]["auth"] is None


def test_a_whole_edit_keeps_only_what_it_names():
    stored = clean(URL | {"request": {"method": "HEAD", "auth": LOGIN}})
    assert clean(URL, partial=stored, whole=True) == clean(URL)
    assert pointers({}, partial=stored, whole=True) == ["/url"]


@pytest.mark.parametrize("whole", [True, False])
def test_what_was_shown_can_be_sent_back(whole):
    headers = {"Authorization": "Bearer x", "X-Api-Key": "k", "Accept": "text/html", "Cookie": "a=b", "X-Auth": "y"}
    stored = clean(URL | {"request": {"auth": LOGIN, "headers": headers}})
    shown = masked(FIELDS, stored)
    assert [value for value in shown["request"]["headers"].values() if value != MASK] == ["text/html"]
    assert "hunter2" not in str(shown)
    assert clean(shown, partial=stored, whole=whole) == stored


def test_only_secrets_are_masked_and_only_their_masks_mean_anything():
    stored = clean(URL | {"request": {"body": MASK}})
    assert stored["request"]["body"] == MASK
    assert pointers({"url": MASK}, partial=stored) == ["/url"]
    other = {"token": "shown", "schedule": {"kind": "cron"}}
    assert masked(FIELDS, other) == other
