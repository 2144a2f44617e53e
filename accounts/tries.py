"""How often an address and an account may try to sign in or ask for a new password; counted over all web processes."""

import hashlib
import time
from typing import NamedTuple

from django.core.cache import cache
from redis.exceptions import RedisError


class Bound(NamedTuple):
    """At most `most` tries in `seconds`."""

    most: int
    seconds: int


# Of an account few, for its password is being guessed; of an address more, for an office has one.
SIGN_IN = {"account": Bound(10, 900), "address": Bound(50, 900)}
RESET = {"account": Bound(3, 3600), "address": Bound(10, 900)}


def wait_for_sign_in(*, email: str, address: str | None) -> int:
    """0 when a try is allowed, which counts at once; else the seconds until the next may be."""
    return max(_take("sign-in", "account", email, SIGN_IN), _take("sign-in", "address", address or "local", SIGN_IN))


def forget_sign_ins(*, email: str, address: str | None) -> None:
    """The account's tries count no more, nor does the address's last: its person has proven who they are."""
    now = int(time.time())
    try:
        cache.delete(_key("sign-in", "account", email, now // SIGN_IN["account"].seconds))
        cache.decr(_key("sign-in", "address", address or "local", now // SIGN_IN["address"].seconds))
    except (RedisError, ValueError):
        return


def wait_for_reset(*, address: str | None) -> int:
    """0 when an address may ask for a new password, which counts; else the seconds until it may."""
    return _take("reset", "address", address or "local", RESET)


def may_send_reset(*, email: str) -> bool:
    """Whether another mail may go to this account; counts."""
    return _take("reset", "account", email, RESET) == 0


def _take(what: str, kind: str, who: str, bounds: dict[str, Bound]) -> int:
    """Counts before anything is looked up, so that tries at the same moment do not pass together."""
    bound = bounds[kind]
    window, past = divmod(int(time.time()), bound.seconds)
    key = _key(what, kind, who, window)
    try:
        cache.add(key, 0, timeout=bound.seconds + 5)
        made = cache.incr(key)
    except (RedisError, ValueError):
        return 0
    return 0 if made <= bound.most else bound.seconds - past


def _key(what: str, kind: str, who: str, window: int) -> str:
    digest = hashlib.sha256(who.strip().lower().encode()).hexdigest()[:32]
    return f"tries:{what}:{kind}:{digest}:{window}"
