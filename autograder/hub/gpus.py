"""GPUs as operators see them: which there are, who holds them, who waits."""

from __future__ import annotations

import csv
import subprocess
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import msgspec

from dlmath_kit.hub.gpu.leases import Leases
from dlmath_kit.hub.gpu.settings import GpuSettings
from dlmath_kit.hub.gpu.slots import Holder

if TYPE_CHECKING:
    from autograder.hub.settings import Settings

__all__ = [
    "Card",
    "GpuOverview",
    "Share",
    "Waiter",
    "gpu_settings",
    "lease_folder",
    "leases_of",
    "local",
    "overview",
    "prepare",
]

QUERY = ("index", "uuid", "name", "memory.used", "memory.total", "utilization.gpu")
RUN = Path("/run/dlmath")  # gone after a reboot, like every lease


class Card(msgspec.Struct, kw_only=True):
    """A GPU as nvidia-smi reports it."""

    index: str
    uuid: str
    name: str
    memory_used: int | None  # MiB
    memory_total: int | None
    busy: int | None  # percent


class Share(msgspec.Struct, kw_only=True):
    """A share of a device and its holder; `user` is empty where it is free."""

    device: str
    share: int
    user: str = ""
    kernel: str = ""
    pid: int = 0
    held_seconds: int | None = None
    idle_seconds: int | None = None


class Waiter(msgspec.Struct, kw_only=True):
    """Somebody in the queue."""

    user: str
    waits_seconds: int


class GpuOverview(msgspec.Struct, kw_only=True):
    """The document of `autograder gpus --json`."""

    schema: int = 1
    command: str = "gpus"
    spawner: str
    folder: str
    cards: list[Card]
    shares: list[Share]
    queue: list[Waiter]
    notes: list[str]


def lease_folder(settings: Settings) -> Path:
    """Where the leases are; servers under the students' own accounts cannot reach the hub's private folder."""
    if settings.spawner.kind == "system":
        return RUN / settings.course.id / "leases"
    return Path(settings.state) / "leases"


def gpu_settings(settings: Settings) -> GpuSettings:
    """The table [gpus] for the kit: `.as_json()` is the value of DLMATH_GPUS."""
    table: dict[str, Any] = msgspec.to_builtins(settings.gpus)
    return GpuSettings.of({**table, "folder": str(lease_folder(settings))})


def local(settings: Settings) -> bool:
    """Whether devices are leased here, and not handed out by Kubernetes or Slurm."""
    return bool(settings.gpus.devices) and settings.spawner.kind in ("simple", "system", "docker")


def prepare(settings: Settings) -> None:
    """Make the folder of leases; the hub calls it when it starts."""
    if local(settings):
        leases_of(settings).prepare()


def leases_of(settings: Settings) -> Leases:
    gpus = gpu_settings(settings)
    return Leases(gpus.path, gpus.devices, gpus.shares)


def overview(settings: Settings) -> GpuOverview:
    """Who has what at this moment; changes nothing but stale tickets."""
    shares, queue, notes, now = [], [], [], time.time()
    folder = lease_folder(settings)
    if not settings.gpus.devices:
        notes.append("no devices are configured: name them in hub.toml, [gpus] devices (docs/gpus.md)")
    elif not local(settings):
        notes.append(f"devices are handed out by {settings.spawner.kind}, not by leases")
    elif not folder.is_dir():
        notes.append("no lease was ever taken: the hub makes the folder when it starts")
        shares = [Share(device=s.device, share=s.share) for s in leases_of(settings).slots]
    else:
        picture = leases_of(settings).picture()
        shares = [share_of(slot.device, slot.share, holder, now) for slot, holder in picture.slots]
        queue = [Waiter(user=waiter.user, waits_seconds=round(now - waiter.since)) for waiter in picture.queue]
    cards, note = read_cards()
    return GpuOverview(
        spawner=settings.spawner.kind,
        folder=str(folder),
        cards=cards,
        shares=shares,
        queue=queue,
        notes=[*notes, *note],
    )


def share_of(device: str, number: int, holder: Holder | None, now: float) -> Share:
    if holder is None:
        return Share(device=device, share=number)
    return Share(
        device=device,
        share=number,
        user=holder.user,
        kernel=holder.kernel,
        pid=holder.pid,
        held_seconds=round(now - holder.since) if holder.since else None,
        idle_seconds=max(0, round(now - holder.active)) if holder.active else None,
    )


def read_cards(program: str = "nvidia-smi") -> tuple[list[Card], list[str]]:
    """The machine's GPUs, and a note where they cannot be asked."""
    command = [program, f"--query-gpu={','.join(QUERY)}", "--format=csv,noheader,nounits"]
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=10, check=False)
    except FileNotFoundError:
        return [], [f"{program} is not installed: models, memory and use of GPUs are not shown"]
    except (OSError, subprocess.TimeoutExpired) as error:
        return [], [f"{program}: {error}"]
    if done.returncode:
        return [], [f"{program}: {(done.stderr or done.stdout).strip()[:200] or done.returncode}"]
    rows = [row for row in csv.reader(done.stdout.splitlines(), skipinitialspace=True) if len(row) == len(QUERY)]
    return [card_of(row) for row in rows], []


def card_of(row: list[str]) -> Card:
    def number(text: str) -> int | None:
        return int(text) if text.isdigit() else None  # "[N/A]" on cards that do not say

    return Card(
        index=row[0],
        uuid=row[1],
        name=row[2],
        memory_used=number(row[3]),
        memory_total=number(row[4]),
        busy=number(row[5]),
    )
