"""Writes of accounts: people, workspaces, members, tokens."""

import secrets
import string
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.db import IntegrityError, transaction

from accounts import audit
from accounts.actor import SYSTEM, Actor
from accounts.models import ApiToken, Membership, Role, User, Workspace
from accounts.scopes import SCOPES
from accounts.selectors import digest
from common.invalid import Conflict
from common.times import rfc3339

_BASE62 = string.ascii_letters + string.digits
_USED_EVERY = timedelta(minutes=1)


class UnknownScope(ValueError):
    """A scope that the platform does not have; the message names it and those it has."""


class EmailTaken(ValueError):
    """Another person signs in with this address."""


@dataclass(frozen=True)
class NewToken:
    """A token just made: `secret` is shown this once."""

    token: ApiToken
    secret: str


@transaction.atomic
def create_user(
    *, email: str, password: str | None, name: str = "", is_operator: bool = False, by: Actor = SYSTEM
) -> User:
    """A person with a personal workspace that they own. Raises EmailTaken."""
    if User.objects.filter(email=email.strip().lower()).exists():
        raise EmailTaken(f"{email} has an account already")
    user = User.objects.create_user(email, password, name=name, is_staff=is_operator, is_superuser=is_operator)
    workspace = create_personal_workspace(user=user, by=by)
    audit.record(by=by, workspace=workspace, verb="create", target=user)
    return user


def create_personal_workspace(*, user: User, by: Actor) -> Workspace:
    """The workspace that every person has from the start, named after them."""
    return create_workspace(name=f"{user.get_short_name().capitalize()}'s workspace", owner=user, by=by)


@transaction.atomic
def create_linked_user(*, by: Actor, email: str, identity: Mapping[str, str] | None = None, **profile: str) -> User:
    """A person without a password, who signs in elsewhere: `identity` {identity_provider, identity_subject}, and
    `name`, `timezone`, `locale`. Raises Conflict when address or identity has an account.
    """
    try:
        user = create_user(email=email, password=None, name=profile.pop("name", ""), by=by)
        for name, value in {**profile, **(identity or {})}.items():
            setattr(user, name, value)
        with transaction.atomic():
            user.save()
    except EmailTaken as taken:
        raise Conflict(f"{taken}.") from taken
    except IntegrityError as error:
        raise Conflict("This identity has an account already.") from error
    return user


@transaction.atomic
def edit_user(*, user: User, workspace: Workspace, by: Actor, fields: Mapping[str, str]) -> User:
    """Changes name, timezone and locale, as far as given; written into the log of `workspace`."""
    changes = {
        name: [getattr(user, name), fields[name]]
        for name in ("name", "timezone", "locale")
        if name in fields and fields[name] != getattr(user, name)
    }
    for name, (_, after) in changes.items():
        setattr(user, name, after)
    if changes:
        user.save(update_fields=list(changes))
        audit.record(by=by, workspace=workspace, verb="edit", target=user, changes=changes)
    return user


@transaction.atomic
def create_workspace(*, name: str, owner: User, by: Actor) -> Workspace:
    """An empty workspace with one owner."""
    workspace = Workspace.objects.create(name=name, slug=Workspace.free_slug(name))
    Membership.objects.create(workspace=workspace, user=owner, role=Role.OWNER)
    audit.record(by=by, workspace=workspace, verb="create", target=workspace)
    return workspace


@transaction.atomic
def rename_workspace(*, workspace: Workspace, name: str, by: Actor) -> Workspace:
    """Another name, 1 to 120 characters; its slug stays."""
    before, workspace.name = Workspace.objects.values_list("name", flat=True).get(pk=workspace.pk), name
    workspace.save(update_fields=["name"])
    audit.record(by=by, workspace=workspace, verb="edit", target=workspace, changes={"name": [before, name]})
    return workspace


@transaction.atomic
def create_token(
    *, user: User, workspace: Workspace, name: str, scopes: Sequence[str], by: Actor, expires_at: datetime | None = None
) -> NewToken:
    """`ws_` and 40 base62 characters, 238 bits; stored as SHA-256. Raises UnknownScope."""
    _must_know(scopes)
    secret = _new_secret()
    token = ApiToken.objects.create(
        workspace=workspace,
        user=user,
        name=name,
        prefix=secret[:11],
        digest=digest(secret),
        scopes=sorted(set(scopes)),
        expires_at=expires_at,
    )
    audit.record(by=by, workspace=workspace, verb="create", target=token, changes={"scopes": [None, token.scopes]})
    return NewToken(token, secret)


@transaction.atomic
def edit_token(*, token: ApiToken, by: Actor, fields: Mapping[str, Any]) -> ApiToken:
    """Changes `name`, `scopes`, `expires_at` or `is_enabled`, as far as given, at once. Raises UnknownScope."""
    wanted = dict(fields)
    if "scopes" in wanted:
        _must_know(wanted["scopes"])
        wanted["scopes"] = sorted(set(wanted["scopes"]))
    changes = {name: [getattr(token, name), value] for name, value in wanted.items() if getattr(token, name) != value}
    for name, (_, after) in changes.items():
        setattr(token, name, after)
    if changes:
        token.save(update_fields=list(changes))
        told = {name: [_told(before), _told(after)] for name, (before, after) in changes.items()}
        audit.record(by=by, workspace=token.workspace, verb="edit", target=token, changes=told)
    return token


@transaction.atomic
def rotate_token(*, token: ApiToken, by: Actor) -> NewToken:
    """Another secret for the same token; the old one is dead at once, in every process."""
    secret = _new_secret()
    token.prefix, token.digest = secret[:11], digest(secret)
    token.save(update_fields=["prefix", "digest"])
    audit.record(by=by, workspace=token.workspace, verb="rotate", target=token)
    return NewToken(token, secret)


@transaction.atomic
def revoke_token(*, token: ApiToken, by: Actor) -> None:
    """Ends a token for good, at once."""
    audit.record(by=by, workspace=token.workspace, verb="revoke", target=token)
    token.delete()


def note_token_use(*, token: ApiToken, address: str | None, now: datetime) -> None:
    """Keeps when and from where a token was last used, to the minute."""
    if token.last_used_at and now - token.last_used_at < _USED_EVERY and token.last_used_address == address:
        return
    ApiToken.objects.filter(pk=token.pk).update(last_used_at=now, last_used_address=address)


def _must_know(scopes: Sequence[str]) -> None:
    unknown = sorted(set(scopes) - set(SCOPES))
    if unknown:
        raise UnknownScope(f"no scope {', '.join(unknown)}: choose among {', '.join(SCOPES)}")


def _new_secret() -> str:
    return "ws_" + "".join(secrets.choice(_BASE62) for _ in range(40))


def _told(value: Any) -> Any:
    return rfc3339(value) if isinstance(value, datetime) else value
