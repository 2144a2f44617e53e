"""The IMAP probe: greeting, capabilities, STARTTLS and a login where asked for, LOGOUT (RFC 9051)."""

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
_CAPABILITY = "* CAPABILITY "
IMAP_FIELDS = (
    HOST,
    port(993),
    tls_mode("tls: from the first byte; starttls: ask for it (port 143); none.", "tls", "starttls", "none"),
    VERIFY_TLS,
    *LOGIN_FIELDS,
    IP_VERSION,
    assertions("body", "certificate", "latency"),
    LATENCY_THRESHOLD,
)


def probe_imap(result: Result, handles: Handles, deadline: Deadline) -> Steps:
    """Greet a mailbox server and leave; the body is its greeting, `facts` get `banner` and `capabilities`.

    Raises ProbeFailed: `assertion` when it does not welcome us or our login, or offers no STARTTLS that is asked for.
    """
    stream: Stream = yield from open_secured(result, handles, deadline)
    try:
        greeting = (yield from stream.take_line()).decode("utf-8", "replace")
        if not greeting.upper().startswith(("* OK", "* PREAUTH")):
            raise ProbeFailed("assertion", f"{stream.server} greeted with {greeting[:200]!r}, not with OK.")
        result.facts["banner"] = greeting.partition(" ")[2]
        offered = yield from _capabilities(stream, "a1")
        if result.check.settings.get("tls") == "starttls":
            if "STARTTLS" not in offered:
                raise ProbeFailed("assertion", f"{stream.server} does not offer STARTTLS.")
            yield from _command(stream, "a2", "STARTTLS")
            yield from secure_for_host(stream, result, handles)
            offered = yield from _capabilities(stream, "a3")
        result.facts["capabilities"] = offered
        yield from _log_in(stream, result, offered)
        stream.note_phases()
        yield from stream.send(b"a5 LOGOUT\r\n")
    finally:
        stream.close()
    yield from conclude(result, greeting.encode())


def _capabilities(stream: Stream, tag: str) -> Generator[Operation, Any, list[str]]:
    lines = yield from _command(stream, tag, "CAPABILITY")
    return [word for line in lines if line.upper().startswith(_CAPABILITY) for word in line.upper().split()[2:]]


def _log_in(stream: Stream, result: Result, offered: list[str]) -> Generator[Operation, Any, None]:
    login = plain_login(result.check.settings)
    if login is None:
        return
    if "AUTH=PLAIN" not in offered:
        raise ProbeFailed("assertion", f"{stream.server} does not offer a login with PLAIN.")
    yield from _command(stream, "a4", "AUTHENTICATE PLAIN", login)


def _command(stream: Stream, tag: str, command: str, secret: str = "") -> Generator[Operation, Any, list[str]]:
    """Send a command and return the lines before its OK. Raises ProbeFailed when it ends otherwise.

    `secret` is what it continues with, once the server asks for that; no sentence repeats it.
    """
    yield from stream.send(f"{tag} {command}\r\n".encode())
    lines: list[str] = []
    while len(lines) < _MOST_LINES:
        line = (yield from stream.take_line(16_384)).decode("utf-8", "replace")
        if line.startswith(f"{tag} "):
            if not line.upper().startswith(f"{tag.upper()} OK"):
                raise ProbeFailed("assertion", f"{stream.server} answered {command} with {line[:200]!r}.")
            return lines
        if secret and line.startswith("+"):
            yield from stream.send(f"{secret}\r\n".encode())
            secret = ""
        lines.append(line)
    raise ProbeFailed("too_large", f"{stream.server} sent more than a check reads.")
