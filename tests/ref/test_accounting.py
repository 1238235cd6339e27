"""Networks in numbers against published counts, against torch's own layers, and by poking pixels."""

import itertools

import numpy as np
import pytest
import torch
from torch import nn

from dlmath_ref import VGG19_SPEC, RangeError, ShapeError, count_network, receptive_field
from dlmath_ref.nn.cnn import small_cnn

TORCH = {
    "conv": lambda shape, F, k, s, p: nn.Conv2d(shape[0], F, k, s, p),
    "pool": lambda shape, k, s: nn.MaxPool2d(k, s),
    "flatten": lambda shape: nn.Flatten(),
    "dense": lambda shape, m: nn.Linear(shape[0], m),
}


def in_torch(layers, in_shape):
    """Parameters and output shape as torch has them, and multiply-adds from the shapes of its tensors."""
    x, parameters, multiply_adds = torch.zeros(1, *in_shape), 0, 0
    for name, *sizes in layers:
        layer = TORCH[name](x.shape[1:], *sizes)
        x = layer(x)
        parameters += sum(p.numel() for p in layer.parameters())
        if name in ("conv", "dense"):
            multiply_adds += layer.weight.numel() * x[0, 0].numel()
    return parameters, multiply_adds, tuple(x.shape[1:])


def test_by_hand():
    """One 3 x 3 filter on a 4 x 5 image: 9 + 1 parameters, 9 products at 2 x 3 places; then a unit on 6 numbers."""
    assert count_network([("conv", 1, 3, 1, 0)], (1, 4, 5)) == (10, 54, (1, 2, 3))
    assert count_network([("flatten",), ("dense", 1)], (1, 2, 3)) == (7, 6, (1,))
    assert count_network([("pool", 2, 2)], (3, 5, 7)) == (0, 0, (3, 2, 3))
    assert count_network([], (3, 5, 7)) == (0, 0, (3, 5, 7))


def test_vgg19_as_published():
    """143 667 240 parameters and 19.63 G multiply-adds (torchvision's table), 20 024 384 of them in convolutions."""
    parameters, multiply_adds, shape = count_network(VGG19_SPEC, (3, 224, 224))
    assert (parameters, round(multiply_adds / 1e9, 2), shape) == (143_667_240, 19.63, (1000,))
    trunk, _, shape = count_network(VGG19_SPEC[:-4], (3, 224, 224))
    assert (trunk, shape) == (20_024_384, (512, 7, 7))
    assert [layer[0] for layer in VGG19_SPEC if layer[0] != "pool"][:16] == ["conv"] * 16


def test_published_tables_of_smaller_networks():
    """The 3 x 3 stack against one 7 x 7 layer (Simonyan and Zisserman, section 2.3): 27 C^2 against 49 C^2 weights."""
    C = 64
    three, _, _ = count_network([("conv", C, 3, 1, 1)] * 3, (C, 9, 9))
    one, _, _ = count_network([("conv", C, 7, 1, 3)], (C, 9, 9))
    assert (three - 3 * C, one - C) == (27 * C**2, 49 * C**2)


@pytest.mark.parametrize("seed", range(20))
def test_as_torch_counts(seed):
    """Random networks have the parameters and the shapes that torch's layers have."""
    rng = np.random.default_rng(seed)
    C, H, W = int(rng.integers(1, 4)), int(rng.integers(14, 30)), int(rng.integers(14, 30))
    layers = []
    for _ in range(2):
        F, k, s, p = (int(rng.integers(low, high)) for low, high in ((1, 6), (1, 4), (1, 3), (0, 3)))
        layers += [("conv", F, k, s, p), ("pool", int(rng.integers(1, 3)), int(rng.integers(1, 3)))]
    layers += [("flatten",), ("dense", 5), ("dense", 3)][: int(rng.integers(0, 4))]
    assert count_network(layers, (C, H, W)) == in_torch(layers, (C, H, W))


def test_the_network_of_cnn_digits():
    """The specification in the exercise is the network that is trained: 1898 parameters."""
    layers = [("conv", 8, 3, 1, 1), ("pool", 2, 2), ("conv", 16, 3, 1, 1), ("pool", 2, 2), ("flatten",), ("dense", 10)]
    parameters, _, shape = count_network(layers, (1, 8, 8))
    assert parameters == sum(p.numel() for p in small_cnn().parameters()) == 1898 and shape == (10,)


