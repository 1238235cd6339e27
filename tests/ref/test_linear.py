"""Least squares with and without ridge, gradient descent for the linear model, bias and variance."""

from itertools import product

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from sklearn.datasets import load_diabetes
from sklearn.linear_model import LinearRegression, Ridge

from dlmath_ref import RangeError, ShapeError, bias_variance, complex_step, gd_linear, least_squares

T64 = {"rtol": 1e-10, "atol": 1e-12}
rng = np.random.default_rng(8)
X, y = rng.normal(size=(9, 3)) + 0.7, rng.normal(size=9) + 5


def test_three_points_on_a_line():
    """y = 1 + 2x is found exactly; with lam = 1, var(x) = 2/3 and cov(x, y) = 4/3 give beta = 4/5, b = 3 - 4/5."""
    x, y = np.array([[0.0], [1.0], [2.0]]), np.array([1.0, 3.0, 5.0])
    beta, b = least_squares(x, y)
    np.testing.assert_allclose([beta[0], b], [2, 1], **T64)
    beta, b = least_squares(x, y, 1.0)
    np.testing.assert_allclose([beta[0], b], [0.8, 2.2], **T64)


@pytest.mark.parametrize("lam", [0.0, 0.05, 3.0])
def test_least_squares_matches_scikit_learn(lam):
    """LinearRegression, or Ridge with alpha = n lam, on the diabetes data."""
    X, y = load_diabetes(return_X_y=True)
    model = (Ridge(alpha=len(X) * lam, solver="svd") if lam else LinearRegression()).fit(X, y)
    beta, b = least_squares(X, y, lam)
    np.testing.assert_allclose(beta, model.coef_, rtol=1e-8)
    assert b == pytest.approx(model.intercept_, rel=1e-12)


@pytest.mark.parametrize("shape", [(9, 3), (4, 7), (5, 5), (1, 2)])
@pytest.mark.parametrize("lam", [0.0, 0.3])
def test_the_gradient_vanishes_at_the_minimum(shape, lam):
    """Complex steps of the objective in (beta, b) are 0, with more rows than columns and with fewer."""
    X, y = rng.normal(size=shape) + 1, rng.normal(size=shape[0])
    beta, b = least_squares(X, y, lam)

    def objective(theta):
        return np.mean((y - theta[-1] - X @ theta[:-1]) ** 2) + lam * np.sum(theta[:-1] ** 2)

    np.testing.assert_allclose(complex_step(objective, np.append(beta, b)), 0, atol=1e-12)


@pytest.mark.parametrize("columns", [[0, 1, 1], [0, 0, 0], [0, 1, 2, 0]])
def test_of_all_minimisers_the_shortest_is_returned(columns):
    """With repeated columns and no penalty: numpy's pinv of the centred matrix gives the same beta, which has no part
    in the kernel of that matrix and is the limit of small penalties."""
    Z = X[:, columns]
    beta = least_squares(Z, y)[0]
    np.testing.assert_allclose(beta, np.linalg.pinv(Z - Z.mean(0), rtol=1e-10) @ (y - y.mean()), **T64)
    kernel = np.linalg.svd(Z - Z.mean(0))[2][-1]  # Z @ kernel is constant
    np.testing.assert_allclose(beta @ kernel, 0, atol=1e-12)
    np.testing.assert_allclose(least_squares(Z, y, 1e-9)[0], beta, atol=1e-6)


def test_more_columns_than_rows_fit_every_target():
    """n < p without penalty: all residuals are 0."""
    Z, t = rng.normal(size=(4, 7)), rng.normal(size=4)
    beta, b = least_squares(Z, t)
    np.testing.assert_allclose(Z @ beta + b, t, **T64)


def test_constant_columns_and_a_huge_penalty_leave_the_mean():
    """Without spread in x, or with a penalty that forbids any slope, the model is the mean of y."""
    beta, b = least_squares(np.ones((9, 2)), y)
    assert beta.tolist() == [0, 0] and b == pytest.approx(y.mean())
    beta, b = least_squares(X, y, 1e12)
    np.testing.assert_allclose(X @ beta + b, y.mean(), rtol=1e-10)
    assert least_squares(np.empty((9, 0)), y)[1] == pytest.approx(y.mean())


