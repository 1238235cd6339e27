"""Answer key: a small convolutional network for digits, trained with torch (unit 5).

How often the course's network and the accepted answers reach the threshold is recorded in docs/thresholds.md
(benchmarks/thresholds.py). All other parts train on a few images: what they check hangs on no accuracy.
"""

import operator

import torch
import torch.nn.functional as F
from torch import nn
from torch.optim.optimizer import register_optimizer_step_post_hook
from torch.utils.data import DataLoader, TensorDataset

from autograder.key import N0, T32, Bans, Key, check, close, placed
from autograder.key.kinds import describe, is_tensor
from dlmath_kit.data import digits
from dlmath_ref.nn.cnn import train_cnn_digits

bans = N0.allowing("torch") | Bans(modules={"torch.hub"}, calls={"torch.load"})
key = Key("unit05_convolution/cnn_digits", reference=train_cnn_digits, bans=bans)

torch.set_num_threads(
    1
)  # as in the sandbox: small networks gain nothing from more, and trainings agree to the last bit

TRIES = 5  # seeds; one of them must succeed
RIGHT = 0.85  # at least this share of the unseen digits
LIMIT = 20_000  # parameters
EARLIER = "Gradients of earlier steps are added to those of a later one."

X, y = (torch.from_numpy(a) for a in digits())
X = X.float().reshape(-1, 1, 8, 8)
SPLIT = torch.randperm(len(X), generator=torch.Generator().manual_seed(2))
TRAIN, TEST = SPLIT[:1100], SPLIT[1400:]
FEW, OTHERS, SOME = TRAIN[:48], TRAIN[48:96], TRAIN[:140]  # no usual size of a batch leaves a single image over


def trained(answer, images, labels, seed):
    model = answer(images.clone(), labels.clone(), seed)
    got = describe(model)
    check(callable(model), f"train_cnn_digits must return the network, a torch.nn.Module; it returned {got}.")
    return model


def logits(model, images):
    n, out = len(images), model(images.clone())
    right = is_tensor(out) and tuple(out.shape) == (n, 10) and out.dtype.is_floating_point
    check(right, f"For {n} image(s) the network must return logits of shape ({n}, 10); it returned {describe(out)}.")
    check(bool(torch.isfinite(out).all()), "The network returns numbers that are not finite.")
    return out.detach().cpu()


def weights(model):
    return [p for p in model.parameters() if is_tensor(p)]


def gradient(answer, model, name):
    """What the last backward pass has left in a parameter; None where there is nothing."""
    (left_in,) = placed(answer, operator.attrgetter(f"{name}.grad"))
    return left_in(model)


def zeroed(optimizer, args, kwargs):
    optimizer.zero_grad(set_to_none=False)


def filters(model):
    """The weights of the convolutions."""
    found = [p for p in weights(model) if p.ndim == 4 and p.shape[2] * p.shape[3] > 1]
    check(len(found) > 0, "The network needs a convolution: none of its parameters is a filter (F, C, kh, kw).")
    return found


def same(a, b):
    """Do two trainings end with the same numbers?"""
    return len(a) == len(b) and all(p.shape == q.shape and torch.equal(p, q) for p, q in zip(a, b, strict=True))


@key.part("worked", weight=1)
def a_small_network_with_ten_logits(answer, rng):
    model = trained(answer, X[:40], y[:40], 0)
    size = sum(p.numel() for p in weights(model))
    check(size <= LIMIT, f"The network may have at most {LIMIT} parameters.", size, LIMIT)
    filters(model)
    logits(model, X[40:47])


@key.part("core", weight=2)
def unseen_digits_are_recognised(answer, rng):
    for _ in range(TRIES):
        model = trained(answer, X[TRAIN], y[TRAIN], int(rng.integers(2**31)))
        reached = (logits(model, X[TEST]).argmax(1) == y[TEST]).float().mean()
        if reached >= RIGHT:
            return
    check(bool(reached > 0.3), "The network does little better than guessing: does every step move its parameters?")
    check(False, "Too few of the unseen digits are recognised, with each of five seeds.")


