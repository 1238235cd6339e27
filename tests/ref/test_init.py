"""Random weights: their laws by scipy, their spread by torch's initialisers, what they do to a deep network.

Seeds are fixed, so nothing here fails by chance.
"""

import numpy as np
import pytest
import torch
from scipy import stats

from dlmath_ref import RangeError, init_layer, mlp_backward, mlp_forward

SCHEMES = ["he_normal", "xavier_uniform"]


def weights(scheme, n_out=200, n_in=50, seed=0):
    return init_layer(n_out, n_in, scheme, np.random.default_rng(seed))[0]


def test_spread_by_hand():
    """8 inputs, 4 outputs: He's standard deviation is sqrt(2/8) = 1/2; Xavier's limit is sqrt(6/12) = 0.7071."""
    draws = [init_layer(4, 8, "he_normal", np.random.default_rng(seed))[0] for seed in range(500)]
    assert np.std(draws) == pytest.approx(0.5, rel=0.02)
    draws = [init_layer(4, 8, "xavier_uniform", np.random.default_rng(seed))[0] for seed in range(500)]
    assert np.abs(draws).max() <= 0.5**0.5
    assert np.abs(draws).max() == pytest.approx(0.5**0.5, rel=1e-3)


@pytest.mark.parametrize("n_out, n_in", [(200, 50), (50, 200), (1, 9000), (9000, 1)])
def test_the_laws_are_those_of_scipy(n_out, n_in):
    """Kolmogorov and Smirnov find no difference to N(0, 2 / n_in) and to U(-a, a), a = sqrt(6 / (n_in + n_out))."""
    normal = stats.norm(scale=(2 / n_in) ** 0.5)
    a = (6 / (n_in + n_out)) ** 0.5
    assert stats.kstest(weights("he_normal", n_out, n_in).ravel(), normal.cdf).pvalue > 0.01
    assert stats.kstest(weights("xavier_uniform", n_out, n_in).ravel(), stats.uniform(-a, 2 * a).cdf).pvalue > 0.01


@pytest.mark.parametrize(
    "scheme, theirs",
    [
        ("he_normal", lambda W: torch.nn.init.kaiming_normal_(W, nonlinearity="relu")),
        ("xavier_uniform", torch.nn.init.xavier_uniform_),
    ],
)
def test_the_spread_is_that_of_torch(scheme, theirs):
    """kaiming_normal_ and xavier_uniform_ fill a (200, 50) tensor with the same mean and standard deviation."""
    torch.manual_seed(0)
    W = theirs(torch.empty(200, 50, dtype=torch.float64)).numpy()
    mine = weights(scheme)
    assert mine.std() == pytest.approx(W.std(), rel=0.03)
    assert abs(mine.mean()) < 0.03 * W.std()


@pytest.mark.parametrize("scheme", SCHEMES)
def test_weights_are_drawn_one_by_one(scheme):
    """Correlations between rows, and between columns, are those of independent weights: about 1 / sqrt(length)."""
    for W in (weights(scheme), weights(scheme).T):
        correlations = np.corrcoef(W)[np.triu_indices(len(W), 1)]
        assert np.std(correlations) == pytest.approx(W.shape[1] ** -0.5, rel=0.1)


@pytest.mark.parametrize("scheme", SCHEMES)
def test_the_generator_decides(scheme):
    """The same seed gives the same weights, the next call and another seed others; the biases are always 0."""
    rng = np.random.default_rng(3)
    (first, b), (second, _) = init_layer(5, 4, scheme, rng), init_layer(5, 4, scheme, rng)
    assert first.shape == (5, 4) and b.shape == (5,) and not b.any()
    assert np.array_equal(first, weights(scheme, 5, 4, seed=3))
    assert not np.intersect1d(first, second).size and not np.intersect1d(first, weights(scheme, 5, 4, seed=4)).size


def test_signals_and_gradients_keep_their_size_through_thirty_layers():
    """He through 30 ReLU layers of 256: mean squares of z and of gradients stay within a factor 5 from end to end.

    With half the variance they shrink by 2^29.
    """
    rng = np.random.default_rng(0)
    X, acts = rng.normal(size=(16, 256)), ["relu"] * 30
    for factor, low, high in [(1.0, 1 / 5, 5), (0.5**0.5, 2.0**-29 / 5, 5 * 2.0**-29)]:
        params = [(factor * W, b) for W, b in (init_layer(256, 256, "he_normal", rng) for _ in acts)]
        As, Zs = mlp_forward(params, X, acts)
        grads, _ = mlp_backward(params, As, Zs, rng.normal(size=(16, 256)), acts)
        assert low < np.mean(Zs[-1] ** 2) / np.mean(Zs[0] ** 2) < high
        bias = [np.mean(g_b**2) for _, g_b in grads]
        assert low < bias[0] / bias[-1] < high


def test_one_neuron():
    """A layer of one weight has shapes (1, 1) and (1,)."""
    W, b = init_layer(1, 1, "xavier_uniform", np.random.default_rng(0))
    assert W.shape == (1, 1) and abs(W[0, 0]) <= 3**0.5 and b.shape == (1,)


@pytest.mark.parametrize(
    "args, match",
    [
        ((0, 3, "he_normal"), "init_layer: got n_out = 0, expected an integer of at least 1"),
        ((3, 2.0, "he_normal"), "init_layer: got n_in = 2.0, expected an integer of at least 1"),
        ((3, 2, "he"), 'init_layer: got scheme = \'he\', expected "he_normal" or "xavier_uniform"'),
    ],
)
def test_refusals(args, match):
    """Sizes are positive integers, schemes have a name."""
    with pytest.raises(RangeError, match=match):
        init_layer(*args, np.random.default_rng(0))
