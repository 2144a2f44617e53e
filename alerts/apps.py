"""Registers the app with Django and connects what it hears."""

from django.apps import AppConfig


class AlertsConfig(AppConfig):
    name = "alerts"

    def ready(self) -> None:
        from accounts.events import user_deleted
        from alerts import feed, metrics, receivers
        from alerts.recipients import sms_quota
        from billing.usage import counters
        from incidents import events
        from monitors.events import monitor_deleted

        events.incidents_opened.connect(receivers.on_opened, dispatch_uid="alerts")
        events.incidents_raised.connect(receivers.on_raised, dispatch_uid="alerts")
        metrics.register()
        feed.connect()
        events.incident_acknowledged.connect(receivers.on_acknowledged, dispatch_uid="alerts")
        events.incidents_resolved.connect(receivers.on_resolved, dispatch_uid="alerts")
        events.incident_deleting.connect(receivers.on_incident_deleting, dispatch_uid="alerts")
        counters.register("sms_per_month", lambda workspace, now: sms_quota.sent_this_month(workspace, now=now))
        user_deleted.connect(receivers.on_user_deleted, dispatch_uid="alerts")
        monitor_deleted.connect(receivers.on_monitor_deleted, dispatch_uid="alerts")
