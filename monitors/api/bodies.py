"""Reads a monitor's body into what the services take; names every wrong field of body and settings at once."""

from collections.abc import Mapping
from typing import Any

from common.api.problems import field_errors
from common.invalid import FieldError, Invalid
from common.names import camel
from common.web_address import BadWebAddress, WebAddress, parse_web_address
from monitors.api.casing import to_snake
from monitors.api.serializers import MonitorSerializer
from monitors.fields import DEFAULTS, wrong_fields
from monitors.kinds import Kind, kinds
from monitors.models import Monitor
from monitors.probes.fields import HOST

_RENAMED = {"service_group_id": "service_group"}
# What only a monitor that is checked from outside uses.
PROBING = frozenset(
    {
        "interval_seconds",
        "timeout_ms",
        "regions",
        "quorum",
        "fail_after_consecutive",
        "resolve_after_consecutive_success",
        "latency_threshold_ms",
        "ssl_expiry_days",
    }
)


def fields_of(data: Any, *, monitor: Monitor | None = None, partial: bool = False) -> dict[str, Any]:
    """The `fields` of `create_monitor` and `edit_monitor`; whole bodies reset what they leave out. Raises Invalid."""
    serializer = MonitorSerializer(data=data, partial=partial)
    is_typed = serializer.is_valid()
    if not isinstance(data, Mapping):
        raise Invalid(field_errors(serializer.errors))
    errors = [] if is_typed else list(field_errors(serializer.errors))
    kind = _kind(data, monitor)
    errors += _not_changeable(data, monitor) + _unused(data, kind)
    settings = _settings(serializer, data, kind, errors)
    if errors:
        errors += _further(serializer, data, kind, settings, monitor, errors)
        raise Invalid(_once(errors))
    fields = {_RENAMED.get(name, name): value for name, value in serializer.validated_data.items()}
    if monitor is not None:
        fields.pop("type", None)
        if not partial:
            settings = _setting_defaults(kind) | settings
            fields = _field_defaults(kind) | fields
    fields.pop("escalation_policy_id", None)
    return {**fields, "settings": settings} if settings or not partial else fields


def fields_to_try(data: Any) -> dict[str, Any]:
    """The `fields` of `try_monitor`: a monitor's body without a name; a `hostname` alone is asked for by DNS."""
    if not isinstance(data, Mapping):
        return fields_of(data)
    kind = "dns" if "hostname" in data and "url" not in data else "http"
    return fields_of({"name": "test", "type": kind, **data})


def fields_to_try_ssl(data: Any) -> dict[str, Any]:
    """The same for a monitor of type tls; `url` or `hostname` may name its host."""
    if not isinstance(data, Mapping):
        return fields_of(data)
    rest = {name: value for name, value in data.items() if name not in ("url", "hostname")}
    hostname, to = _hostname(data), _address(data)
    place: dict[str, Any] = {"host": hostname} if to is None else {"host": to.host, "port": to.port}
    if to is not None and to.scheme == "http" and ":" not in str(data["url"]).partition("://")[2].partition("/")[0]:
        place["port"] = 443
    given = {name: value for name, value in place.items() if value is not None}
    return fields_of({"name": "test", "type": "tls", **given, **rest})


def fields_to_try_dns(data: Any) -> dict[str, Any]:
    """The same for a monitor of type dns; a `url` may name the host to ask for."""
    if not isinstance(data, Mapping):
        return fields_of(data)
    rest = {name: value for name, value in data.items() if name != "url"}
    to = _address(data)
    return fields_of({"name": "test", "type": "dns", **({} if to is None else {"hostname": to.host}), **rest})


def _hostname(data: Mapping[str, Any]) -> str | None:
    """The name a body gives, which a `url` beside it outdoes; raises Invalid where it is none."""
    if "hostname" not in data:
        return None
    name, longest = data["hostname"], HOST.maximum or 0
    if not isinstance(name, str) or not name.strip() or len(name) > longest:
        raise Invalid([FieldError("/hostname", "type", f"Write the name of a host in 1 to {longest} characters.")])
    return name


def _address(data: Mapping[str, Any]) -> WebAddress | None:
    """The address a body gives; raises Invalid where it is none."""
    if "url" not in data:
        return None
    try:
        return parse_web_address(data["url"] if isinstance(data["url"], str) else "")
    except BadWebAddress as bad:
        raise Invalid([FieldError("/url", "url", str(bad))]) from bad


def _kind(data: Mapping[str, Any], monitor: Monitor | None) -> Kind | None:
    name = data.get("type") if monitor is None else monitor.type
    return kinds[name] if isinstance(name, str) and name in kinds else None


def _unused(data: Mapping[str, Any], kind: Kind | None) -> list[FieldError]:
    if kind is None:
        return []
    unused = getattr(kind, "unused", frozenset()) if kind.is_probed else PROBING
    detail = f"A monitor of type {kind.name} does not use this."
    return [FieldError(f"/{camel(name)}", "unused", detail) for name in sorted(unused) if camel(name) in data]


def _settings(
    serializer: MonitorSerializer, data: Mapping[str, Any], kind: Kind | None, errors: list[FieldError]
) -> dict[str, Any]:
    shown = {camel(name) for name in getattr(kind, "read_only", ())}
    own = {key: value for key, value in data.items() if key not in serializer.fields and key not in shown}
    found = to_snake(own, "", errors)
    assert isinstance(found, dict)
    return found


def _not_changeable(data: Mapping[str, Any], monitor: Monitor | None) -> list[FieldError]:
    errors = []
    if monitor is not None and isinstance(data.get("type"), str) and data["type"] != monitor.type:
        errors.append(FieldError("/type", "immutable", f"It is {monitor.type} and stays so; make another monitor."))
    if data.get("escalationPolicyId") is not None:
        errors.append(
            FieldError("/escalationPolicyId", "unknown_id", "No escalation policy of this workspace has this id.")
        )
    return errors


def _further(
    serializer: MonitorSerializer,
    data: Mapping[str, Any],
    kind: Kind | None,
    settings: Mapping[str, Any],
    monitor: Monitor | None,
    errors: list[FieldError],
) -> list[FieldError]:
    """What else is wrong, so that one answer names it all: limits of well-typed fields, and the type's settings."""
    wrong = {error.pointer.split("/")[1] for error in errors if error.pointer}
    typed = {
        str(field.source): data[name]
        for name, field in serializer.fields.items()
        if name in data and name not in wrong and not field.read_only
    }
    found = wrong_fields(typed)
    if kind is None:
        if isinstance(data.get("type"), str):
            names = ", ".join(name for name, _ in kinds)
            found.append(FieldError("/type", "choice", f"Choose one of {names}."))
        return found
    try:
        kind.clean(settings, partial=None if monitor is None else kind.settings_of(monitor))
    except Invalid as invalid:
        found += invalid.errors
    return found


def _field_defaults(kind: Kind | None) -> dict[str, Any]:
    is_probed = kind is not None and kind.is_probed
    return {name: value for name, value in DEFAULTS.items() if is_probed or name not in PROBING}


def _setting_defaults(kind: Kind | None) -> dict[str, Any]:
    """What a whole body resets where the type has no schema of which the service knows the defaults."""
    return dict(getattr(kind, "defaults", {}))


def _once(errors: list[FieldError]) -> list[FieldError]:
    return list({(error.pointer, error.code): error for error in errors}.values())
