"""Answer key: cross-validation without leakage (unit 1).

The functions that the answer is given are spies: rows carry their numbers, so that who saw which row is known
whatever the folds. The folds are random, so only facts that hold for every order of calls to the generator are
checked, and two frequencies, by exact binomial tests: a right answer fails each of them with probability 1e-9.
"""

import numpy as np

from autograder.key import N0, Key, check, close, standard
from autograder.key.answers import random_state
from autograder.stats import rate
from dlmath_ref import kfold_cv

key = Key("unit01_machine_learning/kfold_cv", reference=kfold_cv, bans=N0)

STEP = 4096.0  # the j-th preprocessing adds j STEP to the row numbers
LOSSES = "the array of losses"


class Spies:
    """Data whose first column is the row's number, and the functions that write down which rows they are given."""

    def __init__(self, n, rng):
        self.X, self.y = np.column_stack([np.arange(n), rng.normal(size=n)]), np.arange(n) + 0.5
        self.prepared = []  # rows of each call of prep_fit
        self.fitted = []  # rows of each call of fit, and the number of the preprocessing that transformed them
        self.judged = []  # the same of each call of loss, and the number of the model

    def watch(self, answer, k, rng):
        answer(self.X.copy(), self.y.copy(), k, self.prep_fit, self.fit, self.loss, rng)
        check(len(self.judged) > 0, "loss was never called.")
        return self

    def prep_fit(self, X_train):
        self.prepared.append(self.seen(X_train, "prep_fit")[0])
        shift = np.array([STEP * len(self.prepared), 0])
        return lambda X_any: np.asarray(X_any) + shift

    def fit(self, X_train, y_train):
        self.fitted.append(self.seen(X_train, "fit", y_train))
        return float(len(self.fitted))

    def loss(self, model, X_val, y_val):
        known = type(model) in (float, np.float64) and model in range(1, len(self.fitted) + 1)
        check(known, "loss must be given the model that fit returned.")
        self.judged.append((*self.seen(X_val, "loss", y_val), int(model)))
        return 1 / len(self.judged)

    def seen(self, X, who, y=None):
        """The numbers of the rows, and of their preprocessing: 0 for none."""
        rows = type(X) is np.ndarray and X.ndim == 2 and X.shape[1] == 2 and X.size > 0
        check(rows, f"{who} must be given rows of X: an array of shape (m, p).")
        times, row = np.divmod(X[:, 0], STEP)
        known = np.isin(row, self.X[:, 0]).all() and len(set(times)) == 1
        check(known, f"{who} is given rows that are not those of X.")
        row = row.astype(int)
        check(y is None or np.array_equal(y, self.y[row]), f"{who} is given rows of X with targets of other rows.")
        return row, int(times[0])

    def folds(self, k):
        """The rows that were validated, after checking that they are a partition."""
        folds = [row for row, _, _ in self.judged]
        check(len(folds) == k, "loss must be called once for each fold.")
        rows = np.concatenate(folds)
        once = len(np.unique(rows)) == len(rows)
        check(once, "A row is validated more than once: judge each model on its fold alone.")
        check(len(rows) == len(self.y), "Some rows are never validated.")
        return folds


def same_losses(got, expected):
    """Are these the losses, in any order of the folds? A list is let pass here."""
    losses = np.array(got) if type(got) is list and len({np.shape(v) for v in got}) == 1 else got
    array = type(losses) is np.ndarray and losses.shape == (len(expected),)
    check(array, "The result must be a numpy array of shape (k,), one loss for each fold.", got, np.array(expected))
    close(np.sort(losses), np.sort(expected), what=LOSSES)


def complement(rows, n):
    return np.setdiff1d(np.arange(n), rows)


def unchanged(X_train):
    return lambda X_any: X_any


def some(rows):
    check(np.size(rows) > 0, "A fold, or what is left to learn from, is empty.")


def constant(X_train, y_train):
    some(y_train)
    return float(np.mean(y_train))


def squared_error(model, X_val, y_val):
    some(y_val)
    return float(np.mean((y_val - model) ** 2))


@key.part("worked", weight=1)
def six_rows_in_three_folds(answer, rng):
    y, folds = 2.0 ** np.arange(6), []

    def watched(model, X_val, y_val):
        folds.append(y_val)
        return squared_error(model, X_val, y_val)

    losses = answer(np.zeros((6, 1)), y.copy(), 3, unchanged, constant, watched, rng)
    check([np.size(fold) for fold in folds] == [2, 2, 2], "Six rows in three folds: loss must get two rows each time.")
    same_losses(losses, [squared_error(np.mean(np.setdiff1d(y, fold)), None, fold) for fold in folds])


