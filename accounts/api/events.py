"""The endpoint of the change feed."""

from typing import Any

from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from accounts import feed
from accounts.waiting import KEY, EmptyPage
from common.api.fields import BooleanField, ChoiceField, IdField, InstantField, ObjectField, TextField
from common.api.pagination import DEFAULT_LIMIT, LIMIT
from common.api.parameters import Choices, Whole
from common.api.serializers import ApiSerializer
from common.api.views import ApiView

LONGEST_SECONDS = 30


class FeedEventSerializer(ApiSerializer):
    """One thing that happened."""

    id = IdField(source="number", read_only=True, help_text="Grows by one with each event of the workspace.")
    type = ChoiceField(choices=feed.TYPES, read_only=True)
    created_at = InstantField(read_only=True)
    data = ObjectField(read_only=True, help_text="Ids and what changed.")  # type: ignore[assignment]


class FeedPageSerializer(ApiSerializer):
    """Events, oldest first, and where to go on."""

    items = FeedEventSerializer(many=True)
    next_cursor = TextField(help_text="Ask again with it: now for more, later for what is new.")
    missed = BooleanField(help_text="Whether events after your cursor were dropped before you read them.")


@extend_schema(tags=["Platform"])
class EventsView(ApiView):
    """What happened in the workspace."""

    scope = "monitor.read"
    query_parameters = {
        "get": (
            Whole(name="cursor", at_least=0, help="`nextCursor` of the page before; the oldest event without one."),
            LIMIT,
            Choices(name="type", among=feed.TYPES, help="Only of these types."),
            Whole(
                name="wait",
                at_least=0,
                at_most=LONGEST_SECONDS,
                help="Seconds that an answer without events may be held back until there is one; 0 when not given.",
            ),
        )
    }

    @extend_schema(operation_id="events_list", responses=FeedPageSerializer)
    def get(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        """Changes in their order, oldest first. A reader that keeps the cursor sees each exactly once.

        With `wait` an answer without events comes as soon as there is one, within a second, or when the time is over.
        """
        page = feed.page(
            self.workspace,
            after=self.query.get("cursor"),
            limit=self.query.get("limit", DEFAULT_LIMIT),
            types=self.query.get("type", ()),
        )
        if not page.events and not page.has_missed:
            self._tell_empty(request, page.cursor)
        items = FeedEventSerializer(page.events, many=True).data
        return Response({"items": items, "nextCursor": str(page.cursor), "missed": page.has_missed})

    def _tell_empty(self, request: Request, cursor: int) -> None:
        """Whoever asked may hold the answer back: the ASGI application in front does."""
        found: EmptyPage | None = getattr(request._request, "scope", {}).get(KEY)
        if found is not None:
            found.workspace_id, found.cursor = self.workspace.pk, cursor
            found.seconds = self.query.get("wait", 0)
