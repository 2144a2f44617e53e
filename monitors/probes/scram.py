"""The client's side of SCRAM-SHA-256 (RFC 5802, RFC 7677), without channel binding."""

import base64
import hashlib
import hmac
import secrets
import unicodedata
from collections.abc import Generator
from typing import Any

from monitors.probes.operations import Aside, Operation
from monitors.probes.sql_answer import SqlError

# The work is the server's to choose; more of it than this is not for a check.
_MOST_ITERATIONS = 100_000
_HEADER = b"n,,"


class Scram:
    """One proof: send `first`, then `answer` to the server's challenge, then `check` what it says last."""

    def __init__(self, password: str, username: str = "", nonce: bytes = b"") -> None:
        """PostgreSQL knows the user already, so `username` may be empty; `nonce` is random unless given."""
        self._password = unicodedata.normalize("NFKC", password).encode()
        self._nonce = nonce or base64.b64encode(secrets.token_bytes(18))
        self._bare = b"n=" + username.encode() + b",r=" + self._nonce
        self._signature = b""
        self.first = _HEADER + self._bare
        self.is_proved = False  # that the server knows the password too

    def answer(self, challenge: bytes) -> Generator[Operation, Any, bytes]:
        """The final message. Raises SqlError when the challenge is not one."""
        parts = _parts(challenge)
        try:
            nonce, salt = parts[b"r"], base64.b64decode(parts[b"s"], validate=True)
            iterations = int(parts[b"i"])
        except (KeyError, ValueError) as error:
            raise SqlError("its challenge cannot be read") from error
        if not nonce.startswith(self._nonce) or not 1 <= iterations <= _MOST_ITERATIONS:
            raise SqlError("its challenge is not acceptable")
        salted: bytes = yield Aside(lambda: hashlib.pbkdf2_hmac("sha256", self._password, salt, iterations))
        without_proof = b"c=" + base64.b64encode(_HEADER) + b",r=" + nonce
        signed = b",".join((self._bare, challenge, without_proof))
        client_key = _hmac(salted, b"Client Key")
        proof = bytes(a ^ b for a, b in zip(client_key, _hmac(_sha256(client_key), signed), strict=True))
        self._signature = _hmac(_hmac(salted, b"Server Key"), signed)
        return without_proof + b",p=" + base64.b64encode(proof)

    def check(self, final: bytes) -> None:
        """Take the server's own proof. Raises SqlError when it is none."""
        given = _parts(final).get(b"v", b"")
        if not self._signature or not hmac.compare_digest(given, base64.b64encode(self._signature)):
            raise SqlError("it did not prove that it knows the password")
        self.is_proved = True


def _parts(message: bytes) -> dict[bytes, bytes]:
    return {part[:1]: part[2:] for part in message.split(b",")}


def _hmac(key: bytes, data: bytes) -> bytes:
    return hmac.digest(key, data, "sha256")


def _sha256(data: bytes) -> bytes:
    return hashlib.sha256(data).digest()
