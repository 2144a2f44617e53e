"""What a monitor has seen: checks on demand, raw results, availability."""

import threading
from datetime import timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from common import clock
from monitors.models import Monitor, MonitorState, Region, Result, StatusChange


class Shop(BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response(500 if self.path == "/broken" else 200)
        self.send_header("Content-Length", "2")
        self.end_headers()
        self.wfile.write(b"ok")

    def log_message(self, *args):
        pass


@pytest.fixture
def shop():
    server = ThreadingHTTPServer(("127.0.0.1", 0), Shop)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.mark.parametrize("path", ["/api/v1/monitortest", "/api/v1/monitor-test", "/api/monitors/test"])
def test_a_test_stores_nothing_and_tells_all(api, shop, path):
    answer = api.post(path, {"url": f"{shop}/"})
    assert answer.status_code == 200, answer.content
    body = answer.json()
    assert (body["ok"], body["statusCode"], body["address"]) == (True, 200, "127.0.0.1")
    assert set(body["phases"]) == {"dns", "connect", "tls", "firstByte", "transfer"}
    assertion = {"source": "body", "comparison": "contains", "target": "fine"}
    failed = api.post(path, {"type": "http", "url": f"{shop}/", "name": "x", "assertions": [assertion]}).json()
    assert (failed["ok"], failed["failureClass"], failed["assertions"][0]["ok"]) == (False, "assertion", False)
    assert not Monitor.objects.exists()
    assert not Result.objects.exists()


def test_a_wrong_test_is_named(api, pointers):
    assert pointers(api.post("/api/v1/monitortest", {"url": "nope", "timeoutMs": "1", "x": 1})) == {
        "/url": "url", "/timeoutMs": "invalid", "/x": "unknown",
    }  # fmt: skip
    assert set(pointers(api.post("/api/v1/monitortest", {}))) == {"/url"}
    body = {"url": "https://shop.example/", "externalKey": "k" * 201, "intervalSeconds": 9, "tags": ["a b"]}
    assert set(pointers(api.post("/api/v1/monitortest", body))) == {"/externalKey", "/intervalSeconds", "/tags"}
    assert set(pointers(api.post("/api/v1/monitortest", {"type": "heartbeat"}))) == {"/type"}


@pytest.mark.parametrize(
    ("path", "body", "wrong"),
    [
        ("ssl", {"hostname": ""}, "/hostname"),
        ("ssl", {"hostname": " "}, "/hostname"),
        ("ssl", {"hostname": "a" * 254}, "/hostname"),
        # A name that the address outdoes is judged all the same.
        ("ssl", {"hostname": "a" * 254, "url": "https://127.0.0.1:1/"}, "/hostname"),
        ("ssl", {"hostname": 5, "url": "https://127.0.0.1:1/"}, "/hostname"),
        ("dns", {"hostname": "x.example", "resolver": " "}, "/resolver"),
        ("dns", {"hostname": "x.example", "resolver": "\x1d"}, "/resolver"),
    ],
)
def test_what_is_looked_at_must_be_named(api, pointers, path, body, wrong):
    assert wrong in pointers(api.post(f"/api/v1/monitor-test/{path}", body))


# What people really type, and what tells them how to go on.
@pytest.mark.parametrize(
    ("body", "said"),
    [
        ({"url": "shop.example"}, "Give the whole address, beginning with https:// or http://."),
        ({"type": "tls", "host": "https://shop.example"}, "without https:// or a port"),
        ({"type": "dns", "hostname": "https://shop.example"}, "without https://"),
        ({"type": "dns", "hostname": "x.example", "recordType": "a"}, "Choose one of A, "),
        ({"type": "ssh", "host": "x.example", "hostKey": "abc"}, "ssh-keygen -l prints"),
        ({"type": "websocket", "url": "https://x.example"}, "Only ws and wss"),
        ({"type": "sql", "engine": "oracle", "host": "x.example", "username": "me"}, "postgresql, mysql"),
        ({"type": "heartbeat"}, "Choose one of http, tls, "),
        (
            {
                "url": "http://x.example",
                "assertions": [{"source": "json", "property": "$[?(@.a)]", "comparison": "exists"}],
            },
            "Filters are not read.",
        ),
    ],
)
def test_a_wrong_test_says_how_to_go_on(api, body, said):
    answer = api.post("/api/v1/monitortest", body)
    assert answer.status_code == 400
    assert any(said in error["detail"] for error in answer.json()["errors"]), answer.json()


def test_a_check_on_demand_counts(api, make_monitor, shop):
    monitor = make_monitor(settings={"url": f"{shop}/broken"})
    answer = api.post(f"/api/v1/monitor/{monitor.pk}/check")
    assert answer.status_code == 200, answer.content
    assert (answer.json()["ok"], answer.json()["failureClass"], answer.json()["statusCode"]) == (
        False,
        "http_status",
        500,
    )
    shown = api.get(f"/api/v1/monitor/{monitor.pk}").json()
    assert (shown["lastResult"]["ok"], shown["lastResult"]["statusCode"]) == (False, 500)
    results = api.get(f"/api/v1/monitor/{monitor.pk}/results").json()
    assert [one["failureClass"] for one in results["items"]] == ["http_status"]


@pytest.fixture
def history(monitor, region, now):
    regions = [region, Region.objects.create(key="r2", name="R2")]
    Result.objects.bulk_create(
        Result(
            monitor=monitor, region=regions[number % 2], scheduled_at=now + timedelta(seconds=number // 2),
            lag_ms=1, loop_lag_ms=0, ok=number % 5 != 0, failure_class="" if number % 5 else "timeout",
        )
        for number in range(25)
    )  # fmt: skip


@pytest.mark.parametrize("path", ["/api/v1/monitor/{}/results", "/api/monitors/{}/results"])
def test_results_come_by_cursor_each_once_newest_first(api, monitor, history, path):
    address, seen, cursor = path.format(monitor.pk), [], ""
    while cursor is not None:
        body = api.get(f"{address}?limit=7{cursor and '&cursor=' + cursor}").json()
        assert set(body) == {"items", "nextCursor"}
        seen += [(one["scheduledAt"], one["id"]) for one in body["items"]]
        cursor = body["nextCursor"]
    assert len(seen) == 25
    assert seen == sorted(set(seen), reverse=True)


def test_results_are_narrowed(api, monitor, history, pointers):
    address = f"/api/monitors/{monitor.pk}/results"
    assert len(api.get(f"{address}?failed=true&limit=100").json()["items"]) == 5
    assert len(api.get(f"{address}?failed=false&limit=100").json()["items"]) == 20
    assert api.get(f"{address}?region=mars").json()["items"] == []
    assert len(api.get(f"{address}?startDate=2026-03-02T12:00:12Z").json()["items"]) == 1
    assert pointers(api.get(f"{address}?cursor=x&failed=1&page=2")) == {
        "?cursor": "cursor", "?failed": "invalid", "?page": "unknown",
    }  # fmt: skip


def test_availability_of_a_period(api, monitor, now):
    MonitorState.objects.update(status="OK")
    for minutes, before, after in ((0, "NEW", "OK"), (30, "OK", "DOWN"), (45, "DOWN", "OK")):
        StatusChange.objects.create(monitor=monitor, at=now + timedelta(minutes=minutes), before=before, after=after)
    query = "startDate=2026-03-02T12:00:00Z&endDate=2026-03-02T13:00:00Z&interval=hour"
    answer = api.get(f"/api/v1/monitor/{monitor.pk}/availability?{query}")
    assert answer.status_code == 200, answer.content
    body = answer.json()
    assert (body["availability"], body["coverage"], body["downtimeSeconds"]) == (0.75, 1.0, 900)
    assert (body["incidentCount"], body["mttrSeconds"], body["mtbfSeconds"]) == (1, 900, 2700)
    assert [one["start"] for one in body["buckets"]] == ["2026-03-02T12:00:00.000Z"]


def test_a_period_that_makes_no_sense_is_named(api, monitor, pointers):
    address = f"/api/v1/monitor/{monitor.pk}/availability"
    assert set(pointers(api.get(f"{address}?startDate=2999-01-01"))) == {"?startDate"}
    assert set(pointers(api.get(f"{address}?startDate=1990-01-01&interval=hour"))) == {"?interval"}
    assert api.get(address).status_code == 200


@pytest.fixture
def checked(monitor, region):
    """An hour of checks that ended just now: 10, 20 … 600 ms, of which every tenth failed."""
    now = clock.now()
    Result.objects.bulk_create(
        Result(
            monitor=monitor, region=region, scheduled_at=now - timedelta(minutes=number), lag_ms=0, loop_lag_ms=0,
            ok=number % 10 > 0, latency_ms=number * 10.0, dns_ms=1, connect_ms=2, tls_ms=3, first_byte_ms=4,
        )
        for number in range(1, 61)
    )  # fmt: skip


@pytest.mark.parametrize("path", ["/api/v1/monitor/{}/latency", "/api/monitors/{}/latency"])
def test_latency_of_a_period(api, monitor, checked, path):
    answer = api.get(path.format(monitor.pk) + "?interval=hour&region=default")
    assert answer.status_code == 200, answer.content
    body = answer.json()
    figures = {"count", "min", "mean", "p50", "p75", "p90", "p95", "p99", "max", "phases"}
    assert set(body) == figures | {"startDate", "endDate", "buckets"}
    assert set(body["buckets"][0]) == figures | {"start"}
    assert (body["count"], body["min"], body["max"]) == (54, 10, 590)
    assert body["p50"] == pytest.approx(290, rel=0.0101)
    assert body["phases"] == {"dns": 1, "connect": 2, "tls": 3, "firstByte": 4, "transfer": 0}
    assert sum(one["count"] for one in body["buckets"]) == 54


def test_availability_counts_checks(api, monitor, checked):
    body = api.get(f"/api/monitors/{monitor.pk}/availability").json()
    assert (body["checks"], body["failures"]) == (60, 6)
    assert sum(one["checks"] for one in body["buckets"]) == 60


def test_latency_of_nothing_is_null(api, monitor):
    body = api.get(f"/api/monitors/{monitor.pk}/latency").json()
    assert (body["count"], body["p95"], body["phases"]["dns"]) == (0, None, None)


def test_a_wrong_latency_question_is_named(api, monitor, pointers, stranger, anybody):
    address = f"/api/v1/monitor/{monitor.pk}/latency"
    assert pointers(api.get(f"{address}?region=mars")) == {"?region": "unknown"}
    assert pointers(api.get(f"{address}?interval=year&x=1")) == {"?interval": "invalid", "?x": "unknown"}
    assert stranger.get(address).status_code == 404
    assert anybody.get(address).status_code == 401
