"""The address of whoever asks, believing `X-Forwarded-For` from our own proxies only."""

from collections.abc import Sequence
from ipaddress import IPv4Network, IPv6Address, IPv6Network, ip_address

from django.conf import settings
from django.http import HttpRequest


def client_address(request: HttpRequest) -> str | None:
    """The client's address, or None when the server does not know it (a Unix socket)."""
    forwarded = request.headers.get("X-Forwarded-For", "")
    return resolve_client(request.META.get("REMOTE_ADDR", ""), forwarded, settings.TRUSTED_PROXIES)


def resolve_client(peer: str, forwarded: str, trusted: Sequence[IPv4Network | IPv6Network]) -> str | None:
    """From the peer leftwards through `X-Forwarded-For`, the first address that is not a trusted proxy's.

    A hop that is no address ends the walk: what stands left of it is anybody's word.
    """
    current = _plain(peer)
    for hop in reversed(forwarded.split(",")) if forwarded else ():
        if current is None or not _is_trusted(current, trusted):
            break
        before = _plain(hop.strip())
        if before is None:
            break
        current = before
    return current


def _plain(text: str) -> str | None:
    try:
        address = ip_address(text.strip("[]"))
    except ValueError:
        return None
    if isinstance(address, IPv6Address):
        return str(address.ipv4_mapped or address).partition("%")[0]
    return str(address)


def _is_trusted(address: str, trusted: Sequence[IPv4Network | IPv6Network]) -> bool:
    own = ip_address(address)
    return any(own.version == network.version and own in network for network in trusted)
