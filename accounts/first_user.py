"""The operator that a fresh installation starts with."""

import secrets
from typing import NamedTuple

from django.conf import settings

from accounts.models import User
from accounts.services import create_user


class FirstUser(NamedTuple):
    """The operator made now; `password` is what to show once."""

    user: User
    password: str


def make_first_user() -> FirstUser | None:
    """An operator from FIRST_USER_EMAIL and FIRST_USER_PASSWORD, or None when somebody exists already."""
    if User.objects.exists():
        return None
    given = settings.FIRST_USER_PASSWORD
    password = given or secrets.token_urlsafe(12)
    user = create_user(email=settings.FIRST_USER_EMAIL, password=password, is_operator=True)
    return FirstUser(user, "as given in FIRST_USER_PASSWORD" if given else password)
