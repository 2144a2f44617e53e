"""What the OpenAPI document says of each endpoint beyond its serializers: parameters, errors, headers, scope."""

from collections.abc import Iterable
from inspect import cleandoc
from typing import Any

from drf_spectacular.openapi import AutoSchema

from common.api.parameters import MOST_REPEATS, Parameter

Reference = dict[str, str]
_HOOKS = {"create": "make", "update": "edit", "destroy": "remove"}
RATE_HEADERS = ("RateLimit-Limit", "RateLimit-Remaining", "RateLimit-Reset")


def parameter(name: str) -> Reference:
    """A reference to one of the document's common parameters."""
    return {"$ref": f"#/components/parameters/{name}"}


def problem(status: int) -> Reference:
    """A reference to the problem answer with this status."""
    return {"$ref": f"#/components/responses/Problem{status}"}


def rate_headers() -> dict[str, Reference]:
    """References to the headers that tell where a caller stands; every answer has them."""
    return {name: {"$ref": f"#/components/headers/{name}"} for name in RATE_HEADERS}


class ApiSchema(AutoSchema):
    """Adds what holds for every endpoint of this API."""

    def get_operation(self, *args: Any, **kwargs: Any) -> dict[str, Any] | None:
        operation = super().get_operation(*args, **kwargs)
        if operation is None:
            return None
        own = operation.get("parameters", [])
        operation["parameters"] = [*own, *self._query(), *(parameter(name) for name in self._headers())]
        operation["responses"] = {**operation["responses"], **{str(code): problem(code) for code in self._problems()}}
        self._tag_answers(operation["responses"])
        for answer in operation["responses"].values():
            if "$ref" not in answer:
                answer.setdefault("headers", {}).update(rate_headers())
        if scope := self._scope():
            described = operation.get("description", "").rstrip()
            operation["description"] = f"{described}\n\nScope: `{scope}`.".strip()
            operation["security"] = [{"bearerToken": [scope]}, {"session": []}]
        else:
            operation["security"] = []
        return dict(operation)

    def get_description(self) -> str:  # type: ignore[override]
        """Where a service writes, the words of the hook that calls it, if it has any."""
        hook = _HOOKS.get(getattr(self.view, "action", None) or "", "")
        words = getattr(self.view, hook).__doc__ if hook and hasattr(self.view, "make") else None
        return cleandoc(words) if words else str(super().get_description())

    def get_auth(self) -> list[dict[str, Any]]:
        """Said in `get_operation`, with the scope."""
        return []

    def _query(self) -> list[dict[str, Any]]:
        if not hasattr(self.view, "allowed_parameters"):
            return []
        return [
            {"in": "query", "name": one.name, "description": one.help, "schema": _schema_of(one)}
            | ({"explode": False} if one.schema.get("type") == "array" else {})
            | ({"required": True} if one.is_required else {})
            for one in self.view.allowed_parameters()
        ]

    def _scope(self) -> str:
        if not self.view.permission_classes:
            return ""
        scopes, default = getattr(self.view, "scopes", {}), getattr(self.view, "scope", "monitor.admin")
        return str(scopes.get(getattr(self.view, "action", None), scopes.get(self.method, default)))

    def _headers(self) -> Iterable[str]:
        if self._scope():
            yield "Workspace"
        if self.method == "POST" and getattr(self.view, "action", None) not in getattr(self.view, "slow_actions", ()):
            yield "IdempotencyKey"
        if self._is_single():
            yield "IfNoneMatch" if self.method == "GET" else "IfMatch"

    def _is_single(self) -> bool:
        """Whether it answers or changes one object with an entity tag."""
        actions = ("retrieve", "update", "partial_update", "destroy", "profile", "upsert", "update_by_body")
        return getattr(self.view, "action", None) in actions

    def _problems(self) -> Iterable[int]:
        yield 400
        if self._scope():
            yield from (401, 403, 404)
        if self.method != "GET" or getattr(self.view, "may_conflict", False):
            yield 409
        if self._is_single() and self.method != "GET":
            yield 412
        if self.method in ("POST", "PUT", "PATCH"):
            yield from (413, 415)
        yield 429

    def _tag_answers(self, responses: dict[str, Any]) -> None:
        if not (self._is_single() or getattr(self.view, "action", None) == "create"):
            return
        for code in ("200", "201"):
            if code in responses:
                responses[code].setdefault("headers", {})["ETag"] = {"$ref": "#/components/headers/ETag"}
        if self.method == "GET":
            responses["304"] = {"description": "Nothing has changed since the version that If-None-Match names."}


def _schema_of(one: Parameter) -> dict[str, Any]:
    return {"type": "array", "maxItems": MOST_REPEATS, "items": dict(one.schema)} if one.repeats else dict(one.schema)
