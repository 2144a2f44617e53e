"""Reads the certificate a server showed."""

import ssl
from collections.abc import Sequence
from hashlib import sha256
from ipaddress import ip_address

from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric import ec, rsa

from common.resolve import is_address
from monitors.probes.base import Certificate

Chain = Sequence[Sequence[tuple[str, str]]]
MOST_KEPT = 16_384  # a kilobyte each
_kept: dict[bytes, Certificate] = {}


def leaf_of(chain: Chain) -> Certificate | None:
    """Return the first certificate of libcurl's CERTINFO, or None when there is none or it cannot be read."""
    if not chain:
        return None
    pem = next((value for name, value in chain[0] if name == "Cert"), None)
    return None if pem is None else read_pem(pem)


def read_pem(pem: str) -> Certificate | None:
    """Read one PEM certificate; None when it is malformed."""
    try:
        return read_der(ssl.PEM_cert_to_DER_cert(pem))
    except ValueError:
        return None


def read_der(der: bytes) -> Certificate | None:
    """Read one DER certificate; None when it is malformed.

    Reading takes 0.2 ms and servers rarely change theirs, so what was read is kept by its digest.
    """
    digest = sha256(der).digest()
    known = _kept.get(digest)
    if known is None and (known := _read(der)) is not None:
        if len(_kept) >= MOST_KEPT:
            _kept.clear()  # checks come round and round: the oldest is the next to be asked for
        _kept[digest] = known
    return known


def _read(der: bytes) -> Certificate | None:
    try:
        leaf = x509.load_der_x509_certificate(der)
        return Certificate(
            subject=leaf.subject.rfc4514_string(),
            issuer=leaf.issuer.rfc4514_string(),
            names=_names(leaf),
            not_before=leaf.not_valid_before_utc,
            not_after=leaf.not_valid_after_utc,
            fingerprint=sha256(der).hexdigest(),
            serial=f"{leaf.serial_number:x}",
            key=_key(leaf),
        )
    except ValueError:
        return None


def _names(leaf: x509.Certificate) -> tuple[str, ...]:
    try:
        extension = leaf.extensions.get_extension_for_class(x509.SubjectAlternativeName)
    except (x509.ExtensionNotFound, x509.DuplicateExtension):
        return ()
    dns = extension.value.get_values_for_type(x509.DNSName)
    addresses = extension.value.get_values_for_type(x509.IPAddress)
    return (*dns, *(str(address) for address in addresses))


def _key(leaf: x509.Certificate) -> str:
    try:
        key = leaf.public_key()
    except (ValueError, UnsupportedAlgorithm):
        return "unknown"
    if isinstance(key, rsa.RSAPublicKey):
        return f"RSA {key.key_size}"
    if isinstance(key, ec.EllipticCurvePublicKey):
        return f"EC {key.curve.name}"
    return type(key).__name__.removesuffix("PublicKey").lstrip("_")


def covers(names: Sequence[str], host: str) -> bool:
    """Whether one of a certificate's names stands for `host` (RFC 9525): exactly, or by one leftmost `*` label."""
    wanted = _plain(host)
    if is_address(wanted):
        return any(is_address(name) and ip_address(name) == ip_address(wanted) for name in names)
    parent = wanted.partition(".")[2]
    patterns = {_plain(name) for name in names if not is_address(name)}
    return wanted in patterns or ("." in parent and f"*.{parent}" in patterns)


def _plain(name: str) -> str:
    return name.lower().removesuffix(".")
