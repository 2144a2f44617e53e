"""A web process that clients nobody here wrote can talk to."""

from typing import NamedTuple

import pytest

from accounts.actor import SYSTEM
from common import clock
from monitors.models import Region
from monitors.services import create_monitor
from tests.signals.servers import web


class Site(NamedTuple):
    """Its address, a heartbeat of Alice's workspace, and a token that may all."""

    url: str
    heartbeat: object
    key: str


@pytest.fixture
def site(transactional_db, tmp_path, alice, workspace, token_of):
    Region.objects.get_or_create(key="default", defaults={"name": "Default"})
    schedule = {"kind": "interval", "interval_seconds": 3600}
    fields = {"name": "Backup", "type": "heartbeat", "settings": {"schedule": schedule}}
    heartbeat = create_monitor(workspace=workspace, by=SYSTEM, now=clock.now(), fields=fields).heartbeat
    with web(tmp_path, "granian") as server:
        yield Site(f"http://127.0.0.1:{server.port}", heartbeat, token_of(alice))
