"""Do GPU leases hold under abuse? `python benchmarks/gpu_leases.py --minutes 5`

Eight students on two servers start, restart, crash, kill, cull and shut down kernels at random on two devices that are
only names; the servers themselves are killed now and then. Kernels and servers are real processes. An auditor
that knows nothing of leases counts the living kernels of each device by their environment.

Exit code 1 if ever more kernels lived on a device than it has shares, if a share lay idle while somebody waited for
it, if a server ended by itself, or if a lease, a ticket or a kernel was left at the end.
"""

from __future__ import annotations

import argparse
import asyncio
import collections
import json
import logging
import os
import random
import signal
import subprocess
import sys
import tempfile
import time
from contextlib import suppress
from pathlib import Path
from typing import Any

from dlmath_kit.hub.gpu.kernelspecs import GPU, install
from dlmath_kit.hub.gpu.leases import Leases
from dlmath_kit.hub.gpu.settings import VARIABLE, GpuSettings

SERVERS, STUDENTS, DEVICES = 2, 4, ("0", "1")
MARK = "DLMATH_LEASE_BENCHMARK"
PATIENCE = 6.0  # seconds that a free share may wait for its next kernel: a restarter's patience and a second's look
# A kernel that only lives, and like a real one ends when its server is gone, also when it went before we began.
LIGHT = "import os,time\nwhile os.getppid()==int(os.environ['JPY_PARENT_PID']): time.sleep(0.2)"
CRASHING = "raise SystemExit(1)"
ACTIONS = {"shutdown": 3, "shutdown_now": 2, "cull": 2, "restart": 4, "kill": 3, "kill_and_forget": 2}


class Student:
    """Starts kernels and mistreats them."""

    def __init__(self, kernels: Any, name: str, chance: random.Random) -> None:
        self.kernels, self.name, self.chance = kernels, name, chance

    def tell(self, what: str) -> None:
        print(what, flush=True)

    async def live(self) -> None:
        while True:
            crashing = self.chance.random() < 0.1
            started = time.monotonic()
            try:
                kernel_id = await self.kernels.start_kernel(kernel_name="crashing" if crashing else GPU)
            except Exception as error:
                self.tell("refused" if "No GPU is free" in str(error) else f"fault {error!r}")
                continue
            self.tell(f"started after {time.monotonic() - started:.2f}")
            if crashing:
                self.tell("crash_loop")
                await asyncio.sleep(4)
                self.kernels.remove_kernel(kernel_id)  # as the Jupyter server does when its restarter gives up
            while kernel_id in self.kernels:
                await asyncio.sleep(self.chance.uniform(0.1, 1.5))
                await self.act(kernel_id)

    async def act(self, kernel_id: str) -> None:
        action = self.chance.choices(list(ACTIONS), list(ACTIONS.values()))[0]
        manager = self.kernels.get_kernel(kernel_id)
        if not manager.ready.done():
            return  # being restarted after a crash
        self.tell(action)
        if action == "restart":
            await self.kernels.restart_kernel(kernel_id, now=self.chance.random() < 0.5)
        elif action.startswith("kill"):
            if manager.provisioner.process is not None:
                with suppress(ProcessLookupError):  # it crashed by itself
                    os.kill(manager.provisioner.pid, signal.SIGKILL)
            if action == "kill_and_forget":
                manager.stop_restarter()
                self.kernels.remove_kernel(kernel_id)
        else:
            await self.kernels.shutdown_kernel(kernel_id, now=action != "shutdown")


async def serve(seed: int) -> None:
    """One Jupyter server's kernel manager, with its students, until SIGTERM."""
    from jupyter_client.multikernelmanager import AsyncMultiKernelManager

    logging.disable(logging.CRITICAL)  # crashes are what this is about
    kernels = AsyncMultiKernelManager()
    kernels.config.KernelRestarter.time_to_dead = 0.5
    students = [Student(kernels, f"student{i}", random.Random(f"{seed} {i}")) for i in range(STUDENTS)]
    lives = [asyncio.create_task(student.live()) for student in students]
    stop = asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, stop.set)
    await asyncio.wait([*lives, asyncio.create_task(stop.wait())], return_when=asyncio.FIRST_COMPLETED)
    for life in lives:
        if life.done():
            print(f"fault {life.exception()!r}", flush=True)
    living = set(lives)
    while living:  # more than once: Python 3.11's wait_for, on which the manager waits, can swallow a cancellation
        for life in living:
            life.cancel()
        _, living = await asyncio.wait(living, timeout=1)
    await kernels.shutdown_all(now=True)


def living_kernels() -> collections.Counter[str]:
    """How many kernels of this run live on each device, by what /proc says."""
    found: collections.Counter[str] = collections.Counter()
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            environment = dict(
                entry.split("=", 1)
                for entry in (folder / "environ").read_text(errors="replace").split("\0")
                if "=" in entry
            )
        except OSError:
            continue  # ended while we looked; a dead process has no environment
        if environment.get(MARK) == os.environ[MARK] and "DLMATH_GPU_IDLE_MINUTES" in environment:
            found[environment["CUDA_VISIBLE_DEVICES"]] += 1
    return found


