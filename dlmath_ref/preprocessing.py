"""From raw columns to features: tables of numbers and categories, monomials, one-hot rows, standardised columns."""

from dataclasses import dataclass
from itertools import combinations_with_replacement

import numpy as np

from dlmath_ref import _check
from dlmath_ref.errors import RangeError

__all__ = ["Standardizer", "encode_tabular", "one_hot", "polynomial_features"]


def polynomial_features(X, degree, include_bias=True):
    r"""All monomials of the columns up to a total degree.

    Equation:
        prod_j x_j^{k_j} for all k with sum_j k_j <= degree, by degree, then lexicographically:
        1, x1, x2, x1^2, x1 x2, x2^2, ...

    Args:
        X: (n, p) float. Design matrix, one sample a row.
        degree: int. Largest total degree d, at least 0.
        include_bias: bool. Whether the column of ones (degree 0) comes first.

    Returns:
        (n, C(p + d, d)) array, dtype of X; one column less without the bias.

    Raises:
        ShapeError: X is not (n, p).
        RangeError: degree is not an integer of at least 0.

    Stability:
        Products of at most d factors; large entries overflow as x^d does.

    Source:
        Liquet, Moka, Nazarathy, chapter 3. Columns ordered as in scikit-learn's PolynomialFeatures.

    >>> polynomial_features(np.array([[2.0, 3.0]]), 2)
    array([[1., 2., 3., 4., 6., 9.]])
    """
    X = _check.real("polynomial_features", "X", X, 2)
    degree = _check.count("polynomial_features", "degree", degree, 0)
    columns = [
        X[:, list(chosen)].prod(axis=1)
        for d in range(0 if include_bias else 1, degree + 1)
        for chosen in combinations_with_replacement(range(X.shape[1]), d)
    ]
    return np.stack(columns, axis=1) if columns else np.empty((len(X), 0), X.dtype)


def one_hot(y, K):
    r"""One row for each label, with a one at its class.

    Equation:
        Y[i, k] = 1 if y_i = k else 0

    Args:
        y: (n,) int. Class indices in [0, K).
        K: int. Number of classes, at least 1.

    Returns:
        (n, K) float64 array.

    Raises:
        ShapeError: y is not 1-D.
        RangeError: labels are not integers in [0, K), or K is not an integer of at least 1.

    Stability:
        Exact.

    Source:
        Liquet, Moka, Nazarathy, chapter 3.

    >>> one_hot(np.array([2, 0]), 3)
    array([[0., 0., 1.],
           [1., 0., 0.]])
    """
    K = _check.count("one_hot", "K", K, 1)
    return np.eye(K)[_check.labels("one_hot", "y", y, np.size(y), K)]


@dataclass(frozen=True)
class Standardizer:
    r"""Centres and scales columns by the statistics of the data it was fitted on.

    >>> Standardizer.fit(np.array([[1.0, 5.0], [3.0, 5.0]])).transform(np.array([[3.0, 6.0]]))
    array([[1., 1.]])
    """

    mean: np.ndarray  # (p,)
    scale: np.ndarray  # (p,), standard deviation; 1 for a constant column

    @classmethod
    def fit(cls, X):
        r"""Mean and standard deviation of each column.

        Equation:
            mean_j = (1/n) sum_i X[i, j],  scale_j = sqrt((1/n) sum_i (X[i, j] - mean_j)^2), or 1 where that is 0

        Args:
            X: (n, p) float. Training data, one sample a row, n at least 1.

        Returns:
            Standardizer, its arrays with dtype of X.

        Raises:
            ShapeError: X is not (n, p), or n is 0.
            RangeError: X is not real.

        Stability:
            A column of one repeated value has scale exactly 1, also when its mean is rounded.

        Source:
            Liquet, Moka, Nazarathy, chapter 2. Divides by n, as scikit-learn's StandardScaler.

        >>> Standardizer.fit(np.array([[1.0], [3.0]])).scale
        array([1.])
        """
        X = _check.real("Standardizer.fit", "X", X, 2)
        _check.nonempty("Standardizer.fit", X)
        constant = X.min(0) == X.max(0)
        return cls(X.mean(0), np.where(constant, X.dtype.type(1), X.std(0)))

    def transform(self, X):
        r"""Columns centred and scaled by the fitted statistics.

        Equation:
            (X[i, j] - mean_j) / scale_j

        Args:
            X: (n, p) float. Any data with the columns of the training data.

        Returns:
            (n, p) array, dtype of X and of the fitted data.

        Raises:
            ShapeError: X is not (n, p) with the fitted p.
            RangeError: X is not real.

        Stability:
            scale is never 0.

        Source:
            Liquet, Moka, Nazarathy, chapter 2.

        >>> Standardizer.fit(np.array([[1.0], [3.0]])).transform(np.array([[5.0]]))
        array([[3.]])
        """
        X = _check.real("Standardizer.transform", "X", X, 2)
        _check.same_shape("Standardizer.transform", "X", X, (len(X), len(self.mean)))
        return (X - self.mean) / self.scale


