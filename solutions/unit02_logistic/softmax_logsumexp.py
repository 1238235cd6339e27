"""Answer key: softmax and log-sum-exp along any axis (unit 2)."""

import math

import numpy as np

from autograder.key import N0, Key, close, standard
from dlmath_ref import logsumexp, softmax

key = Key("unit02_logistic/softmax_logsumexp", reference={"logsumexp": logsumexp, "softmax": softmax}, bans=N0)


def agrees(answer, Z, **axis):
    """Both functions on copies of Z."""
    close(answer.softmax(Z.copy(), **axis), softmax(Z, **axis), what="softmax(Z)")
    close(answer.logsumexp(Z.copy(), **axis), logsumexp(Z, **axis), what="logsumexp(Z)")


@key.part("worked", weight=1)
def equal_logits_share_equally(answer, rng):
    for z in (np.zeros(2), np.full(2, 1000.0)):
        close(answer.softmax(z.copy()), np.array([0.5, 0.5]), what="softmax(Z)")
        close(answer.logsumexp(z.copy()), z[0] + np.log(2), what="logsumexp(Z)")


@key.part("core", weight=1)
def softmax_of_vectors_and_matrices(answer, rng):
    for shape in [(5,), (3, 4), (4, 4)]:
        Z = 2 * rng.normal(size=shape)
        close(answer.softmax(Z.copy()), softmax(Z), what="softmax(Z)")


@key.part("core", weight=1)
def logsumexp_of_vectors_and_matrices(answer, rng):
    for shape in [(5,), (3, 4), (4, 4)]:
        Z = 2 * rng.normal(size=shape)
        close(answer.logsumexp(Z.copy()), logsumexp(Z), what="logsumexp(Z)")


@key.part("core", weight=1)
def every_axis_can_be_chosen(answer, rng):
    for axis in (0, 1, -1, 2):
        agrees(answer, 2 * rng.normal(size=(2, 5, 3)), axis=axis)
    agrees(answer, 2 * rng.normal(size=(3, 4)), axis=0)


@key.part("core", weight=1, feedback="Try logits of size 1000.")
def large_logits_do_not_overflow(answer, rng):
    Z = 5e3 * rng.uniform(-1, 1, size=(4, 3))
    Z[0] = [1e4, 1e4 - 1, -1e4]
    agrees(answer, Z)
    agrees(answer, Z, axis=0)


@key.part("core", weight=1, feedback="Try a matrix whose rows differ by thousands.")
def rows_of_very_different_size(answer, rng):
    agrees(answer, rng.normal(size=(4, 3)) + np.array([[0.0], [5e3], [-5e3], [1e4]]))


@key.part("edge", weight=1)
def square_matrices_and_axes_of_length_one(answer, rng):
    Z = 2 * rng.normal(size=(4, 4))
    agrees(answer, Z, axis=0)
    agrees(answer, Z, axis=1)
    agrees(answer, rng.normal(size=(3, 1)), axis=1)
    agrees(answer, rng.normal(size=(1, 3)), axis=0)
    agrees(answer, rng.normal(size=(2, 1, 3)))


@key.part("edge", weight=1)
def inputs_stay_unchanged_in_any_dtype_and_layout(answer, rng):
    Z = 2 * rng.normal(size=(3, 4))
    for axis in (-1, 0):
        standard(answer.softmax, (Z, axis), softmax, what="softmax(Z)")
        standard(answer.logsumexp, (Z, axis), logsumexp, what="logsumexp(Z)")


@key.accept
class ByLogaddexp:
    @staticmethod
    def logsumexp(Z, axis=-1):
        return np.logaddexp.reduce(Z, axis=axis)

    @staticmethod
    def softmax(Z, axis=-1):
        return np.exp(Z - np.expand_dims(np.logaddexp.reduce(Z, axis=axis), axis))


@key.accept
class RowByRow:
    @staticmethod
    def logsumexp(Z, axis=-1):
        def one(z):
            return z.max() + math.log(sum(math.exp(t - z.max()) for t in z))

        return np.apply_along_axis(one, axis, Z)

    @staticmethod
    def softmax(Z, axis=-1):
        P = np.moveaxis(Z.copy(), axis, -1)
        for place in np.ndindex(P.shape[:-1]):
            e = np.exp(P[place] - P[place].max())
            P[place] = e / e.sum()
        return np.moveaxis(P, -1, axis)


@key.accept
class InFortranOrder:
    @staticmethod
    def logsumexp(Z, axis=-1):
        Z = np.swapaxes(Z, axis, 0)
        m = np.max(Z, 0)
        lse = m + np.log(np.sum(np.exp(Z - m), 0))
        return np.array(np.expand_dims(lse, 0).swapaxes(axis, 0).squeeze(axis), order="F")

    @staticmethod
    def softmax(Z, axis=-1):
        E = np.exp(Z - np.amax(Z, axis=axis, keepdims=True))
        return np.array(E / np.sum(E, axis=axis, keepdims=True), order="F")


