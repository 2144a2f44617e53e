"""Endpoints of rules: which events of which monitors go to which channels."""

from typing import Any

from django.db.models import QuerySet
from drf_spectacular.utils import extend_schema

from accounts.authentication import actor
from alerts import selectors
from alerts.models import RULE_EVENTS, Rule
from alerts.rules import services as rules
from alerts.rules.fields import MAX_NAME, MAX_REMINDER_SECONDS, MAX_TAG, MIN_REMINDER_SECONDS, SCOPES
from common.api.fields import (
    BooleanField,
    ChoiceField,
    IdField,
    InstantField,
    IntegerField,
    ListField,
    ObjectField,
    TextField,
)
from common.api.parameters import Flag, Text, Whole
from common.api.serializers import ApiSerializer
from common.api.service_views import ServiceViewSet
from common.invalid import FieldError, Invalid
from common.names import camel


class ScopeSerializer(ApiSerializer):
    """What a rule watches: one of these, or nothing for all of the workspace."""

    monitor_id = IdField(required=False, allow_null=True)
    service_group_id = IdField(required=False, allow_null=True)
    tag = TextField(required=False, allow_null=True, allow_blank=True, max_length=MAX_TAG)


class RuleSerializer(ApiSerializer):
    """Which events of which monitors go to which channels."""

    id = IdField(read_only=True)
    name = TextField(max_length=MAX_NAME)
    scope = ScopeSerializer(required=False)
    when = ObjectField(
        required=False, help_text="`{}` is always; else `{all: […]}` or `{any: […]}` of `{field, op, value}`."
    )
    events = ListField(
        child=ChoiceField(choices=RULE_EVENTS), required=False, min_length=1, help_text="Default: open and resolved."
    )
    channel_ids = ListField(child=IdField(), min_length=1)
    enabled = BooleanField(source="is_enabled", required=False)
    reminder_seconds = IntegerField(
        required=False, allow_null=True, min_value=MIN_REMINDER_SECONDS, max_value=MAX_REMINDER_SECONDS
    )
    escalation_policy_id = IdField(required=False, allow_null=True)
    created_at = InstantField(read_only=True)
    updated_at = InstantField(read_only=True)

    def validate_escalation_policy_id(self, value: int | None) -> None:
        if value is not None:
            raise Invalid(
                [FieldError("/escalationPolicyId", "unknown_id", "No escalation policy of this workspace has this id.")]
            )

    def to_representation(self, instance: Rule) -> dict[str, Any]:
        own = ("id", "name", "when", "events", "is_enabled", "reminder_seconds", "created_at", "updated_at")
        shown = {name: getattr(instance, name) for name in own}
        scope = {name: getattr(instance, name) for name in SCOPES if getattr(instance, name)}
        ids = sorted(one.pk for one in instance.channels.all())
        body = super().to_representation({**shown, "scope": {}, "channel_ids": ids, "escalation_policy_id": None})
        return body | {"scope": {camel(name): value for name, value in scope.items()}}


@extend_schema(tags=["Channels and rules"])
class RuleViewSet(ServiceViewSet):
    """Every rule that matches fires; a channel gets one message for each event. Action groups are rules too."""

    queryset = Rule.objects.all()
    serializer_class = RuleSerializer
    defaults = rules.DEFAULTS
    scopes = {"GET": "monitor.read"}
    list_parameters = (
        Text(name="name", lookup="name", help="Exactly this name."),
        Whole(name="monitorId", lookup="monitor_id", help="Only those of this monitor alone."),
        Whole(name="serviceGroupId", lookup="service_group_id", help="Only those of this service group."),
        Text(name="tag", lookup="tag", help="Only those of this tag."),
        Whole(name="channelId", lookup="channels", help="Only those that tell this channel."),
        Flag(name="enabled", lookup="is_enabled", help="Only those that are enabled, or only the others."),
    )
    search_fields = ("name",)
    ordering_fields = {"name": "name", "createdAt": "created_at"}
    default_ordering = ("pk",)

    def get_queryset(self) -> "QuerySet[Rule]":
        if getattr(self, "swagger_fake_view", False):
            return Rule.objects.none()
        return selectors.rules(self.workspace)

    def fields(self, *, partial: bool = False) -> dict[str, Any]:
        fields = self.checked(partial=partial)
        fields.pop("escalation_policy_id", None)
        return fields

    def make(self, fields: dict[str, Any]) -> Rule:
        """Makes a rule; it tells of incidents from now on."""
        return rules.create_rule(workspace=self.workspace, by=actor(self.request), fields=fields)

    def edit(self, instance: Rule, fields: dict[str, Any]) -> None:
        rules.edit_rule(rule=instance, by=actor(self.request), fields=fields)

    def remove(self, instance: Rule) -> None:
        """Removes a rule; its channels stay, but for that of an action group, which is nobody else's."""
        rules.delete_rule(rule=instance, by=actor(self.request))
