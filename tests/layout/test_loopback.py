"""Tests reach this machine only, and this proves it."""

import socket

import pytest
import requests


@pytest.mark.parametrize(
    ("family", "address"),
    [
        (socket.AF_INET, ("192.0.2.1", 80)),
        (socket.AF_INET, ("10.0.0.1", 443)),
        (socket.AF_INET6, ("2001:db8::1", 80)),
        (socket.AF_INET6, ("::ffff:192.0.2.1", 80)),
    ],
)
def test_a_test_cannot_connect_outward(family, address):
    with socket.socket(family, socket.SOCK_STREAM) as outward:
        outward.setblocking(False)
        with pytest.raises(RuntimeError, match="a test tried to reach"):
            outward.connect(address)
        with pytest.raises(RuntimeError, match="a test tried to reach"):
            outward.connect_ex(address)


@pytest.mark.filterwarnings("ignore::ResourceWarning", "ignore::pytest.PytestUnraisableExceptionWarning")
def test_a_library_cannot_connect_outward():
    with pytest.raises(RuntimeError, match="a test tried to reach"):
        requests.get("http://192.0.2.1/", timeout=1, proxies={"http": "", "https": ""})


def test_a_test_can_connect_to_this_machine():
    with socket.create_server(("127.0.0.1", 0)) as server:
        socket.create_connection(server.getsockname(), timeout=1).close()
