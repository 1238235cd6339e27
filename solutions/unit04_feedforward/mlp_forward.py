"""Answer key: the forward pass of a fully connected network (unit 4)."""

from copy import deepcopy
from itertools import pairwise

import numpy as np

from autograder.key import N0, Key, check, close, standard
from dlmath_ref import activation, mlp_forward


def asked_before(name, z):
    """The function of the exercise `activations`, which knows five names."""
    check(name != "identity", "activation was asked for the identity, which it does not know.")
    return activation(name, z)


key = Key("unit04_feedforward/mlp_forward", reference=mlp_forward, bans=N0, given={"activation": asked_before})

NAMES = ("As", "Zs")


def problem(rng, n, widths, acts):
    """Arguments for a network with these widths, from the inputs to the outputs; no bias is near 0."""
    params = [
        (rng.normal(size=(N, M)), rng.uniform(0.5, 1.5, size=N) * rng.choice([-1, 1], size=N))
        for M, N in pairwise(widths)
    ]
    return params, rng.normal(size=(n, widths[0])), list(acts)


def pair(got):
    check(type(got) in (tuple, list) and len(got) == 2, "mlp_forward must return two lists: As and Zs.")
    return got


def asked(answer, args):
    """As and Zs for copies of the arguments."""
    return pair(answer(*deepcopy(args)))


def agree(name, got, expected):
    """The arrays of one of the lists."""
    listed = type(got) in (tuple, list) and len(got) == len(expected)
    check(listed, f"{name} must be a list of {len(expected)} arrays here.")
    for k, (g, e) in enumerate(zip(got, expected, strict=True)):
        close(g, e, what=f"{name}[{k}]")


def both_agree(answer, args):
    for name, got, expected in zip(NAMES, asked(answer, args), mlp_forward(*args), strict=True):
        agree(name, got, expected)


@key.part("worked", weight=1)
def one_relu_layer_by_hand(answer, rng):
    params = [(np.array([[1.0, 1.0], [2.0, -3.0]]), np.array([0.0, 1.0]))]
    X = np.array([[1.0, 2.0]])
    As, Zs = asked(answer, (params, X, ["relu"]))
    agree("As", As, [X, np.array([[3.0, 0.0]])])
    agree("Zs", Zs, [np.array([[3.0, -3.0]])])


@key.part("core", weight=2)
def the_linear_parts_agree(answer, rng):
    args = problem(rng, 7, (4, 5, 3), ("tanh", "identity"))
    agree("Zs", asked(answer, args)[1], mlp_forward(*args)[1])


@key.part("core", weight=2)
def inputs_and_activations_are_kept(answer, rng):
    args = problem(rng, 6, (4, 5, 3), ("sigmoid", "relu"))
    W, b = args[0][1]
    W[0], b[0] = 0.0, -1.0  # an output that is always off, so that its ReLU cannot be left out
    agree("As", asked(answer, args)[0], mlp_forward(*args)[0])


@key.part("core", weight=1)
def every_layer_has_its_own_activation(answer, rng):
    args = problem(rng, 5, (3, 6, 4, 5, 2), ("tanh", "identity", "sigmoid", "tanh"))
    both_agree(answer, args)


@key.part("edge", weight=0.5)
def one_sample(answer, rng):
    args = problem(rng, 1, (4, 2, 3), ("tanh", "sigmoid"))
    both_agree(answer, args)


@key.part("edge", weight=0.5, feedback="Three samples, and three units in every layer.")
def square_layers_hide_no_transpose(answer, rng):
    args = problem(rng, 3, (3, 3, 3, 3), ("tanh", "identity", "tanh"))
    both_agree(answer, args)


@key.part("edge", weight=0.5)
def z_is_kept_from_before_a_relu(answer, rng):
    params, X, acts = problem(rng, 4, (5, 4, 3), ("relu", "relu"))
    for W, b in params:  # the first unit of each layer is always on, the second always off
        W[:2], b[:2] = 0.0, (1.0, -2.0)
    both_agree(answer, (params, X, acts))


@key.part("edge", weight=0.5)
def inputs_stay_unchanged_in_any_dtype_and_layout(answer, rng):
    def flat(f):
        return lambda *args: [array for arrays in pair(f(*args)) for array in arrays]

    args = problem(rng, 5, (4, 3, 2), ("tanh", "sigmoid"))
    both_agree(answer, args)
    standard(flat(answer), args, flat(mlp_forward), what=("As[0]", "As[1]", "As[2]", "Zs[0]", "Zs[1]"))


def _S(name, Z):
    if name == "relu":
        return np.maximum(Z, 0)
    if name == "sigmoid":
        return 0.5 * (1 + np.tanh(0.5 * Z))
    return np.tanh(Z) if name == "tanh" else Z.copy()


@key.accept
def by_a_dictionary(params, X, acts):
    table = {"relu": lambda z: z * (z > 0), "sigmoid": lambda z: 1 / (1 + np.exp(-z)), "tanh": np.tanh}
    As, Zs = (X,), ()
    for (W, b), name in zip(params, acts, strict=True):
        Zs += (np.dot(As[-1], W.transpose()) + b[None, :],)
        As += (table.get(name, lambda z: z)(Zs[-1]),)
    return As, Zs


