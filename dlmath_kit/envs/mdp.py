"""Finite Markov decision processes as tables: P[s, a, s2], R[s, a] and which states are terminal."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from dlmath_kit.envs.tabular import TabularEnv

__all__ = ["MDP", "chain", "frozen_lake_4x4", "grid4", "two_state_continuing"]

LEFT, DOWN, RIGHT, UP = range(4)  # the order of Gymnasium's FrozenLake
_MOVES = {LEFT: (0, -1), DOWN: (1, 0), RIGHT: (0, 1), UP: (-1, 0)}
_LAKE = ("SFFF", "FHFH", "FFFH", "HFFG")


@dataclass(frozen=True)
class MDP:
    """A decision process with S states and A actions.

    Args:
        P: (S, A, S) float64, P[s, a, s2] the probability to get from s to s2 by a; terminal states lead to themselves.
        R: (S, A) float64, the expected reward of a in s; 0 in terminal states.
        terminal: (S,) int64, 1 where the task is over.
        start: the state in which an episode begins.
        limit: steps after which an episode is cut off, None for never.
    """

    P: np.ndarray
    R: np.ndarray
    terminal: np.ndarray
    start: int = 0
    limit: int | None = None

    def env(self, rng: np.random.Generator) -> TabularEnv:
        """This process as an environment to act in."""
        return TabularEnv(self.P, self.R, self.terminal, self.start, rng, self.limit)


def chain(N: int, slip: float = 0.0, step: float = -1.0, goal: float = 10.0) -> MDP:
    """States 0 ... N-1 in a row; action 0 goes left (and stays at 0), action 1 right; the last state is the goal.

    Args:
        N: number of states, at least 2.
        slip: probability that the other action happens.
        step: reward of every step.
        goal: reward that arriving at the last state adds.

    >>> m = chain(3)
    >>> m.P.shape, m.R.tolist(), m.terminal.tolist()
    ((3, 2, 3), [[-1.0, -1.0], [-1.0, 9.0], [0.0, 0.0]], [0, 0, 1])
    """
    if N < 2:
        raise ValueError(f"N: got {N}, expected at least 2.")
    P = np.zeros((N, 2, N))
    for s in range(N - 1):
        for a, s2 in ((0, max(s - 1, 0)), (1, s + 1)):
            P[s, a, s2] += 1.0 - slip
            P[s, 1 - a, s2] += slip
    terminal = np.eye(N, dtype=np.int64)[-1]
    return _finished(P, np.where(terminal == 1, step + goal, step), terminal)


def grid4(slip: float = 0.2) -> MDP:
    """A 4 x 4 field, row by row, with a goal (state 15, reward 1), a pit (state 7, reward -1) and 0.04 lost per step.

    Actions are 0 left, 1 down, 2 right, 3 up; a move into the border stays where it is. With probability `slip` the
    move goes to one of the two sides of the wanted direction, each as likely.

    >>> m = grid4()
    >>> m.P.shape, np.flatnonzero(m.terminal).tolist(), m.P[0, 2, :5].round(2).tolist()
    ((16, 4, 16), [7, 15], [0.1, 0.8, 0.0, 0.0, 0.1])
    """
    terminal = np.isin(np.arange(16), (7, 15)).astype(np.int64)
    arriving = np.full(16, -0.04)
    arriving[7], arriving[15] = -1.0, 1.0
    return _finished(_field(1.0 - slip, slip / 2), arriving, terminal)


def two_state_continuing(limit: int = 5) -> MDP:
    """Two states and no end: action 0 stays, action 1 changes over. Staying in state 1 pays 2, in state 0 it pays 1.

    Changing over costs 1. Episodes are cut off after `limit` steps, which is not an end of the task.

    >>> m = two_state_continuing()
    >>> m.R.tolist(), m.terminal.tolist(), m.limit
    ([[1.0, -1.0], [2.0, -1.0]], [0, 0], 5)
    """
    P = np.zeros((2, 2, 2))
    P[:, 0, :], P[:, 1, :] = np.eye(2), np.eye(2)[::-1]
    return MDP(P, np.array([[1.0, -1.0], [2.0, -1.0]]), np.zeros(2, dtype=np.int64), limit=limit)


def frozen_lake_4x4(slippery: bool = True) -> MDP:
    """Gymnasium's FrozenLake-v1 on its 4 x 4 map; reward 1 for arriving at the goal (state 15), holes end the task.

    Actions as in `grid4`. On slippery ice the wanted direction and its two sides are equally likely.

    Source:
        Gymnasium 1.4, FrozenLake-v1; its map is copied here, and a test compares the tables.

    >>> np.flatnonzero(frozen_lake_4x4().terminal).tolist()
    [5, 7, 11, 12, 15]
    """
    kinds = np.array(list("".join(_LAKE)))
    P = _field(1 / 3, 1 / 3) if slippery else _field(1.0, 0.0)
    return _finished(P, (kinds == "G").astype(np.float64), np.isin(kinds, ("H", "G")).astype(np.int64))


def _field(straight: float, aside: float) -> np.ndarray:
    """(16, 4, 16): moves on a 4 x 4 field that go straight, or aside to either hand."""
    P = np.zeros((16, 4, 16))
    for s in range(16):
        for a in range(4):
            for move, p in ((a, straight), ((a - 1) % 4, aside), ((a + 1) % 4, aside)):
                P[s, a, _neighbour(s, move)] += p
    return P


def _neighbour(s: int, move: int) -> int:
    row, column = s // 4 + _MOVES[move][0], s % 4 + _MOVES[move][1]
    return 4 * min(max(row, 0), 3) + min(max(column, 0), 3)


def _finished(P: np.ndarray, arriving: np.ndarray, terminal: np.ndarray) -> MDP:
    """The process whose reward depends on where a step arrives, with terminal states that lead to themselves."""
    P, over = P.copy(), terminal == 1
    R = P @ arriving  # (S, A)
    P[over], R[over] = np.eye(len(P))[over][:, None, :], 0.0
    return MDP(P, R, terminal)
