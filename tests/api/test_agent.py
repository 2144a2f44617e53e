"""What agents call: their token and its region, leases, batches that count once, and no word in the clear."""

import gzip
import json
import time
from ipaddress import ip_network

import pytest
from django.test import Client

from common import clock
from monitors.agent.wire import check_from, result_json
from monitors.models import AgentToken, EngineRun, Region, RegionState, Result
from monitors.probes.base import Result as Found
from monitors.regions.agents import make_agent_token
from monitors.services import create_monitor, edit_monitor

pytestmark = pytest.mark.django_db


class Agent:
    def __init__(self, region, **extra):
        self.token = make_agent_token(region=region, name="test", now=clock.now())
        self.extra = extra
        self.run = None

    def post(self, path, body, *, raw=None, secret=None, **headers):
        named = {"Authorization": f"Bearer {secret or self.token.secret}"}
        named |= {name.replace("_", "-"): value for name, value in headers.items()}
        content = raw if raw is not None else json.dumps(body)
        return Client().post(
            f"/api/agent/{path}", content, content_type="application/json", headers=named, **self.extra
        )

    def claim(self, **more):
        answer = self.post("claim", {"run": self.run, "limit": 100, "waitSeconds": 0} | more)
        assert answer.status_code == 200, answer.content
        self.run = answer.json()["run"]
        return answer.json()

    def push(self, *results):
        packed = gzip.compress(json.dumps({"results": list(results)}).encode())
        return self.post("results", None, raw=packed, Content_Encoding="gzip")


@pytest.fixture
def fra(db):
    return Region.objects.create(key="fra", name="Frankfurt")


@pytest.fixture
def agent(fra):
    return Agent(fra)


@pytest.fixture
def watched(workspace, by_alice, fra):
    def make(name="Shop", regions=("fra",), **fields):
        fields = {"name": name, "type": "http", "settings": {"url": "https://shop.example/"}} | fields
        return create_monitor(
            workspace=workspace, by=by_alice, now=clock.now(), fields=fields | {"regions": list(regions)}
        )

    return make


def found(data, ok=True):
    check = check_from(data, ahead=0.0)
    at = max(check.scheduled_at, time.time() - 1)
    result = Found(check=check, started_at=at, finished_at=at + 0.1, lag_ms=0.0, loop_lag_ms=0.0, latency_ms=9.0)
    if not ok:
        result.fail("refused", "It refused.")
    return result_json(result, ahead=0.0)


def test_a_check_is_handed_out_once_with_its_settings_and_its_result_counts_once(agent, watched):
    monitor = watched(settings={"url": "https://shop.example/", "request": {"headers": {"Authorization": "secret"}}})
    answer = agent.claim()
    (data,) = answer["checks"]
    assert data["settings"]["request"]["headers"] == {"Authorization": "secret"}
    assert answer["region"] == "fra"
    assert abs(answer["answeredAt"] - time.time()) < 60
    assert agent.claim()["checks"] == []
    result = found(data)
    assert agent.push(result).json() == {"counted": 1}
    assert agent.push(result).status_code == 200
    assert Result.objects.filter(monitor=monitor).count() == 1
    state = RegionState.objects.get(monitor=monitor)
    assert (state.is_down, state.claimed_by) == (False, None)
    assert Region.objects.get(key="fra").last_seen_at is not None


def test_a_wrong_a_disabled_and_a_missing_token_are_401(agent):
    assert agent.post("claim", {}, secret="wsa_" + "x" * 43).status_code == 401
    refused = Client().post("/api/agent/claim", "{}", content_type="application/json")
    assert (refused.status_code, refused["WWW-Authenticate"]) == (401, 'Bearer realm="agent"')
    AgentToken.objects.update(is_enabled=False)
    for path in ("claim", "results", "end"):
        assert agent.post(path, {"results": []}).status_code == 401


