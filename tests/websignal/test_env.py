"""Reading the environment: types, limits, words."""

import pytest
from django.core.exceptions import ImproperlyConfigured

from websignal.env import Environment, parse_database_url


def test_each_read_is_declared_with_its_default():
    env = Environment({})
    assert env.integer("N", 3, "How many.", at_least=1, at_most=9) == 3
    assert env.flag("F", True, "Whether.") is True
    assert env.words("W", ["a", "b"], "Which.") == ["a", "b"]
    assert [(one.name, one.default) for one in env.declared.values()] == [("N", "3"), ("F", "true"), ("W", "a, b")]


@pytest.mark.parametrize("raw", ["x", "0", "10", "1.5", "²"])
def test_a_number_outside_its_limits_is_refused(raw):
    with pytest.raises(ImproperlyConfigured, match="1 to 9"):
        Environment({"N": raw}).integer("N", 3, "How many.", at_least=1, at_most=9)


@pytest.mark.parametrize(("raw", "is_on"), [("1", True), ("Yes", True), ("off", False), ("FALSE", False)])
def test_a_flag_takes_the_usual_words(raw, is_on):
    assert Environment({"F": raw}).flag("F", not is_on, "Whether.") is is_on


def test_a_url_with_a_password_is_not_repeated():
    with pytest.raises(ImproperlyConfigured) as refused:
        Environment({"U": "ftp://me:hunter2@host"}).url("U", "", "Where.", schemes=["redis"])
    assert "hunter2" not in str(refused.value)


def test_a_database_url_is_taken_apart():
    found = parse_database_url("postgresql://me:p%40ss@db.example:6432/web%20signal?sslmode=require")
    assert found == {
        "ENGINE": "django.db.backends.postgresql",
        "NAME": "web signal",
        "USER": "me",
        "PASSWORD": "p@ss",
        "HOST": "db.example",
        "PORT": "6432",
        "OPTIONS": {"sslmode": "require"},
    }
    assert parse_database_url("sqlite:////var/lib/x.sqlite3")["NAME"] == "/var/lib/x.sqlite3"


@pytest.mark.parametrize("url", ["", "x", "mysql://h/d", "postgresql://h", "postgresql://h/", "sqlite://"])
def test_other_database_urls_are_refused(url):
    with pytest.raises(ValueError, match="database"):
        parse_database_url(url)
