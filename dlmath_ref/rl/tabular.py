"""Agents that learn a table of action values from transitions: how they explore, and what one step teaches."""

import numpy as np

from dlmath_ref import _check
from dlmath_ref.errors import RangeError, ShapeError

__all__ = ["epsilon_greedy", "epsilon_greedy_probs", "q_learning", "q_update"]


def epsilon_greedy_probs(q, eps):
    r"""Probability of each action under the epsilon-greedy policy.

    Equation:
        pi(a) = eps / A + (1 - eps) [a = argmax_a' q_a']

    Args:
        q: (A,) float. Values of the actions, A at least 1.
        eps: float. Exploration rate, in [0, 1].

    Returns:
        pi (A,) array, dtype of q. Of several best actions the one of lowest index is the greedy one.

    Raises:
        ShapeError: q is not (A,) with A at least 1, or eps is not a scalar.
        RangeError: q is not real, or eps is not in [0, 1].

    Stability:
        Only comparisons are made with q; the sum of pi misses 1 by rounding.

    Source:
        Sutton, Barto: Reinforcement Learning (2018), section 2.2. A random action may be the greedy one. The rule for
        ties is this course's.

    >>> epsilon_greedy_probs(np.array([-3.0, -1.0, -2.0, -1.0]), 0.4).round(6)
    array([0.1, 0.7, 0.1, 0.1])
    """
    q, eps = _choice("epsilon_greedy_probs", q, eps)
    pi = np.full(q.shape, eps / len(q), q.dtype)
    pi[q.argmax()] += 1 - eps
    return pi


def epsilon_greedy(q, eps, rng):
    r"""One action, drawn by the epsilon-greedy policy.

    Equation:
        with probability eps: a uniform on 0, ..., A - 1; otherwise a = argmax_a' q_a'

    Args:
        q: (A,) float. Values of the actions, A at least 1.
        eps: float. Exploration rate, in [0, 1].
        rng: Generator. Tosses the coin and draws the random action.

    Returns:
        int. Of several best actions the one of lowest index is the greedy one.

    Raises:
        ShapeError: q is not (A,) with A at least 1, or eps is not a scalar.
        RangeError: q is not real, or eps is not in [0, 1].

    Stability:
        Only comparisons are made with q.

    Source:
        Sutton, Barto: Reinforcement Learning (2018), section 2.2. A random action may be the greedy one.

    >>> epsilon_greedy(np.array([-3.0, -1.0, -2.0]), 0.0, np.random.default_rng(0))
    1
    """
    q, eps = _choice("epsilon_greedy", q, eps)
    if rng.random() < eps:
        return int(rng.integers(len(q)))
    return int(q.argmax())


def _choice(where, q, eps):
    q, eps = _check.real(where, "q", q, 1), _check.scalar(where, "eps", eps)
    if len(q) == 0:
        raise ShapeError(f"{where}: got q of shape {q.shape}, expected at least one action.")
    if not 0 <= eps <= 1:
        raise RangeError(f"{where}: got eps = {eps}, expected a number in [0, 1].")
    return q, eps


def q_update(Q, s, a, r, s2, terminated, alpha, gamma):
    r"""The table of action values after one transition, by Q-learning.

    Equation:
        Q(s, a) <- Q(s, a) + alpha (r + gamma (1 - terminated) max_a' Q(s', a') - Q(s, a))

    Args:
        Q: (S, A) float. Values of the actions in each state.
        s: int. The state before the step, in {0, ..., S - 1}.
        a: int. The action taken, in {0, ..., A - 1}.
        r: float. The reward.
        s2: int. The state s' after the step, in {0, ..., S - 1}; it may be s.
        terminated: bool. Did the step end the task? Then s' has no future. A time limit does not end the task.
        alpha: float. Share of the difference by which the value moves.
        gamma: float. Discount.

    Returns:
        The new table, (S, A) array with dtype of Q, float64 for integers. One entry differs.

    Raises:
        ShapeError: Q is not (S, A), or r, alpha or gamma is not a scalar.
        RangeError: Q is not real, or s, a or s2 is not an integer of its range.

    Stability:
        For alpha in [0, 1] the new value lies between the old one and the target.

    Source:
        Watkins, Dayan: Q-learning, Machine Learning 8 (1992), equation (1); Sutton, Barto: Reinforcement Learning
        (2018), equation (6.8); Liquet, Moka, Nazarathy, chapter 8.

    >>> Q = np.array([[0.0, 2.0], [1.0, 3.0]])
    >>> q_update(Q, 0, 1, 1.0, 1, terminated=False, alpha=0.5, gamma=0.5)
    array([[0.  , 2.25],
           [1.  , 3.  ]])
    """
    Q = _check.real("q_update", "Q", Q, 2).copy()
    s, s2 = (_index("q_update", name, i, len(Q)) for name, i in (("s", s), ("s2", s2)))
    a = _index("q_update", "a", a, Q.shape[1])
    r, alpha, gamma = (_check.scalar("q_update", n, x) for n, x in (("r", r), ("alpha", alpha), ("gamma", gamma)))
    target = r if terminated else r + gamma * float(Q[s2].max())
    Q[s, a] += alpha * (target - Q[s, a])
    return Q


