"""Activation functions S with their derivatives S', in forms that do not overflow."""

import numpy as np

from dlmath_ref import _check
from dlmath_ref.errors import RangeError
from dlmath_ref.losses import sigmoid

__all__ = ["activation"]

LEAK = 0.01  # slope of leaky_relu for z <= 0


def activation(name, z):
    r"""Value and derivative of an activation function at each entry.

    Equation:
        sigmoid     S = 1 / (1 + exp(-z))    S' = S (1 - S)
        tanh        S = tanh z               S' = 1 - S^2
        relu        S = max(z, 0)            S' = 1 if z > 0 else 0
        leaky_relu  S = max(z, 0.01 z)       S' = 1 if z > 0 else 0.01
        softplus    S = log(1 + exp z)       S' = 1 / (1 + exp(-z))
        identity    S = z                    S' = 1

    Args:
        name: str. "sigmoid", "tanh", "relu", "leaky_relu", "softplus" or "identity".
        z: (...) float. Any shape; any value.

    Returns:
        S(z), S'(z), arrays of the shape and dtype of z.

    Raises:
        RangeError: name is another one, or z is not real.

    Stability:
        softplus is log-add-exp, max(z, 0) + log1p(exp(-|z|)), and the sigmoid takes exp(-|z|) alone: nothing
        overflows. Of 1 - tanh(z)^2 only the absolute error is small: it is 0 beyond |z| = 19.1.

    Source:
        Liquet, Moka, Nazarathy, chapter 5. The derivative at a kink is a convention: that of z < 0, as in torch.

    >>> activation("leaky_relu", np.array([-1.0, 0.0, 2.0]))
    (array([-0.01,  0.  ,  2.  ]), array([0.01, 0.01, 1.  ]))
    """
    z = _check.real("activation", "z", z)
    if name not in RULES:
        raise RangeError(f"activation: got name {name!r}, expected one of {', '.join(RULES)}.")
    value, slope = RULES[name](z)
    return np.asarray(value), np.asarray(slope)


def _sigmoid(z):
    return sigmoid(z), sigmoid(z) * sigmoid(-z)  # sigma(-z) = 1 - sigma(z), without cancellation


def _tanh(z):
    t = np.tanh(z)
    return t, 1 - t**2


def _relu(z):
    return np.maximum(z, 0), (z > 0).astype(z.dtype)


def _leaky_relu(z):
    slope = np.where(z > 0, 1, LEAK).astype(z.dtype)
    return slope * z, slope


def _softplus(z):
    return np.logaddexp(0, z).astype(z.dtype), sigmoid(z)


def _identity(z):
    return z.copy(), np.ones_like(z)


RULES = {
    "sigmoid": _sigmoid,
    "tanh": _tanh,
    "relu": _relu,
    "leaky_relu": _leaky_relu,
    "softplus": _softplus,
    "identity": _identity,
}
