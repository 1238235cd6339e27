"""Gradients against central differences along random directions (comparison class FD)."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from autograder.key.comparators import _values
from autograder.key.kinds import as_numpy
from autograder.key.mismatch import Mismatch

__all__ = ["directional"]

STEP = 1e-5
DIRECTIONS = 5


def directional(
    gradient: Any,
    f: Callable[..., Any],
    theta: Any,
    rng: np.random.Generator,
    tol: float = 1e-6,
    what: str = "the gradient",
) -> None:
    """Raise Mismatch unless <gradient, u> is the slope of f at theta along random directions u.

    |<g, u> - (f(theta + h u) - f(theta - h u)) / 2h| <= tol (1 + |<g, u>|), h = 1e-5, 5 directions.

    Args:
        gradient: what the student returned; like theta.
        f: the reference's objective; takes theta, or the entries of theta when it is a tuple.
        theta: float array or number, or a tuple of them.
    """
    several = isinstance(theta, (tuple, list))
    thetas = [np.asarray(as_numpy(t), dtype=float) for t in (theta if several else (theta,))]
    parts = _parts(gradient, theta, several, what)
    for _ in range(DIRECTIONS):
        u = [rng.normal(size=t.shape) for t in thetas]
        inner = float(sum(np.sum(g * d) for g, d in zip(parts, u, strict=True)))
        up = f(*[t + STEP * d for t, d in zip(thetas, u, strict=True)])
        down = f(*[t - STEP * d for t, d in zip(thetas, u, strict=True)])
        slope = (float(up) - float(down)) / (2 * STEP)
        if not abs(inner - slope) <= tol * (1 + abs(inner)):
            raise Mismatch(f"{what} is not the slope of the objective (compared with central differences).")


def _parts(gradient: Any, theta: Any, several: bool, what: str) -> list[np.ndarray]:
    if not several:
        return [_values(gradient, _float(theta), what)[0].astype(float)]
    if type(gradient) not in (tuple, list) or len(gradient) != len(theta):
        raise Mismatch(f"{what}: got something else than {len(theta)} gradients, expected one for each parameter.")
    return [
        _values(g, _float(t), f"{what} (item {i + 1})")[0].astype(float)
        for i, (g, t) in enumerate(zip(gradient, theta, strict=True))
    ]


def _float(theta: Any) -> Any:
    return np.asarray(theta, dtype=float) if not hasattr(theta, "detach") else theta
