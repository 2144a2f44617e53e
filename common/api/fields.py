"""Fields that take exactly their JSON type: "5" is no number, 1 is not true, 5 is no text."""

from datetime import datetime
from typing import Any

from django.core.validators import MinLengthValidator
from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from common.instants import parse_instant
from common.times import rfc3339

MAX_INTEGER = 2**63 - 1


class TextField(serializers.CharField):
    """A JSON string, without white space around it unless `trim_whitespace=False`."""

    def to_internal_value(self, data: Any) -> str:
        if not isinstance(data, str):
            self.fail("invalid")
        return super().to_internal_value(data)

    def run_validation(self, data: Any = serializers.empty) -> Any:
        if data is not serializers.empty and data is not None and not isinstance(data, str):
            self.fail("invalid")
        return super().run_validation(data)


@extend_schema_field({"type": "string", "format": "iri"})
class WebAddressField(TextField):
    """An address of the web, whose host may have letters of any script (RFC 3987); a service judges it."""


class IntegerField(serializers.IntegerField):
    """A JSON number without a fraction, within 64 bits."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(**{"min_value": -MAX_INTEGER - 1, "max_value": MAX_INTEGER, **kwargs})

    def to_internal_value(self, data: Any) -> int:
        if isinstance(data, bool) or not isinstance(data, int):
            self.fail("invalid")
        return data


class IdField(IntegerField):
    """The id of an object."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(**{"min_value": 1, **kwargs})


class NumberField(serializers.FloatField):
    """A JSON number."""

    def to_internal_value(self, data: Any) -> float:
        if isinstance(data, bool) or not isinstance(data, int | float):
            self.fail("invalid")
        return float(data)


class BooleanField(serializers.BooleanField):
    """true or false."""

    def to_internal_value(self, data: Any) -> bool:
        if not isinstance(data, bool):
            self.fail("invalid", input=data)
        return data


class ChoiceField(serializers.ChoiceField):
    """One of some JSON strings."""

    default_error_messages = {"invalid_choice": "Must be one of: {choices}."}

    def to_internal_value(self, data: Any) -> Any:
        if not isinstance(data, str) or data not in self.choices:
            self.fail("invalid_choice", choices=", ".join(str(one) for one in self.choices))
        return data


class InstantField(serializers.DateTimeField):
    """An instant as RFC 3339 text with an offset; answered in UTC with `Z`."""

    default_error_messages = {"invalid": "Must be an instant such as 2026-01-31T12:00:00Z (RFC 3339)."}

    def to_internal_value(self, value: Any) -> datetime:
        try:
            return parse_instant(value)
        except (TypeError, ValueError):
            self.fail("invalid")

    def to_representation(self, value: Any) -> Any:
        return rfc3339(value) if isinstance(value, datetime) else value


class ListField(serializers.ListField):
    """A JSON array."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        if not self.allow_empty:
            # Never reached, for an empty one is refused before: it tells the OpenAPI document.
            self.validators.append(MinLengthValidator(1))

    def to_internal_value(self, data: Any) -> list[Any]:
        if not isinstance(data, list):
            self.fail("not_a_list", input_type=type(data).__name__)
        return super().to_internal_value(data)


class ObjectField(serializers.DictField):
    """A JSON object whose inside a service judges."""

    def to_internal_value(self, data: Any) -> dict[str, Any]:
        if not isinstance(data, dict):
            self.fail("not_a_dict", input_type=type(data).__name__)
        return data

    def to_representation(self, value: Any) -> Any:
        return value


class AnyField(serializers.JSONField):
    """Any JSON value; a service judges it."""

    def to_internal_value(self, data: Any) -> Any:
        return data

    def to_representation(self, value: Any) -> Any:
        return value
