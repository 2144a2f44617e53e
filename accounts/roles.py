"""Which role includes which."""

from accounts.models import Role

_RANK = {Role.VIEWER: 0, Role.MEMBER: 1, Role.ADMIN: 2, Role.OWNER: 3}


def at_least(role: str, needed: str) -> bool:
    """Whether `role` includes `needed`."""
    return _RANK[Role(role)] >= _RANK[Role(needed)]
