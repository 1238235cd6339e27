"""Answer key: the gradient of batch normalisation through its statistics (unit 4).

The slope part differentiates the forward pass itself by differences and uses no formula of the backward pass.
How eps enters s is seen by the worked example and by the edge parts.
"""

import numpy as np

from autograder.key import ITER, N0, Key, check, close, directional, standard
from dlmath_ref import bn_backward, bn_forward

key = Key("unit04_feedforward/batchnorm_backward", reference=bn_backward, bans=N0)

UNSEEN = 1e-13  # as eps
NAMES = ("g_Z", "g_gamma", "g_beta")
WORKED, PARITY, SLOPE = "three_samples_by_hand", "g_Z_agrees_with_the_reference", "g_Z_is_the_slope_of_the_objective"
SHIFT, SCALE = "a_shift_of_all_samples_changes_nothing", "a_stretch_of_all_samples_changes_nothing"
GAMMA, BETA = "g_gamma_sums_over_the_normalised_values", "g_beta_is_the_sum_of_g"
TWO, ZERO, ONE = "two_samples_almost_cancel", "a_feature_with_gamma_zero", "a_batch_of_one_sample"
LAYOUT = "inputs_stay_unchanged_in_any_dtype_and_layout"


def problem(rng, n, d):
    """g with a mean and a slope along Z that are not small, Z of known spread and mean, gamma away from 0 and 1."""
    even = rng.permuted(np.tile(np.linspace(-1, 1, n), (d, 1)), axis=1).T if n > 1 else np.ones((1, d))
    Z = rng.uniform(1, 2, size=d) * (even + rng.uniform(-0.2, 0.2, size=(n, d)) / n) + rng.uniform(2, 3, size=d)
    g = rng.uniform(0.5, 1, size=d) + rng.uniform(0.5, 1, size=d) * even + 0.5 * rng.normal(size=(n, d)) / n
    return g, Z, rng.uniform(1.5, 2.5, size=d) * rng.choice([-1, 1], size=d)


def ask(answer, *args):
    got = answer(*(a.copy() if isinstance(a, np.ndarray) else a for a in args))
    check(
        type(got) in (tuple, list) and len(got) == 3, "bn_backward must return three gradients: g_Z, g_gamma, g_beta."
    )
    return got


def gradient(answer, g, Z, gamma, eps):
    """g_Z, after checking that it may be g_Z at all."""
    g_Z = ask(answer, g, Z, gamma, eps)[0]
    like = type(g_Z) is np.ndarray and g_Z.shape == Z.shape and g_Z.dtype == Z.dtype and np.isfinite(g_Z).all()
    check(like, "g_Z must be an array of finite floats, of the shape of Z.")
    check(np.abs(g_Z).max() > 1e-3, "g_Z is 0 almost everywhere.")
    return g_Z


@key.part("worked", weight=1)
def three_samples_by_hand(answer, rng):
    got = ask(answer, np.array([[1.0], [0], [0]]), np.array([[-1.0], [0], [1]]), np.array([3.0]), 1 / 3)
    close(got, (np.array([[1.0], [-1], [0]]), np.array([-1.0]), np.array([1.0])), ITER, what=NAMES)
    got = ask(answer, np.array([[1.0], [0], [0]]), np.array([[-1.0], [0], [1]]), np.array([3.0]), UNSEEN)
    r = np.sqrt(3 / 2)  # 1/s for eps almost 0; in the example s is 1 and hides mistakes
    close(got, (np.array([[0.5 * r], [-r], [0.5 * r]]), np.array([-r]), np.array([1.0])), ITER, what=NAMES)


@key.part("core", weight=2)
def g_Z_agrees_with_the_reference(answer, rng):
    for n, d in ((6, 3), (4, 4), (3, 5)):
        args = *problem(rng, n, d), UNSEEN
        close(ask(answer, *args)[0], bn_backward(*args)[0], ITER, what="g_Z")


@key.part("core", weight=1.5)
def g_Z_is_the_slope_of_the_objective(answer, rng):
    g, Z, gamma = problem(rng, 6, 2)
    state = np.zeros(2), np.ones(2)

    def objective(Z):
        return np.sum(g * bn_forward(Z, gamma, np.zeros(2), state, True, 0.1, UNSEEN)[0])

    directional(gradient(answer, g, Z, gamma, UNSEEN), objective, Z, rng, what="g_Z")


