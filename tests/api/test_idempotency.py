"""The same key and body happen once."""

import threading

import pytest
from django.db import connection

from accounts.models import KeptAnswer
from monitors.models import Monitor

BODY = {"name": "Shop", "type": "http", "url": "https://shop.example"}


def test_a_repeat_gets_the_first_answer(api):
    first = api.post("/api/v1/monitor", BODY, Idempotency_Key="k1")
    again = api.post("/api/v1/monitor", BODY, Idempotency_Key="k1")
    assert (first.status_code, again.status_code) == (201, 201)
    assert first.content == again.content
    assert (again["ETag"], again["Location"]) == (first["ETag"], first["Location"])
    assert again["Idempotency-Replayed"] == "true"
    assert Monitor.objects.count() == 1
    assert api.post("/api/v1/monitor", BODY).status_code == 201
    assert Monitor.objects.count() == 2


def test_another_body_or_address_is_a_conflict(api):
    api.post("/api/v1/monitor", BODY, Idempotency_Key="k1")
    assert api.post("/api/v1/monitor", BODY | {"name": "Blog"}, Idempotency_Key="k1").status_code == 409
    assert api.post("/api/monitors", BODY, Idempotency_Key="k1").status_code == 409
    assert Monitor.objects.count() == 1


def test_a_key_belongs_to_its_person(api, member):
    assert api.post("/api/v1/monitor", BODY, Idempotency_Key="k1").status_code == 201
    assert member.post("/api/v1/monitor", BODY, Idempotency_Key="k1").json()["id"] != 0
    assert Monitor.objects.count() == 2


def test_an_error_is_not_kept(api):
    assert api.post("/api/v1/monitor", {}, Idempotency_Key="k1").status_code == 400
    assert not KeptAnswer.objects.exists()
    assert api.post("/api/v1/monitor", BODY, Idempotency_Key="k1").status_code == 201


def test_a_key_ends_after_a_day(api, now):
    api.post("/api/v1/monitor", BODY, Idempotency_Key="k1")
    KeptAnswer.objects.update(created_at=now.replace(year=2020))
    api.post("/api/v1/monitor", BODY, Idempotency_Key="k1")
    assert Monitor.objects.count() == 2


@pytest.mark.parametrize("key", ["", " ", "x" * 201, "a b", "ü"])
def test_an_unfit_key_is_named(api, key):
    answer = api.post("/api/v1/monitor", BODY, Idempotency_Key=key)
    assert answer.status_code == 400
    assert "Idempotency-Key" in answer.json()["errors"][0]["detail"]


def test_a_token_is_shown_again_to_its_maker_only_by_its_key(api):
    body = {"name": "ci", "scopes": ["monitor.read"]}
    first = api.post("/api/tokens", body, Idempotency_Key="t")
    assert api.post("/api/tokens", body, Idempotency_Key="t").json()["token"] == first.json()["token"]
    with connection.cursor() as cursor:
        cursor.execute("SELECT answer FROM accounts_keptanswer")
        assert first.json()["token"] not in cursor.fetchone()[0]


@pytest.mark.django_db(transaction=True)
def test_concurrent_repeats_make_one(api):
    answers = []

    def send():
        try:
            answers.append(api.post("/api/v1/monitor", BODY, Idempotency_Key="race"))
        finally:
            connection.close()

    threads = [threading.Thread(target=send) for _ in range(6)]
    for one in threads:
        one.start()
    for one in threads:
        one.join()
    assert [one.status_code for one in answers] == [201] * 6
    assert len({one.content for one in answers}) == 1
    assert Monitor.objects.count() == 1
