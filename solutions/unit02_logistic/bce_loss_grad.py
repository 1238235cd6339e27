"""Answer key: binary cross-entropy of a sigmoid neuron, with its gradient (unit 2)."""

from copy import deepcopy

import numpy as np

from autograder.key import N0, Key, check, close, directional, standard
from dlmath_ref import bce_loss_grad

key = Key("unit02_logistic/bce_loss_grad", reference=bce_loss_grad, bans=N0)

NAMES = ("the loss", "g_w", "g_b")


def problem(rng, n, p):
    """Random data; the first sample is confidently wrong: logit near 8, label 0."""
    w, b, X, y = rng.normal(size=p), 0.5 * rng.normal(), rng.normal(size=(n, p)), rng.integers(2, size=n)
    X[0], y[0] = 8 * w / (w @ w), 0
    return w, float(b), X, y


def saturated(rng, n, p):
    """Logits of absolute value near 800 and above, all but the first on the side of their label."""
    direction = rng.normal(size=p)
    direction /= np.linalg.norm(direction)
    X = rng.normal(size=(n, p))
    X += np.sign(X @ direction)[:, None] * 2 * direction
    y = (X @ direction > 0).astype(np.int64)
    y[0] = 1 - y[0]
    return 400 * direction, 0.25, X, y


def triple(got):
    check(type(got) in (tuple, list) and len(got) == 3, "bce_loss_grad must return three values: loss, g_w, g_b.")
    return got


@key.part("worked", weight=1)
def two_samples_by_hand(answer, rng):
    w, X, y = np.array([2.0, -1.0]), np.array([[1.0, 2.0], [0.0, 1.0]]), np.array([1, 0])  # logits 0.5, -0.5
    p = 1 / (1 + np.exp(0.5))
    expected = np.log1p(np.exp(-0.5)), np.array([-p / 2, -p / 2]), 0.0
    close(answer(w, 0.5, X, y), expected, what=NAMES)


@key.part("core", weight=2)
def the_loss_is_the_mean_over_the_batch(answer, rng):
    for n, p in [(6, 3), (13, 4), (5, 5)]:
        data = problem(rng, n, p)
        close(triple(answer(*deepcopy(data)))[0], bce_loss_grad(*data)[0], what="the loss")


@key.part("core", weight=2)
def the_gradient_in_w_agrees(answer, rng):
    for n, p in [(6, 3), (13, 4), (5, 5)]:
        data = problem(rng, n, p)
        close(triple(answer(*deepcopy(data)))[1], bce_loss_grad(*data)[1], what="g_w")


@key.part("core", weight=1)
def the_gradient_in_b_agrees(answer, rng):
    for n, p in [(6, 3), (13, 4), (5, 5)]:
        data = problem(rng, n, p)
        close(triple(answer(*deepcopy(data)))[2], bce_loss_grad(*data)[2], what="g_b")


@key.part("core", weight=1)
def the_gradient_is_the_slope_of_the_cross_entropy(answer, rng):
    w, b, X, y = data = problem(rng, 7, 4)
    gradient = tuple(triple(answer(*deepcopy(data)))[1:])
    directional(gradient, lambda w, b: bce_loss_grad(w, float(b), X, y)[0], (w, b), rng)


@key.part("core", weight=1, feedback="Try weights of size 400.")
def confident_neurons_cost_what_they_should(answer, rng):
    w, b, X, y = saturated(rng, 9, 3)
    for labels in (np.append(1 - y[0], y[1:]), y):  # without the wrong one, and with it
        data = w, b, X, labels
        close(answer(*deepcopy(data)), bce_loss_grad(*data), what=NAMES)


@key.part("edge", weight=1)
def a_single_sample(answer, rng):
    for p in (4, 1):
        data = problem(rng, 1, p)
        close(answer(*deepcopy(data)), bce_loss_grad(*data), what=NAMES)


@key.part("edge", weight=1)
def inputs_stay_unchanged_in_any_dtype_and_layout(answer, rng):
    standard(answer, problem(rng, 6, 3), bce_loss_grad, what=NAMES)


def _sigmoid(z):
    e = np.exp(-np.abs(z))
    return np.where(z >= 0, 1 / (1 + e), e / (1 + e))


@key.accept
def by_logaddexp(w, b, X, y):
    z = X @ w + b
    r = np.exp(-np.logaddexp(0, -z)) - y
    return np.mean(np.logaddexp(0, z) - y * z), r @ X / len(y), r.mean()


