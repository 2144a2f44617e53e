"""Endpoints of text messages about a monitor, and of the codes by which their numbers agree."""

from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.authentication import actor
from alerts import services
from alerts.api.action_groups import ActionGroupViewSet
from alerts.api.serializers import PhoneCodeSerializer, PhoneNumberSerializer, SmsGroupSerializer, asked
from alerts.models import ChannelType
from alerts.rules.services import DEFAULT_EVENTS


@extend_schema(tags=["Alert actions"])
class SmsGroupViewSet(ActionGroupViewSet):
    """Text messages about one monitor."""

    serializer_class = SmsGroupSerializer
    type = ChannelType.SMS.value
    defaults = {"is_enabled": True, "events": list(DEFAULT_EVENTS), "reminder_seconds": None, "phone_numbers": None}
    # A code that was wrong uses up a try, which no transaction around the answer may undo.
    slow_actions = ("confirm",)

    @extend_schema(operation_id="v1_monitor_smsactiongroup_update_by_body")
    def update_by_body(self, request: Request, monitor_pk: int) -> Response:
        """Replaces the group whose `id` the body holds."""
        return self.by_body(request)

    @extend_schema(request=PhoneNumberSerializer, responses={202: SmsGroupSerializer})
    def code(self, request: Request, monitor_pk: int, pk: int) -> Response:
        """Sends another code to a number that has not confirmed; at most one in 10 minutes."""
        rule, fields = self.get_object(), asked(PhoneNumberSerializer, request)
        services.send_code(rule=rule, now=self.now, **fields)
        return self.answer(self.get_object(), status=202)

    @extend_schema(request=PhoneCodeSerializer, responses=SmsGroupSerializer)
    def confirm(self, request: Request, monitor_pk: int, pk: int) -> Response:
        """Confirms a number with the code that was sent to it, within 30 minutes and 5 tries."""
        rule, fields = self.get_object(), asked(PhoneCodeSerializer, request)
        services.confirm_number(rule=rule, by=actor(request), now=self.now, **fields)
        return self.answer(self.get_object())
