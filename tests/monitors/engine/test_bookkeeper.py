"""Results on their way to the store: gathered into batches, also while others are being stored."""

import time
from types import SimpleNamespace

import pytest

from monitors.engine.bookkeeper import AHEAD_SECONDS, MOST_IN_BATCH, Bookkeeper
from monitors.probes.base import Claim


class Slow:
    """A store during whose first batch another result comes."""

    def __init__(self):
        self.batches = []

    def record(self, results):
        self.batches.append(list(results))
        if len(self.batches) == 1:
            self.books.take(["late"])


def books_of(store):
    store.books = Bookkeeper(store, lambda: 0, lambda checks: None)
    return store.books


def test_what_comes_while_a_batch_is_stored_waits_for_the_next():
    store = Slow()
    books = books_of(store)
    books.take(["one", "two"])
    books._record_all()
    assert (store.batches, books.buffered) == ([["one", "two"]], 1)
    books._record_all()
    assert (store.batches, books.buffered) == ([["one", "two"], ["late"]], 0)


def test_all_that_waits_is_stored_at_once_however_much_it_is():
    store = Slow()
    books = books_of(store)
    books.take(range(2 * MOST_IN_BATCH))
    books._record_all()
    assert [len(batch) for batch in store.batches] == [MOST_IN_BATCH, MOST_IN_BATCH]
    assert books.buffered == 1


class Busy:
    """A store with more due than one claim takes, the last of a claim `ahead` seconds from now."""

    def __init__(self, ahead):
        self.ahead = ahead
        self.claims = 0

    def claim(self, *, now, until, limit):
        self.claims += 1
        return Claim([SimpleNamespace(scheduled_at=now + self.ahead)], more=self.claims < 5)


@pytest.mark.parametrize(("ahead", "claims"), [(AHEAD_SECONDS + 0.1, 1), (AHEAD_SECONDS - 0.1, 5)])
def test_what_is_claimed_well_ahead_is_not_claimed_in_one_go(ahead, claims):
    store, taken = Busy(ahead), []
    books = Bookkeeper(store, lambda: 1000, taken.extend)
    books.wake()
    books._tick()
    assert (store.claims, len(taken)) == (claims, claims)


def test_what_was_left_is_claimed_soon_without_a_tick():
    store, taken = Busy(AHEAD_SECONDS + 0.1), []
    books = Bookkeeper(store, lambda: 1000, taken.extend)
    books.wake()
    books._tick()
    assert books._patience() < 0.3
    time.sleep(books._patience())
    books._tick()
    assert store.claims == 2
