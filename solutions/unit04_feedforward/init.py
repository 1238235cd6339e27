"""Answer key: random weights by He and by Xavier (unit 4).

Only facts that hold for every way of drawing are checked. A right answer fails one of the tests of a law, a variance
or a mean with probability 1e-9 each; what the wrong answers miss is many times what these tests allow.
"""

import math

import numpy as np

from autograder.key import N0, Key, check
from autograder.key.answers import random_state
from autograder.stats import law, variance
from dlmath_ref import init_layer

key = Key("unit04_feedforward/init", reference=init_layer, bans=N0)

HE, XAVIER = "he_normal", "xavier_uniform"
MANY = (256, 128)  # neurons, inputs: 32768 weights
FAR = 6.6  # standard errors of a mean; the weights' laws are sub-Gaussian, so beyond it is 2 exp(-FAR^2 / 2) < 1e-9
CHANCE = "weights that are drawn independently leave it to chance"


def draw(answer, n_out, n_in, scheme, rng):
    """The weights, after checking what surrounds them."""
    got = answer(n_out, n_in, scheme, rng)
    check(type(got) in (tuple, list) and len(got) == 2, "init_layer must return two values: W, b.")
    for name, x, shape, kinds in [("W", got[0], (n_out, n_in), "f"), ("b", got[1], (n_out,), "fiu")]:
        word = "floating-point numbers" if kinds == "f" else "numbers"
        check(type(x) is np.ndarray and x.dtype.kind in kinds, f"{name} must be a numpy array of {word}.")
        check(x.shape == shape, f"{name}: got shape {x.shape}, expected {shape}.")
        check(np.isfinite(x).all(), f"{name} must hold finite numbers.")
    check(not got[1].any(), "b must be zero.")
    check(2 * np.unique(got[0]).size > got[0].size, "Every weight must be drawn for itself.")
    return got[0].astype(float)


def standardised(W):
    """The weights with mean square 1, after checking that their mean is about 0."""
    size = float(np.sqrt(np.mean(W**2)))
    check(abs(np.mean(W)) < FAR * size / np.sqrt(W.size), "The weights do not have the mean 0.")
    return W / size


def normal_cdf(x):
    return np.array([0.5 * math.erfc(-v / math.sqrt(2)) for v in x])


@key.part("worked", weight=1)
def weights_and_biases_have_their_shapes(answer, rng):
    for scheme in (HE, XAVIER):
        draw(answer, 4, 8, scheme, rng)


@key.part("core", weight=1.5)
def he_has_the_variance_2_over_inputs(answer, rng):
    variance(draw(answer, *MANY, HE, rng), 2 / MANY[1], what="He's weights")


@key.part("core", weight=1)
def he_draws_from_a_normal_law(answer, rng):
    law(standardised(draw(answer, *MANY, HE, rng)), normal_cdf, what="He's weights")


@key.part("core", weight=1.5)
def xavier_fills_its_range(answer, rng):
    W, a = draw(answer, *MANY, XAVIER, rng), math.sqrt(6 / sum(MANY))
    check(np.abs(W).max() <= a * (1 + 1e-6), "Some of Xavier's weights lie outside of (-a, a).")
    variance(W, a**2 / 3, what="Xavier's weights")


@key.part("core", weight=0.5)
def xavier_draws_from_a_uniform_law(answer, rng):
    W = standardised(draw(answer, *MANY, XAVIER, rng))
    law(W, lambda x: np.clip((1 + x / math.sqrt(3)) / 2, 0, 1), what="Xavier's weights")


