"""Whatever arrives at a ping address, the answer is one of ours and the platform stands."""

import asyncio
from ipaddress import ip_address, ip_network

import orjson
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from signals.ingest.ping import digest_of, read_body, read_rid, source_of
from signals.models import Signal
from signals.shown import signal_json
from tests.signals.conftest import ask

header_text = st.text(st.characters(max_codepoint=255, exclude_characters="\r\n"), max_size=60)
requests = st.fixed_dictionaries(
    {
        "rest": st.sampled_from(["", "/", "/start", "/fail", "/log", "/0", "/255", "/256", "/999", "/%2e%2e", "/x/y/z"])
        | st.text(max_size=12).map(lambda text: "/" + text),
        "method": st.sampled_from(["GET", "POST", "HEAD", "PUT", "OPTIONS", "get", ""]),
        "body": st.binary(max_size=300)
        | st.text(max_size=100).map(lambda text: text.encode("utf-8", "surrogatepass"))
        | st.sampled_from(
            [b"[" * 3000 + b"]" * 3000, b'{"a":' * 2000, b"\x00" * 10_241, b'"\\ud800"', b"{}", b"1e999"]
        ),
        "query": header_text,
        "headers": st.lists(
            st.tuples(
                st.sampled_from(
                    ["User-Agent", "X-Forwarded-For", "Content-Type", "Content-Length", "Transfer-Encoding"]
                ),
                header_text,
            ),
            max_size=4,
        ),
        "client": st.sampled_from([None, ("127.0.0.1", 1), ("", 0), ("fe80::1%eth0", 1), ("unix:", None)]),
    }
)


def test_no_request_breaks_it(served, heartbeat, settings):
    settings.TRUSTED_PROXIES = [ip_network("127.0.0.0/8")]
    answers = []

    async def send_all(app):
        loop = asyncio.get_running_loop()
        await loop.run_in_executor(None, lambda: generate(app, loop))

    def generate(app, loop):
        @_settings
        @given(requests, st.booleans())
        def send(request, is_short):
            request = dict(request)
            prefix = "/ping/" if is_short else "/api/signals/ping/"
            path = prefix + heartbeat.token + request.pop("rest")
            work = ask(app, path, **request)
            answers.append(asyncio.run_coroutine_threadsafe(work, loop).result(20))

        send()

    served(send_all)
    assert {answer.status for answer in answers if answer} <= {200, 404, 405, 413}
    for signal in Signal.objects.all():
        orjson.dumps(signal_json(signal))


_settings = settings(max_examples=150, deadline=None, suppress_health_check=list(HealthCheck))


@given(st.binary(max_size=400) | st.text(max_size=100).map(lambda text: text.encode("utf-8", "surrogatepass")))
def test_a_stored_body_can_be_shown(body):
    text, is_json, _ = read_body(body)
    assert "\x00" not in text
    text.encode()
    if is_json:
        orjson.dumps(orjson.loads(text))


@given(header_text)
def test_a_rid_is_a_uuid_or_nothing(text):
    assert read_rid(text.encode("latin-1")) is None or "rid=" in text


@given(header_text, st.sampled_from(["127.0.0.1", "junk", "", "::ffff:10.0.0.1"]))
def test_a_source_is_an_address_or_nothing(forwarded, peer):
    headers = [(b"x-forwarded-for", forwarded.encode("latin-1"))]
    found = source_of((peer, 1), headers, [ip_network("127.0.0.0/8")])
    assert found is None or ip_address(found)


@pytest.mark.parametrize("change", range(5))
def test_a_digest_tells_pings_apart_and_fits_a_bigint(change):
    parts = ["SUCCESS", None, "127.0.0.1", None, b""]
    other = list(parts)
    other[change] = ["FAIL", 0, "127.0.0.2", "rid", b"x"][change]
    assert digest_of(*parts) != digest_of(*other)
    assert -(2**63) <= digest_of(*parts) < 2**63
