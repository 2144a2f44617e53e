"""Which tags the monitors of a workspace have."""

from collections import Counter

from accounts.models import Workspace
from monitors.models import Monitor


def tag_counts(workspace: Workspace) -> list[tuple[str, int]]:
    """Each tag with how many monitors have it, by name."""
    rows = Monitor.objects.in_workspace(workspace).exclude(tags=[]).values_list("tags", flat=True)
    return sorted(Counter(tag for tags in rows for tag in set(tags)).items())
