"""Answer key: contraction factor of gradient descent on a quadratic (unit 3).

The spectra have gaps, so that each mistake changes the result by more than any tolerance whatever is drawn.
"""

import numpy as np

from autograder.key import ITER, N0, Key, check, close, standard
from dlmath_ref import quadratic_rate

key = Key("unit03_optimization/quadratic_rate", reference=quadratic_rate, bans=N0)

NAMES = ("the contraction factor", "the best learning rate")


def quadratic(rng, d):
    """A rotated Q with eigenvalues in ascending order, at least 0.4 apart, and these eigenvalues."""
    spectrum = 0.2 + np.cumsum(rng.uniform(0.4, 0.8, size=d))
    axes = np.linalg.qr(rng.normal(size=(d, d)))[0]
    Q = axes @ np.diag(spectrum) @ axes.T
    return (Q + Q.T) / 2, spectrum


def pair(got):
    check(type(got) in (tuple, list) and len(got) == 2, "quadratic_rate must return two numbers.")
    return got


@key.part("worked", weight=1)
def on_the_identity_every_direction_shrinks_alike(answer, rng):
    close(answer(np.eye(3), 0.25), (0.75, 1.0), ITER, what=NAMES)


@key.part("core", weight=1)
def with_small_steps_the_flattest_direction_decides(answer, rng):
    for d in (3, 5):
        Q, spectrum = quadratic(rng, d)
        alpha = 0.6 / spectrum[-1]
        close(pair(answer(Q.copy(), alpha))[0], 1 - alpha * spectrum[0], ITER, what=NAMES[0])


@key.part("core", weight=1)
def two_hundred_steps_shrink_by_the_factor(answer, rng):
    Q, spectrum = quadratic(rng, 4)
    alpha = 1.9 / spectrum[-1]  # above the best one: the steepest direction decides
    theta = np.ones(4) @ Q
    for _ in range(200):
        before, theta = theta, theta - alpha * Q @ theta
    shrinks = np.linalg.norm(theta) / np.linalg.norm(before)
    close(pair(answer(Q.copy(), alpha))[0], float(shrinks), ITER, what=NAMES[0])


@key.part("core", weight=1)
def the_best_learning_rate_balances_both_ends(answer, rng):
    Q = np.diag([2.0, 0.5, 3.0, 1.0])  # in this order some routines return them
    close(pair(answer(Q, 0.1))[1], 2 / 3.5, ITER, what=NAMES[1])
    for d in (2, 4):
        Q, spectrum = quadratic(rng, d)
        close(pair(answer(Q.copy(), 0.1))[1], 2 / (spectrum[0] + spectrum[-1]), ITER, what=NAMES[1])


@key.part("edge", weight=0.25)
def a_step_that_is_too_long_diverges(answer, rng):
    Q, spectrum = quadratic(rng, 3)
    alpha = 1.5 / spectrum[0]  # every direction is overshot
    close(pair(answer(Q, alpha))[0], alpha * spectrum[-1] - 1, ITER, what=NAMES[0])


@key.part("edge", weight=0.25)
def equal_eigenvalues_need_one_step(answer, rng):
    close(answer(4 * np.eye(2), 0.25), (0.0, 0.25), ITER, what=NAMES)
    close(answer(np.array([[3.0]]), 0.5), (0.5, 2 / 6), ITER, what=NAMES)


@key.part("edge", weight=0.5)
def inputs_stay_unchanged_in_any_dtype_and_layout(answer, rng):
    Q, spectrum = quadratic(rng, 3)
    standard(answer, (Q, 1.7 / spectrum[-1]), quadratic_rate, tol=ITER, what=NAMES)


@key.accept
def by_general_eigenvalues(Q, alpha):
    values = np.linalg.eigvals(Q).real
    return max(abs(1 - alpha * value) for value in values), 2 / (min(values) + max(values))


@key.accept
def by_spectral_norms(Q, alpha):
    steepest, flattest = np.linalg.norm(Q, 2), 1 / np.linalg.norm(np.linalg.inv(Q), 2)
    return np.linalg.norm(np.eye(len(Q)) - alpha * Q, 2), 2 / (steepest + flattest)


@key.accept
def by_the_two_ends(Q, alpha):
    values = np.linalg.eigvalsh(Q)
    low, high = values[0], values[-1]
    return [max(1 - alpha * low, alpha * high - 1), 1 / ((low + high) / 2)]


