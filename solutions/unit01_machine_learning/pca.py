"""Answer key: principal component analysis (unit 1).

Clouds are built from a chosen spectrum, so that no two spreads are alike, and from axes whose largest entry stands out,
so that no right answer loses a point to a tie. Only two parts look at signs: a convention costs one point.
"""

import numpy as np

from autograder.key import ITER, N0, Key, Tolerance, check, close, standard
from dlmath_ref import pca

key = Key("unit01_machine_learning/pca", reference=pca, bans=N0)

NAMES = ("scores", "axes", "ratio")
ANY_NUMBERS = Tolerance("any numbers", rtol=0.0, atol=np.inf)


def orthonormal(rng, p, r):
    """(p, r) with orthonormal columns, in each of which one entry is the largest by a margin and is negative."""
    while True:
        V = np.linalg.qr(rng.normal(size=(p, r)))[0]
        top = np.sort(np.abs(V), axis=0)
        if p == 1 or np.min(top[-1] - top[-2]) > 0.02 / p:
            return -V * np.sign(V[np.abs(V).argmax(axis=0), np.arange(r)])


def cloud(rng, n, p, r):
    """X (n, p) of rank r around a mean far from 0; the variances fall evenly from 3 to 1."""
    U = np.linalg.qr(np.column_stack([np.ones(n), rng.normal(size=(n, r))]))[0][:, 1:]  # orthogonal to ones
    s = np.sqrt(np.linspace(3.0, 1.0, r))
    mean = rng.choice([-1, 1], size=p) * rng.uniform(3, 4, size=p)
    return mean + U * s @ orthonormal(rng, p, r).T


def triple(got):
    check(type(got) in (tuple, list) and len(got) == 3, "pca must return three values: scores, axes, ratio.")
    return got


def up_to_signs(got, expected):
    """What was got, with axes and scores turned to the side on which the expected axes lie."""
    scores, axes, ratio = triple(got)
    if np.shape(axes) != np.shape(expected[1]) or np.shape(scores) != np.shape(expected[0]):
        return got  # to be named by close
    turn = np.where(np.sum(axes * expected[1], axis=0) < 0, -1.0, 1.0)
    return scores * turn, axes * turn, ratio


@key.part("worked", weight=1)
def four_points_on_a_line(answer, rng):
    X = np.array([[0.0, 0.0], [3.0, 4.0], [6.0, 8.0], [9.0, 12.0]])
    expected = np.array([[-7.5], [-2.5], [2.5], [7.5]]), np.array([[0.6], [0.8]]), np.array([1.0])
    close(up_to_signs(answer(X, 1), expected), expected, ITER, what=NAMES)


@key.part("core", weight=1.5)
def the_axes_agree_up_to_their_signs(answer, rng):
    for n, p, m in [(9, 4, 2), (12, 5, 5)]:
        X = cloud(rng, n, p, p)
        expected = pca(X, m)
        close(up_to_signs(answer(X.copy(), m), expected)[1], expected[1], ITER, what="axes")


@key.part("core", weight=1)
def the_explained_shares_agree(answer, rng):
    for n, p, m in [(9, 4, 2), (7, 5, 3)]:
        X = cloud(rng, n, p, p)
        close(triple(answer(X.copy(), m))[2], pca(X, m)[2], ITER, what="ratio")


@key.part("core", weight=1)
def scores_and_axes_restore_what_they_can(answer, rng):
    n, p, m = 10, 5, 3
    X = cloud(rng, n, p, p)
    scores, axes, _ = triple(answer(X.copy(), m))
    close((scores, axes), (np.zeros((n, m)), np.zeros((p, m))), ANY_NUMBERS, what=NAMES[:2])
    close(axes.T @ axes, np.eye(m), ITER, what="the matrix of inner products of the axes")
    centred = X - X.mean(axis=0)
    left = np.sum((centred - scores @ axes.T) ** 2)
    rest = np.sum(np.linalg.svd(centred)[1][m:] ** 2)
    close(left, rest, ITER, what="the squared error of the points restored from scores and axes")