@key.part("edge", weight=1)
def an_image_gets_the_same_logits_again_and_alone(answer, rng):
    model = trained(answer, X[FEW], y[FEW], int(rng.integers(2**31)))
    check(model.training is False, "Return the network in evaluation mode.")
    images = X[TEST[rng.permutation(len(TEST))[:5]]]
    together = logits(model, images)
    check(torch.equal(logits(model, images), together), "Asked again, the network gives other logits.")
    alone = logits(model, images[3:4])
    close(alone, together[3:4], T32, what="the logits of an image alone, against those in a batch")


@key.part("edge", weight=0.5)
def the_network_is_small_and_its_filters_are_trained(answer, rng):
    """One seed and two sets of images: where no gradient arrives, both trainings end with the same filters."""
    seed = int(rng.integers(2**31))
    model = trained(answer, X[FEW], y[FEW], seed)
    check(sum(p.numel() for p in weights(model)) <= LIMIT, f"The network may have at most {LIMIT} parameters.")
    one, two = filters(model), filters(trained(answer, X[OTHERS], y[OTHERS], seed))
    check(not same(one, two), "The filters stay as they were drawn, whatever the images: they are not trained.")


@key.part("edge", weight=0.5)
def logits_are_returned_rather_than_probabilities(answer, rng):
    model = trained(answer, X[FEW], y[FEW], int(rng.integers(2**31)))
    out = logits(model, X[OTHERS])
    probabilities = bool((out >= 0).all()) and torch.allclose(out.sum(1), torch.ones(len(out)), atol=1e-3)
    check(not probabilities, "The outputs of each image are positive and sum to 1: return logits, without a softmax.")


@key.part("edge", weight=0.5)
def the_seed_decides_and_the_images_stay_unchanged(answer, rng):
    seed, images, labels = int(rng.integers(2**31 - 1)), X[FEW].clone(), y[FEW].clone()
    first = weights(answer(images, labels, seed))
    kept = torch.equal(images, X[FEW]) and torch.equal(labels, y[FEW])
    check(kept, "Your function changes the images or the labels that it is given.")
    check(same(first, weights(answer(images, labels, seed))), "The same seed must give the same network.")
    check(not same(first, weights(answer(images, labels, seed + 1))), "Another seed must give another network.")


@key.part("edge", weight=0.5)
def gradients_begin_at_zero_in_every_step(answer, rng):
    """Two black images of one class: every step pulls the bias of this class the same way, so that sums show.

    The gradient of the last bias is, for each image, softmax minus one-hot, at most 1 for its own class: one step's
    is at most 2, whether the loss is a mean or a sum. It is known by its signs, and by its sum of 0. Then several
    batches: setting all gradients to zero behind each step of the optimiser must not change the training,
    nor be to blame where it changes by itself.
    """
    c = int(rng.integers(10))
    model = trained(answer, torch.zeros(2, 1, 8, 8), torch.tensor([c, c]), int(rng.integers(2**31)))
    for name, p in model.named_parameters():
        if tuple(p.shape) == (10,) and (g := gradient(answer, model, name)) is not None:
            of_logits = bool((g >= 0).sum() == 9) and bool(g[c] < 0) and bool(g.sum().abs() <= 1e-3 * g.abs().sum())
            check(not of_logits or bool(g[c] > -2.1), EARLIER)
    seed, images, labels = int(rng.integers(2**31)), X[SOME], y[SOME]
    as_it_is = weights(trained(answer, images, labels, seed))
    (behind_each_step,) = placed(answer, register_optimizer_step_post_hook)
    hook = behind_each_step(zeroed)
    try:
        differs = not same(as_it_is, weights(trained(answer, images, labels, seed)))
    finally:
        hook.remove()
    check(not differs or not same(as_it_is, weights(trained(answer, images, labels, seed))), EARLIER)


class _Net(nn.Module):
    def __init__(self, width=8, out=10):
        super().__init__()
        self.conv1 = nn.Conv2d(1, width, 3, padding=1)
        self.norm = nn.BatchNorm2d(width)
        self.conv2 = nn.Conv2d(width, 16, 3, padding=1)
        self.dense = nn.Linear(64, out)

    def forward(self, A):
        A = F.max_pool2d(torch.relu(self.norm(self.conv1(A))), 2)
        A = F.max_pool2d(torch.relu(self.conv2(A)), 2)
        return self.dense(F.dropout(A.flatten(1), 0.2, self.training))


