"""Endpoints of what is sold, and the one that Stripe calls."""

from django.db.models import QuerySet
from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.models import Role
from billing import selectors, stripe_signature, webhooks
from billing.api.serializers import ProductSerializer
from billing.models import Plan
from common.api.views import ApiView, ApiViewSet


@extend_schema(tags=["Products"])
class ProductViewSet(ApiViewSet):
    """What is sold."""

    serializer_class = ProductSerializer
    queryset = Plan.objects.all()
    write_role = Role.OWNER
    search_fields = ("name", "description")
    default_ordering = ("rank",)

    def get_queryset(self) -> "QuerySet[Plan]":
        return selectors.offered_plans()


class StripeWebhookView(ApiView):
    """Takes Stripe's events. Anybody may call; what counts is the signature."""

    authentication_classes = ()
    permission_classes = ()
    # No Idempotency-Key: the event's own id is one.
    slow_actions = (None,)

    @extend_schema(
        operation_id="stripe_webhook",
        tags=["Products"],
        request={"application/json": {"type": "object", "description": "A Stripe event."}},
        responses={200: {"type": "object", "properties": {"received": {"type": "boolean"}}}},
    )
    def post(self, request: Request) -> Response:
        """Keeps an event and works it off. 400 without a right `Stripe-Signature`; a repeat changes nothing."""
        event = stripe_signature.verified(request._request.body, request.headers.get("Stripe-Signature", ""))
        webhooks.receive(event=event, now=self.now)
        return Response({"received": True})
