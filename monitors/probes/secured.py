"""TLS for protocols that only need it to hold: whether and how, and for which name."""

from collections.abc import Generator
from typing import Any

from monitors.probes.base import ProbeFailed, Result
from monitors.probes.certificates import covers
from monitors.probes.dialling import plain_host
from monitors.probes.handles import Handles
from monitors.probes.operations import Deadline, Operation
from monitors.probes.stream import Stream, Unverified, open_stream


def secure_for_host(
    stream: Stream, result: Result, handles: Handles, name: str | None = None
) -> Generator[Operation, Any, None]:
    """Begin TLS for `name`, or the host of the settings; verify unless `verify_tls` is off.

    Raises ProbeFailed (`tls`).
    """
    settings = result.check.settings
    host, verify = plain_host(name or settings["host"]), bool(settings.get("verify_tls", True))
    yield from stream.secure(handles, host, verify=verify)
    certificate = result.certificate
    if verify and certificate is not None and not covers(certificate.names, host):
        names = ", ".join(certificate.names[:5]) or "nobody"
        raise ProbeFailed("tls", f"The certificate is for {names}, not for {host}.")


def open_secured(result: Result, handles: Handles, deadline: Deadline) -> Generator[Operation, Any, Stream]:
    """Dial the host and port of the settings, at once under TLS when `tls` is `tls`; the caller closes."""
    settings = result.check.settings
    stream: Stream = yield from open_stream(settings["host"], settings["port"], result, handles, deadline)
    try:
        if settings.get("tls") == "tls":
            yield from secure_for_host(stream, result, handles)
    except Unverified:
        stream.close()
        yield from _look_at_certificate(result, handles, deadline)
        raise
    except BaseException:
        stream.close()
        raise
    return stream


def _look_at_certificate(result: Result, handles: Handles, deadline: Deadline) -> Generator[Operation, Any, None]:
    """A handshake that was refused shows no certificate; one that asks for nothing does."""
    settings = result.check.settings
    stream: Stream = yield from open_stream(settings["host"], settings["port"], result, handles, deadline)
    try:
        yield from stream.secure(handles, plain_host(settings["host"]), verify=False)
    finally:
        stream.close()
