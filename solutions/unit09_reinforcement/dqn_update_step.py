"""Answer key: one step of deep Q-learning (unit 9, torch).

Networks, optimiser and batch are fixed, in float64: parameters afterwards are those of the reference. In every state
the network that learns likes action 1 best and the target network action 2, so that no mistake hides behind a tie.
"""

import copy
import functools
import operator

import torch
from torch import nn
from torch.nn import functional as F

from autograder.key import N0, Bans, Key, check, close, placed, state
from autograder.key.kinds import describe, is_tensor
from dlmath_ref.rl.dqn import dqn_update, soft_update

bans = N0.allowing("torch") | Bans(modules={"cleanrl", "stable_baselines3", "tianshou", "torchrl"})
key = Key(
    "unit09_reinforcement/dqn_update_step",
    reference={"dqn_update": dqn_update, "soft_update": soft_update},
    bans=bans,
)

GAMMA = 0.9
WORKED, TWO = "one_transition_by_hand", "losses_and_parameters_after_two_steps"
FLAGS, DOUBLE = "the_future_counts_unless_the_task_is_over", "with_double_the_network_that_learns_chooses"
ALONE, SOFT = "the_target_network_and_the_batch_stay_as_they_are", "soft_update_moves_parameters_and_float_buffers"
LEFT, SINGLE = "gradients_left_over_from_before_do_not_count", "a_batch_of_one_and_a_target_that_wants_no_gradient"
COPY = "soft_update_with_tau_1_copies"
STEPS = [WORKED, TWO, FLAGS, DOUBLE, LEFT, SINGLE]


def network(rng, best):
    """3 inputs, 4 actions; hidden units are in [-1, 1], so that one action is worth most in every state."""
    net = nn.Sequential(nn.Linear(3, 5), nn.Tanh(), nn.Linear(5, 4)).double()
    with torch.no_grad():
        for p in net.parameters():
            p.copy_(torch.from_numpy(rng.uniform(-0.5, 0.5, size=tuple(p.shape))))
        net[2].bias[best] += 6
    return net


def batch_of(rng, actions, terminated=(), truncated=()):
    """Transitions with these actions; the flags are set in these rows."""
    B = len(actions)
    s, s2 = torch.from_numpy(rng.normal(size=(2, B, 3)))
    flags = torch.zeros(2, B, dtype=torch.float64)
    flags[0, list(terminated)], flags[1, list(truncated)] = 1, 1
    r = torch.from_numpy(rng.uniform(1, 2, size=B))
    return {"s": s, "a": torch.tensor(actions), "r": r, "s2": s2, "terminated": flags[0], "truncated": flags[1]}


def nets(rng):
    return network(rng, best=1), network(rng, best=2)


def sgd(q):
    return torch.optim.SGD(q.parameters(), lr=0.02, momentum=0.9)


def agrees(answer, q, q_target, batches, double=False, before=None):
    """Losses and parameters after a step on each batch; `before` is called where the answer lives."""
    twin, twin_target = copy.deepcopy((q, q_target))
    twin_optimizer = sgd(twin)
    q, q_target, optimizer, leave = placed(answer, q, q_target, sgd(q), before or dict)
    leave()
    chooser = (True,) if double else ()  # the default is False
    for k, batch in enumerate(batches):
        expected = dqn_update(twin, twin_target, twin_optimizer, batch, GAMMA, double)
        close(
            answer.dqn_update(q, q_target, optimizer, batch, GAMMA, *chooser),
            expected,
            what=f"the loss of step {k + 1}",
        )
    close(state(q), state(twin), what="the state of q")


def constant(*values):
    """A network that says the same of every state."""
    net = nn.Linear(1, len(values), dtype=torch.float64)
    nn.init.zeros_(net.weight)
    net.bias.data = torch.tensor(values, dtype=torch.float64)
    return net


@key.part("worked", weight=1)
def one_transition_by_hand(answer, rng):
    q = constant(1.0, 2.0)
    q, q_target, optimizer = placed(answer, q, constant(1.0, 2.0), torch.optim.SGD(q.parameters(), lr=0.25))
    zero, one = torch.zeros(1, dtype=torch.float64), torch.ones(1, dtype=torch.float64)
    batch = {"s": zero[:, None], "a": torch.tensor([0]), "r": one, "s2": zero[:, None]}
    loss = answer.dqn_update(q, q_target, optimizer, {**batch, "terminated": zero, "truncated": zero}, 0.5)
    check(not is_tensor(loss), f"dqn_update must return the loss as a number; it returned {describe(loss)}.")
    close(loss, 1.0, what="the loss")
    close(state(q)["bias"], torch.tensor([1.5, 2.0], dtype=torch.float64), what="the bias of q")
    q, q_target = placed(answer, constant(1.5, 2.0), constant(1.0, 2.0))
    answer.soft_update(q_target, q, 0.5)
    close(state(q_target)["bias"], torch.tensor([1.25, 2.0], dtype=torch.float64), what="the bias of q_target")


