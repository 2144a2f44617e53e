"""What production refuses to start with, and what it warns of at each start."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from django.conf import settings
from django.core import checks
from django.core.exceptions import ImproperlyConfigured

MIN_KEY_LENGTH = 32
_WEAK_PARTS = ("insecure", "change-me", "changeme", "change_me", "secret_key", "tests-only-", "development")


@dataclass(frozen=True, slots=True)
class Setup:
    """The settings that safety depends on; `command` is the management command at work, or empty."""

    debug: bool
    secret_key: str
    allowed_hosts: Sequence[str]
    is_postgres: bool
    web_processes: int
    command: str


def refuse_unsafe(setup: Setup) -> None:
    """Raises ImproperlyConfigured with every reason why production must not start like this."""
    problems = unsafe(setup)
    if problems:
        lines = "".join(f"\n- {problem}" for problem in problems)
        raise ImproperlyConfigured(f"MODE=production refuses to start:{lines}")


def refuse_missing(what: str, **needed: str) -> None:
    """Raises ImproperlyConfigured naming each variable that `what` needs and that is not set."""
    missing = [name for name, value in needed.items() if not value]
    if missing:
        raise ImproperlyConfigured(f"{what} also needs {', '.join(missing)}.")


def unsafe(setup: Setup) -> list[str]:
    """Each reason with what to do about it."""
    return [
        problem
        for wrong, problem in (
            (setup.debug, "DEBUG is on, which shows settings and code to visitors: unset DEBUG."),
            (is_weak(setup.secret_key), f"SECRET_KEY {_KEY_HELP}"),
            (not setup.allowed_hosts, "ALLOWED_HOSTS is empty: list the host names that people use, with commas."),
            ("*" in setup.allowed_hosts, "ALLOWED_HOSTS=* lets anybody forge links in mails: list the host names."),
            (_shares_sqlite(setup), f"DATABASE_URL {_SQLITE_HELP}"),
        )
        if wrong
    ]


def is_weak(key: str) -> bool:
    """Whether a key is short, repeats few characters, or looks like an example out of a document."""
    lowered = key.lower()
    return len(key) < MIN_KEY_LENGTH or len(set(key)) < 10 or any(part in lowered for part in _WEAK_PARTS)


@checks.register
def warn_of_plain_http(app_configs: Any, **_: object) -> list[checks.CheckMessage]:
    """Production behind a plain http address sends session cookies and tokens readable over the network."""
    if not settings.IS_PRODUCTION or settings.PUBLIC_URL.startswith("https://"):
        return []
    return [
        checks.Warning(
            f"PUBLIC_URL is {settings.PUBLIC_URL}: sign-ins and tokens travel unencrypted.",
            hint="Put a proxy with a certificate in front and set PUBLIC_URL=https://… (docs/guides/production.md).",
            id="websignal.W001",
        )
    ]


def _shares_sqlite(setup: Setup) -> bool:
    return not setup.is_postgres and (setup.web_processes > 1 or setup.command in ("worker", "beat", "mail_listener"))


_KEY_HELP = (
    "is missing, an example or too short: give a random one of at least 32 characters, "
    "for example from `python3 -c 'import secrets; print(secrets.token_urlsafe(48))'`. "
    "Keep it: stored secrets are encrypted with it."
)
_SQLITE_HELP = (
    "is SQLite, which serves one process: set DATABASE_URL=postgresql://USER:PASSWORD@HOST/NAME, "
    "or run everything in one process with `manage.py run`, WEB_PROCESSES=1 and without `worker` and `beat`."
)
