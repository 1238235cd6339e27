"""A limit for the length of a step."""

import numpy as np

from dlmath_ref import _check
from dlmath_ref.errors import RangeError

__all__ = ["clip_global_norm"]


def clip_global_norm(grads, max_norm):
    r"""Gradients shortened by one common factor, so that all of them together are no longer than a limit.

    Equation:
        N = sqrt(sum_k ||g_k||^2),  g_k <- c g_k,  c = min(1, max_norm / N),  c = 1 where N = 0

    Args:
        grads: list of (...) float. The gradients g_k, any shapes, any number of them.
        max_norm: float. The limit, above 0.

    Returns:
        The list of the shortened gradients, each of its shape and dtype, and N float, the norm before.

    Raises:
        ShapeError: max_norm is not a scalar.
        RangeError: max_norm is not above 0.

    Stability:
        All entries are divided by the largest before they are squared: gradients of size 1e200 have a norm, and so
        have those of size 1e-200. A gradient with inf or nan has the norm inf or nan, and nothing can be saved.

    Source:
        Pascanu, Mikolov, Bengio (2013), algorithm 1. Differs from torch's clip_grad_norm_: no 1e-6 is added to N, and
        nothing is changed in place.

    >>> clip_global_norm([np.array([3.0]), np.array([4.0])], max_norm=1.0)
    ([array([0.6]), array([0.8])], 5.0)
    """
    grads = [_check.real("clip_global_norm", "a gradient", g) for g in grads]
    max_norm = _check.scalar("clip_global_norm", "max_norm", max_norm)
    if not max_norm > 0:
        raise RangeError(f"clip_global_norm: got max_norm = {max_norm}, expected a number above 0.")
    N = _global_norm(grads)
    c = max_norm / N if N > max_norm else 1.0
    return [g * c for g in grads], N


def _global_norm(grads):
    largest = max((float(np.abs(g).max()) for g in grads if g.size), default=0.0)
    if not 0 < largest < np.inf:
        return largest
    return largest * float(np.sqrt(sum(np.sum((g / largest) ** 2, dtype=np.float64) for g in grads)))
