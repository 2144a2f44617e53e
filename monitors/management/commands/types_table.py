"""`manage.py types_table`: the types of monitor and their settings, for docs/reference/monitor-types.md."""

from collections.abc import Iterator, Sequence
from typing import Any

from django.core.management.base import BaseCommand

from common.names import camel
from monitors.probes.catalogue import PROBES
from monitors.probes.schema import Field


class Command(BaseCommand):
    help = __doc__ or ""

    def handle(self, *args: Any, **options: Any) -> None:
        for name, probe in PROBES.items():
            self.stdout.write(f"## {probe.label}: `{name}`\n\n{probe.summary}\n\n")
            self.stdout.write("| setting | takes | default | |\n|---|---|---|---|\n")
            for line in _lines(field for field in probe.fields if field.name != "latency_threshold_ms"):
                self.stdout.write(line)
            self.stdout.write("")


def _lines(fields: Iterator[Field] | Sequence[Field], above: str = "") -> Iterator[str]:
    for field in fields:
        key = f"{above}{camel(field.name)}"
        default = "required" if field.required else _default(field.default)
        told = field.help.replace("|", "\\|")
        secret = " Stored encrypted, never shown." if field.secret else ""
        yield f"| `{key}` | {_takes(field)} | {default} | {told}{secret} |"
        if field.kind == "object":
            yield from _lines(field.fields, f"{key}.")


def _default(value: Any) -> str:
    if value in (None, "", [], {}):
        return ""
    return f"`{str(value).lower()}`" if isinstance(value, bool) else f"`{value}`"


def _takes(field: Field) -> str:
    match field.kind:
        case "choice":
            return ", ".join("null" if one is None else f"`{one}`" for one in field.choices)
        case "integer":
            return f"whole number, {field.minimum} to {field.maximum}"
        case "boolean":
            return "true or false"
        case "texts":
            return "list of texts"
        case "headers":
            return "names and values"
        case "list":
            sources = next((one.choices for one in field.fields if one.name == "source"), ())
            return f"list; sources {', '.join(f'`{one}`' for one in sources)}"
    return {"url": "URL", "host": "host name or address"}.get(field.kind, field.kind)
