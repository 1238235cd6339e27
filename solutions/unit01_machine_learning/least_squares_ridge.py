"""Answer key: least squares with and without a ridge penalty (unit 1).

Designs without full column rank are made of columns of -1 and 1 times powers of two, or of small integers in 8 or 16
rows, so that centring and products are exact: a right answer loses no digits. A matrix that must not be inverted is
singular to the last bit; elimination notices that for the first kind, and not, by rounding, for the second.
"""

import numpy as np

from autograder.key import ITER, N0, Key, Tolerance, check, close, standard
from dlmath_ref import least_squares

key = Key("unit01_machine_learning/least_squares_ridge", reference=least_squares, bans=N0)

NAMES = ("beta", "b")
ANY_NUMBERS = Tolerance("any numbers", rtol=0.0, atol=np.inf)
SIGNS = np.array([[1, 1, 1, 1], [1, 1, -1, -1], [1, -1, 1, -1], [1, -1, -1, 1]], dtype=float)  # orthogonal rows


def problem(rng, n, p):
    """X away from the origin, and y with slopes and an intercept far from 0."""
    X = rng.normal(size=(n, p)) + rng.uniform(1, 2, size=p)
    beta = rng.choice([-1, 1], size=p) * rng.uniform(1, 2, size=p)
    return X, X @ beta + 10 + rng.uniform(0, 2) + 0.3 * rng.normal(size=n)


def deficient(rng, columns, sizes, means):
    """A centred design with these columns of SIGNS, their sizes and means; y has mean 20, rows in random order."""
    X = SIGNS[columns].T * sizes + means
    y = 20 + SIGNS[1:].T @ (rng.choice([-1, 1], size=3) * rng.uniform(1, 2, size=3))
    rows = rng.permutation(4)
    return X[rows], y[rows]


def integers(rng, n, p):
    """A table of small integers, and y around 20."""
    return rng.integers(1, 8, size=(n, p)).astype(float), 20 + rng.normal(size=n)


def pair(got):
    check(type(got) in (tuple, list) and len(got) == 2, "least_squares must return two values: beta, b.")
    return got


@key.part("worked", weight=1)
def three_points_on_a_line(answer, rng):
    X, y = np.array([[0.0], [1.0], [2.0]]), np.array([1.0, 3.0, 5.0])
    close(answer(X.copy(), y.copy()), (np.array([2.0]), 1.0), ITER, what=NAMES)
    close(answer(X, y, 1.0), (np.array([0.8]), 2.2), ITER, what=NAMES)


@key.part("core", weight=1)
def without_a_penalty_the_fit_agrees(answer, rng):
    for n, p in [(8, 3), (6, 1), (9, 4)]:
        X, y = problem(rng, n, p)
        close(answer(X.copy(), y.copy()), least_squares(X, y), ITER, what=NAMES)


@key.part("core", weight=2)
def with_a_penalty_the_slopes_agree(answer, rng):
    for n, p, lam in [(9, 3, 0.3), (6, 2, 0.05), (5, 5, 3.0)]:
        X, y = problem(rng, n, p)
        close(pair(answer(X.copy(), y.copy(), lam))[0], least_squares(X, y, lam)[0], ITER, what="beta")


@key.part("core", weight=1)
def with_a_penalty_the_intercept_agrees(answer, rng):
    for n, p, lam in [(9, 3, 0.3), (6, 2, 0.05), (5, 5, 3.0)]:
        X, y = problem(rng, n, p)
        close(pair(answer(X.copy(), y.copy(), lam))[1], least_squares(X, y, lam)[1], ITER, what="b")


@key.part("core", weight=1)
def the_gradient_of_the_objective_is_zero(answer, rng):
    n, p, lam = 10, 4, 0.4
    X, y = problem(rng, n, p)
    got = answer(X.copy(), y.copy(), lam)
    close(got, (np.ones(p), 1.0), ANY_NUMBERS, what=NAMES)
    beta, b = got
    residual = X @ beta + b - y
    gradient = np.append(2 / n * X.T @ residual + 2 * lam * beta, 2 * residual.mean())
    check(bool(np.all(np.abs(gradient) < 1e-6)), "At your beta and b the gradient of the objective is not zero.")


@key.part("core", weight=1)
def more_columns_than_rows_with_a_penalty(answer, rng):
    for n, p, lam in [(4, 7, 0.3), (3, 5, 0.05)]:
        X, y = problem(rng, n, p)
        close(answer(X.copy(), y.copy(), lam), least_squares(X, y, lam), ITER, what=NAMES)


