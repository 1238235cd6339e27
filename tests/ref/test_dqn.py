"""The step of deep Q-learning: linear networks whose gradients are worked by hand, and probes with known values."""

import numpy as np
import pytest
import torch
from torch import nn

from dlmath_kit.envs import Probe
from dlmath_ref import RangeError, double_dqn_target, dqn_target
from dlmath_ref.rl.dqn import DQNAgent, dqn_update, soft_update, train_on_log

ALPHA, GAMMA = 0.05, 0.9


def linear(W):
    """Q(s, .) = W s without a bias."""
    net = nn.Linear(*np.shape(W)[::-1], bias=False, dtype=torch.float64)
    net.weight.data = torch.tensor(W, dtype=torch.float64)
    return net


def steps(rng, n):
    """n transitions with three inputs and two actions, as arrays and as tensors."""
    s, s2, flags = rng.normal(size=(n, 3)), rng.normal(size=(n, 3)), 1.0 * (rng.random((2, n)) < 0.3)
    rows = {"s": s, "a": rng.integers(2, size=n), "r": rng.normal(size=n), "s2": s2}
    rows |= {"terminated": flags[0], "truncated": flags[1]}
    return rows, {name: torch.from_numpy(x) for name, x in rows.items()}


def by_hand(W, W_target, rows, double):
    """Loss and parameters after a step of gradient descent: dL/dW[a] = 2/B sum (Q(s, a) - y) s, in numpy."""
    target = double_dqn_target if double else dqn_target
    y = target(rows["r"], rows["terminated"], rows["truncated"], rows["s2"] @ W_target.T, rows["s2"] @ W.T, GAMMA)
    error = (rows["s"] @ W.T)[np.arange(len(y)), rows["a"]] - y  # (B,)
    gradient = 2 / len(y) * np.eye(2)[rows["a"]].T @ (error[:, None] * rows["s"])  # (2, 3)
    return np.mean(error**2), W - ALPHA * gradient


@pytest.mark.parametrize("double", [False, True])
@pytest.mark.parametrize("B", [1, 7])
def test_two_steps_of_a_linear_network(B, double):
    """Losses and weights agree with the gradient worked by hand; the target network stays."""
    rng = np.random.default_rng(B)
    W, W_target = rng.normal(size=(2, 2, 3))
    q, q_target = linear(W), linear(W_target)
    optimizer = torch.optim.SGD(q.parameters(), lr=ALPHA)
    for _ in range(2):
        rows, batch = steps(rng, B)
        expected, W = by_hand(W, W_target, rows, double)
        assert dqn_update(q, q_target, optimizer, batch, GAMMA, double) == pytest.approx(expected, rel=1e-12)
        assert np.allclose(q.weight.detach(), W, rtol=1e-12)
    assert np.array_equal(q_target.weight.detach(), W_target) and q_target.weight.grad is None


def test_the_target_is_a_constant_even_where_both_networks_are_one():
    """Q = w, s = s' = 1, r = 1: the loss (w - 1 - 0.5 w)^2 at w = 0 has the gradient -2, and -1 through the target."""
    q = linear([[0.0]])
    one = torch.ones(1, 1, dtype=torch.float64)
    batch = {
        "s": one,
        "a": torch.tensor([0]),
        "r": one[0],
        "s2": one,
        "terminated": 0 * one[0],
        "truncated": 0 * one[0],
    }
    dqn_update(q, q, torch.optim.SGD(q.parameters(), lr=1.0), batch, 0.5)
    assert q.weight.item() == 2.0


def test_soft_update_moves_floats_and_leaves_counters():
    """0.9 of the old and 0.1 of the new, running means included; the number of batches seen stays."""
    a, b = nn.BatchNorm1d(2), nn.BatchNorm1d(2)
    nn.init.constant_(b.weight, 3.0)
    b.running_mean.fill_(5.0)
    b.num_batches_tracked.fill_(4)
    soft_update(a, b, 0.1)
    assert torch.allclose(a.weight, torch.tensor(1.2)) and torch.allclose(a.running_mean, torch.tensor(0.5))
    assert a.num_batches_tracked == 0 and torch.all(b.weight == 3)


def test_copies_come_before_the_steps_zero_and_two():
    """Three steps by hand, with a copy before the first and the third."""
    rng = np.random.default_rng(5)
    W, W_target = rng.normal(size=(2, 2, 3))
    q, q_target = linear(W), linear(W_target)
    rows, log = steps(rng, 20)
    batches = [rng.integers(20, size=4) for _ in range(3)]
    train_on_log(q, q_target, torch.optim.SGD(q.parameters(), lr=ALPHA), log, batches, GAMMA, 2, True)
    for k, I in enumerate(batches):
        W_target = W if k in (0, 2) else W_target
        W = by_hand(W, W_target, {name: x[I] for name, x in rows.items()}, double=True)[1]
    assert np.allclose(q.weight.detach(), W, rtol=1e-12)
    assert np.allclose(q_target.weight.detach(), W_target, rtol=1e-12)


# With gamma = 1/2: the end of probe 3 is worth 1, hence 1/2 in front of it; the rewards of 6 go on for ever, 2 in all.
VALUES = {3: {0: [0.5], 1: [1]}, 5: {-1: [1, -1], 1: [-1, 1]}, 6: {0: [2]}}


@pytest.mark.parametrize(("k", "n"), [(3, 200), (5, 150), (6, 350)])
def test_the_agent_learns_the_values_of_a_probe(k, n):
    """After n steps the action values are those worked by hand; torch's global generator has not moved."""
    env, state = Probe(k, np.random.default_rng(k)), torch.get_rng_state()
    agent, s = DQNAgent(1, env.n_actions, gamma=0.5, seed=k), env.reset()
    for _ in range(n):
        a = agent.act(s, eps=0.3)
        s2, r, terminated, truncated = env.step(a)
        agent.observe(s, a, r, s2, terminated, truncated)
        agent.update()
        s = env.reset() if terminated or truncated else s2
    for obs, values in VALUES[k].items():
        assert np.allclose(agent.q_values(np.array([obs])), values, atol=0.15)
    assert torch.equal(state, torch.get_rng_state())


def test_errors():
    """A discount, a share or a period out of range is refused."""
    q = linear([[0.0]])
    with pytest.raises(RangeError, match=r"dqn_update: got gamma = 1.5, expected a number in \[0, 1\]"):
        dqn_update(q, q, None, {}, 1.5)
    with pytest.raises(RangeError, match="soft_update: got tau = -1"):
        soft_update(q, q, -1)
    with pytest.raises(RangeError, match="train_on_log: got sync_every = 0, expected at least 1"):
        train_on_log(q, q, None, {}, [], 0.5, 0, False)
