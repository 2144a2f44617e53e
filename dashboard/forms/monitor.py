"""The form of an HTTP monitor: URL first, the rest folded with defaults that are right for most."""

from collections.abc import Mapping
from typing import Any, ClassVar

from django import forms

from common.invalid import FieldError, Invalid
from common.web_address import BadWebAddress, parse_web_address
from dashboard.formats import duration
from dashboard.forms.assertions import codes_of, is_keyword, is_status, other_assertions, status_assertion
from dashboard.forms.base import ServiceForm, lines, split_tags
from monitors.fields import DEFAULTS, wrong_fields
from monitors.kinds import kinds
from monitors.models import Monitor
from monitors.probes.http_settings import METHODS

INTERVALS = [
    (10, "10 s"),
    (30, "30 s"),
    (60, "1 min"),
    (300, "5 min"),
    (900, "15 min"),
    (3600, "1 h"),
    (86400, "1 day"),
]


# Good values in place of wrong ones, so that the rest can be judged.
STAND_INS: dict[str, Any] = {
    "url": "https://example.org/",
    "name": "",
    "interval_seconds": 86400,
    "status_codes": None,
    "keyword": "",
    "method": "GET",
    "headers": {},
    "body": "",
    "timeout_seconds": 1.0,
    "fail_after_consecutive": 1,
    "resolve_after_consecutive_success": 1,
    "latency_threshold_ms": None,
    "follow_redirects": True,
    "verify_tls": True,
    "tags": [],
    "description": "",
}


