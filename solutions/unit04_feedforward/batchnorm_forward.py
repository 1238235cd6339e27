"""Answer key: batch normalisation in training and evaluation (unit 4).

Where eps stands is seen by one part only. Batches have a spread that is known, so that no draw hides a mistake.
"""

import numpy as np

from autograder.key import N0, Key, check, close, standard
from dlmath_ref import bn_forward

key = Key("unit04_feedforward/batchnorm_forward", reference=bn_forward, bans=N0)

UNSEEN = 1e-14  # as eps
WORKED, TRAINING = "two_samples_by_hand", "training_uses_the_statistics_of_the_batch"
EVALUATION, STILL = "evaluation_uses_the_running_statistics", "evaluation_leaves_the_state_alone"
UPDATE, RUN = "momentum_is_the_weight_of_the_new_batch", "ten_batches_in_a_row_with_the_usual_settings"
EPS, ONE, CONSTANT = "eps_stands_under_the_root", "a_batch_of_one_sample", "a_constant_feature_becomes_beta"
LAYOUT = "inputs_stay_unchanged_in_any_dtype_and_layout"


def batch(rng, n, d):
    """(n, d) features: n evenly spread values in random order, shaken a little, each feature at its place and scale."""
    even = rng.permuted(np.tile(np.linspace(-1, 1, n), (d, 1)), axis=1).T if n > 1 else np.ones((1, d))
    return rng.uniform(-3, 3, size=d) + rng.uniform(1, 2, size=d) * (even + rng.uniform(-0.2, 0.2, size=(n, d)) / n)


def scales(rng, d):
    """gamma and beta, away from 0 and 1."""
    return rng.uniform(1.5, 2.5, size=d), rng.uniform(1, 2, size=d) * rng.choice([-1, 1], size=d)


def running(rng, d):
    """A state far from the statistics of a batch."""
    return rng.uniform(5, 6, size=d), rng.uniform(7, 9, size=d)


def paired(got):
    """What was returned; a state whose two arrays are the rows of one is let pass."""
    check(type(got) in (tuple, list) and len(got) == 2, "bn_forward must return the output and the new state, a pair.")
    new = tuple(got[1]) if type(got[1]) is np.ndarray and got[1].ndim == 2 else got[1]
    check(type(new) in (tuple, list) and len(new) == 2, "The new state must be a pair: running mean, running variance.")
    return got[0], new


def ask(answer, *args):
    """The output and the new state; state arrays are copied for each call."""
    Z, gamma, beta, state, *others = args
    out, new = paired(answer(Z.copy(), gamma.copy(), beta.copy(), tuple(s.copy() for s in state), *others))
    for s in new:
        good = type(s) is np.ndarray and s.shape == beta.shape and s.dtype.kind == "f"
        check(good, "The new state must hold two arrays of floats, of the shape of beta.")
    return out, new


def flat(got):
    out, new = paired(got)
    return out, *new


@key.part("worked", weight=1)
def two_samples_by_hand(answer, rng):
    Z, gamma, beta = np.array([[1.0], [3.0]]), np.array([2.0]), np.array([1.0])
    state = np.array([0.0]), np.array([1.0])
    out, new = ask(answer, Z, gamma, beta, state, True, 0.1, UNSEEN)
    close(out, np.array([[-1.0], [3.0]]), what="the output in training, with eps almost 0")
    close(new, (np.array([0.2]), np.array([1.1])), what=("the running mean", "the running variance"))
    out, _ = ask(answer, Z, gamma, beta, state, False, 0.1, UNSEEN)
    close(out, np.array([[3.0], [7.0]]), what="the output in evaluation, with eps almost 0")


@key.part("core", weight=1)
def training_uses_the_statistics_of_the_batch(answer, rng):
    for n, d in ((2, 3), (4, 4), (5, 2)):
        args = batch(rng, n, d), *scales(rng, d), running(rng, d), True, 0.25, UNSEEN
        close(ask(answer, *args)[0], bn_forward(*args)[0], what="the output in training")


