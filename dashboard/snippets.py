"""What people copy to ping a heartbeat from where its job runs; each with the real address in it."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from django.conf import settings

from signals.mail.address import mail_address
from signals.models import Heartbeat

_CURL = "curl -fsS -m 10 --retry 5 -o /dev/null"
_CRON = "15 2 * * *"
_CALENDAR = "*-*-* 02:15:00"


@dataclass(frozen=True, slots=True)
class Block:
    """One piece to copy and what it is for."""

    title: str
    text: str


@dataclass(frozen=True, slots=True)
class Snippet:
    """One tab: where a job may run, and what to put there."""

    key: str
    label: str
    blocks: tuple[Block, ...]


def snippets(heartbeat: Heartbeat) -> list[Snippet]:
    """A tab for each place; email only where mails can arrive."""
    url, schedule = f"{settings.PUBLIC_URL}/ping/{heartbeat.token}", heartbeat.schedule
    made = [
        Snippet("curl", "curl", _curl(heartbeat.token, url)),
        Snippet("crontab", "crontab", _crontab(url, schedule)),
        *(Snippet(key, label, (Block(title, text(url)),)) for key, label, title, text in _LANGUAGES),
        Snippet("systemd", "systemd", _systemd(url, schedule)),
        Snippet(
            "kubernetes", "Kubernetes", (Block("A CronJob that tells how its job ended", _kubernetes(url, schedule)),)
        ),
        Snippet("actions", "GitHub Actions", (Block("The last step of the job", _actions(url)),)),
    ]
    return made + ([Snippet("email", "Email", _email(heartbeat.token))] if settings.MAIL_PING_DOMAIN else [])


def _curl(token: str, url: str) -> tuple[Block, ...]:
    full = f"{settings.PUBLIC_URL}/api/signals/ping/{token}"
    return (
        Block("When the job has succeeded", f"curl -fsS -m 10 --retry 5 {full}"),
        Block(
            "Around the job: gives its duration, and any exit status but 0 is a failure",
            f"{_CURL} {url}/start\nyour-job\n{_CURL} {url}/$?",
        ),
        Block(
            "With the end of what it said",
            "said=$(your-job 2>&1); status=$?\n"
            f'printf %s "$said" | tail -c 10000 | {_CURL} --data-binary @- {url}/$status',
        ),
    )


def _crontab(url: str, schedule: Mapping[str, Any]) -> tuple[Block, ...]:
    when = _cron(schedule)
    return (
        Block("When the job has succeeded", f"{when}  your-job && {_CURL} {url}"),
        Block("With its duration and exit status", f"{when}  {_CURL} {url}/start; your-job; {_CURL} {url}/$?"),
    )


def _cron(schedule: Mapping[str, Any]) -> str:
    """The heartbeat's own expression where it has one that cron reads."""
    return str(schedule["expression"]) if schedule["kind"] == "cron" else _CRON


def _python(url: str) -> str:
    return f'''import urllib.request


def ping(what="", said=b""):
    try:
        urllib.request.urlopen("{url}" + what, data=said or None, timeout=10).close()
    except OSError:
        pass  # the job goes on when its monitor is away


ping("/start")
try:
    your_job()
except Exception as error:
    ping("/fail", repr(error).encode())
    raise
ping()
'''


def _node(url: str) -> str:
    return f'''async function ping(what = "", said) {{
  const request = {{ method: "POST", body: said, signal: AbortSignal.timeout(10_000) }};
  await fetch("{url}" + what, request).catch(() => {{}}); // the job goes on when its monitor is away
}}

async function main() {{
  await ping("/start");
  try {{
    await yourJob();
  }} catch (error) {{
    await ping("/fail", String(error));
    throw error;
  }}
  await ping();
}}

main();
'''