class MonitorForm(ServiceForm):
    """Makes `fields` for monitors.services from what a person typed."""

    pointers: ClassVar[Mapping[str, str]] = {
        "/name": "name",
        "/url": "url",
        "/intervalSeconds": "interval_seconds",
        "/timeoutMs": "timeout_seconds",
        "/failAfterConsecutive": "fail_after_consecutive",
        "/resolveAfterConsecutiveSuccess": "resolve_after_consecutive_success",
        "/latencyThresholdMs": "latency_threshold_ms",
        "/tags": "tags",
        "/description": "description",
        "/request/method": "method",
        "/request/headers": "headers",
        "/request/body": "body",
        "/request/followRedirects": "follow_redirects",
        "/request/verifyTls": "verify_tls",
        "/assertions": "keyword",
    }

    url = forms.CharField(
        label="URL",
        max_length=2048,
        help_text="The address to check, with https:// or http://.",
        widget=forms.URLInput(attrs={"placeholder": "https://", "autocomplete": "off", "inputmode": "url"}),
    )
    name = forms.CharField(max_length=120, required=False, help_text="Left empty, it is the URL's host.")
    interval_seconds = forms.TypedChoiceField(
        label="Check every", coerce=int, choices=INTERVALS, initial=DEFAULTS["interval_seconds"]
    )
    status_codes = forms.CharField(
        label="Expected status codes",
        initial="200-399",
        required=False,
        help_text="A range or a list, for example 200-399 or 200, 204. Left empty, any code is fine.",
    )
    keyword = forms.CharField(
        required=False, max_length=500, help_text="The answer must contain this text; up to 1 MiB of it is read."
    )
    method = forms.ChoiceField(choices=[(name, name) for name in METHODS], initial="GET")
    headers = forms.CharField(
        required=False,
        widget=forms.Textarea(attrs={"rows": 3, "spellcheck": "false"}),
        help_text="One a line, as Name: value. Values of keys and cookies are stored encrypted and not shown again.",
    )
    body = forms.CharField(
        required=False, widget=forms.Textarea(attrs={"rows": 3, "spellcheck": "false"}), help_text="Sent as it is."
    )
    timeout_seconds = forms.FloatField(
        label="Timeout", initial=8, min_value=0.1, max_value=60, help_text="No answer by then is a failure."
    )
    fail_after_consecutive = forms.IntegerField(
        label="Down after", initial=2, min_value=1, max_value=100,
        help_text="Each failure is looked at a second time at once before it counts.",
    )  # fmt: skip
    resolve_after_consecutive_success = forms.IntegerField(label="Up after", initial=1, min_value=1, max_value=100)
    latency_threshold_ms = forms.IntegerField(
        label="Degraded when slower than", required=False, min_value=1, max_value=60_000
    )
    follow_redirects = forms.BooleanField(label="Follow redirects", required=False, initial=True)
    verify_tls = forms.BooleanField(label="Verify the certificate", required=False, initial=True)
    tags = forms.CharField(required=False, help_text="Words with commas in between, for example prod, shop.")
    description = forms.CharField(required=False, max_length=1000, widget=forms.Textarea(attrs={"rows": 2}))

    ADVANCED = (
        "status_codes",
        "keyword",
        "method",
        "headers",
        "body",
        "timeout_seconds",
        "fail_after_consecutive",
        "resolve_after_consecutive_success",
        "latency_threshold_ms",
        "follow_redirects",
        "verify_tls",
        "tags",
        "description",
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        stored = self.initial.get("interval_seconds")
        if stored and stored not in dict(INTERVALS):  # made through the API: an edit here keeps it
            choices = sorted([*INTERVALS, (stored, duration(stored))])
            self.fields["interval_seconds"].choices = choices  # type: ignore[attr-defined]

    def has_advanced_errors(self) -> bool:
        return any(name in self.errors for name in self.ADVANCED)

    def clean_url(self) -> str:
        """Judged here too, so that it is named beside whatever else is wrong."""
        url: str = self.cleaned_data["url"].strip()
        url = url if "://" in url else f"https://{url}"
        try:
            parse_web_address(url)
        except BadWebAddress as bad:
            raise forms.ValidationError(str(bad)) from bad
        return url

    def clean_status_codes(self) -> dict[str, Any] | None:
        text = self.cleaned_data["status_codes"].strip()
        return status_assertion(text) if text else None

    def clean(self) -> dict[str, Any]:
        """When something is wrong already, the service's rules are asked here too: all is named at once."""
        data: dict[str, Any] = super().clean() or self.cleaned_data
        if self.errors:
            self.cleaned_data = STAND_INS | data
            wrong = wrong_in(self.service_fields())
            self.cleaned_data = data
            self.add_invalid(Invalid(error for error in wrong if self._field_of(error) not in {None, *self.errors}))
        return self.cleaned_data

    def clean_headers(self) -> dict[str, str]:
        pairs = [line.partition(":") for line in lines(self.cleaned_data["headers"])]
        if any(not colon for _, colon, _ in pairs):
            raise forms.ValidationError("Write each header as Name: value on a line of its own.")
        return {name.strip(): value.strip() for name, _, value in pairs}

    def clean_tags(self) -> list[str]:
        return split_tags(self.cleaned_data["tags"])

    def service_fields(self, kept: Mapping[str, Any] | None = None) -> dict[str, Any]:
        """What monitors.services takes; `kept` are stored settings that this form does not show (other assertions)."""
        data = self.cleaned_data
        return {
            "name": data["name"] or _host(data["url"]),
            "description": data["description"],
            "interval_seconds": data["interval_seconds"],
            "timeout_ms": round(data["timeout_seconds"] * 1000),
            "fail_after_consecutive": data["fail_after_consecutive"],
            "resolve_after_consecutive_success": data["resolve_after_consecutive_success"],
            "latency_threshold_ms": data["latency_threshold_ms"],
            "tags": data["tags"],
            "settings": {
                "url": data["url"],
                "request": dict((kept or {}).get("request", {})) | self._request(),
                "assertions": self._assertions() + other_assertions((kept or {}).get("assertions", [])),
            },
        }

    def _request(self) -> dict[str, Any]:
        data = self.cleaned_data
        return {
            "method": data["method"],
            "headers": data["headers"],
            "body": data["body"] or None,
            "follow_redirects": data["follow_redirects"],
            "verify_tls": data["verify_tls"],
        }

    def _assertions(self) -> list[dict[str, Any]]:
        codes = self.cleaned_data["status_codes"]
        found = [codes] if codes else []
        if keyword := self.cleaned_data["keyword"]:
            found.append({"source": "body", "property": None, "comparison": "contains", "target": keyword})
        return found


def initial_of(monitor: Monitor, settings: Mapping[str, Any]) -> dict[str, Any]:
    """What the form shows of a stored monitor; `settings` with secrets masked."""
    request, assertions = settings["request"], settings["assertions"]
    keyword = next((one["target"] for one in assertions if is_keyword(one)), "")
    return {
        "url": settings["url"],
        "name": monitor.name,
        "description": monitor.description,
        "interval_seconds": monitor.interval_seconds,
        "timeout_seconds": monitor.timeout_ms / 1000,
        "fail_after_consecutive": monitor.fail_after_consecutive,
        "resolve_after_consecutive_success": monitor.resolve_after_consecutive_success,
        "latency_threshold_ms": monitor.latency_threshold_ms,
        "tags": ", ".join(monitor.tags),
        "status_codes": next((codes_of(one) for one in assertions if is_status(one)), ""),
        "keyword": keyword,
        "method": request["method"],
        "headers": "\n".join(f"{name}: {value}" for name, value in request["headers"].items()),
        "body": request["body"] or "",
        "follow_redirects": request["follow_redirects"],
        "verify_tls": request["verify_tls"],
    }


def wrong_in(fields: Mapping[str, Any]) -> list[FieldError]:
    """What the services would refuse of complete fields; masks of secrets are theirs to judge."""
    errors = wrong_fields(fields)
    try:
        kinds["http"].clean(fields["settings"])
    except Invalid as invalid:
        errors += [error for error in invalid.errors if error.code != "mask"]
    return errors


def _host(url: str) -> str:
    return url.partition("://")[2].split("/")[0].rpartition("@")[2][:120]
