"""Endpoints of service groups."""

from typing import Any

from django.db.models import Prefetch, QuerySet
from drf_spectacular.utils import extend_schema

from accounts.authentication import actor
from common.api.parameters import Text
from common.api.service_views import ServiceViewSet
from monitors import grouping
from monitors.api.planned_serializers import GroupSerializer
from monitors.models import Monitor, ServiceGroup
from monitors.planned.fields import GROUP_DEFAULTS


@extend_schema(tags=["Service groups"])
class ServiceGroupViewSet(ServiceViewSet):
    """Monitors that make up one service, with the worst of their statuses."""

    queryset = ServiceGroup.objects.all()
    serializer_class = GroupSerializer
    defaults = GROUP_DEFAULTS
    list_parameters = (Text(name="name", lookup="name", help="Exactly this name."),)
    search_fields = ("name", "description")
    ordering_fields = {"name": "name"}
    default_ordering = ("name",)

    def get_queryset(self) -> "QuerySet[ServiceGroup]":
        members = Monitor.objects.select_related("state").only("pk", "service_group", "state__status").order_by("pk")
        found: QuerySet[ServiceGroup] = super().get_queryset()
        return found.prefetch_related(Prefetch("monitors", members))

    def make(self, fields: dict[str, Any]) -> ServiceGroup:
        """Makes a group; its monitors leave the group that they were in."""
        return grouping.create_group(workspace=self.workspace, by=actor(self.request), now=self.now, fields=fields)

    def edit(self, instance: ServiceGroup, fields: dict[str, Any]) -> None:
        grouping.edit_group(group=instance, by=actor(self.request), now=self.now, fields=fields)

    def remove(self, instance: ServiceGroup) -> None:
        """Removes a group; its monitors stay."""
        grouping.delete_group(group=instance, by=actor(self.request), now=self.now)
