"""Answer key: softmax regression, loss and gradient (unit 2)."""

from copy import deepcopy

import numpy as np

from autograder.key import N0, Key, check, close, directional, standard
from dlmath_ref import softmax_ce_grad

key = Key("unit02_logistic/cross_entropy_grad", reference=softmax_ce_grad, bans=N0)

NAMES = ("the loss", "g_W", "g_b")
SIZES = [(6, 4, 3), (7, 2, 5), (5, 3, 3)]  # samples, classes, features; last: as many classes as features


def problem(rng, n, K, p):
    """Random data; every class occurs if there are samples enough."""
    y = rng.integers(K, size=n)
    y[-K:] = rng.permutation(K)[:n]
    return rng.normal(size=(K, p)), rng.normal(size=K), rng.normal(size=(n, p)), y


def triple(got):
    check(type(got) in (tuple, list) and len(got) == 3, "softmax_ce_grad must return three values: loss, g_W, g_b.")
    return got


@key.part("worked", weight=1)
def zero_weights_cost_log_K(answer, rng):
    X, y = np.array([[1.0, 2.0], [3.0, -1.0]]), np.array([2, 0])
    gW = np.array([[-5 / 6, 2 / 3], [2 / 3, 1 / 6], [1 / 6, -5 / 6]])
    gb = np.array([-1 / 6, 1 / 3, -1 / 6])
    close(answer(np.zeros((3, 2)), np.zeros(3), X, y), (np.log(3), gW, gb), what=NAMES)


@key.part("core", weight=2)
def the_loss_is_the_mean_over_the_batch(answer, rng):
    for size in SIZES:
        data = problem(rng, *size)
        close(triple(answer(*deepcopy(data)))[0], softmax_ce_grad(*data)[0], what="the loss")


@key.part("core", weight=2)
def the_gradient_in_W_agrees(answer, rng):
    for size in SIZES:
        data = problem(rng, *size)
        close(triple(answer(*deepcopy(data)))[1], softmax_ce_grad(*data)[1], what="g_W")


@key.part("core", weight=1)
def the_gradient_in_b_agrees(answer, rng):
    for size in SIZES:
        data = problem(rng, *size)
        gb = triple(answer(*deepcopy(data)))[2]
        close(gb, softmax_ce_grad(*data)[2], what="g_b")
        check(abs(float(np.sum(gb))) < 1e-9, "The entries of g_b must sum to 0, since probabilities sum to 1.")


@key.part("core", weight=1)
def the_gradient_is_the_slope_of_the_cross_entropy(answer, rng):
    W, b, X, y = data = problem(rng, 6, 4, 3)
    gradient = tuple(triple(answer(*deepcopy(data)))[1:])
    directional(gradient, lambda W, b: softmax_ce_grad(W, b, X, y)[0], (W, b), rng)


@key.part("core", weight=1, feedback="Try logits that are hundreds apart.")
def large_gaps_between_logits_stay_finite(answer, rng):
    W, _, X, y = data = problem(rng, 5, 4, 3)
    W *= 300
    X[:2], W[0, 0], W[1, 0], y[0] = [1.0, 0.0, 0.0], 1000.0, -1000.0, 1
    close(answer(*deepcopy(data)), softmax_ce_grad(*data), what=NAMES)


@key.part("edge", weight=1)
def one_sample_and_square_weights(answer, rng):
    for size in [(1, 3, 4), (1, 3, 3), (4, 4, 4)]:
        data = problem(rng, *size)
        data[3][0] = 1  # which is not the last class
        close(answer(*deepcopy(data)), softmax_ce_grad(*data), what=NAMES)


@key.part("edge", weight=1)
def inputs_stay_unchanged_in_any_dtype_and_layout(answer, rng):
    standard(answer, problem(rng, 6, 4, 3), softmax_ce_grad, what=NAMES)


def _log_softmax(Z):
    shifted = Z - Z.max(1, keepdims=True)
    return shifted - np.log(np.exp(shifted).sum(1, keepdims=True))


@key.accept
def by_fancy_indexing(W, b, X, y):
    L = _log_softmax(X @ W.T + b)
    rows = np.arange(len(X))
    delta = np.exp(L)
    delta[rows, y] -= 1
    return -L[rows, y].mean(), delta.T @ X / len(X), delta.mean(0)


@key.accept
def by_one_hot_matrix(W, b, X, y):
    Y = np.eye(len(b))[y]
    L = _log_softmax(X @ W.T + b)
    delta = (np.exp(L) - Y) / len(X)
    return -np.sum(Y * L) / len(X), np.asfortranarray(delta.T @ X), delta.sum(0)


