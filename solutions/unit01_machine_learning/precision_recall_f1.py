"""Answer key: precision, recall and F1 from a confusion matrix (unit 1)."""

import numpy as np

from autograder.key import N0, Key, close, standard
from dlmath_ref import precision_recall_f1

key = Key("unit01_machine_learning/precision_recall_f1", reference=precision_recall_f1, bans=N0)

NAMES = ("precision", "recall", "F1")


def uneven(rng, K):
    """Counts of which no two are near each other, so that every exchange of rows, columns or classes shows."""
    return rng.permutation(K * K).reshape(K, K) ** 2 * 3 + rng.integers(1, 3, size=(K, K))


def agree(answer, C, *args):
    close(answer(C.copy(), *args), precision_recall_f1(C, *args), what=NAMES)


@key.part("worked", weight=1)
def the_digit_classifier(answer, rng):
    expected = (1000 / 1084, 1000 / 1135, 2000 / 2219)
    close(answer(np.array([[8781, 84], [135, 1000]]), "binary"), expected, what=NAMES)


@key.part("core", weight=2)
def class_one_is_the_positive_one(answer, rng):
    for C in (np.array([[900, 7], [20, 31]]), np.array([[3, 40], [11, 600]]), uneven(rng, 2)):
        agree(answer, C, "binary")
        agree(answer, C, "binary", 1.0)


@key.part("core", weight=2)
def macro_is_the_mean_over_the_classes(answer, rng):
    agree(answer, np.array([[50, 2, 3], [20, 5, 1], [30, 0, 4]]), "macro")
    for K in (2, 3, 5):
        agree(answer, uneven(rng, K), "macro")


@key.part("core", weight=1)
def micro_adds_the_counts_first(answer, rng):
    for K in (3, 5):
        agree(answer, uneven(rng, K), "micro")


@key.part("core", weight=1)
def classes_never_predicted_or_never_seen_count_zero(answer, rng):
    C = uneven(rng, 4)
    C[:, 2] = 0  # never predicted: precision 0/0
    agree(answer, C, "macro")
    C = uneven(rng, 4)
    C[1] = 0  # never seen: recall 0/0
    agree(answer, C, "macro")
    C[:, 1] = 0
    agree(answer, C, "macro")


@key.part("edge", weight=1)
def zero_over_zero_is_zero_division(answer, rng):
    for value in (0.0, 1.0, 0.5):
        agree(answer, np.array([[9, 0], [4, 0]]), "binary", value)
        agree(answer, np.array([[9, 4], [0, 0]]), "binary", value)
        agree(answer, np.array([[9, 0], [0, 0]]), "binary", value)
    C = uneven(rng, 4)
    C[0], C[:, 0], C[:, 3] = 0, 0, 0
    agree(answer, C, "macro", 1.0)
    agree(answer, np.zeros((3, 3), int), "micro", 1.0)


@key.part("edge", weight=0.5)
def a_zero_above_a_positive_count_is_zero(answer, rng):
    for K in (3, 4):
        C = uneven(rng, K)
        C[0, 0] = 0
        agree(answer, C, "macro", 1.0)
    agree(answer, np.array([[7, 2], [5, 0]]), "binary", 1.0)


@key.part("edge", weight=0.5)
def inputs_stay_unchanged_in_any_dtype_and_layout(answer, rng):
    for C in (uneven(rng, 3), uneven(rng, 4).astype(float)):
        standard(answer, (C, "macro"), precision_recall_f1, what=NAMES)


@key.accept
def by_a_loop_over_the_classes(C, average, zero_division=0.0):
    def ratio(above, below):
        return above / below if below else zero_division

    counts = []
    for a in range(len(C)):
        tp = int(C[a, a])
        counts.append((tp, int(C[:, a].sum()) - tp, int(C[a].sum()) - tp))
    if average == "binary":
        counts = counts[1:]
    if average == "micro":
        counts = [tuple(map(sum, zip(*counts, strict=True)))]
    values = [(ratio(t, t + p), ratio(t, t + n), ratio(2 * t, 2 * t + p + n)) for t, p, n in counts]
    return tuple(sum(v) / len(v) for v in zip(*values, strict=True))


@key.accept
def by_divide_where(C, average, zero_division=0.0):
    TP = np.diag(C)
    sums = np.stack([C.sum(axis=0), C.sum(axis=1)])
    below = np.vstack([sums, sums.sum(axis=0)])
    above = np.stack([TP, TP, 2 * TP])
    if average == "micro":
        above, below = above.sum(axis=1, keepdims=True), below.sum(axis=1, keepdims=True)
    values = np.full(above.shape, zero_division, dtype=float)
    np.divide(above, below, out=values, where=below != 0)
    return tuple(values[:, 1] if average == "binary" else values.mean(axis=1))


@key.accept
def by_cases(C, average, zero_division=0.0):
    C = np.asarray(C, dtype=np.float32)
    if average == "micro":
        hits, total = np.trace(C), C.sum()
        share = hits / total if total > 0 else zero_division
        return [share, share, share]
    with np.errstate(divide="ignore", invalid="ignore"):
        P, R = np.diag(C) / C.sum(0), np.diag(C) / C.sum(1)
        F1 = 2 * np.diag(C) / (C.sum(0) + C.sum(1))
    P, R, F1 = (np.nan_to_num(v.astype(float), nan=zero_division) for v in (P, R, F1))
    return [P[1], R[1], F1[1]] if average == "binary" else [P.mean(), R.mean(), F1.mean()]


