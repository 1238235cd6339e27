"""A small convolutional network for digits, and its training. Needs torch; not imported by the package."""

import torch
from torch import nn
from torch.nn import functional as F

from dlmath_ref.errors import RangeError, ShapeError

__all__ = ["small_cnn", "train_cnn_digits"]

EPOCHS, BATCH, ALPHA = 12, 64, 0.01


def small_cnn():
    r"""Two convolutions with ReLU and pooling, then one dense layer: 1898 parameters.

    Equation:
        (1, 8, 8) -> conv 8 of 3 x 3, ReLU, max 2 -> (8, 4, 4) -> conv 16 of 3 x 3, ReLU, max 2 -> (16, 2, 2)
        -> flatten -> W a + b, of (10,)

    Args:
        none. Weights are drawn from torch's global generator.

    Returns:
        Module from (N, 1, 8, 8) to logits (N, 10).

    Raises:
        nothing.

    Stability:
        Logits, not probabilities, leave the network.

    Source:
        Liquet, Moka, Nazarathy, chapter 6. 8 * 9 + 8 + 16 * 8 * 9 + 16 + 10 * 64 + 10 = 1898.

    >>> sum(p.numel() for p in small_cnn().parameters())
    1898
    """
    return nn.Sequential(
        nn.Conv2d(1, 8, kernel_size=3, padding=1), nn.ReLU(), nn.MaxPool2d(2),
        nn.Conv2d(8, 16, kernel_size=3, padding=1), nn.ReLU(), nn.MaxPool2d(2),
        nn.Flatten(), nn.Linear(64, 10),
    )  # fmt: skip


def train_cnn_digits(X, y, seed):
    r"""A small convolutional network trained on images of digits.

    Equation:
        theta <- Adam(theta, grad C_I(theta)) over EPOCHS epochs of random batches I, C_I the mean cross-entropy

    Args:
        X: (n, 1, 8, 8) float32 tensor. Images, pixels in [0, 1].
        y: (n,) int64 tensor. Digits in [0, 10).
        seed: int. All randomness comes from it; torch's global generator is left as it was.

    Returns:
        Module in evaluation mode, on the CPU: (k, 1, 8, 8) -> logits (k, 10).

    Raises:
        ShapeError: X is not (n, 1, 8, 8) with n at least 1, or y is not (n,).
        RangeError: y is not int64 in [0, 10).

    Stability:
        Cross-entropy is taken from logits. Trained on 1100 digits it has about 95 % of the others right;
        docs/thresholds.md has the quantiles over 200 seeds.

    Source:
        Liquet, Moka, Nazarathy, chapter 6; Kingma and Ba (2015) for Adam.

    >>> model = train_cnn_digits(torch.zeros(3, 1, 8, 8), torch.tensor([4, 4, 4]), seed=0)
    >>> model.training, model(torch.zeros(2, 1, 8, 8)).argmax(1).tolist()
    (False, [4, 4])
    """
    _refuse(X, y)
    device = "cuda" if torch.cuda.is_available() else "cpu"
    with torch.random.fork_rng():
        torch.manual_seed(seed)
        model = small_cnn().to(device)
        optimizer = torch.optim.Adam(model.parameters(), lr=ALPHA)
        for _ in range(EPOCHS):
            for I in torch.randperm(len(X)).split(BATCH):
                optimizer.zero_grad()
                F.cross_entropy(model(X[I].to(device)), y[I].to(device)).backward()
                optimizer.step()
    return model.cpu().eval()


def _refuse(X, y):
    if X.ndim != 4 or X.shape[1:] != (1, 8, 8) or len(X) == 0:
        raise ShapeError(f"train_cnn_digits: got X of shape {tuple(X.shape)}, expected (n, 1, 8, 8), n at least 1.")
    if y.shape != X.shape[:1]:
        raise ShapeError(f"train_cnn_digits: got y of shape {tuple(y.shape)}, expected {tuple(X.shape[:1])}.")
    if y.dtype != torch.int64 or not 0 <= y.min() <= y.max() < 10:
        raise RangeError(f"train_cnn_digits: got y of dtype {y.dtype}, expected int64 in [0, 10).")