@key.part("core", weight=1)
def evaluation_uses_the_running_statistics(answer, rng):
    for n, d in ((5, 3), (3, 3), (1, 4)):
        args = batch(rng, n, d), *scales(rng, d), running(rng, d), False, 0.25, UNSEEN
        close(ask(answer, *args)[0], bn_forward(*args)[0], what="the output in evaluation")


@key.part("core", weight=0.5)
def evaluation_leaves_the_state_alone(answer, rng):
    state = running(rng, 3)
    new = ask(answer, batch(rng, 5, 3), *scales(rng, 3), state, False, 0.25, UNSEEN)[1]
    close(new, state, what=("the running mean after evaluation", "the running variance after evaluation"))


@key.part("core", weight=1)
def momentum_is_the_weight_of_the_new_batch(answer, rng):
    for n, d in ((2, 3), (4, 4), (5, 2)):
        args = batch(rng, n, d), *scales(rng, d), running(rng, d), True, 0.25, UNSEEN
        close(ask(answer, *args)[1], bn_forward(*args)[1], what=("the running mean", "the running variance"))


@key.part("core", weight=0.5)
def ten_batches_in_a_row_with_the_usual_settings(answer, rng):
    state = expected = np.zeros(3), np.ones(3)
    gamma, beta = scales(rng, 3)
    for n in (4, 2, 3, 5, 4, 2, 3, 5, 4, 3):
        Z = batch(rng, n, 3)
        state = ask(answer, Z, gamma, beta, state, True)[1]
        expected = bn_forward(Z, gamma, beta, expected, True)[1]
    close(state, expected, what=("the running mean after ten batches", "the running variance after ten batches"))


@key.part("core", weight=1, feedback="The variances are smaller than eps here.")
def eps_stands_under_the_root(answer, rng):
    for train in (True, False):
        gamma, beta = scales(rng, 3)
        state = 1e-3 * rng.normal(size=3), 1e-6 * rng.uniform(1, 2, size=3)
        args = 1e-3 * batch(rng, 5, 3), gamma, beta, state, train
        close(ask(answer, *args)[0], bn_forward(*args)[0], what="the output for entries of size 1e-3")


@key.part("edge", weight=0.5)
def a_batch_of_one_sample(answer, rng):
    args = batch(rng, 1, 3), *scales(rng, 3), running(rng, 3), True, 0.5
    out, new = ask(answer, *args)
    close(out, args[2][None], what="the output for one sample")
    close(new, bn_forward(*args)[1], what=("the running mean", "the running variance"))


@key.part("edge", weight=0.5)
def a_constant_feature_becomes_beta(answer, rng):
    gamma, beta = scales(rng, 2)
    out, _ = ask(answer, np.tile([2.0, -4.0], (4, 1)), gamma, beta, running(rng, 2), True)
    close(out, np.tile(beta, (4, 1)), what="the output for constant features")


@key.part("edge", weight=1)
def inputs_stay_unchanged_in_any_dtype_and_layout(answer, rng):
    for train in (True, False):
        args = batch(rng, 5, 3), *scales(rng, 3), running(rng, 3), train, 0.5, UNSEEN
        ask(answer, *args)
        names = ("the running mean", "the running variance")
        standard(lambda *a: flat(answer(*a)), args, lambda *a: flat(bn_forward(*a)), what=("the output", *names))


@key.accept
def by_moments(Z, gamma, beta, state, train, momentum=0.1, eps=1e-5):
    if not train:
        return (Z - state[0]) * (gamma / np.sqrt(state[1] + eps)) + beta, state
    n, m1, m2 = len(Z), np.mean(Z, axis=0), np.mean(Z**2, axis=0)
    variance = m2 - m1**2
    new = state[1] + momentum * (n / (n - 1) * variance - state[1]) if n > 1 else state[1]
    return (Z - m1) * (gamma / np.sqrt(variance + eps)) + beta, (state[0] + momentum * (m1 - state[0]), new)


