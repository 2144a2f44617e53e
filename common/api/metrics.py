"""`GET /metrics`: everything counted and said, in Prometheus's text format, for whoever has METRICS_TOKEN."""

import json
import time
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from hmac import compare_digest
from typing import Any

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.views.decorators.cache import never_cache
from django.views.decorators.csrf import csrf_exempt
from prometheus_client import CONTENT_TYPE_LATEST, CollectorRegistry, generate_latest
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, HistogramMetricFamily, Metric
from prometheus_client.registry import Collector

from common.api.problems import Problem, problem_response
from common.metrics import BUCKETS, FRESH_SECONDS, Family, asked_gauges, families
from common.models import MetricValue

_CHALLENGE = {"WWW-Authenticate": 'Bearer realm="metrics"'}
Values = dict[tuple[tuple[str, str], ...], float]


@csrf_exempt
@never_cache
def metrics(request: HttpRequest) -> HttpResponse:
    """404 while no METRICS_TOKEN is set, 401 without it."""
    if request.method not in ("GET", "HEAD"):
        return problem_response(request, Problem(405, headers={"Allow": "GET, HEAD"}))
    if not settings.METRICS_TOKEN:
        return problem_response(request, Problem(404, "METRICS_TOKEN is not set."))
    scheme, _, token = request.headers.get("Authorization", "").partition(" ")
    if scheme.lower() != "bearer" or not compare_digest(token.strip().encode(), settings.METRICS_TOKEN.encode()):
        return problem_response(
            request, Problem(401, "This needs METRICS_TOKEN as a bearer token.", headers=_CHALLENGE)
        )
    registry = CollectorRegistry()
    registry.register(_Stored())
    return HttpResponse(generate_latest(registry), content_type=CONTENT_TYPE_LATEST)


class _Stored(Collector):
    """All families with what the database has of them now."""

    def collect(self) -> Iterator[Metric]:
        stored = _stored()
        for _, source in asked_gauges:
            for sample in source():
                _put(stored[sample.name], sample.labels, sample.value, "sum")
        for name, family in families:
            yield _FAMILIES[family.kind](name, family, stored)

    def describe(self) -> Iterable[Metric]:
        return []


def _stored() -> defaultdict[str, Values]:
    """Values by name and labels: sums of all processes, gauges of those that live."""
    found: defaultdict[str, Values] = defaultdict(dict)
    known = dict(families)
    fresh = time.time() - FRESH_SECONDS
    rows = MetricValue.objects.order_by("pk").values_list("name", "labels", "process", "value", "said_at")
    for name, labels, process, value, said_at in rows:
        if not process or said_at > fresh:
            merge = known[name].merge if name in known else "sum"
            _put(found[name], json.loads(labels), value, merge)
    return found


def _put(values: Values, labels: Mapping[str, str], value: float, merge: str) -> None:
    key = tuple(sorted(labels.items()))
    values[key] = max(values.get(key, value), value) if merge == "max" else values.get(key, 0.0) + value


def _counter(name: str, family: Family, stored: Mapping[str, Values]) -> Metric:
    return _filled(CounterMetricFamily(name, family.help, labels=family.labels), name, family, stored)


def _gauge(name: str, family: Family, stored: Mapping[str, Values]) -> Metric:
    return _filled(GaugeMetricFamily(name, family.help, labels=family.labels), name, family, stored)


def _filled(metric: Any, name: str, family: Family, stored: Mapping[str, Values]) -> Metric:
    values = stored.get(name, {})
    for labels, value in sorted((values or ({} if family.labels else {(): 0.0})).items()):
        metric.add_metric([dict(labels).get(label, "") for label in family.labels], value)
    return metric  # type: ignore[no-any-return]


def _histogram(name: str, family: Family, stored: Mapping[str, Values]) -> Metric:
    metric = HistogramMetricFamily(name, family.help, labels=family.labels)
    counts = {tuple(sorted(labels)): value for labels, value in stored.get(name, {}).items()}
    for labels, total in sorted(stored.get(f"{name}_sum", {}).items()):
        reached, buckets = 0.0, []
        for edge in (*(str(one) for one in BUCKETS), "+Inf"):
            reached += counts.get(tuple(sorted((*labels, ("le", edge)))), 0.0)
            buckets.append((edge, reached))
        metric.add_metric([dict(labels).get(label, "") for label in family.labels], buckets, total)
    return metric


_FAMILIES = {"counter": _counter, "gauge": _gauge, "histogram": _histogram}
