"""Answer key: inverted dropout, forward and backward (unit 4).

Masks are random by nature: what is fixed is the output for the mask that was returned. How masks are drawn is checked
by facts that hold for every order of calls to the generator and by one exact binomial test, which a right answer fails
with probability 1e-9.
"""

import numpy as np

from autograder.key import N0, Key, check, close, standard
from autograder.key.answers import random_state
from autograder.stats import rate
from dlmath_ref import dropout_backward, dropout_forward

key = Key(
    "unit04_feedforward/dropout",
    reference={"dropout_forward": dropout_forward, "dropout_backward": dropout_backward},
    bans=N0,
)

WORKED, FORMULA = "no_dropping_and_the_worked_example", "the_output_is_what_the_mask_keeps_scaled_up"
RATE, COINS = "entries_are_dropped_with_probability_p", "every_entry_has_a_coin_of_its_own"
GENERATOR, EVALUATION = "the_passed_generator_decides_the_mask", "in_evaluation_nothing_is_dropped"
BACKWARD, EXTREMES = "the_gradient_passes_where_the_mask_kept", "dropping_nothing_and_nearly_everything"
LAYOUT = "inputs_stay_unchanged_in_any_dtype_and_layout"


def forward(answer, A, p, rng, *train):
    """The output and the mask, after checking that the mask is one."""
    got = answer.dropout_forward(A, p, rng, *train)
    check(type(got) in (tuple, list) and len(got) == 2, "dropout_forward must return two values: output and mask.")
    out, mask = got
    check(type(mask) is np.ndarray and mask.dtype == bool, "The mask must be a numpy array of booleans.")
    check(mask.shape == A.shape, "The mask must have the shape of A.")
    return out, mask


def kept(A, mask, p):
    return np.where(mask, A / (1 - p), 0)


def away(rng, shape):
    """Numbers of both signs and sizes in [1, 2]."""
    return rng.uniform(1, 2, size=shape) * rng.choice([-1, 1], size=shape)


@key.part("worked", weight=1)
def no_dropping_and_the_worked_example(answer, rng):
    A = np.array([[2.0, 4.0, 6.0]])
    out, mask = forward(answer, A.copy(), 0.0, rng)
    check(mask.all(), "With p = 0 nothing is dropped: the mask must be True everywhere.")
    close(out, A, what="the output for p = 0")
    A = np.tile(A, (41, 1))
    out, mask = forward(answer, A.copy(), 0.5, rng)
    close(out, kept(A, mask, 0.5), what="the output for p = 1/2")
    g = answer.dropout_backward(np.ones((1, 3)), np.array([[True, False, True]]), 0.5)
    close(g, np.array([[2.0, 0.0, 2.0]]), what="the gradient")


@key.part("core", weight=1.5)
def the_output_is_what_the_mask_keeps_scaled_up(answer, rng):
    for shape, p in (((12, 7), 0.3), ((8, 8), 0.8)):
        A = away(rng, shape)
        out, mask = forward(answer, A.copy(), p, rng)
        close(out, kept(A, mask, p), what="the output")


@key.part("core", weight=1, feedback="p_drop is the probability that an entry is dropped.")
def entries_are_dropped_with_probability_p(answer, rng):
    mask = forward(answer, np.tile([1.0, 0.0], (1, 100_000)), 0.3, rng)[1]  # a unit that is 0 may be kept, too
    rate(int(mask.sum()), mask.size, 0.7, what="A kept entry")


@key.part("core", weight=1)
def every_entry_has_a_coin_of_its_own(answer, rng):
    mask = forward(answer, np.ones((200, 200)), 0.3, rng)[1]  # two lines are equal with probability 0.58**200
    check(len(np.unique(mask, axis=0)) == 200, "Two samples have the same mask: every sample needs coins of its own.")
    check(len(np.unique(mask, axis=1)) == 200, "Two units are dropped together: every unit needs coins of its own.")
    rows = len(set(mask.sum(1).tolist())) > 1 and len(set(mask.sum(0).tolist())) > 1
    check(rows, "The number of dropped entries is the same in each row or column: coins know nothing of each other.")
    counts = {
        int(forward(answer, np.ones((20, 20)), 0.3, rng)[1].sum()) for _ in range(9)
    }  # one with probability 1e-11
    check(len(counts) > 1, "The number of dropped entries is always the same: coins know nothing of each other.")