@key.accept
def feature_by_feature(Z, gamma, beta, state, train, momentum=0.1, eps=1e-5):
    out, mean, variance = np.zeros(Z.shape), np.array(state[0], dtype=float), np.array(state[1], dtype=float)
    for j in range(Z.shape[1]):
        mu, sigma2 = mean[j], variance[j]
        if train:
            n = Z.shape[0]
            mu = sum(Z[:, j]) / n
            squares = sum((z - mu) ** 2 for z in Z[:, j])
            sigma2 = squares / n
            mean[j] = (1 - momentum) * mean[j] + momentum * mu
            if n > 1:
                variance[j] = (1 - momentum) * variance[j] + momentum * squares / (n - 1)
        out[:, j] = [gamma[j] * (z - mu) / (sigma2 + eps) ** 0.5 + beta[j] for z in Z[:, j]]
    return out, (mean, variance)


@key.accept
def by_covariance(Z, gamma, beta, state, train, momentum=0.1, eps=1e-5):
    mean, variance = [np.copy(s) for s in state]
    if train:
        mu, sigma2 = np.average(Z, axis=0), np.square(np.std(Z, axis=0))
        mean = np.average([mean, mu], axis=0, weights=[1 - momentum, momentum])
        if len(Z) >= 2:
            variance = (1 - momentum) * variance + momentum * np.var(Z, axis=0, ddof=1)
    else:
        mu, sigma2 = mean, variance
    return [np.asfortranarray(beta + gamma * (Z - mu) * (sigma2 + eps) ** -0.5), [mean, variance]]


@key.accept
def with_the_state_as_rows_of_one_array(Z, gamma, beta, state, train, momentum=0.1, eps=1e-5):
    rows = np.vstack(state)
    mu, sigma2 = (Z.mean(axis=0), Z.var(axis=0)) if train else rows
    if train:
        n = len(Z)
        weights = np.array([[momentum], [momentum if n > 1 else 0]], dtype=Z.dtype)
        rows = (1 - weights) * rows + weights * np.vstack([mu, sigma2 * n / max(n - 1, 1)])
    return gamma * (Z - mu) / np.sqrt(sigma2 + eps) + beta, rows


def _moved(state, Z, momentum):
    """The running statistics after a batch."""
    n, mean, variance = len(Z), *state
    new = (1 - momentum) * variance + momentum * n / (n - 1) * Z.var(0) if n > 1 else variance
    return (1 - momentum) * mean + momentum * Z.mean(0), new


def _normalised(Z, mu, sigma2, gamma, beta, eps):
    return gamma * (Z - mu) / np.sqrt(sigma2 + eps) + beta


@key.reject(
    "In evaluation use the running statistics: the output of one sample must not depend on its batch.",
    fails=[WORKED, EVALUATION, EPS, LAYOUT],
)
def eval_uses_batch_statistics(Z, gamma, beta, state, train, momentum=0.1, eps=1e-5):
    out = _normalised(Z, Z.mean(0), Z.var(0), gamma, beta, eps)
    return out, (_moved(state, Z, momentum) if train else state)


@key.reject(
    "In training use the mean and the variance of the batch itself; the running ones are for evaluation.",
    fails=[WORKED, TRAINING, EPS, ONE, CONSTANT, LAYOUT],
)
def running_statistics_in_training(Z, gamma, beta, state, train, momentum=0.1, eps=1e-5):
    state = _moved(state, Z, momentum) if train else state
    return _normalised(Z, *state, gamma, beta, eps), state


