"""Environments: tables against Gymnasium's, probes against values found by hand, episodes against their contract."""

from __future__ import annotations

import doctest
import importlib
from pathlib import Path

import numpy as np
import pytest

from dlmath_kit import envs
from dlmath_kit.envs import record

MODULES = ("mdp", "tabular", "probes", "cart_pole")
MDPS = {
    "chain": envs.chain(7),
    "slipping chain": envs.chain(5, slip=0.1),
    "grid": envs.grid4(),
    "two states": envs.two_state_continuing(),
    "lake": envs.frozen_lake_4x4(),
    "frozen lake without slipping": envs.frozen_lake_4x4(slippery=False),
}


@pytest.mark.parametrize("module", MODULES)
def test_examples(module: str) -> None:
    assert doctest.testmod(importlib.import_module(f"dlmath_kit.envs.{module}")).failed == 0


@pytest.mark.parametrize("mdp", MDPS.values(), ids=MDPS)
def test_tables_are_probabilities_and_ends_stay(mdp: envs.MDP) -> None:
    np.testing.assert_allclose(mdp.P.sum(axis=2), 1.0)
    assert (mdp.P >= 0).all()
    over = mdp.terminal == 1
    assert (mdp.P[over] == np.eye(len(mdp.P))[over][:, None, :]).all()
    assert (mdp.R[over] == 0).all()


@pytest.mark.parametrize("slippery", [True, False])
def test_lake_is_gymnasiums(slippery: bool) -> None:
    gymnasium = pytest.importorskip("gymnasium")
    table = gymnasium.make("FrozenLake-v1", is_slippery=slippery).unwrapped.P
    ours = envs.frozen_lake_4x4(slippery)
    P, R = np.zeros((16, 4, 16)), np.zeros((16, 4))
    for s, actions in table.items():
        for a, outcomes in actions.items():
            for p, s2, r, over in outcomes:
                P[s, a, s2] += p
                R[s, a] += p * r
                assert bool(over) == bool(ours.terminal[s2])
    np.testing.assert_allclose(ours.P, P, atol=1e-15)
    np.testing.assert_allclose(ours.R, R, atol=1e-15)


@pytest.mark.parametrize(
    ("slippery", "gamma", "value"), [(True, 0.99, 0.5420259320), (True, 0.9, 0.0688909049), (False, 0.9, 0.59049)]
)
def test_published_value_of_the_lake(slippery: bool, gamma: float, value: float) -> None:
    """The value of the start under the best policy, found by iterating the Bellman operator."""
    mdp = envs.frozen_lake_4x4(slippery)
    V = np.zeros(16)
    for _ in range(4000):
        V = (mdp.R + gamma * mdp.P @ ((1 - mdp.terminal) * V)).max(axis=1)
    assert V[0] == pytest.approx(value, abs=1e-9)


def test_steps_follow_the_table() -> None:
    """Frequencies of 20000 steps from one state, each within five standard deviations."""
    mdp = envs.grid4()
    env = envs.TabularEnv(mdp.P, mdp.R, mdp.terminal, 6, np.random.default_rng(1))
    counts, n = np.zeros(16), 20_000
    for _ in range(n):
        env.reset()
        counts[env.step(2)[0]] += 1
    p = mdp.P[6, 2]
    assert (np.abs(counts / n - p) <= 5 * np.sqrt(p * (1 - p) / n)).all()


def test_flags_tell_an_end_from_a_limit() -> None:
    env = envs.chain(3).env(np.random.default_rng(0))
    env.reset()
    assert env.step(1) == (1, -1.0, False, False)
    assert env.step(1) == (2, 9.0, True, False)
    env = envs.two_state_continuing(limit=2).env(np.random.default_rng(0))
    env.reset()
    assert [env.step(0)[2:] for _ in range(2)] == [(False, False), (False, True)]


