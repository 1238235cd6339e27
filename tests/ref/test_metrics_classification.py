"""Confusion matrices, short lists, precision and recall, ROC curves."""

from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from sklearn import metrics

from dlmath_ref import RangeError, ShapeError, confusion_matrix, precision_recall_f1, roc_auc, topk_accuracy

T64 = {"rtol": 1e-12, "atol": 1e-14}
AVERAGES = ["macro", "micro"]
labels = arrays(np.int64, 12, elements=st.integers(0, 3))
counts = arrays(np.int64, (3, 3), elements=st.integers(0, 6))


def test_five_samples_by_hand():
    """Of class 0 one is right and one taken for 1, of class 2 one is right and one taken for 0."""
    got = confusion_matrix(np.array([0, 0, 1, 2, 2]), np.array([0, 1, 1, 2, 0]), 3)
    assert got.tolist() == [[1, 1, 0], [0, 1, 0], [1, 0, 1]]
    assert got.dtype == np.int64


@given(labels, labels)
def test_counts_match_scikit_learn(y, yhat):
    """scikit-learn counts the same, in the same layout, zero rows and columns included."""
    assert np.array_equal(confusion_matrix(y, yhat, 5), metrics.confusion_matrix(y, yhat, labels=range(5)))


@given(labels, labels)
def test_margins_are_the_class_counts(y, yhat):
    """Rows sum to the true classes, columns to the predicted ones; exchanging both transposes."""
    C = confusion_matrix(y, yhat, 4)
    assert np.array_equal(C.sum(1), np.bincount(y, minlength=4))
    assert np.array_equal(C.sum(0), np.bincount(yhat, minlength=4))
    assert np.array_equal(confusion_matrix(yhat, y, 4), C.T)


def test_no_samples_make_zeros():
    """Without samples all counts are 0."""
    assert confusion_matrix(np.array([], int), np.array([], int), 2).tolist() == [[0, 0], [0, 0]]


def test_top_k_by_hand():
    """The truth has the second largest score in one of two samples."""
    scores = np.array([[0.5, 0.3, 0.2], [0.1, 0.2, 0.7]])
    assert [topk_accuracy(scores, np.array([1, 2]), k) for k in (1, 2, 3)] == [0.5, 1, 1]


@given(st.integers(0, 2**32))
def test_top_k_matches_scikit_learn_and_grows(seed):
    """scikit-learn's top_k_accuracy_score without ties; a longer list is never worse, that of all classes is right."""
    rng = np.random.default_rng(seed)
    scores, y = rng.permuted(np.tile(np.arange(5.0), (8, 1)), axis=1), rng.integers(5, size=8)
    got = [topk_accuracy(scores, y, k) for k in range(1, 6)]
    expected = [metrics.top_k_accuracy_score(y, scores, k=k, labels=range(5)) for k in range(1, 5)]
    np.testing.assert_allclose(got, [*expected, 1], **T64)
    assert (np.diff(got) >= 0).all()


def test_a_shared_score_counts_as_on_the_list():
    """Two equal largest scores are both among the one largest; infinite scores can be compared."""
    assert topk_accuracy(np.array([[1.0, 1.0, 0.0]]), np.array([1]), 1) == 1
    assert topk_accuracy(np.array([[np.inf, -np.inf, 0.0]]), np.array([2]), 1) == 0


def test_the_published_digit_classifier():
    """TP, FN, FP, TN = 1000, 135, 84, 8781 on MNIST: 0.9225, 0.8811, 0.9013 in the book's repository."""
    got = precision_recall_f1(np.array([[8781, 84], [135, 1000]]), "binary")
    np.testing.assert_allclose(got, [float(Fraction(1000, d)) for d in (1084, 1135)] + [2000 / 2219], **T64)
    assert np.round(got, 4).tolist() == [0.9225, 0.8811, 0.9013]


def test_macro_and_micro_by_hand():
    """Classes with P = 1/2, 1/2, 1, R = 1/2, 1, 1/2 and F1 = 1/2, 2/3, 2/3; three of five are right."""
    C = np.array([[1, 1, 0], [0, 1, 0], [1, 0, 1]])
    np.testing.assert_allclose(precision_recall_f1(C, "macro"), [2 / 3, 2 / 3, 11 / 18], **T64)
    np.testing.assert_allclose(precision_recall_f1(C, "micro"), [3 / 5] * 3, **T64)


