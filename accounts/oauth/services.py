"""Writes of OAuth applications: registered, edited, given another secret, removed."""

from collections.abc import Sequence
from dataclasses import dataclass

from django.db import models, transaction
from oauth2_provider.generators import generate_client_secret
from oauth2_provider.settings import oauth2_settings

from accounts import audit
from accounts.actor import Actor
from accounts.models import OAuthApplication, OAuthDeviceGrant, User, Workspace
from accounts.oauth.redirects import origins_of, problem_of
from accounts.oauth.revoking import end_machine_tokens
from accounts.oauth.scopes import IDENTITY_SCOPES
from common.invalid import Conflict, FieldError, Invalid

LONGEST_NAME = 80
MOST_REDIRECTS = 10


class Kind(models.TextChoices):
    """What people register; each stands for a type of client and its grants."""

    WEB = "web", "Web application: has a server that keeps a secret; people sign in"
    NATIVE = "native", "App on a device or in the browser: keeps no secret; people sign in or type a code"
    MACHINE = "machine", "Machine: acts by itself in this workspace, with your role at most"


@dataclass(frozen=True)
class NewApplication:
    """An application just registered; `secret` is shown this once, and empty for one that can keep none."""

    application: OAuthApplication
    secret: str


@transaction.atomic
def create_application(
    *,
    user: User,
    workspace: Workspace,
    kind: str,
    name: str,
    redirect_uris: Sequence[str],
    scopes: Sequence[str],
    by: Actor,
) -> NewApplication:
    """Registers a client of `user` in `workspace`. Raises Invalid with every wrong field."""
    _check(kind=kind, name=name, redirect_uris=redirect_uris, scopes=scopes)
    secret = "" if kind == Kind.NATIVE else generate_client_secret()
    application = OAuthApplication.objects.create(
        user=user,
        workspace=workspace,
        name=name,
        client_type=OAuthApplication.CLIENT_PUBLIC if kind == Kind.NATIVE else OAuthApplication.CLIENT_CONFIDENTIAL,
        authorization_grant_type=_grant(kind, redirect_uris),
        algorithm=_algorithm(kind),
        client_secret=secret,
        scopes=sorted(set(scopes)),
        **_redirects(kind, redirect_uris),
    )
    changes = {"scopes": [None, application.scopes]}
    audit.record(by=by, workspace=workspace, verb="create", target=application, changes=changes)
    return NewApplication(application, secret)


@transaction.atomic
def edit_application(
    *, application: OAuthApplication, name: str, redirect_uris: Sequence[str], scopes: Sequence[str], by: Actor
) -> OAuthApplication:
    """Another name, other redirect addresses or scopes; a scope taken away is gone from its tokens at once."""
    kind = kind_of(application)
    _check(kind=kind, name=name, redirect_uris=redirect_uris, scopes=scopes)
    wanted = {
        "name": name,
        "scopes": sorted(set(scopes)),
        "authorization_grant_type": _grant(kind, redirect_uris),
        **_redirects(kind, redirect_uris),
    }
    before = {field: getattr(application, field) for field in wanted}
    changes = {field: [before[field], wanted[field]] for field in wanted if before[field] != wanted[field]}
    for field, value in wanted.items():
        setattr(application, field, value)
    if changes:
        application.save(update_fields=[*changes, "updated"])
        told = {field: change for field, change in changes.items() if field in ("name", "scopes", "redirect_uris")}
        audit.record(by=by, workspace=_home(application), verb="edit", target=application, changes=told)
    return application


@transaction.atomic
def roll_secret(*, application: OAuthApplication, by: Actor) -> str:
    """Another secret, shown this once; the old one and a machine's tokens end at once. Raises Conflict without one."""
    if application.is_public:
        raise Conflict("This application keeps no secret.")
    secret = str(generate_client_secret())
    application.client_secret = secret
    application.save(update_fields=["client_secret", "updated"])
    end_machine_tokens(application)
    audit.record(by=by, workspace=_home(application), verb="roll", target=application)
    return secret


@transaction.atomic
def delete_application(*, application: OAuthApplication, by: Actor) -> None:
    """Removes it with all its tokens, at once."""
    audit.record(by=by, workspace=_home(application), verb="delete", target=application)
    OAuthDeviceGrant.objects.filter(client_id=application.client_id).delete()
    application.delete()


def kind_of(application: OAuthApplication) -> str:
    """Which kind it was registered as."""
    if application.is_machine:
        return Kind.MACHINE
    return Kind.NATIVE if application.is_public else Kind.WEB


def offered_scopes(kind: str) -> dict[str, str]:
    """The scopes that an application of this kind may be given."""
    names: dict[str, str] = oauth2_settings.SCOPES
    return {name: text for name, text in names.items() if kind != Kind.MACHINE or name not in IDENTITY_SCOPES}


def _check(*, kind: str, name: str, redirect_uris: Sequence[str], scopes: Sequence[str]) -> None:
    errors = []
    if kind not in Kind.values:
        errors.append(FieldError("/kind", "invalid_choice", f"Must be one of: {', '.join(Kind.values)}."))
    if not 1 <= len(name.strip()) <= LONGEST_NAME or not name.isprintable():
        errors.append(FieldError("/name", "length", f"Must have 1 to {LONGEST_NAME} printable characters."))
    errors += _redirect_errors(kind, redirect_uris)
    offered = offered_scopes(kind)
    if not scopes:
        errors.append(FieldError("/scopes", "required", "Choose at least one."))
    for index, scope in enumerate(scopes):
        if scope not in offered:
            errors.append(FieldError(f"/scopes/{index}", "invalid_choice", f"Must be one of: {', '.join(offered)}."))
    if errors:
        raise Invalid(errors)


def _redirect_errors(kind: str, uris: Sequence[str]) -> list[FieldError]:
    if kind == Kind.MACHINE and uris:
        return [FieldError("/redirectUris", "unused", "A machine is sent nowhere: leave it empty.")]
    if kind == Kind.WEB and not uris:
        return [FieldError("/redirectUris", "required", "Name at least one address that people are sent back to.")]
    if len(uris) > MOST_REDIRECTS:
        return [FieldError("/redirectUris", "too_many", f"At most {MOST_REDIRECTS}.")]
    problems = [(index, problem_of(uri)) for index, uri in enumerate(uris)]
    return [FieldError(f"/redirectUris/{index}", "invalid", problem) for index, problem in problems if problem]


def _redirects(kind: str, uris: Sequence[str]) -> dict[str, str]:
    # Only an app in the browser asks for tokens from a page; a server's secret has no business there.
    origins = origins_of(list(uris)) if kind == Kind.NATIVE else []
    return {"redirect_uris": " ".join(dict.fromkeys(uris)), "allowed_origins": " ".join(origins)}


def _grant(kind: str, uris: Sequence[str]) -> str:
    if kind == Kind.MACHINE:
        return str(OAuthApplication.GRANT_CLIENT_CREDENTIALS)
    return str(OAuthApplication.GRANT_AUTHORIZATION_CODE if uris else OAuthApplication.GRANT_DEVICE_CODE)


def _algorithm(kind: str) -> str:
    return "" if kind == Kind.MACHINE else str(OAuthApplication.RS256_ALGORITHM)


def _home(application: OAuthApplication) -> Workspace:
    home: Workspace | None = application.workspace
    if home is None:
        raise Conflict("This application belongs to the platform itself.")
    return home
