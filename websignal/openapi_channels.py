"""Describes a new channel type by type: each needs settings of its own."""

from typing import Any

from alerts.channels.email import MAX_RECIPIENTS
from alerts.channels.sms import MAX_NUMBERS
from alerts.channels.webhook_config import MAX_HEADER_VALUE, MAX_HEADERS, MAX_URL

Schema = dict[str, Any]
COMPONENT = "NewChannelRequest"


def _config(needed: str, **properties: Schema) -> Schema:
    return {"type": "object", "required": [needed], "properties": properties, "additionalProperties": False}


# A type that is not here has its settings in words.
CONFIGS: dict[str, Schema] = {
    "email": _config(
        "recipients",
        recipients={
            "type": "array",
            "items": {"type": "string", "format": "email"},
            "minItems": 1,
            "maxItems": MAX_RECIPIENTS,
        },
    ),
    "webhook": _config(
        "url",
        url={"type": "string", "format": "uri", "pattern": "^https?://", "maxLength": MAX_URL},
        headers={
            "type": "object",
            "maxProperties": MAX_HEADERS,
            "additionalProperties": {"type": "string", "maxLength": MAX_HEADER_VALUE},
        },
        secret={
            "type": ["string", "null"],
            "format": "password",
            "description": "`whsec_` and base64 of 24 to 64 bytes; made up when not given.",
        },
    ),
    "sms": _config(
        "phoneNumbers",
        phoneNumbers={
            "type": "array",
            "items": {"type": "string", "pattern": r"^\+[1-9][0-9]{6,14}$", "description": "E.164."},
            "minItems": 1,
            "maxItems": MAX_NUMBERS,
        },
    ),
}


def add_channels(schemas: dict[str, Any]) -> None:
    """A new channel becomes one of its types."""
    base, mapping = schemas[COMPONENT], {}
    for name in base["properties"]["type"]["enum"]:
        title = f"{name.capitalize()}ChannelRequest"
        schemas[title] = {**base, "properties": {**base["properties"], "type": {"type": "string", "const": name}}}
        if name in CONFIGS:
            schemas[f"{name.capitalize()}Config"] = CONFIGS[name]
            schemas[title]["properties"]["config"] = {"$ref": f"#/components/schemas/{name.capitalize()}Config"}
        mapping[name] = f"#/components/schemas/{title}"
    schemas[COMPONENT] = {
        "description": base.get("description", ""),
        "oneOf": [{"$ref": reference} for reference in mapping.values()],
        "discriminator": {"propertyName": "type", "mapping": mapping},
    }
