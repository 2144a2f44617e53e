"""What the HTTP probe makes of answers, from good ones to hostile ones."""

import base64
import json
import time
import tracemalloc
from ipaddress import ip_network
from urllib.parse import quote

import pytest

from common.addresses import AddressPolicy
from monitors.probes import http
from tests.targets import BEHAVIOURS, Target, refusing_url

CLASSES = [
    ("/status/404", "http_status"),
    ("/status/500", "http_status"),
    ("/reset", "reset"),
    ("/reset-body", "reset"),
    ("/cut-short", "reset"),
    ("/garbage", "reset"),
    ("/broken-gzip", "reset"),
    ("/endless", "too_large"),
    ("/gzip-bomb/64", "too_large"),
    ("/deflate-bomb/64", "too_large"),
    ("/nested-bomb/64", "too_large"),
    ("/brotli-bomb", "too_large"),
    ("/header-bomb", "too_large"),
    ("/continue-bomb", "too_large"),
    ("/hang", "timeout"),
    ("/drip", "timeout"),
    ("/drip-headers", "timeout"),
    ("/delay/5000", "timeout"),
]


@pytest.fixture(params=["socket", pytest.param("libcurl", marks=pytest.mark.slow)], autouse=True)
def way(request, monkeypatch):
    """Plain requests go over a socket of ours, all else through libcurl; everything here holds for both."""
    if request.param == "libcurl":
        monkeypatch.setattr(http, "is_direct", lambda request: False)
    return request.param


@pytest.mark.parametrize(("path", "failure_class"), CLASSES)
def test_each_failure_ends_in_its_class_within_its_timeout(look, target, path, failure_class):
    hangs = failure_class == "timeout"
    started = time.monotonic()
    result = look(target.url(path), timeout_ms=600 if hangs else 8000)
    assert (result.ok, result.failure_class) == (False, failure_class)
    assert result.detail.endswith(".")
    if hangs:
        assert time.monotonic() - started < 2.5


def test_nobody_listening_is_refused(look):
    with refusing_url() as url:
        result = look(url)
    assert result.failure_class == "refused"
    assert result.detail == f"127.0.0.1 (127.0.0.1) port {url.split(':')[2][:-1]} refused the connection."
    assert (result.latency_ms, result.status_code) == (None, None)


def test_an_unknown_name_is_dns(look):
    # A label this long cannot be asked for, so no name server hears of it.
    name = "x" * 64 + ".example"
    result = look(f"http://{name}/")
    assert result.failure_class == "dns"
    assert name in result.detail


def test_a_good_answer_has_all_its_phases_and_its_evidence(look, target):
    result = look(target.url("/delay/50", host="localhost"))
    phases = result.phases
    assert result.ok
    assert (result.failure_class, result.detail, result.first_look) == (None, "", None)
    assert (result.status_code, result.address, result.body_excerpt) == (200, "127.0.0.1", b"ok")
    assert ("Content-Length", "2") in result.headers
    assert phases.tls is None
    assert phases.first_byte >= 49
    parts = [phases.dns, phases.connect, phases.first_byte, phases.transfer]
    assert result.latency_ms == pytest.approx(sum(parts), abs=5)
    assert result.latency_ms <= (result.finished_at - result.started_at) * 1000 + 1


@pytest.mark.parametrize("status", [200, 204, 301, 399])
def test_without_an_assertion_200_to_399_is_ok(look, target, status):
    assert look(target.url(f"/status/{status}")).ok


def test_a_status_assertion_replaces_the_default(look, target):
    expects = {"source": "status_code", "comparison": "in", "target": [401, 500]}
    assert look(target.url("/status/500"), assertions=[expects]).ok
    failed = look(target.url("/"), assertions=[expects])
    assert failed.failure_class == "http_status"
    assert "200" in failed.detail


def test_a_failing_body_assertion_is_an_assertion_failure_with_its_outcome(look, target):
    result = look(target.url(), assertions=[{"source": "body", "comparison": "contains", "target": "nope"}])
    assert result.failure_class == "assertion"
    assert (result.assertions[0].ok, result.assertions[0].actual) == (False, "ok")
    assert result.latency_ms is not None


def test_a_body_that_is_not_utf8_can_still_be_asserted_on(look, target):
    found = {"source": "body", "comparison": "contains", "target": "ok"}
    result = look(target.url("/invalid-utf8"), assertions=[found])
    assert result.ok
    assert result.body_excerpt.startswith(b"caf\xe9")


