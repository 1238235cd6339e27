"""Answer key: gradient descent with backtracking (unit 3).

A step is accepted or not: a yes-or-no decision, which rounding must not turn. The fixed problems have binary
fractions or wide margins, the drawn ones are drawn again until every decision has a margin.
"""

import numpy as np

from autograder.key import ITER, N0, Key, check, close, standard
from dlmath_ref import backtracking_gd

key = Key("unit03_optimization/backtracking_gd", reference=backtracking_gd, bans=N0)

NAMES = ("theta", "steps")


def ending(f):
    """f, which ends a search without end itself, long before the time limit does."""
    calls = []

    def counted(t):
        calls.append(1)
        check(len(calls) <= 5000, "Your search does not end: f or grad is called thousands of times.")
        return f(t)

    return counted


def quadratic(Q):
    """theta' Q theta / 2 and its gradient, as plain functions."""
    return ending(lambda t: float(t @ Q @ t) / 2), ending(lambda t: Q @ t)


def margin(f, grad, theta, alpha0, c, rho, steps):
    """The smallest relative distance of a trial from Armijo's bound, along accepted steps."""
    least = np.inf
    for step in steps:
        g, alpha = grad(theta), alpha0
        while True:
            bound = f(theta) - c * alpha * float(g @ g)
            least = min(least, abs(f(theta - alpha * g) - bound) / f(theta))
            if alpha <= step:
                break
            alpha *= rho
        theta = theta - step * g
    return least


def drawn(rng):
    """A rotated quadratic whose steepest direction forbids the first trial."""
    while True:
        axes = np.linalg.qr(rng.normal(size=(3, 3)))[0]
        f, grad = quadratic(axes @ np.diag(rng.uniform([0.5, 2, 5], [1, 3, 8])) @ axes.T)
        start = rng.normal(size=3) + 2 * axes[:, 2]
        args = (f, grad, start, 1.0, 0.3, 0.7, 1e-8, 7)
        if margin(f, grad, start, 1.0, 0.3, 0.7, backtracking_gd(*args)[1]) > 1e-4:
            return args


def runs(rng):
    """A sufficient decrease shows on the first, a search that starts anew on the second, a long one on the third."""
    yield (*quadratic(np.array([[1.5]])), np.array([10.0]), 1.0, 0.3, 0.5, 1e-8, 3)
    yield (*quadratic(np.diag([8.0, 0.5])), np.array([1.0, 1.0]), 1.0, 0.3, 0.5, 1e-8, 3)
    yield (*quadratic(np.array([[2.0**17]])), np.array([1.0]), 1.0, 0.3, 0.7, 1e-8, 1)  # the 33rd power of 0.7
    yield drawn(rng)


def fresh(args):
    return (*args[:2], args[2].copy(), *args[3:])


def pair(got):
    check(type(got) in (tuple, list) and len(got) == 2, "backtracking_gd must return two values: theta, steps.")
    return got


@key.part("worked", weight=1)
def one_step_by_hand(answer, rng):
    got = answer(lambda t: float(np.sum(t**2)), lambda t: 2 * t, np.array([1.0]), 1.0, 1e-4, 0.5, 1e-8, 1)
    close(got, (np.array([0.0]), np.array([0.5])), ITER, what=NAMES)


@key.part("core", weight=1)
def the_accepted_steps_on_quadratics_agree(answer, rng):
    for args in runs(rng):
        close(pair(answer(*fresh(args)))[1], backtracking_gd(*args)[1], ITER, what="steps")


@key.part("core", weight=1)
def the_points_on_quadratics_agree(answer, rng):
    for args in runs(rng):
        close(pair(answer(*fresh(args)))[0], backtracking_gd(*args)[0], ITER, what="theta")


@key.part("core", weight=1.5)
def twenty_five_steps_in_rosenbrocks_valley_agree(answer, rng):
    def f(t):
        return float((1 - t[0]) ** 2 + 100 * (t[1] - t[0] ** 2) ** 2)

    def grad(t):
        across = t[1] - t[0] ** 2
        return np.array([-2 * (1 - t[0]) - 400 * t[0] * across, 200 * across])

    args = (ending(f), ending(grad), np.array([0.4, -0.2]), 0.05, 0.1, 0.7, 1e-8, 25)
    close(answer(*fresh(args)), backtracking_gd(*args), ITER, what=NAMES)