@key.part("core", weight=0.5)
def axes_and_scores_follow_the_sign_convention(answer, rng):
    X = cloud(rng, 26, 24, 24)
    got, expected = triple(answer(X.copy(), 24)), pca(X, 24)
    close(up_to_signs(got, expected)[:2], expected[:2], ITER, what=NAMES[:2])
    turned = np.sum(got[1] * expected[1], axis=0) < 0
    check(not turned.any(), "Some axes point the other way: read the convention for the sign again.")


@key.part("edge", weight=0.5, feedback="Try fewer points than coordinates.")
def fewer_points_than_coordinates(answer, rng):
    X = cloud(rng, 4, 7, 3)
    expected = pca(X, 3)
    close(up_to_signs(answer(X.copy(), 3), expected), expected, ITER, what=NAMES)


@key.part("edge", weight=0.5)
def inputs_stay_unchanged_in_any_dtype_and_layout(answer, rng):
    standard(answer, (cloud(rng, 22, 20, 20), 19), pca, tol=ITER, what=NAMES)


def _with_signs(centred, axes, ratio):
    """Scores, axes and shares, the axes turned as the convention says."""
    m = axes.shape[1]
    axes = axes * np.sign(axes[np.abs(axes).argmax(axis=0), np.arange(m)])
    return centred @ axes, axes, ratio


@key.accept
def by_singular_values(X, m):
    centred = X - X.mean(axis=0)
    U, s, Vt = np.linalg.svd(centred, full_matrices=False)
    scores, axes = (U * s)[:, :m], Vt[:m].T.copy()
    for k in range(m):
        if axes[np.argmax(axes[:, k] ** 2), k] < 0:
            axes[:, k], scores[:, k] = -axes[:, k], -scores[:, k]
    return scores, axes, s[:m] ** 2 / sum(s**2)


@key.accept
def by_eigenvectors_of_the_covariance(X, m):
    centred = X - X.mean(axis=0)
    values, vectors = np.linalg.eigh(centred.T @ centred / (len(X) - 1))
    return _with_signs(centred, vectors[:, ::-1][:, :m], values[::-1][:m] / values.sum())


@key.accept
def by_unsorted_eigenvectors(X, m):
    values, vectors = np.linalg.eig(np.cov(X.T, ddof=0))
    order = np.argsort(values.real)[::-1][:m]
    return _with_signs(X - X.mean(axis=0), vectors.real[:, order], values.real[order] / values.real.sum())


@key.accept
def by_the_matrix_of_inner_products(X, m):
    centred = X - X.mean(axis=0)
    values, vectors = np.linalg.eigh(centred @ centred.T)
    top = np.argsort(-values)[:m]
    axes = centred.T @ vectors[:, top] / np.sqrt(values[top])
    return _with_signs(centred, axes, values[top] / np.trace(centred @ centred.T))


WORKED, AXES, SHARES = "four_points_on_a_line", "the_axes_agree_up_to_their_signs", "the_explained_shares_agree"
RESTORE, SIGNS = "scores_and_axes_restore_what_they_can", "axes_and_scores_follow_the_sign_convention"
WIDE, LAYOUT = "fewer_points_than_coordinates", "inputs_stay_unchanged_in_any_dtype_and_layout"
ALL = [WORKED, AXES, SHARES, RESTORE, SIGNS, WIDE, LAYOUT]


def _components(X, m):
    """The right answer."""
    centred = X - X.mean(axis=0)
    _, s, Vt = np.linalg.svd(centred, full_matrices=False)
    return _with_signs(centred, Vt[:m].T, s[:m] ** 2 / np.sum(s**2))


@key.reject("Subtract the mean first; otherwise your first axis points at the mean.", fails=ALL)
def not_centred(X, m):
    _, s, Vt = np.linalg.svd(X, full_matrices=False)
    return _with_signs(X, Vt[:m].T, s[:m] ** 2 / np.sum(s**2))