@key.accept
def with_batch_norm_dropout_and_a_loader(X, y, seed):
    torch.manual_seed(seed)
    model = _Net()
    optimizer = torch.optim.AdamW(model.parameters(), lr=0.02)
    loader = DataLoader(TensorDataset(X, y), batch_size=100, shuffle=True)
    for _ in range(10):
        model.train()
        for images, labels in loader:
            loss = F.cross_entropy(model(images), labels, label_smoothing=0.05)
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
    model.eval()
    return model


@key.accept
def with_parameters_and_steps_of_its_own(X, y, seed):
    generator = torch.Generator().manual_seed(seed)

    class Functional(nn.Module):
        def __init__(self):
            super().__init__()
            self.K = nn.Parameter(torch.randn(12, 1, 3, 3, generator=generator) / 3)
            self.b = nn.Parameter(torch.zeros(12))
            self.W = nn.Parameter(torch.randn(10, 12 * 9, generator=generator) / 10)

        def forward(self, A):
            A = F.avg_pool2d(F.leaky_relu(F.conv2d(A, self.K, self.b), 0.1), 2)
            return F.log_softmax(A.flatten(1) @ self.W.T, dim=1)

    model = Functional().eval()
    velocity = [torch.zeros_like(p) for p in model.parameters()]
    for _ in range(12):
        for I in torch.randperm(len(X), generator=generator).split(50):
            loss = F.nll_loss(model(X[I]), y[I])
            for p, v, g in zip(
                model.parameters(), velocity, torch.autograd.grad(loss, model.parameters()), strict=True
            ):
                p.data -= 0.2 * v.mul_(0.9).add_(g)
    return model


def _small():
    return nn.Sequential(
        nn.Conv2d(1, 8, 3, padding=1), nn.ReLU(), nn.MaxPool2d(2),
        nn.Conv2d(8, 16, 3, padding=1), nn.ReLU(), nn.MaxPool2d(2),
        nn.Flatten(), nn.Linear(64, 10),
    )  # fmt: skip


def _wide(*last):
    first = nn.Conv2d(1, 16, 3, padding=1)
    return nn.Sequential(first, nn.ReLU(), nn.MaxPool2d(2), nn.Flatten(), nn.Linear(256, 10), *last)


def _fit(model, X, y, optimizer=None, epochs=6):
    optimizer = optimizer or torch.optim.SGD(model.parameters(), lr=0.1, momentum=0.9)
    for _ in range(epochs):
        for I in torch.randperm(len(X)).split(64):
            optimizer.zero_grad()
            F.cross_entropy(model(X[I]), y[I]).backward()
            optimizer.step()
    return model


@key.accept
def with_sums_and_gradients_that_are_left_at_zero(X, y, seed):
    torch.manual_seed(seed)
    model = _small()
    optimizer = torch.optim.SGD(model.parameters(), lr=0.001, momentum=0.9)
    for _ in range(10):
        for I in torch.randperm(len(X)).split(64):
            F.cross_entropy(model(X[I]), y[I], reduction="sum").backward()
            optimizer.step()
            optimizer.zero_grad(set_to_none=False)
    return model.requires_grad_(False).eval()


@key.reject(
    "Your network ends with a softmax, and cross_entropy takes another one: let it return logits.",
    fails=["logits_are_returned_rather_than_probabilities"],
)
def softmax_before_cross_entropy(X, y, seed):
    torch.manual_seed(seed)
    model = _wide(nn.Softmax(dim=1))
    return _fit(model, X, y, torch.optim.Adam(model.parameters(), lr=0.003), epochs=12).eval()


@key.reject(
    "You return the network in training mode: dropout and batch normalisation still act as they do in training.",
    fails=["an_image_gets_the_same_logits_again_and_alone"],
)
def left_in_train_mode(X, y, seed):
    torch.manual_seed(seed)
    return _fit(_Net(), X, y)


@key.reject(
    "Your gradients pile up from step to step: set them to zero before each backward pass.",
    fails=["gradients_begin_at_zero_in_every_step"],
)
def gradients_not_zeroed(X, y, seed):
    torch.manual_seed(seed)
    model = _small()
    optimizer = torch.optim.Adagrad(model.parameters(), lr=0.01)
    for _ in range(8):
        for I in torch.randperm(len(X)).split(64):
            F.cross_entropy(model(X[I]), y[I]).backward()
            optimizer.step()
    return model.eval()


