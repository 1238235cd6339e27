"""Answer key: a gradient by central differences (unit 2).

For f = sum c t^3 central differences give 3 c t^2 + c h^2 exactly, so a step as large as 0.1 tells the
scheme from every other without touching rounding errors.
"""

import numpy as np

from autograder.key import N0, Key, check, close, standard
from dlmath_ref import numerical_gradient

key = Key("unit02_logistic/numerical_gradient", reference=numerical_gradient, bans=N0)

GRADIENT = "the numerical gradient"


class Cubic:
    """f(t) = sum c t^3 + (sum t)^2, and its central difference in closed form.

    A point of another shape than c gives nan, so that flattening theta is noticed.
    """

    def __init__(self, c, coupled=True):
        self.c, self.coupled = c, coupled

    def __call__(self, t):
        t = np.asarray(t)
        return np.sum(self.c * t**3) + self.coupled * np.sum(t) ** 2 if t.shape == self.c.shape else np.nan

    def difference(self, t, h):
        return 3 * self.c * t**2 + self.c * h**2 + self.coupled * 2 * np.sum(t)


def function(c):
    """Cubic(c) as a plain function, as students receive it."""
    f = Cubic(c)
    return lambda t: f(t)


@key.part("worked", weight=1)
def the_sum_of_squares_has_gradient_2_theta(answer, rng):
    theta = np.array([1.0, -2.0, 0.5])
    close(answer(lambda t: float(np.sum(np.asarray(t) ** 2)), theta.copy()), 2 * theta, what=GRADIENT)


@key.part("core", weight=2)
def the_step_h_is_used_on_both_sides(answer, rng):
    for n, h in [(4, 0.1), (3, 0.25)]:
        c, theta = rng.uniform(1, 2, size=n), rng.normal(size=n)
        close(answer(function(c), theta.copy(), h), Cubic(c).difference(theta, h), what=GRADIENT)
    c, theta = 1e12 * rng.uniform(1, 2, size=3), 1e-4 * rng.normal(size=3)  # on which h = 1e-5 can be seen
    close(answer(function(c), theta.copy()), Cubic(c).difference(theta, 1e-5), what=GRADIENT)


@key.part("core", weight=2)
def matrices_and_tensors_keep_their_shape(answer, rng):
    for shape in [(3, 2), (3, 3), (2, 3, 2)]:
        c, theta = rng.uniform(1, 2, size=shape), rng.normal(size=shape)
        close(answer(function(c), theta.copy(), 0.1), Cubic(c).difference(theta, 0.1), what=GRADIENT)


@key.part("core", weight=1)
def f_is_evaluated_twice_for_each_entry(answer, rng):
    c, theta = rng.uniform(1, 2, size=(3, 2)), rng.normal(size=(3, 2))
    calls, f = [], Cubic(c)
    answer(lambda t: (calls.append(np.shape(t)), f(t))[1], theta.copy(), 0.1)
    check(len(calls) >= 2 * theta.size, "f is evaluated less than twice for each entry of theta.")
    check(len(calls) <= 2 * theta.size + 1, "f is evaluated more than twice for each entry of theta.")
    check(set(calls) == {theta.shape}, "f must be called with arrays of the shape of theta.")


@key.part("core", weight=1)
def theta_is_left_as_it_was(answer, rng):
    c, theta = rng.uniform(1, 2, size=5), rng.normal(size=5)
    point = theta.copy()
    answer(lambda t: Cubic(c, coupled=False)(t), point, 0.1)
    check(np.array_equal(point, theta), "theta is not the same after the call as before.")


@key.part("edge", weight=0.5)
def a_single_number_is_a_point_too(answer, rng):
    c, theta = rng.uniform(1, 2, size=()), np.array(rng.normal())
    got = answer(function(np.asarray(c)), theta.copy(), 0.1)
    close(got, float(Cubic(c, coupled=False).difference(theta, 0.1) + 2 * theta), what=GRADIENT)


@key.part("edge", weight=0.5)
def integer_points_are_points_too(answer, rng):
    c, theta = rng.uniform(1, 2, size=4), np.array([2, -1, 3, 0])
    close(answer(function(c), theta.copy(), 0.1), Cubic(c).difference(theta, 0.1), what=GRADIENT)


