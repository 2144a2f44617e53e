"""Takes an incident out of the history, with its timeline, notes and deliveries; the audit log keeps that it was."""

from datetime import datetime

from django.db import transaction

from accounts import audit
from accounts.actor import Actor
from common.invalid import Conflict
from common.times import rfc3339
from incidents import events
from incidents.models import Incident, State

_KEPT = ("title", "kind", "severity")


@transaction.atomic
def delete_incident(*, incident: Incident, by: Actor, now: datetime) -> None:
    """Removes a resolved incident for good. Statuses, and so the availability, stay what they were.

    Raises Conflict when it is not resolved, or when a receiver of `incident_deleting` needs it still.
    """
    if incident.state != State.RESOLVED:
        raise Conflict("Only a resolved incident can be deleted: resolve it first.")
    events.incident_deleting.send(sender=Incident, incident=incident, by=by, now=now)
    changes = {name: [getattr(incident, name), None] for name in _KEPT}
    changes["startedAt"] = [rfc3339(incident.started_at), None]
    audit.record(by=by, workspace=incident.workspace, verb="delete", target=incident, changes=changes)
    incident.delete()
