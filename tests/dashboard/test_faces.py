"""Every status has a word, a shape and a colour of its own."""

import pytest

from dashboard.faces import FACES, face

STATUSES = ["NEW", "OK", "LATE", "DEGRADED", "DOWN", "UNKNOWN", "PAUSED", "RESUMED"]


@pytest.mark.parametrize("status", STATUSES)
def test_every_status_has_a_face(status):
    assert status in FACES


def test_shape_and_colour_always_go_together():
    pairs = {(known.shape, known.tone) for known in FACES.values()}
    assert pairs == {("circle", "is-ok"), ("triangle", "is-late"), ("square", "is-down"), ("ring", "is-unknown")}


def test_nothing_reads_as_unknown():
    assert face(None).word == "Unknown"
    assert face("").tone == "is-unknown"


def test_a_status_outside_the_table_reads_as_itself():
    assert face("SHUT_DOWN").word == "Shut down"
    assert face("SHUT_DOWN").tone == "is-unknown"
