"""URLs are read strictly, and once for all that goes out."""

from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from common.web_address import BadWebAddress, parse_web_address


@pytest.mark.parametrize(
    ("text", "url", "host", "port"),
    [
        ("http://Example.COM", "http://example.com/", "example.com", 80),
        ("https://example.com:8443/a?b=c#d", "https://example.com:8443/a?b=c", "example.com", 8443),
        (
            "http://bücher.example/straße",
            "http://xn--bcher-kva.example/stra%C3%9Fe",
            "xn--bcher-kva.example",
            80,
        ),
        ("http://[::1]:81/", "http://[::1]:81/", "::1", 81),
        ("http://2130706433/", "http://127.0.0.1/", "127.0.0.1", 80),
        ("http://0x7f.1/", "http://127.0.0.1/", "127.0.0.1", 80),
        ("http://a_b.example/%41%2f", "http://a_b.example/%41%2f", "a_b.example", 80),
        ("http://u:p%20w@example.com/", "http://example.com/", "example.com", 80),
    ],
)
def test_a_url_is_put_into_one_form(text, url, host, port):
    address = parse_web_address(text)
    assert (address.url, address.host, address.port) == (url, host, port)


def test_credentials_are_taken_out():
    assert parse_web_address("http://u:p%20w@example.com/").credentials == ("u", "p w")


REFUSED = [
    *(
        "",
        "example.com",
        "ftp://a/",
        "http:///x",
        "http://a b/",
        "http://a\\@b/",
        "http://a\n/",
        "http://a:0/",
    ),
    *("http://a:99999/", "http://[::1%25eth0]/", "http://[::1/", "http://-a/", "http://999.1.1.1/"),
    *("http://a/" + "x" * 9000, "http://a..b\u2000/"),
]


@pytest.mark.parametrize("text", REFUSED)
def test_anything_else_is_refused_with_a_sentence(text):
    with pytest.raises(BadWebAddress, match=r"\.$"):
        parse_web_address(text)


@given(st.text(max_size=40))
def test_no_text_makes_reading_fail_otherwise(text):
    for candidate in (text, f"http://{text}", f"https://{text}/"):
        with suppress(BadWebAddress):
            assert parse_web_address(candidate).url.isascii()


def test_secrets_may_move_from_http_to_https_of_one_host_and_nowhere_else():
    start = parse_web_address("http://a.example/")
    assert start.shares_origin_with(parse_web_address("https://a.example/x"))
    for other in (
        "https://a.example:8443/",
        "http://a.example:81/",
        "http://b.example/",
        "https://x.a.example/",
    ):
        assert not start.shares_origin_with(parse_web_address(other))
    assert not parse_web_address("https://a.example/").shares_origin_with(start)


_LABELS = st.from_regex(r"[a-z0-9]([a-z0-9-]{0,8}[a-z0-9])?", fullmatch=True)
_PATHS = st.text("abcXYZ019-._~!$&'()*+,;=:@%/|", max_size=20)


@given(
    st.sampled_from(("http", "https")),
    st.lists(_LABELS, min_size=1, max_size=4).map(".".join),
    st.none() | st.integers(1, 70_000),
    st.just("") | _PATHS.map("/{}".format),
    st.just("") | _PATHS.map("?{}".format),
)
def test_a_url_spelled_as_it_is_sent_is_read_like_any_other(scheme, host, port, path, query):
    text = f"{scheme}://{host}{'' if port is None else f':{port}'}{path}{query}"
    readings = []
    for spelling in (text, f"{text}#fragment"):  # the second is taken apart
        try:
            readings.append(parse_web_address(spelling))
        except BadWebAddress as error:
            readings.append(str(error))
    assert readings[0] == readings[1]
