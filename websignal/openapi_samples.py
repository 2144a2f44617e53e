"""What one types to call each operation: curl, Python and JavaScript, from the document itself."""

import json
import re
from typing import Any

_METHODS = ("get", "post", "put", "patch", "delete")
_SAMPLES: dict[str, Any] = {
    "string": "text",
    "integer": 1,
    "number": 1,
    "boolean": True,
    "array": [],
    "object": {},
}


def add_samples(document: dict[str, Any]) -> None:
    """`x-codeSamples` for every operation that takes a bearer token."""
    for path, entries in document["paths"].items():
        for method in _METHODS:
            operation = entries.get(method, {})
            if any("bearerToken" in one for one in operation.get("security", ())):
                body = _body(operation, document["components"]["schemas"])
                operation["x-codeSamples"] = _samples(method.upper(), re.sub(r"\{\w+\}", "1", path), body)


def _body(operation: dict[str, Any], schemas: dict[str, Any]) -> dict[str, Any] | None:
    content = operation.get("requestBody", {}).get("content", {}).get("application/json")
    if content is None:
        return None
    schema = _resolved(content["schema"], schemas)
    if "example" in schema:
        return dict(schema["example"])
    return _needed(schema, schemas)


def _needed(schema: dict[str, Any], schemas: dict[str, Any]) -> dict[str, Any]:
    return {name: _value(schema["properties"][name], schemas) for name in schema.get("required", ())}


def _resolved(schema: dict[str, Any], schemas: dict[str, Any]) -> dict[str, Any]:
    """What a reference leads to; of several shapes the first, unless there is an example."""
    if "$ref" in schema:
        return _resolved(schemas[schema["$ref"].rpartition("/")[2]], schemas)
    several = schema.get("oneOf", schema.get("anyOf", []))
    return _resolved(several[0], schemas) if several and "example" not in schema else schema


def _value(schema: dict[str, Any], schemas: dict[str, Any]) -> Any:
    schema = _resolved(schema, schemas)
    if "const" in schema:
        return schema["const"]
    if "enum" in schema:
        return schema["enum"][0]
    if schema.get("format") in _FORMATS:
        return _FORMATS[schema["format"]]
    kind = schema.get("type", "object")
    kind = kind[0] if isinstance(kind, list) else kind
    if kind == "array" and schema.get("minItems"):
        return [_value(schema["items"], schemas)]
    return _needed(schema, schemas) if kind == "object" else _SAMPLES[kind]


_FORMATS = {
    "uri": "https://shop.example/",
    "iri": "https://shop.example/",
    "email": "ada@example.org",
    "date-time": "2026-12-06T01:00:00Z",
}


def _samples(method: str, path: str, body: dict[str, Any] | None) -> list[dict[str, str]]:
    return [
        {"lang": "Shell", "label": "curl", "source": _curl(method, path, body)},
        {"lang": "Python", "label": "Python", "source": _python(method, path, body)},
        {"lang": "JavaScript", "label": "JavaScript", "source": _javascript(method, path, body)},
    ]


def _curl(method: str, path: str, body: dict[str, Any] | None) -> str:
    verb = "" if method == "GET" else f" -X {method}"
    call = f'curl -fsS{verb} "$WS{path}" -H "Authorization: Bearer $TOKEN"'
    if body is None:
        return call
    return f"{call} \\\n  -H \"Content-Type: application/json\" -d '{json.dumps(body)}'"


def _python(method: str, path: str, body: dict[str, Any] | None) -> str:
    data = "" if body is None else f"    data=json.dumps({body!r}).encode(),\n"
    kind = "" if body is None else ', "Content-Type": "application/json"'
    return (
        "import json, urllib.request\nfrom os import environ\n\n"
        "request = urllib.request.Request(\n"
        f'    environ["WS"] + "{path}", method="{method}",\n'
        f'    headers={{"Authorization": "Bearer " + environ["TOKEN"]{kind}}},\n'
        f"{data})\n"
        "with urllib.request.urlopen(request) as answer:\n"
        "    print(answer.status, answer.read().decode())"
    )


def _javascript(method: str, path: str, body: dict[str, Any] | None) -> str:
    data = "" if body is None else f"  body: JSON.stringify({json.dumps(body)}),\n"
    kind = "" if body is None else ', "Content-Type": "application/json"'
    return (
        f'const answer = await fetch(process.env.WS + "{path}", {{\n'
        f'  method: "{method}",\n'
        f"  headers: {{ Authorization: `Bearer ${{process.env.TOKEN}}`{kind} }},\n"
        f"{data}}});\n"
        "console.log(answer.status, await answer.text());"
    )
