"""OAuth 2.0 models of our own, swapped in before the first migration so that they can grow."""

from datetime import datetime
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from django.core.exceptions import ValidationError
from django.db import models
from oauth2_provider.models import AbstractApplication, AbstractDeviceGrant, AbstractGrant

from accounts.oauth.redirects import problem_of
from accounts.oauth.scopes import OAUTH_SCOPES

if TYPE_CHECKING:
    from accounts.models import User


class OAuthApplication(AbstractApplication):
    """A client (RFC 6749 section 2): belongs to whoever registered it, in the workspace where they did.

    One that acts for nobody (client credentials) acts in that workspace, as that person.
    """

    workspace = models.ForeignKey("accounts.Workspace", models.CASCADE, null=True, blank=True, related_name="+")
    scopes = models.JSONField(default=list, blank=True, help_text="The most that it may ask for.")

    class Meta(AbstractApplication.Meta):
        swappable = "OAUTH2_PROVIDER_APPLICATION_MODEL"
        verbose_name = "OAuth application"

    @property
    def is_public(self) -> bool:
        """Whether it runs where it can keep no secret."""
        return bool(self.client_type == self.CLIENT_PUBLIC)

    @property
    def is_machine(self) -> bool:
        """Whether it acts for nobody but itself."""
        return bool(self.authorization_grant_type == self.GRANT_CLIENT_CREDENTIALS)

    @property
    def signs_people_in(self) -> bool:
        """Whether it may have ID tokens (OpenID Connect)."""
        return bool(self.algorithm == self.RS256_ALGORITHM) and not self.is_machine

    def allows_grant_type(self, *grant_types: str) -> bool:
        """An app on a device may always use device codes beside what it was registered for."""
        own = {self.authorization_grant_type}
        if self.is_public and self.GRANT_AUTHORIZATION_CODE in own:
            own.add(self.GRANT_DEVICE_CODE)
        return not own.isdisjoint(grant_types)

    def get_allowed_schemes(self) -> list[str]:
        """Those of its redirect addresses, which `clean` has judged."""
        return ["https", *{urlsplit(uri).scheme for uri in self.redirect_uris.split()}]

    def clean(self) -> None:
        errors: dict[str, list[str]] = {}
        for uri in self.redirect_uris.split():
            if problem := problem_of(uri):
                errors.setdefault("redirect_uris", []).append(f"{uri}: {problem}")
        if not isinstance(self.scopes, list) or any(scope not in OAUTH_SCOPES for scope in self.scopes):
            errors["scopes"] = [f"A list of: {', '.join(OAUTH_SCOPES)}."]
        if self.algorithm == self.HS256_ALGORITHM:
            errors["algorithm"] = ["ID tokens are signed with RS256 only."]
        if errors:
            raise ValidationError(errors)
        super().clean()


class OAuthGrant(AbstractGrant):
    """An authorization code on its way to a token (RFC 6749 section 4.1); `code` is its SHA-256."""

    workspace = models.ForeignKey("accounts.Workspace", models.CASCADE, null=True, related_name="+")

    class Meta(AbstractGrant.Meta):
        swappable = "OAUTH2_PROVIDER_GRANT_MODEL"
        verbose_name = "OAuth grant"


class OAuthDeviceGrant(AbstractDeviceGrant):
    """A device code waiting for its person (RFC 8628); `polled_at` serves `slow_down`, `device_code` is a SHA-256."""

    polled_at = models.DateTimeField(null=True, blank=True)
    workspace = models.ForeignKey("accounts.Workspace", models.CASCADE, null=True, related_name="+")

    class Meta(AbstractDeviceGrant.Meta):
        swappable = "OAUTH2_PROVIDER_DEVICE_GRANT_MODEL"
        verbose_name = "OAuth device grant"

    @property
    def is_pending(self) -> bool:
        """Whether nobody has decided yet."""
        return bool(self.status == self.AUTHORIZATION_PENDING)

    def is_past(self, now: datetime) -> bool:
        """Whether its time is over."""
        return bool(self.expires <= now)


class OAuthAccess(models.Model):
    """Where an access token acts. As `request.auth` it answers what an API token does: `id`, `scopes`."""

    token = models.OneToOneField("oauth2_provider.AccessToken", models.CASCADE, primary_key=True, related_name="access")
    workspace = models.ForeignKey("accounts.Workspace", models.CASCADE, related_name="+")
    code_digest = models.CharField(
        max_length=64, blank=True, editable=False, help_text="SHA-256 of the authorization code that it came from."
    )

    class Meta:
        verbose_name = "OAuth access"
        verbose_name_plural = "OAuth accesses"
        indexes = [
            models.Index(fields=["code_digest"], name="oauth_access_by_code", condition=~models.Q(code_digest=""))
        ]

    def __str__(self) -> str:
        return f"{self.token} in {self.workspace}"

    @property
    def id(self) -> str:
        """Never the id of an API token."""
        return f"oauth-{self.pk}"

    @property
    def application(self) -> OAuthApplication:
        found: OAuthApplication = self.token.application
        return found

    @property
    def user(self) -> "User":
        """Whom it acts for: the person who allowed it, or whoever registered a machine's application."""
        found: Any = self.token.user or self.application.user
        return found  # type: ignore[no-any-return]

    @property
    def user_id(self) -> int:
        return int(self.user.pk)

    @property
    def scopes(self) -> list[str]:
        """What it was given and its application may still have."""
        return [name for name in self.token.scope.split() if name in self.application.scopes]
