"""Describes a channel type by type: each has settings of its own, which its catalogue entry says."""

from typing import Any

from alerts.channels.catalogue import CATALOGUE

Schema = dict[str, Any]


def add_channels(schemas: Schema) -> None:
    """A channel that is made or replaced becomes one of its types; a patch, which may name none, takes any settings.

    What an edit leaves out of the settings stays, so none is needed there.
    """
    for name, kind in CATALOGUE.items():
        schemas[f"{name.capitalize()}Config"] = dict(kind.schema)
        schemas[f"{name.capitalize()}ConfigChange"] = {
            key: part for key, part in kind.schema.items() if key != "required"
        }
    _by_type(schemas, "NewChannelRequest", "{}ChannelRequest", "{}Config")
    _by_type(schemas, "ChannelRequest", "{}ChannelChangeRequest", "{}ConfigChange")
    schemas["PatchedChannelRequest"]["properties"]["config"] = {
        "description": "As the channel's type takes it.",
        "anyOf": [_to(f"{name.capitalize()}ConfigChange") for name in CATALOGUE],
    }
    _describe_groups(schemas)


def _by_type(schemas: Schema, component: str, title: str, config: str) -> None:
    base, mapping = schemas[component], {}
    for name in CATALOGUE:
        own = {"type": {"type": "string", "const": name}, "config": _to(config.format(name.capitalize()))}
        typed = title.format(name.capitalize())
        schemas[typed] = {**base, "properties": {**base["properties"], **own}}
        mapping[name] = _to(typed)["$ref"]
    schemas[component] = {
        "description": base.get("description", ""),
        "oneOf": [{"$ref": reference} for reference in mapping.values()],
        "discriminator": {"propertyName": "type", "mapping": mapping},
    }


def _describe_groups(schemas: Schema) -> None:
    """An action group has its channel's settings beside its own fields."""
    for name, kind in CATALOGUE.items():
        request = schemas[f"{name.capitalize()}GroupRequest"]["properties"]
        request.update({key: schema for key, schema in kind.schema["properties"].items() if key in request})


def _to(component: str) -> Schema:
    return {"$ref": f"#/components/schemas/{component}"}
