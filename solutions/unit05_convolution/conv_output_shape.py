"""Answer key: how many outputs a convolution has along one axis (unit 5)."""

import math

import numpy as np

from autograder.key import N0, Key, close, exact, raises
from dlmath_ref import conv_output_size

key = Key("unit05_convolution/conv_output_shape", reference=conv_output_size, bans=N0)

SIZE = "the number of outputs"


@key.part("worked", weight=1)
def three_of_224_with_padding_1(answer, rng):
    close(answer(224, 3, 1, 1), 224, what=SIZE)
    close(answer(224, 3, 2, 1), 112, what=SIZE)


@key.part("core", weight=1)
def windows_move_by_the_stride_over_the_padded_input(answer, rng):
    for k, stride, pad in [(2, 1, 0), (3, 1, 2), (2, 2, 0), (5, 2, 2), (3, 3, 1), (4, 3, 0), (1, 4, 3)]:
        start = int(rng.integers(12, 40))
        for h in range(start, start + stride):  # every remainder of the division
            close(answer(h, k, stride, pad), conv_output_size(h, k, stride, pad), what=SIZE)


@key.part("core", weight=1)
def dilation_spreads_the_filter(answer, rng):
    for k, stride, pad, dilation in [(3, 1, 0, 2), (2, 2, 1, 3), (4, 3, 2, 2), (1, 2, 0, 4)]:
        start = int(rng.integers(14, 40))
        for h in range(start, start + stride):
            close(answer(h, k, stride, pad, dilation), conv_output_size(h, k, stride, pad, dilation), what=SIZE)


@key.part("edge", weight=0.5)
def a_filter_that_does_not_fit_is_refused(answer, rng):
    for args in [(2, 3), (4, 3, 1, 0, 2), (1, 4, 3, 1), (3, 2, 2, 1, 7), (1, 9, 2)]:
        raises(ValueError, lambda args=args: answer(*args), "For a filter that does not fit")


@key.part("edge", weight=0.5)
def sizes_are_integers_and_have_defaults(answer, rng):
    exact(answer(7, 7), 1, what=SIZE)
    exact(answer(9, 3), 7, what=SIZE)
    exact(answer(5, 3, stride=2), 2, what=SIZE)
    exact(answer(1, 3, pad=1), 1, what=SIZE)
    exact(answer(9, 5, dilation=2, stride=4), 1, what=SIZE)


@key.accept
def by_counting_the_starts(h, k, stride=1, pad=0, dilation=1):
    starts = range(0, h + 2 * pad - dilation * (k - 1), stride)
    if not starts:
        raise ValueError("the filter does not fit")
    return len(starts)


@key.accept
def by_floor(h, k, stride=1, pad=0, dilation=1):
    o = math.floor((h + 2 * pad - dilation * (k - 1) - 1) / stride) + 1
    if o < 1:
        raise ValueError(o)
    return o


@key.accept
def by_numpy(h, k, stride=1, pad=0, dilation=1):
    reads = pad * 2 + h > dilation * np.arange(k)[-1] + stride * np.arange(h + 2 * pad)
    if not np.any(reads):
        raise ValueError("too small")
    return np.sum(reads)


@key.accept
def by_walking(h, k, stride=1, pad=0, dilation=1):
    last, count = -pad + dilation * (k - 1), 0
    while last < h + pad:
        count, last = count + 1, last + stride
    if count == 0:
        raise ValueError("no window")
    return count


WORKED = "three_of_224_with_padding_1"
PLAIN, DILATED = "windows_move_by_the_stride_over_the_padded_input", "dilation_spreads_the_filter"
SMALL, LIMITS = "a_filter_that_does_not_fit_is_refused", "sizes_are_integers_and_have_defaults"


def _refuse(o):
    if o < 1:
        raise ValueError("the filter does not fit")
    return o


@key.reject("You round up: a window that does not fit as a whole does not count.", fails=[WORKED, PLAIN, DILATED])
def ceil(h, k, stride=1, pad=0, dilation=1):
    room = h + 2 * pad - dilation * (k - 1) - 1
    return _refuse(-(-room // stride) + 1 if room >= 0 else 0)


@key.reject(
    "You count the padding once; there are p zeros at both ends.",
    fails=[WORKED, PLAIN, DILATED, LIMITS],
)
def pad_once(h, k, stride=1, pad=0, dilation=1):
    return _refuse((h + pad - dilation * (k - 1) - 1) // stride + 1)


@key.reject("You ignore the dilation: the filter spans d(k - 1) + 1 places.", fails=[DILATED, SMALL, LIMITS])
def dilation_ignored(h, k, stride=1, pad=0, dilation=1):
    return _refuse((h + 2 * pad - k) // stride + 1)


@key.reject(
    "Your filter spans dk places; its last entry has no gap behind it: d(k - 1) + 1.",
    fails=[DILATED, LIMITS],
)
def dilated_size_dk(h, k, stride=1, pad=0, dilation=1):
    return _refuse((h + 2 * pad - dilation * k) // stride + 1)


@key.reject(
    "You add the 1 before you divide; the first window counts whatever the stride is.",
    fails=[PLAIN, DILATED, LIMITS],
)
def plus_one_inside(h, k, stride=1, pad=0, dilation=1):
    return _refuse((h + 2 * pad - dilation * (k - 1)) // stride)


@key.reject(
    "You forget the first window: the filter stands at as many places as it can be moved, and one more.",
    fails=[WORKED, PLAIN, DILATED, LIMITS],
)
def plus_one_forgotten(h, k, stride=1, pad=0, dilation=1):
    return _refuse((h + 2 * pad - dilation * (k - 1) - 1) // stride)


@key.reject("Where the filter does not fit you return a number instead of raising an error.", fails=[SMALL])
def a_number_for_what_does_not_fit(h, k, stride=1, pad=0, dilation=1):
    return max((h + 2 * pad - dilation * (k - 1) - 1) // stride + 1, 0)


@key.reject(
    "You ask whether k places are there; with dilation the filter needs d(k - 1) + 1 of them.",
    fails=[SMALL],
)
def fits_without_its_dilation(h, k, stride=1, pad=0, dilation=1):
    _refuse(h + 2 * pad - k + 1)
    return (h + 2 * pad - dilation * (k - 1) - 1) // stride + 1


@key.reject("Your result is a float; a number of outputs is an integer.", fails=[LIMITS])
def a_float(h, k, stride=1, pad=0, dilation=1):
    return _refuse(np.floor((h + 2 * pad - dilation * (k - 1) - 1) / stride) + 1)


@key.reject(
    "You round towards 0, not down: a filter that is a little too long seems to fit once.",
    fails=[SMALL],
)
def truncated(h, k, stride=1, pad=0, dilation=1):
    return _refuse(int((h + 2 * pad - dilation * (k - 1) - 1) / stride) + 1)
