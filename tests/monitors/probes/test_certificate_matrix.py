"""One test authority, every fault a certificate can have, and each type that begins TLS: which class, which words.

Revocation is not looked at: neither CRLs nor OCSP are asked for. The case "revoked" stands for that.
"""

import datetime as dt
import ssl
from typing import NamedTuple

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from tests.monitors.probes.scripted import hang, tcp_server
from tests.targets import Target

NOW = dt.datetime.now(dt.UTC)
DAY = dt.timedelta(days=1)
OLD, YOUNG = (NOW - 400 * DAY, NOW - DAY), (NOW + DAY, NOW + 400 * DAY)


class Issued(NamedTuple):
    """A certificate and its key."""

    certificate: x509.Certificate
    key: object


def issue(
    name, signer=None, *, is_authority=False, dates=(NOW - 2 * DAY, NOW + 90 * DAY), key=None, names=("localhost",)
):
    key = key or ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, name)])
    issuer, signing_key = (signer.certificate.subject, signer.key) if signer else (subject, key)
    builder = x509.CertificateBuilder().subject_name(subject).issuer_name(issuer).public_key(key.public_key())
    builder = builder.serial_number(x509.random_serial_number()).not_valid_before(dates[0]).not_valid_after(dates[1])
    builder = builder.add_extension(x509.BasicConstraints(is_authority, None), critical=True)
    own = x509.SubjectKeyIdentifier.from_public_key(key.public_key())
    builder = builder.add_extension(own, critical=False)
    above = x509.AuthorityKeyIdentifier.from_issuer_public_key(signing_key.public_key())
    builder = builder.add_extension(above, critical=False)
    if not is_authority:
        builder = builder.add_extension(
            x509.SubjectAlternativeName([x509.DNSName(one) for one in names]), critical=False
        )
    return Issued(builder.sign(signing_key, SHA256()), key)


@pytest.fixture(scope="module")
def root():
    return issue("Test root", is_authority=True)


@pytest.fixture(scope="module")
def middle(root):
    return issue("Test intermediate", root, is_authority=True)


@pytest.fixture(scope="module")
def trusted(root, tmp_path_factory):
    path = tmp_path_factory.mktemp("trusted") / "root.pem"
    path.write_bytes(root.certificate.public_bytes(Encoding.PEM))
    return str(path)


@pytest.fixture(scope="module")
def contexts(root, middle, tmp_path_factory):
    """A server's context for each case."""
    other_root = issue("Test root", is_authority=True)
    old_middle = issue("Old intermediate", root, is_authority=True, dates=OLD)
    revoked = issue("revoked", middle)
    cases = {
        "valid": (issue("valid", middle), middle),
        "expired": (issue("expired", middle, dates=OLD), middle),
        "not yet valid": (issue("young", middle, dates=YOUNG), middle),
        "wrong host": (issue("other", middle, names=["other.example"]), middle),
        "self-signed": (issue("self"),),
        "unknown authority": (issue("stranger", other_root),),
        "incomplete chain": (issue("alone", middle),),
        "expired intermediate": (issue("below", old_middle), old_middle),
        "signed by a leaf": (issue("below a leaf", revoked), revoked, middle),
        "weak key": (issue("weak", middle, key=rsa.generate_private_key(65537, 1024)), middle),
        "revoked": (revoked, middle),
    }
    folder = tmp_path_factory.mktemp("matrix")
    return {name: served(folder / f"{number}.pem", *chain) for number, (name, chain) in enumerate(cases.items())}


def served(path, leaf, *above):
    key = leaf.key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    chain = [one.certificate.public_bytes(Encoding.PEM) for one in (leaf, *above)]
    path.write_bytes(key + b"".join(chain))
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.set_ciphers("ALL:@SECLEVEL=0")
    context.load_cert_chain(path)
    return context


# What is at fault, and what is said of it.
CASES = {
    "valid": (set(), ""),
    "expired": ({"expiry"}, "expired on"),
    "not yet valid": ({"expiry"}, "valid only from"),
    "wrong host": ({"host_name"}, "is for other.example, not for localhost"),
    "self-signed": ({"chain"}, "self-signed certificate"),
    "unknown authority": ({"chain"}, "unable to get local issuer certificate"),
    "incomplete chain": ({"chain"}, "unable to get local issuer certificate"),
    "expired intermediate": ({"chain"}, "certificate has expired"),
    "signed by a leaf": ({"chain"}, "invalid CA certificate"),
    "weak key": ({"chain"}, "key too weak"),
    "revoked": (set(), ""),
}


@pytest.mark.parametrize("case", CASES)
def test_a_tls_monitor_names_what_is_wrong_and_nothing_else(probe, contexts, trusted, case):
    wrong, said = CASES[case]
    with tcp_server(hang, contexts[case]) as port:
        result = probe("tls", host="localhost", port=port, verify_with=trusted)
    assert {name for name, verdict in result.facts["verdicts"].items() if verdict != "ok"} == wrong
    assert (result.failure_class, result.objection) == (("tls", "SSL") if wrong else (None, None))
    assert said in result.detail
    assert result.certificate is not None


@pytest.mark.parametrize("case", CASES)
def test_an_http_monitor_fails_by_tls_and_still_reads_the_certificate(look, contexts, trusted, case):
    wrong, _ = CASES[case]
    with Target(contexts[case]) as server:
        result = look(server.url(host="localhost"), verify_with=trusted)
        relaxed = look(server.url(host="localhost"), verify_tls=False)
    assert result.failure_class == ("tls" if wrong else None), result.detail
    assert result.objection is None
    assert result.certificate is not None
    assert (relaxed.ok, relaxed.certificate) == (True, result.certificate)


@pytest.mark.parametrize("type", ["smtp", "imap", "redis", "websocket", "grpc"])
@pytest.mark.parametrize("case", [case for case, (wrong, _) in CASES.items() if wrong])
def test_no_type_speaks_to_a_server_that_it_cannot_trust(probe, contexts, trusted, type, case):
    heard = []
    settings = {"host": "localhost", "tls": "tls"}
    with tcp_server(lambda connection: heard.append(connection.recv(100)), contexts[case]) as port:
        if type == "websocket":
            result = probe(type, url=f"wss://localhost:{port}/", verify_with=trusted)
        else:
            result = probe(type, port=port, verify_with=trusted, **settings)
    assert result.failure_class == "tls", result.detail
    assert [data for data in heard if data] == []
