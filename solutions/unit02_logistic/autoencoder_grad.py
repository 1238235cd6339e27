"""Answer key: loss and gradient of a shallow autoencoder (unit 2)."""

from copy import deepcopy

import numpy as np

from autograder.key import ITER, N0, Key, check, close, directional, standard
from dlmath_ref import autoencoder_loss_grad

key = Key("unit02_logistic/autoencoder_grad", reference=autoencoder_loss_grad, bans=N0)

NAMES = ("the loss", "the gradients of W1, b1, W2, b2")
SIZES = [(6, 4, 2), (7, 3, 5), (5, 3, 3)]  # samples, features, hidden units


def problem(rng, n, p, m):
    return tuple(rng.normal(size=s) for s in ((m, p), (m,), (p, m), (p,))), rng.normal(size=(n, p))


def pair(got):
    """Loss and four gradients."""
    two = type(got) in (tuple, list) and len(got) == 2
    check(two and type(got[1]) in (tuple, list) and len(got[1]) == 4, "Return the loss and a tuple of four gradients.")
    return got


@key.part("worked", weight=1)
def one_hidden_unit_by_hand(answer, rng):
    params = np.array([[1.0, 0.0]]), np.zeros(1), np.array([[2.0], [0.0]]), np.array([0.0, 1.0])
    t = np.tanh(1.0)
    e = 2 * t - 1  # reconstruction (2t, 1) of (1, 0)
    d = 4 * e * (1 - t**2)
    gradients = np.array([[d, 0]]), np.array([d]), np.array([[2 * e * t], [2 * t]]), np.array([2 * e, 2.0])
    close(answer(params, np.array([[1.0, 0.0]])), (e**2 + 1, gradients), what=NAMES)


@key.part("core", weight=1)
def the_loss_is_the_mean_over_the_samples(answer, rng):
    for size in SIZES:
        data = problem(rng, *size)
        close(pair(answer(*deepcopy(data)))[0], autoencoder_loss_grad(*data)[0], what="the loss")


@key.part("core", weight=2)
def the_gradients_of_the_second_layer_agree(answer, rng):
    for size in SIZES:
        data = problem(rng, *size)
        expected = autoencoder_loss_grad(*data)[1]
        close(tuple(pair(answer(*deepcopy(data)))[1][2:]), expected[2:], what=("g_W2", "g_b2"))


@key.part("core", weight=2)
def the_gradients_of_the_first_layer_agree(answer, rng):
    for size in SIZES:
        data = problem(rng, *size)
        expected = autoencoder_loss_grad(*data)[1]
        close(tuple(pair(answer(*deepcopy(data)))[1][:2]), expected[:2], what=("g_W1", "g_b1"))


@key.part("core", weight=0.5)
def the_gradient_is_the_slope_of_the_squared_error(answer, rng):
    params, X = data = problem(rng, 6, 4, 3)
    gradients = tuple(pair(answer(*deepcopy(data)))[1])
    directional(gradients, lambda *theta: autoencoder_loss_grad(theta, X)[0], params, rng)


@key.part("core", weight=0.5)
def small_weights_reach_the_error_of_pca(answer, rng):
    X = rng.normal(size=(12, 4)) * np.array([3.0, 2.0, 1.0, 0.5])
    X -= X.mean(0)
    eigenvalues, vectors = np.linalg.eigh(X.T @ X / 12)
    V, s = vectors[:, 2:], 1e-4
    loss = pair(answer((s * V.T, np.zeros(2), V / s, np.zeros(4)), X))[0]
    close(loss, eigenvalues[0] + eigenvalues[1], ITER, what="the loss in the linear regime")


@key.part("edge", weight=1)
def one_sample_one_unit_and_many_units(answer, rng):
    for size in [(1, 3, 1), (4, 2, 1), (1, 2, 6), (4, 4, 4)]:
        data = problem(rng, *size)
        close(answer(*deepcopy(data)), autoencoder_loss_grad(*data), what=NAMES)


@key.part("edge", weight=1)
def inputs_stay_unchanged_in_any_dtype_and_layout(answer, rng):
    standard(answer, problem(rng, 6, 4, 3), autoencoder_loss_grad, what=NAMES)


@key.accept
def step_by_step(params, X):
    W1, b1, W2, b2 = params
    H = np.tanh(X @ W1.T + b1)
    D2 = 2 * (H @ W2.T + b2 - X) / len(X)
    D1 = D2 @ W2 * (1 - H**2)
    return ((H @ W2.T + b2 - X) ** 2).sum() / len(X), (D1.T @ X, D1.sum(0), D2.T @ H, D2.sum(0))


