# ---
# jupyter:
#   jupytext:
#     cell_markers: r"""
#     cell_metadata_filter: nbgrader,tags
#     notebook_metadata_filter: kernelspec,jupytext,-jupytext.text_representation.jupytext_version
#     text_representation:
#       extension: .py
#       format_name: percent
#       format_version: '1.3'
#   kernelspec:
#     display_name: Python 3 (ipykernel)
#     language: python
#     name: python3
# ---

# %% [markdown]
r"""
# Learning without a map

*Unit 9, lab 2. Book: chapter 8, the section on reinforcement learning.*

In the last lab you had a map: the table $P$ said where every action leads, and how likely, and $R$ what it pays. With
it the best behaviour was a matter of computing. Now the map is gone. You stand on a lake at night, you may take a
step, and then you know where you are and what you got for it. **Can one learn the value of every action from nothing
but such steps?**

One can, with two short formulas. The first decides what to do next, when you know a little and should know more. The
second says what one step teaches. Put into a loop they are *Q-learning*, and it finds the same values that value
iteration computes from the map.

As before, states and actions are numbers from 0, a table `Q` of shape (S, A) holds one value for each state and
action, and $\gamma$ is the discount. An environment has `reset()`, which gives the first state of an episode, and
`step(a)`, which gives `(s2, r, terminated, truncated)`. Allowed are numpy and the standard library.
"""

# %% nbgrader={"grade": false, "grade_id": "setup_q_learning", "locked": true, "schema_version": 3, "solution": false, "task": false}
import matplotlib.pyplot as plt
import numpy as np

from dlmath_kit import envs, plots

# %% [markdown] nbgrader={"grade": false, "grade_id": "about_epsilon_greedy", "locked": true, "schema_version": 3, "solution": false, "task": false}
r"""
## 1 Try, or trust?

Suppose that you have estimates $q_a$ of what each of $A$ actions is worth, some of them poor. Always taking the best
one (*greedy*) wastes a good action that was underestimated once: it is never tried again. Always trying something else
wastes what you know. The $\varepsilon$-greedy policy tosses a coin: with probability $\varepsilon$ it explores, that
is, it takes one of **all** $A$ actions, each as likely; otherwise it takes the best. Together

$$\pi(a) = \frac{\varepsilon}{A} + (1 - \varepsilon)\, \mathbf 1\!\left[a = \operatorname*{argmax}_{a'} q_{a'}\right].$$

**Write** `epsilon_greedy_probs(q, eps)`: `q` has shape (A,), `eps` is a number in $[0, 1]$; return $\pi$, shape (A,).
And `epsilon_greedy(q, eps, rng)`: draw one action by $\pi$ with the generator `rng`; return it as an integer.

**Worked example.** $q = (-3, -1, -2)$ and $\varepsilon = 0.3$: every action gets $0.3 / 3 = 0.1$ and the best one
another $0.7$, so $\pi = (0.1, 0.8, 0.1)$. With $\varepsilon = 0$ it is $(0, 1, 0)$, with $\varepsilon = 1$ all three
are equally likely.

**What counts.** If several actions are the best, the lowest index among them is the greedy one. Values may all be
negative, and there may be a single action. All randomness comes from `rng`, and which of its methods you call, and in
which order, is up to you. `q` is unchanged afterwards.
"""


# %% nbgrader={"grade": false, "grade_id": "epsilon_greedy", "locked": false, "schema_version": 3, "solution": true, "task": false}
def epsilon_greedy_probs(q: np.ndarray, eps: float) -> np.ndarray:
    """Probability of each action, (A,), for the values q (A,) and the exploration rate eps."""
    ### BEGIN SOLUTION
    probabilities = np.full(len(q), eps / len(q))
    probabilities[np.argmax(q)] += 1 - eps
    return probabilities
    ### END SOLUTION


def epsilon_greedy(q: np.ndarray, eps: float, rng: np.random.Generator) -> int:
    """One action, drawn by these probabilities."""
    ### BEGIN SOLUTION
    if rng.random() < eps:
        return int(rng.integers(len(q)))
    return int(np.argmax(q))
    ### END SOLUTION


# %% nbgrader={"grade": false, "grade_id": "check_epsilon_greedy", "locked": true, "schema_version": 3, "solution": false, "task": false}
q = np.array([-3.0, -1.0, -2.0])
probabilities = epsilon_greedy_probs(q, 0.3)
assert np.shape(probabilities) == (3,), f"three actions need three probabilities, got shape {np.shape(probabilities)}"
assert np.allclose(probabilities, [0.1, 0.8, 0.1]), f"the worked example is (0.1, 0.8, 0.1), got {probabilities}"
assert np.allclose(epsilon_greedy_probs(q, 0.0), [0, 1, 0]), "with eps = 0 the best action has probability 1"
assert np.allclose(epsilon_greedy_probs(q, 1.0), 1 / 3), "with eps = 1 all actions are equally likely"
rng = np.random.default_rng(0)
greedy = [epsilon_greedy(q, 0.0, rng) for _ in range(20)]
assert set(greedy) == {1}, f"with eps = 0 the best action, 1, is always taken; got {greedy}"
assert isinstance(greedy[0], (int, np.integer)), f"an action is an integer, got {type(greedy[0]).__name__}"
explored = {epsilon_greedy(q, 1.0, rng) for _ in range(200)}
assert explored == {0, 1, 2}, f"with eps = 1 every action is taken now and then, the best one too; got {explored}"

