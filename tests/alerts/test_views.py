"""Signed links: GET shows a button, POST acts, a link of another kind or age does nothing."""

from datetime import timedelta

import pytest

from accounts.actor import SYSTEM
from accounts.models import Membership
from alerts import links
from alerts.models import Delivery
from common.clock import now as clock_now
from incidents.models import State
from incidents.services import resolve_incident

pytestmark = pytest.mark.django_db


@pytest.fixture
def delivery(monitor, open_on):
    open_on(monitor)
    return Delivery.objects.get()


def path_of(delivery, user=None, made_at=None):
    url = links.acknowledge_url(delivery_id=delivery.pk, user_id=user and user.pk, made_at=made_at or clock_now())
    return url[url.index("/alerts/") :]


def test_a_scanner_that_follows_the_link_acknowledges_nothing(client, delivery):
    answer = client.get(path_of(delivery))
    assert answer.status_code == 200
    assert "Acknowledge" in answer.content.decode()
    assert answer["Referrer-Policy"] == "no-referrer"
    delivery.incident.refresh_from_db()
    assert delivery.incident.state == State.OPEN


def test_post_acknowledges_for_the_member_of_the_link_without_a_session(client, delivery, bob):
    answer = client.post(path_of(delivery, bob))
    assert answer.status_code == 200
    delivery.incident.refresh_from_db()
    assert (delivery.incident.state, delivery.incident.acknowledged_by) == (State.ACKNOWLEDGED, bob)
    assert client.post(path_of(delivery)).status_code == 200
    delivery.incident.refresh_from_db()
    assert delivery.incident.acknowledged_by == bob


def test_a_webhooks_link_acknowledges_for_nobody_in_particular(client, delivery):
    assert client.post(path_of(delivery)).status_code == 200
    delivery.incident.refresh_from_db()
    assert (delivery.incident.state, delivery.incident.acknowledged_by) == (State.ACKNOWLEDGED, None)


def test_who_left_the_workspace_is_not_written_down(client, delivery, bob):
    Membership.objects.filter(user=bob, workspace=delivery.workspace).delete()
    assert client.post(path_of(delivery, bob)).status_code == 200
    delivery.incident.refresh_from_db()
    assert delivery.incident.acknowledged_by is None


def test_a_resolved_incident_cannot_be_acknowledged(client, delivery):
    resolve_incident(incident=delivery.incident, by=SYSTEM, now=clock_now())
    answer = client.post(path_of(delivery))
    assert answer.status_code == 409
    assert "resolved" in answer.content.decode()


@pytest.mark.parametrize("method", ["get", "post"])
def test_links_that_do_nothing(client, delivery, method):
    good = path_of(delivery)
    old = path_of(delivery, made_at=clock_now() - timedelta(days=7, seconds=5))
    url = links.confirm_url(recipient_id=1, address="a@b.example", made_at=clock_now())
    confirm = url[url.index("/alerts/") :]
    for path in (
        good[:-1] + ("A" if good[-1] != "A" else "B"),
        old,
        confirm.replace("confirm", "acknowledge"),
        good.replace("acknowledge", "confirm"),
        confirm,
        "/alerts/acknowledge/junk",
        "/alerts/confirm/%00",
    ):
        assert getattr(client, method)(path).status_code == 404, path
    delivery.incident.refresh_from_db()
    assert delivery.incident.state == State.OPEN
