"""How samples are divided: train, dev and test, folds, the index batches of an epoch; when training stops."""

import numpy as np

from dlmath_ref import _check
from dlmath_ref.errors import RangeError, ShapeError

__all__ = ["early_stopping", "kfold_cv", "kfold_indices", "minibatches", "split_indices"]


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


def split_indices(n, fractions, rng):
    r"""A random partition of the samples into a training, a development and a test part.

    Equation:
        a random permutation of 0, ..., n - 1 cut into three: floor(f_dev n + 1e-9) and floor(f_test n + 1e-9) samples
        for dev and test, all others for train

    Args:
        n: int. Number of samples, at least 0.
        fractions: (3,) float. Shares of train, dev and test, at least 0, with sum 1.
        rng: Generator. Draws the permutation.

    Returns:
        train, dev and test, 1-D int64 arrays of indices.

    Raises:
        ShapeError: fractions is not (3,).
        RangeError: n is not an integer of at least 0, or fractions are negative or do not sum to 1 within 1e-6.

    Stability:
        The 1e-9 keeps a share such as 0.29 of 100, rounded to 28.999..., from losing a sample.

    Source:
        Liquet, Moka, Nazarathy, chapter 2.

    >>> [len(part) for part in split_indices(10, (0.7, 0.15, 0.15), np.random.default_rng(0))]
    [8, 1, 1]
    """
    n = _check.count("split_indices", "n", n, 0)
    fractions = _check.real("split_indices", "fractions", fractions)
    _check.same_shape("split_indices", "fractions", fractions, (3,))
    if not (fractions.min() >= 0 and abs(fractions.sum() - 1) <= 1e-6):
        raise RangeError(
            f"split_indices: got fractions {fractions.tolist()}, expected shares of at least 0 with sum 1."
        )
    n_dev, n_test = (int(np.floor(float(f) * n + 1e-9)) for f in fractions[1:])
    order = rng.permutation(n).astype(np.int64)
    test, dev, train = np.split(order, [n_test, n_test + n_dev])
    return train, dev, test


def kfold_indices(n, k, rng):
    r"""A random partition of the samples into k folds of nearly equal size.

    Equation:
        a random permutation of 0, ..., n - 1 cut into k blocks, n mod k of them one sample longer than the others

    Args:
        n: int. Number of samples, at least 1.
        k: int. Number of folds, in {1, ..., n}.
        rng: Generator. Draws the permutation.

    Returns:
        list of k 1-D int64 arrays of indices.

    Raises:
        RangeError: n is not an integer of at least 1, or k is not an integer in {1, ..., n}.

    Stability:
        Exact.

    Source:
        Liquet, Moka, Nazarathy, chapter 2 (k-fold cross-validation).

    >>> [len(fold) for fold in kfold_indices(8, 3, np.random.default_rng(0))]
    [3, 3, 2]
    """
    n = _check.count("kfold_indices", "n", n, 1)
    k = _check.count("kfold_indices", "k", k, 1)
    if k > n:
        raise RangeError(f"kfold_indices: got k = {k}, expected at most n = {n}.")
    return np.array_split(rng.permutation(n).astype(np.int64), k)


