"""Reinforcement learning: decision processes whose tables are known, and agents that only see transitions.

mdp         Bellman's operators, value iteration, policy evaluation, policy iteration
tabular     epsilon-greedy choices, the update of Q-learning, its loop
replay      a memory of transitions
targets     what a deep Q-network is asked to predict
dqn         one step of deep Q-learning, many on recorded data, an agent (needs torch, imported on its own)
"""

from dlmath_ref.rl.mdp import bellman, policy_evaluation, policy_iteration, value_iteration
from dlmath_ref.rl.replay import ReplayBuffer
from dlmath_ref.rl.tabular import epsilon_greedy, epsilon_greedy_probs, q_learning, q_update
from dlmath_ref.rl.targets import double_dqn_target, dqn_target

__all__ = [
    "ReplayBuffer",
    "bellman",
    "double_dqn_target",
    "dqn_target",
    "epsilon_greedy",
    "epsilon_greedy_probs",
    "policy_evaluation",
    "policy_iteration",
    "q_learning",
    "q_update",
    "value_iteration",
]