# %% nbgrader={"grade": true, "grade_id": "test_epsilon_greedy", "locked": true, "points": 7, "schema_version": 3, "solution": false, "task": false}
### BEGIN HIDDEN TESTS
from autograder import mark

mark("unit09_reinforcement/epsilon_greedy", epsilon_greedy_probs, epsilon_greedy)
### END HIDDEN TESTS

# %% [markdown] nbgrader={"grade": false, "grade_id": "about_q_update", "locked": true, "schema_version": 3, "solution": false, "task": false}
r"""
## 2 What one step teaches

You were in $s$, did $a$, got $r$ and found yourself in $s'$. Before the step you thought that $a$ is worth
$Q(s, a)$. After it you know better: it paid $r$ at once, and from $s'$ on you can do as well as the best action there
promises. So $r + \gamma \max_{a'} Q(s', a')$ is a new estimate, the *target*. It is a noisy one, since $s'$ was a
matter of chance, and you move towards it by a share $\alpha$ of the difference:

$$Q(s, a) \leftarrow Q(s, a)
+ \alpha \left( r + \gamma\, (1 - \text{terminated}) \max_{a'} Q(s', a') - Q(s, a) \right)$$

If the step ended the task (`terminated`), there is no future, whatever the table says about $s'$. The maximum is over
*all* actions in $s'$, not the one that will be taken there: you learn about the best behaviour while you behave
otherwise. That is called *off-policy*.

**Write** `q_update(Q, s, a, r, s2, terminated, alpha, gamma)`: `Q` has shape (S, A); `s`, `a`, `s2` are integers; `r`,
`alpha`, `gamma` are numbers; `terminated` is true or false. Return the **new** table, in which the one entry has changed.

**Worked example.** $Q = \begin{pmatrix} 0 & 2 \\ 1 & 3 \end{pmatrix}$, and the step is $s = 0$, $a = 1$, $r = 1$,
$s' = 1$, with $\alpha = \gamma = \frac12$. The target is $1 + \frac12 \cdot 3 = \frac52$, so $Q(0, 1)$ becomes
$2 + \frac12 \left(\frac52 - 2\right) = \frac94$. Had the step ended the task, the target were $1$ and the new value
$2 + \frac12 (1 - 2) = \frac32$.

**What counts.** The table that was passed in is the same afterwards. It may hold negative values only, it may be a table of
integers (the new one is then of floats), and a step may lead back to where it began, $s' = s$.
"""


# %% nbgrader={"grade": false, "grade_id": "q_update", "locked": false, "schema_version": 3, "solution": true, "task": false}
def q_update(
    Q: np.ndarray, s: int, a: int, r: float, s2: int, terminated: bool, alpha: float, gamma: float
) -> np.ndarray:
    """The table (S, A) after the step from s by a to s2, which paid r."""
    ### BEGIN SOLUTION
    new = np.array(Q, dtype=float)
    target = r
    if not terminated:
        target += gamma * np.max(Q[s2])
    new[s, a] += alpha * (target - new[s, a])
    return new
    ### END SOLUTION


# %% nbgrader={"grade": false, "grade_id": "check_q_update", "locked": true, "schema_version": 3, "solution": false, "task": false}
Q = np.array([[0.0, 2.0], [1.0, 3.0]])
new = q_update(Q, 0, 1, 1.0, 1, False, 0.5, 0.5)
assert isinstance(new, np.ndarray) and new.shape == (2, 2), f"return the whole table, of shape (2, 2), got {new!r}"
assert Q.tolist() == [[0, 2], [1, 3]], f"the table that was passed in must not change, it is now {Q}"
assert np.isclose(new[0, 1], 9 / 4), f"the new value of the worked example is 9/4, got {new[0, 1]}"
assert np.allclose(new, [[0, 9 / 4], [1, 3]]), f"only the entry of s and a changes, got {new}"
ended = q_update(Q, 0, 1, 1.0, 1, True, 0.5, 0.5)
assert np.isclose(ended[0, 1], 3 / 2), f"if the step ends the task, the new value is 3/2, got {ended[0, 1]}"
first = q_update(np.zeros((3, 2)), 1, 0, 4.0, 2, False, 0.25, 0.9)
assert np.isclose(first[1, 0], 1), f"from a table of zeros the new value is alpha r, here 1, got {first[1, 0]}"

# %% nbgrader={"grade": true, "grade_id": "test_q_update", "locked": true, "points": 9, "schema_version": 3, "solution": false, "task": false}
### BEGIN HIDDEN TESTS
from autograder import mark

