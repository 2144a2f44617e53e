"""The endpoint of tags."""

from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from common.api.fields import IntegerField, TextField
from common.api.serializers import ApiSerializer
from common.api.views import ApiViewSet
from monitors.models import Monitor
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
