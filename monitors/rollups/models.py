"""What raw results come to, by hour and by day, and how far the rolling up has come."""

from datetime import UTC, datetime

from django.db import models

from common.scoping import ScopedManager


class HourlyRollup(models.Model):
    """The hours (UTC) of one day of a monitor in a region, as `summaries.pack_hours` packs them."""

    workspace_path = "monitor__workspace"

    monitor = models.ForeignKey("monitors.Monitor", models.CASCADE, related_name="+", db_index=False)
    region = models.ForeignKey("monitors.Region", models.CASCADE, related_name="+", db_index=False)
    day = models.DateField()
    hours = models.BinaryField()

    objects = ScopedManager()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["monitor", "day", "region"], name="hours_of_a_day_once")]

    def __str__(self) -> str:
        return f"{self.monitor_id} in {self.region_id} on {self.day}, by hour"


class DailyRollup(models.Model):
    """One whole day (UTC) of a monitor in a region; `summary` is as `summaries.pack` packs it."""

    workspace_path = "monitor__workspace"

    monitor = models.ForeignKey("monitors.Monitor", models.CASCADE, related_name="+", db_index=False)
    region = models.ForeignKey("monitors.Region", models.CASCADE, related_name="+", db_index=False)
    day = models.DateField()
    checks = models.PositiveIntegerField()
    failures = models.PositiveIntegerField()
    summary = models.BinaryField()

    objects = ScopedManager()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["monitor", "day", "region"], name="day_once")]

    def __str__(self) -> str:
        return f"{self.monitor_id} in {self.region_id} on {self.day}"


class RollupMark(models.Model):
    """The one row that says until when hours and days are rolled up; it moves in the transaction of what it says.

    Of the hour and the day that come next, `…_monitors_until` is the id up to which monitors are rolled up already.
    """

    hours_until = models.DateTimeField()
    days_until = models.DateTimeField()
    hour_monitors_until = models.BigIntegerField(default=0)
    day_monitors_until = models.BigIntegerField(default=0)

    def __str__(self) -> str:
        return f"hours until {self.hours_until}, days until {self.days_until}"

    def has_hour(self, hour: datetime, monitor_id: int) -> bool:
        """Whether this hour of the monitor is rolled up."""
        return (hour, monitor_id) <= (self.hours_until, self.hour_monitors_until)

    def has_day(self, hour: datetime, monitor_id: int) -> bool:
        """Whether the day of this hour is rolled up for the monitor."""
        midnight = hour.astimezone(UTC).replace(hour=0)
        return (midnight, monitor_id) <= (self.days_until, self.day_monitors_until)


class LateHour(models.Model):
    """A result was stored after its hour had passed: that hour of its monitor is to be rolled up again.

    Written in the transaction of the result, many times if need be, and deleted in that of the rolling up.
    """

    monitor = models.ForeignKey("monitors.Monitor", models.CASCADE, related_name="+", db_constraint=False)
    hour = models.DateTimeField()

    def __str__(self) -> str:
        return f"{self.monitor_id} at {self.hour}"