def q_learning(env, n_steps, gamma, alpha, eps, rng, Q0):
    r"""The table of action values after so many steps of Q-learning in an environment.

    Equation:
        At each step a is drawn by the epsilon-greedy policy of Q(s, .), N(s, a) <- N(s, a) + 1, and
        Q(s, a) <- Q(s, a) + alpha(N(s, a)) (r + gamma (1 - terminated) max_a' Q(s', a') - Q(s, a)).
        A step that is terminated or truncated ends the episode: the next one begins where env.reset() says.

    Args:
        env: environment. reset() -> s and step(a) -> (s', r, terminated, truncated), states in {0, ..., S - 1}.
        n_steps: int. Number of steps in all, over all episodes; in {1, ...}.
        gamma: float. Discount.
        alpha: callable (N) -> float. Share by which the value moves at the N-th visit of (s, a), N = 1, 2, ...
        eps: float. Exploration rate, in [0, 1].
        rng: Generator. For the agent's own choices.
        Q0: (S, A) float. The table to begin with.

    Returns:
        (S, A) array, dtype of Q0, float64 for integers.

    Raises:
        ShapeError: Q0 is not (S, A) with A at least 1, or gamma or eps is not a scalar.
        RangeError: Q0 is not real, n_steps is not an integer of at least 1, or eps is not in [0, 1].

    Stability:
        Where every pair (s, a) is visited for ever, sum alpha(N) = inf and sum alpha(N)^2 < inf, Q converges to Q* with
        probability 1. N^-0.7 is such a rule; it forgets the first table sooner than 1 / N does.

    Source:
        Watkins, Dayan: Q-learning, Machine Learning 8 (1992); Sutton, Barto: Reinforcement Learning (2018), section
        6.5; Liquet, Moka, Nazarathy, chapter 8. A truncated episode is no end of the task: its last step bootstraps.

    >>> from dlmath_kit.envs import chain
    >>> env, rng = chain(3).env(np.random.default_rng(1)), np.random.default_rng(2)
    >>> q_learning(env, 500, 0.9, lambda N: N**-0.7, 0.3, rng, np.zeros((3, 2))).round(1)
    array([[5.4, 7.1],
           [5.4, 9. ],
           [0. , 0. ]])
    """
    Q = _check.real("q_learning", "Q0", Q0, 2).copy()
    n_steps, gamma = _check.count("q_learning", "n_steps", n_steps, 1), _check.scalar("q_learning", "gamma", gamma)
    _choice("q_learning", Q[0] if len(Q) else Q.ravel(), eps)
    visits = np.zeros(Q.shape, dtype=int)
    s = env.reset()
    for _ in range(n_steps):
        a = epsilon_greedy(Q[s], eps, rng)
        s2, r, terminated, truncated = env.step(a)
        visits[s, a] += 1
        target = r if terminated else r + gamma * float(Q[s2].max())
        Q[s, a] += alpha(int(visits[s, a])) * (target - Q[s, a])
        s = env.reset() if terminated or truncated else s2
    return Q


def _index(where, name, value, count):
    value = _check.count(where, name, value, 0)
    if value >= count:
        raise RangeError(f"{where}: got {name} = {value}, expected an integer in [0, {count}).")
    return value
