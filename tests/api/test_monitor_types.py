"""Every type of monitor, by the API: what it needs, what it does not use, and its secrets."""

import ssl
from datetime import UTC, datetime, timedelta

import pytest
import trustme

from monitors.kinds import kinds
from monitors.masking import MASK
from monitors.models import Monitor
from monitors.results.recording import record
from tests.monitors.conftest import result_of
from tests.monitors.probes.name_server import name_server, reply
from tests.monitors.probes.name_server import record as a_record
from tests.monitors.probes.scripted import tcp_server

pytestmark = pytest.mark.django_db
LEAST = {
    "http": {"url": "https://shop.example/"},
    "tls": {"host": "shop.example"},
    "domain": {"hostname": "shop.example"},
    "dns": {"hostname": "shop.example", "recordType": "MX", "expected": ["10 mail.example"]},
    "tcp": {"host": "shop.example", "port": 7},
    "udp": {"host": "shop.example", "port": 7},
    "icmp": {"host": "192.0.2.1"},
    "websocket": {"url": "wss://shop.example/live"},
    "grpc": {"host": "shop.example", "port": 443},
    "smtp": {"host": "mail.example"},
    "imap": {"host": "mail.example"},
    "ssh": {"host": "2001:db8::1"},
    "sql": {"engine": "postgresql", "host": "db.example", "username": "reader", "password": "hunter2"},
    "redis": {"host": "cache.example", "port": 6380, "password": "hunter2"},
}
TARGETS = {
    "tls": "shop.example",
    "dns": "shop.example MX",
    "tcp": "shop.example:7",
    "ssh": "2001:db8::1",
    "redis": "cache.example:6380",
}


def made(api, name, **fields):
    return api.post("/api/v1/monitor", {"name": "One", "type": name, **LEAST[name], **fields})


def pointers(answer):
    assert answer.status_code == 400, answer.content
    return {error["pointer"] for error in answer.json()["errors"]}


def test_every_probed_type_is_offered():
    assert {name for name, kind in kinds if kind.is_probed} == set(LEAST)


@pytest.mark.parametrize("name", LEAST)
def test_it_takes_the_least_and_answers_with_all_its_settings(api, name):
    shown = made(api, name).json()
    assert shown["type"] == name
    assert all(shown[key] == value for key, value in LEAST[name].items() if key != "password")
    assert Monitor.objects.get().target == TARGETS.get(name, Monitor.objects.get().target)
    whole = {key: value for key, value in shown.items() if key != "id"}
    again = api.put(f"/api/v1/monitor/{shown['id']}", whole).json()
    assert {**again, "updatedAt": 0} == {**shown, "updatedAt": 0}


@pytest.mark.parametrize("name", LEAST)
def test_what_it_needs_is_required_and_what_it_does_not_know_is_refused(api, name):
    needed = {f"/{field.name}" for field in kinds[name].fields if field.required}
    found = pointers(api.post("/api/v1/monitor", {"name": "One", "type": name, "colour": "red"}))
    assert found == {"/colour", *needed}


@pytest.mark.parametrize("name", ["tcp", "udp", "dns", "icmp", "ssh"])
def test_a_type_without_anything_that_expires_takes_no_days(api, name):
    assert "/sslExpiryDays" in pointers(made(api, name, sslExpiryDays=[3]))
    assert "sslExpiryDays" not in made(api, name).json()


@pytest.mark.parametrize("name", ["sql", "redis"])
def test_a_password_is_stored_encrypted_never_shown_and_survives_its_mask(api, name):
    shown = made(api, name).json()
    assert shown["password"] == MASK
    address = f"/api/monitors/{shown['id']}"
    assert api.patch(address, {"name": "Two", "password": MASK}).json()["password"] == MASK
    assert api.put(address, {**LEAST[name], "name": "Three", "type": name, "password": MASK}).status_code == 200
    assert Monitor.objects.get().settings["password"] == "hunter2"
    assert "hunter2" not in str(Monitor.objects.extra(select={"raw": "settings"}).values_list("raw", flat=True)[0])
    assert api.patch(address, {"password": None}).json()["password"] is None
    assert "/password" in pointers(api.patch(address, {"password": MASK}))


