"""The seed's rows of SMS actions."""

import re

import pytest

from alerts.models import Channel, PhoneNumber, Rule
from alerts.recipients import phone_numbers
from common.clock import now as clock_now
from tests.api.conftest import Caller

ADA = "+4915112345678"
SMS = {"name": "Phones", "phoneNumbers": [ADA]}


@pytest.fixture
def base(monitor):
    return f"/api/v1/monitor/{monitor.pk}/smsactiongroup"


def test_a_group_is_made_read_listed_changed_and_deleted(api, base, twilio, monitor):
    made = api.post(base, SMS)
    assert made.status_code == 201, made.content
    body = made.json()
    assert made["Location"] == f"{base}/{body['id']}"
    assert (body["phoneNumbers"], body["unconfirmed"], body["type"]) == ([ADA], [ADA], "sms")
    assert api.get(made["Location"]).json() == body
    assert api.get(base).json()["items"] == [body]
    assert api.get(f"/api/v1/monitor/{monitor.pk}/actiongroups").json()["items"] == [body]
    changed = api.put(made["Location"], body | {"name": "Team", "phoneNumbers": [ADA, "+14155550100"]})
    assert changed.status_code == 200, changed.content
    assert changed.json()["phoneNumbers"] == [ADA, "+14155550100"]
    by_body = api.put(base, SMS | {"id": body["id"], "name": "By body"})
    assert (by_body.status_code, by_body.json()["name"]) == (200, "By body")
    assert api.delete(made["Location"]).status_code == 204
    assert api.get(made["Location"]).status_code == 404
    assert not Channel.objects.exists()


def test_a_number_agrees_by_its_code(api, base, twilio, pointers):
    address = api.post(base, SMS)["Location"]
    phone_numbers.send_due_codes(now=clock_now())
    code = re.search(r"\d{6}", twilio.to(ADA)[0])[0]
    wrong = "000000" if code != "000000" else "000001"
    said = api.post(f"{address}/confirm", {"phoneNumber": ADA, "code": wrong}, Idempotency_Key="once")
    assert pointers(said) == {"/code": "code"}
    assert PhoneNumber.objects.get().tries_left == 4, "a key does not give tries back"
    assert pointers(api.post(f"{address}/confirm", {"phoneNumber": "+14155550100", "code": code})) == {
        "/phoneNumber": "unknown"
    }
    assert pointers(api.post(f"{address}/confirm", {})) == {"/phoneNumber": "required", "/code": "required"}
    done = api.post(f"{address}/confirm", {"phoneNumber": ADA, "code": code})
    assert (done.status_code, done.json()["unconfirmed"]) == (200, [])
    assert api.post(f"{address}/code", {"phoneNumber": ADA}).status_code == 409


def test_another_code_is_sent_on_request(api, base, twilio):
    address = api.post(base, SMS)["Location"]
    assert api.post(f"{address}/code", {"phoneNumber": ADA}).status_code == 202
    phone_numbers.send_due_codes(now=clock_now())
    assert api.post(f"{address}/code", {"phoneNumber": ADA}).status_code == 409


@pytest.mark.parametrize(
    ("body", "wrong"),
    [
        ({}, {"/name": "required", "/phoneNumbers": "length"}),
        ({**SMS, "phoneNumbers": ["5", ADA, None]}, {"/phoneNumbers/0": "e164", "/phoneNumbers/2": "e164"}),
        ({**SMS, "recipients": ["a@b.example"]}, {"/recipients": "unknown"}),
        ({**SMS, "phoneNumbers": [ADA] * 11}, {"/phoneNumbers": "length"}),
    ],
)
def test_every_wrong_field_is_named(api, base, twilio, pointers, body, wrong):
    found = pointers(api.post(base, body))
    assert set(found) == set(wrong)
    assert found["/phoneNumbers"] == wrong["/phoneNumbers"] if "/phoneNumbers" in wrong else True
    assert not Rule.objects.exists()


def test_without_a_provider_it_says_so(api, base):
    answer = api.post(base, SMS)
    assert answer.status_code == 400
    (error,) = answer.json()["errors"]
    assert (error["pointer"], error["code"]) == ("/phoneNumbers", "no_provider")
    assert "SMS_PROVIDER" in error["detail"]


def test_who_may(api, anybody, viewer, stranger, alice, token_of, base, twilio):
    address = api.post(base, SMS)["Location"]
    weak = Caller(token_of(alice, "monitor.read"))
    for method, path in [
        ("GET", base), ("POST", base), ("PUT", base), ("GET", address), ("PUT", address), ("DELETE", address),
        ("POST", f"{address}/code"), ("POST", f"{address}/confirm"), ("POST", f"{address}/test"),
    ]:  # fmt: skip
        body = {**SMS, "id": Rule.objects.get().pk} if method in ("POST", "PUT") else None
        if path.endswith(("/code", "/confirm")):
            body = {"phoneNumber": ADA, "code": "1"} if path.endswith("/confirm") else {"phoneNumber": ADA}
        assert anybody.ask(method, path, body).status_code == 401, (method, path)
        assert weak.ask(method, path, body).status_code == 403, (method, path)
        assert stranger.ask(method, path, body).status_code == 404, (method, path)
        if method != "GET":
            assert viewer.ask(method, path, body).status_code == 403, (method, path)


def test_a_channel_that_rules_share_has_numbers_too(api, twilio, pointers):
    made = api.post("/api/channels", {"name": "Phones", "type": "sms", "config": {"phoneNumbers": [ADA]}})
    assert made.status_code == 201, made.content
    assert made.json()["config"] == {"phoneNumbers": [ADA]}
    address = made["Location"]
    assert api.put(address, {"name": "Team", "type": "sms", "config": made.json()["config"]}).status_code == 200
    assert pointers(api.patch(address, {"config": {"phoneNumbers": ["12"]}})) == {"/config/phoneNumbers/0": "e164"}
    phone_numbers.send_due_codes(now=clock_now())
    code = re.search(r"\d{6}", twilio.to(ADA)[0])[0]
    wrong = "000000" if code != "000000" else "000001"
    assert pointers(api.post(f"{address}/confirm", {"phoneNumber": ADA, "code": wrong})) == {"/code": "code"}
    assert PhoneNumber.objects.get().tries_left == 4
    assert pointers(api.post(f"{address}/code", {"phoneNumber": "+14155550100"})) == {"/phoneNumber": "unknown"}
    assert api.post(f"{address}/confirm", {"phoneNumber": ADA, "code": code}).status_code == 200
    assert PhoneNumber.objects.get().confirmed_at is not None
    assert api.post(f"{address}/code", {"phoneNumber": ADA}).status_code == 409
