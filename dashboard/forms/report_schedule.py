"""The form of a report schedule."""

from collections.abc import Iterable, Mapping
from typing import Any, ClassVar
from zoneinfo import available_timezones

from django import forms

from alerts.models import Channel, ReportCovers, ReportSchedule
from dashboard.forms.base import ServiceForm
from monitors.models import Monitor, ServiceGroup


class ReportScheduleForm(ServiceForm):
    """What a month's report is about, and where it goes."""

    pointers: ClassVar[Mapping[str, str]] = {
        "/name": "name",
        "/covers": "covers",
        "/monitorIds": "monitor_ids",
        "/serviceGroupId": "service_group_id",
        "/channelId": "channel_id",
        "/timezone": "timezone",
    }
    name = forms.CharField(
        max_length=120,
        widget=forms.TextInput(attrs={"placeholder": "Customer sites"}),
        help_text="The subject of the mail begins with it.",
    )
    covers = forms.ChoiceField(label="About", choices=ReportCovers.choices, initial=ReportCovers.ALL)
    monitor_ids = forms.TypedMultipleChoiceField(
        coerce=int, label="Monitors", required=False, widget=forms.CheckboxSelectMultiple
    )
    service_group_id = forms.TypedChoiceField(coerce=int, empty_value=None, label="Service group", required=False)
    channel_id = forms.TypedChoiceField(
        coerce=int,
        empty_value=None,
        label="Goes to",
        required=False,
        help_text="Email brings the figures with a PDF, a webhook JSON with a link, an SMS one line with a link.",
    )
    timezone = forms.ChoiceField(
        label="Time zone",
        choices=[(name, name) for name in sorted(available_timezones())],
        help_text="Its months are reported; the report is sent there at 07:00 on the first of the next month.",
    )
    is_enabled = forms.BooleanField(label="Enabled", required=False, initial=True)

    def offer(
        self, monitors: Iterable[Monitor], groups: Iterable[ServiceGroup], channels: Iterable[Channel]
    ) -> "ReportScheduleForm":
        """Sets what may be chosen."""
        self._choices("monitor_ids", [(one.pk, one.name) for one in monitors])
        self._choices("service_group_id", [("", "Choose one"), *((one.pk, one.name) for one in groups)])
        told = [(one.pk, f"{one.name} ({one.get_type_display()})") for one in channels]
        self._choices("channel_id", [("", "The workspace's owners, by email"), *told])
        return self

    def service_fields(self) -> dict[str, Any]:
        """Without what is hidden where another choice is made."""
        data = self.cleaned_data
        named = {
            ReportCovers.MONITORS: {"monitor_ids": data["monitor_ids"], "service_group_id": None},
            ReportCovers.SERVICE_GROUP: {"monitor_ids": [], "service_group_id": data["service_group_id"]},
        }.get(data["covers"], {"monitor_ids": [], "service_group_id": None})
        return {name: data[name] for name in ("name", "covers", "channel_id", "timezone", "is_enabled")} | named

    def _choices(self, name: str, choices: list[tuple[Any, str]]) -> None:
        field = self.fields[name]
        if isinstance(field, forms.ChoiceField):
            field.choices = choices


def schedule_initial(schedule: ReportSchedule) -> dict[str, Any]:
    """What the form shows of a stored schedule."""
    plain = ("name", "covers", "service_group_id", "channel_id", "timezone", "is_enabled")
    return {name: getattr(schedule, name) for name in plain} | {
        "monitor_ids": [one.pk for one in schedule.monitors.all()]
    }
