"""Rows that belong to objects of a list, read for all of them in one query."""

from collections import defaultdict
from collections.abc import Sequence
from typing import Any

from django.db.models import QuerySet

from common.among import Among


def put_at_hand(objects: Sequence[Any], name: str, rows: "QuerySet[Any, Any]", key: str) -> None:
    """Sets `name` of each object to the list of its `rows`, of which `key` names the column with its id; one query.

    As `prefetch_related`, but rows do not learn of their object and need be no objects: named tuples of the columns
    that are shown (`values_list(…, named=True)`) cost less.
    """
    if not objects:
        return
    found: dict[int, list[Any]] = defaultdict(list)
    for row in rows.filter(Among(key, [one.pk for one in objects])):
        found[getattr(row, key)].append(row)
    for one in objects:
        setattr(one, name, found[one.pk])
