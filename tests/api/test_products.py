"""The seed's row of products and plans."""

import pytest

from billing.models import Plan, Price
from billing.plans import add_plans
from tests.api.conftest import Caller

ADDRESS = "/api/v1/product"


@pytest.fixture
def plans(db):
    add_plans(Plan, Price)


def test_what_is_sold_is_listed_with_limits_and_prices(api, plans):
    body = api.get(ADDRESS).json()
    assert [one["name"] for one in body["items"]] == ["Free", "Pro", "Pro Plus", "Team"]
    pro = body["items"][1]
    assert set(pro) == {"id", "name", "description", "limits", "features", "prices"}
    assert pro["limits"] == {
        "monitors": 100, "minIntervalSeconds": 30, "regions": 3, "members": 10, "statusPages": 3, "smsPerMonth": 50,
        "retentionDays": 180, "apiWritesPerMinute": 300,
    }  # fmt: skip
    price = pro["prices"][0]
    assert {**price, "id": 0} == {"id": 0, "amount": 1900, "currency": "eur", "interval": "month"}
    assert pro["features"][0] == "100 monitors"


def test_what_is_not_offered_is_not_listed(api, plans):
    Plan.objects.filter(code="PRO").update(is_offered=False)
    Price.objects.filter(plan__code="TEAM").update(is_offered=False)
    items = {one["name"]: one for one in api.get(ADDRESS).json()["items"]}
    assert "Pro" not in items
    assert items["Team"]["prices"] == []


def test_a_list_costs_the_same_queries_whatever_its_length(api, plans, django_assert_max_num_queries):
    with django_assert_max_num_queries(6):
        api.get(ADDRESS)


def test_who_may(api, anybody, stranger, alice, token_of, plans, pointers):
    assert anybody.get(ADDRESS).status_code == 401
    weak = Caller(token_of(alice, "monitor.read"))
    assert weak.get(ADDRESS).status_code == 403
    assert "monitor.admin" in weak.get(ADDRESS).json()["detail"]
    assert stranger.get(ADDRESS).json() == api.get(ADDRESS).json(), "prices are the same for everybody"
    assert pointers(api.get(f"{ADDRESS}?colour=red&page=0")) == {"?colour": "unknown", "?page": "invalid"}
