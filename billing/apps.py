"""Registers the app with Django, what it hears, and what it answers to lower apps."""

from django.apps import AppConfig


class BillingConfig(AppConfig):
    name = "billing"

    def ready(self) -> None:
        from accounts.events import workspace_deleting
        from accounts.room import rooms
        from accounts.trials import trials
        from billing import limits, receivers, selectors
        from billing.usage import counters

        counters.register("members", lambda workspace, now: workspace.memberships.count())
        workspace_deleting.connect(receivers.on_workspace_deleting, dispatch_uid="billing")
        rooms.register("billing", lambda workspace, people: limits.must_allow(workspace, "members", people))
        trials.register("billing", lambda user, now: selectors.trial_of(user, now=now))
