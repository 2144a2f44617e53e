"""One object of Alice's for each parameter of a path of the OpenAPI document, so that walks cover every address."""

import re
from datetime import UTC, datetime

from accounts.models import AuditEntry
from alerts.models import AlertEvent, Delivery
from monitors.models import Region

MARK = "Alice's own"
PARAMETER = re.compile(r"\{\w+\}")
_MONITOR = {"name": MARK, "type": "http", "url": "https://shop.example/health"}
_GROUP = {"name": MARK}
# What a POST to a collection takes, by the last segment of its address.
BODIES = {
    "monitor": _MONITOR,
    "monitors": _MONITOR,
    "incident": {"title": MARK},
    "incidents": {"title": MARK},
    "notes": {"body": MARK},
    "tokens": {"name": MARK, "scopes": ["monitor.read"]},
    "service-group": {"name": MARK},
    "deployments": {"name": MARK, "monitorIds": [1]},
    "maintenance-windows": {
        "name": MARK, "startsAt": "2026-03-02T12:00:00Z", "endsAt": "2026-03-02T13:00:00Z", "monitorIds": [1],
    },
    "dependencies": {"name": MARK},
    "channels": {"name": MARK, "type": "email", "config": {"recipients": ["alice@example.org"]}},
    "alert-rules": {"name": MARK, "channelIds": [1]},
    "report-schedules": {"name": MARK},
    "invitations": {"email": "dora@example.org", "role": "MEMBER"},
    "emailactiongroup": {**_GROUP, "recipients": ["alice@example.org"]},
    "webhookactiongroup": {**_GROUP, "url": "https://hooks.example/in"},
    "smsactiongroup": {**_GROUP, "phoneNumbers": ["+4930123456"]},
}  # fmt: skip


class Objects:
    """Alice's objects, each made when a path first asks for one.

    The segment before a parameter says what it stands for; a segment that nobody taught this class raises KeyError.
    """

    def __init__(self, api, alice, workspace):
        self.api, self.alice, self.workspace = api, alice, workspace
        self.made = {}

    def filled(self, path):
        """`path` with an id of Alice's for each parameter."""
        while found := PARAMETER.search(path):
            path = path[: found.start()] + str(self.of(path[: found.start() - 1])) + path[found.end() :]
        return path

    def of(self, collection):
        """The id of an object in `collection`, whose own parameters are filled."""
        if collection not in self.made:
            kind = collection.rpartition("/")[2].replace("-", "_")
            self.made[collection] = getattr(self, f"_{kind}", self._posted)(collection)
        return self.made[collection]

    def body(self, collection):
        """What a POST to `collection` takes; it names objects of Alice's where it must."""
        kind = collection.rpartition("/")[2]
        if kind not in BODIES:
            raise KeyError(f"{collection}: say in tests/api/objects.py how an object of this kind is made")
        body = dict(BODIES[kind])
        if "monitorIds" in body:
            body["monitorIds"] = [self.of("/api/v1/monitor")]
        if "channelIds" in body:
            body["channelIds"] = [self.of("/api/channels")]
        return body

    def _posted(self, collection):
        answer = self.api.post(collection, self.body(collection))
        assert answer.status_code == 201, (collection, answer.content)
        return answer.json()["id"]

    def _user(self, collection):
        return self.alice.pk

    def _audit_log(self, collection):
        self.of("/api/v1/monitor")
        return AuditEntry.objects.filter(workspace=self.workspace, object_name=MARK).latest("pk").pk

    def _token(self, collection):
        job = {"name": MARK, "type": "heartbeat", "schedule": {"kind": "interval", "intervalSeconds": 60}}
        return self.api.post("/api/v1/monitor", job).json()["token"]

    def _monitors(self, collection):
        return self._posted("/api/v1/monitor")

    def _report(self, collection):
        asked = self.api.post(f"/api/v1/monitor/{self.of('/api/v1/monitor')}/report/generate", {"format": "pdf"})
        return asked["Location"].rpartition("/")[2]

    def _monthly_reports(self, collection):
        asked = self.api.post(f"/api/report-schedules/{self.of('/api/report-schedules')}/preview")
        return asked.json()["id"]

    def _members(self, collection):
        return self.workspace.memberships.get(user=self.alice).pk

    def _regions(self, collection):
        return Region.objects.get(key="default").pk

    def _deliveries(self, collection):
        return Delivery.objects.create(
            workspace=self.workspace,
            channel_id=self.of("/api/channels"),
            event=AlertEvent.INCIDENT_OPEN,
            occurrence="o",
            created_at=datetime(2026, 3, 2, tzinfo=UTC),
        ).pk
