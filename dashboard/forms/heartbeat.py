"""The form of a heartbeat: what it is called, when its pings are expected, how long one may be late."""

from collections.abc import Mapping
from typing import Any, ClassVar
from zoneinfo import available_timezones

from django import forms

from dashboard.forms.base import ServiceForm, split_tags
from signals.heartbeat_settings import METHODS

PLACES = ("subject", "body")
VERDICTS = ("failure", "start", "success")
_SAYS = ("Failure", "Start", "Success")
UNITS = [(1, "seconds"), (60, "minutes"), (3600, "hours"), (86400, "days")]


def _words(label: str) -> forms.CharField:
    return forms.CharField(
        required=False, max_length=2_000, label=label, widget=forms.TextInput(attrs={"autocomplete": "off"})
    )


class HeartbeatForm(ServiceForm):
    """Makes `fields` for monitors.services from what a person typed."""

    pointers: ClassVar[Mapping[str, str]] = {
        "/name": "name",
        "/schedule": "interval_value",
        "/schedule/intervalSeconds": "interval_value",
        "/schedule/expression": "expression",
        "/schedule/timezone": "timezone",
        "/graceSeconds": "grace_value",
        "/failureTolerance": "failure_tolerance",
        "/maxRuntimeSeconds": "max_runtime_seconds",
        "/methods": "methods",
        "/filters": "success_body",
        "/slug": "slug",
        "/tags": "tags",
        "/description": "description",
    }

    name = forms.CharField(
        max_length=120,
        help_text="What the job is called.",
        widget=forms.TextInput(attrs={"placeholder": "Nightly backup"}),
    )
    kind = forms.ChoiceField(
        label="Schedule",
        choices=[("interval", "At an interval"), ("cron", "Cron expression"), ("oncalendar", "systemd OnCalendar")],
        initial="interval",
        widget=forms.RadioSelect,
    )
    interval_value = forms.IntegerField(label="Every", initial=1, min_value=1, required=False)
    interval_unit = forms.TypedChoiceField(label="Unit", coerce=int, choices=UNITS, initial=86400, required=False)
    expression = forms.CharField(
        required=False,
        max_length=300,
        help_text="Cron: 15 2 * * * is every day at 02:15. OnCalendar: Mon..Fri 02:15.",
        widget=forms.TextInput(attrs={"spellcheck": "false", "autocomplete": "off"}),
    )
    timezone = forms.ChoiceField(
        label="Time zone",
        choices=[(name, name) for name in sorted(available_timezones())],
        initial="UTC",
        required=False,
    )
    grace_value = forms.IntegerField(
        label="Grace", initial=5, min_value=0, help_text="How late a ping may be before the heartbeat is down."
    )
    grace_unit = forms.TypedChoiceField(label="Grace unit", coerce=int, choices=UNITS, initial=60)
    failure_tolerance = forms.IntegerField(
        label="Failures tolerated",
        initial=0,
        min_value=0,
        max_value=100,
        help_text="Reported failures in a row that are let pass.",
    )
    max_runtime_seconds = forms.IntegerField(
        label="Longest run",
        required=False,
        min_value=1,
        help_text="A start without an end by then is a failure.",
    )
    methods = forms.MultipleChoiceField(
        choices=[(name, "Email" if name == "EMAIL" else name) for name in METHODS],
        required=False,
        label="Methods that count",
        help_text="None chosen: all. A ping by another method is kept as a log.",
        widget=forms.CheckboxSelectMultiple,
    )
    failure_subject, start_subject, success_subject = (_words(f"{name} words in the subject") for name in _SAYS)
    failure_body, start_body, success_body = (_words(f"{name} words in the body") for name in _SAYS)
    slug = forms.SlugField(required=False, max_length=120, help_text="To ping by name with the workspace's ping key.")
    tags = forms.CharField(required=False, help_text="Words with commas in between.")
    description = forms.CharField(required=False, max_length=1000, widget=forms.Textarea(attrs={"rows": 2}))

    ADVANCED = ("failure_tolerance", "max_runtime_seconds", "slug", "tags", "description")
    WORDS = tuple(f"{verdict}_{place}" for place in PLACES for verdict in VERDICTS)

    def has_advanced_errors(self) -> bool:
        return any(name in self.errors for name in self.ADVANCED)

    def has_words(self) -> bool:
        """Whether the part on keywords stands open: something in it is set or wrong."""
        return any(name in self.errors or self[name].value() for name in ("methods", *self.WORDS))

    def word_fields(self) -> list[forms.BoundField]:
        return [self[name] for name in self.WORDS]

    def clean_tags(self) -> list[str]:
        return split_tags(self.cleaned_data["tags"])

    def clean(self) -> dict[str, Any]:
        data: dict[str, Any] = super().clean() or self.cleaned_data
        if data.get("kind") == "interval" and not data.get("interval_value") and "interval_value" not in self.errors:
            self.add_error("interval_value", "Say how often a ping is expected.")
        if (
            data.get("kind") in ("cron", "oncalendar")
            and not data.get("expression")
            and "expression" not in self.errors
        ):
            self.add_error("expression", "Write the expression of the schedule.")
        return data

    def schedule(self) -> dict[str, Any]:
        """The schedule as signals.schedules takes it."""
        data = self.cleaned_data
        if data["kind"] == "interval":
            return {"kind": "interval", "interval_seconds": data["interval_value"] * (data["interval_unit"] or 1)}
        return {"kind": data["kind"], "expression": data["expression"].strip(), "timezone": data["timezone"] or "UTC"}

    def _filters(self) -> dict[str, Any]:
        said = {
            place: {
                verdict: words
                for verdict in VERDICTS
                if (words := split_words(self.cleaned_data[f"{verdict}_{place}"]))
            }
            for place in PLACES
        }
        return {place: words for place, words in said.items() if words}

    def service_fields(self) -> dict[str, Any]:
        data = self.cleaned_data
        return {
            "name": data["name"],
            "description": data["description"],
            "tags": data["tags"],
            "settings": {
                "schedule": self.schedule(),
                "grace_seconds": data["grace_value"] * data["grace_unit"],
                "failure_tolerance": data["failure_tolerance"],
                "max_runtime_seconds": data["max_runtime_seconds"],
                "methods": data["methods"],
                "filters": self._filters(),
                "slug": data["slug"],
            },
        }


