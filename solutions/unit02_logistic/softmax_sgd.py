"""Answer key: stochastic gradient descent for softmax regression over given batches (unit 2)."""

from copy import deepcopy
from functools import lru_cache

import numpy as np

from autograder.key import N0, Key, close, standard
from dlmath_kit.data import digits
from dlmath_ref import sgd_softmax

key = Key("unit02_logistic/softmax_sgd", reference=sgd_softmax, bans=N0)

NAMES = ("W", "b")


def problem(rng, n=11, K=4, p=3):
    return rng.normal(size=(K, p)), rng.normal(size=K), rng.normal(size=(n, p)), rng.integers(K, size=n)


def compare(answer, data, batches, alpha=0.7):
    close(answer(*deepcopy(data), deepcopy(batches), alpha), sgd_softmax(*data, batches, alpha), what=NAMES)


@lru_cache(maxsize=4)
def digits_run(seed):
    """Arguments and result of 20 epochs on the digits: computed once for a whole class."""
    X, y = digits()
    rng = np.random.default_rng(seed)
    batches = [batch for _ in range(20) for batch in rng.permutation(1400).reshape(7, 200)]
    args = np.zeros((10, 64)), np.zeros(10), X, y, batches, 0.5
    return args, sgd_softmax(*args)


@key.part("worked", weight=1)
def two_batches_of_one_sample(answer, rng):
    X, y = np.array([[2.0], [1.0]]), np.array([1, 0])
    first = -1 / (1 + np.exp(-3.0))  # p - 1 of class 0 for sample 1 after the step on sample 0
    W, b = np.array([-1 - first, 1 + first])[:, None], np.array([-0.5 - first, 0.5 + first])
    close(answer(np.zeros((2, 1)), np.zeros(2), X, y, [np.array([0]), np.array([1])], 1.0), (W, b), what=NAMES)


@key.part("core", weight=2)
def batches_are_used_in_their_order(answer, rng):
    order = rng.permutation(11)
    order[order == 0], order[0] = order[0], 0
    order = np.roll(order, -4)  # index 0 is neither in the first nor in the last place
    compare(answer, problem(rng), [order[:3], order[3:6], order[6:9]])
    compare(answer, problem(rng, 8, 3, 3), [np.array([6, 1, 4]), np.array([5, 0, 2]), np.array([3, 7, 1])])


@key.part("core", weight=1)
def repeated_indices_count_twice(answer, rng):
    compare(answer, problem(rng), [np.array([2, 2, 7, 9]), np.array([3, 3, 3, 0]), np.array([8, 1, 8, 1])])


@key.part("core", weight=3)
def twenty_epochs_on_the_digits(answer, rng):
    args, expected = digits_run(int(rng.integers(2**32)))
    close(answer(*deepcopy(args)), expected, what=NAMES)


@key.part("edge", weight=1.5)
def a_batch_shorter_than_the_others(answer, rng):
    order = rng.permutation(11)
    compare(answer, problem(rng), [order[:4], order[4:8], order[8:]])
    compare(answer, problem(rng, 6, 3, 5), [np.array([4, 0, 5, 2]), np.array([3])])


@key.part("edge", weight=0.5)
def large_weights_do_not_overflow(answer, rng):
    W0, b0, X, y = problem(rng, 6)
    W0 *= 300
    X[0] = 20 * W0[0] / np.linalg.norm(W0[0])  # the logit of class 0 is several thousand
    y[:3] = (X[:3] @ W0.T + b0).argmax(axis=1)
    y[0] = (y[0] + 1) % len(b0)  # one wrong label among right ones: no other gradient can cancel its
    compare(answer, (W0, b0, X, y), [np.array([0, 1, 2])])


@key.part("edge", weight=1)
def inputs_stay_unchanged_in_any_dtype_and_layout(answer, rng):
    order = rng.permutation(9)
    standard(answer, (*problem(rng, 9), [order[:3], order[3:6], order[6:]], 0.5), sgd_softmax, what=NAMES)


def _softmax(Z):
    E = np.exp(Z - Z.max(1, keepdims=True))
    return E / E.sum(1, keepdims=True)


def _delta(W, b, X, y):
    D = _softmax(X @ W.T + b)
    D[np.arange(len(y)), y] -= 1
    return D


@key.accept
def by_the_gradient_function(W0, b0, X, y, batches, alpha):
    def gradient(W, b, X, y):
        D = (_softmax(X @ W.T + b) - np.eye(len(b))[y]) / len(y)
        return D.T @ X, D.sum(0)

    W, b = W0, b0
    for I in batches:
        gW, gb = gradient(W, b, X[I], y[I])
        W, b = W - alpha * gW, b - alpha * gb
    return W, b


