"""Endpoints of what is sold, and the one that Stripe calls."""

from django.db import transaction
from django.db.models import QuerySet
from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.authentication import actor
from accounts.models import Role, User
from accounts.selectors import people_open_to
from billing import selectors, stripe_signature, trials, webhooks
from billing.api.serializers import ProductSerializer, TrialBodySerializer
from billing.models import Plan
from common.api.etags import require_match
from common.api.views import ApiView, ApiViewSet
from common.invalid import FieldError, Invalid, NotAllowed
from common.times import rfc3339


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


@extend_schema(tags=["Users"])
class TrialViewSet(ApiViewSet):
    """A person's trial: one's own; operators reach everybody's."""

    serializer_class = TrialBodySerializer
    queryset = User.objects.all()
    write_role = Role.VIEWER

    def get_queryset(self) -> "QuerySet[User]":
        return people_open_to(self.membership.user)

    @extend_schema(operation_id="user_trial")
    def retrieve(self, request: Request, pk: int) -> Response:
        """Where the trial is; NONE where nothing is sold."""
        return self.answer(selectors.trial_of(self.get_object(), now=self.now))

    @extend_schema(operation_id="user_trial_update")
    def update(self, request: Request, pk: int) -> Response:
        """Starts the trial, once, or cancels it; operators move its end."""
        user, by = self.get_object(), actor(request)
        before = selectors.trial_of(user, now=self.now)
        require_match(request, before)
        fields = self.checked()
        wanted, ends_at = fields["status"], fields["ends_at"]
        is_moved = ends_at is not None and (before.ends_at is None or rfc3339(ends_at) != rfc3339(before.ends_at))
        if is_moved and not self.membership.user.is_staff:
            raise NotAllowed("Only an operator sets endsAt.")
        if wanted == "CONVERTED" != before.status:
            raise Invalid([FieldError("/status", "choice", "Only a payment makes a trial CONVERTED.")])
        with transaction.atomic():
            if wanted == "ACTIVE" and not (is_moved and before.status != "NONE"):
                trials.start_trial(user=user, by=by, now=self.now, plan_id=fields["plan_id"])
            elif wanted in ("NONE", "EXPIRED") and not is_moved:
                trials.cancel_trial(user=user, by=by, now=self.now)
            if is_moved:
                trials.move_trial_end(user=user, by=by, now=self.now, ends_at=ends_at)
        return self.answer(selectors.trial_of(user, now=self.now))


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
