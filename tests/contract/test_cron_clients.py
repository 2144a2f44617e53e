"""Cron clients that nobody here wrote, pointed at the short form and otherwise unchanged."""

import asyncio
import os
import subprocess
import sys
import time
import uuid
import warnings

import pytest

from monitors.models import MonitorState
from signals.models import Heartbeat, Signal

with warnings.catch_warnings():
    # It declares its models in pydantic's old way, which is its own business.
    warnings.simplefilter("ignore")
    from healthchecks_io import AsyncClient, CheckNotFoundError, CheckTrap, Client


@pytest.fixture
def named(site, workspace):
    """The heartbeat, with the slug `nightly`."""
    Heartbeat.objects.update(slug="nightly")
    return workspace.ping_key


def eventually(what, within=10):
    deadline = time.monotonic() + within
    while not (found := what()):
        assert time.monotonic() < deadline, "it did not happen"
        time.sleep(0.05)
    return found


def types():
    return list(Signal.objects.order_by("pk").values_list("type", flat=True))


def status():
    return MonitorState.objects.get().status


def test_healthchecks_io_pings_by_token(site):
    client = Client(api_key="", ping_url=f"{site.url}/ping/")
    token = site.heartbeat.token
    assert client.start_ping(uuid=token) == (True, "OK")
    assert client.success_ping(uuid=token, data="done in 5 s") == (True, "OK")
    assert client.exit_code_ping(3, uuid=token) == (True, "OK")
    assert client.fail_ping(uuid=token, data="disk full") == (True, "OK")
    with pytest.raises(CheckNotFoundError):
        client.success_ping(uuid=str(uuid.uuid4()))
    assert types() == ["START", "SUCCESS", "FAIL", "FAIL"]
    assert Signal.objects.filter(payload="done in 5 s").exists()
    eventually(lambda: status() == "DOWN")


def test_healthchecks_io_pings_by_slug(site, named):
    client = Client(api_key="", ping_key=named, ping_url=f"{site.url}/ping")
    assert client.success_ping(slug="nightly") == (True, "OK")
    assert client.exit_code_ping(0, slug="nightly") == (True, "OK")
    with pytest.raises(CheckNotFoundError):
        client.success_ping(slug="no-such-job")
    assert types()[0] == "SUCCESS"


def test_healthchecks_io_traps_a_run_and_a_failure(site):
    client = Client(api_key="", ping_url=f"{site.url}/ping/")
    with CheckTrap(client, uuid=site.heartbeat.token) as trap:
        trap.add_log("half way")
    assert types() == ["START", "SUCCESS"]
    eventually(lambda: Signal.objects.filter(type="SUCCESS", duration_ms__isnull=False, payload="half way").exists())
    with pytest.raises(ZeroDivisionError), CheckTrap(client, uuid=site.heartbeat.token):
        1 / 0  # noqa: B018
    assert Signal.objects.filter(type="FAIL", payload__contains="division by zero").exists()


def test_healthchecks_io_pings_in_the_background(site):
    async def ping():
        async with CheckTrap(AsyncClient(api_key="", ping_url=f"{site.url}/ping/"), uuid=site.heartbeat.token):
            await asyncio.sleep(0)

    asyncio.run(ping())
    assert types() == ["START", "SUCCESS"]


@pytest.mark.parametrize(("code", "said"), [(0, "SUCCESS"), (7, "FAIL")])
def test_cronalive_wraps_a_command(site, code, said):
    environment = {**os.environ, "CRONALIVE_PING_DOMAIN": f"{site.url}/ping"}
    command = [sys.executable, "-m", "cronalive.cli", "run", "--id", site.heartbeat.token, "--",
               sys.executable, "-c", f"raise SystemExit({code})"]  # fmt: skip
    done = subprocess.run(command, env=environment, timeout=30)
    assert done.returncode == code
    assert types() == ["START", said]
    assert Signal.objects.get(type=said).exit_status == code
    eventually(lambda: Signal.objects.get(type=said).duration_ms is not None)


RUNCHECKED = """
import sys
from runchecked import HealthCheckedContext
with HealthCheckedContext(sys.argv[1]) as context:
    context.run(["sh", "-c", sys.argv[2]])
"""


@pytest.mark.parametrize(("script", "said"), [("echo copied 5 files", "SUCCESS"), ("echo disk full; exit 2", "FAIL")])
def test_runchecked_reports_once_with_what_the_command_printed(site, script, said):
    command = [sys.executable, "-c", RUNCHECKED, f"{site.url}/ping/{site.heartbeat.token}", script]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stderr
    assert "Failed to report" not in done.stderr
    assert types() == [said], "it sends again until it reads OK"
    assert script.removeprefix("echo ").partition(";")[0] in Signal.objects.get().payload
