"""Pings through the raw application, on the real database: what is answered is what is stored."""

import asyncio
import json
import uuid
from datetime import timedelta
from ipaddress import ip_network

import pytest

from common import clock
from monitors.services import delete_monitor, pause
from signals.events import signals_stored
from signals.ingest import app as module
from signals.models import Heartbeat, Signal
from tests.signals.conftest import ask, piece, state_of, status_of

LONG, SHORT = "/api/signals/ping", "/ping"


def only_signal():
    return Signal.objects.get()


@pytest.mark.parametrize("prefix", [LONG, SHORT])
@pytest.mark.parametrize("method", ["GET", "POST", "HEAD"])
def test_a_ping_is_stored_and_makes_a_new_heartbeat_ok(ping, heartbeat, method, prefix):
    answer = ping(f"{prefix}/{heartbeat.token}", method=method, headers=[("User-Agent", "curl/8.1")])
    assert answer.status == 200
    said = b"OK" if prefix == SHORT else b'{"message": "OK"}'
    assert answer.body == (b"" if method == "HEAD" else said)
    assert answer.headers["content-length"] == str(len(said))
    assert answer.headers["content-type"].startswith("text/plain" if prefix == SHORT else "application/json")
    assert answer.headers["access-control-allow-origin"] == "*"
    signal = only_signal()
    assert (signal.type, signal.method, signal.source_ip) == ("SUCCESS", method, "127.0.0.1")
    assert signal.user_agent == "curl/8.1"
    state = state_of(heartbeat)
    assert status_of(heartbeat) == "OK"
    assert state.is_steady
    assert state.last_ping_at == signal.created_at
    assert state.next_due_at == signal.created_at + timedelta(hours=1)
    assert state.attention_at == state.next_due_at + timedelta(seconds=2)
    assert state.settled_signal_id == signal.pk


def test_a_steady_ping_only_moves_the_deadline_on(ping, heartbeat):
    ping(f"{SHORT}/{heartbeat.token}")
    ping(f"{SHORT}/{heartbeat.token}", method="POST", body=b"second")
    state = state_of(heartbeat)
    last = Signal.objects.order_by("id").last()
    assert state.is_steady
    assert state.settled_signal_id == last.pk
    assert state.next_due_at == last.created_at + timedelta(hours=1)
    assert heartbeat.monitor.status_changes.count() == 1


@pytest.mark.parametrize(
    ("rest", "said", "exit_status", "status"),
    [
        ("/start", "START", None, "NEW"),
        ("/log", "LOG", None, "NEW"),
        ("/fail", "FAIL", None, "DOWN"),
        ("/0", "SUCCESS", 0, "OK"),
        ("/7", "FAIL", 7, "DOWN"),
    ],
)
def test_variants(ping, heartbeat, rest, said, exit_status, status):
    assert ping(f"{LONG}/{heartbeat.token}{rest}").status == 200
    assert (only_signal().type, only_signal().exit_status) == (said, exit_status)
    assert status_of(heartbeat) == status


def test_a_failure_after_a_steady_ping_is_settled_before_the_next_one(served, heartbeat):
    async def burst(app):
        await ask(app, f"{LONG}/{heartbeat.token}")
        async with asyncio.TaskGroup() as group:
            for rest, query in (("", "rid=1"), ("/fail", ""), ("", "a")):
                group.create_task(
                    ask(app, f"{LONG}/{heartbeat.token}{rest}", method="POST", body=(rest + query).encode())
                )

    served(burst)
    assert list(heartbeat.monitor.status_changes.order_by("id").values_list("after", flat=True)) == ["OK", "DOWN", "OK"]
    assert state_of(heartbeat).settled_signal_id == Signal.objects.order_by("id").last().pk


