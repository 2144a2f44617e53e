"""The form of every type of monitor: made from its schema, judged at once, tried before saving."""

import pytest

from monitors.kinds import kinds
from monitors.masking import MASK
from monitors.models import Monitor
from tests.monitors.probes.scripted import closed_port, tcp_server

pytestmark = pytest.mark.django_db
LEAST = {
    "http": {"url": "https://shop.example/"},
    "tls": {"host": "shop.example"},
    "domain": {"hostname": "shop.example"},
    "dns": {"hostname": "shop.example", "record_type": "MX", "expected": "10 mail.example\n20 backup.example"},
    "tcp": {"host": "shop.example", "port": "7"},
    "udp": {"host": "shop.example", "port": "7"},
    "icmp": {"host": "192.0.2.1"},
    "websocket": {"url": "shop.example/live"},
    "grpc": {"host": "shop.example", "port": "443"},
    "smtp": {"host": "mail.example"},
    "imap": {"host": "mail.example"},
    "ssh": {"host": "2001:db8::1"},
    "sql": {"engine": "postgresql", "host": "db.example", "username": "reader", "password": "hunter2"},
    "redis": {"host": "cache.example", "password": "hunter2"},
}


def posted(form, **fields):
    """What a browser sends of a form as it is shown, with some fields filled in."""
    values = {bound.html_name: bound.value() for bound in form}
    kept = {name: value for name, value in values.items() if value is not None and value is not False}
    return {"type": form.kind.name, "assertion-count": "0", **kept, **fields}


@pytest.fixture
def make(browser):
    def made(name, **fields):
        form = browser.get(f"/monitors/new?type={name}").context["form"]
        answer = browser.post("/monitors/new", posted(form, **LEAST[name], **fields))
        assert answer.status_code == 302, answer.context["form"].errors
        return Monitor.objects.get()

    return made


@pytest.mark.parametrize("name", LEAST)
def test_every_type_is_made_and_edited_by_its_form(browser, make, name):
    monitor = make(name)
    assert (monitor.type, bool(monitor.name)) == (name, True)
    before = monitor.settings
    page = browser.get(f"/monitors/{monitor.pk}/edit")
    assert "hunter2" not in page.content.decode()
    answer = browser.post(f"/monitors/{monitor.pk}/edit", posted(page.context["form"], name="Renamed"))
    assert answer.status_code == 302, answer.context["form"].errors
    monitor.refresh_from_db()
    assert (monitor.name, monitor.settings) == ("Renamed", before)
    assert browser.get(f"/monitors/{monitor.pk}").status_code == 200


@pytest.mark.parametrize("name", LEAST)
def test_no_two_fields_of_a_form_are_called_the_same(browser, name):
    form = browser.get(f"/monitors/new?type={name}").context["form"]
    labels = [bound.label for bound in form]
    assert sorted(set(labels)) == sorted(labels)


@pytest.mark.parametrize("name", LEAST)
def test_what_is_needed_is_named_at_once(browser, name):
    answer = browser.post("/monitors/new", {"type": name})
    needed = {field.name for field in kinds[name].fields if field.required}
    assert answer.status_code == 400
    assert needed <= set(answer.context["form"].errors)


def test_the_picker_says_what_each_type_does(browser):
    page = browser.get("/monitors/new").content.decode()
    for _, kind in kinds:
        if kind.is_probed:
            assert f'href="?type={kind.name}"' in page
            assert kind.label in page
    assert 'name="type" value="http"' in browser.get("/monitors/new?type=nonsense").content.decode()


def test_assertions_are_rows(browser, make):
    row = {"source": "json", "property": "$[0].lag", "comparison": "less_than", "target": "5"}
    rows = {f"assertion-0-{part}": value for part, value in row.items()}
    monitor = make("sql", **rows | {"assertion-count": "2"})
    assert monitor.settings["assertions"] == [row | {"target": 5}]
    page = browser.get(f"/monitors/{monitor.pk}/edit")
    assert 'value="$[0].lag"' in page.content.decode()
    answer = browser.post(f"/monitors/{monitor.pk}/edit", posted(page.context["form"]))
    assert answer.status_code == 302
    monitor.refresh_from_db()
    assert monitor.settings["assertions"] == []


def test_a_wrong_assertion_stands_at_its_row(browser):
    row = {"assertion-0-source": "latency", "assertion-0-comparison": "between", "assertion-0-target": "fast"}
    answer = browser.post("/monitors/new", {"type": "tcp", **LEAST["tcp"], "assertion-count": "1", **row})
    assert answer.status_code == 400
    assert answer.context["form"].rows.errors == ["Give a pair of numbers, for example [200, 399]."]


def test_trying_works_for_any_type_with_and_without_javascript(browser):
    data = {"type": "tcp", "host": "127.0.0.1", "interval_seconds": "60", "timeout_seconds": "8",
            "fail_after_consecutive": "2", "resolve_after_consecutive_success": "1"}  # fmt: skip
    with tcp_server(lambda connection: connection.sendall(b"hello")) as port:
        whole = browser.post("/monitors/try", data | {"port": str(port), "expect": "hell"}).content.decode()
    fragment = browser.post("/monitors/try", data | {"port": str(closed_port())}, headers={"HX-Request": "true"})
    assert "Answers" in whole
    assert "<html" in whole
    assert "Would be down" in fragment.content.decode()
    assert not Monitor.objects.exists()


def test_a_stored_password_is_tried_at_its_own_place_only(browser):
    heard = []

    def listen(connection):
        heard.append(connection.recv(200))
        connection.sendall(b"+OK\r\n")

    with tcp_server(listen) as port, tcp_server(listen) as other:
        monitor = _redis(browser, port)
        form = browser.get(f"/monitors/{monitor.pk}/edit").context["form"]
        assert form.initial["password"] == MASK
        browser.post(f"/monitors/{monitor.pk}/try", posted(form))
        assert b"hunter2" in b"".join(heard)
        heard.clear()
        answer = browser.post(f"/monitors/{monitor.pk}/try", posted(form, port=str(other)))
        assert "password" in answer.context["form"].errors
        assert heard == []


def _redis(browser, port):
    form = browser.get("/monitors/new?type=redis").context["form"]
    browser.post("/monitors/new", posted(form, host="127.0.0.1", port=str(port), password="hunter2"))
    return Monitor.objects.get()
