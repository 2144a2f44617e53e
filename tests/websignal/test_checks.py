"""What production refuses, cell by cell."""

from dataclasses import replace

import pytest
from django.core.exceptions import ImproperlyConfigured

from websignal.checks import Setup, is_weak, refuse_unsafe, unsafe

KEY = "q8Zr0mJx2vTn5LwYc7Bd1Gf4Hk6Pa9SeUiOo3Mb"
SAFE = Setup(
    debug=False, secret_key=KEY, allowed_hosts=["a.example"], is_postgres=True, web_processes=4, command="worker"
)


def test_a_safe_setup_is_not_refused():
    refuse_unsafe(SAFE)


@pytest.mark.parametrize(
    ("change", "named"),
    [
        ({"debug": True}, "DEBUG"),
        ({"secret_key": ""}, "SECRET_KEY"),
        ({"secret_key": KEY[:31]}, "SECRET_KEY"),
        ({"secret_key": "ab" * 30}, "SECRET_KEY"),
        ({"secret_key": "django-insecure-" + KEY}, "SECRET_KEY"),
        ({"allowed_hosts": []}, "ALLOWED_HOSTS"),
        ({"allowed_hosts": ["*"]}, "ALLOWED_HOSTS"),
        ({"is_postgres": False, "command": ""}, "DATABASE_URL"),
        ({"is_postgres": False, "web_processes": 1}, "DATABASE_URL"),
        ({"is_postgres": False, "web_processes": 1, "command": "beat"}, "DATABASE_URL"),
    ],
)
def test_each_danger_is_named_alone(change, named):
    problems = unsafe(replace(SAFE, **change))
    assert [problem.split()[0].split("=")[0] for problem in problems] == [named]
    with pytest.raises(ImproperlyConfigured, match=named):
        refuse_unsafe(replace(SAFE, **change))


def test_one_process_may_use_sqlite_in_production():
    assert unsafe(replace(SAFE, is_postgres=False, web_processes=1, command="run")) == []


def test_random_keys_are_strong():
    assert not is_weak(KEY)
