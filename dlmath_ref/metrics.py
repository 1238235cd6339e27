"""How good predictions are: squared and absolute errors, counts of right and wrong classes, ROC curves."""

import numpy as np

from dlmath_ref import _check
from dlmath_ref.errors import RangeError, ShapeError

__all__ = [
    "accuracy",
    "confusion_matrix",
    "precision_recall_f1",
    "regression_metrics",
    "roc_auc",
    "topk_accuracy",
]


def regression_metrics(y, yhat, delta=1.0):
    r"""Four measures of how far predictions are from the targets.

    Equation:
        e_i = yhat_i - y_i
        mse = (1/n) sum_i e_i^2,  mae = (1/n) sum_i |e_i|
        huber = (1/n) sum_i h(e_i) with h(e) = e^2 / 2 if |e| <= delta else delta (|e| - delta / 2)
        r2 = 1 - sum_i e_i^2 / sum_i (y_i - mean y)^2; for constant y: 1 if all e_i are 0, else 0

    Args:
        y: (n,) float. Targets, n at least 1.
        yhat: (n,) float. Predictions.
        delta: float. Where Huber's loss turns from a parabola into a line, above 0.

    Returns:
        dict of floats with the keys "mse", "mae", "huber" and "r2".

    Raises:
        ShapeError: y is not (n,) with n at least 1, or yhat has another shape.
        RangeError: delta is not above 0, or an array is not real.

    Stability:
        y counts as constant when all its entries are equal, also where their mean is rounded.

    Source:
        Liquet, Moka, Nazarathy, chapter 2; h: Huber (1964). r2 of a constant y as in scikit-learn's r2_score.

    >>> regression_metrics(np.array([1.0, 2.0, 3.0]), np.array([1.0, 2.0, 5.0]))["huber"]
    0.5
    """
    y, yhat = _check.real("regression_metrics", "y", y, 1), _check.real("regression_metrics", "yhat", yhat, 1)
    _pairs("regression_metrics", y, yhat)
    delta = _check.scalar("regression_metrics", "delta", delta)
    if not delta > 0:
        raise RangeError(f"regression_metrics: got delta = {delta}, expected a number above 0.")
    e = yhat - y
    size = np.abs(e)
    huber = np.where(size <= delta, e**2 / 2, delta * (size - delta / 2))
    return {
        "mse": float(np.mean(e**2)),
        "mae": float(np.mean(size)),
        "huber": float(np.mean(huber)),
        "r2": _r2(y, e),
    }


def _r2(y, e):
    """Share of the spread of y that is explained, from the errors e."""
    if y.min() == y.max():
        return 0.0 if e.any() else 1.0
    return float(1 - np.sum(e**2) / np.sum((y - y.mean()) ** 2))


def accuracy(y, yhat):
    r"""Share of samples whose predicted class is the true one.

    Equation:
        (1/n) #{i: yhat_i = y_i}

    Args:
        y: (n,) int. True classes, n at least 1; in [0, K), or any other labels.
        yhat: (n,) int. Predicted classes, in [0, K) alike.

    Returns:
        float in [0, 1].

    Raises:
        ShapeError: y is not (n,) with n at least 1, or yhat has another shape.

    Stability:
        Exact but for one division.

    Source:
        Liquet, Moka, Nazarathy, chapter 2.

    >>> accuracy(np.array([0, 1, 2, 2]), np.array([0, 1, 1, 2]))
    0.75
    """
    y, yhat = np.asarray(y), np.asarray(yhat)
    _pairs("accuracy", y, yhat)
    return float(np.mean(y == yhat))


def _pairs(where, y, yhat):
    """Refuses anything but two (n,) arrays with n at least 1."""
    if y.ndim != 1 or len(y) == 0:
        raise ShapeError(f"{where}: got y of shape {y.shape}, expected (n,) with n at least 1.")
    _check.same_shape(where, "yhat", yhat, y.shape)


