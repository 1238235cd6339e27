"""Answer key: deep Q-learning on recorded steps (unit 9, torch).

Rows of the bundled CartPole log, all of its ends among them; float64 and SGD, so that both networks afterwards are
those of the reference.
"""

import copy
import functools
import operator

import numpy as np
import torch
from torch import nn
from torch.nn import functional as F

from autograder.key import N0, Bans, Key, check, close, placed, state
from dlmath_kit.envs import cartpole_log
from dlmath_ref.rl.dqn import train_on_log

bans = N0.allowing("torch") | Bans(modules={"cleanrl", "gymnasium", "stable_baselines3", "tianshou", "torchrl"})
key = Key("unit09_reinforcement/dqn_on_log", reference=train_on_log, bans=bans)

GAMMA = 0.9
WORKED, THIRTY = "one_step_by_hand", "both_networks_after_thirty_steps"
DOUBLE, EVERY = "with_double_the_network_that_learns_chooses", "a_copy_before_every_step"
LONGER = "a_copy_before_the_first_step_alone"

_LOG = cartpole_log()
_ENDS = np.flatnonzero(_LOG["terminated"] | _LOG["truncated"])
_ROWS = np.union1d(_ENDS, np.arange(200))


def log():
    """A few hundred recorded steps."""
    columns = {name: torch.from_numpy(column[_ROWS]) for name, column in _LOG.items()}
    return {name: x if name == "a" else x.double() for name, x in columns.items()}


def network(rng, first):
    """4 inputs, 2 actions; `first` is how much more action 0 is worth, roughly."""
    net = nn.Sequential(nn.Linear(4, 6), nn.Tanh(), nn.Linear(6, 2)).double()
    with torch.no_grad():
        for p in net.parameters():
            p.copy_(torch.from_numpy(rng.uniform(-0.3, 0.3, size=tuple(p.shape))))
        net[2].bias[0] += first
    return net


def with_a_buffer(rng, net):
    """The same network, with six numbers that are no parameters."""
    net.register_buffer("seen", torch.from_numpy(rng.normal(size=6)))
    return net


def agrees(answer, q, q_target, batches, sync_every, double=False, before=None):
    """Both networks are where those of the reference are; the log is as it was. `before` is called by the answer."""
    twins = copy.deepcopy((q, q_target))
    train_on_log(*twins, sgd(twins[0]), log(), batches, GAMMA, sync_every, double)
    q, q_target, optimizer, leave = placed(answer, q, q_target, sgd(q), before or dict)
    leave()
    answer(q, q_target, optimizer, sent := log(), [rows.copy() for rows in batches], GAMMA, sync_every, double)
    close(state(q), state(twins[0]), what="the state of q")
    close(state(q_target), state(twins[1]), what="the state of q_target")
    check(all(torch.equal(sent[k], v) for k, v in log().items()), "The log is changed.")


def sgd(q):
    return torch.optim.SGD(q.parameters(), lr=0.1)


def some(rng, n, size=16):
    """Batches of rows, each with a step after which the task was over and one after which it was only cut off."""
    L = log()
    over, cut = (np.flatnonzero(L[name].numpy()) for name in ("terminated", "truncated"))
    return [
        np.concatenate([rng.integers(len(_ROWS), size=size - 2), rng.choice(over, 1), rng.choice(cut, 1)])
        for _ in range(n)
    ]


def constant(*values):
    """A network that says the same of every state."""
    net = nn.Linear(1, len(values), dtype=torch.float64)
    nn.init.zeros_(net.weight)
    net.bias.data = torch.tensor(values, dtype=torch.float64)
    return net


@key.part("worked", weight=1)
def one_step_by_hand(answer, rng):
    q = constant(1.0, 2.0)
    q, q_target, optimizer = placed(answer, q, constant(0.0, 0.0), torch.optim.SGD(q.parameters(), lr=0.25))
    zero, one = torch.zeros(3, dtype=torch.float64), torch.ones(3, dtype=torch.float64)
    steps = {"s": zero[:, None], "a": torch.zeros(3, dtype=torch.int64), "r": one, "s2": zero[:, None]}
    steps |= {"terminated": zero, "truncated": zero}
    answer(q, q_target, optimizer, steps, [np.array([1])], 0.5, 2, False)
    close(state(q)["bias"], torch.tensor([1.5, 2.0], dtype=torch.float64), what="the bias of q")
    close(state(q_target)["bias"], torch.tensor([1.0, 2.0], dtype=torch.float64), what="the bias of q_target")


