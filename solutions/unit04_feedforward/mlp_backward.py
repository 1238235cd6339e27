"""Answer key: backpropagation through a fully connected network (unit 4).

What a part passes in comes from the reference's forward pass; the cost of an upstream gradient G is sum(G * A^[L]).
"""

import copy
import itertools

import numpy as np

from autograder.key import N0, Key, check, close, directional, standard
from dlmath_ref import activation, mlp_backward, mlp_forward


def asked_before(name, z):
    """The function of the exercise `activations`, which knows five names."""
    check(name != "identity", "activation was asked for the identity, which it does not know.")
    return activation(name, z)


key = Key("unit04_feedforward/mlp_backward", reference=mlp_backward, bans=N0, given={"activation": asked_before})

WORKED = "one_relu_layer_by_hand"
WEIGHTS, BIASES = "the_gradients_of_the_weights_agree", "the_gradients_of_the_biases_agree"
INPUTS, ALL = "the_gradient_of_the_inputs_agrees", "every_activation_has_its_derivative"
SLOPE, LINEAR = "all_gradients_are_the_slopes_of_the_cost", "costs_add_up_and_so_do_their_gradients"
SQUARE, ONE = "square_layers_hide_no_transpose", "one_sample_and_units_that_are_switched_off"
UNCHANGED = "inputs_stay_unchanged_in_any_dtype_and_layout"
G_X = "the gradient with respect to X"
ACTS = ("sigmoid", "softplus", "relu", "identity", "leaky_relu", "tanh")


def problem(rng, n, widths, acts, off=0):
    """Arguments for a network with these widths, from inputs to outputs; `off` units of layer 1 are far below 0."""
    params = [(rng.normal(size=(N, M)) / np.sqrt(M), 0.5 * rng.normal(size=N)) for M, N in itertools.pairwise(widths)]
    params[0][1][:off] -= 100
    As, Zs = mlp_forward(params, rng.normal(size=(n, widths[0])), acts)
    return params, As, Zs, rng.normal(size=As[-1].shape), list(acts)


def well_formed(got, L):
    """A pair for each of L layers, and the gradient of the inputs."""
    check(type(got) in (tuple, list) and len(got) == 2, "Return two things: the list of gradients, and that of X.")
    layers = got[0]
    good = type(layers) in (tuple, list) and len(layers) == L
    good = good and all(type(pair) in (tuple, list) and len(pair) == 2 for pair in layers)
    check(good, "The first thing to return is a list with a pair (g_W, g_b) for each layer.")
    return layers, got[1]


def asked(answer, args):
    """What the answer returns for copies."""
    return well_formed(answer(*copy.deepcopy(args)), len(args[0]))


def agrees(answer, args, expected=None):
    """All gradients, each under its name."""
    right = flat(mlp_backward(*args) if expected is None else expected)
    (layers, g_X), names = asked(answer, args), names_of(args[0])
    for g, e, name in zip([*itertools.chain(*layers), g_X], right, names, strict=True):
        close(g, e, what=name)


def names_of(params):
    return [f"{g} of layer {l + 1}" for l in range(len(params)) for g in ("g_W", "g_b")] + [G_X]


def three_layers(rng):
    """Layers of pairwise different sizes, with smooth activations."""
    return problem(rng, 7, (4, 5, 3, 2), ("tanh", "sigmoid", "tanh"))


@key.part("worked", weight=1)
def one_relu_layer_by_hand(answer, rng):
    params = [(np.array([[1.0, 1.0], [2.0, -3.0]]), np.array([0.0, 1.0]))]
    As, Zs = [np.array([[1.0, 2.0]]), np.array([[3.0, 0.0]])], [np.array([[3.0, -3.0]])]
    expected = [(np.array([[2.0, 4.0], [0.0, 0.0]]), np.array([2.0, 0.0]))], np.array([[2.0, 2.0]])
    agrees(answer, (params, As, Zs, np.array([[2.0, 5.0]]), ["relu"]), expected)


@key.part("core", weight=2)
def the_gradients_of_the_weights_agree(answer, rng):
    args = three_layers(rng)
    for l, (got, expected) in enumerate(zip(asked(answer, args)[0], mlp_backward(*args)[0], strict=True)):
        close(got[0], expected[0], what=f"g_W of layer {l + 1}")


