"""Answer key: gradient descent for the sigmoid neuron, with the history of the loss (unit 2)."""

from copy import deepcopy

import numpy as np

from autograder.key import N0, Key, check, close, standard
from dlmath_ref import gd_logistic

key = Key("unit02_logistic/gd_logistic_trace", reference=gd_logistic, bans=N0)

NAMES = ("w", "b", "losses")


def problem(rng, n, p):
    """X, y, w0, b0; both labels occur."""
    y = rng.integers(2, size=n)
    y[:2] = 0, 1
    return rng.normal(size=(n, p)) + 0.5, y, rng.normal(size=p), 0.3 + rng.random()


def triple(got):
    check(type(got) in (tuple, list) and len(got) == 3, "gd_logistic must return three values: w, b, losses.")
    return got


def runs(rng):
    for n, p, T in [(7, 3, 5), (4, 4, 12), (9, 2, 1)]:
        yield (*problem(rng, n, p), 0.6, T)
    X, y = np.array([[1.0], [2.0], [3.0]]), np.array([0, 1, 0])
    yield X, y, np.ones(1), 0.0, 4.0, 5  # the loss rises three times, and its minimum is in the middle


@key.part("worked", weight=1)
def one_step_from_zero(answer, rng):
    X, y = np.array([[1.0], [3.0]]), np.array([0, 1])  # g_w = -1/2, g_b = 0
    losses = np.array([np.log(2), (np.log1p(np.exp(0.5)) + np.log1p(np.exp(-1.5))) / 2])
    close(answer(X, y, np.zeros(1), 0.0, 1.0, 1), (np.array([0.5]), 0.0, losses), what=NAMES)


@key.part("core", weight=2)
def the_weights_after_T_steps_agree(answer, rng):
    for args in runs(rng):
        close(triple(answer(*deepcopy(args)))[0], gd_logistic(*args)[0], what="w")


@key.part("core", weight=1)
def the_bias_after_T_steps_agrees(answer, rng):
    for args in runs(rng):
        close(triple(answer(*deepcopy(args)))[1], gd_logistic(*args)[1], what="b")


@key.part("core", weight=2)
def the_history_holds_the_loss_at_every_step(answer, rng):
    for args in runs(rng):
        close(triple(answer(*deepcopy(args)))[2], gd_logistic(*args)[2], what="losses")


@key.part("core", weight=0.5)
def the_loss_falls_at_every_small_step(answer, rng):
    X, y, w0, b0 = problem(rng, 8, 3)
    A = np.column_stack([X, np.ones(8)])
    alpha = 2 / float(np.linalg.eigvalsh(A.T @ A / 8)[-1])  # half of 4 / lambda_max
    losses = triple(answer(X, y, w0, b0, alpha, 15))[2]
    right_shape = type(losses) is np.ndarray and losses.shape == (16,)
    check(right_shape, "losses must be a NumPy array of T + 1 entries, not a list or anything else.")
    check(bool(np.all(np.diff(losses) <= 1e-12)), "The loss rises although the step is small enough for it to fall.")


@key.part("edge", weight=0.5)
def a_saturated_start_costs_what_it_should(answer, rng):
    X, y = np.array([[800.0], [-800.0], [600.0]]), np.array([0, 1, 1])
    args = X, y, np.ones(1), 0.3 * rng.random(), 1e-3, 2
    close(triple(answer(*deepcopy(args)))[2], gd_logistic(*args)[2], what="losses")


@key.part("edge", weight=0.5)
def no_step_at_all(answer, rng):
    args = (*problem(rng, 5, 2), 0.5, 0)
    close(answer(*deepcopy(args)), gd_logistic(*args), what=NAMES)


@key.part("edge", weight=0.5)
def inputs_stay_unchanged_in_any_dtype_and_layout(answer, rng):
    standard(answer, (*problem(rng, 6, 3), 0.4, 3), gd_logistic, what=NAMES)