@given(counts, st.sampled_from(AVERAGES), st.sampled_from([0.0, 1.0]))
def test_averages_match_scikit_learn(C, average, zero_division):
    """precision_recall_fscore_support on labels with these counts, empty rows and columns included."""
    y, yhat = np.repeat(np.argwhere(C >= 0), C.ravel(), axis=0).T
    if len(y):  # scikit-learn refuses no samples at all
        expected = metrics.precision_recall_fscore_support(
            y, yhat, labels=range(3), average=average, zero_division=zero_division
        )
        np.testing.assert_allclose(precision_recall_f1(C, average, zero_division), expected[:3], **T64)


@given(arrays(np.int64, (2, 2), elements=st.integers(0, 6)), st.sampled_from([0.0, 1.0]))
def test_binary_matches_scikit_learn(C, zero_division):
    """The positive class is 1."""
    y, yhat = np.repeat(np.argwhere(C >= 0), C.ravel(), axis=0).T
    if len(y):
        expected = metrics.precision_recall_fscore_support(
            y, yhat, labels=[0, 1], pos_label=1, average="binary", zero_division=zero_division
        )
        np.testing.assert_allclose(precision_recall_f1(C, "binary", zero_division), expected[:3], **T64)


def test_zero_over_zero_is_what_was_asked():
    """Nothing predicted positive: P is zero_division, R and F1 are true zeros."""
    assert precision_recall_f1(np.array([[9, 0], [4, 0]]), "binary", 0.25) == (0.25, 0, 0)
    assert precision_recall_f1(np.zeros((2, 2), int), "micro", 0.25) == (0.25, 0.25, 0.25)


@given(counts.filter(lambda C: C.sum() > 0))
def test_micro_averages_are_the_accuracy(C):
    """Each wrong sample is one false positive and one false negative."""
    np.testing.assert_allclose(precision_recall_f1(C, "micro"), [np.trace(C) / C.sum()] * 3, **T64)


@given(counts)
def test_transposing_exchanges_precision_and_recall(C):
    """Rows and columns trade places; F1 stays."""
    P, R, F1 = precision_recall_f1(C, "macro", 0.5)
    np.testing.assert_allclose(precision_recall_f1(C.T, "macro", 0.5), (R, P, F1), **T64)


def test_roc_of_five_samples_by_hand():
    """Up, up, right, up, right: five sixths of the square."""
    fpr, tpr, auc = roc_auc(np.array([1, 1, 0, 1, 0]), np.array([0.9, 0.8, 0.7, 0.6, 0.1]))
    np.testing.assert_allclose(fpr, [0, 0, 0, 1 / 2, 1 / 2, 1], **T64)
    np.testing.assert_allclose(tpr, [0, 1 / 3, 2 / 3, 2 / 3, 1, 1], **T64)
    assert auc == pytest.approx(5 / 6, rel=1e-14)


both_classes = arrays(np.int64, 12, elements=st.integers(0, 1)).filter(lambda y: 0 < y.sum() < 12)
with_ties = arrays(np.float64, 12, elements=st.integers(-3, 3).map(lambda i: i / 4))


@given(both_classes, with_ties)
def test_curve_and_area_match_scikit_learn(y, s):
    """roc_curve with all its points, and roc_auc_score, ties included."""
    fpr, tpr, auc = roc_auc(y, s)
    theirs = metrics.roc_curve(y, s, drop_intermediate=False)
    np.testing.assert_allclose(fpr, theirs[0], **T64)
    np.testing.assert_allclose(tpr, theirs[1], **T64)
    assert auc == pytest.approx(metrics.roc_auc_score(y, s), rel=1e-12)


