"""The lines that people copy to ping a heartbeat."""

from django.conf import settings

from signals.models import Heartbeat

_CURL = "curl -fsS -m 10 --retry 5 -o /dev/null"


def ping_lines(heartbeat: Heartbeat) -> dict[str, str]:
    """One line each: success, start, exit status, crontab."""
    full = f"{settings.PUBLIC_URL}/api/signals/ping/{heartbeat.token}"
    short = f"{settings.PUBLIC_URL}/ping/{heartbeat.token}"
    return {
        "ping_line": f"curl -fsS -m 10 --retry 5 {full}",
        "start_line": f"{_CURL} {short}/start",
        "fail_line": f"{_CURL} {short}/fail",
        "exit_line": f"your-job; {_CURL} {short}/$?",
        "cron_line": f"15 2 * * *  your-job && {_CURL} {short}",
    }
