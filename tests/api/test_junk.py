"""Whatever a client sends, the answer is the client's fault or none: never a 5xx, never HTML."""

import json
from datetime import timedelta

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

PLAIN = st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=30) | st.sampled_from(
    ["http", "heartbeat", "https://x.example", "DOWN", "2026-01-01T00:00:00Z", "\x00", "default", 60, 2**31, 2**63, -1]
)  # fmt: skip
VALUES = st.recursive(
    PLAIN,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=12), inner, max_size=4),
    max_leaves=8,
)
KEYS = st.sampled_from(
    [
        "name", "type", "url", "description", "intervalSeconds", "timeoutMs", "paused", "tags", "serviceGroupId",
        "regions", "quorum", "failAfterConsecutive", "resolveAfterConsecutiveSuccess", "request", "assertions",
        "latencyThresholdMs", "sslExpiryDays", "escalationPolicyId", "dependsOn", "externalKey", "schedule", "slug",
        "token", "graceSeconds", "methods", "filters", "maxRuntimeSeconds", "title", "summary", "severity", "state",
        "acknowledged", "monitorId", "body", "scopes", "expiresAt", "timezone", "locale", "email", "id", "status",
    ]
)  # fmt: skip
BODIES = st.dictionaries(KEYS | st.text(max_size=10), VALUES, max_size=8) | VALUES
MONITOR = st.fixed_dictionaries(
    {"name": st.just("x"), "type": st.sampled_from(["http", "heartbeat"])},
    optional={
        "url": st.just("https://x.example") | PLAIN,
        "request": st.dictionaries(
            st.sampled_from(["method", "headers", "body", "auth", "followRedirects", "maxRedirects", "ipVersion"]),
            VALUES,
        ),
        "assertions": st.lists(
            st.fixed_dictionaries(
                {
                    "source": st.sampled_from(["status_code", "json", "header", "body", "certificate"]) | PLAIN,
                    "comparison": st.sampled_from(["equals", "between", "matches", "in", "contains", "exists"]) | PLAIN,
                },
                optional={"target": VALUES, "property": VALUES},
            ),
            max_size=3,
        ),
        "schedule": st.fixed_dictionaries(
            {"kind": st.sampled_from(["interval", "cron", "oncalendar"]) | PLAIN},
            optional={
                "intervalSeconds": PLAIN,
                "expression": st.sampled_from(["* * * * *", "0 0 30 2 *", "daily"]) | st.text(max_size=20),
                "timezone": st.sampled_from(["UTC", "Europe/Berlin", "../etc/passwd", "Mars"]) | PLAIN,
            },
        ),
        "intervalSeconds": PLAIN, "timeoutMs": PLAIN, "tags": VALUES, "graceSeconds": PLAIN, "slug": PLAIN,
        "token": PLAIN, "methods": VALUES, "filters": VALUES, "regions": VALUES, "externalKey": PLAIN,
        "sslExpiryDays": VALUES, "failureTolerance": PLAIN, "maxRuntimeSeconds": PLAIN, "dependsOn": VALUES,
    },
)  # fmt: skip
often = settings(
    max_examples=40,
    deadline=timedelta(seconds=5),
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow, HealthCheck.data_too_large],
)


def sane(answer):
    assert answer.status_code < 500, answer.content
    if answer.status_code >= 400:
        assert answer["Content-Type"] == "application/problem+json"


@pytest.fixture
def addresses(monitor, incident, note, alice):
    return {
        "POST": ["/api/v1/monitor", "/api/incidents", f"/api/incidents/{incident.pk}/notes", "/api/tokens"],
        "PUT": [f"/api/monitors/{monitor.pk}", f"/api/v1/user/{alice.pk}"],
        "PATCH": [
            f"/api/v1/monitor/{monitor.pk}",
            f"/api/incidents/{incident.pk}",
            f"/api/incidents/{incident.pk}/notes/{note.pk}",
        ],
    }


@often
@given(body=BODIES)
def test_no_body_breaks_an_endpoint(api, addresses, body):
    raw = json.dumps(body).encode()
    for method, paths in addresses.items():
        for path in paths:
            sane(api.ask(method, path, raw=raw))


@often
@given(body=MONITOR)
def test_no_nearly_right_monitor_breaks_it(api, monitor, body):
    raw = json.dumps(body).encode()
    made = api.ask("POST", "/api/v1/monitor", raw=raw)
    sane(made)
    sane(api.ask("PATCH", f"/api/monitors/{monitor.pk}", raw=raw))
    if made.status_code == 201:
        assert api.put(made["Location"], made.json()).status_code == 200


@often
@given(raw=st.binary(max_size=200))
def test_no_bytes_break_it(api, raw):
    sane(api.ask("POST", "/api/v1/monitor", raw=raw))


NAMES = st.sampled_from(
    ["page", "limit", "startDate", "endDate", "search", "ordering", "status", "tag", "state", "monitorId", "name",
     "cursor", "region", "failed", "interval", "type", "paused", "externalKey", "kind", "severity"]
)  # fmt: skip
PARAMETERS = st.dictionaries(
    NAMES | st.text(max_size=8),
    st.text(max_size=40) | st.sampled_from(
        ["1", "0", "-1", "9" * 30, "\x00", "2026-01-01", "0001-01-01T00:00:00+14:00", "9999-12-31", "true", "name",
         "hour", "9999-12-31T23:59:59-12:00", "0001-01-01", "1e3", "١"]
    ),
    max_size=4,
)  # fmt: skip


@often
@given(query=PARAMETERS)
def test_no_query_breaks_a_list(api, monitor, incident, query):
    for path in (
        "/api/monitors", "/api/incidents", "/api/tokens", f"/api/incidents/{incident.pk}/notes",
        f"/api/monitors/{monitor.pk}/results", f"/api/monitors/{monitor.pk}/availability",
        f"/api/v1/monitor/{monitor.pk}/incident",
    ):  # fmt: skip
        sane(api.client.get(path, query, headers=api.headers))


@often
@given(name=st.sampled_from(["X-Workspace", "If-Match", "If-None-Match", "Accept", "X-Request-Id", "X-Forwarded-For",
                             "Authorization", "Content-Type", "Idempotency-Key"]),
       value=st.text(st.characters(max_codepoint=255), max_size=60))  # fmt: skip
def test_no_header_breaks_it(api, monitor, name, value):
    sane(api.client.get("/api/monitors", headers={**api.headers, name: value}))
    sane(api.client.post(f"/api/monitors/{monitor.pk}/pause", headers={**api.headers, name: value}))
