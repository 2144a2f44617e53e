"""Ends tokens: at once, with everything that they could be renewed by."""

from typing import Any

from django.db import transaction
from django.db.models import QuerySet
from oauth2_provider.models import clear_expired, get_access_token_model, get_refresh_token_model

from accounts import audit
from accounts.actor import Actor
from accounts.models import OAuthAccess, OAuthApplication, OAuthDeviceGrant, OAuthGrant, User, Workspace


def revoke_what_code_gave(*, code_digest: str, application: OAuthApplication) -> None:
    """A code came twice: what it was once exchanged for ends (RFC 6749 section 4.1.2)."""
    _end(OAuthAccess.objects.filter(code_digest=code_digest, token__application=application))


@transaction.atomic
def revoke_authorization(*, user: User, application: OAuthApplication, workspace: Workspace, by: Actor) -> bool:
    """Ends all that `application` may do for `user` in `workspace`; whether there was anything."""
    given = {"user": user, "workspace": workspace}
    ended = _end(OAuthAccess.objects.filter(token__user=user, token__application=application, workspace=workspace))
    OAuthGrant.objects.filter(application=application, **given).delete()
    OAuthDeviceGrant.objects.filter(client_id=application.client_id, **given).delete()
    if ended:
        audit.record(by=by, workspace=workspace, verb="revoke", target=application)
    return ended


def end_machine_tokens(application: OAuthApplication) -> None:
    """Ends the tokens that an application has for itself."""
    _end(OAuthAccess.objects.filter(token__application=application, token__user__isnull=True))


def clear_tokens() -> None:
    """Deletes tokens and codes that can be used no more; those that tell of reuse stay as long as they can."""
    clear_expired()


def _end(accesses: "QuerySet[OAuthAccess]") -> bool:
    access_tokens: Any = get_access_token_model().objects
    refresh_tokens: Any = get_refresh_token_model().objects
    keys = list(accesses.values_list("pk", flat=True))
    renewing = refresh_tokens.filter(access_token__in=keys)
    families = list(renewing.exclude(token_family=None).values_list("token_family", flat=True))
    refresh_tokens.filter(token_family__in=families).delete()
    renewing.delete()
    access_tokens.filter(pk__in=keys).delete()
    return bool(keys)
