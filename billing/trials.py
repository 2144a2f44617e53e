"""Writes of trials: each person has one, which ends by the clock."""

from datetime import datetime, timedelta

from django.conf import settings
from django.db import IntegrityError, transaction

from accounts import audit
from accounts.actor import Actor
from accounts.models import User
from accounts.selectors import memberships
from billing.models import Plan, Trial
from billing.selectors import has_paid
from common.invalid import Conflict, FieldError, Invalid


@transaction.atomic
def start_trial(*, user: User, by: Actor, now: datetime, plan_id: int | None = None) -> Trial:
    """Starts the one trial of a person, of `plan_id` or the plan that is for trying, for TRIAL_DAYS.

    One that runs stays as it is. Raises Invalid for a plan that is not sold, Conflict when there was a trial, a
    payment, or nothing is sold.
    """
    plan = _plan(plan_id)
    found = Trial.objects.select_for_update().filter(user=user).first()
    if found is not None:
        if found.ends_at > now and not has_paid(user):
            return found
        raise Conflict("There is one trial for each person, and it is over.")
    if has_paid(user):
        raise Conflict("A workspace of this person has a subscription: there is nothing to try.")
    try:
        with transaction.atomic():
            ends_at = now + timedelta(days=settings.TRIAL_DAYS)
            trial = Trial.objects.create(user=user, plan=plan, started_at=now, ends_at=ends_at)
    except IntegrityError:
        # Another request started it at this moment.
        return Trial.objects.get(user=user)
    _log(trial, by, "start_trial")
    return trial


@transaction.atomic
def cancel_trial(*, user: User, by: Actor, now: datetime) -> None:
    """Ends a trial that runs, at once and for good; without one nothing happens."""
    trial = Trial.objects.select_for_update().filter(user=user, ends_at__gt=now).first()
    if trial is not None:
        trial.ends_at = now
        trial.save(update_fields=["ends_at"])
        _log(trial, by, "cancel_trial")


@transaction.atomic
def move_trial_end(*, user: User, by: Actor, now: datetime, ends_at: datetime) -> None:
    """Moves the end of a trial, also one that is over; for operators. Raises Conflict when there was none."""
    trial = Trial.objects.select_for_update().filter(user=user).first()
    if trial is None:
        raise Conflict("There is no trial to move the end of: start it first.")
    if trial.ends_at != ends_at:
        trial.ends_at = ends_at
        trial.save(update_fields=["ends_at"])
        _log(trial, by, "move_trial_end")


def _plan(plan_id: int | None) -> Plan:
    if not settings.BILLING_ENABLED:
        raise Conflict("Nothing is sold on this platform, so there is nothing to try.")
    wanted = {"is_tried": True} if plan_id is None else {"pk": plan_id, "is_offered": True}
    plan = Plan.objects.filter(**wanted).first()
    if plan is None and plan_id is None:
        raise Conflict("No plan is marked as the one to try.")
    if plan is None:
        raise Invalid([FieldError("/planId", "unknown", "There is no such plan; see /api/v1/product.")])
    return plan


def _log(trial: Trial, by: Actor, verb: str) -> None:
    """Into the log of the person's first workspace."""
    membership = memberships(trial.user).first()
    if membership is not None:
        audit.record(by=by, workspace=membership.workspace, verb=verb, target=trial)
