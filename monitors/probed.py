"""The types of monitor that an engine checks from outside: what the catalogue of probes says, as kinds."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from monitors.kinds import kinds
from monitors.models import Monitor
from monitors.probes.catalogue import PROBES
from monitors.probes.schema import ProbeType
from monitors.scheduling import watching
from monitors.settings import clean_settings, masked

# Where a check goes, and who may listen on the way: a stored secret is tried at no other place.
_PLACE = ("host", "port", "engine", "tls", "verify_tls")


def place_of(settings: Mapping[str, Any]) -> tuple[Any, ...]:
    """What two settings must share for a secret of one to be sent as the other says."""
    origin = "/".join(str(settings.get("url") or "").split("/")[:3]).lower()
    request = settings.get("request") or {}
    return (origin, request.get("proxy"), request.get("verify_tls"), *(settings.get(name) for name in _PLACE))


class ProbedKind:
    """A type whose settings are stored with the monitor and judged by its probe's schema."""

    is_probed = True

    def __init__(self, name: str, probe: ProbeType) -> None:
        self.name = name
        self.label = probe.label
        self.summary = probe.summary
        self.fields = tuple(field for field in probe.fields if field.name != "latency_threshold_ms")
        self.unused = frozenset() if probe.has_expiry else frozenset({"ssl_expiry_days"})
        self._problems = probe.problems

    def clean(
        self, raw: Mapping[str, Any], *, partial: Mapping[str, Any] | None = None, whole: bool = False
    ) -> dict[str, Any]:
        return clean_settings(self.fields, raw, partial=partial, whole=whole, problems=self._problems)

    def target(self, settings: Mapping[str, Any]) -> str:
        place = str(settings.get("url") or settings.get("host") or settings.get("hostname") or "")
        if kind := settings.get("record_type"):
            return f"{place} {kind}"
        port = settings.get("port")
        usual = next((field.default for field in self.fields if field.name == "port"), None)
        if port in (None, usual):
            return place
        return f"[{place}]:{port}" if ":" in place else f"{place}:{port}"

    def attach(self, monitor: Monitor, settings: Mapping[str, Any], *, now: datetime) -> None:
        """Nothing more to store: the settings are the monitor's own."""

    def settings_of(self, monitor: Monitor) -> dict[str, Any]:
        return masked(self.fields, monitor.settings)

    def paused(self, monitors: Sequence[Monitor], *, now: datetime) -> None:
        watching.stop(monitors)

    def resumed(self, monitors: Sequence[Monitor], *, now: datetime) -> None:
        watching.start(monitors, now=now)


def register() -> None:
    """Makes every probe of the catalogue a kind; called once, when the app is ready."""
    for name, probe in PROBES.items():
        kinds.register(name, ProbedKind(name, probe))