def _of_class(tp, fp, fn, zero_division):
    return [a / b if b else zero_division for a, b in ((tp, tp + fp), (tp, tp + fn), (2 * tp, 2 * tp + fp + fn))]


def _table(C, average, zero_division):
    """One row of precision, recall and F1 for each class that the average is over."""
    TP = np.diag(C)
    FP, FN = C.sum(0) - TP, C.sum(1) - TP
    if average == "micro":
        TP, FP, FN = [TP.sum()], [FP.sum()], [FN.sum()]
    if average == "binary":
        TP, FP, FN = TP[1:], FP[1:], FN[1:]
    return np.array([_of_class(*counts, zero_division) for counts in zip(TP, FP, FN, strict=True)])


EMPTY = ["classes_never_predicted_or_never_seen_count_zero", "zero_over_zero_is_zero_division"]
MACRO = [
    "macro_is_the_mean_over_the_classes",
    "classes_never_predicted_or_never_seen_count_zero",
    "zero_over_zero_is_zero_division",
    "a_zero_above_a_positive_count_is_zero",
    "inputs_stay_unchanged_in_any_dtype_and_layout",
]


@key.reject(
    "Precision divides by what is predicted positive, a column; recall by what is positive, a row: yours are swapped.",
    fails=["the_digit_classifier", "class_one_is_the_positive_one", *MACRO],
)
def swapped_precision_recall(C, average, zero_division=0.0):
    P, R, F1 = _table(C, average, zero_division).mean(0)
    return R, P, F1


@key.reject(
    "Macro F1 is the mean of the F1 scores of the classes, not the F1 of the mean precision and the mean recall.",
    fails=MACRO,
)
def macro_f1_of_means(C, average, zero_division=0.0):
    P, R, F1 = _table(C, average, zero_division).mean(0)
    return P, R, F1 if average != "macro" else 2 * P * R / (P + R)


@key.reject(
    "F1 is the harmonic mean of precision and recall; yours is the arithmetic one.",
    fails=["the_digit_classifier", "class_one_is_the_positive_one", *MACRO],
)
def arithmetic_mean_f1(C, average, zero_division=0.0):
    rows = _table(C, average, zero_division)
    P, R, _ = rows.mean(0)
    return P, R, (P + R) / 2


@key.reject("A quotient 0/0 must give zero_division; yours is not a number.", fails=EMPTY)
def zero_division_nan(C, average, zero_division=0.0):
    return tuple(_table(C, average, np.nan).mean(0))


@key.reject(
    "A class with 0/0 is left out of your means; it counts with the value zero_division.",
    fails=["classes_never_predicted_or_never_seen_count_zero", "zero_over_zero_is_zero_division"],
)
def empty_classes_left_out(C, average, zero_division=0.0):
    rows = _table(C, average, np.nan)
    return tuple(np.nanmean(rows, axis=0)) if average == "macro" else tuple(_table(C, average, zero_division).mean(0))


@key.reject("Your 0/0 is always 0; it must give zero_division.", fails=["zero_over_zero_is_zero_division"])
def zero_division_ignored(C, average, zero_division=0.0):
    return tuple(_table(C, average, 0.0).mean(0))


@key.reject(
    "Where precision and recall are both 0, F1 is 0/0 in your formula; in terms of counts it is not, but 0.",
    fails=["a_zero_above_a_positive_count_is_zero"],
)
def harmonic_mean_of_zeros(C, average, zero_division=0.0):
    rows = _table(C, average, zero_division)
    rows[(rows[:, 0] == 0) & (rows[:, 1] == 0), 2] = zero_division
    return tuple(rows.mean(0))


@key.reject(
    "The positive class is class 1, the second row and column; you take class 0.",
    fails=[
        "the_digit_classifier",
        "class_one_is_the_positive_one",
        "zero_over_zero_is_zero_division",
        "a_zero_above_a_positive_count_is_zero",
    ],
)
def positive_is_class_0(C, average, zero_division=0.0):
    return tuple(_table(C[::-1, ::-1] if average == "binary" else C, average, zero_division).mean(0))


@key.reject(
    "Micro averages pool the counts over the classes before dividing; yours are the macro averages.",
    fails=["micro_adds_the_counts_first"],
)
def micro_as_macro(C, average, zero_division=0.0):
    return tuple(_table(C, "macro" if average == "micro" else average, zero_division).mean(0))


@key.reject(
    "Micro averages pool the counts before dividing; yours are means over the classes, weighted by their size.",
    fails=["micro_adds_the_counts_first", "zero_over_zero_is_zero_division"],
)
def micro_as_weighted_mean(C, average, zero_division=0.0):
    if average != "micro":
        return tuple(_table(C, average, zero_division).mean(0))
    with np.errstate(invalid="ignore"):
        return tuple(C.sum(1) / C.sum() @ _table(C, "macro", zero_division))


@key.reject(
    "You weight the classes by their size; in the macro average each class counts the same.",
    fails=MACRO,
)
def weighted_by_size(C, average, zero_division=0.0):
    rows = _table(C, average, zero_division)
    return tuple(np.average(rows, axis=0, weights=C.sum(1)) if average == "macro" else rows.mean(0))


SAME_LENGTH = "The three always have the same length."
key.equivalent("zip(TP, predicted, actual, strict=True) -> zip(TP, predicted, actual)", SAME_LENGTH)
key.equivalent("True -> False", SAME_LENGTH)