@key.reject(
    "Your gradients pile up within an epoch: they must be zero before each backward pass, not once for all batches.",
    fails=["gradients_begin_at_zero_in_every_step"],
)
def gradients_zeroed_once_an_epoch(X, y, seed):
    torch.manual_seed(seed)
    model = _small()
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
    for _ in range(12):
        optimizer.zero_grad()
        for I in torch.randperm(len(X)).split(128):
            F.cross_entropy(model(X[I]), y[I]).backward()
            optimizer.step()
    return model.eval()


@key.reject(
    "Your network is still the one that was drawn: after backward the optimiser must take a step.",
    fails=["unseen_digits_are_recognised", "the_network_is_small_and_its_filters_are_trained"],
)
def step_forgotten(X, y, seed):
    torch.manual_seed(seed)
    model = _small()
    model.zero_grad()
    F.cross_entropy(model(X), y).backward()
    return model.eval()


@key.reject(
    "Your optimiser moves the last layer alone: give it all parameters of the network.",
    fails=["the_network_is_small_and_its_filters_are_trained"],
)
def last_layer_only(X, y, seed):
    torch.manual_seed(seed)
    model = _wide()
    return _fit(model, X, y, torch.optim.SGD(model[-1].parameters(), lr=0.1, momentum=0.9)).eval()


@key.reject(
    "All your seeds give the same network: the argument must decide.",
    fails=["the_seed_decides_and_the_images_stay_unchanged"],
)
def seed_ignored(X, y, seed):
    torch.manual_seed(0)
    return _fit(_small(), X, y).eval()


@key.reject(
    "Your function changes its images in place: work on a copy.",
    fails=["the_seed_decides_and_the_images_stay_unchanged"],
)
def images_shifted_in_place(X, y, seed):
    torch.manual_seed(seed)
    X -= 0.1
    return _fit(_small(), X, y).eval()


SMALL = ["a_small_network_with_ten_logits", "the_network_is_small_and_its_filters_are_trained"]


@key.reject("Your network has too many parameters: most of them sit where a dense layer meets the image.", fails=SMALL)
def too_large(X, y, seed):
    torch.manual_seed(seed)
    model = nn.Sequential(
        nn.Conv2d(1, 16, 3), nn.ReLU(), nn.Flatten(), nn.Linear(576, 40), nn.ReLU(), nn.Linear(40, 10)
    )
    return _fit(model, X, y).eval()


@key.reject("Your network has dense layers only: begin with a convolution.", fails=SMALL)
def no_convolution(X, y, seed):
    torch.manual_seed(seed)
    return _fit(nn.Sequential(nn.Flatten(), nn.Linear(64, 64), nn.ReLU(), nn.Linear(64, 10)), X, y).eval()


ALONE = ["an_image_gets_the_same_logits_again_and_alone"]


@key.reject("For one image your network loses an axis: its logits must have the shape (1, 10).", fails=ALONE)
def squeezed(X, y, seed):
    class Squeezed(nn.Module):
        def __init__(self):
            super().__init__()
            self.inner = _small()

        def forward(self, A):
            return self.inner(A).squeeze()

    torch.manual_seed(seed)
    return _fit(Squeezed(), X, y).eval()


@key.reject("In your network the logits of an image depend on the other images of its batch.", fails=ALONE)
def statistics_of_the_batch(X, y, seed):
    torch.manual_seed(seed)
    model = _Net()
    model.norm = nn.BatchNorm2d(8, track_running_stats=False)
    return _fit(model, X, y).eval()


for mutant in (
    "3 -> 2", "1 -> 2 [2]", "3 -> 2 [2]", "0.01 -> 0.02", "12 -> 13", "12 -> 11", "64 -> 65 [2]", "64 -> 63 [2]",
    "torch.optim.Adam(model.parameters(), lr=0.01) -> torch.optim.Adam(model.parameters())",
):  # fmt: skip
    key.equivalent(
        mutant, "Filters, learning rate, epochs and batches are free, and with these it learns the digits, too."
    )
