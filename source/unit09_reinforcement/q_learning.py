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
from dataclasses import replace

import matplotlib.pyplot as plt
import numpy as np

from dlmath_kit import envs, plots

lake = envs.frozen_lake_4x4()
NAMES = {0: "start", 5: "hole", 7: "hole", 11: "hole", 12: "hole", 15: "goal"}

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
negative, they may be of an integer type, and there may be a single action. All randomness comes from `rng`, and which
of its methods you call, and in which order, is up to you. `q` is unchanged afterwards.
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
assert isinstance(probabilities, np.ndarray), f"return an array, got a {type(probabilities).__name__}"
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

# %% [markdown]
r"""
**What you built.** On the left 2000 of your choices among five actions beside your probabilities. On the right your
policy at work: ten slot machines, of which each pays its own mean plus noise. The player estimates every machine by the
mean of what it has paid so far, and chooses by your rule. Who never explores gets stuck with the first machine that
looked good; who always explores learns everything and uses nothing. A little exploration wins in the long run, and
how little depends on how long the run is. (Bands are 95 % confidence intervals of the mean.)
"""

# %% tags=["picture"]
rng = np.random.default_rng(0)
q = np.array([0.2, -0.4, 1.0, 0.5, -1.0])
taken = np.bincount([epsilon_greedy(q, 0.5, rng) for _ in range(2000)], minlength=5) / 2000


def slot_machines(eps, rng, steps=600):
    """The mean payment of each machine that was chosen, step by step; the best machine has 1."""
    means = rng.normal(size=10)
    means = means / np.max(np.abs(means))
    means[rng.integers(10)] = 1.0
    estimates, counts, chosen = np.zeros(10), np.zeros(10), np.zeros(steps)
    for t in range(steps):
        k = epsilon_greedy(estimates, eps, rng)
        counts[k] += 1
        estimates[k] += (means[k] + rng.normal() - estimates[k]) / counts[k]
        chosen[t] = means[k]
    return chosen


fig, (left, right) = plt.subplots(1, 2, figsize=(11, 3.8), layout="constrained", width_ratios=(2, 3))
left.bar(np.arange(5) - 0.2, epsilon_greedy_probs(q, 0.5), 0.4, color=plots.PALETTE[0], label="your probabilities")
left.bar(np.arange(5) + 0.2, taken, 0.4, color=plots.PALETTE[1], label="your choices")
left.set(
    xticks=range(5), xticklabels=[f"$q_{a}$ = {v}" for a, v in enumerate(q)], title=r"five actions, $\varepsilon$ = 0.5"
)
left.tick_params(axis="x", labelsize=8)
left.legend(loc="upper right", fontsize="small")
left.spines[["top", "right"]].set_visible(False)
runs = {
    rf"$\varepsilon$ = {eps}": np.array([slot_machines(eps, np.random.default_rng(seed)) for seed in range(60)])
    for eps in (0, 0.1, 1)
}
plots.learning_curves(
    runs, right, smooth=20, xlabel="step", ylabel="mean payment of the chosen machine", title="ten slot machines"
)
right.legend(loc="center right", fontsize="small")
plt.show()

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
`alpha`, `gamma` are numbers; `terminated` is true or false. Return the **new** table, in which the one entry has
changed.

**Worked example.** $Q = \begin{pmatrix} 0 & 2 \\ 1 & 3 \end{pmatrix}$, and the step is $s = 0$, $a = 1$, $r = 1$,
$s' = 1$, with $\alpha = \gamma = \frac12$. The target is $1 + \frac12 \cdot 3 = \frac52$, so $Q(0, 1)$ becomes
$2 + \frac12 \left(\frac52 - 2\right) = \frac94$. Had the step ended the task, the target were $1$ and the new value
$2 + \frac12 (1 - 2) = \frac32$.

**What counts.** The table that was passed in is the same afterwards. It may hold negative values only, it may be a
table of integers (the new one is then of floats), and a step may lead back to where it began, $s' = s$.
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

# %% [markdown]
r"""
**What you built.** A field with a goal (lower right, pays 1) and a pit (pays $-1$); each step costs $0.04$. Nobody
tells the table where they are. On the left the table after walking one path to the goal *once*: only the last step has
learned something, since before it everything ahead was still worth 0. In the middle after the same walk six times:
with every repetition the good news moves one step back. On the right after 500 random walks: every action of every
state has its value, although the walks themselves were as bad as random walks are. That is what *off-policy* means.

Each state is cut into four pieces, one for each direction; the best one is written in bold. Moving into the border
stays where it is.
"""

