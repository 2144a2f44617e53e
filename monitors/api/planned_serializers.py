"""Planned work and service groups as JSON. Types are judged here, limits by the services."""

from typing import Any

from common.api.fields import BooleanField, ChoiceField, IdField, InstantField, ListField, TextField
from common.api.serializers import ApiSerializer
from common.times import rfc3339
from monitors.grouping import worst_of
from monitors.models import Deployment, DeploymentState, MaintenanceWindow, ServiceGroup, Status
from monitors.planned.windows import next_opening


class DeploymentSerializer(ApiSerializer):
    """A release on its way."""

    id = IdField(read_only=True)
    name = TextField(max_length=120)
    version = TextField(source="release", max_length=120, required=False, allow_blank=True)
    author = TextField(max_length=120, required=False, allow_blank=True)
    link = TextField(max_length=2048, required=False, allow_blank=True, help_text="Of the pipeline or the change.")
    state = ChoiceField(choices=DeploymentState.choices, read_only=True)
    scheduled_start_at = InstantField(required=False, allow_null=True, help_text="Null: at once.")
    scheduled_end_at = InstantField(required=False, allow_null=True, help_text="Null: when somebody ends it.")
    started_at = InstantField(read_only=True, allow_null=True)
    ended_at = InstantField(read_only=True, allow_null=True)
    auto_pause = BooleanField(required=False, help_text="Pause what it covers until it ends.")
    monitor_ids = ListField(child=IdField(), required=False)
    service_group_id = IdField(required=False, allow_null=True)
    created_at = InstantField(read_only=True)
    updated_at = InstantField(read_only=True)

    def to_representation(self, instance: Deployment) -> dict[str, Any]:
        return {
            "id": instance.pk,
            "name": instance.name,
            "version": instance.release,
            "author": instance.author,
            "link": instance.link,
            "state": instance.state,
            "scheduledStartAt": _instant(instance.scheduled_start_at),
            "scheduledEndAt": _instant(instance.scheduled_end_at),
            "startedAt": _instant(instance.started_at),
            "endedAt": _instant(instance.ended_at),
            "autoPause": instance.auto_pause,
            "monitorIds": [one.pk for one in instance.monitors.all()],
            "serviceGroupId": instance.service_group_id,
            "createdAt": rfc3339(instance.created_at),
            "updatedAt": rfc3339(instance.updated_at),
        }


class OpeningSerializer(ApiSerializer):
    """One time at which a window is open."""

    starts_at = InstantField()
    ends_at = InstantField()


class WindowSerializer(ApiSerializer):
    """Time set aside for work."""

    id = IdField(read_only=True)
    name = TextField(max_length=120)
    description = TextField(max_length=1000, required=False, allow_blank=True)
    starts_at = InstantField(help_text="Start of the first opening; a rule counts from here.")
    ends_at = InstantField(help_text="End of the first opening.")
    rrule = TextField(max_length=300, required=False, allow_blank=True, help_text="For example FREQ=WEEKLY;BYDAY=SU.")
    timezone = TextField(max_length=64, required=False, help_text="On whose wall clock a rule repeats.")
    suppress_alerts = BooleanField(required=False, help_text="Incidents open, nobody is told until it is over.")
    suppress_incidents = BooleanField(required=False, help_text="What still fails at the end opens then.")
    show_on_status_page = BooleanField(required=False)
    monitor_ids = ListField(child=IdField(), required=False)
    service_group_id = IdField(required=False, allow_null=True)
    next_opening = OpeningSerializer(read_only=True, allow_null=True, help_text="The one that is not over yet.")
    created_at = InstantField(read_only=True)
    updated_at = InstantField(read_only=True)

    def to_representation(self, instance: MaintenanceWindow) -> dict[str, Any]:
        coming = next_opening(instance.plan, self.context["now"])
        return {
            "id": instance.pk,
            "name": instance.name,
            "description": instance.description,
            "startsAt": rfc3339(instance.starts_at),
            "endsAt": rfc3339(instance.ends_at),
            "rrule": instance.rrule,
            "timezone": instance.timezone,
            "suppressAlerts": instance.suppress_alerts,
            "suppressIncidents": instance.suppress_incidents,
            "showOnStatusPage": instance.show_on_status_page,
            "monitorIds": [one.pk for one in instance.monitors.all()],
            "serviceGroupId": instance.service_group_id,
            "nextOpening": {"startsAt": rfc3339(coming.start), "endsAt": rfc3339(coming.end)} if coming else None,
            "createdAt": rfc3339(instance.created_at),
            "updatedAt": rfc3339(instance.updated_at),
        }


class GroupSerializer(ApiSerializer):
    """Monitors that make up one service."""

    id = IdField(read_only=True)
    name = TextField(max_length=120)
    description = TextField(max_length=1000, required=False, allow_blank=True)
    monitor_ids = ListField(child=IdField(), required=False)
    status = ChoiceField(
        choices=Status.choices, read_only=True, allow_null=True, help_text="The worst of its monitors."
    )

    def to_representation(self, instance: ServiceGroup) -> dict[str, Any]:
        monitors = list(instance.monitors.all())
        return {
            "id": instance.pk,
            "name": instance.name,
            "description": instance.description,
            "monitorIds": [one.pk for one in monitors],
            "status": worst_of(one.state.status for one in monitors),
        }


def _instant(value: Any) -> str | None:
    return None if value is None else rfc3339(value)
