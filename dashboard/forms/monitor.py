"""The form of a monitor of any type: what its schema asks for first, the rest folded with defaults right for most."""

from collections.abc import Iterator, Mapping, Sequence
from functools import cache
from typing import Any, ClassVar, cast

from django import forms

from common.invalid import FieldError, Invalid
from dashboard.formats import duration
from dashboard.forms.assertion_rows import Rows
from dashboard.forms.assertions import codes_of, is_keyword, is_status, other_assertions, status_assertion
from dashboard.forms.base import ServiceForm, split_tags
from dashboard.forms.monitor_fields import Setting, Shown, form_field, found_in, settings_of, shown, shown_value
from dashboard.forms.monitor_fields import typed_value as typed
from dashboard.regions import offered_regions
from monitors.fields import DEFAULTS, wrong_fields
from monitors.kinds import kinds
from monitors.models import Monitor
from monitors.probed import ProbedKind

INTERVALS = [
    (10, "10 s"),
    (30, "30 s"),
    (60, "1 min"),
    (300, "5 min"),
    (900, "15 min"),
    (3600, "1 h"),
    (86400, "1 day"),
]
# Changes that slowly need no check a minute.
_SLOW = {"domain": 86400, "tls": 3600}
_FOLDED = frozenset(
    {"ip_version", "verify_tls", "verify", "servername", "interval_ms", "max_jitter_ms", "max_loss_percent", "key_type",
     "require_dnssec", "server", "headers", "subprotocol", "latency_threshold_ms"}
)  # fmt: skip
_SCHEMES = {"http": "https://", "websocket": "wss://"}


