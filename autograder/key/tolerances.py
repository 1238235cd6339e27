"""How near is near enough: |got - expected| <= atol + rtol * scale."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

__all__ = ["ITER", "T32", "T64", "T64E", "Tolerance"]


@dataclass(frozen=True)
class Tolerance:
    """A comparison class.

    Args:
        rtol, atol: relative and absolute error.
        rms: the scale of an entry is max(|expected|, root mean square of expected) when true,
            |expected| when false.
    """

    name: str
    rtol: float
    atol: float
    rms: bool = True

    def allowed(self, expected: np.ndarray) -> np.ndarray:
        """The allowed error of each entry; expected is finite."""
        size = np.abs(expected)
        if self.rms and size.size:
            top = size.max()
            if top > 0:
                size = np.maximum(size, top * np.sqrt(np.mean((size / top) ** 2)))
        return self.atol + self.rtol * size

    def for_dtype(self, dtype: np.dtype) -> Tolerance:
        """This class, or T32 where the expected values themselves have only single precision."""
        return T32 if dtype in (np.float32, np.complex64) and self.rtol < T32.rtol else self


T64 = Tolerance("T64", 1e-7, 1e-10)  # closed forms and single updates in float64
T64E = Tolerance("T64E", 1e-9, 1e-30, rms=False)  # tails and saturation, entry by entry
T32 = Tolerance("T32", 3e-4, 3e-5)  # the same inputs in float32
ITER = Tolerance("ITER", 1e-6, 1e-9)  # iterative solvers, Cholesky, normal equations
