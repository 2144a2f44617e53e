"""The types of monitor that an engine checks from outside: what the catalogue of probes says, as kinds."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from monitors import watching
from monitors.kinds import kinds
from monitors.models import Monitor
from monitors.probes.catalogue import PROBES
from monitors.probes.schema import ProbeType
from monitors.settings import clean_settings, masked

LABELS = {"http": "Website or API (HTTP)"}


class ProbedKind:
    """A type whose settings are stored with the monitor and judged by its probe's schema."""

    is_probed = True

    def __init__(self, name: str, probe: ProbeType) -> None:
        self.name = name
        self.label = LABELS[name]
        self.fields = tuple(field for field in probe.fields if field.name != "latency_threshold_ms")

    def clean(
        self, raw: Mapping[str, Any], *, partial: Mapping[str, Any] | None = None, whole: bool = False
    ) -> dict[str, Any]:
        return clean_settings(self.fields, raw, partial=partial, whole=whole)

    def target(self, settings: Mapping[str, Any]) -> str:
        return str(settings.get("url") or settings.get("host") or settings.get("hostname") or "")

    def attach(self, monitor: Monitor, settings: Mapping[str, Any], *, now: datetime) -> None:
        """Nothing more to store: the settings are the monitor's own."""

    def settings_of(self, monitor: Monitor) -> dict[str, Any]:
        shown: dict[str, Any] = masked(monitor.settings)
        return shown

    def paused(self, monitor: Monitor, *, now: datetime) -> None:
        watching.stop(monitor)

    def resumed(self, monitor: Monitor, *, now: datetime) -> None:
        watching.start(monitor, now=now)


def register() -> None:
    """Makes every probe of the catalogue a kind; called once, when the app is ready."""
    for name, probe in PROBES.items():
        kinds.register(name, ProbedKind(name, probe))
