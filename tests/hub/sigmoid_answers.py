"""Answers to the first exercise of unit 2, `sigmoid_stable`, as students write them into its cell."""

from __future__ import annotations

__all__ = ["OVERFLOWING_SIGMOID", "RIGHT_SIGMOID"]

RIGHT_SIGMOID = """def sigmoid(z: np.ndarray) -> np.ndarray:
    e = np.exp(-np.abs(z))
    return np.where(np.asarray(z) >= 0, 1.0, e) / (1.0 + e)


def log_sigmoid(z: np.ndarray) -> np.ndarray:
    return np.minimum(z, 0.0) - np.log1p(np.exp(-np.abs(z)))
"""
OVERFLOWING_SIGMOID = """def sigmoid(z: np.ndarray) -> np.ndarray:
    return 1.0 / (1.0 + np.exp(-z))


def log_sigmoid(z: np.ndarray) -> np.ndarray:
    return np.log(sigmoid(z))
"""
