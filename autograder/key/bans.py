"""Modules and calls that an exercise forbids."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

__all__ = ["N0", "Bans"]


@dataclass(frozen=True)
class Bans:
    """What an exercise forbids, by full dotted name.

    Args:
        modules: "torch" forbids torch and everything in it.
        calls: "numpy.linalg.solve" forbids this function; "open" a builtin.
    """

    modules: frozenset[str] = field(default=frozenset())
    calls: frozenset[str] = field(default=frozenset())

    def __init__(self, modules: Iterable[str] = (), calls: Iterable[str] = ()) -> None:
        object.__setattr__(self, "modules", _names("modules", modules))
        object.__setattr__(self, "calls", _names("calls", calls))

    def __or__(self, other: Bans) -> Bans:
        return Bans(self.modules | other.modules, self.calls | other.calls)

    def allowing(self, *names: str) -> Bans:
        """The same bans without these modules and calls: `N0.allowing("torch")`."""
        return Bans(self.modules - set(names), self.calls - set(names))

    def forbids(self, name: str) -> bool:
        """Is this dotted name, or a module that it lies in, forbidden?"""
        if name in self.calls:
            return True
        parts = name.split(".")
        return any(".".join(parts[: i + 1]) in self.modules for i in range(len(parts)))


def _names(what: str, names: Iterable[str]) -> frozenset[str]:
    if isinstance(names, str):
        raise TypeError(f'bans: got {what}="{names}", expected a set of names, {{"{names}"}}.')
    return frozenset(names)


# Every exercise: numpy and harmless standard modules only. `N0.allowing("torch")` in torch exercises.
N0 = Bans(
    modules={
        "autograd", "autograder", "cupy", "dlmath_ref", "jax", "keras", "lightgbm", "numba", "scipy", "sklearn",
        "solutions", "statsmodels", "tensorflow", "torch", "torchvision", "transformers", "xgboost",
        "aiohttp", "ftplib", "http", "httpx", "requests", "smtplib", "socket", "socketserver", "ssl", "urllib",
        "_thread", "ctypes", "multiprocessing", "os", "pathlib", "shutil", "subprocess", "tempfile",
        "builtins", "gc", "importlib", "inspect", "pkgutil", "runpy",
    },
    calls={
        "open", "io.open", "eval", "exec", "compile", "__import__", "sys.modules", "sys._getframe",
        "numpy.load", "numpy.loadtxt", "numpy.genfromtxt", "numpy.fromfile", "numpy.memmap", "numpy.save",
        "numpy.savetxt", "numpy.savez", "numpy.savez_compressed", "numpy.ctypeslib",
    },
)  # fmt: skip
