"""What people do about incidents, alerts, tokens and settings, by plain forms."""

import pytest

from accounts.models import ApiToken, AuditEntry
from alerts.models import Channel, Delivery, DeliveryState, Rule
from alerts.services import send_test
from common.clock import now as clock_now
from incidents.models import Incident, Note, State
from incidents.services import add_note, resolve_incident

pytestmark = pytest.mark.django_db


def wrong(answer):
    assert answer.status_code == 400, answer.status_code
    return set(answer.context["form"].errors)


# Incidents


def test_acknowledge_twice_keeps_the_first_person(browser, signed_in, bob, incident, alice):
    browser.post(f"/incidents/{incident.pk}/acknowledge")
    signed_in(bob).post(f"/incidents/{incident.pk}/acknowledge")
    assert Incident.objects.get().acknowledged_by == alice


def test_resolve_closes_it(browser, incident):
    assert "Resolved" in browser.post(f"/incidents/{incident.pk}/resolve", follow=True).content.decode()
    assert Incident.objects.get().state == State.RESOLVED


def test_acknowledging_a_resolved_one_says_why_not(browser, incident):
    resolve_incident(incident=incident, now=clock_now())
    answer = browser.post(f"/incidents/{incident.pk}/acknowledge", follow=True)
    assert "cannot be acknowledged any more" in answer.content.decode()


def test_a_note_is_markdown_without_what_could_harm(browser, incident):
    body = "**bold** <script>alert(1)</script> [x](javascript:alert(1)) ![i](https://x/y.png)\n\n<b onclick=x>b</b>"
    html = browser.post(f"/incidents/{incident.pk}/note", {"body": body}, follow=True).content.decode()
    shown = html[html.index('class="timeline-body prose"') : html.index("Edit or delete")]
    assert "<strong>bold</strong>" in shown
    assert not any(bad in shown for bad in ("<script", "javascript:", "<img", "onclick"))


@pytest.mark.parametrize("body", ["", "   ", "x" * 10_001])
def test_a_note_that_cannot_be_stored_is_shown_again_with_the_reason(browser, incident, body):
    answer = browser.post(f"/incidents/{incident.pk}/note", {"body": body})
    assert answer.status_code == 400
    assert 'id="note-error"' in answer.content.decode()
    assert not Note.objects.exists()


def test_a_nul_in_a_note_is_dropped(browser, incident):
    browser.post(f"/incidents/{incident.pk}/note", {"body": "a\x00b"})
    assert Note.objects.get().body == "ab"


def test_a_note_is_edited_and_deleted_by_its_author(browser, incident, note):
    browser.post(f"/incidents/{incident.pk}/notes/{note.pk}/edit", {"body": "Better"})
    assert Note.objects.get().body == "Better"
    browser.post(f"/incidents/{incident.pk}/notes/{note.pk}/delete")
    assert not Note.objects.exists()


def test_a_refused_edit_of_a_note_keeps_what_was_typed_open(browser, incident, note):
    html = browser.post(f"/incidents/{incident.pk}/notes/{note.pk}/edit", {"body": " "}).content.decode()
    assert f'id="note-error-{note.pk}"' in html
    assert Note.objects.get().body == "Rolled **back**"


def test_another_members_note_cannot_be_changed(signed_in, bob, incident, note):
    bobs = signed_in(bob)
    assert bobs.post(f"/incidents/{incident.pk}/notes/{note.pk}/edit", {"body": "Mine"}).status_code == 403
    assert bobs.post(f"/incidents/{incident.pk}/notes/{note.pk}/delete").status_code == 403
    assert "Edit or delete" not in bobs.get(f"/incidents/{incident.pk}").content.decode()


def test_a_note_of_another_incident_is_not_found(browser, incident, make_monitor, make_incident, by_alice):
    other = make_incident(make_monitor(name="Other"))
    stray = add_note(incident=other, body="x", by=by_alice, now=clock_now())
    assert browser.post(f"/incidents/{incident.pk}/notes/{stray.pk}/delete").status_code == 404


