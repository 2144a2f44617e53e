"""The monitor endpoints, under both addresses."""

import pytest

from monitors.models import Monitor, RegionState
from signals.dependencies import create_dependency

BODY = {"name": "Shop", "type": "http", "url": "https://shop.example/health"}
SPEC_KEYS = {
    "id", "name", "type", "url", "description", "intervalSeconds", "timeoutMs", "paused", "tags", "serviceGroupId",
    "regions", "quorum", "failAfterConsecutive", "resolveAfterConsecutiveSuccess", "request", "assertions",
    "latencyThresholdMs", "sslExpiryDays", "escalationPolicyId", "dependsOn", "dependencyImpacted", "status",
    "statusSince", "lastCheckedAt", "nextCheckAt", "lastResult", "learnedAnswers", "createdAt", "updatedAt",
    "externalKey",
}  # fmt: skip


@pytest.fixture(params=["/api/v1/monitor", "/api/monitors"])
def base(request):
    return request.param


def test_create_answers_the_whole_monitor_with_defaults_and_its_address(api, base):
    answer = api.post(base, BODY)
    assert answer.status_code == 201, answer.content
    body = answer.json()
    assert set(body) == SPEC_KEYS
    assert answer["Location"] == f"{base}/{body['id']}"
    assert answer["ETag"]
    assert body["request"] == {
        "method": "GET", "headers": {}, "body": None, "auth": None, "followRedirects": True, "maxRedirects": 3,
        "blockHttpDowngrade": True, "verifyTls": True, "ipVersion": None, "httpVersion": None,
        "clientCertificate": None, "clientKey": None, "proxy": None, "proxyUsername": None, "proxyPassword": None,
    }  # fmt: skip
    assert body["intervalSeconds"] == 60
    assert body["sslExpiryDays"] == [30, 14, 7, 1]
    assert body["regions"] == ["default"]
    assert body["status"] == "NEW"
    assert body["createdAt"].endswith("Z")


def test_what_is_read_can_be_written_back_and_changes_nothing(api, base):
    made = api.post(
        base,
        BODY
        | {
            "tags": ["prod", "eu"],
            "request": {"method": "POST", "headers": {"X-Team": "shop", "follow_me": "1"}, "body": "hi"},
            "assertions": [
                {"source": "status_code", "comparison": "between", "target": [200, 399]},
                {"source": "json", "property": "$.ok", "comparison": "in", "target": ["camelCase", "snake_case"]},
            ],
            "quorum": 1,
            "latencyThresholdMs": 900,
            "externalKey": "shop-1",
        },
    )
    assert made.status_code == 201, made.content
    address = made["Location"]
    before = api.get(address).json()
    again = api.put(address, before)
    assert again.status_code == 200, again.content
    after = again.json()
    assert {**after, "updatedAt": ""} == {**before, "updatedAt": "", "nextCheckAt": after["nextCheckAt"]}


def test_secrets_are_masked_and_survive_being_written_back(api, base):
    secret = {
        "headers": {"Authorization": "Bearer hunter2"},
        "auth": {"type": "basic", "username": "u", "password": "hunter2"},
    }
    made = api.post(base, BODY | {"request": secret})
    assert made.status_code == 201, made.content
    assert b"hunter2" not in made.content
    shown = api.get(made["Location"])
    assert b"hunter2" not in shown.content
    assert api.put(made["Location"], shown.json()).status_code == 200
    assert api.patch(made["Location"], {"name": "Other"}).status_code == 200
    stored = Monitor.objects.get(pk=made.json()["id"]).settings["request"]
    assert stored["headers"]["Authorization"] == "Bearer hunter2"
    assert stored["auth"]["password"] == "hunter2"


def test_put_resets_what_it_leaves_out_and_patch_does_not(api, base):
    made = api.post(base, BODY | {"description": "The shop", "tags": ["prod"], "request": {"method": "HEAD"}})
    patched = api.patch(made["Location"], {"intervalSeconds": 120.0}).json()
    assert (patched["description"], patched["tags"], patched["intervalSeconds"]) == ("The shop", ["prod"], 120)
    assert patched["request"]["method"] == "HEAD"
    whole = api.put(made["Location"], BODY).json()
    assert (whole["description"], whole["tags"], whole["intervalSeconds"]) == ("", [], 60)
    assert whole["request"]["method"] == "GET"