@key.part(
    "core", weight=0.5, feedback="Adding one number to all samples changes no output: g_Z sums to 0 in each column."
)
def a_shift_of_all_samples_changes_nothing(answer, rng):
    g_Z = gradient(answer, *problem(rng, 5, 3), UNSEEN)
    close(g_Z.sum(0), np.zeros(3), ITER, what="the sum of each column of g_Z")


@key.part("core", weight=0.5, feedback="Multiplying Z - mu by a number changes no output, but for eps.")
def a_stretch_of_all_samples_changes_nothing(answer, rng):
    g, Z, gamma = problem(rng, 5, 3)
    g_Z = gradient(answer, g, Z, gamma, UNSEEN)
    close((g_Z * (Z - Z.mean(0))).sum(0), np.zeros(3), ITER, what="the product of g_Z with Z - mu")


@key.part("core", weight=1)
def g_gamma_sums_over_the_normalised_values(answer, rng):
    for n, d in ((6, 3), (4, 4)):
        args = *problem(rng, n, d), UNSEEN
        close(ask(answer, *args)[1], bn_backward(*args)[1], ITER, what="g_gamma")


@key.part("core", weight=0.5)
def g_beta_is_the_sum_of_g(answer, rng):
    for n, d in ((6, 3), (4, 4)):
        g, Z, gamma = problem(rng, n, d)
        close(ask(answer, g, Z, gamma)[2], g.sum(0), ITER, what="g_beta")


@key.part("edge", weight=0.5)
def two_samples_almost_cancel(answer, rng):
    for eps in ((), (1e-3,), (0.5,)):
        args = *problem(rng, 2, 3), *eps
        close(ask(answer, *args), bn_backward(*args), ITER, what=NAMES)


@key.part("edge", weight=0.5)
def a_batch_of_one_sample(answer, rng):
    g, Z, gamma = problem(rng, 1, 3)
    close(ask(answer, g, Z, gamma), (np.zeros((1, 3)), np.zeros(3), g[0]), ITER, what=NAMES)


@key.part("edge", weight=0.5)
def a_feature_with_gamma_zero(answer, rng):
    g, Z, gamma = problem(rng, 5, 3)
    gamma[1] = 0
    close(ask(answer, g, Z, gamma, UNSEEN), bn_backward(g, Z, gamma, UNSEEN), ITER, what=NAMES)


@key.part("edge", weight=0.5)
def inputs_stay_unchanged_in_any_dtype_and_layout(answer, rng):
    standard(answer, (*problem(rng, 5, 3), UNSEEN), bn_backward, tol=ITER, what=NAMES)


@key.accept
def step_by_step_through_the_graph(g, Z, gamma, eps=1e-5):
    n = len(Z)
    mu = np.sum(Z, axis=0) / n
    centred = Z - mu
    squares = centred**2
    variance = np.sum(squares, axis=0) / n
    root = np.sqrt(variance + eps)
    inverse = 1 / root
    zbar = centred * inverse
    d_beta, d_gamma = np.sum(g, axis=0), np.sum(g * zbar, axis=0)
    d_zbar = g * gamma
    d_inverse = np.sum(d_zbar * centred, axis=0)
    d_centred = d_zbar * inverse
    d_root = -d_inverse / root**2
    d_variance = d_root / (2 * root)
    d_squares = np.ones(Z.shape) * d_variance / n
    d_centred += 2 * centred * d_squares
    d_mu = -np.sum(d_centred, axis=0)
    return d_centred + d_mu / n, d_gamma, d_beta


@key.accept
def by_jacobian_matrices(g, Z, gamma, eps=1e-5):
    (n, d), g_Z, g_gamma = Z.shape, np.zeros(Z.shape), np.zeros(Z.shape[1])
    for j in range(d):
        z = Z[:, j]
        s = (np.mean((z - z.mean()) ** 2) + eps) ** 0.5
        zbar = (z - z.mean()) / s
        J = (np.eye(n) - np.ones((n, n)) / n - np.outer(zbar, zbar) / n) / s
        g_Z[:, j] = J.T @ (gamma[j] * g[:, j])
        g_gamma[j] = zbar @ g[:, j]
    return [g_Z, g_gamma, g.T @ np.ones(n)]


