"""The browser's session as a caller."""

import json

import pytest
from django.test import Client

from monitors.models import Monitor

MONITORS = "/api/monitors"


@pytest.fixture
def browser(bob):
    client = Client(enforce_csrf_checks=True)
    client.force_login(bob)
    return client


def test_a_session_reads_its_picked_workspace(browser, bob, monitor, workspace):
    assert browser.get(MONITORS).status_code == 200
    answer = browser.get(MONITORS, headers={"X-Workspace": workspace.slug})
    assert [one["name"] for one in answer.json()["items"]] == ["Shop"]
    by_id = browser.get(MONITORS, headers={"X-Workspace": str(workspace.pk)})
    assert by_id.json() == answer.json()


def test_a_session_cannot_pick_a_strangers_workspace(browser, charlie):
    for wanted in (charlie.workspaces.get().slug, str(charlie.workspaces.get().pk), "x y", "9" * 30):
        answer = browser.get(MONITORS, headers={"X-Workspace": wanted})
        assert (answer.status_code, answer["Content-Type"]) == (404, "application/problem+json")


def test_a_write_needs_the_csrf_token(browser, workspace, region):
    body = json.dumps({"name": "A", "type": "http", "url": "https://a.example"})
    headers = {"X-Workspace": workspace.slug}
    refused = browser.post(MONITORS, body, content_type="application/json", headers=headers)
    assert refused.status_code == 403
    assert "CSRF" in refused.json()["detail"]
    assert not Monitor.objects.exists()
    browser.cookies["csrftoken"] = "a" * 32
    headers["X-CSRFToken"] = "a" * 32
    assert browser.post(MONITORS, body, content_type="application/json", headers=headers).status_code == 201


def test_a_form_body_is_no_way_around(browser):
    answer = browser.post(MONITORS, {"name": "A", "csrfmiddlewaretoken": "x"})
    assert answer.status_code in (403, 415)
    assert answer["Content-Type"] == "application/problem+json"
