"""Results on their way to the store: gathered into batches, also while others are being stored."""

from monitors.engine.bookkeeper import MOST_IN_BATCH, Bookkeeper


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
