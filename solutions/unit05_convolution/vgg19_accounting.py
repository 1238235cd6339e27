"""Answer key: parameters, multiply-adds and output shape of a network (unit 5)."""

import numpy as np

from autograder.key import N0, Key, close, standard
from dlmath_ref import VGG19_SPEC, count_network

key = Key("unit05_convolution/vgg19_accounting", reference=count_network, bans=N0)

NAMES = ("the number of parameters", "the number of multiply-adds", "the output shape")
SMALL = [("conv", 8, 3, 1, 1), ("pool", 2, 2), ("conv", 16, 3, 1, 1), ("pool", 2, 2), ("flatten",), ("dense", 10)]


def compare(answer, layers, in_shape):
    close(answer(list(layers), in_shape), count_network(layers, in_shape), what=NAMES)


@key.part("worked", weight=1)
def the_network_of_exercise_3(answer, rng):
    close(answer(SMALL[:], (1, 8, 8)), (1898, 23680, (10,)), what=NAMES)


@key.part("core", weight=2)
def all_of_vgg19(answer, rng):
    """Published: 143 667 240 parameters and 19.63 G multiply-adds, 20 024 384 parameters in the convolutions."""
    close(answer(VGG19_SPEC[:], (3, 224, 224)), (143_667_240, 19_632_062_464, (1000,)), what=NAMES)


@key.part("core", weight=2)
def convolutions_with_strides_and_padding(answer, rng):
    """Ends in an image; neither image nor output is square, every size divides, every layer shrinks the image."""
    C, F, G, E = rng.choice(np.arange(2, 9), size=4, replace=False).tolist()
    H, W = (8 * rng.choice([5, 7, 9, 11], size=2, replace=False)).tolist()
    layers = [("conv", F, 5, 1, 0), ("conv", G, 4, 2, 2), ("conv", E, 3, 1, 0)]
    compare(answer, layers, (C, H, W))


@key.part("core", weight=1)
def several_dense_layers(answer, rng):
    C, H, W, m, l, q = rng.choice(np.arange(2, 20), size=6, replace=False).tolist()
    compare(answer, [("flatten",), ("dense", m), ("dense", l), ("dense", q)], (C, H, W))


@key.part("edge", weight=1)
def sizes_that_do_not_divide(answer, rng):
    """One channel; both a stride of a convolution and one of a pooling layer leave something over."""
    F, H, W = int(rng.integers(2, 9)), 6 * int(rng.integers(3, 7)) + 2, 6 * int(rng.integers(7, 10)) + 4
    layers = [("conv", F, 3, 2, 1), ("pool", 3, 2), ("pool", 2, 2), ("flatten",), ("dense", 5)]
    standard(answer, (layers, (1, H, W)), count_network, what=NAMES)


@key.accept
def by_recursion(layers, in_shape):
    if not layers:
        return 0, 0, tuple(in_shape)
    (name, *a), rest = layers[0], layers[1:]
    if name == "flatten":
        return by_recursion(rest, (int(np.prod(in_shape)),))
    if name == "dense":
        p, m, shape = by_recursion(rest, (a[0],))
        return p + a[0] * (in_shape[0] + 1), m + a[0] * in_shape[0], shape
    k, s, pad = (a[1], a[2], a[3]) if name == "conv" else (a[0], a[1], 0)
    H, W = [len(range(0, n + 2 * pad - k + 1, s)) for n in in_shape[1:]]
    if name == "pool":
        return by_recursion(rest, (in_shape[0], H, W))
    p, m, shape = by_recursion(rest, (a[0], H, W))
    return p + a[0] * (in_shape[0] * k * k + 1), m + a[0] * in_shape[0] * k * k * H * W, shape


