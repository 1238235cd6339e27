"""Newton's method for logistic regression; the two-loop recursion of L-BFGS."""

from itertools import pairwise

import numpy as np
import pytest
import scipy.optimize
import torch
from hypothesis import given
from hypothesis import strategies as st
from sklearn.datasets import load_breast_cancer
from sklearn.linear_model import LogisticRegression

from dlmath_ref import RangeError, ShapeError, bfgs_update, lbfgs_direction, newton_logistic

T64 = {"rtol": 1e-10, "atol": 1e-12}
rng = np.random.default_rng(12)
X, y = rng.normal(size=(12, 3)), np.array([0, 1] * 6)


def cost(w, X, y, lam):
    """torch's binary cross-entropy and the penalty, for torch's own gradient and Hessian."""
    z = torch.tensor(X) @ w
    return torch.nn.functional.binary_cross_entropy_with_logits(z, torch.tensor(y).double()) + lam / 2 * (w @ w)


def gradient(w, X, y, lam):
    w = torch.tensor(w, requires_grad=True)
    return torch.autograd.grad(cost(w, X, y, lam), w)[0].numpy()


def breast_cancer():
    X, y = load_breast_cancer(return_X_y=True)
    return (X - X.mean(0)) / X.std(0), y


def test_one_step_by_hand():
    """x = 2 of class 1, x = -2 of class 0, lam = 1: g = -1 and H = 2 at 0, so w = 1/2."""
    w, losses = newton_logistic(np.array([[2.0], [-2.0]]), np.array([1, 0]), 1.0, 1)
    np.testing.assert_allclose(w, [0.5], **T64)
    np.testing.assert_allclose(losses, [np.log(2), np.log1p(np.exp(-1)) + 1 / 8], **T64)


@pytest.mark.parametrize("lam", [0.01, 1.0])
def test_every_step_solves_the_system_of_torch(lam):
    """Gradient and Hessian by torch.autograd give the same iterates and losses."""
    w, losses = torch.zeros(3, dtype=torch.float64), []
    for _ in range(5):
        losses.append(cost(w, X, y, lam).item())
        start = w.clone().requires_grad_(True)
        g = torch.autograd.grad(cost(start, X, y, lam), start)[0]
        H = torch.autograd.functional.hessian(lambda v: cost(v, X, y, lam), w)
        w = w - torch.linalg.solve(H, g)
    got, history = newton_logistic(X, y, lam, 5)
    np.testing.assert_allclose(got, w, **T64)
    np.testing.assert_allclose(history, [*losses, cost(w, X, y, lam).item()], **T64)


def test_the_end_point_is_that_of_scikit_learn_and_scipy():
    """LogisticRegression without intercept and C = 1 / (n lam), and scipy's BFGS agree on the breast cancer data."""
    X, y = breast_cancer()
    lam = 0.05
    w, losses = newton_logistic(X, y, lam, 12)
    model = LogisticRegression(C=1 / (len(X) * lam), fit_intercept=False, tol=1e-12, solver="newton-cholesky")
    np.testing.assert_allclose(w, model.fit(X, y).coef_[0], rtol=1e-7, atol=1e-9)
    other = scipy.optimize.minimize(
        lambda v: cost(torch.tensor(v), X, y, lam).item(),
        np.zeros(30),
        jac=lambda v: gradient(v, X, y, lam),
        options={"gtol": 1e-8},
    )
    assert losses[-1] == pytest.approx(other.fun, abs=1e-9)


def test_eight_steps_reach_rounding_on_breast_cancer():
    """For lam = 0.05 on standardised data torch's gradient is below 1e-12 after 8 steps."""
    X, y = breast_cancer()
    assert np.linalg.norm(gradient(newton_logistic(X, y, 0.05, 8)[0], X, y, 0.05)) < 1e-12


def test_the_error_is_squared_at_every_step():
    """|w_t+1 - w*| <= 2 |w_t - w*|^2 as soon as |w_t - w*| is below 1/2, down to rounding."""
    best = newton_logistic(X, y, 0.05, 30)[0]
    errors = [np.linalg.norm(newton_logistic(X, y, 0.05, t)[0] - best) for t in range(8)]
    close = [(a, b) for a, b in pairwise(errors) if 1e-7 < a < 0.5]
    assert close and all(b <= 2 * a**2 for a, b in close)


def test_columns_that_repeat_each_other_share_their_weight():
    """With a penalty two equal columns get equal weights, and together act like one column with half the penalty."""
    w, losses = newton_logistic(X[:, [0, 0, 1]], y, 1e-3, 10)
    assert w[0] == pytest.approx(w[1], rel=1e-9)
    single, history = newton_logistic(X[:, [0, 1]] * [np.sqrt(2), 1], y, 1e-3, 10)
    np.testing.assert_allclose([np.sqrt(2) * w[0], w[2]], single, rtol=1e-9)
    np.testing.assert_allclose(losses, history, rtol=1e-10)


@given(st.floats(0.5, 20), st.integers(0, 4))
def test_swapped_labels_negate_the_weights(lam, T):
    """1 - y instead of y negates w and keeps every loss."""
    w, losses = newton_logistic(X, y, lam, T)
    other, history = newton_logistic(X, 1 - y, lam, T)
    np.testing.assert_allclose(other, -w, atol=1e-12)
    np.testing.assert_allclose(history, losses, rtol=1e-12)