def test_every_wrong_field_of_body_and_settings_is_named_at_once(api, base, pointers):
    wrong = {
        "name": 5, "type": "http", "url": "ftp://x", "intervalSeconds": "60", "timeoutMs": 1, "paused": 1,
        "tags": "prod", "quorum": 0, "nonsense": True, "request": {"method": "BREW", "follow_redirects": True},
        "assertions": [{"source": "moon", "comparison": "equals"}], "escalationPolicyId": 4,
    }  # fmt: skip
    named = pointers(api.post(base, wrong))
    assert set(named) == {
        "/name", "/url", "/intervalSeconds", "/timeoutMs", "/paused", "/tags", "/quorum", "/nonsense",
        "/request/method", "/request/follow_redirects", "/assertions/0/source", "/escalationPolicyId",
    }  # fmt: skip
    assert named["/nonsense"] == "unknown"
    assert not Monitor.objects.exists()


@pytest.mark.parametrize(
    ("change", "pointer"),
    [
        ({"name": ""}, "/name"),
        ({"name": "x" * 121}, "/name"),
        ({"type": "carrier-pigeon"}, "/type"),
        ({"type": 7}, "/type"),
        ({"type": None}, "/type"),
        ({"url": None}, "/url"),
        ({"url": "https://user\u0000@x"}, "/url"),
        ({"intervalSeconds": 5}, "/intervalSeconds"),
        ({"intervalSeconds": 2**40}, "/intervalSeconds"),
        ({"intervalSeconds": 60.5}, "/intervalSeconds"),
        ({"intervalSeconds": True}, "/intervalSeconds"),
        ({"failAfterConsecutive": 70000}, "/failAfterConsecutive"),
        ({"regions": []}, "/regions"),
        ({"regions": ["mars"]}, "/regions"),
        ({"regions": [5]}, "/regions/0"),
        ({"serviceGroupId": 99}, "/serviceGroupId"),
        ({"dependsOn": [99]}, "/dependsOn"),
        ({"dependsOn": [2**63 - 1]}, "/dependsOn"),
        ({"dependsOn": [0]}, "/dependsOn/0"),
        ({"tags": ["a b"]}, "/tags"),
        ({"externalKey": ""}, "/externalKey"),
        ({"schedule": {"kind": "interval"}}, "/schedule"),
        ({"request": []}, "/request"),
        ({"request": {"headers": {"X": 5}}}, "/request/headers/X"),
        ({"isPaused": True}, "/isPaused"),
        ({"interval_seconds": 60}, "/interval_seconds"),
    ],
)
def test_a_wrong_value_is_named_and_nothing_is_stored(api, pointers, change, pointer):
    assert pointer in pointers(api.post("/api/v1/monitor", BODY | change))
    assert not Monitor.objects.exists()


def test_what_a_type_needs_is_required(api, pointers):
    assert pointers(api.post("/api/v1/monitor", {})) == {"/name": "required", "/type": "required"}
    assert pointers(api.post("/api/v1/monitor", {"type": "http"})) == {"/name": "required", "/url": "required"}


def test_type_stays(api, monitor, pointers):
    assert pointers(api.patch(f"/api/v1/monitor/{monitor.pk}", {"type": "heartbeat"})) == {"/type": "immutable"}


def test_pause_and_resume(api, base, monitor):
    paused = api.post(f"{base}/{monitor.pk}/pause")
    assert paused.status_code == 200
    assert (paused.json()["paused"], paused.json()["status"], paused.json()["nextCheckAt"]) == (True, "PAUSED", None)
    resumed = api.post(f"{base}/{monitor.pk}/resume").json()
    assert (resumed["paused"], resumed["status"]) == (False, "RESUMED")


def test_a_body_where_none_is_taken_changes_nothing(api, monitor):
    assert api.post(f"/api/v1/monitor/{monitor.pk}/pause", {"surprise": 1}).status_code in (200, 400)


def test_delete_is_for_good(api, base, monitor):
    assert api.delete(f"{base}/{monitor.pk}").status_code == 204
    assert api.get(f"{base}/{monitor.pk}").status_code == 404
    assert not RegionState.objects.exists()


