"""Endpoints of reports: asked for, polled, downloaded."""

from datetime import datetime
from typing import Any

from django.http import Http404, HttpResponse
from django.http.response import HttpResponseBase
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiResponse, extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.authentication import actor
from common.api.fields import ChoiceField, InstantField, ListField
from common.api.serializers import ApiSerializer
from common.api.views import ApiView
from common.instants import parse_instant_or_date
from common.invalid import Conflict
from common.times import rfc3339
from monitors.api.series import AvailabilitySerializer, LatencyFiguresSerializer, LatencySerializer, MonitorSeriesView
from monitors.models import Report, ReportFormat, ReportState
from monitors.reports.content import content_of
from monitors.reports.files import MEDIA_TYPES
from monitors.reports.services import period_of, reports_of, request_report

POLL_SECONDS = 1


class InstantOrDateField(InstantField):
    """An instant, or a date: its first midnight in UTC, or as an end the one after it."""

    default_error_messages = {"invalid": "Must be an instant such as 2026-01-31T12:00:00Z, or a date."}

    def __init__(self, *, is_end: bool = False, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.is_end = is_end

    def to_internal_value(self, value: Any) -> datetime:
        try:
            return parse_instant_or_date(value, is_end=self.is_end)
        except (TypeError, ValueError):
            self.fail("invalid")


class ReportRequestSerializer(ApiSerializer):
    """The period, the last 30 days when not given, and what to write it as."""

    start_date = InstantOrDateField(required=False)
    end_date = InstantOrDateField(required=False, is_end=True)
    format = ChoiceField(choices=ReportFormat.values, default=ReportFormat.JSON)


class ReportedMonitorSerializer(ApiSerializer):
    """Which monitor a report is about."""

    id = serializers.IntegerField()
    name = serializers.CharField()
    type = serializers.CharField()
    target = serializers.CharField()


class ReportedRegionSerializer(LatencyFiguresSerializer):
    """One region's part."""

    region = serializers.CharField()
    name = serializers.CharField()
    checks = serializers.IntegerField()
    failures = serializers.IntegerField()


class ReportedDowntimeSerializer(ApiSerializer):
    """One stretch of downtime."""

    started_at = InstantField()
    ended_at = InstantField(allow_null=True)
    duration_seconds = serializers.FloatField()


class ReportContentSerializer(ApiSerializer):
    """A whole report."""

    generated_at = InstantField()
    monitor = ReportedMonitorSerializer()
    start_date = InstantField()
    end_date = InstantField()
    interval = serializers.CharField(help_text="Length of a bucket: hour, day, week or month, as fits the period.")
    availability = AvailabilitySerializer()
    latency = LatencySerializer()
    regions = ListField(child=ReportedRegionSerializer())
    downtimes = ListField(child=ReportedDowntimeSerializer())


class ReportSerializer(ApiSerializer):
    """A report that is asked for."""

    id = serializers.IntegerField()
    monitor_id = serializers.IntegerField()
    format = serializers.CharField()
    state = serializers.ChoiceField(choices=ReportState.choices)
    start_date = InstantField()
    end_date = InstantField()
    created_at = InstantField()


@extend_schema(tags=["Monitor data"])
class ReportGenerateView(MonitorSeriesView):
    """Asks for a report."""

    scopes = {"POST": "monitor.read"}

    @extend_schema(request=ReportRequestSerializer, responses={200: ReportContentSerializer, 202: ReportSerializer})
    def post(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        """A report of a period: JSON at once, a file (HTML, PDF, CSV) soon, at the address in `Location`."""
        monitor = self.monitor()
        serializer = ReportRequestSerializer(data=request.data)
        serializer.is_valid(raise_exception=True)
        asked = serializer.validated_data
        since, until = period_of(since=asked.get("start_date"), until=asked.get("end_date"), now=self.now)
        if asked["format"] == ReportFormat.JSON:
            return Response(content_of(monitor, since=since, until=until, now=self.now))
        report = request_report(
            monitor=monitor, format=asked["format"], since=since, until=until, by=actor(request), now=self.now
        )
        return _waiting(report, {"Location": f"/api/v1/report/{report.pk}"})


@extend_schema(tags=["Monitor data"])
class ReportView(ApiView):
    """One report."""

    scopes = {"GET": "monitor.read"}
    may_conflict = True

    @extend_schema(
        responses={
            **{
                (200, media_type.partition(";")[0]): OpenApiResponse(OpenApiTypes.BINARY, "The file.")
                for media_type in MEDIA_TYPES.values()
            },
            (202, "application/json"): ReportSerializer,
        }
    )
    def get(self, request: Request, *args: Any, **kwargs: Any) -> HttpResponseBase:
        """The file once it is made (200); until then its state (202, with `Retry-After`); 409 when that failed."""
        report = reports_of(self.workspace).filter(pk=self.kwargs["pk"]).first()
        if report is None:
            raise Http404
        if report.state == ReportState.FAILED:
            raise Conflict(report.error)
        if report.state == ReportState.WAITING:
            return _waiting(report, {})
        return download(report)


def download(report: Report) -> HttpResponse:
    """The file, to be saved rather than opened in the page's origin."""
    name = f"report-{report.monitor_id}-{report.since:%Y%m%d}-{report.until:%Y%m%d}.{report.format}"
    headers = {"Content-Disposition": f'attachment; filename="{name}"', "Cache-Control": "private, max-age=3600"}
    return HttpResponse(bytes(report.content), content_type=MEDIA_TYPES[report.format], headers=headers)


def _waiting(report: Report, headers: dict[str, str]) -> Response:
    return Response(_report_json(report), status=202, headers={**headers, "Retry-After": str(POLL_SECONDS)})


def _report_json(report: Report) -> dict[str, Any]:
    return {
        "id": report.pk,
        "monitorId": report.monitor_id,
        "format": report.format,
        "state": report.state,
        "startDate": rfc3339(report.since),
        "endDate": rfc3339(report.until),
        "createdAt": rfc3339(report.created_at),
    }
