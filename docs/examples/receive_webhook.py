"""A webhook receiver in the standard library alone: checks the signature, drops repeats, prints what happened.

python3 docs/examples/receive_webhook.py PORT SECRET
"""

import base64
import hashlib
import hmac
import json
import sys
import time
from http.server import BaseHTTPRequestHandler, HTTPServer

OLDEST_SECONDS = 300


def is_genuine(secret: str, headers, body: bytes, now: float) -> bool:
    """Whether `body` was signed with `secret` (Standard Webhooks 1.0) within the last five minutes."""
    message_id, timestamp = headers.get("webhook-id", ""), headers.get("webhook-timestamp", "")
    if not timestamp.isdigit() or abs(now - int(timestamp)) > OLDEST_SECONDS:
        return False
    key = base64.b64decode(secret.removeprefix("whsec_"))
    expected = hmac.new(key, f"{message_id}.{timestamp}.".encode() + body, hashlib.sha256).digest()
    given = [mark.removeprefix("v1,") for mark in headers.get("webhook-signature", "").split()]
    return any(hmac.compare_digest(base64.b64encode(expected).decode(), mark) for mark in given)


class Receiver(BaseHTTPRequestHandler):
    """Answers 204 to what is genuine, 401 to the rest."""

    secret = ""
    seen: set = set()

    def do_POST(self):
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        genuine = is_genuine(self.secret, self.headers, body, time.time())
        self.send_response(204 if genuine else 401)
        self.end_headers()
        message_id = self.headers.get("webhook-id")
        if genuine and message_id not in self.seen:
            self.seen.add(message_id)
            told = json.loads(body)
            print(told["event"], "-", (told["incident"] or {}).get("title", "a test"), flush=True)

    def log_message(self, *arguments):
        """Only what happened is printed."""


if __name__ == "__main__":
    Receiver.secret = sys.argv[2]
    HTTPServer(("127.0.0.1", int(sys.argv[1])), Receiver).serve_forever()
