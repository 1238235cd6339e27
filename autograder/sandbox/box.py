"""The trusted end of process life: a warm zygote, and one isolated process tree per submission."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import sys
import tempfile
import threading
import warnings
from collections.abc import Callable, Iterable
from pathlib import Path
from types import TracebackType
from typing import IO, TYPE_CHECKING

import msgspec

from autograder.errors import ConfigurationError, SandboxError
from autograder.sandbox import datafiles, installation
from autograder.sandbox.inside import control
from autograder.sandbox.inside.isolation import levels
from autograder.sandbox.limits import Limits

if TYPE_CHECKING:
    from autograder.sandbox.session import Session

__all__ = ["LEVELS", "STUDENT_UIDS", "Process", "Sandbox"]

LEVELS = tuple(levels.LEVELS)  # strongest first
STUDENT_UIDS = range(64500, 64999)  # run student code where the marker is root; no account should have them

_START_SECONDS = 300.0
_KILL_SECONDS = 30.0
_WEAK = (
    "Student code runs at isolation level 'rlimits': it can read what you can read and use the network. "
    "Grade only submissions that you trust, or grade on Linux. docs/isolation.md says more."
)


class _Killed(SandboxError):
    """The zygote ended without a word before it was ready."""


class Process:
    """One submission's process tree.

    Args:
        another: gets the lifeline when its keeper goes on to another submission.

    Attributes:
        channel: connected to the session inside; its end says that the session's process is gone.
    """

    def __init__(
        self,
        channel: socket.socket,
        lifeline: socket.socket,
        another: Callable[[socket.socket], None] = socket.socket.close,
    ) -> None:
        self.channel = channel
        self._lifeline = lifeline
        self._another = another
        self._status = "running"
        self._cpu = 0.0
        self._lock = threading.Lock()

    def receive(self, data: list[tuple[str, bytes]]) -> None:
        """Put these files in the working directory, before any student code runs."""
        with self._lock:
            try:
                control.send(self._lifeline, {"files": [(name, len(content)) for name, content in data]})
                for _, content in data:
                    self._lifeline.sendall(content)
            except OSError:
                pass  # the keeper died: its status, read next, says so
            if data:
                self._take()

    def alive(self) -> bool:
        return self.status() == "running"

    def status(self) -> str:
        """ "running", "exit N", "signal N", "memory", "processes", "disk", "killed", "lost", or "fault: ..." (ours)."""
        with self._lock:
            while self._status == "running" and _readable(self._lifeline):
                self._take()
            return self._status

    def wait(self, seconds: float) -> str:
        """The status once the tree has ended, or "running" after `seconds`."""
        with self._lock:
            if self._status == "running" and _readable(self._lifeline, seconds):
                self._take()
        return self.status()

    def cpu_seconds(self) -> float:
        """Processor time that the whole tree has used."""
        self.check()
        return self._cpu

    def check(self, all_bounds: bool = True) -> str:
        """The status, once it has been looked whether the tree keeps within its bounds.

        Args:
            all_bounds: those of memory and disk too, which takes longer than to count processes.
        """
        with self._lock:
            if self._status == "running":
                try:
                    control.send(self._lifeline, {"ask": "check" if all_bounds else "count"})
                    self._take()
                except OSError:
                    self._end("lost")
            return self._status

    def kill(self) -> str:
        """End the whole tree and wait until nothing of it is left; the status."""
        with self._lock:
            try:
                if self._status == "running":
                    control.send(self._lifeline, {"ask": "end"})
            except OSError:
                pass  # it ended by itself: its last words are still to be read
            while self._status == "running":
                self._take()
            self.channel.close()
            return self._status

    def _take(self) -> None:
        """Read one message of the keeper."""
        self._lifeline.settimeout(_KILL_SECONDS)
        try:
            message = control.receive(self._lifeline)
        except (EOFError, OSError):
            message = {"status": "lost"}
        self._cpu = max(self._cpu, float(message.get("cpu", 0.0)))
        if "status" in message:
            self._end(str(message["status"]), bool(message.get("another")))

    def _end(self, status: str, another: bool = False) -> None:
        self._status = status
        if another:
            self._another(self._lifeline)
        else:
            self._lifeline.close()


class Sandbox:
    """A warm zygote that starts submissions' processes; it starts at the first use and again when it has died.

    Args:
        isolation: "strongest", or one of the levels, which is then used or refused.
        floor: refuse to run below this level.
        limits: of each submission.
        library: packages (folders) that student code may import besides the installed ones.
        uid: the user that runs student code where the marker is root; one of STUDENT_UIDS by this process's number
            unless given, so that what is graded at the same moment shares no user.
        heavy: names of `installation.HEAVY` that are imported before the first submission; students may import the
            others too, which then costs each of them a second or more.

    Raises:
        SandboxError: no level that is allowed can be reached; the text says why each was refused.
    """

    def __init__(
        self,
        isolation: str = "strongest",
        floor: str = "rlimits",
        limits: Limits | None = None,
        library: Iterable[Path] = (),
        uid: int | None = None,
        heavy: Iterable[str] = tuple(installation.HEAVY),
    ) -> None:
        if isolation != "strongest" and isolation not in LEVELS:
            raise ConfigurationError(f"isolation: got {isolation!r}, expected one of strongest, {', '.join(LEVELS)}.")
        if floor not in LEVELS:
            raise ConfigurationError(f"floor: got {floor!r}, expected one of {', '.join(LEVELS)}.")
        if uid is not None and uid <= 0:
            raise ConfigurationError(f"uid: got {uid}, expected a user that is not root.")
        self.limits = limits or Limits()
        self.versions: dict[str, str] = {}
        self._wanted = LEVELS if isolation == "strongest" else (isolation,)
        self._floor = floor
        self._library, self._heavy = list(library), tuple(heavy)
        self._uid = uid or STUDENT_UIDS[os.getpid() % len(STUDENT_UIDS)]
        self._level = ""
        self._zygote: subprocess.Popen[bytes] | None = None
        self._control: socket.socket | None = None
        self._stage = ""
        self._lock = threading.RLock()
        self._keepers: list[socket.socket] = []  # lifelines of those that have room for a submission

    def __enter__(self) -> Sandbox:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, tb: TracebackType | None) -> None:
        self.close()

    @property
    def level(self) -> str:
        """The level that was reached; starts the zygote."""
        with self._lock:
            self.start()
            return self._level

    @property
    def crowded(self) -> bool:
        """Does the system count the processes of a user, not of a submission?"""
        return levels.LEVELS[self._level].crowded

    def start(self) -> None:
        """Make sure that the zygote runs."""
        with self._lock:
            if self._zygote is not None and self._zygote.poll() is None:
                return
            self.close()
            refused = []
            for level in self._wanted if not self._level else (self._level,):
                if LEVELS.index(level) > LEVELS.index(self._floor):
                    break
                reason = self._start(level)
                if not reason:
                    self._level = level
                    if level == "rlimits":
                        warnings.warn(_WEAK, RuntimeWarning, stacklevel=2)
                    return
                refused.append(f"{level}: {reason}")
            raise SandboxError(
                f"isolation: got none, expected {self._floor} or stronger. {' '.join(refused)} "
                "docs/isolation.md says what each level needs."
            )

    def spawn(self, files: Path | None = None) -> Process:
        """A fresh process tree with the data files of the folder `files` in its working directory."""
        data = datafiles.read_data_files(files, self.limits)
        with self._lock:
            self.start()
            try:
                return self._spawn(data)
            except (EOFError, OSError):
                self.close()  # the zygote died under us: once more with a new one
                self.start()
                return self._spawn(data)

    def session(self, files: Path | None = None) -> Session:
        """One notebook of one submission."""
        from autograder.sandbox.session import Session

        return Session(self, files)

    def close(self) -> None:
        """End the zygote and everything that came from it."""
        with self._lock:
            while self._keepers:
                self._keepers.pop().close()
            if self._control is not None:
                self._control.close()
                self._control = None
            if self._zygote is not None:
                try:
                    self._zygote.wait(_KILL_SECONDS)
                except subprocess.TimeoutExpired:
                    self._zygote.kill()
                    self._zygote.wait()
                self._zygote = None
            if self._stage:  # its launcher removed it, unless that was killed
                shutil.rmtree(self._stage, ignore_errors=True)
                self._stage = ""

    def _start(self, level: str, preload: bool = True) -> str:
        """Start a zygote at this level; "" or why that cannot be. One that is killed meanwhile is started again."""
        try:
            return self._start_once(level, preload)
        except _Killed:
            return self._start_once(level, preload)

    def _start_once(self, level: str, preload: bool) -> str:
        self._stage = tempfile.mkdtemp(prefix="autograder-")
        config = {
            **installation.describe(self._library, self._heavy),
            "level": level,
            "stage": self._stage,
            "uid": self._uid if os.getuid() == 0 or level == "namespaces" else os.getuid(),
            "limits": msgspec.to_builtins(self.limits),
        }
        if not preload:
            config["preload"] = []
        near, far = socket.socketpair()
        with tempfile.TemporaryFile() as log:
            self._zygote = _launch(config["inside"], far, log)
            far.close()
            self._control = near
            near.settimeout(_START_SECONDS)
            try:
                control.send(near, config)
                answer = control.receive(near)
            except (EOFError, OSError) as error:
                answer = {"lost": f"{type(error).__name__} {error}"}
            near.settimeout(None)
            if "ready" in answer:
                self.versions = answer["versions"]
                return ""
            self.close()
            if why := answer.get("fault", answer.get("lost")):
                log.seek(0)
                kind = _Killed if "lost" in answer else SandboxError
                raise kind(f"sandbox: the zygote did not start. {why}\n{log.read().decode()}")
        return str(answer["unavailable"])

    def _spawn(self, data: list[tuple[str, bytes]]) -> Process:
        channel, lifeline = self._of_a_keeper() or self._of_the_zygote()
        process = Process(channel, lifeline, self._keepers.append)
        process.receive(data)
        return process

    def _of_a_keeper(self) -> tuple[socket.socket, socket.socket] | None:
        """Channel and lifeline of a process that was made by a keeper that is free; None if there is none."""
        while self._keepers:
            lifeline = self._keepers.pop()
            lifeline.settimeout(_KILL_SECONDS)
            try:
                _, (channel,) = control.receive_with_descriptors(lifeline, 1)
                process = socket.socket(fileno=channel)
                if not _readable(lifeline):
                    lifeline.settimeout(None)
                    return process, lifeline
                process.close()
            except (EOFError, OSError, ValueError):
                pass
            lifeline.close()  # it had to give up
        return None

    def _of_the_zygote(self) -> tuple[socket.socket, socket.socket]:
        """Channel and lifeline of a process with a keeper of its own."""
        assert self._control is not None
        self._control.settimeout(_START_SECONDS)
        control.send(self._control, {"ask": "spawn"})
        _, (channel, lifeline) = control.receive_with_descriptors(self._control, 2)
        self._control.settimeout(None)
        return socket.socket(fileno=channel), socket.socket(fileno=lifeline)


def _readable(lifeline: socket.socket, seconds: float = 0.0) -> bool:
    """Has the keeper said something, or ended?"""
    lifeline.settimeout(seconds)
    try:
        lifeline.recv(1, socket.MSG_PEEK)
    except (BlockingIOError, TimeoutError):
        return False
    except OSError:
        pass
    return True


def _launch(inside: str, far: socket.socket, log: IO[bytes]) -> subprocess.Popen[bytes]:
    """Start the child program in a clean environment; it inherits the control socket alone."""
    threads = ("OMP", "OPENBLAS", "MKL", "NUMEXPR", "VECLIB_MAXIMUM", "BLIS")
    environment = {
        "PATH": "/usr/bin:/bin",
        "LANG": "C.UTF-8",
        "MPLBACKEND": "Agg",
        "PYTHONHASHSEED": "0",
        "CUDA_VISIBLE_DEVICES": "",  # everything is graded on the processor
        **{f"{name}_NUM_THREADS": "1" for name in threads},
    }
    return subprocess.Popen(
        [sys.executable, "-P", "-s", "-S", inside, str(far.fileno())],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=log,
        env=environment,
        cwd="/",
        pass_fds=(far.fileno(),),
        start_new_session=True,
    )
