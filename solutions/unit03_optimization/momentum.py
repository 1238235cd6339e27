"""Answer key: one step of momentum in the book's form (unit 3)."""

from copy import deepcopy

import numpy as np

from autograder.key import N0, Key, check, close, standard
from dlmath_ref import momentum_step

key = Key("unit03_optimization/momentum", reference=momentum_step, bans=N0)

NAMES = ("theta", "v")
# torch.optim.SGD(lr=0.004 * (1 - 0.9), momentum=0.9) on Rosenbrock's function, 7 steps from (0.4, -0.2), float64
SEVEN_STEPS = np.array([0.12938223752067352, 0.17819527789723072])


@np.errstate(all="ignore")  # a wrong answer may leave the valley
def rosenbrock_gradient(t):
    return np.array([-2 * (1 - t[0]) - 400 * t[0] * (t[1] - t[0] ** 2), 200 * (t[1] - t[0] ** 2)])


def state(rng, shape):
    """theta, g, v, of which g and v lie apart in every entry."""
    v = rng.normal(size=shape)
    return np.asarray(rng.normal(size=shape)), v + np.where(v < 0, 1, -1) * rng.uniform(1, 2, size=shape), np.asarray(v)


def steps(rng):
    for shape, alpha, beta in [((3, 2), 0.3, 0.9), ((4,), 0.7, 0.5), ((), 1.5, 0.8), ((2, 3, 2), 0.05, 0.99)]:
        yield *state(rng, shape), alpha, beta


def pair(got):
    check(type(got) in (tuple, list) and len(got) == 2, "momentum_step must return two values: theta, v.")
    return got


@key.part("worked", weight=1)
def one_step_by_hand(answer, rng):
    close(answer(np.array(1.0), np.array(2.0), np.array(4.0), 0.5, 0.75), (-0.75, 3.5), what=NAMES)


@key.part("core", weight=2)
def the_velocity_is_an_average_of_gradients(answer, rng):
    for args in steps(rng):
        close(pair(answer(*deepcopy(args)))[1], momentum_step(*args)[1], what="v")


@key.part("core", weight=2)
def theta_moves_with_the_new_velocity(answer, rng):
    for args in steps(rng):
        close(pair(answer(*deepcopy(args)))[0], momentum_step(*args)[0], what="theta")


@key.part("core", weight=1)
def seven_steps_down_a_curved_valley(answer, rng):
    theta, v = np.array([0.4, -0.2]), np.zeros(2)
    for _ in range(7):
        theta, v = pair(answer(theta, rosenbrock_gradient(theta), v, 0.004, 0.9))
    close(theta, SEVEN_STEPS, what="theta after seven steps")


@key.part("edge", weight=0.5)
def without_memory_it_is_gradient_descent(answer, rng):
    for shape in [(), (5,)]:
        theta, g, v = state(rng, shape)
        close(answer(theta.copy(), g.copy(), v.copy(), 0.4, 0.0), (theta - 0.4 * g, g), what=NAMES)


@key.part("edge", weight=0.5)
def inputs_stay_unchanged_in_any_dtype_and_layout(answer, rng):
    standard(answer, (*state(rng, (3, 2)), 0.3, 0.9), momentum_step, what=NAMES)


@key.accept
def by_the_difference(theta, g, v, alpha, beta):
    new = v + (1 - beta) * (g - v)
    return theta - alpha * new, new


@key.accept
def without_naming_the_velocity(theta, g, v, alpha, beta):
    return theta - alpha * beta * v - alpha * (1 - beta) * g, beta * v + (1 - beta) * g


@key.accept
def in_place_on_copies(theta, g, v, alpha, beta):
    theta, v = np.array(theta, dtype=float), np.array(v, dtype=float)
    v *= beta
    v += (1 - beta) * g
    theta -= alpha * v
    return [theta, v]


@key.accept
def entry_by_entry(theta, g, v, alpha, beta):
    theta_new, v_new = np.zeros(theta.shape, order="F"), np.zeros(theta.shape)
    for k in np.ndindex(theta.shape):
        v_new[k] = beta * v[k] + (1 - beta) * g[k]
        theta_new[k] = theta[k] - alpha * v_new[k]
    return theta_new, v_new


ALL = [
    "one_step_by_hand",
    "the_velocity_is_an_average_of_gradients",
    "theta_moves_with_the_new_velocity",
    "seven_steps_down_a_curved_valley",
    "without_memory_it_is_gradient_descent",
    "inputs_stay_unchanged_in_any_dtype_and_layout",
]
WITH_MEMORY = [name for name in ALL if name != "without_memory_it_is_gradient_descent"]
THETA_ALONE = [name for name in ALL if name != "the_velocity_is_an_average_of_gradients"]


@key.reject("The book's velocity is an average, and yours a sum: the gradient has the weight 1 − β.", fails=WITH_MEMORY)
def no_1_minus_beta(theta, g, v, alpha, beta):
    v = beta * v + g
    return theta - alpha * v, v


@key.reject("Your θ moves with the old velocity; it must move with the new one.", fails=THETA_ALONE)
def old_velocity(theta, g, v, alpha, beta):
    return theta - alpha * v, beta * v + (1 - beta) * g


@key.reject("Your weights are swapped: β belongs to the old velocity.", fails=ALL)
def weights_swapped(theta, g, v, alpha, beta):
    v = (1 - beta) * v + beta * g
    return theta - alpha * v, v


@key.reject("Your step has the wrong sign: it goes uphill.", fails=THETA_ALONE)
def ascent(theta, g, v, alpha, beta):
    v = beta * v + (1 - beta) * g
    return theta + alpha * v, v


SCALED = "Your velocity contains the learning rate: α belongs to the step of θ alone."


@key.reject(SCALED, fails=[name for name in ALL if name != "seven_steps_down_a_curved_valley"])
def alpha_in_the_velocity(theta, g, v, alpha, beta):
    v = beta * v + alpha * (1 - beta) * g
    return theta - v, v


@key.reject(
    "Your θ moves along the gradient; it must move along the new velocity.",
    fails=[name for name in THETA_ALONE if name != "without_memory_it_is_gradient_descent"],
)
def theta_moves_along_the_gradient(theta, g, v, alpha, beta):
    return theta - alpha * g, beta * v + (1 - beta) * g


CHANGED = "Your function changes its arguments: make new arrays."


@key.reject(CHANGED, fails=["inputs_stay_unchanged_in_any_dtype_and_layout"])
def in_place(theta, g, v, alpha, beta):
    v *= beta
    v += (1 - beta) * g
    theta -= alpha * v
    return theta, v


@key.reject(CHANGED, fails=["inputs_stay_unchanged_in_any_dtype_and_layout"])
def velocity_in_place(theta, g, v, alpha, beta):
    v *= beta
    v += (1 - beta) * g
    return theta - alpha * v, v