@given(st.floats(-100, 100), arrays(np.float64, 3, elements=st.floats(-10, 10)), st.floats(0, 5))
def test_shifts_move_the_intercept_alone(c, shift, lam):
    """y + c raises b by c; X + 1 shift' lowers it by beta'shift; beta stays, with any penalty."""
    beta, b = least_squares(X, y, lam)
    moved, intercept = least_squares(X + shift, y + c, lam)
    np.testing.assert_allclose(moved, beta, atol=1e-9)
    assert intercept == pytest.approx(b + c - beta @ shift, abs=1e-9)


@given(st.floats(0.01, 5), st.floats(1.1, 4))
def test_a_larger_penalty_gives_a_shorter_beta(lam, factor):
    """The norm of beta falls strictly with lam."""
    assert np.linalg.norm(least_squares(X, y, factor * lam)[0]) < np.linalg.norm(least_squares(X, y, lam)[0])


def test_two_steps_by_hand():
    """x = (1, 2), y = (2, 4): the gradient 5 theta - 10 is -10 at 0, so theta = 1, then -5, so theta = 1.5."""
    trace = gd_linear(np.array([[1.0], [2.0]]), np.array([2.0, 4.0]), np.zeros(1), 0.1, 2)
    np.testing.assert_allclose(trace, [[0.0], [1.0], [1.5]], **T64)


def test_gradient_descent_matches_torch():
    """torch.optim.SGD on torch's mse_loss visits the same points."""
    theta = torch.ones(3, dtype=torch.float64, requires_grad=True)
    optimiser, trace = torch.optim.SGD([theta], lr=0.05), [np.ones(3)]
    for _ in range(8):
        optimiser.zero_grad()
        torch.nn.functional.mse_loss(torch.tensor(X) @ theta, torch.tensor(y)).backward()
        optimiser.step()
        trace.append(theta.detach().numpy().copy())
    np.testing.assert_allclose(gd_linear(X, y, np.ones(3), 0.05, 8), trace, **T64)


@given(st.floats(0.05, 0.95), arrays(np.float64, 3, elements=st.floats(-5, 5)))
def test_the_trace_has_its_closed_form(share, start):
    """theta_t - theta* = (I - (2 alpha / n) X'X)^t (theta_0 - theta*), with theta* from lstsq."""
    best = np.linalg.lstsq(X, y)[0]
    alpha = share * len(X) / np.linalg.eigvalsh(X.T @ X)[-1]
    factor = np.eye(3) - 2 * alpha / len(X) * X.T @ X
    trace = gd_linear(X, y, start, alpha, 12)
    closed = [best + np.linalg.matrix_power(factor, t) @ (start - best) for t in range(13)]
    np.testing.assert_allclose(trace, closed, rtol=1e-9, atol=1e-9)


@pytest.mark.parametrize("share, converges", [(0.9, True), (1.1, False)])
def test_the_stated_bound_of_the_learning_rate(share, converges):
    """Below n / lambda_max the iterates tend to the least-squares solution, above it they leave."""
    best = np.linalg.lstsq(X, y)[0]
    trace = gd_linear(X, y, np.zeros(3), share * len(X) / np.linalg.eigvalsh(X.T @ X)[-1], 600)
    assert (np.linalg.norm(trace[-1] - best) < 1e-8) == converges
    assert (np.linalg.norm(trace[-1]) > 1e8) != converges


def test_no_step_returns_a_copy_of_the_start():
    """T = 0 gives one row, which is not a view of theta0."""
    start = np.arange(3.0)
    trace = gd_linear(X, y, start, 0.1, 0)
    assert trace.tolist() == [[0, 1, 2]] and not np.shares_memory(trace, start)


def test_a_two_by_two_table():
    """Means (2, 4) against (1, 5): bias2 = (1 + 1)/2; variances (1, 0): var = 1/2; with sigma2 = 1/4 in all 7/4."""
    assert bias_variance(np.array([[1.0, 4.0], [3.0, 4.0]]), np.array([1.0, 5.0]), 0.25) == (1.0, 0.5, 1.75)