@key.part("core", weight=1.5)
def the_gradients_of_the_biases_agree(answer, rng):
    args = three_layers(rng)
    for l, (got, expected) in enumerate(zip(asked(answer, args)[0], mlp_backward(*args)[0], strict=True)):
        close(got[1], expected[1], what=f"g_b of layer {l + 1}")


@key.part("core", weight=1.5)
def the_gradient_of_the_inputs_agrees(answer, rng):
    args = problem(rng, 5, (4, 3, 2), ("tanh", "sigmoid"))
    close(asked(answer, args)[1], mlp_backward(*args)[1], what=G_X)


@key.part("core", weight=1.5, feedback="Each of the six activations occurs once.")
def every_activation_has_its_derivative(answer, rng):
    args = problem(rng, 8, (4, 6, 5, 7, 3, 6, 2), ACTS)
    agrees(answer, args)


@key.part("core", weight=1.5)
def all_gradients_are_the_slopes_of_the_cost(answer, rng):
    params, As, _, G, acts = args = problem(rng, 6, (3, 5, 4), ("sigmoid", "tanh"))
    layers, g_X = asked(answer, args)

    def cost(W1, b1, W2, b2, X):
        return np.sum(G * mlp_forward([(W1, b1), (W2, b2)], X, acts)[0][-1])

    theta = *params[0], *params[1], As[0]
    directional((*layers[0], *layers[1], g_X), cost, theta, rng, what="your gradient")


@key.part("core", weight=1)
def costs_add_up_and_so_do_their_gradients(answer, rng):
    params, As, Zs, G, acts = problem(rng, 5, (3, 4, 2), ("sigmoid", "tanh"))
    H, c = rng.normal(size=G.shape), float(rng.uniform(200, 300))
    one, two, both = (flat(asked(answer, (params, As, Zs, g, acts))) for g in (G, H, G + c * H))
    for a, b, s in zip(one, two, both, strict=True):
        close(s, a + c * b, what="the gradient of a sum of two costs")


def flat(got):
    """All gradients as arrays, in order."""
    arrays = [g for pair in got[0] for g in pair] + [got[1]]
    check(all(isinstance(g, np.ndarray) and g.dtype.kind == "f" for g in arrays), "Each gradient must be an array.")
    return arrays


@key.part("edge", weight=1)
def square_layers_hide_no_transpose(answer, rng):
    args = problem(rng, 3, (3, 3, 3, 3), ("tanh", "sigmoid", "tanh"))
    agrees(answer, args)


@key.part("edge", weight=1)
def one_sample_and_units_that_are_switched_off(answer, rng):
    for widths, acts, off in [((4, 3, 2), ("tanh", "sigmoid"), 0), ((3, 5, 1), ("relu", "tanh"), 3)]:
        args = problem(rng, 1, widths, acts, off)
        agrees(answer, args)


@key.part("edge", weight=1)
def inputs_stay_unchanged_in_any_dtype_and_layout(answer, rng):
    def listed(f):
        return lambda *args: flat(well_formed(f(*args), 2))

    args = problem(rng, 5, (4, 3, 2), ("tanh", "sigmoid"))
    standard(listed(answer), args, listed(mlp_backward), what=names_of(args[0]))


def slope(name, z):
    """S' of an activation, for the answers below."""
    s = 1 / (1 + np.exp(-z))
    return {
        "sigmoid": s * (1 - s),
        "tanh": 1 - np.tanh(z) ** 2,
        "relu": (z > 0) * 1.0,
        "leaky_relu": np.where(z > 0, 1.0, 0.01),
        "softplus": s,
        "identity": np.ones(z.shape),
    }[name]


def deltas(params, Zs, g, acts):
    """δ of every layer, and the gradient of the inputs."""
    found = []
    for k in range(len(params))[::-1]:
        found.insert(0, g * slope(acts[k], Zs[k]))
        g = found[0] @ params[k][0]
    return found, g


@key.accept
def by_einsum(params, As, Zs, g_out, acts):
    gradients, g = [], g_out
    for (W, _), A, Z, name in zip(params[::-1], As[-2::-1], Zs[::-1], acts[::-1], strict=True):
        delta = np.einsum("ij,ij->ij", g, slope(name, Z))
        gradients.insert(0, (np.einsum("ij,ik->jk", delta, A), np.einsum("ij->j", delta)))
        g = np.einsum("ij,jk->ik", delta, W)
    return gradients, g


