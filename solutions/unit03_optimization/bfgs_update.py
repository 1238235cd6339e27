"""Answer key: the BFGS update of an inverse Hessian (unit 3)."""

import numpy as np

from autograder.key import ITER, N0, Key, check, close, standard
from dlmath_ref import bfgs_update

key = Key("unit03_optimization/bfgs_update", reference=bfgs_update, bans=N0)

NEW = "the new H"


def spd(rng, d, low=0.5, high=4.0):
    """A symmetric positive definite matrix with eigenvalues from low to high."""
    V = np.linalg.qr(rng.normal(size=(d, d)))[0]
    M = (V * np.linspace(low, high, d)) @ V.T
    return (M + M.T) / 2


def pair(rng, d, cosine, s_length=1.0, y_length=1.0):
    """A step and a change of the gradient of given lengths, with a given angle between them."""
    u, v = np.linalg.qr(rng.normal(size=(d, 2)))[0].T
    return s_length * u, y_length * (cosine * u + np.sqrt(1 - cosine**2) * v)


def updated(answer, H, s, y, *eps):
    """The answer for copies, as a finite matrix of the shape of H."""
    got = answer(H.copy(), s.copy(), y.copy(), *eps)
    check(isinstance(got, np.ndarray) and got.shape == H.shape, "The result must be an array of the shape of H.")
    check(bool(np.isfinite(got).all()), "The new H has entries that are not finite.")
    return got


@key.part("worked", weight=1)
def the_two_examples_by_hand(answer, rng):
    close(answer(np.array([[5.0]]), np.array([3.0]), np.array([6.0])), np.array([[0.5]]), what=NEW)
    got = answer(np.eye(2), np.array([1.0, 0.0]), np.array([2.0, 1.0]))
    close(got, np.array([[0.75, -0.5], [-0.5, 1.0]]), what=NEW)


@key.part("core", weight=2)
def agrees_with_the_formula(answer, rng):
    for d, cosine in [(3, 0.7), (5, 0.4)]:
        H, (s, y) = spd(rng, d), pair(rng, d, cosine, 0.5, 3.0)
        close(answer(H.copy(), s.copy(), y.copy()), bfgs_update(H, s, y), ITER, what=NEW)


@key.part("core", weight=1)
def the_secant_equation_holds(answer, rng):
    H, (s, y) = spd(rng, 4), pair(rng, 4, 0.6, 2.0, 0.5)
    close(updated(answer, H, s, y) @ y, s, ITER, what="H'y, which must be s,")


@key.part("core", weight=1)
def the_result_is_symmetric_and_positive_definite(answer, rng):
    for cosine in (0.8, 0.01):
        H, (s, y) = spd(rng, 4), pair(rng, 4, cosine)
        got = updated(answer, H, s, y)
        check(bool(np.abs(got - got.T).max() <= 1e-9 * np.abs(got).max()), "The new H is not symmetric.")
        eigenvalues = np.linalg.eigvalsh(got)
        check(bool(eigenvalues[0] > 1e-9 * eigenvalues[-1]), "The new H is not positive definite.")


@key.part("core", weight=2)
def exact_steps_on_a_quadratic_find_the_inverse(answer, rng):
    Q, theta, H = spd(rng, 4, 1.0, 5.0), rng.uniform(1, 2, size=4), np.eye(4)
    for _ in range(4):
        g = Q @ theta
        p = -H @ g
        s = -(g @ p) / (p @ Q @ p) * p
        theta, H = theta + s, updated(answer, H, s, Q @ s)
    close(H, np.linalg.inv(Q), ITER, what="H after 4 steps with exact line search, which must be the inverse of Q,")


@key.part("edge", weight=1)
def negative_curvature_leaves_H_alone(answer, rng):
    for cosine in (-0.7, -0.05):
        H, (s, y) = spd(rng, 3), pair(rng, 3, cosine)
        close(answer(H.copy(), s.copy(), y.copy()), H, what="H, to be kept as it is,")


@key.part("edge", weight=1)
def the_curvature_is_compared_with_eps_and_both_lengths(answer, rng):
    H, (s, y) = spd(rng, 3), pair(rng, 3, 0.5)
    close(answer(H.copy(), s.copy(), np.zeros(3)), H, what="H for y = 0, to be kept as it is,")
    close(updated(answer, H, s, y, 2.0), H, what="H where y's is too small, to be kept as it is,")
    for lengths in [(100.0, 0.01), (0.01, 100.0), (1e-8, 1e-8)]:
        for cosine, *eps in [(0.3, 0.5), (0.8, 0.5), (0.7e-10,), (1.5e-10,)]:
            s, y = pair(rng, 3, cosine, *lengths)
            got = updated(answer, H, s, y, *eps)
            if cosine in (0.3, 0.7e-10):
                close(got, H, what="H where y's is too small, to be kept as it is,")
            else:
                check(bool(np.abs(got - H).max() > 1e-3), "H hardly changes although y's is large enough.")