@key.part("core", weight=1.5)
def losses_and_parameters_after_two_steps(answer, rng):
    agrees(answer, *nets(rng), [batch_of(rng, [0, 3, 2, 0, 1, 3]), batch_of(rng, [2, 1, 0, 3, 3, 0])])


@key.part("core", weight=0.5)
def the_future_counts_unless_the_task_is_over(answer, rng):
    agrees(answer, *nets(rng), [batch_of(rng, [0, 3, 2, 1], terminated=(1, 3), truncated=(2, 3))])


@key.part("core", weight=1)
def with_double_the_network_that_learns_chooses(answer, rng):
    agrees(answer, *nets(rng), [batch_of(rng, [2, 0, 3, 1, 0]), batch_of(rng, [0, 1, 3])], double=True)


@key.part("core", weight=1)
def the_target_network_and_the_batch_stay_as_they_are(answer, rng):
    q, q_target = nets(rng)
    begun, kept, batch = state(q), state(q_target), batch_of(rng, [0, 3, 2, 0, 1], terminated=(1,), truncated=(3,))
    sent = {name: value.clone() for name, value in batch.items()}
    gradients = [operator.attrgetter(f"{name}.grad") for name in kept]
    q, q_target, optimizer, *gradients = placed(answer, q, q_target, sgd(q), *gradients)
    for double in (False, True):
        answer.dqn_update(q, q_target, optimizer, sent, GAMMA, double)
    check(not torch.equal(state(q)["2.bias"], begun["2.bias"]), "dqn_update must change the parameters of q.")
    close(state(q_target), kept, what="the state of q_target")
    arrived = [g for gradient in gradients if is_tensor(g := gradient(q_target))]
    check(not any(bool((g != 0).any()) for g in arrived), "A gradient arrives in the target network: y is a constant.")
    same = all(torch.equal(sent[name], value) for name, value in batch.items())
    check(same, "dqn_update changes the batch that it is given.")


@key.part("core", weight=1)
def soft_update_moves_parameters_and_float_buffers(answer, rng):
    def normalised():
        net = nn.Sequential(nn.Linear(3, 4), nn.BatchNorm1d(4)).double()
        with torch.no_grad():
            for value in net.state_dict().values():
                if value.is_floating_point():
                    value.copy_(torch.from_numpy(rng.uniform(0.5, 1.5, size=tuple(value.shape))))
        return net

    net, net_target = normalised(), normalised()
    kept, old = state(net), state(net_target)
    q, q_target = placed(answer, net, net_target)
    answer.soft_update(q_target, q, 0.1)
    now = state(q_target)
    for name, value in old.items():
        if value.is_floating_point():
            close(now.get(name), 0.9 * value + 0.1 * kept[name], what=f"{name} of q_target")
    close(state(q), kept, what="the state of q")


@key.part("edge", weight=0.5)
def gradients_left_over_from_before_do_not_count(answer, rng):
    q, q_target = nets(rng)
    p = list(q.parameters())
    left = [torch.from_numpy(rng.uniform(1, 2, size=tuple(x.shape))) for x in p]
    agrees(answer, q, q_target, [batch_of(rng, [0, 3, 2])], before=functools.partial(torch.autograd.backward, p, left))


@key.part("edge", weight=1)
def a_batch_of_one_and_a_target_that_wants_no_gradient(answer, rng):
    q, q_target = nets(rng)
    agrees(answer, q, q_target.requires_grad_(False), [batch_of(rng, [3]), batch_of(rng, [0])])


@key.part("edge", weight=0.5)
def soft_update_with_tau_1_copies(answer, rng):
    net, net_target = nets(rng)
    kept, move = state(net), (functools.partial(nn.init.zeros_, p) for p in net.parameters())
    q, q_target, *move = placed(answer, net, net_target, *move)
    answer.soft_update(q_target, q, 1.0)
    close(state(q_target), kept, what="the state of q_target")
    for parameter_to_zero in move:
        parameter_to_zero()
    close(state(q_target), kept, what="the state of q_target, after q has moved on,")


