"""The seed's rows of alert actions, for email and webhook, and the deliveries that follow."""

import pytest

from accounts.actor import Actor
from alerts import services
from alerts.models import Channel, Delivery, Recipient, Rule
from common.clock import now as clock_now

EMAIL = {"name": "On-call", "recipients": ["alice@example.org", "ops@elsewhere.example"]}
WEBHOOK = {"name": "Hook", "url": "http://127.0.0.1:9/hook", "headers": {"X-Key": "sesame"}}
KINDS = [("emailactiongroup", EMAIL), ("webhookactiongroup", WEBHOOK)]


@pytest.fixture
def base(monitor):
    return f"/api/v1/monitor/{monitor.pk}"


def test_an_email_group_is_made_read_changed_and_deleted(api, base):
    made = api.post(f"{base}/emailactiongroup", EMAIL)
    assert made.status_code == 201, made.content
    body = made.json()
    assert made["Location"] == f"{base}/emailactiongroup/{body['id']}"
    assert body["recipients"] == EMAIL["recipients"]
    assert body["unconfirmed"] == ["ops@elsewhere.example"]
    assert body["events"] == ["incident_open", "incident_resolved"]
    assert body["enabled"] is True
    assert api.get(made["Location"]).json() == body
    changed = api.put(made["Location"], {"name": "Team", "enabled": False, "recipients": ["alice@example.org"]})
    assert changed.status_code == 200, changed.content
    assert (changed.json()["name"], changed.json()["enabled"]) == ("Team", False)
    assert changed.json()["recipients"] == ["alice@example.org"]
    assert api.delete(made["Location"]).status_code == 204
    assert api.get(made["Location"]).status_code == 404
    assert not Channel.objects.exists()


def test_the_secret_is_shown_only_when_it_is_made_or_rolled(api, base):
    made = api.post(f"{base}/webhookactiongroup", WEBHOOK)
    address, secret = made["Location"], made.json()["secret"]
    assert secret.startswith("whsec_")
    assert api.get(address).json()["secret"] is None
    assert api.get(f"{base}/webhookactiongroup").json()["items"][0]["secret"] is None
    assert api.get(address).json()["headers"] == {"X-Key": "********"}
    rolled = api.post(f"{address}/roll")
    assert rolled.status_code == 200, rolled.content
    assert rolled.json()["secret"] not in (None, secret)
    own = "whsec_" + "QUFB" * 10
    assert api.put(address, {**WEBHOOK, "secret": own}).json()["secret"] == own
    assert api.put(address, WEBHOOK).json()["secret"] is None


def test_what_was_read_can_be_written_back(api, base):
    for name, fields in KINDS:
        made = api.post(f"{base}/{name}", fields)
        read = api.get(made["Location"]).json()
        written = api.put(made["Location"], read)
        assert written.status_code == 200, written.content
        assert {**written.json(), "updatedAt": ""} == {**read, "updatedAt": ""}
    assert Channel.objects.get(type="webhook").config["headers"] == {"X-Key": "sesame"}


@pytest.mark.parametrize(("name", "fields"), KINDS)
def test_put_without_an_id_in_the_address_takes_it_from_the_body(api, base, name, fields, pointers):
    made = api.post(f"{base}/{name}", fields).json()
    changed = api.put(f"{base}/{name}", {**fields, "id": made["id"], "name": "Renamed"})
    assert changed.status_code == 200, changed.content
    assert (changed.json()["id"], changed.json()["name"]) == (made["id"], "Renamed")
    assert pointers(api.put(f"{base}/{name}", fields)) == {"/id": "required"}
    assert pointers(api.put(f"{base}/{name}", {**fields, "id": "7"})) == {"/id": "required"}
    assert pointers(api.put(f"{base}/{name}/{made['id']}", {**fields, "id": 999})) == {"/id": "mismatch"}
    assert api.put(f"{base}/{name}", {**fields, "id": 999_999}).status_code == 404
    assert api.put(f"{base}/{name}", {**fields, "id": 0}).status_code == 404


def test_lists_by_type_and_all_together(api, base):
    for name, fields in KINDS:
        api.post(f"{base}/{name}", fields)
    assert [one["type"] for one in api.get(f"{base}/emailactiongroup").json()["items"]] == ["email"]
    everything = api.get(f"{base}/actiongroups").json()
    assert [one["type"] for one in everything["items"]] == ["email", "webhook"]
    assert everything["items"][0]["recipients"] == EMAIL["recipients"]
    assert everything["items"][1]["url"] == WEBHOOK["url"]
    assert everything["total"] == 2


def test_a_group_of_the_other_type_is_not_found(api, base):
    made = api.post(f"{base}/emailactiongroup", EMAIL).json()
    for method in ("GET", "DELETE"):
        assert api.ask(method, f"{base}/webhookactiongroup/{made['id']}").status_code == 404


