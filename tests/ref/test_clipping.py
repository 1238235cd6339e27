"""Clipping by the global norm: torch's clip_grad_norm_ in float64, hand-made values, laws."""

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import array_shapes, arrays

from dlmath_ref import RangeError, ShapeError, clip_global_norm

entries = st.just(0.0) | st.floats(1e-6, 1e6) | st.floats(-1e6, -1e-6)
gradients = st.lists(arrays(np.float64, array_shapes(min_dims=1, max_dims=2, max_side=3), elements=entries), max_size=3)
few = settings(max_examples=30, deadline=None)


def flat(grads):
    return np.concatenate([np.ravel(g) for g in grads]) if grads else np.zeros(0)


def test_three_and_four():
    """The norm of (3), (4) is 5: at most 1 makes them (3/5), (4/5), at most 10 leaves them."""
    grads = [np.array([3.0]), np.array([4.0])]
    clipped, norm = clip_global_norm(grads, 1.0)
    np.testing.assert_allclose(flat(clipped), [0.6, 0.8], rtol=1e-15)
    assert norm == 5 and type(norm) is float
    clipped, norm = clip_global_norm(grads, 10.0)
    assert flat(clipped).tolist() == [3, 4] and norm == 5
    assert not np.shares_memory(clipped[0], grads[0])


@pytest.mark.parametrize("limit", [1e-3, 1.0, 30.0, 1e4])
def test_torch_clips_alike(limit):
    """torch.nn.utils.clip_grad_norm_ finds the same norm; its 1e-6, added to the norm, shows in the seventh digit."""
    rng = np.random.default_rng(0)
    grads = [10 * rng.normal(size=shape) for shape in [(4, 3), (4,), (2, 4), (2,), ()]]
    tensors = [torch.zeros(g.shape, dtype=torch.float64, requires_grad=True) for g in grads]
    for tensor, g in zip(tensors, grads, strict=True):
        tensor.grad = torch.tensor(g)
    theirs = float(torch.nn.utils.clip_grad_norm_(tensors, limit))
    clipped, norm = clip_global_norm(grads, limit)
    assert norm == pytest.approx(theirs, rel=1e-14)
    shown = limit / (norm + 1e-6) if limit < norm else 1.0
    for mine, g, tensor in zip(clipped, grads, tensors, strict=True):
        np.testing.assert_allclose(tensor.grad.numpy(), shown * g, rtol=1e-12)
        np.testing.assert_allclose(mine, min(1, limit / theirs) * g, rtol=1e-12)


@few
@given(gradients, st.floats(1e-3, 1e7))
def test_length_and_direction(grads, limit):
    """The norm is numpy's of all entries in a row; what comes out is no longer than the limit, and parallel."""
    clipped, norm = clip_global_norm(grads, limit)
    assert norm == pytest.approx(np.linalg.norm(flat(grads)), rel=1e-12, abs=1e-300)
    assert [c.shape for c in clipped] == [g.shape for g in grads]
    assert np.linalg.norm(flat(clipped)) == pytest.approx(min(norm, limit), rel=1e-12, abs=1e-300)
    np.testing.assert_allclose(flat(clipped) * norm, flat(grads) * min(norm, limit), rtol=1e-12, atol=1e-300)


@few
@given(gradients, st.floats(1e-3, 1e7))
def test_twice_is_once(grads, limit):
    """What is short enough is not shortened again."""
    once, _ = clip_global_norm(grads, limit)
    np.testing.assert_allclose(flat(clip_global_norm(once, limit)[0]), flat(once), rtol=1e-15)


def test_nothing_to_clip():
    """Zeros, an empty list and arrays without entries have the norm 0 and come back, without a warning."""
    with np.errstate(all="raise"):
        for grads in ([np.zeros((2, 3)), np.zeros(2)], [], [np.zeros((0, 3))]):
            clipped, norm = clip_global_norm(grads, 0.5)
            assert norm == 0 and [c.tolist() for c in clipped] == [g.tolist() for g in grads]


@pytest.mark.parametrize("size", [1e-200, 1e200])
def test_extreme_gradients_have_a_norm(size):
    """(3, 4) times 1e200 or 1e-200 has the norm 5e200 or 5e-200, though its squares overflow or vanish."""
    clipped, norm = clip_global_norm([size * np.array([3.0, 4.0])], size)
    assert norm == pytest.approx(5 * size, rel=1e-14)
    np.testing.assert_allclose(clipped[0], [0.6 * size, 0.8 * size], rtol=1e-14)


def test_what_is_not_finite_stays_visible():
    """inf and nan are not turned into zeros behind the user's back."""
    clipped, norm = clip_global_norm([np.array([1.0, np.nan])], 1.0)
    assert np.isnan(norm) and np.isnan(clipped[0][1])
    with np.errstate(invalid="ignore"):
        clipped, norm = clip_global_norm([np.array([1.0, np.inf])], 1.0)
    assert norm == np.inf and np.isnan(clipped[0][1])


def test_single_precision_stays_single():
    """float32 gradients come back as float32, mixed ones each in its own."""
    clipped, _ = clip_global_norm([np.full(3, 1e30, np.float32), np.ones(2)], 1.0)
    assert [c.dtype for c in clipped] == [np.float32, np.float64]
    np.testing.assert_allclose(clipped[0], 3**-0.5, rtol=1e-6)


def test_refusals():
    """The limit is one number above 0."""
    with pytest.raises(RangeError, match=r"clip_global_norm: got max_norm = 0.0, expected a number above 0"):
        clip_global_norm([np.ones(2)], 0.0)
    with pytest.raises(ShapeError, match=r"clip_global_norm: got max_norm of shape \(2,\), expected \(\)"):
        clip_global_norm([np.ones(2)], np.ones(2))
