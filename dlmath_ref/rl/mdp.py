"""Markov decision processes as tables: Bellman's operators, and the values and policies that solve them."""

import numpy as np

from dlmath_ref import _check
from dlmath_ref.errors import RangeError, ShapeError

__all__ = ["bellman", "policy_evaluation", "policy_iteration", "value_iteration"]

TIE = 1e-9  # share of the largest |Q| by which two actions may differ and still count as equally good
ROUNDING = 1e-4  # by which probabilities may miss the sum 1; float32 rows of any length do by less


def bellman(P, R, V, pi, gamma, terminal):
    r"""One backup of state values: action values, and both Bellman operators.

    Equation:
        Q(s, a) = R(s, a) + gamma sum_s' P(s' | s, a) (1 - terminal(s')) V(s')
        TV(s) = max_a Q(s, a),  T_pi V(s) = sum_a pi(a | s) Q(s, a)

    Args:
        P: (S, A, S) float. P[s, a, s2], the probability to get from s to s2 by a; rows with sum 1.
        R: (S, A) float. Expected reward of action a in state s.
        V: (S,) float. Values of the states; those of terminal states are not read.
        pi: (S, A) float. pi[s, a], the probability of a in s; rows with sum 1.
        gamma: float. Discount, in [0, 1].
        terminal: (S,) int. 1 where the task is over, in [0, 2).

    Returns:
        Q (S, A) array, TV (S,) array, T_pi V (S,) array, dtype of the tables.

    Raises:
        ShapeError: R is not (S, A), or P, V, pi or terminal do not fit it.
        RangeError: a row of P or pi is not a distribution, gamma is not in [0, 1], or terminal is not 0 or 1.

    Stability:
        Both operators shrink distances in the maximum norm by gamma, so an error in V never grows.

    Source:
        Liquet, Moka, Nazarathy, chapter 8; Puterman: Markov Decision Processes (1994), section 6.2; Sutton, Barto:
        Reinforcement Learning (2018), chapters 3 and 4. Differs from them: terminal states are masked by a table
        instead of a value of 0.

    >>> P, pi = np.zeros((2, 2, 2)), np.full((2, 2), 0.5)
    >>> P[0, 0, 0] = P[0, 1, 1] = P[1, :, 1] = 1
    >>> Q, TV, TpiV = bellman(P, np.array([[1.0, 2.0], [0.0, 0.0]]), np.array([4.0, 8.0]), pi, 0.5, np.array([0, 1]))
    >>> Q.tolist(), TV.tolist(), TpiV.tolist()
    ([[3.0, 2.0], [0.0, 0.0]], [3.0, 0.0], [2.5, 0.0])
    """
    P, R, gamma, live = _process("bellman", P, R, gamma, terminal)
    V = _check.real("bellman", "V", V, 1)
    _check.same_shape("bellman", "V", V, (len(R),))
    pi = _policy("bellman", pi, R)
    Q = R + gamma * (P @ np.where(live, V, 0))  # (S, A)
    return Q, Q.max(axis=1), np.sum(pi * Q, axis=1)


