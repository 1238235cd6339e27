"""What of this Python installation the sandbox may see: the interpreter, the libraries, and nothing of ours."""

from __future__ import annotations

import fnmatch
import os
import re
import subprocess
import sys
import sysconfig
from collections.abc import Iterable
from pathlib import Path
from typing import Any

__all__ = ["HEAVY", "describe", "font_lists", "needed"]

_SITES = ("site-packages", "dist-packages")
# Names in site-packages that hold, or lead to, what students must not see.
_HIDDEN = ("autograder", "dlmath_ref", "solutions", "dlmath-*", "__editable__*dlmath*", "__editable__.dlmath*")
_USELESS = ("*.pth", "*.egg-link", "__editable__*", "__pycache__")
_PRELOAD = ["numpy", "matplotlib.pyplot", "IPython.core.interactiveshell"]
# Imported ahead only where they are wanted: a fork costs time for every megabyte.
HEAVY = {
    "scipy": ["scipy.special", "scipy.stats", "scipy.linalg", "scipy.optimize"],
    "torch": ["torch"],
    "optim": ["torch"],  # and what its optimisers load at their first step
}


def _matches(name: str, patterns: tuple[str, ...]) -> bool:
    return any(fnmatch.fnmatchcase(name, pattern) for pattern in patterns)


def _site_folders() -> list[str]:
    """The folders of installed packages, in the order of `sys.path`."""
    return [p for p in dict.fromkeys(sys.path) if os.path.basename(p) in _SITES and os.path.isdir(p)]


def _other_sites(roots: list[str]) -> list[str]:
    """Folders of packages that lie below `roots` besides those that are used."""
    return [str(p) for root in roots for name in _SITES for p in Path(root).glob(f"python3*/{name}")]


def _packages(sites: list[str]) -> dict[str, str]:
    """Every visible entry of the site folders: the first of a name wins, as on `sys.path`."""
    links: dict[str, str] = {}
    for site in sites:
        for name in sorted(os.listdir(site)):
            if not _matches(name, (*_HIDDEN, *_USELESS)):
                links.setdefault(name, os.path.join(site, name))
    return links


def needed(texts: Iterable[str]) -> tuple[str, ...]:
    """The heavy libraries that these texts of notebooks and keys import."""
    words: set[str] = set()
    for text in texts:
        imported = set(re.findall(r"\b(?:import|from)\s+([a-z]+)", text))
        words |= imported | ({"optim"} if "torch" in imported and "torch.optim" in text else set())
    return tuple(name for name in HEAVY if name in words)


def describe(library: list[Path], heavy: Iterable[str] = HEAVY) -> dict[str, Any]:
    """The part of the zygote's configuration that depends on this machine, JSON-ready."""
    sites = _site_folders()
    libraries = [os.path.realpath(path) for path in library]
    lib = [os.path.dirname(sysconfig.get_path("stdlib")), str(sysconfig.get_config_var("LIBDIR") or "")]
    binaries = os.path.dirname(os.path.realpath(sys.executable))
    roots = [*lib, binaries, *sites]
    readonly = [p for p in dict.fromkeys([*roots, *map(os.path.realpath, roots)]) if p and os.path.isdir(p)]
    all_sites = dict.fromkeys([*sites, *_other_sites([*lib, "/usr/lib", "/usr/local/lib"])])
    holes = [os.path.join(site, name) for site in all_sites for name in os.listdir(site) if _matches(name, _HIDDEN)]
    return {
        "inside": str(Path(__file__).resolve().parent / "inside"),
        "readonly": readonly,
        "listable": [sysconfig.get_path("stdlib"), os.path.join(sysconfig.get_path("platstdlib"), "lib-dynload")],
        "holes": sorted({*holes, *map(os.path.realpath, holes)}),
        "site": _packages(sites),
        "library": libraries,
        "library_links": {os.path.basename(path): path for path in libraries},
        "preload": [*_PRELOAD, *(module for name in heavy for module in HEAVY[name])],
        "optimisers": "optim" in heavy,
        "fonts": font_lists(),
    }


def font_lists() -> dict[str, str]:
    """Matplotlib's list of this machine's fonts, made once per user: without it each zygote would make its own."""
    folder = _matplotlib_cache()
    if not list(folder.glob("fontlist-*.json")):
        subprocess.run(
            [sys.executable, "-c", "import matplotlib.font_manager"], capture_output=True, timeout=120, check=False
        )
    return {p.name: p.read_text(encoding="utf-8") for p in folder.glob("fontlist-*.json")}


def _matplotlib_cache() -> Path:
    if "MPLCONFIGDIR" in os.environ:
        return Path(os.environ["MPLCONFIGDIR"])
    if sys.platform == "darwin":
        return Path.home() / ".matplotlib"
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "matplotlib"
