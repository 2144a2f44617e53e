"""A wrong value in the environment stops the start of every process and says what to do."""

import os
import subprocess
import sys

import pytest

from tests.layout.repository import ROOT
from websignal.beat import SCHEDULE

KEY = "q8Zr0mJx2vTn5LwYc7Bd1Gf4Hk6Pa9SeUiOo3Mb"
PRODUCTION = {
    "MODE": "production",
    "SECRET_KEY": KEY,
    "ALLOWED_HOSTS": "watch.example.org",
    "PUBLIC_URL": "https://watch.example.org",
    "DATABASE_URL": "postgresql://websignal@127.0.0.1/websignal",
}
OURS = ("PATH", "HOME", "LANG")


def start(tmp_path, *command, **environment):
    clean = {name: os.environ[name] for name in OURS if name in os.environ}
    return subprocess.run(
        [sys.executable, *(command or ("manage.py", "check"))],
        cwd=ROOT,
        env=clean | {"DATA_DIR": str(tmp_path)} | environment,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


@pytest.mark.parametrize(
    ("environment", "says"),
    [
        ({"PORT": "abc"}, ["PORT='abc'", "whole number, 1 to 65535"]),
        ({"PORT": "70000"}, ["PORT='70000'", "1 to 65535"]),
        ({"MODE": "prod"}, ["MODE='prod'", "`embedded` or `production`"]),
        ({"DEBUG": "maybe"}, ["DEBUG='maybe'", "true or false"]),
        ({"DATABASE_URL": "mysql://root:hunter2@db/x"}, ["DATABASE_URL", "postgresql://USER:PASSWORD@HOST/NAME"]),
        ({"DATABASE_URL": "postgresql://db"}, ["DATABASE_URL", "names no database"]),
        ({"REDIS_URL": "http://:hunter2@cache"}, ["REDIS_URL", "`redis://HOST…`"]),
        ({"PUBLIC_URL": "watch.example.org"}, ["PUBLIC_URL", "`https://HOST…`"]),
        ({"TRUSTED_PROXIES": "10.0.0.300"}, ["TRUSTED_PROXIES", "CIDR"]),
        ({"DATA_DIR": "/proc/nothing"}, ["DATA_DIR", "can be written"]),
        (PRODUCTION | {"SECRET_KEY": ""}, ["SECRET_KEY is missing", "secrets.token_urlsafe"]),
        (PRODUCTION | {"SECRET_KEY": "short"}, ["at least 32 characters"]),
        (PRODUCTION | {"DEBUG": "1"}, ["DEBUG is on", "unset DEBUG"]),
        (PRODUCTION | {"ALLOWED_HOSTS": ""}, ["ALLOWED_HOSTS is empty"]),
        (PRODUCTION | {"DATABASE_URL": "", "WEB_PROCESSES": "2"}, ["SQLite", "set DATABASE_URL=postgresql://"]),
    ],
    ids=lambda value: None if isinstance(value, list) else ",".join(name for name in value if name not in ("MODE",)),
)
def test_a_wrong_value_stops_the_start_and_says_what_to_do(tmp_path, environment, says):
    done = start(tmp_path, **environment)
    assert done.returncode != 0
    assert "WebSignal cannot start" in done.stderr
    assert [part for part in says if part not in done.stderr] == []
    assert "Traceback" not in done.stderr
    assert "hunter2" not in done.stderr + done.stdout


def test_all_reasons_are_said_at_once(tmp_path):
    done = start(tmp_path, MODE="production", DEBUG="1", WEB_PROCESSES="4")
    assert all(name in done.stderr for name in ("DEBUG", "SECRET_KEY", "ALLOWED_HOSTS", "DATABASE_URL"))


@pytest.mark.parametrize("command", ["worker", "beat"])
def test_production_does_not_split_over_sqlite(tmp_path, command):
    done = start(tmp_path, "manage.py", command, **PRODUCTION | {"DATABASE_URL": ""})
    assert done.returncode != 0
    assert "SQLite" in done.stderr


def test_the_web_process_refuses_too(tmp_path):
    done = start(tmp_path, "-c", "import websignal.asgi", **PRODUCTION | {"DEBUG": "1"})
    assert done.returncode != 0
    assert "DEBUG is on" in done.stderr


def test_safe_production_starts(tmp_path):
    done = start(tmp_path, **PRODUCTION)
    assert done.returncode == 0, done.stderr
    assert "websignal.W001" not in done.stderr


def test_plain_http_in_production_is_warned_of(tmp_path):
    done = start(tmp_path, **PRODUCTION | {"PUBLIC_URL": "http://watch.example.org"})
    assert done.returncode == 0, done.stderr
    assert "websignal.W001" in done.stderr


def test_an_empty_value_is_as_good_as_none(tmp_path):
    assert start(tmp_path, PORT="", DATABASE_URL=" ", REDIS_URL="").returncode == 0


BEAT = """
import sys
sys.argv = ["manage.py", "beat"]
import django
django.setup()
from websignal.scheduler import SteadyScheduler
from websignal.celery import app
print(len(SteadyScheduler(app).schedule), *({"monitors", "rest_framework", "dashboard"} & set(sys.modules)))
"""


def test_beat_knows_all_ticks_without_the_apps_that_carry_them_out(tmp_path):
    environment = {"DJANGO_SETTINGS_MODULE": "websignal.settings", "REDIS_URL": "redis://127.0.0.1/0"}
    done = start(tmp_path, "-c", BEAT, **environment)
    assert (done.returncode, done.stdout.split()) == (0, [str(len(SCHEDULE))]), done.stderr
