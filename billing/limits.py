"""What a workspace may use. Without billing every workspace has the one plan of a self-hosted platform."""

from dataclasses import dataclass

from accounts.models import Workspace


@dataclass(frozen=True, slots=True)
class Limits:
    """None is without limit."""

    monitors: int | None
    min_interval_seconds: int
    sms_per_month: int | None = None


SELF_HOSTED = Limits(monitors=None, min_interval_seconds=10)


def limits_of(workspace: Workspace) -> Limits:
    """The limits that hold for `workspace` now."""
    return SELF_HOSTED