@key.accept
def by_samples(params, As, Zs, g_out, acts):
    """The book's formulas for columns, one sample after the other, added up."""
    L = len(params)
    totals = [[np.zeros(W.shape), np.zeros(b.shape)] for W, b in params]
    rows = []
    for i in range(len(g_out)):
        delta = g_out[i] * slope(acts[L - 1], Zs[L - 1][i])
        for k in reversed(range(L)):
            totals[k][0] += np.outer(delta, As[k][i])
            totals[k][1] += delta
            g = params[k][0].T @ delta
            delta = g * slope(acts[k - 1], Zs[k - 1][i]) if k else g
        rows.append(delta)
    return [tuple(t) for t in totals], np.array(rows)


@key.accept
def by_recursion(params, As, Zs, g_out, acts):
    if not params:
        return [], g_out
    *before, (W, _) = params
    delta = g_out * slope(acts[-1], Zs[-1])
    gradients, g_X = by_recursion(before, As[:-1], Zs[:-1], delta @ W, acts[:-1])
    return [*gradients, (delta.T @ As[-2], np.ones(len(delta)) @ delta)], g_X


@key.accept
def from_the_activations(params, As, Zs, g_out, acts):
    """S' from a where that is shorter, in Fortran order."""
    gradients, g = [None] * len(params), g_out
    for k in range(len(params) - 1, -1, -1):
        a, W = As[k + 1], params[k][0]
        ways = {"sigmoid": a * (1 - a), "tanh": (1 - a) * (1 + a), "softplus": 1 - np.exp(-a)}
        delta = g * ways.get(acts[k], slope(acts[k], Zs[k]))
        gradients[k] = [np.asfortranarray((As[k].T @ delta).T), np.sum(delta, axis=0)]
        g = (W.T @ delta.T).T
    return gradients, g


@key.accept
def in_single_precision_where_asked(params, As, Zs, g_out, acts):
    gradients, g = [], np.array(g_out)
    for k in range(len(params))[::-1]:
        g *= slope(acts[k], Zs[k]).astype(g.dtype)
        gradients.append((np.matmul(g.T, As[k]), g.sum(0)))
        g = np.matmul(g, params[k][0])
    return list(reversed(gradients)), g


MOST = [WEIGHTS, BIASES, INPUTS, ALL, SLOPE, SQUARE]


@key.reject("The upstream gradient already contains 1/n: do not divide by it again.", fails=[*MOST, UNCHANGED])
def divided_by_n_again(params, As, Zs, g_out, acts):
    D, g = deltas(params, Zs, g_out, acts)
    n = len(g_out)
    return [(d.T @ A / n, d.sum(0) / n) for d, A in zip(D, As, strict=False)], g / n


@key.reject(
    "The upstream gradient already contains 1/n: do not divide by it again.",
    fails=[WEIGHTS, BIASES, ALL, SLOPE, SQUARE, UNCHANGED],
)
def parameters_divided_by_n(params, As, Zs, g_out, acts):
    D, g = deltas(params, Zs, g_out, acts)
    return [(d.T @ A / len(A), d.mean(0)) for d, A in zip(D, As, strict=False)], g


@key.reject("Your δ lacks the factor S'(z) of its layer.", fails=[WORKED, *MOST, ONE, UNCHANGED])
def activation_derivative_missing(params, As, Zs, g_out, acts):
    gradients, delta = [], g_out
    for k in range(len(params))[::-1]:
        gradients.insert(0, (delta.T @ As[k], delta.sum(0)))
        delta = delta @ params[k][0]
    return gradients, delta


@key.reject("Your δ lacks the factor S'(z) of its layer.", fails=[*MOST, ONE, UNCHANGED])
def derivative_of_the_last_layer_alone(params, As, Zs, g_out, acts):
    gradients, delta = [], g_out * slope(acts[-1], Zs[-1])
    for k in range(len(params))[::-1]:
        gradients.insert(0, (delta.T @ As[k], delta.sum(0)))
        delta = delta @ params[k][0]
    return gradients, delta


