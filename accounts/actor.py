"""Who acts: handed as `by=` to every service, written into every audit row."""

from dataclasses import dataclass

from accounts.models import ApiToken, OAuthApplication, User


@dataclass(frozen=True, slots=True)
class Actor:
    """A person, perhaps through a token or an application, perhaps from an address; or the platform itself."""

    user: User | None = None
    token: ApiToken | None = None
    address: str | None = None
    application: OAuthApplication | None = None

    @property
    def label(self) -> str:
        return self.user.email if self.user else "system"


SYSTEM = Actor()
