"""What the server answers is what the OpenAPI document says of it."""

from django.test import Client
from jsonschema import Draft202012Validator

from tests.accounts.oauth.conftest import pkce
from websignal.openapi import document

DOCUMENT = document()


def as_described(method, path, answer):
    """Validates a live answer, which may have no field but those named."""
    described = DOCUMENT["paths"][path][method]["responses"][str(answer.status_code)]
    if "content" in described:
        Draft202012Validator(described["content"]["application/json"]["schema"]).validate(answer.json())
    return answer


def test_live_answers_are_as_the_document_says(web, alice, workspace):
    verifier, challenge = pkce()
    code = web.consent(alice, workspace, challenge=challenge, scope="openid profile email monitor.read")["code"]
    tokens = as_described("post", "/oauth/token", web.exchange(code, verifier)).json()
    assert "id_token" in tokens
    access = {"Authorization": f"Bearer {tokens['access_token']}"}
    for method in ("get", "post"):
        ask = getattr(Client(), method)
        told = as_described(method, "/oauth/userinfo", ask("/oauth/userinfo", headers=access))
        assert set(told.json()) == {"sub", "email", "name", "zoneinfo", "locale"}
        as_described(method, "/oauth/userinfo", ask("/oauth/userinfo"))
    as_described("get", "/oauth/userinfo", Client().get("/oauth/userinfo?access_token=x"))
    for path in ("/oauth/jwks", "/.well-known/openid-configuration", "/.well-known/oauth-authorization-server"):
        assert as_described("get", path, Client().get(path)).status_code == 200
    assert as_described("post", "/oauth/token", web.exchange(code, verifier)).status_code == 400


def test_the_other_endpoints_answer_as_the_document_says(web, native, alice, workspace):
    given = web.signed_in(alice, workspace)
    for token in (given["access_token"], "unknown", ""):
        body = {"token": token, "client_id": web.client_id, "client_secret": web.secret}
        as_described("post", "/oauth/introspect", Client().post("/oauth/introspect", body))
    as_described("post", "/oauth/introspect", Client().post("/oauth/introspect", {"token": "x"}))
    as_described("post", "/oauth/revoke", Client().post("/oauth/revoke", {"token": "x"}))
    device = as_described("post", "/oauth/device-authorization", native.device())
    assert device.status_code == 200
    assert as_described("post", "/oauth/token", native.poll(device.json()["device_code"])).status_code == 400
    refused = native.post("/oauth/device-authorization", {"client_id": "nobody"})
    assert as_described("post", "/oauth/device-authorization", refused).status_code in (400, 401)
