"""How samples are divided: the index batches of an epoch."""

import numpy as np

from dlmath_ref import _check

__all__ = ["minibatches"]


def minibatches(n, batch_size, rng, drop_last=False):
    r"""One epoch: the samples in random order, cut into batches.

    Equation:
        a random permutation of 0, ..., n - 1 cut into ceil(n / batch_size) blocks; the last may be shorter

    Args:
        n: int. Number of samples, at least 0.
        batch_size: int. Samples in a batch, at least 1.
        rng: Generator. Draws the permutation.
        drop_last: bool. Whether a shorter last batch is left out.

    Returns:
        list of (B,) int64 arrays of indices.

    Raises:
        RangeError: n is not an integer of at least 0, or batch_size not one of at least 1.

    Stability:
        Exact.

    Source:
        Liquet, Moka, Nazarathy, chapter 4 (mini-batches).

    >>> [len(batch) for batch in minibatches(5, 2, np.random.default_rng(0))]
    [2, 2, 1]
    """
    n = _check.count("minibatches", "n", n, 0)
    batch_size = _check.count("minibatches", "batch_size", batch_size, 1)
    order = rng.permutation(n).astype(np.int64)
    stop = n - n % batch_size if drop_last else n
    return [order[start : start + batch_size] for start in range(0, stop, batch_size)]
