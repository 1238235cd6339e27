"""A data set by name, with a fallback for machines that do not have it."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import numpy as np

from dlmath_kit.data.bundled import breast_cancer, diabetes, digits, wine
from dlmath_kit.data.cifar import load_cifar10
from dlmath_kit.data.real import DataNotFound, load_mnist

__all__ = ["data_root", "get"]

_BUNDLED: dict[str, Callable[[], tuple[np.ndarray, np.ndarray]]] = {
    "digits": digits,
    "breast_cancer": breast_cancer,
    "wine": wine,
    "diabetes": diabetes,
}
_FLAVOURS = {"mnist": "digits", "fashion_mnist": "fashion"}


def data_root() -> Path:
    """Where data sets lie unless said otherwise: $DLMATH_DATA, or `dlmath` in the user's cache folder."""
    return Path(os.environ.get("DLMATH_DATA") or os.path.expanduser("~/.cache/dlmath"))


def get(name: str, root: str | Path | None = None, fallback: str | None = None) -> tuple[np.ndarray, np.ndarray]:
    """The data set `name`, or `fallback` where it is not on this machine; prints which one it is.

    The network is never used: call `download` first. Images come flattened, one per row.

    Args:
        name: "digits", "breast_cancer", "wine", "diabetes", "mnist", "fashion_mnist" or "cifar10" (their training
            parts).
        root: folder of data sets; `data_root()` unless given.
        fallback: a name to take instead, or None to raise.

    Returns:
        X: (n, p) float64; float32 for cifar10.
        y: (n,) int64; float64 for diabetes.

    Raises:
        ValueError: unknown name.
        DataNotFound: not on this machine, and no fallback.

    >>> X, y = get("digits")
    digits: 1797 samples of 64 features
    """
    try:
        X, y = _load(name, root)
    except DataNotFound as missing:
        if fallback is None:
            raise
        print(f"{missing}\nUsing {fallback} instead.")
        return get(fallback, root)
    print(f"{name}: {len(X)} samples of {X.shape[1]} features")
    return X, y


def _load(name: str, root: str | Path | None) -> tuple[np.ndarray, np.ndarray]:
    if name in _BUNDLED:
        return _BUNDLED[name]()
    if name == "cifar10":
        X, y = load_cifar10(root or data_root())
    elif name in _FLAVOURS:
        X, y = load_mnist(root or data_root(), flavour=_FLAVOURS[name])
    else:
        known = [*_BUNDLED, *_FLAVOURS, "cifar10"]
        raise ValueError(f"name: got {name!r}, expected one of {', '.join(known)}.")
    return X.reshape(len(X), -1), y
