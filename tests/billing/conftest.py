"""Plans that are sold, a Stripe that sells them, and subscriptions."""

import pytest
from django.core.cache import cache

from billing.models import Plan, Price
from billing.plans import add_plans
from tests.stripe_fake import Stripe

SECRET = "whsec_test"


@pytest.fixture
def plans(db, settings):
    """Billing is on; plans by code, PRO with a price that Stripe knows."""
    settings.BILLING_ENABLED = True
    add_plans(Plan, Price)
    Price.objects.filter(plan__code="PRO", interval="month").update(stripe_id="price_pro")
    Price.objects.filter(plan__code="TEAM", interval="month").update(stripe_id="price_team")
    cache.clear()
    yield {plan.code: plan for plan in Plan.objects.all()}
    cache.clear()


@pytest.fixture
def stripe_account(settings, plans):
    """A Stripe whose webhook this platform trusts."""
    settings.STRIPE_WEBHOOK_SECRET = [SECRET]
    return Stripe(SECRET)
