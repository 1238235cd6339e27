"""Answer key: the confusion matrix and top-k accuracy (unit 1)."""

import numpy as np

from autograder.key import N0, Key, close, exact, standard
from dlmath_ref import confusion_matrix, topk_accuracy

key = Key(
    "unit01_machine_learning/confusion_topk",
    reference={"confusion_matrix": confusion_matrix, "topk_accuracy": topk_accuracy},
    bans=N0,
)

MATRIX, SHARE = "the confusion matrix", "the top-k accuracy"
RANKED = (9, 7, 6, 5, 4, 2, 1)  # in so many samples the true class has the largest score, the second largest, ...


def counted(got, C):
    """Are these the counts? Whole numbers in floats are let pass here."""
    floats = isinstance(got, np.ndarray) and got.dtype.kind == "f"
    exact(got, C.astype(float) if floats else C, what=MATRIX)


def pairs(C, rng):
    """Labels and predictions, in random order, with the confusion matrix C."""
    y, yhat = np.repeat(np.argwhere(C), C[C > 0], axis=0)[rng.permutation(C.sum())].T
    return y.copy(), yhat.copy()


def uneven(rng, K):
    """Counts that are all different and at least 1."""
    return 1 + rng.permutation(K * K).reshape(K, K)


def ranked(rng, counts=RANKED):
    """Scores that are well apart, and the class with the r-th largest score as the true one in counts[r] samples."""
    K, n = len(counts), sum(counts)
    classes = rng.permuted(np.tile(np.arange(K), (n, 1)), axis=1)  # (n, K), by falling score
    scores = np.empty((n, K))
    np.put_along_axis(scores, classes, 2 - 0.5 * np.arange(K) + rng.uniform(-0.2, 0.2, size=(n, K)), axis=1)
    rank = rng.permutation(np.repeat(np.arange(K), counts))
    return scores, classes[np.arange(n), rank]


@key.part("worked", weight=1)
def five_samples_and_two_short_lists(answer, rng):
    C = answer.confusion_matrix(np.array([0, 0, 1, 2, 2]), np.array([0, 1, 1, 2, 0]), 3)
    counted(C, np.array([[1, 1, 0], [0, 1, 0], [1, 0, 1]]))
    scores = np.array([[0.5, 0.3, 0.2], [0.1, 0.2, 0.7]])
    close(answer.topk_accuracy(scores, np.array([1, 2]), 1), 0.5, what="the top-1 accuracy")
    close(answer.topk_accuracy(scores, np.array([1, 2]), 2), 1.0, what="the top-2 accuracy")


@key.part("core", weight=2)
def true_classes_are_rows_and_predicted_ones_columns(answer, rng):
    for K in (4, 2, 6):
        C = uneven(rng, K)
        C[0, 1] += 256 * (K == 4)  # more than one byte holds
        counted(answer.confusion_matrix(*pairs(C, rng), K), C)


@key.part("core", weight=1)
def classes_that_do_not_occur_keep_their_place(answer, rng):
    C = np.zeros((6, 6), int)
    C[np.ix_([0, 2, 3], [0, 2, 3])] = uneven(rng, 3)  # 1, 4 and 5 occur nowhere
    counted(answer.confusion_matrix(*pairs(C, rng), 6), C)
    C[2], C[:, 0] = 0, 0  # nor does 2 in truth, or 0 in the predictions
    counted(answer.confusion_matrix(*pairs(C, rng), 6), C)


@key.part("core", weight=2)
def the_true_class_is_among_the_k_largest_scores(answer, rng):
    scores, y = ranked(rng)
    for k in (1, 2, 5):
        for near in (scores, 2.0**-30 * scores):
            close(answer.topk_accuracy(near.copy(), y.copy(), k), sum(RANKED[:k]) / sum(RANKED), what=SHARE)


@key.part("edge", weight=0.5)
def a_list_of_all_classes_is_never_wrong(answer, rng):
    for counts in (RANKED, (0, 1), (1,)):
        scores, y = ranked(rng, counts)
        close(answer.topk_accuracy(scores, y, len(counts)), 1.0, what=SHARE)


@key.part("edge", weight=0.5)
def inputs_stay_unchanged_in_any_dtype_and_layout(answer, rng):
    standard(answer.confusion_matrix, (*pairs(uneven(rng, 3), rng), 3), confusion_matrix, what=MATRIX)
    standard(answer.topk_accuracy, (*ranked(rng), 3), topk_accuracy, what=SHARE)
    exact(answer.confusion_matrix(np.array([1]), np.array([0]), 2), np.array([[0, 0], [1, 0]]), what=MATRIX)


@key.accept
class ByBincountAndComparison:
    @staticmethod
    def confusion_matrix(y, yhat, K):
        return np.bincount(y * K + yhat, minlength=K * K).reshape(K, K)

    @staticmethod
    def topk_accuracy(scores, y, k):
        own = np.take_along_axis(scores, y[:, None], axis=1)
        return ((scores > own).sum(axis=1) < k).mean()


@key.accept
class ByLoops:
    @staticmethod
    def confusion_matrix(y, yhat, K):
        C = np.zeros((K, K), np.int32)
        for a, b in zip(y, yhat, strict=True):
            C[a, b] += 1
        return C

    @staticmethod
    def topk_accuracy(scores, y, k):
        hits = 0
        for row, c in zip(scores, y, strict=True):
            hits += int(c) in sorted(range(len(row)), key=lambda a: -row[a])[:k]
        return hits / len(y)


