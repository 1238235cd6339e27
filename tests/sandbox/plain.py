"""A box without isolation, for tests of the channel alone: a zygote that forks `inside.session.serve`.

The real one, with isolation, is tested in test_isolation*.py; here the two ends of the channel are.
"""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
from pathlib import Path

import msgspec

from autograder.sandbox import Limits

INSIDE = Path(__file__).parents[2] / "autograder" / "sandbox"

ZYGOTE = """
import array, json, os, signal, socket, sys
sys.path.insert(0, sys.argv[1])
import torch
import inside.session
inside.session.build(optimisers=True)
control = socket.socket(fileno=int(sys.argv[2]))
control.set_inheritable(False)
signal.signal(signal.SIGCHLD, signal.SIG_IGN)
while True:
    message, fds, _, _ = socket.recv_fds(control, 65536, 1)
    if not message:
        os._exit(0)
    request = json.loads(message)
    pid = os.fork()
    if pid == 0:
        os.setsid()
        os.chdir(request["folder"])
        control.close()
        try:
            inside.session.serve(socket.socket(fileno=fds[0]), request["settings"])
        except BaseException:
            import traceback
            with open(os.environ["PLAIN_LOG"], "a") as log:
                traceback.print_exc(file=log)
            os._exit(70)
        os._exit(0)
    os.close(fds[0])
    control.send(str(pid).encode())
"""


class Process:
    def __init__(self, channel: socket.socket, pid: int) -> None:
        self.channel, self.pid, self._status = channel, pid, "running"

    def kill(self) -> str:
        self.channel.close()
        try:
            os.killpg(self.pid, signal.SIGKILL)
        except ProcessLookupError:
            pass
        return "gone"

    def wait(self, seconds: float) -> str:
        return "gone"

    def status(self) -> str:
        return "gone"

    def check(self, all_bounds: bool = True) -> str:
        return "running"


class PlainBox:
    """The part of `Sandbox` that a session uses."""

    crowded = False

    def __init__(self, folder: Path, limits: Limits | None = None) -> None:
        self.limits, self.folder, self.log = limits or Limits(), folder, folder / "zygote.log"
        self.control, far = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        environment = {**os.environ, "PLAIN_LOG": str(self.log), "OMP_NUM_THREADS": "1"}
        command = [sys.executable, "-c", ZYGOTE, str(INSIDE), str(far.fileno())]
        self.zygote = subprocess.Popen(command, pass_fds=(far.fileno(),), env=environment, stdin=subprocess.DEVNULL)
        far.close()

    def spawn(self, files: Path | None = None) -> Process:
        import json

        ours, theirs = socket.socketpair()
        request = {"folder": str(files or self.folder), "settings": {"limits": msgspec.to_builtins(self.limits)}}
        socket.send_fds(self.control, [json.dumps(request).encode()], [theirs.fileno()])
        theirs.close()
        return Process(ours, int(self.control.recv(64)))

    def close(self) -> None:
        self.control.close()
        self.zygote.wait()