def value_iteration(P, R, gamma, terminal, tol=1e-8):
    r"""The optimal values to a guaranteed accuracy, and a greedy policy.

    Equation:
        V <- TV  until  ||TV - V|| < tol (1 - gamma) / gamma,  which makes  ||TV - V*|| <= tol
        pi(s) = argmax_a R(s, a) + gamma sum_s' P(s' | s, a) (1 - terminal(s')) V(s')

    Args:
        P: (S, A, S) float. P[s, a, s2], the probability to get from s to s2 by a; rows with sum 1.
        R: (S, A) float. Expected reward of action a in state s.
        gamma: float. Discount, in [0, 1).
        terminal: (S,) int. 1 where the task is over, in [0, 2); V counts as 0 there after a step.
        tol: float. Largest error of a value in the maximum norm, above 0.

    Returns:
        V (S,) array, dtype of the tables, and the greedy policy (S,) int array, the lowest of equally good actions.

    Raises:
        ShapeError: R is not (S, A), or P or terminal do not fit it.
        RangeError: a row of P is not a distribution, gamma is not in [0, 1), terminal is not 0 or 1, or tol is not
            positive.

    Stability:
        All arithmetic is float64. It also ends when a sweep changes V by rounding alone, so that no tol is too small;
        the error is then about 1e-15 max|V| / (1 - gamma). Actions count as equally good as in `policy_iteration`.

    Source:
        Liquet, Moka, Nazarathy, chapter 8; Puterman: Markov Decision Processes (1994), section 6.3; Sutton, Barto:
        Reinforcement Learning (2018), section 4.4. Differs from the last one: its rule to stop guarantees no accuracy.

    >>> P = np.zeros((2, 2, 2))
    >>> P[0, 0, 0] = P[0, 1, 1] = P[1, :, 1] = 1
    >>> V, policy = value_iteration(P, np.array([[-1.0, 3.0], [0.0, 0.0]]), 0.5, np.array([0, 1]))
    >>> V.tolist(), policy.tolist()
    ([3.0, 0.0], [1, 0])
    """
    P, R, gamma, live = _process("value_iteration", P, R, gamma, terminal)
    _ending("value_iteration", gamma)
    tol = _check.scalar("value_iteration", "tol", tol)
    if not tol > 0:
        raise RangeError(f"value_iteration: got tol = {tol}, expected a positive number.")
    dtype, P, R = R.dtype, P.astype(np.float64), R.astype(np.float64)
    V, change = np.zeros(len(R)), np.inf
    while not gamma * change < tol * (1 - gamma) and change > 4 * np.finfo(float).eps * np.abs(V).max():
        before, V = V, np.max(R + gamma * (P @ (live * V)), axis=1)
        change = np.abs(V - before).max()
    Q = R + gamma * (P @ (live * V))  # (S, A)
    best = Q >= Q.max(axis=1, keepdims=True) - TIE * np.abs(Q).max()
    return V.astype(dtype), best.argmax(axis=1)


def policy_evaluation(P, R, pi, gamma, terminal):
    r"""The values of a policy, by solving a linear system.

    Equation:
        (I - gamma P_pi diag(1 - terminal)) V = R_pi
        P_pi(s, s') = sum_a pi(a | s) P(s' | s, a),  R_pi(s) = sum_a pi(a | s) R(s, a)

    Args:
        P: (S, A, S) float. P[s, a, s2], the probability to get from s to s2 by a; rows with sum 1.
        R: (S, A) float. Expected reward of action a in state s.
        pi: (S, A) float. pi[s, a], the probability of a in s; rows with sum 1.
        gamma: float. Discount, in [0, 1).
        terminal: (S,) int. 1 where the task is over, in [0, 2); V counts as 0 there after a step.

    Returns:
        V (S,) array, dtype of the tables.

    Raises:
        ShapeError: R is not (S, A), or P, pi or terminal do not fit it.
        RangeError: a row of P or pi is not a distribution, gamma is not in [0, 1), or terminal is not 0 or 1.

    Stability:
        All arithmetic is float64. The condition number in the maximum norm is at most (1 + gamma) / (1 - gamma).

    Source:
        Liquet, Moka, Nazarathy, chapter 8; Puterman: Markov Decision Processes (1994), section 6.1; Sutton, Barto:
        Reinforcement Learning (2018), section 4.1.

    >>> one = np.ones((1, 2, 1))
    >>> policy_evaluation(one, np.array([[1.0, 3.0]]), np.array([[0.5, 0.5]]), 0.75, np.array([0])).tolist()
    [8.0]
    """
    P, R, gamma, live = _process("policy_evaluation", P, R, gamma, terminal)
    _ending("policy_evaluation", gamma)
    pi = _policy("policy_evaluation", pi, R)
    dtype, P, R, pi = R.dtype, P.astype(np.float64), R.astype(np.float64), pi.astype(np.float64)
    P_pi, R_pi = np.einsum("sa,sat->st", pi, P), np.sum(pi * R, axis=1)
    return np.linalg.solve(np.eye(len(R)) - gamma * P_pi * live, R_pi).astype(dtype)


