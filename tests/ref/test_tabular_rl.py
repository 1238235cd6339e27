"""Epsilon-greedy choices and the update of Q-learning.

Independent of the reference: values worked by hand, exact binomial tests of scipy, a step of torch's SGD on the squared
error in float64, the expected update as a sum over the table of transitions, and Q* of a chain in closed form.
"""

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from scipy.stats import binomtest

from dlmath_kit import envs
from dlmath_ref import RangeError, ShapeError, epsilon_greedy, epsilon_greedy_probs, q_update

VALUES = arrays(np.float64, st.integers(1, 6), elements=st.floats(-5, 5))
CHOICES = np.array([-1.0, 3.0, 2.0, 0.5])


def test_probabilities_by_hand():
    """0.3 shared by three actions gives 0.1 each, and the best has the other 0.7."""
    assert epsilon_greedy_probs([-3.0, -1.0, -2.0], 0.3) == pytest.approx([0.1, 0.8, 0.1])


def test_without_exploring_the_best_is_certain_and_with_nothing_else_all_are_alike():
    """eps = 0 gives a unit vector, eps = 1 the uniform law."""
    assert epsilon_greedy_probs([1.0, 4.0, 2.0], 0).tolist() == [0, 1, 0]
    assert epsilon_greedy_probs([1.0, 4.0, 2.0], 1) == pytest.approx([1 / 3] * 3)


def test_a_tie_goes_to_the_lowest_index():
    """Actions 1 and 3 are the best: 1 is greedy, in probability and in choice."""
    q = [0.0, 2.0, 1.0, 2.0]
    assert epsilon_greedy_probs(q, 0.4) == pytest.approx([0.1, 0.7, 0.1, 0.1])
    assert epsilon_greedy(q, 0, np.random.default_rng(0)) == 1


@given(VALUES, st.floats(0, 1))
def test_probabilities_are_a_distribution(q, eps):
    """They sum to 1, none is below eps / A, and the expected value is the mixture of mean and maximum."""
    pi = epsilon_greedy_probs(q, eps)
    assert pi.sum() == pytest.approx(1) and pi.min() >= eps / len(q)
    assert pi @ q == pytest.approx(eps * q.mean() + (1 - eps) * q.max(), abs=1e-12)


@given(VALUES, st.floats(-3, 3), st.floats(0.1, 10))
def test_only_the_order_of_values_matters(q, shift, scale):
    """A monotone map of the values that keeps ties leaves the probabilities."""
    q = np.round(q)
    assert np.array_equal(epsilon_greedy_probs(q, 0.3), epsilon_greedy_probs(scale * q + shift, 0.3))


def test_choices_have_the_probabilities():
    """20,000 choices with eps = 0.4: scipy's exact binomial test finds nothing at 1e-6 for any of the four actions."""
    rng = np.random.default_rng(0)
    counts = np.bincount([epsilon_greedy(CHOICES, 0.4, rng) for _ in range(20_000)], minlength=4)
    p_values = [binomtest(int(k), 20_000, p).pvalue for k, p in zip(counts, (0.1, 0.7, 0.1, 0.1), strict=True)]
    assert min(p_values) > 1e-6


def test_choices_come_from_the_generator_alone():
    """The same seed gives the same choices, another seed others; the result is a plain int."""
    runs = [[epsilon_greedy(CHOICES, 0.8, rng) for _ in range(50)] for rng in map(np.random.default_rng, (1, 1, 2))]
    assert runs[0] == runs[1] != runs[2]
    assert type(runs[0][0]) is int


def test_one_transition_by_hand():
    """Target 1 + 3/2 = 5/2, so 2 becomes 2 + (5/2 - 2)/2 = 9/4; when the task ends, 2 + (1 - 2)/2 = 3/2."""
    Q = [[0.0, 2.0], [1.0, 3.0]]
    assert q_update(Q, 0, 1, 1.0, 1, False, 0.5, 0.5).tolist() == [[0, 9 / 4], [1, 3]]
    assert q_update(Q, 0, 1, 1.0, 1, True, 0.5, 0.5).tolist() == [[0, 3 / 2], [1, 3]]


def test_a_table_of_integers_becomes_one_of_floats():
    """From zeros the new value is alpha r, here 0.25 * 3."""
    assert q_update(np.zeros((2, 2), int), 1, 0, 3, 0, False, 0.25, 0.9)[1, 0] == 0.75


def test_negative_values_and_a_step_back():
    """s' = s with values -4 and -2: the target -1 + 0.5 * (-2) = -2 is half way from -4 to -3."""
    assert q_update([[-4.0, -2.0]], 0, 0, -1.0, 0, False, 0.5, 0.5).tolist() == [[-3, -2]]


