"""Boxes around objects: how much two of them overlap, and which of many to keep."""

import numpy as np

from dlmath_ref import _check
from dlmath_ref.errors import RangeError, ShapeError

__all__ = ["iou", "nms"]


def iou(A, B):
    r"""Intersection over union of every box of A with every box of B.

    Equation:
        IoU(a, b) = |a n b| / |a u b|,  |a u b| = |a| + |b| - |a n b|
        |a n b| = max(0, min(a_x2, b_x2) - max(a_x1, b_x1)) * max(0, min(a_y2, b_y2) - max(a_y1, b_y1))

    Args:
        A: (n, 4) float. Boxes (x1, y1, x2, y2), corners x1 <= x2 and y1 <= y2.
        B: (m, 4) float. Boxes, corners as those of A.

    Returns:
        (n, m) float in [0, 1], dtype of A and B. Two boxes without area have the value 0.

    Raises:
        ShapeError: A is not (n, 4), or B not (m, 4).
        RangeError: a box has x2 < x1 or y2 < y1.

    Stability:
        Nothing cancels but the corners' own coordinates.

    Source:
        Liquet, Moka, Nazarathy, chapter 6 (localisation). Boxes are continuous: pixels add no 1 to a side.

    >>> iou(np.array([[0.0, 0, 2, 2]]), np.array([[1.0, 1, 3, 3], [2, 0, 4, 2]]))
    array([[0.14285714, 0.        ]])
    """
    A, B = _boxes("iou", "A", A), _boxes("iou", "B", B)
    top_left = np.maximum(A[:, None, :2], B[None, :, :2])  # (n, m, 2)
    bottom_right = np.minimum(A[:, None, 2:], B[None, :, 2:])
    intersection = np.prod(np.maximum(bottom_right - top_left, 0), axis=2)  # (n, m)
    union = _area(A)[:, None] + _area(B)[None, :] - intersection
    return np.divide(intersection, union, out=np.zeros_like(intersection), where=union > 0)


def nms(boxes, scores, thr):
    r"""Greedy non-maximum suppression: of boxes around one object, keep the best.

    Equation:
        keep the box with the highest score, drop every other with IoU > thr to it, repeat with what is left

    Args:
        boxes: (n, 4) float. Boxes (x1, y1, x2, y2), corners x1 <= x2 and y1 <= y2.
        scores: (n,) float. Higher is better; of equal scores the first box counts as the higher.
        thr: float. The largest IoU at which both boxes stay.

    Returns:
        (k,) int. Indices of the boxes kept, from the highest score down.

    Raises:
        ShapeError: boxes is not (n, 4), or scores not (n,).
        RangeError: a box has x2 < x1 or y2 < y1.

    Stability:
        A comparison with thr decides: an IoU within rounding of thr may fall on either side.

    Source:
        Liquet, Moka, Nazarathy, chapter 6 (localisation). As torchvision.ops.nms.

    >>> boxes = np.array([[0.0, 0, 2, 2], [0, 0, 2, 3], [5, 5, 6, 6]])
    >>> nms(boxes, np.array([0.6, 0.9, 0.7]), 0.5)
    array([1, 2])
    """
    boxes = _boxes("nms", "boxes", boxes)
    scores = _check.real("nms", "scores", scores, 1)
    _check.same_shape("nms", "scores", scores, (len(boxes),))
    thr = _check.scalar("nms", "thr", thr)
    kept, left = [], np.argsort(-scores, kind="stable")
    while left.size:
        best, left = left[0], left[1:]
        kept.append(best)
        left = left[iou(boxes[[best]], boxes[left])[0] <= thr]
    return np.array(kept, dtype=np.int64)


def _area(boxes):
    return (boxes[:, 2] - boxes[:, 0]) * (boxes[:, 3] - boxes[:, 1])


def _boxes(where, name, boxes):
    boxes = _check.real(where, name, boxes, 2)
    if boxes.shape[1] != 4:
        raise ShapeError(f"{where}: got {name} of shape {boxes.shape}, expected ({len(boxes)}, 4).")
    if (boxes[:, 2:] < boxes[:, :2]).any():
        raise RangeError(f"{where}: got a box in {name} with x2 < x1 or y2 < y1, expected x1 <= x2 and y1 <= y2.")
    return boxes
