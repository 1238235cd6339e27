"""Value iteration and policy evaluation: linear systems, Gymnasium's own table, returns of simulated episodes."""

import gymnasium
import numpy as np
import pytest

from dlmath_kit import envs
from dlmath_ref import RangeError, ShapeError, bellman, policy_evaluation, policy_iteration, value_iteration


def process(rng, S, A, ends=()):
    """A random process whose states in `ends` are terminal."""
    P, R = rng.dirichlet(np.full(S, 0.5), size=(S, A)), rng.normal(size=(S, A))
    ends = list(ends)
    P[ends], R[ends] = np.eye(S)[ends][:, None, :], 0.0
    return P, R, np.isin(np.arange(S), ends).astype(int)


def gymnasiums_lake(slippery):
    """The table of FrozenLake-v1 itself, summed over its list of transitions."""
    table = gymnasium.make("FrozenLake-v1", is_slippery=slippery).unwrapped.P
    P, R, terminal = np.zeros((16, 4, 16)), np.zeros((16, 4)), np.zeros(16, int)
    for s in range(16):
        for a in range(4):
            for p, s2, r, over in table[s][a]:
                P[s, a, s2] += p
                R[s, a] += p * r
                terminal[s2] |= over
    return P, R, terminal


def test_three_states_in_a_row():
    """chain(3), gamma 1/2: V(1) = -1 + 10, V(0) = -1 + 9/2, V(2) = 0."""
    m = envs.chain(3)
    V, policy = value_iteration(m.P, m.R, 0.5, m.terminal)
    np.testing.assert_allclose(V, [3.5, 9, 0], rtol=0, atol=1e-8)
    assert policy.tolist() == [1, 1, 0]


@pytest.mark.parametrize(
    "slippery, gamma, start", [(True, 0.99, 0.5420259320), (True, 0.9, 0.0688909049), (False, 0.9, 0.59049)]
)
def test_frozen_lake(slippery, gamma, start):
    """Gymnasium's own table gives the published values of its start; 0.59049 = 0.9^5, five steps before the goal."""
    P, R, terminal = gymnasiums_lake(slippery)
    V, policy = value_iteration(P, R, gamma, terminal, tol=1e-12)
    np.testing.assert_allclose(V[0], start, rtol=0, atol=1e-10)
    np.testing.assert_allclose(policy_evaluation(P, R, np.eye(4)[policy], gamma, terminal), V, atol=1e-11)


@pytest.mark.parametrize("gamma", [0.0, 0.5, 0.9, 0.99])
@pytest.mark.parametrize("tol", [1e-1, 1e-6, 1e-12])
def test_the_error_is_at_most_tol(gamma, tol):
    """The distance to the values of Howard's policy, a linear solve, is what was asked for."""
    P, R, terminal = process(np.random.default_rng(3), 6, 3, [5] if gamma < 0.9 else [])
    V, policy = value_iteration(P, R, gamma, terminal, tol)
    best, optimum, _ = policy_iteration(P, R, gamma, terminal)
    assert np.abs(V - optimum).max() <= tol + 1e-15 * np.abs(V).max() / (1 - gamma)
    if tol < 1e-5:
        assert policy.tolist() == best.tolist()


def test_it_ends_for_any_tolerance():
    """An accuracy beyond float64 is not reached, but the iteration ends near the fixed point."""
    P, R, terminal = process(np.random.default_rng(4), 5, 2)
    V, _ = value_iteration(P, R, 0.9, terminal, 1e-300)
    pi = np.full((5, 2), 0.5)
    np.testing.assert_allclose(bellman(P, R, V, pi, 0.9, terminal)[1], V, rtol=0, atol=1e-13)


@pytest.mark.parametrize("gamma", [0.0, 0.7, 0.999])
def test_evaluation_is_the_fixed_point(gamma):
    """V = T_pi V, with `bellman` as T_pi; one state that pays 1 for ever is worth 1 / (1 - gamma)."""
    rng = np.random.default_rng(5)
    P, R, terminal = process(rng, 7, 3, [2])
    pi = rng.dirichlet(np.ones(3), size=7)
    V = policy_evaluation(P, R, pi, gamma, terminal)
    np.testing.assert_allclose(bellman(P, R, V, pi, gamma, terminal)[2], V, rtol=1e-11, atol=1e-11)
    one = np.ones((1, 1, 1))
    np.testing.assert_allclose(policy_evaluation(one, one[0], one[0], gamma, [0]), [1 / (1 - gamma)], rtol=1e-12)


def test_evaluation_is_the_mean_return_of_episodes():
    """4000 simulated walks over grid4 at random: the mean return is within five standard errors of V(0)."""
    m, rng, gamma, n = envs.grid4(), np.random.default_rng(6), 0.9, 4000
    s, returns, weight, rows = np.zeros(n, int), np.zeros(n), np.ones(n), np.cumsum(m.P, axis=2)
    for _ in range(150):  # 0.9^150 = 1e-7
        a = rng.integers(4, size=n)
        returns, weight = returns + weight * m.R[s, a], weight * gamma
        s = (rows[s, a] < rng.random((n, 1))).sum(axis=1).clip(max=15)
    V = policy_evaluation(m.P, m.R, np.full((16, 4), 0.25), gamma, m.terminal)
    assert abs(returns.mean() - V[0]) < 5 * returns.std() / np.sqrt(n)


def test_rows_of_terminal_states_are_not_followed():
    """A table that begins anew after the end, at a reward, leaves the values of the other states as they are."""
    P, R, terminal = process(np.random.default_rng(7), 5, 2, [4])
    anew, paid = P.copy(), R.copy()
    anew[4], paid[4] = np.eye(5)[0], 50.0
    pi = np.full((5, 2), 0.5)
    V, W = (value_iteration(p, r, 0.9, terminal)[0][:4] for p, r in ((P, R), (anew, paid)))
    np.testing.assert_allclose(V, W, rtol=0, atol=2e-8)
    V, W = (policy_evaluation(p, r, pi, 0.9, terminal)[:4] for p, r in ((P, R), (anew, paid)))
    np.testing.assert_allclose(V, W, rtol=1e-12)


@pytest.mark.parametrize(
    "change, error, text",
    [
        (
            {"P": np.ones((2, 2, 2)) / 2},
            ShapeError,
            r"value_iteration: got P of shape \(2, 2, 2\), expected \(2, 1, 2\).",
        ),
        ({"gamma": 1.0}, RangeError, r"value_iteration: got gamma = 1.0, expected a number in \[0, 1\)."),
        ({"tol": 0.0}, RangeError, "value_iteration: got tol = 0.0, expected a positive number."),
    ],
)
def test_errors_say_what_was_got_and_expected(change, error, text):
    """Each refusal names the function, the argument, what it got and what it expected."""
    right = {
        "P": np.full((2, 1, 2), 0.5),
        "R": np.ones((2, 1)),
        "gamma": 0.5,
        "terminal": np.array([0, 1]),
        "tol": 1e-8,
    }
    with pytest.raises(error, match=text):
        value_iteration(**{**right, **change})


def test_evaluation_refuses_what_is_no_policy():
    """Rows of pi must be distributions."""
    with pytest.raises(RangeError, match="policy_evaluation: got pi with rows that are not distributions"):
        policy_evaluation(np.ones((1, 2, 1)), np.ones((1, 2)), np.ones((1, 2)), 0.5, np.array([0]))
