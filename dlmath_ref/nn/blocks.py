"""Blocks of convolutional networks: the inception module."""

import numpy as np

from dlmath_ref import _check
from dlmath_ref.errors import RangeError, ShapeError
from dlmath_ref.nn.conv import conv2d
from dlmath_ref.nn.pool import maxpool

__all__ = ["inception_forward"]

SIDES = {"b1": 1, "b3r": 1, "b3": 3, "b5r": 1, "b5": 5, "bp": 1}  # of the filters


def inception_forward(X, P):
    r"""Four branches side by side, which look at windows of four kinds; their channels are concatenated.

    Equation:
        L_name(X) = max(conv2d(X, *P[name], pad), 0),  pad = 0, 1, 2 for filters of side 1, 3, 5
        out = [L_b1(X), L_b3(L_b3r(X)), L_b5(L_b5r(X)), L_bp(maxpool(X, k=3, stride=1, pad=1))]  along the channels

    Args:
        X: (N, C, H, W) float. Images.
        P: dict of (K, b), filters and biases: "b1" (F, C, 1, 1), "b3r" (R, C, 1, 1), "b3" (F, R, 3, 3),
            "b5r" (R, C, 1, 1), "b5" (F, R, 5, 5), "bp" (F, C, 1, 1). F and R may differ between branches; b is
            (F,) or (R,).

    Returns:
        (N, F_b1 + F_b3 + F_b5 + F_bp, H, W) array, dtype of X and P.

    Raises:
        ShapeError: X is not (N, C, H, W), or filters do not have the side or the channels of their place.
        RangeError: the keys of P are not the six above.

    Stability:
        That of conv2d.

    Source:
        Szegedy et al. (2015), figure 2(b); Liquet, Moka, Nazarathy, chapter 6, figure 6.13. A ReLU follows every
        convolution, also the reductions.

    >>> X, one = np.array([[[[-1.0, 2.0]]]]), (np.ones((1, 1, 1, 1)), np.zeros(1))
    >>> b3, b5 = (np.ones((1, 1, 3, 3)), np.zeros(1)), (np.zeros((1, 1, 5, 5)), np.ones(1))
    >>> P = {"b1": one, "b3r": one, "b3": b3, "b5r": one, "b5": b5, "bp": one}
    >>> inception_forward(X, P)[0, :, 0]
    array([[0., 2.],
           [2., 2.],
           [1., 1.],
           [2., 2.]])
    """
    X = _check.real("inception_forward", "X", X, 4)
    P = _layers(P)
    return np.concatenate(
        [
            _layer(X, P["b1"]),
            _layer(_layer(X, P["b3r"]), P["b3"]),
            _layer(_layer(X, P["b5r"]), P["b5"]),
            _layer(maxpool(X, k=3, stride=1, pad=1), P["bp"]),
        ],
        axis=1,
    )


def _layer(X, parameters):
    """Convolution that keeps height and width, then ReLU."""
    K, b = parameters
    return np.maximum(conv2d(X, K, b, pad=K.shape[2] // 2), 0)


def _layers(P):
    if set(P) != set(SIDES):
        raise RangeError(f"inception_forward: got the keys {sorted(P)}, expected {sorted(SIDES)}.")
    P = {name: (_check.real("inception_forward", f"P[{name!r}][0]", K, 4), b) for name, (K, b) in P.items()}
    for name, side in SIDES.items():
        if P[name][0].shape[2:] != (side, side):
            got = P[name][0].shape
            raise ShapeError(f"inception_forward: got P[{name!r}][0] of shape {got}, expected {side} x {side} filters.")
    return P