@pytest.mark.parametrize("terminated", [False, True])
def test_it_is_a_step_of_sgd_on_half_the_squared_error(terminated):
    """torch.optim.SGD on (Q(s, a) - target)^2 / 2 with a detached target, float64: the same table to 1e-15."""
    rng = np.random.default_rng(3)
    Q = rng.normal(size=(5, 3))
    table = torch.tensor(Q, requires_grad=True)
    target = 0.7 + 0.9 * (not terminated) * table.detach()[4].max()
    (0.5 * (table[2, 1] - target) ** 2).backward()
    torch.optim.SGD([table], lr=0.3).step()
    got = q_update(Q, 2, 1, 0.7, 4, terminated, 0.3, 0.9)
    np.testing.assert_allclose(got, table.detach().numpy(), rtol=0, atol=1e-15)


def test_on_average_it_is_the_bellman_operator():
    """With alpha = 1, the new values averaged over P(s' | s, a) are R + gamma sum P (1 - terminal) max Q."""
    m, rng = envs.grid4(0.2), np.random.default_rng(4)
    Q, live = rng.normal(size=m.R.shape), 1 - m.terminal
    for s, a in [(0, 0), (6, 2), (11, 1), (14, 2)]:
        new = [q_update(Q, s, a, m.R[s, a], s2, m.terminal[s2] == 1, 1.0, 0.9)[s, a] for s2 in range(16)]
        assert m.P[s, a] @ new == pytest.approx(m.R[s, a] + 0.9 * np.sum(m.P[s, a] * live * Q.max(axis=1)), abs=1e-14)


def test_sweeps_reach_the_values_of_a_chain():
    """chain(4): right, d steps before the goal, is worth 9 g^(d-1) - (1 - g^(d-1)) / (1 - g), in closed form."""
    m, gamma = envs.chain(4), 0.9
    Q = np.full((4, 2), 30.0)
    for _ in range(400):
        for s in range(3):
            for a in (0, 1):
                s2 = int(m.P[s, a].argmax())
                Q = q_update(Q, s, a, m.R[s, a], s2, bool(m.terminal[s2]), 0.5, gamma)
    right = [9 * gamma ** (d - 1) - (1 - gamma ** (d - 1)) / (1 - gamma) for d in (3, 2, 1)]
    np.testing.assert_allclose(Q[:3, 1], right, atol=1e-9)
    np.testing.assert_allclose(Q[:3, 0], [-1 + gamma * right[max(s - 1, 0)] for s in range(3)], atol=1e-9)


@given(
    arrays(np.float64, (3, 2), elements=st.floats(-9, 9)),
    arrays(np.float64, (3, 2), elements=st.floats(-9, 9)),
    st.booleans(),
    st.floats(0, 1),
)
def test_two_tables_come_no_further_apart(Q, U, terminated, alpha):
    """The update does not increase the largest difference of two tables, for alpha and gamma in [0, 1]."""
    after = [q_update(T, 0, 1, 0.5, 2, terminated, alpha, 0.9) for T in (Q, U)]
    assert np.abs(after[0] - after[1]).max() <= np.abs(Q - U).max() + 1e-12


@pytest.mark.parametrize(
    "call, error, text",
    [
        (
            lambda: epsilon_greedy_probs([1.0], 1.5),
            RangeError,
            r"epsilon_greedy_probs: got eps = 1.5, expected a number in \[0, 1\].",
        ),
        (
            lambda: epsilon_greedy([], 0.5, np.random.default_rng(0)),
            ShapeError,
            r"epsilon_greedy: got q of shape \(0,\), expected at least one action.",
        ),
        (
            lambda: q_update(np.zeros((2, 3)), 2, 0, 0.0, 0, False, 0.1, 0.9),
            RangeError,
            r"q_update: got s = 2, expected an integer in \[0, 2\).",
        ),
        (
            lambda: q_update(np.zeros((2, 3)), 0, 3, 0.0, 0, False, 0.1, 0.9),
            RangeError,
            r"q_update: got a = 3, expected an integer in \[0, 3\).",
        ),
        (
            lambda: q_update(np.zeros((2, 3)), 0, 0, 0.0, 1.0, False, 0.1, 0.9),
            RangeError,
            "q_update: got s2 = 1.0, expected an integer of at least 0.",
        ),
        (
            lambda: q_update(np.zeros(3), 0, 0, 0.0, 0, False, 0.1, 0.9),
            ShapeError,
            r"q_update: got Q of shape \(3,\), expected 2 axes.",
        ),
        (
            lambda: q_update(np.zeros((2, 3)), 0, 0, [0.0], 0, False, 0.1, 0.9),
            ShapeError,
            r"q_update: got r of shape \(1,\), expected \(\).",
        ),
    ],
)
def test_errors_say_what_was_got_and_expected(call, error, text):
    """Each refusal names the function, the argument, what it got and what it expected."""
    with pytest.raises(error, match=text):
        call()
