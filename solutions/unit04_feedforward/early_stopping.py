"""Answer key: early stopping (unit 4).

All losses are multiples of 1/8, so that gains and min_delta compare without rounding.
"""

import numpy as np

from autograder.key import N0, Key, exact, standard
from dlmath_ref import early_stopping

key = Key("unit04_feedforward/early_stopping", reference=early_stopping, bans=N0)

NAMES = ("the best epoch", "the epoch of the stop")


def history(rng, patience, delta=0.0):
    """Losses that improve by more than delta three times, at the last moment each, and then no more in time.

    In between they are worse and fall, but not below the best one. After the stop comes the best loss of all.
    """
    losses = [64.0]
    for gain in (1, 1, 1, 0):
        best, heights = losses[-1], np.sort(rng.choice(np.arange(1, 40), patience, replace=False))[::-1] / 8
        wait = heights[: patience - 1] if gain else heights
        losses += [float(best + h) for h in wait]
        losses += [best - delta - int(rng.integers(1, 9)) / 8] * gain
    return [*losses, 1.0, 2.0]


def cases(rng):
    """Patience from 2 to 5, each once stopping and once reaching the end of the list just before it would."""
    for patience in rng.permutation([2, 3, 4, 5]).tolist():
        losses = history(rng, patience)
        yield losses, patience
        yield losses[:-3], patience


def answers(answer, rng, item):
    for losses, patience in cases(rng):
        got = answer(list(losses), patience)
        expected = early_stopping(losses, patience)
        exact(got if not isinstance(got, (tuple, list)) or len(got) != 2 else got[item], expected[item], NAMES[item])


@key.part("worked", weight=1)
def five_epochs_by_hand(answer, rng):
    exact(answer([3.0, 2.0, 1.0, 2.0, 2.0], 2), (2, 4), what=NAMES)


@key.part("core", weight=0.5)
def the_best_epoch_is_found(answer, rng):
    answers(answer, rng, 0)


@key.part("core", weight=0.5)
def training_stops_when_patience_ends(answer, rng):
    answers(answer, rng, 1)


@key.part("edge", weight=0.25, feedback="Try losses that are equal.")
def an_equal_loss_is_no_improvement(answer, rng):
    low, m = int(rng.integers(8, 80)) / 8, int(rng.integers(2, 5))
    for losses in ([low + 2] + [low] * (m + 3), [low] * (m + 2)):
        exact(answer(list(losses), m), early_stopping(losses, m), what=NAMES)


@key.part("edge", weight=0.25)
def losses_that_never_fall_and_a_single_epoch(answer, rng):
    m = int(rng.integers(2, 5))
    losses = (8 + np.arange(m + 3) * int(rng.integers(1, 9)) / 8).tolist()
    exact(answer(list(losses), m), (0, m), what=NAMES)
    exact(answer(losses[:m], m), (0, m - 1), what=NAMES)
    exact(answer([losses[0]], 1), (0, 0), what=NAMES)


@key.part("edge", weight=0.5)
def gains_must_exceed_min_delta(answer, rng):
    delta, top = int(rng.integers(3, 9)) / 4, 64.0
    small = delta / 2 + 0.125  # one such gain is too little, two are enough
    exact(answer([top, top - 1.0, top - 0.5, top], 2, min_delta=0.75), (1, 3), what=NAMES)
    for losses in (
        [top, top - 0.125, top + 0.125, top, top, top, top - 9 * delta],
        [top, top - delta, top - delta - 0.25, top - delta, top, top - 9 * delta],  # exactly delta; then more
        [top - k * small for k in range(6)],
    ):
        exact(answer(list(losses), 3, delta), early_stopping(losses, 3, delta), what=NAMES)
    standard(answer, (history(rng, 3, delta), 3, delta), early_stopping, what=NAMES)


@key.accept
def with_a_counter(val_losses, patience, min_delta=0.0):
    best_loss, best_epoch, waited = float("inf"), 0, 0
    for epoch in range(len(val_losses)):
        if val_losses[epoch] < best_loss - min_delta:
            best_loss, best_epoch, waited = val_losses[epoch], epoch, 0
        else:
            waited += 1
            if waited == patience:
                break
    return best_epoch, epoch


@key.accept
def by_looking_ahead(val_losses, patience, min_delta=0.0):
    L, best = np.asarray(val_losses), 0
    while True:
        better = np.flatnonzero(L[best + 1 : best + 1 + patience] < L[best] - min_delta)
        if len(better) == 0:
            return np.int64(best), np.minimum(best + patience, len(L) - 1)
        best = best + 1 + better[0]


@key.accept
def by_recursion(val_losses, patience, min_delta=0.0, best=0, t=0):
    if t == len(val_losses):
        return [best, t - 1]
    if val_losses[t] < val_losses[best] - min_delta:
        best = t
    if t == best + patience:
        return [best, t]
    return by_recursion(val_losses, patience, min_delta, best, t + 1)


