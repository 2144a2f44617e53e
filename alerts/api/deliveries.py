"""Endpoints of deliveries: who was told, when, and how it went."""

from django.db.models import QuerySet
from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.authentication import actor
from alerts import selectors, services
from alerts.api.serializers import DeliverySerializer
from alerts.models import AlertEvent, ChannelType, Delivery, DeliveryState
from common.api.parameters import Choices, Text, Whole, period
from common.api.views import ApiViewSet


@extend_schema(tags=["Alert actions"])
class DeliveryViewSet(ApiViewSet):
    """Messages to channels, newest first, each with every try."""

    queryset = Delivery.objects.all()
    serializer_class = DeliverySerializer
    scopes = {"GET": "monitor.read", "POST": "monitor.admin"}
    list_parameters = (
        *period("created_at"),
        Choices(name="state", among=DeliveryState.values, lookup="state__in", help="Only in these states."),
        Choices(name="event", among=AlertEvent.values, lookup="event__in", help="Only about these events."),
        Choices(name="type", among=ChannelType.values, lookup="channel__type__in", help="Only by these ways."),
        Text(name="name", lookup="channel__name", help="Only to the channel with exactly this name."),
        Whole(name="channelId", lookup="channel_id", help="Only to this channel."),
        Whole(name="incidentId", lookup="incident_id", help="Only about this incident."),
        Whole(name="monitorId", lookup="incident__monitor_id", help="Only about this monitor."),
    )
    ordering_fields = {"createdAt": "created_at", "finishedAt": "finished_at", "state": "state"}
    default_ordering = ("-created_at",)

    def get_queryset(self) -> "QuerySet[Delivery]":
        if getattr(self, "swagger_fake_view", False):
            return Delivery.objects.none()
        return selectors.with_attempts(selectors.deliveries(self.workspace))

    @extend_schema(request=None)
    def resend(self, request: Request, pk: int) -> Response:
        """Sends it again under the same id, with a fresh schedule of tries."""
        services.resend(delivery=self.get_object(), by=actor(request), now=self.now)
        return self.answer(self.get_object())

    @extend_schema(request=None)
    def dismiss(self, request: Request, pk: int) -> Response:
        """Gives it up: no further try."""
        services.dismiss(delivery=self.get_object(), by=actor(request), now=self.now)
        return self.answer(self.get_object())
