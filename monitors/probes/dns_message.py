"""DNS messages (RFC 1035, EDNS of RFC 6891): a question in, the records of an answer out; pure."""

import struct
from dataclasses import dataclass

TYPES = {
    "A": 1, "NS": 2, "CNAME": 5, "SOA": 6, "PTR": 12, "MX": 15, "TXT": 16, "AAAA": 28, "SRV": 33, "CAA": 257,
}  # fmt: skip
_OPT, _IN = 41, 1
_RESPONSE, _TRUNCATED, _RECURSE, _AUTHENTIC = 0x8000, 0x0200, 0x0100, 0x0020
_DNSSEC_OK = 0x8000
UDP_BYTES = 1_232  # fits every path without fragments (DNS flag day 2020)
_MOST_RECORDS = 500
_MOST_JUMPS = 32
CODES = {
    1: "it could not read the question",
    2: "it failed (SERVFAIL)",
    3: "the name does not exist (NXDOMAIN)",
    4: "it does not do that",
    5: "it refused (REFUSED)",
}


class BadMessage(ValueError):
    """Bytes are no DNS message, or not the answer to our question."""


@dataclass(frozen=True, slots=True)
class Record:
    """One resource record; `data` lies in `message` from `start` to `end`, since names in it may point back."""

    name: str
    type: int
    ttl: int
    message: bytes
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class Reply:
    """What a server said."""

    code: int
    truncated: bool
    authentic: bool  # the resolver says that it has validated the answer (RFC 4035 section 3.2.3)
    answers: tuple[Record, ...]


def question(number: int, name: str, type_code: int, *, dnssec: bool) -> bytes:
    """A query for one name. Raises BadMessage when the name cannot be asked for."""
    flags = _RECURSE | (_AUTHENTIC if dnssec else 0)
    head = struct.pack(">HHHHHH", number, flags, 1, 0, 0, 1)
    options = struct.pack(">BHHIH", 0, _OPT, UDP_BYTES, _DNSSEC_OK if dnssec else 0, 0)
    return head + _encoded(name) + struct.pack(">HH", type_code, _IN) + options


def _encoded(name: str) -> bytes:
    labels = [label.encode("ascii", "replace") for label in name.removesuffix(".").split(".") if name != "."]
    if any(not 0 < len(label) < 64 for label in labels) or sum(len(label) + 1 for label in labels) > 254:
        raise BadMessage(f"{name[:80]!r} is not a name that can be asked for.")
    return b"".join(bytes([len(label)]) + label for label in labels) + b"\0"


def read_reply(message: bytes, asked: bytes) -> Reply:
    """Read the answer to `asked`. Raises BadMessage when it is not one."""
    try:
        return _read(message, asked)
    except (struct.error, IndexError, UnicodeError) as error:
        raise BadMessage("The answer cannot be read.") from error


def _read(message: bytes, asked: bytes) -> Reply:
    _number, flags, questions, answers, _, _ = struct.unpack_from(">HHHHHH", message)
    if message[:2] != asked[:2] or not flags & _RESPONSE:
        raise BadMessage("The answer is to another question.")
    position = 12
    for _ in range(questions):
        name, position = read_name(message, position)
        if questions != 1 or not _same_question(name, message[position : position + 4], asked):
            raise BadMessage("The answer is to another question.")
        position += 4
    records: list[Record] = []
    for _ in range(min(answers, _MOST_RECORDS)):
        name, position = read_name(message, position)
        kind, group, ttl, size = struct.unpack_from(">HHIH", message, position)
        position += 10
        if position + size > len(message):
            raise BadMessage("The answer is cut off.")
        if group == _IN:
            records.append(Record(name, kind, ttl, message, position, position + size))
        position += size
    return Reply(flags & 0xF, bool(flags & _TRUNCATED), bool(flags & _AUTHENTIC), tuple(records))


def _same_question(name: str, rest: bytes, asked: bytes) -> bool:
    asked_name, end = read_name(asked, 12)
    return asked_name.lower() == name.lower() and asked[end : end + 4] == rest


def read_name(message: bytes, position: int) -> tuple[str, int]:
    """The name at `position`, without its last dot, and where what follows begins. Raises BadMessage."""
    labels: list[str] = []
    end, length, jumps = 0, 0, 0
    while size := message[position]:
        if size >= 0xC0:
            end = end or position + 2
            target = struct.unpack_from(">H", message, position)[0] & 0x3FFF
            # Pointers lead back only, so that no message can make a reader go round in circles.
            jumps += 1
            if target >= position or jumps > _MOST_JUMPS:
                raise BadMessage("A name in the answer leads nowhere.")
            position = target
            continue
        length += size + 1
        if size > 63 or length > 254 or position + 1 + size > len(message):
            raise BadMessage("A name in the answer is too long.")
        labels.append(_shown(message[position + 1 : position + 1 + size]))
        position += size + 1
    return ".".join(labels) or ".", end or position + 1


def _shown(label: bytes) -> str:
    """A label as zone files write it (RFC 1035 section 5.1)."""
    return "".join(
        f"\\{chr(byte)}" if byte in b'."\\;()@$' else chr(byte) if 33 <= byte <= 126 else f"\\{byte:03d}"
        for byte in label
    )
