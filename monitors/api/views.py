"""Endpoints of monitors, at /api/v1/monitor and /api/monitors alike."""

from typing import Any

from django.conf import settings
from django.db.models import QuerySet
from drf_spectacular.utils import extend_schema
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.authentication import actor
from common.api.views import ApiView, ApiViewSet
from monitors import checking, services
from monitors.api.bodies import fields_of, fields_to_try, fields_to_try_dns, fields_to_try_ssl
from monitors.api.filters import LIST_PARAMETERS, ORDERING
from monitors.api.serializers import (
    CheckResultSerializer,
    DnsTestSerializer,
    MonitorSerializer,
    MonitorTestSerializer,
    SslTestSerializer,
)
from monitors.api.shown import check_json
from monitors.kinds import kinds
from monitors.models import Monitor
from monitors.results.learning import accept_answer


@extend_schema(tags=["Monitors"])
class MonitorViewSet(ApiViewSet):
    """What is watched, and how."""

    queryset = Monitor.objects.all()
    serializer_class = MonitorSerializer
    scopes = {"GET": "monitor.read"}
    list_parameters = LIST_PARAMETERS
    search_fields = ("name", "target")
    slow_actions = ("check",)
    ordering_fields = ORDERING
    default_ordering = ("name",)

    def get_queryset(self) -> "QuerySet[Monitor]":
        related = [path for _, kind in kinds for path in getattr(kind, "related", ())]
        return super().get_queryset().select_related("state", *related)

    def create(self, request: Request) -> Response:
        """Makes a monitor; it is watched from the next second on."""
        made = services.create_monitor(
            workspace=self.workspace, by=actor(request), now=self.now, fields=fields_of(request.data)
        )
        return self.created(self.get_queryset().get(pk=made.pk))

    def update(self, request: Request, pk: int) -> Response:
        """Replaces the configuration; what is left out gets its default."""
        return self._edit(request, partial=False)

    def partial_update(self, request: Request, pk: int) -> Response:
        """Changes what is given."""
        return self._edit(request, partial=True)

    def _edit(self, request: Request, *, partial: bool) -> Response:
        with self.held() as monitor:
            fields = fields_of(request.data, monitor=monitor, partial=partial)
            services.edit_monitor(monitor=monitor, by=actor(request), now=self.now, fields=fields, whole=not partial)
        return self.answer(self.get_object())

    def destroy(self, request: Request, pk: int) -> Response:
        """Removes a monitor with its history and incidents."""
        with self.held() as monitor:
            services.delete_monitor(monitor=monitor, by=actor(request), now=self.now)
        return Response(status=204)

    @extend_schema(request=None)
    @action(detail=True, methods=["post"])
    def pause(self, request: Request, pk: int) -> Response:
        """Stops watching; a paused monitor stays as it is."""
        with self.held() as monitor:
            services.pause(monitor=monitor, by=actor(request), now=self.now)
        return self.answer(self.get_object())

    @extend_schema(request=None)
    @action(detail=True, methods=["post"])
    def resume(self, request: Request, pk: int) -> Response:
        """Watches again; a monitor that is not paused stays as it is."""
        with self.held() as monitor:
            services.resume(monitor=monitor, by=actor(request), now=self.now)
        return self.answer(self.get_object())

    @extend_schema(request=None, responses=CheckResultSerializer)
    @action(detail=True, methods=["post"])
    def check(self, request: Request, pk: int) -> Response:
        """Probes now and answers with the result; it counts like any other."""
        result = checking.check_now(monitor=self.get_object(), by=actor(request), now=self.now)
        return Response(check_json(result, settings.REGION))

    @extend_schema(request=None)
    @action(detail=True, methods=["post"], url_path="accept-answer")
    def accept_answer(self, request: Request, pk: int) -> Response:
        """Confirms the DNS answer or host key seen last as right; 409 when no other one waits."""
        with self.held() as monitor:
            accept_answer(monitor=monitor, by=actor(request), now=self.now)
        return self.answer(self.get_object())


class MonitorV1ViewSet(MonitorViewSet):
    """Monitors under the WebSignal contract, whose scope is one for all."""

    scopes: dict[str, str] = {}


@extend_schema(tags=["Monitors"])
class MonitorTestView(ApiView):
    """A check of something that is no monitor yet."""

    slow_actions = (None,)

    @extend_schema(request=MonitorTestSerializer, responses=CheckResultSerializer)
    def post(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        """Runs one check of a monitor's body, or of just a `url`; nothing is stored."""
        return self._tried(fields_to_try(request.data))

    def _tried(self, fields: dict[str, Any]) -> Response:
        result = checking.try_monitor(fields=fields, now=self.now)
        return Response(check_json(result, settings.REGION))


class SslTestView(MonitorTestView):
    """A look at the certificate of an address."""

    @extend_schema(request=SslTestSerializer, responses=CheckResultSerializer)
    def post(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        """Shakes hands with the server of a `url` or a `hostname` and judges its certificate; nothing is stored."""
        return self._tried(fields_to_try_ssl(request.data))


class DnsTestView(MonitorTestView):
    """A look at the records of a name."""

    @extend_schema(request=DnsTestSerializer, responses=CheckResultSerializer)
    def post(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        """Asks for the records of a `hostname`, or of a `url`'s host; nothing is stored."""
        return self._tried(fields_to_try_dns(request.data))
