"""Answer key: one step of RMSprop and one of AdaGrad (unit 3).

The place of eps is a convention and worth one point: only one part uses an eps that can be seen.
"""

from copy import deepcopy

import numpy as np

from autograder.key import N0, Key, check, close, standard
from dlmath_ref import adagrad_step, rmsprop_step

key = Key(
    "unit03_optimization/rmsprop_adagrad",
    reference={"rmsprop_step": rmsprop_step, "adagrad_step": adagrad_step},
    bans=N0,
)

NAMES = ("theta", "s")
EPS = 1e-9  # too small to be seen where s is not


def state(rng, shape):
    """theta, g of both signs, and s away from 0."""
    g = rng.uniform(0.5, 2, size=shape) * rng.choice([-1, 1], size=shape)
    return np.asarray(rng.normal(size=shape)), np.asarray(g), np.asarray(rng.uniform(3, 9, size=shape))


def rmsprop_steps(rng):
    for shape, alpha, beta in [((3, 2), 0.3, 0.9), ((5,), 0.7, 0.25), ((), 1.5, 0.6)]:
        yield *state(rng, shape), alpha, beta, EPS


def adagrad_steps(rng):
    for shape, alpha in [((3, 2), 0.3), ((5,), 0.7), ((), 1.5)]:
        yield *state(rng, shape), alpha, EPS


def pair(got):
    check(type(got) in (tuple, list) and len(got) == 2, "Both functions must return two values: theta, s.")
    return got


@key.part("worked", weight=1)
def one_step_of_each_by_hand(answer, rng):
    theta = np.array([1.0])
    got = answer.rmsprop_step(theta.copy(), np.array([5.0]), np.array([13.0]), 1.0, 0.75, EPS)
    close(got, (np.array([-0.25]), np.array([16.0])), what=("RMSprop: theta", "RMSprop: s"))
    got = answer.adagrad_step(theta.copy(), np.array([3.0]), np.array([16.0]), 1.0, EPS)
    close(got, (np.array([0.4]), np.array([25.0])), what=("AdaGrad: theta", "AdaGrad: s"))


@key.part("core", weight=1)
def rmsprop_averages_the_squares(answer, rng):
    for args in rmsprop_steps(rng):
        close(pair(answer.rmsprop_step(*deepcopy(args)))[1], rmsprop_step(*args)[1], what="s")


@key.part("core", weight=1.5)
def rmsprop_divides_by_the_root(answer, rng):
    for args in rmsprop_steps(rng):
        close(pair(answer.rmsprop_step(*deepcopy(args)))[0], rmsprop_step(*args)[0], what="theta")


@key.part("core", weight=1)
def adagrad_sums_the_squares(answer, rng):
    for args in adagrad_steps(rng):
        close(pair(answer.adagrad_step(*deepcopy(args)))[1], adagrad_step(*args)[1], what="s")


@key.part("core", weight=1.5)
def adagrad_divides_by_the_root(answer, rng):
    for args in adagrad_steps(rng):
        close(pair(answer.adagrad_step(*deepcopy(args)))[0], adagrad_step(*args)[0], what="theta")


@key.part("core", weight=1)
def eps_is_added_to_the_root(answer, rng):
    theta, g, s = np.zeros(4), 1e-2 * rng.uniform(1, 2, size=4), 1e-4 * rng.uniform(1, 2, size=4)
    args = theta, g, s, 0.8, 0.75, 1e-2
    close(pair(answer.rmsprop_step(*deepcopy(args)))[0], rmsprop_step(*args)[0], what="RMSprop: theta")
    args = theta, g, s, 0.8, 1e-2
    close(pair(answer.adagrad_step(*deepcopy(args)))[0], adagrad_step(*args)[0], what="AdaGrad: theta")


