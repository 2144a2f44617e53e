"""What must work for this process to serve: each app adds its line."""

import logging
from collections.abc import Callable
from dataclasses import dataclass

from django.conf import settings
from django.db import connection
from kombu import Connection

from common.registry import Registry

log = logging.getLogger("websignal.health")


@dataclass(frozen=True, slots=True)
class Line:
    """How one part is; `detail` is for an operator and holds no secret."""

    ok: bool
    detail: str


health_lines: Registry[Callable[[], Line]] = Registry("Does this part of the platform work?")


def ask_all() -> dict[str, Line]:
    """Every line by name. A part that raises is not well; the log has why."""
    return {name: _ask(name, part) for name, part in health_lines}


def _ask(name: str, part: Callable[[], Line]) -> Line:
    try:
        return part()
    except Exception as error:
        log.warning("health: %s does not work: %s", name, error)
        return Line(False, type(error).__name__)


def database() -> Line:
    """The database answers a query."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT 1")
        cursor.fetchone()
    return Line(True, connection.vendor)


def broker() -> Line:
    """The broker takes a connection within 2 s."""
    if settings.CELERY_BROKER_URL.startswith("memory:"):
        return Line(True, "in process")
    with Connection(settings.CELERY_BROKER_URL, connect_timeout=2) as found:
        found.ensure_connection(max_retries=1, timeout=2)
    return Line(True, "reachable")


def register() -> None:
    """The lines that every deployment has; called once, when the app is ready."""
    health_lines.register("database", database)
    health_lines.register("broker", broker)
