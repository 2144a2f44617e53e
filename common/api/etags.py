"""Entity tags: who read a version may write over that version only (RFC 9110 section 13)."""

import hashlib
import re
from datetime import datetime
from typing import Any

from rest_framework.request import Request

from common.api.problems import PreconditionFailed
from common.api.renderers import to_json

_TAG = re.compile(r'(?:W/)?"([^"]*)"')


def version_of(instance: Any) -> str:
    """What counts the edits of an object: its id and `version`, or the microsecond of `updated_at`."""
    version = getattr(instance, "version", None)
    if version is None:
        at = getattr(instance, "updated_at", None)
        version = int(at.timestamp() * 1_000_000) if isinstance(at, datetime) else 0
    return f"{instance.pk}.{version}"


def entity_tag(instance: Any, body: Any) -> str:
    """`"<id>.<version>-<digest>"`: the first part changes with each edit, the second with anything that is shown."""
    return f'"{version_of(instance)}-{hashlib.blake2b(to_json(body), digest_size=8).hexdigest()}"'


def require_match(request: Request, instance: Any) -> None:
    """Raises PreconditionFailed when `If-Match` names no tag of the object's present version.

    Only the version is compared: a monitor that went down in between was not edited.
    """
    given = request.headers.get("If-Match", "").strip()
    if not given or given == "*":
        return
    if version_of(instance) not in (tag.rpartition("-")[0] for tag in _TAG.findall(given)):
        raise PreconditionFailed


def is_unchanged(request: Request, tag: str) -> bool:
    """Whether `If-None-Match` names `tag` (weak comparison), so that the answer is 304."""
    given = request.headers.get("If-None-Match", "").strip()
    return given == "*" or tag.strip('"') in _TAG.findall(given)
