"""The entries of the menus behind three dots."""

from typing import Any

from django.urls import reverse

from alerts.models import Delivery, DeliveryState
from monitors.models import Deployment, DeploymentState, MaintenanceWindow, Monitor
from signals.models import Dependency

Item = dict[str, Any]


def monitor_menu(monitor: Monitor, *, dialog: str = "") -> list[Item]:
    """What one may do to a monitor; `dialog` names the page's dialog that asks before deleting."""
    edit = reverse("heartbeat-edit" if monitor.type == "heartbeat" else "monitor-edit", args=[monitor.pk])
    act = ("Resume", "play", "monitor-resume") if monitor.is_paused else ("Pause", "pause", "monitor-pause")
    delete: Item = {"label": "Delete", "icon": "trash-2", "href": f"{edit}#delete", "is_danger": True}
    return [
        {"label": "Edit", "icon": "pencil", "href": edit},
        {"label": "Reports", "icon": "download", "href": reverse("reports", args=[monitor.pk])},
        {"label": act[0], "icon": act[1], "action": reverse(act[2], args=[monitor.pk])},
        delete | ({"dialog": dialog} if dialog else {}),
    ]


def delivery_menu(delivery: Delivery) -> list[Item]:
    """Send again always; dismiss while it still has tries to come."""
    items = [{"label": "Send again", "icon": "send", "action": reverse("delivery-resend", args=[delivery.pk])}]
    if delivery.state in (DeliveryState.PENDING, DeliveryState.SENDING):
        items.append({"label": "Dismiss", "icon": "x", "action": reverse("delivery-dismiss", args=[delivery.pk])})
    return items


def window_menu(window: MaintenanceWindow) -> list[Item]:
    """What one may do to a maintenance window."""
    edit = reverse("window-edit", args=[window.pk])
    return [
        {"label": "Edit", "icon": "pencil", "href": edit},
        {"label": "Delete", "icon": "trash-2", "href": f"{edit}#delete", "is_danger": True},
    ]


def deployment_menu(deployment: Deployment) -> list[Item]:
    """What one may do to a deployment; end it while it is not over."""
    edit = reverse("deployment-edit", args=[deployment.pk])
    items: list[Item] = [{"label": "Edit", "icon": "pencil", "href": edit}]
    if deployment.state != DeploymentState.ENDED:
        items.append({"label": "End", "icon": "check", "action": reverse("deployment-end", args=[deployment.pk])})
    return [*items, {"label": "Delete", "icon": "trash-2", "href": f"{edit}#delete", "is_danger": True}]


def dependency_menu(dependency: Dependency, *, dialog: str = "") -> list[Item]:
    """What one may do to a dependency; `dialog` names the page's dialog that asks before deleting."""
    edit = reverse("dependency-edit", args=[dependency.pk])
    pins = [("Pin as OK", "circle-check", "pin-ok", "OK"), ("Pin as down", "circle-alert", "pin-down", "DOWN")]
    acts = [*(pin[:3] for pin in pins if pin[3] != dependency.pinned_status)]
    if dependency.pinned_status:
        acts.append(("Unpin", "x", "unpin"))
    delete: Item = {"label": "Delete", "icon": "trash-2", "href": f"{edit}#delete", "is_danger": True}
    return [
        {"label": "Edit", "icon": "pencil", "href": edit},
        *(
            {"label": label, "icon": icon, "action": reverse(f"dependency-{act}", args=[dependency.pk])}
            for label, icon, act in acts
        ),
        delete | ({"dialog": dialog} if dialog else {}),
    ]
