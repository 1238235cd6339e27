"""Who comes first on a busy machine: pages, before what students' servers and gradings compute."""

from __future__ import annotations

__all__ = ["AFTER_PAGES"]

# Thirty servers that start at once keep two cores busy for a minute; a login in that minute must not wait for them.
# Linux weighs sessions against each other before processes, so the session that the server leads steps back as well.
_SCRIPT = '{ echo 10 > /proc/self/autogroup; } 2>/dev/null; exec nice -n 10 "$@"'
AFTER_PAGES = ("sh", "-c", _SCRIPT, "sh")
