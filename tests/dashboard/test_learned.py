"""The page of every type shows what its checks have learned."""

from datetime import UTC, datetime, timedelta

import pytest

from dashboard.learned import ping_charts
from monitors.models import LearnedAnswer
from monitors.probes.base import Certificate
from monitors.results.recording import record
from monitors.services import create_monitor
from tests.monitors.conftest import result_of

pytestmark = pytest.mark.django_db
CERTIFICATE = Certificate(
    subject="CN=shop.example",
    issuer="CN=A test authority",
    names=("shop.example", "www.shop.example"),
    not_before=datetime(2026, 1, 1, tzinfo=UTC),
    not_after=datetime(2099, 1, 1, tzinfo=UTC),
    fingerprint="f" * 64,
    serial="1",
    key="EC secp256r1",
)


@pytest.fixture
def page(signed_in, alice, workspace, by_alice, now):
    """`page(type, settings, **found)`: the page of a monitor that was checked with these findings, each in turn."""

    def shown(type, settings, *found):
        fields = {"name": "One", "type": type, "settings": settings}
        monitor = create_monitor(workspace=workspace, by=by_alice, now=now, fields=fields)
        first = datetime.now(UTC) - timedelta(minutes=10)
        for number, one in enumerate(found):
            at = first + timedelta(minutes=number)
            record([result_of(monitor, at, **one)], now=at)
        return monitor, signed_in(alice).get(f"/monitors/{monitor.pk}").content.decode()

    return shown


def test_a_certificate_has_a_card_with_its_verdicts(page):
    verdicts = {"expiry": "ok", "chain": "Its chain is not trusted: self-signed.", "host_name": "ok"}
    facts = {"verdicts": verdicts, "key": "EC secp256r1"}
    _, html = page("tls", {"host": "shop.example"}, {"certificate": CERTIFICATE, "facts": facts})
    for text in ("2099-01-01", "CN=A test authority", "www.shop.example", "Its chain is not trusted", "f" * 64):
        assert text in html


def test_an_answer_that_waits_is_accepted_by_a_button(page, signed_in, alice):
    first, other = {"facts": {"records": ["192.0.2.1"]}}, {"facts": {"records": ["192.0.2.9"]}}
    monitor, html = page("dns", {"hostname": "shop.example"}, first, other)
    assert "192.0.2.9" in html
    assert "Accept the new answer" in html
    answer = signed_in(alice).post(f"/monitors/{monitor.pk}/accept", follow=True).content.decode()
    assert "is the one to expect from now on" in answer
    assert "Accept the new answer" not in answer
    assert LearnedAnswer.objects.get().answer == ["192.0.2.9"]
    assert (
        "No other answer waits" in signed_in(alice).post(f"/monitors/{monitor.pk}/accept", follow=True).content.decode()
    )


def test_a_viewer_accepts_nothing(page, signed_in, vera):
    monitor, _ = page("dns", {"hostname": "shop.example"}, {"facts": {"records": ["192.0.2.1"]}})
    assert signed_in(vera).post(f"/monitors/{monitor.pk}/accept").status_code == 403


def test_pings_have_charts_of_loss_and_jitter(page, now):
    pings = [
        {"facts": {"sent": 3, "received": 3 - lost, "loss_percent": 33.3 * lost, "jitter_ms": 0.5}} for lost in (0, 1)
    ]
    monitor, html = page("icmp", {"host": "192.0.2.1"}, *pings)
    assert "Lost pings" in html
    assert [one["series"][0]["values"] for one in ping_charts(monitor, now=datetime.now(UTC))] == [
        [0.0, 33.3],
        [0.5, 0.5],
    ]


@pytest.mark.parametrize(
    ("type", "settings", "facts", "texts"),
    [
        (
            "domain",
            {"hostname": "shop.example"},
            {"expires_at": "2099-01-01T00:00:00+00:00", "registrar": "Good Names", "name_servers": ["ns1.example"]},
            ["2099-01-01", "Good Names", "ns1.example"],
        ),
        ("ssh", {"host": "a.example"}, {"banner": "SSH-2.0-x", "host_key": "SHA256:k"}, ["SSH-2.0-x", "SHA256:k"]),
        ("smtp", {"host": "a.example"}, {"banner": "hello <b>", "extensions": ["SIZE"]}, ["hello &lt;b&gt;", "SIZE"]),
        ("grpc", {"host": "a.example", "port": 1}, {"serving": "SERVING"}, ["SERVING"]),
    ],
)
def test_a_server_has_a_card(page, type, settings, facts, texts):
    _, html = page(type, settings, {"facts": facts})
    for text in texts:
        assert text in html
