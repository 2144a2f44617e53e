"""Three engines in three regions, each with its own way to one name: what one sees alone opens nothing."""

import threading
from contextlib import ExitStack, contextmanager

import pytest

from common.addresses import AddressPolicy
from incidents.models import Incident
from monitors.engine.engine import Engine
from monitors.models import MonitorState, Region, RegionState, StatusChange
from monitors.scheduling.reference import OwnNetwork
from monitors.scheduling.store import DatabaseStore
from tests.journeys.watching import until, watch
from tests.monitors.engine.test_resolver import NameServer
from tests.targets import Target

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.slow]
KEYS = ("default", "fra", "sin")
PATIENCE = 40


@contextmanager
def places(stack):
    """The target as each region sees it: one name and port, an address of its own."""
    targets = {}
    for number, key in enumerate(KEYS, start=1):
        target = Target(host=f"127.0.0.{number}")
        if targets:
            target.port = targets["default"].port
        targets[key] = stack.enter_context(target)
        Region.objects.get_or_create(key=key, defaults={"name": key.title()})
        server = NameServer()
        stack.callback(server.close)
        server.address = f"127.0.0.{number}"
        engine = Engine(
            DatabaseStore(key, OwnNetwork([])), key, AddressPolicy(allow_private=True), 50, nameservers=[server.name]
        )
        engine.start()
        stack.callback(engine.stop, 5)
        ticker = Ticker(engine)
        stack.callback(ticker.stop)
    yield targets


class Ticker:
    """Beat's tick for one engine."""

    def __init__(self, engine):
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._run, args=(engine,), name="ticker")
        self._thread.start()

    def _run(self, engine):
        while not self._over.wait(0.5):
            engine.wake()

    def stop(self):
        self._over.set()
        self._thread.join()


def words(monitor):
    return dict(RegionState.objects.filter(monitor=monitor).values_list("region__key", "is_down"))


def status(monitor):
    return MonitorState.objects.get(pk=monitor.pk).status


def test_a_quorum_of_regions_decides(workspace, by_alice):
    with ExitStack() as stack, places(stack) as targets:
        url = targets["default"].url("/", host="shop.test")
        monitor = watch(workspace, by_alice, url, interval_seconds=2, regions=list(KEYS), fail_after_consecutive=1)
        until(lambda: words(monitor) == dict.fromkeys(KEYS, False), within=PATIENCE, what="all regions see it up")
        assert {len({one.path for one in target.requests}) for target in targets.values()} == {1}

        targets["sin"].behave("/", "status/500")
        until(lambda: words(monitor)["sin"], within=PATIENCE, what="one region says down")
        seen = len(targets["sin"].requests)
        until(lambda: len(targets["sin"].requests) > seen + 2, within=PATIENCE, what="it goes on saying so")
        assert not StatusChange.objects.filter(monitor=monitor, after="DOWN").exists()
        assert not Incident.objects.exists()

        targets["fra"].behave("/", "status/503")
        until(lambda: status(monitor) == "DOWN", within=PATIENCE, what="two of three regions say down")
        assert Incident.objects.get().monitor_id == monitor.pk

        targets["fra"].behave("/", "status/200")
        until(lambda: status(monitor) == "OK", within=PATIENCE, what="one of three is not enough any more")
        assert words(monitor)["sin"]


def test_the_other_regions_look_at_once_however_long_the_interval(workspace, by_alice):
    with ExitStack() as stack, places(stack) as targets:
        url = targets["default"].url("/", host="shop.test")
        monitor = watch(workspace, by_alice, url, interval_seconds=3600, regions=list(KEYS), fail_after_consecutive=1)
        until(lambda: words(monitor) == dict.fromkeys(KEYS, False), within=PATIENCE, what="all regions see it up")
        for target in targets.values():
            target.behave("/", "status/500")
        states = RegionState.objects.filter(monitor=monitor)
        states.filter(region__key="fra").update(claimable_at=states.get(region__key="fra").last_checked_at)
        until(lambda: status(monitor) == "DOWN", within=PATIENCE, what="DOWN long before the next hour")
