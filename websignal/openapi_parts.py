"""The parts of the OpenAPI document that are written by hand."""

from typing import Any

from common.api.problems import KINDS, MEDIA_TYPE
from common.api.schema import problem, rate_headers

DESCRIPTION = """Monitoring of websites, services and cron jobs.

Send `Authorization: Bearer <token>`; make tokens under Settings → API tokens. Bodies are JSON with camelCase keys;
instants are RFC 3339 in UTC. A field or a query parameter that an address does not know is refused by name.

**Errors** are `application/problem+json` (RFC 9457). `errors` names everything that is wrong at once: `pointer` is a
JSON pointer into the body, or `?` and the name of a query parameter. **Lists** take `page` and `limit` and answer
`{items, total, page, itemCount, pageCount, limit}`; series take `cursor` and answer `nextCursor`. **Objects** carry an
`ETag`: send it in `If-Match` so that you never overwrite somebody else's change. Any POST takes an `Idempotency-Key`.
**Rate**: a token, or a signed-in person, may make 100 requests a second unless the operator says otherwise; every
answer tells how many are left in `RateLimit-Remaining`, and one too many is 429 with `Retry-After`.
"""

TAGS = [
    {"name": "Monitors", "description": "What is watched, and how."},
    {"name": "Monitor data", "description": "What was seen: results, availability."},
    {"name": "Service groups", "description": "Monitors that make up one service."},
    {"name": "Planned work", "description": "Deployments and maintenance windows."},
    {"name": "Incidents", "description": "Stretches of time in which something was wrong."},
    {"name": "Incident notes", "description": "What people wrote on an incident."},
    {"name": "Signals", "description": "Pings of heartbeats and their history."},
    {"name": "Dependencies", "description": "What monitors need, as their pings, a monitor or an operator say."},
    {"name": "Alert actions", "description": "Who is told of a monitor's incidents."},
    {"name": "Channels and rules", "description": "Ways to reach people, and which events go there."},
    {"name": "Users", "description": "The own profile."},
    {"name": "Tokens", "description": "API tokens."},
    {"name": "Members", "description": "Who is in the workspace, and what they changed."},
    {"name": "Products", "description": "Plans that can be bought, and the webhook that Stripe calls."},
    {"name": "OAuth", "description": "How applications get tokens."},
    {"name": "Platform", "description": "Health of the platform itself."},
]

# A character that is not white space, to all who read patterns and to `str.strip`.
WORD = r"[^\s\x1c-\x1f\x85]"


def _header(name: str, description: str, **schema: Any) -> dict[str, Any]:
    return {"in": "header", "name": name, "description": description, "schema": {"type": "string", **schema}}


def _json(schema: dict[str, Any]) -> dict[str, Any]:
    return {"application/json": {"schema": schema}}


def _text(*names: str) -> dict[str, Any]:
    return {name: {"type": "string"} for name in names}


PROBLEM = {
    "type": "object",
    "required": ["type", "title", "status", "detail", "instance", "errors"],
    "properties": {
        **_text("type", "title", "detail", "instance"),
        "status": {"type": "integer"},
        "errors": {
            "type": "array",
            "items": {
                "type": "object",
                "required": ["pointer", "code", "detail"],
                "properties": _text("pointer", "code", "detail"),
            },
        },
    },
}
_RESPONSE_HEADERS: dict[int, dict[str, Any]] = {
    401: {"WWW-Authenticate": {"schema": {"type": "string"}}},
    429: {"Retry-After": {"description": "Seconds.", "schema": {"type": "integer"}}},
}
_RATE_HEADERS = {
    "RateLimit-Limit": "How many requests the caller may make in a second.",
    "RateLimit-Remaining": "How many of them are left now.",
    "RateLimit-Reset": "Seconds until there is room again.",
}
COMPONENTS: dict[str, dict[str, Any]] = {
    "schemas": {"Problem": PROBLEM},
    "responses": {
        f"Problem{status}": {
            "description": title + ".",
            "content": {MEDIA_TYPE: {"schema": {"$ref": "#/components/schemas/Problem"}}},
            "headers": {**_RESPONSE_HEADERS.get(status, {}), **rate_headers()},
        }
        for status, (_, title) in KINDS.items()
    },
    "parameters": {
        "Workspace": _header("X-Workspace", "Id or slug of the workspace, for people who are in several."),
        "IdempotencyKey": _header(
            "Idempotency-Key",
            "The same key and body within 24 hours get the first answer again; another body is 409.",
            pattern="^[!-~]{1,200}$",
        ),
        "IfMatch": _header("If-Match", "The ETag that was read; 412 when the object has changed since."),
        "IfNoneMatch": _header("If-None-Match", "The ETag that was read; 304 when nothing has changed since."),
    },
    "headers": {
        "ETag": {"description": "Version of the object (RFC 9110).", "schema": {"type": "string"}},
        **{
            name: {"description": text, "schema": {"type": "integer", "minimum": 0}}
            for name, text in _RATE_HEADERS.items()
        },
    },
    "securitySchemes": {
        "bearerToken": {
            "type": "http",
            "scheme": "bearer",
            "description": "An API token, `ws_…`; it acts in one workspace with its scopes and its owner's role.",
        },
        "streamTicket": {
            "type": "apiKey",
            "in": "query",
            "name": "access_token",
            "description": "A ticket from `POST /api/signals/ticket`, good for one stream within 60 seconds.",
        },
        "session": {
            "type": "apiKey",
            "in": "cookie",
            "name": "sessionid",
            "description": "The browser's session; writes need the header `X-CSRFToken`.",
        },
    },
}

