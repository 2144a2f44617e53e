"""How often one caller may ask an endpoint of OAuth, counted over all web processes where the cache is shared."""

import time
from typing import NamedTuple

from django.core.cache import cache
from redis.exceptions import RedisError


class Rate(NamedTuple):
    """At most `most` times in `seconds`."""

    most: int
    seconds: int


KEYS = "oauth"
RATES = {
    "token": Rate(120, 60),
    "device-authorization": Rate(30, 60),
    "revoke": Rate(120, 60),
    "introspect": Rate(600, 60),
    "userinfo": Rate(120, 60),
    "user-code": Rate(10, 600),
}


def wait_for(endpoint: str, caller: str) -> int:
    """0 when `caller` may ask now, which counts; else the seconds until they may. Without its cache it lets pass."""
    rate = RATES[endpoint]
    window, past = divmod(int(time.time()), rate.seconds)
    key = f"{KEYS}:{endpoint}:{caller}:{window}"
    try:
        cache.add(key, 0, timeout=rate.seconds + 5)
        asked = cache.incr(key)
    except (RedisError, ValueError):
        return 0
    return 0 if asked <= rate.most else rate.seconds - past