def initial_of(name: str, description: str, tags: list[str], settings: Mapping[str, Any]) -> dict[str, Any]:
    """What the form shows of a stored heartbeat."""
    schedule = settings["schedule"]
    every, every_unit = in_units(int(schedule.get("interval_seconds") or 86400))
    grace, grace_unit = in_units(int(settings["grace_seconds"]))
    return {
        "name": name,
        "description": description,
        "tags": ", ".join(tags),
        "kind": schedule["kind"],
        "interval_value": every,
        "interval_unit": every_unit,
        "expression": schedule.get("expression", ""),
        "timezone": schedule.get("timezone", "UTC"),
        "grace_value": grace,
        "grace_unit": grace_unit,
        "failure_tolerance": settings["failure_tolerance"],
        "max_runtime_seconds": settings["max_runtime_seconds"],
        "methods": settings["methods"],
        "slug": settings["slug"],
    } | {
        f"{verdict}_{place}": ", ".join(words)
        for place, said in settings["filters"].items()
        for verdict, words in said.items()
    }


def split_words(text: str) -> list[str]:
    """ "FAILED, disk full" as a list."""
    return [word.strip() for word in text.split(",") if word.strip()]


def in_units(seconds: int) -> tuple[int, int]:
    """Seconds as a whole number of the largest unit that fits."""
    unit = max((size for size, _ in UNITS if seconds and seconds % size == 0), default=1)
    return seconds // unit, unit
