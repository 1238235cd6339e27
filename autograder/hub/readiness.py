"""What this machine must offer before a hub with these settings is started."""

from __future__ import annotations

import json
import os
import re
import shutil
import stat
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

from autograder.errors import ConfigurationError

if TYPE_CHECKING:
    from autograder.hub.settings import Settings

__all__ = ["faults", "notes", "require_ready"]

STAFF = ("autograder", "dlmath_ref", "solutions")  # what holds answers
PROBE = """
import importlib.util, json, sys
found = lambda name: importlib.util.find_spec(name) is not None
print(json.dumps({name: found(name) for name in sys.argv[1:]}))
"""


def require_ready(settings: Settings) -> None:
    """Refuse what cannot work or would not be safe, all faults at once."""
    if found := list(faults(settings)):
        raise ConfigurationError("\n".join(f"{settings.file.name}, {fault}" for fault in found))


def faults(settings: Settings) -> Iterator[str]:
    """One line for each fault."""
    yield from _accounts(settings)
    yield from _shared_folder(settings)
    if settings.spawner.environment:
        yield from _environment(settings.path(settings.spawner.environment), closed=settings.spawner.kind != "simple")
    yield from _classes(settings)


def _accounts(s: Settings) -> Iterator[str]:
    if s.spawner.kind == "system" and os.geteuid() != 0:
        yield "[spawner] kind: got 'system', expected a hub that root starts: it starts servers under many accounts."
    if s.authenticator.kind == "pam" and os.geteuid() != 0:
        yield "[authenticator] kind: got 'pam', expected a hub that root starts: others cannot check passwords of many."
    if s.spawner.kind == "slurm" and not shutil.which("sbatch"):
        yield "[spawner] kind: got 'slurm', expected the command sbatch on PATH."


def _shared_folder(s: Settings) -> Iterator[str]:
    if s.spawner.kind != "simple" and not s.exchange.root:
        kind = s.spawner.kind
        yield f"[exchange] root: got nothing, expected a folder outside of the state that {kind} servers share."
    if s.exchange.root and s.spawner.kind == "system" and (closed := closed_folder(s.exchange_root)):
        yield f"[exchange] root: got {str(s.exchange_root)!r}, expected one that students reach: {closed} is closed."


def _environment(place: Path, closed: bool) -> Iterator[str]:
    """A students' environment starts, has the kit, and has no answers."""
    python = place / "bin" / "python"
    if not os.access(python, os.X_OK):
        yield f"[spawner] environment: got {str(place)!r}, expected a virtual environment with bin/python."
        return
    for path in (python, python.resolve()) if closed else ():
        if folder := closed_folder(path):
            yield f"[spawner] environment: got {str(path)!r}, expected one that students can start: {folder} is closed."
            return
    try:
        done = subprocess.run(
            [python, "-I", "-c", PROBE, *STAFF, "dlmath_kit", "jupyterhub", "jupyterlab", "nbgrader", "ipykernel"],
            capture_output=True,
            text=True,
            timeout=60,
            check=True,
            cwd="/",
        )
        found: dict[str, bool] = json.loads(done.stdout)
    except (OSError, subprocess.SubprocessError, ValueError) as error:
        yield f"[spawner] environment: got {str(place)!r}, whose Python does not start: {error}."
        return
    for name, is_there in found.items():
        if name in STAFF and is_there:
            yield f"[spawner] environment: got {str(place)!r}, where {name} can be imported, expected no answers there."
        if name not in STAFF and not is_there:
            yield (
                f"[spawner] environment: got {str(place)!r} without {name}, "
                f"expected it: {python} -m pip install 'dlmath-kit[hub]'."
            )


def closed_folder(path: Path) -> Path | None:
    """The first folder on the way that other accounts may not pass."""
    for folder in reversed(path.parents):
        if not folder.stat().st_mode & stat.S_IXOTH:
            return folder
    return None


def _classes(s: Settings) -> Iterator[str]:
    """Options are traits of the classes, with values that they take."""
    from autograder.hub.authenticator import authenticator_class
    from autograder.hub.spawners import spawner_class

    try:
        chosen = authenticator_class(s)
    except ConfigurationError as error:
        yield str(error)
    else:
        yield from _traits("authenticator", chosen, s.authenticator.options)
    try:
        from traitlets import import_item

        spawner = import_item(spawner_class(s))
    except ImportError as error:
        yield f"[spawner] kind: got {s.spawner.kind!r}, which needs a package: {error}. pip install 'dlmath[spawners]'"
    else:
        yield from _traits("spawner", spawner, s.spawner.options)


def _traits(table: str, kind: Any, options: dict[str, Any]) -> Iterator[str]:
    from traitlets import TraitError

    from autograder.hub.settings import unknown

    traits = kind.class_traits(config=True)
    for name, value in options.items():
        if name not in traits:
            sentence = unknown(f"[{table}.options] {name}", name, sorted(traits))
            yield re.sub(r"expected one of .*?\.(?= Did|$)", f"expected a trait of {kind.__name__}.", sentence)
            continue
        try:
            traits[name]._validate(None, value)
        except (TraitError, AttributeError) as error:
            text = str(error).splitlines()[0] if isinstance(error, TraitError) else ""
            if text:
                yield f"[{table}.options] {name}: got {value!r}, expected a value that {kind.__name__} takes: {text}"


def notes(s: Settings) -> list[str]:
    """What an operator should know about these settings, though nothing is wrong with them."""
    from autograder.hub.configure import NOTICE
    from autograder.hub.settings_rules import is_loopback

    found = [NOTICE] if s.spawner.kind == "simple" else []
    if s.spawner.kind in ("simple", "system"):
        found.append("Memory and cores of servers are not limited on one machine: [limits] is shown to students only.")
    if not is_loopback(s.hub.address) and not s.hub.certificate:
        found.append("Passwords are sent in clear unless a server in front of the hub speaks TLS.")
    if not s.gpus.devices:
        found.append("No GPUs: [gpus] devices is empty.")
    return found
