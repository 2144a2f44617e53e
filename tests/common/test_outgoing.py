"""Outgoing requests: the guard, the clock and the limits hold against any receiver."""

import time
from concurrent.futures import ThreadPoolExecutor
from urllib.parse import quote

import pytest

from common.addresses import AddressPolicy
from common.outgoing import OutgoingFailed, OutgoingRefused, send
from tests.targets import Target, refusing_url

# A label this long cannot be asked for, so no name server hears of it.
NO_NAME = "x" * 64 + ".example"
LOCAL = AddressPolicy(allow_private=True)


@pytest.fixture(scope="module")
def target():
    with Target() as running:
        yield running


def post(url, body=b"{}", *, timeout_seconds=5.0, policy=LOCAL, headers=None, **more):
    return send("POST", url, headers or {}, body, timeout_seconds=timeout_seconds, policy=policy, **more)


def test_body_headers_and_method_arrive(target):
    answer = post(target.url("/hook"), b'{"a":1}', headers={"Content-Type": "application/json", "X-One": "1"})
    request = target.requests[-1]
    assert (answer.status_code, answer.excerpt, answer.address) == (200, b"ok", "127.0.0.1")
    assert (request.method, request.body) == ("POST", b'{"a":1}')
    assert request.headers["content-type"] == "application/json"
    assert request.headers["x-one"] == "1"
    assert request.headers["user-agent"].startswith("websignal/")


def test_a_name_is_resolved_and_judged(target):
    assert post(target.url(host="localhost")).status_code == 200
    with pytest.raises(OutgoingRefused, match="loopback"):
        post(target.url(host="localhost"), policy=AddressPolicy())


@pytest.mark.parametrize("host", ["127.0.0.1", "2130706433", "0x7f.1", "127.1", "[::ffff:127.0.0.1]", "[::1]"])
def test_no_spelling_of_loopback_gets_past_the_guard(target, host):
    asked = len(target.requests)
    with pytest.raises(OutgoingRefused):
        post(target.url(host=host), policy=AddressPolicy())
    assert len(target.requests) == asked


@pytest.mark.parametrize(
    "url",
    [
        "file:///etc/passwd",
        "ftp://127.0.0.1/",
        "gopher://127.0.0.1/",
        "//x",
        "http://",
        "http://a b/",
        "http://a\\@b/",
    ],
)
def test_only_well_formed_http_urls_are_sent_to(url):
    with pytest.raises(OutgoingRefused):
        post(url)


def test_a_proxy_in_the_environment_is_ignored(target, monkeypatch):
    monkeypatch.setenv("http_proxy", "http://127.0.0.1:9")
    monkeypatch.setenv("ALL_PROXY", "http://127.0.0.1:9")
    assert post(target.url()).status_code == 200


def test_a_redirect_is_returned_and_not_followed(target):
    answer = post(target.url(f"/redirect/302/{quote('http://127.0.0.1:1/', safe='')}"))
    assert answer.status_code == 302
    assert ("Location", "http://127.0.0.1:1/") in answer.headers


@pytest.mark.parametrize("path", ["/drip", "/drip-headers", "/hang", "/continue-bomb"])
def test_a_receiver_that_never_ends_is_left_in_time(target, path):
    started = time.monotonic()
    with pytest.raises(OutgoingFailed) as failed:
        post(target.url(path), timeout_seconds=0.5, max_response_bytes=100_000)
    assert failed.value.failure_class in ("timeout", "too_large")
    assert time.monotonic() - started < 2.5


def test_a_large_answer_is_cut_and_counts_as_an_answer(target):
    answer = post(target.url("/endless"), max_response_bytes=1000)
    assert answer.status_code == 200
    assert answer.excerpt == b"x" * 1000


def test_headers_without_end_fail(target):
    with pytest.raises(OutgoingFailed) as failed:
        post(target.url("/header-bomb"))
    assert failed.value.failure_class == "too_large"


@pytest.mark.parametrize(
    ("path", "failure_class"), [("/reset", "reset"), ("/cut-short", "reset"), ("/garbage", "reset")]
)
def test_a_broken_answer_has_its_class(target, path, failure_class):
    with pytest.raises(OutgoingFailed) as failed:
        post(target.url(path))
    assert failed.value.failure_class == failure_class
    assert failed.value.detail


def test_nobody_listening_is_refused_and_an_unknown_name_is_dns():
    with refusing_url() as url, pytest.raises(OutgoingFailed) as refused:
        post(url)
    with pytest.raises(OutgoingFailed) as unknown:
        post(f"http://{NO_NAME}/")
    assert (refused.value.failure_class, unknown.value.failure_class) == ("refused", "dns")


@pytest.mark.parametrize("headers", [{"X-A": "1\r\nX-B: 2"}, {"X-A\n": "1"}, {"": "1"}, {"X A": "1"}])
def test_a_header_cannot_smuggle_a_second_line(target, headers):
    asked = len(target.requests)
    with pytest.raises(OutgoingRefused):
        post(target.url(), headers=headers)
    assert len(target.requests) == asked


def test_many_threads_send_at_the_same_time(target):
    with ThreadPoolExecutor(16) as pool:
        answers = list(pool.map(lambda number: post(target.url("/echo"), str(number).encode()), range(64)))
    assert [answer.status_code for answer in answers] == [200] * 64
    assert all(f'"body": "{number}"'.encode() in answer.excerpt for number, answer in enumerate(answers))


def test_a_get_has_no_body_and_head_waits_for_none(target):
    assert send("GET", target.url("/a"), {}, b"", timeout_seconds=5, policy=LOCAL).excerpt == b"ok"
    assert "content-length" not in target.requests[-1].headers