@key.part("core", weight=0.5)
def the_passed_generator_decides_the_mask(answer, rng):
    seed, before = int(rng.integers(2**32)), random_state(answer)
    mine, A = np.random.default_rng(seed), np.ones((20, 30))
    first, second = (forward(answer, A, 0.5, mine)[1] for _ in range(2))
    check(random_state(answer) == before, "You used numpy's global generator; use the argument rng.")
    again, other = (forward(answer, A, 0.5, np.random.default_rng(s))[1] for s in (seed, seed + 1))
    check(np.array_equal(again, first), "Two generators with the same seed must give the same mask.")
    check(not np.array_equal(first, second), "A second call with the same generator must give another mask.")
    check(not np.array_equal(first, other), "Generators with different seeds must give different masks.")


@key.part("core", weight=1)
def in_evaluation_nothing_is_dropped(answer, rng):
    A = away(rng, (12, 7))
    A[:, 2] = 0
    out, mask = forward(answer, A.copy(), 0.4, rng, False)
    close(out, A, what="the output in evaluation")
    check(mask.all(), "In evaluation the mask must be True everywhere.")


@key.part("core", weight=1)
def the_gradient_passes_where_the_mask_kept(answer, rng):
    for shape, p in (((5, 4), 0.3), ((4, 4), 0.8)):
        g, mask = away(rng, shape), rng.permutation(np.arange(shape[0] * shape[1]) % 3 == 0).reshape(shape)
        got = answer.dropout_backward(g.copy(), mask.copy(), p)
        same = type(got) is np.ndarray and got.shape == shape and np.array_equal(got != 0, mask)
        check(same, "The gradient must be 0 where the given mask is False, and only there.")
        close(got, dropout_backward(g, mask, p), what="the gradient")


@key.part("edge", weight=0.5)
def dropping_nothing_and_nearly_everything(answer, rng):
    A = away(rng, (31, 19))
    A[:, 2] = 0
    for p in (0.0, 0.9):
        out, mask = forward(answer, A.copy(), p, rng)
        close(out, kept(A, mask, p), what=f"the output for p = {p}")
        check(mask.all() if p == 0 else not mask.all(), f"p = {p}: the mask must drop entries exactly if p is above 0.")
        close(answer.dropout_backward(A.copy(), mask, p), kept(A, mask, p), what=f"the gradient for p = {p}")


@key.part("edge", weight=0.5)
def inputs_stay_unchanged_in_any_dtype_and_layout(answer, rng):
    A = away(rng, (9, 6))
    for given in (A, A[::-1, ::-1], np.asfortranarray(A), A.astype(np.float32), A[:1]):
        passed = given.copy(order="K")
        out, mask = forward(answer, passed, 0.3, rng)
        close(out, kept(given, mask, 0.3), what="the output")
        check(np.array_equal(passed, given), "Your function changes its input (argument 1).")
    standard(answer.dropout_backward, (A, A > 0, 0.3), dropout_backward, what="the gradient")


@key.accept
class ByBinomialCounts:
    def dropout_forward(A, p_drop, rng, train=True):
        if train:
            mask = (1 - rng.binomial(1, p_drop, size=A.shape)).astype(bool)
        else:
            mask = np.full(A.shape, True)
        scale = 1 - p_drop if train else 1
        return np.multiply(A, mask) / scale, mask

    def dropout_backward(g, mask, p_drop):
        return np.where(mask, g, 0.0) / (1 - p_drop)


@key.accept
class RowByRow:
    def dropout_forward(A, p_drop, rng, train=True):
        out, mask = np.array(A, dtype=float), np.ones_like(A, dtype=bool)
        for i in range(len(A) if train else 0):
            mask[i] = [not u < p_drop for u in rng.uniform(size=A.shape[1])]
            out[i, ~mask[i]] = 0
            out[i] /= 1 - p_drop
        return out, mask

    def dropout_backward(g, mask, p_drop):
        out = g / (1 - p_drop)
        out[~mask] = 0
        return out


@key.accept
class ByChoice:
    def dropout_forward(A, p_drop, rng, train=True):
        if not train or p_drop == 0:
            return A, A == A
        mask = rng.choice([False, True], size=A.shape, p=[p_drop, 1 - p_drop])
        return [A * (mask / (1 - p_drop)), mask]

    def dropout_backward(g, mask, p_drop):
        return g * mask.astype(g.dtype) / (1 - p_drop)