def test_the_limit_does_not_hide_an_end() -> None:
    mdp = envs.chain(3)
    env = envs.TabularEnv(mdp.P, mdp.R, mdp.terminal, 1, np.random.default_rng(0), limit=1)
    env.reset()
    assert env.step(1)[2:] == (True, False)


@pytest.mark.parametrize("env", [envs.chain(3).env(np.random.default_rng(0)), envs.Probe(1, np.random.default_rng(0))])
def test_misuse_is_explained(env: envs.TabularEnv | envs.Probe) -> None:
    with pytest.raises(envs.EpisodeOver, match="reset"):
        env.step(0)
    env.reset()
    with pytest.raises(ValueError, match="a: got 2, expected an action"):
        env.step(2)
    while not any(env.step(env.n_actions - 1)[2:]):
        pass
    with pytest.raises(envs.EpisodeOver, match="reset"):
        env.step(0)


def test_a_chain_needs_two_states_and_a_probe_a_number() -> None:
    with pytest.raises(ValueError, match="N: got 1"):
        envs.chain(1)
    with pytest.raises(ValueError, match="k: got 9"):
        envs.Probe(9, np.random.default_rng(0))


GAMMA = 0.7
# observation -> value of each action, by hand
PROBES: dict[int, dict[float, list[float]]] = {
    1: {0.0: [1.0]},
    2: {-1.0: [-1.0], 1.0: [1.0]},
    3: {0.0: [GAMMA], 1.0: [1.0]},
    4: {0.0: [-1.0, 1.0]},
    5: {-1.0: [1.0, -1.0], 1.0: [-1.0, 1.0]},
    6: {0.0: [1 / (1 - GAMMA)]},
    7: {0.0: [-1 - GAMMA, -1 - GAMMA], 1.0: [-1.0, -2.0]},
    8: {0.0: [GAMMA, -GAMMA], 1.0: [1.0, 1.0], -1.0: [-1.0, -1.0]},
}


@pytest.mark.parametrize("k", PROBES)
def test_probes_have_the_values_found_by_hand(k: int) -> None:
    """Q-learning on a table, with step 1/N and random actions."""
    env, rng = envs.Probe(k, np.random.default_rng(k)), np.random.default_rng(0)
    Q = {x: np.zeros(env.n_actions) for x in PROBES[k]}
    x = env.reset()
    for _ in range(3000):
        a = int(rng.integers(env.n_actions))
        x2, r, terminated, truncated = env.step(a)
        assert x.shape == x2.shape == (1,)
        future = 0.0 if terminated else GAMMA * Q[x2[0]].max()
        Q[x[0]][a] += 0.2 * (r + future - Q[x[0]][a])
        x = env.reset() if terminated or truncated else x2
    for state, values in PROBES[k].items():
        np.testing.assert_allclose(Q[state], values, atol=1e-6)


def test_cartpole_is_gymnasiums() -> None:
    gymnasium = pytest.importorskip("gymnasium")
    theirs, ours = gymnasium.make("CartPole-v1"), envs.cartpole(seed=3)
    np.testing.assert_array_equal(ours.reset(), theirs.reset(seed=3)[0].astype(np.float64))
    for a in (0, 1, 1, 0):
        s2, r, terminated, truncated = ours.step(a)
        expected = theirs.step(a)
        np.testing.assert_array_equal(s2, expected[0].astype(np.float64))
        assert (r, terminated, truncated) == expected[1:4]


def test_the_log_is_one_walk_and_can_be_recorded_again(tmp_path: Path) -> None:
    pytest.importorskip("gymnasium")
    log = envs.cartpole_log()
    inside = ~(log["terminated"] | log["truncated"])[:-1]
    np.testing.assert_array_equal(log["s2"][:-1][inside], log["s"][1:][inside])
    assert set(log["a"]) == {0, 1} and (log["r"] == 1).all()
    bundled = Path(record.__file__).parent / "cartpole_log.npz"
    assert record.record(tmp_path / "log.npz").read_bytes() == bundled.read_bytes()
