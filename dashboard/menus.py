"""The entries of the menus behind three dots."""

from dataclasses import dataclass, replace
from functools import lru_cache

from django.urls import reverse

from accounts.models import ApiToken, Invitation, Membership
from alerts.models import Delivery, DeliveryState, ReportSchedule
from monitors.models import Deployment, DeploymentState, MaintenanceWindow, Monitor
from signals.models import Dependency


@dataclass(frozen=True, slots=True)
class Item:
    """A link (`href`) or an act (`action`, a POST); with `dialog` it opens that first.

    One with a title asks in a dialog of its own: `title`, `text`, `kind` of the button. A template that looks for what
    is not there costs ten times what it costs to find it, so every entry has every field.
    """

    label: str
    icon: str
    href: str = ""
    action: str = ""
    dialog: str = ""
    title: str = ""
    text: str = ""
    kind: str = ""
    is_danger: bool = False


@lru_cache(maxsize=8192)
def _address(name: str, pk: int) -> str:
    """An open list asks for the same hundred rows, with four addresses each, again and again."""
    return reverse(name, args=[pk])


def monitor_menu(monitor: Monitor, *, dialog: str = "") -> list[Item]:
    """What one may do to a monitor; `dialog` names the page's dialog that asks before deleting."""
    edit = _address("heartbeat-edit" if monitor.type == "heartbeat" else "monitor-edit", monitor.pk)
    act = ("Resume", "play", "monitor-resume") if monitor.is_paused else ("Pause", "pause", "monitor-pause")
    return [
        Item(label="Edit", icon="pencil", href=edit),
        Item(label="Reports", icon="download", href=_address("reports", monitor.pk)),
        Item(label=act[0], icon=act[1], action=_address(act[2], monitor.pk)),
        Item(label="Delete", icon="trash-2", href=f"{edit}#delete", is_danger=True, dialog=dialog),
    ]


def delivery_menu(delivery: Delivery) -> list[Item]:
    """Send again always; dismiss while it still has tries to come."""
    items = [Item(label="Send again", icon="send", action=_address("delivery-resend", delivery.pk))]
    if delivery.state in (DeliveryState.PENDING, DeliveryState.SENDING):
        items.append(Item(label="Dismiss", icon="x", action=_address("delivery-dismiss", delivery.pk)))
    return items


def report_schedule_menu(schedule: ReportSchedule) -> list[Item]:
    """What one may do to a report schedule."""
    edit, acts = _address("report-schedule", schedule.pk), [("Send now", "send"), ("Preview", "preview")]
    icons = {"send": "send", "preview": "eye"}
    return [
        Item(label="Edit", icon="pencil", href=edit),
        *(
            Item(label=label, icon=icons[act], action=_address(f"report-schedule-{act}", schedule.pk))
            for label, act in acts
        ),
        Item(label="Delete", icon="trash-2", href=f"{edit}#delete", is_danger=True),
    ]


def window_menu(window: MaintenanceWindow) -> list[Item]:
    """What one may do to a maintenance window."""
    edit = _address("window-edit", window.pk)
    return [
        Item(label="Edit", icon="pencil", href=edit),
        Item(label="Delete", icon="trash-2", href=f"{edit}#delete", is_danger=True),
    ]


def deployment_menu(deployment: Deployment) -> list[Item]:
    """What one may do to a deployment; end it while it is not over."""
    edit = _address("deployment-edit", deployment.pk)
    items = [Item(label="Edit", icon="pencil", href=edit)]
    if deployment.state != DeploymentState.ENDED:
        items.append(Item(label="End", icon="check", action=_address("deployment-end", deployment.pk)))
    return [*items, Item(label="Delete", icon="trash-2", href=f"{edit}#delete", is_danger=True)]


def dependency_menu(dependency: Dependency, *, dialog: str = "") -> list[Item]:
    """What one may do to a dependency; `dialog` names the page's dialog that asks before deleting."""
    edit = _address("dependency-edit", dependency.pk)
    pins = [("Pin as OK", "circle-check", "pin-ok", "OK"), ("Pin as down", "circle-alert", "pin-down", "DOWN")]
    acts = [*(pin[:3] for pin in pins if pin[3] != dependency.pinned_status)]
    if dependency.pinned_status:
        acts.append(("Unpin", "x", "unpin"))
    return [
        Item(label="Edit", icon="pencil", href=edit),
        *(
            Item(label=label, icon=icon, action=_address(f"dependency-{act}", dependency.pk))
            for label, icon, act in acts
        ),
        Item(label="Delete", icon="trash-2", href=f"{edit}#delete", is_danger=True, dialog=dialog),
    ]


def member_menu(member: Membership, *, dialog: str) -> list[Item]:
    """What an admin may do to another member; removing asks first."""
    return [
        Item(label="Change role", icon="pencil", href=_address("member", member.pk)),
        Item(
            label="Remove",
            icon="trash-2",
            action=_address("member-remove", member.pk),
            is_danger=True,
            dialog=dialog,
            title=f"Remove {member.user.get_full_name()}?",
            text="They lose this workspace at once, with their API tokens in it. What they made stays.",
        ),
    ]


def invitation_menu(invitation: Invitation, *, is_mailed: bool) -> list[Item]:
    """Another link, by mail where there is a mail server; or no link any more."""
    again = ("Send again", "send") if is_mailed else ("Make a new link", "link")
    return [
        Item(label=again[0], icon=again[1], action=_address("invitation-resend", invitation.pk)),
        Item(
            label="Take back",
            icon="x",
            action=_address("invitation-revoke", invitation.pk),
            is_danger=True,
        ),
    ]


def token_menu(token: ApiToken, *, is_own: bool, has_log: bool) -> list[Item]:
    """What one may do to a token; only its owner rotates it. What ends something asks first."""
    rotate = _asking(
        token,
        "rotate",
        ("Rotate", "refresh-cw", f"Rotate {token.name}?"),
        "You get another secret, shown once. Whatever uses the old one is refused from the next request on.",
    )
    disable = _asking(
        token,
        "disable",
        ("Disable", "pause", f"Disable {token.name}?"),
        "Whatever uses it is refused until it is enabled again.",
    )
    revoke = _asking(
        token,
        "revoke",
        ("Revoke", "trash-2", f"Revoke {token.name}?"),
        "Whatever uses it is refused from the next request on. This cannot be undone.",
    )
    enable = Item(label="Enable", icon="play", action=_address("token-enable", token.pk))
    log = Item(label="Audit log", icon="history", href=f"{reverse('audit-log')}?token={token.pk}")
    return [
        *([replace(rotate, kind="primary")] if is_own else []),
        disable if token.is_enabled else enable,
        *([log] if has_log else []),
        replace(revoke, is_danger=True),
    ]


def _asking(token: ApiToken, act: str, said: tuple[str, str, str], text: str) -> Item:
    label, icon, title = said
    return Item(
        label=label,
        icon=icon,
        action=_address(f"token-{act}", token.pk),
        dialog=f"{act}-{token.pk}",
        title=title,
        text=text,
    )