@key.reject("Your axes come from data that were not centred, though your scores were.", fails=[AXES, *ALL[2:]])
def axes_not_centred(X, m):
    _, s, Vt = np.linalg.svd(X, full_matrices=False)
    return _with_signs(X - X.mean(axis=0), Vt[:m].T, s[:m] ** 2 / np.sum(s**2))


@key.reject("Your scores are taken without subtracting the mean.", fails=[WORKED, RESTORE, SIGNS, WIDE, LAYOUT])
def scores_not_centred(X, m):
    _, axes, ratio = _components(X, m)
    return X @ axes, axes, ratio


@key.reject("Your axes belong to the smallest variances: eigh returns eigenvalues in ascending order.", fails=ALL)
def ascending_eigenvalues(X, m):
    centred = X - X.mean(axis=0)
    values, vectors = np.linalg.eigh(centred.T @ centred)
    return _with_signs(centred, vectors[:, :m], values[:m] / values.sum())


@key.reject(
    "Explained variance is a share of the squared singular values; you forgot the square.", fails=[SHARES, WIDE, LAYOUT]
)
def singular_not_squared(X, m):
    scores, axes, _ = _components(X, m)
    s = np.linalg.svd(X - X.mean(axis=0))[1]
    return scores, axes, s[:m] / s.sum()


@key.reject(
    "Your shares add up to 1 over the axes that you keep; divide by the variance in all directions.",
    fails=[SHARES, LAYOUT],
)
def shares_of_what_is_kept(X, m):
    scores, axes, ratio = _components(X, m)
    return scores, axes, ratio / ratio.sum()


@key.reject(
    "You return the variance along each axis; its share of the whole variance is asked for.",
    fails=[WORKED, SHARES, WIDE, LAYOUT],
)
def variances_for_shares(X, m):
    scores, axes, _ = _components(X, m)
    return scores, axes, scores.var(axis=0, ddof=1)


@key.reject("You scaled the columns to equal spread; here they are centred only.", fails=ALL)
def standardised(X, m):
    return _components((X - X.mean(axis=0)) / X.std(axis=0), m)


@key.reject(
    "Your axes stand in rows; axis k is column k of the second result.",
    fails=[WORKED, AXES, RESTORE, SIGNS, WIDE, LAYOUT],
)
def axes_in_rows(X, m):
    scores, axes, ratio = _components(X, m)
    return scores, axes.T, ratio


SIGN = "Convention: the entry of largest modulus of each axis is positive; turn axis and scores together."


@key.reject(SIGN, fails=[SIGNS, LAYOUT])
def no_sign_rule(X, m):
    centred = X - X.mean(axis=0)
    _, s, Vt = np.linalg.svd(centred, full_matrices=False)
    return centred @ Vt[:m].T, Vt[:m].T, s[:m] ** 2 / np.sum(s**2)


@key.reject(SIGN, fails=[SIGNS, LAYOUT])
def no_sign_rule_for_eigenvectors(X, m):
    centred = X - X.mean(axis=0)
    values, vectors = np.linalg.eigh(centred.T @ centred)
    axes = vectors[:, ::-1][:, :m]
    return centred @ axes, axes, values[::-1][:m] / values.sum()


@key.reject(SIGN, fails=[SIGNS, LAYOUT])
def first_entry_positive(X, m):
    scores, axes, ratio = _components(X, m)
    turn = np.sign(axes[0])
    return scores * turn, axes * turn, ratio


@key.reject(SIGN, fails=[SIGNS, LAYOUT])
def largest_score_positive(X, m):
    scores, axes, ratio = _components(X, m)
    turn = np.sign(scores[np.abs(scores).argmax(axis=0), np.arange(m)])
    return scores * turn, axes * turn, ratio


WHOLE = "the same axes: the full matrices only have more of them, which are not used"
key.equivalent("np.linalg.svd(centred, full_matrices=False) -> np.linalg.svd(centred)", WHOLE)
key.equivalent("False -> True", WHOLE)
key.equivalent(
    "axes * np.sign(axes[largest, np.arange(m)]) -> axes / np.sign(axes[largest, np.arange(m)])",
    "the sign is 1 or -1, which is its own inverse",
)
