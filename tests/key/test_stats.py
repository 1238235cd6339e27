"""The statistics of random answers, against scipy.stats and the bands that the curriculum states."""

import numpy as np
import pytest
from scipy import stats as scipy_stats

from autograder import stats
from autograder.key import Mismatch


@pytest.mark.parametrize(
    ("trials", "p", "low", "high"),
    [
        (6400, 0.7, 4254, 4701),
        (25600, 0.1, 2272, 2858),
        (400, 0.7, 222, 333),
        (200, 0.5, 57, 143),
        (200, 0.25, 16, 90),
        (200, 0.125, 2, 57),
        (200, 0.2, 10, 78),
    ],
)
def test_bounds_are_those_of_the_curriculum(trials, p, low, high):
    """Exact two-sided binomial bounds at 1e-9, recomputed tail by tail with scipy.stats."""
    assert stats.binomial_bounds(trials, p) == (low, high)
    law = scipy_stats.binom(trials, p)
    assert 2 * law.cdf(low) >= 1e-9 > 2 * law.cdf(low - 1)
    assert 2 * law.sf(high - 1) >= 1e-9 > 2 * law.sf(high)


@pytest.mark.parametrize(("k", "n", "p"), [(0, 10, 0.5), (10, 10, 0.5), (5, 10, 0.5), (3, 40, 0.3), (4300, 6400, 0.7)])
def test_p_value_is_twice_the_smaller_tail(k, n, p):
    """At most 1, and equal to scipy.stats' tails."""
    law = scipy_stats.binom(n, p)
    assert stats.binomial_p(k, n, p) == pytest.approx(min(1, 2 * min(law.cdf(k), law.sf(k - 1))), rel=1e-10)


def test_variance_band_is_that_of_the_curriculum():
    """32 768 normal values: the ratio lies in [0.953, 1.049] but for 1e-9."""
    low, high = stats.variance_band(32768)
    assert (low, high) == pytest.approx((0.953, 1.049), abs=1e-3)
    law = scipy_stats.chi2(32768)
    assert (law.ppf(5e-10) / 32768, law.isf(5e-10) / 32768) == pytest.approx((low, high), rel=1e-9)


def test_dkw_radius_is_that_of_the_curriculum():
    """0.0181 at n = 32 768."""
    assert stats.dkw_radius(32768) == pytest.approx(0.0181, abs=5e-5)


def test_rate_names_the_side():
    """A share outside the bounds says whether it is too large or too small."""
    stats.rate(140, 200, 0.7, "the greedy action")
    with pytest.raises(Mismatch, match="the greedy action comes too rarely"):
        stats.rate(60, 200, 0.7, "the greedy action")
    with pytest.raises(Mismatch, match="too often"):
        stats.rate(200, 200, 0.7, "the greedy action")


def test_variance_and_law_refuse_nan():
    """A sample with nan fits nothing."""
    bad = np.full(1000, np.nan)
    with pytest.raises(Mismatch):
        stats.variance(bad, 1.0, "the weights")
    with pytest.raises(Mismatch):
        stats.law(bad, scipy_stats.norm.cdf, "the weights")


def test_variance_and_law_tell_normal_from_uniform():
    """A uniform sample of equal variance has the right variance and the wrong law."""
    rng = np.random.default_rng(0)
    normal = rng.normal(size=32768)
    uniform = rng.uniform(-np.sqrt(3), np.sqrt(3), size=32768)
    stats.variance(normal, 1.0, "the weights")
    stats.law(normal, scipy_stats.norm.cdf, "the weights")
    with pytest.raises(Mismatch, match="do not follow"):
        stats.law(uniform, scipy_stats.norm.cdf, "the weights")
    with pytest.raises(Mismatch, match="variance is too large"):
        stats.variance(2 * normal, 1.0, "the weights")


def test_sequential_rate_stops_early_and_rejects_late():
    """A right answer passes at the first stage, a wrong one is drawn 64 times as often and fails."""
    rng = np.random.default_rng(0)
    drawn = []

    def draw(p):
        return lambda m: (drawn.append(m), rng.binomial(m, p))[1]

    stats.sequential_rate(draw(0.7), 0.7, 1600, "the greedy action")
    assert drawn == [1600]
    drawn.clear()
    with pytest.raises(Mismatch):
        stats.sequential_rate(draw(0.6), 0.7, 1600, "the greedy action")
    assert np.cumsum(drawn).tolist() == [1600, 12800, 102400]


def test_right_answers_pass_a_thousand_seeds():
    """No false rejection in 1000 right samples; the stated rate is 1e-9."""
    rng = np.random.default_rng(1)
    for _ in range(1000):
        stats.rate(rng.binomial(6400, 0.7), 6400, 0.7, "x")
