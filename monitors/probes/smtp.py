"""The SMTP probe: greeting, EHLO, STARTTLS and a login where asked for, QUIT (RFC 5321, RFC 3207, RFC 4954)."""

from collections.abc import Generator
from typing import Any

from monitors.probes.base import ProbeFailed, Result
from monitors.probes.fields import HOST, IP_VERSION, LATENCY_THRESHOLD, VERIFY_TLS, assertions, port, tls_mode
from monitors.probes.handles import Handles
from monitors.probes.judging import conclude
from monitors.probes.mail_login import LOGIN_FIELDS, plain_login
from monitors.probes.operations import Deadline, Operation, Steps
from monitors.probes.secured import open_secured, secure_for_host
from monitors.probes.stream import Stream

_MOST_LINES = 100
SMTP_FIELDS = (
    HOST,
    port(25),
    tls_mode("none; starttls: ask for it after EHLO; tls: from the first byte (port 465).", "none", "starttls", "tls"),
    VERIFY_TLS,
    *LOGIN_FIELDS,
    IP_VERSION,
    assertions("body", "certificate", "latency"),
    LATENCY_THRESHOLD,
)


def probe_smtp(result: Result, handles: Handles, deadline: Deadline) -> Steps:
    """Greet a mail server and leave; the body is its greeting, `facts` get `banner` and `extensions`.

    Raises ProbeFailed: `assertion` when it does not welcome us or our login, or offers no STARTTLS that is asked for.
    """
    stream: Stream = yield from open_secured(result, handles, deadline)
    try:
        greeting = yield from _expect(stream, 220)
        result.facts["banner"] = greeting[0]
        offered = yield from _introduce(stream)
        if result.check.settings.get("tls") == "starttls":
            if "STARTTLS" not in offered:
                raise ProbeFailed("assertion", f"{stream.server} does not offer STARTTLS.")
            yield from stream.send(b"STARTTLS\r\n")
            yield from _expect(stream, 220)
            yield from secure_for_host(stream, result, handles)
            offered = yield from _introduce(stream)
        result.facts["extensions"] = offered
        yield from _log_in(stream, result, offered)
        stream.note_phases()
        yield from stream.send(b"QUIT\r\n")
    finally:
        stream.close()
    yield from conclude(result, "\n".join(greeting).encode())


def _introduce(stream: Stream) -> Generator[Operation, Any, list[str]]:
    """EHLO with our address, since this machine's name may be nobody's business; returns the extensions."""
    address = stream.sock.getsockname()[0]
    literal = f"[IPv6:{address}]" if ":" in address else f"[{address}]"
    yield from stream.send(f"EHLO {literal}\r\n".encode())
    lines = yield from _expect(stream, 250)
    return [line.upper() for line in lines[1:]]


def _log_in(stream: Stream, result: Result, offered: list[str]) -> Generator[Operation, Any, None]:
    login = plain_login(result.check.settings)
    if login is None:
        return
    ways = [way for line in offered if line.startswith("AUTH") for way in line.replace("=", " ").split()[1:]]
    if "PLAIN" not in ways:
        raise ProbeFailed("assertion", f"{stream.server} does not offer a login with PLAIN.")
    yield from stream.send(f"AUTH PLAIN {login}\r\n".encode())
    yield from _expect(stream, 235)


def _expect(stream: Stream, code: int) -> Generator[Operation, Any, list[str]]:
    """Read one reply, of up to 100 lines, and return its texts. Raises ProbeFailed when its code is another."""
    texts: list[str] = []
    while len(texts) < _MOST_LINES:
        line = (yield from stream.take_line()).decode("utf-8", "replace")
        if not line.startswith(str(code)):
            raise ProbeFailed("assertion", f"{stream.server} answered {line[:200]!r}, not with {code}.")
        texts.append(line[4:])
        if line[3:4] != "-":
            return texts
    raise ProbeFailed("too_large", f"{stream.server} sent more than a check reads.")