@key.accept
def inlined_in_place_on_copies(W0, b0, X, y, batches, alpha):
    W, b = np.array(W0, order="F"), np.array(b0)
    for I in batches:
        Z = np.einsum("np,kp->nk", X[I], W) + b
        Z -= Z.max(axis=1)[:, None]
        np.exp(Z, out=Z)
        Z /= Z.sum(axis=1)[:, None]
        for row, i in enumerate(I):
            Z[row, y[i]] -= 1
        W -= alpha / I.size * np.einsum("nk,np->kp", Z, X[I])
        b -= alpha * Z.mean(axis=0)
    return [W, b]


@key.accept
def sample_by_sample(W0, b0, X, y, batches, alpha):
    W, b = W0.copy(), b0.copy()
    for I in batches:
        gW, gb = np.zeros_like(W), np.zeros_like(b)
        for i in I:
            e = np.exp(W @ X[i] + b - np.max(W @ X[i] + b))
            d = e / e.sum()
            d[y[i]] -= 1
            gW += d[:, None] * X[i]
            gb += d
        W = W - alpha * gW / len(I)
        b = b - alpha * gb / len(I)
    return W, b


@key.reject(
    "You add up the gradients of a batch; average them over the batch.",
    fails=[
        "batches_are_used_in_their_order",
        "repeated_indices_count_twice",
        "twenty_epochs_on_the_digits",
        "a_batch_shorter_than_the_others",
        "large_weights_do_not_overflow",
        "inputs_stay_unchanged_in_any_dtype_and_layout",
    ],
)
def sum_not_mean(W0, b0, X, y, batches, alpha):
    W, b = W0.copy(), b0.copy()
    for I in batches:
        D = _delta(W, b, X[I], y[I])
        W, b = W - alpha * D.T @ X[I], b - alpha * D.sum(0)
    return W, b


@key.reject(
    "You divide by the size of the data set; the mean is over the batch.",
    fails=[
        "two_batches_of_one_sample",
        "batches_are_used_in_their_order",
        "repeated_indices_count_twice",
        "twenty_epochs_on_the_digits",
        "a_batch_shorter_than_the_others",
        "large_weights_do_not_overflow",
        "inputs_stay_unchanged_in_any_dtype_and_layout",
    ],
)
def divide_by_n(W0, b0, X, y, batches, alpha):
    W, b = W0.copy(), b0.copy()
    for I in batches:
        D = _delta(W, b, X[I], y[I]) / len(X)
        W, b = W - alpha * D.T @ X[I], b - alpha * D.sum(0)
    return W, b


@key.reject(
    "You divide a shorter batch by the size of a full one: each batch counts its own samples.",
    fails=["a_batch_shorter_than_the_others"],
)
def divide_by_nominal_batch(W0, b0, X, y, batches, alpha):
    W, b = W0.copy(), b0.copy()
    for I in batches:
        D = _delta(W, b, X[I], y[I]) / len(batches[0])
        W, b = W - alpha * D.T @ X[I], b - alpha * D.sum(0)
    return W, b


@key.reject(
    "Every step of yours uses all the data; it must use only its batch.",
    fails=[
        "two_batches_of_one_sample",
        "batches_are_used_in_their_order",
        "repeated_indices_count_twice",
        "twenty_epochs_on_the_digits",
        "a_batch_shorter_than_the_others",
        "large_weights_do_not_overflow",
        "inputs_stay_unchanged_in_any_dtype_and_layout",
    ],
)
def full_batch_every_step(W0, b0, X, y, batches, alpha):
    W, b = W0.copy(), b0.copy()
    for _ in batches:
        D = _delta(W, b, X, y) / len(X)
        W, b = W - alpha * D.T @ X, b - alpha * D.sum(0)
    return W, b


ORDER = "You do not use the batches in the given order."


@key.reject(
    ORDER,
    fails=[
        "two_batches_of_one_sample",
        "batches_are_used_in_their_order",
        "repeated_indices_count_twice",
        "twenty_epochs_on_the_digits",
        "a_batch_shorter_than_the_others",
        "inputs_stay_unchanged_in_any_dtype_and_layout",
    ],
)
def order_ignored(W0, b0, X, y, batches, alpha):
    W, b = W0.copy(), b0.copy()
    for I in reversed(batches):
        D = _delta(W, b, X[I], y[I]) / len(I)
        W, b = W - alpha * D.T @ X[I], b - alpha * D.sum(0)
    return W, b


