"""Resource records as text, each in the form that zone files use; pure."""

import struct
from collections.abc import Callable, Sequence
from ipaddress import IPv4Address, IPv6Address

from monitors.probes.dns_message import TYPES, BadMessage, Record, Reply, read_name

_MOST_ALIASES = 16


def texts_of(reply: Reply, type_name: str, name: str) -> list[str]:
    """The answer's records of the asked type and name, aliases followed, sorted. Raises BadMessage."""
    owners = _owners(reply, name, follow=type_name != "CNAME")
    wanted = TYPES[type_name]
    found = {_text(record) for record in reply.answers if record.type == wanted and record.name.lower() in owners}
    return sorted(found)


def _owners(reply: Reply, name: str, *, follow: bool) -> set[str]:
    """The name asked for and those it is an alias of (RFC 1034 section 3.6.2)."""
    aliases = {record.name.lower(): record for record in reply.answers if record.type == TYPES["CNAME"]}
    owners = {name.lower().removesuffix(".") or "."}
    current = next(iter(owners))
    for _ in range(_MOST_ALIASES if follow else 0):
        if current not in aliases:
            break
        current = _text(aliases[current]).lower()
        owners.add(current)
    return owners


def _text(record: Record) -> str:
    try:
        return _FORMS[record.type](record)
    except (struct.error, IndexError, ValueError) as error:
        raise BadMessage("A record of the answer cannot be read.") from error


def _data(record: Record) -> bytes:
    return record.message[record.start : record.end]


def _name(record: Record) -> str:
    return read_name(record.message, record.start)[0]


def _mx(record: Record) -> str:
    (preference,) = struct.unpack_from(">H", record.message, record.start)
    return f"{preference} {read_name(record.message, record.start + 2)[0]}"


def _srv(record: Record) -> str:
    priority, weight, port = struct.unpack_from(">HHH", record.message, record.start)
    return f"{priority} {weight} {port} {read_name(record.message, record.start + 6)[0]}"


def _soa(record: Record) -> str:
    server, position = read_name(record.message, record.start)
    mailbox, position = read_name(record.message, position)
    numbers = struct.unpack_from(">IIIII", record.message, position)
    return " ".join([server, mailbox, *map(str, numbers)])


def _txt(record: Record) -> str:
    """The strings of one record joined, as SPF and DKIM read them (RFC 7208 section 3.3)."""
    data, position, parts = _data(record), 0, []
    while position < len(data):
        size = data[position]
        parts.append(data[position + 1 : position + 1 + size])
        position += 1 + size
    return b"".join(parts).decode("utf-8", "backslashreplace")


def _caa(record: Record) -> str:
    data = _data(record)
    flags, size = data[0], data[1]
    tag, value = data[2 : 2 + size], data[2 + size :]
    return f'{flags} {tag.decode("ascii", "replace")} "{value.decode("utf-8", "backslashreplace")}"'


_FORMS: dict[int, Callable[[Record], str]] = {
    TYPES["A"]: lambda record: str(IPv4Address(_data(record))),
    TYPES["AAAA"]: lambda record: str(IPv6Address(_data(record))),
    TYPES["CNAME"]: _name,
    TYPES["NS"]: _name,
    TYPES["PTR"]: _name,
    TYPES["MX"]: _mx,
    TYPES["TXT"]: _txt,
    TYPES["SOA"]: _soa,
    TYPES["SRV"]: _srv,
    TYPES["CAA"]: _caa,
}


def same(expected: Sequence[str], found: Sequence[str], type_name: str) -> bool:
    """Whether two sets of records are one; case and a last dot matter only in texts."""
    if type_name in ("TXT", "CAA"):
        return set(expected) == set(found)
    return {_plain(text) for text in expected} == {_plain(text) for text in found}


def _plain(text: str) -> str:
    words = text.lower().split()
    try:
        return str(IPv6Address(words[0]))
    except (ValueError, IndexError):
        return " ".join(word.removesuffix(".") or "." for word in words)
