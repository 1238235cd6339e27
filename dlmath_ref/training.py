"""Training of networks with one layer and with two, and classes from binary classifiers."""

import numpy as np

from dlmath_ref import _check
from dlmath_ref.errors import RangeError, ShapeError
from dlmath_ref.losses import bce_loss_grad, softmax, softmax_ce_grad
from dlmath_ref.model_selection import minibatches
from dlmath_ref.nn import init_layer, mlp_backward, mlp_forward
from dlmath_ref.optim import momentum_step
from dlmath_ref.preprocessing import one_hot

__all__ = ["gd_logistic", "predict_ovo", "predict_ovr", "sgd_softmax", "train_mlp_digits"]


def gd_logistic(X, y, w0, b0, alpha, T):
    r"""Full-batch gradient descent for the sigmoid neuron, with the loss history.

    Equation:
        (w, b) <- (w, b) - alpha (g_w, g_b), T times, both gradients at the same (w, b)

    Args:
        X: (n, p) float. Design matrix, one sample a row, n at least 1.
        y: (n,) int. Labels in [0, 2).
        w0: (p,) float. Weights at the start.
        b0: float. Bias at the start.
        alpha: float. Learning rate.
        T: int. Number of steps, at least 0.

    Returns:
        w (p,) array with dtype of w0 and X, b float, losses (T + 1,) array: losses[t] is the cost
        after t steps.

    Raises:
        ShapeError: X is not (n, p), y is not (n,), w0 is not (p,), or b0 or alpha is not a scalar.
        RangeError: labels other than 0 and 1, or T is not an integer of at least 0.

    Stability:
        That of bce_loss_grad. The cost decreases at every step for alpha < 8 / lambda_max, with
        lambda_max the largest eigenvalue of [X 1]'[X 1] / n, since sigma' is at most 1/4.

    Source:
        Liquet, Moka, Nazarathy, chapter 3 (model), chapter 4 (gradient descent).

    >>> w, b, losses = gd_logistic(np.array([[1.0], [3.0]]), np.array([0, 1]), np.zeros(1), 0.0, 1.0, 1)
    >>> w, b, losses.round(4)
    (array([0.5]), 0.0, array([0.6931, 0.5877]))
    """
    T = _check.count("gd_logistic", "T", T, 0)
    X = _check.real("gd_logistic", "X", X, 2)
    y = _check.binary("gd_logistic", "y", y, len(X))
    w, b = _check.real("gd_logistic", "w0", w0, 1), _check.scalar("gd_logistic", "b0", b0)
    _check.same_shape("gd_logistic", "w0", w, X.shape[1:])
    alpha = _check.scalar("gd_logistic", "alpha", alpha)
    loss, gw, gb = bce_loss_grad(w, b, X, y)
    losses = [loss]
    for _ in range(T):
        w, b = w - alpha * gw, b - alpha * gb
        loss, gw, gb = bce_loss_grad(w, b, X, y)
        losses.append(loss)
    return w.astype(gw.dtype), b, np.array(losses, gw.dtype)


def sgd_softmax(W0, b0, X, y, batches, alpha):
    r"""Stochastic gradient descent for softmax regression over given index batches.

    Equation:
        for each batch I in order: (W, b) <- (W, b) - alpha grad C_I,  C_I = mean of C_i over i in I

    Args:
        W0: (K, p) float. Weights at the start.
        b0: (K,) float. Biases at the start.
        X: (n, p) float. Design matrix, one sample a row.
        y: (n,) int. Class indices in [0, K).
        batches: list of (B,) int. Indices in [0, n); batches may differ in length and repeat indices.
        alpha: float. Learning rate.

    Returns:
        W (K, p) array, b (K,) array, dtype of W0, b0 and X.

    Raises:
        ShapeError: W0 is not (K, p), b0 is not (K,), X is not (n, p), y is not (n,), a batch is not
            1-D or is empty, or alpha is not a scalar.
        RangeError: labels are not integers in [0, K), or indices are not integers in [0, n).

    Stability:
        That of softmax_ce_grad.

    Source:
        Liquet, Moka, Nazarathy, chapter 3 (model), chapter 4 (stochastic gradient descent).

    >>> X, y = np.array([[2.0], [1.0]]), np.array([1, 0])
    >>> sgd_softmax(np.zeros((2, 1)), np.zeros(2), X, y, [np.array([0])], alpha=1.0)
    (array([[-1.],
           [ 1.]]), array([-0.5,  0.5]))
    """
    X = _check.real("sgd_softmax", "X", X, 2)
    W, b = _check.real("sgd_softmax", "W0", W0, 2).copy(), _check.real("sgd_softmax", "b0", b0, 1).copy()
    _check.same_shape("sgd_softmax", "b0", b, (len(W),))
    y = _check.labels("sgd_softmax", "y", y, len(X), len(W))
    alpha = _check.scalar("sgd_softmax", "alpha", alpha)
    for batch in batches:
        indices = _indices(batch, len(X))
        _, gW, gb = softmax_ce_grad(W, b, X[indices], y[indices])
        W, b = W - alpha * gW, b - alpha * gb
    return W, b


def _indices(batch, n):
    batch = np.asarray(batch)
    if batch.ndim != 1 or batch.size == 0:
        raise ShapeError(f"sgd_softmax: got a batch of shape {batch.shape}, expected (B,) with B at least 1.")
    return _check.labels("sgd_softmax", "batch", batch, len(batch), n)


