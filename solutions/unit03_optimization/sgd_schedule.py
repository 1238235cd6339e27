"""Answer key: stochastic gradient descent with a schedule and the average of its path (unit 3).

Orders are fixed and shorter than the number of samples: order[t] is never t, so that every use of the wrong
sample shows, and a wrong index is still a sample.
"""

import numpy as np

from autograder.key import N0, Key, check, close, standard
from dlmath_ref import sgd

key = Key("unit03_optimization/sgd_schedule", reference=sgd, bans=N0)

NAMES = ("theta_T", "the average")
ORDERS = [np.array([4, 0, 3, 1, 2]), np.array([2, 5, 5, 0, 1, 0])]
SCHEDULES = [lambda t: 0.1 / (1 + t), lambda t: 0.3 * 0.5**t]


class Squares:
    """C_i = (a_i . theta - b_i)^2 / 2 for six samples."""

    def __init__(self, rng, d):
        self.A, self.b = rng.uniform(0.5, 1.5, size=(6, d)) * rng.choice([-1, 1], size=(6, d)), 2 + rng.random(6)

    def gradient(self, theta, i):
        return self.A[i] * (self.A[i] @ theta - self.b[i])

    def full_gradient(self, theta):
        return self.A.T @ (self.A @ theta - self.b) / 6


def runs(rng):
    """Arguments of sgd; theta0 and all b are such that no residual is near 0."""
    for d, order, alpha in zip((3, 2), ORDERS, SCHEDULES, strict=True):
        yield Squares(rng, d).gradient, 0.1 * rng.normal(size=d), order, alpha


def call(answer, grad_i, theta0, order, alpha):
    got = answer(grad_i, theta0.copy(), order.copy(), alpha)
    check(type(got) in (tuple, list) and len(got) == 2, "sgd must return two values: the last point, the average.")
    return got


@key.part("worked", weight=1)
def two_steps_by_hand(answer, rng):
    x = np.array([0.0, 4.0])
    got = answer(lambda theta, i: theta - x[i], np.array([2.0]), np.array([1, 0]), lambda t: 1 / (2 * (1 + t)))
    close(got, (np.array([2.25]), np.array([2.625])), what=NAMES)


@key.part("core", weight=1.5)
def the_last_point_agrees(answer, rng):
    for args in runs(rng):
        close(call(answer, *args)[0], sgd(*args)[0], what="theta_T")


@key.part("core", weight=1.5)
def the_average_of_the_path_agrees(answer, rng):
    for args in runs(rng):
        close(call(answer, *args)[1], sgd(*args)[1], what="the average")


@key.part("core", weight=1)
def each_step_asks_for_the_gradient_of_its_sample(answer, rng):
    gradient, theta0, order, _ = next(runs(rng))
    asked, times = [], []
    call(
        answer,
        lambda theta, i: (asked.append(int(i)), gradient(theta, i))[1],
        theta0,
        order,
        lambda t: (times.append(int(t)), 0.1)[1],
    )
    check(len(asked) == len(order), "Each step must ask for one gradient: T in all.")
    check(asked == order.tolist(), "The gradients asked for are not those of the samples in order.")
    check(set(times) == set(range(len(order))), "alpha must be asked for t = 0, ..., T - 1.")


@key.part("core", weight=1)
def a_single_step_is_right_on_average(answer, rng):
    problem, theta0, alpha = Squares(rng, 3), 0.1 * rng.normal(size=3), lambda t: 0.2 / (1 + t)
    ends = [call(answer, problem.gradient, theta0, np.array([i]), alpha)[0] for i in range(6)]
    close(np.mean(ends, axis=0), theta0 - 0.2 * problem.full_gradient(theta0), what="the mean of all single steps")


@key.part("edge", weight=0.5)
def one_step_and_points_of_any_shape(answer, rng):
    for shape, order in [((), ORDERS[1]), ((2, 3), ORDERS[0]), ((2, 2), np.array([3]))]:
        c, theta0 = rng.uniform(1, 2, size=6), np.asarray(rng.normal(size=shape))
        args = (lambda theta, i, c=c: c[i] * (theta - 4 - i)), theta0, order, SCHEDULES[0]
        close(call(answer, *args), sgd(*args), what=NAMES)


@key.part("edge", weight=0.5)
def inputs_stay_unchanged_in_any_dtype_and_layout(answer, rng):
    standard(answer, list(runs(rng))[1], sgd, what=NAMES)


@key.accept
def by_an_online_mean(grad_i, theta0, order, alpha):
    theta, mean = theta0, 0.0 * theta0
    for t in range(len(order)):
        theta = theta - alpha(t) * grad_i(theta, order[t])
        mean = mean + (theta - mean) / (t + 1)
    return theta, mean


@key.accept
def by_stacking_all_iterates(grad_i, theta0, order, alpha):
    path = [theta0]
    for t, i in enumerate(order):
        path.append(path[-1] - alpha(t) * grad_i(path[-1], i))
    return [path[-1], np.mean(np.stack(path[1:]), axis=0)]


