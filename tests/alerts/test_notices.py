"""Operators get each notice once, over a real SMTP conversation, and later when the server is away."""

from datetime import timedelta

import pytest

from accounts.models import User
from alerts.notices import recipients, send_notices
from monitors.models import OperatorNotice, Region
from tests.platform import free_port
from tests.sinks import MailSink

pytestmark = pytest.mark.django_db


@pytest.fixture
def notice(now):
    return OperatorNotice.objects.create(
        region=Region.objects.get(),
        subject="Region <Fra> is silent",
        text="Nobody <looks>.",
        created_at=now,
        next_attempt_at=now,
    )


def test_the_address_of_the_settings_is_told_once(notice, now, settings):
    with MailSink() as sink:
        settings.EMAIL_HOST, settings.EMAIL_PORT = "127.0.0.1", sink.port
        settings.OPERATOR_EMAIL = ["ops@example.org"]
        assert send_notices(now=now) == 1
        assert send_notices(now=now + timedelta(hours=2)) == 0
    assert sink.subjects() == ["[WebSignal] Region <Fra> is silent"]
    (_, message) = sink.received[0]
    assert message["To"] == "ops@example.org"
    assert "Nobody &lt;looks&gt;." in message.get_body(("html",)).get_content()


def test_without_one_every_operator_is(alice, settings):
    assert recipients() == []
    User.objects.filter(pk=alice.pk).update(is_staff=True)
    assert recipients() == ["alice@example.org"]


def test_a_server_that_is_away_is_tried_again(notice, now, settings):
    settings.EMAIL_HOST, settings.EMAIL_PORT, settings.OPERATOR_EMAIL = "127.0.0.1", free_port(), ["ops@example.org"]
    assert send_notices(now=now) == 0
    notice.refresh_from_db()
    assert notice.next_attempt_at == now + timedelta(minutes=1)
    assert "refused" in notice.error
    with MailSink() as sink:
        settings.EMAIL_PORT = sink.port
        assert send_notices(now=now + timedelta(seconds=30)) == 0
        assert send_notices(now=now + timedelta(minutes=1)) == 1
    notice.refresh_from_db()
    assert (notice.error, notice.next_attempt_at) == ("", None)


def test_after_a_day_it_is_given_up(notice, now, settings):
    settings.EMAIL_HOST = ""
    send_notices(now=now + timedelta(hours=25))
    notice.refresh_from_db()
    assert (notice.next_attempt_at, notice.sent_at) == (None, None)
    assert notice.error
