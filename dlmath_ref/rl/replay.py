"""A memory of transitions, from which an agent learns in random order."""

import numpy as np

from dlmath_ref import _check
from dlmath_ref.errors import RangeError, ShapeError

__all__ = ["ReplayBuffer"]


class ReplayBuffer:
    r"""The last transitions of an agent, in a ring of arrays.

    Equation:
        transition t = 0, 1, ... lies in slot t mod capacity; n = min(t + 1, capacity) of them are stored

    Args:
        capacity: int, at least 1. Transitions that are kept.
        obs_dim: int, at least 1. Length of an observation.
        rng: Generator. Draws the batches.

    Raises:
        RangeError: capacity or obs_dim is below 1.

    Source:
        Lin (1992); Mnih et al. (2015), algorithm 1. Differs from them: terminated and truncated are two flags.

    >>> buffer = ReplayBuffer(2, 1, np.random.default_rng(0))
    >>> for k in range(3):
    ...     buffer.push([k], 0, 1.0, [k + 1], False, False)
    >>> len(buffer), sorted(set(buffer.sample(50)["s"][:, 0].tolist()))
    (2, [1.0, 2.0])
    """

    def __init__(self, capacity, obs_dim, rng):
        capacity = _check.count("ReplayBuffer", "capacity", capacity, 1)
        obs_dim = _check.count("ReplayBuffer", "obs_dim", obs_dim, 1)
        self._rng, self._pushed = rng, 0
        self._columns = {
            "s": np.zeros((capacity, obs_dim)),
            "a": np.zeros(capacity, dtype=np.int64),
            "r": np.zeros(capacity),
            "s2": np.zeros((capacity, obs_dim)),
            "terminated": np.zeros(capacity, dtype=bool),
            "truncated": np.zeros(capacity, dtype=bool),
        }

    def __len__(self):
        return min(self._pushed, len(self._columns["r"]))

    def push(self, s, a, r, s2, terminated, truncated):
        r"""Store one transition; in a full memory it takes the slot of the oldest.

        Equation:
            slot (t mod capacity) <- (s, a, r, s2, terminated, truncated)

        Args:
            s: (obs_dim,) float. The observation; copied.
            a: int. The action.
            r: float. The reward.
            s2: (obs_dim,) float. The next observation; copied.
            terminated: bool. Is the task over? Then s2 has no future.
            truncated: bool. Was the episode cut off by a time limit? Then s2 has one.

        Returns:
            None.

        Raises:
            ShapeError: s or s2 is not (obs_dim,), or one of the others is not a scalar.
            RangeError: a is not an integer of at least 0, or a flag is neither 0 nor 1.

        Stability:
            Observations and rewards are kept as float64.

        Source:
            Mnih et al. (2015), algorithm 1.

        >>> buffer = ReplayBuffer(5, 1, np.random.default_rng(0))
        >>> buffer.push([0.5], 1, -1.0, [0.7], True, False)
        >>> len(buffer)
        1
        """
        row = {"s": _check.real("push", "s", s, 1), "a": _check.count("push", "a", a, 0)}
        row |= {"r": _check.scalar("push", "r", r), "s2": _check.real("push", "s2", s2, 1)}
        row |= {"terminated": _flag("terminated", terminated), "truncated": _flag("truncated", truncated)}
        for name in ("s", "s2"):
            _check.same_shape("push", name, row[name], self._columns["s"].shape[1:])
        for name, column in self._columns.items():
            column[self._pushed % len(column)] = row[name]
        self._pushed += 1

    def sample(self, batch):
        r"""Transitions drawn uniformly, with replacement, from those that are stored.

        Equation:
            i_1, ..., i_batch independent and uniform on {0, ..., n - 1}

        Args:
            batch: int, at least 1. It may be larger than the memory.

        Returns:
            dict of "s", "s2" (batch, obs_dim) float64, "a" (batch,) int64, "r" (batch,) float64, "terminated" and
            "truncated" (batch,) bool. New arrays: changing them changes nothing here.

        Raises:
            RangeError: batch is below 1, or nothing is stored.

        Stability:
            Rows are copied as they are.

        Source:
            Mnih et al. (2015), algorithm 1. Schaul et al. (2016) draw with other probabilities.

        >>> buffer = ReplayBuffer(5, 1, np.random.default_rng(0))
        >>> buffer.push([0.5], 1, -1.0, [0.7], True, False)
        >>> buffer.sample(2)["terminated"]
        array([ True,  True])
        """
        batch = _check.count("sample", "batch", batch, 1)
        if len(self) == 0:
            raise RangeError("sample: got an empty memory, expected at least one transition.")
        rows = self._rng.integers(len(self), size=batch)
        return {name: column[rows] for name, column in self._columns.items()}


def _flag(name, value):
    if np.ndim(value):
        raise ShapeError(f"push: got {name} of shape {np.shape(value)}, expected ().")
    if value not in (0, 1):
        raise RangeError(f"push: got {name} = {value!r}, expected True or False.")
    return bool(value)
