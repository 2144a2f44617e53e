"""What checks have learned of their targets: facts, warnings, and answers that a person has confirmed."""

from django.db import models
from django.db.models import Q

from accounts.models import User
from common.scoping import ScopedManager


class Facts(models.Model):
    """What a region learned of a target, from when on; written when it changes. The current row holds now."""

    workspace_path = "monitor__workspace"

    monitor = models.ForeignKey("monitors.Monitor", models.CASCADE, related_name="facts", db_index=False)
    region = models.ForeignKey("monitors.Region", models.CASCADE, related_name="+", db_index=False)
    observed_at = models.DateTimeField()
    is_current = models.BooleanField(default=True)
    data = models.JSONField(default=dict)

    objects = ScopedManager()

    class Meta:
        verbose_name_plural = "facts"
        indexes = [models.Index(fields=["monitor", "observed_at"], name="facts_by_monitor")]
        constraints = [
            models.UniqueConstraint(
                fields=["monitor", "region"], condition=Q(is_current=True), name="one_current_facts_a_region"
            )
        ]

    def __str__(self) -> str:
        return f"{self.monitor_id} in {self.region_id}"


class Finding(models.Model):
    """A warning of one region about a target that answers: its certificate, its registration, other records."""

    workspace_path = "monitor__workspace"

    monitor = models.ForeignKey("monitors.Monitor", models.CASCADE, related_name="findings")
    region = models.ForeignKey("monitors.Region", models.CASCADE, related_name="+")
    kind = models.CharField(max_length=8, help_text="The kind of incident it opens.")
    key = models.CharField(max_length=80, help_text="What it is about; another certificate is another warning.")
    severity = models.CharField(max_length=8)
    detail = models.CharField(max_length=500)
    passed = models.SmallIntegerField(null=True, blank=True, help_text="The day before an end that has been passed.")

    objects = ScopedManager()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["monitor", "region", "kind"], name="one_finding_a_kind")]

    def __str__(self) -> str:
        return self.detail


class LearnedAnswer(models.Model):
    """The last confirmed answer of a region (DNS records, a host key), and the other one that waits to be confirmed."""

    workspace_path = "monitor__workspace"

    monitor = models.ForeignKey("monitors.Monitor", models.CASCADE, related_name="learned_answers")
    region = models.ForeignKey("monitors.Region", models.CASCADE, related_name="+")
    answer = models.JSONField()
    learned_at = models.DateTimeField()
    waiting = models.JSONField(null=True, help_text="Another answer that was seen; null while the answer is the same.")
    waiting_since = models.DateTimeField(null=True)
    confirmed_by = models.ForeignKey(User, models.SET_NULL, null=True, blank=True, related_name="+")

    objects = ScopedManager()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["monitor", "region"], name="one_learned_answer_a_region")]

    def __str__(self) -> str:
        return f"{self.monitor_id} in {self.region_id}"
