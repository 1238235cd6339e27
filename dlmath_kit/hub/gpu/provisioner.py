"""A Jupyter kernel that holds a share of a GPU while it lives.

The lease is a descriptor that the kernel process inherits. A restart keeps it, the end of the kernel frees it, and when
server and kernel die together the operating system frees it. Cases in which Jupyter forgets a kernel
without a word to its provisioner are the watcher's.
"""

from __future__ import annotations

import asyncio
import getpass
import os
import re
import textwrap
from collections.abc import Mapping
from typing import Any

from jupyter_client.connect import KernelConnectionInfo
from jupyter_client.provisioning.local_provisioner import LocalProvisioner
from tornado.web import HTTPError

from dlmath_kit.hub.gpu.leases import NoGpuFree, shared_leases
from dlmath_kit.hub.gpu.settings import GpuSettings
from dlmath_kit.hub.gpu.slots import Holder, Lease
from dlmath_kit.hub.gpu.watcher import watch

__all__ = ["GpuProvisioner", "NoGpuDialog", "kernel_environment"]

DIALOG_COLUMNS = 72
WHAT_TO_DO = (
    'Or go on without one: Kernel > Change Kernel > "Python (course, CPU)"; every exercise can be solved on the CPU.'
)


class NoGpuDialog(HTTPError):
    """What JupyterLab shows in its dialog, whichever way the kernel was asked for; the dialog does not break lines."""

    def __init__(self, text: str) -> None:
        sentences = re.split(r"(?<=\.) ", text)
        self.text = "\n".join(line for sentence in sentences for line in textwrap.wrap(sentence, DIALOG_COLUMNS))
        super().__init__(503, self.text)

    def __str__(self) -> str:
        return self.text


def user_name(environment: Mapping[str, str] = os.environ) -> str:
    """The hub's name of the student; without a hub the account's."""
    return environment.get("JUPYTERHUB_USER") or getpass.getuser()


def kernel_environment(settings: GpuSettings, device: str, given: Mapping[str, str]) -> dict[str, str]:
    """What the kernel is told. It is advice: code that wants to can look at other devices (docs/gpus.md)."""
    told = {
        "CUDA_DEVICE_ORDER": "PCI_BUS_ID",  # count devices as nvidia-smi does
        "CUDA_VISIBLE_DEVICES": device,
        "DLMATH_GPU_IDLE_MINUTES": f"{settings.idle_minutes:g}",
    }
    if settings.fraction < 1:
        options = [option for option in given.get("PYTORCH_ALLOC_CONF", "").split(",") if option]
        options = [option for option in options if not option.startswith("per_process_memory_fraction")]
        share = f"per_process_memory_fraction:{settings.fraction:.4g}"
        told["PYTORCH_ALLOC_CONF"] = ",".join([*options, share])
    return told


class GpuProvisioner(LocalProvisioner):
    """Local kernels with a lease; entry point `dlmath-gpu` of `jupyter_client.kernel_provisioners`."""

    lease: Lease | None = None
    settings = GpuSettings()
    launching = False
    loop: asyncio.AbstractEventLoop | None = None

    async def pre_launch(self, **kwargs: Any) -> dict[str, Any]:
        """Have a lease, waiting for one if need be, and tell the kernel about it."""
        self.launching = True  # the watcher keeps its hands off until the process is there
        try:
            self.settings = GpuSettings.from_environment()
            if self.lease is None or not self.lease.alive:
                self.lease = await self.obtain()
            kwargs = await super().pre_launch(**kwargs)
            kwargs["env"] |= kernel_environment(self.settings, self.lease.device, kwargs["env"])
            kwargs["pass_fds"] = (*kwargs.get("pass_fds", ()), self.lease.descriptor)
        except BaseException:
            self.give_back()
            self.launching = False
            raise
        return kwargs

    async def obtain(self) -> Lease:
        """A lease, or the dialog that says why there is none."""
        if not self.settings.devices:
            raise NoGpuDialog(f"This hub has no GPU for notebooks. {WHAT_TO_DO}")
        holder = Holder(user=user_name(), kernel=str(self.kernel_id), pid=os.getpid())
        try:
            return await shared_leases(self.settings).take(holder, self.settings.wait_seconds, WHAT_TO_DO)
        except NoGpuFree as error:
            raise NoGpuDialog(str(error)) from None

    async def launch_kernel(self, cmd: list[str], **kwargs: Any) -> KernelConnectionInfo:
        """Start the process; a command that cannot be run costs no lease."""
        try:
            connection = await super().launch_kernel(cmd, **kwargs)
            self.loop = asyncio.get_running_loop()
            watch(self)
        except BaseException:
            self.give_back()
            raise
        finally:
            self.launching = False
        return connection

    async def post_launch(self, **kwargs: Any) -> None:
        """Say who holds the lease, and hear when Jupyter gives the kernel up."""
        await super().post_launch(**kwargs)
        if self.lease is not None:
            self.lease.note(pid=self.pid or 0)
        restarter = getattr(self.parent, "_restarter", None)
        if restarter is not None:
            restarter.remove_callback(self.give_back, "dead")  # nothing where this is the first start
            restarter.add_callback(self.give_back, "dead")

    async def cleanup(self, restart: bool = False) -> None:
        """A restart keeps the lease; the end frees it."""
        await super().cleanup(restart=restart)
        if not restart:
            self.give_back()

    @property
    def dead(self) -> bool:
        """Whether the process is gone."""
        process = self.process
        return process is None or process.poll() is not None

    def give_back(self) -> None:
        """Free the lease; what could not be killed keeps it until it ends."""
        lease, self.lease = self.lease, None
        if lease is None:
            return
        if self.dead:
            lease.free()
        else:
            lease.leave()
