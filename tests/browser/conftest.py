"""A real platform in a process of its own, and Debian's Chromium in front of it."""

import os
import shutil
import socket
import subprocess
import sys
import time
import urllib.request
from contextlib import closing, suppress
from pathlib import Path

import pytest
from playwright.sync_api import Error, sync_playwright

ROOT = Path(__file__).resolve().parents[2]
CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--disable-dev-shm-usage",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
EMAIL, PASSWORD = "ada@example.org", "correct horse battery"
WAIT_MS = 15_000


def free_port():
    with closing(socket.socket()) as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


@pytest.fixture(scope="session")
def platform(tmp_path_factory):
    """The address of `manage.py run`: on SQLite, or on what DATABASE_URL and REDIS_URL say."""
    directory, port = tmp_path_factory.mktemp("platform"), free_port()
    kept = {name: value for name, value in os.environ.items() if name != "MODE"}
    environment = kept | {
        "DATA_DIR": str(directory), "PORT": str(port), "FIRST_USER_EMAIL": EMAIL, "FIRST_USER_PASSWORD": PASSWORD,
    }  # fmt: skip
    with (directory / "log").open("w") as log:
        process = subprocess.Popen(
            [sys.executable, "manage.py", "run"], cwd=ROOT, env=environment, stdout=log, stderr=log
        )
    url = f"http://127.0.0.1:{port}"
    try:
        _wait_for(f"{url}/health", process)
        yield url
    finally:
        process.terminate()
        process.wait(20)
        said = (directory / "log").read_text()
    assert "Traceback" not in said, said


def _wait_for(url, process):
    for _ in range(900):
        try:
            with urllib.request.urlopen(url, timeout=2):
                return
        except OSError:
            assert process.poll() is None, "the platform ended at its start"
            time.sleep(0.1)
    raise AssertionError("the platform did not answer within 90 s")


@pytest.fixture(scope="session")
def chromium():
    if CHROMIUM is None:
        if os.environ.get("CI_REQUIRE_ALL"):
            pytest.fail("Chromium is missing; CI needs it")
        pytest.skip("Chromium is not installed")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        yield browser
        browser.close()


@pytest.fixture(scope="session")
def session(platform, chromium):
    """The cookies of a person who is signed in."""
    context = chromium.new_context(base_url=platform)
    page = context.new_page()
    page.goto("/sign-in")
    page.get_by_label("Email").fill(EMAIL)
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Sign in").click()
    page.wait_for_url(f"{platform}/")
    state = context.storage_state()
    context.close()
    return state


@pytest.fixture
def open_page(platform, chromium, session):
    """`open_page(path, width=…)`: a page whose console must stay silent."""
    contexts, said = [], []

    def make(path, *, width=1440, height=900, signed_in=True, **options):
        context = chromium.new_context(
            base_url=platform, viewport={"width": width, "height": height},
            storage_state=session if signed_in else None, **options,
        )  # fmt: skip
        contexts.append(context)
        page = context.new_page()
        page.set_default_timeout(WAIT_MS)
        page.on("console", lambda message: message.type in ("error", "warning") and said.append(message.text))
        page.on("pageerror", lambda error: said.append(str(error)))
        page.goto(path)
        return page

    yield make
    for context in contexts:
        with suppress(Error):
            context.close()
    # Refusals on purpose (a form sent back) are told by the browser as failed resources.
    assert [line for line in said if "status of 400" not in line and "status of 404" not in line] == []
