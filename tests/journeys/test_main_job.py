"""The main job from outside: a target that fails in every way, one incident, one webhook and one email per event.

`python -m pytest tests/journeys/test_main_job.py -s -m slow` prints the run as it happens.
"""

import hashlib
import hmac
import time
from datetime import datetime

import pytest

from tests.platform import Platform
from tests.sinks import MailSink, WebhookSink
from tests.targets import Target

pytestmark = pytest.mark.slow

INTERVAL, TIMEOUT = 10, 2
SLACK = 1.5  # of this machine, beyond what the platform promises
BEGIN = time.time()


def say(text):
    print(f"{time.time() - BEGIN:7.2f} s  {text}")


def wait_for(condition, seconds, what):
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if found := condition():
            return found
        time.sleep(0.05)
    raise AssertionError(f"{what} did not come within {seconds} s")


@pytest.fixture
def parts(tmp_path):
    with Target() as target, WebhookSink() as hooks, MailSink() as mails:
        environment = {"EMAIL_HOST": "127.0.0.1", "EMAIL_PORT": str(mails.port)}
        with Platform(tmp_path, **environment) as platform:
            platform.new_token()
            yield platform, target, hooks, mails


OUTAGES = [
    ("http_status", lambda target: target.behave("/shop", "status/500")),
    ("timeout", lambda target: target.behave("/shop", "hang")),
    ("refused", lambda target: target.refuse()),
]


def recover(target, failure_class):
    target.listen() if failure_class == "refused" else target.behave("/shop", "status/200")


def test_every_outage_opens_one_incident_and_tells_once_by_webhook_and_email(parts):
    platform, target, hooks, mails = parts
    monitor = platform.call(
        "POST",
        "/api/v1/monitor",
        {
            "name": "Shop",
            "type": "http",
            "url": target.url("/shop"),
            "intervalSeconds": INTERVAL,
            "timeoutMs": TIMEOUT * 1000,
            "failAfterConsecutive": 1,
        },
    )
    address = f"/api/v1/monitor/{monitor['id']}"
    webhook = platform.call("POST", f"{address}/webhookactiongroup", {"name": "Ops", "url": hooks.url})
    platform.call("POST", f"{address}/emailactiongroup", {"name": "Ada", "recipients": [platform.email]})

    def status():
        return platform.call("GET", address)["status"]

    wait_for(lambda: status() == "OK", 5, "the first result")
    say("OK: the target answers")
    for failure_class, fail in OUTAGES:
        before = len(hooks.received)
        fail(target)
        began = time.time()
        wait_for(lambda: status() == "DOWN", INTERVAL + TIMEOUT + 1 + SLACK, f"DOWN by {failure_class}")
        say(f"DOWN {time.time() - began:.2f} s after the target began to fail: {failure_class}")
        told(hooks, mails, before + 1)
        incident = platform.call("GET", f"/api/v1/incident/{hooks.received[-1].body['incident']['id']}")
        assert incident["state"] == "OPEN"
        assert incident["cause"]["failureClass"] == failure_class
        assert incident["lastGood"]["statusCode"] == 200
        assert incident["events"][0]["type"] == "OPENED"
        delay_ms = (hooks.received[-1].at - datetime.fromisoformat(incident["startedAt"]).timestamp()) * 1000
        say(f"  incident {incident['id']}: {incident['title']}; webhook {delay_ms:.0f} ms after the transition")
        say(f"  email: {mails.subjects()[-1]}")

        recover(target, failure_class)
        wait_for(lambda: status() == "OK", INTERVAL + 1 + SLACK, "the recovery")
        told(hooks, mails, before + 2)
        resolved = platform.call("GET", f"/api/v1/incident/{incident['id']}")
        assert resolved["state"] == "RESOLVED"
        say(f"  OK again after {resolved['durationSeconds']:.0f} s; email: {mails.subjects()[-1]}")

    assert hooks.events() == ["incident_open", "incident_resolved"] * len(OUTAGES)
    assert platform.call("GET", f"{address}/incident")["total"] == len(OUTAGES)
    for hook in hooks.received:
        mac = hmac.new(webhook["secret"].encode(), hook.raw, hashlib.sha256).hexdigest()
        assert hook.headers["x-gochron-signature"] == f"sha256={mac}"


def told(hooks, mails, count):
    wait_for(lambda: len(hooks.received) == count, 3, f"webhook {count}")
    wait_for(lambda: len(mails.received) == count, 3, f"email {count}")


def test_a_loop_of_pings_that_stops_is_late_then_down_and_recovers_by_a_ping(parts):
    platform, _, hooks, mails = parts
    monitor = platform.call(
        "POST",
        "/api/v1/monitor",
        {
            "name": "Nightly",
            "type": "heartbeat",
            "schedule": {"kind": "interval", "intervalSeconds": 10},
            "graceSeconds": 3,
        },
    )
    address = f"/api/v1/monitor/{monitor['id']}"
    platform.call("POST", f"{address}/webhookactiongroup", {"name": "Ops", "url": hooks.url})

    def status():
        return platform.call("GET", address)["status"]

    def ping():
        return platform.call("GET", f"/api/signals/ping/{monitor['token']}")

    for _ in range(3):
        assert ping() == {"message": "OK"}
        time.sleep(1.2)
    last = time.time() - 1.2
    assert status() == "OK"
    say("OK: pings arrive, then stop")
    wait_for(lambda: status() == "LATE", 14 + SLACK, "LATE")
    late = time.time() - last
    say(f"LATE {late:.2f} s after the last ping (promised: 12 s, found within 2 s)")
    wait_for(lambda: status() == "DOWN", 5 + SLACK, "DOWN")
    down = time.time() - last
    say(f"DOWN {down:.2f} s after the last ping (promised: 15 s, found within 2 s)")
    assert late + 0.2 >= 12
    assert down + 0.2 >= 15
    wait_for(lambda: hooks.events() == ["incident_open"], 3, "the webhook of the opening")
    assert not mails.received, "the action covers the monitor: nobody else is told"
    ping()
    wait_for(lambda: status() == "OK", 2, "the recovery")
    wait_for(lambda: hooks.events() == ["incident_open", "incident_resolved"], 3, "the webhook of the recovery")
    say("OK again by a ping; incident resolved")
    history = platform.call("GET", f"/api/signals/token/{monitor['token']}?limit=100")
    assert [one["type"] for one in reversed(history["items"])] == ["SUCCESS"] * 3 + ["SUSPECT", "FAIL", "SUCCESS"]
