"""Runs the engine inside a Celery worker of its region: starts with it, wakes at beat's tick, is drained at its end."""

import logging
from collections.abc import Iterator
from typing import Any

from celery import bootsteps
from django.conf import settings

from common.metrics import Sample, own_gauges
from common.policy import outgoing_policy
from monitors.engine.engine import Engine
from monitors.scheduling.queues import probe_queue
from monitors.scheduling.reference import OwnNetwork
from monitors.scheduling.store import DatabaseStore

log = logging.getLogger(__name__)
DRAIN_SECONDS = 1.0

_running: Engine | None = None


def running_engine() -> Engine | None:
    """The engine of this process, if it has one."""
    return _running


def start_engine(region: str) -> Engine:
    """Starts the engine of this process, in place of one that runs; call it after the fork."""
    global _running
    stop_engine()
    store = DatabaseStore(region, OwnNetwork(settings.PROBE_REFERENCE_HOSTS))
    engine = Engine(store, region, outgoing_policy(), settings.PROBE_CAPACITY, per_host=settings.PROBE_PER_HOST)
    engine.start()
    log.info("Engine of region %s is checking", region)
    _running = engine
    return engine


def stop_engine() -> None:
    """Ends what is in flight within DRAIN_SECONDS; what does not end is claimed again by the next engine."""
    global _running
    engine, _running = _running, None
    if engine is not None:
        engine.stop(DRAIN_SECONDS)


def gauges() -> Iterator[Sample]:
    """How the engine of this process is."""
    engine = _running
    if engine is None:
        return
    stats, labels = engine.stats(), {"region": engine.region}
    yield Sample("checks_in_flight", labels, stats.in_flight)
    yield Sample("checks_held", labels, stats.held)
    yield Sample("loop_lag_seconds", labels, stats.loop_lag_ms / 1000)
    yield Sample("results_buffered", labels, stats.buffered_results)


def register() -> None:
    """Makes its gauges known; called once, when the app is ready."""
    own_gauges.register("engine", gauges)


class EngineStep(bootsteps.StartStopStep):
    """A worker that consumes `probe.<region>` runs that region's engine."""

    requires = ("celery.worker.components:Pool",)

    def start(self, worker: Any) -> None:
        if probe_queue(settings.REGION) in worker.app.amqp.queues.consume_from:
            start_engine(settings.REGION)

    def stop(self, worker: Any) -> None:
        stop_engine()

    def terminate(self, worker: Any) -> None:
        stop_engine()
