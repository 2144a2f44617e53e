"""Pings by email over a real socket: 250 means stored, 550 that no heartbeat has the address, 451 come again."""

import asyncio
import signal
import smtplib
import socket
import subprocess
import threading
import time
from email.message import EmailMessage
from itertools import pairwise

import pytest
from django.core.management import CommandError, call_command
from django.db import connection

from common import clock
from signals.ingest import commit
from signals.ingest.postgres import PostgresStore
from signals.ingest.sqlite import SqliteStore
from signals.mail import handler
from signals.models import Heartbeat, Signal
from signals.services import settle
from tests.platform import MANAGE, ROOT, free_port
from tests.signals.conftest import state_of, status_of
from tests.signals.mail.conftest import DOMAIN, running

pytestmark = pytest.mark.django_db(transaction=True)


def a_mail(subject="Backup finished", text="412 files, 18.2 MB"):
    message = EmailMessage()
    message["Subject"], message["From"], message["To"] = subject, "Cron <cron@job.example.org>", "x@y"
    message.set_content(text)
    return message.as_bytes()


def eventually(what, within=20):
    deadline = time.monotonic() + within
    while not (found := what()):
        assert time.monotonic() < deadline, "it did not happen"
        time.sleep(0.02)
    return found


def test_a_mail_is_stored_and_makes_a_new_heartbeat_ok(mail, heartbeat):
    assert mail.send(heartbeat.token, a_mail()) == (250, b"2.0.0 Stored")
    found = Signal.objects.get()
    assert (found.type, found.method, found.source_ip) == ("SUCCESS", "EMAIL", "127.0.0.1")
    assert found.user_agent == "Cron <cron@job.example.org>"
    assert found.payload == "Subject: Backup finished\n\n412 files, 18.2 MB"
    eventually(lambda: status_of(heartbeat) == "OK")
    assert state_of(heartbeat).last_ping_at == found.created_at


@pytest.mark.parametrize(
    ("word", "said", "exit_status"),
    [("start", "START", None), ("LOG", "LOG", None), ("fail", "FAIL", None), ("0", "SUCCESS", 0), ("7", "FAIL", 7)],
)
def test_what_stands_behind_the_plus_says_what_happened(mail, heartbeat, word, said, exit_status):
    assert mail.send(f"{heartbeat.token}+{word}", a_mail())[0] == 250
    found = Signal.objects.get()
    assert (found.type, found.exit_status) == (said, exit_status)


def test_a_slug_and_the_ping_key_find_their_heartbeat(mail, make_heartbeat, workspace):
    make_heartbeat(slug="nightly")
    assert mail.send(f"Nightly.{workspace.ping_key}+start", a_mail())[0] == 250
    assert Signal.objects.get().type == "START"
    assert mail.send(f"weekly.{workspace.ping_key}", a_mail())[0] == 550


@pytest.mark.parametrize(
    "address", ["x" * 22, "postmaster", f"{'x' * 22}@elsewhere.example", "{token}+begin", "{token}+256", "{token}x",
                "{token}@elsewhere.example"],
)  # fmt: skip
def test_an_address_that_no_heartbeat_has_is_refused_for_good(mail, heartbeat, address):
    code, said = mail.send(address.format(token=heartbeat.token), a_mail())
    assert (code, said) == (550, b"5.1.1 No heartbeat has this address")
    assert not Signal.objects.exists()


def test_one_mail_may_ping_several_and_an_unknown_one_beside_them_costs_nothing(mail, make_heartbeat):
    first, second = make_heartbeat(name="One"), make_heartbeat(name="Two")
    with mail.client() as client:
        to = [f"{first.token}@{DOMAIN}", f"{'x' * 22}@{DOMAIN}", f"{second.token}+fail@{DOMAIN}"]
        refused = client.sendmail("", to, a_mail())
    assert list(refused) == [to[1]]
    assert set(Signal.objects.values_list("heartbeat_id", "type")) == {(first.pk, "SUCCESS"), (second.pk, "FAIL")}