def policy_iteration(P, R, gamma, terminal):
    r"""An optimal policy by Howard's algorithm: evaluate, improve, until nothing changes.

    Equation:
        evaluate:  V(s) = Q(s, pi(s)),  Q(s, a) = R(s, a) + gamma sum_s' P(s' | s, a) (1 - terminal(s')) V(s')
        improve:   pi(s) <- argmax_a Q(s, a)

    Args:
        P: (S, A, S) float. P[s, a, s2], the probability to get from s to s2 by a; rows with sum 1.
        R: (S, A) float. Expected reward of action a in state s.
        gamma: float. Discount, in [0, 1).
        terminal: (S,) int. 1 where the task is over, in [0, 2); V counts as 0 there after a step.

    Returns:
        policy (S,) int array, V (S,) array of its values, dtype of the tables, and the number of passes that changed
        the policy. It starts with action 0 everywhere. A state keeps its action while that is among the best, else it
        takes the best of lowest index.

    Raises:
        ShapeError: R is not (S, A), or P or terminal do not fit it.
        RangeError: a row of P is not a distribution, gamma is not in [0, 1), or terminal is not 0 or 1.

    Stability:
        All arithmetic is float64. Actions whose values differ by less than 1e-9 of the largest |Q| count as equally
        good, or rounding could change the policy for ever; V then misses the optimum by at most that / (1 - gamma).

    Source:
        Howard: Dynamic Programming and Markov Processes (1960); Puterman: Markov Decision Processes (1994),
        section 6.4; Liquet, Moka, Nazarathy, chapter 8.

    >>> P = np.zeros((2, 2, 2))
    >>> P[0, 0, 0] = P[0, 1, 1] = P[1, :, 1] = 1
    >>> policy, V, passes = policy_iteration(P, np.array([[-1.0, 3.0], [0.0, 0.0]]), 0.5, np.array([0, 1]))
    >>> policy.tolist(), V.tolist(), passes
    ([1, 0], [3.0, 0.0], 1)
    """
    P, R, gamma, live = _process("policy_iteration", P, R, gamma, terminal)
    _ending("policy_iteration", gamma)
    dtype, P, R = R.dtype, P.astype(np.float64), R.astype(np.float64)
    states, policy, passes = np.arange(len(R)), np.zeros(len(R), np.int64), 0
    while True:
        V = np.linalg.solve(np.eye(len(R)) - gamma * P[states, policy] * live, R[states, policy])
        Q = R + gamma * (P @ (live * V))  # (S, A)
        best = Q >= Q.max(axis=1, keepdims=True) - TIE * np.abs(Q).max()
        improved = np.where(best[states, policy], policy, best.argmax(axis=1))
        if np.array_equal(improved, policy):
            return policy, V.astype(dtype), passes
        policy, passes = improved, passes + 1


def _process(where, P, R, gamma, terminal):
    """The tables in one dtype, gamma as a float, and 1 - terminal in that dtype."""
    P, R = _check.real(where, "P", P, 3), _check.real(where, "R", R, 2)
    S, A = R.shape
    if S == 0 or A == 0:
        raise ShapeError(f"{where}: got R of shape {R.shape}, expected at least one state and one action.")
    _check.same_shape(where, "P", P, (S, A, S))
    _distributions(where, "P", P)
    gamma = _check.scalar(where, "gamma", gamma)
    if not 0 <= gamma <= 1:
        raise RangeError(f"{where}: got gamma = {gamma}, expected a number in [0, 1].")
    dtype = np.result_type(P, R)
    live = 1 - _check.binary(where, "terminal", terminal, S).astype(dtype)
    return P.astype(dtype), R.astype(dtype), gamma, live


def _ending(where, gamma):
    if gamma == 1:
        raise RangeError(f"{where}: got gamma = 1.0, expected a number in [0, 1).")


def _policy(where, pi, R):
    pi = _check.real(where, "pi", pi, 2)
    _check.same_shape(where, "pi", pi, R.shape)
    _distributions(where, "pi", pi)
    return pi


def _distributions(where, name, rows):
    if rows.size and (rows.min() < 0 or np.abs(rows.sum(axis=-1) - 1).max() > ROUNDING):
        raise RangeError(f"{where}: got {name} with rows that are not distributions, expected sums of 1 and no sign.")
