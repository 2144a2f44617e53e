"""What a workspace may use. Without billing every workspace has the one plan of a self-hosted platform."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from django.conf import settings
from django.db.models import Q

from accounts.models import Role, Workspace
from billing.models import IN_FORCE, Plan, Price, Subscription, Trial
from common import clock
from common.invalid import NotAllowed


@dataclass(frozen=True, slots=True)
class Limits:
    """None is without limit; `plan` is the name of what sets them."""

    monitors: int | None
    min_interval_seconds: int
    regions: int | None = None
    members: int | None = None
    status_pages: int | None = None
    sms_per_month: int | None = None
    retention_days: int | None = None
    api_writes_per_minute: int | None = None
    plan: str = "Self-hosted"


SELF_HOSTED = Limits(monitors=None, min_interval_seconds=10)
LIMITED = (
    "monitors",
    "min_interval_seconds",
    "regions",
    "members",
    "status_pages",
    "sms_per_month",
    "retention_days",
    "api_writes_per_minute",
)


class PlanLimit(NotAllowed):
    """The plan of the workspace does not allow more. The API answers 403 with the type `/problems/plan-limit`."""

    problem = "plan-limit"


def limits_of(workspace: Workspace, *, now: datetime | None = None) -> Limits:
    """The limits that hold for `workspace` now."""
    if not settings.BILLING_ENABLED:
        return SELF_HOSTED
    plan = plan_of(workspace, now=now or clock.now())
    return SELF_HOSTED if plan is None else limits_in(plan)


def shown_since(workspace: Workspace, *, now: datetime) -> datetime | None:
    """The midnight (UTC) before which the plan shows no results, signals and figures; None where it shows all."""
    days = limits_of(workspace, now=now).retention_days
    if days is None:
        return None
    return (now - timedelta(days=days)).astimezone(UTC).replace(hour=0, minute=0, second=0, microsecond=0)


def limits_in(plan: Plan) -> Limits:
    """The limits of a plan."""
    return Limits(**{name: getattr(plan, name) for name in LIMITED}, plan=plan.name)


def plan_of(workspace: Workspace, *, now: datetime) -> Plan | None:
    """The highest plan that a subscription in force or an owner's running trial gives; else the default one."""
    bought = Subscription.objects.in_workspace(workspace).filter(status__in=IN_FORCE)
    of_price = Price.objects.filter(stripe_id__in=bought.filter(plan=None).values("price_id"))
    owners = workspace.memberships.filter(role=Role.OWNER, user__is_active=True).values("user")
    tried = Trial.objects.filter(user__in=owners, started_at__lte=now, ends_at__gt=now)
    given = Q(pk__in=bought.values("plan")) | Q(pk__in=of_price.values("plan")) | Q(pk__in=tried.values("plan"))
    return Plan.objects.filter(given | Q(is_default=True)).order_by("-rank").first()


def must_allow(workspace: Workspace, what: str, used: int, *, adding: int = 1) -> None:
    """Raises PlanLimit naming limit and plan when `used` and `adding` of `what` (a field of Limits) are too many."""
    limits = limits_of(workspace)
    most = getattr(limits, what)
    if most is not None and used + adding > most:
        words = what.replace("_", " ")
        raise PlanLimit(
            f"The plan {limits.plan} has {most} {words} and this workspace uses {used}: "
            "choose a larger plan, or remove some."
        )
