"""Dropout: frequencies, expectation, gradient, evaluation, errors."""

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from autograder.stats import binomial_p
from dlmath_ref import RangeError, ShapeError, dropout_backward, dropout_forward


def draw(A, p, seed=0, train=True):
    return dropout_forward(A, p, np.random.default_rng(seed), train)


def test_by_hand():
    """With p = 1/5 what is kept is divided by 4/5: 4 becomes 5, what is dropped becomes 0."""
    out, mask = draw(np.full((20, 10), 4.0), 0.2)
    np.testing.assert_allclose(out[mask], 5.0, rtol=1e-15)
    np.testing.assert_array_equal(out[~mask], 0.0)
    np.testing.assert_allclose(
        dropout_backward(np.array([[4.0, 4.0]]), np.array([[True, False]]), 0.2), [[5.0, 0.0]], rtol=1e-15
    )


@pytest.mark.parametrize("p", [0.0, 0.1, 0.3, 0.5, 0.9])
def test_entries_are_kept_with_probability_one_minus_p(p):
    """An exact two-sided binomial test on 200,000 entries, for a fixed seed."""
    mask = draw(np.ones((400, 500)), p)[1]
    kept = int(mask.sum())
    assert kept == 200_000 if p == 0 else binomial_p(kept, 200_000, 1 - p) > 1e-3


def test_entries_are_independent_of_each_other():
    """Equal pairs along rows, columns and diagonals come as often as for independent entries: kept^2 + p^2."""
    mask, p = draw(np.ones((400, 500)), 0.3)[1], 0.3
    for a, b in [
        (mask[:, 0::2], mask[:, 1::2]),
        (mask[0::2], mask[1::2]),
        (mask[0::2, 0::2], mask[1::2, 1::2]),
    ]:
        assert binomial_p(int(np.sum(a == b)), a.size, 0.7**2 + p**2) > 1e-3


def test_the_expectation_stays():
    """The mean of 2,000 draws is within 5 standard errors of A; one draw has variance A^2 p / (1 - p)."""
    A, p, draws = np.array([[1.0, -2.0, 0.5]]), 0.4, 2000
    rng = np.random.default_rng(7)
    mean = np.mean([dropout_forward(A, p, rng)[0] for _ in range(draws)], axis=0)
    assert np.all(np.abs(mean - A) < 5 * np.abs(A) * np.sqrt(p / (1 - p) / draws))


@settings(max_examples=25, deadline=None)
@given(st.floats(0, 0.99), st.integers(0, 100))
def test_backward_is_the_adjoint_of_forward(p, seed):
    """For a given mask dropout is linear in A: <dropout(A), g> = <A, dropout_backward(g)>."""
    rng = np.random.default_rng(seed)
    A, g = rng.normal(size=(2, 4, 3))
    out, mask = dropout_forward(A, p, rng)
    np.testing.assert_allclose(np.sum(out * g), np.sum(A * dropout_backward(g, mask, p)), rtol=1e-12, atol=1e-12)


def test_values_and_gradient_match_torch_for_its_mask():
    """torch's dropout, its mask read off its output, scales alike; autograd gives the same gradient."""
    a = torch.ones((30, 20), dtype=torch.float64).mul_(1.5).requires_grad_()
    g = torch.arange(600, dtype=torch.float64).reshape(30, 20)
    generator = torch.random.get_rng_state()
    out = torch.nn.functional.dropout(a, 0.3)
    torch.random.set_rng_state(generator)
    out.backward(g)
    mask = out.detach().numpy() != 0
    assert set(np.unique(out.detach())) == {0.0, 1.5 / 0.7}
    np.testing.assert_allclose(dropout_backward(g.numpy(), mask, 0.3), a.grad, rtol=1e-14)


def test_evaluation_changes_and_draws_nothing():
    """Without training out equals A in memory of its own, the mask is all True and the generator stands still."""
    A, rng = np.arange(6.0).reshape(2, 3), np.random.default_rng(1)
    out, mask = dropout_forward(A, 0.9, rng, train=False)
    np.testing.assert_array_equal(out, A)
    assert mask.all() and mask.shape == A.shape and not np.shares_memory(out, A)
    assert rng.random() == np.random.default_rng(1).random()


def test_the_generator_decides():
    """The same seed gives the same mask, another one another mask, and two calls differ."""
    A, rng = np.ones((50, 40)), np.random.default_rng(0)
    first, second = (dropout_forward(A, 0.5, rng)[1] for _ in range(2))
    np.testing.assert_array_equal(draw(A, 0.5)[1], first)
    assert not np.array_equal(first, second) and not np.array_equal(draw(A, 0.5, 1)[1], first)


def test_what_is_dropped_is_zero_whatever_it_was():
    """inf and nan do not survive being dropped, as they would in a product with 0."""
    bad = np.array([np.inf, np.nan, 1.0])
    out, mask = draw(np.tile(bad, (50, 1)), 0.5)
    assert np.all(out[~mask] == 0)
    np.testing.assert_array_equal(dropout_backward(bad, np.zeros(3, bool), 0.5), np.zeros(3))


@pytest.mark.parametrize("p", [-0.1, 1.0, np.nan])
def test_a_probability_outside_its_range_is_refused(p):
    """p = 1 would drop everything and divide by 0."""
    with pytest.raises(RangeError, match=r"dropout_forward: got p_drop = .*, expected \[0, 1\)"):
        draw(np.ones(3), p)
    with pytest.raises(RangeError, match=r"dropout_backward: got p_drop = .*, expected \[0, 1\)"):
        dropout_backward(np.ones(3), np.ones(3, bool), p)


def test_a_mask_must_be_boolean_and_like_the_gradient():
    """A mask of another shape would broadcast silently, one of floats would hide a second scaling."""
    with pytest.raises(ShapeError, match=r"dropout_backward: got mask of shape \(3,\), expected \(2, 3\)"):
        dropout_backward(np.ones((2, 3)), np.ones(3, bool), 0.5)
    with pytest.raises(RangeError, match="dropout_backward: got mask of dtype float64, expected booleans"):
        dropout_backward(np.ones((2, 3)), np.ones((2, 3)), 0.5)
