"""The catalogue describes every type well enough to build a form from it."""

import pytest

from monitors.probes.assertions import SOURCES
from monitors.probes.catalogue import PROBES

KINDS = {"url", "host", "text", "texts", "integer", "boolean", "choice", "headers", "object", "list", "any"}
OTHERS = [name for name in PROBES if name != "http"]


def fields_of(fields):
    for field in fields:
        yield field
        yield from fields_of(field.fields)


@pytest.mark.parametrize("name", PROBES)
def test_every_field_says_its_kind_and_helps(name):
    for field in fields_of(PROBES[name].fields):
        assert field.kind in KINDS
        assert field.help.endswith((".", ")", "…"))
        assert bool(field.choices) is (field.kind == "choice")
        assert bool(field.fields) is (field.kind in ("object", "list"))


@pytest.mark.parametrize("name", PROBES)
def test_every_type_says_what_it_is_in_a_sentence(name):
    assert PROBES[name].label
    assert PROBES[name].summary.endswith(".")
    assert PROBES[name].problems({field.name: None for field in PROBES[name].fields}) == []


def test_passwords_and_tokens_are_secret():
    secret = {field.name for field in fields_of(PROBES["http"].fields) if field.secret}
    assert secret == {"password", "token", "client_key", "proxy_password"}


@pytest.mark.parametrize("name", OTHERS)
def test_every_password_is_secret_and_every_assertion_can_be_judged(name):
    for field in fields_of(PROBES[name].fields):
        assert field.secret is (field.name == "password")
        if field.name == "source":
            assert set(field.choices) <= set(SOURCES)
