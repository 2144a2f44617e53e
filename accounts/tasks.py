"""What beat asks of a worker about accounts; one line into a service each."""

from celery import shared_task

from accounts import invitations, passwords
from accounts.oauth import devices, revoking
from accounts.upkeep import drop_outdated
from common.clock import now


@shared_task(name="accounts.clear_tokens", ignore_result=True)
def clear_tokens() -> None:
    """Each hour: OAuth tokens, codes and devices whose time is over."""
    revoking.clear_tokens()
    devices.clear_devices(now=now())


@shared_task(name="accounts.drop_outdated", ignore_result=True)
def drop_outdated_task() -> None:
    """Each hour: kept answers and sessions that have run out."""
    drop_outdated(now=now())


@shared_task(name="accounts.send_reset_link", ignore_result=True)
def send_reset_link(email: str) -> None:
    """When somebody has forgotten their password."""
    passwords.send_link(email=email)


@shared_task(name="accounts.send_invitations", ignore_result=True)
def send_invitations() -> None:
    """Every 5 seconds: mails of invitations."""
    invitations.send_due_mails(now=now())