# %% tags=["picture"]
field = envs.grid4(slip=0.0)
path = [1, 1, 2, 2, 1, 2]  # down, down, right, right, down, right


def walk(Q, actions, alpha, gamma=0.9):
    """The table after one walk; it ends with the task, or when there are no more actions."""
    env = field.env(np.random.default_rng(0))
    s = env.reset()
    for a in actions:
        s2, r, terminated, truncated = env.step(int(a))
        Q = q_update(Q, s, int(a), r, s2, terminated, alpha, gamma)
        s = s2
        if terminated or truncated:
            break
    return Q


once = walk(np.zeros((16, 4)), path, 1.0)
often = once
for _ in range(5):
    often = walk(often, path, 1.0)
rng = np.random.default_rng(1)
learned = np.zeros((16, 4))
for _ in range(500):
    learned = walk(learned, rng.integers(4, size=200), 1.0)

fig, panels = plt.subplots(1, 3, figsize=(14, 5), layout="constrained")
titles = ("one walk along a path", "the same walk six times", "500 random walks")
for ax, Q, title in zip(panels, (once, often, learned), titles, strict=True):
    plots.q_on_grid(Q, (4, 4), ax, terminal=field.terminal, names={7: "pit", 15: "goal"}, title=title)
plt.show()

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
$\frac12 (1 + 0.9 \cdot 5) = 2.75$ if the episode goes on or is truncated, and $\frac12 \cdot 1 = 0.5$ if it is
terminated.

**What counts.** Exactly `n_steps` calls of `env.step`; `env.reset` at the start and after each end of an episode
(after the last step it does not matter); `alpha` is asked with the number of visits; `Q0` is the same afterwards. If
several actions are the best, any of them may be taken here. Write the choice and the update out again, on a table of
your own that you change in place: a copy for each of thousands of steps takes time, and the test runs this cell alone,
without the functions of the exercises above.
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

# %% [markdown]
r"""
**What you built.** The frozen lake of the last lab at night: your agent knows nothing about slippery ice, holes or the
goal, and walks 40,000 steps. On the left what it has learned, $\max_a Q(s, a)$, with its greedy policy as arrows. On
the right the exact values, computed from the map by value iteration. What is left of the error shrinks slowly: the ice
is noisy.

It began with $Q_0 = 0.5$ everywhere, far too optimistic, and that is on purpose: what has not been tried looks good, so
it is tried. Set it to 0 and $\varepsilon$ to 0.1, and the agent may need very long to see the goal for the first time.
"""

# %% tags=["picture"]
V_star = np.zeros(16)  # from the map, with discount 0.95
V_star[[0, 1, 2, 3, 4, 6, 8, 9, 10, 13, 14]] = (
    *(0.1805, 0.1548, 0.1535, 0.1325, 0.2090, 0.1764),
    *(0.2705, 0.3747, 0.4037, 0.5090, 0.7237),
)


def night_walk(n_steps, eps=0.3, seed=0, start=0.5):
    """Q-learning on the lake: the agent's generator and that of the ice have their own seeds."""
    env = lake.env(np.random.default_rng(seed))
    Q0 = np.full((16, 4), start)
    return q_learning(env, n_steps, 0.95, lambda N: N**-0.6, eps, np.random.default_rng(100 + seed), Q0)


Q = night_walk(40_000)
policy = Q.argmax(axis=1)
fig, (left, right) = plt.subplots(1, 2, figsize=(9, 4.6), layout="constrained")
plots.values_on_grid(
    Q.max(axis=1), (4, 4), left, policy=policy, terminal=lake.terminal, names=NAMES, title="learned from 40,000 steps"
)
plots.values_on_grid(V_star, (4, 4), right, terminal=lake.terminal, names=NAMES, title="computed from the map")
plt.show()

# %% [markdown]
r"""
How many steps does it take, and how much exploring? Below the largest error over the states, for agents that walk on
until the step on the axis; the mean of 4 agents each, with a 95 % confidence band. On such a slippery lake even the
greedy agent comes around a lot; the one that only explores falls into holes all the time, and seldom sees the far
side.
"""