def _mask(A, p_drop, rng, train):
    return rng.random(A.shape) >= p_drop if train else np.ones(A.shape, bool)


def _scaled(A, mask, p_drop, train=True):
    return A * mask / (1 - p_drop) if train else A


SMALL = "The kept entries must be scaled up so that the expectation stays: divide by the probability of keeping."


@key.reject(SMALL, fails=[WORKED, FORMULA, BACKWARD, EXTREMES, LAYOUT])
class NoRescaling:
    def dropout_forward(A, p_drop, rng, train=True):
        mask = _mask(A, p_drop, rng, train)
        return A * mask, mask

    def dropout_backward(g, mask, p_drop):
        return g * mask


@key.reject(SMALL, fails=[WORKED, FORMULA, EXTREMES, LAYOUT], function="dropout_forward")
def no_rescaling_forwards(A, p_drop, rng, train=True):
    mask = _mask(A, p_drop, rng, train)
    return A * mask, mask


@key.reject(
    "The gradient needs the factor of the forward pass, 1/(1−p).",
    fails=[WORKED, BACKWARD, EXTREMES, LAYOUT],
    function="dropout_backward",
)
def no_rescaling_backwards(g, mask, p_drop):
    return g * mask


BY_P = "You divide by p, the probability of dropping; divide by that of keeping, 1 − p."


@key.reject(BY_P, fails=[WORKED, FORMULA, BACKWARD, EXTREMES, LAYOUT])
class ScaledByP:
    def dropout_forward(A, p_drop, rng, train=True):
        mask = _mask(A, p_drop, rng, train)
        return (A * mask / p_drop if train else A), mask

    def dropout_backward(g, mask, p_drop):
        return g * mask / p_drop


@key.reject(BY_P, fails=[WORKED, FORMULA, EXTREMES, LAYOUT], function="dropout_forward")
def scaled_by_p_forwards(A, p_drop, rng, train=True):
    mask = _mask(A, p_drop, rng, train)
    return (A * mask / p_drop if train else A), mask


SHARE = "Divide by the probability of keeping, 1 − p, not by the share that happened to be kept."


@key.reject(SHARE, fails=[WORKED, FORMULA, EXTREMES, LAYOUT], function="dropout_forward")
def scaled_by_the_share_kept(A, p_drop, rng, train=True):
    mask = _mask(A, p_drop, rng, train)
    return A * mask / mask.mean(), mask


@key.reject(SHARE, fails=[WORKED, BACKWARD, EXTREMES, LAYOUT], function="dropout_backward")
def scaled_by_the_share_kept_backwards(g, mask, p_drop):
    return g * mask / mask.mean()


ZEROS = "The mask says which units are kept, and one that is kept may be 0 itself: do not read it from the output."


@key.reject(ZEROS, fails=[RATE, EXTREMES], function="dropout_forward")
def mask_read_from_the_output(A, p_drop, rng, train=True):
    out = _scaled(A, _mask(A, p_drop, rng, train), p_drop, train)
    return out, out != 0 if train else np.ones(A.shape, bool)


@key.reject(ZEROS, fails=[RATE, EVALUATION, EXTREMES], function="dropout_forward")
def mask_read_from_the_output_in_evaluation_too(A, p_drop, rng, train=True):
    out = _scaled(A, _mask(A, p_drop, rng, train), p_drop, train)
    return out, out != 0


SWAPPED = "You keep with probability p; p_drop is the probability of dropping."


@key.reject(SWAPPED, fails=[WORKED, RATE, EXTREMES], function="dropout_forward")
def keep_and_drop_swapped(A, p_drop, rng, train=True):
    mask = rng.random(A.shape) < p_drop if train else np.ones(A.shape, bool)
    return _scaled(A, mask, p_drop, train), mask


@key.reject(SWAPPED, fails=[WORKED, FORMULA, RATE, BACKWARD, EXTREMES, LAYOUT])
class KeepAndDropSwappedThroughout:
    def dropout_forward(A, p_drop, rng, train=True):
        mask = rng.random(A.shape) < p_drop if train else np.ones(A.shape, bool)
        return (A * mask / p_drop if train else A), mask

    def dropout_backward(g, mask, p_drop):
        return g * mask / p_drop


