"""The zygote: enters isolation, imports what student code needs, then forks keepers of notebooks.

Three processes lead to it. The launcher stays behind on the host, waits for the zygote and cleans up after
it. The zygote (process 1 of its namespace, where there is one) forks keepers. A keeper (process 1 of a
namespace of its own) runs no student code: it forks a notebook's process, and when that has ended goes on
to the next notebook where a namespace can be used again.
"""

from __future__ import annotations

import contextlib
import importlib
import importlib.metadata
import os
import shutil
import signal
import socket
import sys
import traceback
from collections.abc import Iterable

from . import control, heap, keeper
from .isolation import privileges, tree
from .isolation.levels import LEVELS, Limited

__all__ = ["main"]


def main() -> None:
    """The launcher's whole life; the last argument is the descriptor of the control socket."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is said to the batch
    link = socket.socket(fileno=int(sys.argv[-1]))
    link.set_inheritable(False)
    privileges.close_descriptors({0, 1, 2, link.fileno()})
    os.environ.pop("PYTHONHASHSEED", None)
    config = control.receive(link)
    level = LEVELS[config["level"]](config)
    try:
        pid = level.launch()
    except OSError as error:
        control.send(link, {"unavailable": str(error)})
        pid = -1
    if pid == 0:
        _run(level, link)
    link.close()
    if pid > 0:
        os.waitpid(pid, 0)
        tree.kill_descendants()
    shutil.rmtree(level.stage, ignore_errors=True)
    os._exit(0)


def _run(level: Limited, link: socket.socket) -> None:
    """The zygote's whole life."""
    stage = "unavailable"
    try:
        tree.die_with_parent()
        level.enter()
        tree.die_with_parent()  # again: a change of user undoes it
        keeper.rehearse(level)
        stage = "fault"
        if level.config["preload"]:
            _furnish(level)
            _preload(level.config["preload"], level.config["library_links"], level.config["optimisers"])
        control.send(link, {"ready": True, "versions": _versions()})
        serve(level, link)
    except EOFError:
        pass
    except BaseException as error:
        traceback.print_exc()
        control.send(link, {stage: f"{type(error).__name__}: {error}"})
    finally:
        tree.kill_descendants()
        os._exit(0)


def _furnish(level: Limited) -> None:
    """Paths, environment and folders of the zygote, as student code will see them."""
    paths = level.paths()
    home = paths["home"]
    fonts = f"{home}/.matplotlib"
    os.mkdir(fonts)
    for name, text in level.config["fonts"].items():
        with open(f"{fonts}/{os.path.basename(name)}", "w") as f:
            f.write(text)
    os.environ.update(HOME=home, TMPDIR=home, MPLCONFIGDIR=fonts, IPYTHONDIR=f"{home}/.ipython")
    sys.path += [paths["library"], paths["site"]]
    sys.modules[__package__].__path__ = [level.inside]
    sys.path_importer_cache.clear()
    sys.dont_write_bytecode = True
    os.chdir(home)


def _preload(needed: list[str], offered: Iterable[str], optimisers: bool) -> None:
    """Import once what every submission uses, with one thread, and keep it out of garbage collection."""
    for name in needed:
        importlib.import_module(name)
    for name in offered:
        try:
            module = importlib.import_module(name)
            for part in getattr(module, "__all__", ()):
                getattr(module, part)  # a package may import its parts when they are asked for
        except Exception:  # the students who import it will see why
            traceback.print_exc()
    torch = sys.modules.get("torch")
    if torch is not None:
        torch.set_num_threads(1)
        torch.set_num_interop_threads(1)
    importlib.import_module(f"{__package__}.session").build(optimisers)
    heap.settle()


def _versions() -> dict[str, str]:
    """The versions of Python and the packages that matter, for the record."""
    found = {"python": sys.version.split()[0]}
    for name in ("numpy", "scipy", "torch", "matplotlib", "IPython"):
        with contextlib.suppress(importlib.metadata.PackageNotFoundError):
            found[name] = importlib.metadata.version(name)
    return found


def serve(level: Limited, link: socket.socket) -> None:
    """Hand out a submission's process for every message, until the trusted side closes the link.

    One is always made ahead: what is handed out has been forked and isolated already.
    """
    alive, _ = os.pipe()  # nobody writes: keepers read its end when the zygote is gone
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)  # ended keepers leave no zombies
    while True:
        ends = _make(level, alive)
        control.receive(link)
        control.send(link, {"spawned": True}, ends)
        for fd in ends:
            os.close(fd)


def _make(level: Limited, alive: int) -> tuple[int, int]:
    """Fork a keeper: the descriptors of its submission's channel and of its own lifeline."""
    channel, session = socket.socketpair()
    lifeline, own = socket.socketpair()
    with session, own:
        if level.fork() == 0:
            keeper.run(level, session.fileno(), own.fileno(), alive)
    return channel.detach(), lifeline.detach()
