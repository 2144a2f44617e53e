"""Reads what a mail says: subject, text and sender of any bytes, and never fails (RFC 5322, 2045 to 2047). Pure."""

import email
import re
from email.header import decode_header
from email.message import Message
from html.parser import HTMLParser
from typing import NamedTuple

# A job's words stand at the front; what follows is attachments, which nobody keeps.
LOOKED_AT = 256 * 1024
MOST_DECODED = 32 * 1024
MOST_SUBJECT = 300
# The standard parser compares each line with every open boundary.
MOST_BOUNDARIES = 20
# Text encodings of Python that no mail is written in, slow or failing on purpose.
_NEVER = {"idna", "punycode", "raw_unicode_escape", "undefined", "unicode_escape"}
_SUBJECT = re.compile(rb"^subject:[ \t]*([^\r\n]*)", re.IGNORECASE | re.MULTILINE)
_FROM = re.compile(rb"^from:[ \t]*([^\r\n]*)", re.IGNORECASE | re.MULTILINE)
_HIDDEN = ("head", "script", "style", "template", "title")
_BREAKING = ("br", "div", "h1", "h2", "h3", "h4", "h5", "h6", "hr", "li", "p", "pre", "table", "tr")


class Said(NamedTuple):
    """A mail as far as a ping needs it. Nothing in it has NUL or half a character; subject and sender are one line."""

    subject: str
    text: str
    sender: str


def read_message(content: bytes) -> Said:
    """The subject, the first text part (else the first HTML part without its markup) and who it says it is from."""
    content = content[:LOOKED_AT]
    try:
        if content.lower().count(b"boundary=") > MOST_BOUNDARIES:
            return _raw(content)
        message = email.message_from_bytes(content)
        return Said(_line(_header(message, "subject")), _clean(_text(message)), _line(_header(message, "from")))
    except Exception:
        # Junk reaches corners of the standard library that raise whatever they like; the ping counts all the same.
        return _raw(content)


def _raw(content: bytes) -> Said:
    head, _, rest = content.replace(b"\r\n", b"\n").partition(b"\n\n")
    subject, sender = (_decoded(found[1], "") if (found := one.search(head)) else "" for one in (_SUBJECT, _FROM))
    return Said(_line(subject), _clean(_decoded(rest[:MOST_DECODED], "")), _line(sender))


def _header(message: Message, name: str) -> str:
    """RFC 2047 decoded. What stands there in raw bytes is UTF-8 or replaced."""
    found = next((str(value) for key, value in message.raw_items() if key.lower() == name), "")
    pieces = decode_header(found.encode("utf-8", "surrogateescape").decode("utf-8", "replace")[: 10 * MOST_SUBJECT])
    return "".join(_decoded(part, charset or "") if isinstance(part, bytes) else part for part, charset in pieces)


def _text(message: Message) -> str:
    parts = [one for one in message.walk() if not one.is_multipart() and one.get_content_disposition() != "attachment"]
    for wanted in ("text/plain", "text/html"):
        for part in parts:
            if part.get_content_type() == wanted:
                text = _body(part)
                return _without_markup(text) if wanted == "text/html" else text
    return ""


def _body(part: Message) -> str:
    body = part.get_payload(decode=True)
    return _decoded(body[:MOST_DECODED], part.get_content_charset() or "") if isinstance(body, bytes) else ""


def _decoded(raw: bytes, charset: str) -> str:
    """As the charset says, else as UTF-8, with what cannot be read replaced."""
    if charset.lower().replace("-", "_") not in _NEVER:
        try:
            return raw.decode(charset or "utf-8", "replace")
        except (LookupError, ValueError):
            pass
    return raw.decode("utf-8", "replace")


def _clean(text: str) -> str:
    """Without NUL and lone surrogates, which PostgreSQL stores neither of, and with plain line ends."""
    whole = text.encode("utf-8", "replace").decode()
    return whole.replace("\x00", "").replace("\r\n", "\n").strip("\n")


def _line(text: str) -> str:
    return " ".join(_clean(text).split())[:MOST_SUBJECT]


def _without_markup(html: str) -> str:
    reader = _Reader()
    reader.feed(html)
    reader.close()
    lines = (" ".join(line.split()) for line in "".join(reader.pieces).split("\n"))
    return "\n".join(line for line in lines if line)


class _Reader(HTMLParser):
    """Collects what a person would read."""

    def __init__(self) -> None:
        super().__init__()
        self.pieces: list[str] = []
        self._hidden = 0

    def handle_starttag(self, tag: str, attrs: object) -> None:
        self._hidden += tag in _HIDDEN
        if tag in _BREAKING:
            self.pieces.append("\n")

    def handle_endtag(self, tag: str) -> None:
        self._hidden = max(0, self._hidden - (tag in _HIDDEN))
        if tag in _BREAKING:
            self.pieces.append("\n")

    def handle_data(self, data: str) -> None:
        if not self._hidden:
            self.pieces.append(data)