def test_a_rid_pairs_a_start_with_its_end(ping, heartbeat):
    rid = uuid.uuid4()
    ping(f"{LONG}/{heartbeat.token}/start", query=f"rid={rid}")
    ping(f"{LONG}/{heartbeat.token}/start", query=f"rid={uuid.uuid4()}")
    ping(f"{LONG}/{heartbeat.token}", query=f"x=1&rid={rid}")
    start, _, end = Signal.objects.order_by("id")
    assert start.rid == end.rid == rid
    assert end.duration_ms == pytest.approx((end.created_at - start.created_at) / timedelta(milliseconds=1), abs=1)
    assert state_of(heartbeat).last_duration_ms == end.duration_ms


def test_a_junk_rid_makes_no_ping_fail(served, heartbeat):
    junk = ["rid=", "rid=junk", "rid=%00", "rid=" + "9" * 500, "rid", "&&&=&" * 60, "rid=\xff"]

    async def send(app):
        return [await ask(app, f"{LONG}/{heartbeat.token}", query=query) for query in junk]

    assert {answer.status for answer in served(send)} == {200}
    assert only_signal().rid is None


def test_an_unknown_token_is_not_found(served, heartbeat):
    async def send(app):
        for token in ("x" * 22, "nobody", "x" * 200, "%00", "\x00" * 30, "é" * 22):
            answer = await ask(app, f"{LONG}/{token}")
            assert answer.status == 404
            assert answer.headers["content-type"] == "application/problem+json"
            assert answer.json["status"] == 404

    served(send)
    assert not Signal.objects.exists()


def test_other_methods_are_told_which_and_not_counted(served, heartbeat):
    async def send(app):
        for method in ("PUT", "PATCH", "DELETE", "OPTIONS", "TRACE", "BREW"):
            answer = await ask(app, f"{SHORT}/{heartbeat.token}", method=method)
            assert answer.status == 405
            assert answer.headers["allow"] == "GET, HEAD, POST"

    served(send)
    assert not Signal.objects.exists()


def test_a_json_body_is_stored_as_json(ping, heartbeat):
    ping(f"{LONG}/{heartbeat.token}", method="POST", body=b' {"rows": [1, 2], "text": "\\u0000"}')
    signal = only_signal()
    assert signal.payload_is_json
    assert json.loads(signal.payload) == {"rows": [1, 2], "text": "\x00"}
    assert state_of(heartbeat).is_steady


def test_reported_dependencies_go_the_slow_way(ping, heartbeat):
    ping(f"{LONG}/{heartbeat.token}")
    heard = []

    def hear(stored, **_):
        heard.extend(signal.payload for _, signals in stored for signal in signals)

    signals_stored.connect(hear)
    try:
        body = b'{"dependencies": [{"name": "Redis", "status": "down"}]}'
        ping(f"{LONG}/{heartbeat.token}", method="POST", body=body)
    finally:
        signals_stored.disconnect(hear)
    assert heard == [body.decode()]
    assert state_of(heartbeat).is_steady


def test_any_other_body_is_stored_as_text(served, heartbeat):
    bodies = [
        (b"done", "done"),
        (b"\xff\xfe ok", "\ufffd\ufffd ok"),
        (b"a\x00b", "ab"),
        (b"{not json", "{not json"),
        (b"[" * 5000, "[" * 5000),
        (b"[" * 900 + b"]" * 900, "[" * 900 + "]" * 900),
        (b"12", "12"),
        (b'{"a": NaN}', '{"a": NaN}'),
        ("snowman ☃".encode(), "snowman ☃"),
    ]

    async def send(app):
        return [await ask(app, f"{LONG}/{heartbeat.token}", method="POST", body=body) for body, _ in bodies]

    assert {answer.status for answer in served(send)} == {200}
    assert list(Signal.objects.order_by("id").values_list("payload", "payload_is_json")) == [
        (stored, False) for _, stored in bodies
    ]


def test_a_body_at_the_limit_is_stored_whole(ping, heartbeat):
    assert ping(f"{LONG}/{heartbeat.token}", method="POST", body=b"x" * 10_240).status == 200
    assert len(only_signal().payload) == 10_240


