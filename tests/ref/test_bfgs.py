"""BFGS: the update by hand and against its optimality, minimisation against scipy, errors."""

import numpy as np
import pytest
import scipy.optimize
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from dlmath_ref import RangeError, ShapeError, bfgs_minimize, bfgs_update

rng = np.random.default_rng(3)
vectors = arrays(np.float64, (4,), elements=st.floats(-3, 3).map(lambda x: round(x, 3)))


def spd(d, rng=rng):
    A = rng.normal(size=(d, d))
    return A @ A.T + np.eye(d)


def rosenbrock(t):
    return (1 - t[0]) ** 2 + 100 * (t[1] - t[0] ** 2) ** 2


def rosenbrock_gradient(t):
    return np.array([2 * (t[0] - 1) - 400 * t[0] * (t[1] - t[0] ** 2), 200 * (t[1] - t[0] ** 2)])


def test_update_by_hand():
    """d = 1: s/y. d = 2, H = I, s = (1, 0), y = (2, 1): rho = 1/2, [[1/4, -1/2], [-1/2, 1]] + [[1/2, 0], [0, 0]]."""
    np.testing.assert_allclose(bfgs_update(np.array([[5.0]]), np.array([3.0]), np.array([6.0])), [[0.5]])
    got = bfgs_update(np.eye(2), np.array([1.0, 0.0]), np.array([2.0, 1.0]))
    np.testing.assert_allclose(got, [[0.75, -0.5], [-0.5, 1.0]], rtol=1e-15)


@given(vectors, vectors)
def test_secant_symmetry_definiteness(s, y):
    """Whatever the pair: either H stays, or H'y = s; H' is symmetric and positive definite either way."""
    H = spd(4, np.random.default_rng(0))
    new, cosine = bfgs_update(H, s, y), y @ s / (np.linalg.norm(s) * np.linalg.norm(y) or 1)
    if cosine <= 1e-10:
        np.testing.assert_array_equal(new, H)
    elif cosine > 1e-3:  # else rounding shows
        scale = np.abs(new).max() * np.abs(y).max()
        np.testing.assert_allclose(new @ y, s, atol=1e-11 * scale)
        np.testing.assert_allclose(new, new.T, atol=1e-13 * np.abs(new).max())
        assert np.linalg.eigvalsh(new)[0] > 0


def test_the_inverse_is_the_update_of_the_hessian():
    """The inverse of B - Bss'B / s'Bs + yy' / y's with B = H^-1, the update of the Hessian (Sherman, Morrison)."""
    H, s = spd(5), rng.normal(size=5)
    y = spd(5) @ s
    B = np.linalg.inv(H)
    new = B - np.outer(B @ s, B @ s) / (s @ B @ s) + np.outer(y, y) / (y @ s)
    np.testing.assert_allclose(bfgs_update(H, s, y), np.linalg.inv(new), rtol=1e-9)


def test_agrees_with_scipy():
    """scipy's own BFGS update strategy makes the same inverse Hessian of three pairs."""
    Q, H = spd(4), np.eye(4)
    theirs = scipy.optimize.BFGS(init_scale=1.0)
    theirs.initialize(4, "inv_hess")
    for s in rng.normal(size=(3, 4)):
        theirs.update(s, Q @ s)
        H = bfgs_update(H, s, Q @ s)
    np.testing.assert_allclose(H, theirs.get_matrix(), rtol=1e-10)


def test_exact_steps_on_a_quadratic_find_the_inverse():
    """With exact line search d updates from the identity give Q^-1 (Nocedal and Wright, theorem 6.4)."""
    Q, theta, H = spd(5), rng.normal(size=5), np.eye(5)
    for _ in range(5):
        p = -H @ Q @ theta
        s = -(p @ Q @ theta) / (p @ Q @ p) * p
        theta, H = theta + s, bfgs_update(H, s, Q @ s)
    np.testing.assert_allclose(H, np.linalg.inv(Q), rtol=1e-6, atol=1e-9)


