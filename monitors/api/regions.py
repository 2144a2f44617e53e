"""Endpoints of regions, to be read: operators make and edit them in the admin."""

from typing import TYPE_CHECKING, Any

from drf_spectacular.utils import extend_schema

from common.api.fields import BooleanField, IdField, InstantField, TextField
from common.api.parameters import Flag, Text
from common.api.serializers import ApiSerializer
from common.api.views import ApiViewSet
from monitors.models import Region

if TYPE_CHECKING:
    from django.db.models import QuerySet


class RegionSerializer(ApiSerializer):
    """A place that probes. `key` is what a monitor's `regions` name."""

    id = IdField()
    key = TextField()
    name = TextField()
    country = TextField(help_text="ISO 3166-1 alpha-2, or empty.")
    enabled = BooleanField(source="is_enabled")
    last_heard_at = InstantField(source="last_seen_at", allow_null=True)
    silent_since = InstantField(allow_null=True, help_text="Null while an engine is heard.")


@extend_schema(tags=["Monitors"])
class RegionViewSet(ApiViewSet):
    """Where monitors can be watched from."""

    queryset = Region.objects.all()
    serializer_class = RegionSerializer
    scopes = {"GET": "monitor.read"}
    list_parameters = (
        Text(name="key", lookup="key", help="Exactly this key."),
        Text(name="name", lookup="name", help="Exactly this name."),
        Flag(name="enabled", lookup="is_enabled", help="Only those that probe, or only the others."),
    )
    search_fields = ("key", "name", "country")
    ordering_fields = {"key": "key", "name": "name"}
    default_ordering = ("key",)

    def get_queryset(self) -> "QuerySet[Any]":
        """The same for every workspace."""
        return self.queryset.all()
