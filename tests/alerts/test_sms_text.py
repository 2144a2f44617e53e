"""What a text message says, and where it is cut."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from alerts.channels.sms_text import length, room, text_of

LINK = "https://websignal.example/incidents/123456"


def test_a_short_title_stands_whole_with_its_link():
    assert text_of("Down: Shop — HTTP 500", LINK) == f"Down: Shop - HTTP 500\n{LINK}"


def test_without_a_link_there_is_no_empty_line():
    assert text_of("Test: Shop", "") == "Test: Shop"


@pytest.mark.parametrize(("text", "expected"), [("abc", 3), ("€", 2), ("日本", 2), ("\N{PILE OF POO}", 2), ("[a]", 5)])
def test_length_is_in_the_units_of_the_alphabet(text, expected):
    assert length(text) == expected


@given(st.text(max_size=500))
def test_whatever_the_title_the_link_is_whole_and_two_segments_are_enough(title):
    text = text_of(title, LINK)
    assert text.endswith(f"\n{LINK}")
    assert length(text) <= room(text)