@key.accept
def by_layers(params, X):
    """Backpropagation as a loop over (W, b, derivative), the way of deeper networks."""
    layers = [(params[0], params[1]), (params[2], params[3])]
    activations = [X]
    for k, (W, b) in enumerate(layers):
        Z = activations[-1] @ W.T + b
        activations.append(np.tanh(Z) if k == 0 else Z)
    delta, gradients = 2 * (activations[2] - X) / X.shape[0], []
    for k in (1, 0):
        gradients = [delta.T @ activations[k], delta.sum(axis=0), *gradients]
        delta = delta @ layers[k][0] * (1 - activations[k] ** 2)
    return np.mean(np.sum((activations[2] - X) ** 2, axis=1)), gradients


@key.accept
def by_loops(params, X):
    W1, b1, W2, b2 = params
    loss, (gW1, gb1, gW2, gb2) = 0.0, [np.zeros(g.shape, order="F") for g in params]
    for x in X:
        h = np.array([np.tanh(W1[j] @ x + b1[j]) for j in range(len(b1))])
        e = np.array([W2[i] @ h + b2[i] - x[i] for i in range(len(b2))])
        loss += e @ e
        gW2 += 2 * np.outer(e, h)
        gb2 += 2 * e
        for j in range(len(b1)):
            d = 2 * (e @ W2[:, j]) / np.cosh(W1[j] @ x + b1[j]) ** 2
            gW1[j] += d * x
            gb1[j] += d
    n = len(X)
    return loss / n, (gW1 / n, gb1 / n, gW2 / n, gb2 / n)


@key.accept
def by_einsum(params, X):
    W1, b1, W2, b2 = params
    H = np.tanh(np.einsum("np,mp->nm", X, W1) + b1)
    E = np.einsum("nm,pm->np", H, W2) + b2 - X
    D = np.einsum("np,pm,nm->nm", E, W2, 1 - H * H)
    scale = 2 / X.shape[0]
    gradients = np.einsum("nm,np->mp", D, X), D.sum(0), np.einsum("np,nm->pm", E, H), E.sum(0)
    return [np.einsum("np,np->", E, E) / X.shape[0], [scale * g for g in gradients]]


def _forward(params, X):
    """Hidden pre-activations, hidden activations, errors."""
    W1, b1, W2, b2 = params
    Z = X @ W1.T + b1
    H = np.tanh(Z)
    return Z, H, H @ W2.T + b2 - X


ENTRIES = "You average over samples and features; the mean is over the samples only."


@key.reject(
    ENTRIES,
    fails=[
        "one_hidden_unit_by_hand",
        "the_loss_is_the_mean_over_the_samples",
        "the_gradients_of_the_second_layer_agree",
        "the_gradients_of_the_first_layer_agree",
        "the_gradient_is_the_slope_of_the_squared_error",
        "small_weights_reach_the_error_of_pca",
        "one_sample_one_unit_and_many_units",
        "inputs_stay_unchanged_in_any_dtype_and_layout",
    ],
)
def mean_over_entries(params, X):
    _, H, E = _forward(params, X)
    D2 = 2 * E / X.size
    D1 = D2 @ params[2] * (1 - H**2)
    return np.mean(E**2), (D1.T @ X, D1.sum(0), D2.T @ H, D2.sum(0))


@key.reject(
    ENTRIES,
    fails=[
        "one_hidden_unit_by_hand",
        "the_loss_is_the_mean_over_the_samples",
        "small_weights_reach_the_error_of_pca",
        "one_sample_one_unit_and_many_units",
        "inputs_stay_unchanged_in_any_dtype_and_layout",
    ],
)
def loss_over_entries(params, X):
    _, H, E = _forward(params, X)
    D2 = 2 * E / len(X)
    D1 = D2 @ params[2] * (1 - H**2)
    return np.mean(E**2), (D1.T @ X, D1.sum(0), D2.T @ H, D2.sum(0))


@key.reject(
    "The gradient of your first layer lacks the derivative of tanh.",
    fails=[
        "one_hidden_unit_by_hand",
        "the_gradients_of_the_first_layer_agree",
        "the_gradient_is_the_slope_of_the_squared_error",
        "one_sample_one_unit_and_many_units",
        "inputs_stay_unchanged_in_any_dtype_and_layout",
    ],
)
def missing_tanh_derivative(params, X):
    _, H, E = _forward(params, X)
    D2 = 2 * E / len(X)
    D1 = D2 @ params[2]
    return np.sum(E**2) / len(X), (D1.T @ X, D1.sum(0), D2.T @ H, D2.sum(0))


@key.reject(
    "Your derivative of tanh is taken at the wrong place: it uses z where the activation belongs.",
    fails=[
        "one_hidden_unit_by_hand",
        "the_gradients_of_the_first_layer_agree",
        "the_gradient_is_the_slope_of_the_squared_error",
        "one_sample_one_unit_and_many_units",
        "inputs_stay_unchanged_in_any_dtype_and_layout",
    ],
)
def derivative_at_z(params, X):
    Z, H, E = _forward(params, X)
    D2 = 2 * E / len(X)
    D1 = D2 @ params[2] * (1 - Z**2)
    return np.sum(E**2) / len(X), (D1.T @ X, D1.sum(0), D2.T @ H, D2.sum(0))


