"""What a person decides: on the consent page, and for a device."""

from collections.abc import Iterable

from django import forms
from oauth2_provider.forms import AllowForm

from accounts.models import Membership
from accounts.oauth.generators import as_user_code


def workspace_choices(found: Iterable[Membership]) -> list[tuple[str, str]]:
    """Workspaces by id, each with the person's role there."""
    return [(str(one.workspace_id), f"{one.workspace.name} (as {one.get_role_display()})") for one in found]


class ConsentForm(AllowForm):
    """Yes or no, and for which workspace; what the application asked for rides along, hidden."""

    workspace = forms.ChoiceField(help_text="It sees and changes nothing in your other workspaces.")


class UserCodeForm(forms.Form):
    """The code that a device shows."""

    user_code = forms.CharField(
        label="Code",
        max_length=20,
        help_text="Eight letters, such as WDJB-MJHT.",
        widget=forms.TextInput(attrs={"autocomplete": "off", "autocapitalize": "characters", "spellcheck": "false"}),
    )

    def clean_user_code(self) -> str:
        return as_user_code(self.cleaned_data["user_code"])


class DeviceForm(forms.Form):
    """Yes or no for a device, and for which workspace."""

    user_code = forms.CharField(max_length=20, widget=forms.HiddenInput)
    workspace = forms.ChoiceField(required=False, help_text="It sees and changes nothing in your other workspaces.")

    def clean_user_code(self) -> str:
        return as_user_code(self.cleaned_data["user_code"])
