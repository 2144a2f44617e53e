"""Two requests at once with one code, one device code, one refresh token: one of them gets tokens."""

import threading

import pytest
from django.db import connection

from accounts.models import OAuthAccess, OAuthDeviceGrant
from accounts.oauth import devices
from accounts.selectors import memberships
from tests.accounts.oauth.conftest import call, pkce

pytestmark = pytest.mark.django_db(transaction=True)


def at_once(ask):
    """What two threads hear, each on its own connection."""
    ready, answers = threading.Barrier(2), []

    def run():
        ready.wait()
        try:
            answers.append(ask())
        finally:
            connection.close()

    threads = [threading.Thread(target=run) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    return sorted(answers, key=lambda answer: answer.status_code)


def one_of_two(answers):
    assert [answer.status_code for answer in answers] == [200, 400], [answer.content for answer in answers]
    assert answers[1].json()["error"] == "invalid_grant"
    return answers[0].json()["access_token"]


def test_of_two_with_one_code_the_second_ends_what_the_first_got(web, alice, workspace):
    verifier, challenge = pkce()
    back = web.consent(alice, workspace, challenge=challenge)
    token = one_of_two(at_once(lambda: web.exchange(back["code"], verifier)))
    assert call(token).status_code == 401


def test_of_two_with_one_refresh_token_the_second_ends_the_family(web, alice, workspace):
    given = web.signed_in(alice, workspace)
    token = one_of_two(at_once(lambda: web.refresh(given["refresh_token"])))
    assert call(token).status_code == 401


def test_of_two_with_one_device_code_one_gets_a_token(cli, alice, by_alice, workspace, now):
    codes = cli.device().json()
    membership = memberships(alice).get()
    devices.allow_device(typed=codes["user_code"], membership=membership, by=by_alice, now=now)
    token = one_of_two(at_once(lambda: cli.poll(codes["device_code"])))
    assert call(token).status_code == 200
    assert OAuthAccess.objects.count() == 1
    assert not OAuthDeviceGrant.objects.exists()
