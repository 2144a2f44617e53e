"""Receivers that really listen, incidents that really open."""

import socket
import threading
import time
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest
from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP

from alerts import services
from alerts.sending.sender import Sender
from common.clock import now as clock_now
from incidents.models import Kind, Severity
from incidents.services import open_incident
from monitors.models import Monitor, MonitorState


@dataclass
class Received:
    """One request as it arrived."""

    path: str
    headers: dict
    body: bytes
    at: float


@dataclass
class HttpSink:
    """A webhook receiver: answers what `answers` says for a path, 204 elsewhere; below /hang it never answers."""

    answers: dict = field(default_factory=dict)
    received: list = field(default_factory=list)
    released: threading.Event = field(default_factory=threading.Event)
    port: int = 0

    def url(self, path="/hook"):
        return f"http://127.0.0.1:{self.port}{path}"

    def at(self, path):
        return [one for one in self.received if one.path == path]


class Server(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 256
    block_on_close = False

    def handle_error(self, request, client_address):
        """A client that goes away is what some tests are about."""


@pytest.fixture
def sink():
    state = HttpSink()

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self):
            body = self.rfile.read(int(self.headers["Content-Length"]))
            state.received.append(Received(self.path, dict(self.headers), body, time.monotonic()))
            if self.path.startswith("/hang"):
                state.released.wait(60)
                self.close_connection = True
                return
            status, headers, said = state.answers.get(self.path, (204, {}, b""))
            self.send_response(status)
            for name, value in headers.items():
                self.send_header(name, value)
            self.send_header("Content-Length", str(len(said)))
            self.end_headers()
            self.wfile.write(said)

        def log_message(self, *args):
            """Quiet."""

    server = Server(("127.0.0.1", 0), Handler)
    state.port = server.server_address[1]
    threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True).start()
    yield state
    state.released.set()
    server.shutdown()
    server.server_close()


class MailSink:
    """An SMTP server: keeps what it takes, refuses what `refusals` says."""

    def __init__(self):
        self.mails, self.refusals, self.conversations = [], {}, 0

    async def handle_EHLO(self, server, session, envelope, hostname, responses):
        self.conversations += 1
        session.host_name = hostname
        return responses

    async def handle_RCPT(self, server, session, envelope, address, options):
        if address in self.refusals:
            return self.refusals[address]
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server, session, envelope):
        self.mails.append((list(envelope.rcpt_tos), envelope.content))
        return "250 Taken"

    def to(self, address):
        return [content for recipients, content in self.mails if address in recipients]


class QuietController(Controller):
    def factory(self):
        return SMTP(self.handler, hostname="sink.test")


@pytest.fixture
def smtp(settings):
    sink = MailSink()
    controller = QuietController(sink, hostname="127.0.0.1", port=0)
    # The controller's own check dials the port it was given, so it is told a real one.
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        controller.port = free.getsockname()[1]
    controller.start()
    settings.EMAIL_HOST, settings.EMAIL_PORT = "127.0.0.1", controller.port
    settings.EMAIL_TIMEOUT = 5
    yield sink
    controller.stop()


@pytest.fixture
def monitor(workspace):
    made = Monitor.objects.create(
        workspace=workspace, name="Shop", type="http", target="https://shop.example/health", tags=["prod"]
    )
    MonitorState.objects.create(monitor=made, status="DOWN", status_since=clock_now())
    return made


CAUSE = {
    "failureClass": "http_status",
    "detail": "HTTP 500 instead of 200",
    "statusCode": 500,
    "region": "default",
    "address": "192.0.2.7",
    "latencyMs": 84.2,
    "checkedAt": "2026-03-02T12:00:00.000Z",
}
GOOD = {
    "failureClass": None,
    "detail": "",
    "statusCode": 200,
    "region": "default",
    "address": "192.0.2.7",
    "latencyMs": 51.0,
    "checkedAt": "2026-03-02T11:59:00.000Z",
    "headers": [["Set-Cookie", "session=hush"]],
    "body": "hush",
}


@pytest.fixture
def open_on(workspace):
    """`open_on(monitor)`: an incident as a failed check opens it."""

    def make(monitor, at=None, kind=Kind.DOWNTIME, workspace=workspace):
        at = at or clock_now()
        incident = open_incident(
            workspace=workspace,
            monitor=monitor,
            kind=kind,
            severity=Severity.CRITICAL,
            title=f"{monitor.name}: HTTP 500" if monitor else "Payments stuck",
            started_at=at,
            now=at,
            cause=CAUSE,
            first_failure=CAUSE | {"body": "hush", "headers": []},
            last_good=GOOD,
        )
        assert incident is not None
        return incident

    return make


@pytest.fixture
def add_webhook(by_alice):
    """`add_webhook(monitor, url, …)`: a webhook action group."""

    def make(monitor, url, name="Hook", **fields):
        return services.create_action_group(
            monitor=monitor, type="webhook", by=by_alice, now=clock_now(), fields={"name": name, "url": url, **fields}
        )

    return make


@pytest.fixture
def add_email(by_alice):
    """`add_email(monitor, [address, …])`: an email action group."""

    def make(monitor, recipients, name="Mail", **fields):
        return services.create_action_group(
            monitor=monitor,
            type="email",
            by=by_alice,
            now=clock_now(),
            fields={"name": name, "recipients": recipients, **fields},
        )

    return make


@pytest.fixture
def sender():
    """A sender of its own for each test, stopped after it."""
    made = Sender()
    yield made
    made.stop(0.2)


@pytest.fixture
def wait_until():
    """`wait_until(condition, seconds)`: returns how long it took; fails when it never holds."""

    def wait(condition, seconds=5.0):
        started = time.monotonic()
        while not condition():
            assert time.monotonic() - started < seconds, "it never happened"
            time.sleep(0.005)
        return time.monotonic() - started

    return wait
