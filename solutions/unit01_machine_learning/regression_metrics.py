"""Answer key: squared, absolute and Huber error, and R² (unit 1)."""

import numpy as np

from autograder.key import N0, Key, check, close, standard
from dlmath_ref import regression_metrics

key = Key("unit01_machine_learning/regression_metrics", reference=regression_metrics, bans=N0)


def measure(got, name):
    """One entry of the dictionary."""
    check(type(got) is dict, "regression_metrics must return a dictionary.")
    check(name in got, f'The key "{name}" is missing.')
    return got[name]


def biased(rng, n, slope=0.3, bias=1.0):
    """Targets with spread near 2, and predictions of another spread that are wrong on average."""
    y = 5 + 2 * rng.permutation(np.linspace(-1.5, 1.5, n)) + 0.1 * rng.normal(size=n)
    return y, 5 + slope * (y - 5) + bias + 0.2 * rng.uniform(-1, 1, size=n)


def around(rng, n, delta):
    """Targets, and predictions with errors clearly below and clearly above delta, of both signs."""
    size = delta * np.where(np.arange(n) % 2, rng.uniform(0.3, 0.8, size=n), rng.uniform(1.5, 4, size=n))
    y = 3 + rng.normal(size=n)
    return y, y + rng.permutation(size * np.where(np.arange(n) % 3, 1, -1))


@key.part("worked", weight=1)
def one_error_of_two(answer, rng):
    y, yhat = np.array([1.0, 2.0, 3.0]), np.array([1.0, 2.0, 5.0])
    close(answer(y, yhat), {"mse": 4 / 3, "mae": 2 / 3, "huber": 0.5, "r2": -1.0}, what="the measures")


@key.part("core", weight=1)
def the_mean_squared_error_is_right(answer, rng):
    for n, slope, bias in [(7, 0.3, 1.0), (5, 1.0, -3.0), (1, 0.5, 2.0)]:
        y, yhat = biased(rng, n, slope, bias)
        close(measure(answer(y.copy(), yhat.copy()), "mse"), regression_metrics(y, yhat)["mse"], what="mse")


@key.part("core", weight=1)
def the_mean_absolute_error_is_right(answer, rng):
    for n, delta in [(8, 1.0), (5, 3.0), (1, 2.0)]:
        y, yhat = around(rng, n, delta)
        close(measure(answer(y.copy(), yhat.copy()), "mae"), regression_metrics(y, yhat)["mae"], what="mae")


@key.part("core", weight=1)
def the_huber_error_turns_at_delta(answer, rng):
    for n, delta in [(6, 0.5), (7, 2.0), (9, 3.0), (8, 1.0)]:
        y, yhat = around(rng, n, delta)
        got = measure(answer(y.copy(), yhat.copy(), delta), "huber")
        close(got, regression_metrics(y, yhat, delta)["huber"], what="huber")
    y, yhat = around(rng, 6, 1.0)
    close(measure(answer(y.copy(), yhat.copy()), "huber"), regression_metrics(y, yhat)["huber"], what="huber")


@key.part("core", weight=1)
def r_squared_compares_with_the_mean_of_the_targets(answer, rng):
    for n, slope, bias in [(8, 0.3, 1.0), (6, 3.0, 0.5), (9, 1.0, 0.0), (7, -0.4, 6.0), (5, 0.9, -0.4)]:
        y, yhat = biased(rng, n, slope, bias)
        close(measure(answer(y.copy(), yhat.copy()), "r2"), regression_metrics(y, yhat)["r2"], what="r2")


@key.part("edge", weight=0.5)
def constant_targets_and_perfect_predictions(answer, rng):
    y = np.full(5, 2.0)
    good, bad = measure(answer(y.copy(), y.copy()), "r2"), measure(answer(y.copy(), y + np.eye(5)[2]), "r2")
    close(good, 1.0, what="r2 of constant targets, all predicted exactly")
    close(bad, 0.0, what="r2 of constant targets, not predicted exactly")
    close(measure(answer(np.array([3.0]), np.array([4.5])), "r2"), 0.0, what="r2 of one target")
    y = biased(rng, 6)[0]
    close(answer(y.copy(), y.copy()), {"mse": 0.0, "mae": 0.0, "huber": 0.0, "r2": 1.0}, what="the measures")


