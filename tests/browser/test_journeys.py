"""Journeys of people through the pages of a running platform, in a real browser."""

import re
import urllib.request

import pytest
from playwright.sync_api import expect

from tests.targets import Target

pytestmark = pytest.mark.browser
expect.set_options(timeout=15_000)


@pytest.fixture
def target():
    with Target() as running:
        yield running


def add_monitor(page, url, name):
    page.goto("/monitors/new")
    page.get_by_label("URL").fill(url)
    page.locator("#id_name").fill(name)
    page.get_by_label("Check every").select_option("10")
    page.get_by_text("What counts as an answer").click()
    page.get_by_label("Down after").fill("1")
    page.get_by_role("button", name="Add monitor").click()
    page.wait_for_url(re.compile(r"/monitors/\d+$"))


def test_a_monitor_is_added_goes_down_and_recovers_before_ones_eyes(open_page, target):
    page = open_page("/monitors/new")
    page.get_by_label("URL").fill(target.url("/shop"))
    page.get_by_role("button", name="Test this URL").click()
    expect(page.get_by_text("Answers", exact=True)).to_be_visible()
    assert page.get_by_label("URL").input_value() == target.url("/shop")

    add_monitor(page, target.url("/shop"), "Shop")
    status, results = page.locator("#status"), page.locator("#results")
    expect(status).to_contain_text("OK")
    expect(results).to_contain_text("As expected", timeout=25_000)

    menu = page.locator(".title-actions details.menu")
    menu.locator("summary").click()
    page.evaluate("window.isSamePage = true")
    target.behave("/shop", "status/503")
    expect(status).to_contain_text("Down", timeout=30_000)
    expect(page.locator("#trouble")).to_contain_text("Shop: HTTP 503")
    assert page.evaluate("window.isSamePage"), "the page was not loaded again"
    expect(menu).to_have_attribute("open", "")

    page.get_by_role("link", name="Open the incident").click()
    expect(page.locator(".table-facts")).to_contain_text("503")
    page.get_by_label("Add a note").fill("Typed before it is acknowledged")
    other = open_page(page.url)
    other.get_by_role("button", name="Acknowledge").click()
    expect(page.locator("#state")).to_contain_text("Acknowledged")
    assert page.get_by_label("Add a note").input_value() == "Typed before it is acknowledged"
    page.get_by_label("Add a note").fill("Rolling back **now**")
    page.get_by_role("button", name="Add note").click()
    expect(page.locator("#timeline strong")).to_have_text("now")
    expect(other.locator("#timeline")).to_contain_text("Rolling back now")

    target.behave("/shop", "status/200")
    expect(page.locator("#state")).to_contain_text("Resolved", timeout=30_000)
    expect(page.locator("#timeline")).to_contain_text("The check succeeds again")


def test_a_heartbeat_is_made_copied_pinged_and_the_page_shows_it(open_page):
    page = open_page("/heartbeats/new", permissions=["clipboard-read", "clipboard-write"])
    page.locator("#id_name").fill("Backup")
    page.get_by_text("Cron expression").click()
    page.get_by_role("textbox", name="Expression").fill("15 2 * * *")
    expect(page.locator("#runs li")).to_have_count(5)
    page.get_by_role("button", name="Add heartbeat").click()
    expect(page.locator("#status")).to_contain_text("New")
    page.locator("#ping .code").first.get_by_role("button", name="Copy").click()
    line = page.evaluate("navigator.clipboard.readText()")
    assert line.startswith("curl ")

    url = line.split()[-1]
    with urllib.request.urlopen(urllib.request.Request(url, data=b"rows=42"), timeout=5) as answer:
        assert answer.status == 200
    expect(page.locator("#status")).to_contain_text("OK")
    expect(page.locator("#signals")).to_contain_text("rows=42")
    page.locator("#signals summary").first.click()
    urllib.request.urlopen(f"{url}/fail", timeout=5).close()
    expect(page.locator("#status")).to_contain_text("Down")
    expect(page.locator("#signals details[open]")).to_contain_text("rows=42")
    urllib.request.urlopen(url, timeout=5).close()
    expect(page.locator("#status")).to_contain_text("OK")


