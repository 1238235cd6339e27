"""Answer key: convolution and cross-correlation as matrices (unit 5).

The filters have entries of different sizes, so that no drawn filter is nearly symmetric or has an entry near 0.
"""

import numpy as np

from autograder.key import N0, Bans, Key, check, close, standard
from dlmath_ref import conv_toeplitz, corr_valid_matrix

key = Key(
    "unit05_convolution/conv1d_toeplitz",
    reference={"conv_toeplitz": conv_toeplitz, "corr_valid_matrix": corr_valid_matrix},
    bans=N0 | Bans(calls={"numpy.convolve", "numpy.correlate"}),
)

CASES = [(3, 6), (2, 3), (4, 5)]  # length of the filter, of the signal
T, M = "the matrix of the convolution", "the matrix of the correlation"


def a_filter(rng, k):
    """k entries whose sizes differ by at least 1/2, of either sign."""
    return (rng.permutation(k) + rng.uniform(1, 1.5, size=k)) * rng.choice([-1, 1], size=k)


@key.part("worked", weight=1)
def both_matrices_of_a_filter_of_two(answer, rng):
    w = np.array([1.0, 2.0])
    close(answer.conv_toeplitz(w.copy(), 2), np.array([[1.0, 0], [2, 1], [0, 2]]), what=T)
    close(answer.corr_valid_matrix(w.copy(), 3), np.array([[1.0, 2, 0], [0, 1, 2]]), what=M)


@key.part("core", weight=1)
def the_full_convolution_has_every_output(answer, rng):
    for k, n in CASES:
        got = answer.conv_toeplitz(a_filter(rng, k), n)
        right = type(got) is np.ndarray and got.shape == (n + k - 1, n)
        check(right, "The matrix of the full convolution must have n + k - 1 rows and n columns.")


@key.part("core", weight=2)
def the_convolution_reverses_the_filter(answer, rng):
    for k, n in CASES:
        w = a_filter(rng, k)
        close(answer.conv_toeplitz(w.copy(), n), conv_toeplitz(w, n), what=T)


@key.part("core", weight=2)
def the_correlation_keeps_the_filter_as_it_is(answer, rng):
    for k, n in CASES:
        w = a_filter(rng, k)
        close(answer.corr_valid_matrix(w.copy(), n), corr_valid_matrix(w, n), what=M)


@key.part("core", weight=1, feedback="Reverse the filter and leave the first and last k - 1 outputs away.")
def the_correlation_is_a_part_of_a_convolution(answer, rng):
    w = a_filter(rng, 3)
    whole, part = answer.conv_toeplitz(w[::-1].copy(), 7), answer.corr_valid_matrix(w.copy(), 7)
    good = all(type(m) is np.ndarray and m.ndim == 2 for m in (whole, part))
    check(good, "Both functions must return a matrix.")
    close(part, whole[2:-2], what="the matrix of the correlation, compared with your own convolution")


@key.part("edge", weight=0.5)
def filters_of_one_entry_and_symmetric_filters(answer, rng):
    for w in (a_filter(rng, 1), a_filter(rng, 3)[[0, 1, 0]]):
        close(answer.conv_toeplitz(w.copy(), 4), conv_toeplitz(w, 4), what=T)
        close(answer.corr_valid_matrix(w.copy(), 4), corr_valid_matrix(w, 4), what=M)


@key.part("edge", weight=0.5)
def filters_as_long_as_the_signal_or_longer(answer, rng):
    for k, n in [(4, 2), (3, 3), (5, 1)]:
        w = a_filter(rng, k)
        close(answer.conv_toeplitz(w.copy(), n), conv_toeplitz(w, n), what=T)
    for k in (3, 1):
        w = a_filter(rng, k)
        close(answer.corr_valid_matrix(w.copy(), k), corr_valid_matrix(w, k), what=M)


@key.part("edge", weight=1)
def inputs_stay_unchanged_in_any_dtype_and_layout(answer, rng):
    w = a_filter(rng, 3)
    standard(answer.conv_toeplitz, (w, 5), conv_toeplitz, what=T)
    standard(answer.corr_valid_matrix, (w, 5), corr_valid_matrix, what=M)


@key.accept
class ByDiagonals:
    @staticmethod
    def conv_toeplitz(w, n):
        return sum(w[a] * np.eye(n + len(w) - 1, n, -a) for a in range(len(w)))

    @staticmethod
    def corr_valid_matrix(w, n):
        return sum(w[a] * np.eye(n - len(w) + 1, n, a) for a in range(len(w)))


@key.accept
class ByShiftedFilters:
    @staticmethod
    def conv_toeplitz(w, n):
        first = np.concatenate([w, np.zeros(n - 1)])
        return np.column_stack([np.roll(first, j) for j in range(n)])

    @staticmethod
    def corr_valid_matrix(w, n):
        first = np.concatenate([w, np.zeros(n - len(w))])
        return np.array([np.roll(first, i) for i in range(n - len(w) + 1)])


@key.accept
class ByStrideTricks:
    @staticmethod
    def conv_toeplitz(w, n):
        zeros = np.zeros(n - 1)
        return np.lib.stride_tricks.sliding_window_view(np.concatenate([zeros, w[::-1], zeros]), n)[::-1]

    @staticmethod
    def corr_valid_matrix(w, n):
        zeros = np.zeros(n - len(w))
        return np.lib.stride_tricks.sliding_window_view(np.concatenate([zeros, w, zeros]), n)[::-1]


