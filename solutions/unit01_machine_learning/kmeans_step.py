"""Answer key: one step of Lloyd's algorithm (unit 1).

Where points and centres are tied or far from each other their coordinates are small integers, so that squared distances
are exact whether they are expanded or not.
"""

import numpy as np

from autograder.key import N0, Key, check, close, exact, standard
from dlmath_ref import kmeans_step

key = Key("unit01_machine_learning/kmeans_step", reference=kmeans_step, bans=N0)

NAMES = ("labels", "new centers", "inertia")


def groups(rng, n, p, K):
    """n points in K groups, and centres near them: every point is nearer to its own centre in each coordinate."""
    corners = 2.0 * rng.permutation(np.arange(K * p)).reshape(K, p) + 1
    X = corners[np.arange(n) % K] + rng.uniform(-0.3, 0.3, size=(n, p))
    return X, X[:K] + rng.uniform(0.1, 0.2, size=(K, p))


def triple(got):
    check(
        type(got) in (tuple, list) and len(got) == 3,
        "kmeans_step must return three values: labels, new centers, inertia.",
    )
    return got


@key.part("worked", weight=1)
def four_points_and_two_centers(answer, rng):
    X, centers = np.array([[0.0, 0.0], [0.0, 2.0], [4.0, 0.0], [8.0, 0.0]]), np.array([[0.0, 0.0], [5.0, 0.0]])
    labels, moved, inertia = triple(answer(X, centers))
    exact(labels, np.array([0, 0, 1, 1]), what="labels")
    close((moved, inertia), (np.array([[0.0, 1.0], [6.0, 0.0]]), 14.0), what=NAMES[1:])


@key.part("core", weight=0.5)
def the_labels_agree(answer, rng):
    for n, p, K in [(12, 2, 3), (6, 1, 4)]:
        X, centers = groups(rng, n, p, K)
        exact(triple(answer(X.copy(), centers.copy()))[0], kmeans_step(X, centers)[0], what="labels")
    size, rows = 2.0 ** rng.integers(0, 4), rng.permutation(4)
    X = size * np.array([[0.0, 0.0], [3.0, 0.0], [4.0, 0.0], [10.0, 0.0]])[rows]  # 4 is left when the centres move
    centers = size * np.array([[0.0, 0.0], [7.0, 0.0]])
    exact(triple(answer(X.copy(), centers.copy()))[0], kmeans_step(X, centers)[0], what="labels")
    X = size * np.array([[0.0, 7.0], [0.0, 1.0], [6.0, 4.0], [9.0, 5.0]])[rows]  # (0, 7): not by |x| + |y|
    centers = size * np.array([[0.0, 0.0], [6.0, 5.0]])
    exact(triple(answer(X.copy(), centers.copy()))[0], kmeans_step(X, centers)[0], what="labels")


@key.part("core", weight=0.5)
def the_new_centers_agree(answer, rng):
    for n, p, K in [(14, 2, 3), (10, 4, 2), (7, 1, 4)]:
        X, centers = groups(rng, n, p, K)
        close(triple(answer(X.copy(), centers.copy()))[1], kmeans_step(X, centers)[1], what="new centers")


@key.part("core", weight=0.5)
def the_inertia_agrees(answer, rng):
    for n, p, K in [(12, 3, 3), (9, 1, 2)]:
        X, centers = groups(rng, n, p, K)
        close(triple(answer(X.copy(), centers.copy()))[2], kmeans_step(X, centers)[2], what="inertia")


@key.part("core", weight=0.5)
def the_inertia_never_increases(answer, rng):
    X = rng.normal(size=(25, 2)) + rng.uniform(2, 3, size=2)
    X[:3] = [[0.0, 0.0], [6.0, 5.0], [0.0, 7.0]]  # by |x| + |y| the third is nearer to the first
    centers, values = X[:2], []  # of two groups none ever gets empty
    for _ in range(6):
        expected = kmeans_step(X, centers)
        got = triple(answer(X.copy(), centers.copy()))
        close(got[1:], expected[1:], what=NAMES[1:])
        values.append(got[2])
        centers = expected[1]
    check(bool(np.all(np.diff(values) <= 1e-9)), "The inertia grows from one step to the next.")


