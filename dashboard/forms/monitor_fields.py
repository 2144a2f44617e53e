"""Form fields made from a probe type's schema: the right input, label and help for each setting."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from django import forms

from common.names import camel
from dashboard.forms.base import lines
from monitors.probes.schema import Field

_LABELS = {
    "url": "URL",
    "host": "Host",
    "hostname": "Domain name",
    "tls": "Encryption",
    "verify_tls": "Verify the certificate",
    "verify": "An invalid certificate is a failure",
    "ip_version": "IP version",
    "servername": "Server name (SNI)",
    "record_type": "Record type",
    "expected": "Expected records",
    "require_dnssec": "Require DNSSEC",
    "count": "Pings",
    "interval_ms": "Between two pings",
    "max_loss_percent": "Loss tolerated",
    "max_jitter_ms": "Jitter tolerated",
    "days_left": "Down with fewer days left than",
    "server": "RDAP server",
    "host_key": "Expected host key",
    "key_type": "Kind of host key",
    "max_redirects": "Redirects followed at most",
    "block_http_downgrade": "Refuse redirects from https to http",
    "http_version": "HTTP version",
    "client_certificate": "Client certificate",
    "client_key": "Client key",
    "proxy_username": "Proxy user name",
    "proxy_password": "Proxy password",
    "username": "User name",
    "auth_type": "Log in with",
    "auth_username": "User name",
    "auth_password": "Password",
    "auth_token": "Token",
}
_SUFFIXES = {"interval_ms": "ms", "max_jitter_ms": "ms", "max_loss_percent": "%", "days_left": "days"}
_CHOICES = {
    None: "Any",
    "1.1": "HTTP/1.1",
    "2": "HTTP/2 only",
    4: "IPv4",
    6: "IPv6",
    "tls": "TLS",
    "starttls": "STARTTLS",
    "none": "None",
    "basic": "Basic",
    "digest": "Digest",
    "bearer": "Bearer token",
    "postgresql": "PostgreSQL",
    "mysql": "MySQL or MariaDB",
    "ed25519": "Ed25519",
    "ecdsa": "ECDSA",
    "rsa": "RSA",
}
_SHOWN_WHEN = {
    "auth_username": "auth_type=basic,digest",
    "auth_password": "auth_type=basic,digest",
    "auth_token": "auth_type=bearer",
}
_MONO = frozenset(
    {"url", "host", "hostname", "resolver", "server", "servername", "send", "expect", "query", "expected"}
)
_LONG_TEXT = 2_500  # characters; longer ones get a text area
_MOST_OF_A_KEY = 5_000  # longer secrets are PEM: they have lines
_SHORT_NUMBER = frozenset({"integer"})


@dataclass(frozen=True, slots=True)
class Setting:
    """One setting of a type as the form has it; `path` leads through the type's objects."""

    name: str
    path: tuple[str, ...]
    field: Field

    @property
    def pointer(self) -> str:
        return "".join(f"/{camel(part)}" for part in self.path)


@dataclass(frozen=True, slots=True)
class Shown:
    """A field with what its template is told."""

    field: forms.BoundField
    is_mono: bool = False
    is_short: bool = False
    is_optional: bool = False
    is_switch: bool = False
    suffix: str = ""
    show_when: str = ""


def settings_of(fields: Sequence[Field], path: tuple[str, ...] = ()) -> Iterator[Setting]:
    """Every single setting: those of objects one by one, lists left out."""
    for field in fields:
        here = (*path, field.name)
        if field.kind == "object":
            yield from settings_of(field.fields, here)
        elif field.kind != "list":
            # The request is what an HTTP monitor is about: its settings need no prefix.
            yield Setting("_".join(part for part in here if part != "request"), here, field)


def form_field(setting: Setting) -> forms.Field:
    """The input of a setting, judged by the type as for shape, by the service as for the rest."""
    field = setting.field
    label = _LABELS.get(setting.name) or setting.name.replace("_", " ").capitalize()
    is_needed = field.required and len(setting.path) == 1
    common: dict[str, Any] = {"label": label, "help_text": field.help, "required": is_needed}
    match field.kind:
        case "boolean":
            return forms.BooleanField(**common | {"required": False}, initial=bool(field.default))
        case "integer":
            return forms.IntegerField(**common, initial=field.default, min_value=field.minimum, max_value=field.maximum)
        case "choice":
            pairs = [("" if one is None else str(one), _CHOICES.get(one, str(one))) for one in field.choices]
            if None not in field.choices and field.default is None:
                pairs = [("", "None" if not is_needed else "Choose one"), *pairs]
            return forms.ChoiceField(**common, choices=pairs, initial=_text(field.default))
        case "headers" | "texts":
            return forms.CharField(**common, widget=_area(3))
    return forms.CharField(
        **common, max_length=field.maximum, initial=field.default or "", strip=not field.secret, widget=_input(field)
    )


def _input(field: Field) -> forms.Widget:
    quiet = {"autocomplete": "off", "spellcheck": "false"}
    if field.secret and (field.maximum or 0) <= _MOST_OF_A_KEY:
        return forms.PasswordInput(render_value=True, attrs={"autocomplete": "new-password"})
    if field.kind == "url" or field.name == "url":
        return forms.URLInput(attrs=quiet | {"inputmode": "url"})
    if (field.maximum or 0) > _LONG_TEXT:
        return _area(2)
    return forms.TextInput(attrs=quiet)


def _area(rows: int) -> forms.Textarea:
    return forms.Textarea(attrs={"rows": rows, "spellcheck": "false"})


def shown(bound: forms.BoundField, setting: Setting) -> Shown:
    """How the field is drawn."""
    field = setting.field
    return Shown(
        field=bound,
        is_mono=field.name in _MONO or field.kind == "headers",
        is_short=field.kind in _SHORT_NUMBER or field.kind == "choice",
        is_optional=not bound.field.required and field.kind in ("text", "texts", "url", "host", "headers", "integer"),
        is_switch=field.kind == "boolean",
        suffix=_SUFFIXES.get(field.name, ""),
        show_when=_SHOWN_WHEN.get(setting.name, ""),
    )


def typed_value(setting: Setting, value: Any) -> Any:
    """What the settings hold of what the form's field has; raises ValidationError."""
    field = setting.field
    match field.kind:
        case "choice":
            return next((one for one in field.choices if _text(one) == value), field.default)
        case "headers":
            return _headers(value)
        case "texts":
            return lines(value) or (None if field.nullable else [])
        case "url" | "host" | "text":
            if value or (field.required and not field.nullable):
                return value
            return None if field.nullable else field.default
    return value


def shown_value(setting: Setting, value: Any) -> Any:
    """The same back: what the form's field shows of a stored value."""
    match setting.field.kind:
        case "choice":
            return _text(value)
        case "headers":
            return "\n".join(f"{name}: {text}" for name, text in (value or {}).items())
        case "texts":
            return "\n".join(value or [])
        case "url" | "host" | "text":
            return value or ""
    return value


def found_in(settings: Mapping[str, Any], path: tuple[str, ...]) -> Any:
    """The stored value a path leads to, None where something on the way is missing."""
    found: Any = settings
    for part in path:
        found = (found or {}).get(part)
    return found


def _headers(text: str) -> dict[str, str]:
    pairs = [line.partition(":") for line in lines(text)]
    if any(not colon for _, colon, _ in pairs):
        raise forms.ValidationError("Write each header as Name: value on a line of its own.")
    return {name.strip(): value.strip() for name, _, value in pairs}


def _text(value: Any) -> str:
    return "" if value is None else str(value)
