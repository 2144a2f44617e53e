"""Action groups and deliveries as JSON."""

from typing import Any

from rest_framework import serializers
from rest_framework.request import Request

from alerts.channels.catalogue import CATALOGUE
from alerts.channels.email import MAX_RECIPIENTS
from alerts.channels.sms import E164, MAX_NUMBERS
from alerts.models import RULE_EVENTS, AlertEvent, Channel, ChannelType, DeliveryState, Rule
from alerts.rules.fields import MAX_NAME, MAX_REMINDER_SECONDS, MIN_REMINDER_SECONDS
from common.api.fields import (
    BooleanField,
    ChoiceField,
    IdField,
    InstantField,
    IntegerField,
    ListField,
    NumberField,
    TextField,
    WebAddressField,
)
from common.api.serializers import ApiSerializer


class ActionGroupSerializer(ApiSerializer):
    """What all action groups have. What is written is judged by the service, which names every wrong field at once."""

    id = IdField(read_only=True)
    name = TextField(max_length=MAX_NAME)
    enabled = BooleanField(source="is_enabled", default=True)
    events = ListField(
        child=ChoiceField(choices=RULE_EVENTS), required=False, min_length=1, help_text="Default: open and resolved."
    )
    reminder_seconds = IntegerField(
        required=False, allow_null=True, min_value=MIN_REMINDER_SECONDS, max_value=MAX_REMINDER_SECONDS
    )
    type = ChoiceField(choices=ChannelType.choices, read_only=True)
    disabled_reason = TextField(read_only=True, help_text="Why nothing is sent any more; empty while it is.")
    created_at = InstantField(read_only=True)
    updated_at = InstantField(read_only=True)

    def to_representation(self, instance: Rule) -> dict[str, Any]:
        channel = instance.channels.all()[0]
        own = ("id", "name", "is_enabled", "events", "reminder_seconds", "created_at", "updated_at")
        shown = {name: getattr(instance, name) for name in own}
        shown |= {"type": channel.type, "disabled_reason": channel.disabled_reason}
        return super().to_representation(shown | self.config_of(channel))

    def config_of(self, channel: Channel) -> dict[str, Any]:
        """What the type of channel adds."""
        return CATALOGUE[channel.type].describe(channel.config)


class EmailGroupSerializer(ActionGroupSerializer):
    """Emails to 1 to 20 addresses."""

    recipients = ListField(child=serializers.EmailField(), min_length=1, max_length=MAX_RECIPIENTS)
    unconfirmed = ListField(
        child=serializers.EmailField(), read_only=True, help_text="Recipients that get nothing before they confirm."
    )

    def config_of(self, channel: Channel) -> dict[str, Any]:
        config = super().config_of(channel)
        unconfirmed = self.context.get("unconfirmed", ())
        return config | {"unconfirmed": [one for one in config["recipients"] if one in unconfirmed]}


class WebhookGroupSerializer(ActionGroupSerializer):
    """A signed POST to one address."""

    url = WebAddressField(max_length=2048)
    headers = serializers.DictField(child=serializers.CharField(), required=False, help_text="Values are never shown.")
    secret = TextField(
        required=False, allow_null=True, help_text="`whsec_` and base64; shown only when it is made or rolled."
    )

    def config_of(self, channel: Channel) -> dict[str, Any]:
        return super().config_of(channel) | {"secret": self.context.get("secret")}


class SmsGroupSerializer(ActionGroupSerializer):
    """Text messages to 1 to 10 phone numbers."""

    phone_numbers = ListField(
        child=serializers.RegexField(f"^{E164.pattern}$", max_length=16),
        min_length=1,
        max_length=MAX_NUMBERS,
        help_text="E.164, for example +4915112345678.",
    )
    unconfirmed = ListField(
        child=serializers.CharField(), read_only=True, help_text="Numbers that get nothing before they confirm."
    )

    def config_of(self, channel: Channel) -> dict[str, Any]:
        numbers = super().config_of(channel)["phoneNumbers"]
        unconfirmed = self.context.get("unconfirmed", ())
        return {"phone_numbers": numbers, "unconfirmed": [one for one in numbers if one in unconfirmed]}


class PhoneNumberSerializer(ApiSerializer):
    """One of a group's numbers."""

    phone_number = TextField(max_length=32, source="number")


class PhoneCodeSerializer(PhoneNumberSerializer):
    """A number and the code that was sent to it."""

    code = TextField(max_length=12)


def asked(serializer_class: type[PhoneNumberSerializer], request: Request) -> dict[str, str]:
    """What a person says of a number. Raises ValidationError."""
    serializer = serializer_class(data=request.data)
    serializer.is_valid(raise_exception=True)
    return dict(serializer.validated_data)


class AnyGroupSerializer(ActionGroupSerializer):
    """An action group of whatever type, with the fields of its type."""

    def to_representation(self, instance: Rule) -> dict[str, Any]:
        serializer = BY_TYPE[instance.channels.all()[0].type](context=self.context)
        return dict(serializer.to_representation(instance))


BY_TYPE: dict[str, type[ActionGroupSerializer]] = {
    ChannelType.EMAIL: EmailGroupSerializer,
    ChannelType.WEBHOOK: WebhookGroupSerializer,
    ChannelType.SMS: SmsGroupSerializer,
}


class ChannelNameSerializer(ApiSerializer):
    """A channel as a delivery names it."""

    id = IdField(read_only=True)
    name = TextField(read_only=True)
    type = ChoiceField(choices=ChannelType.choices, read_only=True)


class AttemptSerializer(ApiSerializer):
    """One try."""

    started_at = InstantField(read_only=True)
    latency_ms = NumberField(read_only=True, allow_null=True)
    ok = BooleanField(read_only=True)
    status_code = IntegerField(read_only=True, allow_null=True)
    error = TextField(read_only=True)
    response_excerpt = TextField(read_only=True)


class DeliverySerializer(ApiSerializer):
    """One message to one channel, with every try."""

    id = IdField(read_only=True)
    message_id = serializers.UUIDField(read_only=True)
    channel = ChannelNameSerializer(read_only=True)
    incident_id = IdField(read_only=True, allow_null=True)
    event = ChoiceField(choices=AlertEvent.choices, read_only=True)
    state = ChoiceField(choices=DeliveryState.choices, read_only=True)
    attempts_made = IntegerField(read_only=True)
    next_attempt_at = InstantField(read_only=True, allow_null=True)
    created_at = InstantField(read_only=True)
    finished_at = InstantField(read_only=True, allow_null=True)
    attempts = AttemptSerializer(many=True, read_only=True)
