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
# A network instead of a table

*Unit 9, lab 3. Book: chapter 8, the section on reinforcement learning.*

A pole stands on a cart. Every fiftieth of a second you may push the cart to the left or to the right, and you see four
numbers: where the cart is, how fast it moves, how far the pole leans, how fast it falls. **Can a program that knows
nothing of mechanics find out how to keep the pole upright, from trial and error alone?**

Q-learning as in the last lab would need a table with a row for each state, and here every state is met once and never
again. So we put a network in the place of the table: it takes the state and returns one number for each action,
$Q_\theta(s, \cdot)$. What it learns about one state then also changes its opinion about the states nearby. That is the
point, and it is also where the trouble comes from. Deep Q-learning is Q-learning with three repairs: a **memory**, a
**target network** that stands still for a while, and a **second opinion** about the best action. You build all three,
then the step that puts them together, and at the end a pole is balanced.

All environments report two flags, and this whole lab keeps them apart: **terminated** says that the task is over (the
pole fell), **truncated** that a time limit cut the episode off while the task was still going on.

Allowed are numpy and the standard library; torch in exercises 4 and 5. Agents of other libraries are not.
"""

# %% nbgrader={"grade": false, "grade_id": "setup_deep_q", "locked": true, "schema_version": 3, "solution": false, "task": false}
import matplotlib.pyplot as plt
import numpy as np
import torch
from torch import nn

from dlmath_kit import envs, plots

# %% tags=["picture"]
torch.set_num_threads(1)  # networks as small as these gain nothing from more

# %% [markdown] nbgrader={"grade": false, "grade_id": "about_replay_buffer", "locked": true, "schema_version": 3, "solution": false, "task": false}
r"""
## 1 A memory