def confusion_matrix(y, yhat, K):
    r"""Which class is taken for which: counts of true and predicted classes.

    Equation:
        C[a, b] = #{i: y_i = a, yhat_i = b}

    Args:
        y: (n,) int. True classes, in [0, K).
        yhat: (n,) int. Predicted classes, in [0, K).
        K: int. Number of classes, at least 1.

    Returns:
        (K, K) int64 array, rows the truth; zero rows and columns for classes that do not occur.

    Raises:
        ShapeError: y is not (n,), or yhat has another shape.
        RangeError: classes are not integers in [0, K), or K is not an integer of at least 1.

    Stability:
        Exact.

    Source:
        Liquet, Moka, Nazarathy, chapter 2. Laid out as scikit-learn's confusion_matrix.

    >>> confusion_matrix(np.array([0, 0, 1, 2, 2]), np.array([0, 1, 1, 2, 0]), 3)
    array([[1, 1, 0],
           [0, 1, 0],
           [1, 0, 1]])
    """
    K = _check.count("confusion_matrix", "K", K, 1)
    y = _check.labels("confusion_matrix", "y", y, np.size(y), K)
    yhat = _check.labels("confusion_matrix", "yhat", yhat, len(y), K)
    return np.bincount(K * y + yhat, minlength=K * K).reshape(K, K).astype(np.int64)


def topk_accuracy(scores, y, k):
    r"""Share of samples whose true class is among the k largest scores.

    Equation:
        (1/n) #{i: #{c: scores[i, c] > scores[i, y_i]} < k}

    Args:
        scores: (n, K) float. One row of scores a sample, n at least 1; the larger, the more likely.
        y: (n,) int. True classes, in [0, K).
        k: int. Length of the list, in {1, ..., K}.

    Returns:
        float in [0, 1].

    Raises:
        ShapeError: scores is not (n, K) with n at least 1, or y is not (n,).
        RangeError: labels are not integers in [0, K), or k is not an integer in {1, ..., K}.

    Stability:
        Only comparisons are made. A class that shares the k-th largest score counts as among them.

    Source:
        Liquet, Moka, Nazarathy, chapter 1, section 1.4 (top-5 errors). The rule for ties is this course's.

    >>> topk_accuracy(np.array([[0.5, 0.3, 0.2], [0.1, 0.2, 0.7]]), np.array([1, 2]), 1)
    0.5
    """
    scores = _check.real("topk_accuracy", "scores", scores, 2)
    n, K = scores.shape
    if n == 0:
        raise ShapeError(f"topk_accuracy: got scores of shape {scores.shape}, expected at least one row.")
    y, k = _check.labels("topk_accuracy", "y", y, n, K), _check.count("topk_accuracy", "k", k, 1)
    if k > K:
        raise RangeError(f"topk_accuracy: got k = {k}, expected at most K = {K}.")
    own = scores[np.arange(n), y]
    above = (scores > own[:, None]).sum(1)  # (n,), classes that score higher
    return float(np.mean(above < k))


def precision_recall_f1(C, average, zero_division=0.0):
    r"""Precision, recall and F1 from a confusion matrix.

    Equation:
        of class a: TP = C[a, a], FP = sum_b C[b, a] - TP, FN = sum_b C[a, b] - TP
        P = TP / (TP + FP),  R = TP / (TP + FN),  F1 = 2 TP / (2 TP + FP + FN),  0/0 = zero_division
        "binary": of class 1, K = 2.  "macro": means over the classes.  "micro": of TP, FP, FN summed over the classes

    Args:
        C: (K, K) int. Counts in [0, inf), rows the truth.
        average: str. "macro", "micro" or "binary".
        zero_division: float. What 0/0 counts as.

    Returns:
        tuple of three floats, (P, R, F1).

    Raises:
        ShapeError: C is not (K, K), or not (2, 2) for "binary".
        RangeError: an entry of C is negative, or average is none of the three names.

    Stability:
        Counts below 2^53 are exact; each quotient is rounded once. F1 is 0 also where P = R = 0, when its own
        denominator is not.

    Source:
        Liquet, Moka, Nazarathy, chapter 2. As scikit-learn's precision_recall_fscore_support.

    >>> np.round(precision_recall_f1(np.array([[8781, 84], [135, 1000]]), "binary"), 6)
    array([0.922509, 0.881057, 0.901307])
    """
    C = _counts(C)
    TP, predicted, true = np.diag(C), C.sum(0), C.sum(1)  # (K,), of each class
    if average == "binary":
        _check.same_shape("precision_recall_f1", "C", C, (2, 2))
        TP, predicted, true = TP[1:], predicted[1:], true[1:]
    elif average == "micro":
        TP, predicted, true = (v.sum(keepdims=True) for v in (TP, predicted, true))
    elif average != "macro":
        raise RangeError(f'precision_recall_f1: got average = {average!r}, expected "binary", "macro" or "micro".')
    quotients = (TP, predicted), (TP, true), (2 * TP, predicted + true)
    P, R, F1 = (float(np.mean(_quotient(above, below, zero_division))) for above, below in quotients)
    return P, R, F1


