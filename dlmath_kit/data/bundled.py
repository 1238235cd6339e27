"""Data sets that are part of this package."""

from __future__ import annotations

from importlib.resources import files

import numpy as np

__all__ = ["breast_cancer", "digits"]


def digits() -> tuple[np.ndarray, np.ndarray]:
    """Handwritten digits, 8 x 8 pixels, one image per row.

    Returns:
        X: (1797, 64) float64 in [0, 1], 0 is paper and 1 is ink; `X[i].reshape(8, 8)` is an image.
        y: (1797,) int64 in [0, 10).

    Source:
        Alpaydin and Kaynak (1998), Optical Recognition of Handwritten Digits, test part. CC BY 4.0.

    >>> X, y = digits()
    >>> X.shape, y[:5].tolist()
    ((1797, 64), [0, 1, 2, 3, 4])
    """
    X, y = _read("digits.npz")
    return X / 16.0, y.astype(np.int64)


def breast_cancer() -> tuple[np.ndarray, np.ndarray]:
    """Thirty measurements of cell nuclei; is the tumour benign?

    Returns:
        X: (569, 30) float64, in the units they were measured in: standardise before descending.
        y: (569,) int64, 1 benign, 0 malignant.

    Source:
        Wolberg, Mangasarian, Street and Street (1993), Breast Cancer Wisconsin (Diagnostic). CC BY 4.0.

    >>> X, y = breast_cancer()
    >>> X.shape, int(y.sum())
    ((569, 30), 357)
    """
    X, y = _read("breast_cancer.npz")
    return X.astype(np.float64), y.astype(np.int64)


def _read(name: str) -> tuple[np.ndarray, np.ndarray]:
    with files(__package__).joinpath(name).open("rb") as file, np.load(file, allow_pickle=False) as arrays:
        return arrays["X"], arrays["y"]
