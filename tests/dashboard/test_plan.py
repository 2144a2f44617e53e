"""The page of the plan, the trial on it, SMS actions, and leaving."""

import re

import pytest

from accounts.models import User
from alerts.models import Rule
from alerts.recipients import phone_numbers
from billing.models import Plan, Price, Subscription
from billing.plans import add_plans
from common.clock import now as clock_now

pytestmark = pytest.mark.django_db


@pytest.fixture
def plans(settings):
    settings.BILLING_ENABLED = True
    add_plans(Plan, Price)


def text_of(answer):
    return answer.content.decode()


def test_self_hosted_has_no_tab_and_no_prices(signed_in, alice):
    browser = signed_in(alice)
    assert 'href="/settings/plan"' not in text_of(browser.get("/settings"))
    page = text_of(browser.get("/settings/plan"))
    assert "Self-hosted" in page
    assert "Without limit" in page
    assert "Start the trial" not in page


def test_the_plan_its_limits_and_what_is_used(signed_in, alice, plans, monitor):
    Plan.objects.filter(code="FREE").update(monitors=1)
    browser = signed_in(alice)
    assert 'href="/settings/plan"' in text_of(browser.get("/settings"))
    page = text_of(browser.get("/settings/plan"))
    assert "of 1: full" in page
    assert "149.00 EUR a month" in page


def test_a_trial_is_started_and_cancelled(signed_in, alice, plans):
    browser = signed_in(alice)
    assert "You try Pro until" in text_of(browser.post("/settings/plan/trial/start", follow=True))
    assert "14 days left" in text_of(browser.get("/settings/plan"))
    assert "Your trial is over" in text_of(browser.post("/settings/plan/trial/cancel", follow=True))
    assert "one trial for each person" in text_of(browser.post("/settings/plan/trial/start", follow=True))


def test_a_failed_payment_is_said(signed_in, alice, plans, workspace):
    now = clock_now()
    Subscription.objects.create(
        workspace=workspace, stripe_id="sub_1", status="past_due", payment_failed_at=now, current_period_end=now
    )
    assert "The last payment failed" in text_of(signed_in(alice).get("/settings/plan"))


def test_who_leaves_types_address_and_password(signed_in, alice, bob):
    browser = signed_in(alice)
    wrong = browser.post("/settings/delete-account", {"email": "bob@example.org", "password": "no"})
    assert wrong.status_code == 400
    assert "not the address" in text_of(wrong)
    assert "not your password" in text_of(wrong)
    words = {"email": "Alice@example.org", "password": "correct horse"}
    gone = browser.post("/settings/delete-account", words, follow=True)
    assert "Your account is deleted" in text_of(gone)
    assert not User.objects.filter(pk=alice.pk).exists()


def test_the_last_operator_is_told(signed_in, alice):
    User.objects.filter(pk=alice.pk).update(is_superuser=True)
    words = {"email": "alice@example.org", "password": "correct horse"}
    refused = signed_in(alice).post("/settings/delete-account", words)
    assert refused.status_code == 409
    assert "last operator" in text_of(refused)


def test_a_number_is_added_and_confirmed_on_the_pages(signed_in, alice, monitor, twilio):
    browser = signed_in(alice)
    fields = {
        "name": "Phones",
        "phone_numbers": "+49 151 12345678\n12",
        "events": ["incident_open"],
        "is_enabled": "on",
    }
    wrong = browser.post(f"/monitors/{monitor.pk}/alerts/sms", fields)
    assert wrong.status_code == 400
    assert "E.164" in text_of(wrong)
    fields["phone_numbers"] = "+4915112345678"
    assert browser.post(f"/monitors/{monitor.pk}/alerts/sms", fields).status_code == 302
    rule = Rule.objects.get()
    phone_numbers.send_due_codes(now=clock_now())
    code = re.search(r"\d{6}", twilio.to("+4915112345678")[0])[0]
    assert "gets a code by SMS" in text_of(browser.get(f"/alerts/{rule.pk}"))
    typed = {"number": "+4915112345678", "code": "nothing"}
    said = text_of(browser.post(f"/alerts/{rule.pk}/number-confirm", typed, follow=True))
    assert "Tries left: 4" in said
    again = browser.post(f"/alerts/{rule.pk}/number-code", {"number": "+4915112345678"}, follow=True)
    assert "less than 10 minutes ago" in text_of(again)
    done = text_of(browser.post(f"/alerts/{rule.pk}/number-confirm", typed | {"code": code}, follow=True))
    assert "is confirmed" in done
    assert "gets a code by SMS" not in done


def test_without_a_provider_the_form_says_so(signed_in, alice, monitor):
    assert "No SMS provider is set" in text_of(signed_in(alice).get(f"/monitors/{monitor.pk}/alerts/sms"))