@key.reject(
    "Your gradient lacks the factor 2 that the square brings.",
    fails=[
        "one_hidden_unit_by_hand",
        "the_gradients_of_the_second_layer_agree",
        "the_gradients_of_the_first_layer_agree",
        "the_gradient_is_the_slope_of_the_squared_error",
        "one_sample_one_unit_and_many_units",
        "inputs_stay_unchanged_in_any_dtype_and_layout",
    ],
)
def missing_2(params, X):
    _, H, E = _forward(params, X)
    D2 = E / len(X)
    D1 = D2 @ params[2] * (1 - H**2)
    return np.sum(E**2) / len(X), (D1.T @ X, D1.sum(0), D2.T @ H, D2.sum(0))


@key.reject(
    "Your loss has a factor 1/2 that is not in the definition.",
    fails=[
        "one_hidden_unit_by_hand",
        "the_loss_is_the_mean_over_the_samples",
        "the_gradients_of_the_second_layer_agree",
        "the_gradients_of_the_first_layer_agree",
        "the_gradient_is_the_slope_of_the_squared_error",
        "small_weights_reach_the_error_of_pca",
        "one_sample_one_unit_and_many_units",
        "inputs_stay_unchanged_in_any_dtype_and_layout",
    ],
)
def half_of_the_squares(params, X):
    _, H, E = _forward(params, X)
    D2 = E / len(X)
    D1 = D2 @ params[2] * (1 - H**2)
    return np.sum(E**2) / (2 * len(X)), (D1.T @ X, D1.sum(0), D2.T @ H, D2.sum(0))


MEAN = "Loss and gradient are means over the samples: a factor 1/n is missing."


@key.reject(
    MEAN,
    fails=[
        "the_loss_is_the_mean_over_the_samples",
        "the_gradients_of_the_second_layer_agree",
        "the_gradients_of_the_first_layer_agree",
        "the_gradient_is_the_slope_of_the_squared_error",
        "small_weights_reach_the_error_of_pca",
        "one_sample_one_unit_and_many_units",
        "inputs_stay_unchanged_in_any_dtype_and_layout",
    ],
)
def no_1_over_n(params, X):
    _, H, E = _forward(params, X)
    D2 = 2 * E
    D1 = D2 @ params[2] * (1 - H**2)
    return np.sum(E**2), (D1.T @ X, D1.sum(0), D2.T @ H, D2.sum(0))


@key.reject(
    MEAN,
    fails=[
        "the_gradients_of_the_second_layer_agree",
        "the_gradients_of_the_first_layer_agree",
        "the_gradient_is_the_slope_of_the_squared_error",
        "one_sample_one_unit_and_many_units",
        "inputs_stay_unchanged_in_any_dtype_and_layout",
    ],
)
def gradient_without_1_over_n(params, X):
    _, H, E = _forward(params, X)
    D2 = 2 * E
    D1 = D2 @ params[2] * (1 - H**2)
    return np.sum(E**2) / len(X), (D1.T @ X, D1.sum(0), D2.T @ H, D2.sum(0))


@key.reject(
    "Your hidden layer and output use no biases.",
    fails=[
        "one_hidden_unit_by_hand",
        "the_loss_is_the_mean_over_the_samples",
        "the_gradients_of_the_second_layer_agree",
        "the_gradients_of_the_first_layer_agree",
        "the_gradient_is_the_slope_of_the_squared_error",
        "one_sample_one_unit_and_many_units",
        "inputs_stay_unchanged_in_any_dtype_and_layout",
    ],
)
def biases_forgotten(params, X):
    W1, _, W2, _ = params
    H = np.tanh(X @ W1.T)
    E = H @ W2.T - X
    D2 = 2 * E / len(X)
    D1 = D2 @ W2 * (1 - H**2)
    return np.sum(E**2) / len(X), (D1.T @ X, D1.sum(0), D2.T @ H, D2.sum(0))


@key.reject(
    "Your output passes through tanh; the second layer is linear.",
    fails=[
        "one_hidden_unit_by_hand",
        "the_loss_is_the_mean_over_the_samples",
        "the_gradients_of_the_second_layer_agree",
        "the_gradients_of_the_first_layer_agree",
        "the_gradient_is_the_slope_of_the_squared_error",
        "small_weights_reach_the_error_of_pca",
        "one_sample_one_unit_and_many_units",
        "inputs_stay_unchanged_in_any_dtype_and_layout",
    ],
)
def tanh_at_the_output(params, X):
    W1, b1, W2, b2 = params
    H = np.tanh(X @ W1.T + b1)
    out = np.tanh(H @ W2.T + b2)
    D2 = 2 * (out - X) * (1 - out**2) / len(X)
    D1 = D2 @ W2 * (1 - H**2)
    return np.sum((out - X) ** 2) / len(X), (D1.T @ X, D1.sum(0), D2.T @ H, D2.sum(0))
