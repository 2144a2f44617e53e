"""Endpoints of report schedules, and of the monthly reports that they make."""

from collections.abc import Mapping
from typing import Any

from django.db.models import QuerySet
from django.http import Http404, HttpResponse
from django.http.response import HttpResponseBase
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiResponse, extend_schema
from rest_framework import serializers
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.authentication import actor
from alerts import selectors
from alerts.models import DeliveryState, MonthlyReport, MonthlyReportState, ReportCovers, ReportPurpose, ReportSchedule
from alerts.monthly import schedules as services
from alerts.monthly.fields import DEFAULTS
from alerts.monthly.months import Month
from alerts.rules.fields import MAX_NAME
from common.api.fields import BooleanField, ChoiceField, IdField, InstantField, ListField, NumberField, TextField
from common.api.parameters import Choices, Flag, Text, Whole
from common.api.serializers import ApiSerializer
from common.api.views import ApiView, ApiViewSet
from common.invalid import Conflict


class ReportScheduleSerializer(ApiSerializer):
    """On the first of each month, about the month before, to one channel."""

    id = IdField(read_only=True)
    name = TextField(max_length=MAX_NAME)
    covers = ChoiceField(choices=ReportCovers.choices, required=False, help_text="Default: all.")
    monitor_ids = ListField(child=IdField(), required=False, help_text="Only where `covers` is `monitors`.")
    service_group_id = IdField(
        required=False, allow_null=True, help_text="Only where `covers` is `service_group`; null once that is gone."
    )
    channel_id = IdField(
        required=False, allow_null=True, help_text="Null, the default: the workspace's owners get it by email."
    )
    timezone = TextField(
        max_length=64, required=False, help_text="Whose months and mornings count, as Europe/Berlin. Default: UTC."
    )
    enabled = BooleanField(source="is_enabled", required=False)
    next_due_at = InstantField(read_only=True, allow_null=True, help_text="Null while it is off.")
    created_at = InstantField(read_only=True)
    updated_at = InstantField(read_only=True)

    def to_representation(self, instance: ReportSchedule) -> dict[str, Any]:
        own = ("id", "next_due_at", "created_at", "updated_at")
        return super().to_representation({name: getattr(instance, name) for name in own} | services.shown(instance))


class ReportSumSerializer(ApiSerializer):
    """Figures of several monitors together, weighted by time."""

    availability = NumberField(allow_null=True)
    coverage = NumberField()
    downtime_seconds = NumberField()
    incident_count = serializers.IntegerField(help_text="Downtimes.")
    checks = serializers.IntegerField()
    failures = serializers.IntegerField()


class ReportDaySerializer(ApiSerializer):
    """One day (UTC) of the month."""

    start = InstantField()
    availability = NumberField(allow_null=True)


class ReportTotalSerializer(ReportSumSerializer):
    """The month as a whole, and its days."""

    buckets = ListField(child=ReportDaySerializer())


class ReportRowSerializer(ReportSumSerializer):
    """One monitor's month."""

    id = IdField()
    name = TextField()
    type = TextField()
    target = TextField()
    p50 = NumberField(allow_null=True, help_text="Milliseconds.")
    p95 = NumberField(allow_null=True, help_text="Milliseconds.")


class ReportIncidentsSerializer(ApiSerializer):
    """Incidents that opened in the month."""

    opened = serializers.IntegerField()
    by_kind = serializers.DictField(child=serializers.IntegerField())


class OverviewSerializer(ApiSerializer):
    """What a monthly report says."""

    generated_at = InstantField()
    start_date = InstantField()
    end_date = InstantField()
    interval = TextField()
    monitor_count = serializers.IntegerField()
    watched_count = serializers.IntegerField(help_text="Monitors of which anything was observed.")
    availability = ReportTotalSerializer()
    previous = ReportSumSerializer(help_text="The month before.")
    monitors = ListField(child=ReportRowSerializer(), help_text="Worst first, at most 200.")
    left_out = serializers.IntegerField(help_text="Monitors that are not listed.")
    incidents = ReportIncidentsSerializer()

    def to_representation(self, instance: Mapping[str, Any]) -> dict[str, Any]:
        """It is kept as it is shown."""
        return dict(instance)


class MonthlyReportSerializer(ApiSerializer):
    """One month of one schedule, without its content."""

    id = IdField(read_only=True)
    schedule_id = IdField(read_only=True)
    month = TextField(read_only=True, help_text="As 2026-10.")
    timezone = TextField(read_only=True)
    purpose = ChoiceField(choices=ReportPurpose.choices, read_only=True)
    state = ChoiceField(choices=MonthlyReportState.choices, read_only=True)
    error = TextField(read_only=True, help_text="Why it was not sent, or not made; else empty.")
    start_date = InstantField(read_only=True)
    end_date = InstantField(read_only=True)
    delivery_id = IdField(read_only=True, allow_null=True, help_text="What became of it: /api/deliveries/{id}.")
    delivery_state = ChoiceField(choices=DeliveryState.choices, read_only=True, allow_null=True)
    created_at = InstantField(read_only=True)
    finished_at = InstantField(read_only=True, allow_null=True)

    def to_representation(self, instance: MonthlyReport) -> dict[str, Any]:
        own = ("id", "schedule_id", "timezone", "purpose", "state", "error", "delivery_id", "created_at", "finished_at")
        month = Month(instance.month, instance.timezone)
        return super().to_representation(
            {name: getattr(instance, name) for name in own}
            | {
                "month": f"{month.first:%Y-%m}",
                "start_date": month.since,
                "end_date": month.until,
                "delivery_state": instance.delivery.state if instance.delivery else None,
            }
        )


