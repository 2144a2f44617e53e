"""What accounts say upward; each is sent inside the transaction of the change."""

from django.dispatch import Signal

# sender=User, user (still there), address: str to be forgotten, workspaces: list[Workspace] that stay
user_deleted = Signal()
# sender=Workspace, workspace: about to be deleted with all it has; a receiver that raises Conflict keeps it
workspace_deleting = Signal()
