"""The keeper of one submission at a time: furnishes its place, starts its process, watches it, clears away all of it.

Runs none of the student's code. It and the submission's process are made ahead and wait until the trusted side
wants them. A submission ends when its process ends, when the trusted side asks or closes the lifeline, when
the zygote is gone, or when a bound is broken. The keeper ends with it, unless it may keep another one: where its
namespace can be emptied for sure, after an end that was asked for, and when it has seen nothing of the submission
but numbers. The next process is forked from the keeper, so that nothing passes from one submission to another.
"""

from __future__ import annotations

import gc
import os
import resource
import select
import socket
import sys
import tempfile
import time
import traceback
from typing import Any

from . import control
from .isolation import privileges, syscalls, tree
from .isolation.levels import Limited

__all__ = ["rehearse", "run"]

_WATCH_SECONDS = 0.1
_DYING_SECONDS = 0.05
_DISK_EVERY = 10  # watches
_CHECKS = ("check", "count")  # whether all bounds are kept, or that of processes


def run(level: Limited, channel: int, lifeline: int, alive: int, rehearsal: bool = False) -> None:
    """The keeper's whole life; never returns."""
    try:
        privileges.close_descriptors({0, 1, 2, channel, lifeline, alive})
        privileges.default_signals()
        link = socket.socket(fileno=lifeline)
        keeper = _Keeper(level, channel, link, alive, rehearsal)
        while keeper.another:
            try:
                end = keeper.keep()
            except BaseException:
                keeper.another, end = False, {"status": f"fault: {traceback.format_exc()}"}
            control.send(link, {**end, "another": keeper.another})
            if keeper.another:
                keeper.renew()
    except OSError:
        traceback.print_exc()
    finally:
        os._exit(0)


def rehearse(level: Limited) -> None:
    """Go through every step of a submission once, with no code to run; OSError says which one this machine refuses."""
    link, lifeline = socket.socketpair()
    channel, far = socket.socketpair()
    alive, alive_here = os.pipe()
    with link, lifeline, channel, far:
        pid = level.fork()
        if pid == 0:
            run(level, far.fileno(), lifeline.fileno(), alive, rehearsal=True)
        lifeline.close()
        try:
            status = control.receive(link)["status"]
        except EOFError:
            status = "the keeper died"
        os.waitpid(pid, 0)
    os.close(alive)
    os.close(alive_here)
    if status != "exit 0":
        raise OSError(status.strip().splitlines()[-1])


