"""What beat asks for and how often; every entry says only "look what is due", so a lost one costs nothing."""

from datetime import timedelta
from typing import Any


def every(seconds: float, task: str) -> dict[str, Any]:
    """One entry; a tick that waited longer than its period is dropped, for the next one says the same."""
    return {"task": task, "schedule": timedelta(seconds=seconds), "options": {"expires": seconds}}


SCHEDULE: dict[str, dict[str, Any]] = {
    "monitors: wake the engines": every(1, "monitors.tick_regions"),
    "monitors: find those that nobody looks at": every(15, "monitors.mark_unwatched"),
    "monitors: notice regions that fall silent": every(5, "monitors.watch_regions"),
    "alerts: tell the operators": every(10, "alerts.tasks.send_notices"),
    "monitors: pause what plans do not cover": every(600, "monitors.pause_beyond_plans"),
    "monitors: start and end deployments": every(1, "monitors.move_deployments"),
    "incidents: open what is no longer held back": every(1, "incidents.release"),
    "signals: find what is overdue": every(0.25, "signals.sweep"),
    "alerts: send what is due": every(1, "alerts.tasks.send_due"),
    "alerts: ask addresses to confirm": every(5, "alerts.tasks.ask_recipients"),
    "alerts: send codes to phone numbers": every(5, "alerts.tasks.send_codes"),
    "alerts: tell what a window held back": every(5, "alerts.tasks.tell_held"),
    "alerts: remind of open incidents": every(5, "alerts.tasks.remind"),
    "alerts: plan and make monthly reports": every(10, "alerts.tasks.monthly_reports"),
    "alerts: drop old monthly reports": every(3600, "alerts.tasks.drop_old_reports"),
    "accounts: mail invitations": every(5, "accounts.send_invitations"),
    "accounts: clear OAuth tokens that ended": every(3600, "accounts.clear_tokens"),
    "monitors: roll results up": every(60, "monitors.roll_up"),
    "monitors: make reports": every(5, "monitors.make_reports"),
    "monitors: drop old results": every(3600, "monitors.drop_old_results"),
    "signals: drop old signals": every(3600, "signals.drop_old_signals"),
    "accounts: drop what has run out": every(3600, "accounts.drop_outdated"),
}

# One process has one engine, so no region need be looked up to wake it, and a thread of its own that sweeps.
IN_ONE_PROCESS = {name: entry for name, entry in SCHEDULE.items() if entry["task"] != "signals.sweep"} | {
    "monitors: wake the engines": every(1, "monitors.tick")
}
