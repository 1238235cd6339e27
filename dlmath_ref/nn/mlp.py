"""Fully connected networks: forward pass, backpropagation, and one that interpolates."""

import numpy as np

from dlmath_ref import _check
from dlmath_ref.errors import RangeError, ShapeError
from dlmath_ref.nn.activations import activation

__all__ = ["mlp_backward", "mlp_forward", "relu_interpolant"]


def mlp_forward(params, X, acts):
    r"""Forward pass of a fully connected network; all it computes is kept for the way back.

    Equation:
        A^[0] = X
        Z^[l] = A^[l-1] W^[l]' + 1 b^[l]',  A^[l] = S^[l](Z^[l]),  l = 1, ..., L

    Args:
        params: list of (W, b). Of each layer l = 1, ..., L: W (N_l, N_{l-1}) and b (N_l,), with N_0 = p.
        X: (n, p) float. One sample a row.
        acts: list of str. The activation of each layer, as in `activation`.

    Returns:
        As, a list of the L + 1 arrays A^[0], ..., A^[L], each (n, N_l), and Zs, a list of the L arrays
        Z^[1], ..., Z^[L], dtype of X and params.

    Raises:
        ShapeError: X is not (n, p), or a W or b does not fit the layer before; the layer is named.
        RangeError: not one activation for each layer, or one with an unknown name.

    Stability:
        As that of the activations.

    Source:
        Liquet, Moka, Nazarathy, chapter 5. Samples are rows here, columns in the book: row i of Z is (W a_i + b)'.

    >>> params = [(np.array([[1.0, -1.0]]), np.array([-2.0]))]
    >>> mlp_forward(params, np.array([[3.0, 5.0]]), ["relu"])
    ([array([[3., 5.]]), array([[0.]])], [array([[-4.]])])
    """
    A = _check.real("mlp_forward", "X", X, 2)
    if len(acts) != len(params):
        raise RangeError(f"mlp_forward: got {len(acts)} activations for {len(params)} layers, expected one each.")
    As, Zs = [A], []
    for layer, ((W, b), name) in enumerate(zip(params, acts, strict=True), start=1):
        W, b = _affine("mlp_forward", layer, W, b, A.shape[1])
        Zs.append(A @ W.T + b)  # (n, N_l)
        A, _ = activation(name, Zs[-1])
        As.append(A)
    return As, Zs


def mlp_backward(params, As, Zs, g_out, acts):
    r"""Backpropagation through a fully connected network.

    Equation:
        G^[L] = dC/dA^[L]
        Delta^[l] = G^[l] * S'^[l](Z^[l]),  G^[l-1] = Delta^[l] W^[l],  l = L, ..., 1
        g_W^[l] = Delta^[l]' A^[l-1],       g_b^[l] = Delta^[l]' 1

    Args:
        params: list of (W, b). Of each layer l = 1, ..., L: W (N_l, N_{l-1}) and b (N_l,), with N_0 = p.
        As: list of A^[0], ..., A^[L], each (n, N_l), from `mlp_forward`; the last one is not used.
        Zs: list of Z^[1], ..., Z^[L], each (n, N_l), from `mlp_forward`.
        g_out: (n, K) float. dC/dA^[L], with K = N_L; the 1/n of a mean is in here.
        acts: list of str. The activation of each layer, as in `activation`.

    Returns:
        [(g_W, g_b), ...] of all layers, of the shapes of params, and dC/dX (n, p), dtype of the arguments.

    Raises:
        ShapeError: an array does not fit the layer before, or the other samples; it is named.
        RangeError: not one activation, one Z and one A for each layer, or an unknown activation.

    Stability:
        As that of the activations' derivatives; over many layers products of W and S' vanish or explode.

    Source:
        Liquet, Moka, Nazarathy, chapter 5. Samples are rows here, columns in the book: row i of Delta is delta_i',
        and the sums over samples of the book are the products Delta' A and Delta' 1.

    >>> params = [(np.array([[1.0, -1.0]]), np.array([3.0]))]
    >>> As, Zs = mlp_forward(params, np.array([[3.0, 5.0]]), ["relu"])
    >>> mlp_backward(params, As, Zs, np.array([[2.0]]), ["relu"])
    ([(array([[ 6., 10.]]), array([2.]))], array([[ 2., -2.]]))
    """
    where, L = "mlp_backward", len(params)
    if (len(As), len(Zs), len(acts)) != (L + 1, L, L):
        got = f"{len(As)} A, {len(Zs)} Z and {len(acts)} activations for {L} layers"
        raise RangeError(f"{where}: got {got}, expected {L + 1}, {L} and {L}.")
    G = _check.real(where, "g_out", g_out, 2)
    gradients = []
    for layer in range(L, 0, -1):
        A = _check.real(where, f"A[{layer - 1}]", As[layer - 1], 2)
        _check.same_shape(where, f"A[{layer - 1}]", A, (len(G), A.shape[1]))
        W, b = _affine(where, layer, *params[layer - 1], A.shape[1])
        _check.same_shape(where, "g_out" if layer == L else f"A[{layer}]", G, (len(G), len(b)))
        _check.same_shape(where, f"Z of layer {layer}", Zs[layer - 1], G.shape)
        delta = G * activation(acts[layer - 1], Zs[layer - 1])[1]  # (n, N_l)
        gradients.append((delta.T @ A, delta.sum(axis=0)))
        G = delta @ W  # (n, N_{l-1})
    return gradients[::-1], G