def _targets(q, q_target, batch, gamma, double, over=None):
    with torch.no_grad():
        values = q_target(batch["s2"])
        best = (q(batch["s2"]) if double else values).argmax(1)
        over = batch["terminated"] if over is None else over
        return batch["r"] + gamma * (1 - over) * values[torch.arange(len(best)), best]


def _taken(q, batch):
    return q(batch["s"])[torch.arange(len(batch["a"])), batch["a"]]


def _step(optimizer, loss):
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
    return loss.item()


@key.accept
class by_one_hot_and_lerp:
    def dqn_update(q, q_target, optimizer, batch, gamma, double=False):
        future = q_target(batch["s2"]).detach()
        if double:
            chosen = F.one_hot(q(batch["s2"]).detach().argmax(-1), future.shape[1])
            future = (future * chosen).sum(-1)
        else:
            future = future.amax(-1)
        y = torch.where(batch["terminated"] > 0, batch["r"], batch["r"] + gamma * future)
        values = q(batch["s"])
        loss = F.mse_loss((values * F.one_hot(batch["a"], values.shape[1])).sum(-1), y)
        for p in q.parameters():
            p.grad = None
        loss.backward()
        optimizer.step()
        return float(loss)

    def soft_update(q_target, q, tau):
        with torch.no_grad():
            for old, new in zip(q_target.parameters(), q.parameters(), strict=True):
                old.lerp_(new, tau)
            for old, new in zip(q_target.buffers(), q.buffers(), strict=True):
                old.copy_(old + tau * (new - old) if old.is_floating_point() else new)


@key.accept
class by_columns_and_a_new_state:
    def dqn_update(q, q_target, optimizer, batch, gamma, double=False):
        q.zero_grad()
        with torch.no_grad():
            values = q_target(batch["s2"])
            best = torch.max(q(batch["s2"]) if double else values, dim=1, keepdim=True)[1]
            y = batch["r"][:, None] + gamma * (1 - batch["terminated"][:, None]) * torch.gather(values, 1, best)
        loss = ((q(batch["s"]).gather(1, batch["a"][:, None]) - y) ** 2).sum() / len(y)
        loss.backward()
        optimizer.step()
        return loss.detach().numpy()[()]

    def soft_update(q_target, q, tau):
        new = q.state_dict()
        q_target.load_state_dict({k: (1 - tau) * v + tau * new[k] for k, v in q_target.state_dict().items()})


@key.reject(
    "A gradient flows through your targets: they are constants, for the network that learns and for its copy.",
    fails=[ALONE],
    function="dqn_update",
)
def gradient_through_target(q, q_target, optimizer, batch, gamma, double=False):
    values = q_target(batch["s2"])
    best = (q(batch["s2"]) if double else values).argmax(1)
    y = batch["r"] + gamma * (1 - batch["terminated"]) * values[torch.arange(len(best)), best]
    return _step(optimizer, F.mse_loss(_taken(q, batch), y))


@key.reject(
    "You compare every prediction with every target: (B, 1) minus (B,) is (B, B).",
    fails=[TWO, FLAGS, DOUBLE, LEFT],
    function="dqn_update",
)
def broadcast_b1_minus_b(q, q_target, optimizer, batch, gamma, double=False):
    taken = q(batch["s"]).gather(1, batch["a"][:, None])  # (B, 1)
    return _step(optimizer, ((taken - _targets(q, q_target, batch, gamma, double)) ** 2).mean())


@key.reject(
    "You train the best action's value: the step is about the action that was taken.",
    fails=STEPS,
    function="dqn_update",
)
def max_instead_of_gather(q, q_target, optimizer, batch, gamma, double=False):
    taken = q(batch["s"]).max(1).values
    return _step(optimizer, ((taken - _targets(q, q_target, batch, gamma, double)) ** 2).mean())


ZEROED = "Gradients add up from step to step: clear old ones before backward."


@key.reject(ZEROED, fails=[TWO, DOUBLE, LEFT, SINGLE], function="dqn_update")
def gradients_not_zeroed(q, q_target, optimizer, batch, gamma, double=False):
    loss = F.mse_loss(_taken(q, batch), _targets(q, q_target, batch, gamma, double))
    loss.backward()
    optimizer.step()
    return loss.item()


@key.reject(ZEROED, fails=[LEFT], function="dqn_update")
def gradients_zeroed_after_the_step(q, q_target, optimizer, batch, gamma, double=False):
    loss = gradients_not_zeroed(q, q_target, optimizer, batch, gamma, double)
    optimizer.zero_grad()
    return loss


