"""Reports through the API: JSON at once, files by polling."""

import pytest

from common import clock
from monitors.models import Report
from monitors.reports.services import make_reports

GENERATE = ("/api/v1/monitor/{}/report/generate", "/api/monitors/{}/reports")


@pytest.mark.parametrize("path", GENERATE)
def test_json_comes_at_once(api, monitor, path):
    answer = api.post(path.format(monitor.pk), {"startDate": "2026-03-01", "endDate": "2026-03-02T12:00:00Z"})
    assert answer.status_code == 200, answer.content
    body = answer.json()
    assert (body["startDate"], body["endDate"]) == ("2026-03-01T00:00:00.000Z", "2026-03-02T12:00:00.000Z")
    assert (body["monitor"]["name"], body["interval"]) == ("Shop", "hour")
    assert not Report.objects.exists()


@pytest.mark.parametrize(
    ("format", "media_type"), [("html", "text/html"), ("pdf", "application/pdf"), ("csv", "text/csv")]
)
def test_a_file_is_polled_until_it_is_there(api, monitor, format, media_type):
    asked = api.post(f"/api/v1/monitor/{monitor.pk}/report/generate", {"format": format})
    assert asked.status_code == 202, asked.content
    address = asked["Location"]
    assert address == f"/api/v1/report/{asked.json()['id']}"
    waiting = api.get(address)
    assert (waiting.status_code, waiting.json()["state"], waiting["Retry-After"]) == (202, "WAITING", "1")
    make_reports(now=clock.now())
    done = api.get(address)
    assert done.status_code == 200
    assert done["Content-Type"].startswith(media_type)
    assert done["Content-Disposition"].startswith('attachment; filename="report-')
    assert len(done.content) > 100


def test_a_failed_one_says_so(api, monitor):
    address = api.post(f"/api/v1/monitor/{monitor.pk}/report/generate", {"format": "pdf"})["Location"]
    Report.objects.update(state="FAILED", error="It could not be made in three attempts.")
    answer = api.get(address)
    assert (answer.status_code, answer.json()["detail"]) == (409, "It could not be made in three attempts.")


def test_every_wrong_field_is_named(api, monitor, pointers):
    address = f"/api/v1/monitor/{monitor.pk}/report/generate"
    assert pointers(api.post(address, {"startDate": "soon", "endDate": 5, "format": "doc", "x": 1})) == {
        "/startDate": "invalid", "/endDate": "invalid", "/format": "invalid_choice", "/x": "unknown",
    }  # fmt: skip
    assert pointers(api.post(address, {"startDate": "2999-01-01"})) == {"/startDate": "invalid"}
    assert pointers(api.post(address, {"startDate": "1999-01-01"})) == {"/startDate": "too_long"}


def test_strangers_viewers_and_nobody(api, monitor, stranger, viewer, anybody, alice, token_of):
    address = f"/api/v1/monitor/{monitor.pk}/report/generate"
    assert stranger.post(address, {}).status_code == 404
    assert viewer.post(address, {}).status_code == 403
    assert anybody.post(address, {}).status_code == 401
    made = api.post(address, {"format": "csv"})["Location"]
    assert stranger.get(made).status_code == 404
    assert anybody.get(made).status_code == 401
    assert viewer.get(made).status_code == 202
    assert api.get("/api/v1/report/999999").status_code == 404
