"""The trained network keeps its word on a few images; what it reaches on many is measured in benchmarks/."""

import pytest
import torch

from dlmath_kit.data import digits
from dlmath_ref import RangeError, ShapeError
from dlmath_ref.nn.cnn import small_cnn, train_cnn_digits

torch.set_num_threads(1)  # small networks gain nothing from more
X, y = (torch.from_numpy(a)[:100] for a in digits())
X = X.float().reshape(-1, 1, 8, 8)


def test_it_learns_its_images():
    """After 24 steps on 100 images most of them are named rightly, more than a tenth by guessing."""
    model = train_cnn_digits(X, y, 0)
    assert not model.training and model(X[:3]).shape == (3, 10)
    assert (model(X).argmax(1) == y).float().mean() > 0.6


def test_an_image_alone_gets_the_logits_it_gets_in_a_batch():
    """Nothing in the network looks at the rest of the batch."""
    model = train_cnn_digits(X[:20], y[:20], 1)
    assert torch.allclose(model(X[4:5]), model(X[:9])[4:5], atol=1e-6)


def test_the_seed_decides_and_torchs_generator_does_not_move():
    """The same seed gives the same parameters, another one others; the global generator is where it was."""
    state = torch.get_rng_state()
    a, b, c = (train_cnn_digits(X[:20], y[:20], seed).state_dict() for seed in (5, 5, 6))
    assert torch.equal(state, torch.get_rng_state())
    assert all(torch.equal(a[k], b[k]) for k in a) and not torch.equal(a["0.weight"], c["0.weight"])


def test_one_step_is_adams():
    """One image, one epoch of one step, by hand: the first step of Adam moves each weight by alpha against its sign."""
    torch.manual_seed(3)
    start = small_cnn()
    torch.nn.functional.cross_entropy(start(X[:1]), y[:1]).backward()
    expected = [p.detach() - 0.01 * p.grad / (p.grad.abs() + 1e-8) for p in start.parameters()]
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("dlmath_ref.nn.cnn.EPOCHS", 1)
        model = train_cnn_digits(X[:1], y[:1], 3)
    assert all(torch.allclose(p, q, atol=1e-6) for p, q in zip(model.parameters(), expected, strict=True))


@pytest.mark.parametrize(
    ("images", "labels", "error", "text"),
    [
        (X.reshape(-1, 64), y, ShapeError, r"got X of shape \(100, 64\), expected \(n, 1, 8, 8\)"),
        (X[:0], y[:0], ShapeError, "n at least 1"),
        (X, y[:7], ShapeError, r"got y of shape \(7,\), expected \(100,\)"),
        (X, y + 5, RangeError, r"expected int64 in \[0, 10\)"),
        (X, y.int(), RangeError, "got y of dtype torch.int32"),
    ],
)
def test_errors(images, labels, error, text):
    """Wrong shapes and labels are refused."""
    with pytest.raises(error, match=text):
        train_cnn_digits(images, labels, 0)
