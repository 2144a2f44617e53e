"""Registers the app with Django, what it hears, and what it answers to lower apps."""

from django.apps import AppConfig


class BillingConfig(AppConfig):
    name = "billing"

    def ready(self) -> None:
        from accounts.events import workspace_deleting
        from accounts.trials import trials
        from billing import receivers, selectors
        from billing.usage import counters

        counters.register("members", lambda workspace, now: workspace.memberships.count())
        workspace_deleting.connect(receivers.on_workspace_deleting, dispatch_uid="billing")
        trials.register("billing", lambda user, now: selectors.trial_of(user, now=now))