def test_pairs_that_are_skipped():
    """Negative curvature, y = 0, s = 0, and a cosine below eps leave H as it is, in a new array."""
    H, s, y = spd(2), np.array([1.0, 0.0]), np.array([0.3, 1.0])
    for pair in [(s, -y), (s, 0 * y), (0 * s, y)]:
        new = bfgs_update(H, *pair)
        assert new is not H
        np.testing.assert_array_equal(new, H)
    np.testing.assert_array_equal(bfgs_update(H, s, y, eps=0.5), H)
    assert not np.array_equal(bfgs_update(H, s, y, eps=0.2), H)


@pytest.mark.parametrize("scale", [1e-150, 1e-8, 1e8])
def test_extreme_lengths(scale):
    """H' depends on s and y through their directions and |s| / |y| alone."""
    H, s, y = spd(3), np.array([1.0, 2.0, 0.5]), np.array([2.0, 1.0, 1.0])
    np.testing.assert_allclose(bfgs_update(H, scale * s, scale * y), bfgs_update(H, s, y), rtol=1e-12)


@pytest.mark.parametrize("start", [(-1.2, 1.0), (0.4, -0.2), (3.0, -4.0)])
def test_rosenbrock(start):
    """The minimum (1, 1) that scipy's BFGS finds, to a gradient of 1e-8."""
    theta, norms = bfgs_minimize(rosenbrock, rosenbrock_gradient, np.array(start))
    theirs = scipy.optimize.minimize(rosenbrock, start, jac=rosenbrock_gradient, method="BFGS")
    np.testing.assert_allclose(theta, theirs.x, atol=1e-4)
    np.testing.assert_allclose(theta, [1, 1], atol=1e-7)
    assert norms[-1] <= 1e-8 and len(norms) < 70


def test_a_quadratic_in_twenty_dimensions():
    """Q^-1 b by linear algebra."""
    Q, b = spd(20), rng.normal(size=20)
    theta, norms = bfgs_minimize(lambda t: float(t @ Q @ t / 2 - b @ t), lambda t: Q @ t - b, np.zeros(20))
    np.testing.assert_allclose(theta, np.linalg.solve(Q, b), rtol=1e-6, atol=1e-8)
    assert norms[0] == np.linalg.norm(b)


def test_stops_and_starts():
    """No step at the minimum, none with max_iter = 0, and an impossible tol ends without a loop."""
    theta, norms = bfgs_minimize(rosenbrock, rosenbrock_gradient, np.array([1.0, 1.0]))
    assert theta.tolist() == [1, 1] and norms.tolist() == [0]
    theta, norms = bfgs_minimize(rosenbrock, rosenbrock_gradient, np.array([0.0, 0.0]), max_iter=0)
    assert theta.tolist() == [0, 0] and len(norms) == 1
    theta, norms = bfgs_minimize(rosenbrock, rosenbrock_gradient, np.array([0.4, -0.2]), tol=0.0)
    np.testing.assert_allclose(theta, [1, 1], atol=1e-9)
    assert len(norms) < 200


@pytest.mark.parametrize(
    "call, error, text",
    [
        (
            lambda: bfgs_update(np.eye(3), np.ones(2), np.ones(2)),
            ShapeError,
            r"bfgs_update: got H of shape \(3, 3\), expected \(2, 2\).",
        ),
        (
            lambda: bfgs_update(np.eye(2), np.ones(2), np.ones(3)),
            ShapeError,
            r"bfgs_update: got y of shape \(3,\), expected \(2,\).",
        ),
        (
            lambda: bfgs_minimize(np.sum, lambda t: 1.0, np.ones(2)),
            ShapeError,
            r"bfgs_minimize: got a gradient of shape \(\), expected \(2,\).",
        ),
        (
            lambda: bfgs_minimize(np.sum, np.cos, np.ones(2), max_iter=-1),
            RangeError,
            "bfgs_minimize: got max_iter = -1, expected an integer of at least 0.",
        ),
    ],
)
def test_errors_say_what_was_got_and_expected(call, error, text):
    """Each refusal names the function, the argument, what it got and what it expected."""
    with pytest.raises(error, match=text):
        call()
