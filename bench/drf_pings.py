"""What most would write: one DRF view with the ORM that does the work of a steady ping. For comparison only."""

from datetime import timedelta

import django
from django.http import Http404

django.setup(set_prefix=False)

from django.core.handlers.wsgi import WSGIHandler  # noqa: E402
from django.db import transaction  # noqa: E402
from django.test.utils import override_settings  # noqa: E402
from django.urls import path  # noqa: E402
from rest_framework.request import Request  # noqa: E402
from rest_framework.response import Response  # noqa: E402
from rest_framework.views import APIView  # noqa: E402

from common import clock  # noqa: E402
from signals.models import Heartbeat, HeartbeatState, Signal  # noqa: E402


class PingView(APIView):
    """Stores the signal and moves the deadline on, in one transaction."""

    authentication_classes = ()
    permission_classes = ()

    def get(self, request: Request, token: str) -> Response:
        now = clock.now()
        heartbeat = Heartbeat.objects.filter(token=token).first()
        if heartbeat is None:
            raise Http404
        with transaction.atomic():
            state = HeartbeatState.objects.select_for_update().get(heartbeat=heartbeat)
            signal = Signal.objects.create(
                heartbeat=heartbeat,
                type="SUCCESS",
                created_at=now,
                source_ip=request.META["REMOTE_ADDR"],
                user_agent=request.headers.get("User-Agent", "")[:200],
                method=request.method or "",
            )
            state.last_ping_at = now
            state.next_due_at = now + timedelta(seconds=heartbeat.schedule["interval_seconds"])
            state.attention_at = state.next_due_at + timedelta(seconds=2)
            state.settled_signal_id = signal.pk
            state.save()
        return Response({"message": "OK"})

    post = get


urlpatterns = [path("api/signals/ping/<str:token>", PingView.as_view())]
# No more middleware than the ping path has, and connections that stay open: the best that this way can do.
override_settings(ROOT_URLCONF=__name__, MIDDLEWARE=[]).enable()
application = WSGIHandler()
