"""The OpenAPI document, built once a process from the code, and the page that shows it."""

import hashlib
from functools import cache
from typing import Any, cast

from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import render
from django.views.decorators.csrf import csrf_exempt
from drf_spectacular.generators import SchemaGenerator
from drf_spectacular.settings import patched_settings

from common.api.problems import Problem, problem_response
from common.api.renderers import to_json
from websignal.openapi_changes import add_changes
from websignal.openapi_channels import add_channels
from websignal.openapi_covers import add_covers
from websignal.openapi_oauth import OAUTH_PATHS, oauth_scheme, offer_oauth
from websignal.openapi_parts import COMPONENTS, DESCRIPTION, PATHS, TAGS, WORD
from websignal.openapi_rules import add_conditions
from websignal.openapi_samples import add_samples
from websignal.openapi_types import add_types


def document() -> dict[str, Any]:
    """OpenAPI 3.1: every endpoint of the URL configuration, and by hand those that are not Django's framework views."""
    # Without the library's hook that gives enums names of their own, which would change as enums are added.
    with patched_settings({"POSTPROCESSING_HOOKS": []}):
        generator: Any = cast(Any, SchemaGenerator)()
        found: dict[str, Any] = generator.get_schema(request=None, public=True)
    components = found.setdefault("components", {})
    for part, entries in COMPONENTS.items():
        components[part] = {**components.get(part, {}), **entries}
    components["securitySchemes"]["oauth2"] = oauth_scheme()
    found["info"]["description"] = DESCRIPTION
    found["paths"] = dict(sorted({**found["paths"], **PATHS, **OAUTH_PATHS}.items()))
    found["tags"] = TAGS
    offer_oauth(found["paths"])
    _need_words(components["schemas"])
    add_types(components["schemas"])
    add_changes(components["schemas"])
    add_channels(components["schemas"])
    add_conditions(components["schemas"])
    add_covers(components["schemas"])
    _close(components["schemas"])
    _need_bodies(found["paths"], components["schemas"])
    _name_the_object(found["paths"], components["schemas"])
    add_samples(found)
    return found


def _close(schemas: dict[str, Any]) -> None:
    """Bodies have no fields but those named: another one is refused."""
    for name, schema in schemas.items():
        if name.endswith("Request") and "properties" in schema:
            schema["additionalProperties"] = False


def _need_words(schemas: dict[str, Any]) -> None:
    """A text that may not be empty may not be blank either: white space around it is not counted."""
    for name, schema in schemas.items():
        for one in schema.get("properties", {}).values() if name.endswith("Request") else ():
            text = one.get("items", one)
            if text.get("minLength") and not {"format", "enum", "pattern"} & text.keys():
                text["pattern"] = WORD


def _need_bodies(paths: dict[str, Any], schemas: dict[str, Any]) -> None:
    """A body of one of several shapes is needed, though no single field is."""
    for entries in paths.values():
        for operation in entries.values():
            body = operation.get("requestBody", {}) if isinstance(operation, dict) else {}
            schema = body.get("content", {}).get("application/json", {}).get("schema", {})
            if {"oneOf", "anyOf"} & schemas.get(schema.get("$ref", "").rpartition("/")[2], {}).keys():
                body["required"] = True


def _name_the_object(paths: dict[str, Any], schemas: dict[str, Any]) -> None:
    """A PUT whose address has no id at its end takes it in the body."""
    for path, entries in paths.items():
        if "put" in entries and path.endswith("actiongroup"):
            content = entries["put"]["requestBody"]["content"]["application/json"]
            name = content["schema"]["$ref"].rpartition("/")[2]
            schema = schemas[name]
            schemas[f"{name}WithId"] = {
                **schema,
                "properties": {"id": {"type": "integer", "minimum": 1, "format": "int64"}, **schema["properties"]},
                "required": ["id", *schema.get("required", ())],
            }
            content["schema"] = {"$ref": f"#/components/schemas/{name}WithId"}


@cache
def _served() -> tuple[bytes, str]:
    body = to_json(document())
    return body, f'"{hashlib.blake2b(body, digest_size=8).hexdigest()}"'


@csrf_exempt
def openapi(request: HttpRequest) -> HttpResponse:
    """The document, from memory."""
    if request.method not in ("GET", "HEAD"):
        return problem_response(request, Problem(405, headers={"Allow": "GET, HEAD"}))
    body, tag = _served()
    headers = {"ETag": tag, "Cache-Control": "no-cache", "Access-Control-Allow-Origin": "*"}
    if tag in request.headers.get("If-None-Match", ""):
        return HttpResponse(status=304, headers=headers)
    return HttpResponse(body, content_type="application/json", headers=headers)


def reference(request: HttpRequest) -> HttpResponseBase:
    """The reference page; all its parts come from here."""
    return render(request, "docs/api.html")