@key.reject(
    "The last layer has an activation, too: g_out is ∂C/∂A, so δ of the last layer also contains S'(z).",
    fails=[WORKED, *MOST, ONE, UNCHANGED],
)
def last_derivative_missing(params, As, Zs, g_out, acts):
    gradients, delta = [], g_out
    for k in range(len(params))[::-1]:
        gradients.insert(0, (delta.T @ As[k], delta.sum(0)))
        delta = delta @ params[k][0]
        if k:
            delta = delta * slope(acts[k - 1], Zs[k - 1])
    return gradients, delta


@key.reject("S' is taken at z, not at the activation a = S(z).", fails=[*MOST, ONE, UNCHANGED])
def derivative_at_the_activation(params, As, Zs, g_out, acts):
    gradients, g = [], g_out
    for k in range(len(params))[::-1]:
        delta = g * slope(acts[k], As[k + 1])
        gradients.insert(0, (delta.T @ As[k], delta.sum(0)))
        g = delta @ params[k][0]
    return gradients, g


@key.reject(
    "Going back multiplies the rows of δ by W itself, not by its transpose. Square layers hide this.",
    fails=[WORKED, *MOST, LINEAR, ONE, UNCHANGED],
)
def transposed_on_the_way_back(params, As, Zs, g_out, acts):
    gradients, g = [], g_out
    for k in range(len(params))[::-1]:
        delta = g * slope(acts[k], Zs[k])
        gradients.insert(0, (delta.T @ As[k], delta.sum(0)))
        g = delta @ params[k][0].T
    return gradients, g


@key.reject(
    "The gradient of a bias is the sum of δ over the samples, not the mean.",
    fails=[BIASES, ALL, SLOPE, SQUARE, UNCHANGED],
)
def biases_averaged(params, As, Zs, g_out, acts):
    D, g = deltas(params, Zs, g_out, acts)
    return [(d.T @ A, d.mean(0)) for d, A in zip(D, As, strict=False)], g


@key.reject(
    "The gradient of W has the shape of W: row j belongs to unit j of the layer. Yours is transposed.",
    fails=[WORKED, WEIGHTS, ALL, SLOPE, SQUARE, ONE, UNCHANGED],
)
def weights_transposed(params, As, Zs, g_out, acts):
    D, g = deltas(params, Zs, g_out, acts)
    return [(A.T @ d, d.sum(0)) for d, A in zip(D, As, strict=False)], g


@key.reject(
    "The gradient with respect to X must pass through W of the first layer, too: you stop at its δ.",
    fails=[WORKED, INPUTS, ALL, SLOPE, SQUARE, ONE, UNCHANGED],
)
def inputs_stop_at_the_first_delta(params, As, Zs, g_out, acts):
    D, _ = deltas(params, Zs, g_out, acts)
    return [(d.T @ A, d.sum(0)) for d, A in zip(D, As, strict=False)], D[0]


@key.reject(
    "You list the gradients from the last layer to the first; params begins with layer 1.",
    fails=[WEIGHTS, BIASES, ALL, SLOPE, SQUARE, ONE, UNCHANGED],
)
def last_layer_first(params, As, Zs, g_out, acts):
    D, g = deltas(params, Zs, g_out, acts)
    return [(d.T @ A, d.sum(0)) for d, A in zip(D, As, strict=False)][::-1], g


@key.reject(
    "The gradient of W takes the layer's input A of the layer before, not the layer's own output.",
    fails=[WORKED, WEIGHTS, ALL, SLOPE, SQUARE, ONE, UNCHANGED],
)
def own_output_for_the_weights(params, As, Zs, g_out, acts):
    D, g = deltas(params, Zs, g_out, acts)
    return [(d.T @ A, d.sum(0)) for d, A in zip(D, As[1:], strict=True)], g


@key.reject("Your backward pass does not start from g_out.", fails=[WORKED, *MOST, LINEAR, ONE, UNCHANGED])
def starts_from_ones(params, As, Zs, g_out, acts):
    D, g = deltas(params, Zs, np.ones(g_out.shape), acts)
    return [(d.T @ A, d.sum(0)) for d, A in zip(D, As, strict=False)], g


@key.reject("You change g_out in place: work on a copy.", fails=[UNCHANGED])
def upstream_overwritten(params, As, Zs, g_out, acts):
    gradients, g = [], g_out
    for k in range(len(params))[::-1]:
        g *= slope(acts[k], Zs[k])
        gradients.insert(0, (g.T @ As[k], g.sum(0)))
        g = g @ params[k][0]
    return gradients, g