@key.part("core", weight=1)
def it_stops_where_the_gradient_is_short(answer, rng):
    # the gradient's norm is 2 * 0.75^t: 0.113 after ten steps, 0.084 after eleven
    args = (*quadratic(np.eye(4)), np.ones(4), 0.25, 1e-4, 0.5, 0.09, 100)
    steps = pair(answer(*fresh(args)))[1]
    close(steps, np.full(11, 0.25), ITER, what="steps")


@key.part("core", weight=0.5)
def without_further_arguments_the_defaults_hold(answer, rng):
    # from 1 on L t^2 / 2 the trial 1 meets the bound where L <= 2 (1 - c); the last two are about tol
    for L, start, expected in [
        (0.5, 1.0, [1.0]),
        (2 - 3e-4, 1.0, [1.0]),
        (2 - 5e-5, 1.0, [0.5]),
        (1.0, 1.5e-8, [1.0]),
        (1.0, 7e-9, []),
    ]:
        steps = pair(answer(*quadratic(np.array([[L]])), np.array([start]), max_iter=1))[1]
        close(steps, np.array(expected), ITER, what="steps")


@key.part("edge", weight=0.25)
def a_stationary_start_takes_no_step(answer, rng):
    got = answer(*quadratic(np.eye(2)), np.zeros(2))
    close(got, (np.zeros(2), np.zeros(0)), ITER, what=NAMES)


@key.part("edge", weight=0.25)
def no_more_than_max_iter_steps_are_taken(answer, rng):
    for most in (0, 2):
        args = (*quadratic(np.diag([8.0, 0.5])), np.ones(2), 0.125, 0.3, 0.5, 1e-8, most)
        close(answer(*fresh(args)), backtracking_gd(*args), ITER, what=NAMES)


@key.part("edge", weight=0.25)
def equality_is_enough_in_both_conditions(answer, rng):
    one = quadratic(np.eye(1))  # from 2 the step 1 leads to 0, and 0 <= 2 - 4 / 2
    close(answer(*one, np.array([2.0]), 1.0, 0.5, 0.5, 0.0, 1), (np.zeros(1), np.ones(1)), ITER, what=NAMES)
    close(answer(*one, np.array([2.0]), 1.0, 0.5, 0.5, 2.0, 5), (np.full(1, 2.0), np.zeros(0)), ITER, what=NAMES)


@key.part("edge", weight=0.25)
def inputs_stay_unchanged_in_any_dtype_and_layout(answer, rng):
    args = (*quadratic(np.diag([8.0, 0.5])), np.array([1.0, 1.0]), 1.0, 0.3, 0.5, 1e-8, 3)
    standard(answer, args, backtracking_gd, tol=ITER, what=NAMES)


@key.accept
def by_a_closure(f, grad, theta0, alpha0=1.0, c=1e-4, rho=0.5, tol=1e-8, max_iter=1000):
    def search(theta, g):
        trials = (alpha0 * rho**k for k in range(10_000))
        decrease = c * np.linalg.norm(g) ** 2
        return next(a for a in trials if f(theta - a * g) <= f(theta) - a * decrease)

    theta, steps = theta0, np.empty(0)
    for _ in range(max_iter):
        g = grad(theta)
        if np.sqrt(g @ g) <= tol:
            return theta, steps
        steps = np.append(steps, search(theta, g))
        theta = theta - steps[-1] * g
    return theta, steps


@key.accept
def by_keeping_the_value(f, grad, theta0, alpha0=1.0, c=1e-4, rho=0.5, tol=1e-8, max_iter=1000):
    theta, steps = np.copy(theta0), []
    value, g = f(theta), grad(theta)
    while np.linalg.norm(g) > tol and len(steps) < max_iter:
        alpha, trial = alpha0, theta - alpha0 * g
        trial_value = f(trial)
        while value - trial_value < c * alpha * np.dot(g, g):
            alpha *= rho
            trial = theta - alpha * g
            trial_value = f(trial)
        theta, value = trial, trial_value
        g = grad(theta)
        steps.append(alpha)
    return [theta, np.array(steps)]


@key.accept
def by_recursion(f, grad, theta0, alpha0=1.0, c=1e-4, rho=0.5, tol=1e-8, max_iter=1000):
    g = grad(theta0)
    if max_iter == 0 or np.linalg.norm(g) <= tol:
        return theta0.copy(), np.zeros(0)
    alpha = alpha0
    while not f(theta0 - alpha * g) <= f(theta0) - c * alpha * np.sum(g * g):
        alpha = alpha * rho
    theta, steps = by_recursion(f, grad, theta0 - alpha * g, alpha0, c, rho, tol, max_iter - 1)
    return theta, np.concatenate([[alpha], steps])


