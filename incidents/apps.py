"""Registers the app with Django and connects what it hears."""

from django.apps import AppConfig


class IncidentsConfig(AppConfig):
    name = "incidents"

    def ready(self) -> None:
        from accounts.events import user_deleted
        from incidents.receivers import (
            on_dependency_judged,
            on_deployment_ended,
            on_status_changed,
            on_user_deleted,
        )
        from monitors.events import deployment_ended, status_changed
        from signals.events import dependency_judged

        status_changed.connect(on_status_changed, dispatch_uid="incidents")
        deployment_ended.connect(on_deployment_ended, dispatch_uid="incidents")
        user_deleted.connect(on_user_deleted, dispatch_uid="incidents")
        dependency_judged.connect(on_dependency_judged, dispatch_uid="incidents.dependency")