def train_mlp_digits(X, y, seed):
    r"""A classifier of 8 x 8 digits: one hidden layer of 64 ReLUs, trained by SGD with momentum.

    Equation:
        Z = ReLU(X W_1' + 1 b_1') W_2' + 1 b_2',  C = mean of lse(z_i) - z_i[y_i] over a batch of 64
        20 epochs with alpha = 1 and beta = 0.9;  predict(X)_i = argmax_k Z[i, k]

    Args:
        X: (n, 64) float. Pixels in [0, 1], one image a row.
        y: (n,) int. Class indices in [0, 10).
        seed: int. Of the generator that draws the weights and the batches, at least 0.

    Returns:
        predict, a function: (k, 64) float to (k,) int64 array of classes.

    Raises:
        ShapeError: X is not (n, 64) with n at least 1, or y is not (n,).
        RangeError: labels are not integers in [0, 10), or seed is not an integer of at least 0.

    Stability:
        alpha = 1 is safe for pixels in [0, 1]; the weights may overflow for pixels in the hundreds.

    Source:
        Liquet, Moka, Nazarathy, chapter 5 (the network), chapter 4 (momentum); sizes and rates are this course's.

    >>> X, y = np.repeat(np.eye(2, 64), 8, axis=0), np.repeat([3, 7], 8)
    >>> train_mlp_digits(X, y, seed=0)(np.eye(2, 64))
    array([3, 7])
    """
    X = _check.real("train_mlp_digits", "X", X, 2)
    _check.same_shape("train_mlp_digits", "X", X, (len(X), 64))
    _check.nonempty("train_mlp_digits", X)
    y = _check.labels("train_mlp_digits", "y", y, len(X), 10)
    rng = np.random.default_rng(_check.count("train_mlp_digits", "seed", seed, 0))
    acts = ["relu", "identity"]
    params = [init_layer(64, 64, "he_normal", rng), init_layer(10, 64, "xavier_uniform", rng)]
    velocity = [(np.zeros_like(W), np.zeros_like(b)) for W, b in params]
    for _ in range(20):
        for batch in minibatches(len(X), 64, rng):
            As, Zs = mlp_forward(params, X[batch], acts)
            g_out = (softmax(As[-1]) - one_hot(y[batch], 10)) / len(batch)
            gradients, _ = mlp_backward(params, As, Zs, g_out, acts)
            for l, (layer, g, v) in enumerate(zip(params, gradients, velocity, strict=True)):
                moved = [momentum_step(*three, alpha=1.0, beta=0.9) for three in zip(layer, g, v, strict=True)]
                params[l], velocity[l] = zip(*moved, strict=True)

    def predict(X):
        return mlp_forward(params, X, acts)[0][-1].argmax(axis=1)

    return predict


def predict_ovr(S):
    r"""Class of each sample from one-versus-rest scores.

    Equation:
        yhat_i = argmin {k : S[i, k] = max_j S[i, j]}

    Args:
        S: (n, K) float. S[i, k] is the score of class k against all others, K at least 1.

    Returns:
        (n,) int64 array. A tie goes to the lowest class.

    Raises:
        ShapeError: S is not (n, K), or K is 0.
        RangeError: S is not real.

    Stability:
        Only comparisons are made.

    Source:
        Liquet, Moka, Nazarathy, chapter 3. The rule for ties is this course's.

    >>> predict_ovr(np.array([[0.1, 0.7, 0.2], [0.5, 0.0, 0.5]]))
    array([1, 0])
    """
    S = _check.real("predict_ovr", "S", S, 2)
    if S.shape[1] == 0:
        raise ShapeError(f"predict_ovr: got S of shape {S.shape}, expected at least one class.")
    return S.argmax(1).astype(np.int64)


def predict_ovo(D):
    r"""Class of each sample from one-versus-one decisions.

    Equation:
        votes[i, a] = #{b : D[i, a, b] > 0},  yhat_i = lowest class with the most votes

    Args:
        D: (n, K, K) float. D[i, a, b] > 0 is a vote for a against b; D[i, b, a] = -D[i, a, b], K at least 1.

    Returns:
        (n,) int64 array. A tie goes to the lowest class.

    Raises:
        ShapeError: D is not (n, K, K), or K is 0.
        RangeError: D is not antisymmetric in its last two axes.

    Stability:
        Only signs count.

    Source:
        Liquet, Moka, Nazarathy, chapter 3. The rule for ties is this course's.

    >>> predict_ovo(np.array([[[0.0, -1.0, 2.0], [1.0, 0.0, 0.5], [-2.0, -0.5, 0.0]]]))
    array([1])
    """
    D = _check.real("predict_ovo", "D", D, 3)
    _check.same_shape("predict_ovo", "D", D, (len(D), D.shape[2], D.shape[2]))
    if D.shape[2] == 0:
        raise ShapeError(f"predict_ovo: got D of shape {D.shape}, expected at least one class.")
    if not np.array_equal(D, -D.swapaxes(1, 2)):
        raise RangeError("predict_ovo: got D[i, a, b] other than -D[i, b, a], expected an antisymmetric D.")
    return (D > 0).sum(2).argmax(1).astype(np.int64)
