"""What the hub says about the student's last server, in words."""

from __future__ import annotations

import json
import logging
from datetime import UTC, datetime, tzinfo

from dlmath_kit.hub.times import say, span

__all__ = ["stopped_words"]

log = logging.getLogger(__name__)


def stopped_words(text: str, zone: tzinfo, now: datetime) -> dict[str, str]:
    """When and why the last server was stopped, {} where nothing is to be said.

    Args:
        text: DLMATH_STOPPED: JSON with "time", "reason" (idle or age) and "minutes"; "" when nobody stopped it.

    Returns:
        "id" (the same for the same stop) and "words".
    """
    if not text:
        return {}
    try:
        word = json.loads(text)
        moment, minutes = datetime.fromisoformat(word["time"]), float(word["minutes"])
        moment = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
        lasted = span(60 * minutes)
        reasons = {"idle": f"because nobody used it for {lasted}", "age": f"because it had run for {lasted}"}
        reason = reasons[word["reason"]]
        local = moment.astimezone(zone)
        today = local.date() == now.astimezone(zone).date()
        when = f"at {local:%H:%M}" if today else f"on {say(moment, zone, now)}"
    except (ValueError, TypeError, KeyError, OverflowError, AttributeError):
        log.error("DLMATH_STOPPED: got %r, expected JSON with time, reason and minutes.", text[:200])
        return {}
    return {"id": moment.isoformat(), "words": f"Your server was stopped {when} {reason}. Your saved work is here."}
