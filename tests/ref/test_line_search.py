"""Gradient descent on a quadratic and with backtracking, against spectra, closed forms and scipy."""

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from scipy import optimize

from dlmath_ref import RangeError, ShapeError, backtracking_gd, quadratic_rate

SPECTRUM = np.array([0.5, 1.0, 4.0, 9.5])


def turned(spectrum, seed=0):
    """A symmetric matrix with these eigenvalues."""
    V = np.linalg.qr(np.random.default_rng(seed).normal(size=(len(spectrum),) * 2))[0]
    return V @ np.diag(spectrum) @ V.T


def bowl(Q):
    return lambda t: float(t @ Q @ t) / 2, lambda t: Q @ t


# quadratic_rate


def test_rate_by_hand():
    """Eigenvalues 1 and 3: with step 1/4 the factors are 3/4 and 1/4, the best step is 2 / (1 + 3)."""
    assert quadratic_rate(np.diag([3.0, 1.0]), 0.25) == (0.75, 0.5)
    assert quadratic_rate([[2, 1], [1, 2]], 0.25) == pytest.approx((0.75, 0.5))  # the same, turned by 45 degrees


def test_one_step_arrives_on_the_identity():
    """Where all curvatures are equal, the best step has factor 0."""
    assert quadratic_rate(4 * np.eye(3), 0.25) == (0.0, 0.25)


@pytest.mark.parametrize("alpha", [0.01, 0.1, 0.2, 0.21, 0.25, -0.1])
def test_rate_is_the_spectral_norm_of_the_iteration(alpha):
    """I - alpha Q is symmetric, so rho is its largest singular value; numpy's svd is the independent witness."""
    Q = turned(SPECTRUM)
    expected = np.linalg.svd(np.eye(4) - alpha * Q, compute_uv=False)[0]
    np.testing.assert_allclose(quadratic_rate(Q, alpha)[0], expected, rtol=1e-12)


def test_two_hundred_steps_shrink_by_rho_to_the_two_hundred():
    """Started in the slowest direction, gradient descent itself shrinks by rho^200."""
    Q, alpha = turned(SPECTRUM), 0.2
    rho, _ = quadratic_rate(Q, alpha)
    theta = np.linalg.eigh(Q)[1][:, 0]
    start = np.linalg.norm(theta)
    for _ in range(200):
        theta = theta - alpha * Q @ theta
    np.testing.assert_allclose(np.linalg.norm(theta) / start, rho**200, rtol=1e-9)


@given(arrays(np.float64, 3, elements=st.floats(0.01, 100)), st.floats(-1.9, 1.9))
def test_no_learning_rate_beats_the_best(spectrum, shift):
    """rho(alpha*) = (kappa - 1) / (kappa + 1), and every other alpha has a larger factor."""
    Q = np.diag(spectrum)
    _, best = quadratic_rate(Q, 0.0)
    kappa = spectrum.max() / spectrum.min()
    rho = quadratic_rate(Q, best)[0]
    np.testing.assert_allclose(rho, (kappa - 1) / (kappa + 1), atol=1e-12)
    assert quadratic_rate(Q, best * (1 + shift))[0] >= rho - 1e-12


def test_scipy_finds_the_same_best_step():
    """Minimising rho over alpha numerically gives alpha*."""
    Q = turned(SPECTRUM)
    found = optimize.minimize_scalar(lambda a: quadratic_rate(Q, a)[0], bounds=(0, 1), options={"xatol": 1e-12})
    np.testing.assert_allclose(quadratic_rate(Q, 1.0)[1], found.x, rtol=1e-6)


def test_large_condition_numbers_are_kept():
    """Eigenvalues 1e-6 and 1e6 give alpha* = 2 / (1e6 + 1e-6)."""
    np.testing.assert_allclose(quadratic_rate(np.diag([1e6, 1e-6]), 1e-6), (1.0, 2e-6), rtol=1e-11)


# backtracking_gd


def test_backtracking_by_hand():
    """theta^2 from 1: the trial 1 leads to -1 and is refused, 1/2 leads to 0."""
    theta, steps = backtracking_gd(*bowl(2 * np.eye(1)), np.array([1.0]))
    assert theta.tolist() == [0.0] and steps.tolist() == [0.5]


@given(st.floats(0.05, 40), st.floats(0, 0.9), st.floats(0.2, 0.9))
def test_on_a_parabola_the_step_is_known(L, c, rho):
    """On L t^2 / 2 Armijo's condition reads alpha <= 2 (1 - c) / L: the first alpha0 rho^k below it is taken."""
    bound = 2 * (1 - c) / L
    k = max(0, int(np.ceil(np.log(bound) / np.log(rho)))) if bound < 1 else 0
    assume(all(abs(rho**j / bound - 1) > 1e-9 for j in (k - 1, k, k + 1)))
    _, steps = backtracking_gd(*bowl(np.array([[L]])), np.array([1.0]), c=c, rho=rho, max_iter=1)
    np.testing.assert_allclose(steps, [rho**k], rtol=1e-12)


