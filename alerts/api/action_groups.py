"""Endpoints of a monitor's action groups."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from django.db import transaction
from django.db.models import QuerySet
from django.http import Http404
from django.shortcuts import get_object_or_404
from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.authentication import actor
from alerts import selectors, services
from alerts.api.serializers import (
    ActionGroupSerializer,
    AnyGroupSerializer,
    DeliverySerializer,
    EmailGroupSerializer,
    WebhookGroupSerializer,
)
from alerts.models import ChannelType, Recipient, Rule
from alerts.recipients import phone_numbers
from alerts.rules.services import DEFAULT_EVENTS
from common.api.parameters import Text
from common.api.problems import field_errors
from common.api.views import ApiViewSet
from common.invalid import FieldError, Invalid
from monitors.models import Monitor


@extend_schema(tags=["Alert actions"])
class ActionGroupsViewSet(ApiViewSet):
    """All action groups of a monitor, whatever their type."""

    queryset = Rule.objects.all()
    serializer_class: type[ActionGroupSerializer] = AnyGroupSerializer
    type: str | None = None
    list_parameters = (Text(name="name", lookup="name", help="Exactly this name."),)
    search_fields = ("name",)
    secret: str | None = None

    def get_queryset(self) -> "QuerySet[Rule]":
        if getattr(self, "swagger_fake_view", False):
            return Rule.objects.none()
        return selectors.action_groups(self.monitor(), self.type)

    def monitor(self) -> Monitor:
        """The monitor of the address."""
        found = Monitor.objects.in_workspace(self.workspace).select_related("workspace")
        return get_object_or_404(found, pk=self.kwargs["monitor_pk"])

    def get_serializer_context(self) -> dict[str, Any]:
        context: dict[str, Any] = {**super().get_serializer_context(), "secret": self.secret}
        if getattr(self, "swagger_fake_view", False):
            return context
        asked = Recipient.objects.in_workspace(self.workspace).filter(confirmed_at__isnull=True)
        return context | {
            "unconfirmed": {*asked.values_list("address", flat=True), *phone_numbers.unconfirmed(self.workspace)}
        }


class ActionGroupViewSet(ActionGroupsViewSet):
    """Action groups of one type."""

    type: str
    defaults: Mapping[str, Any] = {}

    def create(self, request: Request, monitor_pk: int) -> Response:
        """Adds a group; it is told of incidents from now on."""
        with self._naming_all(request.data) as fields:
            saved = services.create_action_group(
                monitor=self.monitor(), type=self.type, by=actor(request), now=self.now, fields=fields
            )
        self.secret = saved.secret
        return self.created(self.get_queryset().get(pk=saved.rule.pk))

    def update(self, request: Request, monitor_pk: int, pk: int) -> Response:
        """Replaces a group."""
        if isinstance(request.data, Mapping) and request.data.get("id", pk) != pk:
            raise Invalid([FieldError("/id", "mismatch", "The address names another group.")])
        return self._replaced(request)

    def by_body(self, request: Request) -> Response:
        """Replaces the group whose `id` the body holds."""
        self.kwargs["pk"] = _id_in(request.data)
        return self._replaced(request)

    def _replaced(self, request: Request) -> Response:
        with self.held() as rule, self._naming_all(request.data) as fields:
            whole = {"name": None, **self.defaults, **fields}
            saved = services.edit_action_group(rule=rule, by=actor(request), now=self.now, fields=whole)
        self.secret = saved.secret
        return self.answer(self.get_object())

    def destroy(self, request: Request, monitor_pk: int, pk: int) -> Response:
        """Removes a group, with what it still had to send."""
        with self.held() as rule:
            services.delete_action_group(rule=rule, by=actor(request))
        return Response(status=204)

    @extend_schema(request=None, responses={202: DeliverySerializer})
    def test(self, request: Request, monitor_pk: int, pk: int) -> Response:
        """Sends a real test message; how it goes is at /api/deliveries/{id}."""
        delivery = services.send_test(rule=self.get_object(), by=actor(request), now=self.now)
        headers = {"Location": f"/api/deliveries/{delivery.pk}"}
        return Response(DeliverySerializer(delivery).data, status=202, headers=headers)

    @contextmanager
    def _naming_all(self, body: Any) -> Iterator[dict[str, Any]]:
        """The fields of the body; whatever else is wrong is named together with what the service finds wrong."""
        serializer = self.serializer_class(data=body)
        if not isinstance(body, Mapping):
            serializer.is_valid(raise_exception=True)
        unknown = list(field_errors(serializer.unknown_errors(body)))
        try:
            with transaction.atomic():
                yield _by_source(serializer, body)
                if unknown:
                    raise Invalid(())
        except Invalid as invalid:
            raise Invalid([*unknown, *invalid.errors]) from None


class EmailGroupViewSet(ActionGroupViewSet):
    """Emails about one monitor."""

    serializer_class = EmailGroupSerializer
    type = ChannelType.EMAIL.value
    defaults = {"is_enabled": True, "events": list(DEFAULT_EVENTS), "reminder_seconds": None, "recipients": None}

    @extend_schema(operation_id="v1_monitor_emailactiongroup_update_by_body")
    def update_by_body(self, request: Request, monitor_pk: int) -> Response:
        """Replaces the group whose `id` the body holds."""
        return self.by_body(request)


class WebhookGroupViewSet(ActionGroupViewSet):
    """Webhooks about one monitor."""

    serializer_class = WebhookGroupSerializer
    type = ChannelType.WEBHOOK.value
    defaults = {
        "is_enabled": True,
        "events": list(DEFAULT_EVENTS),
        "reminder_seconds": None,
        "url": None,
        "headers": {},
    }

    @extend_schema(operation_id="v1_monitor_webhookactiongroup_update_by_body")
    def update_by_body(self, request: Request, monitor_pk: int) -> Response:
        """Replaces the group whose `id` the body holds."""
        return self.by_body(request)

    @extend_schema(request=None)
    def roll(self, request: Request, monitor_pk: int, pk: int) -> Response:
        """Makes a new secret, in this answer only; the old one signs along for 24 hours."""
        with self.held() as rule:
            saved = services.roll_secret(rule=rule, by=actor(request), now=self.now)
        self.secret = saved.secret
        return self.answer(self.get_object())


def _id_in(body: Any) -> int:
    found = body.get("id") if isinstance(body, Mapping) else None
    if not isinstance(found, int) or isinstance(found, bool):
        raise Invalid([FieldError("/id", "required", "Say which group by its id.")])
    if not 0 < found < 2**63:
        raise Http404
    return found


def _by_source(serializer: ActionGroupSerializer, body: Mapping[str, Any]) -> dict[str, Any]:
    known = {key: field for key, field in serializer.fields.items() if not field.read_only}
    return {str(known[key].source): value for key, value in body.items() if key in known}
