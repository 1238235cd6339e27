"""One file per share of a device; whoever holds the file has the share."""

from __future__ import annotations

import os
import re
import threading
import time
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

from dlmath_kit.hub.gpu.locks import is_held, open_file, read_note, try_lock, unlock, write_note

__all__ = ["Holder", "Lease", "Slot", "slots_of"]

TEXT = 200  # characters of a name that a note keeps


@dataclass(frozen=True, kw_only=True)
class Holder:
    """Who holds a slot, or waits for one; written by the holder itself."""

    user: str
    kernel: str = ""
    pid: int = 0
    since: float = 0.0  # seconds since 1970
    active: float = 0.0  # when a cell last ran; 0: not known

    def as_note(self) -> dict[str, Any]:
        """What is written into the file; names of any length fit."""
        return {**asdict(self), "user": self.user[:TEXT], "kernel": self.kernel[:TEXT]}

    @classmethod
    def read(cls, path: Path) -> Holder:
        """What the file says; a holder without a name when it says nothing that can be read."""
        note = read_note(path)
        try:
            return cls(
                user=str(note.get("user", "unknown"))[:TEXT],
                kernel=str(note.get("kernel", ""))[:TEXT],
                pid=int(note.get("pid", 0)),
                since=float(note.get("since", 0)),
                active=float(note.get("active", 0)),
            )
        except (TypeError, ValueError):
            return cls(user="unknown")


@dataclass(frozen=True)
class Slot:
    """A share of a device."""

    device: str
    share: int
    path: Path

    @property
    def held(self) -> bool:
        """Whether somebody has it (ask within the mutex)."""
        return is_held(self.path)

    def take(self, holder: Holder) -> Lease | None:
        """The lease, or nothing when somebody has it (within the mutex)."""
        descriptor = open_file(self.path)
        if not try_lock(descriptor):
            os.close(descriptor)
            return None
        lease = Lease(self, descriptor, holder)
        lease.note()
        return lease


def slots_of(folder: Path, devices: tuple[str, ...], shares: int) -> list[Slot]:
    """All slots, one share of every device first: two kernels go to two devices before they share one."""
    names = [re.sub(r"[^\w-]", "_", device) for device in devices]
    return [
        Slot(device, share, folder / f"{name}.{share}")
        for share in range(shares)
        for device, name in zip(devices, names, strict=True)
    ]


class Lease:
    """A slot that is held. Free it; or let it die with the last process that inherited its descriptor."""

    def __init__(self, slot: Slot, descriptor: int, holder: Holder) -> None:
        self.slot = slot
        self.holder = holder
        self.descriptor: int | None = descriptor
        self.guard = threading.Lock()

    @property
    def device(self) -> str:
        """What CUDA_VISIBLE_DEVICES is to say."""
        return self.slot.device

    @property
    def alive(self) -> bool:
        """Whether this process still holds it."""
        return self.descriptor is not None

    def note(self, *, pid: int | None = None, active: float | None = None) -> None:
        """Write down who holds the slot, for the overview."""
        with self.guard:
            if self.descriptor is None:
                return
            self.holder = replace(
                self.holder,
                pid=self.holder.pid if pid is None else pid,
                active=self.holder.active if active is None else active,
                since=self.holder.since or time.time(),
            )
            write_note(self.descriptor, self.holder.as_note())

    def free(self) -> None:
        """Give the slot back, also where a child that outlived its kernel still has the descriptor."""
        with self.guard:
            descriptor, self.descriptor = self.descriptor, None
        if descriptor is not None:
            unlock(descriptor)

    def leave(self) -> None:
        """Close our copy only: a kernel that could not be killed keeps the slot until it ends."""
        with self.guard:
            descriptor, self.descriptor = self.descriptor, None
        if descriptor is not None:
            os.close(descriptor)

    def __del__(self) -> None:
        self.leave()