@key.accept
def with_sums_and_n(g, Z, gamma, eps=1e-5):
    n, s = Z.shape[0], np.sqrt(np.var(Z, axis=0) + eps)
    zbar = (Z - np.mean(Z, axis=0)) / s
    g_gamma, g_beta = np.einsum("ij,ij->j", g, zbar), np.einsum("ij->j", g)
    return np.asfortranarray(gamma / (n * s) * (n * g - g_beta - zbar * g_gamma)), g_gamma, g_beta


def _zbar(Z, eps):
    s = np.sqrt(Z.var(0) + eps)
    return (Z - Z.mean(0)) / s, s


def _back(h, zbar, s):
    return (h - h.mean(0) - zbar * (h * zbar).mean(0)) / s


ALL_Z = [WORKED, PARITY, SLOPE, TWO, ZERO, LAYOUT]


@key.reject(
    "You treat μ and σ as constants, but both depend on Z: two terms are missing in g_Z.",
    fails=[*ALL_Z, SHIFT, SCALE, ONE],
)
def statistics_treated_as_constants(g, Z, gamma, eps=1e-5):
    zbar, s = _zbar(Z, eps)
    return g * gamma / s, (g * zbar).sum(0), g.sum(0)


@key.reject("In g_Z the term −mean(h) is missing: Z also acts through μ.", fails=[*ALL_Z, SHIFT, ONE])
def mean_term_missing(g, Z, gamma, eps=1e-5):
    zbar, s = _zbar(Z, eps)
    h = g * gamma
    return (h - zbar * (h * zbar).mean(0)) / s, (g * zbar).sum(0), g.sum(0)


@key.reject("In g_Z the term with mean(h ⊙ z̄) is missing: Z also acts through σ.", fails=[*ALL_Z, SCALE])
def variance_term_missing(g, Z, gamma, eps=1e-5):
    zbar, s = _zbar(Z, eps)
    h = g * gamma
    return (h - h.mean(0)) / s, (g * zbar).sum(0), g.sum(0)


@key.reject("The upstream gradient must be multiplied by γ on its way to Z.", fails=ALL_Z)
def gamma_forgotten(g, Z, gamma, eps=1e-5):
    zbar, s = _zbar(Z, eps)
    return _back(g, zbar, s), (g * zbar).sum(0), g.sum(0)


@key.reject("In g_Z the factor 1/s is missing.", fails=ALL_Z)
def root_forgotten(g, Z, gamma, eps=1e-5):
    zbar, _ = _zbar(Z, eps)
    return _back(g * gamma, zbar, 1), (g * zbar).sum(0), g.sum(0)


USES_Z = "g_γ is a sum over the normalised values z̄, not over z."


@key.reject(USES_Z, fails=[WORKED, GAMMA, TWO, ZERO, ONE, LAYOUT])
def gamma_grad_uses_z(g, Z, gamma, eps=1e-5):
    zbar, s = _zbar(Z, eps)
    return _back(g * gamma, zbar, s), (g * Z).sum(0), g.sum(0)


@key.reject(USES_Z, fails=[WORKED, GAMMA, TWO, ZERO, LAYOUT])
def gamma_grad_uses_z_minus_mu(g, Z, gamma, eps=1e-5):
    zbar, s = _zbar(Z, eps)
    return _back(g * gamma, zbar, s), (g * (Z - Z.mean(0))).sum(0), g.sum(0)


UNBIASED = "The forward pass takes the variance with 1/n, so the backward pass does too, not with 1/(n−1)."


@key.reject(UNBIASED, fails=[WORKED, PARITY, SLOPE, SCALE, GAMMA, TWO, ZERO, ONE, LAYOUT])
def unbiased_variance(g, Z, gamma, eps=1e-5):
    s = np.sqrt(Z.var(0, ddof=1) + eps)
    zbar = (Z - Z.mean(0)) / s
    return _back(g * gamma, zbar, s), (g * zbar).sum(0), g.sum(0)


