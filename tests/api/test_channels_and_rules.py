"""Channels and the rules that name them, beside a monitor's action groups."""

import pytest

from accounts.models import AuditEntry
from alerts.models import Channel, Delivery, Rule
from incidents.models import Severity
from incidents.services import open_manual

HOOK = {
    "name": "Pager",
    "type": "webhook",
    "config": {"url": "https://hooks.example/x", "headers": {"X-Key": "sesame"}},
}


@pytest.fixture
def channel(api):
    made = api.post("/api/channels", HOOK)
    assert made.status_code == 201, made.content
    return made.json()["id"]


def rule(api, channel, **fields):
    return api.post("/api/alert-rules", {"name": "All", "channelIds": [channel], **fields})


def test_a_channel_is_made_read_changed_and_removed(api):
    made = api.post("/api/channels", HOOK)
    body, address = made.json(), made["Location"]
    assert body["config"]["secret"].startswith("whsec_")
    shown = api.get(address)
    assert shown.json()["config"] == {
        "url": "https://hooks.example/x",
        "headers": {"X-Key": "********"},
        "secret": None,
    }
    assert shown.json()["lastDelivery"] is None
    assert api.put(address, shown.json(), If_Match=shown["ETag"]).status_code == 200
    assert Channel.objects.get().config["headers"] == {"X-Key": "sesame"}
    assert Channel.objects.get().config["secret"] == body["config"]["secret"]
    changed = api.patch(address, {"enabled": False, "name": "Nobody"})
    assert (changed.json()["enabled"], changed.json()["name"]) == (False, "Nobody")
    assert api.get("/api/channels?enabled=false&type=webhook").json()["total"] == 1
    assert api.post(f"{address}/test").status_code == 409
    rolled = api.post(f"{address}/roll").json()["config"]["secret"]
    assert rolled not in (None, body["config"]["secret"])
    assert api.delete(address).status_code == 204
    assert "sesame" not in str(list(AuditEntry.objects.values_list("changes", flat=True)))


def test_wrong_channels_are_named(api, pointers, channel):
    assert pointers(api.post("/api/channels", {"name": "", "type": "pigeon"})) == {
        "/name": "blank", "/type": "invalid_choice",
    }  # fmt: skip
    wrong = {"name": "x", "type": "webhook", "config": {"url": "ftp://x", "colour": 1}}
    assert pointers(api.post("/api/channels", wrong)) == {"/config/url": "url", "/config/colour": "unknown"}
    assert pointers(api.post("/api/channels", {"name": "x", "type": "email"})) == {"/config/recipients": "length"}
    assert pointers(api.patch(f"/api/channels/{channel}", {"type": "email"})) == {"/type": "immutable"}


def test_a_test_is_sent(api, channel):
    answer = api.post(f"/api/channels/{channel}/test")
    assert answer.status_code == 202, answer.content
    assert Delivery.objects.get().event == "test"
    assert api.get(f"/api/channels/{channel}").json()["lastDelivery"]["id"] == answer.json()["id"]


def test_a_rule_sends_an_incident_of_its_scope(api, channel, make_monitor, workspace, by_alice, now):
    watched = make_monitor("A", tags=["prod"])
    made = rule(
        api, channel, scope={"tag": "prod"}, when={"all": [{"field": "severity", "op": "eq", "value": "MAJOR"}]}
    )
    assert made.status_code == 201, made.content
    assert made.json()["scope"] == {"tag": "prod"}
    assert made.json()["events"] == ["incident_open", "incident_resolved"]
    for severity in (Severity.MINOR, Severity.MAJOR):
        open_manual(workspace=workspace, monitor=watched, title="x", severity=severity, by=by_alice, now=now)
    assert Delivery.objects.filter(channel=channel).count() == 1
    again = api.put(made["Location"], made.json())
    assert again.status_code == 200, again.content
    assert {**again.json(), "updatedAt": ""} == {**made.json(), "updatedAt": ""}
    assert api.patch(made["Location"], {"scope": {}, "when": {}}).json()["scope"] == {}


