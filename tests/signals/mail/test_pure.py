"""Addresses, messages and payloads of mails, in tables and for any bytes at all."""

import re

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from signals.mail.address import mail_address, read_recipient
from signals.mail.message import read_message
from signals.mail.payload import compose, read

DOMAIN, TOKEN = "ping.example.org", "Abc_-123" * 3
LINES = st.text(st.characters(exclude_categories=["Cs", "Cc", "Zs", "Zl", "Zp"]), max_size=60)
TEXTS = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\x00"), max_size=400)


@pytest.mark.parametrize(
    ("local", "said"),
    [
        (TOKEN, ("SUCCESS", None, TOKEN, "", "")),
        (f"{TOKEN}+start", ("START", None, TOKEN, "", "")),
        (f"{TOKEN}+FAIL", ("FAIL", None, TOKEN, "", "")),
        (f"{TOKEN}+255", ("FAIL", 255, TOKEN, "", "")),
        (f"nightly.{TOKEN}", ("SUCCESS", None, "", TOKEN, "nightly")),
        (f"Nightly-2.{TOKEN}+log", ("LOG", None, "", TOKEN, "nightly-2")),
    ],
)
def test_an_address_says_which_heartbeat_and_what(local, said):
    meant = read_recipient(f"{local}@Ping.Example.ORG.", DOMAIN)
    assert (meant.type, meant.exit_status, meant.token, meant.ping_key, meant.slug) == said


@pytest.mark.parametrize(
    "recipient",
    ["", "@", TOKEN, f"{TOKEN}@example.org", f"{TOKEN}@{DOMAIN}.evil.example", f"short@{DOMAIN}", f"{TOKEN}+@{DOMAIN}",
     f"{TOKEN}+256@{DOMAIN}", f"{TOKEN}+start+log@{DOMAIN}", f".{TOKEN}@{DOMAIN}", f"a.b.{TOKEN}@{DOMAIN}",
     f"{TOKEN}\x00@{DOMAIN}", f"é{TOKEN}@{DOMAIN}"],
)  # fmt: skip
def test_an_address_that_no_heartbeat_can_have(recipient):
    assert read_recipient(recipient, DOMAIN) is None


@given(st.text(max_size=100), st.sampled_from([f"@{DOMAIN}", "", "@"]))
def test_no_address_is_a_crash(local, rest):
    read_recipient(local + rest, DOMAIN)


@given(st.from_regex(re.compile(r"[A-Za-z0-9_-]{22,64}"), fullmatch=True), st.sampled_from(["", "start", "fail", "3"]))
def test_every_address_that_we_show_is_read_back(token, word):
    assert read_recipient(mail_address(DOMAIN, token, word), DOMAIN).token == token


def a_mail(body, kind="text/plain; charset=utf-8", encoding="8bit", subject="ok"):
    head = f"Subject: {subject}\r\nFrom: a@b\r\nContent-Type: {kind}\r\nContent-Transfer-Encoding: {encoding}\r\n\r\n"
    return head.encode() + body


@pytest.mark.parametrize(
    ("content", "text"),
    [
        (a_mail(b"caf\xc3\xa9\r\n"), "café"),
        (a_mail(b"caf\xe9", "text/plain; charset=iso-8859-1"), "café"),
        (a_mail(b"Y2Fmw6k=", encoding="base64"), "café"),
        (a_mail(b"caf=C3=A9=\r\n!", encoding="quoted-printable"), "café!"),
        (a_mail(b"\x82\xb1", "text/plain; charset=shift_jis"), "こ"),
        (a_mail(b"caf\xff", "text/plain; charset=no-such-thing"), "caf\ufffd"),
        (a_mail(b"abc-", "text/plain; charset=punycode"), "abc-"),
        (a_mail(b"+2AA-", "text/plain; charset=utf-7"), "?"),
        (a_mail(b"a\x00b"), "ab"),
        (a_mail(b"<style>p{}</style><p>Disk <b>full</b>&nbsp;&amp; slow<br>now", "text/html"), "Disk full & slow\nnow"),
        (a_mail(b"%PDF", "application/pdf"), ""),
        (b"no header at all", "no header at all"),
        (b"\r\n\r\nonly a text", "only a text"),
    ],
)
def test_the_text_of_a_mail(content, text):
    assert read_message(content).text == text


def test_plain_goes_before_html_and_attachments_are_passed_over():
    parts = (
        b'--x\r\nContent-Type: text/plain\r\nContent-Disposition: attachment; filename="log"\r\n\r\nlog\r\n'
        b"--x\r\nContent-Type: text/html\r\n\r\n<p>html\r\n--x\r\nContent-Type: text/plain\r\n\r\nplain\r\n--x--\r\n"
    )
    assert read_message(a_mail(parts, 'multipart/mixed; boundary="x"')).text == "plain"


@pytest.mark.parametrize(
    ("given_", "subject"),
    [("=?utf-8?B?w5xiZXI=?= =?iso-8859-1?Q?_=E9?=", "Über é"), ("a\r\n b", "a b"), ("=?x?Q?=ff?=", "\ufffd"),
     ("=?utf-8?B?!!!?=", None), ("é", "é"), ("x" * 999, "x" * 300)],
)  # fmt: skip
def test_the_subject_of_a_mail(given_, subject):
    found = read_message(a_mail(b"", subject=given_)).subject
    assert subject is None or found == subject


def test_a_mail_of_boundaries_costs_no_time_and_keeps_its_subject():
    nested = b"".join(b'--%d\r\nContent-Type: multipart/mixed; boundary="%d"\r\n\r\n' % (n, n + 1) for n in range(3000))
    said = read_message(a_mail(nested, 'multipart/mixed; boundary="0"', subject="deep"))
    assert said.subject == "deep"


@given(st.binary(max_size=2000), st.sampled_from([
    b"", b"Subject: ", b"Subject: =?", b"Content-Type: text/html; charset=\r\n\r\n<![if", b"Content-Type: multipart/a;",
    b'Content-Type: multipart/x; boundary="b"\r\n\r\n--b\r\n', b"Content-Type: text/plain; charset*0*=''%\r\n",
    b"Content-Transfer-Encoding: base64\r\n\r\n", b"Content-Transfer-Encoding: uuencode\r\n\r\nbegin 666 x\n",
]))  # fmt: skip
def test_any_bytes_are_a_mail_that_can_be_stored(junk, head):
    said = read_message(head + junk)
    for text in said:
        text.encode()
        assert "\x00" not in text
    assert len(said.subject.splitlines()) <= 1


@given(LINES, TEXTS)
def test_subject_and_text_are_read_back_as_they_were(subject, text):
    payload = compose(subject, text, limit=10_240)
    found = read(payload)
    assert found[0] == subject or payload.startswith("{")
    assert found[1] == text or payload.startswith("{")


def test_a_json_object_stays_one_and_gets_the_subject():
    assert orjson.loads(compose("s", '{"a": 1}', limit=100)) == {"subject": "s", "a": 1}
    assert orjson.loads(compose("s", '{"subject": "own"}', limit=100)) == {"subject": "own"}
    assert read('{"subject":"s","a":1}') == ("s", '{"subject":"s","a":1}')
    assert compose("s", '{"a": "' + "x" * 100 + '"}', limit=50).startswith("Subject: s\n\n{")


def test_a_payload_is_cut_between_characters():
    assert compose("s", "é" * 30, limit=20) == "Subject: s\n\n" + "é" * 4
