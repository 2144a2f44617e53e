"""Bytes written as text: what a TCP or UDP monitor sends and expects."""

import re

_ESCAPE = re.compile(rb"\\(?:x([0-9A-Fa-f]{2})|(.)|$)", re.DOTALL)
_MEANT = {b"r": b"\r", b"n": b"\n", b"t": b"\t", b"0": b"\0", b"\\": b"\\"}


def unescape(text: str) -> bytes:
    r"""Return `text` in UTF-8 with \r, \n, \t, \0, \\ and \xNN as the bytes they mean; others stay as they are."""
    return _ESCAPE.sub(_meaning, text.encode("utf-8", "replace"))


def _meaning(match: re.Match[bytes]) -> bytes:
    if match[1]:
        return bytes([int(match[1], 16)])
    return _MEANT.get(match[2] or b"", match[0])
