"""SSH's wire format and key exchange (RFC 4253, RFC 8731), as far as learning a server's host key needs; pure."""

import base64
import hashlib
import secrets
import struct
from collections.abc import Callable
from dataclasses import dataclass

from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, padding, rsa
from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey, X25519PublicKey
from cryptography.hazmat.primitives.hashes import SHA256, SHA384, SHA512, HashAlgorithm
from cryptography.hazmat.primitives.serialization import load_ssh_public_key

KEXINIT, ECDH_INIT, ECDH_REPLY = 20, 30, 31
_EXCHANGES = ("curve25519-sha256", "curve25519-sha256@libssh.org")
KEY_TYPES = {
    "ed25519": ("ssh-ed25519",),
    "ecdsa": ("ecdsa-sha2-nistp256", "ecdsa-sha2-nistp384", "ecdsa-sha2-nistp521"),
    "rsa": ("rsa-sha2-512", "rsa-sha2-256"),
}
_CIPHERS = "aes128-ctr,aes256-ctr,aes128-gcm@openssh.com,aes256-gcm@openssh.com,chacha20-poly1305@openssh.com"
_MACS = "hmac-sha2-256,hmac-sha2-512,hmac-sha2-256-etm@openssh.com,hmac-sha2-512-etm@openssh.com"
_RSA_HASHES: dict[str, Callable[[], HashAlgorithm]] = {"rsa-sha2-256": SHA256, "rsa-sha2-512": SHA512}
_EC_HASHES: dict[str, Callable[[], HashAlgorithm]] = {"secp256r1": SHA256, "secp384r1": SHA384, "secp521r1": SHA512}
# A modulus of 16,384 bits; verifying a larger one would take long.
_MOST_KEY_BYTES = 2_200


class BadExchange(ValueError):
    """The server does not speak SSH as it should, or not with the key it shows; the message says which."""


@dataclass(frozen=True, slots=True)
class HostKey:
    """A public key that the server has proved to hold."""

    type: str
    fingerprint: str  # SHA256:<base64 without padding>, as ssh-keygen -l prints it


def string(data: bytes) -> bytes:
    """A byte string with its length before it."""
    return struct.pack(">I", len(data)) + data


def packet(payload: bytes) -> bytes:
    """A packet as it is sent before encryption begins (RFC 4253 section 6)."""
    pad = 8 - (len(payload) + 5) % 8
    pad += 8 if pad < 4 else 0
    return struct.pack(">IB", len(payload) + pad + 1, pad) + payload + bytes(pad)


class Reader:
    """Takes fields off a payload. Raises BadExchange when it is too short."""

    def __init__(self, data: bytes) -> None:
        self._rest = data

    def take(self, size: int) -> bytes:
        """The next `size` bytes."""
        if len(self._rest) < size:
            raise BadExchange("a message is cut off")
        taken, self._rest = self._rest[:size], self._rest[size:]
        return taken

    def string(self) -> bytes:
        """The next byte string."""
        return self.take(int.from_bytes(self.take(4)))

    def names(self) -> list[str]:
        """The next list of names."""
        return self.string().decode("ascii", "replace").split(",")


class Exchange:
    """The client's side of one key exchange: send `offer`, hear the server's, send `begin`, judge the reply."""

    def __init__(self, our_version: bytes, their_version: bytes, key_type: str | None) -> None:
        wanted = KEY_TYPES[key_type] if key_type else tuple(name for names in KEY_TYPES.values() for name in names)
        lists = [",".join(_EXCHANGES), ",".join(wanted), *[_CIPHERS] * 2, *[_MACS] * 2, *["none"] * 2, "", ""]
        body = b"".join(string(one.encode()) for one in lists)
        self.offer = bytes([KEXINIT]) + secrets.token_bytes(16) + body + bytes(5)
        self._versions = string(our_version) + string(their_version)
        self._wanted = wanted
        self._theirs = b""
        self._private = X25519PrivateKey.generate()
        self._public = self._private.public_key().public_bytes_raw()

    def hear_offer(self, payload: bytes) -> bool:
        """Take the server's KEXINIT. Returns whether a wrong guess follows, to be skipped (section 7.1)."""
        reader = Reader(payload)
        reader.take(17)
        lists = [reader.names() for _ in range(10)]
        follows = reader.take(1) != b"\0"
        exchange = next((name for name in _EXCHANGES if name in lists[0]), None)
        key = next((name for name in self._wanted if name in lists[1]), None)
        if exchange is None:
            raise BadExchange(f"it offers no key exchange of ours, but {', '.join(lists[0])[:200]}")
        if key is None:
            raise BadExchange(f"it has no host key of the type asked for, but {', '.join(lists[1])[:200]}")
        self._theirs = payload
        return follows and (lists[0][0], lists[1][0]) != (exchange, key)

    @property
    def begin(self) -> bytes:
        """Our half of the secret."""
        return bytes([ECDH_INIT]) + string(self._public)

    def host_key(self, payload: bytes) -> HostKey:
        """Take the server's reply and return the key it has proved to hold. Raises BadExchange."""
        reader = Reader(payload)
        reader.take(1)
        key, their_public, signature = reader.string(), reader.string(), reader.string()
        if len(key) > _MOST_KEY_BYTES:
            raise BadExchange("its host key is larger than a check reads")
        try:
            secret = self._private.exchange(X25519PublicKey.from_public_bytes(their_public))
            hashed = self._hash(key, their_public, secret)
            kind = Reader(key).string().decode("ascii")
            _verify(kind, key, signature, hashed)
        except (ValueError, UnsupportedAlgorithm, InvalidSignature) as error:
            raise BadExchange("it did not prove that the host key is its own") from error
        digest = base64.b64encode(hashlib.sha256(key).digest()).decode().rstrip("=")
        return HostKey(kind, f"SHA256:{digest}")

    def _hash(self, key: bytes, their_public: bytes, secret: bytes) -> bytes:
        """RFC 5656 section 4; the secret as a number, without leading zeros."""
        number = secret.lstrip(b"\0")
        number = b"\0" + number if number[:1] >= b"\x80" else number
        parts = (self.offer, self._theirs, key, self._public, their_public, number)
        return hashlib.sha256(self._versions + b"".join(map(string, parts))).digest()


def _verify(kind: str, blob: bytes, signature: bytes, hashed: bytes) -> None:
    reader = Reader(signature)
    algorithm, signed = reader.string().decode("ascii"), reader.string()
    key = load_ssh_public_key(kind.encode() + b" " + base64.b64encode(blob))
    if isinstance(key, ed25519.Ed25519PublicKey):
        key.verify(signed, hashed)
    elif isinstance(key, rsa.RSAPublicKey) and algorithm in _RSA_HASHES:
        key.verify(signed, hashed, padding.PKCS1v15(), _RSA_HASHES[algorithm]())
    elif isinstance(key, ec.EllipticCurvePublicKey):
        numbers = Reader(signed)
        r, s = int.from_bytes(numbers.string()), int.from_bytes(numbers.string())
        key.verify(encode_dss_signature(r, s), hashed, ec.ECDSA(_EC_HASHES[key.curve.name]()))
    else:
        raise BadExchange("its host key is of a type that is not read here")
