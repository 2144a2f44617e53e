"""Finds rows whose JSON column holds a list with a given text; each database in its own words."""

from typing import Any

from django.db import connection
from django.db.models import QuerySet
from django.db.models.expressions import RawSQL


def holding(queryset: "QuerySet[Any]", column: str, text: str) -> "QuerySet[Any]":
    """Only rows of `queryset` whose list in `column` has `text` in it."""
    if connection.vendor == "postgresql":
        return queryset.filter(**{f"{column}__contains": [text]})
    table = queryset.model._meta.db_table
    sql = f'SELECT t.id FROM "{table}" t, json_each(t."{column}") j WHERE j.value = %s'  # noqa: S608
    return queryset.filter(pk__in=RawSQL(sql, [text]))  # noqa: S611