def _search(f, theta, g, alpha, rho, bound):
    while f(theta - alpha * g) > bound(alpha):
        alpha *= rho
    return alpha


def _descend(grad, theta, tol, max_iter, search):
    steps, theta = [], theta.copy()
    for _ in range(max_iter):
        g = grad(theta)
        if np.linalg.norm(g) <= tol:
            break
        steps.append(search(theta, g))
        theta = theta - steps[-1] * g
    return theta, np.array(steps)


QUADRATICS = ["the_accepted_steps_on_quadratics_agree", "the_points_on_quadratics_agree"]
EVERY = [*QUADRATICS, "twenty_five_steps_in_rosenbrocks_valley_agree"]
STANDARD = "inputs_stay_unchanged_in_any_dtype_and_layout"
DEFAULTS = "without_further_arguments_the_defaults_hold"
EQUALITY = "equality_is_enough_in_both_conditions"


@key.reject(
    "You measure the decrease by ‖g‖: the function falls at the rate ‖g‖² along -g.", fails=[*EVERY, DEFAULTS, STANDARD]
)
def grad_norm_not_squared(f, grad, theta0, alpha0=1.0, c=1e-4, rho=0.5, tol=1e-8, max_iter=1000):
    def search(theta, g):
        return _search(f, theta, g, alpha0, rho, lambda a: f(theta) - c * a * np.linalg.norm(g))

    return _descend(grad, theta0, tol, max_iter, search)


@key.reject("Your α is not set back: every iteration starts its search again from alpha0.", fails=[*EVERY, STANDARD])
def step_not_reset(f, grad, theta0, alpha0=1.0, c=1e-4, rho=0.5, tol=1e-8, max_iter=1000):
    last = [alpha0]

    def search(theta, g):
        last.append(_search(f, theta, g, last[-1], rho, lambda a: f(theta) - c * a * g @ g))
        return last[-1]

    return _descend(grad, theta0, tol, max_iter, search)


@key.reject(
    "Your bound lies above f(θ), so that steps may climb: Armijo's condition subtracts c α ‖g‖².",
    fails=["one_step_by_hand", *EVERY, DEFAULTS, STANDARD],
)
def armijo_sign(f, grad, theta0, alpha0=1.0, c=1e-4, rho=0.5, tol=1e-8, max_iter=1000):
    def search(theta, g):
        return _search(f, theta, g, alpha0, rho, lambda a: f(theta) + c * a * g @ g)

    return _descend(grad, theta0, tol, max_iter, search)


ANY = "You accept any decrease: Armijo's condition asks for the share c of the promised one."


@key.reject(ANY, fails=["one_step_by_hand", *EVERY, DEFAULTS, STANDARD])
def no_sufficient_decrease(f, grad, theta0, alpha0=1.0, c=1e-4, rho=0.5, tol=1e-8, max_iter=1000):
    def search(theta, g):
        return _search(f, theta, g, alpha0, rho, lambda a: f(theta))

    return _descend(grad, theta0, tol, max_iter, search)


@key.reject(ANY, fails=[*EVERY, DEFAULTS, STANDARD])
def no_sufficient_but_strict_decrease(f, grad, theta0, alpha0=1.0, c=1e-4, rho=0.5, tol=1e-8, max_iter=1000):
    def search(theta, g):
        return _search(f, theta, g, alpha0, rho, lambda a: np.nextafter(f(theta), -np.inf))

    return _descend(grad, theta0, tol, max_iter, search)


@key.reject("Your shrink factor is fixed: use the rho that is passed in.", fails=EVERY)
def rho_ignored(f, grad, theta0, alpha0=1.0, c=1e-4, rho=0.5, tol=1e-8, max_iter=1000):
    def search(theta, g):
        return _search(f, theta, g, alpha0, 0.5, lambda a: f(theta) - c * a * g @ g)

    return _descend(grad, theta0, tol, max_iter, search)


