"""A machine with GPUs that are only names, for tests: leases, kernelspecs and kernels are real."""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from jupyter_client.multikernelmanager import AsyncMultiKernelManager

from dlmath_kit.hub.gpu.kernelspecs import GPU, install
from dlmath_kit.hub.gpu.leases import Leases
from dlmath_kit.hub.gpu.settings import VARIABLE, GpuSettings

__all__ = ["Machine", "add_kernel", "eventually", "execute", "hub_settings"]


class Machine:
    """What the hub prepares for its students' servers: environment, kernelspecs, folder of leases."""

    def __init__(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, **table: Any) -> None:
        folder = tmp_path / "leases"
        defaults = {"devices": ("0", "1"), "wait_seconds": 0.3, "idle_minutes": 30, "folder": str(folder)}
        self.settings = GpuSettings.of(defaults | table)
        self.data = tmp_path / "data"
        self.leases = Leases(folder, self.settings.devices, self.settings.shares)
        self.leases.prepare()
        install(self.data, self.settings)
        monkeypatch.chdir(tmp_path)  # a kernel manager by itself writes connection files where it is
        for name, value in {
            VARIABLE: self.settings.as_json(),
            "JUPYTERHUB_USER": "ada",
            "JUPYTER_PATH": str(self.data),
            "JUPYTER_RUNTIME_DIR": str(tmp_path / "runtime"),
            "JUPYTER_CONFIG_DIR": str(tmp_path / "config"),
            "IPYTHONDIR": str(tmp_path / "ipython"),
        }.items():
            monkeypatch.setenv(name, value)

    @property
    def held(self) -> int:
        return self.leases.picture().held

    @property
    def devices(self) -> list[str]:
        """The devices that somebody holds."""
        return [slot.device for slot, holder in self.leases.picture().slots if holder]

    def run(self, story: Callable[[AsyncMultiKernelManager], Any]) -> None:
        """Tell a story with a kernel manager; whatever it leaves running is ended."""

        async def told() -> None:
            kernels = AsyncMultiKernelManager()
            try:
                await story(kernels)
            finally:
                await kernels.shutdown_all(now=True)
                kernels.context.destroy(linger=0)  # or a kernel that a test dropped keeps pytest from ending

        asyncio.run(told())


def add_kernel(machine: Machine, name: str, *argv: str) -> None:
    """A kernelspec of a GPU kernel with another command."""
    spec = json.loads((machine.data / "kernels" / GPU / "kernel.json").read_text())
    folder = machine.data / "kernels" / name
    folder.mkdir()
    (folder / "kernel.json").write_text(json.dumps({**spec, "argv": list(argv)}))


async def eventually(true: Callable[[], bool], seconds: float) -> float:
    """Wait until something is so; how long that took."""
    started = time.monotonic()
    while not true():
        assert time.monotonic() - started < seconds, f"not so after {seconds} s"
        await asyncio.sleep(0.05)
    return time.monotonic() - started


async def execute(manager: Any, code: str) -> str:
    """What a cell prints."""
    client = manager.client()
    client.start_channels()
    try:
        await client.wait_for_ready(timeout=30)
        texts: list[str] = []
        hook = texts.append
        await client.execute_interactive(
            code, timeout=30, output_hook=lambda message: hook(message["content"].get("text", ""))
        )
        return "".join(texts)
    finally:
        client.stop_channels()


def hub_settings(home: Path, text: str) -> Any:
    """The hub's settings from the text of a hub.toml."""
    from autograder.hub.settings import read_settings

    for folder in ("source", "solutions"):
        home.joinpath(folder).mkdir(parents=True, exist_ok=True)
    home.joinpath(".hub").mkdir(mode=0o700, exist_ok=True)
    home.joinpath(".hub", "hub.toml").write_text(text)
    return read_settings(home)
