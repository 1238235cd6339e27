"""Bellman's operators and policy iteration: by hand, by loops, against all policies and against linear programming."""

import itertools

import numpy as np
import pytest
import scipy.optimize
from hypothesis import given, settings
from hypothesis import strategies as st

from dlmath_kit import envs
from dlmath_ref import RangeError, ShapeError, bellman, policy_iteration


def process(rng, S, A, ends=()):
    """A random process whose states in `ends` are terminal."""
    P, R = rng.dirichlet(np.full(S, 0.5), size=(S, A)), rng.normal(size=(S, A))
    ends = list(ends)
    P[ends], R[ends] = np.eye(S)[ends][:, None, :], 0.0
    return P, R, np.isin(np.arange(S), ends).astype(int)


def value(P, R, policy, gamma):
    """Discounted reward of a deterministic policy, summed step by step until nothing is left of it."""
    s = np.arange(len(R))
    V, reach, weight = np.zeros(len(R)), np.eye(len(R)), 1.0
    while weight > 1e-13:
        V, reach, weight = V + weight * reach @ R[s, policy], reach @ P[s, policy], gamma * weight
    return V


def test_backup_by_hand():
    """State 1 is terminal, its 8 is not read: Q(0, .) = 1 + 4/2, 4 + (4 + 0)/4; max 5; 1/4 * 3 + 3/4 * 5 = 4.5."""
    P = np.zeros((2, 2, 2))
    P[0, 0, 0], P[0, 1], P[1, :, 1] = 1, (0.5, 0.5), 1
    R, pi = np.array([[1.0, 4.0], [0.0, 0.0]]), np.array([[0.25, 0.75], [0.5, 0.5]])
    Q, TV, TpiV = bellman(P, R, np.array([4.0, 8.0]), pi, 0.5, np.array([0, 1]))
    assert Q.tolist() == [[3, 5], [0, 0]] and TV.tolist() == [5, 0] and TpiV.tolist() == [4.5, 0]


def test_backup_against_single_transitions():
    """Q(s, a) is the mean over s' of reward plus discounted value, written as loops over single transitions."""
    rng = np.random.default_rng(0)
    for S, A, ends in [(4, 3, [2]), (3, 3, []), (5, 1, [0, 4])]:
        P, R, terminal = process(rng, S, A, ends)
        V, pi = rng.normal(size=S), rng.dirichlet(np.ones(A), size=S)
        Q, TV, TpiV = bellman(P, R, V, pi, 0.7, terminal)
        for s, a in itertools.product(range(S), range(A)):
            future = sum(P[s, a, s2] * V[s2] for s2 in range(S) if s2 not in ends)
            np.testing.assert_allclose(Q[s, a], R[s, a] + 0.7 * future, rtol=1e-12, atol=1e-14)
        np.testing.assert_allclose(TV, [max(row) for row in Q])
        np.testing.assert_allclose(TpiV, [pi[s] @ Q[s] for s in range(S)])


@settings(max_examples=40)
@given(st.integers(0, 2**32 - 1), st.floats(0, 1))
def test_contraction_and_order(seed, gamma):
    """Both operators shrink distances by gamma, and V <= U gives TV <= TU."""
    rng = np.random.default_rng(seed)
    P, R, terminal = process(rng, 4, 2, [3] if seed % 2 else [])
    V, U, pi = rng.normal(size=4), rng.normal(size=4), rng.dirichlet(np.ones(2), size=4)
    for which in (1, 2):
        TV, TU, top = (bellman(P, R, W, pi, gamma, terminal)[which] for W in (V, U, np.maximum(V, U)))
        assert np.abs(TV - TU).max() <= gamma * np.abs(V - U).max() + 1e-12
        assert (top >= np.maximum(TV, TU) - 1e-12).all()


def test_extreme_values():
    """Values of 1e300 do not overflow, and a terminal state's value may be anything, as it is not read."""
    P = np.zeros((2, 1, 2))
    P[:, 0, 1] = 1
    Q, _, _ = bellman(np.ones((1, 1, 1)), np.zeros((1, 1)), np.array([1e300]), np.ones((1, 1)), 0.5, np.array([0]))
    assert Q.item() == 5e299
    V, pi, terminal = np.array([0.0, np.inf]), np.ones((2, 1)), np.array([0, 1])
    assert bellman(P, np.zeros((2, 1)), V, pi, 0.5, terminal)[0].tolist() == [[0], [0]]


def test_howard_by_hand():
    """chain(3), gamma 1/2: going left is worth -2; then state 1 turns, then state 0; V = (-1 + 9/2, 9, 0)."""
    m = envs.chain(3)
    policy, V, passes = policy_iteration(m.P, m.R, 0.5, m.terminal)
    assert policy.tolist() == [1, 1, 0] and passes == 2
    np.testing.assert_allclose(V, [3.5, 9, 0], rtol=1e-15)


