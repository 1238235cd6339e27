"""Answer key: the ROC curve and the area below it (unit 1)."""

import numpy as np

from autograder.key import N0, Key, check, close, raises, standard
from dlmath_ref import roc_auc

key = Key("unit01_machine_learning/roc_auc", reference=roc_auc, bans=N0)

NAMES = ("fpr", "tpr", "the area")


def sample(rng, positives, negatives):
    """Labels and scores of samples in random order; the k-th largest score belongs to positives[k] and negatives[k].

    Of equal scores the positive samples come first, so that following the order of the samples shows in the area.
    """
    m = len(positives)
    values = np.sort(np.linspace(-1.5, 2, m) + rng.uniform(-0.4, 0.4, size=m) / m)[::-1]
    step, label = [
        np.concatenate([np.repeat(a, positives), np.repeat(b, negatives)])
        for a, b in ((np.arange(m), np.arange(m)), (np.ones(m, int), np.zeros(m, int)))
    ]
    order = rng.permutation(len(step))
    step, label = step[order], label[order]
    for k in range(m):
        label[step == k] = np.sort(label[step == k])[::-1]
    return label, values[step]


def agree(answer, y, s):
    close(answer(y.copy(), s.copy()), roc_auc(y, s), what=NAMES)


def pair_count(y, s):
    """Share of the pairs of a positive and a negative sample in the right order; equal scores count half."""
    difference = s[y == 1][:, None] - s[y == 0]
    return float(np.mean((difference > 0) + 0.5 * (difference == 0)))


@key.part("worked", weight=1)
def five_samples_without_ties(answer, rng):
    fpr, tpr = np.array([0, 0, 0, 0.5, 0.5, 1]), np.array([0, 1 / 3, 2 / 3, 2 / 3, 1, 1])
    got = answer(np.array([1, 1, 0, 1, 0]), np.array([0.9, 0.8, 0.7, 0.6, 0.1]))
    close(got, (fpr, tpr, 5 / 6), what=NAMES)


@key.part("core", weight=2)
def each_distinct_score_is_a_point(answer, rng):
    agree(answer, *sample(rng, [1, 0, 1, 1, 0, 1, 1, 0, 0, 1], [0, 1, 0, 0, 1, 0, 0, 1, 1, 0]))
    y, s = sample(rng, [0, 1, 0, 1, 1], [1, 0, 1, 0, 0])
    for near in (s, 2.0**-30 * s, 1 + 2.0**-20 * s):
        agree(answer, y, near)


@key.part("core", weight=2)
def equal_scores_are_one_step(answer, rng):
    agree(answer, *sample(rng, [2, 1, 3, 1, 1], [1, 0, 2, 4, 2]))
    agree(answer, *sample(rng, [4, 2, 1], [1, 3, 5]))


@key.part("core", weight=1)
def the_area_is_the_share_of_pairs_in_order(answer, rng):
    for counts in ([[2, 1, 3, 1, 1], [1, 0, 2, 4, 2]], [[1, 3, 0, 2, 1], [2, 1, 2, 0, 3]]):
        y, s = sample(rng, *counts)
        got = answer(y.copy(), s.copy())
        check(type(got) in (tuple, list) and len(got) == 3, "The result must be the tuple (fpr, tpr, auc).")
        close(got[2], pair_count(y, s), what="the area")


@key.part("core", weight=1)
def perfect_useless_and_reversed_scores(answer, rng):
    y, s = sample(rng, [1, 1, 1, 0, 0], [0, 0, 0, 1, 1])
    agree(answer, y, s)
    agree(answer, y, -s)
    y, s = sample(rng, [3], [2])
    close(answer(y, s), (np.array([0.0, 1.0]), np.array([0.0, 1.0]), 0.5), what=NAMES)


@key.part("edge", weight=1)
def a_missing_class_is_a_value_error(answer, rng):
    for y in (np.ones(4, int), np.zeros(3, int)):
        s = rng.normal(size=len(y))
        raises(ValueError, lambda y=y, s=s: answer(y, s), "Where a class is missing")


