"""Answer key: receptive field and jump of a stack of layers (unit 5)."""

import numpy as np

from autograder.key import N0, Key, close, standard
from dlmath_ref import VGG19_SPEC, receptive_field

key = Key("unit05_convolution/receptive_field", reference=receptive_field, bans=N0)

NAMES = ("the field", "the jump")
TRUNK = [(layer[-3], layer[-2], 1) if layer[0] == "conv" else (2, 2, 1) for layer in VGG19_SPEC[:21]]


@key.part("worked", weight=1)
def two_convolutions_and_a_pooling_layer(answer, rng):
    close(answer([(3, 1, 1), (3, 1, 1)]), (5, 1), what=NAMES)
    close(answer([(3, 1, 1), (2, 2, 1), (3, 1, 1)]), (8, 2), what=NAMES)


@key.part("core", weight=1)
def the_convolutions_and_poolings_of_vgg19(answer, rng):
    close(answer(TRUNK[:]), (268, 32), what=NAMES)


@key.part("core", weight=1)
def kernels_strides_and_dilations_of_every_size(answer, rng):
    """Different strides in the middle, dilations before and behind them; the last layer has a stride."""
    k = rng.permutation([2, 3, 4, 5, 7]).tolist()
    s = [1, *rng.permutation([2, 3]).tolist(), 1, 2]
    d = [2, 1, *rng.permutation([2, 3]).tolist(), 1]
    layers = list(zip(k, s, d, strict=True))
    close(answer(layers[:]), receptive_field(layers), what=NAMES)


@key.part("edge", weight=1)
def one_pixel_no_layer_and_a_stride_at_the_start(answer, rng):
    close(answer([]), (1, 1), what=NAMES)
    k, d = int(rng.integers(3, 8)), int(rng.integers(2, 5))
    standard(answer, ([(1, 3, 1), (k, 1, d), (1, 2, 4)],), receptive_field, what=NAMES)


@key.accept
def from_the_top(layers):
    field, jump = 1, 1
    for k, s, d in reversed(layers):
        field = s * field + d * (k - 1) + 1 - s
        jump = s * jump
    return field, jump


@key.accept
def by_products_of_strides(layers):
    k, s, d = np.array(layers, dtype=int).reshape(-1, 3).T
    jumps = np.concatenate([[1], np.cumprod(s)])
    return [1 + np.sum((k - 1) * d * jumps[:-1]), jumps[-1]]


@key.accept
def by_the_outermost_pixels(layers):
    first, last, jump = 0, 0, 1
    for k, s, d in reversed(layers):
        first, last = first * s, last * s + (k - 1) * d
        jump *= s
    return last - first + 1, jump


EVERYTHING = [
    "two_convolutions_and_a_pooling_layer",
    "the_convolutions_and_poolings_of_vgg19",
    "kernels_strides_and_dilations_of_every_size",
    "one_pixel_no_layer_and_a_stride_at_the_start",
]


@key.reject(
    "You let a stride widen its own layer; it widens the layers that follow.",
    fails=EVERYTHING[:3],
)
def stride_applied_first(layers):
    field, jump = 1, 1
    for k, s, d in layers:
        jump *= s
        field += (k - 1) * d * jump
    return field, jump


@key.reject(
    "You leave out the dilation, which spreads the kernel.",
    fails=["kernels_strides_and_dilations_of_every_size", "one_pixel_no_layer_and_a_stride_at_the_start"],
)
def dilation_ignored(layers):
    field, jump = 1, 1
    for k, s, _ in layers:
        field += (k - 1) * jump
        jump *= s
    return field, jump


@key.reject(
    "You take a dilated kernel to span k times d pixels; between its k entries there are only k - 1 steps.",
    fails=["kernels_strides_and_dilations_of_every_size", "one_pixel_no_layer_and_a_stride_at_the_start"],
)
def dilated_size_dk(layers):
    field, jump = 1, 1
    for k, s, d in layers:
        field += (k * d - 1) * jump
        jump *= s
    return field, jump


@key.reject("Behind a stride each step counts more pixels; your steps stay one pixel long.", fails=EVERYTHING)
def stride_ignored(layers):
    field, jump = 1, 1
    for k, s, d in layers:
        field += (k - 1) * d
        jump *= s
    return field, jump


@key.reject(
    "You multiply the kernels; each layer adds to the field what it reaches beyond one unit.",
    fails=EVERYTHING,
)
def product_of_kernels(layers):
    field, jump = 1, 1
    for k, s, d in layers:
        field *= (k - 1) * d + 1
        jump *= s
    return field, jump


@key.reject("Each layer reaches one step less than its kernel has entries.", fails=EVERYTHING)
def whole_kernels_added(layers):
    field, jump = 1, 1
    for k, s, d in layers:
        field += k * d * jump
        jump *= s
    return field, jump


@key.reject("Strides multiply along the network; you add them.", fails=EVERYTHING[1:])
def strides_added(layers):
    field, jump = 1, 1
    for k, s, d in layers:
        field += (k - 1) * d * jump
        jump += s - 1
    return field, jump


@key.reject("Your jump is the stride of the last layer; it is the product of all strides.", fails=EVERYTHING)
def jump_of_the_last_layer(layers):
    field, jump, stride = 1, 1, 1
    for k, s, d in layers:
        field += (k - 1) * d * jump
        jump *= s
        stride = s
    return field, stride


@key.reject("Your jump grows with the dilation; only strides move neighbours apart.", fails=EVERYTHING[2:])
def dilation_in_the_jump(layers):
    field, jump = 1, 1
    for k, s, d in layers:
        field += (k - 1) * d * jump
        jump *= s * d
    return field, jump


@key.reject("You skip layers of one pixel; the field stays, but their strides count.", fails=EVERYTHING[3:])
def layers_of_one_pixel_skipped(layers):
    field, jump = 1, 1
    for k, s, d in layers:
        if k > 1:
            field += (k - 1) * d * jump
            jump *= s
    return field, jump
