"""Whether what a monitor depends on is down: other monitors here, and whatever higher apps know of."""

from collections.abc import Callable
from typing import Any

from django.db.models import BooleanField, Exists, ExpressionWrapper, OuterRef, Q, QuerySet

from common.registry import Registry
from monitors.models import Monitor, Status

# Each answers with the rows that impair the monitor of `OuterRef("pk")`.
impairments: Registry[Callable[[], "QuerySet[Any]"]] = Registry("What impairs a monitor?")


def with_impact(found: "QuerySet[Monitor]") -> "QuerySet[Monitor]":
    """`found` with `is_dependency_impacted` on each, in the same query."""
    down = Monitor.depends_on.through.objects.filter(from_monitor=OuterRef("pk"), to_monitor__state__status=Status.DOWN)
    condition = Q(Exists(down))
    for _, rows in impairments:
        condition |= Q(Exists(rows()))
    return found.annotate(is_dependency_impacted=ExpressionWrapper(condition, output_field=BooleanField()))
