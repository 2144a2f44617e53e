"""The two curl lines of the guide, as printed, open and close a deployment."""

import re
import shutil
import subprocess
from datetime import UTC, datetime

import pytest

from common import clock
from monitors.models import Deployment, Monitor
from tests.admin_rows import http_monitor
from tests.layout.repository import ROOT


@pytest.mark.parametrize("version", [{"VERSION": "1.4.2"}, {"VERSION": ""}, {}])
@pytest.mark.django_db(transaction=True)
def test_two_lines_open_and_close_a_deployment(live_server, alice, workspace, token_of, version):
    monitor = http_monitor(workspace, clock.now())
    lines = re.search(r"^AT=.*?(?=^```)", (ROOT / "docs/guides/deployments.md").read_text(), re.M | re.S)[
        0
    ].splitlines()
    assert len(lines) == 2
    given = {"WS": live_server.url, "TOKEN": token_of(alice, "signal.write")} | version
    script = f"{lines[0]}\necho $AT\n{lines[1]}"
    done = subprocess.run(
        [shutil.which("sh"), "-euc", script], env=given | {"MONITOR": str(monitor.pk), "PATH": "/usr/bin:/bin"},
        capture_output=True, text=True, check=False, timeout=60,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    deployment = Deployment.objects.get()
    assert done.stdout.strip() == f"/api/deployments/{deployment.pk}"
    release = version.get("VERSION") or f"{datetime.now(UTC):%Y-%m-%d}"
    assert (deployment.release, deployment.state) == (release, "ENDED")
    assert list(deployment.covered.values_list("monitor", "is_auto_paused")) == [(monitor.pk, True)]
    assert Monitor.objects.get().state.status == "RESUMED"
