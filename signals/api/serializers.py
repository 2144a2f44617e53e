"""Signals and dependencies as JSON."""

from typing import Any

from rest_framework import serializers

from common.api.fields import AnyField, ChoiceField, IdField, InstantField, ListField, ObjectField, TextField
from common.api.serializers import ApiSerializer
from common.instants import rfc3339
from signals.models import Dependency, DependencyStatus, SignalType
from signals.shown import signal_json


class SignalSerializer(ApiSerializer):
    """One ping, or one word of the platform about a heartbeat."""

    id = IdField(read_only=True)
    type = ChoiceField(choices=SignalType.choices, read_only=True)
    created_at = InstantField(read_only=True)
    source_ip = TextField(read_only=True, allow_null=True)
    user_agent = TextField(read_only=True)
    method = TextField(read_only=True)
    payload = AnyField(read_only=True, allow_null=True, help_text="JSON as JSON, else text; null when none came.")
    duration_ms = serializers.IntegerField(read_only=True, allow_null=True, help_text="Since the start of its run.")
    exit_status = serializers.IntegerField(read_only=True, allow_null=True)
    rid = serializers.UUIDField(read_only=True, allow_null=True)
    metadata = ObjectField(read_only=True)

    def to_representation(self, instance: Any) -> dict[str, Any]:
        return signal_json(instance)


class TicketSerializer(ApiSerializer):
    """What opens the live stream once."""

    ticket = TextField(read_only=True, help_text="For `?access_token=` of the stream; shown this once.")
    expires_at = InstantField(read_only=True)


class DependencyReportSerializer(ApiSerializer):
    """What the last ping of a check said of a dependency; null when none said anything."""

    monitor_id = IdField()
    status = ChoiceField(choices=DependencyStatus.choices, allow_null=True)
    at = InstantField(allow_null=True)


class DependencySerializer(ApiSerializer):
    """Something that monitors need. Limits of values are judged by `signals.dependency_fields`."""

    id = IdField(read_only=True)
    name = TextField(max_length=120)
    description = TextField(max_length=1000, allow_blank=True, required=False)
    monitor_id = IdField(allow_null=True, required=False, help_text="The monitor that watches it.")
    pinned_status = ChoiceField(choices=DependencyStatus.choices[1:], allow_null=True, required=False)
    dependent_ids = ListField(child=IdField(), required=False, help_text="The monitors that need it.")
    status = ChoiceField(choices=DependencyStatus.choices, read_only=True)
    reports = DependencyReportSerializer(many=True, read_only=True)
    created_at = InstantField(read_only=True)
    updated_at = InstantField(read_only=True)

    def to_representation(self, instance: Dependency) -> dict[str, Any]:
        """Needs `status` and `links` at hand to cost no query."""
        links = sorted(instance.links.all(), key=lambda link: link.monitor_id)
        return {
            "id": instance.pk,
            "name": instance.name,
            "description": instance.description,
            "monitorId": instance.monitor_id,
            "pinnedStatus": instance.pinned_status or None,
            "dependentIds": [link.monitor_id for link in links],
            "status": instance.status,  # type: ignore[attr-defined]
            "reports": [
                {
                    "monitorId": link.monitor_id,
                    "status": link.reported_status or None,
                    "at": rfc3339(link.reported_at) if link.reported_at else None,
                }
                for link in links
            ],
            "createdAt": rfc3339(instance.created_at),
            "updatedAt": rfc3339(instance.updated_at),
        }