def test_a_long_text_is_cut_and_counted(mail, heartbeat):
    text = "\n".join(["é" * 400] * 100)
    assert mail.send(heartbeat.token, a_mail(text=text))[0] == 250
    stored = Signal.objects.get().payload
    assert 10_000 < len(stored.encode()) <= 10_240
    assert stored.startswith("Subject: Backup finished\n\néé")


def test_the_size_limit_is_declared_and_kept(mail, heartbeat):
    with mail.client() as client:
        client.ehlo()
        assert client.esmtp_features["size"] == "1048576"
        assert client.mail("a@b", ["SIZE=2000000"])[0] == 552
    assert mail.send(heartbeat.token, (b"x" * 900 + b"\r\n") * 1200)[0] == 552
    assert mail.send(heartbeat.token, b"\r\n" + b"y" * 900_000)[0] == 250
    assert not state_of(heartbeat).last_started_at


def test_the_same_mail_within_a_second_is_one_signal(mail, heartbeat):
    with mail.client() as client:
        for _ in range(3):
            client.sendmail("a@b", [f"{heartbeat.token}@{DOMAIN}"], a_mail())
    moments = list(Signal.objects.order_by("created_at").values_list("created_at", flat=True))
    gaps = [(later - sooner).total_seconds() for sooner, later in pairwise(moments)]
    assert all(gap >= 1 for gap in gaps)


def test_subject_and_body_words_decide(mail, make_heartbeat):
    words = {"subject": {"success": ["finished"], "failure": ["FAILED"]}, "body": {"failure": ["disk full"]}}
    heartbeat = make_heartbeat(filters=words)
    for subject, text in (("Backup FAILED", "x"), ("Backup finished", "disk full"), ("Backup finished", "fine"),
                          ("Out of office", "on holiday")):  # fmt: skip
        assert mail.send(heartbeat.token, a_mail(subject, text))[0] == 250
    settle([heartbeat.pk], now=clock.now())
    assert list(Signal.objects.order_by("pk").values_list("type", flat=True)) == ["FAIL", "FAIL", "SUCCESS", "LOG"]


def test_a_json_mail_reports_dependencies(mail, heartbeat):
    assert mail.send(heartbeat.token, a_mail("ok", '{"dependencies": [{"name": "Redis", "status": "down"}]}'))[0] == 250
    settle([heartbeat.pk], now=clock.now())
    found = Signal.objects.get()
    assert found.payload_is_json
    assert heartbeat.monitor.dependency_links.get().dependency.name == "Redis"


def test_a_database_that_is_away_means_come_again(heartbeat, monkeypatch):
    monkeypatch.setattr(commit, "GIVE_UP_AFTER_SECONDS", 0.2)
    with running() as mail, mail.client() as client:
        client.ehlo()
        client.mail("a@b")
        assert client.rcpt(f"{heartbeat.token}@{DOMAIN}")[0] == 250
        with connection.cursor() as cursor:
            cursor.execute("ALTER TABLE signals_signal RENAME TO away")
        try:
            answer = client.data(a_mail())
        finally:
            with connection.cursor() as cursor:
                cursor.execute("ALTER TABLE away RENAME TO signals_signal")
        assert answer[0] == 451
        client.mail("a@b")
        client.rcpt(f"{heartbeat.token}@{DOMAIN}")
        assert client.data(a_mail())[0] == 250
    assert Signal.objects.count() == 1


def test_a_look_up_that_fails_means_come_again(mail, heartbeat, monkeypatch):
    async def broken(self, token):
        raise OSError("no route")

    monkeypatch.setattr(handler.Ingest, "knows", broken)
    assert mail.send(heartbeat.token)[0] == 451


def test_a_heartbeat_that_went_away_between_address_and_mail_is_refused(mail, heartbeat):
    with mail.client() as client:
        client.ehlo()
        client.mail("a@b")
        assert client.rcpt(f"{heartbeat.token}@{DOMAIN}")[0] == 250
        Heartbeat.objects.filter(pk=heartbeat.pk).update(token="y" * 22)
        assert client.data(a_mail())[0] == 550


