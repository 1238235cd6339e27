"""The network for digits: the same training by torch, and what it promises."""

import numpy as np
import pytest
import torch

from dlmath_kit.data import digits
from dlmath_ref import RangeError, ShapeError, init_layer, minibatches, train_mlp_digits

X, y = digits()
SPLIT = np.random.default_rng(7).permutation(1797)
TRAIN, TEST = SPLIT[:200], SPLIT[200:]


def by_torch(X, y, seed):
    """The same weights, batches and momentum; gradients by torch's autograd."""
    rng = np.random.default_rng(seed)
    layers = [init_layer(64, 64, "he_normal", rng), init_layer(10, 64, "xavier_uniform", rng)]
    theta = [torch.tensor(a, requires_grad=True) for layer in layers for a in layer]
    velocity = [torch.zeros_like(t) for t in theta]

    def logits(X):
        return torch.relu(torch.tensor(X) @ theta[0].T + theta[1]) @ theta[2].T + theta[3]

    for _ in range(20):
        for I in minibatches(len(y), 64, rng):
            loss = torch.nn.functional.cross_entropy(logits(X[I]), torch.tensor(y[I]))
            for t, v, g in zip(theta, velocity, torch.autograd.grad(loss, theta), strict=True):
                v.mul_(0.9).add_(g, alpha=0.1)
                t.data.sub_(v)
    return lambda X: logits(X).argmax(1).numpy()


def test_torch_trains_the_same_network():
    """With the gradients of autograd, from the same weights over the same batches, every digit gets the same class."""
    ours, theirs = (train(X[TRAIN], y[TRAIN], 3)(X[TEST]) for train in (train_mlp_digits, by_torch))
    np.testing.assert_array_equal(ours, theirs)
    assert ours.dtype == np.int64 and np.mean(ours == y[TEST]) > 0.8


def test_renaming_the_classes_renames_the_answers():
    """The training has no favourite digit: it answers with the names that two classes are given."""
    pair = TRAIN[np.isin(y[TRAIN], (0, 1))]
    for names in ((0, 1), (8, 3)):
        predict = train_mlp_digits(X[pair], np.array(names)[y[pair]], 0)
        np.testing.assert_array_equal(predict(X[pair]), np.array(names)[y[pair]])


def test_the_seed_decides():
    """One seed gives one network, another seed another; one image is answered as among others."""
    one, same, other = (train_mlp_digits(X[TRAIN[:64]], y[TRAIN[:64]], seed) for seed in (1, 1, 2))
    np.testing.assert_array_equal(one(X[TEST]), same(X[TEST]))
    assert np.any(one(X[TEST]) != other(X[TEST]))
    assert one(X[TEST[:1]]) == one(X[TEST])[:1]


@pytest.mark.parametrize(
    "images, labels, seed, error, text",
    [
        (X[:3, :60], y[:3], 0, ShapeError, r"X of shape \(3, 60\), expected \(3, 64\)"),
        (X[:0], y[:0], 0, ShapeError, r"X of shape \(0, 64\), expected at least one row"),
        (X[:3], y[:4], 0, ShapeError, r"y of shape \(4,\), expected \(3,\)"),
        (X[:3], [0, 1, 10], 0, RangeError, r"y in \[0, 10\], expected integers in \[0, 10\)"),
        (X[:3], y[:3], -1, RangeError, "seed = -1, expected an integer of at least 0"),
    ],
)
def test_errors(images, labels, seed, error, text):
    """Each wrong argument is named, with what was expected."""
    with pytest.raises(error, match=f"train_mlp_digits: got {text}"):
        train_mlp_digits(images, labels, seed)
