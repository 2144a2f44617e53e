"""A sender that is killed in the middle of sending loses nothing."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from urllib.parse import quote

import pytest
from django.conf import settings as django_settings
from django.db import connection

from alerts.models import Delivery, DeliveryState

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.slow]
LEASE_SECONDS = 2.0


def database_url():
    database = connection.settings_dict
    if connection.vendor == "sqlite":
        return f"sqlite:///{database['NAME']}"
    host, port, user = database["HOST"], database["PORT"], database["USER"]
    password = quote(database["PASSWORD"])
    return f"postgresql://{user}:{password}@{host}:{port}/{database['NAME']}"


@pytest.fixture
def killable():
    started = []

    def start():
        environment = {
            **os.environ,
            "DJANGO_SETTINGS_MODULE": "websignal.settings",
            "DATABASE_URL": database_url(),
            "SECRET_KEY": django_settings.SECRET_KEY,
            "PYTHONPATH": str(Path(__file__).parents[2]),
        }
        command = [sys.executable, str(Path(__file__).with_name("sender_process.py")), str(LEASE_SECONDS)]
        process = subprocess.Popen(command, env=environment, stdout=subprocess.PIPE)
        started.append(process)
        assert process.stdout.readline() == b"started\n"
        return process

    yield start
    for process in started:
        process.kill()
        process.wait()
        process.stdout.close()


def test_killed_in_the_middle_of_sending_the_delivery_goes_on_after_its_lease(
    monitor, open_on, add_webhook, sink, killable, sender, wait_until
):
    add_webhook(monitor, sink.url("/hang"))
    add_webhook(monitor, sink.url("/good"), name="Good")
    open_on(monitor)
    victim = killable()
    wait_until(lambda: len(sink.received) == 2, 20)
    wait_until(lambda: Delivery.objects.filter(state=DeliveryState.DELIVERED).exists())
    victim.send_signal(signal.SIGKILL)
    victim.wait()
    killed = time.monotonic()
    sender.start()
    wait_until(lambda: len(sink.at("/hang")) == 2)
    assert time.monotonic() - killed < LEASE_SECONDS + 2
    first, second = sink.at("/hang")
    assert first.headers["webhook-id"] == second.headers["webhook-id"]
    assert first.body == second.body
    assert len(sink.at("/good")) == 1


def test_killed_again_and_again_every_delivery_arrives(
    monitor, open_on, add_webhook, sink, killable, sender, wait_until
):
    for number in range(30):
        add_webhook(monitor, sink.url(f"/hook/{number}"), name=f"Hook {number}")
    open_on(monitor)
    victim = killable()
    wait_until(lambda: len(sink.received) >= 3, 20)
    victim.send_signal(signal.SIGKILL)
    victim.wait()
    sender.start()
    wait_until(lambda: not Delivery.objects.exclude(state=DeliveryState.DELIVERED).exists(), 10)
    assert {one.path for one in sink.received} == {f"/hook/{number}" for number in range(30)}