# Alerts

EMAIL = {"name": "Team", "recipients": "alice@example.org", "events": ["incident_open"], "is_enabled": "on"}
HOOK = {"name": "Pager", "url": "https://hooks.example/x", "events": ["incident_open"], "is_enabled": "on"}


def test_an_email_action_is_made(browser, monitor):
    answer = browser.post(f"/monitors/{monitor.pk}/alerts/email", EMAIL | {"reminder_minutes": "30"}, follow=True)
    assert "Team is made." in answer.content.decode()
    assert Rule.objects.get().reminder_seconds == 1800


def test_the_list_leads_to_a_new_action_of_a_chosen_monitor(browser, make_monitor, webhook):
    monitor = make_monitor(name="Shop")
    assert 'href="/alerts/new"' in browser.get("/alerts").content.decode()
    assert "Shop" in browser.get("/alerts/new").content.decode()
    chosen = browser.get(f"/alerts/new?monitor={monitor.pk}&type=sms")
    assert chosen["Location"] == f"/monitors/{monitor.pk}/alerts/sms"
    for wrong_choice in ("?type=sms", f"?monitor={monitor.pk}&type=pigeon", "?monitor=999999&type=email"):
        assert browser.get(f"/alerts/new{wrong_choice}").status_code == 400


def test_a_list_without_actions_begins_with_what_is_missing(browser, workspace):
    assert 'href="/monitors/new"' in browser.get("/alerts").content.decode()


def test_a_webhooks_secret_is_shown_once(browser, monitor):
    html = browser.post(f"/monitors/{monitor.pk}/alerts/webhook", HOOK).content.decode()
    secret = Channel.objects.get().config["secret"]
    assert secret in html
    assert secret not in browser.get(f"/alerts/{Rule.objects.get().pk}").content.decode()


@pytest.mark.parametrize(
    ("type", "field", "given"),
    [
        ("email", "name", EMAIL | {"name": ""}),
        ("email", "name", EMAIL | {"name": "\x00"}),
        ("email", "recipients", EMAIL | {"recipients": ""}),
        ("email", "recipients", EMAIL | {"recipients": "nobody"}),
        ("email", "recipients", EMAIL | {"recipients": ",".join(f"a{n}@example.org" for n in range(21))}),
        ("email", "events", EMAIL | {"events": []}),
        ("email", "events", EMAIL | {"events": ["moon_rises"]}),
        ("email", "reminder_minutes", EMAIL | {"reminder_minutes": "9" * 200}),
        ("webhook", "url", HOOK | {"url": ""}),
        ("webhook", "url", HOOK | {"url": "ftp://x"}),
        ("webhook", "url", HOOK | {"url": "https://[::1"}),
        ("webhook", "headers", HOOK | {"headers": "no colon"}),
        ("webhook", "headers", HOOK | {"headers": "Bad Name: x"}),
    ],
)
def test_every_wrong_field_of_an_action_is_named_and_nothing_stored(browser, monitor, type, field, given):
    assert field in wrong(browser.post(f"/monitors/{monitor.pk}/alerts/{type}", given))
    assert not Rule.objects.exists()
    assert not Channel.objects.exists()


def test_an_edit_keeps_the_secret_header_behind_its_mask(browser, webhook):
    shown = browser.get(f"/alerts/{webhook.pk}").context["form"].initial
    assert "s3cret" not in shown["headers"]
    data = {name: value for name, value in shown.items() if value is not None}
    assert browser.post(f"/alerts/{webhook.pk}", data | {"name": "Renamed"}).status_code == 302
    channel = Channel.objects.get()
    assert channel.name == "Renamed"
    assert channel.config["headers"]["Authorization"] == "Bearer s3cret"


def test_an_action_is_tried_renewed_and_deleted(browser, webhook):
    browser.post(f"/alerts/{webhook.pk}/test")
    assert Delivery.objects.get().event == "test"
    before = Channel.objects.get().config["secret"]
    html = browser.post(f"/alerts/{webhook.pk}/roll").content.decode()
    assert Channel.objects.get().config["secret"] in html
    assert Channel.objects.get().config["secret"] != before
    browser.post(f"/alerts/{webhook.pk}/delete")
    assert not Rule.objects.exists()


