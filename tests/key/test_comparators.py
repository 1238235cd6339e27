"""Comparators name the first difference in words for a student, without values."""

import numpy as np
import pytest
import torch

from autograder.key import T32, T64, T64E, Mismatch, check, close, exact

A = np.arange(6.0).reshape(2, 3) + 1


def refused(got, expected, compare=close, **more):
    with pytest.raises(Mismatch) as caught:
        compare(got, expected, **more)
    return caught.value.message


def accepted(got, expected, compare=close, **more):
    """Whether the comparator takes the answer."""
    try:
        compare(got, expected, **more)
    except Mismatch:
        return False
    return True


@pytest.mark.parametrize(
    ("got", "expected", "message"),
    [
        (
            A.tolist(),
            A,
            "the result: got a list of 2, expected a numpy array of shape (2, 3). Convert it with np.array(...).",
        ),
        (None, A, "the result: got None, expected a numpy array of shape (2, 3)."),
        (torch.tensor(A), A, "the result: got a torch tensor of shape (2, 3), expected a numpy array of shape (2, 3)."),
        (A, torch.tensor(A), "the result: got an array of shape (2, 3), expected a torch tensor of shape (2, 3)."),
        (A.astype(int), A, "the result: got integers, expected floats."),
        (A > 2, A, "the result: got booleans, expected floats."),
        (A + 0j, A, "the result: got complex numbers, expected floats."),
        (
            A.astype(object),
            A,
            "the result: got Python objects, expected floats. Lists of unequal lengths make such an array.",
        ),
        (A.astype(np.float16), A, "the result: got half precision, expected float64 or float32."),
        (torch.tensor(A).bfloat16(), torch.tensor(A), "the result: got half precision, expected float64 or float32."),
        (A.T, A, "the result: got shape (3, 2), expected shape (2, 3)."),
        (A[0], A, "the result: got shape (3,), expected shape (2, 3)."),
        (np.array([1.0]), 1.0, "the result: got shape (1,), expected a single number."),
        (True, 1.0, "the result: got a boolean, expected a number."),
        ("1", 1.0, "the result: got a str, expected a number."),
        (A * np.nan, A, "the result: got nan at 6 of 6 entries, expected finite numbers."),
        (np.inf, 1.0, "the result: got inf, expected a finite number."),
        (
            (A * (1 + 1e-6)).astype(np.float32),
            A,
            "the result: got float32, too coarse, expected float64. Keep the precision of the input.",
        ),
        (A + (A > 4), A, "the result: 2 of 6 entries are wrong, first at index (1, 1)."),
        (A + (A > 5), A, "the result: 1 of 6 entries is wrong, first at index (1, 2)."),
        (2.0, 1.0, "the result: not the expected value."),
        (np.ones(0), np.ones(1), "the result: got shape (0,), expected shape (1,)."),
    ],
)
def test_close_says_the_first_difference(got, expected, message):
    """Type, kind, shape, finite, precision, values: in this order."""
    assert refused(got, expected) == message


@pytest.mark.parametrize(
    ("got", "expected"),
    [
        (np.float64(1), 1.0),
        (np.float32(1), 1.0),
        (np.array(1.0), 1.0),
        (1, 1.0),
        (1.0, 1),
        (np.int64(1), 1.0),
        (1.0, np.array(1.0)),
        (torch.tensor(1.0, dtype=torch.float64), 1.0),
        (np.asfortranarray(A), A),
        (A[::-1][::-1], A),
        ([1.0, 2.0], (1.0, 2.0)),
        ((A, 1.0), (A, 1.0)),
        ({"W": A}, {"W": A}),
        (np.array([np.nan, np.inf]), np.array([np.nan, np.inf])),
        (torch.tensor(A, requires_grad=True), torch.tensor(A)),
        (A.astype(np.float32), A.astype(np.float32)),
        ((A / 3).astype(np.float32), (A / 3).astype(np.float32) * np.float32(1 + 1e-6)),
        (A.astype(np.float32), A),
        (np.ones((0, 2)), np.ones((0, 2))),
        (None, None),
        ("ab", "ab"),
        (True, True),
        (np.bool_(True), True),
        (10**30, 10**30),
    ],
)
def test_close_accepts_equal_answers_written_differently(got, expected):
    """numpy scalars for floats, 0-d arrays, other memory layouts, lists for tuples."""
    assert accepted(got, expected)


