"""How secrets of applications are kept: salted SHA-256, for they are 128 random characters that nobody can guess."""

import hashlib
from typing import Any

from django.contrib.auth.hashers import BasePasswordHasher
from django.utils.crypto import constant_time_compare


class ClientSecretHasher(BasePasswordHasher):
    """Fast on purpose: a slow hash protects words that people choose, and costs 0.3 s of CPU a token here."""

    algorithm = "client_secret_sha256"

    def encode(self, password: str, salt: str) -> str:
        hashed = hashlib.sha256(f"{salt}{password}".encode()).hexdigest()
        return f"{self.algorithm}${salt}${hashed}"

    def decode(self, encoded: str) -> dict[str, Any]:
        algorithm, salt, hashed = encoded.split("$", 2)
        return {"algorithm": algorithm, "salt": salt, "hash": hashed}

    def verify(self, password: str, encoded: str) -> bool:
        return constant_time_compare(encoded, self.encode(password, self.decode(encoded)["salt"]))

    def safe_summary(self, encoded: str) -> Any:
        return {"algorithm": self.algorithm}

    def must_update(self, encoded: str) -> bool:
        return False

    def harden_runtime(self, password: str, encoded: str) -> None:
        """Nothing to even out: there is one cost only."""