@key.part("edge", weight=0.5)
def inputs_stay_unchanged_in_any_dtype_and_layout(answer, rng):
    standard(answer, (*around(rng, 7, 1.5), 1.5), regression_metrics, what="the measures")


@key.accept
def by_a_loop(y, yhat, delta=1.0):
    n, y, yhat = len(y), y.tolist(), yhat.tolist()
    squares = absolutes = hubers = spread = 0.0
    mean = sum(y) / n
    for target, prediction in zip(y, yhat, strict=True):
        e = abs(prediction - target)
        squares += e * e
        absolutes += e
        hubers += e * e / 2 if e <= delta else delta * (e - delta / 2)
        spread += (target - mean) ** 2
    r2 = 1 - squares / spread if spread > 0 else float(squares == 0)
    return {"mse": squares / n, "mae": absolutes / n, "huber": hubers / n, "r2": r2}


@key.accept
def by_norms(y, yhat, delta=1.0):
    e, n = y - yhat, len(y)
    near = np.minimum(np.abs(e), delta)
    spread = np.linalg.norm(y - y.mean()) ** 2
    total = np.linalg.norm(e) ** 2
    return {
        "r2": 1 - total / spread if spread else 1.0 * (total == 0),
        "huber": np.mean(near * (np.abs(e) - near / 2)),
        "mae": np.linalg.norm(e, 1) / n,
        "mse": e @ e / n,
    }


@key.accept
def by_variances(y, yhat, delta=1.0):
    e = yhat - y
    size = np.abs(e)
    huber = 0.5 * e**2 - 0.5 * np.maximum(size - delta, 0) ** 2
    v = np.var(y)
    r2 = 1 - np.var(e) / v - np.mean(e) ** 2 / v if v > 0 else np.float64(not e.any())
    return {"mse": np.var(e) + np.mean(e) ** 2, "mae": size.mean(), "huber": huber.mean(), "r2": r2}


@key.accept
def by_masks(y, yhat, delta=1.0):
    size = np.abs(np.subtract(yhat, y, dtype=float))
    far = size > delta
    huber = size**2 / 2
    huber[far] = delta * size[far] - delta**2 / 2
    spread = np.sum((y - np.mean(y)) ** 2, dtype=float)
    r2 = 1 - np.sum(size**2) / spread if spread else (1 if not size.any() else 0)
    return {"mse": np.average(size**2), "mae": np.average(size), "huber": np.average(huber), "r2": r2}


def _r2(y, e):
    spread = np.sum((y - y.mean()) ** 2)
    return 1 - np.sum(e**2) / spread if spread else float(not e.any())


def _measures(y, yhat, delta, **changed):
    """All four, with some of them changed."""
    e = yhat - y
    a = np.abs(e)
    huber = np.where(a <= delta, e**2 / 2, delta * (a - delta / 2)).mean()
    return {"mse": np.mean(e**2), "mae": np.mean(a), "huber": huber, "r2": _r2(y, e), **changed}


WORKED, LAYOUT = "one_error_of_two", "inputs_stay_unchanged_in_any_dtype_and_layout"
R2, CONSTANT = "r_squared_compares_with_the_mean_of_the_targets", "constant_targets_and_perfect_predictions"


@key.reject(
    "Your R² is a squared correlation: it ignores bias and can never be negative; R² can.",
    fails=[WORKED, R2, LAYOUT, CONSTANT],
)
def r2_as_squared_correlation(y, yhat, delta=1.0):
    a, b = y - y.mean(), yhat - yhat.mean()
    with np.errstate(all="ignore"):
        r2 = (a @ b) ** 2 / ((a @ a) * (b @ b))
    return _measures(y, yhat, delta, r2=r2)


@key.reject(
    "In your R² targets and predictions are exchanged: the denominator must be the spread of y.",
    fails=[WORKED, R2, LAYOUT, CONSTANT],
)
def r2_arguments_swapped(y, yhat, delta=1.0):
    return _measures(y, yhat, delta, r2=_r2(yhat, y - yhat))