@key.part("edge", weight=1)
def inputs_stay_unchanged_in_any_dtype_and_layout(answer, rng):
    c, theta = rng.uniform(1, 2, size=(2, 3)), rng.normal(size=(2, 3))
    standard(answer, (function(c), theta, 0.5), numerical_gradient, what=GRADIENT)


@key.accept
def by_ndindex(f, theta, h=1e-5):
    point = np.array(theta, dtype=float)
    g = np.zeros(point.shape)
    for k in np.ndindex(point.shape):
        old = point[k]
        point[k] = old + h
        up = f(point)
        point[k] = old - h
        g[k] = (up - f(point)) / (2 * h)
        point[k] = old
    return g


@key.accept
def by_a_flat_view_of_a_copy(f, theta, h=1e-5):
    point = theta.astype(float).copy()
    flat, g = point.reshape(-1), []
    for k in range(flat.size):
        flat[k] += h
        up = f(point)
        flat[k] -= 2 * h
        down = f(point)
        flat[k] = theta.reshape(-1)[k]
        g.append((up - down) / (2 * h))
    return np.array(g).reshape(theta.shape)


@key.accept
def by_unit_vectors(f, theta, h=1e-5):
    steps = [h * e.reshape(theta.shape) for e in np.eye(theta.size)]
    return np.array([(f(theta + s) - f(theta - s)) / (2 * h) for s in steps]).reshape(theta.shape)


@key.accept
def in_place_but_restored(f, theta, h=1e-5):
    theta = theta if theta.dtype.kind == "f" else theta.astype(np.float64)
    g = np.empty(theta.shape, order="F")
    for k, _ in np.ndenumerate(theta):
        old = theta[k].copy()
        theta[k] = old + h
        up = f(theta)
        theta[k] = old - h
        down = f(theta)
        theta[k] = old
        g[k] = (up - down) / h / 2
    return g


def _unit(theta, k, h):
    step = np.zeros(theta.shape)
    step[k] = h
    return step


ONE_SIDED = "You use a one-sided difference, whose error is of order h: evaluate f on both sides of θ."


@key.reject(
    ONE_SIDED,
    fails=[
        "the_sum_of_squares_has_gradient_2_theta",
        "the_step_h_is_used_on_both_sides",
        "matrices_and_tensors_keep_their_shape",
        "a_single_number_is_a_point_too",
        "integer_points_are_points_too",
        "inputs_stay_unchanged_in_any_dtype_and_layout",
    ],
)
def forward_difference(f, theta, h=1e-5):
    g = np.zeros(theta.shape)
    for k in np.ndindex(theta.shape):
        g[k] = (f(theta + _unit(theta, k, h)) - f(theta)) / h
    return g


@key.reject(
    ONE_SIDED,
    fails=[
        "the_sum_of_squares_has_gradient_2_theta",
        "the_step_h_is_used_on_both_sides",
        "matrices_and_tensors_keep_their_shape",
        "f_is_evaluated_twice_for_each_entry",
        "a_single_number_is_a_point_too",
        "integer_points_are_points_too",
        "inputs_stay_unchanged_in_any_dtype_and_layout",
    ],
)
def forward_difference_with_one_start(f, theta, h=1e-5):
    g, start = np.zeros(theta.shape), f(theta)
    for k in np.ndindex(theta.shape):
        g[k] = (f(theta + _unit(theta, k, h)) - start) / h
    return g


@key.reject(
    ONE_SIDED,
    fails=[
        "the_sum_of_squares_has_gradient_2_theta",
        "the_step_h_is_used_on_both_sides",
        "matrices_and_tensors_keep_their_shape",
        "a_single_number_is_a_point_too",
        "integer_points_are_points_too",
        "inputs_stay_unchanged_in_any_dtype_and_layout",
    ],
)
def backward_difference(f, theta, h=1e-5):
    g = np.zeros(theta.shape)
    for k in np.ndindex(theta.shape):
        g[k] = (f(theta) - f(theta - _unit(theta, k, h))) / h
    return g