class OneMonthlyReportSerializer(MonthlyReportSerializer):
    """One month of one schedule, with what it says."""

    content = OverviewSerializer(read_only=True, allow_null=True, help_text="Null until it is made.")

    def to_representation(self, instance: MonthlyReport) -> dict[str, Any]:
        return super().to_representation(instance) | {"content": instance.content or None}


@extend_schema(tags=["Channels and rules"])
class ReportScheduleViewSet(ApiViewSet):
    """Which reports are sent each month, and where to."""

    queryset = ReportSchedule.objects.all()
    serializer_class = ReportScheduleSerializer
    scopes = {"GET": "monitor.read"}
    list_parameters = (
        Text(name="name", lookup="name", help="Exactly this name."),
        Whole(name="channelId", lookup="channel_id", help="Only those that go to this channel."),
        Flag(name="enabled", lookup="is_enabled", help="Only those that are enabled, or only the others."),
    )
    search_fields = ("name",)
    ordering_fields = {"name": "name", "nextDueAt": "next_due_at", "createdAt": "created_at"}
    default_ordering = ("name",)

    def get_queryset(self) -> "QuerySet[ReportSchedule]":
        if getattr(self, "swagger_fake_view", False):
            return ReportSchedule.objects.none()
        return selectors.report_schedules(self.workspace)

    def create(self, request: Request) -> Response:
        """Makes a schedule; the first report is sent on the first of the next month."""
        made = services.create_report_schedule(
            workspace=self.workspace, by=actor(request), now=self.now, fields=self.checked()
        )
        return self.created(self.get_queryset().get(pk=made.pk))

    def update(self, request: Request, pk: int) -> Response:
        """Replaces a schedule; what is left out gets its default."""
        return self._edit(request, DEFAULTS, partial=False)

    def partial_update(self, request: Request, pk: int) -> Response:
        """Changes what is given."""
        return self._edit(request, {}, partial=True)

    def _edit(self, request: Request, defaults: Mapping[str, Any], *, partial: bool) -> Response:
        with self.held() as schedule:
            fields = {**defaults, **self.checked(partial=partial)}
            services.edit_report_schedule(schedule=schedule, by=actor(request), now=self.now, fields=fields)
        return self.answer(self.get_object())

    def destroy(self, request: Request, pk: int) -> Response:
        """Removes a schedule with its reports, and what of them had still to be sent."""
        with self.held() as schedule:
            services.delete_report_schedule(schedule=schedule, by=actor(request))
        return Response(status=204)

    @extend_schema(request=None, responses={202: MonthlyReportSerializer})
    @action(detail=True, methods=["post"])
    def send(self, request: Request, pk: int) -> Response:
        """Makes the last month's report now and sends it; how it goes is at /api/monthly-reports/{id}."""
        return self._ask(request, ReportPurpose.BY_HAND)

    @extend_schema(request=None, responses={202: MonthlyReportSerializer})
    @action(detail=True, methods=["post"])
    def preview(self, request: Request, pk: int) -> Response:
        """Makes the last month's report to be looked at, and sends it nowhere."""
        return self._ask(request, ReportPurpose.PREVIEW)

    def _ask(self, request: Request, purpose: ReportPurpose) -> Response:
        report = services.ask_for_report(schedule=self.get_object(), purpose=purpose, by=actor(request), now=self.now)
        headers = {"Location": f"/api/monthly-reports/{report.pk}"}
        return Response(MonthlyReportSerializer(report).data, status=202, headers=headers)


@extend_schema(tags=["Channels and rules"])
class MonthlyReportViewSet(ApiViewSet):
    """Reports that schedules made, newest first."""

    queryset = MonthlyReport.objects.all()
    scopes = {"GET": "monitor.read"}
    list_parameters = (
        Whole(name="scheduleId", lookup="schedule_id", help="Only those of this schedule."),
        Choices(name="state", among=MonthlyReportState.values, lookup="state__in", help="Only in these states."),
        Choices(name="purpose", among=ReportPurpose.values, lookup="purpose__in", help="Only made for these."),
    )
    ordering_fields = {"createdAt": "created_at", "month": "month"}
    default_ordering = ("-created_at",)

    def get_serializer_class(self) -> type[MonthlyReportSerializer]:
        return MonthlyReportSerializer if self.action == "list" else OneMonthlyReportSerializer

    def get_queryset(self) -> "QuerySet[MonthlyReport]":
        if getattr(self, "swagger_fake_view", False):
            return MonthlyReport.objects.none()
        found = selectors.monthly_reports(self.workspace)
        return found.defer("pdf", "content") if self.action == "list" else found


@extend_schema(tags=["Channels and rules"])
class MonthlyReportPdfView(ApiView):
    """The file of a monthly report."""

    scopes = {"GET": "monitor.read"}
    may_conflict = True

    @extend_schema(responses={(200, "application/pdf"): OpenApiResponse(OpenApiTypes.BINARY, "The file.")})
    def get(self, request: Request, *args: Any, **kwargs: Any) -> HttpResponseBase:
        """The PDF; 409 where it is not made (yet)."""
        report = MonthlyReport.objects.in_workspace(self.workspace).filter(pk=self.kwargs["pk"]).first()
        if report is None:
            raise Http404
        if not report.pdf:
            raise Conflict(report.error or "The report is being made; ask again in a moment.")
        return pdf_download(report)


def pdf_download(report: MonthlyReport) -> HttpResponse:
    """The file, to be saved rather than opened in the page's origin."""
    name = f"report-{report.schedule_id}-{report.month:%Y-%m}.pdf"
    headers = {"Content-Disposition": f'attachment; filename="{name}"', "Cache-Control": "private, max-age=3600"}
    return HttpResponse(bytes(report.pdf), content_type="application/pdf", headers=headers)
