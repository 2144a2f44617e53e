"""A monitor's secrets are given once and shown nowhere: not in answers, pages, logs, nor in what a server echoes."""

import base64
import logging

import pytest

from monitors.models import Monitor
from monitors.probes.catalogue import PROBES
from tests.targets import Target

CANARY = "hunter2-canary"
BASIC = base64.b64encode(f"me:{CANARY}".encode()).decode()
HEADERS = {
    "Authorization": f"Bearer {CANARY}", "X-Api-Key": CANARY, "X-Pass": CANARY, "X-Team": f"Token {CANARY}",
    "Cookie": f"id={CANARY}",
}  # fmt: skip
LOGINS = {
    "bearer": {"type": "bearer", "token": CANARY},
    "basic": {"type": "basic", "username": "me", "password": CANARY},
    "digest": {"type": "digest", "username": "me", "password": CANARY},
}
NEVER = [{"source": "body", "comparison": "not_contains", "target": "authorization"}]
# A secret in each type that takes one.
BODIES = {
    "http": {"url": "http://127.0.0.1:1/", "request": {"headers": HEADERS, "auth": LOGINS["basic"]}},
    "websocket": {"url": "ws://127.0.0.1:1/", "headers": HEADERS},
    "sql": {"engine": "postgresql", "host": "127.0.0.1", "port": 1, "username": "me", "password": CANARY},
    "redis": {"host": "127.0.0.1", "port": 1, "password": CANARY},
    "smtp": {"host": "127.0.0.1", "port": 1, "username": "me", "password": CANARY},
    "imap": {"host": "127.0.0.1", "port": 1, "username": "me", "password": CANARY},
}


@pytest.fixture(scope="module")
def echo():
    with Target() as running:
        yield running


def without_secret(answer):
    text = answer.content.decode()
    assert answer.status_code < 300, text
    assert CANARY not in text
    assert BASIC not in text
    return answer


def places(monitor_id):
    yield from ("/api/v1/monitor", f"/api/v1/monitor/{monitor_id}", f"/api/monitors/{monitor_id}")
    yield from (f"/api/v1/monitor/{monitor_id}/{name}" for name in ("results", "incident", "availability"))
    yield from ("/api/v1/incident", "/api/audit-log", "/api/events", "/api/deliveries")


def screens(monitor_id):
    yield from ("/", "/monitors", f"/monitors/{monitor_id}", f"/monitors/{monitor_id}/edit", "/incidents")
    yield f"/admin/monitors/monitor/{monitor_id}/change/"
    yield from (f"/admin/{name}/" for name in ("monitors/monitor", "accounts/auditentry", "incidents/incident"))


@pytest.mark.parametrize("login", LOGINS)
def test_what_a_server_echoes_is_masked_wherever_it_is_kept(api, operator_browser, echo, login, caplog):
    caplog.set_level(logging.DEBUG)
    request = {"headers": HEADERS, "auth": LOGINS[login]}
    body = {"type": "http", "url": echo.url("/echo"), "request": request, "assertions": NEVER}
    tried = without_secret(api.post("/api/v1/monitortest", body)).json()
    assert tried["failureClass"] == "assertion"
    assert CANARY in str([one.headers for one in echo.requests])
    made = without_secret(api.post("/api/v1/monitor", body | {"name": "Shop", "failAfterConsecutive": 1})).json()
    without_secret(api.post(f"/api/v1/monitor/{made['id']}/check"))
    incident = without_secret(api.get("/api/v1/incident")).json()["items"][0]
    without_secret(api.get(f"/api/v1/incident/{incident['id']}"))
    for path in places(made["id"]):
        without_secret(api.get(path))
    for path in (*screens(made["id"]), f"/incidents/{incident['id']}"):
        without_secret(operator_browser.get(path, follow=True))
    report = {"startDate": "2026-01-01T00:00:00Z", "endDate": "2026-02-01T00:00:00Z", "format": "json"}
    without_secret(api.post(f"/api/v1/monitor/{made['id']}/report/generate", report))
    assert CANARY not in caplog.text


@pytest.mark.parametrize("type", BODIES)
def test_every_types_secret_is_stored_and_never_said_again(api, operator_browser, type, caplog):
    caplog.set_level(logging.DEBUG)
    body = {"name": "Shop", "type": type, **BODIES[type]}
    made = without_secret(api.post("/api/v1/monitor", body)).json()
    assert CANARY in str(Monitor.objects.get().settings)
    path = f"/api/v1/monitor/{made['id']}"
    without_secret(api.patch(path, {"description": "Renamed"}))
    shown = without_secret(api.get(path)).json()
    sent_back = {name: shown[name] for name in body}
    without_secret(api.put(path, sent_back))
    assert CANARY in str(Monitor.objects.get().settings)
    for place in places(made["id"]):
        without_secret(api.get(place))
    for screen in screens(made["id"]):
        without_secret(operator_browser.get(screen, follow=True))
    assert CANARY not in caplog.text


@pytest.mark.parametrize("type", BODIES)
def test_a_refusal_does_not_repeat_it(api, type, caplog):
    caplog.set_level(logging.DEBUG)
    body = {"name": "", "type": type, "colour": CANARY, **BODIES[type], "timeoutMs": -1}
    for path in ("/api/v1/monitor", "/api/v1/monitortest"):
        answer = api.post(path, body)
        assert answer.status_code == 400
        assert CANARY not in answer.content.decode()
    assert CANARY not in caplog.text


@pytest.mark.parametrize(
    ("type", "url"),
    [("http", f"https://me:{CANARY}@shop.example/"), ("websocket", f"wss://me:{CANARY}@shop.example/")],
)
def test_a_login_in_an_address_is_refused_for_all_would_see_it(api, type, url):
    answer = api.post("/api/v1/monitor", {"name": "Shop", "type": type, "url": url})
    assert [error["pointer"] for error in answer.json()["errors"]] == ["/url"]
    assert CANARY not in answer.content.decode()


def test_this_file_knows_every_type_that_takes_a_secret():
    def takes(fields):
        return any(field.secret or field.kind == "headers" or takes(field.fields) for field in fields)

    assert {name for name, probe in PROBES.items() if takes(probe.fields)} == set(BODIES)