def encode_tabular(Xnum_fit, xcat_fit, Xnum, xcat):
    r"""A table's numerical columns standardised and its nominal column as unit vectors, both as learnt from other rows.

    Equation:
        out[i, j] = (Xnum[i, j] - mean_j) / scale_j for j < p
        out[i, p + c] = 1 if xcat_i is the c-th smallest category of xcat_fit, else 0
        with mean_j, scale_j of column j of Xnum_fit (divided by m; scale_j = 1 for a constant column)

    Args:
        Xnum_fit: (m, p) float. Numerical columns of the rows to learn from, m at least 1.
        xcat_fit: (m,) int. Their categories: class indices in [0, K), any other integers, or strings.
        Xnum: (n, p) float. Numerical columns of the rows to encode.
        xcat: (n,) int. Their categories, in [0, K) or not: one that xcat_fit lacks becomes a row of zeros.

    Returns:
        (n, p + K) array, dtype of the numerical columns; K is the number of categories in xcat_fit.

    Raises:
        ShapeError: Xnum_fit is not (m, p) with m at least 1, xcat_fit not (m,), Xnum not (n, p), or xcat not (n,).
        RangeError: categories are neither integers nor strings, or not of one kind in both arrays.

    Stability:
        A constant column becomes Xnum[i, j] - mean_j, which is 0 on the rows it was learnt from, up to rounding.

    Source:
        Liquet, Moka, Nazarathy, chapter 1, section 1.4. An unseen category as in scikit-learn's
        OneHotEncoder(handle_unknown="ignore").

    >>> encode_tabular(np.array([[1.0], [3.0]]), np.array(["b", "a"]), np.array([[5.0]]), np.array(["b"]))
    array([[3., 0., 1.]])
    """
    where = "encode_tabular"
    Xnum_fit = _check.real(where, "Xnum_fit", Xnum_fit, 2)
    scaler = Standardizer.fit(Xnum_fit)
    Xnum = _check.real(where, "Xnum", Xnum, 2)
    _check.same_shape(where, "Xnum", Xnum, (len(Xnum), len(scaler.mean)))
    xcat_fit, xcat = _categories(where, "xcat_fit", xcat_fit), _categories(where, "xcat", xcat)
    _check.same_shape(where, "xcat_fit", xcat_fit, (len(Xnum_fit),))
    _check.same_shape(where, "xcat", xcat, (len(Xnum),))
    if (xcat_fit.dtype.kind == "U") != (xcat.dtype.kind == "U"):
        raise RangeError(f"{where}: got xcat of dtype {xcat.dtype}, expected the kind of xcat_fit, {xcat_fit.dtype}.")
    numbers = scaler.transform(Xnum)  # (n, p)
    units = xcat[:, None] == np.unique(xcat_fit)  # (n, K)
    return np.concatenate([numbers, units.astype(numbers.dtype)], axis=1)


def _categories(where, name, x):
    """`x` as an array of integers or strings."""
    array = np.asarray(x)
    if array.dtype.kind not in "iubU":
        raise RangeError(f"{where}: got {name} of dtype {array.dtype}, expected integers or strings.")
    return array
