"""Writes the audit log, inside the transaction of the change that it tells of."""

from collections.abc import Mapping, Sequence
from typing import Any

from django.db import models

from accounts.actor import Actor
from accounts.models import AuditEntry, Workspace, WorkspaceOwned
from common.bulk import create_rows


def record(
    *, by: Actor, workspace: Workspace, verb: str, target: models.Model, changes: Mapping[str, Any] | None = None
) -> AuditEntry:
    """One row: `by` did `verb` to `target`. `changes` maps a field to [before, after]; secrets never enter it."""
    entry = _entry(by, workspace, verb, target, changes)
    entry.save()
    return entry


def record_all(*, by: Actor, verb: str, targets: Sequence[WorkspaceOwned]) -> None:
    """The same of many that were changed alike, with their workspaces loaded."""
    create_rows([_entry(by, one.workspace, verb, one, None) for one in targets])


def _entry(
    by: Actor, workspace: Workspace, verb: str, target: models.Model, changes: Mapping[str, Any] | None
) -> AuditEntry:
    return AuditEntry(
        workspace=workspace,
        user=by.user,
        token=by.token,
        application=by.application,
        actor=_label(by),
        address=by.address,
        verb=verb,
        object_type=target._meta.model_name or "",
        object_id=str(target.pk),
        object_name=str(target)[:254],
        changes=dict(changes or {}),
    )


def _label(by: Actor) -> str:
    through = f" through {by.application.name}" if by.application else ""
    return f"{by.label}{through}"[:254]
