"""A name that means something else between being asked for and being dialled, or at the next look (DNS rebinding)."""

from dataclasses import replace
from ipaddress import ip_network
from urllib.parse import quote

import pytest

from common.addresses import AddressPolicy
from tests.monitors.probes.name_server import address, name_server, record, reply
from tests.monitors.probes.scripted import tcp_server
from tests.targets import Target

GOOD, BAD = "127.0.0.2", "127.0.0.3"
ONLY_GOOD = AddressPolicy(allowed_networks=[ip_network(f"{GOOD}/32")])


@pytest.fixture
def turncoat():
    """A name server whose name is what `says` holds next, its last word for good; without time to live."""

    class Turncoat:
        def __init__(self):
            self.says, self.asked = [GOOD, BAD], 0

        def answer(self, asked):
            end = asked.index(b"\0", 12)
            if asked[end + 1 : end + 3] != b"\0\1":
                return [reply(asked)]
            self.asked += 1
            said = self.says.pop(0) if len(self.says) > 1 else self.says[0]
            return [reply(asked, record("A", address(said), ttl=0))]

    running = Turncoat()
    with name_server(running.answer) as running.address:
        yield running


@pytest.fixture
def both():
    """What is to be reached and what is not, on one port of two addresses."""
    with Target(host=GOOD) as good:
        bad = Target(host=BAD)
        bad.port = good.port
        with bad:
            yield good, bad


def test_the_address_that_was_judged_is_the_one_dialled(engine, store, check, turncoat, both):
    good, bad = both
    store.add(check(good.url(host="shop.test")))
    engine(policy=ONLY_GOOD, nameservers=[turncoat.address])
    result = store.wait_results(1)[0]
    assert (result.ok, result.address, len(good.requests)) == (True, GOOD, 1), result.detail
    assert bad.requests == []


def test_a_second_look_asks_again_and_judges_again(engine, store, check, turncoat, both):
    good, bad = both
    good.behave("/", "status/500")
    store.add(check(good.url(host="shop.test"), second_look=True))
    engine(policy=ONLY_GOOD, nameservers=[turncoat.address])
    result = store.wait_results(1)[0]
    assert (result.first_look, result.failure_class) == ("http_status", "blocked")
    assert (turncoat.asked, bad.requests) == (2, [])


def test_a_redirect_to_a_name_that_means_a_private_address_is_blocked(engine, store, check, turncoat, both):
    good, bad = both
    turncoat.says = [BAD]
    inner = quote(bad.url(host="inner.test"), safe="")
    store.add(check(f"http://{GOOD}:{good.port}/redirect/302/{inner}"))
    engine(policy=ONLY_GOOD, nameservers=[turncoat.address])
    result = store.wait_results(1)[0]
    assert (result.failure_class, result.redirects[0], bad.requests) == ("blocked", bad.url(host="inner.test"), [])


def test_of_several_addresses_only_the_allowed_are_dialled(engine, store, check, both):
    good, bad = both

    def answers(asked):
        return [reply(asked, *(record("A", address(one)) for one in (BAD, GOOD, "169.254.169.254")))]

    with name_server(answers) as resolver:
        store.add(check(good.url(host="shop.test")))
        engine(policy=ONLY_GOOD, nameservers=[resolver])
        result = store.wait_results(1)[0]
    assert (result.ok, result.address, bad.requests) == (True, GOOD, []), result.detail


@pytest.mark.parametrize(
    ("type", "settings"),
    [("tcp", {}), ("udp", {"send": "x"}), ("tls", {}), ("smtp", {"tls": "none"}), ("imap", {"tls": "none"}),
     ("redis", {}), ("ssh", {}), ("sql", {"engine": "postgresql", "username": "u"}), ("grpc", {"tls": "none"})],
)  # fmt: skip
def test_no_type_dials_what_its_name_means_now(engine, store, check, turncoat, type, settings):
    turncoat.says = [BAD]
    heard = []
    with tcp_server(heard.append) as port:
        one = check("http://never.test/")
        store.add(replace(one, type=type, settings={"host": "a.test", "port": port} | settings))
        engine(policy=ONLY_GOOD, nameservers=[turncoat.address])
        result = store.wait_results(1)[0]
    assert (result.failure_class, heard) == ("blocked", []), result.detail
