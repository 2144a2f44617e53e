"""Endpoints of what monitors are named by: tags, and the regions that probe."""

from django.db.models import QuerySet
from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from common.api.fields import BooleanField, IdField, InstantField, IntegerField, TextField
from common.api.parameters import Flag, Text
from common.api.serializers import ApiSerializer
from common.api.views import ApiViewSet
from monitors.models import Monitor, Region
from monitors.tags import tag_counts


class TagSerializer(ApiSerializer):
    """A tag, and how many monitors have it."""

    name = TextField(read_only=True)
    monitors = IntegerField(read_only=True, min_value=0)


@extend_schema(tags=["Monitors"])
class TagViewSet(ApiViewSet):
    """The tags of the workspace's monitors."""

    queryset = Monitor.objects.all()
    serializer_class = TagSerializer
    scopes = {"GET": "monitor.read"}

    @extend_schema(operation_id="tags_list", responses=TagSerializer(many=True))
    def list(self, request: Request) -> Response:
        """Every tag by name; a tag is there as long as a monitor has it."""
        found = [{"name": name, "monitors": count} for name, count in tag_counts(self.workspace)]
        return self.get_paginated_response(self.paginator.paginate_queryset(found, request, self))  # type: ignore[union-attr]


class RegionSerializer(ApiSerializer):
    """A place that probes."""

    id = IdField(read_only=True)
    key = TextField(read_only=True, help_text="What a monitor's `regions` name.")
    name = TextField(read_only=True)
    country = TextField(read_only=True, help_text="ISO 3166-1 alpha-2; empty when it is not said.")
    enabled = BooleanField(source="is_enabled", read_only=True)
    last_seen_at = InstantField(read_only=True, allow_null=True, help_text="When an engine last looked from there.")


@extend_schema(tags=["Monitors"])
class RegionViewSet(ApiViewSet):
    """The places that probe; the operator makes them."""

    queryset = Region.objects.all()
    serializer_class = RegionSerializer
    scopes = {"GET": "monitor.read"}
    list_parameters = (
        Text(name="name", lookup="name", help="Exactly this name."),
        Text(name="key", lookup="key", help="The one with this key."),
        Flag(name="enabled", lookup="is_enabled", help="Only those that probe, or only the others."),
    )
    search_fields = ("key", "name")
    ordering_fields = {"key": "key", "name": "name"}
    default_ordering = ("key",)

    def get_queryset(self) -> "QuerySet[Region]":
        return Region.objects.all()