@key.accept
def by_einsum(W, b, X, y):
    Z = np.einsum("np,kp->nk", X, W) + b[None, :]
    lse = np.logaddexp.reduce(Z, axis=1)
    delta = (np.exp(Z - lse[:, None]) - (y[:, None] == np.arange(len(b)))) / len(X)
    return [np.mean(lse - np.take_along_axis(Z, y[:, None], 1)[:, 0]), np.einsum("nk,np->kp", delta, X), delta.sum(0)]


@key.accept
def by_loops(W, b, X, y):
    loss, gW, gb = 0.0, np.zeros(W.shape), np.zeros(b.shape)
    for x, label in zip(X, y, strict=True):
        z = np.array([float(b[k] + W[k] @ x) for k in range(len(b))])
        m = max(z)
        total = sum(np.exp(z - m))
        loss += (m + np.log(total) - z[label]) / len(X)
        for k in range(len(b)):
            d = np.exp(z[k] - m) / total - (k == label)
            gW[k] += d * x / len(X)
            gb[k] += d / len(X)
    return loss, gW, gb


MEAN = "Loss and gradient are means over the batch: a factor 1/n is missing."


@key.reject(
    MEAN,
    fails=[
        "zero_weights_cost_log_K",
        "the_loss_is_the_mean_over_the_batch",
        "the_gradient_in_W_agrees",
        "the_gradient_in_b_agrees",
        "the_gradient_is_the_slope_of_the_cross_entropy",
        "large_gaps_between_logits_stay_finite",
        "one_sample_and_square_weights",
        "inputs_stay_unchanged_in_any_dtype_and_layout",
    ],
)
def missing_1_over_n(W, b, X, y):
    L = _log_softmax(X @ W.T + b)
    delta = np.exp(L) - np.eye(len(b))[y]
    return -L[np.arange(len(y)), y].sum(), delta.T @ X, delta.sum(0)


@key.reject(
    MEAN,
    fails=[
        "zero_weights_cost_log_K",
        "the_gradient_in_W_agrees",
        "the_gradient_in_b_agrees",
        "the_gradient_is_the_slope_of_the_cross_entropy",
        "large_gaps_between_logits_stay_finite",
        "one_sample_and_square_weights",
        "inputs_stay_unchanged_in_any_dtype_and_layout",
    ],
)
def gradient_missing_1_over_n(W, b, X, y):
    L = _log_softmax(X @ W.T + b)
    delta = np.exp(L) - np.eye(len(b))[y]
    return -L[np.arange(len(y)), y].mean(), delta.T @ X, delta.sum(0)


@key.reject(
    "The sign of your gradient is reversed: look at the order of softmax and one-hot target.",
    fails=[
        "zero_weights_cost_log_K",
        "the_gradient_in_W_agrees",
        "the_gradient_in_b_agrees",
        "the_gradient_is_the_slope_of_the_cross_entropy",
        "large_gaps_between_logits_stay_finite",
        "one_sample_and_square_weights",
        "inputs_stay_unchanged_in_any_dtype_and_layout",
    ],
)
def sign_flipped(W, b, X, y):
    L = _log_softmax(X @ W.T + b)
    delta = (np.eye(len(b))[y] - np.exp(L)) / len(y)
    return -L[np.arange(len(y)), y].mean(), delta.T @ X, delta.sum(0)


ALSO_K = "You average over samples and classes; the mean is over the samples only."


@key.reject(
    ALSO_K,
    fails=[
        "zero_weights_cost_log_K",
        "the_loss_is_the_mean_over_the_batch",
        "the_gradient_in_W_agrees",
        "the_gradient_in_b_agrees",
        "the_gradient_is_the_slope_of_the_cross_entropy",
        "large_gaps_between_logits_stay_finite",
        "one_sample_and_square_weights",
        "inputs_stay_unchanged_in_any_dtype_and_layout",
    ],
)
def mean_over_n_times_K(W, b, X, y):
    Y = np.eye(len(b))[y]
    L = _log_softmax(X @ W.T + b)
    delta = (np.exp(L) - Y) / Y.size
    return -np.mean(Y * L), delta.T @ X, delta.sum(0)


@key.reject(
    ALSO_K,
    fails=[
        "zero_weights_cost_log_K",
        "the_loss_is_the_mean_over_the_batch",
        "large_gaps_between_logits_stay_finite",
        "one_sample_and_square_weights",
        "inputs_stay_unchanged_in_any_dtype_and_layout",
    ],
)
def loss_over_n_times_K(W, b, X, y):
    Y = np.eye(len(b))[y]
    L = _log_softmax(X @ W.T + b)
    delta = (np.exp(L) - Y) / len(y)
    return -np.mean(Y * L), delta.T @ X, delta.sum(0)


