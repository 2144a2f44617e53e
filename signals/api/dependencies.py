"""Endpoints of dependencies and of who needs them."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from django.db.models import QuerySet
from django.shortcuts import get_object_or_404
from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.authentication import actor
from common.api.parameters import Choices, Text, Whole
from common.api.problems import field_errors
from common.api.views import ApiViewSet
from common.invalid import Invalid
from monitors.models import Monitor
from signals import dependencies, dependents
from signals.api.serializers import DependencySerializer
from signals.dependency_fields import DEFAULTS, clean
from signals.models import Dependency, DependencyStatus


@extend_schema(tags=["Dependencies"])
class DependencyViewSet(ApiViewSet):
    """What monitors need."""

    queryset = Dependency.objects.all()
    serializer_class = DependencySerializer
    scopes = {"GET": "monitor.read"}
    scope = "signal.write"
    list_parameters = (
        Text(name="name", help="Exactly this name.", lookup="name"),
        Choices(name="status", among=DependencyStatus.values, lookup="status__in", help="Only in these states."),
        Whole(name="dependentId", lookup="links__monitor", help="Only what this monitor needs."),
    )
    search_fields = ("name", "description")
    ordering_fields = {"name": "name", "createdAt": "created_at"}
    default_ordering = ("name",)

    def get_queryset(self) -> "QuerySet[Dependency]":
        if getattr(self, "swagger_fake_view", False):
            return Dependency.objects.none()
        return dependents.dependencies(self.workspace)

    def create(self, request: Request) -> Response:
        """Makes a dependency. Pings make those that they name themselves."""
        with self._naming_all(request.data) as fields:
            made = dependencies.create_dependency(
                workspace=self.workspace, by=actor(request), now=self.now, fields=fields
            )
        return self.created(self.get_queryset().get(pk=made.pk))

    def update(self, request: Request, pk: int) -> Response:
        """Replaces a dependency; what is left out gets its default."""
        return self._edit(request, {"name": None, **DEFAULTS})

    def partial_update(self, request: Request, pk: int) -> Response:
        """Changes what is given."""
        return self._edit(request, {})

    def _edit(self, request: Request, defaults: Mapping[str, Any]) -> Response:
        with self.held() as dependency, self._naming_all(request.data, dependency) as fields:
            dependencies.edit_dependency(
                dependency=dependency, by=actor(request), now=self.now, fields={**defaults, **fields}
            )
        return self.answer(self.get_object())

    def destroy(self, request: Request, pk: int) -> Response:
        """Removes a dependency; incidents about it are resolved."""
        with self.held() as dependency:
            dependencies.delete_dependency(dependency=dependency, by=actor(request), now=self.now)
        return Response(status=204)

    @extend_schema(request=None, operation_id="dependencies_link")
    def link(self, request: Request, pk: int, monitor_pk: int) -> Response:
        """Says that a monitor needs it; twice changes nothing."""
        monitor = self._monitor(monitor_pk)
        with self.held() as dependency:
            dependencies.link(dependency=dependency, monitor=monitor, by=actor(request), now=self.now)
        return self.answer(self.get_object())

    @extend_schema(request=None, operation_id="dependencies_unlink", responses={204: None})
    def unlink(self, request: Request, pk: int, monitor_pk: int) -> Response:
        """The monitor does not need it any more; its incident about it is resolved."""
        monitor = self._monitor(monitor_pk)
        with self.held() as dependency:
            dependencies.unlink(dependency=dependency, monitor=monitor, by=actor(request), now=self.now)
        return Response(status=204)

    def _monitor(self, pk: int) -> Monitor:
        return get_object_or_404(Monitor.objects.in_workspace(self.workspace), pk=pk)

    @contextmanager
    def _naming_all(self, body: Any, dependency: Dependency | None = None) -> Iterator[dict[str, Any]]:
        """The fields of the body; when some are unknown, what else is wrong is named with them."""
        serializer = DependencySerializer(data=body)
        if not isinstance(body, Mapping):
            serializer.is_valid(raise_exception=True)
        known = {key: field for key, field in serializer.fields.items() if not field.read_only}
        fields = {str(known[key].source): value for key, value in body.items() if key in known}
        if unknown := list(field_errors(serializer.unknown_errors(body))):
            try:
                clean(self.workspace, fields, dependency)
            except Invalid as invalid:
                unknown += invalid.errors
            raise Invalid(unknown)
        yield fields