HAND, BEST, STOP = "five_epochs_by_hand", "the_best_epoch_is_found", "training_stops_when_patience_ends"
TIES, NEVER = "an_equal_loss_is_no_improvement", "losses_that_never_fall_and_a_single_epoch"
DELTA = "gains_must_exceed_min_delta"


def _stop(val_losses, improves, patience, in_a_row=True):
    """improves(t, b) says whether epoch t improves on the best one so far, b."""
    best, waited = 0, 0
    for t in range(1, len(val_losses)):
        if improves(t, best):
            best, waited = t, 0 if in_a_row else waited
        else:
            waited += 1
        if waited >= patience:
            return best, t
    return best, len(val_losses) - 1


@key.reject("Training stops one epoch too late.", fails=[BEST, STOP, TIES, NEVER, DELTA])
def patience_off_by_one(val_losses, patience, min_delta=0.0):
    L = val_losses
    return _stop(L, lambda t, b: L[t] < L[b] - min_delta, patience + 1)


@key.reject("Training stops one epoch too soon.", fails=[HAND, BEST, STOP, TIES, NEVER, DELTA])
def too_soon(val_losses, patience, min_delta=0.0):
    L = val_losses
    return _stop(L, lambda t, b: L[t] < L[b] - min_delta, patience - 1)


@key.reject("An equal loss is no improvement: the gain must exceed min_delta.", fails=[TIES, DELTA])
def ties_count_as_improvement(val_losses, patience, min_delta=0.0):
    L = val_losses
    return _stop(L, lambda t, b: L[t] <= L[b] - min_delta, patience)


@key.reject("Report the best epoch, not the last one.", fails=[HAND, BEST, TIES, NEVER, DELTA])
def returns_last_epoch(val_losses, patience, min_delta=0.0):
    L = val_losses
    stop = _stop(L, lambda t, b: L[t] < L[b] - min_delta, patience)[1]
    return stop, stop


@key.reject("Improvements smaller than min_delta do not count.", fails=[DELTA])
def min_delta_ignored(val_losses, patience, min_delta=0.0):
    L = val_losses
    return _stop(L, lambda t, b: L[t] < L[b], patience)


@key.reject("The gain must exceed min_delta: your bound lies above the best loss.", fails=[DELTA])
def min_delta_added(val_losses, patience, min_delta=0.0):
    L = val_losses
    return _stop(L, lambda t, b: L[t] < L[b] + min_delta, patience)


@key.reject("min_delta is a difference of losses; you take it as a share of the best loss.", fails=[DELTA])
def min_delta_as_a_share(val_losses, patience, min_delta=0.0):
    L = val_losses
    return _stop(L, lambda t, b: L[t] < L[b] * (1 - min_delta), patience)


@key.reject("Compare with the loss of the best epoch, not with the smallest loss: small gains add up.", fails=[DELTA])
def below_all_losses(val_losses, patience, min_delta=0.0):
    L = val_losses
    return _stop(L, lambda t, b: L[t] < min(L[:t]) - min_delta, patience)


@key.reject("An epoch that gains too little is not the best epoch, although its loss is smaller.", fails=[DELTA])
def smallest_loss_until_the_stop(val_losses, patience, min_delta=0.0):
    L = val_losses
    stop = _stop(L, lambda t, b: L[t] < L[b] - min_delta, patience)[1]
    return int(np.argmin(L[: stop + 1])), stop


@key.reject("Patience is for epochs in a row: an improvement starts the count anew.", fails=[BEST, STOP, DELTA])
def waits_are_added_up(val_losses, patience, min_delta=0.0):
    L = val_losses
    return _stop(L, lambda t, b: L[t] < L[b] - min_delta, patience, in_a_row=False)


@key.reject("Compare with the best epoch so far, not with the epoch before.", fails=[BEST, STOP, DELTA])
def compared_with_the_epoch_before(val_losses, patience, min_delta=0.0):
    L = val_losses
    return _stop(L, lambda t, b: L[t] < L[t - 1] - min_delta, patience)


@key.reject("Your best epoch lies after the stop: nobody has seen those losses.", fails=[BEST, DELTA])
def best_of_all(val_losses, patience, min_delta=0.0):
    L = val_losses
    return int(np.argmin(L)), _stop(L, lambda t, b: L[t] < L[b] - min_delta, patience)[1]


@key.reject("Epochs are counted from 0.", fails=[HAND, BEST, STOP, TIES, NEVER, DELTA])
def counted_from_one(val_losses, patience, min_delta=0.0):
    L = val_losses
    best, stop = _stop(L, lambda t, b: L[t] < L[b] - min_delta, patience)
    return best + 1, stop + 1


@key.reject("If training never has to stop, the answer is the last epoch of the list.", fails=[STOP, NEVER, DELTA])
def one_behind_the_list(val_losses, patience, min_delta=0.0):
    L = val_losses
    best, stop = _stop(L, lambda t, b: L[t] < L[b] - min_delta, patience)
    return best, stop if stop - best == patience else len(L)