@key.reject(
    "Your g_W is transposed: it must have the shape of W.",
    fails=[
        "zero_weights_cost_log_K",
        "the_gradient_in_W_agrees",
        "the_gradient_is_the_slope_of_the_cross_entropy",
        "large_gaps_between_logits_stay_finite",
        "one_sample_and_square_weights",
        "inputs_stay_unchanged_in_any_dtype_and_layout",
    ],
)
def grad_transposed(W, b, X, y):
    L = _log_softmax(X @ W.T + b)
    delta = (np.exp(L) - np.eye(len(b))[y]) / len(y)
    return -L[np.arange(len(y)), y].mean(), X.T @ delta, delta.sum(0)


@key.reject(
    "The one-hot target is missing in your gradient.",
    fails=[
        "zero_weights_cost_log_K",
        "the_gradient_in_W_agrees",
        "the_gradient_in_b_agrees",
        "the_gradient_is_the_slope_of_the_cross_entropy",
        "large_gaps_between_logits_stay_finite",
        "one_sample_and_square_weights",
        "inputs_stay_unchanged_in_any_dtype_and_layout",
    ],
)
def prob_not_minus_onehot(W, b, X, y):
    L = _log_softmax(X @ W.T + b)
    delta = np.exp(L) / len(y)
    return -L[np.arange(len(y)), y].mean(), delta.T @ X, delta.sum(0)


@key.reject(
    "You take the log of a softmax that has underflowed to 0: compute the log-softmax directly.",
    fails=["large_gaps_between_logits_stay_finite"],
)
def log_zero(W, b, X, y):
    P = np.exp(_log_softmax(X @ W.T + b))
    delta = (P - np.eye(len(b))[y]) / len(y)
    return -np.log(P[np.arange(len(y)), y]).mean(), delta.T @ X, delta.sum(0)


@key.reject(
    "Your exponentials overflow: subtract each sample's largest logit first.",
    fails=["large_gaps_between_logits_stay_finite"],
)
def overflow(W, b, X, y):
    E = np.exp(X @ W.T + b)
    P = E / E.sum(1, keepdims=True)
    delta = (P - np.eye(len(b))[y]) / len(y)
    return -np.log(P[np.arange(len(y)), y]).mean(), delta.T @ X, delta.sum(0)


@key.reject(
    "Your softmax sums to 1 over the samples; it must sum to 1 over the classes of each sample.",
    fails=[
        "zero_weights_cost_log_K",
        "the_loss_is_the_mean_over_the_batch",
        "the_gradient_in_W_agrees",
        "the_gradient_in_b_agrees",
        "the_gradient_is_the_slope_of_the_cross_entropy",
        "large_gaps_between_logits_stay_finite",
        "one_sample_and_square_weights",
        "inputs_stay_unchanged_in_any_dtype_and_layout",
    ],
)
def softmax_over_samples(W, b, X, y):
    L = _log_softmax((X @ W.T + b).T).T
    delta = (np.exp(L) - np.eye(len(b))[y]) / len(y)
    return -L[np.arange(len(y)), y].mean(), delta.T @ X, delta.sum(0)


@key.reject(
    "Your g_b is divided by n twice.",
    fails=[
        "zero_weights_cost_log_K",
        "the_gradient_in_b_agrees",
        "the_gradient_is_the_slope_of_the_cross_entropy",
        "large_gaps_between_logits_stay_finite",
        "one_sample_and_square_weights",
        "inputs_stay_unchanged_in_any_dtype_and_layout",
    ],
)
def bias_grad_mean_of_mean(W, b, X, y):
    L = _log_softmax(X @ W.T + b)
    delta = (np.exp(L) - np.eye(len(b))[y]) / len(y)
    return -L[np.arange(len(y)), y].mean(), delta.T @ X, delta.mean(0)


MISSING = "A class may be missing from y: the labels do not tell how many classes there are."


def _one_hot(K, W, b, X, y):
    Y = np.eye(K)[y]
    L = _log_softmax(X @ W.T + b)
    delta = (np.exp(L) - Y) / len(y)
    return -np.sum(Y * L) / len(y), delta.T @ X, delta.sum(0)


@key.reject(MISSING, fails=["one_sample_and_square_weights"])
def classes_counted_by_the_largest_label(W, b, X, y):
    return _one_hot(y.max() + 1, W, b, X, y)


@key.reject(MISSING, fails=["zero_weights_cost_log_K", "one_sample_and_square_weights"])
def classes_counted_by_the_different_labels(W, b, X, y):
    return _one_hot(len(np.unique(y)), W, b, X, y)


@key.reject(
    "Your loss pairs every sample with the classes of all samples; each has one class, its own.",
    fails=[
        "the_loss_is_the_mean_over_the_batch",
        "large_gaps_between_logits_stay_finite",
        "one_sample_and_square_weights",
        "inputs_stay_unchanged_in_any_dtype_and_layout",
    ],
)
def all_pairs_of_samples_and_classes(W, b, X, y):
    L = _log_softmax(X @ W.T + b)
    delta = (np.exp(L) - np.eye(len(b))[y]) / len(y)
    return -L[:, y].mean(), delta.T @ X, delta.sum(0)