@key.part("core", weight=0.5)
def the_passed_generator_decides_the_weights(answer, rng):
    seed = int(rng.integers(2**32))
    for scheme in (HE, XAVIER):
        mine, states = np.random.default_rng(seed), [random_state(answer)]
        for sizes in [(3, 2), (5, 7)]:  # two sizes: what seeds the global generator leaves it in two states
            first = draw(answer, *sizes, scheme, mine)
            states.append(random_state(answer))
        check(len(set(states)) == 1, "Use the generator that is passed in, not numpy's global one.")
        second = draw(answer, 5, 7, scheme, mine)
        check(not np.array_equal(first, second), "A second layer from the same generator must have other weights.")
        same, other = (draw(answer, 5, 7, scheme, np.random.default_rng(seed + k)) for k in (0, 1))
        again = draw(answer, 5, 7, scheme, np.random.default_rng(seed))
        check(np.array_equal(same, again), "Two generators with the same seed must give the same weights.")
        check(not np.array_equal(same, other), "Generators with different seeds must give different weights.")


@key.part("edge", weight=0.5)
def layers_with_a_single_input(answer, rng):
    n = 4096
    variance(draw(answer, n, 1, HE, rng), 2.0, what="He's weights of a layer with one input")
    variance(draw(answer, n, 1, XAVIER, rng), 2 / (n + 1), what="Xavier's weights of a layer with one input")


@key.part("edge", weight=0.5)
def every_weight_is_drawn_for_itself(answer, rng):
    for scheme in (HE, XAVIER):
        W = standardised(draw(answer, *MANY, scheme, rng))
        for axis, of in enumerate(("rows", "columns")):  # means of n independent weights have the variance 1 / n
            variance(W.mean(axis=axis), 1 / MANY[axis], what=f"The means of W over its {of}")
        small = {n: draw(answer, 8, n, scheme, rng) for n in (13, 14, 15, 16)}
        means = [np.mean(W) / np.std(W) for W in small.values()]  # each within 1e-5 with probability 1e-4
        check(np.abs(means).max() > 1e-5, f"The weights of each layer have exactly the mean 0: {CHANCE}.")
        sizes = [np.mean(W**2) * (n if scheme == HE else n + 8) for n, W in small.items()]
        check(np.ptp(sizes) > 1e-5 * sizes[0], f"The weights of each layer have exactly one mean square: {CHANCE}.")


@key.accept
def by_scaling_a_standard_normal(n_out, n_in, scheme, rng):
    laws = {
        "he_normal": lambda: rng.standard_normal((n_out, n_in)) * (2 / n_in) ** 0.5,
        "xavier_uniform": lambda: (2 * rng.random((n_out, n_in)) - 1) * (6 / (n_in + n_out)) ** 0.5,
    }
    return laws[scheme](), np.zeros((n_out,))


@key.accept
def by_inverse_distribution_functions(n_out, n_in, scheme, rng):
    from statistics import NormalDist

    u = rng.random((n_out, n_in))
    if scheme == "xavier_uniform":
        return np.sqrt(24 / (n_in + n_out)) * (u - 0.5), np.zeros(n_out)
    inverse = NormalDist(0, np.sqrt(2 / n_in)).inv_cdf
    return np.array([inverse(min(max(p, 1e-17), 1 - 1e-16)) for p in u.flat]).reshape(u.shape), np.zeros(n_out)


@key.accept
def with_biases_that_are_integers(n_out, n_in, scheme, rng):
    s = np.sqrt(2 / (n_in if scheme == "he_normal" else n_in + n_out))
    W = s * (rng.normal(size=(n_out, n_in)) if scheme == "he_normal" else rng.uniform(-(3**0.5), 3**0.5, (n_out, n_in)))
    return W, np.zeros(n_out, dtype=int)


@key.accept
def by_box_and_muller_in_another_layout(n_out, n_in, scheme, rng):
    if scheme == "he_normal":
        u, v = rng.random((2, n_in, n_out))
        W = np.sqrt(-4 / n_in * np.log1p(-u)) * np.cos(2 * np.pi * v)
    else:
        W = rng.uniform(-1, 1, size=(n_in, n_out)) / np.sqrt((n_in + n_out) / 6)
    return [W.T, 0.0 * W.T[:, 0]]


