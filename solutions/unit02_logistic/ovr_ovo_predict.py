"""Answer key: classes from one-versus-rest scores and one-versus-one decisions (unit 2)."""

import numpy as np

from autograder.key import N0, Key, exact, standard
from dlmath_ref import predict_ovo, predict_ovr

key = Key(
    "unit02_logistic/ovr_ovo_predict", reference={"predict_ovr": predict_ovr, "predict_ovo": predict_ovo}, bans=N0
)

CLASSES = "the predicted classes"


def decided(D):
    """The samples of D in which one class alone has the most votes."""
    votes = np.sort((D > 0).sum(2), axis=1)
    return D[votes[:, -1] > votes[:, -2]]


def duels(rng, n, K, undecided=0.0):
    """Antisymmetric decisions with margins of very different size, some of them 0."""
    A = rng.normal(size=(n, K, K)) * np.exp(2 * rng.normal(size=(n, K, K))) * (rng.random((n, K, K)) >= undecided)
    U = np.triu(A, 1)
    return decided(U - U.swapaxes(1, 2))


@key.part("worked", weight=1)
def three_classes_and_two_samples(answer, rng):
    S = np.array([[0.1, 0.7, 0.2], [0.9, -0.3, 0.4]])
    D = np.array([[[0, -1, 8], [1, 0, 1], [-8, -1, 0]], [[0, -2, -1], [2, 0, -3], [1, 3, 0]]], float)
    exact(answer.predict_ovr(S), np.array([1, 0]), what="predict_ovr(S)")
    exact(answer.predict_ovo(D), np.array([1, 2]), what="predict_ovo(D)")


@key.part("core", weight=1)
def the_largest_score_wins(answer, rng):
    for shape in [(30, 5), (20, 3), (4, 4), (1, 7), (6, 2)]:
        S = rng.normal(size=shape) - 1
        exact(answer.predict_ovr(S.copy()), predict_ovr(S), what=CLASSES)


@key.part("core", weight=2)
def the_most_votes_win_whatever_the_margins(answer, rng):
    for n, K in [(80, 4), (80, 5), (40, 6)]:
        D = duels(rng, n, K)
        exact(answer.predict_ovo(D.copy()), predict_ovo(D), what=CLASSES)
    D = duels(rng, 12, 2)
    exact(answer.predict_ovo(D.copy()), predict_ovo(D), what=CLASSES)


@key.part("core", weight=1)
def an_undecided_duel_gives_no_vote(answer, rng):
    D = duels(rng, 300, 5, undecided=0.5)
    exact(answer.predict_ovo(D.copy()), predict_ovo(D), what=CLASSES)


@key.part("edge", weight=0.5)
def ties_go_to_the_lowest_class(answer, rng):
    S = rng.integers(3, size=(40, 4)).astype(float)
    exact(answer.predict_ovr(S.copy()), predict_ovr(S), what=CLASSES)
    U = np.triu(rng.integers(-1, 2, size=(60, 4, 4)), 1).astype(float)
    U[:5] = 0
    D = U - U.swapaxes(1, 2)
    exact(answer.predict_ovo(D.copy()), predict_ovo(D), what=CLASSES)


@key.part("edge", weight=0.5)
def inputs_stay_unchanged_in_any_dtype_and_layout(answer, rng):
    standard(answer.predict_ovr, (rng.normal(size=(30, 4)),), predict_ovr, what=CLASSES)
    standard(answer.predict_ovo, (duels(rng, 80, 5),), predict_ovo, what=CLASSES)


@key.accept
class ByCounting:
    @staticmethod
    def predict_ovr(S):
        return np.argmax(S, axis=1)

    @staticmethod
    def predict_ovo(D):
        return np.argmax(np.count_nonzero(D > 0, axis=2), axis=1)


@key.accept
class ByLoops:
    @staticmethod
    def predict_ovr(S):
        best = np.zeros(len(S), np.int32)
        for i in range(S.shape[0]):
            for k in range(1, S.shape[1]):
                if S[i, k] > S[i, best[i]]:
                    best[i] = k
        return best

    @staticmethod
    def predict_ovo(D):
        n, K, _ = D.shape
        classes = []
        for i in range(n):
            votes = [0] * K
            for a in range(K):
                for b in range(a + 1, K):
                    if D[i, a, b] > 0:
                        votes[a] += 1
                    elif D[i, a, b] < 0:
                        votes[b] += 1
            classes.append(votes.index(max(votes)))
        return np.array(classes)


