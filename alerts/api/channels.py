"""Endpoints of channels: ways to reach somebody that rules share."""

from collections.abc import Mapping
from typing import Any, ClassVar

from django.db.models import OuterRef, QuerySet, Subquery
from drf_spectacular.utils import extend_schema, extend_schema_field
from rest_framework import serializers
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.authentication import actor
from alerts import channel_services as services
from alerts import selectors
from alerts.api.serializers import DeliverySerializer, PhoneCodeSerializer, PhoneNumberSerializer, asked
from alerts.channels.catalogue import CATALOGUE
from alerts.models import AlertEvent, Channel, ChannelType, Delivery, DeliveryState
from alerts.rules.fields import MAX_NAME
from common.api.fields import BooleanField, ChoiceField, IdField, InstantField, ObjectField, TextField
from common.api.parameters import Choices, Flag, Text
from common.api.serializers import ApiSerializer
from common.api.service_views import ServiceViewSet


class LastDeliverySerializer(ApiSerializer):
    """The newest message to a channel."""

    id = IdField(read_only=True)
    event = ChoiceField(choices=AlertEvent.choices, read_only=True)
    state = ChoiceField(choices=DeliveryState.choices, read_only=True)
    created_at = InstantField(read_only=True)


class ChannelSerializer(ApiSerializer):
    """A way to reach somebody."""

    id = IdField(read_only=True)
    name = TextField(max_length=MAX_NAME)
    type = ChoiceField(choices=ChannelType.choices)
    enabled = BooleanField(source="is_enabled", required=False)
    config = ObjectField(
        required=False,
        help_text="What the type takes: `recipients` of email; `url`, `headers` and `secret` of a webhook. Secrets are "
        "shown only in the answer that makes or rolls them.",
    )
    disabled_reason = TextField(read_only=True, help_text="Why nothing is sent any more; empty while it is.")
    verified_at = InstantField(read_only=True, allow_null=True, help_text="When a message first arrived.")
    last_delivery = serializers.SerializerMethodField()
    created_at = InstantField(read_only=True)
    updated_at = InstantField(read_only=True)

    @extend_schema_field(LastDeliverySerializer(allow_null=True))
    def get_last_delivery(self, channel: Any) -> dict[str, Any] | None:
        if channel.last_id is None:
            return None
        return {
            "id": channel.last_id,
            "event": channel.last_event,
            "state": channel.last_state,
            "createdAt": channel.last_created_at,
        }

    def to_representation(self, instance: Channel) -> dict[str, Any]:
        shown = super().to_representation(instance)
        shown["config"] = CATALOGUE[instance.type].describe(instance.config)
        if secret := self.context.get("secret"):
            shown["config"] |= {"secret": secret}
        return shown


class NewChannelSerializer(ChannelSerializer):
    """A new way to reach somebody: it has the settings that its type needs."""

    config = ObjectField()


@extend_schema(tags=["Channels and rules"])
class ChannelViewSet(ServiceViewSet):
    """Ways to reach somebody; rules say of what they tell."""

    queryset = Channel.objects.all()
    serializer_class = ChannelSerializer
    defaults: ClassVar[Mapping[str, Any]] = {"is_enabled": True, "config": {}}
    scopes = {"GET": "monitor.read"}
    list_parameters = (
        Text(name="name", lookup="name", help="Exactly this name."),
        Choices(name="type", among=ChannelType.values, lookup="type__in", help="Only of these types."),
        Flag(name="enabled", lookup="is_enabled", help="Only those that are enabled, or only the others."),
    )
    search_fields = ("name",)
    ordering_fields = {"name": "name", "type": "type", "createdAt": "created_at"}
    default_ordering = ("name",)
    secret: str | None = None
    # A code that was wrong uses up a try, which no transaction around the answer may undo.
    slow_actions = ("confirm",)

    def get_queryset(self) -> "QuerySet[Channel]":
        if getattr(self, "swagger_fake_view", False):
            return Channel.objects.none()
        last = Delivery.objects.filter(channel=OuterRef("pk")).order_by("-created_at", "-pk")
        newest = {
            f"last_{name}": Subquery(last.values(column)[:1])
            for name, column in (("id", "pk"), ("event", "event"), ("state", "state"), ("created_at", "created_at"))
        }
        found = selectors.channels(self.workspace).filter(is_owners=False)
        return found.select_related("workspace").annotate(**newest)

    def get_serializer_context(self) -> dict[str, Any]:
        return {**super().get_serializer_context(), "secret": self.secret}

    @extend_schema(request=NewChannelSerializer, responses={201: ChannelSerializer})
    def create(self, request: Request) -> Response:
        """Makes a channel. The secret of a webhook is shown this once."""
        return super().create(request)

    def make(self, fields: dict[str, Any]) -> Channel:
        """Makes a channel. The secret of a webhook is shown this once."""
        saved = services.create_channel(workspace=self.workspace, by=actor(self.request), now=self.now, fields=fields)
        self.secret = saved.secret
        return saved.channel

    def edit(self, instance: Channel, fields: dict[str, Any]) -> None:
        """Replaces a channel; its secret stays when none is given."""
        saved = services.edit_channel(channel=instance, by=actor(self.request), now=self.now, fields=fields)
        self.secret = saved.secret

    def remove(self, instance: Channel) -> None:
        """Removes a channel; 409 while a rule has no other."""
        services.delete_channel(channel=instance, by=actor(self.request))

    @extend_schema(request=None)
    @action(detail=True, methods=["post"])
    def roll(self, request: Request, pk: int) -> Response:
        """Makes a new secret, in this answer only; the old one signs along for 24 hours."""
        with self.held() as channel:
            self.secret = services.roll_channel_secret(channel=channel, by=actor(request), now=self.now).secret
        return self.answer(self.get_object())

    @extend_schema(request=PhoneNumberSerializer, responses={202: ChannelSerializer})
    @action(detail=True, methods=["post"])
    def code(self, request: Request, pk: int) -> Response:
        """Sends another code to a number that has not confirmed; at most one in 10 minutes."""
        channel = self.get_object()
        services.send_code(channel=channel, now=self.now, **asked(PhoneNumberSerializer, request))
        return self.answer(channel, status=202)

    @extend_schema(request=PhoneCodeSerializer)
    @action(detail=True, methods=["post"])
    def confirm(self, request: Request, pk: int) -> Response:
        """Confirms a number with the code that was sent to it, within 30 minutes and 5 tries."""
        channel = self.get_object()
        given = asked(PhoneCodeSerializer, request)
        services.confirm_number(channel=channel, by=actor(request), now=self.now, **given)
        return self.answer(channel)

    @extend_schema(request=None, responses={202: DeliverySerializer})
    @action(detail=True, methods=["post"])
    def test(self, request: Request, pk: int) -> Response:
        """Sends a real test message; how it goes is at /api/deliveries/{id}."""
        delivery = services.send_channel_test(channel=self.get_object(), by=actor(request), now=self.now)
        headers = {"Location": f"/api/deliveries/{delivery.pk}"}
        return Response(DeliverySerializer(delivery).data, status=202, headers=headers)
