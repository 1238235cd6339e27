"""Take a free slot when it is your turn; see who has what.

Everything that looks at or changes the folder happens within one mutex, for milliseconds. Waiting happens outside
it, as does holding: a slot is held by flock alone, so that nothing needs to be cleaned up after a crash.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from dlmath_kit.hub.gpu.locks import mutex, open_file
from dlmath_kit.hub.gpu.settings import GpuSettings
from dlmath_kit.hub.gpu.slots import Holder, Lease, Slot, slots_of
from dlmath_kit.hub.gpu.tickets import Ticket, draw, waiting

__all__ = ["Leases", "NoGpuFree", "Picture", "shared_leases"]

POLL_SECONDS = 0.25
KEEP_SECONDS = 600.0  # how long a place in the queue is kept for one who gave up


class NoGpuFree(RuntimeError):
    """All shares are held; the text is for the student."""

    jupyterhub_message: str  # the hub shows it on its page when the start of a server fails

    def __init__(self, *, slots: int, place: int, waiters: int, seconds: float, what_to_do: str) -> None:
        others = waiters - 1
        queue = f"You are number {place} in the queue" + (
            f" ({others} other{'s' * (others > 1)} waiting)." if others else "; nobody else waits."
        )
        text = (
            f"No GPU is free: {'the only one' if slots == 1 else f'{slots} of {slots}'} in use. "
            f"You waited {seconds:.0f} s. {queue} Your place is kept for {KEEP_SECONDS / 60:.0f} minutes: try again. "
        )
        self.place, self.jupyterhub_message = place, text + what_to_do
        super().__init__(self.jupyterhub_message)


@dataclass(frozen=True)
class Picture:
    """Who has what and who waits, at one moment."""

    slots: list[tuple[Slot, Holder | None]]
    queue: list[Holder]

    @property
    def held(self) -> int:
        """Slots that somebody has."""
        return sum(holder is not None for _, holder in self.slots)


@dataclass
class Leases:
    """The slots of some devices, in a folder that all who share them can reach."""

    folder: Path
    devices: tuple[str, ...]
    shares: int = 1
    kept: dict[str, tuple[int, float]] = field(default_factory=dict)  # user -> ticket number, until when

    def prepare(self) -> None:
        """Make the folder and the files. The hub does it once; where it has, this changes nothing."""
        tickets = self.folder / "tickets"
        for folder, mode in ((self.folder, 0o755), (self.folder / "slots", 0o755), (tickets, 0o1777)):
            if not folder.is_dir():
                folder.mkdir(parents=True, exist_ok=True)
                folder.chmod(mode)  # everyone may queue, nobody may delete another's ticket
        for path in (self.folder / "mutex", *(slot.path for slot in self.slots)):
            os.close(open_file(path))

    @property
    def slots(self) -> list[Slot]:
        return slots_of(self.folder / "slots", self.devices, self.shares)

    @contextlib.contextmanager
    def alone(self) -> Iterator[int]:
        """The mutex; its file also counts the tickets."""
        with mutex(self.folder / "mutex") as counter:
            yield counter

    def try_take(self, holder: Holder, ticket: Ticket | None = None) -> tuple[Lease | None, int, int]:
        """A lease if a slot is free and it is the holder's turn; with it the place and the number of waiters."""
        with self.alone():
            queue = waiting(self.folder / "tickets")
            ahead = len(queue) if ticket is None else queue.index(ticket.path)
            free = [slot for slot in self.slots if not slot.held]
            lease = free[0].take(holder) if ahead < len(free) else None
            if lease is not None and ticket is not None:
                ticket.tear()
            return lease, ahead + 1, len(queue)

    def take_again(self, holder: Holder, device: str, share: int) -> Lease | None:
        """The very slot that one had before, without queueing: after a restart of the hub."""
        with self.alone():
            slot = next((s for s in self.slots if (s.device, s.share) == (device, share)), None)
            return slot.take(holder) if slot else None

    async def take(self, holder: Holder, seconds: float, what_to_do: str = "") -> Lease:
        """A lease, first come first served; NoGpuFree after some seconds.

        Who gave up and tries again within ten minutes goes on from the old place, which meanwhile holds up nobody.
        """
        started = time.monotonic()
        with self.alone() as counter:
            ticket = draw(self.folder / "tickets", counter, holder, self.kept_number(holder.user))
        try:
            while True:
                lease, place, waiters = self.try_take(holder, ticket)
                if lease is not None:
                    return lease
                waited = time.monotonic() - started
                if waited >= seconds:
                    self.kept[holder.user] = ticket.number, time.monotonic() + KEEP_SECONDS
                    raise NoGpuFree(
                        slots=len(self.slots), place=place, waiters=waiters, seconds=waited, what_to_do=what_to_do
                    )
                await asyncio.sleep(min(POLL_SECONDS, seconds - waited))
        finally:
            ticket.tear()

    def kept_number(self, user: str) -> int:
        number, until = self.kept.pop(user, (0, 0.0))
        return number if time.monotonic() < until else 0

    def picture(self) -> Picture:
        """Who has what and who waits."""
        with self.alone():
            slots = [(slot, Holder.read(slot.path) if slot.held else None) for slot in self.slots]
            return Picture(slots, [Holder.read(path) for path in waiting(self.folder / "tickets")])


SHARED: dict[GpuSettings, Leases] = {}  # one per process: it remembers the places of those who gave up


def shared_leases(settings: GpuSettings) -> Leases:
    """The leases of this machine, as all of this process use them."""
    if settings not in SHARED:
        SHARED[settings] = Leases(settings.path, settings.devices, settings.shares)
    SHARED[settings].prepare()
    return SHARED[settings]