@key.accept
def row_by_row_in_single_precision(n_out, n_in, scheme, rng):
    W = np.empty((n_out, n_in), dtype=np.float32)
    for i in range(n_out):
        if scheme == "he_normal":
            W[i] = rng.normal(scale=np.sqrt(2 / n_in), size=n_in)
        else:
            W[i] = rng.uniform(-1, 1, size=n_in) * np.sqrt(6 / (n_in + n_out))
    return W, np.zeros(n_out, dtype=np.float32)


WORKED, GENERATOR = "weights_and_biases_have_their_shapes", "the_passed_generator_decides_the_weights"
HE_VARIANCE, HE_LAW = "he_has_the_variance_2_over_inputs", "he_draws_from_a_normal_law"
XAVIER_RANGE, XAVIER_LAW = "xavier_fills_its_range", "xavier_draws_from_a_uniform_law"
SINGLE, EACH = "layers_with_a_single_input", "every_weight_is_drawn_for_itself"
ALL = [WORKED, HE_VARIANCE, HE_LAW, XAVIER_RANGE, XAVIER_LAW, GENERATOR, SINGLE, EACH]


def _weights(n_out, n_in, scheme, rng, he=None, xavier=None):
    """The right weights, but for another standard deviation or another limit."""
    if scheme == "he_normal":
        return rng.normal(0, np.sqrt(2 / n_in) if he is None else he, size=(n_out, n_in))
    a = np.sqrt(6 / (n_in + n_out)) if xavier is None else xavier
    return rng.uniform(-a, a, size=(n_out, n_in))


@key.reject("He's variance is 2 over the number of inputs, not of outputs.", fails=[HE_VARIANCE, SINGLE])
def fan_out_used(n_out, n_in, scheme, rng):
    return _weights(n_out, n_in, scheme, rng, he=np.sqrt(2 / n_out)), np.zeros(n_out)


@key.reject("2 / n_in is He's variance; the standard deviation is its root.", fails=[HE_VARIANCE, SINGLE])
def variance_as_std(n_out, n_in, scheme, rng):
    return _weights(n_out, n_in, scheme, rng, he=2 / n_in), np.zeros(n_out)


@key.reject("ReLU removes half of the signal: He's variance has a 2 above n_in.", fails=[HE_VARIANCE, SINGLE])
def he_without_the_2(n_out, n_in, scheme, rng):
    return _weights(n_out, n_in, scheme, rng, he=np.sqrt(1 / n_in)), np.zeros(n_out)


@key.reject(
    "A uniform law on (-a, a) has the variance a²/3, hence the 6 under Xavier's root.", fails=[XAVIER_RANGE, SINGLE]
)
def xavier_limit_3(n_out, n_in, scheme, rng):
    return _weights(n_out, n_in, scheme, rng, xavier=np.sqrt(3 / (n_in + n_out))), np.zeros(n_out)


@key.reject("You use Xavier's standard deviation as the limit a: the 6 belongs there.", fails=[XAVIER_RANGE, SINGLE])
def standard_deviation_as_limit(n_out, n_in, scheme, rng):
    return _weights(n_out, n_in, scheme, rng, xavier=np.sqrt(2 / (n_in + n_out))), np.zeros(n_out)


BOTH = "Xavier's limit depends on the inputs and the outputs: their sum stands under the root."


@key.reject(BOTH, fails=[XAVIER_RANGE, SINGLE])
def xavier_with_inputs_alone(n_out, n_in, scheme, rng):
    return _weights(n_out, n_in, scheme, rng, xavier=np.sqrt(6 / n_in)), np.zeros(n_out)


@key.reject(BOTH, fails=[XAVIER_RANGE])
def xavier_with_outputs_alone(n_out, n_in, scheme, rng):
    return _weights(n_out, n_in, scheme, rng, xavier=np.sqrt(6 / n_out)), np.zeros(n_out)


