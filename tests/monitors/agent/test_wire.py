"""Checks and results arrive as they were sent, times by the platform's clock, and nonsense is refused."""

import json
from dataclasses import replace
from datetime import UTC, datetime

import pytest

from monitors.agent.wire import Malformed, Ticket, check_from, check_json, result_from, result_json
from monitors.probes.base import AssertionOutcome, Certificate, Check, Phases, Result

CHECK = Check(
    monitor_id=7,
    region_id=0,
    type="http",
    settings={"url": "https://shop.example/", "request": {"headers": {"Authorization": "Bearer x"}}},
    scheduled_at=1000.25,
    timeout_ms=8000,
    second_look=True,
    context=Ticket(3, 1000.25),
)
RESULT = Result(
    check=CHECK,
    started_at=1000.5,
    finished_at=1000.75,
    lag_ms=1.5,
    loop_lag_ms=0.25,
    ok=False,
    failure_class="assertion",
    detail="The body has no «up».",
    status_code=200,
    address="2001:db8::1",
    latency_ms=250.0,
    phases=Phases(dns=1.0, connect=2.0, tls=None, first_byte=4.0, transfer=5.0),
    certificate=Certificate(
        subject="CN=shop",
        issuer="CN=ca",
        names=("shop.example",),
        not_before=datetime(2026, 1, 1, tzinfo=UTC),
        not_after=datetime(2027, 1, 1, tzinfo=UTC),
        fingerprint="ab" * 32,
        serial="1f",
        key="RSA 2048",
    ),
    assertions=(
        AssertionOutcome(source="body", property=None, comparison="contains", target="up", actual=None, ok=False),
    ),
    headers=(("Server", "x"), ("Set-Cookie", "a=b")),
    body_excerpt=b"\xff\x00down",
    redirects=("https://shop.example/a",),
    first_look="timeout",
    facts={"banner": "hello"},
)


def sent(value):
    return json.loads(json.dumps(value, allow_nan=False))


def test_a_check_arrives_as_it_was_sent_at_its_time_by_the_agents_clock():
    data = sent(check_json(CHECK))
    assert check_from(data, ahead=0.0) == CHECK
    late_clock = check_from(data, ahead=40.0)
    assert late_clock.scheduled_at == 960.25
    assert late_clock.context == CHECK.context


def test_a_result_arrives_as_it_was_sent():
    assert result_from(sent(result_json(RESULT, ahead=0.0)), CHECK) == RESULT
    bare = Result(check=CHECK, started_at=1.0, finished_at=2.0, lag_ms=0.0, loop_lag_ms=0.0)
    assert result_from(sent(result_json(bare, ahead=0.0)), CHECK) == bare


def test_times_are_the_platforms():
    data = sent(result_json(RESULT, ahead=40.0))
    assert (data["scheduled_at"], data["started_at"], data["version"]) == (1000.25, 1040.5, 3)


def test_what_no_json_holds_is_left_out():
    odd = replace(RESULT, latency_ms=float("nan"), facts={"n": float("inf"), "t": b"x"})
    assert result_from(sent(result_json(odd, ahead=0.0)), CHECK).latency_ms is None


@pytest.mark.parametrize(
    "wrong",
    [
        {"started_at": "now"},
        {"finished_at": None},
        {"failure_class": "gremlins"},
        {"ok": 1},
        {"ok": True},
        {"lag_ms": None},
        {"latency_ms": "fast"},
        {"detail": 5},
        {"phases": {}},
        {"phases": None},
        {"assertions": [{"nonsense": 1}]},
        {"headers": [["one"]]},
        {"body": "%%%"},
        {"certificate": {"subject": "x"}},
        {"facts": 3},
    ],
    ids=str,
)
def test_nonsense_is_refused(wrong):
    with pytest.raises(Malformed):
        result_from(sent(result_json(RESULT, ahead=0.0)) | wrong, CHECK)