class Audit:
    """Looks at the machine and remembers what was wrong."""

    def __init__(self, leases: Leases) -> None:
        self.leases = leases
        self.looks = self.most = 0
        self.faults: list[str] = []
        self.idle_since = 0.0
        self.longest_queue = 0

    def look(self) -> None:
        self.looks += 1
        living = living_kernels()
        self.most = max(self.most, *living.values(), 0)
        over = {device: count for device, count in living.items() if count > self.leases.shares}
        if over:
            self.faults.append(f"kernels on devices: got {over}, expected at most {self.leases.shares}")
        picture = self.leases.picture()
        self.longest_queue = max(self.longest_queue, len(picture.queue))
        if picture.held < len(picture.slots) and picture.queue:
            self.idle_since = self.idle_since or time.monotonic()
            if time.monotonic() - self.idle_since > PATIENCE:
                self.faults.append(f"a share lay idle for {PATIENCE} s while {len(picture.queue)} waited")
        else:
            self.idle_since = 0.0

    def finish(self) -> None:
        """Nothing may be left a few seconds after the servers are gone."""
        deadline = time.monotonic() + 10
        while (self.leases.picture().held or living_kernels()) and time.monotonic() < deadline:
            time.sleep(0.1)
        picture, living = self.leases.picture(), living_kernels()
        tickets = len(list((self.leases.folder / "tickets").iterdir()))
        if picture.held or living or picture.queue or tickets:
            self.faults.append(f"left: {picture.held} leases, {dict(living)} kernels, {tickets} tickets, expected none")


def start_server(number: int, folder: Path) -> subprocess.Popen[bytes]:
    with (folder / "log").open("ab") as log:
        command = [sys.executable, str(Path(__file__).resolve()), "--serve", str(number)]
        return subprocess.Popen(command, stdout=log, stderr=subprocess.DEVNULL, stdin=subprocess.DEVNULL, cwd=folder)


def abuse(audit: Audit, folder: Path, seconds: float, chance: random.Random) -> int:
    """Keep two servers going and kill one now and then; how many were killed."""
    servers = [start_server(number, folder) for number in range(SERVERS)]
    killed, end = 0, time.monotonic() + seconds
    next_kill = time.monotonic() + min(15.0, seconds / 2)
    while time.monotonic() < end:
        audit.look()
        time.sleep(0.2)
        for number, server in enumerate(servers):
            if server.poll() is not None:
                audit.faults.append(f"server {number}: ended by itself with {server.returncode}")
                servers[number] = start_server(1000 + number, folder)
        if time.monotonic() > next_kill:
            victim = chance.randrange(SERVERS)
            servers[victim].kill()
            servers[victim].wait()
            killed += 1
            servers[victim] = start_server(SERVERS + killed, folder)
            next_kill = time.monotonic() + chance.uniform(10, 30)
    for server in servers:
        server.terminate()
    for server in servers:
        server.wait(timeout=60)
    return killed


def prepare(folder: Path, shares: int) -> Leases:
    settings = GpuSettings(devices=DEVICES, shares=shares, wait_seconds=3, folder=str(folder / "leases"))
    install(folder / "data", settings)
    spec = json.loads((folder / "data" / "kernels" / GPU / "kernel.json").read_text())
    for name, code in ((GPU, LIGHT), ("crashing", CRASHING)):
        path = folder / "data" / "kernels" / name / "kernel.json"
        path.parent.mkdir(exist_ok=True)
        path.write_text(json.dumps({**spec, "argv": ["python", "-I", "-S", "-c", code]}))
    os.environ |= {VARIABLE: settings.as_json(), "JUPYTER_PATH": str(folder / "data"), MARK: str(os.getpid())}
    os.environ["JUPYTER_RUNTIME_DIR"] = str(folder / "runtime")
    leases = Leases(settings.path, settings.devices, settings.shares)
    leases.prepare()
    return leases


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--minutes", type=float, default=5.0)
    parser.add_argument("--shares", type=int, default=1)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--serve", type=int, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.serve is not None:
        asyncio.run(serve(options.serve))
        return 0
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        audit = Audit(prepare(folder, options.shares))
        killed = abuse(audit, folder, options.minutes * 60, random.Random(options.seed))
        audit.finish()
        lines = (folder / "log").read_text().splitlines()
    report(audit, lines, killed, options)
    return 1 if audit.faults else 0


def report(audit: Audit, lines: list[str], killed: int, options: argparse.Namespace) -> None:
    audit.faults += [line for line in lines if line.startswith("fault")]
    counts = collections.Counter(line.split()[0] for line in lines)
    waits = sorted(float(line.split()[-1]) for line in lines if line.startswith("started"))
    print(f"{options.minutes:g} min, {SERVERS * STUDENTS} students, {len(DEVICES)} devices x {options.shares} shares")
    print("  ".join(f"{what} {count}" for what, count in sorted(counts.items())), f" servers_killed {killed}")
    if waits:
        print(f"wait for a kernel: median {waits[len(waits) // 2]:.2f} s, longest {waits[-1]:.2f} s")
    print(f"{audit.looks} looks: at most {audit.most} kernels on a device, at most {audit.longest_queue} waiting")
    if not waits:
        audit.faults.append("no kernel was ever started")
    for fault, times in collections.Counter(audit.faults).items():
        print(f"FAULT ({times}x): {fault}")
    print("FAILED" if audit.faults else "never over capacity, none leaked")


if __name__ == "__main__":
    sys.exit(main())
