"""A Twilio of this machine: keeps messages, and answers as the documents of its Messages API say.

Which numbers are wrong is as with Twilio's own test credentials: +15005550001 is invalid, +15005550009 cannot get
text messages, +15005550004 has unsubscribed.
"""

import base64
import json
import secrets
import threading
from dataclasses import dataclass, field
from email.utils import formatdate
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs

ACCOUNT, TOKEN, SENDER = "AC" + "0" * 32, "sesame", "+15005550006"
_PATH = f"/2010-04-01/Accounts/{ACCOUNT}/Messages"
_WRONG = {
    "+15005550001": (21211, "The 'To' number +15005550001 is not a valid phone number."),
    "+15005550009": (21614, "'To' number is not a valid mobile number"),
    "+15005550004": (21610, "Attempt to send to unsubscribed recipient"),
}


@dataclass
class Twilio:
    """What was sent, by sid; `trouble` is a status to answer to everything, such as 429 or 503."""

    url: str = ""
    messages: dict = field(default_factory=dict)
    trouble: int | None = None
    asked: int = 0

    def to(self, number):
        return [one["body"] for one in self.messages.values() if one["to"] == number]

    def create(self, form):
        """Status and JSON of a new message."""
        to, body = form.get("To"), form.get("Body")
        sender, service = form.get("From"), form.get("MessagingServiceSid")
        for is_wrong, code, message in (
            (not to, 21604, "A 'To' phone number is required."),
            (not sender and not service, 21603, "A 'From' phone number is required."),
            (not body, 21602, "Message body is required."),
            (len(body or "") > 1600, 21617, "The concatenated message body exceeds the 1600 character limit."),
            (to in _WRONG, *_WRONG.get(to, (0, ""))),
            (sender == "+15005550001", 21212, "The 'From' number +15005550001 is not a valid phone number."),
        ):
            if is_wrong:
                return error(400, code, message)
        sid = "SM" + secrets.token_hex(16)
        at = formatdate()
        self.messages[sid] = {
            "account_sid": ACCOUNT, "api_version": "2010-04-01", "body": body, "date_created": at, "date_sent": None,
            "date_updated": at, "direction": "outbound-api", "error_code": None, "error_message": None,
            "from": sender, "messaging_service_sid": service, "num_media": "0", "num_segments": "1", "price": None,
            "price_unit": None, "sid": sid, "status": "accepted" if service else "queued",
            "subresource_uris": {"media": f"{_PATH}/{sid}/Media.json"}, "to": to, "uri": f"{_PATH}/{sid}.json",
        }  # fmt: skip
        return 201, self.messages[sid]


def error(status, code, message):
    """An error as Twilio words it."""
    more = f"https://www.twilio.com/docs/errors/{code}"
    return status, {"code": code, "message": message, "more_info": more, "status": status}


def serve(twilio):
    """Starts it; returns the server to be shut down."""

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self):
            form = parse_qs(self.rfile.read(int(self.headers.get("Content-Length", 0))).decode())
            self.answer(lambda: twilio.create({name: values[0] for name, values in form.items()}), f"{_PATH}.json")

        def do_GET(self):
            sid = self.path.removeprefix(f"{_PATH}/").removesuffix(".json")
            self.answer(lambda: (200, twilio.messages[sid]) if sid in twilio.messages else self.missing(), self.path)

        def missing(self):
            return error(404, 20404, f"The requested resource {self.path} was not found")

        def answer(self, act, path):
            twilio.asked += 1
            expected = base64.b64encode(f"{ACCOUNT}:{TOKEN}".encode()).decode()
            if self.headers.get("Authorization") != f"Basic {expected}":
                status, body = error(401, 20003, "Authenticate")
            elif twilio.trouble:
                status, body = error(twilio.trouble, 20000 + twilio.trouble, "Too Many Requests")
            else:
                status, body = act() if self.path == path else self.missing()
            said = json.dumps(body).encode()
            self.send_response(status)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(said)))
            self.end_headers()
            self.wfile.write(said)

        def log_message(self, *args):
            """Quiet."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    twilio.url = f"http://127.0.0.1:{server.server_address[1]}"
    threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True).start()
    return server