@key.part("edge", weight=0.75, feedback="Try a table in which one column stands twice.")
def a_column_that_stands_twice(answer, rng):
    size, other = 2.0 ** rng.integers(0, 3, size=2)
    X, y = deficient(rng, [1, 2, 1], [size, other, size], [3.0, 1.0, 3.0])
    close(answer(X.copy(), y.copy()), least_squares(X, y), ITER, what=NAMES)


@key.part("edge", weight=0.75, feedback="Without a penalty many slopes fit exactly: the shortest beta is asked for.")
def more_columns_than_rows_without_a_penalty(answer, rng):
    sizes = 2.0 ** rng.integers(0, 3, size=5)
    means = np.array([1.0, 2.0, 1.0, -1.0, 1.0]) * sizes
    X, y = deficient(rng, [1, 2, 3, 1, 2], sizes, means)
    close(answer(X.copy(), y.copy(), 0.0), least_squares(X, y, 0.0), ITER, what=NAMES)
    for n, p in [(8, 20), (16, 30)]:
        X, y = integers(rng, n, p)
        close(answer(X.copy(), y.copy()), least_squares(X, y), ITER, what=NAMES)


@key.part("edge", weight=0.5)
def inputs_stay_unchanged_in_any_dtype_and_layout(answer, rng):
    X, y = problem(rng, 8, 3)
    standard(answer, (X, y, 0.3), least_squares, tol=ITER, what=NAMES)


def _centred(X, y):
    return X - X.mean(axis=0), y - y.mean()


def _with_intercept(X, y, beta):
    return beta, y.mean() - X.mean(axis=0) @ beta


@key.accept
def by_the_pseudoinverse_of_the_centred_matrix(X, y, lam=0.0):
    A, t = _centred(X, y)
    beta = np.linalg.pinv(A.T @ A / len(y) + lam * np.eye(X.shape[1])) @ (A.T @ t) / len(y)
    return _with_intercept(X, y, beta)


@key.accept
def by_rows_added_for_the_penalty(X, y, lam=0.0):
    n, p = X.shape
    A, t = _centred(X, y)
    rows = np.vstack([A, np.sqrt(n * lam) * np.eye(p)])
    beta, *_ = np.linalg.lstsq(rows, np.append(t, np.zeros(p)), rcond=None)
    return _with_intercept(X, y, beta)


@key.accept
def by_filtered_singular_values(X, y, lam=0.0):
    A, t = _centred(X, y)
    U, s, Vt = np.linalg.svd(A, full_matrices=False)
    keep = s > 1e-6 * s[0]
    beta = sum(s[i] / (s[i] ** 2 + len(y) * lam) * (U[:, i] @ t) * Vt[i] for i in np.flatnonzero(keep))
    return [beta, float(y.mean() - beta @ X.mean(axis=0))]


@key.accept
def by_the_matrix_of_inner_products(X, y, lam=0.0):
    A, t = _centred(X, y)
    K = A @ A.T + len(y) * lam * np.eye(len(y))
    return _with_intercept(X, y, A.T @ (np.linalg.pinv(K, rcond=1e-7) @ t))


@key.accept
def by_normal_equations_where_they_have_one_solution(X, y, lam=0.0):
    n, p = X.shape
    if lam == 0 and np.linalg.matrix_rank(X - X.mean(axis=0)) < p:
        A, t = _centred(X, y)
        return _with_intercept(X, y, np.linalg.pinv(A) @ t)
    Z = np.column_stack([np.ones(n), X])
    penalty = np.diag([0.0] + p * [n * lam])
    theta = np.linalg.solve(Z.T @ Z + penalty, Z.T @ y)
    return theta[1:], theta[0]


LINE, PLAIN = "three_points_on_a_line", "without_a_penalty_the_fit_agrees"
SLOPES, INTERCEPT = "with_a_penalty_the_slopes_agree", "with_a_penalty_the_intercept_agrees"
GRADIENT, WIDE = "the_gradient_of_the_objective_is_zero", "more_columns_than_rows_with_a_penalty"
TWICE, SHORTEST = "a_column_that_stands_twice", "more_columns_than_rows_without_a_penalty"
LAYOUT = "inputs_stay_unchanged_in_any_dtype_and_layout"
PENALISED = [SLOPES, INTERCEPT, GRADIENT, WIDE, LAYOUT]


def _ridge(X, y, strength):
    """The centred solution with X'X + strength I; the shortest for strength 0."""
    A, t = _centred(X, y)
    beta = np.linalg.pinv(A.T @ A + strength * np.eye(X.shape[1])) @ (A.T @ t)
    return _with_intercept(X, y, beta)


