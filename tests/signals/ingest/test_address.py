"""Which heartbeat a path means, and what it says."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from signals.ingest.address import Address, read_address

TOKEN = "abcdefghijklmnopqrstuv"


@pytest.mark.parametrize(
    ("rest", "said", "exit_status"),
    [
        ("", "SUCCESS", None),
        ("/", "SUCCESS", None),
        ("/start", "START", None),
        ("/fail", "FAIL", None),
        ("/log", "LOG", None),
        ("/0", "SUCCESS", 0),
        ("/1", "FAIL", 1),
        ("/255", "FAIL", 255),
    ],
)
@pytest.mark.parametrize("prefix", ["/ping/", "/api/signals/ping/"])
def test_what_is_said(prefix, rest, said, exit_status):
    assert read_address(prefix + TOKEN + rest) == Address(said, exit_status, prefix == "/ping/", TOKEN)


def test_a_slug_stands_behind_a_ping_key():
    assert read_address(f"/ping/{TOKEN}/nightly-backup/fail") == Address(
        "FAIL", None, True, ping_key=TOKEN, slug="nightly-backup"
    )
    assert read_address(f"/ping/{TOKEN}/nightly-backup").slug == "nightly-backup"


@pytest.mark.parametrize(
    "path",
    [
        "/ping/",
        "/ping/short",
        "/ping/" + "a" * 65,
        f"/ping/{TOKEN}\x00",
        f"/ping/{TOKEN}\n",
        f"/ping/ä{TOKEN}",
        f"/ping/{TOKEN}/Not A Slug",
        f"/ping/{TOKEN}/slug/soon",
        f"/ping/{TOKEN}/slug/start/more",
        f"/ping/{TOKEN}//start",
    ],
)
def test_a_malformed_address_means_nothing(path):
    assert read_address(path) is None


@given(st.text(max_size=60))
def test_any_path_can_be_read(rest):
    found = read_address("/ping/" + rest)
    assert found is None or (found.token or found.slug)