def test_one_model_has_no_variance():
    """R = 1: bias2 is the mean squared error."""
    bias2, var, total = bias_variance(X[:1], np.zeros(3), 2.0)
    assert (var, bias2, total) == (0, pytest.approx(np.mean(X[0] ** 2)), bias2 + 2)


@given(arrays(np.float64, (5, 4), elements=st.floats(-50, 50)), arrays(np.float64, 4, elements=st.floats(-50, 50)))
def test_bias_and_variance_add_up_to_the_mean_squared_error(preds, f):
    """mean (p - f)^2 = bias2 + var, for any numbers."""
    bias2, var, total = bias_variance(preds, f, 0.5)
    assert bias2 + var == pytest.approx(np.mean((preds - f) ** 2), rel=1e-9, abs=1e-12)
    assert total == bias2 + var + 0.5


def test_the_decomposition_on_a_whole_probability_space():
    """All 2^6 training sets whose noise is -1 or 1, a line fitted to a parabola: variance and expected error of a new
    observation are those of the theory, x'(A'A)^-1 x and the average over all training sets and all new noise."""
    x = np.linspace(-1, 1, 6)
    A, f = np.column_stack([x, np.ones(6)]), 3 * x**2
    noise = np.array(list(product([-1.0, 1.0], repeat=6)))  # (64, 6), variance 1, uncorrelated
    preds = np.array([A @ np.linalg.solve(A.T @ A, A.T @ (f + e)) for e in noise])
    bias2, var, total = bias_variance(preds, f, 1.0)
    hat = A @ np.linalg.solve(A.T @ A, A.T)
    assert var == pytest.approx(np.trace(hat) / 6)  # p / n of the noise
    assert bias2 == pytest.approx(np.mean((f - hat @ f) ** 2))
    assert total == pytest.approx(np.mean([(f + e - p) ** 2 for p in preds for e in (-1, 1)]))


def test_large_predictions_lose_no_digits():
    """A shift of 1e8 changes neither term."""
    near, far = bias_variance(X, np.zeros(3), 0.0), bias_variance(X + 2.0**27, np.full(3, 2.0**27), 0.0)
    np.testing.assert_allclose(far, near, rtol=1e-6)


@pytest.mark.parametrize(
    "call, error, text",
    [
        (
            lambda: least_squares(np.zeros((0, 3)), []),
            ShapeError,
            r"least_squares: got X of shape \(0, 3\), expected at least one row.",
        ),
        (lambda: least_squares(X, y[:4]), ShapeError, r"least_squares: got y of shape \(4,\), expected \(9,\)."),
        (
            lambda: least_squares(X, y, -1.0),
            RangeError,
            "least_squares: got lam = -1.0, expected a number of at least 0.",
        ),
        (lambda: least_squares(X, y, np.nan), RangeError, "least_squares: got lam = nan, expected "),
        (
            lambda: gd_linear(X, y, np.zeros(4), 0.1, 2),
            ShapeError,
            r"gd_linear: got theta0 of shape \(4,\), expected \(3,\).",
        ),
        (
            lambda: gd_linear(X, y, np.zeros(3), 0.1, -1),
            RangeError,
            "gd_linear: got T = -1, expected an integer of at least 0.",
        ),
        (lambda: gd_linear(X, y, np.zeros(3), [0.1], 1), ShapeError, r"gd_linear: got alpha of shape \(1,\)"),
        (
            lambda: bias_variance(np.zeros((0, 3)), np.zeros(3), 1.0),
            ShapeError,
            r"bias_variance: got preds of shape \(0, 3\), expected at least one row and column.",
        ),
        (
            lambda: bias_variance(X, np.zeros(9), 1.0),
            ShapeError,
            r"bias_variance: got f of shape \(9,\), expected \(3,\).",
        ),
        (
            lambda: bias_variance(X, np.zeros(3), -0.5),
            RangeError,
            "bias_variance: got sigma2 = -0.5, expected a number of at least 0.",
        ),
    ],
)
def test_what_is_refused(call, error, text):
    """Each error names the function, what it got and what it expected."""
    with pytest.raises(error, match=text):
        call()