def test_large_features_overflow_nowhere():
    """Logits in the thousands give finite losses."""
    with np.errstate(over="raise", invalid="raise"):
        w, losses = newton_logistic(np.array([[1e4], [1.0]]), np.array([1, 0]), 1e-3, 3)
    assert np.isfinite(losses).all() and np.isfinite(w).all()


def pairs(m, d, seed=0):
    """Steps and changes of gradient on a convex quadratic: every y's is positive."""
    rng = np.random.default_rng(seed)
    A = rng.normal(size=(d, d))
    S = rng.normal(size=(m, d))
    return rng.normal(size=d), S, S @ (A @ A.T + np.eye(d))


def test_one_pair_by_hand():
    """s = (1, 0), y = (2, 1), g = (2, 0): a = 1, q = (0, -1), gamma = 2/5, r = (6/5, -2/5)."""
    got = lbfgs_direction(np.array([2.0, 0.0]), np.array([[1.0, 0.0]]), np.array([[2.0, 1.0]]))
    np.testing.assert_allclose(got, [-1.2, 0.4], **T64)


@pytest.mark.parametrize("m, d", [(1, 4), (3, 4), (8, 4), (5, 5), (2, 1)])
def test_the_recursion_equals_the_dense_matrix(m, d):
    """The two loops give -H g for the H that bfgs_update makes of gamma I, and scipy's LbfgsInvHessProduct, started at
    the identity, agrees after its start is changed to gamma I."""
    g, S, Y = pairs(m, d)
    gamma = S[-1] @ Y[-1] / (Y[-1] @ Y[-1])
    H = gamma * np.eye(d)
    for s, change in zip(S, Y, strict=True):
        H = bfgs_update(H, s, change)
    np.testing.assert_allclose(lbfgs_direction(g, S, Y), -H @ g, rtol=1e-8, atol=1e-10)
    # with Y / gamma' = Y * gamma the identity is the start, and H scales by gamma
    theirs = gamma * scipy.optimize.LbfgsInvHessProduct(S, gamma * Y).matvec(g)
    np.testing.assert_allclose(lbfgs_direction(g, S, Y), -theirs, rtol=1e-8, atol=1e-10)


def test_without_history_it_is_steepest_descent():
    """m = 0 returns -g, in a new array."""
    g = np.arange(3.0)
    got = lbfgs_direction(g, np.zeros((0, 3)), np.zeros((0, 3)))
    assert got.tolist() == [0, -1, -2] and not np.shares_memory(got, g)


@given(st.integers(0, 200), st.integers(1, 6), st.floats(0.1, 10))
def test_the_direction_is_linear_descends_and_keeps_the_newest_secant(seed, m, c):
    """c g gives c times the direction; g'r < 0; the newest y is mapped to minus the newest s."""
    g, S, Y = pairs(m, 5, seed)
    r = lbfgs_direction(g, S, Y)
    np.testing.assert_allclose(lbfgs_direction(c * g, S, Y), c * r, rtol=1e-9, atol=1e-12)
    assert g @ r < 0
    np.testing.assert_allclose(lbfgs_direction(Y[-1], S, Y), -S[-1], rtol=1e-7, atol=1e-7)


def test_conjugate_steps_give_newtons_direction():
    """d exact conjugate steps on a quadratic: the direction is -Q^-1 g."""
    Q = np.diag([1.0, 2.0, 5.0]) + 0.3
    axes = np.linalg.inv(np.linalg.cholesky(Q))  # rows: a_i'Q a_j = 0 for i != j
    g = np.array([1.0, -2.0, 3.0])
    np.testing.assert_allclose(lbfgs_direction(g, axes, axes @ Q), -np.linalg.solve(Q, g), **T64)


@pytest.mark.parametrize(
    "call, error, text",
    [
        (
            lambda: newton_logistic(X, y, 0.0, 1),
            RangeError,
            "newton_logistic: got lam = 0.0, expected a number above 0.",
        ),
        (
            lambda: newton_logistic(X, y, 1.0, -1),
            RangeError,
            "newton_logistic: got T = -1, expected an integer of at least 0.",
        ),
        (
            lambda: newton_logistic(X, 2 * y, 1.0, 1),
            RangeError,
            "newton_logistic: got y with values other than 0 and 1",
        ),
        (
            lambda: newton_logistic(X, y[:5], 1.0, 1),
            ShapeError,
            r"newton_logistic: got y of shape \(5,\), expected \(12,\).",
        ),
        (
            lambda: newton_logistic(np.zeros((0, 2)), [], 1.0, 1),
            ShapeError,
            "newton_logistic: got X of shape .*, expected at least one row.",
        ),
        (
            lambda: lbfgs_direction(np.ones(2), np.ones((3, 4)), np.ones((3, 4))),
            ShapeError,
            r"lbfgs_direction: got S of shape \(3, 4\), expected \(3, 2\).",
        ),
        (
            lambda: lbfgs_direction(np.ones(2), np.ones((3, 2)), np.ones((2, 2))),
            ShapeError,
            r"lbfgs_direction: got Y of shape \(2, 2\), expected \(3, 2\).",
        ),
        (
            lambda: lbfgs_direction(np.ones(2), np.eye(2), np.eye(2)[::-1]),
            RangeError,
            "lbfgs_direction: got a pair with y_k's_k = 0, expected curvature along every step.",
        ),
    ],
)
def test_what_is_refused(call, error, text):
    """Each error names the function, what it got and what it expected."""
    with pytest.raises(error, match=text):
        call()
