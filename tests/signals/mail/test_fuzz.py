"""Whatever a sender writes around a known address: the ping is stored, the listener lives, no answer lies."""

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from signals.models import Signal
from tests.signals.mail.conftest import DOMAIN

pytestmark = pytest.mark.django_db(transaction=True)
FEW = settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
HEADS = st.sampled_from(
    [b"", b"Subject: \xff\r\n\r\n", b"Content-Type: text/html\r\n\r\n<p", b"Content-Type: \x00/\r\n"]
)
SENDERS = st.sampled_from(["", "a@b", "é@b", '"a b"@c', "MAILER-DAEMON@[127.0.0.1]"])


@FEW
@given(body=st.binary(max_size=500), head=HEADS, sender=SENDERS)
def test_no_mail_to_a_known_address_is_lost(mail, heartbeat, body, head, sender):
    Signal.objects.all().delete()
    with mail.client() as client:
        client.ehlo()
        client.send(f"MAIL FROM:<{sender}>\r\n".encode())
        assert client.getreply()[0] in (250, 501, 553)
        client.docmd("RSET")
        client.mail("a@b")
        assert client.rcpt(f"{heartbeat.token}+log@{DOMAIN}")[0] == 250
        assert client.data(head + body) == (250, b"2.0.0 Stored")


@FEW
@given(local=st.text(st.characters(codec="utf-8", exclude_characters="\r\n"), max_size=80))
def test_no_recipient_breaks_the_listener(mail, heartbeat, local):
    with mail.client() as client:
        client.ehlo()
        client.docmd("MAIL", "FROM:<a@b>")
        client.send(f"RCPT TO:<{local}@{DOMAIN}>\r\n".encode())
        assert client.getreply()[0] in (550, 553, 501, 500, 555, 451)
        assert client.rcpt(f"{heartbeat.token}@{DOMAIN}")[0] == 250