_PARTS = {
    "type": "object",
    "properties": {
        "status": {"type": "string", "enum": ["ok", "failing"]},
        "checks": {
            "type": "object",
            "additionalProperties": {"type": "object", "properties": _text("status", "detail")},
        },
    },
}
_TOKEN = {
    "in": "path",
    "name": "token",
    "required": True,
    "description": "The heartbeat's token; it is the credential.",
    "schema": {"type": "string", "pattern": "^[A-Za-z0-9_-]{22,64}$"},
}
_RID = {
    "in": "query",
    "name": "rid",
    "description": "Pairs a start with its end, which gives the run's duration.",
    "schema": {"type": "string", "format": "uuid"},
}


_ANY_BODY = {
    "description": "Anything, of whatever type; JSON is kept as JSON, all else as text.",
    "content": {
        **_json({}),
        "application/octet-stream": {"schema": {"type": "string", "format": "binary"}},
    },
}


def _ping(method: str, suffix: str, summary: str) -> dict[str, Any]:
    has_body: dict[str, Any] = {"requestBody": _ANY_BODY} if method == "post" else {}
    return {
        "operationId": f"ping{suffix.replace('/', '_')}_{method}",
        "summary": summary,
        "tags": ["Signals"],
        "security": [],
        **has_body,
        "responses": {
            "200": {
                "description": "The signal is stored.",
                "content": _json({"type": "object", "properties": {"message": {"const": "OK"}}}),
            },
            "404": problem(404),
            "413": problem(413),
            "503": problem(503),
        },
    }


_KINDS = {
    "": "The job is done and well.",
    "/start": "The job starts.",
    "/fail": "The job has failed.",
    "/log": "A word for the log; changes nothing.",
}


def _ping_path(suffix: str, summary: str, *more: dict[str, Any]) -> dict[str, Any]:
    methods = {method: _ping(method, suffix.replace("{", "").replace("}", ""), summary) for method in ("get", "post")}
    return {"parameters": [_TOKEN, _RID, *more], **methods}


_EXIT_STATUS = {
    "in": "path",
    "name": "exitStatus",
    "required": True,
    "schema": {"type": "integer", "minimum": 0, "maximum": 255},
}
_STREAM = {
    "operationId": "signal_stream",
    "summary": "Signals and changes of status as they happen (server-sent events).",
    "description": "Messages are JSON with `type` = `signal` or `check`; `event: heartbeat` comes every 15 s. A client "
    "that reconnects with `Last-Event-ID` gets what it missed in the last ten minutes. One person may open 30 streams "
    "a minute. The stream ends when the token expires or the session ends.\n\nScope: `monitor.read`.",
    "tags": ["Signals"],
    "security": [{"bearerToken": ["monitor.read"]}, {"session": []}, {"streamTicket": []}],
    "parameters": [
        {"in": "query", "name": "token", "description": "Only this check.", "schema": {"type": "string"}},
        _header("Last-Event-ID", "The id of the last event that was seen."),
    ],
    "responses": {
        "200": {
            "description": "The stream.",
            "content": {"text/event-stream": {"schema": {"type": "string"}}},
        },
        **{str(status): problem(status) for status in (400, 401, 403, 404, 429)},
    },
}
PATHS: dict[str, Any] = {
    **{f"/api/signals/ping/{{token}}{suffix}": _ping_path(suffix, summary) for suffix, summary in _KINDS.items()},
    "/api/signals/ping/{token}/{exitStatus}": _ping_path(
        "/{exitStatus}", "The job has ended; 0 is well.", _EXIT_STATUS
    ),
    "/api/signals/sse": {"get": _STREAM},
    "/health": {
        "get": {
            "operationId": "health",
            "summary": "The process lives.",
            "tags": ["Platform"],
            "security": [],
            "responses": {
                "200": {
                    "description": "It does.",
                    "content": _json({"type": "object", "properties": _text("status", "version")}),
                }
            },
        }
    },
    "/health/ready": {
        "get": {
            "operationId": "ready",
            "summary": "The process can serve: database, broker, scheduler, each with its line.",
            "tags": ["Platform"],
            "security": [],
            "responses": {
                "200": {"description": "Every part works.", "content": _json(_PARTS)},
                "503": {"description": "Some part does not.", "content": _json(_PARTS)},
            },
        }
    },
}
