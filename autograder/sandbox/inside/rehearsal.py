"""What is run before the fork, so that no submission pays for doing it the first time.

Libraries load parts of themselves at first use, and the interpreter writes what it learns of running code into that
code's memory: each fork would load, learn and copy the same pages again.
"""

from __future__ import annotations

import contextlib
import importlib
import io
import socket
import sys
from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np

from . import tensors
from .branch import Branch
from .encoder import Encoder
from .guard import Guard
from .talk import CALLBACK, Talk
from .wire import Bounds, Channel

__all__ = ["calls", "cells"]

_FIGURE = "import matplotlib.pyplot as _plt; _plt.plot([0, 1]); _plt.title('$x$'); None"
_KINDS = ("1 + 1", "1 / 0", "None +", "import asyncio as _plt", "%%time\n1", _FIGURE)
_TYPICAL = '''
import numpy as _np
def _f(x: _np.ndarray, n: int = 2) -> _np.ndarray:
    """A line of text.

    Args:
        x: (n, d). What $x$ is, for rehearsal {round}.
    """
    total = _np.zeros_like(x)
    for i in range(n):
        total += x[:, None, i].sum(axis=-1, keepdims=True) @ _np.ones((1, 2)) if i else 0.5 * x - 1e-3
    return {{"mean": total.mean(axis=0)}}["mean"]

_a = _f(_np.array([[1.0, -2.0], [0.0, 3.0]]))
print(f"{{_a[0]:.3f}}", _a.shape)
assert _a.shape == (2,), f"got {{_a.shape}}"
assert _np.allclose(_a, _a), "a sentence"
_a
'''
_NAMES = ("_plt", "_np", "_f", "_a")
_ROUNDS = 16  # after eight runs or so CPython has specialised a function's bytecode
_F, _G = 1, 2  # handles of the two functions below


def cells(shell: Any) -> None:
    """Run one of each kind of cell, and typical cells until the interpreter has learned them."""
    for source in (*_KINDS, *(_TYPICAL.format(round=i) for i in range(_ROUNDS))):
        with contextlib.redirect_stdout(io.StringIO()):
            shell.run_cell(source, store_history=False)
    for name in _NAMES:
        shell.user_ns.pop(name, None)
    for name in ("last_traceback", "last_value", "last_type", "last_exc"):
        if hasattr(sys, name):
            delattr(sys, name)


def calls() -> None:
    """Hold a conversation as marker and branch do, with both ends here."""
    importlib.import_module("numpy.ctypeslib")  # numpy imports it when a guard first looks for it
    near, far = socket.socketpair()
    with near, far:
        namespace = {"f": lambda x, scale=1.0: (scale * x, {"n": len(x)}), "g": lambda h, x: h(x)}
        branch = Branch(Channel(far, Bounds()), namespace, Guard((), (), namespace), lambda trace: [])
        marker = _Marker(Channel(near, Bounds()), marker=True)
        for i in range(_ROUNDS):
            for kind, plain, values in _questions(i):
                marker.send(kind, plain, values)
                if values and values[0] and values[0][0] is _callback:
                    marker.send("result", (), (1.0,))  # the answer waits for the question
                branch._answer(*branch.receive())
                marker.receive()
            marker.receive()  # the callback came before the last answer


def _questions(i: int) -> Iterator[tuple[str, tuple[Any, ...], tuple[Any, ...]]]:
    x = np.linspace(0.0, 1.0, 12 + 2 * i).reshape(2, -1)
    yield "get", (1.0, "f"), ()
    yield "get", (0.0, "g"), ()
    yield "random", (0.0,), ()
    for value in (x, x.T, x[::-1].astype(np.float32), np.zeros((40, 40)), [1, 0.5, "a", (True, None)]):
        yield "call", (0.0, _F), ((value,), {"scale": 2})
    if (torch := tensors.loaded()) is not None:
        yield "call", (0.0, _F), ((torch.ones(2, 3, dtype=torch.float64),), {})
    yield "random", (0.0,), ()
    yield "call", (0.0, _G), ((_callback, x), {})


def _callback(x: Any) -> Any:
    """Stands for a function of the marker's."""


class _Marker(Talk):
    """As much of the marker's end as a rehearsal needs."""

    def encode_values(self, e: Encoder, values: Sequence[Any]) -> list[Any]:
        return [None, *super().encode_values(e, values)]

    def opaque_out(self, value: Any) -> Any:
        return [CALLBACK, 0, "h"]

    def opaque_in(self, tag: int, rest: tuple[Any, ...]) -> Any:
        return tag
