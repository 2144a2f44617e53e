"""Several workers at once: each message leaves once."""

import threading
import time

import pytest
from django.db import connection

from alerts import tasks
from alerts.models import Delivery, DeliveryState
from alerts.sending import sender as sending
from alerts.sending.sender import Sender
from incidents.models import Kind

pytestmark = pytest.mark.django_db(transaction=True)


def test_three_senders_send_each_message_once(monitor, open_on, add_webhook, sink, wait_until):
    for number in range(30):
        add_webhook(monitor, sink.url(f"/hook/{number}"), name=f"Hook {number}")
    senders = [Sender() for _ in range(3)]
    for one in senders:
        one.start()
    for kind in (Kind.DOWNTIME, Kind.SSL, Kind.DNS):
        open_on(monitor, kind=kind)
    wait_until(lambda: not Delivery.objects.exclude(state=DeliveryState.DELIVERED).exists(), 20)
    time.sleep(0.3)
    for one in senders:
        one.stop(1)
    ids = [one.headers["webhook-id"] for one in sink.received]
    assert len(ids) == 90
    assert len(set(ids)) == 90


def test_one_incident_planned_by_two_at_once_is_one_message(monitor, open_on, add_webhook, sink):
    add_webhook(monitor, sink.url())
    start = threading.Barrier(2)

    def work():
        start.wait()
        try:
            open_on(monitor)
        except AssertionError:
            """The other one was first: there is one open incident a kind."""
        connection.close()

    threads = [threading.Thread(target=work) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert Delivery.objects.count() == 1


def test_the_task_starts_the_sender_of_its_process_and_shutdown_ends_it(
    monitor, open_on, add_webhook, sink, wait_until
):
    add_webhook(monitor, sink.url())
    open_on(monitor)
    tasks.send_due()
    try:
        wait_until(lambda: sink.received)
    finally:
        tasks.stop_sender()
    assert not [thread for thread in threading.enumerate() if thread.name == "alerts-sender"]
    sending.stop()


def test_ticks_with_nothing_due_do_nothing(db):
    tasks.ask_recipients()
    tasks.remind()
