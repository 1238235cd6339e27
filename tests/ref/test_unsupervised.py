"""Principal components and k-means."""

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from dlmath_ref import RangeError, ShapeError, kmeans, kmeans_step, pca


def cloud(n, p, seed=0):
    """Points away from the origin whose directions have clearly different spreads."""
    rng = np.random.default_rng(seed)
    return rng.normal(size=(n, p)) @ np.diag(1.5 ** np.arange(p)) @ np.linalg.qr(rng.normal(size=(p, p)))[0] + 4


def test_pca_of_four_points_on_a_line():
    """By hand: the line through (0, 0) and (9, 12) has direction (3, 4) / 5, and the points lie 5 apart."""
    scores, axes, ratio = pca(np.array([[9.0, 12.0], [0.0, 0.0], [3.0, 4.0], [6.0, 8.0]]), 1)
    np.testing.assert_allclose(axes, [[0.6], [0.8]], rtol=1e-14)
    np.testing.assert_allclose(scores, [[7.5], [-7.5], [-2.5], [2.5]], rtol=1e-14)
    np.testing.assert_allclose(ratio, [1.0], rtol=1e-14)


@pytest.mark.parametrize("n, p, m", [(30, 5, 5), (30, 5, 2), (6, 9, 5)])
def test_pca_is_scikit_learns_up_to_signs(n, p, m):
    """Axes, scores and shares are those of sklearn.decomposition.PCA, with the sign of our convention."""
    X = cloud(n, p)
    theirs = pytest.importorskip("sklearn.decomposition").PCA(m, svd_solver="full").fit(X)
    scores, axes, ratio = pca(X, m)
    signs = np.sign(np.sum(axes * theirs.components_.T, axis=0))
    np.testing.assert_allclose(axes, theirs.components_.T * signs, atol=1e-12)
    np.testing.assert_allclose(scores, theirs.transform(X) * signs, atol=1e-11)
    np.testing.assert_allclose(ratio, theirs.explained_variance_ratio_, rtol=1e-12)


def test_axes_are_eigenvectors_of_the_covariance():
    """C v_k = lambda_k v_k with the covariance matrix C of numpy, and lambda_k has the stated share of its trace."""
    X = cloud(20, 4)
    _, axes, ratio = pca(X, 4)
    C = np.cov(X, rowvar=False)
    np.testing.assert_allclose(C @ axes, axes * (ratio * np.trace(C)), atol=1e-11)
    np.testing.assert_allclose(axes.T @ axes, np.eye(4), atol=1e-14)


@given(st.integers(0, 10_000))
def test_what_m_scores_cannot_restore_is_the_rest_of_the_spectrum(seed):
    """The squared error of the best approximation of rank m is the sum of the other squared singular values."""
    X, m = cloud(8, 5, seed), 2
    scores, axes, ratio = pca(X, m)
    centred = X - X.mean(0)
    error = np.sum((centred - scores @ axes.T) ** 2)
    total = np.sum(centred**2)
    np.testing.assert_allclose(error, np.sum(np.linalg.svd(centred)[1][m:] ** 2), rtol=1e-9)
    np.testing.assert_allclose(error, (1 - ratio.sum()) * total, rtol=1e-9)


@given(st.integers(0, 10_000))
def test_shifting_and_reordering_the_points_changes_no_axis(seed):
    """Axes and shares do not depend on where the cloud lies or on the order of its points."""
    X, rng = cloud(8, 3, seed), np.random.default_rng(seed)
    _, axes, ratio = pca(X, 3)
    assume(np.diff(ratio).max() < -1e-3)  # no two spreads alike
    assume(np.diff(np.sort(np.abs(axes), axis=0)[-2:], axis=0).min() > 1e-3)  # the largest entry stands out
    _, moved_axes, moved_ratio = pca(rng.permutation(X) + rng.normal(size=3), 3)
    np.testing.assert_allclose(moved_ratio, ratio, atol=1e-10)
    np.testing.assert_allclose(moved_axes, axes, atol=1e-8)


def test_the_entry_of_largest_modulus_is_positive():
    """Turning the cloud around its centre changes scores, not axes; negative largest entries are turned."""
    X = cloud(9, 4)
    scores, axes, _ = pca(X, 3)
    turned_scores, turned_axes, _ = pca(-X, 3)
    np.testing.assert_allclose(turned_axes, axes, atol=1e-12)
    np.testing.assert_allclose(turned_scores, -scores, atol=1e-11)
    assert (np.take_along_axis(axes, np.abs(axes).argmax(0)[None], 0) > 0).all()


def test_a_large_offset_costs_few_digits():
    """A cloud around 10^6 has the axes of the same cloud around the origin."""
    X = cloud(9, 3)
    np.testing.assert_allclose(pca(X + 2.0**20, 3)[1], pca(X, 3)[1], atol=1e-8)


def test_what_pca_refuses():
    """More axes than rows or columns, none at all, no rows, and points that are all the same."""
    with pytest.raises(RangeError, match=r"pca: got m = 4, expected at most 3 for X of shape \(5, 3\)\."):
        pca(np.zeros((5, 3)), 4)
    with pytest.raises(RangeError, match=r"pca: got m = 0, expected an integer of at least 1\."):
        pca(np.eye(3), 0)
    with pytest.raises(RangeError, match=r"pca: got X whose rows are all equal, expected at least two different ones"):
        pca(np.full((3, 2), 2.0), 1)
    with pytest.raises(ShapeError, match=r"pca: got X of shape \(0, 2\), expected at least one row\."):
        pca(np.empty((0, 2)), 1)