@key.reject(
    "The running variance estimates that of the population: it takes n/(n−1) times the variance of the batch.",
    fails=[WORKED, UPDATE, RUN, LAYOUT],
)
def running_variance_biased(Z, gamma, beta, state, train, momentum=0.1, eps=1e-5):
    if not train:
        return _normalised(Z, *state, gamma, beta, eps), state
    out = _normalised(Z, Z.mean(0), Z.var(0), gamma, beta, eps)
    new = _moved(state, Z, momentum)
    return out, (new[0], (1 - momentum) * state[1] + momentum * Z.var(0) if len(Z) > 1 else new[1])


@key.reject(
    "The forward pass divides by the batch's own variance, with 1/n; only the running variance takes 1/(n−1).",
    fails=[WORKED, TRAINING, EPS, LAYOUT],
)
def normalise_by_unbiased(Z, gamma, beta, state, train, momentum=0.1, eps=1e-5):
    if not train:
        return _normalised(Z, *state, gamma, beta, eps), state
    sigma2 = Z.var(0, ddof=1) if len(Z) > 1 else Z.var(0)
    return _normalised(Z, Z.mean(0), sigma2, gamma, beta, eps), _moved(state, Z, momentum)


@key.reject(
    "momentum is the weight of the new batch; yours is that of the old state.",
    fails=[WORKED, UPDATE, RUN],
)
def momentum_reversed(Z, gamma, beta, state, train, momentum=0.1, eps=1e-5):
    if not train:
        return _normalised(Z, *state, gamma, beta, eps), state
    return _normalised(Z, Z.mean(0), Z.var(0), gamma, beta, eps), _moved(state, Z, 1 - momentum)


@key.reject("ε belongs under the root: it is added to the variance, not to the standard deviation.", fails=[EPS])
def eps_outside_root(Z, gamma, beta, state, train, momentum=0.1, eps=1e-5):
    mu, sigma2 = (Z.mean(0), Z.var(0)) if train else state
    out = gamma * (Z - mu) / (np.sqrt(sigma2) + eps) + beta
    return out, (_moved(state, Z, momentum) if train else state)


REPLACED = "ε is added to every variance: you put another number in the place of those that are small."


@key.reject(REPLACED, fails=[EPS])
def small_variances_replaced(Z, gamma, beta, state, train, momentum=0.1, eps=1e-5):
    mu, sigma2 = (Z.mean(0), Z.var(0)) if train else state
    out = _normalised(Z, mu, np.where(sigma2 < eps, 1, sigma2), gamma, beta, 0)
    return out, (_moved(state, Z, momentum) if train else state)


@key.reject(REPLACED, fails=[EPS])
def small_variances_replaced_before_eps(Z, gamma, beta, state, train, momentum=0.1, eps=1e-5):
    mu, sigma2 = (Z.mean(0), Z.var(0)) if train else state
    out = _normalised(Z, mu, np.where(sigma2 < eps, 1, sigma2), gamma, beta, eps)
    return out, (_moved(state, Z, momentum) if train else state)


@key.reject("Where a feature is constant you divide 0 by 0: ε is missing.", fails=[EPS, ONE, CONSTANT])
def eps_missing(Z, gamma, beta, state, train, momentum=0.1, eps=1e-5):
    mu, sigma2 = (Z.mean(0), Z.var(0)) if train else state
    return _normalised(Z, mu, sigma2, gamma, beta, 0), (_moved(state, Z, momentum) if train else state)


@key.reject("Evaluation must not change the running statistics.", fails=[STILL, LAYOUT])
def running_stats_updated_in_eval(Z, gamma, beta, state, train, momentum=0.1, eps=1e-5):
    mu, sigma2 = (Z.mean(0), Z.var(0)) if train else state
    return _normalised(Z, mu, sigma2, gamma, beta, eps), _moved(state, Z, momentum)


