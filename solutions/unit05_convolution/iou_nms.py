"""Answer key: overlap of boxes and non-maximum suppression (unit 5)."""

import numpy as np

from autograder.key import N0, Key, close, standard
from dlmath_ref import iou, nms

key = Key("unit05_convolution/iou_nms", reference={"iou": iou, "nms": nms}, bans=N0)

WORKED, OVERLAPS = "three_boxes_by_hand", "overlaps_of_boxes_in_every_position"
BEST, EQUAL = "the_best_box_suppresses_all_that_overlap_it", "an_overlap_equal_to_the_threshold_may_stay"
UNCHANGED = "one_box_and_inputs_of_any_dtype_and_layout"
KEPT = "the indices of the boxes kept"

# Around the first one: itself, apart sideways, below, sideways and below, touching, within, around, crossing.
PLACES = np.array(
    [
        [0.0, 0.0, 4.0, 2.0],
        [6.0, 0.0, 9.0, 2.0],
        [0.0, 5.0, 4.0, 6.0],
        [7.0, 4.0, 9.0, 8.0],
        [4.0, 1.0, 6.0, 3.0],
        [1.0, 0.5, 2.0, 1.5],
        [-1.0, -1.0, 8.0, 4.0],
        [3.0, -2.0, 5.0, 1.0],
    ]
)
# From the highest score down: the first suppresses the third, which then cannot suppress the fourth; the second is
# elsewhere and suppresses the last. Overlaps are so far from the threshold that a slip in iou alone changes nothing.
THRESHOLD = 0.25
CHAIN = np.array(
    [[0.0, 0.0, 4.0, 2.0], [10.0, 9.0, 14.0, 11.0], [1.5, 0.0, 5.5, 2.0], [3.0, 0.0, 7.0, 2.0], [10.0, 9.0, 14.0, 12.0]]
)


def chain(rng):
    """The boxes of CHAIN in a random order, the best one last, with their scores and the indices kept."""
    place = np.append(rng.permutation([1, 2, 3, 4]), 0)
    scores = np.sort(rng.uniform(0, 0.05, size=5) + np.arange(5) / 10)[::-1]
    boxes = CHAIN * rng.uniform(2, 4) + np.tile(rng.normal(size=2), 2)
    return boxes[place], scores[place], np.argsort(place)[[0, 1, 3]]


@key.part("worked", weight=1)
def three_boxes_by_hand(answer, rng):
    abc = np.array([[0.0, 0, 2, 2], [1, 1, 3, 3], [0, 0, 2, 1]])
    close(answer.iou(abc, abc[:2]), np.array([[1, 1 / 7], [1 / 7, 1], [1 / 2, 0]]), what="the table of overlaps")
    scores = np.array([0.9, 0.8, 0.7])
    close(answer.nms(abc, scores, 0.4), np.array([0, 1]), what=KEPT)
    close(answer.nms(abc, scores, 0.5), np.array([0, 1, 2]), what=KEPT)


@key.part("core", weight=1)
def overlaps_of_boxes_in_every_position(answer, rng):
    boxes = PLACES * rng.uniform(1, 3) + np.tile(rng.normal(size=2), 2)
    close(answer.iou(boxes, boxes[:3]), iou(boxes, boxes[:3]), what="the table of overlaps")


@key.part("core", weight=1)
def the_best_box_suppresses_all_that_overlap_it(answer, rng):
    boxes, scores, kept = chain(rng)
    close(answer.nms(boxes, scores, THRESHOLD), kept, what=KEPT)


@key.part("edge", weight=0.5)
def an_overlap_equal_to_the_threshold_may_stay(answer, rng):
    halves = np.array([[0.0, 0.0, 2.0, 1.0], [8.0, 8.0, 9.0, 9.0], [0.0, 0.0, 2.0, 2.0], [0.0, 0.0, 4.0, 2.0]])
    boxes = halves * 2.0 ** rng.integers(-2, 3) + rng.integers(-4, 5)  # exact: IoU 1/2, 1/4 and 1/2
    scores = np.roll([0.9, 0.75, 0.5, 0.25], rng.integers(1, 4))
    close(answer.nms(boxes, scores, 0.5), np.argsort(-scores), what=KEPT)