@given(both_classes, with_ties)
def test_area_is_the_share_of_pairs_in_order(y, s):
    """P(s+ > s-) + P(s+ = s-) / 2 over all pairs; negating the score gives the rest."""
    difference = s[y == 1][:, None] - s[y == 0]
    assert roc_auc(y, s)[2] == pytest.approx(np.mean((difference > 0) + (difference == 0) / 2), rel=1e-12)
    assert roc_auc(y, s)[2] + roc_auc(y, -s)[2] == pytest.approx(1, rel=1e-12)


@given(both_classes, with_ties)
def test_only_the_order_of_scores_counts(y, s):
    """An increasing function of the score leaves curve and area as they are."""
    for a, b in zip(roc_auc(y, s), roc_auc(y, np.exp(3 * s)), strict=True):
        assert np.array_equal(a, b)


def test_equal_infinite_and_single_precision_scores():
    """All equal: two points and one half. Infinite scores are first and last. float32 stays float32."""
    fpr, tpr, auc = roc_auc(np.array([1, 0, 1]), np.ones(3))
    assert fpr.tolist() == tpr.tolist() == [0, 1] and auc == 0.5
    assert roc_auc(np.array([1, 0]), np.array([np.inf, -np.inf]))[2] == 1
    assert {a.dtype for a in roc_auc(np.array([1, 0]), np.ones(2, np.float32))[:2]} == {np.dtype(np.float32)}


def test_predictions_by_pure_chance_have_area_one_half():
    """Of 4,000 scores that know nothing, the area is 1/2 within 7 standard deviations, 7 / sqrt(12 * 1000) = 0.064."""
    rng = np.random.default_rng(3)
    assert abs(roc_auc(rng.integers(2, size=4000), rng.random(4000))[2] - 0.5) < 0.064


@pytest.mark.parametrize(
    "call, error, text",
    [
        (
            lambda: confusion_matrix([0, 3], [0, 1], 3),
            RangeError,
            r"confusion_matrix: got y in \[0, 3\], expected .*\[0, 3\).",
        ),
        (lambda: confusion_matrix([0, 1], [0], 3), ShapeError, r"got yhat of shape \(1,\), expected \(2,\)."),
        (lambda: confusion_matrix([0], [0], 0), RangeError, "got K = 0, expected an integer of at least 1."),
        (lambda: topk_accuracy(np.ones((0, 2)), np.array([], int), 1), ShapeError, "expected at least one row."),
        (
            lambda: topk_accuracy(np.ones((1, 2)), [0], 3),
            RangeError,
            "topk_accuracy: got k = 3, expected at most K = 2.",
        ),
        (lambda: topk_accuracy(np.ones((1, 2)), [0], 0), RangeError, "got k = 0, expected an integer of at least 1."),
        (
            lambda: precision_recall_f1(np.ones((3, 3)), "binary"),
            ShapeError,
            r"got C of shape \(3, 3\), expected \(2, 2\).",
        ),
        (
            lambda: precision_recall_f1(np.ones((2, 3)), "macro"),
            ShapeError,
            r"got C of shape \(2, 3\), expected \(2, 2\).",
        ),
        (lambda: precision_recall_f1(np.ones((0, 0)), "macro"), ShapeError, "expected at least one class."),
        (
            lambda: precision_recall_f1(-np.ones((2, 2)), "macro"),
            RangeError,
            "got an entry -1 of C, expected counts of at",
        ),
        (
            lambda: precision_recall_f1(np.ones((2, 2)), "mean"),
            RangeError,
            'average = \'mean\', expected "binary", "macro"',
        ),
        (lambda: roc_auc([1, 1], [0.1, 0.2]), RangeError, "got 0 labels 0 and 2 labels 1, expected both classes."),
        (lambda: roc_auc([0, 0], [0.1, 0.2]), ValueError, "got 2 labels 0 and 0 labels 1, expected both classes."),
        (lambda: roc_auc([0, 1], [0.1, np.nan]), RangeError, "roc_auc: got a score that is nan"),
        (
            lambda: roc_auc([0, 2], [0.1, 0.2]),
            RangeError,
            r"roc_auc: got y in \[0, 2\], expected integers in \[0, 2\).",
        ),
    ],
)
def test_errors_say_what_was_got_and_expected(call, error, text):
    """Each refusal names the argument, what it was and what it must be."""
    with pytest.raises(error, match=text):
        call()
