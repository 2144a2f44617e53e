"""Every page at desk and phone width, light and dark: nothing overflows, the console is silent, names are there."""

import json
import urllib.request
from urllib.parse import urlsplit

import pytest
from django.urls import resolve

from dashboard.urls import urlpatterns

pytestmark = pytest.mark.browser
LONG = "Nightly-invoice-export-for-the-Nordic-subsidiaries-and-their-auditors"
PATHS = [
    "/", "/monitors", "/monitors/new", "/heartbeats", "/heartbeats/new", "/incidents", "/alerts", "/alerts/new",
    "/dependencies", "/dependencies/new", "/maintenance", "/maintenance/windows/new", "/maintenance/deployments/new",
    "/settings", "/settings/password", "/settings/members", "/settings/tokens", "/settings/applications",
    "/settings/audit-log", "/settings/plan", "/settings/delete-account", "/oauth/device",
    "/oauth/authorize?client_id=no", "/docs/api", "/reports", "/reports/schedules/new", "/nowhere",
]  # fmt: skip
SIGNED_OUT = ["/sign-in", "/sign-in/password", "/sign-in/password/MQ/used", "/invitations/cut", "/docs/api"]
# What a page fetches or sends on, a file, and the way out, which is only posted to.
NO_PAGES = {"heartbeat-signals", "monitor-results", "workspace-edit", "report", "monthly-report-file", "sign-out"}

# What a screen reader needs: a name for everything that can be operated, one main heading, no doubled id. And no button
# may take on what its page calls kind or type.
WRONG = """() => {
  const wrong = [];
  const named = (element) =>
    element.ariaLabel || element.title || element.labels?.length || element.textContent.trim() ||
    element.getAttribute("aria-labelledby");
  const operable = "a[href], button, input:not([type=hidden]), select, textarea, summary";
  for (const element of document.querySelectorAll(operable))
    if (!element.closest("svg") && !named(element)) wrong.push("no name: " + element.outerHTML.slice(0, 120));
  if (document.querySelectorAll("h1").length !== 1) wrong.push("not one h1");
  if (!document.documentElement.lang) wrong.push("no language");
  if (!document.querySelector("main")) wrong.push("no main");
  const ids = [...document.querySelectorAll("[id]")].map((element) => element.id);
  for (const id of new Set(ids.filter((id, place) => ids.indexOf(id) !== place))) wrong.push("doubled id " + id);
  for (const element of document.querySelectorAll("[aria-describedby]"))
    for (const id of element.getAttribute("aria-describedby").split(/\\s+/).filter(Boolean))
      if (!document.getElementById(id)) wrong.push("describedby leads nowhere: " + id);
  for (const button of document.querySelectorAll("button[type]"))
    if (button.getAttribute("type") !== button.type) wrong.push("unknown type: " + button.outerHTML.slice(0, 120));
  if (document.documentElement.outerHTML.includes(" object at 0x")) wrong.push("shows an object of Python");
  for (const image of document.querySelectorAll("img:not([alt])")) wrong.push("no alt: " + image.src);
  return wrong;
}"""
OVERFLOW = "document.documentElement.scrollWidth - document.documentElement.clientWidth"


@pytest.fixture(scope="module")
def call(platform, chromium, session):
    """`call(path, body)`: the answer of the API to a POST with a new token of the person who is signed in."""
    context = chromium.new_context(base_url=platform, storage_state=session)
    page = context.new_page()
    page.goto("/settings/tokens")
    page.get_by_label("Name").fill("test")
    page.get_by_role("button", name="Make token").click()
    secret = page.locator(".code pre").first.text_content()
    context.close()

    def post(path, body):
        headers = {"Authorization": f"Bearer {secret}", "Content-Type": "application/json"}
        request = urllib.request.Request(f"{platform}{path}", json.dumps(body).encode(), headers)
        with urllib.request.urlopen(request, timeout=10) as answer:
            return json.load(answer)

    return post


@pytest.fixture(scope="module")
def invitation(call):
    """The path of an invitation's link: without a mail server the API hands it over."""
    return urlsplit(call("/api/invitations", {"email": f"{'d' * 60}@example.org"})["url"]).path