def _loss_grad(X, y, w, b):
    z = X @ w + b
    residual = 1 / (1 + np.exp(-z)) - y
    return np.mean(np.logaddexp(0, z) - y * z), X.T @ residual / len(y), residual.mean()


@key.accept
def by_one_parameter_vector(X, y, w0, b0, alpha, T):
    A = np.column_stack([X, np.ones(len(X))])
    theta, losses = np.append(w0, b0), np.zeros(T + 1)
    for t in range(T + 1):
        z = A @ theta
        losses[t] = np.mean(np.logaddexp(0, z) - y * z)
        if t < T:
            theta -= alpha * A.T @ (1 / (1 + np.exp(-z)) - y) / len(y)
    return theta[:-1], theta[-1], losses


@key.accept
def by_a_history_that_grows(X, y, w0, b0, alpha, T):
    w, b = w0.copy(), b0
    losses = np.array([_loss_grad(X, y, w, b)[0]])
    for _ in range(T):
        _, gw, gb = _loss_grad(X, y, w, b)
        w, b = w - alpha * gw, b - alpha * gb
        losses = np.append(losses, _loss_grad(X, y, w, b)[0])
    return [w, float(b), losses]


@key.accept
def by_loops(X, y, w0, b0, alpha, T):
    n, p = X.shape
    w, b, losses = [float(v) for v in w0], float(b0), []
    for t in range(T + 1):
        loss, gw, gb = 0.0, [0.0] * p, 0.0
        for i in range(n):
            z = b + sum(w[j] * float(X[i, j]) for j in range(p))
            loss += max(z, 0) - y[i] * z + np.log1p(np.exp(-abs(z)))
            r = 1 / (1 + np.exp(-z)) - y[i]
            gw = [gw[j] + r * float(X[i, j]) for j in range(p)]
            gb += r
        losses.append(loss / n)
        if t < T:
            w = [w[j] - alpha * gw[j] / n for j in range(p)]
            b -= alpha * gb / n
    return np.array(w), b, np.array(losses)


SHORT = "Your history has too few entries: it holds the loss before the first step and after each of the T steps."
SHORT_FAILS = [
    "one_step_from_zero",
    "the_history_holds_the_loss_at_every_step",
    "the_loss_falls_at_every_small_step",
    "a_saturated_start_costs_what_it_should",
    "no_step_at_all",
    "inputs_stay_unchanged_in_any_dtype_and_layout",
]


@key.reject(SHORT, fails=SHORT_FAILS)
def history_too_short(X, y, w0, b0, alpha, T):
    w, b, losses = w0.copy(), b0, []
    for _ in range(T):
        _, gw, gb = _loss_grad(X, y, w, b)
        w, b = w - alpha * gw, b - alpha * gb
        losses.append(_loss_grad(X, y, w, b)[0])
    return w, b, np.array(losses)


@key.reject(SHORT, fails=SHORT_FAILS)
def last_loss_missing(X, y, w0, b0, alpha, T):
    w, b, losses = w0.copy(), b0, []
    for _ in range(T):
        loss, gw, gb = _loss_grad(X, y, w, b)
        losses.append(loss)
        w, b = w - alpha * gw, b - alpha * gb
    return w, b, np.array(losses)


@key.reject(
    "Your history is shifted: losses[t] must be the loss after t steps, losses[0] the one at the start.",
    fails=[
        "one_step_from_zero",
        "the_history_holds_the_loss_at_every_step",
        "a_saturated_start_costs_what_it_should",
        "inputs_stay_unchanged_in_any_dtype_and_layout",
    ],
)
def loss_after_update_shifted(X, y, w0, b0, alpha, T):
    w, b, losses = w0.copy(), b0, []
    for _ in range(T):
        _, gw, gb = _loss_grad(X, y, w, b)
        w, b = w - alpha * gw, b - alpha * gb
        losses.append(_loss_grad(X, y, w, b)[0])
    return w, b, np.array([*losses, _loss_grad(X, y, w, b)[0]])


