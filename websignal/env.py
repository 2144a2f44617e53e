"""Reads the environment into typed values and remembers what it was asked, so that the docs can list it."""

import os
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from ipaddress import IPv4Network, IPv6Network, ip_network
from pathlib import Path
from typing import TypeVar
from urllib.parse import parse_qsl, unquote, urlsplit

from django.core.exceptions import ImproperlyConfigured

Network = IPv4Network | IPv6Network
T = TypeVar("T")


@dataclass(frozen=True)
class Variable:
    """One variable of the environment as the settings table shows it."""

    name: str
    kind: str
    default: str
    help: str


@dataclass
class Environment:
    """Typed access to `values`; each read declares the variable.

    A value that cannot be read raises `ImproperlyConfigured` naming the variable, the value and what is allowed.
    """

    values: Mapping[str, str] = field(default_factory=lambda: os.environ)
    declared: dict[str, Variable] = field(default_factory=dict)

    def text(self, name: str, default: str, help: str, *, shown: str | None = None) -> str:
        return self._read(name, "text", default, help, str, shown)

    def integer(self, name: str, default: int, help: str, *, at_least: int = 0, at_most: int = 2**31) -> int:
        def parse(raw: str) -> int:
            value = int(raw)
            if not at_least <= value <= at_most:
                raise ValueError
            return value

        return self._read(name, f"whole number, {at_least} to {at_most}", default, help, parse)

    def flag(self, name: str, default: bool, help: str, *, shown: str | None = None) -> bool:
        return self._read(name, "true or false", default, help, _flag, shown)

    def choice(self, name: str, default: str, help: str, *, among: Sequence[str], shown: str | None = None) -> str:
        def parse(raw: str) -> str:
            if raw not in among:
                raise ValueError
            return raw

        return self._read(name, " or ".join(f"`{word}`" for word in among), default, help, parse, shown)

    def url(self, name: str, default: str, help: str, *, schemes: Sequence[str], shown: str | None = None) -> str:
        def parse(raw: str) -> str:
            parts = urlsplit(raw)
            if parts.scheme not in schemes or not parts.hostname or parts.port == 0:
                raise ValueError
            return raw

        kind = " or ".join(f"`{scheme}://HOST…`" for scheme in schemes)
        return self._read(name, kind, default, help, parse, shown, is_secret="@" in self.values.get(name, ""))

    def words(self, name: str, default: Sequence[str], help: str, *, shown: str | None = None) -> list[str]:
        return self._read(name, "list with commas", list(default), help, _words, shown)

    def networks(self, name: str, help: str) -> list[Network]:
        def parse(raw: str) -> list[Network]:
            return [ip_network(word) for word in _words(raw)]

        return self._read(name, "list of networks (CIDR) with commas", [], help, parse)

    def path(self, name: str, default: Path, help: str, *, shown: str) -> Path:
        return self._read(name, "folder", default, help, lambda raw: Path(raw).expanduser().resolve(), shown)

    def database(self, name: str, default: str, help: str, *, shown: str) -> dict[str, object]:
        raw = self._read(name, "`postgresql://…` or `sqlite:///…`", default, help, str, shown)
        try:
            return parse_database_url(raw)
        except ValueError as error:
            raise ImproperlyConfigured(f"{name}: {error}") from error

    def _read(
        self,
        name: str,
        kind: str,
        default: T,
        help: str,
        parse: Callable[[str], T],
        shown: str | None = None,
        *,
        is_secret: bool = False,
    ) -> T:
        self.declared[name] = Variable(name, kind, _shown(default) if shown is None else shown, help)
        raw = self.values.get(name, "").strip()
        if not raw:
            return default
        try:
            return parse(raw)
        except ValueError as error:
            given = "(hidden)" if is_secret else repr(raw)
            raise ImproperlyConfigured(f"{name}={given} cannot be used. Allowed: {kind}. {help}") from error


def parse_database_url(url: str) -> dict[str, object]:
    """Django's database settings for a URL (RFC 3986); raises ValueError with what is allowed."""
    parts = urlsplit(url)
    if parts.scheme not in ("sqlite", "postgres", "postgresql"):
        raise ValueError("not a database this runs on. Use postgresql://USER:PASSWORD@HOST/NAME or sqlite:///FILE.")
    if not parts.path.strip("/"):
        raise ValueError("names no database: it is the part after the last slash.")
    if parts.scheme == "sqlite":
        return {"ENGINE": "django.db.backends.sqlite3", "NAME": unquote(parts.path[1:])}
    return {
        "ENGINE": "django.db.backends.postgresql",
        "NAME": unquote(parts.path[1:]),
        "USER": unquote(parts.username or ""),
        "PASSWORD": unquote(parts.password or ""),
        "HOST": unquote(parts.hostname or ""),
        "PORT": str(parts.port or ""),
        "OPTIONS": dict(parse_qsl(parts.query)),
    }


def _words(raw: str) -> list[str]:
    return [word.strip() for word in raw.split(",") if word.strip()]


def _flag(raw: str) -> bool:
    lowered = raw.lower()
    if lowered in ("1", "true", "yes", "on"):
        return True
    if lowered in ("0", "false", "no", "off"):
        return False
    raise ValueError(raw)


def _shown(default: object) -> str:
    if isinstance(default, bool):
        return str(default).lower()
    if isinstance(default, list):
        return ", ".join(str(word) for word in default)
    return str(default)
