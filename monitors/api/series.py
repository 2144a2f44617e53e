"""Endpoints of what a monitor has seen: raw results, availability and latency."""

from datetime import timedelta
from typing import Any

from django.http import Http404
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from common.api.cursors import PARAMETERS as CURSOR_PARAMETERS
from common.api.cursors import cursor_page
from common.api.fields import InstantField, ListField
from common.api.parameters import Choice, Flag, Text, period
from common.api.serializers import ApiSerializer
from common.api.views import ApiView
from common.invalid import FieldError, Invalid
from monitors.api.figures import availability_json, latency_json
from monitors.api.serializers import ResultPageSerializer
from monitors.api.shown import result_json
from monitors.figures.history import availability_of, results_of
from monitors.figures.latency import latency
from monitors.models import Monitor, Region

DEFAULT_PERIOD = timedelta(days=30)
MOST_BUCKETS = 2000
_LENGTHS = {
    "hour": timedelta(hours=1),
    "day": timedelta(days=1),
    "week": timedelta(days=7),
    "month": timedelta(days=28),
}


class MonitorSeriesView(ApiView):
    """Base: the monitor of the address."""

    scopes = {"GET": "monitor.read"}

    def monitor(self) -> Monitor:
        found = Monitor.objects.in_workspace(self.workspace).filter(pk=self.kwargs["pk"]).first()
        if found is None:
            raise Http404
        return found


@extend_schema(tags=["Monitor data"])
class ResultsView(MonitorSeriesView):
    """Raw results."""

    query_parameters = {
        "get": (
            *CURSOR_PARAMETERS,
            *period("scheduled_at"),
            Text(name="region", lookup="region__key", help="Only from this region, by its key."),
            Flag(name="failed", help="Only failed checks, or only good ones."),
        )
    }

    @extend_schema(responses=ResultPageSerializer)
    def get(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        """Checks as they were stored, newest first."""
        found = results_of(self.monitor(), now=self.now)
        for parameter in self.allowed_parameters():
            if parameter.name in self.query:
                found = parameter.narrow(found, self.query[parameter.name])
        if "failed" in self.query:
            found = found.filter(ok=not self.query["failed"])
        rows, following = cursor_page(found, "scheduled_at", self.query)
        return Response({"items": [result_json(row) for row in rows], "nextCursor": following})


class AvailabilityBucketSerializer(ApiSerializer):
    """One part of the period."""

    start = InstantField()
    availability = serializers.FloatField(allow_null=True, help_text="0 to 1; null when nothing was observed.")
    coverage = serializers.FloatField(help_text="0 to 1: the share that was observed.")
    downtime_seconds = serializers.FloatField()
    checks = serializers.IntegerField(help_text="Checks of all regions.")
    failures = serializers.IntegerField(help_text="Those that failed.")


class AvailabilitySerializer(ApiSerializer):
    """Time-weighted availability: UNKNOWN and maintenance are left out of it; UNKNOWN lowers the coverage."""

    start_date = InstantField()
    end_date = InstantField()
    availability = serializers.FloatField(allow_null=True)
    coverage = serializers.FloatField()
    downtime_seconds = serializers.FloatField()
    checks = serializers.IntegerField()
    failures = serializers.IntegerField()
    unknown_seconds = serializers.FloatField()
    maintenance_seconds = serializers.FloatField()
    incident_count = serializers.IntegerField(help_text="Downtimes that touch the period.")
    mttr_seconds = serializers.FloatField(allow_null=True)
    mtbf_seconds = serializers.FloatField(allow_null=True)
    buckets = ListField(child=AvailabilityBucketSerializer())


class PeriodView(MonitorSeriesView):
    """Base: a period in buckets."""

    query_parameters = {
        "get": (
            *period(""),
            Choice(name="interval", among=list(_LENGTHS), help="Length of a bucket; day when not given."),
        )
    }

    def asked(self) -> dict[str, Any]:
        """`since`, `until`, `interval` and `now` of the query. Raises Invalid where they make no sense."""
        interval = self.query.get("interval", "day")
        until = min(self.query.get("endDate", self.now), self.now)
        since = self.query.get("startDate", until - DEFAULT_PERIOD)
        if since >= until:
            raise Invalid([FieldError("?startDate", "invalid", "Must be before endDate and in the past.")])
        if (until - since) / _LENGTHS[interval] > MOST_BUCKETS:
            raise Invalid([FieldError("?interval", "too_many", f"That makes more than {MOST_BUCKETS} buckets.")])
        return {"since": since, "until": until, "interval": interval, "now": self.now}


@extend_schema(tags=["Monitor data"])
class AvailabilityView(PeriodView):
    """How much of a period a monitor was up."""

    @extend_schema(responses=AvailabilitySerializer)
    def get(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        """Availability of a period (the last 30 days when not given), as a whole and by buckets."""
        monitor = self.monitor()
        return Response(availability_json(availability_of(monitor, **self.asked())))


class PhaseMeansSerializer(ApiSerializer):
    """Mean milliseconds of each phase; null when nothing was measured."""

    dns = serializers.FloatField(allow_null=True)
    connect = serializers.FloatField(allow_null=True)
    tls = serializers.FloatField(allow_null=True)
    first_byte = serializers.FloatField(allow_null=True)
    transfer = serializers.FloatField(allow_null=True)


class LatencyFiguresSerializer(ApiSerializer):
    """Milliseconds of the checks that were good; percentiles within 1 %, null when there were none."""

    count = serializers.IntegerField(help_text="Good checks that were measured.")
    min = serializers.FloatField(allow_null=True)
    mean = serializers.FloatField(allow_null=True)
    p50 = serializers.FloatField(allow_null=True)
    p75 = serializers.FloatField(allow_null=True)
    p90 = serializers.FloatField(allow_null=True)
    p95 = serializers.FloatField(allow_null=True)
    p99 = serializers.FloatField(allow_null=True)
    max = serializers.FloatField(allow_null=True)
    phases = PhaseMeansSerializer()


class LatencyBucketSerializer(LatencyFiguresSerializer):
    """One part of the period."""

    start = InstantField()


class LatencySerializer(LatencyFiguresSerializer):
    """The period as a whole and its buckets."""

    start_date = InstantField()
    end_date = InstantField()
    buckets = ListField(child=LatencyBucketSerializer())


@extend_schema(tags=["Monitor data"])
class LatencyView(PeriodView):
    """How long the good checks of a period took."""

    query_parameters = {
        "get": (*PeriodView.query_parameters["get"], Text(name="region", help="Only from this region, by its key."))
    }

    @extend_schema(responses=LatencySerializer)
    def get(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        """Latency of a period (the last 30 days when not given), as a whole and by buckets."""
        monitor, asked = self.monitor(), self.asked()
        return Response(latency_json(latency(monitor, region=self._region(), **asked)))

    def _region(self) -> Region | None:
        if "region" not in self.query:
            return None
        found = Region.objects.filter(key=self.query["region"]).first()
        if found is None:
            raise Invalid([FieldError("?region", "unknown", "There is no such region.")])
        return found