@key.part("core", weight=2)
def preprocessing_is_learnt_from_the_training_rows(answer, rng):
    spies = Spies(20, rng).watch(answer, 4, rng)
    for rows, number, model in spies.judged:
        check(0 < number <= len(spies.prepared), "The validation fold must be transformed by what prep_fit returned.")
        same = "The rows to fit on and the validation fold must be transformed by the same preprocessing."
        check(spies.fitted[model - 1][1] == number, same)
        learnt = spies.prepared[number - 1]
        leak = "prep_fit was given rows of the fold that its result transforms for validation: information leaks."
        check(not np.isin(rows, learnt).any(), leak)
        check(len(np.unique(learnt)) + len(rows) == 20, "prep_fit must be given all rows outside the fold.")
    check(len(spies.prepared) == 4, "prep_fit must be called once for each fold, on the rows outside it.")


@key.part("core", weight=1)
def the_model_is_fitted_without_its_fold(answer, rng):
    spies = Spies(20, rng).watch(answer, 4, rng)
    for rows, _, model in spies.judged:
        learnt = spies.fitted[model - 1][0]
        check(not np.isin(rows, learnt).any(), "A model is judged on rows that it was fitted on.")
        rest = np.array_equal(np.sort(learnt), complement(rows, 20))
        check(rest, "fit must be given all rows outside the fold, once.")
    check(len(spies.fitted) == 4, "fit must be called once for each fold.")


@key.part("core", weight=1)
def each_row_is_validated_once(answer, rng):
    folds = Spies(20, rng).watch(answer, 4, rng).folds(4)
    check([len(fold) for fold in folds] == [5] * 4, "Twenty rows in four folds: each must have five.")


@key.part("core", weight=1)
def the_losses_are_those_of_the_folds(answer, rng):
    def centred(X_train):
        some(X_train)
        mean = X_train.mean(axis=0)
        return lambda X_any: X_any - mean

    def least_squares(X_train, y_train):
        return np.linalg.lstsq(X_train, y_train)[0]

    def mean_squared_error(model, X_val, y_val):
        folds.append(y_val)
        return float(np.mean((y_val - X_val @ model) ** 2))

    def expected(i, rest):
        move = centred(X[rest])
        return np.mean((y[i] - move(X[i]) @ least_squares(move(X[rest]), y[rest])) ** 2)

    for y in (rng.normal(size=14), rng.permutation(14)):  # targets may be whole numbers
        X, folds = rng.normal(size=(14, 2)) + 1, []
        losses = answer(X.copy(), y.copy(), 3, centred, least_squares, mean_squared_error, rng)
        rows = [np.flatnonzero(np.isin(y, fold)) for fold in folds]
        same_losses(losses, [expected(i, complement(i, 14)) for i in rows])


@key.part("core", weight=1)
def sorted_data_are_shuffled_into_the_folds(answer, rng):
    first = np.isin(np.arange(1000), Spies(1000, rng).watch(answer, 2, rng).folds(2)[0])
    # Of two rows in different folds either is in the first with probability 1/2, independently of other pairs.
    # About 250 of 500 pairs are of this kind, fewer than 125 with probability below 1e-20.
    for pairs, which in ((first.reshape(-1, 2), "odd"), (first.reshape(2, -1).T, "late")):
        divided = pairs[pairs[:, 0] != pairs[:, 1]]
        check(len(divided) >= 125, "Rows that are neighbours in the data share a fold: draw the folds at random.")
        rate(int(divided[:, 1].sum()), len(divided), 0.5, what=f"An {which} row in the first fold")


@key.part("core", weight=1)
def the_passed_generator_decides_the_folds(answer, rng):
    def drawn(generator):
        spies = Spies(24, np.random.default_rng(0)).watch(answer, 3, generator)
        return [np.sort(rows).tolist() for rows, _, _ in spies.judged]

    seed, before = int(rng.integers(2**32)), random_state(answer)
    mine = np.random.default_rng(seed)
    first, second = drawn(mine), drawn(mine)
    check(random_state(answer) == before, "You used numpy's global generator; use the argument rng.")
    check(drawn(np.random.default_rng(seed)) == first, "Two generators with the same seed must give the same folds.")
    check(first != second, "A second run with the same generator must have other folds.")
    check(drawn(np.random.default_rng(seed + 1)) != first, "Generators with different seeds must give different folds.")


