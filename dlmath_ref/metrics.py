"""How good predictions are: squared and absolute errors, counts of right and wrong classes."""

import numpy as np

from dlmath_ref import _check
from dlmath_ref.errors import RangeError, ShapeError

__all__ = ["accuracy", "regression_metrics"]


def regression_metrics(y, yhat, delta=1.0):
    r"""Four measures of how far predictions are from the targets.

    Equation:
        e_i = yhat_i - y_i
        mse = (1/n) sum_i e_i^2,  mae = (1/n) sum_i |e_i|
        huber = (1/n) sum_i h(e_i) with h(e) = e^2 / 2 if |e| <= delta else delta (|e| - delta / 2)
        r2 = 1 - sum_i e_i^2 / sum_i (y_i - mean y)^2; for constant y: 1 if all e_i are 0, else 0

    Args:
        y: (n,) float. Targets, n at least 1.
        yhat: (n,) float. Predictions.
        delta: float. Where Huber's loss turns from a parabola into a line, above 0.

    Returns:
        dict of floats with the keys "mse", "mae", "huber" and "r2".

    Raises:
        ShapeError: y is not (n,) with n at least 1, or yhat has another shape.
        RangeError: delta is not above 0, or an array is not real.

    Stability:
        y counts as constant when all its entries are equal, also where their mean is rounded.

    Source:
        Liquet, Moka, Nazarathy, chapter 2; h: Huber (1964). r2 of a constant y as in scikit-learn's r2_score.

    >>> regression_metrics(np.array([1.0, 2.0, 3.0]), np.array([1.0, 2.0, 5.0]))["huber"]
    0.5
    """
    y, yhat = _check.real("regression_metrics", "y", y, 1), _check.real("regression_metrics", "yhat", yhat, 1)
    _pairs("regression_metrics", y, yhat)
    delta = _check.scalar("regression_metrics", "delta", delta)
    if not delta > 0:
        raise RangeError(f"regression_metrics: got delta = {delta}, expected a number above 0.")
    e = yhat - y
    size = np.abs(e)
    huber = np.where(size <= delta, e**2 / 2, delta * (size - delta / 2))
    return {
        "mse": float(np.mean(e**2)),
        "mae": float(np.mean(size)),
        "huber": float(np.mean(huber)),
        "r2": _r2(y, e),
    }


def _r2(y, e):
    """Share of the spread of y that is explained, from the errors e."""
    if y.min() == y.max():
        return 0.0 if e.any() else 1.0
    return float(1 - np.sum(e**2) / np.sum((y - y.mean()) ** 2))


def accuracy(y, yhat):
    r"""Share of samples whose predicted class is the true one.

    Equation:
        (1/n) #{i: yhat_i = y_i}

    Args:
        y: (n,) int. True classes, n at least 1; in [0, K), or any other labels.
        yhat: (n,) int. Predicted classes, in [0, K) alike.

    Returns:
        float in [0, 1].

    Raises:
        ShapeError: y is not (n,) with n at least 1, or yhat has another shape.

    Stability:
        Exact but for one division.

    Source:
        Liquet, Moka, Nazarathy, chapter 2.

    >>> accuracy(np.array([0, 1, 2, 2]), np.array([0, 1, 1, 2]))
    0.75
    """
    y, yhat = np.asarray(y), np.asarray(yhat)
    _pairs("accuracy", y, yhat)
    return float(np.mean(y == yhat))


def _pairs(where, y, yhat):
    """Refuses anything but two (n,) arrays with n at least 1."""
    if y.ndim != 1 or len(y) == 0:
        raise ShapeError(f"{where}: got y of shape {y.shape}, expected (n,) with n at least 1.")
    _check.same_shape(where, "yhat", yhat, y.shape)
