"""What belongs to regions: the tokens of their agents, and what operators are told about them."""

from django.core.exceptions import ImproperlyConfigured, ValidationError
from django.db import models
from django.db.models import Q

from monitors.scheduling.reference import split_hosts


def judge_reference_hosts(text: str) -> None:
    """Raises ValidationError where a host has no port."""
    try:
        split_hosts(text.split(","))
    except ImproperlyConfigured as wrong:
        raise ValidationError(str(wrong)) from wrong


class AgentToken(models.Model):
    """What an agent outside shows to probe for one region; only its SHA-256 is kept."""

    region = models.ForeignKey("monitors.Region", models.CASCADE, related_name="agent_tokens")
    name = models.CharField(max_length=120)
    prefix = models.CharField(max_length=11, editable=False)
    digest = models.CharField(max_length=64, unique=True, editable=False)
    is_enabled = models.BooleanField(default=True)
    created_at = models.DateTimeField()
    last_used_at = models.DateTimeField(null=True, editable=False)
    last_used_address = models.GenericIPAddressField(null=True, editable=False)

    def __str__(self) -> str:
        return f"{self.name} ({self.prefix}…)"


class OperatorNotice(models.Model):
    """One email to the operators: a row before anything is sent, tried until it is."""

    region = models.ForeignKey("monitors.Region", models.CASCADE, related_name="+")
    subject = models.CharField(max_length=200)
    text = models.TextField()
    created_at = models.DateTimeField()
    attempts = models.PositiveSmallIntegerField(default=0)
    next_attempt_at = models.DateTimeField(null=True, help_text="Null once it is over.")
    sent_at = models.DateTimeField(null=True)
    error = models.CharField(max_length=300, blank=True)

    class Meta:
        indexes = [
            models.Index(fields=["next_attempt_at"], name="notice_due", condition=Q(next_attempt_at__isnull=False))
        ]

    def __str__(self) -> str:
        return self.subject
