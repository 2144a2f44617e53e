"""Calendar months on the clock of a time zone: which one a report is about, and when it is due. Pure."""

from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

# In the morning: a month's last results have come in by then, from agents that were cut off for the night too.
DUE_AT = time(7)
_NAMES = (
    "January", "February", "March", "April", "May", "June",
    "July", "August", "September", "October", "November", "December",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Month:
    """One calendar month in a time zone; `first` is its first day."""

    first: date
    zone: str

    @property
    def since(self) -> datetime:
        """Its first instant, in UTC."""
        return _instant(self.first, time(), self.zone)

    @property
    def until(self) -> datetime:
        """The first instant after it, in UTC."""
        return _instant(_next(self.first), time(), self.zone)

    @property
    def due_at(self) -> datetime:
        """When its report is sent: 07:00 on the first day after it, in UTC."""
        return _instant(_next(self.first), DUE_AT, self.zone)

    @property
    def previous(self) -> "Month":
        """The month before."""
        return Month((self.first - timedelta(days=1)).replace(day=1), self.zone)

    @property
    def name(self) -> str:
        """For example "October 2026"."""
        return f"{_NAMES[self.first.month - 1]} {self.first.year}"


def month_of(at: datetime, zone: str) -> Month:
    """The month that `at` lies in."""
    return Month(at.astimezone(ZoneInfo(zone)).date().replace(day=1), zone)


def last_month(now: datetime, zone: str) -> Month:
    """The last one that is over."""
    return month_of(now, zone).previous


def next_due_at(now: datetime, zone: str) -> datetime:
    """The next instant after `now` at which a month's report is due."""
    month = last_month(now, zone)
    return month.due_at if month.due_at > now else month_of(now, zone).due_at


def moved_due_at(due_at: datetime, zone: str, new_zone: str) -> datetime:
    """When the month that is due at `due_at` is due on another clock; it may be past there."""
    return Month(month_of(due_at, zone).previous.first, new_zone).due_at


def _next(first: date) -> date:
    return (first + timedelta(days=32)).replace(day=1)


def _instant(day: date, clock: time, zone: str) -> datetime:
    # A midnight that a change of the clock skips is the instant of the change; one that comes twice is the first.
    return datetime.combine(day, clock, tzinfo=ZoneInfo(zone)).astimezone(UTC)