class MonitorForm(ServiceForm):
    """Makes `fields` for monitors.services from what a person typed; `form_for` makes one for each type."""

    kind: ClassVar[ProbedKind]
    own: ClassVar[Sequence[Setting]] = ()

    name = forms.CharField(
        max_length=120, required=False, help_text="What you call it, such as Shop. Empty: named after what it watches."
    )
    interval_seconds = forms.TypedChoiceField(
        label="Check every", coerce=int, choices=INTERVALS, initial=DEFAULTS["interval_seconds"]
    )
    timeout_seconds = forms.FloatField(
        label="Timeout", initial=8, min_value=0.1, max_value=60, help_text="No answer by then is a failure."
    )
    fail_after_consecutive = forms.IntegerField(
        label="Down after", initial=2, min_value=1, max_value=100,
        help_text="Each failure is looked at a second time at once before it counts.",
    )  # fmt: skip
    resolve_after_consecutive_success = forms.IntegerField(
        label="Up after", initial=1, min_value=1, max_value=100, help_text="Good checks in a row, by default 1."
    )
    latency_threshold_ms = forms.IntegerField(
        label="Degraded when slower than",
        required=False,
        min_value=1,
        max_value=60_000,
        help_text="Such as 1500. Slow answers fail no check; left empty, none is too slow.",
    )
    ssl_expiry_days = forms.CharField(
        label="Warn before it expires", required=False, max_length=100,
        initial=", ".join(map(str, DEFAULTS["ssl_expiry_days"])),
        help_text="Days with commas in between; each that passes raises the incident's severity.",
    )  # fmt: skip
    regions = forms.MultipleChoiceField(
        label="Regions", initial=DEFAULTS["regions"], widget=forms.CheckboxSelectMultiple,
        help_text="Each checks it every interval.",
    )  # fmt: skip
    quorum = forms.IntegerField(
        label="Down when", required=False, widget=forms.NumberInput(attrs={"min": 1}),
        help_text="Left empty: a majority, and at least two where there are two or more.",
    )  # fmt: skip
    tags = forms.CharField(required=False, help_text="Words with commas in between, for example prod, shop.")
    description = forms.CharField(required=False, max_length=1000, widget=forms.Textarea(attrs={"rows": 2}))

    # What every type has, in the order of the form, with its unit.
    COMMON = (
        ("latency_threshold_ms", "ms"),
        ("timeout_seconds", "seconds"),
        ("fail_after_consecutive", "failures in a row"),
        ("resolve_after_consecutive_success", "good checks in a row"),
        ("ssl_expiry_days", "days"),
        ("tags", ""),
        ("description", ""),
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.rows = Rows(self.kind.fields, self.data if self.is_bound else None, self.initial.get("assertions", []))
        if "ssl_expiry_days" in self.kind.unused:
            del self.fields["ssl_expiry_days"]
        self._offer_regions()
        stored = self.initial.get("interval_seconds")
        if stored and stored not in dict(INTERVALS):  # made through the API: an edit here keeps it
            choices = sorted([*INTERVALS, (stored, duration(stored))])
            self.fields["interval_seconds"].choices = choices  # type: ignore[attr-defined]

    def _offer_regions(self) -> None:
        """Those that there are, refused in the words of the services; where there is no choice nothing is asked."""
        offered = offered_regions(self.initial.get("regions", ()))
        if not offered:
            del self.fields["regions"], self.fields["quorum"]
            return
        field = cast(forms.MultipleChoiceField, self.fields["regions"])
        field.choices = [(one.key, one.name) for one in offered]
        words = f"Choose at least one of {', '.join(one.key for one in offered)}."
        field.error_messages |= {"required": words, "invalid_choice": words}

    def main(self) -> Iterator[Shown]:
        """The fields on top."""
        return (shown(self[one.name], one) for one in self.own if not self._is_folded(one))

    def folded(self) -> Iterator[Shown]:
        """The type's other fields, and those that every type has."""
        yield from (Shown(self[name], is_mono=name != "keyword", is_optional=True) for name in self._comfort())
        yield from (shown(self[one.name], one) for one in self.own if self._is_folded(one))

    def common(self) -> Iterator[Shown]:
        """When it alerts, and where it belongs."""
        for name, suffix in self.COMMON:
            if name in self.fields:
                is_optional = not self.fields[name].required
                is_short = bool(suffix) and name != "ssl_expiry_days"
                yield Shown(self[name], is_short=is_short, is_optional=is_optional, suffix=suffix)

    def has_advanced_errors(self) -> bool:
        main = {one.field.name for one in self.main()} | {"name", "interval_seconds", "regions", "quorum"}
        return bool(set(self.errors) - main) or bool(self.rows.errors)

    def clean_url(self) -> str:
        url: str = self.cleaned_data["url"].strip()
        return url if "://" in url or not url else f"{_SCHEMES.get(self.kind.name, 'https://')}{url}"

    def clean_tags(self) -> list[str]:
        return split_tags(self.cleaned_data["tags"])

    def clean_ssl_expiry_days(self) -> list[int]:
        try:
            return [int(word) for word in self.cleaned_data["ssl_expiry_days"].split(",") if word.strip()]
        except ValueError:
            raise forms.ValidationError("Give whole numbers of days with commas in between.") from None

    def clean(self) -> dict[str, Any]:
        """Every rule is asked here, those of the service too: all that is wrong is named at once."""
        data: dict[str, Any] = super().clean() or self.cleaned_data
        for one in self.own:
            if one.name in data:
                try:
                    data[one.name] = typed(one, data[one.name])
                except forms.ValidationError as error:
                    self.add_error(one.name, error)
        wrong = Invalid(error for error in self._wrong() if self._field_of(error) not in self.errors)
        self.add_invalid(wrong)
        return self.cleaned_data

    def _wrong(self) -> list[FieldError]:
        """What the services would refuse of what is well so far; masks of secrets are theirs to judge."""
        fields = self.service_fields()
        errors = wrong_fields({name: value for name, value in fields.items() if name != "name" or value})
        try:
            self.kind.clean(fields["settings"])
        except Invalid as invalid:
            errors += [error for error in invalid.errors if error.code != "mask"]
        return errors

    def add_invalid(self, invalid: Invalid) -> None:
        """Errors of a row of assertions stand at the row."""
        others = [error for error in invalid.errors if not self.rows.take_error(error, len(self._shown_assertions()))]
        if self.rows.errors and not self.non_field_errors():
            self.add_error(None, f"Assertions: {self.rows.errors[0]}")
        super().add_invalid(Invalid(others))

    def service_fields(self, kept: Mapping[str, Any] | None = None) -> dict[str, Any]:
        """What monitors.services takes; `kept` are stored settings whose assertions a post without rows leaves."""
        data = self.cleaned_data
        settings = self._settings()
        if any(field.name == "assertions" for field in self.kind.fields):
            stored = [] if kept is None else other_assertions(kept.get("assertions", []), is_http=self._is_http)
            settings["assertions"] = self._shown_assertions() + self.rows.assertions(stored)
        names = ("description", "interval_seconds", "fail_after_consecutive", "resolve_after_consecutive_success",
                 "latency_threshold_ms", "tags", "ssl_expiry_days", "regions", "quorum")  # fmt: skip
        fields = {name: data[name] for name in names if name in data}
        if "timeout_seconds" in data:
            fields["timeout_ms"] = round(data["timeout_seconds"] * 1000)
        return {"name": data.get("name") or self._called(settings), "settings": settings, **fields}

    def _settings(self) -> dict[str, Any]:
        """The type's settings as nested as its schema; an object whose first choice is left open is none."""
        settings: dict[str, Any] = {}
        for one in self.own:
            if one.name not in self.cleaned_data:
                continue
            *above, last = one.path
            place = settings
            for part in above:
                place = place.setdefault(part, {})
            place[last] = self.cleaned_data[one.name]
        auth = found_in(settings, ("request", "auth"))
        if auth is not None and not auth.get("type"):
            settings["request"]["auth"] = None
        return settings

    def _called(self, settings: Mapping[str, Any]) -> str:
        if url := settings.get("url"):
            return str(url).partition("://")[2].split("/")[0].rpartition("@")[2][:120]
        return self.kind.target(settings)[:120]

    @property
    def _is_http(self) -> bool:
        return self.kind.name == "http"

    def _is_folded(self, one: Setting) -> bool:
        return one.name != "url" if self._is_http else one.name in _FOLDED

    def _comfort(self) -> Sequence[str]:
        """Assertions that have a field of their own."""
        return [name for name in ("status_codes", "keyword") if name in self.fields]

    def _shown_assertions(self) -> list[dict[str, Any]]:
        found = [codes] if (codes := self.cleaned_data.get("status_codes")) else []
        if keyword := self.cleaned_data.get("keyword"):
            found.append({"source": "body", "property": None, "comparison": "contains", "target": keyword})
        return found


class HttpForm(MonitorForm):
    """An HTTP monitor's, which has fields for the two assertions that most want."""

    status_codes = forms.CharField(
        label="Expected status codes",
        initial="200-399",
        required=False,
        help_text="A range or a list, for example 200-399 or 200, 204. Left empty, any code is fine.",
    )
    keyword = forms.CharField(
        required=False, max_length=500, help_text="The answer must contain this text; up to 1 MiB of it is read."
    )

    def clean_status_codes(self) -> dict[str, Any] | None:
        text = self.cleaned_data["status_codes"].strip()
        return status_assertion(text) if text else None


@cache
def form_for(name: str) -> type[MonitorForm]:
    """The form of a probed type."""
    kind = cast(ProbedKind, kinds[name])
    base = HttpForm if name == "http" else MonitorForm
    own = tuple(settings_of(kind.fields))
    parts: dict[str, Any] = {one.name: form_field(one) for one in own}
    parts["interval_seconds"] = forms.TypedChoiceField(
        label="Check every", coerce=int, choices=INTERVALS, initial=_SLOW.get(name, DEFAULTS["interval_seconds"])
    )
    pointers = {one.pointer: one.name for one in own} | _COMMON_POINTERS
    if name == "http":
        pointers["/assertions"] = "keyword"
    return type(f"{name.capitalize()}MonitorForm", (base,), {**parts, "kind": kind, "own": own, "pointers": pointers})


_COMMON_POINTERS = {
    "/name": "name",
    "/intervalSeconds": "interval_seconds",
    "/timeoutMs": "timeout_seconds",
    "/failAfterConsecutive": "fail_after_consecutive",
    "/resolveAfterConsecutiveSuccess": "resolve_after_consecutive_success",
    "/latencyThresholdMs": "latency_threshold_ms",
    "/sslExpiryDays": "ssl_expiry_days",
    "/regions": "regions",
    "/quorum": "quorum",
    "/tags": "tags",
    "/description": "description",
}


def initial_of(monitor: Monitor, settings: Mapping[str, Any]) -> dict[str, Any]:
    """What the form shows of a stored monitor; `settings` with secrets masked."""
    form, assertions = form_for(monitor.type), settings.get("assertions") or []
    is_http = monitor.type == "http"
    found: dict[str, Any] = {one.name: shown_value(one, found_in(settings, one.path)) for one in form.own}
    if is_http:
        found["status_codes"] = next((codes_of(one) for one in assertions if is_status(one)), "")
        found["keyword"] = next((one["target"] for one in assertions if is_keyword(one)), "")
    return found | {
        "assertions": other_assertions(assertions, is_http=is_http),
        "name": monitor.name,
        "description": monitor.description,
        "interval_seconds": monitor.interval_seconds,
        "timeout_seconds": monitor.timeout_ms / 1000,
        "fail_after_consecutive": monitor.fail_after_consecutive,
        "resolve_after_consecutive_success": monitor.resolve_after_consecutive_success,
        "latency_threshold_ms": monitor.latency_threshold_ms,
        "ssl_expiry_days": ", ".join(map(str, monitor.ssl_expiry_days)),
        "regions": list(monitor.region_states.order_by("region_id").values_list("region__key", flat=True)),
        "quorum": monitor.quorum,
        "tags": ", ".join(monitor.tags),
    }
