"""Hears of workspaces that are about to go."""

from accounts.models import Workspace
from billing.models import IN_FORCE, Subscription
from common.invalid import Conflict


def on_workspace_deleting(*, workspace: Workspace, **_: object) -> None:
    """Nobody goes on paying for what is gone."""
    bought = Subscription.objects.in_workspace(workspace).filter(status__in=IN_FORCE, stripe_id__isnull=False)
    if bought.filter(is_ending=False).exists():
        raise Conflict(f"{workspace.name} has a subscription: end it first, or it would go on being paid.")
