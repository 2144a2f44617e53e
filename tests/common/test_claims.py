"""Claiming: each due row goes to one claimer, whatever others do at that moment."""

import threading
import uuid
from datetime import timedelta

import pytest
from django.db import connection
from django.db.models import Q

from alerts.models import Channel
from common.claims import claim
from common.clock import now as clock_now

pytestmark = pytest.mark.django_db(transaction=True)


def free(now):
    return Channel.objects.filter(Q(claimed_until=None) | Q(claimed_until__lte=now)).order_by("pk")


@pytest.fixture
def channels(workspace):
    return Channel.objects.bulk_create(
        Channel(workspace=workspace, name=f"Channel {number}", type="webhook", config={}) for number in range(20)
    )


def test_a_claim_takes_the_first_and_writes_the_lease(channels):
    now = clock_now()
    taken = claim(free(now), limit=3, claimed_until=now + timedelta(seconds=10))
    assert [one.pk for one in taken] == [one.pk for one in channels[:3]]
    assert free(now).count() == 17
    assert free(now + timedelta(seconds=10)).count() == 20
    assert {one.claimed_until for one in taken} == {now + timedelta(seconds=10)}


def test_nothing_due_is_nothing_claimed(db):
    assert claim(free(clock_now()), limit=3, claimed_until=clock_now()) == []


def test_claimers_at_the_same_time_never_share_a_row(channels):
    now, start, taken = clock_now(), threading.Barrier(4), []

    def work():
        start.wait()
        for _ in range(10):
            rows = claim(free(now), limit=2, claimed_by=uuid.uuid4(), claimed_until=now + timedelta(minutes=1))
            taken.extend(row.pk for row in rows)
        connection.close()

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(taken) == [one.pk for one in channels]


def test_a_row_that_another_is_claiming_is_passed_over(channels):
    if connection.vendor != "postgresql":
        pytest.skip("SQLite has one writer at a time")
    now, held, done = clock_now(), threading.Event(), threading.Event()

    def hold():
        from django.db import transaction

        with transaction.atomic():
            claim(free(now), limit=15, claimed_until=now + timedelta(minutes=1))
            held.set()
            done.wait(10)
        connection.close()

    holder = threading.Thread(target=hold)
    holder.start()
    held.wait(10)
    taken = claim(free(now), limit=15, claimed_until=now + timedelta(minutes=1))
    done.set()
    holder.join()
    assert [one.pk for one in taken] == [one.pk for one in channels[15:]]
