"""An environment whose states are numbers, drawn from a table of transition probabilities."""

from __future__ import annotations

import numpy as np

__all__ = ["EpisodeOver", "TabularEnv"]


class EpisodeOver(RuntimeError):
    """A step was asked for before `reset`, or after the episode had ended."""


class TabularEnv:
    """Walks through a decision process.

    Args:
        P: (S, A, S), P[s, a, s2] the probability to get from s to s2 by a.
        R: (S, A), the reward of a in s.
        terminal: (S,) 0/1; arriving there ends the episode with `terminated`.
        s0: the state in which an episode begins.
        rng: source of randomness.
        limit: steps after which an episode ends with `truncated`, None for never.

    Raises:
        EpisodeOver: a step without an episode.

    >>> env = TabularEnv(np.ones((1, 1, 1)), np.ones((1, 1)), np.zeros(1), 0, np.random.default_rng(0), limit=1)
    >>> env.reset(), env.step(0)
    (0, (0, 1.0, False, True))
    """

    def __init__(
        self,
        P: np.ndarray,
        R: np.ndarray,
        terminal: np.ndarray,
        s0: int,
        rng: np.random.Generator,
        limit: int | None = None,
    ) -> None:
        self.n_states, self.n_actions = np.shape(R)
        self._cumulative = np.cumsum(P, axis=2)
        self._R, self._terminal, self._s0 = np.asarray(R, dtype=np.float64), np.asarray(terminal), int(s0)
        self._rng, self._limit = rng, limit
        self._s: int | None = None
        self._steps = 0

    def reset(self) -> int:
        """Begin an episode; its first state."""
        self._s, self._steps = self._s0, 0
        return self._s0

    def step(self, a: int) -> tuple[int, float, bool, bool]:
        """Act: the next state, the reward, `terminated` and `truncated`."""
        if self._s is None:
            raise EpisodeOver("step: got no episode, expected reset() first; an episode ends when a flag is True.")
        if not 0 <= a < self.n_actions:
            raise ValueError(f"a: got {a}, expected an action from 0 to {self.n_actions - 1}.")
        row = self._cumulative[self._s, a]
        s2 = int(np.searchsorted(row, row[-1] * self._rng.random(), side="right"))
        r = float(self._R[self._s, a])
        self._steps += 1
        terminated = bool(self._terminal[s2])
        truncated = self._limit is not None and self._steps >= self._limit and not terminated
        self._s = None if terminated or truncated else s2
        return s2, r, terminated, truncated
