"""Pages of unbounded series: newest first, by cursor, never counted."""

import base64
import binascii
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

from django.db.models import Q, QuerySet

from common.api.pagination import DEFAULT_LIMIT, LIMIT
from common.api.parameters import Parameter

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, kw_only=True)
class Cursor(Parameter):
    """Where the last page ended, as `nextCursor` said; the value is (instant, id)."""

    code: str = "cursor"
    schema: Mapping[str, Any] = field(
        default_factory=lambda: {"type": "string", "pattern": "^[A-Za-z0-9_-]{4,100}={0,2}$"}
    )

    def parse(self, raw: str) -> tuple[datetime, int]:
        try:
            micros, _, pk = (
                base64.b64decode(raw.encode("ascii"), altchars=b"-_", validate=True).decode("ascii").partition(".")
            )
            at = _EPOCH + timedelta(microseconds=int(micros))
            if not 0 <= int(pk) < 2**63:
                raise ValueError(pk)
            return at, int(pk)
        except (ValueError, OverflowError, binascii.Error) as error:
            raise ValueError("Must be a nextCursor of this list.") from error


CURSOR = Cursor(name="cursor", help="`nextCursor` of the page before.")
PARAMETERS: tuple[Parameter, ...] = (CURSOR, LIMIT)


def cursor_page(queryset: "QuerySet[Any]", column: str, query: dict[str, Any]) -> tuple[list[Any], str | None]:
    """Up to `limit` rows by (`column`, id) descending from the query's cursor on, and the next cursor, if any."""
    limit = query.get("limit", DEFAULT_LIMIT)
    if "cursor" in query:
        at, pk = query["cursor"]
        before = Q(**{f"{column}__lt": at}) | Q(**{column: at, "pk__lt": pk})
        queryset = queryset.filter(before, **{f"{column}__lte": at})
    rows = list(queryset.order_by(f"-{column}", "-pk")[: limit + 1])
    if len(rows) <= limit:
        return rows, None
    last = rows[limit - 1]
    return rows[:limit], _encode(getattr(last, column), last.pk)


def _encode(at: datetime, pk: int) -> str:
    micros = (at - _EPOCH) // timedelta(microseconds=1)
    return base64.urlsafe_b64encode(f"{micros}.{pk}".encode()).decode()
