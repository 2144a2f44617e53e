"""Batches survive a kill, leave in the order they came, and never fill the disk."""

import pytest

from monitors.agent.spool import Spool, SpoolTaken


@pytest.fixture
def open_spool(tmp_path):
    """`open_spool()`: a spool that is closed in the end."""
    opened = []

    def make(**options):
        opened.append(Spool(tmp_path, **options))
        return opened[-1]

    yield make
    for spool in opened:
        spool.close()


def waiting(spool):
    found = []
    while batch := spool.oldest():
        found.append(batch.read_bytes())
        spool.remove(batch)
    return found


def test_batches_leave_in_the_order_they_came_also_after_a_restart(open_spool):
    spool = open_spool()
    for number in range(12):
        spool.add(b"%d" % number)
    spool.close()
    spool = open_spool()
    spool.add(b"12")
    assert len(spool) == 13
    assert waiting(spool) == [b"%d" % number for number in range(13)]


def test_a_batch_that_was_being_written_when_the_agent_was_killed_is_no_batch(tmp_path, open_spool):
    (tmp_path / "00001.part").write_bytes(b"half")
    spool = open_spool()
    assert spool.oldest() is None
    assert list(tmp_path.glob("*.part")) == []


def test_past_the_limit_the_oldest_go_and_the_log_says_so(open_spool, caplog):
    spool = open_spool(most_bytes=30)
    for letter in b"abcd":
        spool.add(bytes([letter]) * 10)
    assert [batch[:1] for batch in waiting(spool)] == [b"b", b"c", b"d"]
    assert "is full" in caplog.text


def test_two_agents_do_not_share_a_folder(open_spool):
    first = open_spool()
    with pytest.raises(SpoolTaken, match="DATA_DIR"):
        open_spool()
    first.close()
    open_spool()


def test_a_word_is_kept_for_the_next_start(open_spool):
    spool = open_spool()
    assert spool.noted("run") == ""
    spool.note("run", "7")
    assert spool.noted("run") == "7"