def test_snippets_and_filters_work_without_scripts(open_page):
    page = open_page("/heartbeats/new", java_script_enabled=False)
    page.locator("#id_name").fill("Without scripts")
    page.get_by_text("systemd OnCalendar").click()
    page.get_by_role("textbox", name="Expression").fill("Mon..Fri 02:15")
    page.get_by_label("Time zone").select_option("Asia/Tokyo")
    page.get_by_role("button", name="Show the next runs").click()
    expect(page.locator("#runs li")).to_have_count(5)
    expect(page.locator("#runs li").first).to_contain_text("02:15:00 JST")
    page.get_by_role("button", name="Add heartbeat").click()
    shown = page.locator(".tabset-panel:visible")
    expect(shown).to_contain_text("When the job has succeeded")
    page.get_by_text("Kubernetes").click()
    expect(shown).to_contain_text("kind: CronJob")
    expect(shown).to_have_count(1)
    page.get_by_label("Type of signal").select_option("FAIL")
    page.get_by_role("button", name="Apply").click()
    expect(page.locator("#signals")).to_contain_text("No signal of this type")


def press_until(page, selector, key="Tab", most=60):
    for _ in range(most):
        page.keyboard.press(key)
        if page.evaluate("selector => document.activeElement.matches(selector)", selector):
            return
    raise AssertionError(f"{selector} was not reached with {key}")


def test_signing_in_and_adding_a_monitor_need_no_mouse(open_page, platform, target):
    from tests.browser.conftest import EMAIL, PASSWORD

    page = open_page("/sign-in", signed_in=False)
    press_until(page, "[name=username]")
    page.keyboard.type(EMAIL)
    press_until(page, "[name=password]")
    page.keyboard.type(PASSWORD)
    page.keyboard.press("Enter")
    page.wait_for_url(f"{platform}/")
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.textContent") == "Skip to content"
    page.keyboard.press("g")
    page.keyboard.press("m")
    page.wait_for_url(f"{platform}/monitors")
    page.keyboard.press("n")
    page.wait_for_url(f"{platform}/monitors/new")
    press_until(page, "[name=url]")
    page.keyboard.type(target.url("/"))
    page.keyboard.press("Enter")
    page.wait_for_url(re.compile(r"/monitors/\d+$"))
    expect(page.locator("#status")).to_contain_text("OK")


def test_every_act_works_without_javascript(open_page, target):
    page = open_page("/monitors/new", java_script_enabled=False)
    page.get_by_label("URL").fill(target.url("/"))
    page.locator("#id_name").fill("Plain")
    page.get_by_role("button", name="Test this URL").click()
    expect(page.get_by_text("Answers", exact=True)).to_be_visible()
    page.get_by_role("button", name="Add monitor").click()
    expect(page.get_by_role("heading", name="Plain")).to_be_visible()
    page.locator(".title-actions summary").click()
    page.get_by_role("button", name="Pause").click()
    expect(page.locator("#status")).to_contain_text("Paused")
    page.get_by_role("link", name="Edit").first.click()
    page.locator("#delete").get_by_role("button", name="Delete").click()
    expect(page.get_by_text("Plain and its history are deleted.")).to_be_visible()


def test_deleting_asks_first(open_page, target):
    page = open_page("/monitors/new")
    add_monitor(page, target.url("/"), "Doomed")
    page.locator(".title-actions summary").click()
    page.get_by_role("link", name="Delete").click()
    dialog = page.get_by_role("dialog")
    expect(dialog).to_contain_text("Delete Doomed?")
    dialog.get_by_role("button", name="Cancel").click()
    expect(dialog).not_to_be_visible()
    page.locator(".title-actions summary").click()
    page.get_by_role("link", name="Delete").click()
    dialog.get_by_role("button", name="Delete").click()
    expect(page.get_by_text("Doomed and its history are deleted.")).to_be_visible()


def test_errors_of_a_form_are_announced_and_lead_to_their_fields(open_page):
    page = open_page("/monitors/new")
    page.get_by_label("URL").fill("ftp://shop")
    page.get_by_role("button", name="Add monitor").click()
    summary = page.get_by_role("alert")
    expect(summary).to_be_focused()
    summary.get_by_role("link", name="URL").click()
    expect(page.get_by_label("URL")).to_be_focused()
    assert page.get_by_label("URL").get_attribute("aria-invalid") == "true"
