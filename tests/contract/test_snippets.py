"""What the page of a heartbeat tells people to copy is run as it stands, against a live server."""

import configparser
import re
import shutil
import subprocess
import sys

import pytest
import yaml

from accounts.actor import SYSTEM
from common import clock
from dashboard.snippets import snippets
from monitors.services import create_monitor
from signals.models import Signal


@pytest.fixture
def copied(site, workspace, settings):
    """`copied(key, …)`: a new heartbeat and the texts of one of its tabs."""
    settings.PUBLIC_URL = site.url
    settings.MAIL_PING_DOMAIN = "ping.example.org"

    def make(key, kind="cron", expression="5 4 * * *"):
        schedule = {"kind": kind, "expression": expression, "timezone": "Europe/Berlin"}
        fields = {"name": f"{key} {clock.now()}", "type": "heartbeat", "settings": {"schedule": schedule}}
        heartbeat = create_monitor(workspace=workspace, by=SYSTEM, now=clock.now(), fields=fields).heartbeat
        found = {one.key: [block.text for block in one.blocks] for one in snippets(heartbeat)}
        return heartbeat, found[key]

    return make


@pytest.fixture
def sh(tmp_path):
    """`sh(text, status)`: what /bin/sh makes of a text, with a job that ends so; its own exit status."""
    job = tmp_path / "your-job"

    def run(text, status=0, **environment):
        job.write_text(f"#!/bin/sh\necho 412 files\nexit {status}\n")
        job.chmod(0o755)
        path = {"PATH": f"{tmp_path}:/usr/bin:/bin"}
        return subprocess.run(["/bin/sh", "-c", text], env=path | environment, check=False, timeout=60).returncode

    return run


def told(heartbeat):
    return list(Signal.objects.filter(heartbeat=heartbeat).order_by("pk").values_list("type", "exit_status"))


def test_what_shells_run(copied, sh):
    heartbeat, (success, around, said) = copied("curl")
    assert sh(success) == 0
    assert told(heartbeat) == [("SUCCESS", None)]
    for status, end in ((0, ("SUCCESS", 0)), (7, ("FAIL", 7))):
        heartbeat, (_, around, said) = copied("curl")
        assert sh(around, status) == 0
        assert told(heartbeat) == [("START", None), end]
        heartbeat, (_, _, said) = copied("curl")
        assert sh(said, status) == 0
        assert told(heartbeat) == [end]
        assert Signal.objects.get(heartbeat=heartbeat).payload == "412 files"
        heartbeat, (plain, full) = copied("crontab")
        assert all(line.startswith("5 4 * * *  ") for line in (plain, full))
        sh(plain.removeprefix("5 4 * * *"), status)
        assert len(told(heartbeat)) == (status == 0)
        heartbeat, (_, full) = copied("crontab")
        assert sh(full.removeprefix("5 4 * * *"), status) == 0
        assert told(heartbeat) == [("START", None), end]


def test_what_systemd_and_containers_run(copied, sh):
    for result, status, end in (("success", 0, "SUCCESS"), ("exit-code", 3, "FAIL")):
        heartbeat, (service, timer) = copied("systemd", "oncalendar", "Mon..Fri 02:15")
        unit = configparser.ConfigParser(interpolation=None, strict=True)
        unit.optionxform = str
        unit.read_string(service)
        for name in ("ExecStartPre", "ExecStopPost"):
            found = re.fullmatch(r"-/bin/sh -c '([^']+)'", unit["Service"][name])
            assert sh(found[1].replace("$$", "$"), SERVICE_RESULT=result) == 0
        assert [kind for kind, _ in told(heartbeat)] == ["START", end]
        assert "OnCalendar=Mon..Fri 02:15\n" in timer
        heartbeat, (manifest,) = copied("kubernetes")
        spec = yaml.safe_load(manifest)["spec"]
        assert (spec["schedule"], spec["timeZone"]) == ("5 4 * * *", "Europe/Berlin")
        container = spec["jobTemplate"]["spec"]["template"]["spec"]["containers"][0]
        assert container["command"] == ["/bin/sh", "-c"]
        assert sh(container["args"][0], status) == status
        assert told(heartbeat) == [("START", None), (end, status)]
        heartbeat, (step,) = copied("actions")
        (parsed,) = yaml.safe_load(step)
        assert parsed["if"] == "always()"
        chosen = "0" if result == "success" else "fail"
        assert sh(re.sub(r"\$\{\{ job.status == 'success' && '0' \|\| 'fail' \}\}$", chosen, parsed["run"])) == 0
        assert [kind for kind, _ in told(heartbeat)] == [end]


@pytest.mark.parametrize(
    ("key", "command", "fine", "broken"),
    [
        ("python", [sys.executable, "-"], "def your_job(): pass\n", "def your_job(): 1 / 0\n"),
        ("node", ["node", "-"], "async function yourJob() {}\n", "async function yourJob() { throw Error('full'); }\n"),
    ],
)
def test_what_languages_run(copied, key, command, fine, broken):
    if not shutil.which(command[0]):
        pytest.skip(f"only with {command[0]}")
    for job, ends, code in ((fine, "SUCCESS", 0), (broken, "FAIL", 1)):
        heartbeat, (text,) = copied(key)
        done = subprocess.run(command, input=job + text, text=True, capture_output=True, check=False, timeout=60)
        assert done.returncode == code, done.stderr
        assert [kind for kind, _ in told(heartbeat)] == ["START", ends]
        assert bool(Signal.objects.filter(heartbeat=heartbeat).latest("pk").payload) == (code == 1)


@pytest.mark.parametrize(
    ("key", "command"),
    [("go", ["gofmt", "-e"]), ("php", ["php", "-l"]), ("powershell", ["pwsh", "-NoProfile", "-Command", "-"])],
)
def test_what_is_only_parsed_here(key, command, copied):
    if not shutil.which(command[0]):
        pytest.skip(f"only with {command[0]}")
    _, (text,) = copied(key)
    text = f"if ($false) {{ {text} }}" if key == "powershell" else text
    assert subprocess.run(command, input=text, text=True, check=False, timeout=60).returncode == 0


def test_the_address_of_mails_is_shown_only_where_mails_arrive(copied, settings):
    heartbeat, (plain, *_) = copied("email")
    assert plain == f"{heartbeat.token}@ping.example.org"
    settings.MAIL_PING_DOMAIN = ""
    assert "email" not in [one.key for one in snippets(heartbeat)]
