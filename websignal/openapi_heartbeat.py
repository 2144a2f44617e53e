"""The settings of a heartbeat as the OpenAPI document tells them."""

from typing import Any

Schema = dict[str, Any]


def _schedule(kind: str, needed: str, **more: Schema) -> Schema:
    return {
        "type": "object",
        "required": ["kind", needed],
        "additionalProperties": False,
        "properties": {"kind": {"type": "string", "const": kind}, **more},
    }


def _calendar(kind: str, language: str) -> Schema:
    expression = {"type": "string", "minLength": 1, "maxLength": 100, "description": language}
    zone = {"type": "string", "description": "A name of the IANA time zone database.", "default": "UTC"}
    return _schedule(kind, "expression", expression=expression, timezone=zone)


SCHEDULES: dict[str, Schema] = {
    "IntervalSchedule": _schedule(
        "interval",
        "intervalSeconds",
        intervalSeconds={"type": "integer", "minimum": 10, "maximum": 365 * 24 * 3600},
    ),
    "CronSchedule": _calendar("cron", "Five fields, as crontab(5) has them; at least 10 s between runs."),
    "OncalendarSchedule": _calendar("oncalendar", "As systemd.time(7) has it; at least 10 s between runs."),
}
_WORDS = {"type": "array", "maxItems": 20, "items": {"type": "string", "minLength": 1, "maxLength": 100}}
_VERDICTS = {
    "type": "object",
    "additionalProperties": False,
    "properties": {"success": _WORDS, "failure": _WORDS, "start": _WORDS},
}
SETTINGS: dict[str, Schema] = {
    "schedule": {
        "description": "When pings are expected.",
        "oneOf": [{"$ref": f"#/components/schemas/{name}"} for name in SCHEDULES],
    },
    "graceSeconds": {"type": "integer", "minimum": 0, "maximum": 30 * 24 * 3600, "default": 60},
    "token": {
        "type": ["string", "null"],
        "pattern": "^([A-Za-z0-9_-]{22,64})?$",
        "description": "Given at creation or made up; never changes.",
    },
    "slug": {"type": "string", "pattern": "^([a-z0-9]+([-_][a-z0-9]+)*)?$", "maxLength": 120},
    "pingUrl": {"type": "string", "format": "uri", "readOnly": True},
    "methods": {"type": "array", "items": {"type": "string", "enum": ["GET", "HEAD", "POST", "EMAIL"]}},
    "failureTolerance": {"type": "integer", "minimum": 0, "maximum": 100},
    "maxRuntimeSeconds": {"type": ["integer", "null"], "minimum": 1, "maximum": 30 * 24 * 3600},
    "filters": {
        "type": "object",
        "description": "Words in the body, or in the subject of a mail, that make a ping a success, failure or start.",
        "additionalProperties": False,
        "properties": {"subject": _VERDICTS, "body": _VERDICTS},
    },
    "lastPingAt": {"type": ["string", "null"], "format": "date-time", "readOnly": True},
    "nextDueAt": {"type": ["string", "null"], "format": "date-time", "readOnly": True},
}
NEEDED = ("schedule",)
