"""Base of every serializer: declared in snake_case, spoken in camelCase, strict about what it is given."""

from collections.abc import Mapping
from typing import Any

from rest_framework import serializers
from rest_framework.exceptions import ErrorDetail, ValidationError

from common.names import camel


class ApiSerializer(serializers.Serializer[Any]):
    """Fields are declared in snake_case, which stays their source; keys in JSON are camelCase.

    An unknown key is wrong (code `unknown`). A read-only field may be sent back, as a client does that writes what it
    read, and is not looked at. `validated_data` is keyed by source.
    """

    def get_fields(self) -> dict[str, serializers.Field[Any, Any, Any, Any]]:
        return {camel(name): self._named(name, one) for name, one in super().get_fields().items()}

    def _named(self, name: str, field: serializers.Field[Any, Any, Any, Any]) -> serializers.Field[Any, Any, Any, Any]:
        if isinstance(field, serializers.SerializerMethodField):
            field.method_name = field.method_name or f"get_{name}"
        elif field.source is None and camel(name) != name:
            field.source = name
        return field

    def to_internal_value(self, data: Any) -> Any:
        if not isinstance(data, Mapping):
            return super().to_internal_value(data)
        unknown = self.unknown_errors(data)
        try:
            value = super().to_internal_value(data)
        except ValidationError as error:
            raise ValidationError(
                {**error.detail, **unknown} if isinstance(error.detail, dict) else error.detail
            ) from None
        if unknown:
            raise ValidationError(unknown)
        return value

    def unknown_errors(self, data: Mapping[str, Any]) -> dict[str, list[ErrorDetail]]:
        """One error for each key that this serializer does not have."""
        known = ", ".join(name for name, field in self.fields.items() if not field.read_only)
        return {
            str(key): [ErrorDetail(f"There is no such field. Fields: {known or 'none'}.", code="unknown")]
            for key in data
            if key not in self.fields
        }


class NothingSerializer(ApiSerializer):
    """For endpoints that take no body: anything in it is unknown."""


class ErrorSerializer(ApiSerializer):
    """One wrong field, as in a problem's `errors`."""

    pointer = serializers.CharField(read_only=True)
    code = serializers.CharField(read_only=True)
    detail = serializers.CharField(read_only=True)
