"""Incidents and notes as JSON."""

from typing import Any

from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from common import clock
from common.api.fields import BooleanField, ChoiceField, IdField, InstantField, ObjectField, TextField
from common.api.serializers import ApiSerializer
from incidents.models import EventType, Incident, Kind, Severity, State


class PersonSerializer(ApiSerializer):
    """A person as others in the workspace see them."""

    id = IdField(read_only=True)
    name = TextField(read_only=True)
    email = TextField(read_only=True)


class MonitorNameSerializer(ApiSerializer):
    """A monitor's name, so that a reader needs no second request."""

    id = IdField(read_only=True)
    name = TextField(read_only=True)
    type = TextField(read_only=True)


class NoteSerializer(ApiSerializer):
    """What a person wrote on an incident, in Markdown."""

    id = IdField(read_only=True)
    body = TextField(max_length=10_000, trim_whitespace=False)
    author = PersonSerializer(read_only=True, allow_null=True)
    created_at = InstantField(read_only=True)
    updated_at = InstantField(read_only=True)


class EventSerializer(ApiSerializer):
    """One line of the timeline."""

    id = IdField(read_only=True)
    type = ChoiceField(choices=EventType.choices, read_only=True)
    actor = PersonSerializer(read_only=True, allow_null=True)
    message = TextField(read_only=True)
    data = ObjectField(read_only=True)  # type: ignore[assignment]
    created_at = InstantField(read_only=True)


class IncidentSerializer(ApiSerializer):
    """An incident as it stands in lists."""

    id = IdField(read_only=True)
    monitor_id = IdField(read_only=True, allow_null=True)
    monitor = MonitorNameSerializer(read_only=True, allow_null=True)
    kind = ChoiceField(choices=Kind.choices, read_only=True)
    severity = ChoiceField(choices=Severity.choices, read_only=True)
    state = ChoiceField(choices=State.choices, read_only=True)
    title = TextField(read_only=True)
    summary = TextField(read_only=True)
    started_at = InstantField(read_only=True)
    acknowledged_at = InstantField(read_only=True, allow_null=True)
    acknowledged_by = PersonSerializer(read_only=True, allow_null=True)
    resolved_at = InstantField(read_only=True, allow_null=True)
    resolved_by = PersonSerializer(read_only=True, allow_null=True)
    duration_seconds = serializers.SerializerMethodField(help_text="Until now while it is open.")
    cause = ObjectField(read_only=True)

    @extend_schema_field(serializers.IntegerField(min_value=0))
    def get_duration_seconds(self, incident: Incident) -> int:
        end = incident.resolved_at or self.context.get("now") or clock.now()
        return max(0, int((end - incident.started_at).total_seconds()))


class IncidentDetailSerializer(IncidentSerializer):
    """An incident in full: evidence, notes and timeline."""

    first_failure = ObjectField(read_only=True)
    last_good = ObjectField(read_only=True)
    notes = NoteSerializer(many=True, read_only=True)
    events = EventSerializer(many=True, read_only=True)


class IncidentOpeningSerializer(ApiSerializer):
    """What opens an incident by hand."""

    title = TextField(max_length=200)
    severity = ChoiceField(choices=Severity.choices, default=Severity.MAJOR)
    summary = TextField(max_length=10_000, allow_blank=True, default="")
    monitor_id = IdField(allow_null=True, default=None)


@extend_schema_field({"type": "boolean", "enum": [True]})
class AcknowledgedField(BooleanField):
    """true: an acknowledgement is not taken back."""


class IncidentChangeSerializer(IncidentDetailSerializer):
    """What of an incident a person changes."""

    acknowledged = AcknowledgedField(required=False, write_only=True)
    state = ChoiceField(choices=State.choices, required=False)
    severity = ChoiceField(choices=Severity.choices, required=False)
    title = TextField(max_length=200, required=False)
    summary = TextField(max_length=10_000, allow_blank=True, required=False)

    def validate_acknowledged(self, value: bool) -> Any:
        if not value:
            raise serializers.ValidationError("An acknowledgement cannot be taken back.", code="invalid")
        return value


class IncidentReplacementSerializer(IncidentChangeSerializer):
    """An incident's texts and severity in full."""

    severity = ChoiceField(choices=Severity.choices)
    title = TextField(max_length=200)
    summary = TextField(max_length=10_000, allow_blank=True, default="")
