"""Targets of deep Q-learning: loops over transitions, hand-made batches, torch's gather, the bias in closed form."""

import math

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from dlmath_kit.envs import Probe
from dlmath_ref import RangeError, ShapeError, double_dqn_target, dqn_target

BOTH = pytest.mark.parametrize("target", [dqn_target, double_dqn_target])
NO = np.zeros(1)


def batch(seed, B=7, A=4):
    """Random arguments of a target, gamma left out."""
    rng = np.random.default_rng(seed)
    flags = rng.integers(2, size=(2, B))
    return rng.normal(size=B), *flags, rng.normal(size=(B, A)), rng.normal(size=(B, A))


def test_the_four_combinations_of_flags():
    """Next values (2, 4), the other network's (1, 0), gamma 1/2, reward 1: 3 or 2 while the task goes on, else 1."""
    r, over, cut = np.ones(4), np.array([0, 0, 1, 1]), np.array([0, 1, 0, 1])
    target, online = np.tile([2.0, 4.0], (4, 1)), np.tile([1.0, 0.0], (4, 1))
    assert dqn_target(r, over, cut, target, online, 0.5).tolist() == [3, 3, 1, 1]
    assert double_dqn_target(r, over, cut, target, online, 0.5).tolist() == [2, 2, 1, 1]
    assert dqn_target(r, over == 1, cut == 1, target, online, 0.5).tolist() == [3, 3, 1, 1]


@given(st.integers(0, 10**6), st.integers(1, 6), st.integers(1, 5), st.floats(0, 1))
@settings(max_examples=40, deadline=None)
def test_loops_in_plain_python_agree(seed, B, A, gamma):
    """One transition after the other, with max and index of lists; and double DQN never promises more than DQN."""
    args = batch(seed, B, A)
    single, double = [], []
    for reward, over, _, target, online in zip(*(a.tolist() for a in args), strict=True):
        single.append(reward if over else reward + gamma * max(target))
        double.append(reward if over else reward + gamma * target[online.index(max(online))])
    np.testing.assert_allclose(dqn_target(*args, gamma), single, rtol=1e-15)
    np.testing.assert_allclose(double_dqn_target(*args, gamma), double, rtol=1e-15)
    assert (double_dqn_target(*args, gamma) <= dqn_target(*args, gamma)).all()


def test_torch_gathers_the_same():
    """max, argmax and gather of torch in float64, flags as factors."""
    r, over, cut, target, online = args = batch(1)
    r_t, over_t, target_t, online_t = map(torch.from_numpy, (r, over.astype(float), target, online))
    single = r_t + 0.9 * (1 - over_t) * target_t.max(dim=1).values
    double = r_t + 0.9 * (1 - over_t) * target_t.gather(1, online_t.argmax(dim=1, keepdim=True)).squeeze(1)
    np.testing.assert_allclose(dqn_target(*args, 0.9), single, rtol=1e-15)
    np.testing.assert_allclose(double_dqn_target(*args, 0.9), double, rtol=1e-15)
    assert np.array_equal(dqn_target(r, over, 1 - cut, target, online, 0.9), dqn_target(*args, 0.9))


def test_networks_that_agree_make_both_targets_equal():
    """With one network in both roles double DQN is DQN, bit for bit."""
    r, over, cut, q, _ = batch(2)
    assert np.array_equal(dqn_target(r, over, cut, q, q, 0.9), double_dqn_target(r, over, cut, q, q, 0.9))


def test_the_lowest_index_wins_a_tie():
    """Equal values of the online network: the first of them is evaluated."""
    q = np.array([[1.0, 2.0, 3.0]])
    assert double_dqn_target(NO, NO, NO, q, np.array([[5.0, 5.0, 4.0]]), 1.0).tolist() == [1]
    assert double_dqn_target(NO, NO, NO, q, np.zeros((1, 3)), 1.0).tolist() == [1]


def test_what_stands_behind_the_end_does_not_matter():
    """inf and nan in the next values of a terminal transition are left out, and nothing warns."""
    q = np.array([[np.inf, np.nan], [1.0, 2.0]])
    with np.errstate(all="raise"):
        for target in (dqn_target, double_dqn_target):
            assert target(np.ones(2), np.array([1, 0]), np.zeros(2), q, q, 0.5).tolist() == [1, 2]


@pytest.mark.parametrize("merged, value", [(False, 10.0), (True, 1 / (1 - 0.9 * 0.8))])
def test_probe_six_is_worth_ten(merged, value):
    """Reward 1 for ever is worth 1/(1 - gamma); with limits of five steps taken for ends, 1/(1 - 4 gamma / 5)."""
    env, rows = Probe(6, np.random.default_rng(0)), []
    env.reset()
    for _ in range(5):
        rows.append(env.step(0)[1:])
    r, over, cut = np.array(rows, dtype=float).T
    q = 0.0
    for _ in range(300):
        q = dqn_target(
            r, np.maximum(over, cut) if merged else over, cut, np.full((5, 1), q), np.zeros((5, 1)), 0.9
        ).mean()
    assert q == pytest.approx(value, rel=1e-12)


def test_the_bias_of_the_maximum():
    """Two actions of value 0 seen through independent standard normal noise: E max is 1/sqrt(pi), double DQN has 0."""
    rng, n = np.random.default_rng(3), 100_000
    q, other = rng.normal(size=(2, n, 2))
    zero = np.zeros(n)
    assert dqn_target(zero, zero, zero, q, other, 1.0).mean() == pytest.approx(1 / math.sqrt(math.pi), abs=0.02)
    assert double_dqn_target(zero, zero, zero, q, other, 1.0).mean() == pytest.approx(0, abs=0.02)


@BOTH
def test_refusals(target):
    """Flags are 0 or 1, both networks have the same actions, at least one, and gamma is a discount."""
    r, over, cut, q, other = batch(4)
    name = target.__name__
    with pytest.raises(RangeError, match=rf"^{name}: got terminated with values other than 0 and 1"):
        target(r, over + 0.5, cut, q, other, 0.9)
    with pytest.raises(RangeError, match=rf"^{name}: got truncated with values other than 0 and 1"):
        target(r, over, cut + 1, q, other, 0.9)
    with pytest.raises(ShapeError, match=rf"^{name}: got q_next_target of shape \(6, 4\), expected \(7, A\)"):
        target(r, over, cut, q[:6], other, 0.9)
    with pytest.raises(ShapeError, match=rf"^{name}: got q_next_target of shape \(7, 0\), expected \(7, A\)"):
        target(r, over, cut, q[:, :0], other, 0.9)
    with pytest.raises(ShapeError, match=rf"^{name}: got q_next_online of shape \(7, 3\), expected \(7, 4\)"):
        target(r, over, cut, q, other[:, :3], 0.9)
    with pytest.raises(RangeError, match=rf"^{name}: got gamma = 1.5, expected a number in \[0, 1\]"):
        target(r, over, cut, q, other, 1.5)


@BOTH
def test_single_precision_stays_single(target):
    """float32 rewards and values give float32 targets, whatever the flags are made of."""
    r, over, cut, q, other = batch(5)
    args = r.astype(np.float32), over == 1, cut, q.astype(np.float32), other.astype(np.float32)
    assert target(*args, 0.9).dtype == np.float32
    np.testing.assert_allclose(target(*args, 0.9), target(r, over, cut, q, other, 0.9), rtol=1e-5, atol=1e-6)