@key.accept
class EntryByEntry:
    @staticmethod
    def conv_toeplitz(w, n):
        k = len(w)
        rows = [[w[i - j] if 0 <= i - j < k else 0.0 for j in range(n)] for i in range(n + k - 1)]
        return np.array(rows, order="F")

    @staticmethod
    def corr_valid_matrix(w, n):
        k = len(w)
        return np.array([[w[j - i] if 0 <= j - i < k else 0.0 for j in range(n)] for i in range(n - k + 1)])


@key.accept("corr_valid_matrix")
def by_answers_to_unit_signals(w, n):
    unit = np.eye(n)
    return sum(w[a] * unit[a : n - len(w) + 1 + a] for a in range(len(w)))


FULL, KEEPS = "the_convolution_reverses_the_filter", "the_correlation_keeps_the_filter_as_it_is"
SLICE = "the_correlation_is_a_part_of_a_convolution"
LONG = "filters_as_long_as_the_signal_or_longer"
ONE = "filters_of_one_entry_and_symmetric_filters"
ALWAYS = ["both_matrices_of_a_filter_of_two", "inputs_stay_unchanged_in_any_dtype_and_layout", LONG]
SIZE = "the_full_convolution_has_every_output"


def _diagonals(w, rows, columns, first):
    """Entry a of w on diagonal first + a."""
    return sum(w[a] * np.eye(rows, columns, first + a) for a in range(len(w)))


FLIPPED = (
    "Your matrix is that of the correlation: a convolution reverses the filter, output i takes w_{i-j} from input j."
)


@key.reject(FLIPPED, fails=[*ALWAYS, FULL, SLICE], function="conv_toeplitz")
def convolution_does_not_flip(w, n):
    return _diagonals(w, n + len(w) - 1, n, 1 - len(w))


UNFLIPPED = "Your matrix is that of a convolution: the correlation takes the filter as it is, without reversing it."


@key.reject(UNFLIPPED, fails=[*ALWAYS, KEEPS, SLICE], function="corr_valid_matrix")
def correlation_flips(w, n):
    return _diagonals(w[::-1], n - len(w) + 1, n, 0)


@key.reject(
    "Your two matrices have exchanged their filters: the convolution reverses w, the correlation does not.",
    fails=[*ALWAYS, FULL, KEEPS],
)
class BothFlipped:
    @staticmethod
    def conv_toeplitz(w, n):
        return _diagonals(w, n + len(w) - 1, n, 1 - len(w))

    @staticmethod
    def corr_valid_matrix(w, n):
        return _diagonals(w[::-1], n - len(w) + 1, n, 0)


@key.reject(
    "Your convolution has the outputs inside the signal only; the full one has n + k - 1 of them.",
    fails=[*ALWAYS, SIZE, FULL, SLICE, ONE],
    function="conv_toeplitz",
)
def valid_only(w, n):
    return _diagonals(w[::-1], n - len(w) + 1, n, 0)


@key.reject(
    "The last k - 1 outputs of your convolution are missing: the echo goes on after the signal has ended.",
    fails=[*ALWAYS, SIZE, FULL, SLICE, ONE],
    function="conv_toeplitz",
)
def same_size(w, n):
    return _diagonals(w[::-1], n, n, 1 - len(w))


@key.reject(
    "Your correlation has one output for each input; it has one only where the whole filter lies inside: n - k + 1.",
    fails=[*ALWAYS, KEEPS, SLICE, ONE],
    function="corr_valid_matrix",
)
def correlation_of_the_same_size(w, n):
    return _diagonals(w, n, n, 0)


@key.reject(
    "The last window of your correlation is missing: there are n - k + 1 of them.",
    fails=[*ALWAYS, KEEPS, SLICE, ONE],
    function="corr_valid_matrix",
)
def last_window_missing(w, n):
    return _diagonals(w, n - len(w), n, 0)


WRAPS = "The entries of your matrix wrap around its edge; outside of the signal there are zeros, not the other end."


@key.reject(WRAPS, fails=[*ALWAYS, SIZE, FULL, SLICE, ONE], function="conv_toeplitz")
def circulant(w, n):
    return np.array([[sum(w[a] for a in range(len(w)) if (i - a - j) % n == 0) for j in range(n)] for i in range(n)])


@key.reject(WRAPS, fails=[*ALWAYS, KEEPS, SLICE, ONE], function="corr_valid_matrix")
def circulant_correlation(w, n):
    return np.array([[sum(w[a] for a in range(len(w)) if (i + a - j) % n == 0) for j in range(n)] for i in range(n)])


TURNED = "Your matrix is transposed: rows are outputs, columns are inputs."


@key.reject(TURNED, fails=[*ALWAYS, SIZE, FULL, SLICE, ONE], function="conv_toeplitz")
def convolution_transposed(w, n):
    return _diagonals(w[::-1], n + len(w) - 1, n, 1 - len(w)).T


@key.reject(TURNED, fails=[*ALWAYS, KEEPS, SLICE, ONE], function="corr_valid_matrix")
def correlation_transposed(w, n):
    return _diagonals(w, n - len(w) + 1, n, 0).T


@key.reject(TURNED, fails=[*ALWAYS, SIZE, FULL, KEEPS, SLICE, ONE])
class BothTransposed:
    @staticmethod
    def conv_toeplitz(w, n):
        return _diagonals(w[::-1], n + len(w) - 1, n, 1 - len(w)).T

    @staticmethod
    def corr_valid_matrix(w, n):
        return _diagonals(w, n - len(w) + 1, n, 0).T