@key.reject("he_normal asks for a normal law, and yours is uniform.", fails=[HE_LAW])
def uniform_for_he(n_out, n_in, scheme, rng):
    if scheme == "he_normal":
        return _weights(n_out, n_in, "xavier_uniform", rng, xavier=np.sqrt(6 / n_in)), np.zeros(n_out)
    return _weights(n_out, n_in, scheme, rng), np.zeros(n_out)


@key.reject("xavier_uniform asks for a uniform law, and yours is normal.", fails=[XAVIER_RANGE, XAVIER_LAW])
def normal_for_xavier(n_out, n_in, scheme, rng):
    if scheme == "xavier_uniform":
        return _weights(n_out, n_in, "he_normal", rng, he=np.sqrt(2 / (n_in + n_out))), np.zeros(n_out)
    return _weights(n_out, n_in, scheme, rng), np.zeros(n_out)


@key.reject("Xavier's weights are all positive: they lie between -a and a.", fails=[XAVIER_LAW, EACH])
def no_negative_weights(n_out, n_in, scheme, rng):
    if scheme == "xavier_uniform":
        return rng.random((n_out, n_in)) * np.sqrt(6 / (n_in + n_out)), np.zeros(n_out)
    return _weights(n_out, n_in, scheme, rng), np.zeros(n_out)


SETTLED = "You shift or scale the weights after the draw by what was drawn: then they depend on each other."


@key.reject(SETTLED, fails=[EACH])
def he_shifted_and_scaled_after_the_draw(n_out, n_in, scheme, rng):
    W = _weights(n_out, n_in, scheme, rng)
    if scheme == "he_normal":
        W = (W - W.mean()) / W.std() * np.sqrt(2 / n_in)
    return W, np.zeros(n_out)


@key.reject(SETTLED, fails=[EACH])
def mean_subtracted_after_the_draw(n_out, n_in, scheme, rng):
    W = _weights(n_out, n_in, scheme, rng)
    return W - W.mean() if scheme == "he_normal" else W, np.zeros(n_out)


RESEEDED = "You make or seed a generator inside the function: every layer of a size gets the same weights."


@key.reject(RESEEDED, fails=[GENERATOR])
def same_weights_every_call(n_out, n_in, scheme, rng):
    return _weights(n_out, n_in, scheme, np.random.default_rng(0)), np.zeros(n_out)


@key.reject(RESEEDED, fails=[GENERATOR])
def same_weights_with_another_seed(n_out, n_in, scheme, rng):
    return _weights(n_out, n_in, scheme, np.random.default_rng(42)), np.zeros(n_out)


@key.reject("You seed and use numpy's global generator; use the one that is passed in.", fails=[GENERATOR])
def global_rng(n_out, n_in, scheme, rng):
    np.random.seed(0)
    return _weights(n_out, n_in, scheme, np.random), np.zeros(n_out)


@key.reject("W is (n_out, n_in): one row for each neuron.", fails=ALL)
def shape_transposed(n_out, n_in, scheme, rng):
    return _weights(n_out, n_in, scheme, rng).T, np.zeros(n_out)


@key.reject("Biases start at 0, they are not drawn.", fails=ALL)
def random_biases(n_out, n_in, scheme, rng):
    return _weights(n_out, n_in, scheme, rng), rng.normal(size=n_out)


@key.reject("b is (n_out,): one bias for each neuron.", fails=ALL)
def a_bias_for_each_input(n_out, n_in, scheme, rng):
    return _weights(n_out, n_in, scheme, rng), np.zeros(n_in)


@key.reject("All neurons of your layer have the same weights, and would learn the same: draw a matrix.", fails=ALL)
def one_row_for_all(n_out, n_in, scheme, rng):
    return np.tile(_weights(n_out, n_in, scheme, rng)[:1], (n_out, 1)), np.zeros(n_out)


@key.reject("With zero weights all neurons of a layer stay equal for ever: draw them.", fails=ALL)
def zeros(n_out, n_in, scheme, rng):
    return np.zeros((n_out, n_in)), np.zeros(n_out)