@key.part("edge", weight=1)
def inputs_stay_unchanged_in_any_dtype_and_layout(answer, rng):
    standard(answer, (spd(rng, 3), *pair(rng, 3, 0.6)), bfgs_update, tol=ITER, what=NEW)
    H, (s, y) = spd(rng, 3), pair(rng, 3, -0.6)
    mine = H.copy()
    answer(mine, s, y)
    check(np.array_equal(mine, H), "Your function changes H.")


def _curved(s, y, eps):
    return y @ s > eps * np.linalg.norm(s) * np.linalg.norm(y)


def _product(H, s, y, rho):
    left = np.eye(len(s)) - rho * np.outer(s, y)
    return left @ H @ left.T + rho * np.outer(s, s)


@key.accept
def expanded(H, s, y, eps=1e-10):
    ys, Hy = y @ s, H @ y
    if ys <= eps * np.sqrt((s @ s) * (y @ y)):
        return H
    return H + (1 + y @ Hy / ys) * np.outer(s, s) / ys - (np.outer(Hy, s) + np.outer(s, Hy)) / ys


@key.accept
def by_loops(H, s, y, eps=1e-10):
    d = len(s)
    ys = sum(s[i] * y[i] for i in range(d))
    if ys <= eps * sum(s**2) ** 0.5 * sum(y**2) ** 0.5:
        return np.array(H)
    A = [[(i == j) - s[i] * y[j] / ys for j in range(d)] for i in range(d)]
    new = np.empty((d, d), order="F")
    for i in range(d):
        for j in range(d):
            new[i, j] = s[i] * s[j] / ys + sum(A[i][k] * H[k, m] * A[j][m] for k in range(d) for m in range(d))
    return new


@key.accept
def by_columns(H, s, y, eps=1e-10):
    S, Y = s.reshape(-1, 1), y.reshape(-1, 1)
    curvature = (Y.T @ S).item()
    if not curvature > eps * np.linalg.norm(S) * np.linalg.norm(Y):
        return H.copy()
    I = np.identity(s.size)
    return (I - S @ Y.T / curvature) @ H @ (I - Y @ S.T / curvature) + S @ S.T / curvature


SKIP = "With yᵀs ≤ 0 the update destroys positive definiteness: keep H where the curvature is not positive."


@key.reject(SKIP, fails=["negative_curvature_leaves_H_alone", "the_curvature_is_compared_with_eps_and_both_lengths"])
def curvature_ignored(H, s, y, eps=1e-10):
    return _product(H, s, y, 1 / (y @ s))


@key.reject(SKIP, fails=["negative_curvature_leaves_H_alone"])
def only_zero_curvature_skipped(H, s, y, eps=1e-10):
    return H if abs(y @ s) <= eps * np.linalg.norm(s) * np.linalg.norm(y) else _product(H, s, y, 1 / (y @ s))


@key.reject(
    "Where the curvature is not positive, H stays as it is: it does not start again.",
    fails=["negative_curvature_leaves_H_alone", "the_curvature_is_compared_with_eps_and_both_lengths"],
)
def identity_instead_of_H(H, s, y, eps=1e-10):
    return _product(H, s, y, 1 / (y @ s)) if _curved(s, y, eps) else np.eye(len(s))


@key.reject(
    "The test of the curvature is relative: yᵀs is compared with ε‖s‖‖y‖, not with ε.",
    fails=["the_curvature_is_compared_with_eps_and_both_lengths"],
)
def test_without_lengths(H, s, y, eps=1e-10):
    return _product(H, s, y, 1 / (y @ s)) if y @ s > eps else H


@key.reject("The eps that is passed in is not used.", fails=["the_curvature_is_compared_with_eps_and_both_lengths"])
def eps_ignored(H, s, y, eps=1e-10):
    return _product(H, s, y, 1 / (y @ s)) if y @ s > 0 else H


@key.reject(
    "‖s‖‖y‖ is the product of two lengths; yours is the length of a product.",
    fails=["the_curvature_is_compared_with_eps_and_both_lengths"],
)
def length_of_the_product(H, s, y, eps=1e-10):
    return _product(H, s, y, 1 / (y @ s)) if y @ s > eps * np.linalg.norm(s * y) else H


