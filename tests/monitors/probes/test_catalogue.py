"""The catalogue describes every type well enough to build a form from it."""

import pytest

from monitors.probes.assertions import SOURCES
from monitors.probes.catalogue import PROBES
from monitors.probes.more import MORE_PROBES

KINDS = {"url", "text", "texts", "integer", "boolean", "choice", "headers", "object", "list", "any"}
ALL = PROBES | MORE_PROBES


def fields_of(fields):
    for field in fields:
        yield field
        yield from fields_of(field.fields)


@pytest.mark.parametrize("name", ALL)
def test_every_field_says_its_kind_and_helps(name):
    for field in fields_of(ALL[name].fields):
        assert field.kind in KINDS
        assert field.help.endswith((".", ")", "…"))
        assert bool(field.choices) is (field.kind == "choice")
        assert bool(field.fields) is (field.kind in ("object", "list"))


def test_passwords_and_tokens_are_secret():
    secret = {field.name for field in fields_of(PROBES["http"].fields) if field.secret}
    assert secret == {"password", "token"}


@pytest.mark.parametrize("name", MORE_PROBES)
def test_every_password_is_secret_and_every_assertion_can_be_judged(name):
    for field in fields_of(MORE_PROBES[name].fields):
        assert field.secret is (field.name == "password")
        if field.name == "source":
            assert set(field.choices) <= set(SOURCES)