@key.part("edge", weight=0.5, feedback="Try a centre that is far from all points.")
def a_center_without_points_stays(answer, rng):
    X, centers = groups(rng, 8, 2, 2)
    far = rng.choice([-1, 1], size=(2, 2)) * rng.integers(100, 200, size=(2, 2)).astype(float)
    centers = np.vstack([far[:1], centers[:1], far[1:], centers[1:]])
    close(triple(answer(X.copy(), centers.copy()))[1], kmeans_step(X, centers)[1], what="new centers")


@key.part("edge", weight=0.25, feedback="Try a point midway between two centres.")
def a_tie_goes_to_the_lower_index(answer, rng):
    size = 2.0 ** rng.integers(0, 4)
    X = size * np.array([[0.0, 1.0], [3.0, 0.0], [-4.0, 0.0]])
    centers = size * np.array([[-2.0, 0.0], [2.0, 0.0], [2.0, 0.0]])
    exact(triple(answer(X, centers))[0], np.array([0, 1, 0]), what="labels")


@key.part("edge", weight=0.25)
def inputs_stay_unchanged_in_any_dtype_and_layout(answer, rng):
    standard(answer, groups(rng, 9, 2, 3), kmeans_step, what=NAMES)


@key.accept
def by_loops(X, centers):
    labels, inertia = [], 0.0
    for x in X:
        best, near = 0, np.inf
        for c, mu in enumerate(centers):
            square = np.sum((x - mu) ** 2)
            if square < near:
                best, near = c, square
        labels.append(best)
        inertia += near
    labels = np.array(labels)
    means = [X[labels == c].mean(axis=0) if c in labels else centers[c] for c in range(len(centers))]
    return labels, np.array(means), inertia


@key.accept
def by_expanded_squares(X, centers):
    squares = (X**2).sum(axis=1)[:, None] - 2 * X @ centers.T + (centers**2).sum(axis=1)
    labels = np.argmin(squares, axis=1)
    members = labels[:, None] == np.arange(len(centers))  # (n, K)
    counts = members.sum(axis=0)[:, None]
    means = np.where(counts > 0, members.T @ X / np.maximum(counts, 1), centers)
    return labels, means, squares[np.arange(len(X)), labels].sum()


@key.accept
def by_norms_and_counts(X, centers):
    distances = np.linalg.norm(X[:, None] - centers, axis=-1)
    labels = distances.argmin(axis=1).astype(np.int32)
    sums, counts = np.zeros_like(centers), np.bincount(labels, minlength=len(centers))
    np.add.at(sums, labels, X)
    moved = centers.copy()
    moved[counts > 0] = sums[counts > 0] / counts[counts > 0][:, None]
    return [labels, moved, float(np.sum(distances.min(axis=1) ** 2))]


WORKED, LABELS, CENTERS = "four_points_and_two_centers", "the_labels_agree", "the_new_centers_agree"
INERTIA, STEPS, EMPTY = "the_inertia_agrees", "the_inertia_never_increases", "a_center_without_points_stays"
TIE, LAYOUT = "a_tie_goes_to_the_lower_index", "inputs_stay_unchanged_in_any_dtype_and_layout"


def _squares(X, centers):
    """Squared distances (n, K)."""
    return np.sum((X[:, None] - centers) ** 2, axis=2)


def _means(X, labels, centers):
    """The mean of each group; a centre without points stays."""
    means = [X[labels == c].mean(axis=0) if np.any(labels == c) else centers[c] for c in range(len(centers))]
    return np.array(means)


@key.reject("A centre without points has no mean, yours becomes NaN; keep the centre.", fails=[EMPTY])
def empty_cluster_nan(X, centers):
    squares = _squares(X, centers)
    labels = squares.argmin(axis=1)
    sums = np.array([X[labels == c].sum(axis=0) for c in range(len(centers))])
    counts = np.array([[np.sum(labels == c)] for c in range(len(centers))])
    with np.errstate(invalid="ignore"):
        return labels, sums / counts, squares.min(axis=1).sum()


@key.reject("A centre without points must stay where it is; yours jumps to the origin.", fails=[EMPTY])
def empty_to_zero(X, centers):
    squares = _squares(X, centers)
    labels = squares.argmin(axis=1)
    return labels, _means(X, labels, np.zeros_like(centers)), squares.min(axis=1).sum()


