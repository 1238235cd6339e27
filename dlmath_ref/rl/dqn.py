"""Deep Q-learning: one step on a batch, many on a log, an agent. Needs torch; not imported by the package."""

import numpy as np
import torch
from torch import nn

from dlmath_ref.errors import RangeError
from dlmath_ref.rl.replay import ReplayBuffer

__all__ = ["DQNAgent", "dqn_update", "soft_update", "train_on_log"]


def dqn_update(q, q_target, optimizer, batch, gamma, double=False):
    r"""One step of an optimiser on the squared error of the actions taken.

    Equation:
        y_i = r_i + gamma (1 - terminated_i) Q_target(s'_i, a*_i),  a*_i = argmax_a Q_target(s'_i, a);
        a*_i = argmax_a Q(s'_i, a) when double
        L = (1/B) sum_i (Q(s_i, a_i) - y_i)^2,  theta <- step of the optimiser along grad_theta L, y held constant

    Args:
        q: Module from (B, D) to (B, A). The network that learns.
        q_target: Module like q. Gives the targets; left as it is.
        optimizer: of the parameters of q.
        batch: dict of tensors: s, s2 (B, D) float, a (B,) int64, r, terminated, truncated (B,) float, flags 0 or 1.
        gamma: float. Discount, in [0, 1].
        double: bool. Does q choose the next action?

    Returns:
        float, L before the step.

    Raises:
        RangeError: gamma is not in [0, 1].

    Stability:
        The loss is squared, so a large error makes a large step; Mnih et al. clip it.

    Source:
        Liquet, Moka, Nazarathy, chapter 8; Mnih et al. (2015), algorithm 1; van Hasselt, Guez, Silver (2016), double
        DQN. Differs from them: a time limit is no end (truncated is not read), and errors are not clipped.

    >>> q = nn.Linear(1, 2)
    >>> _ = nn.init.zeros_(q.weight), nn.init.zeros_(q.bias)
    >>> row = {"s": torch.zeros(1, 1), "a": torch.tensor([1]), "r": torch.ones(1), "s2": torch.zeros(1, 1)}
    >>> row |= {"terminated": torch.zeros(1), "truncated": torch.zeros(1)}
    >>> dqn_update(q, q, torch.optim.SGD(q.parameters(), lr=0.25), row, 0.9), q.bias.tolist()
    (1.0, [0.0, 0.5])
    """
    if not 0 <= gamma <= 1:
        raise RangeError(f"dqn_update: got gamma = {gamma}, expected a number in [0, 1].")
    with torch.no_grad():
        values = q_target(batch["s2"])  # (B, A)
        best = (q(batch["s2"]) if double else values).argmax(dim=1, keepdim=True)  # (B, 1)
        future = values.gather(1, best).squeeze(1)  # (B,)
        y = batch["r"] + gamma * (1 - batch["terminated"]) * future
    taken = q(batch["s"]).gather(1, batch["a"].unsqueeze(1)).squeeze(1)  # (B,)
    loss = torch.mean((taken - y) ** 2)
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
    return loss.item()


@torch.no_grad()
def soft_update(q_target, q, tau):
    r"""Move the target network towards the network that learns.

    Equation:
        theta_target <- (1 - tau) theta_target + tau theta

    Args:
        q_target: Module. Parameters and floating-point buffers are changed in place; integer buffers are not.
        q: Module like q_target; left as it is.
        tau: float, in [0, 1]. 1 copies.

    Returns:
        None.

    Raises:
        RangeError: tau is not in [0, 1].

    Stability:
        A convex combination: values stay between the two networks.

    Source:
        Lillicrap et al. (2016), algorithm 1. Differs from it: buffers move, too.

    >>> a, b = nn.Linear(1, 1, bias=False), nn.Linear(1, 1, bias=False)
    >>> _ = nn.init.zeros_(a.weight), nn.init.ones_(b.weight)
    >>> soft_update(a, b, 0.25)
    >>> a.weight.item()
    0.25
    """
    if not 0 <= tau <= 1:
        raise RangeError(f"soft_update: got tau = {tau}, expected a number in [0, 1].")
    online = q.state_dict()
    for name, value in q_target.state_dict().items():
        if value.is_floating_point():
            value.copy_((1 - tau) * value + tau * online[name])


