"""The TLS probe against a matrix of certificates: dates, chain and names are judged apart."""

import datetime as dt
import select
import socket
import ssl
import time
import warnings

import pytest
import trustme
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    load_pem_private_key,
)

from common.addresses import AddressPolicy
from common.times import spoken
from monitors.probes.base import ProbeFailed
from monitors.probes.certificates import covers
from monitors.probes.handles import Handles
from monitors.probes.operations import Deadline
from monitors.probes.stream import Stream
from tests.monitors.probes.hostile import reset
from tests.monitors.probes.scripted import forever, hang, tcp_server

YESTERDAY = dt.datetime.now(dt.UTC) - dt.timedelta(days=1)


def verdicts(result):
    return {name: verdict == "ok" for name, verdict in result.facts["verdicts"].items()}


def judged(expiry=True, chain=True, host_name=True):
    return {"expiry": expiry, "chain": chain, "host_name": host_name}


def test_a_good_certificate_is_verified_and_read(probe, authority):
    with tcp_server(hang, authority.context()) as port:
        result = probe("tls", host="localhost", port=port)
    assert (result.ok, result.detail) == (True, "")
    assert verdicts(result) == judged()
    assert (result.facts["protocol"], result.facts["key"]) == ("TLSv1.3", "EC secp256r1")
    assert set(result.certificate.names) == {"localhost", "127.0.0.1"}
    assert len(result.certificate.fingerprint) == 64
    assert result.phases.tls > 0
    assert result.latency_ms >= result.phases.tls


def test_each_fault_is_named_apart_and_all_together(probe, authority):
    with tcp_server(hang, authority.context(not_after=YESTERDAY)) as port:
        expired = probe("tls", host="localhost", port=port)
    with tcp_server(hang, authority.context("other.example")) as port:
        other = probe("tls", host="localhost", port=port)
        named = probe("tls", host="localhost", port=port, servername="other.example")
    with tcp_server(hang, stranger(not_after=YESTERDAY)) as port:
        everything = probe("tls", host="localhost", port=port)
    assert [one.failure_class for one in (expired, other, named, everything)] == ["tls", "tls", None, "tls"]
    assert verdicts(expired) == judged(expiry=False)
    assert f"expired on {spoken(YESTERDAY)}" in expired.detail
    assert verdicts(other) == judged(host_name=False)
    assert "is for other.example, not for localhost" in other.detail
    assert verdicts(everything) == judged(False, False, False)
    assert everything.certificate.not_after < dt.datetime.now(dt.UTC)


def stranger(**more):
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    trustme.CA().issue_cert("shop.example", **more).configure_cert(context)
    return context


def test_an_untrusted_chain_is_recorded_when_nobody_asks_to_verify(probe):
    with tcp_server(hang, stranger()) as port:
        assert probe("tls", host="localhost", port=port).failure_class == "tls"
        relaxed = probe("tls", host="localhost", port=port, verify=False)
    assert relaxed.ok
    assert verdicts(relaxed) == judged(chain=False, host_name=False)


def test_an_incomplete_chain_is_the_chains_fault(probe, authority):
    issued = authority._authority.create_child_ca().issue_cert("localhost")
    whole, leaf_only = (ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER) for _ in range(2))
    issued.configure_cert(whole)
    with issued.private_key_pem.tempfile() as key, issued.cert_chain_pems[0].tempfile() as leaf:
        leaf_only.load_cert_chain(leaf, key)
    with tcp_server(hang, whole) as port:
        assert probe("tls", host="localhost", port=port).ok
    with tcp_server(hang, leaf_only) as port:
        result = probe("tls", host="localhost", port=port)
    assert verdicts(result) == judged(chain=False)
    assert "unable to get local issuer certificate" in result.detail


