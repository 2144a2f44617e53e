"""The pages of planned work: list, forms, and its marks on the pages of what it covers."""

from datetime import timedelta

from common.clock import now as clock_now
from dashboard.planned import planned_marks, under_way, with_planned
from monitors.grouping import create_group
from monitors.models import Deployment, MaintenanceWindow
from monitors.planned.deploying import end_deployment


def text(answer):
    return answer.content.decode()


def test_the_list_shows_windows_and_deployments(browser, window, deployment):
    html = text(browser.get("/maintenance"))
    assert "Nightly" in html
    assert "Shop 1.4.2" in html
    assert "Every day" in html
    assert 'aria-current="page"' in html


def test_a_window_is_made_on_the_clock_of_its_zone(browser, monitor, workspace, by_alice):
    group = create_group(workspace=workspace, by=by_alice, now=clock_now(), fields={"name": "Web"})
    year = clock_now().year + 1
    given = {
        "name": "Move", "starts": f"{year}-07-01T01:00", "ends": f"{year}-07-01T03:00", "timezone": "Europe/Berlin",
        "repeat": "custom", "rule": "freq=weekly;byday=su", "monitor_ids": [monitor.pk], "service_group_id": group.pk,
        "suppress_alerts": "on",
    }  # fmt: skip
    assert browser.post("/maintenance/windows/new", given)["Location"] == "/maintenance"
    made = MaintenanceWindow.objects.get()
    assert made.starts_at.isoformat() == f"{year}-06-30T23:00:00+00:00"
    assert (made.rrule, made.suppress_alerts, made.suppress_incidents) == ("FREQ=WEEKLY;BYDAY=SU", True, False)
    html = text(browser.get(f"/maintenance/windows/{made.pk}"))
    assert f'value="{year}-07-01T01:00"' in html
    assert browser.post(f"/maintenance/windows/{made.pk}", given | {"name": "Renamed", "repeat": ""}).status_code == 302
    made.refresh_from_db()
    assert (made.name, made.rrule) == ("Renamed", "")
    assert browser.post(f"/maintenance/windows/{made.pk}/delete").status_code == 302
    assert not MaintenanceWindow.objects.exists()


def test_wrong_fields_of_a_window_are_shown_beside_them(browser, monitor):
    given = {"name": "Move", "starts": "soon", "ends": "2030-07-01T03:00", "timezone": "UTC", "repeat": "custom"}
    answer = browser.post("/maintenance/windows/new", given)
    assert answer.status_code == 400
    assert "Give a date and a time" in text(answer)
    assert "Write the rule" in text(answer)
    answer = browser.post("/maintenance/windows/new", given | {"starts": "2030-07-01T01:00", "rule": "FREQ=HOURLY"})
    assert answer.status_code == 400
    assert "FREQ must be one of" in text(answer)
    assert "Say what it covers" in text(answer)


def test_a_deployment_is_begun_edited_and_ended(browser, monitor):
    given = {"name": "Shop", "release": "2", "monitor_ids": [monitor.pk], "auto_pause": "on"}
    assert browser.post("/maintenance/deployments/new", given).status_code == 302
    made = Deployment.objects.get()
    assert (made.state, made.auto_pause) == ("ACTIVE", True)
    html = text(browser.get(f"/maintenance/deployments/{made.pk}"))
    assert 'name="monitor_ids"' not in html
    assert browser.post(f"/maintenance/deployments/{made.pk}", {"name": "Renamed", "author": "Ada"}).status_code == 302
    browser.post(f"/maintenance/deployments/{made.pk}/end")
    made.refresh_from_db()
    assert (made.name, made.author, made.state) == ("Renamed", "Ada", "ENDED")
    browser.post(f"/maintenance/deployments/{made.pk}/delete")
    assert not Deployment.objects.exists()


def test_a_deployment_over_nothing_is_refused(browser):
    answer = browser.post("/maintenance/deployments/new", {"name": "Shop"})
    assert answer.status_code == 400
    assert "Say what it covers" in text(answer)


def test_a_page_says_what_is_under_way(browser, monitor, heartbeat, window, deployment):
    html = text(browser.get(f"/monitors/{monitor.pk}"))
    assert "Deployment Shop 1.4.2 is under way" in html
    assert "In maintenance: Nightly" in html
    html = text(browser.get(f"/monitors/{heartbeat.pk}"))
    assert "Shop 1.4.2 begins" in html


def test_charts_are_marked_where_it_begins_and_ends(monitor, window, deployment, by_alice):
    now = clock_now()
    end_deployment(deployment=deployment, by=by_alice, now=now)
    marks = planned_marks(monitor, since=now - timedelta(hours=2), until=now + timedelta(hours=2))
    assert [(one["label"], one["kind"]) for one in marks] == [
        ("Deployment Shop 1.4.2", "deployment"),
        ("Maintenance Nightly", "window"),
    ]
    assert all(one["at"] <= one["until"] for one in marks)
    (today,) = with_planned([{"date": now.date()}], monitor, now=now)
    assert today["planned"] == ["Deployment Shop 1.4.2", "Maintenance Nightly"]
    assert [one["title"] for one in under_way(monitor, now=now)] == ["In maintenance: Nightly"]


def test_the_list_costs_the_same_for_many(browser, monitor, window, deployment, django_assert_max_num_queries):
    for number in range(6):
        Deployment.objects.create(workspace=monitor.workspace, name=f"D{number}")
        MaintenanceWindow.objects.create(
            workspace=monitor.workspace, name=f"W{number}", starts_at=clock_now(), ends_at=clock_now()
        )
    with django_assert_max_num_queries(14):
        browser.get("/maintenance")
