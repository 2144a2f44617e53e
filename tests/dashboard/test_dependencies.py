"""The pages of dependencies, and what the pages of monitors say of them."""

import pytest

from common.clock import now as clock_now
from incidents.models import Incident, State
from monitors.models import MonitorState, Status
from monitors.services import edit_monitor
from signals.dependencies import create_dependency, edit_dependency
from signals.events import DependencyJudged, dependencies_judged
from signals.models import Dependency, DependencyLink

pytestmark = pytest.mark.django_db


def report_down(dependency, monitor):
    now = clock_now()
    DependencyLink.objects.filter(dependency=dependency, monitor=monitor).update(
        reported_status="DOWN", reported_at=now
    )
    told = DependencyJudged(dependency, monitor, True, now, "was reported down")
    dependencies_judged.send(sender=Dependency, judged=[told], now=now)


def test_the_list_says_what_is_down_first_and_why(page, workspace, heartbeat, monitor, by_alice, dependency):
    fields = {"name": "Queue", "monitor_id": monitor.pk, "description": "RabbitMQ <b>"}
    create_dependency(workspace=workspace, by=by_alice, now=clock_now(), fields=fields)
    report_down(dependency, heartbeat)
    html = page("/dependencies")
    assert html.index("Redis") < html.index("Queue")
    assert "By reports" in html
    assert f"By the monitor {monitor.name}" in html
    assert "RabbitMQ &lt;b&gt;" in html
    assert "1 is down" in html
    assert "Queue" not in page("/dependencies?status=DOWN")
    assert "No dependency matches" in page("/dependencies?search=nothing%00")


def test_one_dependency_shows_who_needs_it_and_its_incidents(page, heartbeat, dependency):
    report_down(dependency, heartbeat)
    html = page(f"/dependencies/{dependency.pk}")
    assert heartbeat.name in html
    assert f"{heartbeat.name}: Redis is down" in html
    assert "No monitor" in html


def test_a_pin_says_whose_word_it_is_and_is_taken_back(browser, page, heartbeat, dependency):
    report_down(dependency, heartbeat)
    browser.post(f"/dependencies/{dependency.pk}/pin-ok")
    html = page(f"/dependencies/{dependency.pk}")
    assert "Pinned as OK by alice@example.org" in html
    assert Incident.objects.get().state == State.RESOLVED
    browser.post(f"/dependencies/{dependency.pk}/unpin")
    assert "Pinned as" not in page(f"/dependencies/{dependency.pk}")
    assert Incident.objects.filter(state=State.OPEN).count() == 1
    browser.post(f"/dependencies/{dependency.pk}/pin-down")
    dependency.refresh_from_db()
    assert dependency.pinned_status == "DOWN"


def test_a_dependency_is_made_linked_edited_and_deleted(browser, monitor, heartbeat):
    given = {"name": "Orders database", "dependent_ids": [monitor.pk, heartbeat.pk], "monitor_id": monitor.pk}
    made_at = browser.post("/dependencies/new", given)["Location"]
    made = Dependency.objects.get()
    assert made_at == f"/dependencies/{made.pk}"
    assert {link.monitor_id for link in made.links.all()} == {monitor.pk, heartbeat.pk}
    html = browser.get(f"{made_at}/edit").content.decode()
    assert html.count("checked") >= 2
    given = {"name": "Orders", "dependent_ids": [heartbeat.pk], "monitor_id": "", "pinned_status": "DOWN"}
    assert browser.post(f"{made_at}/edit", given).status_code == 302
    made.refresh_from_db()
    assert (made.name, made.monitor, made.pinned_status) == ("Orders", None, "DOWN")
    assert made.links.get().monitor_id == heartbeat.pk
    browser.post(f"{made_at}/delete")
    assert not Dependency.objects.exists()


@pytest.mark.parametrize(
    ("field", "given"),
    [
        ("name", {"name": ""}),
        ("name", {"name": "Redis"}),
        ("name", {"name": "\x00"}),
        ("monitor_id", {"name": "x", "monitor_id": "77"}),
        ("dependent_ids", {"name": "x", "dependent_ids": ["77", "x"]}),
        ("pinned_status", {"name": "x", "pinned_status": "UNKNOWN"}),
    ],
)
def test_every_wrong_field_is_named_and_nothing_stored(browser, dependency, field, given):
    answer = browser.post("/dependencies/new", given)
    assert answer.status_code == 400
    assert field in answer.context["form"].errors
    assert Dependency.objects.count() == 1


def test_the_pages_of_what_needs_it_say_that_it_is_down(page, monitor, heartbeat, dependency, by_alice, make_monitor):
    path = f"/monitors/{heartbeat.pk}"
    assert "Depends on" in page(path)
    assert "This job depends on it" not in page(path)
    edit_dependency(dependency=dependency, by=by_alice, now=clock_now(), fields={"pinned_status": "DOWN"})
    assert "This job depends on it" in page(path)
    assert "Depends on" not in page(f"/monitors/{monitor.pk}")
    other = make_monitor(name="Payments")
    edit_monitor(monitor=monitor, by=by_alice, now=clock_now(), fields={"depends_on": [other.pk]})
    MonitorState.objects.filter(pk=other.pk).update(status=Status.DOWN)
    html = page(f"/monitors/{monitor.pk}")
    assert "Payments is down" in html
    assert "This monitor depends on it" in html


def test_each_page_tells_its_own_report(page, make_heartbeat, heartbeat, dependency, by_alice):
    other = make_heartbeat(name="Other")
    ids = {"dependent_ids": [heartbeat.pk, other.pk]}
    edit_dependency(dependency=dependency, by=by_alice, now=clock_now(), fields=ids)
    report_down(dependency, heartbeat)
    assert "Reported here" in page(f"/monitors/{heartbeat.pk}")
    html = page(f"/monitors/{other.pk}")
    assert html.count("Reported by others") == 1
    assert "Redis is down" in html
    assert "This job depends on it" in html
    assert "This job depends on it" not in page(f"/monitors/{heartbeat.pk}"), "its incident says so"


def test_the_list_costs_the_same_for_many(browser, workspace, by_alice, heartbeat, django_assert_max_num_queries):
    for number in range(30):
        fields = {"name": f"D{number}", "dependent_ids": [heartbeat.pk]}
        create_dependency(workspace=workspace, by=by_alice, now=clock_now(), fields=fields)
    with django_assert_max_num_queries(16):
        assert browser.get("/dependencies").status_code == 200
