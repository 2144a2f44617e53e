"""Endpoints of what a monitor has seen: raw results and availability."""

from datetime import timedelta
from typing import Any

from django.db.models import QuerySet
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
from common.times import rfc3339
from monitors.api.serializers import ResultPageSerializer
from monitors.api.shown import result_json
from monitors.availability import Bucket
from monitors.history import Availability, availability_of
from monitors.models import Monitor, Result

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
        found: QuerySet[Result] = Result.objects.filter(monitor=self.monitor()).select_related("region")
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


class AvailabilitySerializer(ApiSerializer):
    """Time-weighted availability: UNKNOWN and maintenance are left out of it; UNKNOWN lowers the coverage."""

    start_date = InstantField()
    end_date = InstantField()
    availability = serializers.FloatField(allow_null=True)
    coverage = serializers.FloatField()
    downtime_seconds = serializers.FloatField()
    unknown_seconds = serializers.FloatField()
    maintenance_seconds = serializers.FloatField()
    incident_count = serializers.IntegerField(help_text="Downtimes that touch the period.")
    mttr_seconds = serializers.FloatField(allow_null=True)
    mtbf_seconds = serializers.FloatField(allow_null=True)
    buckets = ListField(child=AvailabilityBucketSerializer())


@extend_schema(tags=["Monitor data"])
class AvailabilityView(MonitorSeriesView):
    """How much of a period a monitor was up."""

    query_parameters = {
        "get": (
            *period(""),
            Choice(name="interval", among=list(_LENGTHS), help="Length of a bucket; day when not given."),
        )
    }

    @extend_schema(responses=AvailabilitySerializer)
    def get(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        """Availability of a period (the last 30 days when not given), as a whole and by buckets."""
        monitor = self.monitor()
        interval = self.query.get("interval", "day")
        until = min(self.query.get("endDate", self.now), self.now)
        since = self.query.get("startDate", until - DEFAULT_PERIOD)
        if since >= until:
            raise Invalid([FieldError("?startDate", "invalid", "Must be before endDate and in the past.")])
        if (until - since) / _LENGTHS[interval] > MOST_BUCKETS:
            raise Invalid([FieldError("?interval", "too_many", f"That makes more than {MOST_BUCKETS} buckets.")])
        return Response(_availability_json(availability_of(monitor, since=since, until=until, interval=interval)))


def _availability_json(found: Availability) -> dict[str, Any]:
    return {
        "startDate": rfc3339(found.total.start),
        "endDate": rfc3339(found.total.end),
        **_figures(found.total),
        "unknownSeconds": round(found.total.unknown_seconds, 3),
        "maintenanceSeconds": round(found.total.maintenance_seconds, 3),
        "incidentCount": len(found.downtimes),
        "mttrSeconds": found.mttr_seconds,
        "mtbfSeconds": found.mtbf_seconds,
        "buckets": [{"start": rfc3339(one.start), **_figures(one)} for one in found.buckets],
    }


def _figures(bucket: Bucket) -> dict[str, Any]:
    return {
        "availability": bucket.availability,
        "coverage": bucket.coverage,
        "downtimeSeconds": round(bucket.down_seconds, 3),
    }
