"""What the platform keeps of itself."""

from django.db import models


class MetricValue(models.Model):
    """One sample of a metric: a count of all processes that ever were, or what one process said of itself last."""

    name = models.CharField(max_length=60)
    labels = models.CharField(max_length=200, help_text="JSON, keys in order.")
    process = models.CharField(max_length=80, blank=True, help_text="Empty for what is counted by all together.")
    value = models.FloatField()
    said_at = models.FloatField(help_text="Epoch seconds.")

    class Meta:
        constraints = [models.UniqueConstraint(fields=["name", "labels", "process"], name="one_value_a_sample")]

    def __str__(self) -> str:
        return f"{self.name}{self.labels} {self.value:g}"
