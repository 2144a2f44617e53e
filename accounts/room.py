"""Whether a workspace has room for more people: a higher app knows."""

from collections.abc import Callable

from accounts.models import Workspace
from common.registry import Registry

# An answer raises NotAllowed where so many people have no room for one more.
rooms: Registry[Callable[[Workspace, int], None]] = Registry("Has this workspace room for one more?")


def must_have_room(workspace: Workspace, people: int) -> None:
    """Raises NotAllowed where beside so many people one more has no room."""
    for _, answer in rooms:
        answer(workspace, people)


def hold(workspace: Workspace) -> None:
    """Two who take the last place at once wait for each other."""
    Workspace.objects.select_for_update(no_key=True).get(pk=workspace.pk)