def test_list_has_the_envelope_and_filters(api, base, make_monitor):
    make_monitor("Shop", tags=["prod"])
    make_monitor("Blog", tags=["prod", "eu"], paused=True, external_key="blog")
    make_monitor("Cron")
    whole = api.get(base).json()
    assert {key: whole[key] for key in whole if key != "items"} == {
        "total": 3, "page": 1, "itemCount": 3, "pageCount": 1, "limit": 20,
    }  # fmt: skip

    def names(query):
        answer = api.get(f"{base}?{query}")
        assert answer.status_code == 200, answer.content
        return [one["name"] for one in answer.json()["items"]]

    assert names("") == ["Blog", "Cron", "Shop"]
    assert names("tag=prod&ordering=-name") == ["Shop", "Blog"]
    assert names("tag=eu") == ["Blog"]
    assert names("paused=true") == ["Blog"]
    assert names("name=Cron") == ["Cron"]
    assert names("externalKey=blog") == ["Blog"]
    assert names("status=NEW,PAUSED") == ["Blog", "Cron", "Shop"]
    assert names("status=DOWN") == []
    assert names("type=http&search=lo") == ["Blog"]
    assert names("limit=2&page=2") == ["Shop"]
    assert names("limit=2&page=99999999") == []


def test_wrong_and_unknown_parameters_are_named(api, pointers):
    query = "page=0&limit=101&color=red&status=GOOD&paused=yes&ordering=size&type=x&name="
    assert pointers(api.get(f"/api/monitors?{query}")) == {
        "?page": "invalid", "?limit": "invalid", "?color": "unknown", "?status": "invalid", "?paused": "invalid",
        "?ordering": "invalid", "?type": "invalid", "?name": "invalid",
    }  # fmt: skip
    assert pointers(api.get("/api/monitors?page=1&page=2")) == {"?page": "invalid"}
    assert pointers(api.get("/api/monitors?search=%00")) == {"?search": "invalid"}


def test_a_list_of_a_hundred_costs_as_many_queries_as_one_of_one(
    api, make_monitor, workspace, by_alice, now, django_assert_num_queries
):
    def needs(name, monitors):
        fields = {"name": name, "dependent_ids": [one.pk for one in monitors]}
        create_dependency(workspace=workspace, by=by_alice, now=now, fields=fields)

    first = make_monitor("000")
    needs("Redis", [first])
    api.get("/api/monitors")  # notes the token's use, once a minute
    with django_assert_num_queries(8):
        api.get("/api/monitors?limit=100")
    needs("MySQL", [make_monitor(f"{number:03}-", tags=["x"], depends_on=[first.pk]) for number in range(99)])
    with django_assert_num_queries(8):
        answer = api.get("/api/monitors?limit=100")
    assert answer.json()["itemCount"] == 100


def test_a_stale_if_match_changes_nothing(api, base, monitor):
    address = f"{base}/{monitor.pk}"
    tag = api.get(address)["ETag"]
    assert api.patch(address, {"name": "One"}, If_Match=tag).status_code == 200
    for method, body in [("PATCH", {"name": "Two"}), ("PUT", BODY), ("DELETE", None)]:
        answer = api.ask(method, address, body, If_Match=tag)
        assert answer.status_code == 412
        assert answer.json()["type"] == "/problems/stale"
    assert Monitor.objects.get().name == "One"
    assert api.delete(address, If_Match=api.get(address)["ETag"]).status_code == 204


def test_if_none_match_gives_304_until_something_shows(api, monitor):
    address = f"/api/v1/monitor/{monitor.pk}"
    tag = api.get(address)["ETag"]
    unchanged = api.get(address, If_None_Match=f'W/"x", {tag}')
    assert (unchanged.status_code, unchanged.content, unchanged["ETag"]) == (304, b"", tag)
    type(monitor.state).objects.update(status="DOWN")
    assert api.get(address, If_None_Match=tag).status_code == 200
    assert api.patch(address, {"name": "x"}, If_Match=tag).status_code == 200, "going down is not an edit"


def test_head_and_options(api, base, monitor):
    head = api.ask("HEAD", f"{base}/{monitor.pk}")
    assert (head.status_code, head.content) == (200, b"")
    options = api.ask("OPTIONS", base)
    assert options.status_code == 204
    assert "POST" in options["Allow"]