@key.reject(
    "λ also shrinks your intercept b: centre the data first, or leave b out of the penalty.", fails=[LINE, *PENALISED]
)
def intercept_penalised(X, y, lam=0.0):
    if lam == 0:
        return _ridge(X, y, 0.0)
    Z = np.column_stack([np.ones(len(y)), X])
    theta = np.linalg.solve(Z.T @ Z + len(y) * lam * np.eye(Z.shape[1]), Z.T @ y)
    return theta[1:], theta[0]


@key.reject(
    "The data term is a mean: divide XᵀX by n, or multiply λ by n, where the two are added.",
    fails=[LINE, *PENALISED],
)
def lambda_not_scaled_by_n(X, y, lam=0.0):
    return _ridge(X, y, lam)


@key.reject("Your λ is halved or doubled: both terms of the gradient have the same factor 2.", fails=[LINE, *PENALISED])
def lambda_halved(X, y, lam=0.0):
    return _ridge(X, y, len(y) * lam / 2)


@key.reject("Your λ enters squared; it multiplies the squared length of beta once.", fails=PENALISED)
def lambda_squared(X, y, lam=0.0):
    return _ridge(X, y, len(y) * lam**2)


@key.reject("You return the unpenalised fit: λ plays no part.", fails=[LINE, *PENALISED])
def lambda_ignored(X, y, lam=0.0):
    return _ridge(X, y, 0.0)


SINGULAR = "You invert a matrix that can be singular: without a penalty the shortest of many solutions is asked for."


@key.reject(SINGULAR, fails=[TWICE, SHORTEST])
def inverse_of_a_singular_matrix(X, y, lam=0.0):
    A, t = _centred(X, y)
    beta = np.linalg.inv(A.T @ A / len(y) + lam * np.eye(X.shape[1])) @ (A.T @ t / len(y))
    return _with_intercept(X, y, beta)


UNNOTICED = "You wait for a LinAlgError, but by rounding a singular matrix is often solved or inverted without one."


@key.reject(UNNOTICED, fails=[SHORTEST])
def singular_only_where_solve_says_so(X, y, lam=0.0):
    A, t = _centred(X, y)
    S, r = A.T @ A / len(y) + lam * np.eye(X.shape[1]), A.T @ t / len(y)
    try:
        beta = np.linalg.solve(S, r)
    except np.linalg.LinAlgError:
        beta = np.linalg.pinv(S) @ r
    return _with_intercept(X, y, beta)


@key.reject(UNNOTICED, fails=[SHORTEST])
def singular_only_where_inv_says_so(X, y, lam=0.0):
    A, t = _centred(X, y)
    S, r = A.T @ A / len(y) + lam * np.eye(X.shape[1]), A.T @ t / len(y)
    try:
        return _with_intercept(X, y, np.linalg.inv(S) @ r)
    except np.linalg.LinAlgError:
        return _with_intercept(X, y, np.linalg.pinv(S) @ r)


@key.reject(
    "Of several minimisers you choose the one with the shortest (b, beta): b does not count, only beta.",
    fails=[SHORTEST],
)
def intercept_in_the_norm(X, y, lam=0.0):
    if lam > 0:
        return _ridge(X, y, len(y) * lam)
    theta = np.linalg.pinv(np.column_stack([np.ones(len(y)), X]), rcond=1e-9) @ y
    return theta[1:], theta[0]


@key.reject(
    "Your model has no intercept: the line is forced through the origin.",
    fails=[LINE, PLAIN, *PENALISED, TWICE, SHORTEST],
)
def no_intercept(X, y, lam=0.0):
    beta = np.linalg.pinv(X.T @ X + len(y) * lam * np.eye(X.shape[1])) @ (X.T @ y)
    return beta, 0.0


@key.reject(
    "Your b is the mean of y: that is right only where every column of X has mean 0.",
    fails=[LINE, PLAIN, INTERCEPT, GRADIENT, WIDE, LAYOUT, TWICE, SHORTEST],
)
def intercept_of_centred_columns(X, y, lam=0.0):
    return _ridge(X, y, len(y) * lam)[0], y.mean()


CENTRED = "The columns of X are centred, so a constant added to y changes nothing: y need not be centred for beta."
key.equivalent("y - y.mean() -> y + y.mean()", CENTRED)
key.equivalent("y - y.mean() -> y", CENTRED)
key.equivalent("y.mean -> y.sum", CENTRED)