@key.reject(
    "Your steps go uphill: move against the gradient.",
    fails=[
        "two_batches_of_one_sample",
        "batches_are_used_in_their_order",
        "repeated_indices_count_twice",
        "twenty_epochs_on_the_digits",
        "a_batch_shorter_than_the_others",
        "large_weights_do_not_overflow",
        "inputs_stay_unchanged_in_any_dtype_and_layout",
    ],
)
def ascent(W0, b0, X, y, batches, alpha):
    W, b = W0.copy(), b0.copy()
    for I in batches:
        D = _delta(W, b, X[I], y[I]) / len(I)
        W, b = W + alpha * D.T @ X[I], b + alpha * D.sum(0)
    return W, b


@key.reject(
    "All your gradients are taken at the start; each step begins where the last one ended.",
    fails=[
        "two_batches_of_one_sample",
        "batches_are_used_in_their_order",
        "repeated_indices_count_twice",
        "twenty_epochs_on_the_digits",
        "a_batch_shorter_than_the_others",
        "inputs_stay_unchanged_in_any_dtype_and_layout",
    ],
)
def gradients_at_the_start(W0, b0, X, y, batches, alpha):
    W, b = W0.copy(), b0.copy()
    for I in batches:
        D = _delta(W0, b0, X[I], y[I]) / len(I)
        W, b = W - alpha * D.T @ X[I], b - alpha * D.sum(0)
    return W, b


@key.reject(
    "An index that occurs twice in a batch counts twice; yours counts once.", fails=["repeated_indices_count_twice"]
)
def repetitions_lost(W0, b0, X, y, batches, alpha):
    W, b = W0.copy(), b0.copy()
    for I in batches:
        J = np.unique(I)
        D = _delta(W, b, X[J], y[J]) / len(J)
        W, b = W - alpha * D.T @ X[J], b - alpha * D.sum(0)
    return W, b


@key.reject(
    "Your bias never moves: b has a gradient too.",
    fails=[
        "two_batches_of_one_sample",
        "batches_are_used_in_their_order",
        "repeated_indices_count_twice",
        "twenty_epochs_on_the_digits",
        "a_batch_shorter_than_the_others",
        "large_weights_do_not_overflow",
        "inputs_stay_unchanged_in_any_dtype_and_layout",
    ],
)
def bias_not_updated(W0, b0, X, y, batches, alpha):
    W = W0.copy()
    for I in batches:
        W = W - alpha * (_delta(W, b0, X[I], y[I]) / len(I)).T @ X[I]
    return W, b0


@key.reject(
    "Your function changes W0 or b0: make copies before you update in place.",
    fails=["inputs_stay_unchanged_in_any_dtype_and_layout"],
)
def start_overwritten(W0, b0, X, y, batches, alpha):
    for I in batches:
        D = _delta(W0, b0, X[I], y[I]) / len(I)
        W0 -= alpha * D.T @ X[I]
        b0 -= alpha * D.sum(0)
    return W0, b0


def _step(W, b, X, y, alpha, P):
    """One step, given the probabilities P."""
    D = (P - np.eye(len(b))[y]) / len(y)
    return W - alpha * D.T @ X, b - alpha * D.sum(0)


OVERFLOW = "Your softmax overflows or underflows for large logits: subtract each sample's largest logit first."


@key.reject(OVERFLOW, fails=["large_weights_do_not_overflow"])
def overflow(W0, b0, X, y, batches, alpha):
    W, b = W0.copy(), b0.copy()
    for I in batches:
        E = np.exp(X[I] @ W.T + b)
        W, b = _step(W, b, X[I], y[I], alpha, E / E.sum(1, keepdims=True))
    return W, b


@key.reject(OVERFLOW, fails=["large_weights_do_not_overflow"])
def one_maximum_for_the_batch(W0, b0, X, y, batches, alpha):
    W, b = W0.copy(), b0.copy()
    for I in batches:
        Z = X[I] @ W.T + b
        E = np.exp(Z - Z.max())
        W, b = _step(W, b, X[I], y[I], alpha, E / E.sum(1, keepdims=True))
    return W, b


key.equivalent("np.array(W0, dtype=float) -> np.array(W0)", "W0 is an array of floats already.")
key.equivalent("np.array(b0, dtype=float) -> np.array(b0)", "b0 is an array of floats already.")
