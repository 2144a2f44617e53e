"""Endpoints of signal history and of tickets for the live stream."""

from typing import Any

from django.db.models import QuerySet
from django.http import Http404
from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.models import ApiToken, OAuthAccess, Role, User
from common.api.cursors import CURSOR, cursor_page
from common.api.pagination import DEFAULT_LIMIT, envelope
from common.api.parameters import Choices, period
from common.api.serializers import NothingSerializer
from common.api.views import ApiView, ApiViewSet
from common.invalid import Conflict
from signals.api.serializers import SignalSerializer, TicketSerializer
from signals.models import Signal, SignalType
from signals.selectors import heartbeat_by_token, signal_history
from signals.tickets import create_ticket


@extend_schema(tags=["Signals"])
class SignalHistoryViewSet(ApiViewSet):
    """The signals of one heartbeat."""

    serializer_class = SignalSerializer
    queryset = Signal.objects.all()
    scopes = {"GET": "monitor.read"}
    list_parameters = (
        *period("created_at"),
        Choices(name="type", among=SignalType.values, lookup="type__in", help="Only of these types."),
        CURSOR,
    )
    default_ordering = ("-created_at", "-id")

    def get_queryset(self) -> "QuerySet[Signal]":
        if getattr(self, "swagger_fake_view", False):
            return Signal.objects.none()
        heartbeat = heartbeat_by_token(self.workspace, self.kwargs["token"])
        if heartbeat is None:
            raise Http404
        return signal_history(heartbeat, now=self.now)

    @extend_schema(operation_id="signal_history")
    def list(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        """What the heartbeat with this ping token has sent and what was said of it, newest first.

        The first page also has `nextCursor`. With `cursor` nothing is counted: the answer is `{items, nextCursor}`.
        """
        if self.query.get("page", 1) > 1 and "cursor" not in self.query:
            return super().list(request, *args, **kwargs)
        found = self.narrowed(self.get_queryset())
        rows, following = cursor_page(found, "created_at", self.query)
        items = self.get_serializer(rows, many=True).data
        if "cursor" in self.query:
            return Response({"items": items, "nextCursor": following})
        limit = self.query.get("limit", DEFAULT_LIMIT)
        return Response(envelope(items, total=found.count(), page=1, limit=limit) | {"nextCursor": following})


@extend_schema(tags=["Signals"])
class TicketView(ApiView):
    """For clients of the live stream that can send no header, as browsers from another origin."""

    scope = "monitor.read"
    write_role = Role.VIEWER

    @extend_schema(operation_id="stream_ticket", request=None, responses={201: TicketSerializer})
    def post(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        """A ticket for `GET /api/signals/sse?access_token=`: it opens one stream within 60 seconds.

        The stream ends with the token or the session that asked for the ticket.
        """
        NothingSerializer(data=request.data or {}).is_valid(raise_exception=True)
        if isinstance(request.auth, OAuthAccess):
            raise Conflict("An OAuth access token opens the stream itself: send it there as Authorization: Bearer.")
        token = request.auth if isinstance(request.auth, ApiToken) else None
        session_key = "" if token else request._request.session.session_key or ""
        assert isinstance(request.user, User)
        made = create_ticket(
            user=request.user, workspace=self.workspace, token=token, session_key=session_key, now=self.now
        )
        body = TicketSerializer({"ticket": made.secret, "expires_at": made.expires_at}).data
        return Response(body, status=201, headers={"Cache-Control": "no-store"})