WRONG_STEPS = [
    "one_step_from_zero",
    "the_weights_after_T_steps_agree",
    "the_bias_after_T_steps_agrees",
    "the_history_holds_the_loss_at_every_step",
    "a_saturated_start_costs_what_it_should",
    "inputs_stay_unchanged_in_any_dtype_and_layout",
]


@key.reject(
    "Your b moves along a gradient that was computed at the new w; both gradients belong to the same point.",
    fails=WRONG_STEPS,
)
def sequential_update(X, y, w0, b0, alpha, T):
    w, b = w0.copy(), b0
    losses = [_loss_grad(X, y, w, b)[0]]
    for _ in range(T):
        w = w - alpha * _loss_grad(X, y, w, b)[1]
        b = b - alpha * _loss_grad(X, y, w, b)[2]
        losses.append(_loss_grad(X, y, w, b)[0])
    return w, b, np.array(losses)


@key.reject(
    "Your step is divided by n once too often: the gradient already contains 1/n.",
    fails=WRONG_STEPS,
)
def alpha_over_n_twice(X, y, w0, b0, alpha, T):
    w, b = w0.copy(), b0
    losses = [_loss_grad(X, y, w, b)[0]]
    for _ in range(T):
        _, gw, gb = _loss_grad(X, y, w, b)
        w, b = w - alpha * gw / len(y), b - alpha * gb / len(y)
        losses.append(_loss_grad(X, y, w, b)[0])
    return w, b, np.array(losses)


@key.reject(
    "Your steps climb: move against the gradient.",
    fails=[*WRONG_STEPS, "the_loss_falls_at_every_small_step"],
)
def wrong_sign(X, y, w0, b0, alpha, T):
    w, b = w0.copy(), b0
    losses = [_loss_grad(X, y, w, b)[0]]
    for _ in range(T):
        _, gw, gb = _loss_grad(X, y, w, b)
        w, b = w + alpha * gw, b + alpha * gb
        losses.append(_loss_grad(X, y, w, b)[0])
    return w, b, np.array(losses)


@key.reject(
    "Your bias never moves: b has a gradient too.",
    fails=[
        "the_weights_after_T_steps_agree",
        "the_bias_after_T_steps_agrees",
        "the_history_holds_the_loss_at_every_step",
        "inputs_stay_unchanged_in_any_dtype_and_layout",
    ],
)
def bias_not_updated(X, y, w0, b0, alpha, T):
    w, b = w0.copy(), b0
    losses = [_loss_grad(X, y, w, b)[0]]
    for _ in range(T):
        w = w - alpha * _loss_grad(X, y, w, b)[1]
        losses.append(_loss_grad(X, y, w, b)[0])
    return w, b, np.array(losses)


@key.reject(
    "You take T + 1 steps: T steps give T + 1 losses.",
    fails=[
        "one_step_from_zero",
        "the_weights_after_T_steps_agree",
        "the_bias_after_T_steps_agrees",
        "no_step_at_all",
        "inputs_stay_unchanged_in_any_dtype_and_layout",
    ],
)
def one_step_too_many(X, y, w0, b0, alpha, T):
    w, b, losses = w0.copy(), b0, []
    for _ in range(T + 1):
        loss, gw, gb = _loss_grad(X, y, w, b)
        losses.append(loss)
        w, b = w - alpha * gw, b - alpha * gb
    return w, b, np.array(losses)


@key.reject(
    "Your function changes w0: make a copy before you update in place.",
    fails=["inputs_stay_unchanged_in_any_dtype_and_layout"],
)
def start_overwritten(X, y, w0, b0, alpha, T):
    losses = [_loss_grad(X, y, w0, b0)[0]]
    for _ in range(T):
        _, gw, gb = _loss_grad(X, y, w0, b0)
        w0 -= alpha * gw
        b0 -= alpha * gb
        losses.append(_loss_grad(X, y, w0, b0)[0])
    return w0, b0, np.array(losses)