@pytest.mark.parametrize("seed", range(3))
def test_no_policy_is_better(seed):
    """The values are the largest among all A^S deterministic policies, each summed step by step."""
    rng = np.random.default_rng(seed)
    P, R, terminal = process(rng, 4, 3, [1] if seed % 2 else [])
    policy, V, _ = policy_iteration(P, R, 0.6, terminal)
    every = [value(P, R, list(p), 0.6) for p in itertools.product(range(3), repeat=4)]
    np.testing.assert_allclose(V, np.max(every, axis=0), rtol=1e-9)
    np.testing.assert_allclose(V, value(P, R, policy, 0.6), rtol=1e-9)


@pytest.mark.parametrize("gamma", [0.0, 0.5, 0.99, 0.9999])
def test_agrees_with_linear_programming(gamma):
    """min sum V subject to V >= R(., a) + gamma P(., a) V has V* as its solution (Puterman, section 6.9)."""
    rng = np.random.default_rng(7)
    P, R, terminal = process(rng, 12, 4)
    A = np.concatenate([gamma * P[:, a] - np.eye(12) for a in range(4)])
    program = scipy.optimize.linprog(np.ones(12), A_ub=A, b_ub=-R.T.ravel(), bounds=(None, None))
    np.testing.assert_allclose(policy_iteration(P, R, gamma, terminal)[1], program.x, rtol=1e-6, atol=1e-7)


def test_frozen_lake():
    """The values at the start that value iteration gives for Gymnasium's FrozenLake-v1, to 1e-10."""
    for slippery, gamma, start in [(True, 0.99, 0.5420259320), (True, 0.9, 0.0688909049), (False, 0.9, 0.59049)]:
        m = envs.frozen_lake_4x4(slippery)
        np.testing.assert_allclose(policy_iteration(m.P, m.R, gamma, m.terminal)[1][0], start, atol=1e-10)


def test_values_never_fall_from_pass_to_pass():
    """A longer ladder takes one pass a rung; each pass is an improvement, by bellman's Q of the values before."""
    rungs = np.arange(5)
    P, R = np.zeros((6, 2, 6)), np.zeros((6, 2))
    P[rungs, 0, rungs] = P[rungs, 1, rungs + 1] = P[5, :, 5] = 1
    R[:5, 0], R[4, 1] = 1, 100
    terminal = np.array([0, 0, 0, 0, 0, 1])
    policy, V, passes = policy_iteration(P, R, 0.9, terminal)
    assert policy.tolist() == [1] * 5 + [0] and passes == 5
    np.testing.assert_allclose(V, [*(100 * 0.9 ** np.arange(4, -1, -1)), 0])
    steps = [value(P, R, np.r_[np.zeros(5 - k, int), np.ones(k, int), 0], 0.9) for k in range(6)]
    assert (np.diff(steps, axis=0) >= -1e-12).all()


def test_equal_actions_stay():
    """Copies of an action never change places: the policy is that of the first copies, and the algorithm ends."""
    rng = np.random.default_rng(1)
    P, R, terminal = process(rng, 6, 2)
    policy, V, passes = policy_iteration(P, R, 0.97, terminal)
    twice = policy_iteration(np.concatenate([P, P], axis=1), np.concatenate([R, R], axis=1), 0.97, terminal)
    assert twice[0].tolist() == policy.tolist() and twice[2] == passes
    np.testing.assert_allclose(twice[1], V)
    assert policy_iteration(np.full((3, 4, 3), 1 / 3), np.ones((3, 4)), 0.999, np.zeros(3))[2] == 0


@pytest.mark.parametrize(
    "change, error, text",
    [
        ({"P": np.ones((2, 2, 3)) / 3}, ShapeError, r"bellman: got P of shape \(2, 2, 3\), expected \(2, 1, 2\)."),
        ({"V": np.ones(3)}, ShapeError, r"bellman: got V of shape \(3,\), expected \(2,\)."),
        ({"pi": np.ones((2, 2)) / 2}, ShapeError, r"bellman: got pi of shape \(2, 2\), expected \(2, 1\)."),
        ({"R": np.ones((2, 0))}, ShapeError, r"bellman: got R of shape \(2, 0\), expected at least one state and one"),
        ({"P": np.ones((2, 1, 2))}, RangeError, "bellman: got P with rows that are not distributions"),
        ({"pi": -np.ones((2, 1))}, RangeError, "bellman: got pi with rows that are not distributions"),
        ({"gamma": 1.5}, RangeError, r"bellman: got gamma = 1.5, expected a number in \[0, 1\]."),
        ({"terminal": np.array([0, 2])}, RangeError, "bellman: got terminal with values other than 0 and 1"),
    ],
)
def test_errors_say_what_was_got_and_expected(change, error, text):
    """Each refusal names the function, the argument, what it got and what it expected."""
    right = {"P": np.full((2, 1, 2), 0.5), "R": np.ones((2, 1)), "V": np.ones(2), "pi": np.ones((2, 1))}
    with pytest.raises(error, match=text):
        bellman(**{**right, "gamma": 0.5, "terminal": np.array([0, 1]), **change})


def test_an_endless_sum_is_refused():
    """gamma = 1 has no values in general, so policy iteration refuses it."""
    with pytest.raises(RangeError, match=r"policy_iteration: got gamma = 1.0, expected a number in \[0, 1\)."):
        policy_iteration(np.ones((1, 1, 1)), np.ones((1, 1)), 1.0, np.array([0]))
