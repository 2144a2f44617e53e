"""The forms of OAuth applications: a new one, and what may be changed later."""

from typing import Any

from django import forms

from accounts.models import OAuthApplication
from accounts.oauth.services import LONGEST_NAME, Kind, kind_of, offered_scopes
from dashboard.forms.base import ServiceForm

_POINTERS = {"/kind": "kind", "/name": "name", "/redirectUris": "redirect_uris", "/scopes": "scopes"}


class ApplicationForm(ServiceForm):
    """What may be changed later; `application` is the one at work."""

    pointers = _POINTERS

    name = forms.CharField(max_length=LONGEST_NAME, help_text="What people read when they are asked to allow it.")
    redirect_uris = forms.CharField(
        label="Redirect addresses",
        required=False,
        widget=forms.Textarea(attrs={"rows": 3}),
        help_text="One a line: https://…, http://127.0.0.1/… for apps on a device, or an app's own scheme.",
    )
    scopes = forms.MultipleChoiceField(
        required=False, widget=forms.CheckboxSelectMultiple, help_text="The most that it may ask for."
    )

    def __init__(self, *args: Any, kind: str = Kind.WEB, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        choices = [(name, f"{name}: {text}") for name, text in offered_scopes(kind).items()]
        self.fields["scopes"].choices = choices  # type: ignore[attr-defined]

    def wanted(self) -> dict[str, Any]:
        """The values as the services take them."""
        return {**self.cleaned_data, "redirect_uris": self.cleaned_data["redirect_uris"].split()}


class NewApplicationForm(ApplicationForm):
    """A new application."""

    kind = forms.ChoiceField(choices=Kind.choices, initial=Kind.WEB, widget=forms.RadioSelect)
    field_order = ("name", "kind", "redirect_uris", "scopes")


def edit_form(application: OAuthApplication, data: Any = None) -> ApplicationForm:
    """The form of an application that exists, filled with what it has."""
    initial = {
        "name": application.name,
        "redirect_uris": "\n".join(application.redirect_uris.split()),
        "scopes": application.scopes,
    }
    return ApplicationForm(data, initial=initial, kind=kind_of(application))
