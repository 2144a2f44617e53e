"""What email addresses and phone numbers have in common that get alerts once somebody has agreed."""

from typing import ClassVar

from django.db import models

from accounts.models import WorkspaceOwned


class Asked(WorkspaceOwned):
    """`ask_at` is when the next question is due, null when none is. `asked_by` names the field that is written to."""

    asked_by: ClassVar[str]

    confirmed_at = models.DateTimeField(null=True, blank=True)
    asked_at = models.DateTimeField(null=True, blank=True)
    ask_at = models.DateTimeField(null=True, blank=True)
    asks_failed = models.PositiveSmallIntegerField(default=0)
    ask_error = models.CharField(max_length=300, blank=True)
    claimed_until = models.DateTimeField(null=True, blank=True, editable=False)

    class Meta:
        abstract = True

    def __str__(self) -> str:
        return str(getattr(self, self.asked_by))
