"""Boxes: overlaps by hand and by counting cells, suppression by its definition, laws, errors."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dlmath_ref import RangeError, ShapeError, iou, nms

corners = st.tuples(st.integers(0, 7), st.integers(0, 7), st.integers(1, 5), st.integers(1, 5))
lists_of_boxes = st.lists(corners, min_size=1, max_size=7).map(
    lambda found: np.array([(x, y, x + w, y + h) for x, y, w, h in found], dtype=float)
)
SQUARES = np.array([[0.0, 0, 2, 2], [1, 1, 3, 3], [0, 0, 2, 1]])


def cells(box):
    """The unit squares of a box with integer corners."""
    x1, y1, x2, y2 = box.astype(int)
    return {(x, y) for x in range(x1, x2) for y in range(y1, y2)}


def test_overlaps_by_hand():
    """Squares of side 2 shifted by (1, 1) share 1 of 7; half of a square is 1/2 of it; touching boxes share 0."""
    np.testing.assert_allclose(iou(SQUARES, SQUARES), [[1, 1 / 7, 1 / 2], [1 / 7, 1, 0], [1 / 2, 0, 1]], rtol=1e-15)


@settings(max_examples=40)
@given(lists_of_boxes, lists_of_boxes)
def test_overlaps_by_counting_cells(A, B):
    """Brute force on an integer grid: cells in both over cells in either."""
    expected = [[len(cells(a) & cells(b)) / len(cells(a) | cells(b)) for b in B] for a in A]
    np.testing.assert_allclose(iou(A, B), expected, rtol=1e-14)


@settings(max_examples=40)
@given(lists_of_boxes, lists_of_boxes, st.floats(0.01, 100), st.floats(-10, 10))
def test_overlap_is_symmetric_and_has_no_unit(A, B, scale, shift):
    """iou(A, B) = iou(B, A)', and neither a shift nor another unit of length changes it."""
    np.testing.assert_allclose(iou(A, B), iou(B, A).T, rtol=1e-14)
    np.testing.assert_allclose(iou(scale * A + shift, scale * B + shift), iou(A, B), atol=1e-9)


def test_boxes_without_area():
    """A point has the overlap 0 with everything, itself included; no boxes give an empty table."""
    point = np.array([[1.0, 1, 1, 1]])
    np.testing.assert_array_equal(iou(point, np.vstack([point, SQUARES])), [[0, 0, 0, 0]])
    assert iou(np.zeros((0, 4)), SQUARES).shape == (0, 3)


def test_suppression_by_hand():
    """At 0.4 the half square goes; at exactly 1/2 nothing is greater, and all stay."""
    scores = np.array([0.9, 0.8, 0.7])
    assert nms(SQUARES, scores, 0.4).tolist() == [0, 1]
    assert nms(SQUARES, scores, 0.5).tolist() == [0, 1, 2]
    assert nms(SQUARES, scores[::-1], 0.4).tolist() == [2, 1]


def test_what_was_dropped_suppresses_nothing():
    """Of three boxes in a chain the first drops the second, and the third stays."""
    boxes = np.array([[0.0, 0, 4, 2], [1, 0, 5, 2], [2, 0, 6, 2]])
    assert nms(boxes, np.array([0.9, 0.8, 0.7]), 0.5).tolist() == [0, 2]
    assert nms(boxes, np.array([0.7, 0.9, 0.8]), 0.5).tolist() == [1]


@settings(max_examples=40)
@given(lists_of_boxes, st.randoms(use_true_random=False), st.sampled_from([0.0, 0.1, 0.3, 0.5, 1.0]))
def test_kept_boxes_are_those_of_the_definition(boxes, random, thr):
    """Kept are exactly the boxes without a kept box of a higher score and a larger overlap, from the best down."""
    scores = np.array(random.sample(range(100), len(boxes)), dtype=float)
    kept = nms(boxes, scores, thr).tolist()
    assert kept == sorted(kept, key=lambda i: -scores[i])
    table = iou(boxes, boxes)
    for i in range(len(boxes)):
        stronger = [j for j in kept if scores[j] > scores[i] and table[i, j] > thr]
        assert (i in kept) == (not stronger)


def test_ties_and_nothing():
    """Of equal scores the first box counts as the higher; no boxes keep none."""
    same = np.array([[0.0, 0, 1, 1]] * 3)
    assert nms(same, np.ones(3), 0.5).tolist() == [0]
    assert nms(same, np.ones(3), 1.0).tolist() == [0, 1, 2]
    empty = nms(np.zeros((0, 4)), np.zeros(0), 0.5)
    assert (empty.shape, empty.dtype) == ((0,), np.int64)


@pytest.mark.parametrize(
    "call, error, text",
    [
        (lambda: iou(np.ones((2, 3)), SQUARES), ShapeError, r"iou: got A of shape \(2, 3\), expected \(2, 4\)."),
        (lambda: iou(SQUARES, SQUARES[0]), ShapeError, r"iou: got B of shape \(4,\), expected 2 axes."),
        (lambda: iou(SQUARES, SQUARES[:, ::-1]), RangeError, "iou: got a box in B with x2 < x1 or y2 < y1, expected"),
        (lambda: nms(SQUARES, np.ones(2), 0.5), ShapeError, r"nms: got scores of shape \(2,\), expected \(3,\)."),
        (lambda: nms(SQUARES, np.ones(3), np.ones(3)), ShapeError, r"nms: got thr of shape \(3,\), expected \(\)."),
    ],
)
def test_errors_say_what_was_got_and_expected(call, error, text):
    """Each refusal names the function, the argument, what it got and what it expected."""
    with pytest.raises(error, match=text):
        call()