@key.reject(
    "Your exponentials overflow: the maximum must be subtracted before exp is taken.",
    fails=["equal_logits_share_equally", "large_logits_do_not_overflow", "rows_of_very_different_size"],
)
class Overflow:
    @staticmethod
    def logsumexp(Z, axis=-1):
        return np.log(np.exp(Z).sum(axis))

    @staticmethod
    def softmax(Z, axis=-1):
        return np.exp(Z) / np.exp(Z).sum(axis, keepdims=True)


@key.reject(
    "You subtract one maximum of the whole array. Small rows then underflow to 0: each row needs its own maximum.",
    fails=["large_logits_do_not_overflow", "rows_of_very_different_size"],
)
class GlobalMax:
    @staticmethod
    def logsumexp(Z, axis=-1):
        return Z.max() + np.log(np.exp(Z - Z.max()).sum(axis))

    @staticmethod
    def softmax(Z, axis=-1):
        E = np.exp(Z - Z.max())
        return E / E.sum(axis, keepdims=True)


@key.reject(
    "Your functions do not use the argument `axis`.",
    fails=[
        "every_axis_can_be_chosen",
        "large_logits_do_not_overflow",
        "square_matrices_and_axes_of_length_one",
        "inputs_stay_unchanged_in_any_dtype_and_layout",
    ],
)
class AxisIgnored:
    @staticmethod
    def logsumexp(Z, axis=-1):
        return np.logaddexp.reduce(Z, axis=-1)

    @staticmethod
    def softmax(Z, axis=-1):
        E = np.exp(Z - Z.max(-1, keepdims=True))
        return E / E.sum(-1, keepdims=True)


@key.reject(
    "Your softmax sums to 1 over the whole array; it must sum to 1 along `axis`.",
    fails=[
        "softmax_of_vectors_and_matrices",
        "every_axis_can_be_chosen",
        "large_logits_do_not_overflow",
        "rows_of_very_different_size",
        "square_matrices_and_axes_of_length_one",
        "inputs_stay_unchanged_in_any_dtype_and_layout",
    ],
    function="softmax",
)
def normalise_everything(Z, axis=-1):
    E = np.exp(Z - Z.max(axis, keepdims=True))
    return E / E.sum()


@key.reject(
    "Your log-sum-exp lacks the maximum that you subtracted: it must be added again after the log.",
    fails=[
        "equal_logits_share_equally",
        "logsumexp_of_vectors_and_matrices",
        "every_axis_can_be_chosen",
        "large_logits_do_not_overflow",
        "rows_of_very_different_size",
        "square_matrices_and_axes_of_length_one",
        "inputs_stay_unchanged_in_any_dtype_and_layout",
    ],
    function="logsumexp",
)
def max_not_added_back(Z, axis=-1):
    return np.log(np.exp(Z - Z.max(axis, keepdims=True)).sum(axis))


IN_PLACE = "Your function changes its input array: work on a new array."


@key.reject(IN_PLACE, fails=["inputs_stay_unchanged_in_any_dtype_and_layout"], function="softmax")
def in_place(Z, axis=-1):
    Z -= Z.max(axis, keepdims=True)
    E = np.exp(Z)
    return E / E.sum(axis, keepdims=True)


@key.reject(IN_PLACE, fails=["inputs_stay_unchanged_in_any_dtype_and_layout"], function="logsumexp")
def in_place_logsumexp(Z, axis=-1):
    m = Z.max(axis, keepdims=True)
    Z -= m
    return np.squeeze(m, axis) + np.log(np.exp(Z).sum(axis))


@key.reject(
    "Your log-sum-exp keeps the axis that it sums over; that axis must go.",
    fails=[
        "equal_logits_share_equally",
        "logsumexp_of_vectors_and_matrices",
        "every_axis_can_be_chosen",
        "large_logits_do_not_overflow",
        "rows_of_very_different_size",
        "square_matrices_and_axes_of_length_one",
        "inputs_stay_unchanged_in_any_dtype_and_layout",
    ],
    function="logsumexp",
)
def axis_kept(Z, axis=-1):
    m = Z.max(axis, keepdims=True)
    return m + np.log(np.exp(Z - m).sum(axis, keepdims=True))


@key.reject(
    "Your softmax returns logarithms of probabilities, not probabilities.",
    fails=[
        "equal_logits_share_equally",
        "softmax_of_vectors_and_matrices",
        "every_axis_can_be_chosen",
        "large_logits_do_not_overflow",
        "rows_of_very_different_size",
        "square_matrices_and_axes_of_length_one",
        "inputs_stay_unchanged_in_any_dtype_and_layout",
    ],
    function="softmax",
)
def log_softmax(Z, axis=-1):
    return Z - np.expand_dims(np.logaddexp.reduce(Z, axis=axis), axis)
