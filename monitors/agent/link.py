"""The agent's line to the platform: JSON over HTTPS, one kept connection, each answer or failure by its name."""

import http.client
import json
import ssl
from ipaddress import ip_address
from typing import Any
from urllib.parse import urlsplit

from common.curl import ca_file
from common.version import VERSION

MOST_ANSWER_BYTES = 64 * 1024 * 1024


class LinkDown(Exception):
    """No answer, or one that may be another next time."""


class TokenRefused(Exception):
    """The platform does not take this token (401, 403)."""


class BatchRefused(Exception):
    """The platform will never take this body (another 4xx)."""


class Link:
    """POSTs to `url`; for one thread. Raises ValueError for an address that would show secrets to the network."""

    def __init__(self, url: str, token: str) -> None:
        parts = urlsplit(url)
        if parts.scheme not in ("https", "http") or not parts.hostname:
            raise ValueError(f"{url!r} is no https:// address.")
        if parts.scheme == "http" and not _is_loopback(parts.hostname):
            raise ValueError(f"{url!r} is not encrypted: secrets of monitors travel over https only.")
        self._host, self._port, self._path = parts.hostname, parts.port, parts.path.rstrip("/")
        self._is_secure = parts.scheme == "https"
        self._headers = {
            "Authorization": f"Bearer {token}",
            "Content-Type": "application/json",
            "User-Agent": f"websignal-agent/{VERSION}",
        }
        self._connection: http.client.HTTPConnection | None = None

    def post(self, path: str, body: bytes, *, timeout_seconds: float, is_gzip: bool = False) -> dict[str, Any]:
        """The answer's JSON. Raises LinkDown, TokenRefused or BatchRefused."""
        headers = self._headers | ({"Content-Encoding": "gzip"} if is_gzip else {})
        try:
            connection = self._open(timeout_seconds)
            connection.request("POST", self._path + path, body, headers)
            answer = connection.getresponse()
            content = answer.read(MOST_ANSWER_BYTES)
        except (OSError, http.client.HTTPException) as error:
            self.close()
            raise LinkDown(f"{type(error).__name__}: {error}") from error
        return self._judged(answer.status, content)

    def close(self) -> None:
        """The next call connects anew."""
        if self._connection is not None:
            self._connection.close()
            self._connection = None

    def _open(self, timeout_seconds: float) -> http.client.HTTPConnection:
        if self._connection is None:
            self._connection = self._connect(timeout_seconds)
        self._connection.timeout = timeout_seconds
        if self._connection.sock is not None:
            self._connection.sock.settimeout(timeout_seconds)
        return self._connection

    def _connect(self, timeout_seconds: float) -> http.client.HTTPConnection:
        if not self._is_secure:
            return http.client.HTTPConnection(self._host, self._port, timeout=timeout_seconds)
        context = ssl.create_default_context(cafile=ca_file())
        return http.client.HTTPSConnection(self._host, self._port, timeout=timeout_seconds, context=context)

    def _judged(self, status: int, content: bytes) -> dict[str, Any]:
        if status in (401, 403):
            raise TokenRefused(_detail(content) or f"status {status}")
        if 400 <= status < 500 and status not in (404, 408, 429):
            raise BatchRefused(_detail(content) or f"status {status}")
        if status != 200:
            raise LinkDown(f"status {status}")
        try:
            found: dict[str, Any] = json.loads(content)
        except ValueError as error:
            raise LinkDown("the answer is no JSON") from error
        return found


def _detail(content: bytes) -> str:
    try:
        return str(json.loads(content)["detail"])
    except (ValueError, KeyError, TypeError):
        return ""


def _is_loopback(host: str) -> bool:
    try:
        return host == "localhost" or ip_address(host).is_loopback
    except ValueError:
        return False
