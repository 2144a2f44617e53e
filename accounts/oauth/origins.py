"""Which web pages may call the API: those of apps in the browser that are registered, and those of the operator."""

import re
from typing import Any

from django.conf import settings
from django.core.cache import cache
from django.db import transaction
from django.http import HttpRequest
from redis.exceptions import RedisError

from accounts.models import OAuthApplication

KEY = "oauth:origins"
KEPT_SECONDS = 60


def is_registered(*, request: HttpRequest, **_: Any) -> bool:
    """Whether the page that asks is of an app in the browser; for `corsheaders.signals.check_request_enabled`."""
    origin = request.headers.get("Origin")
    if not origin or not re.match(settings.CORS_URLS_REGEX, request.path_info):
        return False
    return origin.lower() in registered_origins()


def registered_origins() -> frozenset[str]:
    """The origins of all apps in the browser, read at most once a minute and after each edit."""
    try:
        found = cache.get(KEY)
        if found is None:
            found = _read()
            cache.set(KEY, found, KEPT_SECONDS)
    except RedisError:
        found = _read()
    return frozenset(found)


def forget(**_: Any) -> None:
    """An application was written: its origins are read again after the commit."""
    transaction.on_commit(lambda: cache.delete(KEY), robust=True)


def _read() -> list[str]:
    rows = OAuthApplication.objects.exclude(allowed_origins="").values_list("allowed_origins", flat=True)
    return sorted({origin.lower() for row in rows for origin in row.split()})
