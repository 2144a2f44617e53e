"""Keeps a monitor's secrets out of what a check shows, for some servers send back what they were sent. Pure."""

from base64 import b64encode
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any

from monitors.masking import MASK
from monitors.probes.base import Result
from monitors.probes.schema import Field
from monitors.probes.secret_headers import is_secret

LEAST_LENGTH = 6  # a shorter one would blot out words that are none


def hide_secrets(fields: Sequence[Field], result: Result) -> None:
    """Puts MASK in place of each secret of the check's settings, wherever the answer repeats it."""
    found = {one for one in _secrets_in(fields, result.check.settings) if len(one) >= LEAST_LENGTH}
    if not found:
        return
    secrets = sorted(found, key=len, reverse=True)
    result.detail = _hidden(result.detail, secrets)
    result.headers = tuple((name, _hidden(value, secrets)) for name, value in result.headers)
    result.redirects = tuple(_hidden(url, secrets) for url in result.redirects)
    result.assertions = tuple(replace(one, actual=_hidden(one.actual, secrets)) for one in result.assertions)
    result.facts = _hidden(result.facts, secrets)
    for secret in secrets:
        result.body_excerpt = result.body_excerpt.replace(secret.encode("utf-8", "replace"), MASK.encode())


def _hidden(value: Any, secrets: Sequence[str]) -> Any:
    if isinstance(value, str):
        for secret in secrets:
            value = value.replace(secret, MASK)
        return value
    if isinstance(value, Mapping):
        return {name: _hidden(one, secrets) for name, one in value.items()}
    return [_hidden(one, secrets) for one in value] if isinstance(value, list | tuple) else value


def _secrets_in(fields: Sequence[Field], settings: Mapping[str, Any]) -> Iterator[str]:
    for field in fields:
        value = settings.get(field.name)
        if not value:
            continue
        if field.secret:
            yield str(value)
        elif field.kind == "headers":
            for name, text in value.items():
                if is_secret(name, text):
                    yield from (text, *text.split())
        elif field.kind == "object":
            yield from _secrets_in(field.fields, value)
    if settings.get("username") and settings.get("password"):
        yield from _logins(settings["username"], settings["password"])


def _logins(username: str, password: str) -> Iterator[str]:
    """The two as they are sent: HTTP's Basic (RFC 7617), mail's PLAIN (RFC 4616)."""
    for together in (f"{username}:{password}", f"\0{username}\0{password}"):
        yield b64encode(together.encode()).decode()
