"""What every type of channel states, and what an attempt comes to."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Protocol

from accounts.models import Workspace
from alerts.models import Delivery
from common.outgoing import Answer, OutgoingFailed, OutgoingRefused, Request, carry_out

EXCERPT_LENGTH = 1000
ERROR_LENGTH = 300


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """What one attempt came to. `error` may also stand on a success: who was left out, and why."""

    ok: bool
    status_code: int | None = None
    error: str = ""
    excerpt: str = ""
    is_final: bool = False  # no further attempt would go better
    is_gone: bool = False  # the receiver wants nothing more, ever: its channel is disabled
    reached: tuple[str, ...] = ()  # addresses that have it now


# Talks to the network and to nothing else: it runs in a thread without a database connection.
Send = Callable[[], Outcome]


@dataclass(frozen=True, slots=True)
class Posting:
    """A Send that is one HTTP request: `alerts.courier` carries many at once; called, it makes its own and waits."""

    request: Request
    judge: Callable[[Answer | OutgoingRefused | OutgoingFailed], Outcome]

    def __call__(self) -> Outcome:
        try:
            return self.judge(carry_out(self.request))
        except (OutgoingRefused, OutgoingFailed) as failed:
            return self.judge(failed)


class Kind(Protocol):
    """One type of channel. `schema` is JSON Schema (2020-12) of what a person states, in the API's camelCase."""

    name: str
    label: str
    schema: Mapping[str, Any]

    def clean(
        self, raw: Mapping[str, Any], *, workspace: Workspace, stored: Mapping[str, Any] | None = None
    ) -> dict[str, Any]:
        """The config to store for `raw` (over `stored`, when it edits). Raises Invalid naming every wrong field."""

    def describe(self, config: Mapping[str, Any]) -> dict[str, Any]:
        """The config as it may be shown: secrets masked."""

    def prepare(self, delivery: Delivery, *, now: datetime) -> Send:
        """Reads what one attempt needs; the result makes it. Its channel and workspace are loaded."""
