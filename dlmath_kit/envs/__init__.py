"""Environments of reinforcement learning, with Gymnasium's split of `terminated` and `truncated`.

mdp        chain, grid4, two_state_continuing, frozen_lake_4x4: decision processes as tables
tabular    TabularEnv: walks through such a table
probes     Probe: eight tiny environments whose action values are known by hand
cart_pole  cartpole, cartpole_log: Gymnasium's CartPole, and 4000 recorded steps of it

Every environment has `reset() -> s` and `step(a) -> (s2, r, terminated, truncated)`.
"""

from dlmath_kit.envs.cart_pole import CartPole, cartpole, cartpole_log
from dlmath_kit.envs.mdp import MDP, chain, frozen_lake_4x4, grid4, two_state_continuing
from dlmath_kit.envs.probes import Probe
from dlmath_kit.envs.tabular import EpisodeOver, TabularEnv

__all__ = [
    "MDP",
    "CartPole",
    "EpisodeOver",
    "Probe",
    "TabularEnv",
    "cartpole",
    "cartpole_log",
    "chain",
    "frozen_lake_4x4",
    "grid4",
    "two_state_continuing",
]