@key.part("core", weight=1)
def both_networks_after_thirty_steps(answer, rng):
    agrees(answer, network(rng, 0.0), network(rng, 3.0), some(rng, 30), sync_every=7)


@key.part("core", weight=1)
def with_double_the_network_that_learns_chooses(answer, rng):
    """At first action 1 is worth 2 more. Six steps teach the value of action 0 alone, which rises above it."""
    L = log()
    left = np.flatnonzero(((L["a"] == 0) & (L["terminated"] + L["truncated"] == 0)).numpy())
    batches = [rng.choice(left, size=16, replace=False) for _ in range(12)]
    agrees(answer, network(rng, -2.0), network(rng, 0.0), batches, sync_every=9, double=True)


@key.part("edge", weight=0.5)
def a_copy_before_every_step(answer, rng):
    q, q_target = with_a_buffer(rng, network(rng, 0.0)), with_a_buffer(rng, network(rng, 3.0))
    agrees(answer, q, q_target, some(rng, 4), sync_every=1)


@key.part("edge", weight=0.5)
def a_copy_before_the_first_step_alone(answer, rng):
    q, q_target = network(rng, 0.0), network(rng, 3.0)
    p = list(q.parameters())
    left = functools.partial(torch.autograd.backward, p, [torch.ones_like(x) for x in p])
    agrees(answer, q, q_target, some(rng, 5), sync_every=50, before=left)


def _forward(q, q_target, log, rows, gamma, double, distance=F.mse_loss):
    s, a, r, s2, over = (log[name][rows] for name in ("s", "a", "r", "s2", "terminated"))
    with torch.no_grad():
        values = q_target(s2)
        best = (q(s2) if double else values).argmax(1)
        y = r + gamma * (1 - over) * values[torch.arange(len(rows)), best]
    return distance(q(s)[torch.arange(len(rows)), a], y)


def _step(q, q_target, optimizer, log, rows, gamma, double):
    optimizer.zero_grad()
    _forward(q, q_target, log, rows, gamma, double).backward()
    optimizer.step()


def _synced(q, q_target, batches, sync_every):
    """The batches, each after the copy that is due before it."""
    for k, rows in enumerate(batches):
        if k % sync_every == 0:
            q_target.load_state_dict(q.state_dict())
        yield rows


@key.accept
def copied_tensor_by_tensor(q, q_target, optimizer, log, batches, gamma, sync_every, double):
    wait = 0
    for rows in batches:
        if wait == 0:
            wait = sync_every
            with torch.no_grad():
                for old, new in zip(q_target.parameters(), q.parameters(), strict=True):
                    old.copy_(new)
                for old, new in zip(q_target.buffers(), q.buffers(), strict=True):
                    old.copy_(new)
        wait -= 1
        _step(q, q_target, optimizer, log, torch.from_numpy(rows), gamma, double)


@key.accept
def copied_as_data_with_rows_as_lists(q, q_target, optimizer, log, batches, gamma, sync_every, double):
    for k in range(len(batches)):
        if not k % sync_every:
            for name, new in [*q.named_parameters(), *q.named_buffers()]:
                operator.attrgetter(name)(q_target).data = new.data.clone()
        _step(q, q_target, optimizer, log, batches[k].tolist(), gamma, double)


BEFORE = "The copy comes before the update, at k = 0, sync_every, 2 sync_every and so on."


@key.reject(BEFORE, fails=[WORKED, THIRTY, DOUBLE, EVERY, LONGER])
def sync_after_update(q, q_target, optimizer, log, batches, gamma, sync_every, double):
    for k, rows in enumerate(batches):
        _step(q, q_target, optimizer, log, rows, gamma, double)
        if k % sync_every == 0:
            q_target.load_state_dict(q.state_dict())


@key.reject(BEFORE, fails=[WORKED, THIRTY, DOUBLE, LONGER])
def counted_from_one(q, q_target, optimizer, log, batches, gamma, sync_every, double):
    for k, rows in enumerate(batches):
        if (k + 1) % sync_every == 0:
            q_target.load_state_dict(q.state_dict())
        _step(q, q_target, optimizer, log, rows, gamma, double)


