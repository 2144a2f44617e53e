"""The forms of a monitor's alert actions: email, SMS and webhook."""

from collections.abc import Iterable, Mapping
from typing import Any, ClassVar

from django import forms

from alerts.models import AlertEvent
from dashboard.forms.base import ServiceForm, lines
from monitors.models import Monitor

TYPES = [("email", "Email"), ("sms", "SMS"), ("webhook", "Webhook")]
EVENTS = [(one.value, one.label) for one in AlertEvent if one.value.startswith("incident_")]


class NewActionForm(forms.Form):
    """Which monitor an action is to be of, and how it tells; the form of that action comes after."""

    monitor = forms.TypedChoiceField(coerce=int, label="Monitor", help_text="Whose incidents are told.")
    type = forms.ChoiceField(choices=TYPES, initial="email", widget=forms.RadioSelect, label="Tell by")

    def offer(self, monitors: Iterable[Monitor]) -> None:
        """Sets what may be chosen."""
        field = self.fields["monitor"]
        assert isinstance(field, forms.ChoiceField)
        field.choices = [(one.pk, one.name) for one in monitors]


class AlertForm(ServiceForm):
    """What all have: a name, events, on or off."""

    name = forms.CharField(max_length=120, help_text="Who or what this tells.")
    events = forms.MultipleChoiceField(
        choices=EVENTS,
        initial=[AlertEvent.INCIDENT_OPEN, AlertEvent.INCIDENT_RESOLVED],
        widget=forms.CheckboxSelectMultiple,
        label="Tell when",
    )
    reminder_minutes = forms.IntegerField(
        label="Remind every",
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


class SmsForm(AlertForm):
    """Text messages."""

    pointers: ClassVar[Mapping[str, str]] = {
        "/name": "name",
        "/events": "events",
        "/phoneNumbers": "phone_numbers",
        "/reminderSeconds": "reminder_minutes",
    }
    phone_numbers = forms.CharField(
        widget=forms.Textarea(attrs={"rows": 3, "spellcheck": "false", "autocomplete": "off", "inputmode": "tel"}),
        help_text="One a line, up to 10, as +4915112345678. Each gets a code to confirm with before it gets alerts.",
    )
    field_order = ["name", "phone_numbers", "events", "reminder_minutes", "is_enabled"]

    def service_fields(self) -> dict[str, Any]:
        return self.common_fields() | {
            "phone_numbers": lines(self.cleaned_data["phone_numbers"].replace(",", "\n").replace(";", "\n"))
        }


class CodeForm(forms.Form):
    """The code that a phone number got."""

    error = ""
    number = forms.CharField(max_length=32, widget=forms.HiddenInput)
    code = forms.CharField(
        max_length=12, widget=forms.TextInput(attrs={"inputmode": "numeric", "autocomplete": "one-time-code"})
    )


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


FORMS: dict[str, type[EmailForm] | type[SmsForm] | type[WebhookForm]] = {
    "email": EmailForm,
    "sms": SmsForm,
    "webhook": WebhookForm,
}


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
    if type == "sms":
        return shown | {"phone_numbers": "\n".join(config["phoneNumbers"])}
    headers = "\n".join(f"{key}: {value}" for key, value in config.get("headers", {}).items())
    return shown | {"url": config["url"], "headers": headers}
