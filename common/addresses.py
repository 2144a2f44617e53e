"""Which addresses an outgoing connection may dial."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from ipaddress import (
    IPv4Address,
    IPv4Network,
    IPv6Address,
    IPv6Network,
    ip_address,
    ip_network,
)

Address = IPv4Address | IPv6Address
Network = IPv4Network | IPv6Network


def _ranges(**kinds: str) -> tuple[tuple[Network, str], ...]:
    return tuple(
        (ip_network(network), kind.replace("_", " "))
        for kind, networks in kinds.items()
        for network in networks.split()
    )


# Never somebody's service: refused even where private ranges are allowed. The metadata addresses are those of
# AWS, GCP, Azure and OpenStack, AWS over IPv6, Alibaba, Oracle, and Azure's wire server.
_NEVER = _ranges(
    a_metadata_address=("169.254.169.254/32 fd00:ec2::254/128 100.100.100.200/32 192.0.0.192/32 168.63.129.16/32"),
    an_unspecified_address="0.0.0.0/8 ::/128",
    a_multicast_address="224.0.0.0/4 ff00::/8",
    a_reserved_address="240.0.0.0/4",
)
_PRIVATE = _ranges(
    a_loopback_address="127.0.0.0/8 ::1/128",
    a_private_address="10.0.0.0/8 172.16.0.0/12 192.168.0.0/16 fc00::/7 fec0::/10",
    a_link_local_address="169.254.0.0/16 fe80::/10",
    a_shared_carrier_address="100.64.0.0/10",
    a_benchmark_address="198.18.0.0/15 2001:2::/48",
    a_documentation_address="192.0.2.0/24 198.51.100.0/24 203.0.113.0/24 2001:db8::/32 3fff::/20",
    a_reserved_address="192.0.0.0/24 192.88.99.0/24 64:ff9b:1::/48 100::/64 2001::/23 5f00::/16",
)
_NAT64 = IPv6Network("64:ff9b::/96")
_IPV4_COMPATIBLE = IPv6Network("::/96")


@dataclass(frozen=True, slots=True)
class AddressPolicy:
    """Judges addresses before they are dialled.

    Without `allow_private` only public addresses pass. With it (the embedded default: a person watches their
    own machine) loopback, private, link-local and the other local ranges pass too. Metadata services,
    multicast, unspecified and reserved addresses pass only when `allowed_networks` lists them.
    """

    allow_private: bool = False
    allowed_networks: Sequence[Network] = ()

    def __post_init__(self) -> None:
        object.__setattr__(self, "allowed_networks", tuple(self.allowed_networks))

    def refuse_reason(self, address: str) -> str | None:
        """Return why `address` must not be dialled ("10.0.0.1 is a private address"), or None."""
        return _refuse_reason(self, address)


@lru_cache(maxsize=16_384)
def _refuse_reason(policy: AddressPolicy, text: str) -> str | None:
    try:
        address = ip_address(text.partition("%")[0])
    except ValueError:
        return f"{text[:80]} is not an IP address"
    if _listed(address, policy.allowed_networks):
        return None
    for face in _faces(address):
        kind = _kind(face, policy)
        if kind is not None:
            return f"{text} is {kind}" if face == address else f"{text} leads to {face}, {kind}"
    return None


def _kind(address: Address, policy: AddressPolicy) -> str | None:
    if _listed(address, policy.allowed_networks):
        return None
    for network, kind in _NEVER if policy.allow_private else _NEVER + _PRIVATE:
        if address in network:
            return kind
    # A backstop for ranges IANA sets aside after this list was written.
    return None if policy.allow_private or address.is_global else "a reserved address"


def _faces(address: Address) -> Iterator[Address]:
    """The addresses a packet to `address` ends at: of a mapped or tunnelled one, those inside."""
    if isinstance(address, IPv4Address):
        yield address
    elif address.ipv4_mapped is not None:
        yield address.ipv4_mapped
    elif address in _NAT64 or (address in _IPV4_COMPATIBLE and int(address) > 1):
        yield IPv4Address(int(address) & 0xFFFF_FFFF)
    elif address.sixtofour is not None:
        yield address.sixtofour
    elif address.teredo is not None:
        yield from address.teredo
    else:
        yield address


def _listed(address: Address, networks: Sequence[Network]) -> bool:
    return any(address in network for network in networks)
