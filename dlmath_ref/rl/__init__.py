"""Reinforcement learning: decision processes whose tables are known, and agents that only see transitions.

mdp         Bellman's operators, value iteration, policy evaluation, policy iteration
tabular     epsilon-greedy choices, the update of Q-learning
targets     what a deep Q-network is asked to predict
"""

from dlmath_ref.rl.mdp import bellman, policy_iteration
from dlmath_ref.rl.tabular import epsilon_greedy, epsilon_greedy_probs, q_update
from dlmath_ref.rl.targets import double_dqn_target, dqn_target

__all__ = [
    "bellman",
    "double_dqn_target",
    "dqn_target",
    "epsilon_greedy",
    "epsilon_greedy_probs",
    "policy_iteration",
    "q_update",
]