def test_a_compressed_body_is_read_decompressed(look, target):
    assert look(target.url("/gzip"), assertions=[{"source": "body", "comparison": "equals", "target": "zipped ok"}]).ok


def test_a_mebibyte_is_read_and_one_byte_more_is_too_large(look, target):
    at_the_end = {"source": "body", "comparison": "matches", "target": "a$"}
    assert look(target.url("/large/1048576"), assertions=[at_the_end]).ok
    assert look(target.url("/large/1048577"), assertions=[at_the_end]).failure_class == "too_large"
    assert look(target.url("/large/1048577")).failure_class == "too_large"


def test_a_gzip_bomb_costs_no_memory(look, target):
    tracemalloc.start()
    try:
        result = look(target.url("/gzip-bomb/64"), assertions=[{"source": "body", "comparison": "exists"}])
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert result.failure_class == "too_large"
    # The target itself, in this process, holds the 64 MiB it compresses; the probe may add little to them.
    assert peak < (64 + 12) << 20


def test_an_encoding_that_libcurl_may_not_know_is_a_bad_answer_or_a_bomb(look, target):
    assert look(target.url("/zstd-bomb/64")).failure_class in ("too_large", "reset")


def test_evidence_is_cut_at_four_kibibytes(look, target):
    assert look(target.url("/large/100000")).body_excerpt == b"a" * 4096


def test_the_request_is_sent_as_described(look, target):
    look(
        target.url("/x"),
        method="PUT",
        headers={"X-Team": "ops", "Content-Type": "text/plain", "X-Empty": ""},
        body="höla",
    )
    request = target.requests[-1]
    assert (request.method, request.body) == ("PUT", "höla".encode())
    assert (request.headers["x-team"], request.headers["content-type"]) == ("ops", "text/plain")
    assert request.headers["x-empty"] == ""
    assert request.headers["user-agent"] == "websignal-checker/0.1.0"


def test_a_head_request_waits_for_no_body(look, target):
    assert look(target.url("/"), method="HEAD").ok
    assert target.requests[-1].method == "HEAD"


@pytest.mark.parametrize(
    ("auth", "header"),
    [
        (
            {"type": "basic", "username": "al:ice", "password": "pä"},
            "Basic " + base64.b64encode("al:ice:pä".encode()).decode(),
        ),
        ({"type": "bearer", "token": "t0k"}, "Bearer t0k"),
    ],
)
def test_logins_are_sent(look, target, auth, header):
    assert look(target.url("/x"), auth=auth).ok
    assert target.requests[-1].headers["authorization"] == header


def test_credentials_in_the_url_are_a_basic_login(look, target):
    assert look(target.url("/x").replace("://", "://alice:s%20t@")).ok
    assert target.requests[-1].headers["authorization"] == "Basic " + base64.b64encode(b"alice:s t").decode()


def test_digest_answers_the_challenge(look, target):
    login = {"type": "digest", "username": "alice", "password": "secret"}
    result = look(target.url("/guarded"), auth=login)
    assert (result.ok, result.status_code, result.body_excerpt) == (True, 200, b"welcome")
    assert look(target.url("/guarded"), auth=None).status_code == 401
    assert look(target.url("/guarded"), auth=login | {"password": "wrong"}).status_code == 401


def test_no_header_smuggles_a_second_line(look, target):
    asked = len(target.requests)
    result = look(target.url("/x"), headers={"X-A": "1\r\nX-B: 2"})
    assert (result.failure_class, len(target.requests)) == ("blocked", asked)


def test_redirects_are_followed_relative_and_absolute(look, target):
    inner = quote(target.url("/redirect/307/%2Ffinal"), safe="")
    result = look(target.url(f"/redirect/302/{inner}"))
    assert result.ok
    assert result.redirects == (target.url("/redirect/307/%2Ffinal"), target.url("/final"))
    assert target.requests[-1].path == "/final"


def test_redirects_end_at_the_maximum(look, target):
    result = look(target.url("/loop"), max_redirects=5)
    assert (result.failure_class, len(result.redirects)) == ("http_status", 5)
    assert result.detail.startswith("Too many redirects")


def test_a_thousand_redirects_are_not_a_thousand_requests(look, target):
    asked = len(target.requests)
    assert look(target.url("/loop"), max_redirects=1000).failure_class == "http_status"
    assert len(target.requests) - asked == 21


def test_a_redirect_can_be_the_answer(look, target):
    result = look(target.url("/redirect/302/%2Fx"), follow_redirects=False)
    assert (result.ok, result.status_code, result.redirects) == (True, 302, ())


