"""Serves one notebook: runs its cells and forks branches that answer calls."""

from __future__ import annotations

import os
import random
import signal
import socket
import sys
import time
from typing import Any

import numpy as np

from . import rehearsal, shell, tensors
from .branch import Branch
from .capture import Outputs, Stream, Terminal
from .clock import Clock
from .decoder import Decoder
from .encoder import Encoder
from .guard import Guard
from .isolation import syscalls, tree
from .shell import Shell
from .talk import bounded
from .wire import Bounds, Channel, ChannelClosed

__all__ = ["Session", "build", "serve"]

_getpid, _exit, _now, _sleep = os.getpid, os._exit, time.perf_counter, time.sleep
_fork, _os_fork = syscalls.fork, os.fork
_python_state, _set_python_state = random.getstate, random.setstate
_close, _kill, _waitpid, _socket = os.close, os.kill, os.waitpid, socket.socket
_setitimer, _children, _threads = signal.setitimer, tree.children, tree.threads


def _forked() -> int:
    """A fork, a little later where there is no room: until a neighbour's keeper has ended what takes it."""
    fork = _fork if _threads(_getpid()) == 1 else _fork_of_threads
    for seconds in (0.05, 0.1, 0.2, 0.4, 0.8, 1.6, 3.2):
        try:
            return fork()
        except BlockingIOError:
            _sleep(seconds)
    return fork()


def _fork_of_threads() -> int:
    """Python looks after those that the fork lacks. It also seeds `random` anew, which no mark may hang on."""
    state = _python_state()
    pid = _os_fork()
    if pid == 0:
        _set_python_state(state)
    return pid


def build(optimisers: bool = False) -> None:
    """Make the shell; load what torch's optimisers load at their first step: seconds and 70 MB, before the fork."""
    shell.build()
    rehearsal.calls()
    torch = tensors.loaded()
    if torch is None:
        return
    torch.manual_seed(0)  # as cells do: loads what looks for devices
    if not optimisers:
        return
    parameter = torch.zeros(1, requires_grad=True)
    for optimiser in (torch.optim.SGD([parameter], lr=1.0), torch.optim.Adam([parameter])):
        parameter.grad = torch.zeros(1)
        optimiser.step()
        optimiser.zero_grad()


def serve(channel: socket.socket, settings: dict[str, Any]) -> None:
    """Answer on `channel` until the other end closes it.

    Args:
        settings: "limits", a dictionary with the fields of `autograder.sandbox.Limits`.
    """
    limits = settings.get("limits", {})
    bounds = Bounds(value_bytes=int(limits.get("value_bytes", 128 * 2**20)), depth=int(limits.get("depth", 64)))
    Session(Channel(channel, bounds), int(limits.get("output_bytes", 2**20))).serve()