def test_items_are_named():
    """A tuple's items carry the names that the key gives, else their number."""
    names = ("the loss", "g_w", "g_b")
    assert refused((1.0, A, A[0] + 1), (1.0, A, A[0]), what=names).startswith("g_b (item 3): 3 of 3 entries are wrong")
    assert refused((1.0, 2.0), (1.0, 3.0)) == "item 2 of the result: not the expected value."
    assert refused((1.0,), (1.0, 3.0)) == "the result: got 1 items, expected 2."
    assert refused(A, (A, 1.0)) == "the result: got an array of shape (2, 3), expected a tuple of 2."
    assert refused({"W": A + 1}, {"W": A}, what="the parameters").startswith("the parameters['W']: 6 of 6 entries")
    assert refused({"V": A}, {"W": A}) == "the result: a key is missing."


def test_nan_patterns_must_agree():
    """Where the reference is infinite the answer must be, with its sign."""
    assert "nan or infinite" in refused(np.array([np.inf]), np.array([-np.inf]))
    assert "nan or infinite" in refused(np.array([0.0]), np.array([np.nan]))


def test_rms_scale_forgives_small_entries_and_t64e_does_not():
    """A wrong 1e-18 beside a 1 passes T64 and fails T64E."""
    expected, got = np.array([1.0, 1e-18]), np.array([1.0, 0.0])
    assert accepted(got, expected, tol=T64)
    assert refused(got, expected, tol=T64E).endswith("first at index (1,).")


def test_tolerances_hold_at_their_edge():
    """rtol 1e-7 of the larger of the entry and the root mean square."""
    assert accepted(np.full(4, 2 + 1.9e-7), np.full(4, 2.0), tol=T64)
    assert not accepted(np.full(4, 2 + 2.2e-7), np.full(4, 2.0), tol=T64)
    assert accepted(np.full(4, 1 + 2e-4), np.ones(4), tol=T32)


def test_huge_values_do_not_overflow_the_scale():
    """The root mean square of 1e300 is finite."""
    assert accepted(np.full(3, 1e300), np.full(3, 1e300))
    assert not accepted(np.full(3, 1.1e300), np.full(3, 1e300))


def test_integers_are_compared_exactly_even_by_close():
    """A count that is one off is wrong however large it is."""
    assert not accepted(143_667_241, 143_667_240)
    assert not accepted(np.array([10**12 + 1]), np.array([10**12]))


def test_exact_wants_the_kind():
    """Integers of any width, no floats; booleans are no integers."""
    assert accepted(np.array([1, 2], np.int32), np.array([1, 2]), exact)
    assert accepted(np.array([1, 2], np.uint8), np.array([1, 2]), exact)
    assert refused(np.array([1.0]), np.array([1]), exact) == "the result: got floats, expected integers."
    assert refused(1.0, 1, exact) == "the result: got floats, expected integers."
    assert refused(np.array([True]), np.array([1]), exact) == "the result: got booleans, expected integers."
    assert refused(np.array([1]), np.array([True]), exact) == "the result: got integers, expected booleans."
    assert refused(1, True, exact) == "the result: got integers, expected booleans."
    assert refused("a", "b", exact) == "the result: not the expected str."
    assert refused([1], "b", exact) == "the result: got a list of 1, expected a str."
    assert refused(1, None, exact) == "the result: got a number (int), expected None."


def test_check_takes_only_truth_values():
    """An array as condition is the key's mistake, not the student's."""
    check(np.bool_(True), "fine")
    with pytest.raises(Mismatch, match="rows must sum to 1"):
        check(False, "rows must sum to 1")
    with pytest.raises(TypeError, match="expected True or False"):
        check(np.array([True]), "x")


def test_subclasses_are_not_arrays():
    """What may redefine arithmetic is refused by its exact type."""
    assert refused(np.ma.array(A), A).startswith("the result: got a MaskedArray, expected a numpy array")
    assert refused(np.matrix(A), A).startswith("the result: got a matrix")
