"""Lists in pages, in the one envelope of the API."""

from collections.abc import Sequence
from typing import Any

from django.db.models import QuerySet
from rest_framework.pagination import BasePagination
from rest_framework.request import Request
from rest_framework.response import Response

from common.api.parameters import Parameter, Whole, read

DEFAULT_LIMIT, MAX_LIMIT = 20, 100
PAGE = Whole(name="page", help="Which page, from 1.", at_most=2**53)
LIMIT = Whole(name="limit", help=f"How many a page; {DEFAULT_LIMIT} when not given.", at_most=MAX_LIMIT)
PARAMETERS: tuple[Parameter, ...] = (PAGE, LIMIT)


class EnvelopePagination(BasePagination):
    """`?page=` from 1, `?limit=` up to 100; a page past the last is empty, not an error."""

    page = 1
    limit = DEFAULT_LIMIT
    total = 0

    def paginate_queryset(
        self, queryset: "QuerySet[Any] | Sequence[Any]", request: Request, view: Any = None
    ) -> list[Any]:
        query = getattr(view, "query", None)
        if query is None:
            query = read(request.query_params, PARAMETERS)
        self.page = query.get("page", 1)
        self.limit = query.get("limit", DEFAULT_LIMIT)
        self.total = queryset.count() if isinstance(queryset, QuerySet) else len(queryset)
        start = (self.page - 1) * self.limit
        return list(queryset[start : start + self.limit]) if start < self.total else []

    def get_paginated_response(self, data: Any) -> Response:
        return Response(envelope(data, total=self.total, page=self.page, limit=self.limit))

    def get_paginated_response_schema(self, schema: dict[str, Any]) -> dict[str, Any]:
        counts = ("total", "page", "itemCount", "pageCount", "limit")
        return {
            "type": "object",
            "required": ["items", *counts],
            "properties": {
                "items": {"type": "array", "items": schema["items"] if schema.get("type") == "array" else schema},
                **{name: {"type": "integer", "minimum": 0} for name in counts},
            },
        }


def envelope(items: Sequence[Any], *, total: int, page: int, limit: int) -> dict[str, Any]:
    """What every list answers: `pageCount` pages of at most `limit` make up `total`; this one has `itemCount`."""
    return {
        "items": items,
        "total": total,
        "page": page,
        "itemCount": len(items),
        "pageCount": -(-total // limit),
        "limit": limit,
    }
