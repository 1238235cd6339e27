"""Answer key: gradient clipping by the global norm (unit 4).

The arrays' norms lie between 1 and 1.5, so that every other norm of them all leads to another factor. Only tiny
gradients show a small number that is added to the norm, as libraries do: half a point.
"""

import numpy as np

from autograder.key import ITER, N0, Key, check, close, standard
from dlmath_ref import clip_global_norm

key = Key("unit04_feedforward/clip_global_norm", reference=clip_global_norm, bans=N0)

BEFORE = "the norm"


def gradients(rng, size=1.0):
    """Four arrays, each with a norm between 1 and 1.5 times size."""
    arrays = [rng.normal(size=shape) for shape in [(4, 3), (4,), (2, 4), (2, 2, 2)]]
    return [size * rng.uniform(1, 1.5) * g / np.linalg.norm(g) for g in arrays]


def global_norm(grads):
    return float(np.linalg.norm(np.concatenate([g.ravel() for g in grads])))


def call(answer, grads, max_norm):
    got = answer([g.copy() for g in grads], max_norm)
    pair = type(got) in (tuple, list) and len(got) == 2
    check(pair, "clip_global_norm must return two values: the list of clipped gradients, the norm.")
    return got


def clipped_as(got, expected):
    listed = type(got) in (tuple, list) and len(got) == len(expected)
    check(listed, f"The clipped gradients must be a list of {len(expected)} arrays here, as many as were given.")
    for k, (g, e) in enumerate(zip(got, expected, strict=True)):
        close(g, e, ITER, what=f"grads[{k}] after clipping")


@key.part("worked", weight=1)
def three_and_four(answer, rng):
    grads = [np.array([3.0]), np.array([4.0])]
    for max_norm, expected in [(1.0, [0.6, 0.8]), (10.0, [3.0, 4.0])]:
        got = call(answer, grads, max_norm)
        clipped_as(got[0], [np.array([x]) for x in expected])
        close(got[1], 5.0, ITER, what=BEFORE)


@key.part("core", weight=1)
def long_gradients_are_shortened_together(answer, rng):
    for share in (0.3, 0.8):
        grads = gradients(rng)
        clipped_as(call(answer, grads, share * global_norm(grads))[0], [share * g for g in grads])


@key.part("core", weight=1)
def short_gradients_stay_as_they_are(answer, rng):
    for share in (1.2, 10.0):
        grads = gradients(rng)
        clipped_as(call(answer, grads, share * global_norm(grads))[0], grads)


@key.part("core", weight=1)
def the_norm_is_that_of_all_entries_before(answer, rng):
    for share in (0.5, 2.0):
        grads = gradients(rng)
        close(call(answer, grads, share * global_norm(grads))[1], global_norm(grads), ITER, what=BEFORE)


@key.part("edge", weight=0.5)
def tiny_gradients_zeros_and_none_at_all(answer, rng):
    grads = gradients(rng, size=1e-6)
    clipped_as(call(answer, grads, 0.25 * global_norm(grads))[0], [0.25 * g for g in grads])
    for zeros in ([np.zeros((2, 3)), np.zeros(4)], []):
        got = call(answer, zeros, 0.5)
        clipped_as(got[0], zeros)
        close(got[1], 0.0, what=BEFORE)


@key.part("edge", weight=0.5)
def inputs_stay_unchanged_in_any_dtype_and_layout(answer, rng):
    grads = gradients(rng)
    standard(
        answer, (grads, 0.5 * global_norm(grads)), clip_global_norm, tol=ITER, what=("the clipped gradients", BEFORE)
    )


@key.accept
def by_concatenation(grads, max_norm):
    flat = np.concatenate([np.zeros(0), *[g.ravel() for g in grads]])
    norm = np.sqrt(flat @ flat)
    if norm == 0 or norm <= max_norm:
        return [g.copy() for g in grads], norm
    return [g * (max_norm / norm) for g in grads], norm


@key.accept
def by_the_norm_of_norms(grads, max_norm):
    norm = np.linalg.norm([np.linalg.norm(g) for g in grads])
    return [g / max(1.0, norm / max_norm) for g in grads], norm


@key.accept
def by_dividing_by_zero_on_purpose(grads, max_norm):
    total = np.float64(0)
    for g in grads:
        total += np.vdot(g, g)
    with np.errstate(divide="ignore"):
        return [np.minimum(1.0, max_norm / np.sqrt(total)) * g for g in grads], np.sqrt(total)


