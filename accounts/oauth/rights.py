"""What an application may ask for: its own list of scopes, cut by the role of whoever it acts for."""

from collections.abc import Iterable
from typing import Any

from oauth2_provider.scopes import BaseScopes
from oauth2_provider.settings import oauth2_settings

from accounts.models import Membership, OAuthApplication, Role, User
from accounts.oauth.scopes import IDENTITY_SCOPES, LEAST_ROLE
from accounts.roles import at_least
from accounts.selectors import memberships


class OfferedScopes(BaseScopes):
    """The library's question of which scopes there are, answered for one application."""

    def get_all_scopes(self) -> dict[str, str]:
        return dict(oauth2_settings.SCOPES)

    def get_available_scopes(
        self, application: OAuthApplication | None = None, request: Any = None, *args: Any, **kwargs: Any
    ) -> list[str]:
        offered = self.get_all_scopes()
        if application is None:
            return list(offered)
        names = [name for name in application.scopes if name in offered]
        return names if application.signs_people_in else [name for name in names if name not in IDENTITY_SCOPES]

    def get_default_scopes(
        self, application: OAuthApplication | None = None, request: Any = None, *args: Any, **kwargs: Any
    ) -> list[str]:
        return list(oauth2_settings.DEFAULT_SCOPES)


def above_role(role: str, scopes: Iterable[str]) -> list[str]:
    """Those of `scopes` that need a higher role than `role`."""
    return [name for name in scopes if not at_least(role, LEAST_ROLE.get(name, Role.VIEWER))]


def fitting_memberships(user: User, scopes: Iterable[str]) -> list[Membership]:
    """Where `user` may give all of `scopes`; their default workspace first."""
    wanted = list(scopes)
    return [one for one in memberships(user) if not above_role(one.role, wanted)]
