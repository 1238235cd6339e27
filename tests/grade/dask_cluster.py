"""Schedulers and workers of Dask as processes, for tests: on this machine, or each in a network of its own."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path

import psutil
import pytest

ROOT = Path(__file__).resolve().parents[2]
PATIENCE = 120.0  # until something that must happen counts as not happening


def wait_until(true: Callable[[], object], what: str) -> None:
    until = time.monotonic() + PATIENCE
    while not true():
        assert time.monotonic() < until, what
        time.sleep(0.1)


class Dask:
    """A scheduler, and as many workers as a test wants.

    Args:
        folder: logs, and what the workers write: their TMPDIR is below it.
        words: options of `dask scheduler`.
        inside: words that run a command in the scheduler's network.
        settings: of Dask, as environment variables.
    """

    def __init__(
        self, folder: Path, *words: str, inside: Sequence[str] = (), host: str = "127.0.0.1", **settings: str
    ) -> None:
        self.folder, self.temporary = folder, folder / "tmp"
        self.temporary.mkdir(parents=True)
        quick = {"DASK_DISTRIBUTED__SCHEDULER__WORKER_TTL": "5s"}
        self.settings = {**quick, **settings}
        self.processes: list[subprocess.Popen[bytes]] = []
        file = folder / "scheduler.json"
        given = ["--host", host, "--port", "0", "--dashboard-address", f"{host}:0", "--scheduler-file", str(file)]
        self.scheduler = self.start("distributed.cli.dask_scheduler", *given, *words, inside=inside)
        wait_until(file.is_file, "the scheduler does not start")
        self.address = json.loads(file.read_text())["address"]

    def worker(
        self, *words: str, inside: Sequence[str] = (), at: str = "", path: Sequence[Path] = ()
    ) -> subprocess.Popen[bytes]:
        """A worker with one thread, unless said otherwise; ready when `joined` counts it."""
        usual = ["--nthreads", "1", "--memory-limit", "0", "--no-dashboard", "--no-nanny", "--death-timeout", "60"]
        module = "distributed.cli.dask_worker"
        return self.start(module, at or self.address, *usual, *words, inside=inside, path=path)

    def start(
        self, module: str, *words: str, inside: Sequence[str] = (), path: Sequence[Path] = ()
    ) -> subprocess.Popen[bytes]:
        environment = {
            **os.environ,
            **self.settings,
            "PYTHONPATH": os.pathsep.join(map(str, [*path, ROOT])),
            "TMPDIR": str(self.temporary),
            "DASK_TEMPORARY_DIRECTORY": str(self.folder / "dask"),
        }
        with open(self.folder / f"{len(self.processes)}.log", "wb") as log:
            command = [*inside, sys.executable, "-m", module, *words]
            self.processes.append(subprocess.Popen(command, env=environment, stdout=log, stderr=log, cwd=self.folder))
        return self.processes[-1]

    def joined(self, number: int) -> None:
        """Wait until so many workers have told the log that they are registered."""
        wait_until(lambda: self.said("Registered to:") >= number, f"{number} workers do not come\n{self.logs()}")

    def said(self, words: str) -> int:
        return self.logs().count(words)

    def logs(self) -> str:
        return "".join(p.read_text(errors="replace") for p in sorted(self.folder.glob("*.log")))

    def left(self) -> list[str]:
        """What lies in the workers' temporary folder."""
        return [p.name for p in self.temporary.iterdir()]

    def end(self) -> None:
        """Workers first: one that finds no scheduler any more takes its time to say goodbye."""
        scheduler, *workers = self.processes
        for group in (workers, [scheduler]):
            for process in group:
                process.terminate()
            for process in group:
                try:
                    process.wait(15)
                except subprocess.TimeoutExpired:
                    process.kill()
                    process.wait()

    @property
    def graders(self) -> list[psutil.Process]:
        """Worker processes of ours below Dask's."""
        found = [p for d in self.processes if d.poll() is None for p in psutil.Process(d.pid).children(recursive=True)]
        return [p for p in found if "grade.worker" in _words(p)]


def _words(process: psutil.Process) -> str:
    with suppress(psutil.Error):
        return " ".join(process.cmdline())
    return ""


@contextmanager
def dask(folder: Path, *words: str, **settings: str) -> Iterator[Dask]:
    """A scheduler on this machine, ended with the test."""
    cluster = Dask(folder, *words, **settings)
    try:
        yield cluster
    finally:
        cluster.end()


class Machines:
    """Networks that see each other over cables that can be cut: `hub`, and others that are joined to it.

    Each is a network namespace, held by a process that sleeps.
    """

    def __init__(self) -> None:
        if os.geteuid() or not all(shutil.which(tool) for tool in ("ip", "unshare", "nsenter")):
            pytest.skip("networks of one's own need root, and the programs ip, unshare and nsenter")
        self.pids: dict[str, subprocess.Popen[bytes]] = {}
        self.add("hub")

    def add(self, name: str) -> None:
        holder = subprocess.Popen(["unshare", "-n", "sleep", "infinity"])
        self.pids[name] = holder
        ours = os.readlink("/proc/self/ns/net")
        wait_until(lambda: os.readlink(f"/proc/{holder.pid}/ns/net") != ours, "no network namespace")
        self.run(name, "ip", "link", "set", "lo", "up")

    def join(self, name: str) -> str:
        """Lay a cable from the hub to a new machine; the hub's address as seen from there."""
        number = len(self.pids)
        self.add(name)
        ends = (("hub", f"to-{name}", f"10.77.{number}.1"), (name, "cable", f"10.77.{number}.2"))
        words = ["ip", "link", "add", ends[0][1], "type", "veth", "peer", "name", "cable"]
        self.run("hub", *words, "netns", str(self.pids[name].pid))
        for machine, device, address in ends:
            self.run(machine, "ip", "addr", "add", f"{address}/24", "dev", device)
            self.run(machine, "ip", "link", "set", device, "up")
        return ends[0][2]

    def cut(self, name: str) -> None:
        self.run("hub", "ip", "link", "set", f"to-{name}", "down")

    def inside(self, name: str) -> list[str]:
        """Words before a command that run it there."""
        return ["nsenter", "-n", "-t", str(self.pids[name].pid)]

    def run(self, name: str, *words: str) -> None:
        subprocess.run([*self.inside(name), *words], check=True)

    def end(self) -> None:
        for holder in self.pids.values():
            holder.kill()
            holder.wait()