@key.accept
def with_a_clipped_norm(grads, max_norm):
    norm = sum(float(x) ** 2 for g in grads for x in g.flat) ** 0.5
    return [g * np.clip(norm, None, max_norm) / norm if norm else g for g in grads], norm


WORKED, LONG, SHORT = "three_and_four", "long_gradients_are_shortened_together", "short_gradients_stay_as_they_are"
NORM, TINY = "the_norm_is_that_of_all_entries_before", "tiny_gradients_zeros_and_none_at_all"
INPUTS = "inputs_stay_unchanged_in_any_dtype_and_layout"
FACTOR = [WORKED, LONG, TINY, INPUTS]
WRONG_NORM = [WORKED, LONG, SHORT, NORM, TINY, INPUTS]


def _norm(grads):
    return np.sqrt(sum(np.sum(g**2) for g in grads))


def _clipped(grads, norm, max_norm):
    return [g * (max_norm / norm if norm > max_norm else 1.0) for g in grads]


@key.reject("You clip every array by its own norm: one common factor keeps the direction.", fails=FACTOR)
def per_array(grads, max_norm):
    return [_clipped([g], _norm([g]), max_norm)[0] for g in grads], _norm(grads)


@key.reject("You lengthen small gradients to the limit: they must stay as they are.", fails=[WORKED, SHORT])
def scales_up(grads, max_norm):
    norm = _norm(grads)
    return [g * (max_norm / norm if norm > 0 else 1.0) for g in grads], norm


ROOT = "The global norm is the root of the sum of all squares, as if all arrays were one vector."


@key.reject(ROOT, fails=WRONG_NORM)
def sum_of_norms(grads, max_norm):
    norm = sum(_norm([g]) for g in grads)
    return _clipped(grads, norm, max_norm), norm


@key.reject(ROOT, fails=[WORKED, LONG, NORM, TINY, INPUTS])
def largest_norm(grads, max_norm):
    norm = max([_norm([g]) for g in grads], default=0.0)
    return _clipped(grads, norm, max_norm), norm


@key.reject("Your norm is squared: take the root of the sum.", fails=WRONG_NORM)
def without_root(grads, max_norm):
    norm = sum(float(np.sum(g**2)) for g in grads)
    return _clipped(grads, norm, max_norm), norm


@key.reject(
    "For a matrix you take the spectral norm, its largest singular value, which is not the norm of its entries.",
    fails=[LONG, NORM, TINY, INPUTS],
)
def spectral_norms(grads, max_norm):
    norm = np.sqrt(sum(np.linalg.norm(np.atleast_1d(g), 2) ** 2 if g.ndim <= 2 else np.sum(g * g) for g in grads))
    return _clipped(grads, norm, max_norm), norm


@key.reject("You clip single entries: that changes the direction of the gradient.", fails=FACTOR)
def elementwise_clip(grads, max_norm):
    return [np.clip(g, -max_norm, max_norm) for g in grads], _norm(grads)


ZERO = "Where all gradients are zero you divide 0 by 0: they must come back as they are."


@key.reject(ZERO, fails=[TINY])
def nan_at_zero(grads, max_norm):
    norm = _norm(grads)
    return [g / norm * min(norm, max_norm) for g in grads], norm


@key.reject(ZERO, fails=[TINY])
def division_by_zero(grads, max_norm):
    norm = float(_norm(grads))
    return [g * min(1.0, max_norm / norm) for g in grads], norm


@key.reject("An empty list of gradients has the norm 0 and stays empty.", fails=[TINY])
def crashes_without_gradients(grads, max_norm):
    norm = np.linalg.norm(np.concatenate([g.ravel() for g in grads]))
    return _clipped(grads, norm, max_norm), norm


@key.reject(
    "You add a small number to the norm, which shortens tiny gradients too much: treat the norm 0 by itself.",
    fails=[TINY],
)
def epsilon_in_the_norm(grads, max_norm):
    norm = _norm(grads)
    return [g * min(1.0, max_norm / (norm + 1e-6)) for g in grads], norm


@key.reject("You return the norm after clipping: return the one before.", fails=[WORKED, NORM, INPUTS])
def norm_after(grads, max_norm):
    clipped = _clipped(grads, _norm(grads), max_norm)
    return clipped, _norm(clipped)


@key.reject("Your function changes the gradients that it is given: make new arrays.", fails=[INPUTS])
def in_place(grads, max_norm):
    norm = _norm(grads)
    for g in grads:
        g *= max_norm / norm if norm > max_norm else 1.0
    return grads, norm


key.equivalent("norm > max_norm -> norm >= max_norm", "At the limit the factor is 1 either way.")
