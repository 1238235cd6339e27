"""Gymnasium's CartPole behind the interface of the other environments, and a recorded log of it."""

from __future__ import annotations

from importlib.resources import files
from typing import Any

import numpy as np

__all__ = ["CartPole", "cartpole", "cartpole_log"]


class CartPole:
    """A pole on a cart: keep it upright by pushing left (0) or right (1); each step earns 1.

    Observations are (4,) float64: position, velocity, angle, angular velocity. The task ends (`terminated`) when the
    pole leans by more than 12 degrees or the cart leaves the track; after 500 steps it is cut off (`truncated`).

    Args:
        env: Gymnasium's CartPole-v1.
        seed: of its first episode; the later ones go on from there.
    """

    n_actions = 2

    def __init__(self, env: Any, seed: int) -> None:
        self._env = env
        self._seed: int | None = seed

    def reset(self) -> np.ndarray:
        """Begin an episode; its first observation."""
        seed, self._seed = self._seed, None
        return np.asarray(self._env.reset(seed=seed)[0], dtype=np.float64)

    def step(self, a: int) -> tuple[np.ndarray, float, bool, bool]:
        """Act: the next observation, the reward, `terminated` and `truncated`."""
        s2, r, terminated, truncated, _ = self._env.step(int(a))
        return np.asarray(s2, dtype=np.float64), float(r), bool(terminated), bool(truncated)


def cartpole(seed: int, limit: int = 500) -> CartPole:
    """Gymnasium's CartPole-v1.

    Args:
        seed: of the starting positions.
        limit: steps after which an episode is cut off.

    Source:
        Barto, Sutton and Anderson (1983); Gymnasium's CartPole-v1.
    """
    import gymnasium

    return CartPole(gymnasium.make("CartPole-v1", max_episode_steps=limit), seed)


def cartpole_log() -> dict[str, np.ndarray]:
    """4000 steps of CartPole under a clumsy policy; episodes are cut off after 60 steps.

    Returns:
        "s", "s2": (4000, 4) float64, observation before and after; "a": (4000,) int64; "r": (4000,) float64;
        "terminated", "truncated": (4000,) bool. Rows are in the order of time.

    Source:
        Recorded by `python -m dlmath_kit.envs.record`.

    >>> log = cartpole_log()
    >>> log["s"].shape, int(log["terminated"].sum()), int(log["truncated"].sum())
    ((4000, 4), 62, 33)
    """
    with files("dlmath_kit.envs").joinpath("cartpole_log.npz").open("rb") as f, np.load(f) as archive:
        return {
            "s": archive["s"].astype(np.float64),
            "a": archive["a"].astype(np.int64),
            "r": np.ones(len(archive["a"])),
            "s2": archive["s2"].astype(np.float64),
            "terminated": archive["terminated"],
            "truncated": archive["truncated"],
        }
