"""What pages show, in how many queries, and that nothing a person or a job wrote is taken as markup."""

import re
from datetime import timedelta

import pytest

from common.clock import now as clock_now
from common.middleware import POLICY
from incidents import services as incidents
from incidents.models import Incident
from monitors.models import MonitorState, RegionState, Status, StatusChange
from monitors.services import pause
from signals.models import HeartbeatState, Signal

pytestmark = pytest.mark.django_db


def set_status(monitor, status, since=None):
    MonitorState.objects.filter(pk=monitor.pk).update(status=status, status_since=since or clock_now())


@pytest.mark.parametrize("path", ["/", "/monitors", "/heartbeats", "/incidents", "/alerts", "/settings/audit-log"])
def test_lists_take_the_same_queries_for_5_and_50_rows(
    browser, queries_of, make_monitor, make_heartbeat, make_incident, with_history, path
):
    def add(numbers):
        for number in numbers:
            monitor, heartbeat = (
                make_monitor(name=f"Shop {number}", tags=["prod"]),
                make_heartbeat(name=f"Job {number}"),
            )
            with_history(monitor, 3)
            make_incident(monitor)
            set_status(heartbeat, Status.LATE)

    add(range(5))
    few = queries_of(browser, path)
    add(range(5, 50))
    assert queries_of(browser, path) == few <= 16


def test_one_monitor_takes_the_same_queries_however_much_it_has(
    browser, queries_of, monitor, make_incident, with_history
):
    with_history(monitor, 3)
    path = f"/monitors/{monitor.pk}"
    few = queries_of(browser, path)
    with_history(monitor, 110)
    for _ in range(5):
        incidents.resolve_incident(incident=make_incident(monitor), now=clock_now())
    assert queries_of(browser, path) == few <= 42


def test_one_heartbeat_takes_the_same_queries_however_much_it_has(browser, queries_of, heartbeat, with_signals):
    with_signals(heartbeat, 3)
    path = f"/monitors/{heartbeat.pk}"
    few = queries_of(browser, path)
    with_signals(heartbeat, 100)
    assert queries_of(browser, path) == few <= 28


def test_one_incident_takes_the_same_queries_however_much_was_written(browser, queries_of, incident, by_alice):
    path = f"/incidents/{incident.pk}"
    incidents.add_note(incident=incident, body="one", by=by_alice, now=clock_now())
    few = queries_of(browser, path)
    for number in range(20):
        incidents.add_note(incident=incident, body=f"note {number}", by=by_alice, now=clock_now())
    assert queries_of(browser, path) == few <= 16


@pytest.mark.parametrize("path", ["/", "/monitors", "/heartbeats", "/incidents", "/alerts", "/settings/tokens"])
def test_an_empty_workspace_says_what_will_be_here(page, path):
    html = page(path)
    assert any(said in html for said in ("yet", "No incidents"))


def test_home_says_how_things_are_in_one_sentence(page, make_monitor):
    shops = [make_monitor(name=f"Shop {number}") for number in range(3)]
    for shop in shops:
        set_status(shop, Status.OK)
    assert "All 3 monitors are fine" in page("/")
    set_status(shops[0], Status.DOWN)
    html = page("/")
    assert "1 is down" in html
    assert "2 are fine" in html


def test_home_warns_of_what_is_about_to_go_wrong(page, make_monitor, make_heartbeat):
    now = clock_now()
    shop, late, soon = make_monitor(), make_heartbeat(name="Late job"), make_heartbeat(name="Soon job")
    RegionState.objects.filter(monitor=shop).update(certificate_expires_at=now + timedelta(days=9, hours=1))
    set_status(late, Status.LATE)
    set_status(soon, Status.OK)
    HeartbeatState.objects.filter(pk=late.pk).update(next_due_at=now)
    HeartbeatState.objects.filter(pk=soon.pk).update(next_due_at=now + timedelta(minutes=10))
    html = page("/")
    assert "Its certificate expires" in html
    assert "Late: without a ping it is down" in html
    assert "A ping is expected" in html


