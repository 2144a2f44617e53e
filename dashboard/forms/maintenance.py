"""The forms of planned work: maintenance windows and deployments."""

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any, ClassVar
from zoneinfo import ZoneInfo, available_timezones

from django import forms
from django.utils import timezone

from dashboard.forms.base import ServiceForm
from monitors.models import Deployment, DeploymentState, MaintenanceWindow, Monitor, ServiceGroup

REPEATS = [
    ("", "Once"),
    ("FREQ=DAILY", "Every day"),
    ("FREQ=WEEKLY", "Every week"),
    ("FREQ=MONTHLY", "Every month"),
    ("custom", "By a rule"),
]
_MINUTE = "%Y-%m-%dT%H:%M"


class WallClockField(forms.CharField):
    """A date and a time as a browser's picker sends them, without a zone; the form knows which clock is meant."""

    widget = forms.DateTimeInput(attrs={"type": "datetime-local"}, format=_MINUTE)

    def clean(self, value: Any) -> Any:
        text = super().clean(value)
        if not text:
            return None
        try:
            found = datetime.fromisoformat(text)
        except ValueError as error:
            raise forms.ValidationError("Give a date and a time such as 2027-01-31T12:00.") from error
        if found.tzinfo is not None:
            raise forms.ValidationError("Give the time on the clock, without a zone.")
        return found


class CoverForm(ServiceForm):
    """What both have: a name, monitors and a service group to choose from."""

    name = forms.CharField(max_length=120)
    monitor_ids = forms.TypedMultipleChoiceField(
        coerce=int, label="Monitors", required=False, widget=forms.CheckboxSelectMultiple
    )
    service_group_id = forms.TypedChoiceField(coerce=int, empty_value=None, label="Service group", required=False)

    def offer(self, monitors: Iterable[Monitor], groups: Iterable[ServiceGroup]) -> None:
        """Sets what may be chosen; without groups there is nothing to ask."""
        self._choices("monitor_ids", [(one.pk, one.name) for one in monitors])
        listed: list[tuple[Any, str]] = [(one.pk, one.name) for one in groups]
        if listed:
            self._choices("service_group_id", [("", "None"), *listed])
        else:
            self.fields.pop("service_group_id", None)

    def _choices(self, name: str, choices: list[tuple[Any, str]]) -> None:
        field = self.fields.get(name)
        if isinstance(field, forms.ChoiceField):
            field.choices = choices

    def service_fields(self) -> dict[str, Any]:
        """The fields as the services of planned work take them."""
        return self.kept(("name", "monitor_ids", "service_group_id"))

    def kept(self, names: Iterable[str]) -> dict[str, Any]:
        return {name: self.cleaned_data[name] for name in names if name in self.cleaned_data}


class WindowForm(CoverForm):
    """A maintenance window."""

    pointers: ClassVar[Mapping[str, str]] = {
        "/name": "name",
        "/description": "description",
        "/startsAt": "starts",
        "/endsAt": "ends",
        "/timezone": "timezone",
        "/rrule": "rule",
        "/monitorIds": "monitor_ids",
        "/serviceGroupId": "service_group_id",
    }
    name = forms.CharField(max_length=120, widget=forms.TextInput(attrs={"placeholder": "Move to the new rack"}))
    starts = WallClockField(label="From")
    ends = WallClockField(label="To")
    timezone = forms.ChoiceField(
        label="Time zone",
        choices=[(name, name) for name in sorted(available_timezones())],
        help_text="A repeated window keeps its times on this clock when daylight saving begins or ends.",
    )
    repeat = forms.ChoiceField(label="Repeats", choices=REPEATS, required=False)
    rule = forms.CharField(
        required=False,
        max_length=300,
        help_text="RFC 5545: FREQ=WEEKLY;BYDAY=SU is every Sunday, FREQ=MONTHLY;BYDAY=1SU the first one of a month.",
        widget=forms.TextInput(attrs={"spellcheck": "false", "autocomplete": "off"}),
    )
    suppress_alerts = forms.BooleanField(
        required=False,
        initial=True,
        label="Hold back alerts",
        help_text="Incidents open; who is told hears at the end.",
    )
    suppress_incidents = forms.BooleanField(
        required=False, label="Hold back incidents", help_text="What still fails at the end opens then."
    )
    show_on_status_page = forms.BooleanField(required=False, initial=True, label="Show on status pages")
    description = forms.CharField(required=False, max_length=1000, widget=forms.Textarea(attrs={"rows": 2}))
    field_order = ["name", "starts", "ends", "timezone", "repeat", "rule", "monitor_ids", "service_group_id"]

    def clean(self) -> dict[str, Any]:
        data: dict[str, Any] = super().clean() or self.cleaned_data
        if data.get("repeat") == "custom" and not data.get("rule") and "rule" not in self.errors:
            self.add_error("rule", "Write the rule, for example FREQ=WEEKLY;BYDAY=SU.")
        return data

    def service_fields(self) -> dict[str, Any]:
        data = self.cleaned_data
        zone = ZoneInfo(data["timezone"])
        kept = ("name", "description", "timezone", "suppress_alerts", "suppress_incidents", "show_on_status_page")
        return self.kept((*kept, "monitor_ids", "service_group_id")) | {
            "starts_at": data["starts"].replace(tzinfo=zone),
            "ends_at": data["ends"].replace(tzinfo=zone),
            "rrule": data["rule"].strip() if data["repeat"] == "custom" else data["repeat"],
        }


