"""HTTP on our own socket: what it reads is what libcurl reads, and what it cannot read libcurl judges."""

import gc
import gzip
import time
import zlib
from contextlib import contextmanager

import pytest

from common.curl import MAX_HEADER_BYTES
from monitors.probes import http
from monitors.probes.handles import MAX_BODY_BYTES
from monitors.probes.http_answer import BadAnswer, HttpAnswer
from monitors.probes.request import request_of
from tests.monitors.probes.scripted import forever, tcp_server

OK = b"HTTP/1.1 200 OK\r\n"
RAW_DEFLATE = zlib.compress(b"raw", wbits=-15)
ANSWERS = {
    "with a length": OK + b"X-One: 1\r\nContent-Length: 3\r\n\r\nabc",
    "until the end": OK + b"X-One: 1\r\n\r\nall there is",
    "HTTP/1.0": b"HTTP/1.0 200 OK\r\nX-One: 1\r\n\r\nold",
    "chunked": OK + b"Transfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n2;name=value\r\nde\r\n0\r\n\r\n",
    "bare line feeds": b"HTTP/1.1 200 OK\nX-One: 1\nContent-Length: 3\n\nabc",
    "no reason": b"HTTP/1.1 200\r\nContent-Length: 0\r\n\r\n",
    "after an interim": b"HTTP/1.1 103 Early\r\nLink: </a>\r\n\r\n" + OK + b"X-One: 1\r\nContent-Length: 0\r\n\r\n",
    "twice a header": OK + b"Set-Cookie: a\r\nSet-Cookie: b\r\nContent-Length: 0\r\n\r\n",
    "not ASCII": OK + b"X-One: caf\xe9 \r\nContent-Length: 0\r\n\r\n",
    "a status of its own": b"HTTP/1.1 599 Own\r\nContent-Length: 0\r\n\r\n",
    "nothing": b"HTTP/1.1 204 No Content\r\nX-One: 1\r\n\r\n",
    "more than its length": OK + b"Content-Length: 2\r\n\r\nokHTTP/1.1 500 No\r\n\r\n",
    "gzip": OK + b"Content-Encoding: gzip\r\n\r\n" + gzip.compress(b"zipped"),
    "deflate": OK + b"Content-Encoding: deflate\r\n\r\n" + zlib.compress(b"wrapped"),
    "deflate without zlib": OK + b"Content-Encoding: deflate\r\n\r\n" + RAW_DEFLATE,
    "gzip of gzip": OK + b"Content-Encoding: gzip, gzip\r\n\r\n" + gzip.compress(gzip.compress(b"twice")),
}  # fmt: skip
WITHOUT_A_LENGTH = {"until the end", "HTTP/1.0", "gzip", "deflate", "deflate without zlib", "gzip of gzip"}
ODD = {
    "a space in a name": OK + b"Set Cookie: a\r\nContent-Length: 2\r\n\r\nok",
    "a space before the colon": OK + b"X-One : 1\r\nContent-Length: 2\r\n\r\nok",
    "no colon": OK + b"nothing to see\r\nContent-Length: 2\r\n\r\nok",
    "two lengths": OK + b"Content-Length: 2\r\nContent-Length: 3\r\n\r\nokk",
    "another protocol": b"SSH-2.0-OpenSSH_9.2\r\n",
    "a switch nobody asked for": b"HTTP/1.1 101 Switching\r\nUpgrade: x\r\nConnection: upgrade\r\n\r\nabc",
    "an encoding nobody asked for": OK + b"Content-Encoding: x-own\r\nContent-Length: 2\r\n\r\nok",
    "broken gzip": OK + b"Content-Encoding: gzip\r\nContent-Length: 9\r\n\r\nnot a zip",
}


@pytest.fixture
def answering(authority):
    """A server that says `data` to each request, and the address to ask it at."""

    @contextmanager
    def serve(data, asked, scheme="http"):
        def script(connection):
            asked.append(connection.recv(65_536))
            time.sleep(0.01)
            connection.sendall(data)

        context = authority.context("localhost") if scheme == "https" else None
        with tcp_server(script, context) as port:
            yield f"{scheme}://localhost:{port}/"

    return serve


def seen(result):
    return result.failure_class, result.status_code, result.headers, result.body_excerpt, result.certificate


@pytest.mark.parametrize("scheme", ["http", "https"])
@pytest.mark.parametrize("name", ANSWERS)
def test_what_is_read_here_is_what_libcurl_reads(look, monkeypatch, answering, name, scheme):
    asked = []
    with answering(ANSWERS[name], asked, scheme) as url:
        here = look(url)
        monkeypatch.setattr(http, "is_direct", lambda request: False)
        there = look(url)
    assert seen(here) == seen(there)
    assert here.ok == (here.failure_class is None and 200 <= here.status_code < 400)
    assert (here.certificate is not None) == (scheme == "https")
    # Whether such an answer was cut short over TLS is libcurl's to say.
    assert len(asked) == (3 if scheme == "https" and name in WITHOUT_A_LENGTH else 2)


@pytest.mark.parametrize("scheme", ["http", "https"])
@pytest.mark.parametrize("name", ODD)
def test_what_cannot_be_read_here_is_judged_by_libcurl(look, monkeypatch, answering, name, scheme):
    asked = []
    with answering(ODD[name], asked, scheme) as url:
        here = look(url)
        assert len(asked) == 2
        if here.latency_ms is not None:  # the first of the two does not count
            assert here.phases.total_ms == pytest.approx(here.latency_ms, abs=0.5)
        monkeypatch.setattr(http, "is_direct", lambda request: False)
        there = look(url)
    assert (*seen(here), here.detail) == (*seen(there), there.detail)


