"""Where a person's trial is: a higher app knows."""

from collections.abc import Callable
from datetime import datetime
from typing import Any

from accounts.models import User
from common.registry import Registry

# An answer has `status`, `started_at`, `ends_at`, `days_left` and `plan_id`.
trials: Registry[Callable[[User, datetime], Any]] = Registry("Where is this person's trial?")
