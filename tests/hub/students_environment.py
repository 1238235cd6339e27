"""A virtual environment as students have it: JupyterLab, nbgrader, numpy and dlmath-kit, and nothing of the staff.

Built from the tested environment's own files: each distribution that is wanted, with all it requires, is linked file
by file as its RECORD lists them. That takes seconds and no network, where pip takes minutes; the files are the same.
"""

from __future__ import annotations

import os
import re
import shutil
import stat
import subprocess
import sys
from importlib import metadata
from importlib.util import cache_from_source
from pathlib import Path

import pytest

WANTED = ("jupyterhub", "jupyterlab", "notebook", "nbgrader", "ipykernel", "numpy", "matplotlib", "scikit-learn")
STAFF = ("dlmath", "torch")
SCRIPT = "#!{python}\nimport sys\nfrom {module} import {name}\nsys.exit({name}())\n"
ROOT = Path(__file__).resolve().parents[2]


def base_python() -> str:
    """An interpreter of this version that every user of the machine may run: not one below somebody's closed home."""
    version = f"python{sys.version_info.major}.{sys.version_info.minor}"
    for candidate in (os.path.realpath(sys.executable), shutil.which(version, path="/usr/local/bin:/usr/bin")):
        if candidate and all(open_to_all(folder) for folder in Path(os.path.realpath(candidate)).parents):
            return candidate
    pytest.skip(f"no {version} that every user may run: this one lies below a closed folder")


def open_to_all(folder: Path) -> bool:
    return bool(folder.stat().st_mode & stat.S_IXOTH)


def closure(names: tuple[str, ...]) -> list[metadata.Distribution]:
    """The distributions and what they require here, with the extras that somebody asks for."""
    from packaging.requirements import Requirement

    found: dict[str, metadata.Distribution] = {}
    seen: set[tuple[str, str]] = set()
    todo = [(name, "") for name in names]
    while todo:
        name, extra = todo.pop()
        name = re.sub(r"[-_.]+", "-", name).lower()
        if (name, extra) in seen or name in STAFF:
            continue
        seen.add((name, extra))
        found[name] = distribution = metadata.distribution(name)
        for requirement in map(Requirement, distribution.requires or []):
            if requirement.marker is None or requirement.marker.evaluate({"extra": extra}):
                todo += [(requirement.name, wanted) for wanted in ("", *requirement.extras)]
    return list(found.values())


def make_environment(folder: Path) -> Path:
    """The environment's Python; made at the first call."""
    python = folder / "bin" / "python"
    if (folder / "complete").exists():
        return python
    subprocess.run([base_python(), "-m", "venv", "--without-pip", str(folder)], check=True)
    prefix, site = Path(sys.prefix), next((folder / "lib").glob("python*/site-packages"))
    for distribution in closure(WANTED):
        for file in distribution.files or []:
            source = Path(os.path.normpath(str(distribution.locate_file(file))))
            if source.is_file() and source.is_relative_to(prefix) and source.parent != prefix / "bin":
                link(source, folder / source.relative_to(prefix))
                link_bytecode(source, folder / source.relative_to(prefix))
        write_scripts(distribution, folder, python)
    shutil.copytree(ROOT / "dlmath_kit", site / "dlmath_kit", ignore=shutil.ignore_patterns("__pycache__", "*.toml"))
    kit = metadata.distribution("dlmath-kit")
    info = site / f"dlmath_kit-{kit.version}.dist-info"
    info.mkdir()
    for name in ("METADATA", "entry_points.txt"):
        if text := kit.read_text(name):
            (info / name).write_text(text)
    for path in [folder, *folder.rglob("*")]:
        if path.is_dir():
            path.chmod(0o755)
    (folder / "complete").touch()
    return python


def link(source: Path, target: Path) -> None:
    target.parent.mkdir(parents=True, exist_ok=True)
    if target.exists():
        return
    try:
        os.link(source, target)
    except OSError:  # another disk
        shutil.copy2(source, target)


def link_bytecode(source: Path, target: Path) -> None:
    """A module's, which no RECORD lists; students cannot write theirs, and would compile all at each start."""
    if source.suffix == ".py":
        compiled = Path(cache_from_source(str(source)))
        if compiled.exists():
            link(compiled, Path(cache_from_source(str(target))))


def write_scripts(distribution: metadata.Distribution, folder: Path, python: Path) -> None:
    for entry in distribution.entry_points:
        if entry.group == "console_scripts" and re.fullmatch(r"[\w.]+:\w+", entry.value):
            module, _, name = entry.value.partition(":")
            path = folder / "bin" / entry.name
            path.write_text(SCRIPT.format(python=python, module=module, name=name))
            path.chmod(0o755)
