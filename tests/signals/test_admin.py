"""Operators read heartbeats and signals; tokens are keys and not shown."""

import pytest

from tests.admin_rows import one_of_each


@pytest.fixture
def beating(workspace, now, by_alice):
    return one_of_each(workspace, now, by_alice)[1].heartbeat


@pytest.mark.parametrize("page", ["", "{pk}/change/"])
def test_a_token_is_shown_by_its_first_characters_only(admin_client, beating, page):
    shown = admin_client.get("/admin/signals/heartbeat/" + page.format(pk=beating.pk)).content.decode()
    assert beating.token not in shown
    assert f"{beating.token[:4]}…" in shown


def test_a_heartbeat_is_found_by_its_whole_token(admin_client, beating):
    found = admin_client.get("/admin/signals/heartbeat/", {"q": beating.token}).context["cl"].queryset
    assert list(found) == [beating]
    assert not admin_client.get("/admin/signals/heartbeat/", {"q": beating.token[:8]}).context["cl"].queryset


@pytest.mark.parametrize("model", ["heartbeat", "heartbeatstate", "signal", "liveness"])
def test_nothing_is_added_here(admin_client, beating, model):
    assert admin_client.get(f"/admin/signals/{model}/add/").status_code == 403
