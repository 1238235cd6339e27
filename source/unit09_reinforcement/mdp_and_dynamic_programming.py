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
# When the rules are known

*Unit 9, lab 1. Book: chapter 8, reinforcement learning.*

A frozen lake, four fields by four. You start in one corner, your goal is the opposite one, and four fields are holes.
The ice is slippery: whichever way you turn, only in one of three tries do you go there, otherwise you slide off to one
side or the other. **What is the best first step?** Not down and not right, towards the goal. In this lab you compute
the answer, and prove how exact it is.

There is nothing to learn yet. The rules are on the table: what leads where with which probability, and what it pays.
Finding the best behaviour is then a problem of mathematics, **dynamic programming**, solved by two algorithms that are
both a few lines long. The next lab takes the table away. What remains there is the same equation, which is why we start
here.

A **Markov decision process** with $S$ states and $A$ actions is given by three tables and a number (book, chapter 8):

* $P(s' \mid s, a)$, the probability to get from $s$ to $s'$ by the action $a$: `P[s, a, s2]`, of shape (S, A, S).
* $r(s, a)$, the expected reward of $a$ in $s$: `R[s, a]`, of shape (S, A).
* `terminal[s]`, 1 where the task is over and 0 elsewhere, of shape (S,). Nothing is earned after that: the value of a
  terminal state is **0**. Mostly the tables say so, too: a terminal state leads to itself, and its rewards are 0. Some
  tables begin anew there instead (exercises 2 and 3); then `terminal` alone says where the task is over.
* $\gamma \in [0, 1)$, the discount: a reward counts $\gamma$ times as much if it comes a step later.

A **policy** $\pi(a \mid s)$ says how to behave: `pi[s, a]`, of shape (S, A), each row a distribution. If it is
deterministic, `policy[s]` is the action in $s$.

As before, functions change none of their inputs. Allowed are numpy, with everything of `numpy.linalg`, and the
standard library.
"""

# %% nbgrader={"grade": false, "grade_id": "setup_mdp", "locked": true, "schema_version": 3, "solution": false, "task": false}
import matplotlib.pyplot as plt
import numpy as np

from dlmath_kit import envs, plots

lake, dry = envs.frozen_lake_4x4(), envs.frozen_lake_4x4(slippery=False)
names = {0: "start", 5: "hole", 7: "hole", 11: "hole", 12: "hole", 15: "goal"}

# %% [markdown] nbgrader={"grade": false, "grade_id": "about_bellman_backup", "locked": true, "schema_version": 3, "solution": false, "task": false}
r"""
## 1 One step of looking ahead

Suppose that somebody tells you what every state is worth, $V(s')$. Then you know what every action is worth:
its reward now, and the discounted worth of where it leads. From a terminal state there is nothing more to come, so
it counts as 0 **whatever stands in $V$ there**:

$$Q(s, a) = r(s, a) + \gamma \sum_{s'} P(s' \mid s, a)\,\bigl(1 - \text{terminal}(s')\bigr)\, V(s').$$

From $Q$ you get a new opinion about the states, in two ways. Either the best action is taken, or the policy $\pi$
decides. These are the two **Bellman operators**, which turn one function of the states into another:

$$(TV)(s) = \max_a Q(s, a), \qquad (T_\pi V)(s) = \sum_a \pi(a \mid s)\, Q(s, a).$$

**Write** `bellman(P, R, V, pi, gamma, terminal)`. Return the tuple `(Q, TV, TpiV)` of shapes (S, A), (S,) and (S,).

**Worked example.** State 1 is terminal. In state 0, action 0 stays there and pays 1; action 1 pays 4 and leads to
state 1 with probability $\frac12$, else it stays. Let $\gamma = \frac12$, $V = (4, 8)$ and
$\pi(\cdot \mid 0) = (\frac14, \frac34)$. Then

$$Q(0, 0) = 1 + \tfrac12 \cdot 4 = 3, \qquad Q(0, 1) = 4 + \tfrac12 \left(\tfrac12 \cdot 4 + \tfrac12 \cdot 0\right) = 5,$$

so $(TV)(0) = 5$ and $(T_\pi V)(0) = \frac14 \cdot 3 + \frac34 \cdot 5 = \frac92$. Everything is 0 in state 1. The 8
was never read.

**What counts.** Any number of states and actions, equal numbers included; several terminal states, also all of them;
$\gamma = 0$.
"""


# %% nbgrader={"grade": false, "grade_id": "bellman_backup", "locked": false, "schema_version": 3, "solution": true, "task": false}
def bellman(
    P: np.ndarray, R: np.ndarray, V: np.ndarray, pi: np.ndarray, gamma: float, terminal: np.ndarray
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Action values Q (S, A) from state values V, and both Bellman operators TV (S,) and T_pi V (S,).

    P (S, A, S), R (S, A), V (S,), pi (S, A), terminal (S,) of 0 and 1.
    """
    ### BEGIN SOLUTION
    Q = R + gamma * P @ ((1 - terminal) * V)  # (S, A)
    return Q, Q.max(axis=1), (pi * Q).sum(axis=1)
    ### END SOLUTION


# %% nbgrader={"grade": false, "grade_id": "check_bellman_backup", "locked": true, "schema_version": 3, "solution": false, "task": false}
P = np.zeros((2, 2, 2))
P[0, 0, 0], P[0, 1], P[1, :, 1] = 1, (1 / 2, 1 / 2), 1
R, V = np.array([[1.0, 4.0], [0.0, 0.0]]), np.array([4.0, 8.0])
pi, over = np.array([[1 / 4, 3 / 4], [1 / 2, 1 / 2]]), np.array([0, 1])
Q, TV, TpiV = bellman(P, R, V, pi, 0.5, over)
for name, got, shape in [("Q", Q, (2, 2)), ("TV", TV, (2,)), ("TpiV", TpiV, (2,))]:
    assert np.shape(got) == shape, f"{name} must have shape {shape}, got {np.shape(got)}"
assert np.allclose(Q, [[3, 5], [0, 0]]), f"the worked example gives Q = [[3, 5], [0, 0]], got {np.asarray(Q).tolist()}"
assert np.allclose(TV, [5, 0]), f"the worked example gives TV = (5, 0), got {TV}"
assert np.allclose(TpiV, [9 / 2, 0]), f"the worked example gives TpiV = (9/2, 0), got {TpiV}"
assert V.tolist() == [4, 8], f"V must not be changed, it is now {V}"

# %% nbgrader={"grade": true, "grade_id": "test_bellman_backup", "locked": true, "points": 8, "schema_version": 3, "solution": false, "task": false}
### BEGIN HIDDEN TESTS
from autograder import mark

mark("unit09_reinforcement/bellman_backup", bellman)
### END HIDDEN TESTS

# %% [markdown]
r"""
**What you built.** The lake on a dry day, where every step goes where it should. Arriving at the goal pays 1, nothing
else pays, $\gamma = 0.9$. Nobody knows anything at first, $V = 0$. With every $T$ the news of the goal travels **one
step** back, losing a tenth on each. After six applications it has reached the start, at $0.9^5 = 0.59$.

On the right, two random opinions $V$ and $U$ about the slippery lake, and how far they are apart after $k$ applications,
$\max_s |V(s) - U(s)|$. Neither operator ever lets them be further apart than $\gamma^k$ times the beginning. What you
think at first does not matter in the end.
"""

# %% tags=["picture"]
uniform = np.full((16, 4), 1 / 4)
fig, panels = plt.subplots(1, 4, figsize=(15, 3.9), layout="constrained")
V, k = np.zeros(16), 0
for applications, ax in zip((1, 3, 6), panels, strict=False):
    for _ in range(applications - k):
        V = bellman(dry.P, dry.R, V, uniform, 0.9, dry.terminal)[1]
    k = applications
    title = f"$T$ applied {k} times" if k > 1 else "$T$ applied once"
    plots.values_on_grid(V, (4, 4), ax, terminal=dry.terminal, names=names, title=title)

ax, random = panels[3], np.random.default_rng(1)
first = random.normal(size=(2, 16)) * (1 - lake.terminal)
for which, name in [(1, "$T$"), (2, r"$T_\pi$, random moves")]:
    (V, U), apart = first, []
    for _ in range(30):
        apart.append(np.max(np.abs(V - U)))
        V, U = (bellman(lake.P, lake.R, W, uniform, 0.9, lake.terminal)[which] for W in (V, U))
    ax.semilogy(apart, ".-", color=plots.PALETTE[which - 1], label=name)
ax.semilogy(apart[0] * 0.9 ** np.arange(30), "--", color="0.4", label=r"$\gamma^k$ times the beginning")
ax.set(xlabel="applications $k$", title="two opinions come closer")
ax.spines[["top", "right"]].set_visible(False)
ax.legend(fontsize="small", loc="lower left")
plt.show()

# %% [markdown] nbgrader={"grade": false, "grade_id": "about_value_iteration", "locked": true, "schema_version": 3, "solution": false, "task": false}
r"""
## 2 Value iteration, with a guarantee

The values under the best behaviour, $V^*$, are the ones that looking ahead does not change: $V^* = TV^*$, Bellman's
equation. And $T$ brings any two functions closer together by a factor $\gamma$ (you will prove it at the end), so
applying it again and again leads to $V^*$ from wherever you start. That is **value iteration**:
$V \leftarrow TV$.

When to stop? A small last change is *not* a small error. If the last sweep changed $V$ by
$\|\Delta V\|_\infty = \max_s |\Delta V(s)|$, all the sweeps that were not made could still add up to
$\frac{\gamma}{1 - \gamma}\, \|\Delta V\|_\infty$. For $\gamma = 0.999$ that is 999 times as much. So

$$\text{stop as soon as} \quad \|\Delta V\|_\infty < \text{tol} \cdot \frac{1 - \gamma}{\gamma}
\qquad \Longrightarrow \qquad \|V - V^*\|_\infty \le \text{tol}.$$

**Write** `value_iteration(P, R, gamma, terminal, tol=1e-8)`. Return `(V, policy)`: `V` (S,) with
$\|V - V^*\|_\infty \le$ `tol`, and `policy` (S,), integers: a best action in every state, the lowest one if several
are equally good.

**Worked example.** `envs.chain(3)`: states 0, 1, 2 in a row, action 0 goes left (in state 0 it stays), action 1 goes
right, every step costs 1, arriving in the terminal state 2 pays 10 on top. Let $\gamma = \frac12$. From state 1 the
best is to step right, $V^*(1) = -1 + 10 = 9$. From state 0 it takes a step more, $V^*(0) = -1 + \frac12 \cdot 9 = \frac72$.
So $V^* = (\frac72, 9, 0)$ and the policy is $(1, 1, 0)$: in state 2 all is equal, and the lowest action is 0.

**What counts.** The accuracy, also for $\gamma = 0.999$; $\gamma = 0$, where the future does not count at all; a task
that may begin in a terminal state; equally good actions. Also tables that begin anew after the end, with rewards in the
rows of terminal states: what you return for the terminal states of such a table does not count. (Where a terminal
state leads to itself and its rewards are 0, its value is 0, and the lowest action is 0.) How you get there is up to
you.
"""


# %% nbgrader={"grade": false, "grade_id": "value_iteration", "locked": false, "schema_version": 3, "solution": true, "task": false}
def value_iteration(
    P: np.ndarray, R: np.ndarray, gamma: float, terminal: np.ndarray, tol: float = 1e-8
) -> tuple[np.ndarray, np.ndarray]:
    """The optimal values V (S,), each to within tol, and a greedy policy (S,).

    P (S, A, S), R (S, A), 0 <= gamma < 1, terminal (S,) of 0 and 1.
    """
    ### BEGIN SOLUTION
    V = np.zeros(len(R))
    while True:
        Q = R + gamma * P @ ((1 - terminal) * V)  # (S, A)
        change = np.max(np.abs(Q.max(axis=1) - V))
        V = Q.max(axis=1)
        if gamma * change < tol * (1 - gamma):
            Q = R + gamma * P @ ((1 - terminal) * V)
            return V, Q.argmax(axis=1)
    ### END SOLUTION


# %% nbgrader={"grade": false, "grade_id": "check_value_iteration", "locked": true, "schema_version": 3, "solution": false, "task": false}
m = envs.chain(3)
V, policy = value_iteration(m.P, m.R, 0.5, m.terminal)
assert np.shape(V) == (3,) and np.shape(policy) == (3,), f"both have shape (3,), got {np.shape(V)}, {np.shape(policy)}"
assert isinstance(policy, np.ndarray), f"the policy must be an array, got a {type(policy).__name__}"
assert np.allclose(V, [7 / 2, 9, 0], rtol=0, atol=1e-8), f"the worked example gives V = (7/2, 9, 0), got {V}"
assert np.array_equal(policy, [1, 1, 0]), f"the worked example gives the policy (1, 1, 0), got {policy}"

# %% nbgrader={"grade": true, "grade_id": "test_value_iteration", "locked": true, "points": 8, "schema_version": 3, "solution": false, "task": false}
### BEGIN HIDDEN TESTS
from autograder import mark

mark("unit09_reinforcement/value_iteration", value_iteration)
### END HIDDEN TESTS

# %% [markdown]
r"""
**What you built.** The answer to the question at the beginning. On dry ground the policy walks around the holes and every
value is a power of $\gamma$, here $0.99$. On slippery ice the best first step is **left**, against the bank: one time
in three you slide down, which is where you want to go, and otherwise you stay. It takes its time, and does
not risk the hole next door. The start is worth 0.542, the value known for Gymnasium's FrozenLake.

On the right the stopping rule at work: the change of the last sweep, the true error, and the bound that the rule uses.
The change falls below any tolerance long before the error does. The bound never lies.
"""

# %% tags=["picture"]
fig, (left, middle, right) = plt.subplots(1, 3, figsize=(14, 4.3), layout="constrained")
for m, ax, title in [(dry, left, "dry"), (lake, middle, "slippery")]:
    V, policy = value_iteration(m.P, m.R, 0.99, m.terminal)
    plots.values_on_grid(V, (4, 4), ax, policy=policy, terminal=m.terminal, names=names, title=title)

gamma, V, changes, errors = 0.99, np.zeros(16), [], []
best, _ = value_iteration(lake.P, lake.R, gamma, lake.terminal, tol=1e-12)
for _ in range(500):
    new = bellman(lake.P, lake.R, V, uniform, gamma, lake.terminal)[1]
    changes.append(np.max(np.abs(new - V)))
    errors.append(np.max(np.abs(new - best)))
    V = new
right.semilogy(gamma / (1 - gamma) * np.array(changes), "--", color="0.4", lw=1.6, label="bound of the rule")
right.semilogy(errors, color=plots.PALETTE[1], lw=2, label=r"error $\|V - V^*\|$")
right.semilogy(changes, color=plots.PALETTE[0], lw=2, label=r"last change $\|\Delta V\|$")
right.set(xlabel="sweep", title=r"how far is it still? ($\gamma = 0.99$)")
right.spines[["top", "right"]].set_visible(False)
right.legend(fontsize="small")
plt.show()

# %% [markdown] nbgrader={"grade": false, "grade_id": "about_policy_evaluation", "locked": true, "schema_version": 3, "solution": false, "task": false}
r"""
## 3 What a policy is worth

Now nobody looks for the best. Somebody behaves in a given way, by $\pi$, good or bad: what does that earn? The values
$V^\pi$ are the fixed point of the other operator, $V = T_\pi V$, and there is no maximum in it. The equation is
**linear**:

$$\Bigl(I - \gamma\, P_\pi\, \operatorname{diag}\bigl(1 - \text{terminal}\bigr)\Bigr)\, V = R_\pi,$$

$$P_\pi[s, s'] = \sum_a \pi(a \mid s)\, P(s' \mid s, a), \qquad R_\pi[s] = \sum_a \pi(a \mid s)\, r(s, a).$$

The diagonal matrix stands on the right of $P_\pi$: it masks the **columns**, the states that a step leads *to*.

**Write** `policy_evaluation(P, R, pi, gamma, terminal)`. Return $V^\pi$ of shape (S,).

**Worked example.** One state that leads to itself, with two actions that pay 1 and 3, taken with probability $\frac12$
each, and $\gamma = \frac34$. A step earns 2 on average, for ever:
$V = 2 + \frac34 V$, so $V = 2 / (1 - \frac34) = 8$.

**What counts.** Policies of any kind, deterministic ones as rows of one 1; terminal states, also in tables that begin
anew after the end, as in exercise 2; $\gamma = 0$, and $\gamma$ close to 1, such as 0.99. Solving the system and
iterating $T_\pi$ are both fine, the second only with an accuracy of $10^{-9}$: the error that is left, not the last
change.
"""


# %% nbgrader={"grade": false, "grade_id": "policy_evaluation", "locked": false, "schema_version": 3, "solution": true, "task": false}
def policy_evaluation(P: np.ndarray, R: np.ndarray, pi: np.ndarray, gamma: float, terminal: np.ndarray) -> np.ndarray:
    """The values (S,) of the policy pi (S, A).

    P (S, A, S), R (S, A), 0 <= gamma < 1, terminal (S,) of 0 and 1.
    """
    ### BEGIN SOLUTION
    P_pi = np.einsum("sa,sat->st", pi, P)  # (S, S)
    R_pi = np.sum(pi * R, axis=1)
    return np.linalg.solve(np.eye(len(R)) - gamma * P_pi * (1 - terminal), R_pi)
    ### END SOLUTION


# %% nbgrader={"grade": false, "grade_id": "check_policy_evaluation", "locked": true, "schema_version": 3, "solution": false, "task": false}
V = policy_evaluation(np.ones((1, 2, 1)), np.array([[1.0, 3.0]]), np.array([[0.5, 0.5]]), 0.75, np.array([0]))
assert np.shape(V) == (1,), f"V must have shape (S,), here (1,), got {np.shape(V)}"
assert np.allclose(V, 8), f"the worked example gives V = 8, got {V}"
m = envs.chain(3)
V = policy_evaluation(m.P, m.R, np.array([[0.0, 1.0], [0.0, 1.0], [1.0, 0.0]]), 0.5, m.terminal)
assert np.allclose(V, [7 / 2, 9, 0]), f"always to the right in chain(3) is worth (7/2, 9, 0), got {V}"

# %% nbgrader={"grade": true, "grade_id": "test_policy_evaluation", "locked": true, "points": 7, "schema_version": 3, "solution": false, "task": false}
### BEGIN HIDDEN TESTS
from autograder import mark

mark("unit09_reinforcement/policy_evaluation", policy_evaluation)
### END HIDDEN TESTS

# %% [markdown]
r"""
**What you built.** Three travellers on the slippery ice: one who stumbles about at random, one who walks as if the
ground were dry, and one with the best policy. The linear system knows what each is worth, without a single step.

On the right somebody really walks, 400 times for each, and averages the discounted returns. The averages crawl towards
your lines; after 400 walks they are still uncertain in the second digit. Keep this picture for the next lab, where
walking is all there is.
"""


# %% tags=["picture"]
def walk(m, pi, random):
    """One episode by a policy: the states and the rewards on the way."""
    env = m.env(random)
    states, rewards, over = [env.reset()], [], False
    while not over:
        s, r, terminated, truncated = env.step(random.choice(4, p=pi[states[-1]]))
        states.append(s)
        rewards.append(r)
        over = terminated or truncated
    return states, np.array(rewards)


hurried = value_iteration(dry.P, dry.R, 0.99, dry.terminal)[1]
careful = value_iteration(lake.P, lake.R, 0.99, lake.terminal)[1]
travellers = {"at random": uniform, "as if it were dry": np.eye(4)[hurried], "the best": np.eye(4)[careful]}
fig, panels = plt.subplots(1, 4, figsize=(16, 4.1), layout="constrained")
random, counts = np.random.default_rng(3), np.arange(1, 401)
for k, (name, pi) in enumerate(travellers.items()):
    V = policy_evaluation(lake.P, lake.R, pi, 0.99, lake.terminal)
    plots.values_on_grid(V, (4, 4), panels[k], policy=pi, terminal=lake.terminal, names=names, title=name)
    walks = [walk(lake, pi, random)[1] for _ in counts]
    returns = np.array([rewards @ 0.99 ** np.arange(len(rewards)) for rewards in walks])
    panels[3].plot(counts, np.cumsum(returns) / counts, color=plots.PALETTE[k], lw=1.6, label=name)
    panels[3].axhline(V[0], color=plots.PALETTE[k], lw=1, ls="--")
panels[3].set(xlabel="walks", ylim=(-0.02, 1), title="average return, and $V^\\pi$(start)")
panels[3].spines[["top", "right"]].set_visible(False)
panels[3].legend(fontsize="small", loc="upper right")
plt.show()

# %% [markdown] nbgrader={"grade": false, "grade_id": "about_policy_iteration", "locked": true, "schema_version": 3, "solution": false, "task": false}
r"""
## 4 Policy iteration

Howard's idea of 1960 puts the pieces together. Take any policy. **Evaluate** it, exactly. With its values every action
has a worth $Q(s, a)$, and somewhere there may be a better action than the policy's own: **improve**, in all states at
once. Repeat. The values never fall, there are finitely many policies, so after finitely many passes nothing changes any
more; and a policy that cannot be improved in any state is optimal.

**Write** `policy_iteration(P, R, gamma, terminal)`:

1. Start with action 0 in every state.
2. Solve for the values $V$ of the current policy.
3. Compute $Q(s, a)$ from this $V$. A state **keeps** its action while that is among the best ones there; otherwise it
   takes the best action, the lowest one if several are equally good.
4. If no action changed, return `(policy, V, passes)`, with `passes` the number of passes that changed the policy.
   Otherwise go on with 2.

`policy` (S,) holds integers, `V` (S,) the values of this policy. Why the rule in 3? Take another best action whenever
there is one, and the algorithm may never end: two equally good actions change places for ever. In floating point,
let values that differ by rounding alone (say, by less than $10^{-10}$) count as equal.

**Worked example.** `envs.chain(3)` again with $\gamma = \frac12$, always going left at first: $V = (-2, -2, 0)$, costs
for ever. In state 0 both actions are worth $-1 + \frac12 \cdot (-2) = -2$, so action 0 stays; in state 1 the step to the
right is worth 9, and is taken (pass 1). Then $V = (-2, 9, 0)$, and in state 0 going right is worth
$-1 + \frac12 \cdot 9 = \frac72$ (pass 2). Then $V = (\frac72, 9, 0)$, nothing changes: the answer is the policy
$(1, 1, 0)$, these values, and 2 passes.

**What counts.** Policy, values and number of passes, also for $\gamma = 0.99$; that it ends when actions are equally
good.
"""


# %% nbgrader={"grade": false, "grade_id": "policy_iteration", "locked": false, "schema_version": 3, "solution": true, "task": false}
def policy_iteration(
    P: np.ndarray, R: np.ndarray, gamma: float, terminal: np.ndarray
) -> tuple[np.ndarray, np.ndarray, int]:
    """An optimal policy (S,), its values (S,), and the number of passes that changed the policy.

    P (S, A, S), R (S, A), 0 <= gamma < 1, terminal (S,) of 0 and 1.
    """
    ### BEGIN SOLUTION
    s = np.arange(len(R))
    policy = np.zeros(len(R), dtype=int)
    for passes in range(1000):  # it ends long before
        V = np.linalg.solve(np.eye(len(R)) - gamma * P[s, policy] * (1 - terminal), R[s, policy])
        Q = R + gamma * P @ V  # (S, A); V is 0 where the task is over
        better = Q.max(axis=1) > Q[s, policy] + 1e-10
        if not better.any():
            return policy, V, passes
        policy = np.where(better, Q.argmax(axis=1), policy)
    ### END SOLUTION


# %% nbgrader={"grade": false, "grade_id": "check_policy_iteration", "locked": true, "schema_version": 3, "solution": false, "task": false}
m = envs.chain(3)
policy, V, passes = policy_iteration(m.P, m.R, 0.5, m.terminal)
assert np.shape(policy) == (3,) and np.shape(V) == (3,), f"both have shape (3,), got {np.shape(policy)}, {np.shape(V)}"
assert np.array_equal(policy, [1, 1, 0]), f"the worked example gives the policy (1, 1, 0), got {policy}"
assert np.allclose(V, [7 / 2, 9, 0]), f"the worked example gives V = (7/2, 9, 0), got {V}"
assert passes == 2, f"the policy of the worked example changes in 2 passes, got {passes}"

# %% nbgrader={"grade": true, "grade_id": "test_policy_iteration", "locked": true, "points": 5, "schema_version": 3, "solution": false, "task": false}
### BEGIN HIDDEN TESTS
from autograder import mark

mark("unit09_reinforcement/policy_iteration", policy_iteration)
### END HIDDEN TESTS

# %% [markdown]
r"""
**What you built.** Howard's algorithm on the slippery lake, pass by pass. It starts with a policy that only knows
"left", and never reaches anything; whatever it learns about one state changes others in the next pass.

On the right, the price of patience: a process of 30 states without an end, for $\gamma$ closer and closer to 1. The
sweeps of value iteration grow like $1/(1 - \gamma)$. Policy iteration hardly notices: its passes look at the whole
future at once. In exchange each of them solves a linear system, which costs $S^3$ operations; a sweep costs
$S^2 A$.
"""

# %% tags=["picture"]
passes, policy = [], np.zeros(16, dtype=int)
while not passes or not np.array_equal(policy, passes[-1][0]):
    V = policy_evaluation(lake.P, lake.R, np.eye(4)[policy], 0.99, lake.terminal)
    passes.append((policy, V))
    Q = bellman(lake.P, lake.R, V, uniform, 0.99, lake.terminal)[0]
    policy = np.where(Q[np.arange(16), policy] > Q.max(axis=1) - 1e-10, policy, Q.argmax(axis=1))
answer = policy_iteration(lake.P, lake.R, 0.99, lake.terminal)
print(f"Your function changed the policy {answer[2]} times, and the start is worth {answer[1][0]:.4f}.")

shown = [0, 1, 2, len(passes) - 1]
fig, panels = plt.subplots(1, 5, figsize=(18, 3.8), layout="constrained")
for k, ax in zip(shown, panels, strict=False):
    title = f"after pass {k}" if k else "at first"
    plots.values_on_grid(
        passes[k][1], (4, 4), ax, policy=passes[k][0], terminal=lake.terminal, names=names, title=title
    )

random, patience = np.random.default_rng(4), 1 - np.logspace(-0.3, -2.6, 9)
P, R, never = random.dirichlet(np.full(30, 0.1), size=(30, 3)), random.normal(size=(30, 3)), np.zeros(30, dtype=int)
sweeps, rounds = [], []
for gamma in patience:
    V, change, n = np.zeros(30), np.inf, 0
    while change > 1e-6 * (1 - gamma):
        new = bellman(P, R, V, np.full((30, 3), 1 / 3), gamma, never)[1]
        V, change, n = new, np.max(np.abs(new - V)), n + 1
    sweeps.append(n)
    rounds.append(policy_iteration(P, R, gamma, never)[2] + 1)
ax = panels[4]
ax.loglog(1 / (1 - patience), sweeps, "o-", color=plots.PALETTE[0], label="sweeps of value iteration")
ax.loglog(1 / (1 - patience), rounds, "s-", color=plots.PALETTE[1], label="evaluations of policy iteration")
ax.set(xlabel=r"$1 / (1 - \gamma)$", ylim=(1, 1e5), title="the price of patience")
ax.spines[["top", "right"]].set_visible(False)
ax.legend(fontsize="small", loc="upper left")
plt.show()

# %% [markdown]
r"""
And how does it look? First three walks of the traveller who takes the ice for dry ground: quick, one way or the other.
Then the best policy, patient at the bank. Its walks take almost fifty steps on average, and four out of five end at the
goal; here are two of the shortest.
"""

# %% tags=["picture"]
random = np.random.default_rng(5)
walks = [walk(lake, np.eye(4)[hurried], random)[0] for _ in range(3)]
plots.walk_on_grid(walks, (4, 4), policy=hurried, terminal=lake.terminal, names=names, title="as if it were dry")

# %% tags=["picture"]
walks = [walk(lake, np.eye(4)[careful], random)[0] for _ in range(40)]
walks = sorted((states for states in walks if states[-1] == 15), key=len)[:2]
plots.walk_on_grid(walks, (4, 4), policy=careful, terminal=lake.terminal, names=names, title="the best policy")

# %% [markdown]
r"""
**Playground.** Another field: a goal that pays 1, a pit that costs 1, and 0.04 for every step. How much of a detour is
caution worth? It depends on how often a step goes astray. Try other values, another $\gamma$, or a price per step that
makes the pit attractive: `field.R - 1` in all states that are not terminal.
"""

# %% tags=["picture"]
fig, panels = plt.subplots(1, 3, figsize=(12, 4.2), layout="constrained")
for slip, ax in zip((0.0, 0.2, 0.6), panels, strict=True):
    field = envs.grid4(slip)
    policy, V, _ = policy_iteration(field.P, field.R, 0.95, field.terminal)
    title = f"{slip:.0%} of the steps go astray"
    plots.values_on_grid(
        V, (4, 4), ax, policy=policy, terminal=field.terminal, names={0: "start", 7: "pit", 15: "goal"}, title=title
    )
plt.show()

# %% [markdown] nbgrader={"grade": false, "grade_id": "about_written_contraction", "locked": true, "schema_version": 3, "solution": false, "task": false}
r"""
## 5 Written: why value iteration may stop (6 points)

Let $(TV)(s) = \max_a \bigl[r(s, a) + \gamma \sum_{s'} P(s' \mid s, a)\,(1 - \text{terminal}(s'))\, V(s')\bigr]$ with
$0 < \gamma < 1$, and $\|V\|_\infty = \max_s |V(s)|$.

**(a)** Prove that $T$ is a $\gamma$-contraction: $\|TV - TU\|_\infty \le \gamma\, \|V - U\|_\infty$ for all $V$ and
$U$. (Show first that $|\max_a x_a - \max_a y_a| \le \max_a |x_a - y_a|$.)

**(b)** Let $V_{k+1} = TV_k$ and $V^* = TV^*$. Derive the stopping rule of exercise 2: if
$\|V_{k+1} - V_k\|_\infty < \varepsilon\, \frac{1 - \gamma}{\gamma}$, then $\|V_{k+1} - V^*\|_\infty < \varepsilon$.

*Marks: (a) 4: 1 for the inequality about maxima with its proof, 1 for the difference of the action values as a
$\gamma$-fold sum over $s'$, 1 for bounding this sum with $P \ge 0$ and row sums of 1 (the mask only takes away), 1 for the
maximum over $s$. (b) 2: 1 for a bound of $\|V_{k+1} - V^*\|$ by the last change, 1 for the rule.*

Write mathematics between dollar signs. Double-click the cell below to begin.
"""

# %% [markdown] nbgrader={"grade": true, "grade_id": "written_contraction", "locked": false, "points": 6, "schema_version": 3, "solution": true, "task": false}
r"""
**(a)** Let $a^*$ be a maximiser of $x$. Then
$\max_a x_a - \max_a y_a \le x_{a^*} - y_{a^*} \le \max_a |x_a - y_a|$, and the same with $x$ and $y$ exchanged. So
$\bigl|\max_a x_a - \max_a y_a\bigr| \le \max_a |x_a - y_a|$.

Take $x_a = Q_V(s, a)$ and $y_a = Q_U(s, a)$, the brackets for $V$ and for $U$. The rewards cancel. With
$m(s') = 1 - \text{terminal}(s') \in \{0, 1\}$,

$$|Q_V(s, a) - Q_U(s, a)| = \gamma\, \Bigl|\sum_{s'} P(s' \mid s, a)\, m(s')\, (V(s') - U(s'))\Bigr|
\le \gamma \sum_{s'} P(s' \mid s, a)\, |V(s') - U(s')| \le \gamma\, \|V - U\|_\infty,$$

since $P \ge 0$, $m \le 1$ and $\sum_{s'} P(s' \mid s, a) = 1$. Hence
$|(TV)(s) - (TU)(s)| \le \gamma\, \|V - U\|_\infty$ for every $s$; the right side does not depend on $s$, so it bounds
the maximum over $s$ as well.

**(b)** By the triangle inequality and (a), with $V^* = TV^*$,

$$\|V_{k+1} - V^*\| = \|TV_k - TV^*\| \le \gamma\, \|V_k - V^*\| \le \gamma\, \|V_k - V_{k+1}\| + \gamma\, \|V_{k+1} - V^*\|,$$

so $(1 - \gamma)\, \|V_{k+1} - V^*\| \le \gamma\, \|V_{k+1} - V_k\|$, that is
$\|V_{k+1} - V^*\| \le \frac{\gamma}{1 - \gamma}\, \|V_{k+1} - V_k\|$. If the last change is less than
$\varepsilon\, \frac{1 - \gamma}{\gamma}$, the right side is less than $\varepsilon$.
"""