def test_one_step_by_hand():
    """Squared distances to the nearest center are 0, 4, 1, 9; the groups' means are (0, 1) and (6, 0)."""
    X = np.array([[0.0, 0.0], [0.0, 2.0], [4.0, 0.0], [8.0, 0.0]])
    labels, centers, inertia = kmeans_step(X, np.array([[0.0, 0.0], [5.0, 0.0]]))
    assert labels.tolist() == [0, 0, 1, 1] and labels.dtype == np.int64
    assert centers.tolist() == [[0, 1], [6, 0]]
    assert inertia == 14


def test_one_step_point_by_point():
    """Labels, means and inertia equal those of plain loops over points, centers and coordinates."""
    rng = np.random.default_rng(1)
    X = rng.normal(size=(40, 3))
    centers = X[:5] + 0.1
    labels, moved, inertia = kmeans_step(X, centers)
    total, groups = 0.0, [[] for _ in range(5)]
    for i in range(40):
        squares = [sum((X[i, j] - centers[c, j]) ** 2 for j in range(3)) for c in range(5)]
        assert labels[i] == squares.index(min(squares))
        total += min(squares)
        groups[labels[i]].append(X[i])
    for c in range(5):
        np.testing.assert_allclose(moved[c], sum(groups[c]) / len(groups[c]), rtol=1e-12)
    np.testing.assert_allclose(inertia, total, rtol=1e-12)


@pytest.mark.parametrize("seed", range(3))
def test_kmeans_ends_where_scikit_learn_ends(seed):
    """From the same start sklearn.cluster.KMeans (algorithm lloyd) reaches the same centers, labels and inertia."""
    rng = np.random.default_rng(seed)
    X = rng.normal(size=(60, 2)) + 3 * rng.integers(0, 3, size=(60, 1))
    start = X[:3]
    cluster = pytest.importorskip("sklearn.cluster")
    theirs = cluster.KMeans(3, init=start, n_init=1, algorithm="lloyd", tol=0.0, max_iter=100).fit(X)
    labels, centers, inertias = kmeans(X, start, 100)
    np.testing.assert_array_equal(labels, theirs.labels_)
    np.testing.assert_allclose(centers, theirs.cluster_centers_, rtol=1e-10)
    np.testing.assert_allclose(inertias[-1], theirs.inertia_, rtol=1e-10)


@given(st.integers(0, 10_000))
def test_the_inertia_never_increases(seed):
    """Each half of a step, joining and moving, can only lower the sum of squares; empty groups do not matter."""
    rng = np.random.default_rng(seed)
    X = rng.integers(-3, 4, size=(12, 2)).astype(float)
    _, _, inertias = kmeans(X, rng.normal(scale=3, size=(5, 2)), 8)
    assert (np.diff(inertias) <= 1e-12).all()


def test_a_center_without_points_stays():
    """A center to which no point is nearest keeps its place, and the others are not disturbed by it."""
    labels, centers, _ = kmeans_step(np.array([[0.0], [2.0]]), np.array([[50.0], [1.5], [-7.0]]))
    assert labels.tolist() == [1, 1] and centers.ravel().tolist() == [50, 1, -7]


def test_ties_go_to_the_lowest_index():
    """A point midway joins the first of two centers; of two equal centers the second stays alone."""
    X = np.array([[0.0], [2.0]])
    assert kmeans_step(X, np.array([[-1.0], [1.0]]))[0].tolist() == [0, 1]
    labels, centers, _ = kmeans_step(X, np.array([[5.0], [5.0]]))
    assert labels.tolist() == [0, 0] and centers.ravel().tolist() == [1, 5]


def test_kmeans_by_hand():
    """Points 0, 2, 9 and centers 0, 4.5: inertia 0 + 4 + 20.25; then centers 1 and 9 with inertia 1 + 1 + 0."""
    labels, centers, inertias = kmeans(np.array([[0.0], [2.0], [9.0]]), np.array([[0.0], [4.5]]), 1)
    assert labels.tolist() == [0, 0, 1] and centers.ravel().tolist() == [1, 9]
    assert inertias.tolist() == [4 + 20.25, 2]
    start = np.array([[0.0], [4.5]])
    labels, centers, inertias = kmeans(np.array([[0.0], [2.0], [9.0]]), start, 0)
    assert centers.tolist() == start.tolist() and centers is not start and inertias.tolist() == [24.25]


def test_what_kmeans_refuses():
    """No centers, centers in another space, and a negative number of steps."""
    X = np.zeros((3, 2))
    with pytest.raises(ShapeError, match=r"kmeans_step: got centers of shape \(0, 2\), expected at least one row\."):
        kmeans_step(X, np.empty((0, 2)))
    with pytest.raises(ShapeError, match=r"kmeans: got centers of shape \(4, 3\), expected \(4, 2\)\."):
        kmeans(X, np.zeros((4, 3)), 1)
    with pytest.raises(RangeError, match=r"kmeans: got T = -1, expected an integer of at least 0\."):
        kmeans(X, X, -1)
