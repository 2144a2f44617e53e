"""How a probe type describes its settings as data, for the API, forms and the reference page."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from monitors.probes.base import Result
from monitors.probes.handles import Handles
from monitors.probes.operations import Deadline, Steps

Problem = tuple[str, str]  # JSON pointer below the settings (RFC 6901), what is allowed


@dataclass(frozen=True, slots=True, kw_only=True)
class Field:
    """One setting. `minimum` and `maximum` bound a number's value, a text's length or a list's size."""

    name: str
    kind: str  # url host text texts bytes integer boolean choice headers object list any
    help: str
    default: Any = None
    required: bool = False
    nullable: bool = False
    minimum: int | None = None
    maximum: int | None = None
    choices: tuple[Any, ...] = ()
    fields: tuple["Field", ...] = ()  # of an object, or of each item of a list
    secret: bool = False  # never shown again once saved


def nothing_wrong(settings: Mapping[str, Any]) -> list[Problem]:
    """The rule of a type whose fields say all there is to say."""
    return []


@dataclass(frozen=True, slots=True)
class ProbeType:
    """A kind of monitor: what it does, and the settings it takes.

    `problems` names what is wrong between fields that are well by themselves; a field that is not is None there.
    `has_expiry`: its checks may see something that ends on a day, as certificates and registrations do.
    """

    probe: Callable[[Result, Handles, Deadline], Steps]
    fields: tuple[Field, ...]
    label: str
    summary: str
    problems: Callable[[Mapping[str, Any]], list[Problem]] = nothing_wrong
    has_expiry: bool = False