@pytest.mark.parametrize("location", ["ftp://127.0.0.1/", "http://", "http://a b/", "javascript:alert(1)"])
def test_a_redirect_nobody_can_follow_is_a_bad_answer(look, target, location):
    assert look(target.url(f"/redirect/302/{quote(location, safe='')}")).failure_class == "http_status"


def test_every_hop_is_judged(look):
    only_six = AddressPolicy(allowed_networks=[ip_network("::1/128")])
    with Target(host="::1") as outer, Target() as inner:
        result = look(outer.url(f"/redirect/302/{quote(inner.url(), safe='')}"), policy=only_six)
        assert (result.failure_class, inner.requests) == ("blocked", [])
        assert "loopback" in result.detail


@pytest.mark.parametrize(
    "host",
    ["127.0.0.1", "localhost", "2130706433", "0x7f.1", "127.1", "[::ffff:127.0.0.1]", "[::ffff:7f00:1]"],
)
def test_private_addresses_are_blocked_however_they_are_written(look, target, host):
    asked = len(target.requests)
    result = look(target.url(host=host), policy=AddressPolicy(), second_look=True)
    assert (result.failure_class, result.first_look, len(target.requests)) == ("blocked", None, asked)


def test_secrets_stay_with_their_origin(look, target):
    headers = {"Authorization": "Bearer x", "Cookie": "a=b", "X-Api-Key": "k", "X-Plain": "kept"}
    with Target() as elsewhere:
        away = quote(elsewhere.url("/x"), safe="")
        look(
            target.url(f"/redirect/302/{away}"),
            headers=headers,
            auth={"type": "basic", "username": "a", "password": "b"},
        )
        seen = elsewhere.requests[-1].headers
    assert "authorization" not in seen
    assert "cookie" not in seen
    assert "x-api-key" not in seen
    assert seen["x-plain"] == "kept"
    look(target.url("/redirect/302/%2Fx"), headers=headers)
    assert target.requests[-1].headers["authorization"] == "Bearer x"


@pytest.mark.parametrize(
    ("status", "method", "arrives"),
    [
        (301, "POST", "GET"),
        (303, "PUT", "GET"),
        (307, "POST", "POST"),
        (308, "PUT", "PUT"),
        (303, "HEAD", "HEAD"),
    ],
)
def test_a_redirect_changes_the_method_as_browsers_do(look, target, status, method, arrives):
    look(target.url(f"/redirect/{status}/%2Fy"), method=method, body=None if method == "HEAD" else "data")
    assert (target.requests[-1].method, target.requests[-1].path) == (arrives, "/y")
    assert (target.requests[-1].body == b"data") is (arrives in ("POST", "PUT"))


def test_a_name_with_one_dead_address_is_answered_by_the_other(look):
    with Target(host="::1") as six:
        result = look(six.url(host="localhost"))
    # Where localhost has no IPv6 address there is only the refusal.
    assert result.address == "::1" if result.ok else result.failure_class == "refused"


def test_an_environment_proxy_is_ignored(look, target, monkeypatch):
    monkeypatch.setenv("http_proxy", "http://127.0.0.1:9")
    assert look(target.url()).ok


def test_a_second_look_forgives_one_failure_and_says_so(look):
    with Target() as flaky:
        flaky.behave("/", "status/500")
        failed = look(flaky.url(), second_look=True)
        assert (failed.ok, failed.failure_class, failed.first_look) == (False, "http_status", "http_status")
        assert len(flaky.requests) == 2

        def recover(connection, _):
            flaky.behave("/", "status/200")
            connection.answer(503)

        BEHAVIOURS["recover"] = recover
        flaky.behave("/", "recover")
        passed = look(flaky.url(), second_look=True)
    assert (passed.ok, passed.failure_class, passed.first_look) == (True, None, "http_status")


def test_two_looks_at_a_silent_server_end_within_a_second_of_the_timeout(look, target):
    started = time.monotonic()
    result = look(target.url("/hang"), timeout_ms=1500, second_look=True)
    assert (result.failure_class, result.first_look) == ("timeout", "timeout")
    assert 2.2 <= time.monotonic() - started < 4.0


def test_json_is_asserted_on_by_path(look, target):
    body = base64.urlsafe_b64encode(json.dumps({"a": [{"b": 1}, {"b": 2}]}).encode()).decode()
    path = {"source": "json", "property": "$.a[*].b", "comparison": "equals", "target": 2}
    assert look(target.url(f"/text/{body}"), assertions=[path]).ok
    assert look(target.url("/"), assertions=[path]).assertions[0].actual == "The body is not JSON."
