"""Frees what dead kernels held, takes back what idle ones hold.

Jupyter drops a kernel that crashed six times in a row without telling its provisioner, and knows nothing
of GPUs when it decides which kernels are idle. One thread per server looks every second; a thread, because a
kernel manager of nbclient has no event loop that runs between two calls.
"""

from __future__ import annotations

import asyncio
import logging
import threading
import time
import weakref
from collections.abc import Coroutine
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from dlmath_kit.hub.gpu.provisioner import GpuProvisioner

__all__ = ["idle_seconds", "watch"]

LOOK_SECONDS = 1.0
RESTART_SECONDS = 3.0  # a dead kernel that nobody restarts for so long is not coming back
LATER_SECONDS = 3.0  # the notice in the notebook comes first
log = logging.getLogger(__name__)


class Watcher:
    """All kernels of this process that hold leases."""

    def __init__(self) -> None:
        self.guard = threading.Lock()
        self.kernels: weakref.WeakSet[GpuProvisioner] = weakref.WeakSet()
        self.dead_since: weakref.WeakKeyDictionary[GpuProvisioner, float] = weakref.WeakKeyDictionary()
        self.reclaimed: weakref.WeakSet[GpuProvisioner] = weakref.WeakSet()
        self.thread: threading.Thread | None = None

    def add(self, kernel: GpuProvisioner) -> None:
        """Watch a kernel that was just started."""
        with self.guard:
            self.kernels.add(kernel)
            self.dead_since.pop(kernel, None)
            self.reclaimed.discard(kernel)
            if self.thread is None:
                self.thread = threading.Thread(target=self.run, name="gpu-leases", daemon=True)
                self.thread.start()

    def run(self) -> None:
        """Look at every kernel until none is left."""
        while True:
            time.sleep(LOOK_SECONDS)
            with self.guard:
                kernels = [kernel for kernel in self.kernels if kernel.lease is not None]
                if not kernels:
                    self.kernels.clear()
                    self.thread = None
                    return
            for kernel in kernels:
                try:
                    self.look_at(kernel)
                except Exception:
                    log.exception("GPU lease of kernel %s could not be looked after", kernel.kernel_id)
            del kernels, kernel  # or the thread would keep the last one alive

    def look_at(self, kernel: GpuProvisioner) -> None:
        if kernel.dead and not kernel.launching:
            since = self.dead_since.setdefault(kernel, time.monotonic())
            if time.monotonic() - since > patience(kernel):
                log.warning("Kernel %s died and was not restarted: its GPU is free again", kernel.kernel_id)
                kernel.give_back()
            return
        self.dead_since.pop(kernel, None)
        idle, lease = idle_seconds(kernel), kernel.lease
        if idle is None or lease is None:
            return
        if abs(time.time() - idle - lease.holder.active) > 1:
            lease.note(active=time.time() - idle)
        limit = kernel.settings.idle_minutes * 60
        if limit and idle > limit + LATER_SECONDS and kernel not in self.reclaimed:
            self.reclaimed.add(kernel)
            log.warning("Kernel %s ran nothing for %.0f s: its GPU is taken back", kernel.kernel_id, idle)
            shut_down(kernel)


def patience(kernel: GpuProvisioner) -> float:
    """How long a dead kernel keeps its lease: long enough for Jupyter to restart it."""
    restarter = getattr(kernel.parent, "_restarter", None)
    return RESTART_SECONDS + (2 * restarter.time_to_dead if restarter is not None else 0.0)


def idle_seconds(kernel: GpuProvisioner) -> float | None:
    """How long no cell has run, as Jupyter's own culler counts; None where nobody counts (nbclient)."""
    manager: Any = kernel.parent
    active = getattr(manager, "last_activity", None)
    if active is None:
        return None
    if getattr(manager, "execution_state", None) == "busy":
        return 0.0
    return max(0.0, time.time() - active.timestamp())


def shut_down(kernel: GpuProvisioner) -> None:
    """End the kernel as the server's own culler does, on the server's event loop."""
    manager: Any = kernel.parent
    server = getattr(manager, "parent", None)
    loop = kernel.loop
    if loop is None or not loop.is_running():
        return

    async def end() -> None:
        ending = server.shutdown_kernel(kernel.kernel_id) if server is not None else manager.shutdown_kernel()
        if isinstance(ending, Coroutine | asyncio.Future):
            await ending

    asyncio.run_coroutine_threadsafe(end(), loop)


WATCHER = Watcher()


def watch(kernel: GpuProvisioner) -> None:
    """Look after a kernel's lease from now on."""
    WATCHER.add(kernel)
