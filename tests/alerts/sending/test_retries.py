"""The schedule: twelve tries in about a day."""

from hypothesis import given
from hypothesis import strategies as st

from alerts.sending.retries import JITTER, MAX_ATTEMPTS, retry_delay

DAY = 24 * 3600


def test_delays_add_up_to_a_day():
    delays = [retry_delay(attempt, 0.5) for attempt in range(1, MAX_ATTEMPTS)]
    assert len(delays) == 11
    assert abs(sum(delays) - DAY) < 0.01 * DAY


def test_the_first_is_soon_and_each_is_longer():
    delays = [retry_delay(attempt, 0.5) for attempt in range(1, MAX_ATTEMPTS)]
    assert delays[0] == 10
    assert delays == sorted(delays)


def test_after_the_twelfth_there_is_none():
    assert retry_delay(MAX_ATTEMPTS, 0.0) is None


@given(attempt=st.integers(1, MAX_ATTEMPTS - 1), random=st.floats(0, 1, exclude_max=True))
def test_jitter_is_a_tenth_to_either_side(attempt, random):
    middle = retry_delay(attempt, 0.5)
    assert abs(retry_delay(attempt, random) - middle) <= JITTER * middle * 1.0001
