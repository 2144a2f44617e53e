"""The form by which operators make and edit monitors; judged and written by monitors.services, as the API's bodies."""

from collections.abc import Mapping
from typing import Any

from django import forms
from unfold.widgets import UnfoldAdminTextareaWidget, UnfoldAdminTextInputWidget

from common import clock
from common.admin import ServiceForm
from monitors.fields import DEFAULTS
from monitors.kinds import kinds
from monitors.models import Monitor, Region
from monitors.services import create_monitor, edit_monitor

# Keys to a heartbeat: made once, shown to the workspace's people, not here.
_NOT_SHOWN = ("token", "ping_url")


class CommaList(forms.CharField):
    """A list of words, or of whole numbers, with commas between."""

    widget = UnfoldAdminTextInputWidget

    def __init__(self, *, of: type = str, **more: Any) -> None:
        self.of = of
        super().__init__(required=False, **more)

    def prepare_value(self, value: Any) -> Any:
        return ", ".join(str(one) for one in value) if isinstance(value, list) else value

    def clean(self, value: Any) -> Any:
        words = [word.strip() for word in str(super().clean(value)).split(",") if word.strip()]
        try:
            return [self.of(word) for word in words]
        except ValueError as error:
            raise forms.ValidationError("Give whole numbers with commas between.") from error

    def has_changed(self, initial: Any, data: Any) -> bool:
        return super().has_changed(self.prepare_value(initial), data)


class MonitorForm(ServiceForm[Monitor]):
    """A monitor with the settings of its type as JSON."""

    type = forms.ChoiceField(choices=lambda: [(name, kind.label) for name, kind in kinds])
    settings = forms.JSONField(
        widget=UnfoldAdminTextareaWidget({"rows": 18, "class": "font-mono"}),
        help_text="What its type needs, in snake_case. A masked secret that stays masked keeps its value; "
        "what is left out keeps its value too, null takes it away.",
    )
    tags = CommaList(help_text="With commas between.")
    ssl_expiry_days = CommaList(of=int, help_text="Days before a certificate ends, with commas between.")
    regions = forms.ModelMultipleChoiceField(
        Region.objects.filter(is_enabled=True), required=False, help_text="Where it is checked from."
    )
    is_paused = forms.BooleanField(required=False, label="Paused")

    class Meta:
        model = Monitor
        fields = (
            "workspace",
            "type",
            "name",
            "description",
            "interval_seconds",
            "timeout_ms",
            "tags",
            "service_group",
            "quorum",
            "fail_after_consecutive",
            "resolve_after_consecutive_success",
            "latency_threshold_ms",
            "ssl_expiry_days",
            "depends_on",
            "external_key",
        )

    def __init__(self, *args: Any, **more: Any) -> None:
        super().__init__(*args, **more)
        monitor = self.instance if self.instance.pk else None
        if monitor is None:
            self.initial = {**DEFAULTS, "regions": Region.objects.filter(key__in=DEFAULTS["regions"]), **self.initial}
            self.initial.setdefault("settings", {"url": "https://"})
            return
        shown = kinds[monitor.type].settings_of(monitor)
        self.initial["settings"] = {name: value for name, value in shown.items() if name not in _NOT_SHOWN}
        self.initial["regions"] = Region.objects.filter(pk__in=monitor.region_states.values("region"))

    def clean_external_key(self) -> str | None:
        """An empty field is no key, not an empty one that two monitors would share."""
        return self.cleaned_data["external_key"] or None

    def write(self, values: Mapping[str, Any]) -> Monitor:
        fields = _for_service(values)
        now = clock.now()
        if self.instance.pk:
            is_probed = kinds[self.instance.type].is_probed
            kept = {name: value for name, value in fields.items() if is_probed or name != "regions"}
            return edit_monitor(monitor=self.instance, by=self.actor, now=now, fields=kept, whole=True)
        workspace = fields.pop("workspace")
        fields["regions"] = fields["regions"] or DEFAULTS["regions"]
        return create_monitor(workspace=workspace, by=self.actor, now=now, fields=fields)

    def field_of(self, pointer: str) -> str | None:
        """Errors of a type's own settings stand at the field of settings."""
        return {"/paused": "is_paused"}.get(pointer) or super().field_of(pointer) or "settings"


def _for_service(values: Mapping[str, Any]) -> dict[str, Any]:
    fields = dict(values)
    fields["paused"] = fields.pop("is_paused")
    fields["regions"] = [region.key for region in fields["regions"]]
    fields["depends_on"] = [monitor.pk for monitor in fields["depends_on"]]
    return fields