def test_wrong_rules_are_named(api, channel, stranger, pointers):
    assert pointers(rule(api, 10**9, scope={"monitorId": 10**9}, when={"all": [{"field": "x"}]})) == {
        "/scope/monitorId": "unknown", "/when/all/0/op": "required", "/when/all/0/value": "required",
        "/channelIds/0": "unknown",
    }  # fmt: skip
    assert pointers(rule(api, channel, scope={"moon": 1}, events=["x"])) == {
        "/scope/moon": "unknown", "/events/0": "invalid_choice",
    }  # fmt: skip
    assert pointers(rule(stranger, channel)) == {"/channelIds/0": "unknown"}


def test_an_action_group_is_a_rule_and_the_reverse(api, channel, monitor):
    base = f"/api/v1/monitor/{monitor.pk}"
    group = api.post(f"{base}/webhookactiongroup", {"name": "Hook", "url": "https://hooks.example/y"}).json()
    shown = api.get(f"/api/alert-rules/{group['id']}").json()
    assert (shown["scope"], len(shown["channelIds"])) == ({"monitorId": monitor.pk}, 1)
    made = rule(api, channel, scope={"monitorId": monitor.pk}).json()
    listed = {one["id"]: one["name"] for one in api.get(f"{base}/actiongroups").json()["items"]}
    assert listed == {group["id"]: "Hook", made["id"]: "All"}
    renamed = api.put(f"{base}/webhookactiongroup/{made['id']}", {"name": "Mine", "url": "https://hooks.example/z"})
    assert renamed.status_code == 200, renamed.content
    assert api.get(f"/api/alert-rules/{made['id']}").json()["name"] == "Mine"
    assert api.get(f"/api/channels/{channel}").json()["name"] == "Pager"
    assert api.delete(f"{base}/webhookactiongroup/{made['id']}").status_code == 204
    assert api.get(f"/api/channels/{channel}").status_code == 200, "it was there before the rule"
    assert api.delete(f"/api/alert-rules/{group['id']}").status_code == 204
    assert list(Channel.objects.values_list("pk", flat=True)) == [channel]


def test_a_channel_stays_while_a_rule_needs_it(api, channel, monitor):
    group = api.post(
        f"/api/v1/monitor/{monitor.pk}/webhookactiongroup", {"name": "Hook", "url": "https://hooks.example/y"}
    ).json()
    own = Rule.objects.get(pk=group["id"]).channels.get().pk
    assert api.delete(f"/api/channels/{own}").status_code == 409
    assert api.patch(f"/api/alert-rules/{group['id']}", {"channelIds": [own, channel]}).status_code == 200
    assert api.delete(f"/api/alert-rules/{group['id']}").status_code == 204
    assert Channel.objects.filter(pk__in=[own, channel]).count() == 2, "what is shared is no rule's own"


def test_a_shared_channel_outlives_a_monitor(api, monitor):
    group = api.post(
        f"/api/v1/monitor/{monitor.pk}/webhookactiongroup", {"name": "Hook", "url": "https://hooks.example/y"}
    ).json()
    own = Rule.objects.get(pk=group["id"]).channels.get().pk
    rule(api, own)
    assert api.delete(f"/api/monitors/{monitor.pk}").status_code == 204
    assert Channel.objects.filter(pk=own).exists()


def test_nobody_else_comes_near(stranger, viewer, channel):
    assert stranger.get(f"/api/channels/{channel}").status_code == 404
    assert stranger.delete(f"/api/channels/{channel}").status_code == 404
    assert stranger.get("/api/channels").json()["total"] == 0
    assert viewer.get(f"/api/channels/{channel}").status_code == 200
    assert viewer.post("/api/channels", HOOK).status_code == 403
    assert rule(viewer, channel).status_code == 403
