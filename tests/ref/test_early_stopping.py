"""Early stopping: when, and which epoch was best."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from dlmath_ref import RangeError, ShapeError, early_stopping

losses = st.lists(st.integers(0, 12).map(float), min_size=1, max_size=25)
patience = st.integers(1, 6)
gains = st.integers(0, 3).map(float)


def from_the_definition(L, patience, min_delta):
    """The epochs that improve, as the greedy chain from epoch 0, then the first gap in it that is long enough."""
    chain = [0]
    while later := [t for t in range(chain[-1] + 1, len(L)) if L[t] < L[chain[-1]] - min_delta]:
        chain.append(later[0])
    for best, following in zip(chain, [*chain[1:], np.inf], strict=True):
        if following > best + patience and best + patience < len(L):
            return best, best + patience
    return chain[-1], len(L) - 1


@pytest.mark.parametrize(
    "L, patience, min_delta, expected",
    [
        ([3, 2, 1, 2, 2], 2, 0.0, (2, 4)),
        ([3, 2, 1, 2], 2, 0.0, (2, 3)),  # one epoch short of stopping: the last epoch, without being told to stop
        ([1, 2, 3, 4], 2, 0.0, (0, 2)),  # never improves
        ([5, 6, 6, 0], 2, 0.0, (0, 2)),  # the 0 comes too late: nobody has seen it
        ([2, 2, 2, 2], 3, 0.0, (0, 3)),  # ties are no improvement
        ([4, 3.5, 3, 2.5], 2, 0.75, (2, 3)),  # small gains add up
        ([4, 3, 2, 1], 1, 1.0, (0, 1)),  # a gain of exactly min_delta is none
        ([7], 1, 0.0, (0, 0)),
        ([np.inf, np.inf, 3], 2, 0.0, (2, 2)),
    ],
)
def test_by_hand(L, patience, min_delta, expected):
    """Sequences whose epochs can be counted on the fingers."""
    assert early_stopping(L, patience, min_delta) == expected


@given(losses, patience, gains)
def test_agrees_with_the_definition(L, patience, min_delta):
    """The same as listing all improvements first and looking for a gap of `patience` afterwards."""
    assert early_stopping(L, patience, min_delta) == from_the_definition(L, patience, min_delta)


@given(losses, losses, patience, gains)
def test_what_comes_after_the_stop_is_not_seen(L, other, patience, min_delta):
    """When training stops early, other losses afterwards change nothing."""
    best, stop = early_stopping(L, patience, min_delta)
    if stop - best == patience:
        assert early_stopping(L[: stop + 1] + other, patience, min_delta) == (best, stop)


@given(losses, patience, st.integers(-5, 5))
def test_losses_may_be_shifted(L, patience, c):
    """Adding one number to all losses changes nothing."""
    assert early_stopping([x + c for x in L], patience, 1.0) == early_stopping(L, patience, 1.0)


@given(losses, gains)
def test_with_much_patience_the_smallest_loss_wins(L, min_delta):
    """It never stops, and without min_delta the best epoch is the first with the smallest loss."""
    best, stop = early_stopping(L, len(L), min_delta)
    assert stop == len(L) - 1
    assert L[best] <= min(L) + min_delta and (min_delta > 0 or best == np.argmin(L))


def test_the_epochs_are_pythons_integers():
    """Also from a float32 array."""
    assert [type(t) for t in early_stopping(np.array([2, 1, 3], np.float32), 1)] == [int, int]


@pytest.mark.parametrize(
    "L, patience, min_delta, error, text",
    [
        ([[1.0]], 1, 0.0, ShapeError, r"val_losses of shape \(1, 1\), expected 1 axes"),
        ([], 1, 0.0, ShapeError, r"val_losses of shape \(0,\), expected at least one epoch"),
        ([1.0, np.nan], 1, 0.0, RangeError, "val_losses with NaN"),
        ([1.0], 0, 0.0, RangeError, "patience = 0, expected an integer of at least 1"),
        ([1.0], 1.5, 0.0, RangeError, "patience = 1.5, expected an integer"),
        ([1.0], 1, -0.1, RangeError, "min_delta = -0.1, expected a number of at least 0"),
        ([1.0], 1, [0.0], ShapeError, r"min_delta of shape \(1,\)"),
    ],
)
def test_errors(L, patience, min_delta, error, text):
    """Each wrong argument is named, with what was expected."""
    with pytest.raises(error, match=f"early_stopping: got {text}"):
        early_stopping(L, patience, min_delta)