@pytest.mark.parametrize("has_length", [True, False])
def test_a_longer_body_is_refused_on_the_long_form(ping, heartbeat, has_length):
    chunks = [piece(b"x" * 6000), piece(b"x" * 4241, more=False)]
    request = (
        {"body": b"x" * 10_241} if has_length else {"chunks": chunks, "headers": [("Transfer-Encoding", "chunked")]}
    )
    answer = ping(f"{LONG}/{heartbeat.token}", method="POST", **request)
    assert answer.status == 413
    assert not Signal.objects.exists()
    assert status_of(heartbeat) == "NEW"


def test_a_longer_body_is_cut_and_counted_on_the_short_form(ping, heartbeat):
    answer = ping(f"{SHORT}/{heartbeat.token}", method="POST", body=b"y" * 50_000)
    assert (answer.status, answer.headers["ping-body-limit"], answer.body) == (200, "10240", b"OK")
    assert only_signal().payload == "y" * 10_240
    assert status_of(heartbeat) == "OK"


def test_a_body_without_an_end_is_heard_on_the_short_form(ping, heartbeat):
    endless = [piece(b"z" * 65_536) for _ in range(40)]
    answer = ping(
        f"{SHORT}/{heartbeat.token}", method="POST", chunks=endless, headers=[("Transfer-Encoding", "chunked")]
    )
    assert answer.status == 200


def test_a_chunked_body_is_put_together(ping, heartbeat):
    chunks = [piece(b"one "), piece(b""), piece(b"two", more=False)]
    ping(f"{LONG}/{heartbeat.token}", method="POST", chunks=chunks, headers=[("Transfer-Encoding", "chunked")])
    assert only_signal().payload == "one two"


def test_a_dripping_body_does_not_lose_the_ping(served, heartbeat, monkeypatch):
    monkeypatch.setattr(module, "BODY_SECONDS", 0.05)

    async def drip(app):
        first = [piece(b"slow")]
        sent = []

        async def receive():
            return first.pop() if first else await asyncio.sleep(60)

        async def send(message):
            sent.append(message)

        scope = {"type": "http", "method": "POST", "path": f"{LONG}/{heartbeat.token}", "query_string": b"",
                 "headers": [(b"content-length", b"9")], "client": None}  # fmt: skip
        await app(scope, receive, send)
        return sent[0]["status"]

    assert served(drip) == 200
    assert only_signal().payload == "slow"
    assert only_signal().source_ip is None


def test_a_sender_that_goes_away_in_the_middle_is_not_counted(ping, heartbeat):
    answer = ping(f"{LONG}/{heartbeat.token}", method="POST", chunks=[piece(b"ha")], headers=[("Content-Length", "9")])
    assert answer.status == 400
    assert not Signal.objects.exists()


@pytest.mark.parametrize("trusted", [[], ["127.0.0.0/8"]])
def test_junk_in_x_forwarded_for_means_the_peer(served, heartbeat, settings, trusted):
    settings.TRUSTED_PROXIES = [ip_network(one) for one in trusted]

    async def send(app):
        for number, junk in enumerate(
            ["", "no address", "1.2.3.4.5", "::::", "\xff", "1.2.3.4\x00", ", ,", "fe80::1%0"]
        ):
            headers = [("X-Forwarded-For", junk)]
            answer = await ask(app, f"{LONG}/{heartbeat.token}/{number}", headers=headers)
            assert answer.status == 200

    served(send)
    assert set(Signal.objects.values_list("source_ip", flat=True)) <= {"127.0.0.1", "fe80::1"}
    assert Signal.objects.count() == 8


def test_x_forwarded_for_counts_from_our_own_proxies_only(ping, heartbeat, settings):
    forwarded = [("X-Forwarded-For", "9.9.9.9, 203.0.113.7")]
    ping(f"{LONG}/{heartbeat.token}", headers=forwarded)
    settings.TRUSTED_PROXIES = [ip_network("127.0.0.1/32")]
    ping(f"{LONG}/{heartbeat.token}", headers=forwarded)
    assert list(Signal.objects.order_by("id").values_list("source_ip", flat=True)) == ["127.0.0.1", "203.0.113.7"]