# %% tags=["picture"]
steps = [300, 1000, 3000, 8000]
errors = {
    rf"$\varepsilon$ = {eps}": np.array(
        [
            [np.abs(night_walk(n, eps, seed).max(axis=1) - V_star)[lake.terminal == 0].max() for n in steps]
            for seed in range(4)
        ]
    )
    for eps in (0.05, 0.3, 1.0)
}
ax = plots.learning_curves(
    errors, x=steps, xlabel="steps", ylabel="largest error of the values", title="learning on the frozen lake"
)
ax.set(xscale="log", ylim=(0, None))
ax.set_xticks(steps, [f"{n}" for n in steps])
ax.minorticks_off()
plt.show()

# %% [markdown]
r"""
And this is how it walks now, by the learned policy without exploring. Beside a hole it steers neither at the goal nor
at free ice, but straight *away* from the hole or into the border: the ice may push it to either side, never backwards.
Only on the field between two holes there is no safe way to steer.
"""

# %% tags=["picture"]
walks = []
for seed in (4, 11):
    env = lake.env(np.random.default_rng(seed))
    states, over = [env.reset()], False
    while not over and len(states) < 30:
        s2, _, terminated, truncated = env.step(int(policy[states[-1]]))
        states.append(s2)
        over = terminated or truncated
    walks.append(states)
plots.walk_on_grid(
    walks, (4, 4), V=Q.max(1), policy=policy, terminal=lake.terminal, names=NAMES, title="the policy at work"
)

# %% [markdown]
r"""
## A right policy from wrong values

How would you notice a mistake in `q_learning`? Looking at the agent's behaviour is not enough. Here is a corridor of
five states with the goal on the right, where one step out of ten slips and episodes are cut off after six steps. Your
function runs three times on it, unchanged, but twice the environment lies about how an episode ended: once it calls
every end a mere cut-off, so that the agent believes in a future beyond the goal; once it calls every cut-off the end
of the task.

All three agents have found the best policy: go right, everywhere. Only the values tell them apart, and only when you
know the right ones. So the test of exercise 3 looks at $Q$, not at what an agent earns, and so should you: **an agent
that behaves well may still be wrong**. On a larger problem the wrong values would, sooner or later, lead to wrong
actions.
"""

# %% tags=["picture"]
corridor = replace(envs.chain(5, slip=0.1), limit=6)
Q_star = np.array([[1.666, 2.804], [1.842, 4.385], [3.323, 6.337], [5.133, 8.570]])  # from the map, with discount 0.9


class Liar:
    """The corridor, with another story about how episodes end."""

    def __init__(self, story, rng):
        self.story, self.env = story, corridor.env(rng)

    def reset(self):
        return self.env.reset()

    def step(self, a):
        s2, r, terminated, truncated = self.env.step(a)
        return s2, r, *self.story(terminated, truncated)


stories = {
    "ends as they are": lambda terminated, truncated: (terminated, truncated),
    'all ends "truncated"': lambda terminated, truncated: (False, terminated or truncated),
    'all ends "terminated"': lambda terminated, truncated: (terminated or truncated, False),
}
fig, panels = plt.subplots(1, 4, figsize=(12, 3.2), layout="constrained")
plots.q_table(Q_star, panels[0], actions=["left", "right"], title="from the map")
for ax, (name, story) in zip(panels[1:], stories.items(), strict=True):
    env = Liar(story, np.random.default_rng(0))
    Q = q_learning(env, 20_000, 0.9, lambda N: N**-0.7, 0.3, np.random.default_rng(1), np.full((5, 2), 30.0))
    error = np.max(np.abs(Q[:4] - Q_star))
    plots.q_table(Q[:4], ax, actions=["left", "right"], title=f"{name}\nlargest error {error:.1f}")
plt.show()

# %% [markdown]
r"""
## Where this leads

One table entry for each state and action: with 16 states that is fine. A cart with a pole on it has four real numbers
as its state, a picture of a game thousands of pixels, and no state ever comes twice. In the next lab the table becomes
a network, $Q_\theta(s, a)$. The target stays the same; what breaks is that neighbouring entries are no longer
independent, and three more ideas are needed to mend it.
"""
