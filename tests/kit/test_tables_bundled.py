"""The wines, the diabetes patients and the linear model are what they say."""

from __future__ import annotations

import numpy as np
import pytest

from dlmath_kit import data


def test_wine_is_scikit_learns() -> None:
    """The bundled wines equal scikit-learn's bit for bit, and each column has a name."""
    ours, theirs = data.wine(), pytest.importorskip("sklearn.datasets").load_wine()
    np.testing.assert_array_equal(ours[0], theirs.data)
    np.testing.assert_array_equal(ours[1], theirs.target)
    assert ours[0].shape == (178, len(data.WINE_FEATURES)) and ours[1].dtype == np.int64


def test_diabetes_is_scikit_learns() -> None:
    """The bundled patients equal scikit-learn's, not scaled, bit for bit; each column has a name."""
    ours, theirs = data.diabetes(), pytest.importorskip("sklearn.datasets").load_diabetes(scaled=False)
    np.testing.assert_array_equal(ours[0], theirs.data)
    np.testing.assert_array_equal(ours[1], theirs.target)
    assert ours[0].shape == (442, len(data.DIABETES_FEATURES)) and ours[1].dtype == np.float64


def test_the_names_of_the_columns_stand_in_their_order() -> None:
    """Told by their ranges and bonds: proline is by far the largest, cholesterol / HDL is what its name says."""
    wines, patients = data.wine()[0], data.diabetes()[0]
    assert data.WINE_FEATURES[wines.mean(axis=0).argmax()] == "proline"
    assert data.WINE_FEATURES[wines.mean(axis=0).argmin()] == "nonflavanoid phenols"
    column = dict(zip(data.DIABETES_FEATURES, patients.T, strict=True))
    assert set(column["sex"]) == {1, 2}
    np.testing.assert_allclose(column["cholesterol"] / column["HDL"], column["cholesterol/HDL"], atol=0.7)  # rounded
    assert np.corrcoef(column["cholesterol"], column["LDL"])[0, 1] > 0.85
    assert 3 < column["triglycerides"].min() < column["triglycerides"].max() < 7  # a logarithm


def test_the_linear_model_has_the_stated_parameters() -> None:
    """Without noise y is b + X beta exactly; with noise the residuals have standard deviation sigma."""
    beta = np.array([2.0, -1.0, 0.5])
    X, y = data.linear(6, beta, 0.0, np.random.default_rng(0), b=3.0)
    np.testing.assert_allclose(y, 3 + X @ beta, rtol=1e-14)
    X, y = data.linear(20_000, beta, 0.4, np.random.default_rng(0))
    np.testing.assert_allclose(np.std(y - X @ beta), 0.4, rtol=0.03)
    np.testing.assert_allclose(X.mean(axis=0), 0, atol=0.04)
    np.testing.assert_allclose(X.std(axis=0), 1, rtol=0.03)


@pytest.mark.parametrize("name, shape", [("wine", (178, 13)), ("diabetes", (442, 10))])
def test_get_knows_them(name: str, shape: tuple[int, int]) -> None:
    """A bundled table is found by its name."""
    assert data.get(name)[0].shape == shape