@key.reject(
    "You return the parameters with the smallest loss; those after the last step are asked for.",
    fails=["the_weights_after_T_steps_agree", "the_bias_after_T_steps_agrees"],
)
def best_parameters(X, y, w0, b0, alpha, T):
    w, b, losses, best = w0.copy(), b0, [], (np.inf, w0, b0)
    for _ in range(T + 1):
        loss, gw, gb = _loss_grad(X, y, w, b)
        losses.append(loss)
        best = (loss, w, b) if loss < best[0] else best
        w, b = w - alpha * gw, b - alpha * gb
    return best[1], best[2], np.array(losses)


@key.reject(
    "Your step becomes shorter where the loss rises: take all T steps with the α that is passed in.",
    fails=[
        "the_weights_after_T_steps_agree",
        "the_bias_after_T_steps_agrees",
        "the_history_holds_the_loss_at_every_step",
    ],
)
def alpha_halved(X, y, w0, b0, alpha, T):
    w, b, losses = w0.copy(), b0, []
    for _ in range(T + 1):
        loss, gw, gb = _loss_grad(X, y, w, b)
        alpha = alpha / 2 if losses and loss > losses[-1] else alpha
        losses.append(loss)
        if len(losses) <= T:
            w, b = w - alpha * gw, b - alpha * gb
    return w, b, np.array(losses)


def _descend(loss, X, y, w0, b0, alpha, T):
    """The right steps, with a history of loss(z, p, y)."""
    w, b, losses = w0.copy(), b0, []
    for t in range(T + 1):
        z = X @ w + b
        p = 1 / (1 + np.exp(-z))
        losses.append(loss(z, p, y))
        if t < T:
            w, b = w - alpha * X.T @ (p - y) / len(y), b - alpha * np.mean(p - y)
    return w, b, np.array(losses)


LOG_ZERO = "You take log(0) where the neuron is saturated: write the loss in terms of z, not of the probability."


@key.reject(LOG_ZERO, fails=["a_saturated_start_costs_what_it_should"])
def log_zero(X, y, w0, b0, alpha, T):
    return _descend(lambda z, p, y: -np.mean(y * np.log(p) + (1 - y) * np.log(1 - p)), X, y, w0, b0, alpha, T)


@key.reject(LOG_ZERO, fails=["a_saturated_start_costs_what_it_should"])
def log_zero_of_the_chosen_probability(X, y, w0, b0, alpha, T):
    return _descend(lambda z, p, y: -np.mean(np.log(np.where(y == 1, p, 1 - p))), X, y, w0, b0, alpha, T)


@key.reject(
    "Your e^z overflows where z is large, although log(1 + e^z) is nearly z there.",
    fails=["a_saturated_start_costs_what_it_should"],
)
def overflow(X, y, w0, b0, alpha, T):
    return _descend(lambda z, p, y: np.mean(np.log1p(np.exp(z)) - y * z), X, y, w0, b0, alpha, T)


CLIPPED = "A small constant inside the log, or clipped probabilities, change large losses."


@key.reject(CLIPPED, fails=["a_saturated_start_costs_what_it_should"])
def clipped_probabilities(X, y, w0, b0, alpha, T):
    def loss(z, p, y):
        q = np.clip(p, 1e-7, 1 - 1e-7)
        return -np.mean(y * np.log(q) + (1 - y) * np.log(1 - q))

    return _descend(loss, X, y, w0, b0, alpha, T)


@key.reject(CLIPPED, fails=["a_saturated_start_costs_what_it_should"])
def eps_in_log(X, y, w0, b0, alpha, T):
    def loss(z, p, y):
        return -np.mean(y * np.log(p + 1e-12) + (1 - y) * np.log(1 - p + 1e-12))

    return _descend(loss, X, y, w0, b0, alpha, T)


key.equivalent("np.logaddexp(0.0, z) -> np.logaddexp(z, 0.0)", "logaddexp is symmetric in its arguments.")
key.equivalent("np.logaddexp(0.0, -z) -> np.logaddexp(-z, 0.0)", "logaddexp is symmetric in its arguments.")
key.equivalent("np.array(w0, dtype=float) -> np.array(w0)", "w0 is an array of floats already.")