@key.accept
def by_a_path_and_a_list_of_steps(grad_i, theta0, order, alpha):
    steps = np.array([alpha(t) for t in range(order.size)])
    path = np.empty((order.size, *np.shape(theta0)))
    theta = np.array(theta0, dtype=float)
    for t, (i, step) in enumerate(zip(order.tolist(), steps, strict=True)):
        theta -= step * grad_i(theta, i)
        path[t] = theta
    return theta, path.sum(axis=0) / len(path)


ALL = [
    "two_steps_by_hand",
    "the_last_point_agrees",
    "the_average_of_the_path_agrees",
    "each_step_asks_for_the_gradient_of_its_sample",
    "a_single_step_is_right_on_average",
    "one_step_and_points_of_any_shape",
    "inputs_stay_unchanged_in_any_dtype_and_layout",
]


def _but(*names):
    return [name for name in ALL if name not in names]


AVERAGE = _but(
    "the_last_point_agrees", "each_step_asks_for_the_gradient_of_its_sample", "a_single_step_is_right_on_average"
)
PATH = _but("each_step_asks_for_the_gradient_of_its_sample", "a_single_step_is_right_on_average")


def _path(grad_i, theta0, order, steps):
    """theta_0, ..., theta_T for the steps' learning rates."""
    path = [theta0]
    for i, step in zip(order, steps, strict=True):
        path.append(path[-1] - step * grad_i(path[-1], i))
    return path


@key.reject("Your schedule is shifted: the first step has the learning rate alpha(0).", fails=ALL)
def schedule_off_by_one(grad_i, theta0, order, alpha):
    path = _path(grad_i, theta0, order, [alpha(t + 1) for t in range(len(order))])
    return path[-1], np.mean(path[1:], axis=0)


@key.reject(
    "Your learning rate stays at alpha(0): ask for alpha(t) at every step.",
    fails=_but("a_single_step_is_right_on_average"),
)
def constant_learning_rate(grad_i, theta0, order, alpha):
    path = _path(grad_i, theta0, order, [alpha(0)] * len(order))
    return path[-1], np.mean(path[1:], axis=0)


START = "The start θ_0 is not part of the average: it holds the T points after the steps."


@key.reject(START, fails=AVERAGE)
def average_includes_start(grad_i, theta0, order, alpha):
    path = _path(grad_i, theta0, order, [alpha(t) for t in range(len(order))])
    return path[-1], np.mean(path, axis=0)


@key.reject(START, fails=AVERAGE)
def average_before_the_steps(grad_i, theta0, order, alpha):
    path = _path(grad_i, theta0, order, [alpha(t) for t in range(len(order))])
    return path[-1], np.mean(path[:-1], axis=0)


@key.reject("Your second value is the last point; it must be the average of all points after the start.", fails=AVERAGE)
def average_is_last_iterate(grad_i, theta0, order, alpha):
    path = _path(grad_i, theta0, order, [alpha(t) for t in range(len(order))])
    return path[-1], path[-1]


FULL = "Each of your steps uses the gradients of many samples; it must use that of one."


@key.reject(FULL, fails=_but("a_single_step_is_right_on_average"))
def full_gradient(grad_i, theta0, order, alpha):
    path = [theta0]
    for t in range(len(order)):
        path.append(path[-1] - alpha(t) * sum(grad_i(path[-1], i) for i in order) / len(order))
    return path[-1], np.mean(path[1:], axis=0)


ORDER = "You do not take the samples in the given order: step t uses the sample order[t]."


@key.reject(ORDER, fails=ALL)
def order_ignored(grad_i, theta0, order, alpha):
    path = _path(grad_i, theta0, range(len(order)), [alpha(t) for t in range(len(order))])
    return path[-1], np.mean(path[1:], axis=0)


@key.reject(ORDER, fails=_but("a_single_step_is_right_on_average"))
def order_sorted(grad_i, theta0, order, alpha):
    path = _path(grad_i, theta0, sorted(order), [alpha(t) for t in range(len(order))])
    return path[-1], np.mean(path[1:], axis=0)


@key.reject("All your gradients are taken at the start; each step begins where the last one ended.", fails=PATH)
def gradients_at_the_start(grad_i, theta0, order, alpha):
    path = [theta0]
    for t, i in enumerate(order):
        path.append(path[-1] - alpha(t) * grad_i(theta0, i))
    return path[-1], np.mean(path[1:], axis=0)


@key.reject(
    "Your steps have the wrong sign: they go uphill.", fails=_but("each_step_asks_for_the_gradient_of_its_sample")
)
def ascent(grad_i, theta0, order, alpha):
    path = _path(grad_i, theta0, order, [-alpha(t) for t in range(len(order))])
    return path[-1], np.mean(path[1:], axis=0)


@key.reject(
    "Your function changes theta0: make a copy before you update in place.",
    fails=["inputs_stay_unchanged_in_any_dtype_and_layout"],
)
def start_overwritten(grad_i, theta0, order, alpha):
    theta, total = theta0, np.zeros(theta0.shape)
    for t, i in enumerate(order):
        theta -= alpha(t) * grad_i(theta, i)
        total += theta
    return theta, total / len(order)


key.equivalent("np.array(theta0, dtype=float) -> np.array(theta0)", "The first step makes floats of any numbers.")
