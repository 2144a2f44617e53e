"""Takes due rows so that each goes to one process only."""

from typing import Any, TypeVar

from django.db import models, transaction

M = TypeVar("M", bound=models.Model)


@transaction.atomic
def claim(due: "models.QuerySet[M, M]", *, limit: int, **lease: Any) -> list[M]:
    """Write `lease` on up to `limit` rows of `due`, in its order, and return them.

    `due` leaves out rows whose lease runs, so that a row is in nobody else's answer until its lease is over. On
    PostgreSQL rows that another process is claiming at this moment are passed over; on SQLite the transaction is
    IMMEDIATE, so there is no other claimer.
    """
    rows = list(due.select_for_update(skip_locked=True, no_key=True)[:limit])
    due.model._default_manager.filter(pk__in=[row.pk for row in rows]).update(**lease)
    for row in rows:
        for name, value in lease.items():
            setattr(row, name, value)
    return rows
