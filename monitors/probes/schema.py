"""How a probe type describes its settings as data, for the API, forms and the reference page."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from monitors.probes.base import Result
from monitors.probes.handles import Handles
from monitors.probes.operations import Deadline, Steps


@dataclass(frozen=True, slots=True, kw_only=True)
class Field:
    """One setting. `minimum` and `maximum` bound a number's value, a text's length or a list's size."""

    name: str
    kind: str  # url text bytes integer boolean choice headers object list any
    help: str
    default: Any = None
    required: bool = False
    nullable: bool = False
    minimum: int | None = None
    maximum: int | None = None
    choices: tuple[Any, ...] = ()
    fields: tuple["Field", ...] = ()  # of an object, or of each item of a list
    secret: bool = False  # never shown again once saved


@dataclass(frozen=True, slots=True)
class ProbeType:
    """A kind of monitor: what it does, and the settings it takes."""

    probe: Callable[[Result, Handles, Deadline], Steps]
    fields: tuple[Field, ...]