class Session:
    """The trunk: one process in which the cells run in order."""

    def __init__(self, channel: Channel, output_bytes: int) -> None:
        self.channel, self.outputs, self.clock = channel, Outputs(output_bytes), Clock()
        self.shell: Shell = shell.build()
        self.shell.outputs = self.outputs
        self.shell.overtime = self._stop_when_late
        self.namespace: dict[str, Any] = self.shell.user_ns
        self.terminal = Terminal(self.outputs)
        sys.stdout = sys.__stdout__ = Stream("stdout", 1, self.outputs)  # type: ignore[assignment, misc]
        sys.stderr = sys.__stderr__ = Stream("stderr", 2, self.outputs)  # type: ignore[assignment, misc]
        self._streams = sys.stdout, sys.stderr
        self.children: dict[int, int] = {}
        self._killed: list[int] = []
        self._turn: tuple[int, tuple[str, ...], tuple[str, ...]] | None = None  # what it becomes a branch with
        self._pid = _getpid()
        signal.signal(signal.SIGCHLD, signal.SIG_DFL)
        signal.signal(signal.SIGINT, signal.SIG_IGN)  # the clock has signals of its own
        random.seed(0)
        np.random.seed(0)
        if (torch := tensors.loaded()) is not None:
            torch.default_generator.manual_seed(0)  # torch.manual_seed looks for other devices first

    def serve(self) -> None:
        self._encode_and_send("ready")
        self._obey()

    def _obey(self) -> None:
        while True:
            fds: list[int] = []
            try:
                structure, bulks = self.channel.receive(fds=fds)
                kind, *rest = (self._text(part, bulks) for part in structure)
                reply = getattr(self, f"_{kind}")(*rest, *fds)
                self._encode_and_send(reply)
                if self._turn is not None:
                    self._become_branch(*self._turn)
            except ChannelClosed:
                return

    def _text(self, part: Any, bulks: list[bytearray]) -> Any:
        """A long text travels as a bulk, lists of names as they are."""
        is_value = type(part) is tuple and part and type(part[0]) is int
        return Decoder(self.channel.bounds, bulks, _no_objects).decode(part) if is_value else part

    def _encode_and_send(self, reply: Any) -> None:
        e = Encoder(self.channel.bounds, lambda value: bounded(repr(value)))
        structure = e.encode(reply)
        self.channel.send(structure, e.bulks)

    # Cells

    def _cell(self, source: str, seconds: float, keep: tuple[str, ...]) -> list[Any]:
        """Run one cell: status, outputs, error and seconds."""
        kept = {name: self.namespace[name] for name in keep if name in self.namespace}
        self.outputs.begin()
        sys.stdout, sys.stderr = self._streams
        start = _now()
        error = self._run(source, seconds)
        self.namespace.update(kept)
        if _getpid() != self._pid:
            _exit(0)  # a child that the student forked and that came back
        self._drain()
        status = "ok"
        if self.clock.expired:
            status, error = "timeout", f"the cell took longer than {seconds:g} s"
        elif error:
            status = "error"
        return [status, self.outputs.end(), error, _now() - start]

    def _run(self, source: str, seconds: float) -> str:
        """Run a cell within its time; "Name: message" of what went wrong."""
        try:
            self.clock.start(seconds)
            try:
                self.shell.cell_source = source
                result = self.shell.run_cell(source, store_history=True)
                error = result.error_before_exec or result.error_in_exec
            except BaseException as raised:
                error = raised
            return bounded(f"{type(error).__name__}: {error}") if error is not None else ""
        except BaseException as raised:  # the student's own __str__ failed, or the time was up within it
            return bounded(type(raised).__name__)
        finally:
            self.clock.stop()

    def _stop_when_late(self) -> None:
        """Let the traceback of an interrupted cell be shown without further interrupts."""
        if self.clock.expired:
            self.clock.stop()

    def _drain(self) -> None:
        try:
            self.terminal.drain()
        except BaseException:
            self.outputs.stream("stderr", "\n[Output of other programs was lost.]\n")

    # Moments

    def _moment(self, fd: int) -> int:
        """Fork a process that stays as this one is, and forks branches when it is asked to on the descriptor."""
        pid = _forked()
        if pid == 0:
            try:
                self.channel.close()
                self.channel = Channel(_socket(fileno=fd), self.channel.bounds)
                self.children, self._killed, self._pid = {}, [], _getpid()
                self._obey()
            finally:
                _exit(0)
        _close(fd)
        return self._number_of(pid)

    def _number_of(self, pid: int) -> int:
        number = len(self.children) + 1
        self.children[number] = pid
        return number

    # Branches

    def _fork(self, modules: tuple[str, ...], calls: tuple[str, ...], fd: int) -> int:
        """Fork a process that serves calls on the descriptor; its number."""
        self._killed = [pid for pid in self._killed if not _waitpid(pid, os.WNOHANG)[0]]
        pid = _forked()
        if pid == 0:
            self._become_branch(fd, modules, calls)
        _close(fd)
        return self._number_of(pid)

    def _spend(self, modules: tuple[str, ...], calls: tuple[str, ...], fd: int) -> int:
        """Become the branch itself: 0. Where threads or processes would come along, fork one: its number."""
        if _threads(_getpid()) != 1 or set(_children(_getpid())) - {*self._killed, *self.children.values()}:
            return self._fork(modules, calls, fd)
        for timer in (signal.ITIMER_REAL, signal.ITIMER_VIRTUAL, signal.ITIMER_PROF):
            _setitimer(timer, 0)  # as in a fork
        self._turn = fd, modules, calls
        return 0

    def _become_branch(self, fd: int, modules: tuple[str, ...], calls: tuple[str, ...]) -> None:
        try:
            self.channel.close()
            self.terminal.discard()
            self.outputs.size = 0
            self.outputs.begin()
            guard = Guard(modules, calls, self.namespace)
            guard.install()
            Branch(
                Channel(_socket(fileno=fd), self.channel.bounds), self.namespace, guard, self.shell.cell_lines
            ).serve()
        finally:
            _exit(0)

    def _end(self, number: int, patience: float) -> str:
        """Kill a branch that does not end by itself; how it ended, "" when it was killed (and is reaped later)."""
        pid = self.children.get(number, 0)
        if not pid:
            return ""
        self.children[number] = 0
        until = _now() + patience
        while True:
            done, status = _waitpid(pid, os.WNOHANG)
            if done:
                return _how(status)
            if _now() >= until:
                _kill(pid, signal.SIGKILL)
                self._killed.append(pid)
                return ""
            _sleep(0.002)


def _no_objects(tag: int, rest: Any) -> Any:
    raise ValueError("an object where text is expected")


def _how(status: int) -> str:
    if os.WIFSIGNALED(status):
        return f"the process was ended by {signal.Signals(os.WTERMSIG(status)).name}"
    return f"the process ended itself (exit status {os.WEXITSTATUS(status)})"