def _affine(where, layer, W, b, inputs):
    """W and b of a layer as arrays that fit each other and the number of inputs."""
    W = _check.real(where, f"W of layer {layer}", W, 2)
    _check.same_shape(where, f"W of layer {layer}", W, (len(W), inputs))
    b = _check.real(where, f"b of layer {layer}", b)
    _check.same_shape(where, f"b of layer {layer}", b, (len(W),))
    return W, b


def relu_interpolant(u, v):
    r"""Weights of a network with one hidden ReLU layer that passes through given points.

    Equation:
        f(x) = v_1 + sum_j (s_j - s_{j-1}) max(x - u_j, 0),  j = 1, ..., r - 1
        s_j = (v_{j+1} - v_j) / (u_{j+1} - u_j),  s_0 = 0

    Args:
        u: (r,) float. Knots, strictly increasing, r at least 2.
        v: (r,) float. Values at the knots.

    Returns:
        W1 (r-1, 1), b1 (r-1,), W2 (1, r-1), b2 (1,), dtype of u and v, of the network
        f(x) = W2 max(W1 x + b1, 0) + b2. On [u_1, u_r] it is the piecewise linear interpolant, left of u_1
        constant, right of u_r straight on.

    Raises:
        ShapeError: u is not (r,) with r at least 2, or v is not (r,).
        RangeError: u is not strictly increasing.

    Stability:
        Terms as large as the slopes times the distance from u_1 are added and cancel: steep zigzags over many
        knots lose digits at the right end.

    Source:
        Liquet, Moka, Nazarathy, chapter 5, on the expressive power of networks with one hidden layer.

    >>> relu_interpolant(np.array([0.0, 1.0, 3.0]), np.array([1.0, 3.0, 1.0]))[2]
    array([[ 2., -3.]])
    """
    u, v = _check.real("relu_interpolant", "u", u, 1), _check.real("relu_interpolant", "v", v, 1)
    _check.same_shape("relu_interpolant", "v", v, u.shape)
    if len(u) < 2:
        raise ShapeError(f"relu_interpolant: got u of shape {u.shape}, expected at least two knots.")
    if not (np.diff(u) > 0).all():
        raise RangeError("relu_interpolant: got knots that do not increase, expected u[0] < u[1] < ....")
    s = np.diff(v) / np.diff(u)  # (r-1,)
    changes = np.diff(s, prepend=s.dtype.type(0))
    return np.ones((len(s), 1), u.dtype), -u[:-1], changes[None, :], v[:1].copy()