@key.reject(
    "The denominator of your R² lacks the mean of y: it must be the spread around the mean.",
    fails=[WORKED, R2, LAYOUT, CONSTANT],
)
def r2_without_the_mean(y, yhat, delta=1.0):
    return _measures(y, yhat, delta, r2=1 - np.sum((yhat - y) ** 2) / np.sum(y**2))


@key.reject(
    "The linear branch of your Huber loss lacks its constant -½δ², so the loss jumps at |e| = δ.",
    fails=[WORKED, "the_huber_error_turns_at_delta", LAYOUT],
)
def huber_without_offset(y, yhat, delta=1.0):
    a = np.abs(yhat - y)
    return _measures(y, yhat, delta, huber=np.where(a <= delta, a**2 / 2, delta * a).mean())


@key.reject(
    "The parabola of your Huber loss lacks its factor ½.",
    fails=["the_huber_error_turns_at_delta", LAYOUT],
)
def huber_without_half(y, yhat, delta=1.0):
    a = np.abs(yhat - y)
    return _measures(y, yhat, delta, huber=np.where(a <= delta, a**2, delta * (a - delta / 2)).mean())


@key.reject(
    "The threshold of your Huber loss does not depend on δ: it is 1 in your code.",
    fails=["the_huber_error_turns_at_delta", LAYOUT],
)
def huber_with_delta_1(y, yhat, delta=1.0):
    return _measures(y, yhat, 1.0)


@key.reject(
    "Your Huber loss takes its branch by e itself: a large negative error lies on the parabola there.",
    fails=["the_huber_error_turns_at_delta", LAYOUT],
)
def huber_branch_by_signed_error(y, yhat, delta=1.0):
    e = yhat - y
    return _measures(y, yhat, delta, huber=np.where(e <= delta, e**2 / 2, delta * (np.abs(e) - delta / 2)).mean())


@key.reject(
    "The linear branch of your Huber loss has the constant of δ = 1.",
    fails=["the_huber_error_turns_at_delta", LAYOUT],
)
def huber_offset_of_delta_1(y, yhat, delta=1.0):
    a = np.abs(yhat - y)
    return _measures(y, yhat, delta, huber=np.where(a <= delta, a**2 / 2, delta * (a - 0.5)).mean())


@key.reject(
    "Your mse is the square root of the mean squared error.",
    fails=[WORKED, "the_mean_squared_error_is_right", LAYOUT],
)
def root_of_the_mean_squared_error(y, yhat, delta=1.0):
    return _measures(y, yhat, delta, mse=np.sqrt(np.mean((yhat - y) ** 2)))


@key.reject(
    "In your mean absolute error positive and negative errors cancel.",
    fails=["the_mean_absolute_error_is_right", LAYOUT],
)
def mean_error(y, yhat, delta=1.0):
    return _measures(y, yhat, delta, mae=np.mean(yhat - y))


@key.reject("For constant y your R² divides by zero.", fails=[CONSTANT])
def r2_divides_by_zero(y, yhat, delta=1.0):
    with np.errstate(all="ignore"):
        r2 = 1 - np.sum((yhat - y) ** 2) / np.sum((y - y.mean()) ** 2)
    return _measures(y, yhat, delta, r2=r2)


@key.reject("For constant y your R² is always the same; it is 1 only if all errors are 0.", fails=[CONSTANT])
def r2_of_constant_targets_is_always_0(y, yhat, delta=1.0):
    return _measures(y, yhat, delta, **({"r2": 0.0} if np.ptp(y) == 0 else {}))


@key.reject("For constant y your R² is always the same; it is 1 only if all errors are 0.", fails=[CONSTANT])
def r2_of_constant_targets_is_always_1(y, yhat, delta=1.0):
    return _measures(y, yhat, delta, **({"r2": 1.0} if np.ptp(y) == 0 else {}))


key.equivalent("size <= delta -> size < delta", "Where |e| = delta both branches are delta² / 2.")