@key.part("edge", weight=1)
def inputs_stay_unchanged_in_any_dtype_and_layout(answer, rng):
    standard(answer, sample(rng, [2, 1, 0, 2], [1, 1, 2, 0]), roc_auc, what=NAMES)


@key.accept
def by_a_loop_over_the_thresholds(y, s):
    if len(set(y.tolist())) < 2:
        raise ValueError("both classes are needed")
    fpr, tpr, auc = [0.0], [0.0], 0.0
    for threshold in sorted(set(s.tolist()), reverse=True):
        alarm = s >= threshold
        fpr.append((alarm & (y == 0)).sum() / (y == 0).sum())
        tpr.append((alarm & (y == 1)).sum() / (y == 1).sum())
        auc += (fpr[-1] - fpr[-2]) * (tpr[-1] + tpr[-2]) / 2
    return np.array(fpr), np.array(tpr), auc


@key.accept
def by_comparison_with_all_thresholds(y, s):
    if y.min() == y.max():
        raise ValueError
    thresholds = np.append(np.inf, np.unique(s)[::-1])
    alarms = s >= thresholds[:, None]  # (m + 1, n)
    fpr, tpr = alarms[:, y == 0].mean(axis=1), alarms[:, y == 1].mean(axis=1)
    return fpr, tpr, np.trapezoid(tpr, fpr)


@key.accept
def area_by_ranks(y, s):
    positives = int(np.count_nonzero(y))
    negatives = y.size - positives
    if not positives or not negatives:
        raise ValueError("one class is missing")
    _, step, size = np.unique(s, return_inverse=True, return_counts=True)
    ranks = (np.cumsum(size) - (size - 1) / 2)[step]  # from 1, the mean rank of equal scores
    auc = (ranks[y == 1].sum() - positives * (positives + 1) / 2) / (positives * negatives)
    tpr = np.cumsum(np.bincount(step, weights=y == 1)[::-1]) / positives
    fpr = np.cumsum(np.bincount(step, weights=y == 0)[::-1]) / negatives
    return [np.insert(fpr, 0, 0), np.insert(tpr, 0, 0), auc]


def _refuse(y):
    if np.all(y == y[0]):
        raise ValueError("both classes are needed")


def _curve(y, s):
    """The points of the curve, (0, 0) included."""
    thresholds = np.unique(s)[::-1]
    fpr = [np.mean(s[y == 0] >= t) for t in thresholds]
    tpr = [np.mean(s[y == 1] >= t) for t in thresholds]
    return np.array([0.0, *fpr]), np.array([0.0, *tpr])


def _area(fpr, tpr):
    return float(np.sum((tpr[1:] + tpr[:-1]) / 2 * np.diff(fpr)))


CURVE = [
    "five_samples_without_ties",
    "each_distinct_score_is_a_point",
    "equal_scores_are_one_step",
    "perfect_useless_and_reversed_scores",
    "inputs_stay_unchanged_in_any_dtype_and_layout",
]
AREA = "the_area_is_the_share_of_pairs_in_order"
TIES = "Equal scores must move the curve in one step; your area depends on the order inside ties."


def _one_by_one(y, s, order):
    y = y[order]
    fpr, tpr = np.append(0, np.cumsum(y == 0) / np.sum(y == 0)), np.append(0, np.cumsum(y == 1) / np.sum(y == 1))
    return fpr, tpr, _area(fpr, tpr)


@key.reject(
    TIES,
    fails=[
        "equal_scores_are_one_step",
        AREA,
        "perfect_useless_and_reversed_scores",
        "inputs_stay_unchanged_in_any_dtype_and_layout",
    ],
)
def ties_not_grouped(y, s):
    _refuse(y)
    return _one_by_one(y, s, np.argsort(-s, kind="stable"))


@key.reject(
    TIES,
    fails=[
        "equal_scores_are_one_step",
        AREA,
        "perfect_useless_and_reversed_scores",
        "inputs_stay_unchanged_in_any_dtype_and_layout",
    ],
)
def ties_in_reverse_order(y, s):
    _refuse(y)
    return _one_by_one(y, s, np.argsort(s, kind="stable")[::-1])


