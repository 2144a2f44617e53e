"""Real receivers of alerts on loopback: an SMTP server and a webhook endpoint that keep what they get."""

import email
import email.policy
import json
import threading
import time
from dataclasses import dataclass, field
from email.message import EmailMessage
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Self

from aiosmtpd.controller import Controller

from tests.platform import free_port


@dataclass
class Hook:
    """One webhook as it arrived."""

    at: float
    headers: dict[str, str]
    raw: bytes
    body: dict[str, Any] = field(default_factory=dict)


class WebhookSink:
    """Answers every POST with 204."""

    def __init__(self) -> None:
        self.received: list[Hook] = []
        sink = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                raw = self.rfile.read(int(self.headers["Content-Length"]))
                headers = {name.lower(): value for name, value in self.headers.items()}
                sink.received.append(Hook(time.time(), headers, raw, json.loads(raw)))
                self.send_response(204)
                self.end_headers()

            def log_message(self, *_: object) -> None:
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self._server.server_port}/hook"

    def __enter__(self) -> Self:
        threading.Thread(target=self._server.serve_forever, daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._server.server_close()

    def events(self) -> list[str]:
        return [hook.body["event"] for hook in self.received]


class MailSink:
    """Accepts every mail."""

    def __init__(self) -> None:
        self.received: list[tuple[float, EmailMessage]] = []
        self._controller = Controller(self, hostname="127.0.0.1", port=free_port())
        self.port = self._controller.port

    async def handle_DATA(self, server: Any, session: Any, envelope: Any) -> str:
        message = email.message_from_bytes(envelope.content, policy=email.policy.default)
        self.received.append((time.time(), message))
        return "250 kept"

    def __enter__(self) -> Self:
        self._controller.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._controller.stop()

    def subjects(self) -> list[str]:
        return [str(message["Subject"]) for _, message in self.received]
