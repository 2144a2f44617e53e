"""The published Signals contract with its own lines: curl as printed, the JavaScript example as printed.

Only the address, the token and the key are filled in; the page they come from has placeholders there.
"""

import json
import shutil
import subprocess
import time
from contextlib import contextmanager

import pytest

from incidents.models import Incident
from signals.models import Signal

ADDRESS, TOKEN, KEY = "https://app.failsignal.com", "YOUR_TOKEN", "ionh_your_key"
PING = "curl https://app.failsignal.com/api/signals/ping/YOUR_TOKEN"
PAYLOAD = """\
curl -X POST https://app.failsignal.com/api/signals/ping/YOUR_TOKEN \\
-H "Content-Type: application/json" \\
-d '{
"status": "completed",
"rows_processed": 1500,
"duration_ms": 4200
}'"""
DEPENDENCIES = """\
curl -X POST https://app.failsignal.com/api/signals/ping/YOUR_TOKEN \\
-H "Content-Type: application/json" \\
-d '{
"dependencies": [
{"name": "PostgreSQL", "status": "ok"},
{"name": "Redis", "status": "down"}
]
}'"""
HISTORY = """\
curl -H "Authorization: Bearer ionh_your_key" \\
"https://app.failsignal.com/api/signals/token/YOUR_TOKEN?limit=10\""""
STREAM = """\
curl -N -H "Authorization: Bearer ionh_your_key" \\
"https://app.failsignal.com/api/signals/sse?token=YOUR_TOKEN\""""
SCRIPT = """\
const eventSource = new EventSource(
'https://app.failsignal.com/api/signals/sse?token=YOUR_TOKEN',
{
headers: {
'Authorization': 'Bearer ionh_your_key'
}
}
);
eventSource.onmessage = (event) => {
const data = JSON.parse(event.data);
console.log('Signal received:', data);
};
eventSource.onerror = (error) => {
console.error('SSE connection error:', error);
};
"""


@pytest.fixture(autouse=True)
def _has_curl():
    if shutil.which("curl") is None:
        pytest.skip("curl is not installed")


def filled(site, text):
    return text.replace(ADDRESS, site.url).replace(TOKEN, site.heartbeat.token).replace(KEY, site.key)


def told(site, line):
    done = subprocess.run(["bash", "-c", filled(site, line)], capture_output=True, text=True, timeout=30)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def eventually(what, within=15):
    deadline = time.monotonic() + within
    while not (found := what()):
        assert time.monotonic() < deadline, "it did not happen"
        time.sleep(0.05)
    return found


@contextmanager
def printing(command, cwd, log):
    """A process whose lines `read()` returns so far; ended afterwards."""
    with log.open("w") as output:
        process = subprocess.Popen(command, cwd=cwd, stdout=output, stderr=output)
    try:
        yield lambda: log.read_text()
    finally:
        process.kill()
        process.wait(10)


def test_a_ping_and_a_payload_as_printed(site):
    assert told(site, PING) == {"message": "OK"}
    assert told(site, PAYLOAD) == {"message": "OK"}
    plain, with_payload = Signal.objects.order_by("pk")
    assert (plain.method, plain.source_ip, plain.user_agent[:5]) == ("GET", "127.0.0.1", "curl/")
    assert json.loads(with_payload.payload) == {"status": "completed", "rows_processed": 1500, "duration_ms": 4200}


def test_dependencies_as_printed_open_one_incident(site):
    assert told(site, DEPENDENCIES) == {"message": "OK"}
    incident = eventually(lambda: Incident.objects.filter(kind="DEPENDENCY_DOWN").first())
    assert incident.title == "Backup: Redis is down"


def test_history_as_printed(site):
    told(site, PAYLOAD)
    page = told(site, HISTORY)
    assert (page["total"], page["limit"], page["page"]) == (1, 10, 1)
    assert page["items"][0]["type"] == "SUCCESS"
    assert page["items"][0]["payload"]["rows_processed"] == 1500


def test_the_stream_as_printed(site, tmp_path):
    command = ["bash", "-c", "exec " + filled(site, STREAM)]
    with printing(command, tmp_path, tmp_path / "stream.log") as printed:
        eventually(lambda: "retry:" in printed())
        told(site, PING)
        eventually(lambda: '"type":"signal"' in printed() and '"type":"check"' in printed())


def installed(folder, package):
    """Installs a package of npm's into `folder`; skips where there is no node or no registry."""
    if shutil.which("npm") is None:
        pytest.skip("node and npm are not installed")
    command = ["npm", "install", "--no-audit", "--no-fund", "--ignore-scripts", "--prefix", str(folder), package]
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=120)
    except subprocess.TimeoutExpired:
        pytest.skip(f"npm did not get {package} within 120 s")
    if done.returncode:
        pytest.skip(f"npm did not get {package}: {done.stderr[-300:]}")


def test_the_javascript_example_as_printed(site, tmp_path):
    folder = tmp_path / "node"
    folder.mkdir()
    installed(folder, "eventsource@2")
    (folder / "example.js").write_text("const EventSource = require('eventsource');\n" + filled(site, SCRIPT))
    with printing(["node", "example.js"], folder, tmp_path / "node.log") as printed:

        def heard():
            told(site, PAYLOAD)
            return "Signal received:" in printed()

        eventually(heard, within=30)
        eventually(lambda: "type: 'signal'" in printed() and "rows_processed: 1500" in printed())
        assert "SSE connection error" not in printed()