@pytest.mark.parametrize(
    ("name", "body", "wrong"),
    [
        ("emailactiongroup", {}, {"/name", "/recipients"}),
        ("emailactiongroup", {"name": "", "recipients": [], "colour": 1}, {"/name", "/recipients", "/colour"}),
        ("emailactiongroup", {**EMAIL, "colour": 1}, {"/colour"}),
        ("emailactiongroup", {**EMAIL, "enabled": "yes"}, {"/enabled"}),
        ("emailactiongroup", {**EMAIL, "events": ["test", 5]}, {"/events/0", "/events/1"}),
        ("emailactiongroup", {**EMAIL, "events": "incident_open"}, {"/events"}),
        ("emailactiongroup", {**EMAIL, "recipients": ["a", None]}, {"/recipients/0", "/recipients/1"}),
        ("emailactiongroup", {**EMAIL, "url": "https://x.example"}, {"/url"}),
        ("emailactiongroup", [], {""}),
        ("webhookactiongroup", {}, {"/name", "/url"}),
        ("webhookactiongroup", {**WEBHOOK, "url": "javascript:alert(1)"}, {"/url"}),
        ("webhookactiongroup", {**WEBHOOK, "headers": {"Host": "x", "X-A": 5}}, {"/headers/Host", "/headers/X-A"}),
        ("webhookactiongroup", {**WEBHOOK, "secret": "short", "name": 5}, {"/secret", "/name"}),
        ("webhookactiongroup", {**WEBHOOK, "name": "x" * 121}, {"/name"}),
        ("webhookactiongroup", {**WEBHOOK, "reminderSeconds": 5}, {"/reminderSeconds"}),
    ],
)
def test_every_wrong_field_is_named_and_nothing_is_stored(api, base, pointers, name, body, wrong):
    assert set(pointers(api.post(f"{base}/{name}", body))) == wrong
    assert not Rule.objects.exists()
    assert not Channel.objects.exists()
    assert not Recipient.objects.exists()


def test_a_wrong_change_changes_nothing(api, base, pointers):
    made = api.post(f"{base}/emailactiongroup", EMAIL)
    assert set(pointers(api.put(made["Location"], {"name": "Team"}))) == {"/recipients"}
    assert set(pointers(api.put(made["Location"], {**EMAIL, "name": "Team", "colour": 1}))) == {"/colour"}
    assert api.get(made["Location"]).json()["name"] == EMAIL["name"]


@pytest.mark.parametrize(("name", "fields"), KINDS)
def test_strangers_find_nothing_and_viewers_change_nothing(api, base, stranger, viewer, anybody, name, fields):
    made = api.post(f"{base}/{name}", fields)
    address = made["Location"]
    for method, path in [
        ("GET", f"{base}/actiongroups"), ("GET", f"{base}/{name}"), ("POST", f"{base}/{name}"), ("GET", address),
        ("PUT", address), ("DELETE", address), ("POST", f"{address}/test"),
    ]:  # fmt: skip
        body = fields if method in ("PUT", "POST") else None
        assert stranger.ask(method, path, body).status_code == 404, (method, path)
        assert anybody.ask(method, path, body).status_code == 401, (method, path)
        if method != "GET":
            assert viewer.ask(method, path, body).status_code == 403, (method, path)
    assert viewer.get(address).status_code == 200


def test_if_match_guards_a_change(api, base):
    made = api.post(f"{base}/webhookactiongroup", WEBHOOK)
    tag = api.get(made["Location"])["ETag"]
    assert api.put(made["Location"], WEBHOOK, If_Match=tag).status_code == 200
    assert api.put(made["Location"], WEBHOOK, If_Match=tag).status_code == 412


def test_a_test_message_is_a_delivery_like_any_other(api, base):
    made = api.post(f"{base}/webhookactiongroup", WEBHOOK)
    answer = api.post(f"{made['Location']}/test")
    assert answer.status_code == 202, answer.content
    delivery = api.get(answer["Location"]).json()
    assert (delivery["event"], delivery["state"], delivery["incidentId"]) == ("test", "PENDING", None)
    assert delivery["channel"]["name"] == "Hook"


def test_deliveries_are_listed_filtered_and_sent_again(api, base, open_one, stranger, viewer, pointers):
    api.post(f"{base}/webhookactiongroup", WEBHOOK)
    incident = open_one()
    found = api.get("/api/deliveries").json()
    assert [one["event"] for one in found["items"]] == ["incident_open"]
    delivery = found["items"][0]
    assert delivery["incidentId"] == incident.pk
    assert api.get("/api/deliveries?state=FAILED").json()["total"] == 0
    assert api.get(f"/api/deliveries?incidentId={incident.pk}&state=PENDING,FAILED").json()["total"] == 1
    assert pointers(api.get("/api/deliveries?state=NOPE&colour=1")) == {"?state": "invalid", "?colour": "unknown"}
    address = f"/api/deliveries/{delivery['id']}"
    assert stranger.get(address).status_code == 404
    assert stranger.post(f"{address}/resend").status_code == 404
    assert viewer.post(f"{address}/resend").status_code == 403
    assert api.post(f"{address}/dismiss").json()["state"] == "DISMISSED"
    assert api.post(f"{address}/dismiss").status_code == 409
    assert api.post(f"{address}/resend").json()["state"] == "PENDING"


@pytest.fixture
def open_one(workspace, monitor):
    from incidents.services import open_incident

    def make(kind="DOWNTIME"):
        return open_incident(
            workspace=workspace, monitor=monitor, kind=kind, severity="CRITICAL", title="Shop: down",
            started_at=clock_now(), now=clock_now(),
        )  # fmt: skip

    return make


def test_lists_ask_the_same_number_of_queries_however_long(
    api, base, monitor, alice, open_one, django_assert_max_num_queries
):
    from django.db import connection
    from django.test.utils import CaptureQueriesContext

    def fill(number):
        fields = {**WEBHOOK, "name": f"Hook {number}"}
        services.create_action_group(monitor=monitor, type="webhook", by=Actor(alice), now=clock_now(), fields=fields)
        open_one(["DOWNTIME", "SSL", "DNS"][number])

    addresses = (f"{base}/actiongroups", f"{base}/webhookactiongroup", "/api/deliveries")
    fill(0)
    few = {}
    for address in addresses:
        api.get(address)
        with CaptureQueriesContext(connection) as asked:
            assert api.get(address).status_code == 200
        few[address] = len(asked)
    fill(1)
    fill(2)
    for address in addresses:
        with django_assert_max_num_queries(few[address]):
            assert len(api.get(address).json()["items"]) > 1
    assert Delivery.objects.count() == 6