@pytest.mark.parametrize(
    ("script", "classes"),
    [
        (hang, ["timeout"]),
        (forever(b"HTTP/1.1 400 Bad Request\r\n"), ["tls", "reset"]),
        (forever(b"\x16", pause=0.05), ["timeout", "tls"]),
        (lambda connection: None, ["reset"]),
    ],
    ids=["hang", "no TLS", "drip", "hang up"],
)
def test_servers_without_tls_end_in_their_class(probe, script, classes):
    with tcp_server(script) as port:
        result = probe("tls", host="127.0.0.1", port=port, timeout_ms=700)
    assert result.failure_class in classes
    assert result.certificate is None


def test_a_connection_that_is_gone_before_the_handshake_is_reset(authority):
    handles = Handles(AddressPolicy(allow_private=True), verify_with=authority.file, keep=1)
    with tcp_server(reset) as port, socket.create_connection(("127.0.0.1", port)) as gone:
        poll = select.poll()
        poll.register(gone, select.POLLHUP)
        assert poll.poll(5_000)
        stream = Stream(gone, "the server", None, Deadline(time.monotonic() + 5))
        with pytest.raises(ProbeFailed) as failure:
            next(stream.secure(handles, "localhost", verify=True))
    assert failure.value.failure_class == "reset"


def test_certificate_assertions_read_the_leaf(probe, authority):
    days = {"source": "certificate", "property": "days_left", "comparison": "greater_than", "target": 7}
    with tcp_server(hang, authority.context()) as port:
        assert probe("tls", host="localhost", port=port, assertions=[days]).ok
        failed = probe("tls", host="localhost", port=port, assertions=[days | {"comparison": "less_than"}])
    assert failed.failure_class == "assertion"


@pytest.mark.parametrize(
    ("names", "host", "ok"),
    [
        (["a.example"], "A.Example", True),
        (["*.example.com"], "www.example.com", True),
        (["*.example.com"], "example.com", False),
        (["*.example.com"], "a.b.example.com", False),
        (["*.com"], "example.com", False),
        (["w*.example.com"], "www.example.com", False),
        (["127.0.0.1"], "127.0.0.1", True),
        (["2001:db8::1"], "2001:0db8:0::1", True),
        (["*.0.0.1"], "127.0.0.1", False),
        ([], "a.example", False),
    ],
)
def test_names_cover_hosts_as_browsers_read_them(names, host, ok):
    assert covers(names, host) is ok


def weak_context(authority, tmp_path):
    """A server whose key is too short for anybody to trust, signed by a trusted authority."""
    key = rsa.generate_private_key(65537, 1024)
    signer = authority._authority
    now = dt.datetime.now(dt.UTC)
    leaf = (
        x509.CertificateBuilder()
        .subject_name(x509.Name([]))
        .issuer_name(x509.load_pem_x509_certificate(signer.cert_pem.bytes()).subject)
        .public_key(key.public_key())
        .serial_number(7)
        .not_valid_before(now - dt.timedelta(days=1))
        .not_valid_after(now + dt.timedelta(days=30))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName("localhost")]), critical=True)
        .sign(load_pem_private_key(signer.private_key_pem.bytes(), None), SHA256())
    )
    plain = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    (tmp_path / "weak.pem").write_bytes(plain + leaf.public_bytes(Encoding.PEM))
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.set_ciphers("ALL:@SECLEVEL=0")
    context.load_cert_chain(tmp_path / "weak.pem")
    return context


def test_a_weak_key_is_named(probe, authority, tmp_path):
    with tcp_server(hang, weak_context(authority, tmp_path)) as port:
        result = probe("tls", host="localhost", port=port)
    assert result.failure_class == "tls"
    assert "key too weak" in result.detail
    assert verdicts(result) == judged(chain=False)
    assert result.facts["key"] == "RSA 1024"


def test_a_server_of_an_old_protocol_only_is_refused(probe, authority):
    context = authority.context()
    context.set_ciphers("ALL:@SECLEVEL=0")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        context.minimum_version = context.maximum_version = ssl.TLSVersion.TLSv1_1
    with tcp_server(hang, context) as port:
        assert probe("tls", host="localhost", port=port).failure_class == "tls"
