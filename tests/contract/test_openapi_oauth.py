"""The OAuth flows of the document are those of the server, and so are its addresses."""

from django.urls import resolve

from accounts.oauth import urls
from accounts.oauth.scopes import OAUTH_SCOPES
from websignal.openapi import document

DOCUMENT = document()
FLOWS = DOCUMENT["components"]["securitySchemes"]["oauth2"]["flows"]


def test_three_flows_with_all_scopes_at_addresses_that_exist():
    assert set(FLOWS) == {"authorizationCode", "clientCredentials", "x-deviceAuthorization"}
    for flow in FLOWS.values():
        assert flow["scopes"] == OAUTH_SCOPES
        assert [resolve(address).func for name, address in flow.items() if name.endswith("Url")]


def test_every_operation_that_takes_an_api_token_takes_an_oauth_token_of_the_same_scope():
    taken = 0
    for path, entries in DOCUMENT["paths"].items():
        if path.startswith("/oauth/"):
            continue  # these make the tokens, or tell of them
        for operation in entries.values():
            security = operation.get("security", []) if isinstance(operation, dict) else []
            api = [one["bearerToken"] for one in security if "bearerToken" in one]
            assert [one["oauth2"] for one in security if "oauth2" in one] == api
            assert all(scope in OAUTH_SCOPES for scopes in api for scope in scopes)
            taken += len(api)
    assert taken > 30


def test_every_address_of_the_server_is_described():
    assert {f"/{one.pattern}" for one in urls.urlpatterns} == {
        path for path in DOCUMENT["paths"] if path.startswith(("/oauth/", "/.well-known/"))
    }
