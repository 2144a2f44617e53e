"""The receivers in the documents, in four languages, each as a program that our webhooks really reach."""

import http.client
import json
import os
import shutil
import socket
import subprocess
import sys
import time
import uuid

import pytest

from alerts.channels.catalogue import CATALOGUE
from alerts.models import Delivery
from alerts.signatures import new_secret, standard_signature
from common.clock import now as clock_now
from tests.layout.repository import ROOT
from tests.signals.servers import free_port

pytestmark = [pytest.mark.slow, pytest.mark.django_db]
EXAMPLES = ROOT / "docs/examples"


class Receiver:
    """A running example; `printed` are the lines that it wrote."""

    def __init__(self, port, output):
        self.port, self.output = port, output

    @property
    def printed(self):
        return self.output.read_text().splitlines()

    def post(self, body, **headers):
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=30)
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        connection.request("POST", "/hook", body, {"Content-Type": "application/json", **named})
        answer = connection.getresponse()
        answer.read()
        connection.close()
        return answer.status


def tool(name):
    found = shutil.which(name)
    if found is None:
        pytest.skip(f"{name} is not installed")
    return found


def command(language, port, secret, folder):
    """How the example is started, and what of the environment is its own."""
    if language == "python":
        return [sys.executable, EXAMPLES / "receive_webhook.py", str(port), secret], {}
    if language == "node":
        return [tool("node"), EXAMPLES / "receive_webhook.mjs", str(port), secret], {}
    if language == "php":
        own = {"WEBHOOK_SECRET": secret, "TMPDIR": str(folder)}
        return [tool("php"), "-q", "-S", f"127.0.0.1:{port}", EXAMPLES / "receive_webhook.php"], own
    built = folder / "receiver"
    subprocess.run([tool("go"), "build", "-o", built, EXAMPLES / "receive_webhook.go"], check=True, timeout=300)
    return [built, str(port), secret], {}


@pytest.fixture(params=["python", "node", "go", "php"])
def started(request, tmp_path):
    """`started(port, secret)`: the receiver of one language."""
    processes = []

    def start(port, secret):
        output = tmp_path / "printed"
        line, own = command(request.param, port, secret, tmp_path)
        with output.open("w") as out, (tmp_path / "log").open("w") as log:
            process = subprocess.Popen(line, env=os.environ | own, stdout=out, stderr=log, cwd=tmp_path)
        processes.append(process)
        for _ in range(300):
            assert process.poll() is None, (tmp_path / "log").read_text()
            try:
                socket.create_connection(("127.0.0.1", port), 1).close()
                return Receiver(port, output)
            except OSError:
                time.sleep(0.1)
        raise AssertionError("the receiver does not listen")

    yield start
    for process in processes:
        process.kill()
        process.wait(10)


def signed(secret, body, *, at=None):
    stamp, message_id = int(at if at is not None else time.time()), str(uuid.uuid4())
    marks = standard_signature((secret,), message_id, stamp, body)
    return {"webhook_id": message_id, "webhook_timestamp": str(stamp), "webhook_signature": marks}


def told_in_the_end(receiver, count):
    """What it printed, once it has: it answers before it prints."""
    for _ in range(300):
        if len(receiver.printed) >= count:
            break
        time.sleep(0.1)
    return receiver.printed


def test_a_real_webhook_is_believed_once(started, monitor, open_on, add_webhook):
    port = free_port()
    saved = add_webhook(monitor, f"http://127.0.0.1:{port}/hook")
    receiver = started(port, saved.channel.config["secret"])
    open_on(monitor)
    delivery = Delivery.objects.select_related("channel", "workspace").get()
    for _ in range(2):
        outcome = CATALOGUE["webhook"].prepare(delivery, now=clock_now())()
        assert (outcome.ok, outcome.status_code) == (True, 204), outcome
    assert receiver.post(b"{}") == 401
    assert told_in_the_end(receiver, 1) == ["incident_open - Shop: HTTP 500"]


def test_what_is_tampered_with_old_or_unsigned_is_refused(started):
    port, secret = free_port(), new_secret()
    receiver = started(port, secret)
    body = json.dumps({"event": "incident_open", "incident": {"title": "Shop"}}).encode()
    assert receiver.post(body.replace(b"Shop", b"Bank"), **signed(secret, body)) == 401
    assert receiver.post(body, **signed(new_secret(), body)) == 401
    assert receiver.post(body, **signed(secret, body, at=time.time() - 301)) == 401
    assert receiver.post(body, **signed(secret, body, at=time.time() + 302)) == 401
    assert receiver.post(body, **(signed(secret, body) | {"webhook_id": "another"})) == 401
    assert receiver.post(body, **(signed(secret, body) | {"webhook_timestamp": "soon"})) == 401
    assert receiver.post(body, webhook_signature="v1,", webhook_timestamp=str(int(time.time()))) == 401
    assert receiver.post(body) == 401
    assert receiver.printed == []
    assert receiver.post(body, **signed(secret, body)) == 204, "the same, untouched"
    assert told_in_the_end(receiver, 1) == ["incident_open - Shop"]


def test_both_secrets_of_a_roll_are_believed(started):
    port, old, new = free_port(), new_secret(), new_secret()
    receiver = started(port, old)
    body = json.dumps({"event": "test", "incident": None}).encode()
    marks = standard_signature((new, old), "m1", int(time.time()), body)
    own = {"webhook_id": "m1", "webhook_timestamp": str(int(time.time())), "webhook_signature": marks}
    assert receiver.post(body, **own) == 204
    assert told_in_the_end(receiver, 1) == ["test - a test"]
