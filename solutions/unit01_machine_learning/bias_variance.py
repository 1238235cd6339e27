"""Answer key: bias, variance and noise from the predictions of many models (unit 1)."""

import numpy as np

from autograder.key import N0, Key, Tolerance, check, close, standard
from dlmath_ref import bias_variance

key = Key("unit01_machine_learning/bias_variance", reference=bias_variance, bans=N0)

NAMES = ("bias²", "the variance", "the total")
SHAPES = [(5, 3), (4, 4), (2, 7)]
ANY_NUMBERS = Tolerance("any numbers", rtol=0.0, atol=np.inf)


def models(rng, R, m):
    """Predictions, truth and noise; the mean prediction is too high at every second point, too low at the others."""
    f = rng.uniform(2, 4, size=m) * np.arange(1, m + 1)
    off = np.where(np.arange(m) % 2, -1, 1) * rng.uniform(1, 2, size=m)
    spread = rng.permuted(np.linspace(-1, 1, R)[:, None] * rng.uniform(0.5, 2, size=m), axis=0)
    return f + off + spread, f, float(rng.uniform(0.3, 0.7))


def triple(got):
    check(type(got) in (tuple, list) and len(got) == 3, "bias_variance must return three numbers: bias², var, total.")
    return got


@key.part("worked", weight=1)
def two_models_at_two_points(answer, rng):
    preds = np.array([[1.0, 4.0], [3.0, 4.0]])
    close(answer(preds, np.array([1.0, 5.0]), 0.25), (1.0, 0.5, 1.75), what=NAMES)


@key.part("core", weight=2)
def the_squared_bias_agrees(answer, rng):
    for R, m in SHAPES:
        preds, f, sigma2 = models(rng, R, m)
        close(triple(answer(preds.copy(), f.copy(), sigma2))[0], bias_variance(preds, f, sigma2)[0], what=NAMES[0])


@key.part("core", weight=1)
def the_variance_agrees(answer, rng):
    for R, m in SHAPES:
        preds, f, sigma2 = models(rng, R, m)
        close(triple(answer(preds.copy(), f.copy(), sigma2))[1], bias_variance(preds, f, sigma2)[1], what=NAMES[1])


@key.part("core", weight=1)
def the_total_is_the_error_of_a_new_observation(answer, rng):
    for R, m in SHAPES:
        preds, f, sigma2 = models(rng, R, m)
        noise = np.sqrt(sigma2) * np.array([-1.0, 1.0])  # all the noise there is: its variance is sigma2
        error = float(np.mean((f[:, None] + noise - preds[:, :, None]) ** 2))
        close(triple(answer(preds.copy(), f.copy(), sigma2))[2], error, what=NAMES[2])


@key.part("core", weight=1)
def bias_and_variance_add_up_to_the_mean_squared_error(answer, rng):
    for R, m in SHAPES:
        preds, f, sigma2 = models(rng, R, m)
        got = triple(answer(preds.copy(), f.copy(), sigma2))
        close(got, (1.0, 1.0, 1.0), ANY_NUMBERS, what=NAMES)
        close(got[0] + got[1], float(np.mean((preds - f) ** 2)), what="bias² + variance")


@key.part("edge", weight=0.5)
def a_single_model_and_models_that_agree(answer, rng):
    preds, f, sigma2 = models(rng, 3, 4)
    for equal in (preds[:1], np.tile(np.round(preds[:1]), (2, 1))):
        close(answer(equal.copy(), f.copy(), sigma2), bias_variance(equal, f, sigma2), what=NAMES)


@key.part("edge", weight=0.5)
def inputs_stay_unchanged_in_any_dtype_and_layout(answer, rng):
    standard(answer, models(rng, 4, 3), bias_variance, what=NAMES)


@key.accept
def by_the_mean_of_squares(preds, f, sigma2):
    mean = preds.mean(axis=0)
    bias2, var = np.mean(mean**2 - 2 * mean * f + f**2), np.mean(np.mean(preds**2, axis=0) - mean**2)
    return bias2, var, bias2 + var + sigma2


@key.accept
def by_loops(preds, f, sigma2):
    R, m = preds.shape
    bias2 = var = 0.0
    for j in range(m):
        mean = sum(preds[r, j] for r in range(R)) / R
        bias2 += (mean - f[j]) ** 2 / m
        var += sum((preds[r, j] - mean) ** 2 for r in range(R)) / (R * m)
    return bias2, var, bias2 + var + sigma2


@key.accept
def by_the_whole_error_first(preds, f, sigma2):
    error = np.mean((preds - f) ** 2)
    var = np.var(preds, axis=0).mean()
    return [error - var, var, error + sigma2]


@key.accept
def by_norms(preds, f, sigma2):
    R, m = preds.shape
    mean = np.ones(R) @ preds / R
    bias2, var = np.linalg.norm(mean - f) ** 2 / m, np.linalg.norm(preds - mean) ** 2 / preds.size
    return np.array(bias2), np.array(var), np.array(bias2 + var + sigma2)