@pytest.mark.parametrize("name", ANSWERS)
def test_an_answer_reads_the_same_byte_by_byte(name):
    whole, pieces = HttpAnswer(keep=1000, is_head=False), HttpAnswer(keep=1000, is_head=False)
    whole.feed(ANSWERS[name])
    for byte in ANSWERS[name]:
        pieces.feed(bytes([byte]))
    assert (whole.end(), pieces.end()) == (True, True)
    assert (whole.status_code, whole.headers) == (pieces.status_code, pieces.headers)
    assert b"".join(whole.body) == b"".join(pieces.body)


@pytest.mark.parametrize("name", ["with a length", "chunked"])
def test_an_answer_that_says_its_length_is_not_whole_before_it(name):
    answer = HttpAnswer(keep=1000, is_head=False)
    answer.feed(ANSWERS[name][:-1])
    assert (answer.is_complete, answer.end()) == (False, False)


def test_a_head_answer_is_whole_after_its_head():
    answer = HttpAnswer(keep=1000, is_head=True)
    answer.feed(ANSWERS["with a length"][:-3])
    assert (answer.is_complete, answer.body) == (True, [])


@pytest.mark.parametrize(
    ("data", "what"),
    [
        (b"X-More: %s\r\n" % (b"x" * 1000), "headers"),
        (b"\r\nHTTP/1.1 100 Continue\r\n", "headers"),
        (b"Content-Encoding: gzip\r\n\r\n" + gzip.compress(bytes(8 * MAX_BODY_BYTES)), "body"),
        (b"\r\n" + bytes(MAX_BODY_BYTES + 1), "body"),
    ],
    ids=["headers without an end", "interim answers without an end", "a bomb", "a byte too many"],
)
def test_what_nobody_reads_is_not_kept(data, what):
    answer = HttpAnswer(keep=4096, is_head=False)
    answer.feed(OK if what == "body" or data.startswith(b"X") else b"HTTP/1.1 100 Continue\r\n")
    for _ in range(MAX_HEADER_BYTES // len(data) + 2):
        for start in range(0, len(data), 16_384):
            answer.feed(data[start : start + 16_384])
        if answer.overflowed:
            break
    assert answer.overflowed == what
    assert sum(map(len, answer.body)) <= MAX_BODY_BYTES + 1


def test_a_trailer_without_an_end_is_not_kept():
    answer = HttpAnswer(keep=10, is_head=False)
    answer.feed(OK + b"Transfer-Encoding: chunked\r\n\r\n0\r\n")
    for _ in range(1000):
        answer.feed(b"X-More: x\r\n" * 100)
    assert answer.headers == (("Transfer-Encoding", "chunked"),)


def test_chunks_that_are_all_frame_end(look):
    flood = b"1;" + b"x" * 16_000 + b"\r\na\r\n"

    def script(connection):
        connection.recv(65_536)
        connection.sendall(OK + b"Transfer-Encoding: chunked\r\n\r\n")
        forever(flood)(connection)

    with tcp_server(script) as port:
        result = look(f"http://127.0.0.1:{port}/", timeout_ms=8000)
    assert result.failure_class == "too_large"


def test_an_answer_that_has_been_closed_is_no_work_for_the_collector():
    gc.collect()
    gc.disable()
    try:
        for _ in range(10):
            answer = HttpAnswer(keep=10, is_head=False)
            answer.feed(ANSWERS["with a length"])
            answer.close()
        del answer
        assert gc.collect() == 0
    finally:
        gc.enable()


def test_bad_answers_say_so():
    with pytest.raises(BadAnswer):
        HttpAnswer(keep=10, is_head=False).feed(ODD["another protocol"])


@pytest.mark.parametrize("scheme", ["http", "https"])
def test_the_request_is_what_a_person_described(look, answering, scheme):
    asked = []
    with answering(ANSWERS["nothing"], asked, scheme) as url:
        look(f"{url}a?b=c", headers={"Host": "shop.example", "X-Empty": "", "accept": "text/html"})
    first, *lines = asked[0].decode().removesuffix("\r\n\r\n").split("\r\n")
    assert first == "GET /a?b=c HTTP/1.1"
    assert [line for line in lines if not line.startswith("User-Agent: websignal-checker/")] == [
        "Accept-Encoding: gzip, deflate",
        "Host: shop.example",
        "X-Empty:",
        "accept: text/html",
    ]


@pytest.mark.parametrize(
    ("request_settings", "plain"),
    [
        ({}, True),
        ({"method": "HEAD"}, True),
        ({"headers": {"X-One": "1"}}, True),
        ({"auth": {"type": "bearer", "token": "t"}}, True),
        ({"http_version": "1.1"}, True),
        ({"http_version": "2"}, False),
        ({"method": "POST"}, False),
        ({"body": "x"}, False),
        ({"auth": {"type": "digest", "username": "u", "password": "p"}}, False),
        ({"proxy": "http://127.0.0.1:3128"}, False),
        ({"headers": {"Transfer-Encoding": "chunked"}}, False),
    ],
)
def test_only_the_plainest_requests_are_made_here(request_settings, plain):
    for scheme in ("http", "https"):
        request = request_of({"url": f"{scheme}://shop.example/", "request": request_settings})
        assert http.is_direct(request) is plain