@key.reject("The threshold must go down; your curve is that of the negated score.", fails=[*CURVE, AREA])
def ascending_threshold(y, s):
    _refuse(y)
    fpr, tpr = _curve(y, -s)
    return fpr, tpr, _area(fpr, tpr)


@key.reject(
    "Use trapezoids for the area; rectangles lose half of every tie.",
    fails=[
        "equal_scores_are_one_step",
        AREA,
        "perfect_useless_and_reversed_scores",
        "inputs_stay_unchanged_in_any_dtype_and_layout",
    ],
)
def left_riemann(y, s):
    _refuse(y)
    fpr, tpr = _curve(y, s)
    return fpr, tpr, float(np.sum(tpr[:-1] * np.diff(fpr)))


AXES = "The false-positive rate is the x-axis and comes first; you exchange it with the true-positive rate."


@key.reject(AXES, fails=[*CURVE, AREA])
def axes_swapped(y, s):
    _refuse(y)
    fpr, tpr = _curve(y, s)
    return tpr, fpr, _area(tpr, fpr)


@key.reject(AXES, fails=CURVE)
def returned_in_the_other_order(y, s):
    _refuse(y)
    fpr, tpr = _curve(y, s)
    return tpr, fpr, _area(fpr, tpr)


@key.reject("The curve starts at (0, 0); yours at the highest score.", fails=[*CURVE, AREA])
def no_origin(y, s):
    _refuse(y)
    fpr, tpr = _curve(y, s)
    return fpr[1:], tpr[1:], _area(fpr[1:], tpr[1:])


@key.reject(
    "Your curve ends before (1, 1): scores equal to the threshold are alarms, too.",
    fails=[*CURVE, AREA],
)
def strictly_above_the_threshold(y, s):
    _refuse(y)
    fpr, tpr = _curve(y, s)
    return fpr[:-1], tpr[:-1], _area(fpr[:-1], tpr[:-1])


@key.reject(
    "Each rate is a share of its own class: divide by the number of samples with that label, not by all.",
    fails=[*CURVE, AREA],
)
def shares_of_all_samples(y, s):
    _refuse(y)
    fpr, tpr = _curve(y, s)
    fpr, tpr = fpr * np.mean(y == 0), tpr * np.mean(y == 1)
    return fpr, tpr, _area(fpr, tpr)


@key.reject(
    "You leave out points where the curve goes straight on; every distinct score has its point.",
    fails=[
        "five_samples_without_ties",
        "each_distinct_score_is_a_point",
        "perfect_useless_and_reversed_scores",
    ],
)
def corners_only(y, s):
    _refuse(y)
    fpr, tpr = _curve(y, s)
    turns = np.diff(fpr)[1:] * np.diff(tpr)[:-1] != np.diff(fpr)[:-1] * np.diff(tpr)[1:]
    keep = np.concatenate([[True], turns, [True]])
    return fpr[keep], tpr[keep], _area(fpr, tpr)


@key.reject(
    "You take scores that are merely close for equal; only equal ones cross a threshold together.",
    fails=["each_distinct_score_is_a_point"],
)
def close_scores_grouped(y, s):
    _refuse(y)
    values = np.sort(s)[::-1]
    last = np.append(~np.isclose(values[1:], values[:-1]), True)
    fpr = np.array([0.0, *(np.mean(s[y == 0] >= t) for t in values[last])])
    tpr = np.array([0.0, *(np.mean(s[y == 1] >= t) for t in values[last])])
    return fpr, tpr, _area(fpr, tpr)


@key.reject(
    "With one class missing a rate would be 0/0: raise a ValueError instead of returning numbers.",
    fails=["a_missing_class_is_a_value_error"],
)
def missing_class_gives_nan(y, s):
    fpr, tpr = _curve(y, s)
    return fpr, tpr, _area(fpr, tpr)


@key.reject(
    "You notice only one of the two missing classes: without positives there is no curve either.",
    fails=["a_missing_class_is_a_value_error"],
)
def only_missing_negatives_refused(y, s):
    if np.all(y == 1):
        raise ValueError("no negative sample")
    fpr, tpr = _curve(y, s)
    return fpr, tpr, _area(fpr, tpr)
