"""The guides to the API: every line of their shell blocks, as printed, against a running server.

Each after the first call, from which it has its functions, as a reader comes to it.
"""

import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from monitors.models import Region
from tests.layout.repository import ROOT
from tests.targets import Target

GUIDES = ["first-call", "lists", "errors", "idempotency", "pipelines", "incidents", "events"]
BLOCK = re.compile(r"^```sh\n(.*?)^```", re.MULTILINE | re.DOTALL)
PROMISE = re.compile(r"# prints (.*)$", re.MULTILINE)


def blocks(guide):
    return BLOCK.findall((ROOT / f"docs/guides/{guide}.md").read_text())


@pytest.mark.slow
@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("guide", GUIDES)
def test_every_line_does_what_the_guide_says(guide, live_server, alice, token_of):
    if shutil.which("curl") is None:
        pytest.skip("curl is not installed")
    Region.objects.get_or_create(key="default", defaults={"name": "Here"})
    own = blocks(guide)
    before = "" if guide == "first-call" else "\n".join(["{", *blocks("first-call"), "} > /dev/null"])
    script = "\n".join([before, *own])
    with Target() as target:
        given = {"WS": live_server.url, "TOKEN": token_of(alice), "URL": target.url("/health")}
        path = f"{Path(sys.executable).parent}:/usr/bin:/bin"
        done = subprocess.run(
            ["bash", "-euo", "pipefail", "-c", script], env=given | {"PATH": path, "HOME": "/nonexistent"},
            capture_output=True, text=True, check=False, timeout=240,
        )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert done.stdout.splitlines() == PROMISE.findall("\n".join(own))


def test_every_guide_to_the_api_is_walked_or_has_a_test_of_its_own():
    walked = {*GUIDES, "webhooks", "deployments", "production", "oauth", "reports", "sms"}
    others = {page.stem for page in (ROOT / "docs/guides").glob("*.md")} - walked
    calling = [name for name in others if "$WS/api" in "".join(blocks(name))]
    assert calling == []