@key.accept("predict_ovo")
def votes_against_counted_by_column(D):
    return (D < 0).astype(int).sum(axis=1).argmax(axis=1)


@key.accept("predict_ovo")
def by_einsum(D):
    return np.einsum("nab->na", np.where(D > 0, 1.0, 0.0)).argmax(-1)


@key.reject(
    "You choose the smallest score; the largest wins.",
    fails=[
        "three_classes_and_two_samples",
        "the_largest_score_wins",
        "ties_go_to_the_lowest_class",
        "inputs_stay_unchanged_in_any_dtype_and_layout",
    ],
    function="predict_ovr",
)
def argmin(S):
    return S.argmin(1)


@key.reject(
    "Your predict_ovr takes the best sample of each class; take the best class of each sample.",
    fails=[
        "three_classes_and_two_samples",
        "the_largest_score_wins",
        "ties_go_to_the_lowest_class",
        "inputs_stay_unchanged_in_any_dtype_and_layout",
    ],
    function="predict_ovr",
)
def best_sample_of_each_class(S):
    return S.argmax(0)


@key.reject(
    "You add margins, so that one huge margin decides; each duel gives one vote, whatever its margin.",
    fails=[
        "three_classes_and_two_samples",
        "the_most_votes_win_whatever_the_margins",
        "an_undecided_duel_gives_no_vote",
        "ties_go_to_the_lowest_class",
        "inputs_stay_unchanged_in_any_dtype_and_layout",
    ],
    function="predict_ovo",
)
def margin_sum_not_votes(D):
    return D.sum(2).argmax(1)


@key.reject(
    "You count only duels that the class with the lower number wins; a defeat of a is a vote for b.",
    fails=[
        "three_classes_and_two_samples",
        "the_most_votes_win_whatever_the_margins",
        "an_undecided_duel_gives_no_vote",
        "ties_go_to_the_lowest_class",
        "inputs_stay_unchanged_in_any_dtype_and_layout",
    ],
    function="predict_ovo",
)
def upper_triangle_only(D):
    return (np.triu(D, 1) > 0).sum(2).argmax(1)


@key.reject(
    "Your votes go to the loser: D[i, a, b] > 0 is a vote for a.",
    fails=[
        "three_classes_and_two_samples",
        "the_most_votes_win_whatever_the_margins",
        "an_undecided_duel_gives_no_vote",
        "ties_go_to_the_lowest_class",
        "inputs_stay_unchanged_in_any_dtype_and_layout",
    ],
    function="predict_ovo",
)
def votes_for_loser(D):
    return (D < 0).sum(2).argmax(1)


@key.reject(
    "You add signs: a defeat then cancels a vote. Votes are only counted, and a decision of 0 is none.",
    fails=["an_undecided_duel_gives_no_vote", "ties_go_to_the_lowest_class"],
    function="predict_ovo",
)
def signs_added(D):
    return np.sign(D).sum(2).argmax(1)


@key.reject(
    "A decision of 0 counts as a vote in your code; it is a vote for nobody.",
    fails=["an_undecided_duel_gives_no_vote", "ties_go_to_the_lowest_class"],
    function="predict_ovo",
)
def zero_is_a_vote(D):
    K = D.shape[1]
    return ((D >= 0) & ~np.eye(K, dtype=bool)).sum(2).argmax(1)


TIES = "A convention, no error: the lowest class wins a tie."


@key.reject(TIES, fails=["ties_go_to_the_lowest_class"])
class TiesToLast:
    @staticmethod
    def predict_ovr(S):
        return S.shape[1] - 1 - S[:, ::-1].argmax(1)

    @staticmethod
    def predict_ovo(D):
        return D.shape[1] - 1 - (D > 0).sum(2)[:, ::-1].argmax(1)


@key.reject(TIES, fails=["ties_go_to_the_lowest_class"], function="predict_ovo")
def ties_to_last_in_duels(D):
    return D.shape[1] - 1 - (D > 0).sum(2)[:, ::-1].argmax(1)


key.equivalent("np.sum -> np.mean", "Votes divided by the number of classes have the same largest entry.")
