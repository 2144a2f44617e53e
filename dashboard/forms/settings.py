"""The forms of Settings: the person, the workspace, API tokens."""

from typing import Any
from zoneinfo import available_timezones

from django import forms

from accounts.models import User
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


class ResetForm(forms.Form):
    """Whose password is to be chosen anew."""

    email = forms.EmailField(max_length=254, widget=forms.EmailInput(attrs={"autocomplete": "email"}))


class DeleteAccountForm(forms.Form):
    """The word that makes sure, and the password where there is one."""

    email = forms.EmailField(
        label="Your email address", max_length=254, help_text="To make sure.", widget=forms.EmailInput()
    )
    password = forms.CharField(widget=forms.PasswordInput(attrs={"autocomplete": "current-password"}), required=False)

    def __init__(self, *args: Any, user: User, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.user = user
        if not user.has_usable_password():
            del self.fields["password"]

    def clean_email(self) -> str:
        email = str(self.cleaned_data["email"]).lower()
        if email != self.user.email:
            raise forms.ValidationError("This is not the address that you sign in with.")
        return email

    def clean_password(self) -> str:
        password = str(self.cleaned_data["password"])
        if not self.user.check_password(password):
            raise forms.ValidationError("This is not your password.")
        return password