@key.reject(
    "Your difference is divided by the wrong length: how far apart are the two points?",
    fails=[
        "the_sum_of_squares_has_gradient_2_theta",
        "the_step_h_is_used_on_both_sides",
        "matrices_and_tensors_keep_their_shape",
        "a_single_number_is_a_point_too",
        "integer_points_are_points_too",
        "inputs_stay_unchanged_in_any_dtype_and_layout",
    ],
)
def divide_by_h(f, theta, h=1e-5):
    g = np.zeros(theta.shape)
    for k in np.ndindex(theta.shape):
        g[k] = (f(theta + _unit(theta, k, h)) - f(theta - _unit(theta, k, h))) / h
    return g


LEFT = "Your function changes theta and does not restore it: work on a copy."


@key.reject(
    LEFT,
    fails=[
        "the_step_h_is_used_on_both_sides",
        "matrices_and_tensors_keep_their_shape",
        "theta_is_left_as_it_was",
        "integer_points_are_points_too",
        "inputs_stay_unchanged_in_any_dtype_and_layout",
    ],
)
def theta_left_perturbed(f, theta, h=1e-5):
    g = np.zeros(theta.shape)
    for k in np.ndindex(theta.shape):
        theta[k] += h
        up = f(theta)
        theta[k] -= 2 * h
        g[k] = (up - f(theta)) / (2 * h)
    return g


@key.reject(
    "Your loop runs over the first axis only, but theta may be a matrix, a tensor or a single number.",
    fails=[
        "matrices_and_tensors_keep_their_shape",
        "f_is_evaluated_twice_for_each_entry",
        "a_single_number_is_a_point_too",
        "inputs_stay_unchanged_in_any_dtype_and_layout",
    ],
)
def one_dimensional_only(f, theta, h=1e-5):
    g = np.zeros(len(theta))
    for k in range(len(theta)):
        step = np.zeros(theta.shape)
        step[k] = h
        g[k] = (f(theta + step) - f(theta - step)) / (2 * h)
    return g


TRUNCATED = "With integers in theta your numbers are truncated: convert to float before you add h."


@key.reject(TRUNCATED, fails=["integer_points_are_points_too"])
def integer_truncation(f, theta, h=1e-5):
    g = np.zeros(theta.shape)
    for k in np.ndindex(theta.shape):
        up, down = theta.copy(), theta.copy()
        up[k] = up[k] + h
        down[k] = down[k] - h
        g[k] = (f(up) - f(down)) / (2 * h)
    return g


@key.reject(TRUNCATED, fails=["integer_points_are_points_too"])
def integer_result(f, theta, h=1e-5):
    g = np.zeros_like(theta)
    for k in np.ndindex(theta.shape):
        g[k] = (f(theta + _unit(theta, k, h)) - f(theta - _unit(theta, k, h))) / (2 * h)
    return g


@key.reject(
    "Your step is fixed: use the h that is passed in.",
    fails=[
        "the_step_h_is_used_on_both_sides",
        "matrices_and_tensors_keep_their_shape",
        "a_single_number_is_a_point_too",
        "integer_points_are_points_too",
        "inputs_stay_unchanged_in_any_dtype_and_layout",
    ],
)
def h_ignored(f, theta, h=1e-5):
    g = np.zeros(theta.shape)
    for k in np.ndindex(theta.shape):
        g[k] = (f(theta + _unit(theta, k, 1e-5)) - f(theta - _unit(theta, k, 1e-5))) / 2e-5
    return g


@key.reject(
    "You evaluate f at θ itself for every entry: two evaluations for each entry are enough.",
    fails=["f_is_evaluated_twice_for_each_entry"],
)
def mean_of_both_sides(f, theta, h=1e-5):
    g = np.zeros(theta.shape)
    for k in np.ndindex(theta.shape):
        right = (f(theta + _unit(theta, k, h)) - f(theta)) / h
        left = (f(theta) - f(theta - _unit(theta, k, h))) / h
        g[k] = (right + left) / 2
    return g


key.equivalent("np.zeros -> np.ones", "Every entry of the result is written before it is returned.")
