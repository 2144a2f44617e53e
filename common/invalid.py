"""What a service raises when it cannot take what it was given; every surface shows the same words."""

from collections.abc import Iterable
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class FieldError:
    """One wrong field: JSON pointer (RFC 6901) in the API's camelCase, a stable code, and what is allowed."""

    pointer: str
    code: str
    detail: str


class Invalid(ValueError):
    """Input that cannot be used; carries every wrong field at once. The API answers 400."""

    def __init__(self, errors: Iterable[FieldError]) -> None:
        self.errors = tuple(errors)
        super().__init__("; ".join(f"{error.pointer or '/'}: {error.detail}" for error in self.errors))


class Conflict(Exception):
    """The object is in a state that does not allow this. The API answers 409."""


class NotAllowed(Exception):
    """This person may not do this to this object. The API answers 403."""
