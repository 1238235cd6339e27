"""Eight tiny environments, each of which tests one part of an agent: its action values are known by hand."""

from __future__ import annotations

import numpy as np

from dlmath_kit.envs.tabular import EpisodeOver

__all__ = ["Probe"]


class Probe:
    """Probe number k; observations are (1,) float64.

    1. one step, reward 1: does the value of the end stay out?
    2. observation -1 or 1, which is the reward: are observations told apart?
    3. two steps, observation 0 then 1, reward 1 at the end: does value travel back?
    4. two actions, rewards -1 and 1: does the policy matter?
    5. observation -1 or 1; the action that fits it (0 or 1) earns 1, the other -1: do both together?
    6. reward 1 at every step, no end, cut off after five steps: is a time limit no end?
    7. two steps with rewards -1 and then, by action, -1 or -2: may values be negative?
    8. the first action chooses a branch (observation 1 or -1), which is the reward one step later: do they stay apart?

    Args:
        k: 1 to 8.
        rng: draws the observations of probes 2 and 5.

    Source:
        The idea of probe environments: A. Jones (2021), Debugging reinforcement learning systems.

    >>> env = Probe(3, np.random.default_rng(0))
    >>> env.reset().tolist(), env.step(0), env.step(0)[1:]
    ([0.0], (array([1.]), 0.0, False, False), (1.0, True, False))
    """

    def __init__(self, k: int, rng: np.random.Generator) -> None:
        if k not in range(1, 9):
            raise ValueError(f"k: got {k}, expected a probe from 1 to 8.")
        self.k, self._rng = k, rng
        self.n_actions = 2 if k in (4, 5, 7, 8) else 1
        self._x: float | None = None
        self._steps = 0

    def reset(self) -> np.ndarray:
        """Begin an episode; its first observation."""
        self._steps = 0
        self._x = float(self._rng.choice((-1.0, 1.0))) if self.k in (2, 5) else 0.0
        return np.array([self._x])

    def step(self, a: int) -> tuple[np.ndarray, float, bool, bool]:
        """Act: the next observation, the reward, `terminated` and `truncated`."""
        if self._x is None:
            raise EpisodeOver("step: got no episode, expected reset() first; an episode ends when a flag is True.")
        if not 0 <= a < self.n_actions:
            raise ValueError(f"a: got {a}, expected an action from 0 to {self.n_actions - 1}.")
        self._steps += 1
        x2, r, terminated = self._outcome(self._x, int(a))
        truncated = self.k == 6 and self._steps == 5
        self._x = None if terminated or truncated else x2
        return np.array([x2]), r, terminated, truncated

    def _outcome(self, x: float, a: int) -> tuple[float, float, bool]:
        """The next observation, the reward, and whether the task is over."""
        last = self._steps == 2
        match self.k:
            case 1:
                return x, 1.0, True
            case 2:
                return x, x, True
            case 3:
                return 1.0, float(last), last
            case 4:
                return x, 2.0 * a - 1.0, True
            case 5:
                return x, x * (2.0 * a - 1.0), True
            case 6:
                return x, 1.0, False
            case 7:
                return 1.0, -1.0 - a * last, last
            case _:
                return (x, x, True) if last else (1.0 - 2.0 * a, 0.0, False)