HAND, BIAS, VARIANCE = "two_models_at_two_points", "the_squared_bias_agrees", "the_variance_agrees"
TOTAL, SUM = "the_total_is_the_error_of_a_new_observation", "bias_and_variance_add_up_to_the_mean_squared_error"
EQUAL, LAYOUT = "a_single_model_and_models_that_agree", "inputs_stay_unchanged_in_any_dtype_and_layout"


def _three(bias2, var, sigma2):
    return bias2, var, bias2 + var + sigma2


def _bias2(preds, f):
    return np.mean((preds.mean(axis=0) - f) ** 2)


@key.reject(
    "Your variance divides by R - 1: with it the terms no longer add up to the mean squared error.",
    fails=[HAND, VARIANCE, TOTAL, SUM, EQUAL, LAYOUT],
)
def ddof1(preds, f, sigma2):
    with np.errstate(all="ignore"):
        deviations = np.sum((preds - preds.mean(axis=0)) ** 2, axis=0) / np.subtract(len(preds), 1.0)
    return _three(_bias2(preds, f), np.mean(deviations), sigma2)


@key.reject(
    "You average along the wrong axis: the mean prediction at a point is over the models, the rows of preds.",
    fails=[HAND, BIAS, VARIANCE, TOTAL, SUM, EQUAL, LAYOUT],
)
def wrong_axis(preds, f, sigma2):
    return _three(np.mean((preds.mean(axis=1) - f) ** 2), np.mean(preds.var(axis=1)), sigma2)


@key.reject(
    "Your variance is over the points instead of the models.", fails=[HAND, VARIANCE, TOTAL, SUM, EQUAL, LAYOUT]
)
def variance_over_points(preds, f, sigma2):
    return _three(_bias2(preds, f), np.mean(preds.var(axis=1)), sigma2)


@key.reject(
    "Your variance is that of all predictions together: it must be taken at each point, then averaged.",
    fails=[HAND, VARIANCE, TOTAL, SUM, EQUAL, LAYOUT],
)
def variance_of_everything(preds, f, sigma2):
    return _three(_bias2(preds, f), np.var(preds), sigma2)


@key.reject("Your total lacks the noise σ², the error that no model can avoid.", fails=[HAND, TOTAL, EQUAL, LAYOUT])
def noise_omitted(preds, f, sigma2):
    return _three(_bias2(preds, f), np.mean(preds.var(axis=0)), 0)


@key.reject(
    "You average over the points before you square: errors of different sign cancel. Square the bias at each point.",
    fails=[HAND, BIAS, TOTAL, SUM, EQUAL, LAYOUT],
)
def bias_of_grand_mean(preds, f, sigma2):
    return _three((preds.mean() - f.mean()) ** 2, np.mean(preds.var(axis=0)), sigma2)


@key.reject(
    "You average the modulus of the bias; it is squared at each point.", fails=[BIAS, TOTAL, SUM, EQUAL, LAYOUT]
)
def modulus_of_the_bias(preds, f, sigma2):
    return _three(np.mean(np.abs(preds.mean(axis=0) - f)), np.mean(preds.var(axis=0)), sigma2)


@key.reject(
    "You average standard deviations; the variance is their square, taken at each point.",
    fails=[VARIANCE, TOTAL, SUM, LAYOUT],
)
def standard_deviation(preds, f, sigma2):
    return _three(_bias2(preds, f), np.mean(preds.std(axis=0)), sigma2)


@key.reject("Your total counts the noise σ² twice.", fails=[HAND, TOTAL, EQUAL, LAYOUT])
def total_from_noisy_square(preds, f, sigma2):
    return *_three(_bias2(preds, f), np.mean(preds.var(axis=0)), sigma2)[:2], np.mean((preds - f) ** 2) + 2 * sigma2


@key.reject("You square the noise again: sigma2 already is σ².", fails=[HAND, TOTAL, EQUAL, LAYOUT])
def noise_squared_again(preds, f, sigma2):
    return _three(_bias2(preds, f), np.mean(preds.var(axis=0)), sigma2**2)


@key.reject(
    "Your bias² is the whole mean squared error: average the predictions over the models first.",
    fails=[HAND, BIAS, TOTAL, SUM, LAYOUT],
)
def error_as_bias(preds, f, sigma2):
    return _three(np.mean((preds - f) ** 2), np.mean(preds.var(axis=0)), sigma2)


@key.reject(
    "You add up over the points; bias² and variance are averages over them.",
    fails=[HAND, BIAS, VARIANCE, TOTAL, SUM, EQUAL, LAYOUT],
)
def sums_over_points(preds, f, sigma2):
    m = len(f)
    return _three(m * _bias2(preds, f), m * np.mean(preds.var(axis=0)), sigma2)
