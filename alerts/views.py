"""Pages behind the signed links of messages: GET shows a button, POST acts, for mail scanners follow links."""

from datetime import datetime
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.decorators import method_decorator
from django.views import View
from django.views.decorators.cache import never_cache
from django.views.decorators.csrf import csrf_exempt

from accounts.actor import SYSTEM, Actor
from accounts.models import Membership
from alerts import links
from alerts.links import BadLink
from alerts.models import Delivery, Recipient
from alerts.recipients import addresses as recipients
from common.clock import now as clock_now
from common.invalid import Conflict
from incidents.models import Incident
from incidents.services import acknowledge


# The link itself is the proof: it works without a session, for a program too, so there is nothing to forge.
@method_decorator([csrf_exempt, never_cache], name="dispatch")
class LinkView(View):
    """A page that one comes to by a link only."""

    template = ""

    def shown(self, request: HttpRequest, status: int = 200, **context: Any) -> HttpResponse:
        """The page; its address holds a secret, so no other site learns it."""
        response = render(request, self.template, context, status=status)
        response["Referrer-Policy"] = "no-referrer"
        response["X-Robots-Tag"] = "noindex"
        return response

    def refused(self, request: HttpRequest, why: str, status: int = 404) -> HttpResponse:
        """The page that says why the link does nothing."""
        return self.shown(request, status, refusal=why)


class AcknowledgeView(LinkView):
    """Acknowledges the incident of a delivery."""

    template = "alerts/acknowledge.html"

    def get(self, request: HttpRequest, token: str) -> HttpResponse:
        try:
            _, incident = _linked(token, clock_now())
        except BadLink as error:
            return self.refused(request, str(error))
        return self.shown(request, incident=incident, url=links.incident_url(incident.pk))

    def post(self, request: HttpRequest, token: str) -> HttpResponse:
        now = clock_now()
        try:
            link, incident = _linked(token, now)
            incident = acknowledge(incident=incident, by=_actor(link, incident, request), now=now)
        except BadLink as error:
            return self.refused(request, str(error))
        except Conflict as error:
            return self.refused(request, str(error), status=409)
        return self.shown(request, incident=incident, url=links.incident_url(incident.pk), is_done=True)


class ConfirmView(LinkView):
    """An address agrees to get alerts."""

    template = "alerts/confirm.html"

    def get(self, request: HttpRequest, token: str) -> HttpResponse:
        try:
            recipient = _recipient(token, clock_now())
        except BadLink as error:
            return self.refused(request, str(error))
        return self.shown(request, recipient=recipient, is_done=recipient.confirmed_at is not None)

    def post(self, request: HttpRequest, token: str) -> HttpResponse:
        now = clock_now()
        try:
            recipient = recipients.confirm(recipient=_recipient(token, now), now=now)
        except BadLink as error:
            return self.refused(request, str(error))
        return self.shown(request, recipient=recipient, is_done=True)


def _linked(token: str, now: datetime) -> tuple[links.AcknowledgeLink, Incident]:
    link = links.read_acknowledge(token, now=now)
    delivery = Delivery.objects.filter(pk=link.delivery_id, incident__isnull=False).select_related(
        "incident__workspace", "incident__monitor", "incident__acknowledged_by"
    )
    found = delivery.first()
    if found is None or found.incident is None:
        raise BadLink("The incident of this link is not there any more.")
    return link, found.incident


def _actor(link: links.AcknowledgeLink, incident: Incident, request: HttpRequest) -> Actor:
    """The member for whom the link was made, while they are one; else nobody in particular."""
    members = Membership.objects.in_workspace(incident.workspace).filter(user__is_active=True)
    member = members.filter(user=link.user_id).select_related("user").first() if link.user_id else None
    return Actor(member.user, address=request.META.get("REMOTE_ADDR")) if member else SYSTEM


def _recipient(token: str, now: datetime) -> Recipient:
    pk, address = links.read_confirm(token, now=now)
    found = Recipient.objects.select_related("workspace").filter(pk=pk, address=address).first()
    if found is None:
        raise BadLink("Nobody asks this address any more.")
    return found