@key.part("edge", weight=1)
def folds_differ_by_at_most_one_row(answer, rng):
    for n, k in [(11, 4), (7, 3), (14, 5)]:
        sizes = sorted(len(fold) for fold in Spies(n, rng).watch(answer, k, rng).folds(k))
        check(sizes == [n // k] * (k - n % k) + [n // k + 1] * (n % k), "The sizes of folds must differ by at most 1.")


@key.part("edge", weight=1)
def as_many_folds_as_rows(answer, rng):
    y = rng.normal(size=7)
    losses = answer(np.zeros((7, 1)), y.copy(), 7, unchanged, constant, squared_error, rng)
    same_losses(losses, (7 / 6 * (y - y.mean())) ** 2)  # y_i less the mean of the others, squared


class Sorted:
    """An answer whose losses do not depend on the order of the folds."""

    def __init__(self, answer):
        self.answer = answer

    def __call__(self, *args):
        losses = self.answer(*args)
        return np.sort(losses) if type(losses) is np.ndarray and losses.ndim == 1 else losses

    def __random_state__(self):
        return random_state(self.answer)


@key.part("edge", weight=1)
def inputs_stay_unchanged_in_any_dtype_and_layout(answer, rng):
    def centre(X_train, y_train):
        some(y_train)
        return np.append(X_train.mean(axis=0), y_train.mean())

    def distance(model, X_val, y_val):
        some(y_val)
        return float(np.mean((y_val - model[-1]) ** 2) + np.mean((X_val - model[:-1]) ** 2))

    args = rng.normal(size=(6, 3)), rng.normal(size=6), 6, unchanged, centre, distance, rng
    standard(Sorted(answer), args, Sorted(kfold_cv), what=LOSSES)


@key.accept
def by_array_split(X, y, k, prep_fit, fit, loss, rng):
    folds = np.array_split(rng.permutation(len(y)), k)
    losses = np.zeros(k)
    for j in range(k):
        train = np.concatenate([folds[i] for i in range(k) if i != j])
        transform = prep_fit(X[train])
        losses[j] = loss(fit(transform(X[train]), y[train]), transform(X[folds[j]]), y[folds[j]])
    return losses


@key.accept
def by_permuted_fold_numbers_and_masks(X, y, k, prep_fit, fit, loss, rng):
    fold = rng.permutation(np.arange(len(X)) % k)
    losses = []
    for j in range(k):
        transform = prep_fit(X_train=X[fold != j])
        T = transform(X)  # all rows, by what the training rows taught
        model = fit(T[fold != j], y[fold != j])
        losses.append(loss(model, T[fold == j], y[fold == j]))
    return np.array(losses, dtype=np.float32)


@key.accept
def by_shuffling_and_deleting(X, y, k, prep_fit, fit, loss, rng):
    order = np.arange(len(X))
    rng.shuffle(order)
    rounds = []
    for j in range(k):  # learn all first, judge later
        held = order[j::k]
        A, t = np.delete(X, held, axis=0), np.delete(y, held)
        transform = prep_fit(A)
        rounds.append((held, transform, fit(transform(A), t)))
    return np.array([loss(model, transform(X[i]), y[i]) for i, transform, model in rounds[::-1]])


def _folds(X, k, rng):
    return np.array_split(rng.permutation(len(X)), k)


def _run(X, y, folds, prep_fit, fit, loss):
    losses = []
    for fold in folds:
        rest = np.setdiff1d(np.arange(len(X)), fold)
        transform = prep_fit(X[rest])
        losses.append(loss(fit(transform(X[rest]), y[rest]), transform(X[fold]), y[fold]))
    return np.array(losses)


PREP, MODEL = "preprocessing_is_learnt_from_the_training_rows", "the_model_is_fitted_without_its_fold"
ONCE, VALUES = "each_row_is_validated_once", "the_losses_are_those_of_the_folds"
SHUFFLED, DRAWN = "sorted_data_are_shuffled_into_the_folds", "the_passed_generator_decides_the_folds"
SIZES, EACH = "folds_differ_by_at_most_one_row", "as_many_folds_as_rows"
TRANSFORM = [PREP, VALUES]
RESULT = ["six_rows_in_three_folds", VALUES, EACH, "inputs_stay_unchanged_in_any_dtype_and_layout"]
LEAK = "The preprocessor saw validation rows: information leaks into training. Learn it from each fold's training rows."


@key.reject(LEAK, fails=TRANSFORM)
def preprocess_before_split(X, y, k, prep_fit, fit, loss, rng):
    return _run(prep_fit(X)(X), y, _folds(X, k, rng), lambda X: lambda X: X, fit, loss)


@key.reject(LEAK, fails=TRANSFORM)
def preprocess_on_all_rows_each_time(X, y, k, prep_fit, fit, loss, rng):
    return _run(X, y, _folds(X, k, rng), lambda rest: prep_fit(X), fit, loss)


def _learnt_twice(X, y, k, transform_of, fit, loss, rng):
    """transform_of(training rows, fold) gives the two transforms."""
    losses = []
    for fold in _folds(X, k, rng):
        rest = np.setdiff1d(np.arange(len(X)), fold)
        first, second = transform_of(X[rest], X[fold])
        losses.append(loss(fit(first(X[rest]), y[rest]), second(X[fold]), y[fold]))
    return np.array(losses)


@key.reject("You learn the preprocessing again on the validation fold; use that of the training rows.", fails=TRANSFORM)
def validation_by_its_own_statistics(X, y, k, prep_fit, fit, loss, rng):
    return _learnt_twice(X, y, k, lambda A, B: (prep_fit(A), prep_fit(B)), fit, loss, rng)


@key.reject("Your validation rows are not transformed: the model meets other features than it learnt.", fails=TRANSFORM)
def validation_not_transformed(X, y, k, prep_fit, fit, loss, rng):
    return _learnt_twice(X, y, k, lambda A, B: (prep_fit(A), lambda X: X), fit, loss, rng)


@key.reject("Your model is fitted on rows that are not transformed, and judged on rows that are.", fails=TRANSFORM)
def training_not_transformed(X, y, k, prep_fit, fit, loss, rng):
    return _learnt_twice(X, y, k, lambda A, B: (lambda X: X, prep_fit(A)), fit, loss, rng)


@key.reject("Your model was fitted on its validation fold, too: it has seen the answers.", fails=[MODEL, *RESULT])
def trains_on_all_rows(X, y, k, prep_fit, fit, loss, rng):
    losses = []
    for fold in _folds(X, k, rng):
        transform = prep_fit(np.delete(X, fold, axis=0))
        losses.append(loss(fit(transform(X), y), transform(X[fold]), y[fold]))
    return np.array(losses)


@key.reject(
    "You evaluate on the rows that the model was fitted on; the loss belongs to the fold left out.",
    fails=[PREP, MODEL, ONCE, SIZES, *RESULT],
)
def scores_on_training_fold(X, y, k, prep_fit, fit, loss, rng):
    return _run(X, y, _folds(X, k, rng), prep_fit, lambda A, t: (fit(A, t), A, t), lambda seen, *_: loss(*seen))


@key.reject("One model is fitted once and reused for all folds; each fold needs its own.", fails=[PREP, MODEL, *RESULT])
def model_reused(X, y, k, prep_fit, fit, loss, rng):
    models = []

    def fit_once(A, t):
        models.append(models[0] if models else fit(A, t))
        return models[0]

    return _run(X, y, _folds(X, k, rng), prep_fit, fit_once, loss)


@key.reject("n mod k rows of yours are never validated: the folds must hold all rows.", fails=[SIZES])
def remainder_dropped(X, y, k, prep_fit, fit, loss, rng):
    m = len(X) // k
    return _run(X, y, rng.permutation(len(X))[: m * k].reshape(k, m), prep_fit, fit, loss)


@key.reject("Your last fold takes all that is left over; the sizes of folds may differ by 1 at most.", fails=[SIZES])
def remainder_in_the_last_fold(X, y, k, prep_fit, fit, loss, rng):
    return _run(X, y, np.split(rng.permutation(len(X)), len(X) // k * np.arange(1, k)), prep_fit, fit, loss)


@key.reject("Your folds are consecutive blocks: with sorted labels a fold misses a class.", fails=[SHUFFLED, DRAWN])
def not_shuffled(X, y, k, prep_fit, fit, loss, rng):
    return _run(X, y, np.array_split(np.arange(len(X)), k), prep_fit, fit, loss)


@key.reject("Your folds do not depend on chance: row i is always in fold i mod k.", fails=[SHUFFLED, DRAWN])
def every_kth_row(X, y, k, prep_fit, fit, loss, rng):
    return _run(X, y, [np.arange(j, len(X), k) for j in range(k)], prep_fit, fit, loss)


@key.reject("You make or seed a generator inside the function: the folds are always the same.", fails=[DRAWN])
def same_folds_every_time(X, y, k, prep_fit, fit, loss, rng):
    return _run(X, y, _folds(X, k, np.random.default_rng(0)), prep_fit, fit, loss)


@key.reject("You seed and use numpy's global generator; use the argument rng.", fails=[DRAWN])
def global_rng(X, y, k, prep_fit, fit, loss, rng):
    np.random.seed(0)
    return _run(X, y, _folds(X, k, np.random), prep_fit, fit, loss)


@key.reject("You return the mean of the losses; asked for are the k losses, one for each fold.", fails=RESULT)
def mean_returned(X, y, k, prep_fit, fit, loss, rng):
    return np.mean(_run(X, y, _folds(X, k, rng), prep_fit, fit, loss))


@key.reject("Your losses are stored with the type of y: where y holds whole numbers they are cut.", fails=[VALUES])
def losses_of_the_type_of_y(X, y, k, prep_fit, fit, loss, rng):
    return _run(X, y, _folds(X, k, rng), prep_fit, fit, loss).astype(y.dtype)