@key.accept
def by_a_dictionary_of_handlers(layers, in_shape):
    def conv(shape, F, k, s, p):
        out = ((np.array(shape[1:]) + 2 * p - k) // s + 1).tolist()
        return F * (shape[0] * k**2 + 1), F * shape[0] * k**2 * out[0] * out[1], [F, *out]

    def pool(shape, k, s):
        return 0, 0, [shape[0], 1 + (shape[1] - k) // s, 1 + (shape[2] - k) // s]

    def flatten(shape):
        return 0, 0, [shape[0] * shape[1] * shape[2]]

    def dense(shape, m):
        return m * shape[0] + m, m * shape[0], [m]

    handlers = {"conv": conv, "pool": pool, "flatten": flatten, "dense": dense}
    totals, shape = np.zeros(2, dtype=np.int64), in_shape
    for name, *sizes in layers:
        p, m, shape = handlers[name](shape, *sizes)
        totals += p, m
    return totals[0], totals[1], shape


@key.accept
def by_patterns(layers, in_shape):
    parameters, multiply_adds, shape = 0, 0, in_shape
    for layer in layers:
        weights, biases, places, inputs = 0, 0, 1, shape
        match layer:
            case ["conv", F, k, s, p]:
                shape = (F, *(1 + (n + 2 * p - k) // s for n in inputs[1:]))
                weights, biases, places = F * inputs[0] * k * k, F, shape[1] * shape[2]
            case ["pool", k, s]:
                shape = (inputs[0], *(1 + (n - k) // s for n in inputs[1:]))
            case ["flatten"]:
                shape = (inputs[0] * inputs[1] * inputs[2],)
            case ["dense", int() as F]:
                shape, weights, biases = (F,), F * inputs[0], F
        parameters, multiply_adds = parameters + weights + biases, multiply_adds + weights * places
    return parameters, multiply_adds, shape


def _size(n, k, s, p):
    return (n + 2 * p - k) // s + 1


def _walk(layers, in_shape, conv, dense, size=_size, pooled=None):
    """conv(C, image, F, k, out) and dense(n, m) give parameters and multiply-adds; size gives one side of an output.

    pooled does so for pooling layers, where it differs.
    """
    pooled = pooled or size
    totals, shape = [0, 0], tuple(in_shape)
    for name, *a in layers:
        found = (0, 0)
        if name == "conv":
            out = (a[0], size(shape[1], *a[1:]), size(shape[2], *a[1:]))
            found, shape = conv(shape[0], shape[1:], a[0], a[1], out[1:]), out
        elif name == "pool":
            shape = (shape[0], pooled(shape[1], *a, 0), pooled(shape[2], *a, 0))
        elif name == "flatten":
            shape = (shape[0] * shape[1] * shape[2],)
        else:
            found, shape = dense(shape[0], a[0]), (a[0],)
        totals = [totals[0] + found[0], totals[1] + found[1]]
    return (*totals, shape)


def _conv(C, image, F, k, out):
    return F * C * k * k + F, F * C * k * k * out[0] * out[1]


def _dense(n, m):
    return n * m + m, n * m


EVERYTHING = [
    "the_network_of_exercise_3",
    "all_of_vgg19",
    "convolutions_with_strides_and_padding",
    "several_dense_layers",
    "sizes_that_do_not_divide",
]


@key.reject("You count the weights alone: every filter and every dense unit has a bias as well.", fails=EVERYTHING)
def biases_forgotten(layers, in_shape):
    def conv(C, image, F, k, out):
        return F * C * k * k, F * C * k * k * out[0] * out[1]

    return _walk(layers, in_shape, conv, lambda n, m: (n * m, n * m))


@key.reject("You count one bias per layer; each filter and each dense unit has its own.", fails=EVERYTHING)
def one_bias_per_layer(layers, in_shape):
    def conv(C, image, F, k, out):
        return F * C * k * k + 1, F * C * k * k * out[0] * out[1]

    return _walk(layers, in_shape, conv, lambda n, m: (n * m + 1, n * m))


@key.reject(
    "Your convolution works once for each pixel of its input; it works once for each position of its output.",
    fails=["convolutions_with_strides_and_padding", "sizes_that_do_not_divide"],
)
def macs_at_input_resolution(layers, in_shape):
    def conv(C, image, F, k, out):
        return F * C * k * k + F, F * C * k * k * image[0] * image[1]

    return _walk(layers, in_shape, conv, _dense)


@key.reject("You count multiplications and additions apart: a multiply-add counts once.", fails=EVERYTHING)
def flops_not_macs(layers, in_shape):
    parameters, multiply_adds, shape = _walk(layers, in_shape, _conv, _dense)
    return parameters, 2 * multiply_adds, shape


BIASES = "You count the additions of the biases as work: only the weights make multiply-adds."
WITH_CONVOLUTIONS = [name for name in EVERYTHING if name != "several_dense_layers"]


def _conv_with_biases(C, image, F, k, out):
    return F * C * k * k + F, (F * C * k * k + F) * out[0] * out[1]


@key.reject(BIASES, fails=EVERYTHING)
def biases_count_as_work(layers, in_shape):
    return _walk(layers, in_shape, _conv_with_biases, lambda n, m: (n * m + m, n * m + m))


@key.reject(BIASES, fails=WITH_CONVOLUTIONS)
def biases_of_filters_count_as_work(layers, in_shape):
    return _walk(layers, in_shape, _conv_with_biases, _dense)


FIRST_WINDOW = "You add the 1 before you divide; the first window counts whatever the stride is."


def _one_inside(n, k, s, p):
    return (n + 2 * p - k + 1) // s


@key.reject(FIRST_WINDOW, fails=WITH_CONVOLUTIONS)
def plus_one_inside(layers, in_shape):
    return _walk(layers, in_shape, _conv, _dense, _one_inside)


@key.reject(FIRST_WINDOW, fails=["convolutions_with_strides_and_padding"])
def plus_one_inside_in_convolutions(layers, in_shape):
    return _walk(layers, in_shape, _conv, _dense, _one_inside, pooled=_size)


CHANNELS = [
    "the_network_of_exercise_3",
    "all_of_vgg19",
    "convolutions_with_strides_and_padding",
]


@key.reject("Your filters have one slice: a filter has one for each channel of its input.", fails=CHANNELS)
def input_channels_ignored(layers, in_shape):
    def conv(C, image, F, k, out):
        return F * k * k + F, F * k * k * out[0] * out[1]

    return _walk(layers, in_shape, conv, _dense)


@key.reject("You count a row of the filter where the whole k by k window is meant.", fails=[*CHANNELS, EVERYTHING[-1]])
def side_not_squared(layers, in_shape):
    def conv(C, image, F, k, out):
        return F * C * k + F, F * C * k * out[0] * out[1]

    return _walk(layers, in_shape, conv, _dense)


@key.reject("You round sizes up: what is left over at the end of a row is dropped.", fails=["sizes_that_do_not_divide"])
def rounded_up(layers, in_shape):
    return _walk(layers, in_shape, _conv, _dense, lambda n, k, s, p: -(-(n + 2 * p - k) // s) + 1)


@key.reject("You pad on one side only: padding is added on all four sides of the image.", fails=CHANNELS)
def padded_once(layers, in_shape):
    return _walk(layers, in_shape, _conv, _dense, lambda n, k, s, p: (n + p - k) // s + 1)


@key.reject(
    "You take the height for the width: an image need not be square.",
    fails=["convolutions_with_strides_and_padding", "several_dense_layers", "sizes_that_do_not_divide"],
)
def squares_only(layers, in_shape):
    return _walk(layers, (in_shape[0], in_shape[1], in_shape[1]), _conv, _dense)


@key.reject(
    "Your pooling layers move by their own size: the stride is an argument of its own.",
    fails=["sizes_that_do_not_divide"],
)
def pooling_strides_by_k(layers, in_shape):
    layers = [("pool", layer[1], layer[1]) if layer[0] == "pool" else layer for layer in layers]
    return _walk(layers, in_shape, _conv, _dense)
