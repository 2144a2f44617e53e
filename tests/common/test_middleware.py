"""Every answer has a request id and a policy; every request is one line of the log."""

import logging

import pytest
from django.http import HttpResponse
from django.test import RequestFactory

from common.middleware import ContentSecurityPolicyMiddleware, RequestIdMiddleware


def answer(request):
    return HttpResponse("ok")


@pytest.mark.parametrize(
    ("given", "kept"), [("abc-123_XYZ", True), ("short", False), ("a" * 65, False), ("a b c d e f", False)]
)
def test_a_sane_request_id_is_kept(given, kept):
    response = RequestIdMiddleware(answer)(RequestFactory().get("/", headers={"X-Request-Id": given}))
    assert (response["X-Request-Id"] == given) is kept


def test_an_address_cannot_forge_a_line_of_the_log(caplog):
    with caplog.at_level(logging.INFO, "websignal.request"):
        RequestIdMiddleware(answer)(RequestFactory().get("/a%0a2026-01-01 ERROR forged"))
    (record,) = caplog.records
    assert "\n" not in record.getMessage()
    assert "%0A2026" in record.getMessage()


def test_pages_allow_no_inline_script_and_keep_a_policy_of_their_own():
    response = ContentSecurityPolicyMiddleware(answer)(RequestFactory().get("/"))
    assert "script-src 'self';" in response["Content-Security-Policy"]
    own = HttpResponse(headers={"Content-Security-Policy": "sandbox"})
    assert (
        ContentSecurityPolicyMiddleware(lambda request: own)(RequestFactory().get("/"))["Content-Security-Policy"]
        == "sandbox"
    )
