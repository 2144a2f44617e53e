"""Phone numbers that agree to get alerts, and how many text messages a workspace has sent."""

from django.db import models
from django.db.models import Q

from accounts.models import WorkspaceOwned
from alerts.recipients.asked_models import Asked


class PhoneNumber(Asked):
    """A number (E.164) that gets alerts once somebody has typed the code that was sent to it.

    Of the code only a keyed digest is kept.
    """

    asked_by = "number"

    number = models.CharField(max_length=16)
    code_digest = models.CharField(max_length=64, blank=True, editable=False)
    tries_left = models.PositiveSmallIntegerField(default=0, editable=False)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["workspace", "number"], name="one_phone_number_each")]
        indexes = [
            models.Index(fields=["ask_at"], name="phone_number_to_ask", condition=Q(ask_at__isnull=False)),
            models.Index(fields=["number", "asked_at"], name="phone_number_asked"),
        ]


class SmsMonth(WorkspaceOwned):
    """How many text messages were handed to the provider in a calendar month (UTC)."""

    month = models.DateField(help_text="Its first day.")
    sent = models.PositiveIntegerField(default=0)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["workspace", "month"], name="one_count_a_month")]

    def __str__(self) -> str:
        return f"{self.sent} in {self.month:%Y-%m}"
