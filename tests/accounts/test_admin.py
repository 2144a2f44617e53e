"""Operators' pages of accounts: they open, find, hide secrets, and cost no query for each row."""

import pytest
from django.contrib import admin
from django.test import Client
from django.urls import reverse

from accounts import services
from accounts.actor import SYSTEM, Actor
from accounts.models import User


@pytest.fixture
def operator(db):
    user = services.create_user(email="op@example.org", password="correct horse", is_operator=True, by=SYSTEM)
    client = Client()
    client.force_login(user)
    return client


def mine():
    return [model for model in admin.site._registry if model._meta.app_label in ("accounts", "oauth2_provider")]


@pytest.mark.parametrize("model", mine(), ids=lambda model: model._meta.model_name)
def test_every_list_opens_and_searches(operator, model):
    address = reverse(f"admin:{model._meta.app_label}_{model._meta.model_name}_changelist")
    assert operator.get(address).status_code == 200
    assert operator.get(f"{address}?q=x").status_code == 200


def test_a_list_of_people_costs_the_same_however_long(operator, django_assert_max_num_queries):
    for number in range(15):
        services.create_user(email=f"p{number}@example.org", password=None, by=SYSTEM)
    with django_assert_max_num_queries(12):
        assert operator.get(reverse("admin:accounts_user_changelist")).status_code == 200
    with django_assert_max_num_queries(12):
        assert operator.get(reverse("admin:accounts_workspace_changelist")).status_code == 200


def test_a_token_shows_no_digest(operator):
    user = User.objects.get()
    made = services.create_token(
        user=user, workspace=user.workspaces.get(), name="ci", scopes=["monitor.read"], by=Actor(user)
    )
    page = operator.get(reverse("admin:accounts_apitoken_change", args=[made.token.pk]))
    assert page.status_code == 200
    assert made.token.digest.encode() not in page.content


def test_a_person_made_here_gets_a_workspace_and_signs_in_by_email(operator):
    fields = {"email": "New@Example.org", "name": "New", "password1": "correct horse", "password2": "correct horse",
              "memberships-TOTAL_FORMS": "0", "memberships-INITIAL_FORMS": "0", "usable_password": "true"}  # fmt: skip
    answer = operator.post(reverse("admin:accounts_user_add"), fields)
    assert answer.status_code == 302, answer.context["adminform"].form.errors
    user = User.objects.get(email="new@example.org")
    assert user.workspaces.count() == 1
    assert user.check_password("correct horse")
    assert operator.get(reverse("admin:accounts_user_change", args=[user.pk])).status_code == 200


def test_the_audit_log_is_only_read(operator):
    assert operator.get(reverse("admin:accounts_auditentry_add")).status_code == 403
