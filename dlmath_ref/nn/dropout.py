"""Inverted dropout: units are switched off at random while a network is trained."""

import numpy as np

from dlmath_ref import _check
from dlmath_ref.errors import RangeError

__all__ = ["dropout_backward", "dropout_forward"]


def dropout_forward(A, p_drop, rng, train=True):
    r"""Activations with each entry dropped with probability p, the others scaled so that the expectation stays.

    Equation:
        in training: out = A * mask / (1 - p),  mask entries independent and True with probability 1 - p
        in evaluation: out = A,  mask True everywhere

    Args:
        A: (...) float. Activations, any shape; one sample a row.
        p_drop: float. The probability p of dropping an entry, in [0, 1).
        rng: Generator. Draws the mask; not used in evaluation.
        train: bool. Training or evaluation.

    Returns:
        out, array of the shape and dtype of A, and mask, bool array of that shape: True where an entry is kept.

    Raises:
        ShapeError: p_drop is not a scalar.
        RangeError: p_drop is not in [0, 1).

    Stability:
        A dropped entry is 0 whatever it was, also inf or nan.

    Source:
        Srivastava et al. (2014), section 10, "inverted"; Liquet, Moka, Nazarathy, chapter 5. As torch's dropout,
        which also allows p = 1.

    >>> out, mask = dropout_forward(np.ones((1, 6)), 0.5, np.random.default_rng(0))
    >>> out, mask.sum()
    (array([[2., 0., 0., 0., 2., 2.]]), np.int64(3))
    """
    A, p = _check.real("dropout_forward", "A", A), _probability("dropout_forward", p_drop)
    if not train:
        return A.copy(), np.ones(A.shape, bool)
    mask = rng.random(A.shape) >= p
    return np.where(mask, A / (1 - p), 0), mask


def dropout_backward(g, mask, p_drop):
    r"""Gradient with respect to the activations that went into dropout.

    Equation:
        g_A = g * mask / (1 - p)

    Args:
        g: (...) float. Gradient with respect to the output of dropout_forward.
        mask: (...) bool. The mask of that call, True where an entry was kept, of the shape of g.
        p_drop: float. The probability p of that call, in [0, 1).

    Returns:
        array of the shape and dtype of g.

    Raises:
        ShapeError: mask has not the shape of g, or p_drop is not a scalar.
        RangeError: mask is not boolean, or p_drop is not in [0, 1).

    Stability:
        A dropped entry has the gradient 0, also where g is inf or nan.

    Source:
        The derivative of dropout_forward for a given mask; Srivastava et al. (2014).

    >>> dropout_backward(np.array([3.0, 4.0]), np.array([True, False]), 0.25)
    array([4., 0.])
    """
    g, p = _check.real("dropout_backward", "g", g), _probability("dropout_backward", p_drop)
    mask = np.asarray(mask)
    _check.same_shape("dropout_backward", "mask", mask, g.shape)
    if mask.dtype != bool:
        raise RangeError(f"dropout_backward: got mask of dtype {mask.dtype}, expected booleans.")
    return np.where(mask, g / (1 - p), 0)


def _probability(where, p_drop):
    p = _check.scalar(where, "p_drop", p_drop)
    if not 0 <= p < 1:
        raise RangeError(f"{where}: got p_drop = {p}, expected [0, 1).")
    return p
