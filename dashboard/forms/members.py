"""The forms of members: a role, and an invitation with one."""

from collections.abc import Mapping
from typing import Any, ClassVar

from django import forms

from accounts.models import Role
from accounts.roles import at_least
from dashboard.forms.base import ServiceForm

# What each role adds to the next.
MAY: dict[Role, str] = {
    Role.OWNER: "everything, and says who else is an owner",
    Role.ADMIN: "also members, invitations, the audit log and everybody's tokens",
    Role.MEMBER: "monitors, alerts, incidents and planned work",
    Role.VIEWER: "sees all of it and changes nothing",
}


class RoleForm(ServiceForm):
    """A role, of those that a member with the role `given_by` may give."""

    pointers: ClassVar[Mapping[str, str]] = {"/role": "role"}

    role = forms.ChoiceField(choices=[], widget=forms.RadioSelect)

    def __init__(self, *args: Any, given_by: str, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["role"].choices = [  # type: ignore[attr-defined]
            (role.value, f"{role.label}: {text}") for role, text in MAY.items() if at_least(given_by, role)
        ]


class InvitationForm(RoleForm):
    """Whom to let in, as what."""

    pointers: ClassVar[Mapping[str, str]] = {"/email": "email", "/role": "role"}

    email = forms.EmailField(
        label="Email address", max_length=254, widget=forms.EmailInput(attrs={"autocomplete": "off"})
    )
    field_order = ("email", "role")