@key.accept
def by_singular_values(Q, alpha):
    sizes = np.linalg.svd(Q, compute_uv=False)
    iteration = np.eye(Q.shape[0], dtype=Q.dtype) - alpha * Q
    return np.abs(np.linalg.eigvalsh(iteration)).max(), 2.0 / (sizes[0] + sizes[-1])


FACTORS = [
    "two_hundred_steps_shrink_by_the_factor",
    "a_step_that_is_too_long_diverges",
    "inputs_stay_unchanged_in_any_dtype_and_layout",
]
BOTH_FACTORS = ["with_small_steps_the_flattest_direction_decides", *FACTORS]
BEST = [
    "the_best_learning_rate_balances_both_ends",
    "inputs_stay_unchanged_in_any_dtype_and_layout",
]
EQUAL = "equal_eigenvalues_need_one_step"
IDENTITY = "on_the_identity_every_direction_shrinks_alike"


@key.reject(
    "Your factor ignores the sign: a direction that is multiplied by less than -1 grows too.",
    fails=[*FACTORS, "equal_eigenvalues_need_one_step"],
)
def no_absolute_value(Q, alpha):
    values = np.linalg.eigvalsh(Q)
    return np.max(1 - alpha * values), 2 / (values[0] + values[-1])


SAFE = "Your learning rate is safe but not the best: the best one balances both ends of the spectrum."


@key.reject(SAFE, fails=BEST)
def one_over_L(Q, alpha):
    values = np.linalg.eigvalsh(Q)
    return np.max(np.abs(1 - alpha * values)), 1 / values[-1]


@key.reject("Your learning rate takes the mean of all eigenvalues; only the two ends count.", fails=BEST)
def one_over_the_mean(Q, alpha):
    values = np.linalg.eigvalsh(Q)
    return np.max(np.abs(1 - alpha * values)), 1 / values.mean()


@key.reject(
    "Your learning rate is the largest that does not diverge, not the one that shrinks most.",
    fails=[IDENTITY, *BEST, EQUAL],
)
def two_over_L(Q, alpha):
    values = np.linalg.eigvalsh(Q)
    return np.max(np.abs(1 - alpha * values)), 2 / values[-1]


@key.reject("Your factor looks at the smallest eigenvalue only: for a large α the largest decides.", fails=FACTORS)
def smallest_eigenvalue_only(Q, alpha):
    values = np.linalg.eigvalsh(Q)
    return abs(1 - alpha * values[0]), 2 / (values[0] + values[-1])


@key.reject(
    "Your factor looks at the largest eigenvalue only: for a small α the smallest decides.",
    fails=["with_small_steps_the_flattest_direction_decides"],
)
def largest_eigenvalue_only(Q, alpha):
    values = np.linalg.eigvalsh(Q)
    return abs(1 - alpha * values[-1]), 2 / (values[0] + values[-1])


@key.reject(
    "Your factor is a determinant: the slowest direction decides, not the product of all.",
    fails=[IDENTITY, *BOTH_FACTORS],
)
def determinant(Q, alpha):
    values = np.linalg.eigvalsh(Q)
    return abs(np.linalg.det(np.eye(len(Q)) - alpha * Q)), 2 / (values[0] + values[-1])


@key.reject(
    "Your factor or step is that of θᵀQθ: the gradient of half of it is Qθ, without a factor 2.",
    fails=[IDENTITY, *BOTH_FACTORS, "the_best_learning_rate_balances_both_ends", EQUAL],
)
def gradient_of_the_whole_square(Q, alpha):
    values = np.linalg.eigvalsh(Q)
    return np.max(np.abs(1 - 2 * alpha * values)), 1 / (values[0] + values[-1])


@key.reject(
    "You read Q's diagonal: its eigenvalues are not its entries unless it is diagonal.",
    fails=[*BOTH_FACTORS, "the_best_learning_rate_balances_both_ends"],
)
def diagonal_entries(Q, alpha):
    values = np.diag(Q)
    return np.max(np.abs(1 - alpha * values)), 2 / (values.min() + values.max())


@key.reject(
    "You take the first and the last eigenvalue of a routine that does not sort them.",
    fails=["the_best_learning_rate_balances_both_ends"],
)
def eigenvalues_in_no_order(Q, alpha):
    values = np.linalg.eigvals(Q).real
    ends = values if np.array_equal(Q, np.diag(np.diag(Q))) else np.sort(values)
    return np.max(np.abs(1 - alpha * values)), 2 / (ends[0] + ends[-1])
