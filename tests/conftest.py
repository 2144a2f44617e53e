"""People and workspaces that every test may use, and the door that keeps tests on this machine."""

import ipaddress
import socket
import sys
from datetime import UTC, datetime

import pytest
from django.db import connection
from django.test import Client, override_settings
from django.test.utils import CaptureQueriesContext
from hypothesis import HealthCheck, settings

from accounts import services
from accounts.actor import SYSTEM, Actor
from accounts.middleware import SESSION_KEY
from accounts.models import Membership, Role
from tests import twilio_fake


def _only_loopback(event, arguments):
    # An audit hook hears connect and connect_ex, of whatever library.
    if event != "socket.connect":
        return
    connecting, address = arguments
    if connecting.family in (socket.AF_INET, socket.AF_INET6):
        host = address[0]
        if host != "localhost" and not ipaddress.ip_address(host).is_loopback:
            raise RuntimeError(f"a test tried to reach {address}")


sys.addaudithook(_only_loopback)

# How long an example takes says more about the machine than about the code.
settings.register_profile("any machine", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("any machine")


@pytest.fixture(autouse=True)
def unhurried():
    """Tests ask faster than people may, all from one address; those of the rate limit set it back."""
    with override_settings(API_RATE_PER_SECOND=1_000_000):
        yield


@pytest.fixture
def queries_of(db):
    """`queries_of(act)`: how many queries it takes."""

    def count(act):
        with CaptureQueriesContext(connection) as queries:
            act()
        return len(queries)

    return count


@pytest.fixture
def now():
    """A fixed instant, for what is handed `now`."""
    return datetime(2026, 3, 2, 12, 0, 0, tzinfo=UTC)


@pytest.fixture
def alice(db):
    """Owns a workspace."""
    return services.create_user(email="alice@example.org", password="correct horse", name="Alice", by=SYSTEM)


@pytest.fixture
def workspace(alice):
    """Alice's workspace."""
    return alice.workspaces.get()


@pytest.fixture
def bob(workspace):
    """A member of Alice's workspace, with one of his own too."""
    user = services.create_user(email="bob@example.org", password="correct horse", name="Bob", by=SYSTEM)
    Membership.objects.create(workspace=workspace, user=user, role=Role.MEMBER)
    return user


@pytest.fixture
def vera(workspace):
    """A viewer in Alice's workspace."""
    user = services.create_user(email="vera@example.org", password="correct horse", name="Vera", by=SYSTEM)
    Membership.objects.create(workspace=workspace, user=user, role=Role.VIEWER)
    return user


@pytest.fixture
def charlie(db):
    """A stranger: another workspace, nothing to do with Alice's."""
    return services.create_user(email="charlie@example.org", password="correct horse", name="Charlie", by=SYSTEM)


@pytest.fixture
def by_alice(alice):
    """Alice as the actor of a service call."""
    return Actor(alice)


@pytest.fixture
def token_of(workspace):
    """`token_of(user, "scope …", workspace=…)`: the secret of a new API token."""

    def make(user, scopes="monitor.admin", workspace=workspace):
        made = services.create_token(user=user, workspace=workspace, name="test", scopes=scopes.split(), by=Actor(user))
        return made.secret

    return make


@pytest.fixture
def operator_browser(alice, workspace):
    """A browser of Alice in her workspace, who is the operator too."""
    alice.is_staff = alice.is_superuser = True
    alice.save()
    client = Client()
    client.force_login(alice)
    session = client.session
    session[SESSION_KEY] = workspace.pk
    session.save()
    return client


@pytest.fixture
def twilio(settings):
    """A Twilio on this machine, set as the provider of text messages."""
    state = twilio_fake.Twilio()
    server = twilio_fake.serve(state)
    settings.SMS_PROVIDER, settings.TWILIO_URL = "twilio", state.url
    settings.TWILIO_ACCOUNT_SID, settings.TWILIO_AUTH_TOKEN = twilio_fake.ACCOUNT, twilio_fake.TOKEN
    settings.TWILIO_FROM = twilio_fake.SENDER
    yield state
    server.shutdown()
    server.server_close()
