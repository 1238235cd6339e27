"""The inception module: a value by hand, torch's graph of the same module, laws, errors."""

import numpy as np
import pytest
import torch
from torch.nn.functional import conv2d, max_pool2d

from dlmath_ref import RangeError, ShapeError, inception_forward

rng = np.random.default_rng(6)


def module(C, b1, b3r, b3, b5r, b5, bp):
    """Random filters and biases for images of C channels."""
    shapes = {
        "b1": (b1, C, 1, 1),
        "b3r": (b3r, C, 1, 1),
        "b3": (b3, b3r, 3, 3),
        "b5r": (b5r, C, 1, 1),
        "b5": (b5, b5r, 5, 5),
        "bp": (bp, C, 1, 1),
    }
    return {name: (rng.normal(size=shape), rng.normal(size=shape[0])) for name, shape in shapes.items()}


def by_torch(X, P):
    """The graph of figure 2(b) of Szegedy et al. with torch's layers."""
    x, p = torch.tensor(X), {name: tuple(map(torch.tensor, layer)) for name, layer in P.items()}
    three = torch.relu(conv2d(torch.relu(conv2d(x, *p["b3r"])), *p["b3"], padding="same"))
    five = torch.relu(conv2d(torch.relu(conv2d(x, *p["b5r"])), *p["b5"], padding="same"))
    pooled = torch.relu(conv2d(max_pool2d(x, 3, stride=1, padding=1), *p["bp"]))
    return torch.cat([torch.relu(conv2d(x, *p["b1"])), three, five, pooled], dim=1).numpy()


@pytest.mark.parametrize("shape", [(2, 3, 5, 7), (1, 1, 1, 1), (3, 2, 6, 2), (1, 4, 4, 4)])
@pytest.mark.parametrize("widths", [(2, 3, 4, 1, 2, 3), (1, 1, 1, 1, 1, 1)])
def test_matches_the_graph_of_torch(shape, widths):
    """torch's convolutions, pooling and concatenation in float64, also for images smaller than the filters."""
    X, P = rng.normal(size=shape) - 1, module(shape[1], *widths)
    np.testing.assert_allclose(inception_forward(X, P), by_torch(X, P), rtol=1e-12, atol=1e-12)


def test_one_pixel_by_hand():
    """On one pixel x = 2 only the filters' centres count: 3x, then 3(x + 1) and 5x - 9, and the pooled pixel -x + 3."""
    centre3, centre5 = np.zeros((1, 1, 3, 3)), np.zeros((1, 1, 5, 5))
    centre3[0, 0, 1, 1], centre5[0, 0, 2, 2] = 3, 5

    def one(weight, bias):
        return np.full((1, 1, 1, 1), float(weight)), np.array([float(bias)])

    P = {
        "b1": one(3, 0),
        "b3r": one(1, 1),
        "b3": (centre3, np.zeros(1)),
        "b5r": one(1, 0),
        "b5": (centre5, np.array([-9.0])),
        "bp": one(-1, 3),
    }
    np.testing.assert_allclose(inception_forward(np.full((1, 1, 1, 1), 2.0), P).ravel(), [6, 9, 1, 1], rtol=1e-15)


def test_without_biases_it_is_homogeneous():
    """With biases of 0 all parts are homogeneous: doubling the image doubles the output."""
    X = rng.normal(size=(2, 3, 5, 4))
    P = {name: (K, np.zeros_like(b)) for name, (K, b) in module(3, 1, 2, 3, 2, 1, 2).items()}
    np.testing.assert_allclose(inception_forward(2 * X, P), 2 * inception_forward(X, P), rtol=1e-12)


def test_filters_of_a_wrong_size_are_named():
    """Filters of side 3 in the branch of 5, or with other channels than their input, are refused."""
    X, P = np.zeros((1, 2, 4, 4)), module(2, 1, 1, 1, 1, 1, 1)
    text = r"inception_forward: got P\['b5'\]\[0\] of shape \(1, 1, 3, 3\), expected 5 x 5 filters"
    with pytest.raises(ShapeError, match=text):
        inception_forward(X, {**P, "b5": P["b3"]})
    with pytest.raises(ShapeError, match="got K of shape"):
        inception_forward(X[:, :1], P)


def test_a_missing_branch_is_named():
    """The six keys are those of the docstring."""
    P = module(2, 1, 1, 1, 1, 1, 1)
    del P["bp"]
    with pytest.raises(
        RangeError, match=r"inception_forward: got the keys \['b1', 'b3', 'b3r', 'b5', 'b5r'\], expected"
    ):
        inception_forward(np.zeros((1, 2, 4, 4)), P)