def train_on_log(q, q_target, optimizer, log, batches, gamma, sync_every, double):
    r"""Deep Q-learning on recorded transitions.

    Equation:
        for k = 0, 1, ...: theta_target <- theta if sync_every divides k; then `dqn_update` on the rows batches[k]

    Args:
        q: Module from (B, D) to (B, A). Changed in place.
        q_target: Module like q. Changed in place.
        optimizer: of the parameters of q.
        log: dict of tensors as in `dqn_update`, one row for each recorded step.
        batches: list of (B,) int arrays. Rows of the log for each step.
        gamma: float. Discount, in [0, 1].
        sync_every: int, at least 1.
        double: bool. Does q choose the next action?

    Returns:
        None.

    Raises:
        RangeError: sync_every is below 1, or gamma is not in [0, 1].

    Stability:
        Between two copies the targets come from a network that stands still: each stretch is a regression.

    Source:
        Mnih et al. (2015), algorithm 1, with a log in the place of the environment.

    >>> q, q_target = nn.Linear(1, 2), nn.Linear(1, 2)
    >>> log = {"s": torch.ones(3, 1), "a": torch.tensor([0, 1, 1]), "r": torch.ones(3), "s2": torch.ones(3, 1)}
    >>> log |= {"terminated": torch.ones(3), "truncated": torch.zeros(3)}
    >>> train_on_log(q, q_target, torch.optim.SGD(q.parameters(), lr=0.2), log, [np.arange(3)] * 60, 0.9, 60, False)
    >>> q(torch.ones(1, 1)).round(decimals=3).tolist()
    [[1.0, 1.0]]
    """
    if sync_every < 1:
        raise RangeError(f"train_on_log: got sync_every = {sync_every}, expected at least 1.")
    for k, I in enumerate(batches):
        if k % sync_every == 0:
            q_target.load_state_dict(q.state_dict())
        rows = torch.as_tensor(I)
        dqn_update(q, q_target, optimizer, {name: column[rows] for name, column in log.items()}, gamma, double)


class DQNAgent:
    r"""An agent that keeps what it sees in a memory and learns action values from batches of it.

    Equation:
        act: argmax_a Q(s, a) with probability 1 - eps, else uniform
        update: `dqn_update` by Adam on a batch of the memory, then `soft_update` with rate TAU

    Args:
        obs_dim: int. Length of an observation.
        n_actions: int. Number of actions.
        gamma: float. Discount, in [0, 1].
        seed: int. All randomness comes from it; torch's global generator is left as it was.
        double: bool. Double DQN, or the plain maximum?

    Stability:
        Adam's steps have a bounded size, whatever the size of the rewards.

    Source:
        Mnih et al. (2015); van Hasselt, Guez, Silver (2016). Differs from them: soft updates, Adam, a small network.

    >>> agent = DQNAgent(1, 2, gamma=0.9, seed=0)
    >>> agent.update() is None, agent.q_values(np.zeros(1)).shape
    (True, (2,))
    """

    WIDTH, ALPHA, BATCH, CAPACITY, TAU = 64, 2e-3, 64, 20_000, 0.02

    def __init__(self, obs_dim, n_actions, gamma, seed, double=True):
        self.rng, self.gamma, self.n_actions, self.double = np.random.default_rng(seed), gamma, n_actions, double
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(seed)
            self.q, self.q_target = (
                nn.Sequential(
                    nn.Linear(obs_dim, self.WIDTH), nn.ReLU(),
                    nn.Linear(self.WIDTH, self.WIDTH), nn.ReLU(), nn.Linear(self.WIDTH, n_actions),
                )
                for _ in range(2)
            )  # fmt: skip
        self.q_target.load_state_dict(self.q.state_dict())
        self.optimizer = torch.optim.Adam(self.q.parameters(), lr=self.ALPHA)
        self.memory = ReplayBuffer(self.CAPACITY, obs_dim, self.rng)

    def q_values(self, obs):
        """Q(obs, .), (n_actions,) float64."""
        with torch.no_grad():
            return self.q(torch.as_tensor(obs, dtype=torch.float32)).double().numpy()

    def act(self, obs, eps):
        """An action: uniform with probability eps, else the best."""
        if self.rng.random() < eps:
            return int(self.rng.integers(self.n_actions))
        return int(self.q_values(obs).argmax())

    def observe(self, s, a, r, s2, terminated, truncated):
        """Remember one transition."""
        self.memory.push(s, a, r, s2, terminated, truncated)

    def update(self):
        """One step of learning: the loss before it, or None while the memory holds less than a batch."""
        if len(self.memory) < self.BATCH:
            return None
        drawn = self.memory.sample(self.BATCH)
        batch = {name: torch.as_tensor(x, dtype=None if name == "a" else torch.float32) for name, x in drawn.items()}
        loss = dqn_update(self.q, self.q_target, self.optimizer, batch, self.gamma, self.double)
        soft_update(self.q_target, self.q, self.TAU)
        return loss
