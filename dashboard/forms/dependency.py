"""The form of a dependency: its name, who watches it, who needs it, and an operator's word on it."""

from collections.abc import Iterable, Mapping
from typing import Any, ClassVar

from django import forms

from dashboard.forms.base import ServiceForm
from monitors.models import Monitor
from signals.models import Dependency

PINS = [("", "Not pinned"), ("OK", "Pinned as OK"), ("DOWN", "Pinned as down")]


class DependencyForm(ServiceForm):
    """Makes `fields` for signals.dependencies from what a person chose."""

    pointers: ClassVar[Mapping[str, str]] = {
        "/name": "name",
        "/description": "description",
        "/monitorId": "monitor_id",
        "/pinnedStatus": "pinned_status",
        "/dependentIds": "dependent_ids",
    }
    name = forms.CharField(
        max_length=120,
        help_text="As pings call it in <code>dependencies</code>, to the letter.",
        widget=forms.TextInput(attrs={"placeholder": "Orders database"}),
    )
    description = forms.CharField(required=False, max_length=1000, widget=forms.Textarea(attrs={"rows": 2}))
    monitor_id = forms.TypedChoiceField(
        coerce=int,
        empty_value=None,
        required=False,
        label="Watched by",
        help_text="Its status then follows this monitor instead of reports.",
    )
    pinned_status = forms.ChoiceField(
        choices=PINS,
        required=False,
        label="Pin",
        help_text="Your word on it, which counts more than monitor and reports until it is taken back.",
    )
    dependent_ids = forms.TypedMultipleChoiceField(
        coerce=int,
        required=False,
        label="Needed by",
        help_text="A monitor whose pings name it is added by itself.",
        widget=forms.CheckboxSelectMultiple,
    )

    def offer(self, monitors: Iterable[Monitor]) -> None:
        """Sets what may be chosen."""
        named = [(one.pk, one.name) for one in monitors]
        for name, choices in (("monitor_id", [("", "No monitor"), *named]), ("dependent_ids", named)):
            field = self.fields[name]
            assert isinstance(field, forms.ChoiceField)
            field.choices = choices

    def service_fields(self) -> dict[str, Any]:
        return self.cleaned_data | {"pinned_status": self.cleaned_data["pinned_status"] or None}


def initial_of(dependency: Dependency) -> dict[str, Any]:
    """What the form shows of a stored dependency."""
    plain = ("name", "description", "monitor_id", "pinned_status")
    ids = [link.monitor_id for link in dependency.links.all()]
    return {name: getattr(dependency, name) for name in plain} | {"dependent_ids": ids}
