"""Which pages of other sites may call from a browser (Fetch Standard)."""

import pytest
from django.core.cache import cache
from django.test import Client

from accounts.oauth import origins, services

PAGE = "https://app.example"
ALLOWED = "Access-Control-Allow-Origin"


@pytest.fixture(autouse=True)
def nothing_remembered():
    cache.delete(origins.KEY)
    yield
    cache.delete(origins.KEY)


@pytest.fixture
def register(alice, workspace, by_alice, django_capture_on_commit_callbacks):
    def make(redirect=f"{PAGE}/callback", kind="native"):
        with django_capture_on_commit_callbacks(execute=True):
            return services.create_application(
                user=alice, workspace=workspace, kind=kind, name="App", redirect_uris=[redirect],
                scopes=["monitor.read"], by=by_alice,
            ).application  # fmt: skip

    return make


def preflight(path, origin=PAGE, method="PATCH"):
    headers = {
        "Origin": origin, "Access-Control-Request-Method": method,
        "Access-Control-Request-Headers": "authorization, if-match, idempotency-key, x-workspace",
    }  # fmt: skip
    return Client().options(path, headers=headers)


@pytest.mark.parametrize("path", ["/api/monitors", "/api/v1/incident/7", "/oauth/token"])
def test_a_registered_page_may(register, path):
    register()
    answer = preflight(path)
    assert (answer.status_code, answer.content) == (204, b"")
    assert "Content-Type" not in answer
    assert answer[ALLOWED] == PAGE
    assert "PATCH" in answer["Access-Control-Allow-Methods"]
    allowed = answer["Access-Control-Allow-Headers"].split(", ")
    assert {"authorization", "content-type", "if-match", "idempotency-key", "x-workspace"} <= set(allowed)
    assert "Access-Control-Allow-Credentials" not in answer
    assert "origin" in answer["Vary"].lower()


def test_its_requests_show_what_a_client_needs(register):
    register()
    answer = Client().get("/api/monitors", headers={"Origin": PAGE})
    assert answer.status_code == 401
    assert answer[ALLOWED] == PAGE
    shown = answer["Access-Control-Expose-Headers"].split(", ")
    assert {"etag", "location", "retry-after", "ratelimit-remaining"} <= set(shown)


@pytest.mark.parametrize(
    "origin",
    ["https://evil.example", "https://app.example.evil.example", "http://app.example", "null", "*", "https://"],
)
def test_another_page_may_not(register, origin):
    register()
    assert ALLOWED not in preflight("/api/monitors", origin)
    assert ALLOWED not in Client().get("/api/monitors", headers={"Origin": origin})


@pytest.mark.parametrize("path", ["/api/monitors", "/oauth/token"])
def test_pages_of_an_application_with_a_secret_leave_calling_to_its_server(register, path):
    register(kind="web")
    assert ALLOWED not in preflight(path)
    register()
    assert preflight(path)[ALLOWED] == PAGE


@pytest.mark.parametrize("path", ["/", "/sign-in", "/oauth/authorize", "/settings", "/apiary", "/oauth/tokens"])
def test_pages_for_people_are_for_no_other_site(register, path):
    register()
    assert ALLOWED not in preflight(path)


def test_the_operator_allows_more(db, settings):
    settings.CORS_ALLOWED_ORIGINS = ["http://localhost:5173"]
    assert preflight("/api/monitors", "http://localhost:5173")[ALLOWED] == "http://localhost:5173"
    assert ALLOWED not in preflight("/api/monitors")


def test_an_application_that_is_removed_takes_its_pages_along(register, by_alice, django_capture_on_commit_callbacks):
    application = register()
    assert ALLOWED in preflight("/api/monitors")
    with django_capture_on_commit_callbacks(execute=True):
        services.delete_application(application=application, by=by_alice)
    assert ALLOWED not in preflight("/api/monitors")


def test_the_list_is_read_once(register, django_assert_num_queries):
    register()
    preflight("/api/monitors")
    with django_assert_num_queries(0):
        assert ALLOWED in preflight("/api/monitors")