class DeploymentForm(CoverForm):
    """A deployment; its times are on the person's own clock."""

    pointers: ClassVar[Mapping[str, str]] = {
        "/name": "name",
        "/version": "release",
        "/author": "author",
        "/link": "link",
        "/scheduledStartAt": "scheduled_start",
        "/scheduledEndAt": "scheduled_end",
        "/monitorIds": "monitor_ids",
        "/serviceGroupId": "service_group_id",
    }
    name = forms.CharField(max_length=120, widget=forms.TextInput(attrs={"placeholder": "Shop"}))
    release = forms.CharField(max_length=120, required=False, label="Version")
    author = forms.CharField(max_length=120, required=False)
    link = forms.CharField(
        max_length=2048, required=False, widget=forms.URLInput(attrs={"placeholder": "https://", "autocomplete": "off"})
    )
    auto_pause = forms.BooleanField(
        required=False, label="Pause what it covers", help_text="Watched again when the last deployment over it ends."
    )
    scheduled_start = WallClockField(required=False, label="Starts", help_text="Empty: at once.")
    scheduled_end = WallClockField(required=False, label="Ends by itself", help_text="Empty: when somebody ends it.")
    field_order = ["name", "release", "author", "link", "monitor_ids", "service_group_id", "auto_pause"]

    def narrow(self, deployment: Deployment) -> None:
        """Leaves out what is fixed by now."""
        fixed = []
        if deployment.state != DeploymentState.SCHEDULED:
            fixed += ["monitor_ids", "service_group_id", "auto_pause", "scheduled_start"]
        if deployment.state == DeploymentState.ENDED:
            fixed.append("scheduled_end")
        for name in fixed:
            self.fields.pop(name, None)

    def service_fields(self) -> dict[str, Any]:
        kept = ("name", "release", "author", "link", "auto_pause", "monitor_ids", "service_group_id")
        times = {
            f"{name}_at": self._instant(name) for name in ("scheduled_start", "scheduled_end") if name in self.fields
        }
        return self.kept(kept) | times

    def _instant(self, name: str) -> datetime | None:
        wall = self.cleaned_data[name]
        return None if wall is None else wall.replace(tzinfo=timezone.get_current_timezone())


def window_initial(window: MaintenanceWindow) -> dict[str, Any]:
    """What the form shows of a stored window."""
    zone = ZoneInfo(window.timezone)
    plain = ("name", "description", "timezone", "suppress_alerts", "suppress_incidents", "show_on_status_page")
    is_plain_rule = window.rrule in dict(REPEATS)
    return {name: getattr(window, name) for name in plain} | {
        "starts": window.starts_at.astimezone(zone).strftime(_MINUTE),
        "ends": window.ends_at.astimezone(zone).strftime(_MINUTE),
        "repeat": window.rrule if is_plain_rule else "custom",
        "rule": "" if is_plain_rule else window.rrule,
        "monitor_ids": [one.pk for one in window.monitors.all()],
        "service_group_id": window.service_group_id,
    }


def deployment_initial(deployment: Deployment) -> dict[str, Any]:
    """What the form shows of a stored deployment, on the present clock."""
    times = {"scheduled_start": deployment.scheduled_start_at, "scheduled_end": deployment.scheduled_end_at}
    shown = {name: at.astimezone(timezone.get_current_timezone()).strftime(_MINUTE) for name, at in times.items() if at}
    plain = ("name", "release", "author", "link", "auto_pause", "service_group_id")
    ids = [one.pk for one in deployment.monitors.all()]
    return {name: getattr(deployment, name) for name in plain} | shown | {"monitor_ids": ids}
