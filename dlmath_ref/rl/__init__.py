"""Reinforcement learning: decision processes whose tables are known, and agents that only see transitions.

mdp         Bellman's operators, value iteration, policy evaluation, policy iteration
"""

from dlmath_ref.rl.mdp import bellman, policy_iteration

__all__ = ["bellman", "policy_iteration"]