@key.part("edge", weight=0.5)
def one_box_and_inputs_of_any_dtype_and_layout(answer, rng):
    boxes, scores, _ = chain(rng)
    close(answer.nms(boxes[:1], scores[:1], THRESHOLD), np.array([0]), what=KEPT)
    standard(answer.iou, (boxes, boxes[1:2]), iou, what="the table of overlaps")
    standard(answer.nms, (boxes, scores, THRESHOLD), nms, what=KEPT)


@key.accept
class by_loops:
    def iou(A, B):
        table = np.zeros((len(A), len(B)))
        for i, a in enumerate(A):
            for j, b in enumerate(B):
                w, h = min(a[2], b[2]) - max(a[0], b[0]), min(a[3], b[3]) - max(a[1], b[1])
                both = w * h if w > 0 and h > 0 else 0.0
                table[i, j] = both / ((a[2] - a[0]) * (a[3] - a[1]) + (b[2] - b[0]) * (b[3] - b[1]) - both)
        return table

    def nms(boxes, scores, thr):
        kept, left = [], sorted(range(len(scores)), key=lambda k: scores[k])
        while left:
            best = left.pop()
            kept.append(best)
            left = [k for k in left if iou(boxes[best : best + 1], boxes[k : k + 1])[0, 0] <= thr]
        return np.array(kept)


@key.accept
class by_masks:
    def iou(A, B):
        low, high = np.maximum(A[:, None], B), np.minimum(A[:, None], B)
        both = (high[..., 2] - low[..., 0]).clip(0) * (high[..., 3] - low[..., 1]).clip(0)
        sizes = [np.prod(boxes[:, 2:] - boxes[:, :2], axis=1) for boxes in (A, B)]
        return both / np.subtract(np.add.outer(*sizes), both)

    def nms(boxes, scores, thr):
        table, alive, kept = iou(boxes, boxes), np.ones(len(boxes), dtype=bool), []
        while alive.any():
            best = np.argmax(np.where(alive, scores, -np.inf))
            kept.append(best)
            alive &= table[best] <= thr
            alive[best] = False
        return np.asarray(kept, dtype=np.int32)


def sides(A, B):
    """Widths and heights of the intersections, negative where there is none."""
    return np.moveaxis(np.minimum(A[:, None, 2:], B[:, 2:]) - np.maximum(A[:, None, :2], B[:, :2]), -1, 0)


def areas(A, B):
    """The areas of both, as a column and a row."""
    return np.prod(A[:, 2:] - A[:, :2], axis=1)[:, None], np.prod(B[:, 2:] - B[:, :2], axis=1)


def table(boxes):
    w, h = np.maximum(sides(boxes, boxes), 0)
    a, b = areas(boxes, boxes)
    return w * h / (a + b - w * h)


NEGATIVE = "Boxes that do not meet share nothing: width and height of the intersection are at least 0, each for itself."


@key.reject(NEGATIVE, fails=[OVERLAPS, UNCHANGED], function="iou")
def negative_overlap(A, B):
    w, h = sides(A, B)
    a, b = areas(A, B)
    return w * h / (a + b - w * h)


@key.reject(NEGATIVE, fails=[OVERLAPS, UNCHANGED], function="iou")
def product_cut_off(A, B):
    w, h = sides(A, B)
    a, b = areas(A, B)
    both = np.maximum(w * h, 0)
    return both / (a + b - both)


@key.reject(
    "The intersection belongs to both areas: your union counts it twice.",
    fails=[WORKED, OVERLAPS, UNCHANGED],
    function="iou",
)
def union_counts_twice(A, B):
    w, h = np.maximum(sides(A, B), 0)
    a, b = areas(A, B)
    return w * h / (a + b)


