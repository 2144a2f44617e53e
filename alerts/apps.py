"""Registers the app with Django and connects what it hears."""

from django.apps import AppConfig


class AlertsConfig(AppConfig):
    name = "alerts"

    def ready(self) -> None:
        from alerts import feed, receivers
        from incidents import events
        from monitors.events import monitor_deleted

        feed.connect()
        events.incident_opened.connect(receivers.on_opened, dispatch_uid="alerts")
        events.incident_acknowledged.connect(receivers.on_acknowledged, dispatch_uid="alerts")
        events.incident_resolved.connect(receivers.on_resolved, dispatch_uid="alerts")
        monitor_deleted.connect(receivers.on_monitor_deleted, dispatch_uid="alerts")
