"""The rate limit over several web processes: one token, one count."""

import http.client
import threading
import time
from collections import Counter

import pytest
from django.conf import settings

from tests.signals.servers import web


def ask(port, token, times, statuses):
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
    for _ in range(times):
        connection.request("OPTIONS", "/api/tokens", headers={"Authorization": f"Bearer {token}"})
        answer = connection.getresponse()
        answer.read()
        statuses.append(answer.status)
    connection.close()


@pytest.mark.slow
@pytest.mark.postgres
@pytest.mark.redis
def test_one_token_gets_its_hundred_over_two_processes(transactional_db, tmp_path, alice, token_of):
    if not settings.REDIS_URL or not settings.IS_POSTGRES:
        pytest.skip("needs DATABASE_URL (PostgreSQL) and REDIS_URL")
    busy, calm, statuses = token_of(alice), token_of(alice), []
    with web(tmp_path, API_RATE_PER_SECOND="100") as one, web(tmp_path, API_RATE_PER_SECOND="100") as other:
        for server in (one, other):
            ask(server.port, calm, 1, [])
        threads = [threading.Thread(target=ask, args=(server.port, busy, 38, statuses)) for server in (one, other) * 4]
        started = time.monotonic()
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        seconds = time.monotonic() - started
        calm_statuses = []
        ask(one.port, calm, 5, calm_statuses)
    found = Counter(statuses)
    # A slow machine needs longer than a second for 304 requests, and each begun second has room for a hundred.
    assert 100 <= found[204] <= 105 * (int(seconds) + 1)
    assert found[429] == len(statuses) - found[204]
    assert set(calm_statuses) == {204}
