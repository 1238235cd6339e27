"""Who comes first on a busy machine: pages, before what students' servers and gradings compute."""

from __future__ import annotations

__all__ = ["AFTER_PAGES"]

# Thirty servers that start at once keep two cores busy for a minute; a login in that minute must not wait for them.
AFTER_PAGES = ("nice", "-n", "10")