def kfold_cv(X, y, k, prep_fit, fit, loss, rng):
    r"""Losses of k-fold cross-validation: each fold is judged by what was learnt from the other folds alone.

    Equation:
        T_j = prep_fit(X without D_j),  f_j = fit(T_j(X without D_j), y without D_j)
        E_j = loss(f_j, T_j(X of D_j), y of D_j) for the folds D_1, ..., D_k of kfold_indices

    Args:
        X: (n, p) float. Design matrix, one sample a row.
        y: (n,) float. Targets; any dtype.
        k: int. Number of folds, in {2, ..., n}.
        prep_fit: callable (m, p) -> callable. Learns a preprocessing; what it returns transforms (., p) arrays.
        fit: callable (m, p), (m,) -> any. Learns a model.
        loss: callable any, (m, p), (m,) -> float. Judges a model.
        rng: Generator. Draws the folds.

    Returns:
        (k,) array of E_1, ..., E_k, dtype of X.

    Raises:
        ShapeError: X is not (n, p), or y is not (n,).
        RangeError: k is not an integer in {2, ..., n}.

    Stability:
        That of the functions passed in; nothing is averaged.

    Source:
        Liquet, Moka, Nazarathy, chapter 2 (k-fold cross-validation).

    >>> y, rng = np.array([0.0, 1.0, 5.0]), np.random.default_rng(0)
    >>> same, mean, square = lambda X: lambda X: X, lambda X, y: y.mean(), lambda m, X, y: (y[0] - m) ** 2
    >>> np.sort(kfold_cv(np.zeros((3, 1)), y, 3, same, mean, square, rng))  # (1 - 5/2)^2, (0 - 3)^2, (5 - 1/2)^2
    array([ 2.25,  9.  , 20.25])
    """
    X, y = _check.real("kfold_cv", "X", X, 2), np.asarray(y)
    _check.same_shape("kfold_cv", "y", y, (len(X),))
    k = _check.count("kfold_cv", "k", k, 2)
    if k > len(X):
        raise RangeError(f"kfold_cv: got k = {k}, expected at most n = {len(X)}.")
    losses = []
    for fold in kfold_indices(len(X), k, rng):
        rest = np.setdiff1d(np.arange(len(X)), fold)
        transform = prep_fit(X[rest])
        model = fit(transform(X[rest]), y[rest])
        losses.append(loss(model, transform(X[fold]), y[fold]))
    return np.array(losses, X.dtype)


def early_stopping(val_losses, patience, min_delta=0.0):
    r"""The best epoch, and the one after which training stops because the validation loss no longer improves.

    Equation:
        epoch t improves on the best epoch b so far when L_t < L_b - min_delta, and then b = t; b = 0 at first
        training stops after the first epoch t with t - b = patience

    Args:
        val_losses: (T,) float. Validation losses L_0, ..., L_(T-1), one for each epoch, T at least 1; none is NaN.
        patience: int. Epochs in a row without improvement that are let pass, at least 1.
        min_delta: float. What an improvement must exceed, at least 0.

    Returns:
        best int, stop int: epochs counted from 0. stop is the last epoch, T - 1, when training never has to stop.
        Losses after stop do not count.

    Raises:
        ShapeError: val_losses is not (T,) with T at least 1, or min_delta is not a scalar.
        RangeError: a loss is NaN, patience is not an integer of at least 1, or min_delta is not at least 0.

    Stability:
        L_b - min_delta is rounded: a gain of min_delta up to rounding may count.

    Source:
        Goodfellow, Bengio and Courville (2016), Deep Learning, algorithm 7.1, for min_delta = 0. With min_delta, an
        epoch is compared with the best epoch and not with the smallest loss: small gains add up.

    >>> early_stopping([3.0, 2.0, 1.0, 2.0, 2.0], patience=2)
    (2, 4)
    """
    losses = _check.real("early_stopping", "val_losses", val_losses, 1)
    patience = _check.count("early_stopping", "patience", patience, 1)
    min_delta = _check.scalar("early_stopping", "min_delta", min_delta)
    if len(losses) == 0:
        raise ShapeError("early_stopping: got val_losses of shape (0,), expected at least one epoch.")
    if np.isnan(losses).any():
        raise RangeError("early_stopping: got val_losses with NaN, expected numbers.")
    if not min_delta >= 0:
        raise RangeError(f"early_stopping: got min_delta = {min_delta}, expected a number of at least 0.")
    best = 0
    for t, loss in enumerate(losses):
        if loss < losses[best] - min_delta:
            best = t
        if t - best == patience:
            return best, t
    return best, len(losses) - 1
