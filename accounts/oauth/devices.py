"""Device codes (RFC 8628): asked for by a device, typed and decided by a person, polled for by the device."""

from datetime import datetime, timedelta

from django.db import transaction
from oauthlib.oauth2.rfc8628.grant_types import DeviceCodeGrant

from accounts import audit
from accounts.actor import Actor
from accounts.models import Membership, OAuthDeviceGrant
from accounts.oauth.generators import user_code
from accounts.oauth.rights import above_role
from accounts.oauth.selectors import application_of, pending_device
from accounts.selectors import digest
from common.invalid import FieldError, Invalid

AUTHORIZED = DeviceCodeGrant.DEVICE_CODE_AUTHORIZED
SLOWER_BY_SECONDS = 5
# A device that waits as long as it was told may still arrive a little early.
_TOLERATED = timedelta(seconds=0.5)
_KEPT_FOR = timedelta(days=1)


def free_user_code() -> str:
    """A user code that no device has."""
    code = user_code()
    while OAuthDeviceGrant.objects.filter(user_code=code).exists():
        code = user_code()
    return code


def open_device(
    *, device_code: str, typed: str, client_id: str, scope: str, interval: int, expires: datetime
) -> OAuthDeviceGrant:
    """Notes that a device waits; its code is kept as SHA-256."""
    opened: OAuthDeviceGrant = OAuthDeviceGrant.objects.create(
        device_code=digest(device_code),
        user_code=typed,
        client_id=client_id,
        scope=scope,
        interval=interval,
        expires=expires,
    )
    return opened


def poll(*, device_digest: str, client_id: str, now: datetime) -> tuple[str | None, OAuthDeviceGrant | None]:
    """What a device hears (RFC 8628 section 3.5) and, once it is allowed, its grant, locked; None for another's code.

    Call it in a transaction.
    """
    grant = OAuthDeviceGrant.objects.select_for_update().filter(device_code=device_digest).first()
    if grant is None or grant.client_id != client_id:
        return None, None
    if grant.is_past(now):
        return DeviceCodeGrant.DEVICE_CODE_EXPIRED, None
    if grant.status == OAuthDeviceGrant.DENIED:
        return DeviceCodeGrant.DEVICE_CODE_DENIED, None
    if not grant.is_pending:
        return AUTHORIZED, grant
    return _still_pending(grant, now), None


def _still_pending(grant: OAuthDeviceGrant, now: datetime) -> str:
    before, grant.polled_at = grant.polled_at, now
    is_too_fast = before is not None and now - before < timedelta(seconds=grant.interval) - _TOLERATED
    if is_too_fast:
        grant.interval += SLOWER_BY_SECONDS
    grant.save(update_fields=["polled_at", "interval"])
    return str(DeviceCodeGrant.DEVICE_CODE_SLOW_DOWN if is_too_fast else DeviceCodeGrant.DEVICE_CODE_PENDING)


@transaction.atomic
def allow_device(*, typed: str, membership: Membership, by: Actor, now: datetime) -> None:
    """Lets the device act for `membership`. Raises Invalid for a code that waits no more or scopes above the role."""
    grant = _locked(typed, now)
    if lacking := above_role(membership.role, grant.scope.split()):
        detail = f"Your role in {membership.workspace} does not allow {', '.join(lacking)}."
        raise Invalid([FieldError("/workspace", "role", detail)])
    grant.user, grant.workspace, grant.status = membership.user, membership.workspace, OAuthDeviceGrant.AUTHORIZED
    grant.save(update_fields=["user", "workspace", "status"])
    if application := application_of(grant):
        changes = {"scopes": [None, grant.scope.split()]}
        audit.record(by=by, workspace=membership.workspace, verb="authorize", target=application, changes=changes)


@transaction.atomic
def deny_device(*, typed: str, now: datetime) -> None:
    """The device hears `access_denied`. Raises Invalid for a code that waits no more."""
    grant = _locked(typed, now)
    grant.status = OAuthDeviceGrant.DENIED
    grant.save(update_fields=["status"])


def clear_devices(*, now: datetime) -> int:
    """Forgets devices whose time was over a day ago; how many."""
    return int(OAuthDeviceGrant.objects.filter(expires__lt=now - _KEPT_FOR).delete()[0])


def _locked(typed: str, now: datetime) -> OAuthDeviceGrant:
    found = pending_device(typed, now)
    waiting = OAuthDeviceGrant.objects.select_for_update()
    grant: OAuthDeviceGrant | None = waiting.filter(pk=found.pk).first() if found else None
    if grant is None or not grant.is_pending:
        raise Invalid([FieldError("/userCode", "unknown", "No device waits with this code: it may have run out.")])
    return grant