@key.reject("A centre without points is missing from your new centres; keep it where it is.", fails=[EMPTY])
def empty_dropped(X, centers):
    squares = _squares(X, centers)
    labels = squares.argmin(axis=1)
    return labels, np.array([X[labels == c].mean(axis=0) for c in np.unique(labels)]), squares.min(axis=1).sum()


@key.reject("Inertia sums squared distances; you sum the distances.", fails=[WORKED, INERTIA, STEPS, LAYOUT])
def inertia_not_squared(X, centers):
    squares = _squares(X, centers)
    labels = squares.argmin(axis=1)
    return labels, _means(X, labels, centers), np.sqrt(squares.min(axis=1)).sum()


@key.reject("Inertia is a sum over the points; you take the mean.", fails=[WORKED, INERTIA, STEPS, LAYOUT])
def inertia_mean(X, centers):
    squares = _squares(X, centers)
    labels = squares.argmin(axis=1)
    return labels, _means(X, labels, centers), squares.min(axis=1).mean()


@key.reject(
    "Your inertia is that of the new centres; it belongs to the centres used for the assignment.",
    fails=[WORKED, INERTIA, STEPS, LAYOUT],
)
def inertia_new_centres(X, centers):
    labels = _squares(X, centers).argmin(axis=1)
    moved = _means(X, labels, centers)
    return labels, moved, np.sum((X - moved[labels]) ** 2)


@key.reject("Your labels are those of the new centres; they belong to the centres passed in.", fails=[LABELS])
def labels_of_the_new_centres(X, centers):
    squares = _squares(X, centers)
    moved = _means(X, squares.argmin(axis=1), centers)
    return _squares(X, moved).argmin(axis=1), moved, squares.min(axis=1).sum()


ABSOLUTE = "You add absolute differences; nearness is measured by the Euclidean distance."


@key.reject(ABSOLUTE, fails=[WORKED, LABELS, INERTIA, STEPS, LAYOUT])
def manhattan(X, centers):
    distances = np.abs(X[:, None] - centers).sum(axis=2)
    labels = distances.argmin(axis=1)
    return labels, _means(X, labels, centers), distances.min(axis=1).sum()


@key.reject(ABSOLUTE, fails=[LABELS, STEPS])
def labels_by_manhattan(X, centers):
    labels = np.abs(X[:, None] - centers).sum(axis=2).argmin(axis=1)
    return labels, _means(X, labels, centers), np.sum((X - centers[labels]) ** 2)


@key.reject(
    "Your new centres are the medians of their points; asked for are the means.",
    fails=[CENTERS, STEPS, EMPTY, LAYOUT],
)
def medians_for_means(X, centers):
    squares = _squares(X, centers)
    labels = squares.argmin(axis=1)
    moved = [np.median(X[labels == c], axis=0) if np.any(labels == c) else centers[c] for c in range(len(centers))]
    return labels, np.array(moved), squares.min(axis=1).sum()


@key.reject("A point with two nearest centres must join the one with the lower index.", fails=[TIE])
def last_of_the_nearest(X, centers):
    squares = _squares(X, centers)
    labels = len(centers) - 1 - squares[:, ::-1].argmin(axis=1)
    return labels, _means(X, labels, centers), squares.min(axis=1).sum()


@key.reject("Your new centres are sums; divide by the number of points.", fails=[WORKED, CENTERS, STEPS, EMPTY, LAYOUT])
def sums_for_means(X, centers):
    squares = _squares(X, centers)
    labels = squares.argmin(axis=1)
    sums = [X[labels == c].sum(axis=0) if np.any(labels == c) else centers[c] for c in range(len(centers))]
    return labels, np.array(sums), squares.min(axis=1).sum()


@key.reject("Your function moves the centres that were passed in; make a copy first.", fails=[LAYOUT])
def centers_overwritten(X, centers):
    squares = _squares(X, centers)
    labels = squares.argmin(axis=1)
    for c in range(len(centers)):
        if np.any(labels == c):
            centers[c] = X[labels == c].mean(axis=0)
    return labels, centers, squares.min(axis=1).sum()
