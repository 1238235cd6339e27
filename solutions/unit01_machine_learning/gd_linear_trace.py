"""Answer key: gradient descent for the linear model, with every iterate (unit 1)."""

import numpy as np

from autograder.key import N0, Bans, Key, check, close, standard
from dlmath_ref import gd_linear

key = Key("unit01_machine_learning/gd_linear_trace", reference=gd_linear, bans=N0 | Bans(modules={"numpy.linalg"}))


def problem(rng, n, p):
    """X, y, theta0 and a step of 0.6 / lambda_max: every entry of the trace moves."""
    X = rng.normal(size=(n, p)) + 0.5
    y = X @ rng.uniform(1, 2, size=p) + 2 + rng.normal(size=n)
    alpha = 0.6 * n / float(np.linalg.eigvalsh(X.T @ X)[-1])
    return X, y, -rng.uniform(0.5, 1, size=p), alpha


def trace(got, rows, columns):
    check(type(got) is np.ndarray, "gd_linear must return an array.")
    check(got.shape == (rows, columns), "The trace must have T + 1 rows, one column for each parameter.")
    return got


@key.part("worked", weight=1)
def two_steps_by_hand(answer, rng):
    X, y = np.array([[1.0], [2.0]]), np.array([2.0, 4.0])
    close(answer(X, y, np.array([0.0]), 0.1, 2), np.array([[0.0], [1.0], [1.5]]), what="the trace")


@key.part("core", weight=2)
def the_whole_trace_agrees(answer, rng):
    for n, p, T in [(7, 3, 6), (4, 4, 9), (5, 2, 4), (3, 6, 3)]:
        X, y, theta0, alpha = problem(rng, n, p)
        close(answer(X.copy(), y.copy(), theta0.copy(), alpha, T), gd_linear(X, y, theta0, alpha, T), what="the trace")


@key.part("core", weight=1)
def the_first_row_is_the_start(answer, rng):
    X, y, theta0, alpha = problem(rng, 6, 3)
    close(trace(answer(X, y, theta0.copy(), alpha, 3), 4, 3)[0], theta0, what="row 0 of the trace")


@key.part("core", weight=1)
def it_ends_at_the_least_squares_solution(answer, rng):
    axes = np.linalg.qr(rng.normal(size=(8, 3)))[0]
    X = axes * np.sqrt([8.0, 12.0, 16.0])  # X'X / n has the eigenvalues 1, 1.5, 2
    y = rng.uniform(1, 2, size=8)
    last = trace(answer(X.copy(), y.copy(), np.full(3, 3.0), 0.4, 60), 61, 3)[-1]
    close(last, np.linalg.lstsq(X, y, rcond=None)[0], what="the last row of the trace")


@key.part("core", weight=1)
def every_step_shrinks_the_error_by_its_factor(answer, rng):
    lam, best, start = rng.uniform(1, 2, size=3), rng.uniform(1, 2, size=3), -rng.uniform(1, 2, size=3)
    X = np.sqrt(3 * lam) * np.vstack([np.eye(3), np.eye(3)])  # X'X / n = diag(lam)
    factors = (1 - 2 * 0.2 * lam) ** np.arange(9)[:, None]  # of theta_t - best
    got = trace(answer(X, X @ best, start.copy(), 0.2, 8), 9, 3)
    close(got - best, factors * (start - best), what="the distance to the minimum")


@key.part("edge", weight=0.5)
def no_step_and_one_step(answer, rng):
    for T in (0, 1):
        X, y, theta0, alpha = problem(rng, 5, 2)
        close(answer(X.copy(), y.copy(), theta0.copy(), alpha, T), gd_linear(X, y, theta0, alpha, T), what="the trace")


@key.part("edge", weight=0.5)
def a_single_sample(answer, rng):
    X, y, theta0, alpha = problem(rng, 1, 3)
    close(answer(X.copy(), y.copy(), theta0.copy(), alpha, 4), gd_linear(X, y, theta0, alpha, 4), what="the trace")


@key.part("edge", weight=1)
def inputs_stay_unchanged_in_any_dtype_and_layout(answer, rng):
    standard(answer, (*problem(rng, 6, 3), 3), gd_linear, what="the trace")


@key.accept
def by_a_list_that_is_stacked(X, y, theta0, alpha, T):
    theta, rows = theta0, [theta0]
    for _ in range(T):
        theta = theta - alpha * 2 / len(y) * X.T @ (X @ theta - y)
        rows.append(theta)
    return np.stack(rows)


@key.accept
def by_an_array_in_single_precision_where_the_input_has_it(X, y, theta0, alpha, T):
    rows = np.zeros((T + 1, X.shape[1]), dtype=X.dtype)
    rows[0] = theta0
    for t in range(1, T + 1):
        rows[t] = rows[t - 1] + 2 * alpha * np.mean((y - X @ rows[t - 1])[:, None] * X, axis=0)
    return rows


@key.accept
def by_one_affine_map(X, y, theta0, alpha, T):
    n, p = X.shape
    A, c = np.eye(p) - 2 * alpha / n * X.T @ X, 2 * alpha / n * X.T @ y
    rows = theta0[None, :]
    for _ in range(T):
        rows = np.vstack([rows, A @ rows[-1] + c])
    return rows