@key.reject("Your bound is built on f at the start: compare with f at the current point.", fails=EVERY)
def value_of_the_start_kept(f, grad, theta0, alpha0=1.0, c=1e-4, rho=0.5, tol=1e-8, max_iter=1000):
    value = f(theta0)

    def search(theta, g):
        return _search(f, theta, g, alpha0, rho, lambda a: value - c * a * g @ g)

    return _descend(grad, theta0, tol, max_iter, search)


EARLY = "Your search gives up early: α is made smaller for as long as the condition does not hold."


@key.reject(EARLY, fails=QUADRATICS)
def ten_trials(f, grad, theta0, alpha0=1.0, c=1e-4, rho=0.5, tol=1e-8, max_iter=1000):
    def search(theta, g):
        alpha = alpha0
        for _ in range(10):
            if f(theta - alpha * g) <= f(theta) - c * alpha * g @ g:
                break
            alpha *= rho
        return alpha

    return _descend(grad, theta0, tol, max_iter, search)


@key.reject(EARLY, fails=QUADRATICS)
def smallest_step(f, grad, theta0, alpha0=1.0, c=1e-4, rho=0.5, tol=1e-8, max_iter=1000):
    def search(theta, g):
        alpha = alpha0
        while f(theta - alpha * g) > f(theta) - c * alpha * g @ g and alpha > 1e-3:
            alpha *= rho
        return alpha

    return _descend(grad, theta0, tol, max_iter, search)


@key.reject(
    "Your descent stops by the wrong size of the gradient: compare its norm ‖g‖ with tol.",
    fails=["it_stops_where_the_gradient_is_short", DEFAULTS, EQUALITY],
)
def squared_norm_against_tol(f, grad, theta0, alpha0=1.0, c=1e-4, rho=0.5, tol=1e-8, max_iter=1000):
    def search(theta, g):
        return _search(f, theta, g, alpha0, rho, lambda a: f(theta) - c * a * g @ g)

    return _descend(grad, theta0, np.sqrt(tol), max_iter, search)


@key.reject(
    "Your descent never looks at tol: it stops where ‖g‖ is at most tol.",
    fails=["it_stops_where_the_gradient_is_short", "a_stationary_start_takes_no_step", DEFAULTS, EQUALITY],
)
def tol_ignored(f, grad, theta0, alpha0=1.0, c=1e-4, rho=0.5, tol=1e-8, max_iter=1000):
    def search(theta, g):
        return _search(f, theta, g, alpha0, rho, lambda a: f(theta) - c * a * g @ g)

    return _descend(grad, theta0, -1.0, max_iter, search)


@key.reject("You refuse equality: Armijo's condition and the stop at tol both hold with ≤.", fails=[EQUALITY])
def equality_refused(f, grad, theta0, alpha0=1.0, c=1e-4, rho=0.5, tol=1e-8, max_iter=1000):
    def search(theta, g):
        return _search(f, theta, g, alpha0, rho, lambda a: np.nextafter(f(theta) - c * a * g @ g, -np.inf))

    return _descend(grad, theta0, np.nextafter(tol, -np.inf), max_iter, search)


@key.reject(
    "You take one step too many: max_iter counts the steps.",
    fails=[*EVERY, "no_more_than_max_iter_steps_are_taken", DEFAULTS, STANDARD],
)
def one_step_too_many(f, grad, theta0, alpha0=1.0, c=1e-4, rho=0.5, tol=1e-8, max_iter=1000):
    def search(theta, g):
        return _search(f, theta, g, alpha0, rho, lambda a: f(theta) - c * a * g @ g)

    return _descend(grad, theta0, tol, max_iter + 1, search)


@key.reject("Your function changes theta0: make a copy before you update in place.", fails=[STANDARD])
def start_overwritten(f, grad, theta0, alpha0=1.0, c=1e-4, rho=0.5, tol=1e-8, max_iter=1000):
    steps = []
    for _ in range(max_iter):
        g, alpha = grad(theta0), alpha0
        if np.linalg.norm(g) <= tol:
            break
        while f(theta0 - alpha * g) > f(theta0) - c * alpha * g @ g:
            alpha *= rho
        theta0 -= alpha * g
        steps.append(alpha)
    return theta0, np.array(steps)


SIGNATURE = "The signature is given. To see this default, a marking would need a thousand steps with three calls each."
key.equivalent("1000 -> 1001", SIGNATURE)
key.equivalent("1000 -> 999", SIGNATURE)
key.equivalent("np.array(theta0, dtype=float) -> np.array(theta0)", "theta0 is an array of floats already.")
