"""Validation shared by all modules: what was got, what was expected."""

import numpy as np

from dlmath_ref.errors import RangeError, ShapeError


def real(where, name, x, ndim=None):
    """`x` as an array of float32 (when it is one) or float64, of rank `ndim` when given."""
    array = np.asarray(x)
    if array.dtype.kind not in "fiub":
        raise RangeError(f"{where}: got {name} of dtype {array.dtype}, expected real numbers.")
    if ndim is not None and array.ndim != ndim:
        raise ShapeError(f"{where}: got {name} of shape {array.shape}, expected {ndim} axes.")
    return array if array.dtype in (np.float32, np.float64) else array.astype(np.float64)


def same_shape(where, name, array, expected):
    """Refuses an array whose shape is not `expected`."""
    if np.shape(array) != expected:
        raise ShapeError(f"{where}: got {name} of shape {np.shape(array)}, expected {expected}.")


def scalar(where, name, x):
    """`x` as a float, which never widens a float32 array."""
    same_shape(where, name, x, ())
    return float(x)


def labels(where, name, y, n, K):
    """`y` as an (n,) array of class indices in [0, K)."""
    array = np.asarray(y)
    same_shape(where, name, array, (n,))
    if array.dtype.kind not in "iub":
        raise RangeError(f"{where}: got {name} of dtype {array.dtype}, expected integers in [0, {K}).")
    if array.size and not 0 <= array.min() <= array.max() < K:
        raise RangeError(f"{where}: got {name} in [{array.min()}, {array.max()}], expected integers in [0, {K}).")
    return array.astype(np.int64)


def binary(where, name, y, n):
    """`y` as an (n,) array of zeros and ones."""
    array = real(where, name, y)
    same_shape(where, name, array, (n,))
    if not np.isin(array, (0, 1)).all():
        raise RangeError(f"{where}: got {name} with values other than 0 and 1, expected labels in {{0, 1}}.")
    return array


def count(where, name, value, least):
    """`value` as an int that is at least `least`."""
    if isinstance(value, bool) or not isinstance(value, (int, np.integer)) or value < least:
        raise RangeError(f"{where}: got {name} = {value!r}, expected an integer of at least {least}.")
    return int(value)


def nonempty(where, X):
    """Refuses a design matrix without rows: a mean over no samples is not defined."""
    if len(X) == 0:
        raise ShapeError(f"{where}: got X of shape {X.shape}, expected at least one row.")
