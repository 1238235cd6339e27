"""Which GPUs there are and how they are shared: the value of DLMATH_GPUS."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from typing import Any

__all__ = ["VARIABLE", "GpuSettings"]

VARIABLE = "DLMATH_GPUS"


@dataclass(frozen=True, kw_only=True)
class GpuSettings:
    """The hub's table [gpus] and the folder of the leases."""

    devices: tuple[str, ...] = ()  # indices as nvidia-smi counts them, or UUIDs of GPUs or MIG instances
    shares: int = 1  # kernels on one device
    memory_fraction: float = 0.0  # of a device's memory for one kernel; 0: 1 / shares
    idle_minutes: float = 30.0  # a kernel that ran nothing for this long gives its GPU back; 0: never
    wait_seconds: float = 20.0  # how long the start of a kernel waits for a GPU
    folder: str = ""

    def __post_init__(self) -> None:
        if self.shares < 1:
            raise ValueError(f"{VARIABLE}, shares: got {self.shares}, expected 1 or more.")
        if not 0 <= self.memory_fraction <= 1:
            raise ValueError(f"{VARIABLE}, memory_fraction: got {self.memory_fraction}, expected [0, 1].")
        if len(set(self.devices)) < len(self.devices):
            raise ValueError(f"{VARIABLE}, devices: got {list(self.devices)}, expected each device once.")

    @property
    def fraction(self) -> float:
        """The part of a device's memory that one kernel may take."""
        return self.memory_fraction or 1 / self.shares

    @property
    def path(self) -> Path:
        """The folder of the leases."""
        if not self.folder:
            raise ValueError(f'{VARIABLE}, folder: got "", expected the folder of the leases.')
        return Path(self.folder)

    def as_json(self) -> str:
        """The value of the environment variable."""
        return json.dumps(asdict(self))

    @classmethod
    def of(cls, table: Mapping[str, Any]) -> GpuSettings:
        """Settings from a mapping; devices may be given as numbers."""
        names = {field.name for field in fields(cls)}
        unknown = sorted(set(table) - names)
        if unknown:
            raise ValueError(f"{VARIABLE}: got key {unknown[0]!r}, expected one of {sorted(names)}.")
        devices = tuple(str(device) for device in table.get("devices", ()))
        return cls(**{**table, "devices": devices})

    @classmethod
    def from_environment(cls, environment: Mapping[str, str] = os.environ) -> GpuSettings:
        """What the hub told this server; no devices when it told nothing."""
        text = environment.get(VARIABLE, "")
        if not text:
            return cls()
        try:
            table = json.loads(text)
        except ValueError as error:
            raise ValueError(f"{VARIABLE}: got {text!r}, expected JSON ({error}).") from None
        if not isinstance(table, dict):
            raise ValueError(f"{VARIABLE}: got {text!r}, expected a JSON object.")
        return cls.of(table)