@key.part("edge", weight=0.5)
def a_coordinate_without_gradient_rests(answer, rng):
    theta, zero = rng.normal(size=(2, 2)), np.zeros((2, 2))
    got = answer.rmsprop_step(theta.copy(), zero.copy(), zero.copy(), 0.5, 0.9, 1e-8)
    close(got, (theta, zero), what=("RMSprop: theta", "RMSprop: s"))
    got = answer.adagrad_step(theta.copy(), zero.copy(), zero.copy(), 0.5, 1e-8)
    close(got, (theta, zero), what=("AdaGrad: theta", "AdaGrad: s"))
    got = answer.rmsprop_step(theta.copy(), zero.copy(), np.full((2, 2), 4.0), 0.5, 0.5, EPS)
    close(got, (theta, np.full((2, 2), 2.0)), what=("RMSprop: theta", "RMSprop: s, where g is 0 and s is not,"))


@key.part("edge", weight=0.5)
def inputs_stay_unchanged_in_any_dtype_and_layout(answer, rng):
    theta, g, s = state(rng, (3, 2))
    standard(answer.rmsprop_step, (theta, g, s, 0.3, 0.9, EPS), rmsprop_step, what=NAMES)
    standard(answer.adagrad_step, (theta, g, s, 0.3, EPS), adagrad_step, what=NAMES)


@key.accept
class BySquare:
    @staticmethod
    def rmsprop_step(theta, g, s, alpha, beta, eps):
        s_new = s + (1 - beta) * (np.square(g) - s)
        return theta - alpha / (s_new**0.5 + eps) * g, s_new

    @staticmethod
    def adagrad_step(theta, g, s, alpha, eps):
        s_new = np.add(s, g * g)
        return [theta - g * alpha / (eps + np.power(s_new, 0.5)), s_new]


@key.accept
class InPlaceOnCopies:
    @staticmethod
    def rmsprop_step(theta, g, s, alpha, beta, eps):
        theta, s = np.array(theta, dtype=float), np.array(s, dtype=float)
        s *= beta
        s += (1 - beta) * g**2
        theta -= alpha * g / (np.sqrt(s) + eps)
        return theta, s

    @staticmethod
    def adagrad_step(theta, g, s, alpha, eps):
        theta, s = np.array(theta, dtype=float), np.array(s, dtype=float)
        s += g**2
        theta -= alpha * g / (np.sqrt(s) + eps)
        return theta, s


@key.accept("adagrad_step")
def entry_by_entry(theta, g, s, alpha, eps):
    theta_new, s_new = np.zeros(theta.shape), np.zeros(theta.shape, order="F")
    for k in np.ndindex(theta.shape):
        s_new[k] = s[k] + g[k] ** 2
        theta_new[k] = theta[k] - alpha * g[k] / (s_new[k] ** 0.5 + eps)
    return theta_new, s_new


BOTH = [
    "one_step_of_each_by_hand",
    "eps_is_added_to_the_root",
    "inputs_stay_unchanged_in_any_dtype_and_layout",
]
RMSPROP_THETA, ADAGRAD_THETA = [*BOTH, "rmsprop_divides_by_the_root"], [*BOTH, "adagrad_divides_by_the_root"]
RMSPROP, ADAGRAD = [*RMSPROP_THETA, "rmsprop_averages_the_squares"], [*ADAGRAD_THETA, "adagrad_sums_the_squares"]
ZERO = "a_coordinate_without_gradient_rests"


def _average(g, s, beta):
    return beta * s + (1 - beta) * g**2


ROOT = "You divide by the accumulator; divide by its root."


@key.reject(ROOT, fails={*RMSPROP_THETA, *ADAGRAD_THETA})
class NoRoot:
    @staticmethod
    def rmsprop_step(theta, g, s, alpha, beta, eps):
        s = _average(g, s, beta)
        return theta - alpha * g / (s + eps), s

    @staticmethod
    def adagrad_step(theta, g, s, alpha, eps):
        s = s + g**2
        return theta - alpha * g / (s + eps), s


@key.reject(ROOT, fails=RMSPROP_THETA, function="rmsprop_step")
def rmsprop_without_root(theta, g, s, alpha, beta, eps):
    s = _average(g, s, beta)
    return theta - alpha * g / (s + eps), s


@key.reject(ROOT, fails=ADAGRAD_THETA, function="adagrad_step")
def adagrad_without_root(theta, g, s, alpha, eps):
    s = s + g**2
    return theta - alpha * g / (s + eps), s


UNDER = "The convention of this course: ε is added to the root, not under it."