class _Keeper:
    def __init__(self, level: Limited, channel: int, link: socket.socket, alive: int, rehearsal: bool) -> None:
        self.level = level
        self.rehearsal = rehearsal
        self.wanted = self.saw = False
        self.asked = ""
        self.another = True  # submission may come
        self.limits = level.config["limits"]
        self.channel = channel
        self.link = link
        self.alive = alive
        self.before = 0.0  # processor time of submissions kept earlier

    def keep(self) -> dict[str, Any]:
        """How it ended, once nothing of it is left."""
        self.home = self.level.furnish()
        try:
            self.level.hand_over()
            os.environ.update(HOME=self.home, TMPDIR=self.level.temporary(), PWD=self.home)
            tempfile.tempdir = None
            report, self.fault = os.pipe()
            self.pid = syscalls.fork()
            if self.pid == 0:
                self._become_submission(self.home)
            os.close(self.channel)
            os.close(self.fault)
            status = self._watch()
            seconds = self._processor_seconds()
            empty = tree.kill_descendants()
            fault = os.read(report, 1 << 16).decode(errors="replace")
            os.close(report)
            self.another = empty and status == "killed" and not fault and not self.saw and self.level.renewable
            return {"status": f"fault: {fault}" if fault else status, "cpu": seconds}
        finally:
            self.level.remove()

    def renew(self) -> None:
        """Clear the place for another submission and hand out its channel."""
        tree.wipe()
        self.level.renew()
        self.wanted, self.asked = False, ""
        self.before = _ended_seconds()
        near, far = socket.socketpair()
        self.channel = far.detach()
        with near:
            control.send(self.link, {"channel": True}, (near.fileno(),))

    # -- in the submission's process

    def _become_submission(self, home: str) -> None:
        try:
            os.setsid()
            sock = socket.socket(fileno=self.channel)
            fault = os.fdopen(self.fault, "w")
            privileges.close_descriptors({0, 1, 2, self.channel, fault.fileno()})
            privileges.null_streams()
            os.chdir(home)
            try:
                self.level.confine(self.limits)
                tree.die_with_parent()  # after the change of user, which would undo it
                if self.rehearsal:
                    os._exit(0)
                serve = sys.modules[f"{__package__}.session"].serve
                settings = {"limits": self.limits, "level": self.level.name}
            except BaseException:
                fault.write(traceback.format_exc())
                raise
            finally:
                fault.close()
            gc.enable()
            serve(sock, settings)
        except BaseException:
            os._exit(70)
        os._exit(0)

    # -- in the keeper

    def _watch(self) -> str:
        """Wait for the end, or bring it about."""
        poll = select.poll()  # what it watches is closed with the submission
        poll.register(self.link, select.POLLIN | select.POLLHUP)
        poll.register(self.alive, select.POLLIN | select.POLLHUP)
        ended = self._end_descriptor()
        if ended is not None:
            poll.register(ended, select.POLLIN)
        try:
            return self._until_the_end(poll, ended)
        finally:
            if ended is not None:
                os.close(ended)

    def _until_the_end(self, poll: select.poll, ended: int | None) -> str:
        count = 0
        while True:
            seconds = 0.02 if ended is None else _WATCH_SECONDS if self.wanted else None
            ready = {fd for fd, _ in poll.poll(None if seconds is None else 1000 * seconds)}
            if self.alive in ready:
                return "lost"
            if self.link.fileno() in ready and not self._obey():
                return "killed"
            status = self._ended()
            if status is not None:
                return status
            count = 0 if self.asked else count + 1
            broken = self._broken_bound(count, all_bounds=self.asked != "count")
            if broken:
                return broken
            if self.asked:
                control.send(self.link, {"cpu": self._processor_seconds()})
                self.asked = ""

    def _end_descriptor(self) -> int | None:
        """A descriptor that becomes readable when the submission's process ends, where there is such a thing."""
        try:
            return os.pidfd_open(self.pid)
        except (AttributeError, OSError):
            return None

    def _obey(self) -> bool:
        """What the trusted side says; False when it wants the end."""
        try:
            message = control.receive(self.link)
        except (EOFError, OSError):
            return False
        self.wanted = True
        if "files" in message:
            self.saw = bool(message["files"])
            _receive_files(self.link, message["files"], self.home)
            self.level.hand_over()
            if message["files"]:
                control.send(self.link, {"received": True})
            return True
        self.asked = str(message.get("ask"))
        return self.asked in _CHECKS  # bounds are looked at before the answer

    def _ended(self) -> str | None:
        """Reap what has ended; the submission's own status if it is among them."""
        while True:
            try:
                pid, status, _ = os.wait4(-1, os.WNOHANG)
            except ChildProcessError:
                return "lost"
            if pid == 0:
                return None
            if pid == self.pid:
                code = os.waitstatus_to_exitcode(status)
                return f"exit {code}" if code >= 0 else f"signal {-code}"

    def _broken_bound(self, count: int, all_bounds: bool) -> str | None:
        if self.level.crowded and self._too_many():
            time.sleep(_DYING_SECONDS)  # those of an exercise that is over may not be gone yet
            if self._too_many():
                return "processes"
        if not all_bounds:
            return None
        most = int(self.limits["memory_bytes"])
        if tree.memory(tree.descendants(), most) > most:
            return "memory"
        if count % _DISK_EVERY == 0 and self.level.usage() > int(self.limits["disk_bytes"]):
            return "disk"
        return None

    def _too_many(self) -> bool:
        """More processes and threads than allowed."""
        return sum(map(tree.threads, tree.descendants())) > int(self.limits["processes"])

    def _processor_seconds(self) -> float:
        return _ended_seconds() - self.before + tree.processor_seconds(tree.descendants())


def _ended_seconds() -> float:
    """Processor time of children that have ended."""
    ended = resource.getrusage(resource.RUSAGE_CHILDREN)
    return ended.ru_utime + ended.ru_stime


def _receive_files(link: socket.socket, files: list[tuple[str, int]], home: str) -> None:
    """The data files of the submission, given by names and sizes: their bytes follow."""
    for name, size in files:
        path = os.path.normpath(os.path.join(home, name))
        if not path.startswith(home + os.sep):
            raise ValueError(f"file: got {name!r}, expected a name below the working directory.")
        os.makedirs(os.path.dirname(path), exist_ok=True)
        with open(path, "xb") as f:
            while size:
                part = control.receive_exactly(link, min(size, 1 << 20))
                f.write(part)
                size -= len(part)
