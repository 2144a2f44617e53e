"""What holds for every write of the document: it leaves its row in the log, and never overwrites a newer version."""

import re

import pytest

from accounts.models import AuditEntry
from tests.api.conftest import Caller
from tests.api.objects import BODIES, Objects
from tests.api.test_access import OPERATIONS

STALE = '"0.0-0"'


def takes(operation, parameter):
    return any(one.get("$ref", "").endswith(f"/{parameter}") for one in operation["parameters"])


@pytest.fixture
def everything(alice, token_of, region):
    return Caller(token_of(alice, "monitor.admin user.read user.create"))


@pytest.fixture
def alices(everything, alice, workspace, twilio):
    return Objects(everything, alice, workspace)


def test_a_stale_version_is_never_overwritten(everything, alices):
    """Wherever the document takes `If-Match`, before the body is looked at."""
    asked = [(method, path) for method, path, operation in OPERATIONS if takes(operation, "IfMatch")]
    wrong = {}
    for method, path in asked:
        address = alices.filled(path)
        query = "?externalKey=nowhere" if path == "/api/monitors" else ""
        body = None if method == "DELETE" else {"id": alices.of(address)} if path.endswith("actiongroup") else {}
        answer = everything.ask(method, address + query, body, If_Match=STALE)
        if answer.status_code != 412:
            wrong[f"{method} {path}"] = (answer.status_code, answer.content[:200])
    assert wrong == {}
    assert len(asked) > 45


def test_what_is_read_has_a_tag_that_saves_reading_it_again(everything, alices):
    asked = [path for method, path, operation in OPERATIONS if method == "GET" and takes(operation, "IfNoneMatch")]
    wrong = {}
    for path in asked:
        address = alices.filled(path)
        read, again = everything.get(address), None
        if "ETag" in read:
            again = everything.get(address, If_None_Match=read["ETag"])
        head = everything.ask("HEAD", address)
        if again is None or again.status_code != 304 or again.content or head.get("ETag") != read["ETag"]:
            wrong[path] = (read.status_code, read.headers, again, head.headers)
    assert wrong == {}
    assert len(asked) > 20


# What a write sends where the body that makes such an object, or none, does not do.
SENT = {
    "PUT /api/incidents/{id}": {"title": "By hand", "severity": "MINOR"},
    "PATCH /api/incidents/{id}": {"acknowledged": True},
    "PATCH /api/incidents/{incident_pk}/notes/{id}": {"body": "Found"},
    "PATCH /api/tokens/{id}": {"name": "other"},
    "PATCH /api/invitations/{id}": {"role": "ADMIN"},
    "PUT /api/invitations/{id}": {"role": "VIEWER"},
    "POST /api/monitors/bulk": {"changes": [{"op": "create", "name": "M", "type": "http", "url": "https://m.example"}]},
    "PUT /api/v1/user/{id}": {"name": "Ada"},
}
# What only looks, proves or fetches is in no log.
LOOKS = ("test", "/ssl", "/dns", "/check", "/report/generate", "/reports", "/ticket", "/code", "/confirm")
# These need more than an object that was just made: a paused monitor, a resolved incident, a second owner.
ELSEWHERE = (
    "/api/members/", "/trial", "/accept-answer", "DELETE /api/v1/user/", "POST /api/v1/user.", "PUT /api/monitors.",
    "/resume", "/channels/{id}/roll", "/deliveries/", "DELETE /api/incidents/{id}", "DELETE /api/dependencies/{id}/m",
)  # fmt: skip
# The same endpoints as those of the platform.
TWICE = re.compile(r"/api/v1/(monitor|incident)(/(?!.*actiongroup)|$)")


def writes():
    return [
        (method, path)
        for method, path, _ in OPERATIONS
        if method != "GET" and not path.endswith(LOOKS) and not TWICE.match(path)
        if not any(one in f"{method} {path}." for one in ELSEWHERE)
    ]


def body_of(method, path, alices):
    """What this write takes to change something."""
    if f"{method} {path}" in SENT or method == "DELETE":
        return SENT.get(f"{method} {path}")
    address = alices.filled(path)
    if method == "POST":
        return alices.body(address) if path.rpartition("/")[2] in BODIES else None
    if path.endswith("{monitor_pk}"):
        return None
    is_in_body = path.endswith("actiongroup")
    made = alices.body(address if is_in_body else address.rpartition("/")[0])
    return made | {"name": "Another"} | ({"id": alices.of(address)} if is_in_body else {})


@pytest.mark.parametrize(("method", "path"), writes(), ids=str)
def test_it_leaves_one_row_in_the_log_that_says_who_and_how(everything, alices, alice, method, path):
    address, body = alices.filled(path), body_of(method, path, alices)
    before = AuditEntry.objects.count()
    answer = everything.ask(method, address, body)
    assert answer.status_code < 300, answer.content
    rows = list(AuditEntry.objects.order_by("pk")[before:])
    assert len(rows) == 1, [(row.verb, row.object_type) for row in rows]
    assert (rows[0].user, rows[0].address, rows[0].token.user) == (alice, "127.0.0.1", alice)
    assert rows[0].object_id


def test_nearly_every_write_is_looked_at():
    assert len(writes()) > 55
