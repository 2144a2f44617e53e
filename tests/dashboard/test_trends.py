"""The card of trends and the page of reports."""

from datetime import timedelta

import pytest

from common.clock import now as clock_now
from monitors.models import Monitor, Report
from monitors.reports.services import make_reports

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize("period", ["24h", "7d", "30d", "13mo", "century", ""])
def test_every_period_is_shown_and_an_unknown_one_is_the_day(browser, monitor, with_history, period):
    with_history(monitor, 30)
    answer = browser.get(f"/monitors/{monitor.pk}", {"period": period} if period else {})
    page = answer.content.decode()
    assert answer.status_code == 200
    assert answer.context["trends"]["period"].key == (period if period in ("7d", "30d", "13mo") else "24h")
    assert 'id="trend-bands"' in page
    assert page.count('aria-current="true"') >= 1
    assert "Uptime by" in page


def test_figures_and_series_are_of_the_checks(browser, monitor, with_history):
    with_history(monitor, 30)
    Monitor.objects.update(created_at=clock_now() - timedelta(days=2))
    trends = browser.get(f"/monitors/{monitor.pk}").context["trends"]
    assert (trends["total"].checks, trends["total"].failures) == (30, 5)
    assert [one["label"] for one in trends["bands"]["series"]] == ["Median", "p95", "p99"]
    assert [one["label"] for one in trends["phases"]["series"]] == ["DNS", "Connect", "First byte", "Transfer"]
    assert len(trends["bands"]["times"]) == len(trends["bands"]["series"][0]["values"])


def test_without_a_check_it_says_so(browser, monitor):
    assert "No check in this period." in browser.get(f"/monitors/{monitor.pk}").content.decode()


def test_a_report_is_asked_for_made_and_downloaded(browser, monitor):
    address = f"/monitors/{monitor.pk}/reports"
    assert "None yet." in browser.get(address).content.decode()
    answer = browser.post(address, {"since": "2026-01-01", "until": "2026-01-31", "format": "csv"})
    assert (answer.status_code, answer["Location"]) == (302, address)
    assert "Being made" in browser.get(address).content.decode()
    report = Report.objects.get()
    assert browser.get(f"{address}/{report.pk}").status_code == 404
    make_reports(now=clock_now())
    assert f'href="{address}/{report.pk}"' in browser.get(address).content.decode()
    file = browser.get(f"{address}/{report.pk}")
    assert (file.status_code, file["Content-Type"]) == (200, "text/csv; charset=utf-8")
    assert report.until.isoformat() == "2026-02-01T00:00:00+00:00"


@pytest.mark.parametrize(
    "wrong",
    [{"since": "2999-01-01"}, {"since": ""}, {"format": "doc"}, {"since": "1990-01-01"}, {"until": "9999-12-31"}],
)
def test_a_wrong_report_is_refused_beside_its_field(browser, monitor, wrong):
    asked = {"since": "2026-01-01", "until": "2026-01-31", "format": "pdf"} | wrong
    answer = browser.post(f"/monitors/{monitor.pk}/reports", asked)
    assert answer.status_code == (302 if "until" in wrong else 400)
    assert Report.objects.exists() == ("until" in wrong)


def test_strangers_see_neither(signed_in, charlie, monitor):
    assert signed_in(charlie).get(f"/monitors/{monitor.pk}/reports").status_code == 404