@key.reject(UNDER, fails=["eps_is_added_to_the_root"])
class EpsUnderTheRoot:
    @staticmethod
    def rmsprop_step(theta, g, s, alpha, beta, eps):
        s = _average(g, s, beta)
        return theta - alpha * g / np.sqrt(s + eps), s

    @staticmethod
    def adagrad_step(theta, g, s, alpha, eps):
        s = s + g**2
        return theta - alpha * g / np.sqrt(s + eps), s


MISSING = "Where g and s are 0 you divide 0 by 0: ε is missing."


@key.reject(MISSING, fails=["eps_is_added_to_the_root", ZERO])
class EpsMissing:
    @staticmethod
    def rmsprop_step(theta, g, s, alpha, beta, eps):
        s = _average(g, s, beta)
        return theta - alpha * g / np.sqrt(s), s

    @staticmethod
    def adagrad_step(theta, g, s, alpha, eps):
        s = s + g**2
        return theta - alpha * g / np.sqrt(s), s


OLD = "You divide by the old accumulator; the new one already contains today's gradient."


@key.reject(OLD, fails={*RMSPROP_THETA, *ADAGRAD_THETA})
class OldAccumulator:
    @staticmethod
    def rmsprop_step(theta, g, s, alpha, beta, eps):
        return theta - alpha * g / (np.sqrt(s) + eps), _average(g, s, beta)

    @staticmethod
    def adagrad_step(theta, g, s, alpha, eps):
        return theta - alpha * g / (np.sqrt(s) + eps), s + g**2


PLAIN = "Your accumulator collects the gradients; it must collect their squares."


@key.reject(PLAIN, fails={*RMSPROP, *ADAGRAD})
class GradientNotSquared:
    @staticmethod
    def rmsprop_step(theta, g, s, alpha, beta, eps):
        s = beta * s + (1 - beta) * g
        return theta - alpha * g / (np.sqrt(s) + eps), s

    @staticmethod
    def adagrad_step(theta, g, s, alpha, eps):
        s = s + g
        return theta - alpha * g / (np.sqrt(s) + eps), s


@key.reject(
    "Your accumulator sums over all coordinates; every coordinate has an entry of its own.",
    fails={*RMSPROP, *ADAGRAD} - {"one_step_of_each_by_hand"},
)
class OneSumForAll:
    @staticmethod
    def rmsprop_step(theta, g, s, alpha, beta, eps):
        s = beta * s + (1 - beta) * np.sum(g**2)
        return theta - alpha * g / (np.sqrt(s) + eps), s

    @staticmethod
    def adagrad_step(theta, g, s, alpha, eps):
        s = s + np.sum(g**2)
        return theta - alpha * g / (np.sqrt(s) + eps), s


@key.reject("Where g is 0 your RMSprop keeps s; the average forgets there too.", fails=[ZERO], function="rmsprop_step")
def average_kept_without_gradient(theta, g, s, alpha, beta, eps):
    s = np.where(g == 0, s, _average(g, s, beta))
    return theta - alpha * g / (np.sqrt(s) + eps), s


@key.reject(
    "Your AdaGrad takes an average; AdaGrad sums the squares and forgets nothing.",
    fails=ADAGRAD,
    function="adagrad_step",
)
def adagrad_decays(theta, g, s, alpha, eps):
    s = _average(g, s, 0.9)
    return theta - alpha * g / (np.sqrt(s) + eps), s


@key.reject("Your weights are swapped: β belongs to the old accumulator.", fails=RMSPROP, function="rmsprop_step")
def weights_swapped(theta, g, s, alpha, beta, eps):
    s = (1 - beta) * s + beta * g**2
    return theta - alpha * g / (np.sqrt(s) + eps), s


@key.reject(
    "Your functions change their arguments: make new arrays.", fails=["inputs_stay_unchanged_in_any_dtype_and_layout"]
)
class InPlace:
    @staticmethod
    def rmsprop_step(theta, g, s, alpha, beta, eps):
        s *= beta
        s += (1 - beta) * g**2
        theta -= alpha * g / (np.sqrt(s) + eps)
        return theta, s

    @staticmethod
    def adagrad_step(theta, g, s, alpha, eps):
        s += g**2
        theta -= alpha * g / (np.sqrt(s) + eps)
        return theta, s
