"""Squared, absolute and Huber error, R², accuracy."""

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from sklearn.metrics import accuracy_score, mean_absolute_error, mean_squared_error, r2_score

from dlmath_ref import RangeError, ShapeError, accuracy, regression_metrics

numbers = arrays(np.float64, 6, elements=st.floats(-100, 100).map(lambda x: round(x, 3)))


def test_one_error_of_two_by_hand():
    """Errors 0, 0, 2: 4/3, 2/3, (2 - 1/2)/3, and 1 - 4/2, which is worse than predicting the mean."""
    got = regression_metrics(np.array([1, 2, 3]), np.array([1, 2, 5]))
    assert got == pytest.approx({"mse": 4 / 3, "mae": 2 / 3, "huber": 1 / 2, "r2": -1}, rel=1e-15)
    assert {type(value) for value in got.values()} == {float}


@settings(deadline=None)
@given(numbers, numbers, st.floats(0.01, 50))
def test_matches_scikit_learn_and_torch(y, yhat, delta):
    """Mean errors and R² as scikit-learn's, Huber's as torch's huber_loss in float64."""
    got = regression_metrics(y, yhat, delta)
    huber = torch.nn.functional.huber_loss(torch.tensor(yhat), torch.tensor(y), delta=delta).item()
    expected = {"mse": mean_squared_error(y, yhat), "mae": mean_absolute_error(y, yhat), "huber": huber}
    assert {key: got[key] for key in expected} == pytest.approx(expected, rel=1e-10, abs=1e-12)
    assert got["r2"] == pytest.approx(r2_score(y, yhat), rel=1e-8, abs=1e-8)


@given(numbers, numbers, st.floats(0.1, 10), st.floats(-50, 50))
def test_r2_has_no_unit(y, yhat, scale, shift):
    """Targets and predictions in another unit have the same R²; the errors scale with the unit."""
    y = np.where(np.arange(6) == 0, y + 1000, y)  # far from constant
    plain, changed = regression_metrics(y, yhat), regression_metrics(scale * y + shift, scale * yhat + shift, scale)
    assert changed["r2"] == pytest.approx(plain["r2"], rel=1e-8, abs=1e-8)
    assert changed["mae"] == pytest.approx(scale * plain["mae"], rel=1e-8, abs=1e-8)
    assert changed["huber"] == pytest.approx(scale**2 * plain["huber"], rel=1e-8, abs=1e-8)


def test_huber_joins_its_branches():
    """At |e| = delta both branches and, by central differences, both slopes agree: delta^2 / 2 and delta."""
    for delta in (0.5, 2.0):
        h = [regression_metrics(np.zeros(1), np.array([delta + s]), delta)["huber"] for s in (-1e-6, 0, 1e-6)]
        assert h[1] == delta**2 / 2
        assert (h[2] - h[0]) / 2e-6 == pytest.approx(delta, rel=1e-6)


def test_large_and_small_delta():
    """A large delta gives half the mean squared error, a small one delta times the mean absolute error."""
    y, yhat = np.random.default_rng(0).normal(size=(2, 50))
    got = regression_metrics(y, yhat, 1e3)
    assert got["huber"] == pytest.approx(got["mse"] / 2, rel=1e-14)
    assert regression_metrics(y, yhat, 1e-9)["huber"] == pytest.approx(1e-9 * got["mae"], rel=1e-6)


def test_the_mean_has_r2_zero():
    """Predicting the mean of y for everybody explains nothing."""
    y = np.arange(7.0)
    assert regression_metrics(y, np.full(7, 3.0))["r2"] == 0


@pytest.mark.parametrize("value", [2.0, 0.1, 1e300])
def test_constant_targets(value):
    """R² is 1 for a perfect prediction and 0 for any other, also when the mean of y is rounded, as for tenths."""
    y = np.full(10, value)
    with np.errstate(over="ignore"):
        assert regression_metrics(y, y)["r2"] == 1
        assert regression_metrics(y, 1.5 * y)["r2"] == 0


@settings(deadline=None)
@given(arrays(np.int64, 7, elements=st.integers(0, 2)), arrays(np.int64, 7, elements=st.integers(0, 2)))
def test_accuracy_matches_scikit_learn(y, yhat):
    """The share of equal labels, integers or strings."""
    assert accuracy(y, yhat) == accuracy_score(y, yhat) == accuracy(y.astype("U"), yhat.astype("U"))


@pytest.mark.parametrize(
    "call, error, text",
    [
        (lambda: regression_metrics(np.ones((2, 1)), np.ones(2)), ShapeError, r"got y of shape \(2, 1\), expected"),
        (lambda: regression_metrics(np.ones(2), np.ones(3)), ShapeError, r"got yhat of shape \(3,\), expected \(2,\)."),
        (lambda: regression_metrics([], []), ShapeError, r"got y of shape \(0,\), expected \(n,\) with n at least 1."),
        (lambda: regression_metrics([1], [1], 0), RangeError, "got delta = 0.0, expected a number above 0."),
        (lambda: regression_metrics([1], [1], np.nan), RangeError, "got delta = nan, expected a number above 0."),
        (lambda: regression_metrics(["a"], [1]), RangeError, "got y of dtype <U1, expected real numbers."),
        (lambda: accuracy([0, 1], [0]), ShapeError, r"accuracy: got yhat of shape \(1,\), expected \(2,\)."),
        (lambda: accuracy([], []), ShapeError, r"accuracy: got y of shape \(0,\), expected \(n,\) with n at least 1."),
    ],
)  # fmt: skip
def test_errors_say_what_was_got_and_expected(call, error, text):
    """Each refusal names the function, the argument, what it got and what it expected."""
    with pytest.raises(error, match=text):
        call()