@pytest.mark.parametrize(
    ("name", "fields", "wrong"),
    [
        ("tcp", {"host": "https://shop.example"}, "/host"),
        ("tcp", {"port": 0}, "/port"),
        ("dns", {"hostname": "a..b"}, "/hostname"),
        ("dns", {"recordType": "ANY"}, "/recordType"),
        ("dns", {"resolver": "8.8.8.8:99999"}, "/resolver"),
        ("dns", {"recordType": "A", "expected": ["shop.example"]}, "/expected/0"),
        ("dns", {"expected": "10 mail.example"}, "/expected"),
        ("dns", {"expected": [7]}, "/expected/0"),
        ("domain", {"hostname": "localhost"}, "/hostname"),
        ("websocket", {"url": "https://shop.example/"}, "/url"),
        ("ssh", {"hostKey": "MD5:00:11"}, "/hostKey"),
        ("sql", {"engine": "oracle"}, "/engine"),
        ("http", {"request": {"auth": {"type": "digest"}}}, "/request/auth/username"),
        ("http", {"request": {"auth": {"type": "bearer"}}}, "/request/auth/token"),
        ("redis", {"assertions": [{"source": "body", "comparison": "exists"}]}, "/assertions/0/source"),
    ],
)
def test_a_wrong_setting_is_named(api, name, fields, wrong):
    assert wrong in pointers(made(api, name, **fields))


def test_a_certificate_is_looked_at_without_storing_anything(api):
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    trustme.CA(key_type=trustme.KeyType.ECDSA).issue_cert("localhost").configure_cert(context)
    with tcp_server(lambda connection: None, context) as port:
        for body in ({"url": f"https://localhost:{port}/shop"}, {"hostname": "localhost", "port": port}):
            found = api.post("/api/v1/monitor-test/ssl", body).json()
            assert (found["ok"], found["failureClass"]) == (False, "tls")
            assert found["certificate"]["names"] == ["localhost"]
            assert found["facts"]["verdicts"]["hostName"] == "ok"
    assert not Monitor.objects.exists()


def test_records_are_asked_for_without_storing_anything(api):
    with name_server(lambda asked: [reply(asked, a_record("A", bytes([192, 0, 2, 7])))]) as resolver:
        bodies = {"/monitor-test/dns": {"url": "https://www.example/x"}, "/monitortest": {"hostname": "www.example"}}
        for path, body in bodies.items():
            found = api.post(f"/api/v1{path}", body | {"resolver": resolver}).json()
            assert (found["ok"], found["facts"]["records"]) == (True, ["192.0.2.7"])
    assert not Monitor.objects.exists()


@pytest.mark.parametrize(
    ("path", "body", "wrong"),
    [
        ("ssl", {}, "/host"),
        ("ssl", {"url": 5}, "/url"),
        ("ssl", {"url": "https://"}, "/url"),
        ("ssl", {"hostname": "a b"}, "/host"),
        ("ssl", {"hostname": None, "url": "https://shop.example"}, "/hostname"),
        ("ssl", {"hostname": "shop.example", "url": None}, "/url"),
        ("dns", {"hostname": "shop.example", "url": None}, "/url"),
        ("dns", {}, "/hostname"),
        ("dns", {"hostname": "shop.example", "recordType": "ANY"}, "/recordType"),
    ],
)
def test_what_cannot_be_looked_at_is_named(api, path, body, wrong):
    assert wrong in pointers(api.post(f"/api/v1/monitor-test/{path}", body))


def test_the_last_result_has_its_facts_and_a_new_answer_is_accepted(api, now):
    shown = made(api, "dns", recordType="A", expected=None).json()
    monitor, address = Monitor.objects.get(), f"/api/monitors/{shown['id']}"
    assert (shown["lastResult"], shown["learnedAnswers"]) == (None, [])
    assert api.post(f"{address}/accept-answer").status_code == 409
    for seconds, records in [(0, ["192.0.2.1"]), (60, ["192.0.2.9"])]:
        at = datetime.now(UTC) + timedelta(seconds=seconds)
        record([result_of(monitor, at, facts={"records": records, "ttl": 5})], now=at)
    shown = api.get(address).json()
    assert shown["lastResult"]["facts"] == {"records": ["192.0.2.9"], "ttl": 5}
    assert (shown["status"], shown["learnedAnswers"][0]["waiting"]) == ("DEGRADED", ["192.0.2.9"])
    accepted = api.post(f"{address}/accept-answer").json()
    assert (accepted["status"], accepted["learnedAnswers"][0]["answer"]) == ("OK", ["192.0.2.9"])
