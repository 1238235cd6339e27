"""Kernels with leases: a lease lives exactly as long as its kernel. Real kernels, devices that are only names."""

from __future__ import annotations

import ast
import asyncio
import os
import signal
import subprocess
import sys
from pathlib import Path

import nbformat
import psutil
import pytest
from jupyter_client.ioloop.manager import AsyncIOLoopKernelManager
from jupyter_client.multikernelmanager import AsyncMultiKernelManager
from jupyter_server.services.kernels.kernelmanager import AsyncMappingKernelManager
from nbclient import NotebookClient

from dlmath_kit.hub.gpu import watcher
from dlmath_kit.hub.gpu.kernelspecs import GPU
from tests.hub.gpu_machine import Machine, add_kernel, eventually, execute

SERVER = """
import asyncio, sys
from jupyter_client.multikernelmanager import AsyncMultiKernelManager
async def serve():
    kernels = AsyncMultiKernelManager()
    kernel_id = await kernels.start_kernel(kernel_name="course-gpu", independent="independent" in sys.argv)
    client = kernels.get_kernel(kernel_id).client()
    client.start_channels()
    await client.wait_for_ready(timeout=30)
    print("kernel", kernels.get_kernel(kernel_id).provisioner.pid, flush=True)
    await asyncio.sleep(300)
asyncio.run(serve())
"""


@pytest.fixture
def machine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Machine:
    return Machine(tmp_path, monkeypatch)


def process_of(kernels: AsyncMultiKernelManager, kernel_id: str) -> psutil.Process:
    return psutil.Process(kernels.get_kernel(kernel_id).provisioner.pid)


def test_each_kernel_gets_a_device_and_the_third_a_reason(machine: Machine) -> None:
    """Two kernels see one device each; the third is refused with a text that says what to do; a CPU kernel starts."""

    async def story(kernels: AsyncMultiKernelManager) -> None:
        seen = []
        for _ in range(2):
            kernel_id = await kernels.start_kernel(kernel_name=GPU)
            code = "import os; print({k: v for k, v in os.environ.items() if k.startswith(('CUDA', 'PYTORCH'))})"
            seen.append(ast.literal_eval(await execute(kernels.get_kernel(kernel_id), code)))
        assert [told["CUDA_VISIBLE_DEVICES"] for told in seen] == ["0", "1"]
        assert seen[0] == {"CUDA_VISIBLE_DEVICES": "0", "CUDA_DEVICE_ORDER": "PCI_BUS_ID"}
        with pytest.raises(Exception, match=r"(?s)^No GPU is free: 2 of 2 in use.*Python \(course, CPU\)"):
            await kernels.start_kernel(kernel_name=GPU)
        assert machine.leases.picture().queue == []
        cpu = await kernels.start_kernel(kernel_name="python3")
        told = await execute(kernels.get_kernel(cpu), "import os; print(repr(os.environ['CUDA_VISIBLE_DEVICES']))")
        assert told == "''\n", "a CPU kernel sees no GPU that nobody leased to it"

    machine.run(story)
    assert machine.held == 0


