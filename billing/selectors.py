"""Reads of billing."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from math import ceil

from django.conf import settings
from django.db.models import Prefetch, QuerySet

from accounts.models import Role, User, Workspace
from billing.models import NEVER_PAID, Plan, Price, Subscription, Trial


@dataclass(frozen=True, slots=True)
class TrialView:
    """Where a person's trial is at one moment; `pk` is the person's."""

    pk: int
    status: str = "NONE"
    started_at: datetime | None = None
    ends_at: datetime | None = None
    days_left: int | None = None
    plan_id: int | None = None

    @property
    def version(self) -> str:
        """Changes with the state and the end; for its entity tag."""
        return f"{self.status}{'' if self.ends_at is None else int(self.ends_at.timestamp())}"


def offered_plans() -> QuerySet[Plan]:
    """What is sold, with its prices, the smallest first."""
    prices = Price.objects.filter(is_offered=True).order_by("interval", "amount", "pk")
    return Plan.objects.filter(is_offered=True).prefetch_related(Prefetch("prices", queryset=prices)).order_by("rank")


def trial_of(user: User, *, now: datetime) -> TrialView:
    """NONE, ACTIVE, EXPIRED by the clock, or CONVERTED once a workspace that the person owns has paid."""
    trial = Trial.objects.filter(user=user).first() if settings.BILLING_ENABLED else None
    if trial is None:
        return TrialView(user.pk)
    if has_paid(user):
        return TrialView(user.pk, "CONVERTED", trial.started_at, trial.ends_at, 0, trial.plan_id)
    left = trial.ends_at - now
    status = "ACTIVE" if left > timedelta(0) else "EXPIRED"
    days = max(0, ceil(left / timedelta(days=1)))
    return TrialView(user.pk, status, trial.started_at, trial.ends_at, days, trial.plan_id)


def has_paid(user: User) -> bool:
    """Whether a workspace that the person owns has, or had, a subscription."""
    owned = Workspace.objects.filter(memberships__user=user, memberships__role=Role.OWNER)
    return Subscription.objects.filter(workspace__in=owned).exclude(status__in=NEVER_PAID).exists()


def subscription_of(workspace: Workspace) -> Subscription | None:
    """The newest subscription that was ever paid, for the page that shows it."""
    found = Subscription.objects.in_workspace(workspace).exclude(status__in=NEVER_PAID)
    return found.order_by("-current_period_end", "-pk").first()