@key.accept
class ByUnitVectorsAndPartition:
    @staticmethod
    def confusion_matrix(y, yhat, K):
        unit = np.eye(K, dtype=int)
        return unit[y].T @ unit[yhat]

    @staticmethod
    def topk_accuracy(scores, y, k):
        kth = np.partition(scores, -k, axis=1)[:, -k]
        return np.float32(np.mean(scores[np.arange(len(y)), y] >= kth))


@key.reject(
    "Rows must be the true class, columns the predicted class; yours are exchanged.",
    fails=[
        "five_samples_and_two_short_lists",
        "true_classes_are_rows_and_predicted_ones_columns",
        "classes_that_do_not_occur_keep_their_place",
        "inputs_stay_unchanged_in_any_dtype_and_layout",
    ],
    function="confusion_matrix",
)
def transposed(y, yhat, K):
    C = np.zeros((K, K), int)
    np.add.at(C, (yhat, y), 1)
    return C


@key.reject(
    "Classes that do not occur still need a row and a column of zeros.",
    fails=["classes_that_do_not_occur_keep_their_place"],
    function="confusion_matrix",
)
def size_from_the_largest_class(y, yhat, K):
    K = max(y.max(), yhat.max()) + 1
    C = np.zeros((K, K), int)
    np.add.at(C, (y, yhat), 1)
    return C


@key.reject(
    "Classes that do not occur still need a row and a column of zeros.",
    fails=["classes_that_do_not_occur_keep_their_place"],
    function="confusion_matrix",
)
def absent_class_dropped(y, yhat, K):
    classes = np.unique(np.concatenate([y, yhat]))
    return np.array([[np.sum((y == a) & (yhat == b)) for b in classes] for a in classes])


@key.reject(
    "Counts are asked for, not the shares of each row.",
    fails=[
        "five_samples_and_two_short_lists",
        "true_classes_are_rows_and_predicted_ones_columns",
        "classes_that_do_not_occur_keep_their_place",
        "inputs_stay_unchanged_in_any_dtype_and_layout",
    ],
    function="confusion_matrix",
)
def row_normalised(y, yhat, K):
    C = np.zeros((K, K))
    np.add.at(C, (y, yhat), 1)
    return C / np.maximum(C.sum(1, keepdims=True), 1)


@key.reject(
    "A pair of classes that occurs several times is counted once: += on many places at a time does not add up.",
    fails=[
        "true_classes_are_rows_and_predicted_ones_columns",
        "classes_that_do_not_occur_keep_their_place",
        "inputs_stay_unchanged_in_any_dtype_and_layout",
    ],
    function="confusion_matrix",
)
def repeated_pairs_counted_once(y, yhat, K):
    C = np.zeros((K, K), int)
    C[y, yhat] += 1
    return C


@key.reject(
    "Your counts are kept in one byte: there 255 and one more make 0.",
    fails=["true_classes_are_rows_and_predicted_ones_columns"],
    function="confusion_matrix",
)
def counts_in_bytes(y, yhat, K):
    C = np.zeros((K, K), np.uint8)
    np.add.at(C, (y, yhat), 1)
    return C


@key.reject(
    "Your counts are right, but floats: a count is a whole number.",
    fails=["inputs_stay_unchanged_in_any_dtype_and_layout"],
    function="confusion_matrix",
)
def counts_in_floats(y, yhat, K):
    C = np.zeros((K, K))
    np.add.at(C, (y, yhat), 1)
    return C


TOPK = [
    "five_samples_and_two_short_lists",
    "the_true_class_is_among_the_k_largest_scores",
    "inputs_stay_unchanged_in_any_dtype_and_layout",
]


@key.reject("You take the k smallest scores; the largest count.", fails=TOPK, function="topk_accuracy")
def topk_ascending(scores, y, k):
    return np.mean((np.argsort(scores, axis=1)[:, :k] == y[:, None]).any(1))


@key.reject("You look at k + 1 classes.", fails=TOPK, function="topk_accuracy")
def topk_off_by_one(scores, y, k):
    return np.mean((np.argsort(-scores, axis=1)[:, : k + 1] == y[:, None]).any(1))


@key.reject(
    "You ask whether the true class is exactly the k-th largest; it may be any of the k largest.",
    fails=[*TOPK, "a_list_of_all_classes_is_never_wrong"],
    function="topk_accuracy",
)
def only_the_kth(scores, y, k):
    return np.mean(np.argsort(-scores, axis=1)[:, k - 1] == y)


@key.reject(
    "You return how many samples are right; the accuracy is their share.",
    fails=[*TOPK, "a_list_of_all_classes_is_never_wrong"],
    function="topk_accuracy",
)
def hits_not_share(scores, y, k):
    return float(np.sum((np.argsort(-scores, axis=1)[:, :k] == y[:, None]).any(1)))


@key.reject(
    "Scores a little below the k-th largest count in your code, too; only the k largest may.",
    fails=["the_true_class_is_among_the_k_largest_scores"],
    function="topk_accuracy",
)
def close_to_the_kth(scores, y, k):
    kth = np.sort(scores, axis=1)[:, -k]
    return np.mean(scores[np.arange(len(y)), y] >= kth - 1e-6)


@key.reject(
    "For k = K your selection looks beyond the last class; then every class is on the list.",
    fails=["a_list_of_all_classes_is_never_wrong"],
    function="topk_accuracy",
)
def beyond_the_last_class(scores, y, k):
    return np.mean((np.argpartition(-scores, k, axis=1)[:, :k] == y[:, None]).any(1))


key.equivalent("np.argsort(scores, axis=1) -> np.argsort(scores)", "The last axis is the default, and there are two.")
