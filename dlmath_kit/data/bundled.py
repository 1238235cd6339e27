"""Data sets that are part of this package."""

from __future__ import annotations

from importlib.resources import files

import numpy as np

__all__ = ["DIABETES_FEATURES", "WINE_FEATURES", "breast_cancer", "diabetes", "digits", "wine"]

DIABETES_FEATURES = (
    "age", "sex", "body mass", "blood pressure", "cholesterol", "LDL", "HDL", "cholesterol/HDL", "triglycerides",
    "blood sugar",
)  # fmt: skip
WINE_FEATURES = (
    "alcohol", "malic acid", "ash", "alcalinity of ash", "magnesium", "phenols", "flavanoids", "nonflavanoid phenols",
    "proanthocyanins", "colour intensity", "hue", "dilution", "proline",
)  # fmt: skip


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


def wine() -> tuple[np.ndarray, np.ndarray]:
    """Thirteen measurements of wines from one valley; which of three cultivars was the grape?

    Returns:
        X: (178, 13) float64, in the units they were measured in; the columns are named by WINE_FEATURES.
        y: (178,) int64 in [0, 3), the cultivar.

    Source:
        Aeberhard and Forina (1991), Wine. CC BY 4.0.

    >>> X, y = wine()
    >>> X.shape, np.bincount(y).tolist()
    ((178, 13), [59, 71, 48])
    """
    X, y = _read("wine.npz")
    return X, y.astype(np.int64)


def diabetes() -> tuple[np.ndarray, np.ndarray]:
    """Ten measurements of patients with diabetes; how far has the disease gone one year later?

    Returns:
        X: (442, 10) float64, in the units they were measured in; the columns are named by DIABETES_FEATURES. Sex is
            coded 1 and 2, and the ninth column is the logarithm of the triglycerides.
        y: (442,) float64, a measure of progression from 25 to 346.

    Source:
        Efron, Hastie, Johnstone and Tibshirani (2004), Least Angle Regression, whose authors publish the data.

    >>> X, y = diabetes()
    >>> X.shape, float(y.mean().round(1))
    ((442, 10), 152.1)
    """
    return _read("diabetes.npz")


def _read(name: str) -> tuple[np.ndarray, np.ndarray]:
    with files(__package__).joinpath(name).open("rb") as file, np.load(file, allow_pickle=False) as arrays:
        return arrays["X"], arrays["y"]
