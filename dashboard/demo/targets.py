"""What the examples watch: a small server on loopback that answers, is slow, fails now and then, and takes webhooks."""

import json
import threading
import time
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

Say = Callable[[str], None]


def serve_targets(say: Say) -> str:
    """Starts the server in a thread of its own and returns its address; `say` gets a line for each webhook."""
    server = _Server(("127.0.0.1", 0), _Handler)
    server.say = say
    threading.Thread(target=server.serve_forever, name="demo targets", daemon=True).start()
    return f"http://127.0.0.1:{server.server_port}"


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    say: Say


class _Handler(BaseHTTPRequestHandler):
    server: _Server

    def do_GET(self) -> None:
        now = time.time()
        status, body = _PAGES.get(self.path, _missing)(now)
        self.send_response(status)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def do_POST(self) -> None:
        told = json.loads(self.rfile.read(int(self.headers.get("Content-Length", 0))))
        title = (told.get("incident") or {}).get("title", "a test")
        self.server.say(f"  webhook: {told['event']} - {title}")
        self.send_response(204)
        self.end_headers()

    def log_message(self, format: str, *arguments: object) -> None:
        """Each check is a request; the log of the platform is enough."""


def _steady(now: float) -> tuple[int, bytes]:
    return 200, b"<h1>Everything must go</h1>"


def _slow(now: float) -> tuple[int, bytes]:
    # A minute and a half in five the search is slower than its monitor allows.
    time.sleep(0.9 if now % 300 < 90 else 0.12)
    return 200, b"3 results"


def _flaky(now: float) -> tuple[int, bytes]:
    return (500, b"out of stock and out of luck") if now % 240 < 60 else (200, b"paid")


def _queue(now: float) -> tuple[int, bytes]:
    return 200, json.dumps({"status": "ok", "waiting": 400 if now % 420 < 60 else 7}).encode()


def _missing(now: float) -> tuple[int, bytes]:
    return 404, b"no such page"


_PAGES = {"/": _steady, "/search": _slow, "/checkout": _flaky, "/queue": _queue}
