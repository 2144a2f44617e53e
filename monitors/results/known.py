"""What one check learned of its target, as JSON, and a number that tells whether it is something else. Pure."""

import hashlib
from collections.abc import Mapping
from functools import lru_cache
from typing import Any

import orjson

from monitors.probes.base import Certificate, Result
from monitors.results.evidence import certificate_of, told
from monitors.results.storable import json_value

# Counts down in a resolver's cache; shown, but no change.
_FLEETING = frozenset({"ttl"})


def facts_of(result: Result) -> dict[str, Any]:
    """All that a check learned beside its verdict, as JSON in snake_case; empty when that is nothing."""
    if not result.facts and result.certificate is None:
        return {}
    found: dict[str, Any] = json_value(result.facts)
    certificate = certificate_of(result)
    return found if certificate is None else {**found, "certificate": certificate}


def mark_of(facts: Mapping[str, Any]) -> int | None:
    """A number that is another one when the facts are; None without any."""
    lasting = {name: value for name, value in facts.items() if name not in _FLEETING}
    if not lasting:
        return None
    digest = hashlib.blake2b(orjson.dumps(lasting, option=orjson.OPT_SORT_KEYS), digest_size=7).digest()
    return int.from_bytes(digest)


@lru_cache(maxsize=4096)
def certificate_mark(certificate: Certificate) -> int | None:
    """The mark of a check that learned of a certificate and nothing else."""
    return mark_of({"certificate": told(certificate)})