def test_shares_limit_memory(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """With three kernels on a device, torch is told a third of its memory, beside what was asked of it before."""
    monkeypatch.setenv("PYTORCH_ALLOC_CONF", "expandable_segments:True")
    machine = Machine(tmp_path, monkeypatch, devices=("MIG-1f", "1"), shares=3)

    async def story(kernels: AsyncMultiKernelManager) -> None:
        kernel_id = await kernels.start_kernel(kernel_name=GPU)
        environment = process_of(kernels, kernel_id).environ()
        assert environment["CUDA_VISIBLE_DEVICES"] == "MIG-1f"
        assert environment["PYTORCH_ALLOC_CONF"] == "expandable_segments:True,per_process_memory_fraction:0.3333"

    machine.run(story)


def test_restart_keeps_the_lease(machine: Machine) -> None:
    """A restarted kernel has the device that it had, also while somebody waits for it."""

    async def story(kernels: AsyncMultiKernelManager) -> None:
        first = await kernels.start_kernel(kernel_name=GPU)
        await kernels.start_kernel(kernel_name=GPU)
        lease = kernels.get_kernel(first).provisioner.lease
        waiting = asyncio.ensure_future(machine.leases.take(lease.holder, 60))
        await asyncio.sleep(0.3)
        for now in (False, True):
            await kernels.restart_kernel(first, now=now)
            assert kernels.get_kernel(first).provisioner.lease is lease and lease.alive
            assert process_of(kernels, first).environ()["CUDA_VISIBLE_DEVICES"] == "0"
            assert not waiting.done()
        await kernels.shutdown_kernel(first)
        (await asyncio.wait_for(waiting, 60)).free()

    machine.run(story)
    assert machine.held == 0


def test_shutdown_frees_at_once(machine: Machine) -> None:
    """When the shutdown of a kernel returns, its device is free; also where a child of the kernel lives on."""

    async def story(kernels: AsyncMultiKernelManager) -> None:
        kernel_id = await kernels.start_kernel(kernel_name=GPU)
        code = "import os\nif (p := os.fork()) == 0:\n    os.setsid(); os.execlp('sleep', 'sleep', '60')\nprint(p)"
        orphan = psutil.Process(int(await execute(kernels.get_kernel(kernel_id), code)))
        assert machine.devices == ["0"]
        try:
            await kernels.shutdown_kernel(kernel_id)
            assert orphan.is_running() and machine.held == 0
        finally:
            orphan.kill()

    machine.run(story)


def test_killed_kernel_that_nobody_restarts_is_freed(machine: Machine) -> None:
    """Without autorestart, SIGKILL frees the device, with no call to Jupyter."""

    async def story(kernels: AsyncMultiKernelManager) -> None:
        kernels.kernel_manager_class = "jupyter_client.manager.AsyncKernelManager"
        kernel_id = await kernels.start_kernel(kernel_name=GPU)
        process_of(kernels, kernel_id).send_signal(signal.SIGKILL)
        await eventually(lambda: machine.held == 0, 60)
        await kernels.restart_kernel(kernel_id, now=True)
        assert machine.held == 1, "restarted by hand, it has a lease again"

    machine.run(story)


def test_killed_kernel_that_jupyter_restarts_keeps_its_device(
    machine: Machine, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With autorestart, a crash costs the student the variables but not the place."""
    monkeypatch.setattr(watcher, "LOOK_SECONDS", 0.05)  # often before Jupyter restarts it
    monkeypatch.setattr(watcher, "RESTART_SECONDS", 120.0)  # however slow the machine is

    async def story() -> None:
        manager = AsyncIOLoopKernelManager(kernel_name=GPU)
        await manager.start_kernel()
        manager._restarter.stop()
        manager._restarter.time_to_dead = 0.5
        manager._restarter.start()
        try:
            old = manager.provisioner.pid
            os.kill(old, signal.SIGKILL)
            held = []

            def restarted() -> bool:
                held.append(machine.held)
                return manager.provisioner.pid != old

            await eventually(restarted, 60)
            await manager.ready
            assert set(held) == {1}
        finally:
            await manager.shutdown_kernel(now=True)
        assert machine.held == 0

    asyncio.run(story())


def test_crash_loop_frees(machine: Machine, monkeypatch: pytest.MonkeyPatch) -> None:
    """A kernel that dies at every start is dropped by Jupyter without cleanup; its device is free all the same."""
    monkeypatch.setattr(watcher, "RESTART_SECONDS", 600.0)  # the restarter says so, before the watcher would see it
    add_kernel(machine, "crashing", "python", "-c", "raise SystemExit(1)")

    async def story() -> None:
        kernels = AsyncMappingKernelManager()
        kernels.config.KernelRestarter.time_to_dead = 0.1
        kernel_id = await kernels.start_kernel(kernel_name="crashing")
        cleaned: list[bool] = []
        provisioner = kernels.get_kernel(kernel_id).provisioner
        clean = provisioner.cleanup

        async def cleanup(restart: bool = False) -> None:
            cleaned.append(restart)
            await clean(restart=restart)

        provisioner.cleanup = cleanup
        await eventually(lambda: kernel_id not in kernels, 120)
        assert all(cleaned), "Jupyter ended the kernel with a cleanup: this test proves nothing any more"
        await eventually(lambda: machine.held == 0, 60)
        kernels.context.destroy(linger=0)  # Jupyter left the dropped kernel's sockets open

    asyncio.run(story())


def test_crash_loop_frees_without_being_told(machine: Machine, monkeypatch: pytest.MonkeyPatch) -> None:
    """The same, when not even the restarter says a word: the watcher finds the dead kernel."""
    add_kernel(machine, "crashing", "python", "-c", "raise SystemExit(1)")

    async def story(kernels: AsyncMultiKernelManager) -> None:
        kernels.kernel_manager_class = "jupyter_client.manager.AsyncKernelManager"
        kernel_id = await kernels.start_kernel(kernel_name="crashing")
        kept = kernels.get_kernel(kernel_id)
        kernels.remove_kernel(kernel_id)
        await eventually(lambda: machine.held == 0, 60)
        assert kept.provisioner is not None

    machine.run(story)


@pytest.mark.parametrize("argv", [("no-such-program",), ("python", "{connection_file}", "\0")])
def test_command_that_cannot_run_costs_no_lease(machine: Machine, argv: tuple[str, ...]) -> None:
    """When the process cannot even be started, the device is free when the error arrives."""
    add_kernel(machine, "broken", *argv)

    async def story(kernels: AsyncMultiKernelManager) -> None:
        with pytest.raises((OSError, ValueError)):
            await kernels.start_kernel(kernel_name="broken")
        assert machine.held == 0

    machine.run(story)


@pytest.mark.parametrize("kind", ["", "independent"])
def test_lease_dies_with_the_kernel_not_with_the_server(machine: Machine, kind: str) -> None:
    """A server killed by SIGKILL takes its kernels with it; one that survives holds the device until it ends."""
    server = subprocess.Popen([sys.executable, "-c", SERVER, kind], stdout=subprocess.PIPE, text=True)
    assert server.stdout is not None
    line = next(line for line in server.stdout if line.startswith("kernel "))
    kernel = psutil.Process(int(line.split()[1]))
    assert machine.held == 1
    server.kill()
    server.wait()
    if kind:
        assert kernel.is_running() and machine.held == 1, "nobody gets a device that is in use"
        kernel.kill()
    asyncio.run(eventually(lambda: machine.held == 0, 60))


def test_nbclient_goes_through_a_lease(machine: Machine) -> None:
    """nbgrader validate and every other user of nbclient hold a device while they run, and no longer."""
    cell = nbformat.v4.new_code_cell("import os; print(os.environ['CUDA_VISIBLE_DEVICES'])")
    notebook = nbformat.v4.new_notebook(cells=[cell])
    done = NotebookClient(notebook, kernel_name=GPU).execute()
    assert done.cells[0].outputs[0].text == "0\n"
    assert machine.held == 0


def test_a_hub_without_devices_says_so(machine: Machine, monkeypatch: pytest.MonkeyPatch) -> None:
    """A notebook that asks for the GPU kernel on such a hub gets a sentence, not a stack trace."""
    monkeypatch.delenv("DLMATH_GPUS")

    async def story(kernels: AsyncMultiKernelManager) -> None:
        with pytest.raises(Exception, match=r"^This hub has no GPU for notebooks"):
            await kernels.start_kernel(kernel_name=GPU)

    machine.run(story)
