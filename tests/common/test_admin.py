"""Every page of the operators' admin answers, whatever is searched for, and asks as much for 50 rows as for 5."""

import pytest
from django.contrib import admin
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from accounts.actor import Actor
from tests.admin_rows import one_of_each

HOSTILE = ["'", '"; DROP TABLE x; --', "%_\\", "a" * 5000, "😀", "\x00", "9" * 30, "-1", "1 2 3", "{{7*7}}", "<script>"]
MODELS = sorted(admin.site._registry, key=lambda model: model._meta.label)
by_label = pytest.mark.parametrize("model", MODELS, ids=lambda model: model._meta.label)


def url(model, page, *arguments):
    return reverse(f"admin:{model._meta.app_label}_{model._meta.model_name}_{page}", args=arguments)


def queries_of(client, address):
    with CaptureQueriesContext(
        connection,
    ) as captured:
        assert client.get(address).status_code == 200
    return len(captured)


@pytest.fixture
def filled(workspace, alice, now):
    one_of_each(workspace, now, Actor(alice))
    return workspace


@by_label
def test_lists_answer_with_rows_and_to_hostile_searches(admin_client, filled, model):
    assert admin_client.get(url(model, "changelist")).status_code == 200
    for text in HOSTILE:
        assert admin_client.get(url(model, "changelist"), {"q": text}).status_code == 200, text


@by_label
def test_lists_answer_to_wrong_pages_orders_and_filters(admin_client, filled, model):
    for query in ("p=999999", "p=x", "o=99.x", "_popup=1", "id__exact=x", "nothing=1", "_to_field=id", "e=1"):
        answer = admin_client.get(f"{url(model, 'changelist')}?{query}", follow=True)
        assert answer.status_code in (200, 400), query


@by_label
def test_add_pages_answer_where_one_may_add(admin_client, filled, model):
    answer = admin_client.get(url(model, "add"))
    may_add = admin.site._registry[model].has_add_permission(answer.wsgi_request)
    assert answer.status_code == (200 if may_add else 403)


@by_label
def test_change_pages_answer(admin_client, filled, model):
    row = model._default_manager.order_by("pk").last()
    if row is not None:
        assert admin_client.get(url(model, "change", row.pk)).status_code == 200
        assert admin_client.get(url(model, "history", row.pk)).status_code == 200
    assert admin_client.get(url(model, "change", "nothing"), follow=True).status_code == 200


def test_lists_ask_as_much_for_50_rows_as_for_5(admin_client, filled, alice, now):
    for number in range(1, 5):
        one_of_each(filled, now, Actor(alice), number)
    few = {model: queries_of(admin_client, url(model, "changelist")) for model in MODELS}
    for number in range(5, 50):
        one_of_each(filled, now, Actor(alice), number)
    many = {model: queries_of(admin_client, url(model, "changelist")) for model in MODELS}
    assert {model: (few[model], many[model]) for model in MODELS if many[model] > few[model]} == {}


@by_label
def test_strangers_are_sent_to_sign_in(client, alice, model):
    client.force_login(alice)
    assert client.get(url(model, "changelist")).status_code == 302
