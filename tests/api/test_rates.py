"""The rate limit as callers of the API meet it."""

import pytest
from django.test import Client

from common import rates
from tests.api.conftest import Caller

HEADERS = ("RateLimit-Limit", "RateLimit-Remaining", "RateLimit-Reset")


@pytest.fixture(autouse=True)
def nobody_has_asked_yet(settings):
    settings.REDIS_URL = ""
    rates._memory()[0].reset()
    yield
    rates._memory()[0].reset()


def test_every_answer_tells_where_one_stands(api, anybody, settings, monitor):
    settings.API_RATE_PER_SECOND = 100
    asked = [
        (api.get("/api/monitors"), 200), (api.post("/api/monitors", {}), 400), (api.get("/api/monitors/999"), 404),
        (api.ask("PUT", "/api/nowhere", {}), 404), (anybody.get("/api/monitors"), 401),
        (anybody.get("/api/nothing"), 404), (api.delete(f"/api/monitors/{monitor.pk}"), 204),
    ]  # fmt: skip
    for answer, status in asked:
        assert answer.status_code == status
        assert [name for name in HEADERS if name in answer] == list(HEADERS)
        assert answer["RateLimit-Limit"] == "100"


def test_one_too_many_is_429_for_this_token_only(api, alice, token_of, settings):
    settings.API_RATE_PER_SECOND = 3
    answers = [api.get("/api/tokens") for _ in range(12)]
    refused = [one for one in answers if one.status_code == 429]
    assert refused
    assert refused[0]["Retry-After"] == "1"
    assert refused[0]["RateLimit-Remaining"] == "0"
    assert refused[0]["Content-Type"] == "application/problem+json"
    assert refused[0].json()["type"] == "/problems/too-many-requests"
    assert Caller(token_of(alice)).get("/api/tokens").status_code == 200


def test_wrong_credentials_count_for_the_address(anybody, api, settings):
    settings.API_RATE_PER_SECOND = 3
    statuses = {anybody.get("/api/tokens", Authorization=f"Bearer guess-{n:08}").status_code for n in range(12)}
    assert statuses == {401, 429}
    assert api.get("/api/tokens").status_code == 200


def test_a_session_counts_for_its_person(alice, settings):
    settings.API_RATE_PER_SECOND = 3
    first, second = Client(), Client()
    first.force_login(alice)
    second.force_login(alice)
    statuses = [client.get("/api/tokens").status_code for client in (first, second) * 6]
    assert statuses[0] == 200
    assert 429 in statuses


def test_pages_and_health_are_not_counted(alice, settings):
    settings.API_RATE_PER_SECOND = 1
    client = Client()
    assert {client.get("/health").status_code for _ in range(5)} == {200}


@pytest.mark.parametrize("path", ["/api/monitors", "/api/tokens", "/api/v1/user", "/api/incidents"])
def test_options_tells_the_methods_to_anybody(anybody, path):
    answer = anybody.ask("OPTIONS", path)
    assert (answer.status_code, answer.content) == (204, b"")
    assert "GET" in answer["Allow"]
    assert "OPTIONS" in answer["Allow"]


def test_head_is_get_without_a_body(api, monitor):
    for path in ("/api/monitors", f"/api/monitors/{monitor.pk}", "/api/tokens"):
        asked, read = api.ask("HEAD", path), api.get(path)
        assert (asked.status_code, asked.content) == (200, b"")
        assert asked.get("ETag") == read.get("ETag")
