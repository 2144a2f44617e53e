"""Addresses of the web have letters of any script, for the API and in its document."""

import pytest

from websignal.openapi import document

URL = "https://bücher.example/état"
MONITOR = {"name": "Books", "type": "http", "url": URL}
WEBHOOK = {"name": "Books", "type": "webhook", "config": {"url": URL}}


@pytest.fixture
def group(api, monitor):
    """The address of a monitor's webhooks."""
    return f"/api/v1/monitor/{monitor.pk}/webhookactiongroup"


def test_they_are_taken_and_shown_as_they_were_written(api, group):
    assert api.post("/api/monitors", MONITOR).json()["url"] == URL
    assert api.post("/api/channels", WEBHOOK).json()["config"]["url"] == URL
    assert api.post(group, {"name": "Books", "url": URL}).json()["url"] == URL


@pytest.mark.parametrize("path", ["monitor-test", "monitor-test/ssl"])
def test_they_are_looked_at(api, path):
    answer = api.post(f"/api/v1/{path}", {"url": "https://bücher.invalid/"})
    assert (answer.status_code, answer.json()["failureClass"]) == (200, "dns")


def test_the_document_says_so():
    schemas = document()["components"]["schemas"]
    bodies = [
        "HttpMonitorRequest",
        "WebhookConfig",
        "WebhookGroupRequest",
        "SslTestOfUrlRequest",
        "DnsTestOfUrlRequest",
    ]
    for name in (*bodies, "HttpMonitor", "WebhookGroup"):
        assert schemas[name]["properties"]["url"]["format"] == "iri", name