@pytest.fixture(scope="module")
def paths(platform, chromium, session, call, invitation):
    """The pages of lists and forms, and those of one of each kind of object, with a long name."""
    url = f"http://127.0.0.1:9/{'path-' * 60}?q={'x' * 300}"
    monitor = call("/api/v1/monitor", {"type": "http", "name": LONG, "url": url, "tags": ["prod", "x" * 60]})["id"]
    schedule = {"kind": "cron", "expression": "15 2 * * *", "timezone": "America/Argentina/ComodRivadavia"}
    heartbeat = call("/api/v1/monitor", {"type": "heartbeat", "name": f"夜{LONG}", "schedule": schedule})["id"]
    rule = call(f"/api/v1/monitor/{monitor}/webhookactiongroup", {"name": LONG, "url": url})["id"]
    of = {"monitorIds": [monitor, heartbeat], "name": LONG}
    monthly = call("/api/report-schedules", {"name": LONG})["id"]
    times = {"startsAt": "2026-03-02T12:00:00Z", "endsAt": "2026-03-02T13:00:00Z"}
    objects = {
        "incidents": call("/api/v1/incident", {"title": f"{LONG} {LONG}", "monitorId": monitor, "severity": "MAJOR"}),
        "dependencies": call("/api/dependencies", {"name": LONG, "dependentIds": of["monitorIds"]}),
        "maintenance/windows": call("/api/maintenance-windows", of | times),
        "maintenance/deployments": call("/api/deployments", of),
    }
    return [
        *PATHS, *(f"/{folder}/{one['id']}" for folder, one in objects.items()), invitation,
        f"/dependencies/{objects['dependencies']['id']}/edit", f"/alerts/{rule}",
        f"/monitors/{monitor}", f"/monitors/{monitor}/edit", f"/monitors/{monitor}/reports",
        *(f"/monitors/{monitor}/alerts/{kind}" for kind in ("email", "sms", "webhook")),
        f"/reports/schedules/{monthly}", f"/reports/{call(f'/api/report-schedules/{monthly}/preview', {})['id']}",
        f"/monitors/{heartbeat}", f"/heartbeats/{heartbeat}/edit", *_linked(platform, chromium, session),
    ]  # fmt: skip


def _linked(platform, chromium, session):
    """What is found only by its link: the form of each type of monitor, a member, an application."""
    context = chromium.new_context(base_url=platform, storage_state=session)
    page = context.new_page()

    def links(path, selector):
        page.goto(path)
        return [urlsplit(link)._replace(scheme="", netloc="").geturl() for link in page.locator(selector).evaluate_all(
            "links => links.map((link) => link.href)"
        )]  # fmt: skip

    page.goto("/settings/applications")
    page.locator("#id_name").fill(LONG)
    page.get_by_label("Redirect addresses").fill("https://app.example/back")
    page.get_by_label("monitor.read").check()
    with page.expect_navigation():
        page.get_by_role("button", name="Register application").click()
    found = [
        *links("/monitors/new", 'a.option-link[href^="?type="]'),
        *links("/settings/members", "a.row-link"),
        *links("/settings/applications", "a.row-link"),
    ]
    context.close()
    return found


def _wrong(page, path):
    page.goto(path)
    if path == "/docs/api":
        page.locator(".opblock").first.wait_for()
    return page.evaluate(WRONG) + (["is wider than the screen"] if page.evaluate(OVERFLOW) > 0 else [])


def test_the_walk_comes_by_every_page_there_is(paths):
    walked = {resolve(urlsplit(path).path).url_name for path in {*paths, *SIGNED_OUT} - {"/nowhere"}}
    pages = {one.name for one in urlpatterns if hasattr(getattr(one.callback, "view_class", None), "get")}
    assert pages - NO_PAGES <= walked


@pytest.mark.parametrize(
    ("width", "scheme"),
    [(1440, "light"), (390, "light"), (390, "dark"), (720, "light")],
    ids=["desk", "phone", "phone at night", "desk at 200 %"],
)
def test_every_page_fits_is_named_and_silent(open_page, paths, width, scheme):
    page = open_page("/", width=width, height=844, color_scheme=scheme)
    found = {path: wrong for path in paths if (wrong := _wrong(page, path))}
    assert found == {}


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_the_pages_for_everybody_fit_are_named_and_silent(open_page, invitation, scheme):
    page = open_page("/sign-in", width=390, signed_in=False, color_scheme=scheme)
    found = {path: wrong for path in [*SIGNED_OUT, invitation] if (wrong := _wrong(page, path))}
    assert found == {}