def test_every_step_meets_the_condition_and_the_trial_before_does_not():
    """Along Rosenbrock's valley the accepted alphas satisfy Armijo's condition and are the first of their search."""
    theta, (alpha0, c, rho) = np.array([0.4, -0.2]), (1.0, 0.1, 0.7)
    _, steps = backtracking_gd(optimize.rosen, optimize.rosen_der, theta, alpha0, c, rho, max_iter=25)
    assert len(steps) == 25 and len(set(steps)) > 2
    for alpha in steps:
        g = optimize.rosen_der(theta)

        def holds(a, theta=theta, g=g):
            return optimize.rosen(theta - a * g) <= optimize.rosen(theta) - c * a * (g @ g)

        assert holds(alpha) and not holds(alpha / rho)
        theta = theta - alpha * g


@pytest.mark.parametrize("c, rho", [(1e-4, 0.5), (0.3, 0.7)])
def test_it_arrives_where_scipy_arrives(c, rho):
    """The logistic-like function sum log cosh(A t - b) + t't/2 has one minimum; BFGS of scipy finds the same."""
    rng = np.random.default_rng(2)
    A, b = rng.normal(size=(6, 4)), rng.normal(size=6)

    def f(t):
        return np.sum(np.log(np.cosh(A @ t - b))) + t @ t / 2

    def grad(t):
        return A.T @ np.tanh(A @ t - b) + t

    found = optimize.minimize(f, np.ones(4), jac=grad, tol=1e-10).x
    theta, _ = backtracking_gd(f, grad, np.ones(4), c=c, rho=rho, tol=1e-7)
    np.testing.assert_allclose(theta, found, atol=1e-6)


def test_a_stationary_start_and_no_iterations_take_no_step():
    """With gradient 0, or max_iter 0, the start comes back in a new array, with an empty array of steps."""
    for start, most in ((np.zeros(3), 100), (np.ones(3), 0)):
        theta, steps = backtracking_gd(*bowl(np.eye(3)), start, max_iter=most)
        assert np.array_equal(theta, start) and not np.shares_memory(theta, start)
        assert steps.shape == (0,)


def test_it_stops_at_tol_and_at_max_iter():
    """With step 1/4 the norm is 2 * 0.75^t: below 0.09 after eleven steps; and tol counts as reached when equal."""
    f, grad = bowl(np.eye(4))
    assert len(backtracking_gd(f, grad, np.ones(4), 0.25, tol=0.09)[1]) == 11
    assert len(backtracking_gd(f, grad, np.ones(4), 0.25, max_iter=7)[1]) == 7
    assert len(backtracking_gd(f, grad, np.ones(4), 0.25, tol=2.0)[1]) == 0


def test_the_search_ends_where_rounding_hides_the_decrease():
    """1 + t^2 near its minimum is flat in floating point; with tol 0 the descent still ends."""
    theta, steps = backtracking_gd(lambda t: 1 + float(t @ t), lambda t: 2 * t, np.array([1e-9]), tol=0.0, max_iter=5)
    assert len(steps) <= 5 and abs(theta[0]) <= 1e-9


def test_callers_cannot_be_changed_through_the_callbacks():
    """A function that spoils the point that it is given spoils neither the result nor the start."""

    def grad(t):
        g = 2 * t
        t[:] = np.nan
        return g

    start = np.array([1.0, -3.0])
    theta, _ = backtracking_gd(lambda t: float(t @ t), grad, start)
    assert theta.tolist() == [0, 0] and start.tolist() == [1, -3]


@pytest.mark.parametrize(
    "call, error, text",
    [
        (lambda: quadratic_rate(np.ones((2, 3)), 1.0), ShapeError, r"got Q of shape \(2, 3\), expected \(2, 2\)."),
        (lambda: quadratic_rate(np.eye(2), [1.0]), ShapeError, r"got alpha of shape \(1,\), expected \(\)."),
        (lambda: quadratic_rate([[1.0, 2.0], [0.0, 1.0]], 1.0), RangeError, "expected a symmetric Q."),
        (lambda: quadratic_rate(np.diag([1.0, 0.0]), 1.0), RangeError, "expected Q positive definite."),
        (lambda: quadratic_rate(np.zeros((0, 0)), 1.0), RangeError, "expected Q positive definite."),
        (lambda: backtracking_gd(*bowl(np.eye(1)), np.ones(1), 0.0), RangeError, "alpha0 = 0.0, expected a number"),
        (lambda: backtracking_gd(*bowl(np.eye(1)), np.ones(1), c=1.0), RangeError, r"c = 1.0, expected \[0, 1\)."),
        (lambda: backtracking_gd(*bowl(np.eye(1)), np.ones(1), rho=1), RangeError, r"rho = 1.0, expected \(0, 1\)."),
        (lambda: backtracking_gd(*bowl(np.eye(1)), np.ones(1), max_iter=-1), RangeError, "got max_iter = -1"),
        (
            lambda: backtracking_gd(lambda t: 1.0, lambda t: t[:1], np.ones(2)),
            ShapeError,
            r"backtracking_gd: got a gradient of shape \(1,\), expected \(2,\).",
        ),
    ],
)
def test_errors_say_what_was_got_and_expected(call, error, text):
    """Each refusal names the argument, what it got and what it expected."""
    with pytest.raises(error, match=text):
        call()
