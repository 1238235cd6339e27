"""Answer key: one step of Nesterov's momentum (unit 3)."""

import numpy as np

from autograder.key import N0, Key, check, close, standard
from dlmath_ref import nesterov_step

key = Key("unit03_optimization/nesterov", reference=nesterov_step, bans=N0)

NAMES = ("theta", "v")
# torch.optim.SGD(lr=0.004 * (1 - 0.9), momentum=0.9, nesterov=True) on Rosenbrock's function, 6 steps from
# (0.4, -0.2), float64. That iterate is theta - alpha beta v.
SIX_STEPS = np.array([0.1728707192748389, 0.12740507330349493])


@np.errstate(all="ignore")  # a wrong answer may leave the valley
def rosenbrock_gradient(t):
    return np.array([-2 * (1 - t[0]) - 400 * t[0] * (t[1] - t[0] ** 2), 200 * (t[1] - t[0] ** 2)])


def bowl(rng, d):
    """The gradient of a quadratic with eigenvalues in [1, 3], whose axes are not the coordinates'."""
    axes = np.linalg.qr(rng.normal(size=(d, d)))[0]
    Q, b = axes * rng.uniform(1, 3, size=d) @ axes.T, rng.normal(size=d)
    return lambda t: Q @ t - b


def cubic(rng, shape):
    """The gradient of sum c t^4 / 4 + t^2 / 2, nan at a point of another shape."""
    c = rng.uniform(1, 2, size=shape)
    return lambda t: c * np.asarray(t) ** 3 + t if np.shape(t) == shape else np.full(shape, np.nan)


def steps(rng):
    """Arguments of nesterov_step: on a bowl, in Rosenbrock's valley."""
    for d, alpha, beta in [(2, 0.3, 0.9), (5, 0.7, 0.5)]:
        yield rng.normal(size=d), bowl(rng, d), rng.normal(size=d), alpha, beta
    yield rng.normal(size=2), rosenbrock_gradient, rng.normal(size=2), 0.01, 0.8


def call(answer, theta, grad, v, alpha, beta):
    """The two values of one step."""
    got = answer(theta.copy(), grad, v.copy(), alpha, beta)
    check(type(got) in (tuple, list) and len(got) == 2, "nesterov_step must return two values: theta, v.")
    return got


@key.part("worked", weight=1)
def one_step_by_hand(answer, rng):
    got = answer(np.array([1.0]), lambda t: 2 * t, np.array([1.0]), 0.5, 0.5)
    close(got, (np.array([0.375]), np.array([1.25])), what=NAMES)


@key.part("core", weight=2)
def the_velocity_takes_the_gradient_ahead(answer, rng):
    for args in steps(rng):
        close(call(answer, *args)[1], nesterov_step(*args)[1], what="v")


@key.part("core", weight=1)
def theta_moves_with_the_new_velocity(answer, rng):
    for args in steps(rng):
        close(call(answer, *args)[0], nesterov_step(*args)[0], what="theta")


@key.part("core", weight=1)
def the_gradient_is_asked_once_and_ahead(answer, rng):
    theta, gradient, v, asked = rng.normal(size=3), bowl(rng, 3), rng.normal(size=3), []
    call(answer, theta, lambda t: (asked.append(t), gradient(t))[1], v, 0.4, 0.75)
    check(len(asked) > 0, "grad is not called.")
    check(len(asked) == 1, "grad is called more than once in one step.")
    close(asked[0], theta - 0.4 * 0.75 * v, what="the point at which grad is called")


@key.part("core", weight=1)
def six_steps_down_a_curved_valley(answer, rng):
    theta, v = np.array([0.4, -0.2]), np.zeros(2)
    for _ in range(6):
        theta, v = call(answer, theta, rosenbrock_gradient, v, 0.004, 0.9)
    close(theta - 0.004 * 0.9 * v, SIX_STEPS, what="the point ahead after six steps")


@key.part("edge", weight=0.5)
def the_first_step_has_no_velocity_yet(answer, rng):
    theta, gradient = rng.normal(size=4), bowl(rng, 4)
    v = (1 - 0.6) * gradient(theta)
    close(call(answer, theta, gradient, np.zeros(4), 0.3, 0.6), (theta - 0.3 * v, v), what=NAMES)


@key.part("edge", weight=0.5)
def a_number_and_a_tensor_move_too(answer, rng):
    for shape in [(), (2, 3, 2)]:
        theta, gradient, v = np.asarray(rng.normal(size=shape)), cubic(rng, shape), rng.uniform(1, 2, size=shape)
        args = theta, gradient, np.asarray(v), 0.2, 0.7
        close(call(answer, *args), nesterov_step(*args), what=NAMES)


@key.part("edge", weight=1)
def inputs_stay_unchanged_in_any_dtype_and_layout(answer, rng):
    args = rng.normal(size=(3, 2)), cubic(rng, (3, 2)), rng.normal(size=(3, 2)), 0.3, 0.8
    standard(answer, args, nesterov_step, what=NAMES)