Stochastic gradient descent wants samples that have little to do with each other. Consecutive steps of an episode are
nearly copies of each other, and a network that is trained on them forgets what it knew about the rest. The first repair
is a **replay buffer**: it keeps the last transitions $(s, a, r, s', \text{terminated}, \text{truncated})$, and the
network learns from transitions drawn out of it at random.

**Write** the class `ReplayBuffer(capacity, obs_dim, rng)` with

* `push(s, a, r, s2, terminated, truncated)`: store one transition; `s` and `s2` are arrays (obs_dim,). When the buffer
  is full, the **oldest** transition makes room.
* `sample(batch)`: `batch` transitions, each drawn uniformly and independently from those that are stored (so one may
  occur twice), with the generator `rng`. A dict of arrays with the keys `"s"` and `"s2"`, (batch, obs_dim) float64;
  `"a"`, (batch,) int64; `"r"`, (batch,) float64; `"terminated"` and `"truncated"`, (batch,), of booleans or of 0 and 1.
* `len(buffer)`: the number of transitions that are stored.

**Worked example.** Capacity 3, five pushes with rewards 0, 1, 2, 3, 4. Then `len` is 3, and a sample of any size holds
the rewards 2, 3 and 4 only, each about equally often.

**What counts.** Every stored transition can be drawn, the newest included, and nothing else; the fields of one
transition stay together, with all their digits; what is done to an array after it was pushed does not matter; the two
flags stay two flags; a batch may be larger than the memory; two buffers are two memories.
"""


# %% nbgrader={"grade": false, "grade_id": "replay_buffer", "locked": false, "schema_version": 3, "solution": true, "task": false}
class ReplayBuffer:
    """The last transitions, up to capacity of them; observations are (obs_dim,)."""

    def __init__(self, capacity: int, obs_dim: int, rng: np.random.Generator):
        """An empty memory."""
        ### BEGIN SOLUTION
        self.capacity, self.rng, self.pushed = capacity, rng, 0
        self.memory = {
            "s": np.zeros((capacity, obs_dim)),
            "a": np.zeros(capacity, dtype=np.int64),
            "r": np.zeros(capacity),
            "s2": np.zeros((capacity, obs_dim)),
            "terminated": np.zeros(capacity, dtype=bool),
            "truncated": np.zeros(capacity, dtype=bool),
        }
        ### END SOLUTION

    def push(self, s: np.ndarray, a: int, r: float, s2: np.ndarray, terminated: bool, truncated: bool) -> None:
        """Store one transition; the oldest makes room when the memory is full."""
        ### BEGIN SOLUTION
        slot = self.pushed % self.capacity
        transition = {"s": s, "a": a, "r": r, "s2": s2, "terminated": terminated, "truncated": truncated}
        for name, value in transition.items():
            self.memory[name][slot] = value
        self.pushed += 1
        ### END SOLUTION

    def sample(self, batch: int) -> dict[str, np.ndarray]:
        """A batch of stored transitions, drawn uniformly with replacement."""
        ### BEGIN SOLUTION
        rows = self.rng.integers(len(self), size=batch)
        return {name: column[rows] for name, column in self.memory.items()}
        ### END SOLUTION

    def __len__(self) -> int:
        """How many transitions are stored."""
        ### BEGIN SOLUTION
        return min(self.pushed, self.capacity)
        ### END SOLUTION


# %% nbgrader={"grade": false, "grade_id": "check_replay_buffer", "locked": true, "schema_version": 3, "solution": false, "task": false}
buffer = ReplayBuffer(3, 2, np.random.default_rng(0))
assert len(buffer) == 0, f"a new buffer is empty, yours has length {len(buffer)}"
for k in range(5):
    buffer.push(np.array([k, -k]), k % 2, float(k), np.array([k + 1, -k - 1]), k == 4, k == 3)
assert len(buffer) == 3, f"after five pushes a buffer of capacity 3 holds 3, yours says {len(buffer)}"
batch = buffer.sample(60)
assert set(batch) == {"s", "a", "r", "s2", "terminated", "truncated"}, f"the keys of a sample are wrong: {set(batch)}"
assert batch["s"].shape == batch["s2"].shape == (60, 2), f"s must be (batch, obs_dim), got {batch['s'].shape}"
assert batch["a"].dtype == np.int64, f"actions are int64, got {batch['a'].dtype}"
assert set(batch["r"]) == {2, 3, 4}, f"the last three rewards are 2, 3, 4; 60 draws gave {set(batch['r'])}"
assert np.array_equal(batch["s"][:, 0], batch["r"]), "the fields of one transition must stay together"

# %% nbgrader={"grade": true, "grade_id": "test_replay_buffer", "locked": true, "points": 8, "schema_version": 3, "solution": false, "task": false}
### BEGIN HIDDEN TESTS
from autograder import mark

mark("unit09_reinforcement/replay_buffer", ReplayBuffer)
### END HIDDEN TESTS

# %% [markdown]
r"""
**What you built.** Below, a recorded log of CartPole: 4000 steps of a clumsy policy, put into your buffer. On the left
64 steps in a row, on the right 64 draws. Both are batches of the same size; only one of them shows the network what
there is to know.
"""

# %% tags=["picture"]
log = envs.cartpole_log()
buffer = ReplayBuffer(4000, 4, np.random.default_rng(1))
for step in zip(*(log[name] for name in ("s", "a", "r", "s2", "terminated", "truncated")), strict=True):
    buffer.push(*step)

fig, axes = plt.subplots(1, 2, figsize=(9.5, 3.7), layout="constrained", sharex=True, sharey=True)
chosen = {"64 steps in a row": log["s"][1000:1064], "64 draws from the buffer": buffer.sample(64)["s"]}
for k, (ax, (title, s)) in enumerate(zip(axes, chosen.items(), strict=True)):
    ax.plot(np.degrees(log["s"][:, 2]), log["s"][:, 3], ".", ms=2, color="0.85", zorder=0)
    ax.plot(np.degrees(s[:, 2]), s[:, 3], ".-" if k == 0 else ".", ms=7, lw=0.8, color=plots.PALETTE[k])
    ax.set(xlabel="angle of the pole in degrees", title=title, xlim=(-14, 14), ylim=(-2.6, 2.6))
    ax.spines[["top", "right"]].set_visible(False)
axes[0].set_ylabel("its velocity in radians per second")
plt.show()

# %% [markdown] nbgrader={"grade": false, "grade_id": "about_dqn_target", "locked": true, "schema_version": 3, "solution": false, "task": false}
r"""
## 2 What the network should say

Each transition of a batch gives one regression target: the reward, and what the future is worth from $s'$ on. The
second repair is to ask that of a **target network** $Q_{\theta^-}$, an older copy of the network that stays as it is
while the network learns; otherwise every step would move the very targets that it aims at.

$$y_i = r_i + \gamma\, (1 - \text{terminated}_i)\, \max_{a} Q_{\theta^-}(s'_i, a)$$

The flag `truncated` does not occur, and that is not an oversight: after a time limit the task would have gone on, so
there is a future to be counted.

**Write** `dqn_target(r, terminated, truncated, q_next_target, q_next_online, gamma)`: `r` (B,); the flags (B,), of
booleans or of 0 and 1; `q_next_target` (B, A), row $i$ is $Q_{\theta^-}(s'_i, \cdot)$; `q_next_online` (B, A), the same
from the network that learns, which is needed in the next exercise only. Return $y$, (B,).

**Worked example.** $\gamma = \frac12$, two transitions with $r = (1, 1)$, and
$Q_{\theta^-} = \begin{pmatrix} 2 & 4 \\ 2 & 4 \end{pmatrix}$. The first was cut off by a time limit:
$y_1 = 1 + \frac12 \cdot 4 = 3$. The second ended the task: $y_2 = 1$.

**What counts.** All four combinations of the flags (when both are set, the task is over); as many transitions as
actions; a single transition, a single action.
"""


# %% nbgrader={"grade": false, "grade_id": "dqn_target", "locked": false, "schema_version": 3, "solution": true, "task": false}
def dqn_target(
    r: np.ndarray,
    terminated: np.ndarray,
    truncated: np.ndarray,
    q_next_target: np.ndarray,
    q_next_online: np.ndarray,
    gamma: float,
) -> np.ndarray:
    """Targets of a deep Q-network: r and both flags (B,), both tables of next values (B, A); returns (B,)."""
    ### BEGIN SOLUTION
    return r + gamma * (1 - terminated) * q_next_target.max(axis=1)
    ### END SOLUTION


# %% nbgrader={"grade": false, "grade_id": "check_dqn_target", "locked": true, "schema_version": 3, "solution": false, "task": false}
q_next = np.array([[2.0, 4.0], [2.0, 4.0]])
y = dqn_target(np.array([1.0, 1.0]), np.array([0, 1]), np.array([1, 0]), q_next, np.zeros((2, 2)), 0.5)
assert np.shape(y) == (2,), f"one target for each transition: expected shape (2,), got {np.shape(y)}"
assert np.isclose(y[0], 3), f"the first transition was truncated, not terminated: its target is 3, got {y[0]}"
assert np.isclose(y[1], 1), f"the second transition ended the task: its target is 1, got {y[1]}"
y = dqn_target(np.array([1.0, 1.0]), np.array([False, True]), np.array([True, False]), q_next, np.zeros((2, 2)), 0.5)
assert np.allclose(y, [3, 1]), f"flags may be booleans; the targets stay [3, 1], got {y}"

# %% nbgrader={"grade": true, "grade_id": "test_dqn_target", "locked": true, "points": 9, "schema_version": 3, "solution": false, "task": false}
### BEGIN HIDDEN TESTS
from autograder import mark

mark("unit09_reinforcement/dqn_target", dqn_target)
### END HIDDEN TESTS

# %% [markdown]
r"""
**What you built.** Two tasks with one state and one action, so small that a network is a single number $q$. On the left
every step earns 1, for ever, but episodes are cut off after five steps; with $\gamma = 0.9$ that is worth
$1 / (1 - \gamma) = 10$. On the right a single step earns 1 and ends the task, worth 1. Again and again $q$ is replaced
by the mean of its targets: by yours, and by those of two common mistakes with the flags.
"""

# %% tags=["picture"]


def values(flags, rounds=40):
    """What q becomes when it follows its targets; every transition earns 1."""
    q, history = 0.0, [0.0]
    for _ in range(rounds):
        table = np.full((len(flags), 1), q)
        q = dqn_target(np.ones(len(flags)), *np.array(flags).T, table, table, gamma=0.9).mean()
        history.append(q)
    return history


limit = [(0, 0), (0, 0), (0, 0), (0, 0), (0, 1)]  # (terminated, truncated), five steps of one episode
fig, (left, right) = plt.subplots(1, 2, figsize=(10, 3.5), layout="constrained", sharey=True)
merged = [(over | cut, cut) for over, cut in limit]
plots.loss_curves({"your targets": values(limit), "a time limit taken for the end": values(merged)}, left)
plots.loss_curves({"your targets": values([(1, 0)]), "an end without its flag": values([(0, 0)])}, right)
left.axhline(10, color="0.6", lw=1, zorder=0)
right.axhline(1, color="0.6", lw=1, zorder=0)
left.set(title="no end, a limit of five steps: worth 10", xlabel="replacements", ylabel="$q$", ylim=(0, 10.6))
right.set(title="one step, then the end: worth 1", xlabel="replacements", ylabel="")
left.legend(loc="center right", fontsize="small")
right.legend(loc="center right", fontsize="small")
plt.show()

# %% [markdown] nbgrader={"grade": false, "grade_id": "about_double_dqn_target", "locked": true, "schema_version": 3, "solution": false, "task": false}
r"""
## 3 A second opinion

The maximum in the target has a weakness: it believes the best of several guesses. Where the values are noisy, the
largest of them is likely to be one whose noise points upwards, and the target comes out too high. The third repair
(van Hasselt, Guez and Silver, 2016) splits the question: the network that learns **chooses** the action, the target
network says what it is **worth**.

$$a^*_i = \arg\max_{a} Q_\theta(s'_i, a), \qquad
y_i = r_i + \gamma\, (1 - \text{terminated}_i)\, Q_{\theta^-}(s'_i, a^*_i)$$

**Write** `double_dqn_target(r, terminated, truncated, q_next_target, q_next_online, gamma)` with the arguments of
exercise 2; `q_next_online` (B, A) holds $Q_\theta(s'_i, \cdot)$. On a tie the lowest index wins. Return $y$, (B,).

**Worked example.** $r = 1$, $\gamma = \frac12$, no flag set, $Q_\theta(s', \cdot) = (5, 4)$ and
$Q_{\theta^-}(s', \cdot) = (1, 3)$. The first network chooses action 0, the second says that it is worth 1:
$y = 1 + \frac12 = \frac32$. (Exercise 2 would give $1 + \frac32 = \frac52$.)

**What counts.** Networks that disagree in every row; the flags as in exercise 2; ties; a single transition.
"""


# %% nbgrader={"grade": false, "grade_id": "double_dqn_target", "locked": false, "schema_version": 3, "solution": true, "task": false}
def double_dqn_target(
    r: np.ndarray,
    terminated: np.ndarray,
    truncated: np.ndarray,
    q_next_target: np.ndarray,
    q_next_online: np.ndarray,
    gamma: float,
) -> np.ndarray:
    """Targets of double DQN: r and both flags (B,), both tables of next values (B, A); returns (B,)."""
    ### BEGIN SOLUTION
    best = np.argmax(q_next_online, axis=1)  # (B,)
    worth = q_next_target[np.arange(len(best)), best]  # (B,)
    return r + gamma * (1 - terminated) * worth
    ### END SOLUTION


# %% nbgrader={"grade": false, "grade_id": "check_double_dqn_target", "locked": true, "schema_version": 3, "solution": false, "task": false}
one, q_target, q_online = np.ones(1), np.array([[1.0, 3.0]]), np.array([[5.0, 4.0]])
y = double_dqn_target(one, np.array([0]), np.array([0]), q_target, q_online, 0.5)
assert np.shape(y) == (1,), f"one target for each transition: expected shape (1,), got {np.shape(y)}"
assert np.isclose(y[0], 1.5), f"the target of the worked example is 1.5, got {y[0]}"
y = double_dqn_target(one, np.array([1]), np.array([0]), q_target, q_online, 0.5)
assert np.isclose(y[0], 1), f"after the end of the task there is the reward alone, 1, got {y[0]}"

# %% nbgrader={"grade": true, "grade_id": "test_double_dqn_target", "locked": true, "points": 8, "schema_version": 3, "solution": false, "task": false}
### BEGIN HIDDEN TESTS
from autograder import mark

mark("unit09_reinforcement/double_dqn_target", double_dqn_target)
### END HIDDEN TESTS

# %% [markdown]
r"""
**What you built.** In the picture every action is worth exactly 0, and both networks see that through noise of standard
deviation 1. DQN promises more than there is, and the more actions there are, the more it promises. If the networks'
errors are independent, the second opinion removes the bias. A target network is an older copy of the other network, so
their errors are alike: then a part of the bias stays.
"""

# %% tags=["picture"]
rng = np.random.default_rng(5)
actions, runs, B = np.arange(1, 21), 12, 300
means = {"DQN": [], "double DQN, an older copy": [], "double DQN, independent": []}
for _ in range(runs):
    rows = {name: [] for name in means}
    for A in actions:
        q_target, noise = rng.normal(size=(2, B, A))
        zero, no = np.zeros(B), np.zeros(B, dtype=int)
        rows["DQN"].append(dqn_target(zero, no, no, q_target, noise, 1.0).mean())
        for name, rho in (("double DQN, an older copy", 0.8), ("double DQN, independent", 0.0)):
            q_online = rho * q_target + np.sqrt(1 - rho**2) * noise  # correlation rho
            rows[name].append(double_dqn_target(zero, no, no, q_target, q_online, 1.0).mean())
    for name in means:
        means[name].append(rows[name])
ax = plots.learning_curves({name: np.array(m) for name, m in means.items()}, x=actions)
ax.axhline(0, color="0.6", lw=1, zorder=0)
ax.set(xlabel="number of actions", ylabel="mean target", title="every action is worth 0")
ax.set_xticks([1, 5, 10, 15, 20])
plt.show()

# %% [markdown] nbgrader={"grade": false, "grade_id": "about_written_overestimation", "locked": true, "schema_version": 3, "solution": false, "task": false}
r"""
### Written: why the maximum is too high (4 points)

In some state the true values of the actions are $q_1, \dots, q_A$. All that we have are random estimates
$X_1, \dots, X_A$ with $\mathbb{E}\, X_a = q_a$ for each $a$.

1. **Show** that $\mathbb{E} \max_a X_a \ge \max_a q_a$, and give an example in which the inequality is strict.
   *(2 points)*
2. Now there is a second set of estimates $Y_1, \dots, Y_A$, **independent** of the first, also with
   $\mathbb{E}\, Y_a = q_a$. Let $a^*$ be the index of the largest $X_a$. **Show** that
   $\mathbb{E}\, Y_{a^*} \le \max_a q_a$, with equality when all $q_a$ are equal. Say in one sentence which of the two
   networks of exercise 3 plays the part of $X$, which that of $Y$, and why the assumption holds there only roughly.
   *(2 points)*

*Marks: part 1: 1 for the inequality, 1 for an example with its numbers; part 2: 1 for the inequality, with the place
where independence is used, 1 for the case of equality and the roles.*

Write mathematics between dollar signs. Double-click the cell below to begin.
"""

# %% [markdown] nbgrader={"grade": true, "grade_id": "written_overestimation", "locked": false, "points": 4, "schema_version": 3, "solution": true, "task": false}
r"""
**Part 1.** For every fixed action $b$ we have $\max_a X_a \ge X_b$. Expectations keep the order, so
$\mathbb{E} \max_a X_a \ge \mathbb{E}\, X_b = q_b$; this holds for each $b$, also for the best one. Strict, for example:
two actions with $q_1 = q_2 = 0$ and independent estimates that are $-1$ or $1$ with probability $\frac12$ each. The
maximum is $-1$ with probability $\frac14$ and $1$ otherwise, so its expectation is $\frac12 > 0$.

**Part 2.** The index $a^*$ is a function of the $X_a$, so it is independent of the $Y_a$, and
$$\mathbb{E}\, Y_{a^*} = \sum_a \mathbb{P}(a^* = a)\, \mathbb{E}[Y_a \mid a^* = a]
= \sum_a \mathbb{P}(a^* = a)\, q_a \le \max_a q_a.$$
The middle equality is where independence is needed: $\mathbb{E}[Y_a \mid a^* = a] = \mathbb{E}\, Y_a$. If all $q_a$
equal $q$, the sum is $q$: no bias. In double DQN the network that learns gives the $X_a$, the target network the
$Y_a$. They are not independent, because the target network is an older copy of the other, so that part of the bias
stays.
"""

# %% [markdown] nbgrader={"grade": false, "grade_id": "about_dqn_update_step", "locked": true, "schema_version": 3, "solution": false, "task": false}
r"""
## 4 One step of learning

Now the network learns, with torch doing the gradients. For a batch of $B$ transitions the loss is the mean squared
distance between what the network says about the actions that were **taken** and their targets; the targets are
constants, no gradient flows through them:

$$L(\theta) = \frac1B \sum_{i=1}^B \big(Q_\theta(s_i, a_i) - y_i\big)^2, \qquad y_i \text{ as in exercise 2, or 3 if } \texttt{double}$$

and the target network follows slowly, parameter by parameter:

$$\theta^- \leftarrow (1 - \tau)\, \theta^- + \tau\, \theta.$$

**Write** two functions.

* `dqn_update(q, q_target, optimizer, batch, gamma, double=False)`: one step of `optimizer` on $L$. `q` and `q_target`
  are modules that map (B, obs_dim) to (B, A); `batch` is a dict of tensors with the keys of exercise 1, its flags are
  float tensors of 0 and 1. Return the loss **before** the step, a Python float. `q_target` stays as it is.
* `soft_update(q_target, q, tau)`: moves the parameters of `q_target` in place, and likewise its buffers of
  floating-point numbers (a network with batch normalisation keeps running means there). `q` stays as it is. Nothing is
  returned.

**Worked example.** Both networks give $Q(s, \cdot) = (1, 2)$ for every $s$; one transition with $a = 0$, $r = 1$, no
flag set, $\gamma = \frac12$. The target is $y = 1 + \frac12 \cdot 2 = 2$, the loss $(1 - 2)^2 = 1$.

**What counts.** The parameters after two steps, for both values of `double`; gradients that were left over from before;
batches of one; a target network whose parameters want no gradient; $\tau = 1$, which copies: what happens to `q`
afterwards does not move `q_target`.
"""


# %% nbgrader={"grade": false, "grade_id": "dqn_update_step", "locked": false, "schema_version": 3, "solution": true, "task": false}
def dqn_update(
    q: nn.Module,
    q_target: nn.Module,
    optimizer: torch.optim.Optimizer,
    batch: dict[str, torch.Tensor],
    gamma: float,
    double: bool = False,
) -> float:
    """One step on the mean squared error of Q(s, a); returns the loss before it."""
    ### BEGIN SOLUTION
    with torch.no_grad():
        worth = q_target(batch["s2"])  # (B, A)
        chooser = q(batch["s2"]) if double else worth
        best = chooser.argmax(dim=1, keepdim=True)  # (B, 1)
        y = batch["r"] + gamma * (1 - batch["terminated"]) * worth.gather(1, best).squeeze(1)
    taken = q(batch["s"]).gather(1, batch["a"].unsqueeze(1)).squeeze(1)  # (B,)
    loss = ((taken - y) ** 2).mean()
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
    return loss.item()
    ### END SOLUTION


def soft_update(q_target: nn.Module, q: nn.Module, tau: float) -> None:
    """Move the target network towards q, by the share tau of the way."""
    ### BEGIN SOLUTION
    online = q.state_dict()
    for name, value in q_target.state_dict().items():
        if value.is_floating_point():
            value.copy_((1 - tau) * value + tau * online[name])
    ### END SOLUTION


# %% nbgrader={"grade": false, "grade_id": "check_dqn_update_step", "locked": true, "schema_version": 3, "solution": false, "task": false}
def constant_net(*values):
    """A network that says the same of every state; a state is one number."""
    net = nn.Linear(1, len(values))
    nn.init.zeros_(net.weight)
    net.bias.data = torch.tensor(values)
    return net


q, q_target = constant_net(1.0, 2.0), constant_net(1.0, 2.0)
batch = {name: torch.zeros(1) for name in ("terminated", "truncated")}
batch |= {"s": torch.zeros(1, 1), "s2": torch.zeros(1, 1), "a": torch.tensor([0]), "r": torch.ones(1)}
loss = dqn_update(q, q_target, torch.optim.SGD(q.parameters(), lr=0.25), batch, 0.5)
assert isinstance(loss, float), f"return the loss as a Python float, got {type(loss).__name__}"
assert abs(loss - 1) < 1e-6, f"the loss of the worked example is 1, got {loss}"
assert torch.allclose(q.bias, torch.tensor([1.5, 2.0])), f"only the value of the action taken moves, to 1.5: {q.bias}"
assert torch.allclose(q_target.bias, torch.tensor([1.0, 2.0])), "dqn_update must leave the target network as it is"
soft_update(q_target, q, 0.5)
assert torch.allclose(q_target.bias, torch.tensor([1.25, 2.0])), f"halfway from 1 to 1.5 is 1.25, got {q_target.bias}"
assert torch.allclose(q.bias, torch.tensor([1.5, 2.0])), "soft_update must leave q as it is"

# %% nbgrader={"grade": true, "grade_id": "test_dqn_update_step", "locked": true, "points": 8, "schema_version": 3, "solution": false, "task": false}
### BEGIN HIDDEN TESTS
from autograder import mark

mark("unit09_reinforcement/dqn_update_step", dqn_update, soft_update)
### END HIDDEN TESTS

# %% [markdown]
r"""
**What you built.** A task of two steps: first nothing, then a reward of 1, then the end. With $\gamma = 0.9$ the second
state is worth 1 and the first 0.9. The second is learnt from the reward itself, at once. The first can only be learnt
from the second, by way of the target network: the slower that follows, the later the news arrives. (And one network
serves both states: while one value moves, it pulls the other along.)
"""

# %% tags=["picture"]
env = envs.Probe(3, np.random.default_rng(0))
s, steps = env.reset(), []
for _ in range(2):
    s2, r, terminated, truncated = env.step(0)
    steps.append((s, 0, r, s2, terminated, truncated))
    s = s2
batch = {
    name: torch.tensor(np.array(column), dtype=torch.int64 if name == "a" else torch.float32)
    for name, column in zip(("s", "a", "r", "s2", "terminated", "truncated"), zip(*steps, strict=True), strict=True)
}

fig, axes = plt.subplots(1, 2, figsize=(10, 3.4), layout="constrained", sharey=True)
first, second = {}, {}
for tau in (1.0, 0.1, 0.02):
    torch.manual_seed(1)
    q, q_target = (nn.Sequential(nn.Linear(1, 16), nn.Tanh(), nn.Linear(16, 1)) for _ in range(2))
    soft_update(q_target, q, 1.0)
    optimizer = torch.optim.Adam(q.parameters(), lr=0.01)
    history = []
    for _ in range(300):
        with torch.no_grad():
            history.append(q(batch["s"])[:, 0].tolist())
        dqn_update(q, q_target, optimizer, batch, 0.9)
        soft_update(q_target, q, tau)
    first[rf"$\tau$ = {tau:g}"], second[rf"$\tau$ = {tau:g}"] = np.array(history).T
plots.loss_curves(first, axes[0], title="the first state, worth 0.9", ylabel="value")
plots.loss_curves(second, axes[1], title="the second state, worth 1", ylabel="")
for ax, value in zip(axes, (0.9, 1.0), strict=True):
    ax.axhline(value, color="0.6", lw=1, zorder=0)
    ax.legend(loc="lower right", fontsize="small")
plt.show()

# %% [markdown] nbgrader={"grade": false, "grade_id": "about_dqn_on_log", "locked": true, "schema_version": 3, "solution": false, "task": false}
r"""
## 5 Learning from somebody else's experience

Q-learning asks for the best action, whoever has acted: it can learn from a log of what a bad policy once did. Instead
of drifting softly, the target network now stands still and is replaced by a copy of the network from time to time, as
in the paper that made deep Q-learning known (Mnih et al., 2015).

**Write** `train_on_log(q, q_target, optimizer, log, batches, gamma, sync_every, double)`: `log` is a dict of tensors
with the keys of exercise 1, one row for each recorded step; `batches` is a list of arrays of row numbers. For
$k = 0, 1, 2, \dots$ and the $k$-th batch,

1. if $k$ is a multiple of `sync_every`, copy all parameters and buffers of `q` into `q_target`;
2. **then** take one step as in exercise 4 on these rows of the log.

Nothing is returned: `q` and `q_target` are changed in place.

**Worked example.** With `sync_every=2` and three batches, the target network is replaced before the first and before
the third step. At the end it holds what `q` was after two steps.

**What counts.** The parameters of both networks after thirty steps; `sync_every` of 1, and larger than the number of
batches; that `q_target` gets a copy, buffers included, which does not move on with `q`; gradients that were left over
from before. Let this cell stand on its own, the step included: then it earns its marks whatever happened in exercise 4.
"""


# %% nbgrader={"grade": false, "grade_id": "dqn_on_log", "locked": false, "schema_version": 3, "solution": true, "task": false}
def train_on_log(
    q: nn.Module,
    q_target: nn.Module,
    optimizer: torch.optim.Optimizer,
    log: dict[str, torch.Tensor],
    batches: list[np.ndarray],
    gamma: float,
    sync_every: int,
    double: bool,
) -> None:
    """One step for each batch of rows of the log; the target network is replaced every sync_every steps."""
    ### BEGIN SOLUTION
    for k, rows in enumerate(batches):
        if k % sync_every == 0:
            q_target.load_state_dict(q.state_dict())
        batch = {name: column[torch.as_tensor(rows)] for name, column in log.items()}
        with torch.no_grad():
            worth = q_target(batch["s2"])
            best = (q(batch["s2"]) if double else worth).argmax(dim=1, keepdim=True)
            y = batch["r"] + gamma * (1 - batch["terminated"]) * worth.gather(1, best)[:, 0]
        taken = q(batch["s"]).gather(1, batch["a"][:, None])[:, 0]
        optimizer.zero_grad()
        nn.functional.mse_loss(taken, y).backward()
        optimizer.step()
    ### END SOLUTION


# %% nbgrader={"grade": false, "grade_id": "check_dqn_on_log", "locked": true, "schema_version": 3, "solution": false, "task": false}
q, q_target = constant_net(1.0, 2.0), constant_net(0.0, 0.0)
log = {name: torch.zeros(3) for name in ("terminated", "truncated")}  # three equal steps
log |= {"s": torch.zeros(3, 1), "s2": torch.zeros(3, 1), "a": torch.zeros(3, dtype=torch.int64), "r": torch.ones(3)}
out = train_on_log(q, q_target, torch.optim.SGD(q.parameters(), lr=0.25), log, [np.array([1])], 0.5, 2, False)
assert out is None, "nothing is returned: both networks are changed in place"
assert torch.allclose(q.bias, torch.tensor([1.5, 2.0])), f"one step as in exercise 4 gives [1.5, 2], got {q.bias}"
assert torch.allclose(q_target.bias, torch.tensor([1.0, 2.0])), f"q_target is what q was, [1, 2], got {q_target.bias}"

# %% nbgrader={"grade": true, "grade_id": "test_dqn_on_log", "locked": true, "points": 4, "schema_version": 3, "solution": false, "task": false}
### BEGIN HIDDEN TESTS
from autograder import mark

mark("unit09_reinforcement/dqn_on_log", train_on_log)
### END HIDDEN TESTS

# %% [markdown]
r"""
**What you built.** The log of exercise 1 was made by a policy that goes after the pole one time out of three and pushes
at random otherwise. Your network reads it, 64 rows at a time, and never touches a cart. The picture shows what it has
understood: how much better a push to the right is than one to the left, for a cart that stands still in the middle. It
has found out by itself that one pushes towards the side to which the pole is falling. The line of indecision is nearly
level: within the few degrees that count, where the pole is going says more than where it is. Trust the colours only
where there are dots; elsewhere nobody has told the network anything.
"""

# %% tags=["picture"]


def new_net():
    """Four numbers in, two action values out."""
    return nn.Sequential(nn.Linear(4, 64), nn.ReLU(), nn.Linear(64, 64), nn.ReLU(), nn.Linear(64, 2))


def episode(q, env):
    """The states of one episode in which every action is the one that q likes best."""
    states, over = [env.reset()], False
    while not over:
        with torch.no_grad():
            a = int(q(torch.tensor(states[-1], dtype=torch.float32)).argmax())
        s2, _, terminated, truncated = env.step(a)
        states.append(s2)
        over = terminated or truncated
    return np.array(states)


log = envs.cartpole_log()
tensors = {name: torch.tensor(v, dtype=torch.int64 if name == "a" else torch.float32) for name, v in log.items()}
rng = np.random.default_rng(0)
batches = [rng.integers(len(log["r"]), size=64) for _ in range(1200)]
torch.manual_seed(0)
q, q_target = new_net(), new_net()
optimizer = torch.optim.Adam(q.parameters(), lr=1e-3)
train_on_log(q, q_target, optimizer, tensors, batches, 0.99, 50, True)

env = envs.cartpole(7)
lengths = [len(episode(q, env)) - 1 for _ in range(10)]
episodes = int((log["terminated"] | log["truncated"]).sum())
print(f"Steps per episode: {len(log['r']) / episodes:.0f} in the log, whose episodes are cut off after 60;")
print(f"{np.mean(lengths):.0f} by your network, which has only read it (from {min(lengths)} to {max(lengths)}).")

angle, velocity = np.meshgrid(np.radians(np.linspace(-12, 12, 81)), np.linspace(-2, 2, 81))
states = np.stack([0 * angle, 0 * angle, angle, velocity], axis=-1)
with torch.no_grad():
    values = q(torch.tensor(states, dtype=torch.float32)).numpy()
gain = values[..., 1] - values[..., 0]
fig, ax = plt.subplots(figsize=(6, 4), layout="constrained")
top = np.abs(gain).max()
surface = ax.pcolormesh(np.degrees(angle), velocity, gain, cmap="RdBu", vmin=-top, vmax=top, shading="gouraud")
ax.contour(np.degrees(angle), velocity, gain, levels=[0], colors="0.2", linewidths=1)
ax.plot(np.degrees(log["s"][::4, 2]), log["s"][::4, 3], ".", ms=1.5, color="0.35")
ax.set(xlim=(-12, 12), ylim=(-2, 2), xlabel="angle of the pole in degrees", ylabel="its velocity in radians per second")
ax.set_title("where to push; dots: states of the log")
fig.colorbar(surface, ax=ax, label="$Q$(push right) $-$ $Q$(push left)")
plt.show()

# %% [markdown]
r"""
## A pole in balance

Everything is there: a memory, a target network, a step. Now the network acts for itself. At first it mostly tries
things out; then it listens more and more to what it has learnt. **This is not graded**: with other seeds the same
correct code ends anywhere between twenty steps and several hundred, and a network that was good may forget what it
knew, which is why no mark hangs on it. There is a badge instead, for an average of at least 100 steps.
"""

# %% tags=["picture"]


def balance(seed, steps=4500):
    """Train an agent on CartPole; returns its network, and the length of the latest episode at every 50th step."""
    torch.manual_seed(seed)
    rng, env = np.random.default_rng(seed), envs.cartpole(seed)
    q, q_target, memory = new_net(), new_net(), ReplayBuffer(steps, 4, rng)
    soft_update(q_target, q, 1.0)
    optimizer = torch.optim.Adam(q.parameters(), lr=2e-3)
    s, length, latest, curve = env.reset(), 0, 0, []
    for t in range(steps):
        if rng.random() < max(0.05, 1 - t / 2000):  # explore
            a = int(rng.integers(2))
        else:
            with torch.no_grad():
                a = int(q(torch.tensor(s, dtype=torch.float32)).argmax())
        s2, reward, terminated, truncated = env.step(a)
        memory.push(s, a, reward, s2, terminated, truncated)
        s, length = s2, length + 1
        if terminated or truncated:
            s, latest, length = env.reset(), length, 0
        if t >= 500 and t % 4 == 0:
            batch = {
                name: torch.as_tensor(column, dtype=torch.int64 if name == "a" else torch.float32)
                for name, column in memory.sample(64).items()
            }
            dqn_update(q, q_target, optimizer, batch, 0.99, double=True)
            soft_update(q_target, q, 0.02)
        if t % 50 == 49:
            curve.append(max(latest, length))
    return q, curve


agents, curves = zip(*[balance(seed) for seed in range(3)], strict=True)
scores = []
for q in agents:
    env = envs.cartpole(2024)
    scores.append(np.mean([len(episode(q, env)) - 1 for _ in range(10)]))
best = agents[int(np.argmax(scores))]
print("Steps in balance, mean of ten episodes:", ", ".join(f"{score:.0f}" for score in scores))
print("Badge: earned." if max(scores) >= 100 else "Badge: not yet. Is every repair in its place?")

steps = 50 * np.arange(1, len(curves[0]) + 1)
ax = plots.learning_curves(np.array(curves), x=steps, smooth=8, xlabel="steps", ylabel="steps in balance")
for curve in curves:
    ax.plot(steps, curve, color="0.7", lw=0.8, zorder=1)
ax.set(title="three runs in grey, their mean and its 95 % confidence band", ylim=(0, None))
plt.show()

# %% tags=["picture"]
env = envs.cartpole(2025)
states = max((episode(best, env) for _ in range(5)), key=len)
plots.cartpole_strip(states, title=f"an episode of {len(states) - 1} steps")
plt.show()
plots.cartpole_episode(states[:301], title="your agent at work")

# %% [markdown]
r"""
**Playground.** Three experiments, one change each, three seeds each. Take the memory away: train on the latest 64 steps
in a row. Take the target network away: $\tau = 1$. Take the second opinion away: `double=False`. Which repair matters
most here, and can three seeds tell?
"""