def test_a_delivery_is_dismissed_and_sent_again(browser, webhook, by_alice):
    delivery = send_test(rule=webhook, by=by_alice, now=clock_now())
    browser.post(f"/deliveries/{delivery.pk}/dismiss")
    delivery.refresh_from_db()
    assert delivery.state == DeliveryState.DISMISSED
    said = browser.post(f"/deliveries/{delivery.pk}/dismiss", follow=True).content.decode()
    assert "dismissed already" in said
    answer = browser.post(f"/deliveries/{delivery.pk}/resend", {"next": "https://evil.example/"})
    assert answer["Location"] == "/alerts"
    delivery.refresh_from_db()
    assert delivery.state == DeliveryState.PENDING


# Settings


def test_a_tokens_secret_is_shown_once_and_works(browser, client):
    answer = browser.post("/settings/tokens", {"name": "CI", "scopes": ["user.read"], "expires_in_days": "30"})
    secret = answer.context["made"].secret
    assert secret in answer.content.decode()
    assert secret not in browser.get("/settings/tokens").content.decode()
    assert client.get("/api/v1/user", headers={"Authorization": f"Bearer {secret}"}).status_code == 200
    browser.post(f"/settings/tokens/{ApiToken.objects.get().pk}/revoke")
    assert client.get("/api/v1/user", headers={"Authorization": f"Bearer {secret}"}).status_code == 401


@pytest.mark.parametrize(
    ("field", "given"),
    [
        ("name", {"scopes": ["user.read"]}),
        ("scopes", {"name": "CI"}),
        ("scopes", {"name": "CI", "scopes": ["moon.read"]}),
        ("expires_in_days", {"name": "CI", "scopes": ["user.read"], "expires_in_days": "8"}),
    ],
)
def test_every_wrong_field_of_a_token_is_named_and_nothing_stored(browser, field, given):
    assert field in wrong(browser.post("/settings/tokens", given))
    assert not ApiToken.objects.exists()


def test_the_profile_is_saved_and_audited(browser, alice):
    browser.post("/settings", {"name": "Alice A.", "timezone": "Europe/Berlin"})
    alice.refresh_from_db()
    assert (alice.name, alice.timezone) == ("Alice A.", "Europe/Berlin")
    assert AuditEntry.objects.filter(verb="edit", object_type="user").exists()


def test_a_wrong_profile_is_named_and_not_saved(browser, alice):
    assert wrong(browser.post("/settings", {"name": "x" * 121, "timezone": "Mars/Olympus"})) == {"name", "timezone"}
    alice.refresh_from_db()
    assert alice.timezone == "UTC"


def test_a_workspace_is_renamed_by_an_admin(browser, signed_in, bob, workspace):
    browser.post("/settings/workspace", {"workspace-name": "Northwind"})
    workspace.refresh_from_db()
    assert workspace.name == "Northwind"
    answer = browser.post("/settings/workspace", {"workspace-name": ""})
    assert answer.status_code == 400
    assert "name" in answer.context["workspace_form"].errors
    assert signed_in(bob).post("/settings/workspace", {"workspace-name": "Mine"}).status_code == 403


def test_the_password_is_changed_only_with_the_old_one(browser, alice):
    new = {"new_password1": "a longer staple", "new_password2": "a longer staple"}
    assert "old_password" in browser.post("/settings/password", new | {"old_password": "no"}).context["form"].errors
    assert browser.post("/settings/password", new | {"old_password": "correct horse"}).status_code == 302
    alice.refresh_from_db()
    assert alice.check_password("a longer staple")


def test_the_audit_log_reads_as_sentences(browser, monitor, webhook):
    html = browser.get("/settings/audit-log").content.decode()
    assert "Created monitor" in html
    assert "Created alert action" in html
    assert "s3cret" not in html
