"""Every page at desk and phone width, light and dark: nothing overflows, the console is silent, names are there."""

import json
import urllib.request

import pytest

pytestmark = pytest.mark.browser
LONG = "Nightly-invoice-export-for-the-Nordic-subsidiaries-and-their-auditors"
PATHS = [
    "/", "/monitors", "/monitors/new", "/heartbeats", "/heartbeats/new", "/incidents", "/alerts", "/dependencies",
    "/dependencies/new", "/maintenance", "/reports", "/reports/schedules/new", "/settings",
    "/settings/password", "/settings/tokens", "/settings/applications", "/settings/audit-log", "/oauth/device",
    "/nowhere",
]  # fmt: skip

# What a screen reader needs: a name for everything that can be operated, one main heading, no doubled id.
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
  for (const image of document.querySelectorAll("img:not([alt])")) wrong.push("no alt: " + image.src);
  return wrong;
}"""
OVERFLOW = "document.documentElement.scrollWidth - document.documentElement.clientWidth"


@pytest.fixture(scope="module")
def paths(platform, chromium, session):
    """The pages of lists and forms, and one of each kind of object, with a long name."""
    context = chromium.new_context(base_url=platform, storage_state=session)
    page = context.new_page()
    page.goto("/settings/tokens")
    page.get_by_label("Name").fill("test")
    page.get_by_role("button", name="Make token").click()
    secret = page.locator(".code pre").first.text_content()
    context.close()

    def call(path, body):
        headers = {"Authorization": f"Bearer {secret}", "Content-Type": "application/json"}
        request = urllib.request.Request(f"{platform}{path}", json.dumps(body).encode(), headers)
        with urllib.request.urlopen(request, timeout=10) as answer:
            return json.load(answer)["id"]

    url = f"http://127.0.0.1:9/{'path-' * 60}?q={'x' * 300}"
    monitor = call("/api/v1/monitor", {"type": "http", "name": LONG, "url": url, "tags": ["prod", "x" * 60]})
    schedule = {"kind": "cron", "expression": "15 2 * * *", "timezone": "America/Argentina/ComodRivadavia"}
    heartbeat = call("/api/v1/monitor", {"type": "heartbeat", "name": f"夜{LONG}", "schedule": schedule})
    incident = call("/api/v1/incident", {"title": f"{LONG} {LONG}", "monitorId": monitor, "severity": "MAJOR"})
    dependency = call("/api/dependencies", {"name": LONG, "dependentIds": [monitor, heartbeat], "pinnedStatus": "DOWN"})
    return [
        *PATHS, f"/monitors/{monitor}", f"/monitors/{monitor}/edit", f"/monitors/{monitor}/alerts/email",
        f"/monitors/{monitor}/alerts/webhook", f"/monitors/{heartbeat}", f"/heartbeats/{heartbeat}/edit",
        f"/incidents/{incident}", f"/dependencies/{dependency}", f"/dependencies/{dependency}/edit",
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("width", "scheme"), [(1440, "light"), (390, "dark"), (720, "light")], ids=["desk", "phone", "desk at 200 %"]
)
def test_every_page_fits_is_named_and_silent(open_page, paths, width, scheme):
    page = open_page("/", width=width, height=844, color_scheme=scheme)
    found = {}
    for path in paths:
        page.goto(path)
        wrong = page.evaluate(WRONG)
        if page.evaluate(OVERFLOW) > 0:
            wrong.append("is wider than the screen")
        if wrong:
            found[path] = wrong
    assert found == {}


def test_the_sign_in_page_fits_is_named_and_silent(open_page):
    page = open_page("/sign-in", width=390, signed_in=False)
    assert page.evaluate(WRONG) == []
    assert page.evaluate(OVERFLOW) <= 0
