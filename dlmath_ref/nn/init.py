"""Random weights to begin with."""

import numpy as np

from dlmath_ref import _check
from dlmath_ref.errors import RangeError

__all__ = ["init_layer"]


def init_layer(n_out, n_in, scheme, rng):
    r"""Random weights of a layer by the scheme of He or of Xavier Glorot, and biases of zeros.

    Equation:
        "he_normal":       W_ij ~ N(0, 2 / n_in), where 2 / n_in is the variance
        "xavier_uniform":  W_ij ~ U(-a, a),  a = sqrt(6 / (n_in + n_out))
        all W_ij independent,  b = 0

    Args:
        n_out: int. Neurons of the layer, at least 1.
        n_in: int. Inputs of the layer, at least 1.
        scheme: str. "he_normal" or "xavier_uniform".
        rng: Generator. Draws the weights.

    Returns:
        W (n_out, n_in) and b (n_out,), float64 arrays.

    Raises:
        RangeError: n_out or n_in is not an integer of at least 1, or the scheme is unknown.

    Stability:
        He: if z is symmetric about 0 and a = ReLU(z), then n_in E[W_ij^2] E[a^2] = E[z^2], so that signals keep
        their size through ReLU layers of any number. Xavier: the same for a = z where n_in = n_out.

    Source:
        He et al. (2015), equation 10; Glorot and Bengio (2010), equation 16; Liquet, Moka, Nazarathy, chapter 5.
        As torch's kaiming_normal_ (for ReLU) and xavier_uniform_, which read both sizes from the shape of W.

    >>> W, b = init_layer(4, 8, "xavier_uniform", np.random.default_rng(0))
    >>> W.shape, bool((abs(W) <= np.sqrt(6 / 12)).all()), b
    ((4, 8), True, array([0., 0., 0., 0.]))
    """
    n_out, n_in = _check.count("init_layer", "n_out", n_out, 1), _check.count("init_layer", "n_in", n_in, 1)
    if scheme == "he_normal":
        W = np.sqrt(2 / n_in) * rng.standard_normal((n_out, n_in))
    elif scheme == "xavier_uniform":
        a = np.sqrt(6 / (n_in + n_out))
        W = rng.uniform(-a, a, (n_out, n_in))
    else:
        raise RangeError(f'init_layer: got scheme = {scheme!r}, expected "he_normal" or "xavier_uniform".')
    return W, np.zeros(n_out)
