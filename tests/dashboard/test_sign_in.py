"""Signing in within bounds, and a new password by email."""

import re

import pytest
from django.core import mail
from django.core.cache import cache

from accounts import tries
from accounts.models import User
from accounts.passwords import send_link
from accounts.tasks import send_reset_link

pytestmark = pytest.mark.django_db
RIGHT = {"username": "alice@example.org", "password": "correct horse"}


@pytest.fixture(autouse=True)
def _no_tries(monkeypatch):
    monkeypatch.setattr("accounts.tries.time.time", lambda: 1_000_000.0)
    cache.clear()
    yield
    cache.clear()


@pytest.fixture
def reset_link(alice, settings):
    """`reset_link()`: the path in the mail that Alice gets."""

    def send():
        send_link(email="Alice@example.org ")
        (found,) = re.findall(r"http\S+", mail.outbox[-1].body)
        assert found.startswith(f"{settings.PUBLIC_URL}/sign-in/password/")
        return found.removeprefix(settings.PUBLIC_URL)

    return send


def test_an_account_whose_password_is_guessed_waits(client, alice):
    for _ in range(10):
        assert client.post("/sign-in", RIGHT | {"password": "no"}).status_code == 200
    refused = client.post("/sign-in", RIGHT)
    assert refused.status_code == 429
    assert 1 <= int(refused["Retry-After"]) <= 900
    html = refused.content.decode()
    assert "Too many tries" in html
    assert "min" in html
    assert "do not match" not in html
    assert "_auth_user_id" not in client.session


def test_an_address_that_guesses_at_many_accounts_waits_and_others_do_not(client, alice, monkeypatch):
    monkeypatch.setitem(tries.SIGN_IN, "address", tries.Bound(3, 900))
    for number in range(3):
        client.post("/sign-in", {"username": f"person{number}@example.org", "password": "no"})
    assert client.post("/sign-in", RIGHT).status_code == 429
    assert client.post("/sign-in", RIGHT, REMOTE_ADDR="127.0.0.2").status_code == 302


def test_who_signs_in_is_not_counted(client, alice, monkeypatch):
    monkeypatch.setitem(tries.SIGN_IN, "address", tries.Bound(3, 900))
    for _ in range(12):
        assert client.post("/sign-in", RIGHT).status_code == 302
        client.logout()


def test_the_wait_ends(client, alice, monkeypatch):
    for _ in range(11):
        client.post("/sign-in", RIGHT | {"password": "no"})
    monkeypatch.setattr("accounts.tries.time.time", lambda: 1_000_900.0)
    assert client.post("/sign-in", RIGHT).status_code == 302


def test_a_new_password_is_chosen_by_a_link(client, alice, reset_link):
    page = client.get(reset_link(), follow=True)
    assert mail.outbox[0].to == ["alice@example.org"]
    assert "Choose a new password" in page.content.decode()
    assert "no-store" in page["Cache-Control"]
    form_address = page.redirect_chain[-1][0]
    short = client.post(form_address, {"new_password1": "abc", "new_password2": "abc"})
    assert "too short" in short.content.decode()
    words = {"new_password1": "battery staple 9", "new_password2": "battery staple 9"}
    done = client.post(form_address, words, follow=True)
    assert "Your password is changed" in done.content.decode()
    assert client.post("/sign-in", RIGHT | {"password": "battery staple 9"}).status_code == 302


def test_a_link_works_once(client, alice, reset_link):
    words = {"new_password1": "battery staple 9", "new_password2": "battery staple 9"}
    link = reset_link()
    client.post(client.get(link, follow=True).redirect_chain[-1][0], words)
    client.logout()
    assert "This link does not work" in client.get(link, follow=True).content.decode()


def test_a_new_password_ends_other_sessions_and_the_wait(client, alice, reset_link):
    other = type(client)()
    other.force_login(alice)
    for _ in range(11):
        client.post("/sign-in", RIGHT | {"password": "no"})
    words = {"new_password1": "battery staple 9", "new_password2": "battery staple 9"}
    client.post(client.get(reset_link(), follow=True).redirect_chain[-1][0], words)
    assert other.get("/").status_code == 302
    assert client.post("/sign-in", RIGHT | {"password": "battery staple 9"}).status_code == 302


def test_the_page_does_not_say_whether_there_is_an_account(client, alice, settings):
    settings.EMAIL_HOST = "127.0.0.1"
    pages = []
    for email in ("alice@example.org", "nobody@example.org"):
        answer = client.post("/sign-in/password", {"email": email})
        assert answer.status_code == 200
        pages.append(answer.content.decode().replace(email, "…"))
    assert pages[0] == pages[1]
    assert "Look into your mailbox" in pages[0]


@pytest.mark.parametrize("email", ["nobody@example.org", "gone@example.org", "elsewhere@example.org", ""])
def test_who_has_no_password_here_gets_no_mail(alice, email):
    User.objects.create_user("gone@example.org", "correct horse", is_active=False)
    User.objects.create_user("elsewhere@example.org", None)
    send_reset_link(email)
    assert mail.outbox == []


def test_one_account_gets_three_mails_an_hour(alice):
    for _ in range(5):
        send_link(email="alice@example.org")
    assert len(mail.outbox) == 3


def test_an_address_asks_so_often(client, settings):
    settings.EMAIL_HOST = "127.0.0.1"
    answers = [client.post("/sign-in/password", {"email": f"p{n}@example.org"}).status_code for n in range(11)]
    assert answers == [200] * 10 + [429]


def test_without_a_mail_server_the_page_says_so(client, settings):
    settings.EMAIL_HOST = ""
    assert "No mail server is set" in client.get("/sign-in/password").content.decode()
    assert "Look into your mailbox" not in client.post("/sign-in/password", {"email": "a@b.example"}).content.decode()


def test_a_wrong_address_is_said(client, settings):
    settings.EMAIL_HOST = "127.0.0.1"
    assert "valid email" in client.post("/sign-in/password", {"email": "nobody"}).content.decode()
