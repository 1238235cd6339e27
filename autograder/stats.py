"""Tests of random answers with a stated, tiny chance of failing a right one.

Every check says with which probability a right answer fails it: `ALPHA`, unless told otherwise.
A course with 22 such checks fails a right student somewhere with probability below 2.2e-8.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np
from scipy import special

from autograder.key.mismatch import Mismatch

__all__ = [
    "ALPHA",
    "binomial_bounds",
    "binomial_p",
    "dkw_radius",
    "law",
    "rate",
    "sequential_rate",
    "variance",
    "variance_band",
]

ALPHA = 1e-9
STAGES = (1, 8, 64)  # sample sizes of a sequential test, in units of the first
ENOUGH = 1e-2  # a p-value above this ends a sequential test with a pass


def binomial_p(successes: int, trials: int, p: float) -> float:
    """Two-sided exact p-value: twice the smaller tail, at most 1."""
    lower = float(special.bdtr(successes, trials, p))
    upper = float(special.bdtrc(successes - 1, trials, p)) if successes > 0 else 1.0
    return min(1.0, 2 * min(lower, upper))


def binomial_bounds(trials: int, p: float, alpha: float = ALPHA) -> tuple[int, int]:
    """Smallest and largest number of successes with a p-value of at least alpha."""
    k = np.arange(trials + 1)
    lower = special.bdtr(k, trials, p)
    upper = np.concatenate([[1.0], special.bdtrc(k[:-1], trials, p)])
    inside = np.flatnonzero(2 * np.minimum(lower, upper) >= alpha)
    return int(inside[0]), int(inside[-1])


def variance_band(n: int, alpha: float = ALPHA) -> tuple[float, float]:
    """Band of (mean square) / (true variance) for n independent centred normal values, from chi-square."""
    return 2 * float(special.gammaincinv(n / 2, alpha / 2)) / n, 2 * float(special.gammainccinv(n / 2, alpha / 2)) / n


def dkw_radius(n: int, alpha: float = ALPHA) -> float:
    """Largest distance between the empirical and the true law of n values (Dvoretzky-Kiefer-Wolfowitz-Massart)."""
    return math.sqrt(math.log(2 / alpha) / (2 * n))


def rate(successes: Any, trials: int, p: float, what: str, alpha: float = ALPHA) -> None:
    """Raise Mismatch unless `successes` of `trials` fit the probability p.

    Args:
        what: what happened, for the message: "the greedy action".
    """
    if not binomial_p(int(successes), trials, p) >= alpha:
        often = "often" if successes > trials * p else "rarely"
        raise Mismatch(f"{what} comes too {often}.", int(successes) / trials, p)


def variance(sample: Any, expected: float, what: str, alpha: float = ALPHA) -> None:
    """Raise Mismatch unless normal values with mean 0 fit the variance."""
    values = np.asarray(sample, dtype=float).ravel()
    low, high = variance_band(values.size, alpha)
    ratio = float(np.mean(values**2)) / expected
    if not low <= ratio <= high:
        size = "large" if ratio > high else "small"
        raise Mismatch(f"{what}: the variance is too {size}.", ratio * expected, expected)


def law(sample: Any, cdf: Callable[[np.ndarray], np.ndarray], what: str, alpha: float = ALPHA) -> None:
    """Raise Mismatch unless independent values fit a continuous distribution function."""
    x = np.sort(np.asarray(sample, dtype=float).ravel())
    n, F = x.size, np.asarray(cdf(x))
    distance = max(float(np.max(np.arange(1, n + 1) / n - F)), float(np.max(F - np.arange(n) / n)))
    if not distance <= dkw_radius(n, alpha):
        raise Mismatch(f"{what}: the values do not follow the distribution that was asked for.")


def sequential_rate(draw: Callable[[int], Any], p: float, first: int, what: str, alpha: float = ALPHA) -> None:
    """Like `rate`, for draws that cost time: stages of first, 8 first and 64 first draws in all.

    Passes at the first stage with a p-value above 1e-2; fails only at the last, below alpha. A right answer fails
    with probability at most alpha, since stopping early can only pass it.

    Args:
        draw: draw(m) makes m more draws and returns the number of successes among them.
    """
    successes = done = 0
    for stage in STAGES:
        successes += int(draw(first * stage - done))
        done = first * stage
        if binomial_p(successes, done, p) > ENOUGH:
            return
    rate(successes, done, p, what, alpha)
