"""What decides a verdict besides the course: the code that marks and the libraries under it."""

from __future__ import annotations

import hashlib
import importlib.util
import platform
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

__all__ = ["everything", "recorded"]

RECORDED = ("dlmath", "numpy", "torch", "scipy", "ipython")  # with every grade
COMPARED = (*RECORDED, "distributed", "dlmath-kit", "gymnasium", "matplotlib", "msgspec", "scikit-learn")
# Package -> folders in it that have a part in a verdict; "" for all of it.
CODE = {
    "autograder": ("grade", "intake", "key", "marking", "record", "sandbox", "stats"),
    "dlmath_kit": ("",),
    "dlmath_ref": ("",),
}


def recorded() -> dict[str, str]:
    """Versions that are recorded with every grade; what is not installed is left out."""
    return _installed(RECORDED)


def everything() -> dict[str, str]:
    """All that two machines must have in common to give the same verdicts."""
    code = {f"code of {name}": digest for name, folders in CODE.items() if (digest := _code(name, folders))}
    return {"python": platform.python_version(), **_installed(COMPARED), **code}


def _installed(packages: tuple[str, ...]) -> dict[str, str]:
    found = {}
    for package in packages:
        try:
            found[package] = version(package)
        except PackageNotFoundError:
            continue
    return found


def _code(package: str, folders: tuple[str, ...]) -> str:
    """Digest of a package's Python files as they lie on the disk; "" where it is not installed."""
    spec = importlib.util.find_spec(package)
    digest = hashlib.sha256()
    for place in (spec.submodule_search_locations or ()) if spec else ():
        for path in sorted(p for folder in folders for p in Path(place, folder).rglob("*.py")):
            digest.update(f"{path.relative_to(place).as_posix()}\0".encode())
            digest.update(hashlib.sha256(path.read_bytes()).digest())
    return digest.hexdigest()[:12] if spec else ""
