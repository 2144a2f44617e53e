"""Endpoints of service groups."""

from django.db.models import Prefetch, QuerySet
from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.authentication import actor
from common.api.parameters import Text
from common.api.views import ApiViewSet
from monitors import grouping
from monitors.api.planned_serializers import GroupSerializer
from monitors.models import Monitor, ServiceGroup
from monitors.planned_fields import GROUP_DEFAULTS


@extend_schema(tags=["Service groups"])
class ServiceGroupViewSet(ApiViewSet):
    """Monitors that make up one service, with the worst of their statuses."""

    queryset = ServiceGroup.objects.all()
    serializer_class = GroupSerializer
    list_parameters = (Text(name="name", lookup="name", help="Exactly this name."),)
    search_fields = ("name", "description")
    ordering_fields = {"name": "name"}
    default_ordering = ("name",)

    def get_queryset(self) -> "QuerySet[ServiceGroup]":
        members = Monitor.objects.select_related("state").only("pk", "service_group", "state__status").order_by("pk")
        found: QuerySet[ServiceGroup] = super().get_queryset()
        return found.prefetch_related(Prefetch("monitors", members))

    def create(self, request: Request) -> Response:
        """Makes a group; its monitors leave the group that they were in."""
        made = grouping.create_group(workspace=self.workspace, by=actor(request), now=self.now, fields=self.checked())
        return self.created(self.get_queryset().get(pk=made.pk))

    def update(self, request: Request, pk: int) -> Response:
        """Replaces a group."""
        return self._edit(request, partial=False)

    def partial_update(self, request: Request, pk: int) -> Response:
        """Changes what is given."""
        return self._edit(request, partial=True)

    def _edit(self, request: Request, *, partial: bool) -> Response:
        with self.held() as group:
            fields = ({} if partial else GROUP_DEFAULTS) | self.checked(partial=partial)
            grouping.edit_group(group=group, by=actor(request), now=self.now, fields=fields)
        return self.answer(self.get_object())

    def destroy(self, request: Request, pk: int) -> Response:
        """Removes a group; its monitors stay."""
        with self.held() as group:
            grouping.delete_group(group=group, by=actor(request), now=self.now)
        return Response(status=204)
