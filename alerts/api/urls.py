"""Addresses of action groups and deliveries, below /api/."""

from django.urls import URLPattern, URLResolver, path

from alerts.api.action_groups import (
    ActionGroupsViewSet,
    EmailGroupViewSet,
    WebhookGroupViewSet,
)
from alerts.api.alert_rules import RuleViewSet
from alerts.api.channels import ChannelViewSet
from alerts.api.deliveries import DeliveryViewSet
from alerts.api.report_schedules import MonthlyReportPdfView, MonthlyReportViewSet, ReportScheduleViewSet
from alerts.api.sms_groups import SmsGroupViewSet
from common.api.routes import Routes

_MONITOR = "v1/monitor/<int:monitor_pk>"


def _groups(
    name: str, view: type[EmailGroupViewSet] | type[SmsGroupViewSet] | type[WebhookGroupViewSet]
) -> list[URLPattern]:
    """`PUT` is answered with the id in the address, and without it when the body has it."""
    many = view.as_view({"get": "list", "post": "create", "put": "update_by_body"})
    one = view.as_view({"get": "retrieve", "put": "update", "delete": "destroy"})
    return [
        path(f"{_MONITOR}/{name}", many, name=f"v1-{name}-list"),
        path(f"{_MONITOR}/{name}/<int:pk>", one, name=f"v1-{name}-detail"),
        path(f"{_MONITOR}/{name}/<int:pk>/test", view.as_view({"post": "test"}), name=f"v1-{name}-test"),
    ]


routes = Routes()
routes.register("channels", ChannelViewSet, basename="channel")
routes.register("alert-rules", RuleViewSet, basename="alert-rule")
routes.register("report-schedules", ReportScheduleViewSet, basename="report-schedule")

urlpatterns: list[URLPattern | URLResolver] = [
    *routes.urls,
    path(f"{_MONITOR}/actiongroups", ActionGroupsViewSet.as_view({"get": "list"}), name="v1-actiongroups"),
    *_groups("emailactiongroup", EmailGroupViewSet),
    *_groups("smsactiongroup", SmsGroupViewSet),
    *_groups("webhookactiongroup", WebhookGroupViewSet),
    *(
        path(
            f"{_MONITOR}/smsactiongroup/<int:pk>/{act}",
            SmsGroupViewSet.as_view({"post": act}),
            name=f"v1-smsactiongroup-{act}",
        )
        for act in ("code", "confirm")
    ),
    path(
        f"{_MONITOR}/webhookactiongroup/<int:pk>/roll",
        WebhookGroupViewSet.as_view({"post": "roll"}),
        name="v1-webhookactiongroup-roll",
    ),
    path("monthly-reports", MonthlyReportViewSet.as_view({"get": "list"}), name="monthly-report-list"),
    path("monthly-reports/<int:pk>", MonthlyReportViewSet.as_view({"get": "retrieve"}), name="monthly-report-detail"),
    path("monthly-reports/<int:pk>/pdf", MonthlyReportPdfView.as_view(), name="monthly-report-pdf"),
    path("deliveries", DeliveryViewSet.as_view({"get": "list"}), name="delivery-list"),
    path("deliveries/<int:pk>", DeliveryViewSet.as_view({"get": "retrieve"}), name="delivery-detail"),
    path("deliveries/<int:pk>/resend", DeliveryViewSet.as_view({"post": "resend"}), name="delivery-resend"),
    path("deliveries/<int:pk>/dismiss", DeliveryViewSet.as_view({"post": "dismiss"}), name="delivery-dismiss"),
]
