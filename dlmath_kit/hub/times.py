"""Times as people say them, in the course's time zone."""

from __future__ import annotations

from datetime import UTC, datetime, tzinfo

__all__ = ["distance", "lateness", "parse_stamp", "say", "say_with_distance", "span"]

DAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
MONTHS = (
    *("January", "February", "March", "April", "May", "June"),
    *("July", "August", "September", "October", "November", "December"),
)


def say(moment: datetime, zone: tzinfo, now: datetime) -> str:
    """ "Tuesday 1 December, 23:59"; with the year when it is not this one."""
    local = moment.astimezone(zone)
    year = f" {local.year}" if local.year != now.astimezone(zone).year else ""
    return f"{DAYS[local.weekday()]} {local.day} {MONTHS[local.month - 1]}{year}, {local:%H:%M}"


def distance(moment: datetime, zone: tzinfo, now: datetime) -> str:
    """ "in 10 days", "in 3 hours", "5 minutes ago", "just now". Days are those of the calendar."""
    seconds = abs((moment - now).total_seconds())
    if seconds < 60:
        return "in less than a minute" if moment > now else "just now"
    if seconds < 3600:
        span = _count(int(seconds // 60), "minute")
    elif seconds < 48 * 3600:
        span = _count(int(seconds // 3600), "hour")
    else:
        span = _count(abs((moment.astimezone(zone).date() - now.astimezone(zone).date()).days), "day")
    return f"in {span}" if moment > now else f"{span} ago"


def span(seconds: float) -> str:
    """ "60 minutes", "1 minute", "24 hours": hours from two hours on, if they are whole."""
    minutes = max(1, round(seconds / 60))
    return _count(minutes // 60, "hour") if minutes >= 120 and minutes % 60 == 0 else _count(minutes, "minute")


def lateness(moment: datetime, zone: tzinfo, due: datetime) -> str:
    """ "2 hours late"."""
    return distance(moment, zone, due).removeprefix("in ") + " late"


def _count(number: int, word: str) -> str:
    return f"{number} {word}" if number == 1 else f"{number} {word}s"


def say_with_distance(moment: datetime, zone: tzinfo, now: datetime) -> str:
    """ "Tuesday 1 December, 23:59 (in 10 days)"."""
    return f"{say(moment, zone, now)} ({distance(moment, zone, now)})"


def parse_stamp(stamp: str) -> datetime:
    """nbgrader's time of a submission, as an aware time."""
    from nbgrader.utils import parse_utc

    return parse_utc(stamp).replace(tzinfo=UTC)
