"""The domain probe against a local RDAP server: what a registry says, and what it does not."""

import base64
import contextlib
import datetime as dt
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from common.addresses import AddressPolicy
from monitors.probes.domain import facts_of

NOW = dt.datetime.now(dt.UTC)


def registered(days=90, **more):
    """A domain object in the shape of RFC 9083's own example."""
    return {
        "objectClassName": "domain",
        "ldhName": "shop.example",
        "status": ["client transfer prohibited"],
        "events": [
            {"eventAction": "registration", "eventDate": "1990-12-31T23:59:59Z"},
            {"eventAction": "expiration", "eventDate": (NOW + dt.timedelta(days=days, hours=1)).isoformat()},
        ],
        "entities": [
            {"roles": ["abuse"], "vcardArray": ["vcard", [["fn", {}, "text", "Nobody"]]]},
            {
                "roles": ["registrar"],
                "vcardArray": ["vcard", [["version", {}, "text", "4.0"], ["fn", {}, "text", "Names & Co"]]],
            },
        ],
        "nameservers": [{"ldhName": "NS2.example."}, {"ldhName": "ns1.example"}],
        "secureDNS": {"delegationSigned": True},
        **more,
    }


@pytest.fixture
def registry(target):
    """Have the local registry say something of shop.example; returns its address."""

    def says(document):
        text = document if isinstance(document, bytes) else json.dumps(document).encode()
        target.behave("/rdap/domain/shop.example", f"text/{base64.urlsafe_b64encode(text).decode()}")
        return target.url("/rdap/")

    return says


def test_a_registration_is_read(probe, registry):
    result = probe("domain", hostname="Shop.example", server=registry(registered()))
    assert (result.ok, result.detail) == (True, "")
    assert result.facts == {
        "expires_at": (NOW + dt.timedelta(days=90, hours=1)).isoformat(),
        "days_left": 90,
        "registrar": "Names & Co",
        "name_servers": ["ns1.example", "ns2.example"],
        "status": ["client transfer prohibited"],
        "dnssec": True,
    }


@pytest.mark.parametrize(("days", "allowed", "ok"), [(13, 14, False), (14, 14, True), (-1, 0, False)])
def test_a_registration_that_ends_soon_fails(probe, registry, days, allowed, ok):
    result = probe("domain", hostname="shop.example", server=registry(registered(days)), days_left=allowed)
    assert result.failure_class == (None if ok else "assertion")


def test_the_whole_answer_can_be_asserted_on(probe, registry):
    said = [{"source": "json", "property": "$.secureDNS.delegationSigned", "comparison": "equals", "target": False}]
    result = probe("domain", hostname="shop.example", server=registry(registered()), assertions=said)
    assert result.failure_class == "assertion"


def test_a_redirect_to_the_registry_in_charge_is_followed_and_judged(probe, registry, target):
    registry(registered())
    target.behave("/all/domain/shop.example", "redirect/302/%2Frdap%2Fdomain%2Fshop.example")
    result = probe("domain", hostname="shop.example", server=target.url("/all"))
    assert result.ok
    assert result.redirects == (target.url("/rdap/domain/shop.example"),)
    blocked = probe("domain", hostname="shop.example", server=target.url("/all"), policy=AddressPolicy())
    assert blocked.failure_class == "blocked"


@pytest.mark.parametrize(
    ("document", "said"),
    [
        (b"<html>", "not RDAP"),
        (b"[]", "not RDAP"),
        ({"objectClassName": "entity"}, "not RDAP"),
        (registered(events=[]), "does not say when"),
        (registered(events=[{"eventAction": "expiration", "eventDate": "soon"}]), "not RDAP"),
        (registered(events="expiration"), "not RDAP"),
        (registered(nameservers=[1]), "not RDAP"),
        (registered(entities=[{"roles": ["registrar"], "vcardArray": ["vcard"]}]), "not RDAP"),
    ],
)
def test_what_is_no_registration_is_said(probe, registry, document, said):
    result = probe("domain", hostname="shop.example", server=registry(document))
    assert result.failure_class == "assertion"
    assert said in result.detail


def test_an_unknown_domain_and_a_registry_in_trouble_are_http_status(probe, target):
    target.behave("/none/domain/shop.example", "status/404")
    target.behave("/sick/domain/shop.example", "status/503")
    unknown = probe("domain", hostname="shop.example", server=target.url("/none"))
    assert (unknown.failure_class, unknown.detail) == ("http_status", "The registry does not know shop.example.")
    assert "503" in probe("domain", hostname="shop.example", server=target.url("/sick")).detail


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5),
    lambda children: st.lists(children, max_size=3) | st.dictionaries(st.text(max_size=5), children, max_size=3),
    max_leaves=8,
)


@given(st.fixed_dictionaries({}, optional=dict.fromkeys(["events", "entities", "nameservers", "status"], JSON)))
def test_no_document_breaks_the_reader_otherwise_than_it_says(document):
    with contextlib.suppress(ValueError, TypeError, AttributeError, LookupError):
        facts_of({"objectClassName": "domain", **document}, NOW)
