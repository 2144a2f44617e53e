"""The TLS probe: one handshake, and what is to be said of the certificate: its dates, its chain, its names."""

import ssl
from collections.abc import Generator
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

from common.times import spoken
from monitors.probes.base import Certificate, ProbeFailed, Result
from monitors.probes.certificates import covers
from monitors.probes.dialling import plain_host
from monitors.probes.fields import HOST, IP_VERSION, LATENCY_THRESHOLD, assertions, port
from monitors.probes.handles import Handles
from monitors.probes.judging import conclude
from monitors.probes.operations import Deadline, Operation, Steps
from monitors.probes.schema import Field
from monitors.probes.stream import Stream, Unverified, open_stream

# X509_V_ERR_CERT_NOT_YET_VALID and _HAS_EXPIRED: signatures are looked at first, so the chain up to there holds.
_DATE_CODES = frozenset({9, 10})
OK = "ok"

TLS_FIELDS = (
    HOST,
    port(443),
    Field(
        name="servername",
        kind="text",
        nullable=True,
        minimum=1,
        maximum=253,
        help="The name asked for (SNI) and looked for in the certificate; by default the host.",
    ),
    Field(
        name="verify",
        kind="boolean",
        default=True,
        help="On by default. Off: what is wrong with the certificate is recorded and fails no check.",
    ),
    IP_VERSION,
    assertions("certificate", "latency"),
    LATENCY_THRESHOLD,
)


def probe_tls(result: Result, handles: Handles, deadline: Deadline) -> Steps:
    """Shake hands and judge the certificate; `facts["verdicts"]` has expiry, chain and host_name apart.

    Raises ProbeFailed (`tls`) naming everything that is wrong.
    """
    settings = result.check.settings
    wanted = plain_host(settings.get("servername") or settings["host"])
    untrusted = None
    try:
        yield from _shake_hands(result, handles, deadline, wanted, verify=True)
    except Unverified as error:
        # A handshake that was refused shows no certificate; one that asks for nothing does.
        untrusted, phases = error, replace(result.phases)
        yield from _shake_hands(result, handles, deadline, wanted, verify=False)
        result.phases = phases if phases.tls is not None else result.phases
    certificate = result.certificate
    if certificate is None:
        raise ProbeFailed("tls", f"{settings['host']} showed no certificate that can be read.")
    now = datetime.fromtimestamp(result.started_at, UTC)
    verdicts = verdicts_on(certificate, wanted, untrusted, now)
    result.facts |= {"verdicts": verdicts, "key": certificate.key}
    wrong = [verdict for verdict in verdicts.values() if verdict != OK]
    if wrong and settings.get("verify", True):
        raise ProbeFailed("tls", " ".join(wrong), objection="SSL")
    yield from conclude(result)


def _shake_hands(
    result: Result, handles: Handles, deadline: Deadline, wanted: str, *, verify: bool
) -> Generator[Operation, Any, None]:
    settings = result.check.settings
    stream: Stream = yield from open_stream(settings["host"], settings["port"], result, handles, deadline)
    try:
        yield from stream.secure(handles, wanted, verify=verify)
        if isinstance(stream.sock, ssl.SSLSocket):
            cipher = stream.sock.cipher()
            result.facts |= {"protocol": stream.sock.version(), "cipher": cipher[0] if cipher else None}
    finally:
        stream.close()


def verdicts_on(certificate: Certificate, host: str, untrusted: Unverified | None, now: datetime) -> dict[str, str]:
    """What holds of a certificate, each `ok` or a sentence: its dates, its chain, its names for `host`."""
    expiry = _expiry(certificate, now)
    chain = OK
    # A leaf out of its dates is not the chain's fault; an authority's certificate out of them is.
    if untrusted is not None and not (untrusted.code in _DATE_CODES and expiry != OK):
        chain = f"Its chain is not trusted: {untrusted.reason}."
    names = ", ".join(certificate.names[:5]) or "nobody"
    host_name = OK if covers(certificate.names, host) else f"The certificate is for {names}, not for {host}."
    return {"expiry": expiry, "chain": chain, "host_name": host_name}


def _expiry(certificate: Certificate, now: datetime) -> str:
    if now > certificate.not_after:
        return f"The certificate expired on {spoken(certificate.not_after)}."
    if now < certificate.not_before:
        return f"The certificate is valid only from {spoken(certificate.not_before)} on."
    return OK
