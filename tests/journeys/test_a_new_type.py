"""A new type of monitor is one module and one line of the catalogue: everything else reads its schema.

The type here is made up in this file; nothing but the catalogue and what it registers at the start knows of it.
"""

import json
from io import StringIO

import pytest
from django.core.management import call_command

from monitors.kinds import kinds
from monitors.models import Monitor
from monitors.probed import ProbedKind
from monitors.probes.catalogue import PROBES
from monitors.probes.fields import HOST, LATENCY_THRESHOLD, assertions, port
from monitors.probes.judging import conclude
from monitors.probes.schema import Field, ProbeType
from monitors.probes.stream import open_stream
from tests.api.conftest import Caller
from tests.monitors.probes.scripted import tcp_server
from websignal.openapi import document

pytestmark = pytest.mark.django_db
QUESTION = Field(name="person", kind="text", maximum=100, nullable=True, help="Whom to ask about (RFC 1288).")
PASSWORD = Field(name="password", kind="text", nullable=True, maximum=100, secret=True, help="Of nobody's business.")
FINGER_FIELDS = (HOST, port(79), QUESTION, PASSWORD, assertions("body", "latency"), LATENCY_THRESHOLD)


def probe_finger(result, handles, deadline):
    settings = result.check.settings
    stream = yield from open_stream(settings["host"], settings["port"], result, handles, deadline)
    try:
        yield from stream.send((settings["person"] or "").encode() + b"\r\n")
        line = yield from stream.take_line()
        stream.note_phases()
    finally:
        stream.close()
    yield from conclude(result, line)


@pytest.fixture
def finger(monkeypatch):
    """The line of the catalogue, as it is read when the app is ready."""
    label, summary = "Finger", "Asks a server who somebody is."
    entry = ProbeType(probe_finger, FINGER_FIELDS, label=label, summary=summary)
    monkeypatch.setitem(PROBES, "finger", entry)
    monkeypatch.setitem(kinds._answers, "finger", ProbedKind("finger", entry))


@pytest.fixture
def api(alice, workspace, token_of):
    return Caller(token_of(alice, "monitor.admin"))


def test_the_api_makes_tries_and_checks_one(finger, api):
    with tcp_server(lambda connection: connection.sendall(b"Ada Lovelace, " + connection.recv(100))) as number:
        body = {"type": "finger", "host": "127.0.0.1", "port": number, "person": "ada", "password": "hunter2"}
        said = [{"source": "body", "comparison": "contains", "target": "Lovelace, ada"}]
        tried = api.post("/api/v1/monitortest", body | {"assertions": said}).json()
        assert (tried["ok"], tried["assertions"][0]["ok"]) == (True, True)
        made = api.post("/api/v1/monitor", {"name": "Ada", **body})
        assert made.status_code == 201
        assert (made.json()["person"], made.json()["password"]) == ("ada", "********")
        assert api.post(f"/api/v1/monitor/{made.json()['id']}/check").json()["ok"] is True
    assert Monitor.objects.get().settings["password"] == "hunter2"


def test_what_it_does_not_use_is_refused_and_what_it_needs_required(finger, api):
    answer = api.post("/api/v1/monitor", {"name": "Ada", "type": "finger", "person": 5, "url": "http://x.example/"})
    assert sorted(error["pointer"] for error in answer.json()["errors"]) == ["/host", "/person", "/url"]


def test_the_pages_offer_and_make_one(finger, operator_browser):
    page = operator_browser.get("/monitors/new?type=finger")
    shown = page.content.decode()
    assert [words for words in ("Finger", QUESTION.help, 'name="password"') if words not in shown] == []
    form = page.context["form"]
    values = {bound.html_name: bound.value() for bound in form if bound.value() not in (None, False)}
    values |= {"type": "finger", "assertion-count": "0", "host": "finger.example", "password": "hunter2"}
    answer = operator_browser.post("/monitors/new", values)
    assert answer.status_code == 302, answer.context["form"].errors
    monitor = Monitor.objects.get()
    assert (monitor.type, monitor.target) == ("finger", "finger.example")
    for path in (
        f"/monitors/{monitor.pk}",
        f"/monitors/{monitor.pk}/edit",
        f"/admin/monitors/monitor/{monitor.pk}/change/",
    ):
        page = operator_browser.get(path)
        assert (page.status_code, "hunter2" in page.content.decode()) == (200, False)


def test_the_documents_describe_it(finger):
    written = json.dumps(document(), default=str)
    assert '"finger"' in written
    assert QUESTION.help in written
    printed = StringIO()
    call_command("types_table", stdout=printed)
    assert "## Finger: `finger`" in printed.getvalue()
    assert QUESTION.help in printed.getvalue()
