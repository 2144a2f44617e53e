"""Targets and checks for probe tests."""

import time

import pytest
import trustme

from common.addresses import AddressPolicy
from monitors.probes.base import Check
from monitors.probes.handles import Handles
from monitors.probes.once import drive, run_once
from tests.targets import Authority, Target

ANYWHERE = AddressPolicy(allow_private=True)


@pytest.fixture(scope="session")
def target():
    with Target() as running:
        yield running


@pytest.fixture(scope="session")
def authority():
    running = Authority()
    yield running
    running.close()


@pytest.fixture(scope="session")
def certificate(authority, tmp_path_factory):
    """A folder with a certificate for localhost and its key, which any user of this machine may read."""
    folder = tmp_path_factory.mktemp("certificate")
    issued = authority._authority.issue_cert("localhost")
    (folder / "server.pem").write_bytes(b"".join(blob.bytes() for blob in issued.cert_chain_pems))
    (folder / "server.key").write_bytes(issued.private_key_pem.bytes())
    return folder


@pytest.fixture
def stranger(tmp_path):
    """The file of an authority that has signed nothing here."""
    path = tmp_path / "stranger.pem"
    path.write_bytes(trustme.CA().cert_pem.bytes())
    return str(path)


@pytest.fixture(scope="session")
def secure(authority):
    with Target(authority.context()) as running:
        yield running


@pytest.fixture
def look(authority):
    """Check a URL once and return the result."""

    def check_once(
        url, *, timeout_ms=5000, policy=ANYWHERE, second_look=False, assertions=(), verify_with=None, **request
    ):
        settings = {"url": url, "request": request, "assertions": list(assertions)}
        check = Check(
            monitor_id=1,
            region_id=1,
            type="http",
            settings=settings,
            scheduled_at=time.time(),
            timeout_ms=timeout_ms,
            second_look=second_look,
        )
        return run_once(check, policy, verify_with=verify_with or authority.file)

    return check_once


@pytest.fixture
def look_again(authority):
    """Check a URL with what earlier looks have learned, and return the result."""
    handles = Handles(ANYWHERE, verify_with=authority.file)

    def check_once(url, *, timeout_ms=5000, **request):
        settings = {"url": url, "request": request, "assertions": []}
        now = time.time()
        check = Check(
            monitor_id=1, region_id=1, type="http", settings=settings, scheduled_at=now, timeout_ms=timeout_ms
        )
        return drive(check, handles)

    yield check_once
    handles.close()


@pytest.fixture
def probe(authority):
    """Check once by a type and its settings and return the result."""

    def check_once(type, *, timeout_ms=5000, policy=ANYWHERE, second_look=False, verify_with=None, **settings):
        check = Check(
            monitor_id=1,
            region_id=1,
            type=type,
            settings=settings,
            scheduled_at=time.time(),
            timeout_ms=timeout_ms,
            second_look=second_look,
        )
        return run_once(check, policy, verify_with=verify_with or authority.file)

    return check_once