def in_pixels(A, B):
    w, h = np.maximum(sides(A, B) + 1, 0)
    a, b = (np.prod(boxes[:, 2:] - boxes[:, :2] + 1, axis=1) for boxes in (A, B))
    return w * h / (a[:, None] + b - w * h)


@key.reject(
    "Boxes are continuous: a side is x2 - x1 long, without 1 added.", fails=[WORKED, OVERLAPS, EQUAL, UNCHANGED]
)
class one_pixel_more:
    def iou(A, B):
        return in_pixels(A, B)

    def nms(boxes, scores, thr):
        kept, overlap = [], in_pixels(boxes, boxes)
        for i in np.argsort(-scores):
            if all(overlap[i, j] <= thr for j in kept):
                kept.append(i)
        return np.array(kept)


@key.reject("Start with the highest score, not the lowest.", fails=[WORKED, BEST, EQUAL, UNCHANGED], function="nms")
def lowest_first(boxes, scores, thr):
    kept, overlap = [], table(boxes)
    for i in np.argsort(scores):
        if all(overlap[i, j] <= thr for j in kept):
            kept.append(i)
    return np.array(kept)


@key.reject("Only a box whose IoU is greater than the threshold is dropped.", fails=[WORKED, EQUAL], function="nms")
def dropped_at_the_threshold(boxes, scores, thr):
    kept, overlap = [], table(boxes)
    for i in np.argsort(-scores):
        if all(overlap[i, j] < thr for j in kept):
            kept.append(i)
    return np.array(kept)


@key.reject(
    "A box that is kept suppresses all later boxes that overlap it, not only the next one.",
    fails=[WORKED, BEST, UNCHANGED],
    function="nms",
)
def compared_with_the_last_one_kept(boxes, scores, thr):
    kept, overlap = [], table(boxes)
    for i in np.argsort(-scores):
        if not kept or overlap[i, kept[-1]] <= thr:
            kept.append(i)
    return np.array(kept)


@key.reject("A box that was dropped suppresses nothing any more.", fails=[BEST, UNCHANGED], function="nms")
def dropped_boxes_suppress(boxes, scores, thr):
    order, overlap = np.argsort(-scores), table(boxes)
    return np.array([i for k, i in enumerate(order) if all(overlap[i, j] <= thr for j in order[:k])])


@key.reject(
    "You number the boxes by their place in the sorted list; return the places where they were given.",
    fails=[BEST, EQUAL, UNCHANGED],
    function="nms",
)
def places_in_the_sorted_list(boxes, scores, thr):
    kept, overlap = [], table(boxes[np.argsort(-scores)])
    for i in range(len(boxes)):
        if all(overlap[i, j] <= thr for j in kept):
            kept.append(i)
    return np.array(kept)


@key.reject("List the kept boxes from the highest score down.", fails=[BEST, EQUAL, UNCHANGED], function="nms")
def in_the_order_of_the_boxes(boxes, scores, thr):
    kept, overlap = [], table(boxes)
    for i in np.argsort(-scores):
        if all(overlap[i, j] <= thr for j in kept):
            kept.append(i)
    return np.sort(np.array(kept))


SYMMETRIC = "maximum and minimum are symmetric in their arguments."
key.equivalent("np.maximum(A[:, None, :2], B[None, :, :2]) -> np.maximum(B[None, :, :2], A[:, None, :2])", SYMMETRIC)
key.equivalent("np.minimum(A[:, None, 2:], B[None, :, 2:]) -> np.minimum(B[None, :, 2:], A[:, None, 2:])", SYMMETRIC)
key.equivalent("np.maximum(lower_right - upper_left, 0) -> np.maximum(0, lower_right - upper_left)", SYMMETRIC)
key.equivalent(
    "np.array(kept, dtype=int) -> np.array(kept)", "Indices make an array of integers; one box is always kept."
)
