"""The log of a heartbeat's signals as its page shows it: of one type or all, by cursor, newest first."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any
from urllib.parse import urlencode

from django.http import QueryDict
from django.urls import reverse

from common.api.cursors import CURSOR, cursor_page
from signals.models import Heartbeat, Signal, SignalType
from signals.selectors import signal_history

PAGE_SIZE = 15


@dataclass(frozen=True, slots=True)
class SignalLog:
    """One page of it. `here` is the address of this very page as a fragment; the others are empty at the ends."""

    items: list[Signal]
    type: str
    here: str
    newest_url: str
    older_url: str


def signal_log(heartbeat: Heartbeat, query: QueryDict, *, now: datetime) -> SignalLog:
    """The page that `type` and `cursor` of the query ask for; what cannot be read is as not given."""
    wanted = query.get("type", "")
    kind = wanted if wanted in SignalType.values else ""
    chosen = {"type": kind} if kind else {}
    page, cursor = _page(query.get("cursor", ""))
    found = signal_history(heartbeat, now=now, type=kind or None)
    items, following = cursor_page(found, "created_at", page)
    fragment = reverse("heartbeat-signals", args=[heartbeat.pk])
    return SignalLog(
        items,
        kind,
        f"{fragment}?{urlencode(chosen | cursor)}".removesuffix("?"),
        f"?{urlencode(chosen)}#signals" if cursor else "",
        f"?{urlencode(chosen | {'cursor': following})}#signals" if following else "",
    )


def _page(raw: str) -> tuple[dict[str, Any], dict[str, str]]:
    if raw:
        try:
            return {"limit": PAGE_SIZE, "cursor": CURSOR.parse(raw)}, {"cursor": raw}
        except ValueError:
            pass
    return {"limit": PAGE_SIZE}, {}
