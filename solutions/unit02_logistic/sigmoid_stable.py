"""Answer key: the sigmoid and its logarithm without overflow (unit 2)."""

import math

import numpy as np

from autograder.key import N0, Key, Tolerance, close, standard
from dlmath_ref import log_sigmoid, sigmoid

key = Key("unit02_logistic/sigmoid_stable", reference={"sigmoid": sigmoid, "log_sigmoid": log_sigmoid}, bans=N0)

LAST_DIGITS = Tolerance("last digits", 0.0, 1e-14)  # of a probability near 1; a tanh gives 0 for σ(-40) = 4e-18


@key.part("worked", weight=1)
def one_half_at_zero_and_finite_at_1000(answer, rng):
    z = np.array([0.0, 1000.0, -1000.0])
    close(answer.sigmoid(z.copy()), np.array([0.5, 1.0, 0.0]), what="sigmoid(z)")
    close(answer.log_sigmoid(z.copy()), np.array([-np.log(2), 0.0, -1000.0]), what="log_sigmoid(z)")


@key.part("core", weight=1)
def sigmoid_agrees_with_the_reference(answer, rng):
    for shape in [(7,), (3, 5), (2, 4, 3), (4, 4)]:
        z = 3 * rng.normal(size=shape)
        close(answer.sigmoid(z.copy()), sigmoid(z), what="sigmoid(z)")
        close(answer.sigmoid(-z), 1 - sigmoid(z), what="sigmoid(-z)")


@key.part("core", weight=1)
def log_sigmoid_agrees_with_the_reference(answer, rng):
    for shape in [(7,), (3, 5), (2, 4, 3), (4, 4)]:
        z = 3 * rng.normal(size=shape)
        close(answer.log_sigmoid(z.copy()), log_sigmoid(z), what="log_sigmoid(z)")


@key.part("core", weight=1, feedback="Try arguments of size 1000, of both signs.")
def huge_arguments_give_exact_values(answer, rng):
    size = np.array([1.0, 40.0, 745.0, 800.0, 1e3, 1e4])
    z = np.concatenate([-size, [0.0], size])
    close(answer.sigmoid(z.copy()), sigmoid(z), LAST_DIGITS, what="sigmoid(z)")
    close(answer.log_sigmoid(z.copy()), log_sigmoid(z), what="log_sigmoid(z)")


@key.part("edge", weight=1)
def a_single_number_is_an_array_too(answer, rng):
    for value in (-0.75, 1.5):
        close(answer.sigmoid(np.array(value)), sigmoid(value), what="sigmoid(z) of a 0-d array")
        close(answer.log_sigmoid(np.array(value)), log_sigmoid(value), what="log_sigmoid(z) of a 0-d array")


@key.part("edge", weight=1)
def inputs_stay_unchanged_in_any_dtype_and_layout(answer, rng):
    z = 2 * rng.normal(size=(4, 3))
    single = np.array([-200, -100, 0, 100, 200], np.float32)
    for name, reference in (("sigmoid", sigmoid), ("log_sigmoid", log_sigmoid)):
        f = getattr(answer, name)
        standard(f, (z,), reference, what=f"{name}(z)")
        close(f(single.copy()), reference(single), what=f"{name}(z) of float32")


@key.accept
class TwoBranches:
    @staticmethod
    def sigmoid(z):
        e = np.exp(-np.abs(z))
        return np.where(z >= 0, 1 / (1 + e), e / (1 + e))

    @staticmethod
    def log_sigmoid(z):
        return np.minimum(z, 0) - np.log1p(np.exp(-np.abs(z)))


@key.accept
class Masks:
    @staticmethod
    def sigmoid(z):
        out = np.empty_like(z)
        positive = z >= 0
        out[positive] = 1 / (1 + np.exp(-z[positive]))
        e = np.exp(z[~positive])
        out[~positive] = e / (1 + e)
        return out

    @staticmethod
    def log_sigmoid(z):
        out = np.empty_like(z)
        positive = z >= 0
        out[positive] = -np.log1p(np.exp(-z[positive]))
        out[~positive] = z[~positive] - np.log1p(np.exp(z[~positive]))
        return out


@key.accept("log_sigmoid")
def by_logaddexp(z):
    return -np.logaddexp(0, -z)


@key.accept
class NaiveSigmoidThatOverflowsToTheRightValue:
    @staticmethod
    def sigmoid(z):
        return 1 / (1 + np.exp(-z))

    @staticmethod
    def log_sigmoid(z):
        return np.where(z < 0, z, 0) - np.log(1 + np.exp(-np.abs(z)))


@key.accept("sigmoid")
def by_tanh(z):
    return np.array(0.5 * (1 + np.tanh(0.5 * z)), order="F")


@key.accept("sigmoid")
def clipped_where_it_cannot_be_seen(z):
    return 1 / (1 + np.exp(-np.clip(z, -500, 500)))


@key.accept("sigmoid")
def by_the_logarithm(z):
    return np.exp(-np.logaddexp(0, -z))


@key.accept
class EntryByEntry:
    @staticmethod
    def sigmoid(z):
        def one(t):
            return 1 / (1 + math.exp(-t)) if t > -700 else 0.0

        return np.array([one(float(t)) for t in z.ravel()]).reshape(z.shape)

    @staticmethod
    def log_sigmoid(z):
        def one(t):
            return -math.log1p(math.exp(-t)) if t > 0 else t - math.log1p(math.exp(t))

        return np.array([one(float(t)) for t in z.ravel()]).reshape(z.shape)