def test_home_does_not_warn_of_another_workspace(signed_in, charlie, make_monitor):
    RegionState.objects.filter(monitor=make_monitor()).update(certificate_expires_at=clock_now())
    assert "certificate expires" not in signed_in(charlie).get("/").content.decode()


def test_trouble_stands_first_in_the_list(browser, make_monitor):
    make_monitor(name="A fine one")
    set_status(make_monitor(name="Z broken"), Status.DOWN)
    assert [row.monitor.name for row in browser.get("/monitors").context["rows"]] == ["Z broken", "A fine one"]


@pytest.mark.parametrize(
    ("query", "names"),
    [
        ("search=kiosk", ["Kiosk"]),
        ("search=SHOP.EXAMPLE", ["Kiosk", "店"]),
        ("search=100%25", []),
        ("search=%00", ["Kiosk", "店"]),
        ("tag=prod", ["Kiosk"]),
        ("tag=%E5%BA%97", ["店"]),
        ("tag=pro", []),
        ("status=NEW", ["Kiosk", "店"]),
        ("status=DOWN", []),
        ("status=%00junk", ["Kiosk", "店"]),
        ("page=99999999999999999999", ["Kiosk", "店"]),
        ("page=x", ["Kiosk", "店"]),
    ],
)
def test_filters_of_the_list(browser, make_monitor, query, names):
    make_monitor(name="Kiosk", tags=["prod"])
    make_monitor(name="店", tags=["店"])
    answer = browser.get(f"/monitors?{query}")
    assert answer.status_code == 200
    assert [row.monitor.name for row in answer.context["rows"]] == names


def test_more_than_a_hundred_are_paged(browser, make_monitor):
    for number in range(101):
        make_monitor(name=f"Shop {number:03}")
    assert "1–100 of 101" in browser.get("/monitors").content.decode()
    assert len(browser.get("/monitors?page=2").context["rows"]) == 1


def test_stored_sentences_say_times_in_the_readers_zone(page, alice, monitor, make_incident):
    detail = "The certificate expires in 3 days, on 30 Nov 2026, 20:11 UTC."
    found = make_incident(monitor, title=f"Shop: {detail}", cause={"detail": detail}, first_failure={"detail": detail})
    StatusChange.objects.create(monitor=monitor, at=clock_now(), before="OK", after="DEGRADED", reason=detail)
    alice.timezone = "Asia/Tokyo"
    alice.save()
    for path in ("/", "/incidents", f"/incidents/{found.pk}", f"/monitors/{monitor.pk}"):
        html = page(path)
        assert "on 1 Dec 2026, 05:11 JST" in html
        assert "20:11 UTC" not in html


def test_an_incident_that_goes_on_stands_above_newer_ones_that_are_over(browser, monitor, make_incident, by_alice):
    at = clock_now() - timedelta(days=9)
    kinds = ["DOWNTIME", "SSL", "LATENCY", "DNS"]
    seen, going_on, over, last = (make_incident(monitor, kind=kind) for kind in kinds)
    for day, one in enumerate((seen, going_on, over, last)):
        Incident.objects.filter(pk=one.pk).update(started_at=at + timedelta(days=day))
    incidents.acknowledge(incident=seen, by=by_alice, now=clock_now())
    for one in (over, last):
        incidents.resolve_incident(incident=one, now=clock_now())
    shown = [going_on, seen, last, over]
    assert list(browser.get("/incidents").context["page"].object_list) == shown
    assert browser.get(f"/monitors/{monitor.pk}").context["incidents"] == shown


@pytest.mark.parametrize(
    "query", ["state=JUNK", "monitor=x", "monitor=99999999999999999999", "day=2026-99-99", "day=0001-01-01", "page=-1",
              "day=9999-12-31", "state=%00"]
)  # fmt: skip
def test_filters_of_incidents_take_any_junk(page, incident, query):
    page(f"/incidents?{query}")


def test_a_monitor_page_shows_figures_chart_results_and_history(page, monitor, incident, with_history):
    with_history(monitor, 20)
    html = page(f"/monitors/{monitor.pk}")
    assert "Response time" in html
    assert '"label": "First byte"' in html
    assert "Status history" in html
    assert "Open the incident" in html
    assert f'data-live-refresh="/monitors/{monitor.pk}/results"' in html


