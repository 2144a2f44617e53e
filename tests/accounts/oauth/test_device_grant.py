"""Device codes (RFC 8628): the way through, and every refusal by its name."""

from datetime import timedelta

import pytest
from django.test import Client

from accounts.models import AuditEntry, Membership, OAuthAccess, OAuthDeviceGrant, Role
from common import clock
from tests.accounts.oauth.conftest import DEVICE_GRANT, call, error_of, query_of


def decide(person, user_code, decision, workspace=None):
    """What a person does at /oauth/device, page by page."""
    browser = Client()
    browser.force_login(person)
    found = browser.post("/oauth/device", {"user_code": user_code})
    if found.status_code != 200:
        return found
    return browser.post(
        "/oauth/device",
        {"user_code": user_code, "decision": decision, "workspace": workspace.pk if workspace else ""},
    )


def waited():
    """Makes it as if every device had waited long enough."""
    OAuthDeviceGrant.objects.update(polled_at=clock.now() - timedelta(hours=1))


def test_a_device_gets_what_its_person_allows(cli, alice, workspace, settings):
    answer = cli.device("monitor.read user.read")
    codes = answer.json()
    assert answer.status_code == 200
    assert codes["verification_uri"] == f"{settings.PUBLIC_URL}/oauth/device"
    assert codes["verification_uri_complete"].endswith(f"/oauth/device?user_code={codes['user_code']}")
    assert (codes["expires_in"], codes["interval"]) == (900, 5)
    assert OAuthDeviceGrant.objects.get().device_code != codes["device_code"]
    assert error_of(cli.poll(codes["device_code"])) == "authorization_pending"
    done = decide(alice, codes["user_code"].lower().replace("-", " "), "allow", workspace)
    assert done["Location"] == "/oauth/device?result=allowed"
    given = cli.poll(codes["device_code"])
    assert given.status_code == 200
    assert given.json()["scope"] == "monitor.read user.read"
    assert given.json()["refresh_token"]
    assert call(given.json()["access_token"]).status_code == 200
    assert not OAuthDeviceGrant.objects.exists()
    assert error_of(cli.poll(codes["device_code"])) == "invalid_grant"
    entry = AuditEntry.objects.get(verb="authorize")
    assert (entry.user, entry.object_name) == (alice, "WebSignal command line")


def test_polling_too_fast_slows_down_for_good(cli):
    code = cli.device().json()["device_code"]
    assert error_of(cli.poll(code)) == "authorization_pending"
    assert error_of(cli.poll(code)) == "slow_down"
    OAuthDeviceGrant.objects.update(polled_at=clock.now() - timedelta(seconds=6))
    assert error_of(cli.poll(code)) == "slow_down"
    OAuthDeviceGrant.objects.update(polled_at=clock.now() - timedelta(seconds=16))
    assert error_of(cli.poll(code)) == "authorization_pending"


def test_a_refused_device_hears_so(cli, alice):
    codes = cli.device().json()
    assert decide(alice, codes["user_code"], "deny")["Location"] == "/oauth/device?result=denied"
    assert error_of(cli.poll(codes["device_code"])) == "access_denied"
    assert not OAuthAccess.objects.exists()


def test_a_code_that_ran_out_is_expired_for_the_device_and_unknown_to_the_person(cli, alice, workspace):
    codes = cli.device().json()
    OAuthDeviceGrant.objects.update(expires=clock.now() - timedelta(seconds=1))
    assert error_of(cli.poll(codes["device_code"])) == "expired_token"
    assert decide(alice, codes["user_code"], "allow", workspace).status_code == 400
    OAuthDeviceGrant.objects.update(status=OAuthDeviceGrant.AUTHORIZED, user=alice, workspace=workspace)
    assert error_of(cli.poll(codes["device_code"])) == "expired_token"


def test_another_clients_device_code_gives_nothing_and_stays(cli, native, alice, workspace):
    codes = cli.device().json()
    assert error_of(native.poll(codes["device_code"])) == "invalid_grant"
    decide(alice, codes["user_code"], "allow", workspace)
    assert error_of(native.poll(codes["device_code"])) == "invalid_grant"
    assert cli.poll(codes["device_code"]).status_code == 200


@pytest.mark.parametrize("kind", ["web", "machine"])
def test_only_apps_on_a_device_get_device_codes(request, kind, cli, alice, workspace):
    client = request.getfixturevalue(kind)
    pair = {"client_id": client.client_id, "client_secret": client.secret}
    assert error_of(client.post("/oauth/device-authorization", pair)) == "unauthorized_client"
    codes = cli.device().json()
    assert error_of(client.poll(codes["device_code"])) == "unauthorized_client"