@key.reject(
    "Your statistics run over the features of each sample; they are taken for each feature, over the samples.",
    fails=[WORKED, TRAINING, UPDATE, RUN, EPS, ONE, CONSTANT, LAYOUT],
)
def per_sample_axis(Z, gamma, beta, state, train, momentum=0.1, eps=1e-5):
    if not train:
        return _normalised(Z, *state, gamma, beta, eps), state
    out = _normalised(Z, Z.mean(1, keepdims=True), Z.var(1, keepdims=True), gamma, beta, eps)
    return out, _moved(state, Z.T, momentum)


@key.reject(
    "One mean and one variance for the whole batch are not enough: each feature has its own.",
    fails=[TRAINING, UPDATE, RUN, EPS, ONE, CONSTANT, LAYOUT],
)
def one_mean_for_all_features(Z, gamma, beta, state, train, momentum=0.1, eps=1e-5):
    if not train:
        return _normalised(Z, *state, gamma, beta, eps), state
    new = _moved(state, Z.reshape(-1, 1), momentum)
    return _normalised(Z, Z.mean(), Z.var(), gamma, beta, eps), new


@key.reject("You divide by the variance; divide by its root.", fails=[TRAINING, EVALUATION, EPS, LAYOUT])
def no_root(Z, gamma, beta, state, train, momentum=0.1, eps=1e-5):
    mu, sigma2 = (Z.mean(0), Z.var(0)) if train else state
    return gamma * (Z - mu) / (sigma2 + eps) + beta, (_moved(state, Z, momentum) if train else state)


@key.reject(
    "γ and β are missing: the normalised values are scaled and shifted once more.",
    fails=[WORKED, TRAINING, EVALUATION, EPS, ONE, CONSTANT, LAYOUT],
)
def scale_and_shift_forgotten(Z, gamma, beta, state, train, momentum=0.1, eps=1e-5):
    mu, sigma2 = (Z.mean(0), Z.var(0)) if train else state
    return (Z - mu) / np.sqrt(sigma2 + eps), (_moved(state, Z, momentum) if train else state)


SINGLE = "One sample says nothing about the variance: for n = 1 the running variance stays as it was."


@key.reject(SINGLE, fails=[ONE])
def one_sample_divides_by_zero(Z, gamma, beta, state, train, momentum=0.1, eps=1e-5):
    if not train:
        return _normalised(Z, *state, gamma, beta, eps), state
    new = (1 - momentum) * state[1] + momentum * Z.var(0, ddof=1)
    return _normalised(Z, Z.mean(0), Z.var(0), gamma, beta, eps), (_moved(state, Z, momentum)[0], new)


@key.reject(SINGLE, fails=[ONE])
def one_sample_raises(Z, gamma, beta, state, train, momentum=0.1, eps=1e-5):
    if not train:
        return _normalised(Z, *state, gamma, beta, eps), state
    new = (1 - momentum) * state[1] + momentum * len(Z) / (len(Z) - 1) * Z.var(0)
    return _normalised(Z, Z.mean(0), Z.var(0), gamma, beta, eps), (_moved(state, Z, momentum)[0], new)


@key.reject(SINGLE, fails=[ONE])
def one_sample_shrinks_the_variance(Z, gamma, beta, state, train, momentum=0.1, eps=1e-5):
    if not train:
        return _normalised(Z, *state, gamma, beta, eps), state
    new = (1 - momentum) * state[1] + momentum * len(Z) / max(len(Z) - 1, 1) * Z.var(0)
    return _normalised(Z, Z.mean(0), Z.var(0), gamma, beta, eps), (_moved(state, Z, momentum)[0], new)


@key.reject("Your function changes the arrays of its state: make new ones.", fails=[LAYOUT])
def state_overwritten(Z, gamma, beta, state, train, momentum=0.1, eps=1e-5):
    if train:
        for old, new in zip(state, _moved(state, Z, momentum), strict=True):
            old[:] = new
    mu, sigma2 = (Z.mean(0), Z.var(0)) if train else state
    return _normalised(Z, mu, sigma2, gamma, beta, eps), state
