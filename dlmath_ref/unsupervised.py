"""Structure without labels: principal components and k-means."""

import numpy as np

from dlmath_ref import _check
from dlmath_ref.errors import RangeError, ShapeError

__all__ = ["kmeans", "kmeans_step", "pca"]


def pca(X, m):
    r"""The m orthogonal directions in which the rows of X spread most.

    Equation:
        X - mean x = U S V',  V_m = (v_1, ..., v_m)
        Z = (X - mean x) V_m,  ratio_k = s_k^2 / sum_j s_j^2

    Args:
        X: (n, p) float. Data, one sample a row, n at least 1; not all rows are equal.
        m: int. Number of axes, in {1, ..., min(n, p)}.

    Returns:
        scores Z (n, m), axes V_m (p, m) in columns and ratio (m,), all with dtype of X. The entry of largest
        modulus of each axis is positive, the first such entry if there are several.

    Raises:
        ShapeError: X is not (n, p) with n at least 1.
        RangeError: m is not an integer in [1, min(n, p)], or all rows of X are equal.

    Stability:
        The covariance matrix is not formed. An axis is determined as far as its s_k differs from the others: not at
        all where two are equal, or where s_k = 0 (m above the rank of the centred X).

    Source:
        Liquet, Moka, Nazarathy, chapter 2 (principal component analysis). Differs from scikit-learn's PCA: axes in
        columns, sign by the entries of the axis.

    >>> scores, axes, ratio = pca(np.array([[0.0, 0.0], [3.0, 4.0], [6.0, 8.0], [9.0, 12.0]]), 1)
    >>> scores.round(4).ravel(), axes.round(4).ravel(), ratio
    (array([-7.5, -2.5,  2.5,  7.5]), array([0.6, 0.8]), array([1.]))
    """
    X = _check.real("pca", "X", X, 2)
    _check.nonempty("pca", X)
    m = _check.count("pca", "m", m, 1)
    if m > min(X.shape):
        raise RangeError(f"pca: got m = {m}, expected at most {min(X.shape)} for X of shape {X.shape}.")
    centred = X - X.mean(0)
    _, s, Vt = np.linalg.svd(centred, full_matrices=False)  # (r,), (r, p)
    if s[0] == 0:
        raise RangeError("pca: got X whose rows are all equal, expected at least two different ones.")
    axes = Vt[:m].T  # (p, m)
    largest = np.take_along_axis(axes, np.abs(axes).argmax(0)[None], 0)  # (1, m)
    axes = axes * np.sign(largest)
    return centred @ axes, axes, s[:m] ** 2 / np.sum(s**2)


def kmeans_step(X, centers):
    r"""One step of Lloyd's algorithm: each point joins its nearest center, each center moves to its points' mean.

    Equation:
        l_i = argmin_c |x_i - mu_c|^2,  mu_c = mean of the x_i with l_i = c,  inertia = sum_i |x_i - mu_{l_i}|^2

    Args:
        X: (n, p) float. Data, one sample a row.
        centers: (K, p) float. The centers mu, K at least 1.

    Returns:
        labels (n,) int64, the lowest index where two centers are equally near; new centers (K, p), dtype of X and
        centers, where a center without points stays; inertia float, with the centers passed in.

    Raises:
        ShapeError: X is not (n, p), or centers is not (K, p) with K at least 1.

    Stability:
        Differences are squared, not expanded: near points far from the origin keep their digits.

    Source:
        Liquet, Moka, Nazarathy, chapter 2 (k-means); Lloyd (1982), Least squares quantization in PCM.

    >>> labels, centers, inertia = kmeans_step(
    ...     np.array([[0.0, 0.0], [0.0, 2.0], [4.0, 0.0], [8.0, 0.0]]), np.array([[0.0, 0.0], [5.0, 0.0]])
    ... )
    >>> labels.tolist(), centers.tolist(), inertia
    ([0, 0, 1, 1], [[0.0, 1.0], [6.0, 0.0]], 14.0)
    """
    X, centers = _pair("kmeans_step", X, centers)
    squares = np.sum((X[:, None, :] - centers) ** 2, axis=2)  # (n, K)
    labels = squares.argmin(axis=1)
    moved = centers.astype(np.result_type(X, centers))  # a copy
    for c in np.unique(labels):
        moved[c] = X[labels == c].mean(axis=0)
    return labels, moved, float(squares.min(axis=1).sum())


def kmeans(X, centers, T):
    r"""k-means: T steps of Lloyd's algorithm from given centers.

    Equation:
        (labels_t, mu_{t+1}, inertia_t) = kmeans_step(X, mu_t),  t = 0, ..., T

    Args:
        X: (n, p) float. Data, one sample a row.
        centers: (K, p) float. The centers at the start, K at least 1.
        T: int. Number of steps, at least 0.

    Returns:
        labels (n,) int64 and centers (K, p) after T steps, the labels those of the nearest of these centers; inertias
        (T + 1,), dtype of X and centers, entry t that of the centers after t steps.

    Raises:
        ShapeError: X is not (n, p), or centers is not (K, p) with K at least 1.
        RangeError: T is not an integer of at least 0.

    Stability:
        The inertia never increases, up to rounding; which minimum is reached depends on the start.

    Source:
        Liquet, Moka, Nazarathy, chapter 2 (k-means). No restarts and no choice of the start, unlike scikit-learn's.

    >>> labels, centers, inertias = kmeans(np.array([[0.0], [2.0], [9.0]]), np.array([[0.0], [4.0]]), T=2)
    >>> labels.tolist(), centers.ravel().tolist(), inertias.tolist()
    ([0, 0, 1], [1.0, 9.0], [29.0, 2.0, 2.0])
    """
    T = _check.count("kmeans", "T", T, 0)
    X, centers = _pair("kmeans", X, centers)
    inertias = np.empty(T + 1, np.result_type(X, centers))
    for t in range(T):
        _, centers, inertias[t] = kmeans_step(X, centers)
    labels, _, inertias[T] = kmeans_step(X, centers)
    return labels, centers.copy(), inertias


def _pair(where, X, centers):
    """X (n, p) and centers (K, p) as arrays, K at least 1."""
    X, centers = _check.real(where, "X", X, 2), _check.real(where, "centers", centers, 2)
    if len(centers) == 0:
        raise ShapeError(f"{where}: got centers of shape {centers.shape}, expected at least one row.")
    _check.same_shape(where, "centers", centers, (len(centers), X.shape[1]))
    return X, centers