def _go(url: str) -> str:
    return f'''package main

import (
	"net/http"
	"os"
	"strings"
	"time"
)

var client = http.Client{{Timeout: 10 * time.Second}}

func ping(what, said string) {{
	answer, err := client.Post("{url}"+what, "text/plain", strings.NewReader(said))
	if err == nil {{ // the job goes on when its monitor is away
		answer.Body.Close()
	}}
}}

func main() {{
	ping("/start", "")
	if err := yourJob(); err != nil {{
		ping("/fail", err.Error())
		os.Exit(1)
	}}
	ping("", "")
}}
'''


def _php(url: str) -> str:
    return f"""<?php

function ping(string $what = '', string $said = ''): void
{{
    $request = ['method' => 'POST', 'content' => $said, 'timeout' => 10, 'header' => 'Content-Type: text/plain'];
    // The job goes on when its monitor is away.
    @file_get_contents('{url}' . $what, false, stream_context_create(['http' => $request]));
}}

ping('/start');
try {{
    your_job();
}} catch (Throwable $error) {{
    ping('/fail', $error->getMessage());
    throw $error;
}}
ping();
"""


def _powershell(url: str) -> str:
    return f'''function Send-Ping([string]$What = "", [string]$Said = "") {{
    try {{
        Invoke-RestMethod -Uri "{url}$What" -Method Post -Body $Said -TimeoutSec 10 | Out-Null
    }} catch {{
        # The job goes on when its monitor is away.
    }}
}}

Send-Ping "/start"
try {{
    Invoke-YourJob
}} catch {{
    Send-Ping "/fail" "$_"
    throw
}}
Send-Ping
'''


def _systemd(url: str, schedule: Mapping[str, Any]) -> tuple[Block, ...]:
    # $$ is for systemd, which would put in variables of its own.
    ended = f'[ "$$SERVICE_RESULT" = success ] && set 0 || set fail; {_CURL} {url}/$$1'
    service = f"""[Unit]
Description=Your job

[Service]
Type=oneshot
ExecStartPre=-/bin/sh -c '{_CURL} {url}/start'
ExecStart=/usr/local/bin/your-job
ExecStopPost=-/bin/sh -c '{ended}'
"""
    when = str(schedule["expression"]) if schedule["kind"] == "oncalendar" else _CALENDAR
    timer = f"[Timer]\nOnCalendar={when}\nPersistent=true\n\n[Install]\nWantedBy=timers.target\n"
    return Block("your-job.service", service), Block("your-job.timer", timer)


def _kubernetes(url: str, schedule: Mapping[str, Any]) -> str:
    zone = f"\n  timeZone: {schedule['timezone']}" if schedule["kind"] == "cron" else ""
    return f"""apiVersion: batch/v1
kind: CronJob
metadata:
  name: your-job
spec:
  schedule: "{_cron(schedule)}"{zone}
  concurrencyPolicy: Forbid
  jobTemplate:
    spec:
      backoffLimit: 0
      template:
        spec:
          restartPolicy: Never
          containers:
            - name: your-job
              image: your-image # with curl in it
              command: [/bin/sh, -c]
              args:
                - |
                  {_CURL} {url}/start
                  your-job
                  status=$?
                  {_CURL} {url}/$status
                  exit $status
"""


def _actions(url: str) -> str:
    return f"""- name: Tell WebSignal how it ended
  if: always()
  run: {_CURL} {url}/${{{{ job.status == 'success' && '0' || 'fail' }}}}
"""


def _email(token: str) -> tuple[Block, ...]:
    domain = settings.MAIL_PING_DOMAIN
    return (
        Block("When the job has succeeded", mail_address(domain, token)),
        Block("Before it runs", mail_address(domain, token, "start")),
        Block("When it has failed", mail_address(domain, token, "fail")),
        Block("For everything a crontab says", f"MAILTO={mail_address(domain, token, 'log')}"),
    )


_LANGUAGES: tuple[tuple[str, str, str, Callable[[str], str]], ...] = (
    ("python", "Python", "Python 3, nothing to install", _python),
    ("node", "Node", "Node 18 or later, nothing to install", _node),
    ("go", "Go", "Go, standard library", _go),
    ("php", "PHP", "PHP 8", _php),
    ("powershell", "PowerShell", "PowerShell, as a scheduled task runs it", _powershell),
)