def test_fresh_results_are_a_fragment(page, monitor, with_history):
    with_history(monitor, 5)
    html = page(f"/monitors/{monitor.pk}/results")
    assert 'id="results"' in html
    assert "<html" not in html


def test_a_paused_monitor_says_so(page, monitor, by_alice):
    pause(monitor=monitor, by=by_alice, now=clock_now())
    html = page(f"/monitors/{monitor.pk}")
    assert "Resume" in html
    assert "Paused: nothing was checked" in html


def test_a_heartbeat_page_shows_its_signals_escaped_and_paged(page, heartbeat, with_signals):
    with_signals(heartbeat, 40)
    html = page(f"/monitors/{heartbeat.pk}")
    assert "&lt;script&gt;alert(1)&lt;/script&gt;" in html
    assert "<script>alert" not in html
    assert "Duration of runs" in html
    older = re.search(r'href="(\?cursor=[^"#]+)#signals" rel="next"', html)[1]
    html = page(f"/monitors/{heartbeat.pk}{older}")
    assert 'href="?#signals" rel="prev"' in html
    assert html.count('<tr id="signal-') == 15
    for junk in ("?cursor=x", "?cursor=%C2%B2&type=x", "?type=%00"):
        assert page(f"/monitors/{heartbeat.pk}{junk}").count('<tr id="signal-') == 15


def test_the_log_is_filtered_by_type_and_fetched_as_a_fragment(page, browser, heartbeat, monitor, with_signals):
    with_signals(heartbeat, 3)
    Signal.objects.create(
        heartbeat_id=heartbeat.pk, type="FAIL", created_at=clock_now(), payload='{"a":[1]}', payload_is_json=True
    )
    path = f"/heartbeats/{heartbeat.pk}/signals"
    assert page(path).count('<tr id="signal-') == 4
    html = page(f"{path}?type=FAIL")
    assert html.count('<tr id="signal-') == 1
    assert "{\n  &quot;a&quot;: [\n    1\n  ]\n}" in html
    assert f'data-live-refresh="{path}?type=FAIL"' in html
    assert "No signal of this type" in page(f"/monitors/{heartbeat.pk}?type=START")
    assert browser.get(f"/heartbeats/{monitor.pk}/signals").status_code == 302


def test_a_heartbeat_page_copes_with_every_type_of_signal(page, heartbeat):
    for kind in ("SUCCESS", "START", "LOG", "FAIL", "SUSPECT", "DEPLOYMENT"):
        Signal.objects.create(heartbeat_id=heartbeat.pk, type=kind, created_at=clock_now(), exit_status=3)
    assert "Deployment" in page(f"/monitors/{heartbeat.pk}")


def test_an_incident_sets_what_changed_in_bold_and_keeps_bodies_as_text(page, incident):
    html = page(f"/incidents/{incident.pk}")
    assert '<td class="changed">200</td><td class="changed">503</td>' in html
    assert "&lt;b&gt;no" in html


def test_an_incident_without_evidence_or_monitor_has_a_page(page, workspace):
    bare = Incident.objects.create(workspace=workspace, kind="MANUAL", title="Fire", started_at=clock_now())
    assert "Fire" in page(f"/incidents/{bare.pk}")


@pytest.mark.parametrize("path", ["/", "/monitors", "/sign-in", "/nowhere"])
def test_every_page_carries_the_strict_policy(browser, path):
    assert browser.get(path)["Content-Security-Policy"] == POLICY


def test_moments_are_shown_in_the_persons_time_zone(browser, alice, incident):
    Incident.objects.update(started_at="2026-01-02T12:00:00Z")
    alice.timezone = "Asia/Tokyo"
    alice.save()
    assert "2 Jan 2026, 21:00:00 JST" in browser.get(f"/incidents/{incident.pk}").content.decode()


def test_a_time_zone_that_is_gone_is_utc(browser, alice):
    alice.timezone = "Mars/Olympus"
    alice.save()
    assert browser.get("/").status_code == 200
