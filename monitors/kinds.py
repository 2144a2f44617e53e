"""What each type of monitor knows about itself; the catalogue that services, API, forms and admin ask.

A type of this app is registered here; a higher app registers its own (heartbeats) in `apps.ready()`.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, Protocol

from common.registry import Registry
from monitors.models import Monitor


class Kind(Protocol):
    """One type. `is_probed`: checked from outside by the engine. Settings are snake_case mappings."""

    name: str
    label: str
    is_probed: bool

    def clean(self, raw: Mapping[str, Any], *, partial: Mapping[str, Any] | None = None) -> dict[str, Any]:
        """Complete, valid settings of `raw` (over `partial`, those stored, when it edits); raises Invalid."""

    def target(self, settings: Mapping[str, Any]) -> str:
        """What people read as its target: a URL, a host, or nothing."""

    def attach(self, monitor: Monitor, settings: Mapping[str, Any], *, now: datetime) -> None:
        """Stores the settings of a monitor just made or edited, inside the transaction."""

    def settings_of(self, monitor: Monitor) -> dict[str, Any]:
        """The stored settings, read-only ones included."""

    def paused(self, monitors: Sequence[Monitor], *, now: datetime) -> None:
        """Stops what would watch them, in a few statements for all."""

    def resumed(self, monitors: Sequence[Monitor], *, now: datetime) -> None:
        """Starts watching again, likewise."""


kinds: Registry[Kind] = Registry("What is this type of monitor?")