def _counts(C):
    """C as a square array of floats of at least 0."""
    C = _check.real("precision_recall_f1", "C", C, 2).astype(np.float64)
    _check.same_shape("precision_recall_f1", "C", C, (len(C), len(C)))
    if C.size == 0:
        raise ShapeError(f"precision_recall_f1: got C of shape {C.shape}, expected at least one class.")
    if C.min() < 0:
        raise RangeError(f"precision_recall_f1: got an entry {C.min():g} of C, expected counts of at least 0.")
    return C


def _quotient(above, below, zero_division):
    """above / below entry by entry, zero_division where both are 0."""
    zero_division = _check.scalar("precision_recall_f1", "zero_division", zero_division)
    return np.divide(above, below, out=np.full(below.shape, zero_division), where=below > 0)


def roc_auc(y, s):
    r"""The ROC curve of a score, and the area below it.

    Equation:
        with the distinct scores tau_1 > ... > tau_m and tau_0 above all:
        f_k = #{i: y_i = 0, s_i >= tau_k} / #{i: y_i = 0},  t_k the same of y_i = 1
        auc = sum_k (t_k + t_{k-1}) / 2 (f_k - f_{k-1}) = P(s+ > s-) + P(s+ = s-) / 2

    Args:
        y: (n,) int. Labels in [0, 2), both of which occur.
        s: (n,) float. Scores, the larger the more likely class 1.

    Returns:
        fpr (m + 1,) array of f_0 = 0, ..., f_m = 1, tpr (m + 1,) array of t_0 = 0, ..., t_m = 1, dtype of s; auc float.

    Raises:
        ShapeError: s is not (n,), or y is not (n,).
        RangeError: labels other than 0 and 1, one of the two is missing, or a score is nan.

    Stability:
        Counts are exact, each rate is rounded once; only comparisons are made of the scores. The sum is exact but for
        rounding: equal scores are one step, so their order does not matter.

    Source:
        Liquet, Moka, Nazarathy, chapter 2; the area as a probability: Hanley and McNeil (1982). As scikit-learn's
        roc_curve with drop_intermediate=False.

    >>> roc_auc(np.array([1, 0, 1, 0]), np.array([0.9, 0.5, 0.5, 0.1]))
    (array([0. , 0. , 0.5, 1. ]), array([0. , 0.5, 1. , 1. ]), 0.875)
    """
    s = _check.real("roc_auc", "s", s, 1)
    y = _check.labels("roc_auc", "y", y, len(s), 2)
    positives = int(y.sum())
    negatives = len(y) - positives
    if positives == 0 or negatives == 0:
        raise RangeError(f"roc_auc: got {negatives} labels 0 and {positives} labels 1, expected both classes.")
    if np.isnan(s).any():
        raise RangeError("roc_auc: got a score that is nan, expected numbers that can be ordered.")
    _, step = np.unique(s, return_inverse=True)  # (n,), rank of the score among the distinct ones
    t = _steps(step, y) / positives
    f = _steps(step, 1 - y) / negatives
    auc = float(np.sum((t[1:] + t[:-1]) / 2 * np.diff(f)))
    return f.astype(s.dtype), t.astype(s.dtype), auc


def _steps(step, y):
    """Number of ones in y at or above each distinct score, from none to all: (m + 1,)."""
    new = np.bincount(step, weights=y)[::-1]  # (m,), descending
    return np.concatenate([[0.0], np.cumsum(new)])