@key.reject("Your target network never follows.", fails=[WORKED, THIRTY, DOUBLE, EVERY, LONGER])
def never_synced(q, q_target, optimizer, log, batches, gamma, sync_every, double):
    for rows in batches:
        _step(q, q_target, optimizer, log, rows, gamma, double)


@key.reject(
    "Your target network moves on with q: copy the values instead of sharing the tensors.",
    fails=[WORKED, THIRTY, DOUBLE, EVERY, LONGER],
)
def shares_parameters(q, q_target, optimizer, log, batches, gamma, sync_every, double):
    for k, rows in enumerate(batches):
        if k % sync_every == 0:
            for old, new in zip(q_target.parameters(), q.parameters(), strict=True):
                old.data = new.data
        _step(q, q_target, optimizer, log, rows, gamma, double)


@key.reject(
    "You give the name q_target to another network: copy the values into the one that was passed in.",
    fails=[WORKED, THIRTY, DOUBLE, EVERY, LONGER],
)
def a_new_target_network(q, q_target, optimizer, log, batches, gamma, sync_every, double):
    for k, rows in enumerate(batches):
        if k % sync_every == 0:
            q_target = copy.deepcopy(q)
        _step(q, q_target, optimizer, log, rows, gamma, double)


@key.reject("You copy the parameters alone; buffers are copied, too.", fails=[EVERY])
def buffers_forgotten(q, q_target, optimizer, log, batches, gamma, sync_every, double):
    for k, rows in enumerate(batches):
        if k % sync_every == 0:
            with torch.no_grad():
                for old, new in zip(q_target.parameters(), q.parameters(), strict=True):
                    old.copy_(new)
        _step(q, q_target, optimizer, log, rows, gamma, double)


@key.reject("Gradients that were left over from before count in your first step: clear them first.", fails=[LONGER])
def gradients_cleared_after_the_step(q, q_target, optimizer, log, batches, gamma, sync_every, double):
    for rows in _synced(q, q_target, batches, sync_every):
        _forward(q, q_target, log, rows, gamma, double).backward()
        optimizer.step()
        optimizer.zero_grad()


@key.reject(
    "Huber's loss clips large errors: here the loss is the mean of the squares.",
    fails=[WORKED, THIRTY, DOUBLE, EVERY, LONGER],
)
def huber(q, q_target, optimizer, log, batches, gamma, sync_every, double):
    for rows in _synced(q, q_target, batches, sync_every):
        optimizer.zero_grad()
        _forward(q, q_target, log, rows, gamma, double, F.smooth_l1_loss).backward()
        optimizer.step()


@key.reject("Between two copies the target network stands still.", fails=[THIRTY, DOUBLE, LONGER])
def synced_at_every_step(q, q_target, optimizer, log, batches, gamma, sync_every, double):
    for rows in batches:
        q_target.load_state_dict(q.state_dict())
        _step(q, q_target, optimizer, log, rows, gamma, double)


@key.reject("With double=True the network that learns chooses the action.", fails=[DOUBLE])
def double_ignored(q, q_target, optimizer, log, batches, gamma, sync_every, double):
    for rows in _synced(q, q_target, batches, sync_every):
        _step(q, q_target, optimizer, log, rows, gamma, False)


@key.reject("After the end of the task there is no future.", fails=[THIRTY, EVERY, LONGER])
def terminal_not_masked(q, q_target, optimizer, log, batches, gamma, sync_every, double):
    going = {**log, "terminated": torch.zeros_like(log["terminated"])}
    for rows in _synced(q, q_target, batches, sync_every):
        _step(q, q_target, optimizer, going, rows, gamma, double)


@key.reject("A time limit is not the end of the task: there is a future.", fails=[THIRTY, EVERY, LONGER])
def truncation_treated_as_terminal(q, q_target, optimizer, log, batches, gamma, sync_every, double):
    done = {**log, "terminated": torch.maximum(log["terminated"], log["truncated"])}
    for rows in _synced(q, q_target, batches, sync_every):
        _step(q, q_target, optimizer, done, rows, gamma, double)


for mutant in ("0 -> -1 [2]", "0 -> -1 [3]"):
    key.equivalent(mutant, "There is one column: it is the first and the last.")
key.equivalent(
    "nn.functional.mse_loss(taken, y) -> nn.functional.mse_loss(y, taken)", "The square is symmetric; y is constant."
)