# What an answer fails that is right but for large arguments.
LARGE_VALUES = [
    "one_half_at_zero_and_finite_at_1000",
    "huge_arguments_give_exact_values",
    "inputs_stay_unchanged_in_any_dtype_and_layout",
]
LOG_OF_ZERO = (
    "You take the logarithm of a sigmoid that has underflowed to 0. Rewrite log σ(z) so that the log never sees 0."
)


@key.reject(LOG_OF_ZERO, fails=LARGE_VALUES, function="log_sigmoid")
def log_of_sigmoid(z):
    e = np.exp(-np.abs(z))
    return np.log(np.where(z >= 0, 1 / (1 + e), e / (1 + e)))


@key.reject(LOG_OF_ZERO, fails=LARGE_VALUES)
class LogOfTheTextbookSigmoid:
    @staticmethod
    def sigmoid(z):
        return 1 / (1 + np.exp(-z))

    @staticmethod
    def log_sigmoid(z):
        return np.log(1 / (1 + np.exp(-z)))


@key.reject(
    "Your sigmoid computes e^z for large positive z, which overflows, and inf/inf is nan.",
    fails=LARGE_VALUES,
    function="sigmoid",
)
def exp_over_one_plus_exp(z):
    return np.exp(z) / (1 + np.exp(z))


CLIPPED = "You clip z, which changes the value: log σ(-800) is -800, not the value at your clipping bound."


@key.reject(CLIPPED, fails=LARGE_VALUES, function="log_sigmoid")
def clip_30(z):
    z = np.clip(z, -30, 30)
    return np.minimum(z, 0) - np.log1p(np.exp(-np.abs(z)))


@key.reject(
    CLIPPED, fails=["one_half_at_zero_and_finite_at_1000", "huge_arguments_give_exact_values"], function="log_sigmoid"
)
def clip_500(z):
    z = np.clip(z, -500, 500)
    return np.minimum(z, 0) - np.log1p(np.exp(-np.abs(z)))


CLIPPED_SIGMOID = "Your sigmoid clips z, which changes the value: σ(-800) is 0, not the value at your clipping bound."


@key.reject(CLIPPED_SIGMOID, fails=["huge_arguments_give_exact_values"], function="sigmoid")
def sigmoid_clip_20(z):
    return 1 / (1 + np.exp(-np.clip(z, -20, 20)))


@key.reject(CLIPPED_SIGMOID, fails=["huge_arguments_give_exact_values"], function="sigmoid")
def sigmoid_clip_30(z):
    return 1 / (1 + np.exp(-np.clip(z, -30, 30)))


TANH = "Your sigmoid is a tanh that is not rescaled: σ needs half the argument, and values between 0 and 1."


@key.reject(
    TANH,
    fails=[
        "one_half_at_zero_and_finite_at_1000",
        "sigmoid_agrees_with_the_reference",
        "huge_arguments_give_exact_values",
        "a_single_number_is_an_array_too",
        "inputs_stay_unchanged_in_any_dtype_and_layout",
    ],
    function="sigmoid",
)
def tanh_not_rescaled(z):
    return np.tanh(z)


@key.reject(
    TANH,
    fails=[
        "sigmoid_agrees_with_the_reference",
        "huge_arguments_give_exact_values",
        "a_single_number_is_an_array_too",
        "inputs_stay_unchanged_in_any_dtype_and_layout",
    ],
    function="sigmoid",
)
def tanh_of_the_whole_argument(z):
    return (1 + np.tanh(z)) / 2


@key.reject(
    "Your log_sigmoid is positive. The logarithm of a probability never is: look at the sign of the softplus.",
    fails=[
        "one_half_at_zero_and_finite_at_1000",
        "log_sigmoid_agrees_with_the_reference",
        "huge_arguments_give_exact_values",
        "a_single_number_is_an_array_too",
        "inputs_stay_unchanged_in_any_dtype_and_layout",
    ],
    function="log_sigmoid",
)
def softplus_sign(z):
    return np.logaddexp(0, -z)


@key.reject(
    "Your log_sigmoid is the logarithm of 1 - σ(z): the sign of z is wrong in it.",
    fails=[
        "one_half_at_zero_and_finite_at_1000",
        "log_sigmoid_agrees_with_the_reference",
        "huge_arguments_give_exact_values",
        "a_single_number_is_an_array_too",
        "inputs_stay_unchanged_in_any_dtype_and_layout",
    ],
    function="log_sigmoid",
)
def log_of_the_complement(z):
    return -np.logaddexp(0, z)


@key.reject(
    "Your sigmoid falls from 1 to 0: the sign of z in the exponent is wrong.",
    fails=[
        "one_half_at_zero_and_finite_at_1000",
        "sigmoid_agrees_with_the_reference",
        "huge_arguments_give_exact_values",
        "a_single_number_is_an_array_too",
        "inputs_stay_unchanged_in_any_dtype_and_layout",
    ],
    function="sigmoid",
)
def falling(z):
    return 1 / (1 + np.exp(z))


key.equivalent("np.asarray(z) >= 0 -> np.asarray(z) > 0", "At z = 0 both branches give one half.")
key.equivalent("np.minimum(z, 0.0) -> np.minimum(0.0, z)", "minimum is symmetric in its arguments.")