@key.reject(
    "This formula updates the Hessian itself; here H is its inverse.",
    fails=[
        "the_two_examples_by_hand",
        "agrees_with_the_formula",
        "the_secant_equation_holds",
        "exact_steps_on_a_quadratic_find_the_inverse",
        "inputs_stay_unchanged_in_any_dtype_and_layout",
    ],
)
def updates_B_not_H(H, s, y, eps=1e-10):
    if not _curved(s, y, eps):
        return H
    Hs = H @ s
    return H - np.outer(Hs, Hs) / (s @ Hs) + np.outer(y, y) / (y @ s)


@key.reject(
    "s and y are exchanged: s is the step, y the change of the gradient, and H'y = s.",
    fails=[
        "the_two_examples_by_hand",
        "agrees_with_the_formula",
        "the_secant_equation_holds",
        "exact_steps_on_a_quadratic_find_the_inverse",
        "inputs_stay_unchanged_in_any_dtype_and_layout",
    ],
)
def s_and_y_swapped(H, s, y, eps=1e-10):
    return _product(H, y, s, 1 / (y @ s)) if _curved(s, y, eps) else H


@key.reject(
    "The term ρ s sᵀ is missing, so the new H is singular.",
    fails=[
        "the_two_examples_by_hand",
        "agrees_with_the_formula",
        "the_secant_equation_holds",
        "the_result_is_symmetric_and_positive_definite",
        "exact_steps_on_a_quadratic_find_the_inverse",
        "inputs_stay_unchanged_in_any_dtype_and_layout",
    ],
)
def missing_rank_one_term(H, s, y, eps=1e-10):
    rho = 1 / (y @ s)
    return _product(H, s, y, rho) - rho * np.outer(s, s) if _curved(s, y, eps) else H


@key.reject(
    "This is the update of Davidon, Fletcher and Powell, which also satisfies H'y = s; asked for is BFGS.",
    fails=["the_two_examples_by_hand", "agrees_with_the_formula", "inputs_stay_unchanged_in_any_dtype_and_layout"],
)
def dfp_formula(H, s, y, eps=1e-10):
    if not _curved(s, y, eps):
        return H
    Hy = H @ y
    return H - np.outer(Hy, Hy) / (y @ Hy) + np.outer(s, s) / (y @ s)


@key.reject(
    "The right factor is the transpose of the left one: your new H is not symmetric.",
    fails=[
        "the_two_examples_by_hand",
        "agrees_with_the_formula",
        "the_secant_equation_holds",
        "the_result_is_symmetric_and_positive_definite",
        "exact_steps_on_a_quadratic_find_the_inverse",
        "inputs_stay_unchanged_in_any_dtype_and_layout",
    ],
)
def transpose_missing(H, s, y, eps=1e-10):
    if not _curved(s, y, eps):
        return H
    left = np.eye(len(s)) - np.outer(s, y) / (y @ s)
    return left @ H @ left + np.outer(s, s) / (y @ s)


@key.reject(
    "The two factors are exchanged: I - ρ s yᵀ stands on the left of H, so that H'y = s.",
    fails=[
        "the_two_examples_by_hand",
        "agrees_with_the_formula",
        "the_secant_equation_holds",
        "exact_steps_on_a_quadratic_find_the_inverse",
        "inputs_stay_unchanged_in_any_dtype_and_layout",
    ],
)
def factors_exchanged(H, s, y, eps=1e-10):
    if not _curved(s, y, eps):
        return H
    left = np.eye(len(s)) - np.outer(y, s) / (y @ s)
    return left @ H @ left.T + np.outer(s, s) / (y @ s)


@key.reject(
    "ρ is one over yᵀs, not yᵀs itself.",
    fails=[
        "the_two_examples_by_hand",
        "agrees_with_the_formula",
        "the_secant_equation_holds",
        "exact_steps_on_a_quadratic_find_the_inverse",
        "the_curvature_is_compared_with_eps_and_both_lengths",
        "inputs_stay_unchanged_in_any_dtype_and_layout",
    ],
)
def rho_not_inverted(H, s, y, eps=1e-10):
    return _product(H, s, y, y @ s) if _curved(s, y, eps) else H


@key.reject("Your function changes H: return a new matrix.", fails=["inputs_stay_unchanged_in_any_dtype_and_layout"])
def H_changed_in_place(H, s, y, eps=1e-10):
    if _curved(s, y, eps):
        H[...] = _product(H, s, y, 1 / (y @ s))
    return H


key.equivalent("H.copy() -> H", "Where nothing is updated, H itself and a copy of it are alike.")