@key.accept
def by_loops(w, b, X, y):
    n, p = X.shape
    loss, gw, gb = 0.0, np.zeros(p), 0.0
    for i in range(n):
        z = b
        for j in range(p):
            z += w[j] * X[i, j]
        loss += (max(z, 0) + np.log1p(np.exp(-abs(z))) - y[i] * z) / n
        residual = float(_sigmoid(z)) - y[i]
        for j in range(p):
            gw[j] += residual * X[i, j] / n
        gb += residual / n
    return loss, gw, gb


@key.accept
def by_choosing_the_log_of_the_label(w, b, X, y):
    z = np.einsum("ij,j->i", X, w) + b
    signed = np.where(y == 1, z, -z)
    residual = 1 / (1 + np.exp(-z)) - y
    return [np.logaddexp(0, -signed).mean(), np.einsum("i,ij->j", residual, X) / y.size, np.array(residual.mean())]


@key.accept
def with_the_bias_as_a_weight(w, b, X, y):
    A = np.column_stack([X, np.ones(len(X))])
    theta = np.append(w, b)
    z = A @ theta
    g = A.T @ (_sigmoid(z) - y) / len(X)
    return float(np.mean(np.maximum(z, 0) - y * z + np.log1p(np.exp(-np.abs(z))))), g[:-1], g[-1]


MEAN = "The cost is a mean over the batch: a factor 1/n is missing in your loss or your gradient."


@key.reject(
    MEAN,
    fails=[
        "two_samples_by_hand",
        "the_loss_is_the_mean_over_the_batch",
        "the_gradient_in_w_agrees",
        "the_gradient_in_b_agrees",
        "the_gradient_is_the_slope_of_the_cross_entropy",
        "confident_neurons_cost_what_they_should",
        "inputs_stay_unchanged_in_any_dtype_and_layout",
    ],
)
def missing_1_over_n(w, b, X, y):
    z = X @ w + b
    residual = _sigmoid(z) - y
    return np.sum(np.logaddexp(0, z) - y * z), X.T @ residual, residual.sum()


@key.reject(
    MEAN,
    fails=[
        "two_samples_by_hand",
        "the_gradient_in_w_agrees",
        "the_gradient_in_b_agrees",
        "the_gradient_is_the_slope_of_the_cross_entropy",
        "confident_neurons_cost_what_they_should",
        "inputs_stay_unchanged_in_any_dtype_and_layout",
    ],
)
def gradient_missing_1_over_n(w, b, X, y):
    z = X @ w + b
    residual = _sigmoid(z) - y
    return np.mean(np.logaddexp(0, z) - y * z), X.T @ residual, residual.sum()


@key.reject(
    "Your gradient points downhill: its sign, in the residual of prediction and label, is reversed.",
    fails=[
        "two_samples_by_hand",
        "the_gradient_in_w_agrees",
        "the_gradient_in_b_agrees",
        "the_gradient_is_the_slope_of_the_cross_entropy",
        "confident_neurons_cost_what_they_should",
        "a_single_sample",
        "inputs_stay_unchanged_in_any_dtype_and_layout",
    ],
)
def sign_flipped(w, b, X, y):
    z = X @ w + b
    residual = y - _sigmoid(z)
    return np.mean(np.logaddexp(0, z) - y * z), X.T @ residual / len(y), residual.mean()


LOG_ZERO = "You take log(0) where the neuron is saturated: write the loss in terms of z, not of the probability."


@key.reject(LOG_ZERO, fails=["confident_neurons_cost_what_they_should"])
def log_zero(w, b, X, y):
    p = _sigmoid(X @ w + b)
    return -np.mean(y * np.log(p) + (1 - y) * np.log(1 - p)), X.T @ (p - y) / len(y), np.mean(p - y)


@key.reject(LOG_ZERO, fails=["confident_neurons_cost_what_they_should"])
def log_zero_of_the_chosen_probability(w, b, X, y):
    p = _sigmoid(X @ w + b)
    return -np.mean(np.log(np.where(y == 1, p, 1 - p))), X.T @ (p - y) / len(y), np.mean(p - y)


@key.reject(
    "Your e^z overflows where z is large, although log(1 + e^z) is nearly z there.",
    fails=["confident_neurons_cost_what_they_should"],
)
def overflow(w, b, X, y):
    z = X @ w + b
    residual = _sigmoid(z) - y
    return np.mean(np.log1p(np.exp(z)) - y * z), X.T @ residual / len(y), residual.mean()