@key.reject(UNBIASED, fails=[WORKED, PARITY, SLOPE, SCALE, TWO, ZERO, ONE, LAYOUT])
def unbiased_in_the_variance_term(g, Z, gamma, eps=1e-5):
    zbar, s = _zbar(Z, eps)
    h = g * gamma
    return (h - h.mean(0) - zbar * (h * zbar).sum(0) / (len(Z) - 1)) / s, (g * zbar).sum(0), g.sum(0)


SUMS = "g_γ and g_β are sums over the batch, not means: 1/n is already in g."


@key.reject(SUMS, fails=[WORKED, BETA, TWO, ZERO, LAYOUT])
def beta_grad_mean(g, Z, gamma, eps=1e-5):
    zbar, s = _zbar(Z, eps)
    return _back(g * gamma, zbar, s), (g * zbar).sum(0), g.mean(0)


@key.reject(SUMS, fails=[WORKED, GAMMA, BETA, TWO, ZERO, LAYOUT])
def gamma_and_beta_grads_means(g, Z, gamma, eps=1e-5):
    zbar, s = _zbar(Z, eps)
    return _back(g * gamma, zbar, s), (g * zbar).mean(0), g.mean(0)


@key.reject("g_Z is divided by n once more: 1/n is already in g.", fails=ALL_Z)
def g_Z_divided_by_n(g, Z, gamma, eps=1e-5):
    zbar, s = _zbar(Z, eps)
    return _back(g * gamma, zbar, s) / len(Z), (g * zbar).sum(0), g.sum(0)


@key.reject(
    "g_γ comes from the upstream gradient g itself; γ is no factor of it.", fails=[WORKED, GAMMA, TWO, ZERO, LAYOUT]
)
def gamma_grad_times_gamma(g, Z, gamma, eps=1e-5):
    zbar, s = _zbar(Z, eps)
    return _back(g * gamma, zbar, s), (g * gamma * zbar).sum(0), g.sum(0)


@key.reject("You divide by γ, which may be 0.", fails=[ZERO])
def divided_by_gamma(g, Z, gamma, eps=1e-5):
    zbar, s = _zbar(Z, eps)
    h = g * gamma
    return _back(h, zbar, s), (h * zbar).sum(0) / gamma, g.sum(0)


@key.reject(
    "ε belongs under the root, as in the forward pass: s is the root of the sum of σ² and ε.", fails=[WORKED, TWO]
)
def eps_outside_root(g, Z, gamma, eps=1e-5):
    s = Z.std(0) + eps
    zbar = (Z - Z.mean(0)) / s
    return _back(g * gamma, zbar, s), (g * zbar).sum(0), g.sum(0)


@key.reject("In s the ε under the root is missing.", fails=[WORKED, TWO, ONE])
def eps_missing(g, Z, gamma, eps=1e-5):
    zbar, s = _zbar(Z, 0)
    return _back(g * gamma, zbar, s), (g * zbar).sum(0), g.sum(0)


PROJECTED = "In g_Z the values z̄ are those of the forward pass, divided by s: yours leave out ε."


@key.reject(PROJECTED, fails=[WORKED, TWO])
def eps_missing_in_the_variance_term(g, Z, gamma, eps=1e-5):
    (zbar, s), unit = _zbar(Z, eps), (Z - Z.mean(0)) / np.where(Z.var(0) > 0, Z.std(0), 1)
    return _back(g * gamma, unit, s), (g * zbar).sum(0), g.sum(0)


@key.reject("The gradients come in the order g_Z, g_γ, g_β.", fails=[WORKED, GAMMA, BETA, TWO, ZERO, ONE, LAYOUT])
def order_of_gamma_and_beta(g, Z, gamma, eps=1e-5):
    zbar, s = _zbar(Z, eps)
    return _back(g * gamma, zbar, s), g.sum(0), (g * zbar).sum(0)


@key.reject("Your function changes its input arrays: work on new ones.", fails=[LAYOUT])
def in_place(g, Z, gamma, eps=1e-5):
    zbar, s = _zbar(Z, eps)
    g_gamma, g_beta = (g * zbar).sum(0), g.sum(0)
    g *= gamma
    return _back(g, zbar, s), g_gamma, g_beta
