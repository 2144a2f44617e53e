"""The forms of Settings: the person, the workspace, API tokens."""

from zoneinfo import available_timezones

from django import forms

from accounts.scopes import SCOPES

EXPIRIES = [("", "Never"), ("7", "In 7 days"), ("30", "In 30 days"), ("90", "In 90 days"), ("365", "In a year")]


class ProfileForm(forms.Form):
    """Name and time zone of the signed-in person."""

    name = forms.CharField(max_length=120, required=False, widget=forms.TextInput(attrs={"autocomplete": "name"}))
    timezone = forms.ChoiceField(
        label="Time zone",
        choices=[(name, name) for name in sorted(available_timezones())],
        help_text="Times on these pages are shown in it.",
    )


class WorkspaceForm(forms.Form):
    """What the workspace is called."""

    name = forms.CharField(max_length=120)


class TokenForm(forms.Form):
    """A new API token."""

    name = forms.CharField(max_length=120, help_text="Where it is used, for example CI or Terraform.")
    scopes = forms.MultipleChoiceField(
        choices=[(name, f"{name}: {text}") for name, text in SCOPES.items()],
        initial=["monitor.admin", "user.read"],
        widget=forms.CheckboxSelectMultiple,
    )
    expires_in_days = forms.TypedChoiceField(
        label="Expires", choices=EXPIRIES, coerce=int, empty_value=None, required=False
    )
