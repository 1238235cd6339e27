"""What a deep Q-network is asked to predict: one target per transition."""

import numpy as np

from dlmath_ref import _check
from dlmath_ref.errors import RangeError, ShapeError

__all__ = ["double_dqn_target", "dqn_target"]


def dqn_target(r, terminated, truncated, q_next_target, q_next_online, gamma):
    r"""Regression targets of a deep Q-network.

    Equation:
        y_i = r_i + gamma (1 - terminated_i) max_a Q_target(s'_i, a)

    Args:
        r: (B,) float. Rewards.
        terminated: (B,) bool. Where the task is over after the transition: no future.
        truncated: (B,) bool. Where a time limit cut the episode off; the task goes on, so this changes nothing.
        q_next_target: (B, A) float. Q_target(s', .), the values of the target network in the next states, A at least 1.
        q_next_online: (B, A) float. Q(s', .), those of the network that learns; not used.
        gamma: float. Discount, in [0, 1].

    Returns:
        y (B,) array, float32 where r and the values are.

    Raises:
        ShapeError: r, terminated or truncated is not (B,), the values are not (B, A) with A at least 1, or gamma is not
            a scalar.
        RangeError: a flag is neither 0 nor 1, or gamma is not in [0, 1].

    Stability:
        The values after an end are not multiplied by 0 but left out: what is inf or nan there does not matter.

    Source:
        Liquet, Moka, Nazarathy, chapter 8; Mnih et al. (2015), equation 2 and algorithm 1. Differs from the paper: an
        episode that a time limit cut off is no end (Pardo et al. 2018).

    >>> q = np.array([[1.0, 3.0], [1.0, 3.0]])
    >>> dqn_target(np.array([1.0, 1.0]), np.array([0, 1]), np.array([1, 0]), q, q, gamma=0.5)
    array([2.5, 1. ])
    """
    r, over, q_next_target, _, gamma = _checked(
        "dqn_target", r, terminated, truncated, q_next_target, q_next_online, gamma
    )
    return np.where(over, r, r + gamma * q_next_target.max(axis=1))


def double_dqn_target(r, terminated, truncated, q_next_target, q_next_online, gamma):
    r"""Regression targets of double DQN: one network chooses the next action, the other says what it is worth.

    Equation:
        a*_i = argmax_a Q(s'_i, a)
        y_i = r_i + gamma (1 - terminated_i) Q_target(s'_i, a*_i)

    Args:
        r: (B,) float. Rewards.
        terminated: (B,) bool. Where the task is over after the transition: no future.
        truncated: (B,) bool. Where a time limit cut the episode off; the task goes on, so this changes nothing.
        q_next_target: (B, A) float. Q_target(s', .), the values of the target network in the next states, A at least 1.
        q_next_online: (B, A) float. Q(s', .), those of the network that learns; the lowest index wins a tie.
        gamma: float. Discount, in [0, 1].

    Returns:
        y (B,) array, float32 where r and the values are; never above `dqn_target` of the same arguments.

    Raises:
        ShapeError: r, terminated or truncated is not (B,), the values are not (B, A) with A at least 1, or gamma is not
            a scalar.
        RangeError: a flag is neither 0 nor 1, or gamma is not in [0, 1].

    Stability:
        The values after an end are not multiplied by 0 but left out: what is inf or nan there does not matter.

    Source:
        Liquet, Moka, Nazarathy, chapter 8; van Hasselt, Guez and Silver (2016), Deep reinforcement learning with
        double Q-learning. Not the clipped double Q of Fujimoto et al. (2018), which takes a minimum.

    >>> target, online = np.array([[1.0, 3.0]]), np.array([[5.0, 4.0]])
    >>> double_dqn_target(np.array([1.0]), np.array([0]), np.array([0]), target, online, gamma=0.5)
    array([1.5])
    """
    r, over, q_next_target, q_next_online, gamma = _checked(
        "double_dqn_target", r, terminated, truncated, q_next_target, q_next_online, gamma
    )
    best = q_next_online.argmax(axis=1)  # (B,)
    return np.where(over, r, r + gamma * q_next_target[np.arange(len(r)), best])


def _checked(where, r, terminated, truncated, q_next_target, q_next_online, gamma):
    """The arguments that matter, as arrays; `terminated` as booleans."""
    r, target = _check.real(where, "r", r, 1), _check.real(where, "q_next_target", q_next_target, 2)
    B = len(r)
    terminated = _check.binary(where, "terminated", terminated, B)
    _check.binary(where, "truncated", truncated, B)
    if len(target) != B or target.shape[1] == 0:
        raise ShapeError(f"{where}: got q_next_target of shape {target.shape}, expected ({B}, A) with A at least 1.")
    online = _check.real(where, "q_next_online", q_next_online, 2)
    _check.same_shape(where, "q_next_online", online, target.shape)
    gamma = _check.scalar(where, "gamma", gamma)
    if not 0 <= gamma <= 1:
        raise RangeError(f"{where}: got gamma = {gamma}, expected a number in [0, 1].")
    return r, terminated == 1, target, online, gamma