def test_too_many_connections_are_sent_away_and_welcome_later(heartbeat):
    with running(most_sessions=2) as mail:
        first, second = mail.client(), mail.client()
        with pytest.raises(smtplib.SMTPConnectError) as refused:
            mail.client()
        assert refused.value.smtp_code == 421
        first.quit()
        eventually(lambda: len(mail.listener.sessions) == 1)
        assert mail.send(heartbeat.token, a_mail())[0] == 250
        second.quit()


def test_one_address_cannot_take_all_connections():
    with running(most_from_one=1) as mail:
        first = mail.client()
        with pytest.raises(smtplib.SMTPConnectError):
            mail.client()
        first.close()


def drip(client):
    for _ in range(1000):
        client.sendall(b"a")
        time.sleep(0.02)


@pytest.mark.parametrize("limit", ["command_seconds", "session_seconds"])
def test_a_client_that_drips_is_cut(heartbeat, limit):
    with running(**{limit: 0.5}) as mail, socket.create_connection(("127.0.0.1", mail.port), timeout=30) as client:
        lines = [b"EHLO x", b"MAIL FROM:<a@b>", f"RCPT TO:<{heartbeat.token}@{DOMAIN}>".encode(), b"DATA"]
        client.sendall(b"\r\n".join(lines) + b"\r\n")
        with pytest.raises(OSError, match=r"."):
            drip(client)
        eventually(lambda: not mail.listener.sessions)
    assert not Signal.objects.exists()


def test_noise_before_the_greeting_ends_in_a_refusal(mail):
    with socket.create_connection(("127.0.0.1", mail.port), timeout=30) as client:
        client.sendall(b"\x00\xff\x16\x03\r\n" * 30 + b"GET / HTTP/1.1\r\n" * 30)
        said = b""
        while piece := client.recv(65_536):
            said += piece
    assert b"502 5.5.1 Too many unrecognized commands" in said


def test_the_mail_process_does_not_say_that_http_pings_can_arrive(mail, heartbeat):
    mail.send(heartbeat.token, a_mail())
    eventually(lambda: status_of(heartbeat) == "OK")
    with connection.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM signals_liveness")
        assert cursor.fetchone() == (0,)


def test_stopping_answers_the_mails_that_wait_for_their_commit(heartbeat, monkeypatch):
    stopping, write = threading.Event(), SqliteStore.write if connection.vendor == "sqlite" else PostgresStore.write

    async def held(self, pings):
        await asyncio.to_thread(stopping.wait, 30)
        return await write(self, pings)

    monkeypatch.setattr(SqliteStore, "write", held)
    monkeypatch.setattr(PostgresStore, "write", held)
    answers = []
    with running() as mail:
        client = mail.client()
        client.ehlo()
        client.mail("a@b")
        client.rcpt(f"{heartbeat.token}@{DOMAIN}")
        sending = threading.Thread(target=lambda: answers.append(client.data(a_mail())[0]))
        sending.start()
        eventually(lambda: mail.listener.is_at_work)
        threading.Timer(0.2, stopping.set).start()
    sending.join(30)
    assert answers == [250]
    assert client.getreply()[0] == 421
    client.close()
    assert Signal.objects.count() == 1


def test_the_command_needs_a_domain():
    with pytest.raises(CommandError, match="Set MAIL_PING_DOMAIN"):
        call_command("mail_listener")


@pytest.mark.slow
def test_the_command_listens_and_ends_on_sigterm(tmp_path, monkeypatch):
    port = free_port()
    monkeypatch.setenv("DATA_DIR", str(tmp_path))
    monkeypatch.setenv("MAIL_PING_DOMAIN", DOMAIN)
    monkeypatch.setenv("MAIL_PING_PORT", str(port))
    command = [*MANAGE, "mail_listener"]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        assert "Listening" in process.stdout.readline()
        client = smtplib.SMTP("127.0.0.1", port, timeout=30)
        client.ehlo()
        client.mail("a@b")
        assert client.rcpt(f"nobody@{DOMAIN}")[0] == 550
        process.send_signal(signal.SIGTERM)
        assert client.getreply()[0] == 421
        client.close()
        assert process.wait(60) == 0
        assert "Traceback" not in process.stderr.read()
