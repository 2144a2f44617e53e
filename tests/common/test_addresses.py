"""Every range and every disguise an address may come in."""

from ipaddress import ip_address, ip_network

import pytest
from hypothesis import given
from hypothesis import strategies as st

from common.addresses import AddressPolicy

PUBLIC = AddressPolicy()
LOCAL = AddressPolicy(allow_private=True)

PRIVATE = [
    "127.0.0.1",
    "127.255.255.254",
    "::1",
    "10.0.0.1",
    "172.16.0.1",
    "172.31.255.255",
    "192.168.1.1",
    "169.254.1.1",
    "fe80::1",
    "fe80::1%eth0",
    "fd00::1",
    "fec0::1",
    "100.64.0.1",
    "198.18.0.1",
    "192.0.2.1",
    "198.51.100.1",
    "203.0.113.1",
    "2001:db8::1",
    "192.0.0.1",
    "192.88.99.1",
    "64:ff9b:1::1",
    "100::1",
]
NEVER = [
    "0.0.0.0",
    "0.1.2.3",
    "::",
    "224.0.0.1",
    "239.255.255.255",
    "ff02::1",
    "255.255.255.255",
    "240.0.0.1",
    "169.254.169.254",
    "fd00:ec2::254",
    "100.100.100.200",
    "168.63.129.16",
    "::ffff:169.254.169.254",
]
DISGUISED_LOOPBACK = [
    "::ffff:127.0.0.1",
    "64:ff9b::7f00:1",
    "64:ff9b::127.0.0.1",
    "2002:7f00:1::",
    "::127.0.0.1",
    # Teredo: the client's address is stored inverted.
    "2001:0:808:808:0:0:80ff:fffe",
]


@pytest.mark.parametrize("address", PRIVATE + NEVER + DISGUISED_LOOPBACK)
def test_a_public_policy_refuses_all_that_is_not_public(address):
    assert PUBLIC.refuse_reason(address)


@pytest.mark.parametrize(
    "address",
    ["8.8.8.8", "1.1.1.1", "2606:4700::1111", "64:ff9b::808:808", "::ffff:8.8.8.8", "2002:808:808::1"],
)
def test_public_addresses_pass_in_whatever_form(address):
    assert PUBLIC.refuse_reason(address) is None


@pytest.mark.parametrize("address", PRIVATE + DISGUISED_LOOPBACK)
def test_the_embedded_default_allows_ones_own_machine_and_network(address):
    assert LOCAL.refuse_reason(address) is None


@pytest.mark.parametrize("address", NEVER)
def test_metadata_multicast_and_unspecified_stay_refused_with_private_allowed(address):
    assert LOCAL.refuse_reason(address)


@pytest.mark.parametrize("address", [*PRIVATE, *NEVER])
def test_a_listed_network_is_allowed_whatever_it_is(address):
    plain = address.partition("%")[0]
    assert AddressPolicy(allowed_networks=[ip_network(plain)]).refuse_reason(address) is None


def test_a_listed_ipv4_network_covers_its_mapped_form():
    policy = AddressPolicy(allowed_networks=[ip_network("10.1.0.0/16")])
    assert policy.refuse_reason("::ffff:10.1.2.3") is None
    assert policy.refuse_reason("::ffff:10.2.2.3")


def test_the_reason_names_the_kind_and_what_is_behind_a_disguise():
    assert PUBLIC.refuse_reason("10.0.0.1") == "10.0.0.1 is a private address"
    assert PUBLIC.refuse_reason("::ffff:127.0.0.1") == "::ffff:127.0.0.1 leads to 127.0.0.1, a loopback address"


@pytest.mark.parametrize("text", ["", "localhost", "1.2.3", "0x7f.0.0.1", "2130706433", "1.2.3.4 ", "[::1]"])
def test_what_is_no_plain_address_is_refused(text):
    assert PUBLIC.refuse_reason(text)
    assert LOCAL.refuse_reason(text)


@given(st.ip_addresses(v=4))
def test_a_mapped_address_is_judged_as_what_it_maps(address):
    mapped = str(ip_address(f"::ffff:{address}"))
    assert bool(PUBLIC.refuse_reason(mapped)) == bool(PUBLIC.refuse_reason(str(address)))


@given(st.ip_addresses())
def test_nothing_that_python_calls_private_passes_a_public_policy(address):
    if not address.is_global and not getattr(address, "ipv4_mapped", None):
        assert PUBLIC.refuse_reason(str(address))
