"""How instants go to PostgreSQL and come back: the driver's own way under Django costs ten times as much."""

from datetime import UTC, datetime
from typing import Any

from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.backends.signals import connection_created
from psycopg.abc import Buffer
from psycopg.adapt import Loader


class InstantLoader(Loader):
    """PostgreSQL's ISO text as an instant. Its zone is said as Django's own loader says it, or Django replaces it."""

    timezone = UTC

    def load(self, data: Buffer) -> datetime:
        return datetime.fromisoformat(str(data, "ascii"))


def listen() -> None:
    """Has every connection to PostgreSQL read instants so; called once, when the app is ready."""
    connection_created.connect(_teach, dispatch_uid="common.postgres_instants")


def _teach(sender: type, connection: BaseDatabaseWrapper, **_: Any) -> None:
    # The session speaks UTC then, and so does every text it sends.
    if connection.vendor == "postgresql" and connection.timezone == UTC:
        connection.connection.adapters.register_loader("timestamptz", InstantLoader)