def test_a_user_agent_is_cut(ping, heartbeat):
    ping(f"{LONG}/{heartbeat.token}", headers=[("User-Agent", "é\x00" + "a" * 500)])
    assert only_signal().user_agent == "é" + "a" * 198


def test_the_same_ping_within_a_second_is_one_signal(ping, heartbeat):
    for _ in range(3):
        assert ping(f"{LONG}/{heartbeat.token}", method="POST", body=b"x").status == 200
    assert Signal.objects.count() == 1


def test_the_same_ping_in_one_batch_is_one_signal(served, heartbeat):
    async def at_once(app):
        return await asyncio.gather(*[ask(app, f"{LONG}/{heartbeat.token}") for _ in range(20)])

    assert {answer.status for answer in served(at_once)} == {200}
    assert Signal.objects.count() == 1


@pytest.mark.parametrize("change", [
    {"path": "/log"}, {"body": b"other"}, {"query": f"rid={uuid.uuid4()}"}, {"client": ("127.0.0.2", 1)},
])  # fmt: skip
def test_a_ping_that_differs_is_another_signal(ping, heartbeat, change):
    ping(f"{LONG}/{heartbeat.token}", method="POST", body=b"x")
    request = {"method": "POST", "body": b"x"} | change
    ping(f"{LONG}/{heartbeat.token}{request.pop('path', '')}", **request)
    assert Signal.objects.count() == 2


def test_a_repeat_is_known_also_behind_another_ping(ping, heartbeat):
    for body in (b"a", b"b", b"a", b"b"):
        ping(f"{LONG}/{heartbeat.token}", method="POST", body=body)
    assert Signal.objects.count() == 2


def test_the_same_ping_after_a_second_is_another_signal(served, heartbeat, monkeypatch):
    started, offsets = clock.now(), iter([0, 0.999, 1.001])
    monkeypatch.setattr(module.clock, "now", lambda: started + timedelta(seconds=next(offsets, 5)))

    async def three(app):
        app.ingest._aftermath._beat.cancel()
        for _ in range(3):
            await ask(app, f"{LONG}/{heartbeat.token}/log")

    served(three)
    assert Signal.objects.count() == 2


def test_a_slug_finds_its_heartbeat(ping, make_heartbeat, workspace):
    make_heartbeat(slug="nightly")
    assert ping(f"{SHORT}/{workspace.ping_key}/nightly/start").status == 200
    assert only_signal().type == "START"
    assert ping(f"{SHORT}/{workspace.ping_key}/daily").status == 404
    assert ping(f"{SHORT}/{'x' * 24}/nightly").status == 404


def test_a_slug_makes_its_heartbeat_on_request_once(served, workspace, make_heartbeat):
    path = f"{SHORT}/{workspace.ping_key}/weekly-report"

    async def twice(app):
        return await asyncio.gather(*[ask(app, path, query="create=1", client=(f"127.0.0.{i}", 1)) for i in (1, 2)])

    assert [answer.status for answer in served(twice)] == [200, 200]
    assert Heartbeat.objects.get(slug="weekly-report").signals.count() == 2
    assert served(lambda app: ask(app, f"{SHORT}/{workspace.ping_key}/-bad-", query="create=1")).status == 404


def test_a_paused_heartbeat_keeps_its_signals(ping, heartbeat, by_alice, now):
    pause(monitor=heartbeat.monitor, by=by_alice, now=now)
    assert ping(f"{LONG}/{heartbeat.token}").status == 200
    assert ping(f"{LONG}/{heartbeat.token}/fail").status == 200
    assert Signal.objects.count() == 2
    assert status_of(heartbeat) == "PAUSED"
    assert state_of(heartbeat).attention_at is None


def test_a_removed_heartbeat_is_not_found(ping, heartbeat, by_alice, now):
    ping(f"{LONG}/{heartbeat.token}")
    delete_monitor(monitor=heartbeat.monitor, by=by_alice, now=now)
    assert ping(f"{LONG}/{heartbeat.token}").status == 404