EPS = "A small constant inside the log, or clipped probabilities, change large losses: 690 may become 18."


@key.reject(
    EPS,
    fails=[
        "the_loss_is_the_mean_over_the_batch",
        "confident_neurons_cost_what_they_should",
        "a_single_sample",
        "inputs_stay_unchanged_in_any_dtype_and_layout",
    ],
)
def eps_in_log(w, b, X, y):
    p = _sigmoid(X @ w + b)
    loss = -np.mean(y * np.log(p + 1e-8) + (1 - y) * np.log(1 - p + 1e-8))
    return loss, X.T @ (p - y) / len(y), np.mean(p - y)


@key.reject(EPS, fails=["confident_neurons_cost_what_they_should"])
def smaller_eps_in_log(w, b, X, y):
    p = _sigmoid(X @ w + b)
    loss = -np.mean(y * np.log(p + 1e-12) + (1 - y) * np.log(1 - p + 1e-12))
    return loss, X.T @ (p - y) / len(y), np.mean(p - y)


@key.reject(EPS, fails=["confident_neurons_cost_what_they_should"])
def clipped_probabilities(w, b, X, y):
    p = _sigmoid(X @ w + b)
    q = np.clip(p, 1e-15, 1 - 1e-15)
    return -np.mean(y * np.log(q) + (1 - y) * np.log(1 - q)), X.T @ (p - y) / len(y), np.mean(p - y)


@key.reject(
    "Your g_b is divided by n twice.",
    fails=[
        "the_gradient_in_b_agrees",
        "the_gradient_is_the_slope_of_the_cross_entropy",
        "confident_neurons_cost_what_they_should",
        "inputs_stay_unchanged_in_any_dtype_and_layout",
    ],
)
def bias_grad_mean_of_mean(w, b, X, y):
    z = X @ w + b
    residual = _sigmoid(z) - y
    return np.mean(np.logaddexp(0, z) - y * z), X.T @ residual / len(y), residual.mean() / len(y)


@key.reject(
    "Your formula is the one for labels -1 and 1; here the labels are 0 and 1.",
    fails=[
        "two_samples_by_hand",
        "the_loss_is_the_mean_over_the_batch",
        "the_gradient_in_w_agrees",
        "the_gradient_in_b_agrees",
        "the_gradient_is_the_slope_of_the_cross_entropy",
        "confident_neurons_cost_what_they_should",
        "a_single_sample",
        "inputs_stay_unchanged_in_any_dtype_and_layout",
    ],
)
def labels_plus_minus_one(w, b, X, y):
    z = X @ w + b
    residual = -y * _sigmoid(-y * z)
    return np.mean(np.logaddexp(0, -y * z)), X.T @ residual / len(y), residual.mean()


@key.reject(
    "Your residual compares the logit z with the label; it must compare the predicted probability.",
    fails=[
        "two_samples_by_hand",
        "the_gradient_in_w_agrees",
        "the_gradient_in_b_agrees",
        "the_gradient_is_the_slope_of_the_cross_entropy",
        "confident_neurons_cost_what_they_should",
        "a_single_sample",
        "inputs_stay_unchanged_in_any_dtype_and_layout",
    ],
)
def logit_minus_label(w, b, X, y):
    z = X @ w + b
    return np.mean(np.logaddexp(0, z) - y * z), X.T @ (z - y) / len(y), np.mean(z - y)


@key.reject(
    "The bias b does not enter your logits.",
    fails=[
        "two_samples_by_hand",
        "the_loss_is_the_mean_over_the_batch",
        "the_gradient_in_w_agrees",
        "the_gradient_in_b_agrees",
        "the_gradient_is_the_slope_of_the_cross_entropy",
        "confident_neurons_cost_what_they_should",
        "a_single_sample",
        "inputs_stay_unchanged_in_any_dtype_and_layout",
    ],
)
def bias_forgotten(w, b, X, y):
    z = X @ w
    residual = _sigmoid(z) - y
    return np.mean(np.logaddexp(0, z) - y * z), X.T @ residual / len(y), residual.mean()


key.equivalent("np.logaddexp(0.0, z) -> np.logaddexp(z, 0.0)", "logaddexp is symmetric in its arguments.")
key.equivalent("np.logaddexp(0.0, -z) -> np.logaddexp(-z, 0.0)", "logaddexp is symmetric in its arguments.")
