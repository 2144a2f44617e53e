"""How a service's `Invalid` becomes errors beside the fields of a form."""

from collections.abc import Callable, Mapping
from typing import ClassVar, TypeVar

from django import forms

from common.invalid import Conflict, FieldError, Invalid, NotAllowed
from monitors.fields import wrong_fields

Saved = TypeVar("Saved")


class ServiceForm(forms.Form):
    """A form whose rules live in a service; `pointers` maps a JSON pointer of the API to a field of this form."""

    pointers: ClassVar[Mapping[str, str]] = {}

    def saved(self, work: Callable[[], Saved]) -> Saved | None:
        """What a service makes of the form; None when the form or the service finds it wrong, which it then shows."""
        if not self.is_valid():
            return None
        try:
            return work()
        except Invalid as invalid:
            self.add_invalid(invalid)
        except (Conflict, NotAllowed) as refused:
            self.add_error(None, str(refused))
        return None

    def add_invalid(self, invalid: Invalid) -> None:
        """Puts each error beside its field, or on top when the form has no such field."""
        for error in invalid.errors:
            self.add_error(self._field_of(error), error.detail if self._field_of(error) else _told(error))

    def _field_of(self, error: FieldError) -> str | None:
        """The field of the longest pointer at or above the error's."""
        found = [pointer for pointer in self.pointers if f"{error.pointer}/".startswith(f"{pointer}/")]
        return self.pointers[max(found, key=len)] if found else None


def _told(error: FieldError) -> str:
    return f"{error.pointer.strip('/') or 'Form'}: {error.detail}"


def lines(text: str) -> list[str]:
    """The lines of a text area that say something."""
    return [line.strip() for line in text.splitlines() if line.strip()]


def split_tags(text: str) -> list[str]:
    """ "prod, shop" as a list; raises ValidationError where one is no tag."""
    tags = [tag.strip() for tag in text.split(",") if tag.strip()]
    if errors := wrong_fields({"tags": tags}):
        raise forms.ValidationError(errors[0].detail)
    return tags