@key.reject(
    "Your mask is True where an entry is dropped; it must be True where it is kept.",
    fails=[WORKED, FORMULA, RATE, BACKWARD, EVALUATION, EXTREMES, LAYOUT],
)
class MaskTrueWhereDropped:
    def dropout_forward(A, p_drop, rng, train=True):
        mask = ~_mask(A, p_drop, rng, train)
        return _scaled(A, ~mask, p_drop, train), mask

    def dropout_backward(g, mask, p_drop):
        return g * ~mask / (1 - p_drop)


@key.reject(
    "In evaluation dropout does nothing: the output is A itself.", fails=[EVALUATION], function="dropout_forward"
)
def active_in_evaluation(A, p_drop, rng, train=True):
    mask = _mask(A, p_drop, rng, True)
    return _scaled(A, mask, p_drop), mask


@key.reject(
    "You scale in evaluation, too: in training the kept entries were scaled already, so nothing is left to do.",
    fails=[EVALUATION],
    function="dropout_forward",
)
def scaled_in_evaluation(A, p_drop, rng, train=True):
    mask = _mask(A, p_drop, rng, train)
    return (_scaled(A, mask, p_drop) if train else A * (1 - p_drop)), mask


@key.reject("All samples share one mask; every sample needs its own.", fails=[COINS], function="dropout_forward")
def one_mask_for_all_samples(A, p_drop, rng, train=True):
    mask = np.broadcast_to(_mask(A[0], p_drop, rng, train), A.shape)
    return _scaled(A, mask, p_drop, train), mask.copy()


@key.reject("You drop whole samples; every entry has its own coin.", fails=[RATE, COINS], function="dropout_forward")
def one_coin_for_a_sample(A, p_drop, rng, train=True):
    mask = np.broadcast_to(_mask(A[:, :1], p_drop, rng, train), A.shape)
    return _scaled(A, mask, p_drop, train), mask.copy()


COUNTED = "You drop a fixed number of entries; every entry has its own coin, and the number is left to chance."


@key.reject(COUNTED, fails=[COINS], function="dropout_forward")
def a_fixed_share_of_all_entries(A, p_drop, rng, train=True):
    mask = np.arange(A.size) >= (round(p_drop * A.size) if train else 0)
    mask = rng.permutation(mask).reshape(A.shape)
    return _scaled(A, mask, p_drop, train), mask


@key.reject(COUNTED, fails=[COINS], function="dropout_forward")
def a_fixed_share_of_every_row(A, p_drop, rng, train=True):
    mask = np.broadcast_to(np.arange(A.shape[1]) >= (round(p_drop * A.shape[1]) if train else 0), A.shape)
    mask = rng.permuted(mask, axis=1)
    return _scaled(A, mask, p_drop, train), mask


@key.reject(
    "You seed a generator inside the function: every call drops the same entries.",
    fails=[GENERATOR, COINS],
    function="dropout_forward",
)
def reseeded(A, p_drop, rng, train=True):
    mask = _mask(A, p_drop, np.random.default_rng(0), train)
    return _scaled(A, mask, p_drop, train), mask


@key.reject(
    "You draw from numpy's global generator; use the argument rng.", fails=[GENERATOR], function="dropout_forward"
)
def global_generator(A, p_drop, rng, train=True):
    np.random.seed(int(rng.integers(2**32)))
    mask = np.random.random(A.shape) >= p_drop if train else np.ones(A.shape, bool)
    return _scaled(A, mask, p_drop, train), mask


REUSE = "The gradient must use the mask of the forward pass, not draw a new one."


@key.reject(REUSE, fails=[WORKED, BACKWARD, EXTREMES, LAYOUT], function="dropout_backward")
def backward_new_mask(g, mask, p_drop):
    return _scaled(g, np.random.default_rng(0).random(g.shape) >= p_drop, p_drop)


@key.reject(
    "A dropped entry had no influence: its gradient is 0.",
    fails=[WORKED, BACKWARD, EXTREMES, LAYOUT],
    function="dropout_backward",
)
def backward_without_mask(g, mask, p_drop):
    return g / (1 - p_drop)


@key.reject("Your function changes its input array: work on a new array.", fails=[LAYOUT], function="dropout_forward")
def in_place(A, p_drop, rng, train=True):
    mask = _mask(A, p_drop, rng, train)
    if train:
        A *= mask
        A /= 1 - p_drop
    return A, mask


key.equivalent("A.copy() -> A", "what comes back is a copy for the marker in either case")
key.equivalent(
    "rng.random(A.shape) >= p_drop -> rng.random(A.shape) > p_drop", "a draw equals p with probability below 1e-15"
)