@key.accept
def by_loops(X, y, theta0, alpha, T):
    n, p = X.shape
    rows = [[float(v) for v in theta0]]
    for _ in range(T):
        theta = rows[-1]
        errors = [sum(X[i, j] * theta[j] for j in range(p)) - y[i] for i in range(n)]
        slopes = [2 / n * sum(errors[i] * X[i, j] for i in range(n)) for j in range(p)]
        rows.append([theta[j] - alpha * slopes[j] for j in range(p)])
    return np.array(rows)


@key.accept
def by_copies_of_one_vector(X, y, theta0, alpha, T):
    theta = np.array(theta0)
    rows = [theta.copy()]
    for _ in range(T):
        theta -= alpha * (2 / len(X)) * (X.T @ (X @ theta - y))
        rows.append(theta.copy())
    return np.array(rows)


HAND, WHOLE, START = "two_steps_by_hand", "the_whole_trace_agrees", "the_first_row_is_the_start"
END, FACTOR = "it_ends_at_the_least_squares_solution", "every_step_shrinks_the_error_by_its_factor"
FEW, SINGLE, LAYOUT = "no_step_and_one_step", "a_single_sample", "inputs_stay_unchanged_in_any_dtype_and_layout"


def _descend(X, y, theta0, T, step):
    """theta0 and the T points after it, each from the gradient of the mean squared error."""
    rows = [theta0]
    for _ in range(T):
        rows.append(rows[-1] - step(2 / len(y) * X.T @ (X @ rows[-1] - y)))
    return np.array(rows)


@key.reject(
    "The loss is a mean over the samples: divide your gradient by n.", fails=[HAND, WHOLE, END, FACTOR, FEW, LAYOUT]
)
def missing_1_over_n(X, y, theta0, alpha, T):
    return _descend(X, y, theta0, T, lambda g: alpha * len(y) * g)


@key.reject(
    "Your gradient is half of what it should be: the derivative of a square has a factor 2.",
    fails=[HAND, WHOLE, FACTOR, FEW, SINGLE, LAYOUT],
)
def missing_2(X, y, theta0, alpha, T):
    return _descend(X, y, theta0, T, lambda g: alpha * g / 2)


@key.reject("You go uphill: the step goes against the gradient.", fails=[HAND, WHOLE, END, FACTOR, FEW, SINGLE, LAYOUT])
def ascent(X, y, theta0, alpha, T):
    return _descend(X, y, theta0, T, lambda g: -alpha * g)


@key.reject(
    "All rows of your trace are one and the same array, which you go on changing: store copies.",
    fails=[HAND, WHOLE, START, FACTOR, FEW, SINGLE, LAYOUT],
)
def aliased_rows(X, y, theta0, alpha, T):
    theta = theta0.copy()
    rows = [theta]
    for _ in range(T):
        theta -= alpha * 2 / len(y) * X.T @ (X @ theta - y)
        rows.append(theta)
    return np.array(rows)


@key.reject(
    "Your trace starts after the first step: row 0 must be the start value.",
    fails=[HAND, WHOLE, START, END, FACTOR, FEW, SINGLE, LAYOUT],
)
def trace_without_the_start(X, y, theta0, alpha, T):
    return _descend(X, y, theta0, T, lambda g: alpha * g)[1:]


@key.reject(
    "Your trace lacks the last step: T steps make T + 1 rows.",
    fails=[HAND, WHOLE, START, END, FACTOR, FEW, SINGLE, LAYOUT],
)
def trace_without_the_end(X, y, theta0, alpha, T):
    return _descend(X, y, theta0, T, lambda g: alpha * g)[:-1]


@key.reject("You write into theta0, which belongs to whoever called you: start from a copy.", fails=[LAYOUT])
def start_is_changed(X, y, theta0, alpha, T):
    rows = [theta0.copy()]
    for _ in range(T):
        theta0 -= alpha * 2 / len(y) * X.T @ (X @ theta0 - y)
        rows.append(theta0.copy())
    return np.array(rows)


@key.reject(
    "Your gradient divides by the number of parameters; the mean is over the n samples.",
    fails=[HAND, WHOLE, END, FACTOR, FEW, SINGLE, LAYOUT],
)
def divided_by_p(X, y, theta0, alpha, T):
    return _descend(X, y, theta0, T, lambda g: alpha * g * len(y) / X.shape[1])


@key.reject(
    "Your residuals belong to the start value: compute them anew in every step.",
    fails=[HAND, WHOLE, END, FACTOR, LAYOUT, SINGLE],
)
def gradient_of_the_start(X, y, theta0, alpha, T):
    g = 2 / len(y) * X.T @ (X @ theta0 - y)
    return np.array([theta0 - t * alpha * g for t in range(T + 1)])


@key.reject(
    "Your gradient is one number: the mean is over the samples alone, each parameter has its own entry.",
    fails=[WHOLE, END, FACTOR, FEW, SINGLE, LAYOUT],
)
def one_slope_for_all(X, y, theta0, alpha, T):
    rows = [theta0]
    for _ in range(T):
        rows.append(rows[-1] - 2 * alpha * np.mean(X * (X @ rows[-1] - y)[:, None]))
    return np.array(rows)


@key.reject(
    "You move one parameter after the other: the gradient belongs to the old point in all its entries.",
    fails=[WHOLE, FEW, SINGLE, LAYOUT],
)
def one_parameter_after_the_other(X, y, theta0, alpha, T):
    theta, rows = theta0.copy(), [theta0]
    for _ in range(T):
        for j in range(len(theta)):
            theta[j] -= alpha * 2 / len(y) * (X[:, j] @ (X @ theta - y))
        rows.append(theta.copy())
    return np.array(rows)
