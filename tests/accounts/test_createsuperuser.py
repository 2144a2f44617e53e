"""`manage.py createsuperuser`, as the guide to production has it."""

import pytest
from django.core.management import call_command
from django.test import Client

from accounts.models import User

pytestmark = pytest.mark.django_db


def test_the_operator_it_makes_has_a_workspace_and_sees_the_first_page(monkeypatch):
    monkeypatch.setenv("DJANGO_SUPERUSER_PASSWORD", "analytical engine 9")
    call_command("createsuperuser", "--noinput", "--email", "ada@example.org", verbosity=0)
    operator = User.objects.get()
    assert (operator.is_staff, operator.is_superuser) == (True, True)
    assert operator.workspaces.get().name == "Ada's workspace"
    client = Client()
    client.force_login(operator)
    assert client.get("/").status_code == 200


def test_it_touches_nobody_else(alice, monkeypatch):
    alice.is_superuser = True
    alice.save()
    alice.workspaces.all().delete()
    monkeypatch.setenv("DJANGO_SUPERUSER_PASSWORD", "analytical engine 9")
    call_command("createsuperuser", "--noinput", "--email", "ada@example.org", verbosity=0)
    assert not alice.workspaces.exists()