def test_a_token_of_another_region_sees_and_changes_nothing_of_this_one(agent, watched, region):
    monitor = watched()
    other = Agent(region)
    assert other.claim()["checks"] == []
    (data,) = agent.claim()["checks"]
    other.push(found(data, ok=False))
    assert not Result.objects.filter(monitor=monitor).exists()
    other.post("end", {"run": agent.run})
    assert EngineRun.objects.filter(pk=agent.run).exists()
    assert other.claim(run=agent.run)["run"] != agent.run


def test_an_api_token_is_no_token_of_an_agent(agent, alice, token_of):
    assert agent.post("claim", {}, secret=token_of(alice)).status_code == 401


def test_what_a_killed_agent_had_claimed_is_free_for_its_successor(agent, watched):
    watched()
    assert len(agent.claim()["checks"]) == 1
    killed, agent.run = agent.run, None
    assert len(agent.claim(ends=killed)["checks"]) == 1
    assert not EngineRun.objects.filter(pk=killed).exists()


def test_a_lease_that_ran_out_is_handed_out_again_and_the_late_result_does_not_count(agent, watched):
    monitor = watched()
    (first,) = agent.claim()["checks"]
    RegionState.objects.update(claimable_at=clock.now())
    (again,) = agent.claim()["checks"]
    assert again["scheduledAt"] > first["scheduledAt"]
    agent.push(found(again))
    agent.push(found(first, ok=False))
    assert RegionState.objects.get(monitor=monitor).consecutive_failures == 0


def test_a_result_of_what_was_edited_meanwhile_does_not_count(agent, watched, by_alice):
    monitor = watched()
    (data,) = agent.claim()["checks"]
    edit_monitor(monitor=monitor, by=by_alice, now=clock.now(), fields={"settings": {"url": "https://new.example/"}})
    assert agent.push(found(data, ok=False)).json() == {"counted": 0}


def test_results_of_times_that_cannot_be_are_left_out(agent, watched):
    watched()
    (data,) = agent.claim()["checks"]
    for at in (0.0, time.time() + 3600):
        assert agent.push(found(data) | {"started_at": at}).json() == {"counted": 0}


@pytest.mark.parametrize(
    "raw",
    [
        b"",
        b"[]",
        b"{",
        b"{}",
        b'{"results": 3}',
        b'{"results": [3]}',
        b'{"results": [{"monitor_id": "x"}]}',
        gzip.compress(bytes(32 << 20)),
        gzip.compress(b'{"results": []}')[:-9],
    ],
    ids=range(9),
)
def test_nonsense_is_400(agent, raw):
    encoding = {"Content_Encoding": "gzip"} if raw[:1] == b"\x1f" else {}
    answer = agent.post("results", None, raw=raw, **encoding)
    assert answer.status_code == 400, answer.content
    assert answer["Content-Type"] == "application/problem+json"


@pytest.mark.parametrize("body", [{"limit": "all"}, {"run": -1}, {"waitSeconds": None}, {"ends": "x"}])
def test_a_claim_that_makes_no_sense_is_400(agent, body):
    assert agent.post("claim", body).status_code == 400


def test_over_plain_http_from_elsewhere_nothing_is_said(fra, watched, settings):
    watched()
    outside = Agent(fra, REMOTE_ADDR="192.0.2.9")
    assert outside.post("claim", {"limit": 9}).status_code == 403
    claimed_to_be = {"X-Forwarded-Proto": "https"}
    assert outside.post("claim", {"limit": 9}, **claimed_to_be).status_code == 403
    assert Agent(fra, REMOTE_ADDR="192.0.2.9", secure=True).post("claim", {}).status_code == 200

    settings.TRUSTED_PROXIES = [ip_network("192.0.2.9/32")]
    assert outside.post("claim", {}, X_Forwarded_For="198.51.100.7", **claimed_to_be).status_code == 200


def test_a_disabled_region_gets_nothing(agent, watched):
    watched()
    Region.objects.filter(key="fra").update(is_enabled=False)
    assert agent.claim()["checks"] == []


def test_only_post(agent):
    assert Client().get("/api/agent/claim").status_code == 405
