"""Operators make regions and tokens of agents; a secret is shown once, a region in use stays."""

import re

import pytest

from monitors.models import AgentToken, Region
from monitors.regions.agents import agent_of
from tests.admin_rows import http_monitor

pytestmark = pytest.mark.django_db


def test_a_region_is_made_and_its_reference_hosts_are_judged(admin_client):
    body = {"key": "fra", "name": "Frankfurt", "country": "DE", "is_enabled": "on", "reference_hosts": "ns.example"}
    refused = admin_client.post("/admin/monitors/region/add/", body)
    assert "reference_hosts" in refused.context["adminform"].form.errors
    made = admin_client.post("/admin/monitors/region/add/", body | {"reference_hosts": "ns.example:53, [::1]:53"})
    assert made.status_code == 302
    assert Region.objects.get(key="fra").country == "DE"


def test_a_region_that_is_watched_from_is_not_deleted(admin_client, workspace, now):
    http_monitor(workspace, now)
    region = Region.objects.get(key="default")
    assert admin_client.post(f"/admin/monitors/region/{region.pk}/delete/", {"post": "yes"}).status_code == 403
    Region.objects.create(key="fra", name="Frankfurt")
    unused = Region.objects.get(key="fra")
    assert admin_client.post(f"/admin/monitors/region/{unused.pk}/delete/", {"post": "yes"}).status_code == 302


def test_the_secret_of_a_token_is_shown_once_and_only_its_hash_kept(admin_client, now):
    region = Region.objects.get(key="default")
    body = {"region": region.pk, "name": "Branch office", "is_enabled": "on"}
    made = admin_client.post("/admin/monitors/agenttoken/add/", body, follow=True)
    (secret,) = re.findall(r"wsa_[\w-]{43}", made.content.decode())
    token = agent_of(secret, address="192.0.2.1", now=now)
    assert (token.region, token.name) == (region, "Branch office")
    assert secret not in str(AgentToken.objects.values())
    page = admin_client.get(f"/admin/monitors/agenttoken/{token.pk}/change/").content.decode()
    assert secret not in page
    AgentToken.objects.update(is_enabled=False)
    assert agent_of(secret, address=None, now=now) is None