@pytest.mark.parametrize(
    ("body", "error", "status"),
    [
        ({}, "invalid_request", 400),
        ({"client_id": "nobody"}, "invalid_request", 400),
        ({"client_id": "\x00"}, "invalid_request", 400),
        ({"client_id": "websignal-cli", "scope": "user.create"}, "invalid_scope", 400),
        ({"client_id": "websignal-cli", "scope": "\x00"}, "invalid_scope", 400),
        ({"client_id": ["websignal-cli", "websignal-cli"]}, "invalid_request", 400),
    ],
)
def test_what_a_device_may_not_ask(cli, body, error, status):
    assert error_of(cli.post("/oauth/device-authorization", body), status) == error


@pytest.mark.parametrize("code", [None, "", "\x00", "x" * 5000, ["a", "b"]])
def test_a_device_code_that_is_none_is_refused(cli, code):
    body = {"grant_type": DEVICE_GRANT, "client_id": "websignal-cli", **({} if code is None else {"device_code": code})}
    assert error_of(cli.post("/oauth/token", body)) in ("invalid_request", "invalid_grant")


def test_a_role_that_is_too_low_cannot_allow(cli, vera, workspace):
    Membership.objects.filter(user=vera).exclude(workspace=workspace).delete()
    codes = cli.device("monitor.admin").json()
    page = Client()
    page.force_login(vera)
    shown = page.post("/oauth/device", {"user_code": codes["user_code"]}).content.decode()
    assert "Your role does not allow this" in shown
    assert 'value="allow"' not in shown
    forced = decide(vera, codes["user_code"], "allow", workspace)
    assert forced.status_code == 400
    assert error_of(cli.poll(codes["device_code"])) == "authorization_pending"


def test_a_role_that_fell_before_the_device_came_is_refused(cli, bob, workspace):
    codes = cli.device("monitor.admin").json()
    decide(bob, codes["user_code"], "allow", workspace)
    Membership.objects.filter(user=bob, workspace=workspace).update(role=Role.VIEWER)
    assert error_of(cli.poll(codes["device_code"])) == "invalid_scope"
    Membership.objects.filter(user=bob, workspace=workspace).delete()
    assert error_of(cli.poll(codes["device_code"])) == "invalid_grant"


def test_a_stranger_cannot_give_somebody_elses_workspace(cli, charlie, workspace):
    codes = cli.device().json()
    assert decide(charlie, codes["user_code"], "allow", workspace).status_code == 400
    assert decide(charlie, codes["user_code"], "allow").status_code == 400
    assert error_of(cli.poll(codes["device_code"])) == "authorization_pending"


def test_a_code_is_decided_once(cli, alice, bob, workspace):
    codes = cli.device().json()
    decide(alice, codes["user_code"], "deny")
    assert decide(bob, codes["user_code"], "allow", workspace).status_code == 400
    assert error_of(cli.poll(codes["device_code"])) == "access_denied"


def test_guessing_user_codes_is_stopped(cli, alice, limit):
    limit("user-code", 10)
    browser = Client()
    browser.force_login(alice)
    answers = [browser.post("/oauth/device", {"user_code": f"BBBB-BBB{letter}"}).status_code for letter in "BCDFGHJKLM"]
    assert set(answers) == {400}
    stopped = browser.post("/oauth/device", {"user_code": "BBBB-BBBX"})
    assert stopped.status_code == 429
    assert int(stopped["Retry-After"]) > 0


@pytest.mark.parametrize("typed", ["", "\x00", "é" * 8, "1234-5678", "<script>", "x" * 500])
def test_junk_at_the_device_page_is_a_message(cli, alice, typed):
    browser = Client()
    browser.force_login(alice)
    for more in ({}, {"decision": "allow"}):
        answer = browser.post("/oauth/device", {"user_code": typed, **more})
        assert answer.status_code == 400
        assert "<script>" not in answer.content.decode()


def test_a_code_in_the_address_is_filled_in_and_decides_nothing(cli, alice):
    codes = cli.device().json()
    browser = Client()
    address = f"/oauth/device?user_code={codes['user_code']}"
    assert query_of(browser.get(address)["Location"])["next"].startswith("/oauth/device")
    browser.force_login(alice)
    page = browser.get(address)
    assert codes["user_code"] in page.content.decode()
    assert error_of(cli.poll(codes["device_code"])) == "authorization_pending"
    for result in ("allowed", "denied", "other"):
        assert browser.get(f"/oauth/device?result={result}").status_code == 200
