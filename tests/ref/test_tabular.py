"""Tables of numbers and categories, encoded as other rows say."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from sklearn.preprocessing import OneHotEncoder, StandardScaler

from dlmath_ref import RangeError, ShapeError, Standardizer, encode_tabular

AREAS, DISTRICTS = np.array([[40.0], [40.0], [60.0], [60.0]]), np.array(["north", "harbour", "north", "centre"])


def test_flats_by_hand():
    """Mean 50, spread 10, districts centre < harbour < north; nobody has heard of the airport."""
    got = encode_tabular(AREAS, DISTRICTS, np.array([[70.0], [50.0]]), np.array(["harbour", "airport"]))
    assert got.tolist() == [[2, 0, 1, 0], [0, 0, 0, 0]]


@settings(deadline=None)
@given(
    arrays(np.float64, (7, 2), elements=st.integers(-50, 50).map(float)),
    arrays(np.float64, (4, 2), elements=st.integers(-50, 50).map(float)),
    arrays(np.int64, 7, elements=st.integers(-2, 3)),
    arrays(np.int64, 4, elements=st.integers(-3, 4)),
    st.booleans(),
)
def test_matches_scikit_learn(Xnum_fit, Xnum, xcat_fit, xcat, strings):
    """StandardScaler beside OneHotEncoder, unknown categories ignored, gives the same rows for integers and strings."""
    if strings:
        xcat_fit, xcat = xcat_fit.astype("U"), xcat.astype("U")
    numbers = StandardScaler().fit(Xnum_fit).transform(Xnum)
    encoder = OneHotEncoder(handle_unknown="ignore", sparse_output=False)
    expected = np.hstack([numbers, encoder.fit(xcat_fit[:, None]).transform(xcat[:, None])])
    np.testing.assert_allclose(encode_tabular(Xnum_fit, xcat_fit, Xnum, xcat), expected, rtol=1e-12, atol=1e-12)


@given(
    arrays(np.float64, (6, 2), elements=st.integers(-50, 50).map(float)),
    st.floats(0.5, 100),
    st.floats(-100, 100),
)
def test_units_of_measurement_do_not_matter(Xnum, scale, shift):
    """Feet for metres, Fahrenheit for Celsius: the same affine change of fit rows and new rows changes nothing."""
    xcat = np.zeros(6, int)
    varying = np.ptp(Xnum[:4], axis=0) > 0
    plain = encode_tabular(Xnum[:4], xcat[:4], Xnum, xcat)[:, :2][:, varying]
    changed = encode_tabular(scale * Xnum[:4] + shift, xcat[:4], scale * Xnum + shift, xcat)[:, :2][:, varying]
    np.testing.assert_allclose(changed, plain, rtol=1e-8, atol=1e-8)


def test_a_constant_column_keeps_its_differences():
    """A column of tenths in the fit rows has a rounded mean; it becomes x - 0.1 and is not blown up."""
    got = encode_tabular(np.full((10, 1), 0.1), np.zeros(10, int), np.array([[0.1], [1.1]]), np.zeros(2, int))
    np.testing.assert_allclose(got, [[0, 1], [1, 1]], atol=1e-15)


def test_rows_are_encoded_one_by_one():
    """A row's code does not depend on the other rows to encode; the fit rows are coded as the Standardizer does."""
    rng = np.random.default_rng(0)
    Xnum, xcat = 1e3 * rng.normal(size=(8, 3)), rng.integers(0, 4, size=8)
    together = encode_tabular(Xnum, xcat, Xnum, xcat)
    for i in range(8):
        assert np.array_equal(encode_tabular(Xnum, xcat, Xnum[i : i + 1], xcat[i : i + 1])[0], together[i])
    assert np.array_equal(together[:, :3], Standardizer.fit(Xnum).transform(Xnum))
    assert (together[:, 3:].sum(axis=1) == 1).all()


def test_no_rows_to_encode():
    """Nothing to encode gives an empty matrix with all its columns."""
    assert encode_tabular(AREAS, DISTRICTS, np.empty((0, 1)), np.array([], "U5")).shape == (0, 4)


def test_float32_stays_float32():
    """Unit vectors take the precision of the numbers."""
    got = encode_tabular(AREAS.astype(np.float32), DISTRICTS, np.ones((1, 1), np.float32), DISTRICTS[:1])
    assert got.dtype == np.float32


@pytest.mark.parametrize(
    "args, error, text",
    [
        ((AREAS[:, 0], DISTRICTS, AREAS, DISTRICTS), ShapeError, r"got Xnum_fit of shape \(4,\), expected 2 axes."),
        ((AREAS, DISTRICTS[:3], AREAS, DISTRICTS), ShapeError, r"got xcat_fit of shape \(3,\), expected \(4,\)."),
        ((AREAS, DISTRICTS, np.ones((2, 3)), DISTRICTS[:2]), ShapeError, r"Xnum of shape \(2, 3\), expected \(2, 1\)"),
        ((AREAS, DISTRICTS, AREAS, DISTRICTS[:3]), ShapeError, r"got xcat of shape \(3,\), expected \(4,\)."),
        ((AREAS[:0], DISTRICTS[:0], AREAS, DISTRICTS), ShapeError, r"shape \(0, 1\), expected at least one row"),
        ((AREAS, AREAS[:, 0], AREAS, DISTRICTS), RangeError, "xcat_fit of dtype float64, expected integers or strings"),
        ((AREAS, DISTRICTS, AREAS, np.arange(4)), RangeError, "of dtype int64, expected the kind of xcat_fit, <U7"),
    ],
)  # fmt: skip
def test_errors_say_what_was_got_and_expected(args, error, text):
    """Each refusal names the argument, what it got and what it expected."""
    with pytest.raises(error, match=text):
        encode_tabular(*args)
