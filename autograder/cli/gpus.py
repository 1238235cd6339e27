"""`autograder gpus`: who holds the GPUs of this machine and who waits for one."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

import click

from autograder.cli.output import show_document, table
from autograder.cli.state import State, examples, json_document

if TYPE_CHECKING:
    from autograder.hub.gpus import Card, GpuOverview, Share

__all__ = ["gpus"]

EVERY = 2.0


@click.command(epilog=examples("autograder gpus", "autograder gpus --watch", "autograder gpus --json"))
@json_document
@click.option("--watch", is_flag=True, help="Show it again every two seconds, until Control-C.")
@click.pass_obj
def gpus(state: State, watch: bool) -> None:
    """Show each GPU, its memory, who holds it since when, and the queue.

    Changes nothing. docs/gpus.md describes the columns and the document of --json.
    """
    from autograder.hub.gpus import overview
    from autograder.hub.settings import read_settings

    settings = read_settings(state.find_course().home)
    while True:
        seen = overview(settings)
        if watch and not state.json:
            click.clear()
        show_document(state, seen, describe(seen))
        if not watch:
            return
        time.sleep(EVERY)


def describe(seen: GpuOverview) -> str:
    """The overview as text."""
    parts = []
    if seen.cards:
        parts.append(table([("GPU", "index", "memory", "busy"), *map(card_row, seen.cards)]))
    if seen.shares:
        rows = [share_row(share) for share in seen.shares]
        parts.append(table([("device", "share", "user", "kernel", "pid", "held for", "idle for"), *rows]))
        free = sum(not share.user for share in seen.shares)
        parts.append(f"{free} of {len(seen.shares)} free, {len(seen.queue)} waiting")
    if seen.queue:
        rows = [(str(n), waiter.user, span(waiter.waits_seconds)) for n, waiter in enumerate(seen.queue, start=1)]
        parts.append(table([("place", "user", "waits for"), *rows]))
    if seen.notes:
        parts.append("\n".join(seen.notes))
    return "\n\n".join(parts)


def card_row(card: Card) -> tuple[str, ...]:
    memory = "-" if card.memory_used is None else f"{card.memory_used} of {card.memory_total} MiB"
    return card.name, card.index, memory, "-" if card.busy is None else f"{card.busy} %"


def share_row(share: Share) -> tuple[str, ...]:
    if not share.user:
        return share.device, str(share.share), "free", "", "", "", ""
    kernel = share.kernel if share.kernel.startswith("server") else share.kernel[:8]
    held, idle = span(share.held_seconds), span(share.idle_seconds)
    return share.device, str(share.share), share.user, kernel, str(share.pid or ""), held, idle


def span(seconds: int | None) -> str:
    """`12 s`, `5 min`, `3 h 20 min`; a dash when it is not known."""
    if seconds is None:
        return "-"
    if seconds < 120:
        return f"{seconds} s"
    hours, minutes = divmod(seconds // 60, 60)
    return f"{hours} h {minutes} min" if hours else f"{minutes} min"