mark("unit09_reinforcement/q_update", q_update)
### END HIDDEN TESTS

# %% [markdown] nbgrader={"grade": false, "grade_id": "about_q_agent", "locked": true, "schema_version": 3, "solution": false, "task": false}
r"""
## 3 The whole loop: Q-learning

Now let an agent walk. At every step it chooses by the $\varepsilon$-greedy policy of its current table, acts, and
updates the one entry that it has just tried. The share $\alpha$ shrinks with experience, so that the noise averages
out: the entry $(s, a)$ moves by $\alpha(N)$ when it is visited for the $N$-th time, $N = 1, 2, \dots$

An episode can end in two ways, and they mean different things:

* `terminated`: the task is over (the goal, a hole in the ice). There is no future: the target is $r$.
* `truncated`: only the clock ran out. The future goes on, though we do not watch it: the target is
  $r + \gamma \max_{a'} Q(s', a')$ as always.

After either of them the next step begins in a new episode.

**Write** `q_learning(env, n_steps, gamma, alpha, eps, rng, Q0)`: `env` is an environment; `n_steps` is the number of
steps in all, over all episodes; `alpha` is a function of $N$; `eps` is the exploration rate; `rng` is the generator for
the agent's own choices; `Q0` (S, A) is the table to start from. Return the final table, shape (S, A).

**Worked example.** Two states, one action, a single step: `Q0` is $\begin{pmatrix} 0 \\ 5 \end{pmatrix}$, the step
from 0 to 1 pays 1, $\gamma = 0.9$, $\alpha(1) = \frac12$. The new value of state 0 is
$\frac12 (1 + 0.9 \cdot 5) = 2.75$ if the episode goes on or is truncated, and $\frac12 \cdot 1 = 0.5$ if it is terminated.

**What counts.** Exactly `n_steps` calls of `env.step`; `env.reset` at the start and after each end of an episode
(after the last step it does not matter); `alpha` is asked with the number of visits; `Q0` is the same afterwards. Write
the choice and the update out again here, on a table of your own that you change in place: a copy for each of
thousands of steps takes time, and nothing of the exercises above is called by the test.
"""


# %% nbgrader={"grade": false, "grade_id": "q_agent", "locked": false, "schema_version": 3, "solution": true, "task": false}
def q_learning(
    env, n_steps: int, gamma: float, alpha, eps: float, rng: np.random.Generator, Q0: np.ndarray
) -> np.ndarray:
    """The table (S, A) after n_steps steps of Q-learning from the table Q0."""
    ### BEGIN SOLUTION
    Q = np.array(Q0, dtype=float)
    visits = np.zeros(Q.shape, dtype=int)
    s = env.reset()
    for _ in range(n_steps):
        if rng.random() < eps:
            a = int(rng.integers(Q.shape[1]))
        else:
            a = int(np.argmax(Q[s]))
        s2, r, terminated, truncated = env.step(a)
        visits[s, a] += 1
        target = r if terminated else r + gamma * np.max(Q[s2])
        Q[s, a] += alpha(int(visits[s, a])) * (target - Q[s, a])
        s = env.reset() if terminated or truncated else s2
    return Q
    ### END SOLUTION


# %% nbgrader={"grade": false, "grade_id": "check_q_agent", "locked": true, "schema_version": 3, "solution": false, "task": false}
walk = envs.chain(3)
start = np.zeros((3, 2))
Q = q_learning(walk.env(np.random.default_rng(1)), 200, 0.9, lambda N: N**-0.7, 0.3, np.random.default_rng(2), start)
assert isinstance(Q, np.ndarray) and Q.shape == (3, 2), f"return the table, of shape (3, 2), got {Q!r}"
assert np.all(start == 0), f"Q0 must not be changed, it is now {start}"
assert np.all(Q[2] == 0), f"no step begins in the terminal state 2: its values stay as they were, got {Q[2]}"
assert np.isclose(Q[1, 1], 9), f"the step from 1 into the goal pays 9 and ends the task, got Q[1, 1] = {Q[1, 1]}"


class Corridor:
    """The worked example: one action, from state 0 to state 1."""

    def __init__(self, terminated, truncated):
        self.flags = terminated, truncated

    def reset(self):
        return 0

    def step(self, a):
        return 1, 1.0, *self.flags


for flags, expected in {(False, False): 2.75, (False, True): 2.75, (True, False): 0.5}.items():
    Q = q_learning(Corridor(*flags), 1, 0.9, lambda N: 0.5, 0.0, np.random.default_rng(0), np.array([[0.0], [5.0]]))
    assert np.isclose(Q[0, 0], expected), f"(terminated, truncated) = {flags}: expected {expected}, got {Q[0, 0]}"

# %% nbgrader={"grade": true, "grade_id": "test_q_agent", "locked": true, "points": 9, "schema_version": 3, "solution": false, "task": false}
### BEGIN HIDDEN TESTS
from autograder import mark

mark("unit09_reinforcement/q_agent", q_learning)
### END HIDDEN TESTS
