"""The one door to objects of a workspace: another workspace's objects do not exist."""

from typing import Any, TypeVar

from django.db import models

M = TypeVar("M", bound=models.Model)


class ScopedQuerySet(models.QuerySet[M]):
    """A queryset that can be cut down to one workspace.

    A model that reaches its workspace through another one sets `workspace_path`, for example `incident__workspace`.
    """

    def in_workspace(self, workspace: Any) -> "ScopedQuerySet[M]":
        """Only what belongs to `workspace`."""
        path = getattr(self.model, "workspace_path", "workspace")
        return self.filter(**{path: workspace})


ScopedManager = models.Manager.from_queryset(ScopedQuerySet)
