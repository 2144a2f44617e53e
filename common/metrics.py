"""Numbers about the platform, true over all its processes: counted in memory, added up in the database.

A process counts without locks of the database and adds what is new every few seconds, so a sum never falls when a
process ends; one that is killed takes at most its last seconds with it. Gauges are rows of the process that said them.
"""

import json
import logging
import os
import socket
import threading
import time
from bisect import bisect_left
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Mapping
from typing import NamedTuple

from django.conf import settings
from django.db import connection, transaction

from common.models import MetricValue
from common.registry import Registry

log = logging.getLogger(__name__)

FLUSH_SECONDS = 5.0
FRESH_SECONDS = 30.0
GONE_SECONDS = 3600.0
BUCKETS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0)
_UPSERT = (
    "INSERT INTO common_metricvalue (name, labels, process, value, said_at) VALUES (%s, %s, %s, %s, %s) "
    "ON CONFLICT (name, labels, process) DO UPDATE SET said_at = EXCLUDED.said_at, value = EXCLUDED.value"
)
_ADD = f"{_UPSERT} + common_metricvalue.value"


class Family(NamedTuple):
    """One metric as Prometheus shows it. `merge` says how a gauge of several processes becomes one: sum or max."""

    kind: str  # counter, gauge, histogram
    help: str
    labels: tuple[str, ...] = ()
    merge: str = "sum"


class Sample(NamedTuple):
    """One value of a gauge."""

    name: str
    labels: Mapping[str, str]
    value: float


families: Registry[Family] = Registry("What is this metric?")
# What a process says of itself, asked each time it adds its counts.
own_gauges: Registry[Callable[[], Iterable[Sample]]] = Registry("How is this process?")
# What is read from the database when somebody asks.
asked_gauges: Registry[Callable[[], Iterable[Sample]]] = Registry("How is the platform?")

_lock = threading.Lock()
_counts: defaultdict[tuple[str, str], float] = defaultdict(float)
_flushed_at = 0.0


def count(name: str, by: float = 1, **labels: str) -> None:
    """Adds to a counter. Cheap, from any thread; `families` must know the name."""
    key = (name, _text(labels))
    with _lock:
        _counts[key] += by


def observe(name: str, values: Iterable[float], **labels: str) -> None:
    """Adds observations, in seconds, to a histogram."""
    seen = list(values)
    text, by_bucket = _text(labels), Counter([bisect_left(BUCKETS, value) for value in seen])
    edges = {bucket: str(BUCKETS[bucket]) if bucket < len(BUCKETS) else "+Inf" for bucket in by_bucket}
    with _lock:
        for bucket, number in by_bucket.items():
            _counts[name, _text({**labels, "le": edges[bucket]})] += number
        _counts[f"{name}_sum", text] += sum(seen)


def flush_sometimes() -> None:
    """As `flush`, at most every 5 s, and a failure is only said: the counts are added next time."""
    global _flushed_at
    if time.monotonic() - _flushed_at > FLUSH_SECONDS:
        _flushed_at = time.monotonic()
        try:
            flush()
        except Exception:
            log.exception("Metrics could not be stored; they are added later")


def flush() -> None:
    """Adds what was counted since, and says how this process is. Raises the database's errors, losing no count."""
    with _lock:
        taken = dict(_counts)
        _counts.clear()
    try:
        _write(taken)
    except BaseException:
        with _lock:
            for key, value in taken.items():
                _counts[key] += value
        raise


def forget() -> None:
    """Drops what this process counted and has not stored; for tests, whose database is another each time."""
    with _lock:
        _counts.clear()


def _write(counts: Mapping[tuple[str, str], float]) -> None:
    now, process = time.time(), f"{socket.gethostname()[:40]}:{os.getpid()}"
    gauges = [one for _, source in own_gauges for one in source()]
    # In one order in every process, for each waits for the rows that another holds.
    added = [(name, labels, "", value, now) for (name, labels), value in sorted(counts.items())]
    said = sorted((one.name, _text(one.labels), process, one.value, now) for one in gauges)
    if not added and not said:
        return
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.executemany(_ADD, added)
        cursor.executemany(_UPSERT, said)
        MetricValue.objects.exclude(process="").filter(said_at__lt=now - GONE_SECONDS).delete()


def _text(labels: Mapping[str, str]) -> str:
    return json.dumps(labels, sort_keys=True, separators=(",", ":"))


def pool_gauges() -> Iterable[Sample]:
    """This process's connections to PostgreSQL."""
    pool = getattr(connection, "pool", None) if settings.IS_POSTGRES else None
    if pool is None:
        return
    stats = pool.get_stats()
    size, free = stats.get("pool_size", 0), stats.get("pool_available", 0)
    yield Sample("db_pool_connections", {"state": "idle"}, free)
    yield Sample("db_pool_connections", {"state": "used"}, size - free)
    yield Sample("db_pool_waiting", {}, stats.get("requests_waiting", 0))


def register() -> None:
    """The metrics that every deployment has; called once, when the app is ready."""
    families.register("db_pool_connections", Family("gauge", "Connections to PostgreSQL.", ("state",)))
    families.register("db_pool_waiting", Family("gauge", "Requests that wait for a connection."))
    own_gauges.register("pool", pool_gauges)