@key.accept
def with_a_name_for_the_point_ahead(theta, grad, v, alpha, beta):
    ahead = theta - alpha * beta * v
    velocity = beta * v + (1 - beta) * grad(ahead)
    return [theta - alpha * velocity, velocity]


@key.accept
def from_the_point_ahead(theta, grad, v, alpha, beta):
    ahead = theta - alpha * beta * v
    g = grad(ahead)
    return ahead - alpha * (1 - beta) * g, v + (1 - beta) * (g - v)


@key.accept
def in_place_on_copies(theta, grad, v, alpha, beta):
    theta, v = np.array(theta, dtype=np.float64), np.array(v, dtype=np.float64)
    v *= beta
    theta -= alpha * v
    g = np.array((1 - beta) * grad(theta))
    theta -= alpha * g
    v += g
    return theta, v


ALL = [
    "one_step_by_hand",
    "the_velocity_takes_the_gradient_ahead",
    "theta_moves_with_the_new_velocity",
    "the_gradient_is_asked_once_and_ahead",
    "six_steps_down_a_curved_valley",
    "the_first_step_has_no_velocity_yet",
    "a_number_and_a_tensor_move_too",
    "inputs_stay_unchanged_in_any_dtype_and_layout",
]
ELSEWHERE = [name for name in ALL if name != "the_first_step_has_no_velocity_yet"]
THETA_ALONE = [
    name
    for name in ALL
    if name not in ("the_velocity_takes_the_gradient_ahead", "the_gradient_is_asked_once_and_ahead")
]


@key.reject("This is plain momentum: ask for the gradient at the point ahead, θ − αβv, not at θ.", fails=ELSEWHERE)
def gradient_at_theta(theta, grad, v, alpha, beta):
    v = beta * v + (1 - beta) * grad(theta)
    return theta - alpha * v, v


@key.reject("You look back: the step goes along −v, so the point ahead lies there.", fails=ELSEWHERE)
def look_ahead_wrong_sign(theta, grad, v, alpha, beta):
    v = beta * v + (1 - beta) * grad(theta + alpha * beta * v)
    return theta - alpha * v, v


@key.reject("You look ahead by βv; the old velocity moves θ by αβv.", fails=ELSEWHERE)
def look_ahead_without_alpha(theta, grad, v, alpha, beta):
    v = beta * v + (1 - beta) * grad(theta - beta * v)
    return theta - alpha * v, v


@key.reject("You look ahead by αv; only the part αβv of the next step is known already.", fails=ELSEWHERE)
def look_ahead_without_beta(theta, grad, v, alpha, beta):
    v = beta * v + (1 - beta) * grad(theta - alpha * v)
    return theta - alpha * v, v


@key.reject(
    "The book's velocity is an average, and yours a sum: the gradient has the weight 1 − β.",
    fails=[name for name in ALL if name != "the_gradient_is_asked_once_and_ahead"],
)
def no_1_minus_beta(theta, grad, v, alpha, beta):
    v = beta * v + grad(theta - alpha * beta * v)
    return theta - alpha * v, v


@key.reject(
    "α and β are exchanged: β is the weight of the old velocity, α the length of the step.",
    fails=[name for name in ALL if name not in ("one_step_by_hand", "the_gradient_is_asked_once_and_ahead")],
)
def alpha_and_beta_exchanged(theta, grad, v, alpha, beta):
    v = alpha * v + (1 - alpha) * grad(theta - alpha * beta * v)
    return theta - beta * v, v


@key.reject("Your θ moves with the old velocity; it must move with the new one.", fails=THETA_ALONE)
def old_velocity(theta, grad, v, alpha, beta):
    return theta - alpha * v, beta * v + (1 - beta) * grad(theta - alpha * beta * v)


@key.reject(
    "Your step starts at the point ahead; only the gradient is taken there, the step starts at θ.",
    fails=[name for name in THETA_ALONE if name != "the_first_step_has_no_velocity_yet"],
)
def step_from_the_point_ahead(theta, grad, v, alpha, beta):
    theta = theta - alpha * beta * v
    v = beta * v + (1 - beta) * grad(theta)
    return theta - alpha * v, v


@key.reject("Your step has the wrong sign: it goes uphill.", fails=THETA_ALONE)
def ascent(theta, grad, v, alpha, beta):
    v = beta * v + (1 - beta) * grad(theta - alpha * beta * v)
    return theta + alpha * v, v


@key.reject(
    "You ask for more than one gradient in a step: gradients are what costs.",
    fails=["the_gradient_is_asked_once_and_ahead"],
)
def two_gradients(theta, grad, v, alpha, beta):
    g = grad(theta)
    ahead = theta - alpha * beta * v
    g = g + (grad(ahead) - g)
    v = beta * v + (1 - beta) * g
    return theta - alpha * v, v


@key.reject(
    "Your function changes its arguments: make new arrays.", fails=["inputs_stay_unchanged_in_any_dtype_and_layout"]
)
def in_place(theta, grad, v, alpha, beta):
    g = grad(theta - alpha * beta * v)
    v *= beta
    v += (1 - beta) * g
    theta -= alpha * v
    return theta, v
