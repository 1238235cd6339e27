"""Containers whose GPU is leased: each gets a device of its own, or a share of one.

The hub holds a container's lease. When the hub is restarted while containers run on, it takes the same slots
again from the spawners' saved state, before any new server can start.
"""

from __future__ import annotations

import copy
import json
from collections.abc import Awaitable, Callable, Mapping
from typing import Any

from docker.types import DeviceRequest  # type: ignore[import-untyped]
from dockerspawner import DockerSpawner  # type: ignore[import-untyped]
from traitlets import Unicode

from autograder.hub.profiles import GPU
from dlmath_kit.hub.gpu.leases import Leases, shared_leases
from dlmath_kit.hub.gpu.settings import GpuSettings
from dlmath_kit.hub.gpu.slots import Holder, Lease

__all__ = ["LeasingDockerSpawner", "leased_host_config"]

WHAT_TO_DO = "Or choose a server without a GPU: every exercise can be solved on the CPU."


class LeasingDockerSpawner(DockerSpawner):
    """DockerSpawner whose servers of the profile "gpu" hold a lease while their container runs."""

    gpu_settings = Unicode("", config=True, help="The table [gpus] and the folder of leases, as JSON.")
    lease: Lease | None = None

    @property
    def gpus(self) -> GpuSettings:
        return GpuSettings.of(json.loads(self.gpu_settings or "{}"))

    @property
    def leases(self) -> Leases:
        return shared_leases(self.gpus)

    @property
    def holder(self) -> Holder:
        """The server, as the overview names it."""
        return Holder(user=self.user.name, kernel=f"server {self.name}".strip())

    async def leased_device(self) -> str | None:
        """The device of this server; None for one that chose none. Waits its turn, and may raise NoGpuFree."""
        if self.user_options.get("profile") != GPU:
            return None
        if self.lease is None:
            self.lease = await self.leases.take(self.holder, self.gpus.wait_seconds, WHAT_TO_DO)
        return self.lease.device

    def get_env(self) -> dict[str, Any]:
        """The share of the device's memory; inside the container the device is the only one there is."""
        environment: dict[str, Any] = super().get_env()
        if self.user_options.get("profile") == GPU and self.gpus.fraction < 1:
            environment.setdefault("PYTORCH_ALLOC_CONF", f"per_process_memory_fraction:{self.gpus.fraction:.4g}")
        return environment

    async def stop(self, now: bool = False) -> None:
        """The device is free when the container is gone."""
        await super().stop(now=now)
        self.free()

    def get_state(self) -> dict[str, Any]:
        """Remember the slot, for a hub that is restarted."""
        state: dict[str, Any] = super().get_state()
        if self.lease is not None:
            state["gpu"] = [self.lease.device, self.lease.slot.share]
        return state

    def load_state(self, state: dict[str, Any]) -> None:
        """Take the slot of a container that ran on while the hub was down."""
        super().load_state(state)
        if "gpu" in state and self.lease is None:
            device, share = state["gpu"]
            self.lease = self.leases.take_again(self.holder, device, share)
            if self.lease is None:
                self.log.error(
                    "%s runs on GPU %s, share %s, which is leased to another", self.holder.user, device, share
                )

    def clear_state(self) -> None:
        """Also called for containers that ended by themselves and for starts that failed."""
        super().clear_state()
        self.free()

    def free(self) -> None:
        lease, self.lease = self.lease, None
        if lease is not None:
            lease.free()


def leased_host_config(base: Mapping[str, Any]) -> Callable[[LeasingDockerSpawner], Awaitable[dict[str, Any]]]:
    """The callable for `extra_host_config`: what the operator configured, and the leased device."""

    async def host_config(spawner: LeasingDockerSpawner) -> dict[str, Any]:
        config = copy.deepcopy(dict(base))
        device = await spawner.leased_device()
        if device is not None:
            request = DeviceRequest(device_ids=[device], capabilities=[["gpu"]])
            config["device_requests"] = [*config.get("device_requests", []), request]
        return config

    return host_config