@pytest.mark.parametrize(
    ("layers", "shape", "error", "text"),
    [
        ([("dense", 3)], (1, 4, 4), ShapeError, "got dense after shape (1, 4, 4), expected a vector"),
        ([("conv", 1, 3, 1, 1)], (16,), ShapeError, "got conv after shape (16,), expected (C, H, W)"),
        ([("flatten",), ("pool", 2, 2)], (1, 4, 4), ShapeError, "got pool after shape (16,)"),
        ([("relu",)], (1, 4, 4), RangeError, "got layer 'relu', expected one of conv, pool, flatten, dense"),
        ([("conv", 0, 3, 1, 1)], (1, 4, 4), RangeError, "got F = 0, expected an integer of at least 1"),
        ([("conv", 1, 5, 1, 0)], (1, 4, 4), RangeError, "expected it to fit"),
        ([("flatten",), ("dense", 2.5)], (1, 4, 4), RangeError, "got m = 2.5"),
    ],
)
def test_errors_of_count_network(layers, shape, error, text):
    """Each fault is named."""
    with pytest.raises(error) as caught:
        count_network(layers, shape)
    assert text in str(caught.value)


def poked(layers):
    """The field and the jump of units in one dimension, found by following a one at each input pixel."""

    def outputs(x):
        for k, s, d in layers:
            starts = range(0, len(x) - d * (k - 1), s)
            x = np.array([x[i : i + d * (k - 1) + 1 : d].any() for i in starts])
        return x

    n = 90
    hits = np.array([outputs(np.arange(n) == i) for i in range(n)])  # [pixel, unit]
    fields = [np.flatnonzero(hits[:, unit]) for unit in range(2)]
    return fields[0][-1] - fields[0][0] + 1, fields[1][0] - fields[0][0]


@pytest.mark.parametrize("seed", range(20))
def test_fields_by_poking_pixels(seed):
    """A unit answers to exactly the pixels of its field; its neighbour's field begins a jump later."""
    rng = np.random.default_rng(seed)
    layers = [tuple(int(v) for v in rng.integers(1, [4, 3, 3])) for _ in range(4)]
    assert receptive_field(layers) == poked(layers)


def test_the_field_of_vgg19():
    """268 pixels and a jump of 32 behind its convolutions and poolings; without the last pooling 252 and 16."""
    trunk = [(layer[2], layer[3], 1) if layer[0] == "conv" else (*layer[1:], 1) for layer in VGG19_SPEC[:-4]]
    assert receptive_field(trunk) == (268, 32) and receptive_field(trunk[:-1]) == (252, 16)


def test_the_field_is_where_the_gradient_arrives():
    """torch's gradient of one output with respect to the image is nonzero on a square of the field's size."""
    layers = [(3, 2, 1), (3, 1, 2), (2, 2, 1)]
    x = torch.zeros(1, 1, 41, 41, dtype=torch.float64, requires_grad=True)
    out = x
    for k, s, d in layers:
        out = torch.nn.functional.conv2d(out, torch.ones(1, 1, k, k, dtype=torch.float64), stride=s, dilation=d)
    out[0, 0, 1, 1].backward()
    rows = np.flatnonzero(x.grad[0, 0].abs().sum(1).numpy())
    field, jump = receptive_field(layers)
    assert rows[-1] - rows[0] + 1 == field and rows[0] == jump


def test_laws_of_the_field():
    """One-pixel layers change nothing but the jump; two stacks one after the other compose."""
    assert receptive_field([]) == (1, 1)
    assert receptive_field([(1, 1, 7)] * 3) == (1, 1) and receptive_field([(1, 5, 1)]) == (1, 5)
    for first, second in itertools.product([[(3, 2, 1)], [(5, 1, 2), (2, 2, 1)]], repeat=2):
        (r, j), (q, i) = receptive_field(first), receptive_field(second)
        assert receptive_field(first + second) == (r + (q - 1) * j, j * i)


@pytest.mark.parametrize("layer", [(0, 1, 1), (3, 0, 1), (3, 1, 0), (3, 1.5, 1)])
def test_errors_of_receptive_field(layer):
    """Sizes below 1 and fractions are refused."""
    with pytest.raises(RangeError, match=r"receptive_field: got [ksd] = .*, expected an integer of at least 1"):
        receptive_field([layer])