@key.accept
def sample_by_sample(params, X, acts):
    As = [np.array(X)] + [np.zeros((len(X), len(b))) for _, b in params]
    Zs = [np.zeros((len(X), len(b)), order="F") for _, b in params]
    for i in range(len(X)):
        for l, (W, b) in enumerate(params):
            z = W @ As[l][i] + b
            Zs[l][i], As[l + 1][i] = z, _S(acts[l], z)
    return As, Zs


@key.accept
def by_einsum(params, X, acts):
    As, Zs = [X], []
    for (W, b), name in zip(params, acts, strict=True):
        Zs.append(np.einsum("nj,ij->ni", As[-1], W) + b)
        As.append(_S(name, Zs[-1]))
    return [As, Zs]


@key.accept
def by_recursion(params, X, acts):
    if not params:
        return [X], []
    W, b = params[0]
    Z = (W @ X.T + b[:, None]).T
    As, Zs = by_recursion(params[1:], _S(acts[0], Z), acts[1:])
    return [X, *As], [Z, *Zs]


@key.accept
def with_the_bias_as_a_weight_of_one(params, X, acts):
    As, Zs = [X.copy()], []
    for (W, b), name in zip(params, acts, strict=True):
        Zs.append(np.hstack([As[-1], np.ones((len(X), 1))]) @ np.hstack([W, b.reshape(-1, 1)]).T)
        As.append(_S(name, Zs[-1].copy()))
    return As, Zs


WORKED, LINEAR, KEPT, OWN = (
    "one_relu_layer_by_hand",
    "the_linear_parts_agree",
    "inputs_and_activations_are_kept",
    "every_layer_has_its_own_activation",
)
ONE, SQUARE, RELU, INPUTS = (
    "one_sample",
    "square_layers_hide_no_transpose",
    "z_is_kept_from_before_a_relu",
    "inputs_stay_unchanged_in_any_dtype_and_layout",
)
ALL = [WORKED, LINEAR, KEPT, OWN, ONE, SQUARE, RELU, INPUTS]


def _run(params, X, acts, affine):
    """As and Zs with another linear part."""
    As, Zs = [X], []
    for (W, b), name in zip(params, acts, strict=True):
        Zs.append(affine(As[-1], W, b))
        As.append(_S(name, Zs[-1]))
    return As, Zs


def _mlp(params, X, acts):
    return _run(params, X, acts, lambda A, W, b: A @ W.T + b)


@key.reject("W is (outputs, inputs), so rows of samples meet its transpose; square layers hide this.", fails=ALL)
def W_not_transposed(params, X, acts):
    return _run(params, X, acts, lambda A, W, b: A @ W + b)


@key.reject("b is missing in your linear part.", fails=ALL)
def bias_forgotten(params, X, acts):
    return _run(params, X, acts, lambda A, W, b: A @ W.T)


@key.reject("Your b is subtracted; it must be added.", fails=ALL)
def bias_subtracted(params, X, acts):
    return _run(params, X, acts, lambda A, W, b: A @ W.T - b)


@key.reject("Every sample gets the whole b: its entries belong to the units, that is to the columns of Z.", fails=ALL)
def bias_along_the_samples(params, X, acts):
    return _run(params, X, acts, lambda A, W, b: A @ W.T + b[:, None])


@key.reject("The last layer has an activation, too.", fails=[WORKED, KEPT, OWN, ONE, SQUARE, RELU, INPUTS])
def last_activation_skipped(params, X, acts):
    return _mlp(params, X, [*acts[:-1], "identity"])


@key.reject(
    "The activation of every layer is its own entry of acts; you use the first for all.",
    fails=[KEPT, OWN, ONE, SQUARE, INPUTS],
)
def first_activation_for_all(params, X, acts):
    return _mlp(params, X, [acts[0]] * len(params))


@key.reject(
    "Each layer takes the activation of the layer before it, and the first one that of the last.",
    fails=[LINEAR, KEPT, OWN, ONE, SQUARE, INPUTS],
)
def activations_off_by_one(params, X, acts):
    return _mlp(params, X, [*acts[-1:], *acts[:-1]])


@key.reject("An in-place ReLU overwrote Z, which backpropagation will need.", fails=[WORKED, RELU])
def relu_in_place_corrupts_z(params, X, acts):
    As, Zs = [X], []
    for (W, b), name in zip(params, acts, strict=True):
        Z = As[-1] @ W.T + b
        if name == "relu":
            Z[Z < 0] = 0
        Zs.append(Z)
        As.append(_S(name, Z))
    return As, Zs


@key.reject(
    "Zs must hold the values before the activation; yours are those after it.",
    fails=[name for name in ALL if name != KEPT],
)
def activations_in_zs(params, X, acts):
    As, _ = _mlp(params, X, acts)
    return As, As[1:]


@key.reject("As[0] is the input X; without it the way back cannot reach W of layer 1.", fails=[*ALL[:1], *ALL[2:]])
def input_not_cached(params, X, acts):
    As, Zs = _mlp(params, X, acts)
    return As[1:], Zs


@key.reject("You call As what was before the activation; A is S(Z).", fails=[name for name in ALL if name != LINEAR])
def as_before_the_activation(params, X, acts):
    _, Zs = _mlp(params, X, acts)
    return [X, *Zs], Zs
