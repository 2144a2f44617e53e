"""The forms of a monitor's alert actions: email and webhook."""

from collections.abc import Mapping
from typing import Any, ClassVar

from django import forms

from alerts.models import AlertEvent
from dashboard.forms.base import ServiceForm, lines

EVENTS = [(one.value, one.label) for one in AlertEvent if one.value.startswith("incident_")]


class AlertForm(ServiceForm):
    """What both have: a name, events, on or off."""

    name = forms.CharField(max_length=120, help_text="Who or what this tells.")
    events = forms.MultipleChoiceField(
        choices=EVENTS,
        initial=[AlertEvent.INCIDENT_OPEN, AlertEvent.INCIDENT_RESOLVED],
        widget=forms.CheckboxSelectMultiple,
        label="Tell when",
    )
    reminder_minutes = forms.IntegerField(
        label="Remind every (minutes)",
        required=False,
        min_value=1,
        max_value=1440,
        help_text="While the incident is open and nobody has acknowledged it.",
    )
    is_enabled = forms.BooleanField(label="Enabled", required=False, initial=True)

    def common_fields(self) -> dict[str, Any]:
        data = self.cleaned_data
        minutes = data["reminder_minutes"]
        return {
            "name": data["name"],
            "events": data["events"],
            "is_enabled": data["is_enabled"],
            "reminder_seconds": minutes * 60 if minutes else None,
        }


class EmailForm(AlertForm):
    """An email action."""

    pointers: ClassVar[Mapping[str, str]] = {
        "/name": "name",
        "/events": "events",
        "/recipients": "recipients",
        "/reminderSeconds": "reminder_minutes",
    }
    recipients = forms.CharField(
        widget=forms.Textarea(attrs={"rows": 3, "spellcheck": "false", "autocomplete": "off"}),
        help_text="One address a line, up to 20. Those of people outside the workspace are asked to confirm first.",
    )
    field_order = ["name", "recipients", "events", "reminder_minutes", "is_enabled"]

    def service_fields(self) -> dict[str, Any]:
        return self.common_fields() | {"recipients": lines(self.cleaned_data["recipients"].replace(",", "\n"))}


class WebhookForm(AlertForm):
    """A webhook action; its secret is made by the platform and shown once."""

    pointers: ClassVar[Mapping[str, str]] = {
        "/name": "name",
        "/events": "events",
        "/url": "url",
        "/headers": "headers",
        "/reminderSeconds": "reminder_minutes",
    }
    url = forms.CharField(
        label="URL",
        max_length=2048,
        widget=forms.URLInput(attrs={"placeholder": "https://", "autocomplete": "off"}),
        help_text="Gets a POST with JSON, signed with HMAC-SHA256.",
    )
    headers = forms.CharField(
        required=False,
        widget=forms.Textarea(attrs={"rows": 2, "spellcheck": "false"}),
        help_text="One a line, as Name: value.",
    )
    field_order = ["name", "url", "headers", "events", "reminder_minutes", "is_enabled"]

    def clean_headers(self) -> dict[str, str]:
        pairs = [line.partition(":") for line in lines(self.cleaned_data["headers"])]
        if any(not colon for _, colon, _ in pairs):
            raise forms.ValidationError("Write each header as Name: value on a line of its own.")
        return {name.strip(): value.strip() for name, _, value in pairs}

    def service_fields(self) -> dict[str, Any]:
        data = self.cleaned_data
        return self.common_fields() | {"url": data["url"].strip(), "headers": data["headers"]}


FORMS: dict[str, type[EmailForm] | type[WebhookForm]] = {"email": EmailForm, "webhook": WebhookForm}


def initial_of(type: str, name: str, rule: Mapping[str, Any], config: Mapping[str, Any]) -> dict[str, Any]:
    """What the form shows of a stored action; `config` as its channel describes it."""
    shown = {
        "name": name,
        "events": rule["events"],
        "is_enabled": rule["is_enabled"],
        "reminder_minutes": (rule["reminder_seconds"] or 0) // 60 or None,
    }
    if type == "email":
        return shown | {"recipients": "\n".join(config["recipients"])}
    headers = "\n".join(f"{key}: {value}" for key, value in config.get("headers", {}).items())
    return shown | {"url": config["url"], "headers": headers}