@key.reject("You sum over the batch: the loss is a mean.", fails=[TWO, FLAGS, DOUBLE, LEFT], function="dqn_update")
def loss_summed(q, q_target, optimizer, batch, gamma, double=False):
    return _step(optimizer, ((_taken(q, batch) - _targets(q, q_target, batch, gamma, double)) ** 2).sum())


@key.reject(
    "dqn_update moves the target network, too: only soft_update may do that.",
    fails=[TWO, DOUBLE, ALONE, SINGLE],
    function="dqn_update",
)
def target_network_trained(q, q_target, optimizer, batch, gamma, double=False):
    loss = _step(optimizer, F.mse_loss(_taken(q, batch), _targets(q, q_target, batch, gamma, double)))
    q_target.load_state_dict(q.state_dict())
    return loss


@key.reject(
    "You add to the rewards of the batch in place: compute the targets in a new tensor.",
    fails=[ALONE],
    function="dqn_update",
)
def rewards_overwritten(q, q_target, optimizer, batch, gamma, double=False):
    y = _targets(q, q_target, batch, gamma, double)
    batch["r"].copy_(y)
    return _step(optimizer, F.mse_loss(_taken(q, batch), y))


@key.reject("After the end of the task there is no future.", fails=[FLAGS], function="dqn_update")
def terminal_not_masked(q, q_target, optimizer, batch, gamma, double=False):
    y = _targets(q, q_target, batch, gamma, double, over=0)
    return _step(optimizer, F.mse_loss(_taken(q, batch), y))


@key.reject("A time limit is not the end of the task: there is a future.", fails=[FLAGS], function="dqn_update")
def truncation_treated_as_terminal(q, q_target, optimizer, batch, gamma, double=False):
    y = _targets(q, q_target, batch, gamma, double, over=torch.maximum(batch["terminated"], batch["truncated"]))
    return _step(optimizer, F.mse_loss(_taken(q, batch), y))


@key.reject(
    "Your targets come from the network that learns: the target network gives the values.",
    fails=[TWO, FLAGS, DOUBLE, LEFT, SINGLE],
    function="dqn_update",
)
def online_network_bootstrap(q, q_target, optimizer, batch, gamma, double=False):
    return _step(optimizer, F.mse_loss(_taken(q, batch), _targets(q, q, batch, gamma, double)))


@key.reject("With double=True the network that learns chooses the action.", fails=[DOUBLE], function="dqn_update")
def double_ignored(q, q_target, optimizer, batch, gamma, double=False):
    return _step(optimizer, F.mse_loss(_taken(q, batch), _targets(q, q_target, batch, gamma, False)))


@key.reject(
    "Huber's loss clips large errors: here the loss is the mean of the squares.", fails=STEPS, function="dqn_update"
)
def huber(q, q_target, optimizer, batch, gamma, double=False):
    return _step(optimizer, F.smooth_l1_loss(_taken(q, batch), _targets(q, q_target, batch, gamma, double)))


@key.reject("The share tau is that of q: a small tau moves the target a little.", fails=[SOFT, COPY])
class tau_of_the_target:
    def soft_update(q_target, q, tau):
        with torch.no_grad():
            for old, new in zip(q_target.state_dict().values(), q.state_dict().values(), strict=True):
                old.copy_(tau * old + (1 - tau) * new)


@key.reject("You move q: the target network moves, and q stays as it is.", fails=[WORKED, SOFT, COPY])
class the_wrong_network_moves:
    def soft_update(q_target, q, tau):
        with torch.no_grad():
            for old, new in zip(q_target.state_dict().values(), q.state_dict().values(), strict=True):
                new.copy_((1 - tau) * new + tau * old)


@key.reject("Buffers of floats move, too: think of the running means of batch normalisation.", fails=[SOFT])
class buffers_forgotten:
    def soft_update(q_target, q, tau):
        with torch.no_grad():
            for old, new in zip(q_target.parameters(), q.parameters(), strict=True):
                old.copy_((1 - tau) * old + tau * new)


@key.reject("Your target network moves on with q: copy the values instead of sharing the tensors.", fails=[COPY])
class shared_with_tau_1:
    def soft_update(q_target, q, tau):
        with torch.no_grad():
            for old, new in zip(q_target.parameters(), q.parameters(), strict=True):
                old.data = new.data if tau == 1 else (1 - tau) * old.data + tau * new.data
            for old, new in zip(q_target.buffers(), q.buffers(), strict=True):
                old.copy_(old + tau * (new - old) if old.is_floating_point() else new)
