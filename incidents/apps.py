"""Registers the app with Django and connects what it hears."""

from django.apps import AppConfig


class IncidentsConfig(AppConfig):
    name = "incidents"

    def ready(self) -> None:
        from accounts.events import user_deleted
        from incidents.receivers import (
            on_dependencies_judged,
            on_deployments_ended,
            on_statuses_changed,
            on_user_deleted,
        )
        from incidents.warnings import on_warnings_judged
        from monitors.events import deployments_ended, statuses_changed, warnings_judged
        from signals.events import dependencies_judged

        statuses_changed.connect(on_statuses_changed, dispatch_uid="incidents")
        warnings_judged.connect(on_warnings_judged, dispatch_uid="incidents")
        deployments_ended.connect(on_deployments_ended, dispatch_uid="incidents")
        user_deleted.connect(on_user_deleted, dispatch_uid="incidents")
        dependencies_judged.connect(on_dependencies_judged, dispatch_uid="incidents.dependency")
