"""Answer key: a network for digits, trained (unit 4).

What is marked is a result: how well the network does on digits that it has not seen. With how many seeds the
course's network and the accepted answers reach the thresholds is recorded in docs/thresholds.md
(benchmarks/thresholds.py). A mistake in a gradient can pass here: the gradients have exercises of their own.
"""

import numpy as np

from autograder.key import N0, Key, check
from autograder.key.answers import random_state
from dlmath_kit.data import digits
from dlmath_ref import train_mlp_digits

key = Key("unit04_feedforward/mlp_digits", reference=train_mlp_digits, bans=N0)

TRIES = 5  # seeds; one of them must succeed
RIGHT = 0.92  # at least this share of the unseen digits
SHUFFLED = 0.35  # below this share after training on shuffled labels

X, y = digits()
SPLIT = np.random.default_rng(2).permutation(1797)
TRAIN, TEST = SPLIT[:1100], SPLIT[1400:]
FEW = TRAIN[:300]
ONE_OF_EACH = [int(np.flatnonzero(y[TEST] == k)[0]) for k in range(10)]


def trained(answer, images, labels, seed):
    predict = answer(images, labels, seed)
    check(callable(predict), "train_mlp_digits must return a function, predict.")
    return predict


def classes(predict, images):
    """The answers for the images; a list of integers is let pass."""
    got = predict(images)
    got = np.array(got) if type(got) is list and all(isinstance(c, (int, np.integer)) for c in got) else got
    right = type(got) is np.ndarray and got.shape == (len(images),) and got.dtype.kind in "iu"
    check(right, f"predict must return {len(images)} integers for {len(images)} image(s), as an array of one axis.")
    return got


def share(answer, labels, rng):
    """Share of the test digits that a network trained on these labels names rightly, and its answers."""
    got = classes(trained(answer, X[TRAIN], labels.copy(), int(rng.integers(2**31))), X[TEST])
    return np.mean(got == y[TEST]), got


@key.part("core", weight=2)
def unseen_digits_are_recognised(answer, rng):
    for _ in range(TRIES):
        reached, got = share(answer, y[TRAIN], rng)
        if reached >= RIGHT:
            return
    check(len(set(got.tolist())) > 1, "All images get the same class: do your units differ when training begins?")
    check(reached > SHUFFLED, "Your network does little better than guessing: compare its gradients with differences.")
    check(False, "Too few of the unseen digits are recognised, with each of five seeds.")


@key.part("edge", weight=1)
def shuffled_labels_teach_nothing(answer, rng):
    for _ in range(TRIES):
        if share(answer, rng.permutation(y[TRAIN]), rng)[0] < SHUFFLED:
            return
    check(False, "Trained on shuffled labels, it still names digits rightly: it does not learn from what it is given.")


@key.part("edge", weight=1)
def an_image_gets_one_answer_alone_and_in_company(answer, rng):
    predict = trained(answer, X[FEW], y[FEW], int(rng.integers(2**31)))
    together = classes(predict, X[TEST])
    same = np.array_equal(classes(predict, X[TEST]), together)
    check(same, "predict gives other answers when it is asked again: is dropout still on?")
    alone = [int(classes(predict, X[TEST][[i]])[0]) for i in ONE_OF_EACH]
    same = alone == together[ONE_OF_EACH].tolist()
    check(same, "An image gets another answer alone than beside others: does predict use statistics of its input?")


@key.part("edge", weight=1)
def the_seed_decides_and_nothing_else_changes(answer, rng):
    images, labels, seed = X[FEW], y[FEW], int(rng.integers(2**31))
    state = random_state(answer)
    predict = trained(answer, images, labels, seed)
    check(random_state(answer) == state, "You use numpy's global generator: make one from the seed.")
    unseen = X[TEST]
    first = classes(predict, unseen)
    same = np.array_equal(images, X[FEW]) and np.array_equal(labels, y[FEW]) and np.array_equal(unseen, X[TEST])
    check(same, "Your functions change their input.")
    again = classes(trained(answer, images, labels, seed), unseen)
    check(np.array_equal(first, again), "A second training with the same seed gives another network.")


@key.accept
def two_hidden_layers_with_tanh_and_adam(X, y, seed):
    rng, sizes = np.random.default_rng(seed), [(48, 64), (32, 48), (10, 32)]
    Ws = [rng.uniform(-1, 1, (o, i)) * np.sqrt(6 / (i + o)) for o, i in sizes]
    theta = [w for W in Ws for w in (W, np.zeros(len(W)))]
    m, v, t = [0 * p for p in theta], [0 * p for p in theta], 0
    for _ in range(12):
        for I in np.array_split(rng.permutation(len(y)), max(1, len(y) // 50)):
            A = [X[I]]
            for l in (0, 2, 4):
                A.append(A[-1] @ theta[l].T + theta[l + 1])
                A[-1] = np.tanh(A[-1]) if l < 4 else A[-1]
            E = np.exp(A[-1] - A[-1].max(axis=1, keepdims=True))
            D, g = (E / E.sum(axis=1, keepdims=True) - np.eye(10)[y[I]]) / len(I), [None] * 6
            for l in (4, 2, 0):
                g[l], g[l + 1] = D.T @ A[l // 2], D.sum(axis=0)
                D = (D @ theta[l]) * (1 - A[l // 2] ** 2)
            t += 1
            for k in range(6):
                m[k] = 0.9 * m[k] + 0.1 * g[k]
                v[k] = 0.999 * v[k] + 0.001 * g[k] ** 2
                theta[k] = theta[k] - 0.01 * m[k] / (1 - 0.9**t) / (np.sqrt(v[k] / (1 - 0.999**t)) + 1e-8)

    def predict(X):
        for l in (0, 2):
            X = np.tanh(X @ theta[l].T + theta[l + 1])
        return np.argmax(X @ theta[4].T + theta[5], axis=1).astype(np.int32)

    return predict


@key.accept
class Sigmoids:
    """Plain gradient descent on all samples; the network is an object that is called."""

    def __init__(self, X, y, seed):
        rng = np.random.default_rng(seed)
        self.W, self.V = rng.normal(size=(40, 64)) / 4, rng.normal(size=(10, 40)) / 3
        for _ in range(60):
            H = self.hidden(X)
            E = np.exp(H @ self.V.T)
            D = (E / E.sum(axis=1)[:, None] - np.eye(10)[y]) / len(y)
            self.V, self.W = self.V - 3 * D.T @ H, self.W - 3 * ((D @ self.V) * H * (1 - H)).T @ (X - 0.3)

    def hidden(self, X):
        return 1 / (1 + np.exp(-(X - 0.3) @ self.W.T))

    def __call__(self, X):
        return [int(np.argmax(self.V @ h)) for h in self.hidden(X)]


CORE, LABELS = "unseen_digits_are_recognised", "shuffled_labels_teach_nothing"
ALONE, SEED = "an_image_gets_one_answer_alone_and_in_company", "the_seed_decides_and_nothing_else_changes"


def _scores(X, W, V):
    return np.maximum(X @ W[:, :-1].T + W[:, -1], 0) @ V.T


def _train(X, y, rng, epochs=6, start=1.0, uphill=1.0, p=0.0):
    """Weights of a small network without output biases; p drops hidden units."""
    W, V = start * rng.normal(size=(40, 65)) / 6, start * rng.normal(size=(10, 40)) / 6
    X1 = np.column_stack([X, np.ones(len(X))])
    for _ in range(epochs):
        for I in np.array_split(rng.permutation(len(y)), max(1, len(y) // 25)):
            A = np.maximum(X1[I] @ W.T, 0) * (rng.random((len(I), 40)) >= p) / (1 - p)
            E = np.exp(A @ V.T)
            D = (E / E.sum(axis=1)[:, None] - np.eye(10)[y[I]]) / len(I)
            V, W = V - 0.5 * D.T @ A, W - 0.5 * uphill * ((D @ V) * (A > 0)).T @ X1[I]
    return W, V


@key.reject("Your first layer climbs instead of descending: check its gradient by finite differences.", fails=[CORE])
def layer_one_gradient_sign(X, y, seed):
    W, V = _train(X, y, np.random.default_rng(seed), uphill=-0.05, epochs=1)
    return lambda X: np.argmax(_scores(X, W, V), axis=1)


@key.reject("With all weights zero at the start, every hidden unit stays like the others.", fails=[CORE])
def all_zero_initialisation(X, y, seed):
    W, V = _train(X, y, np.random.default_rng(seed), start=0.0, epochs=1)
    return lambda X: np.argmax(_scores(X, W, V), axis=1)


IGNORED = "The predictor ignores the training data."


@key.reject(IGNORED, fails=[CORE])
def no_training(X, y, seed):
    W, V = _train(X, y, np.random.default_rng(seed), epochs=0)
    return lambda X: np.argmax(_scores(X, W, V), axis=1)


# The mean ink, from 0 to 9, of each digit in the sixteen 2 x 2 blocks of its image.
INK = (
    "0650153114320660 0450066005500461 1740135004300773 1660026001610561 0330164127710340 "
    "1761272003510640 0530061017520562 0672026106610510 0660166006500550 0651167101420451"
)


@key.reject(IGNORED, fails=[CORE, LABELS])
def templates_from_memory(X, y, seed):
    T = np.array([[int(c) for c in digit] for digit in INK.split()]) / 9

    def predict(X):
        blocks = X.reshape(-1, 4, 2, 4, 2).mean(axis=(2, 4)).reshape(len(X), 16)
        return np.argmin(((blocks[:, None] - T) ** 2).sum(axis=2), axis=1)

    return predict


@key.reject("Dropout is for training: predict must not drop units.", fails=[ALONE])
def dropout_in_predict(X, y, seed):
    rng = np.random.default_rng(seed)
    W, V = _train(X, y, rng, epochs=8, p=0.1)

    def predict(X):
        A = np.maximum(X @ W[:, :-1].T + W[:, -1], 0)
        return np.argmax(A * (rng.random(A.shape) >= 0.1) @ V.T, axis=1)

    return predict


@key.reject("predict must use statistics of the training data, not of the images that it is given.", fails=[ALONE])
def statistics_of_the_images_to_predict(X, y, seed):
    W, V = _train(X - X.mean(axis=0), y, np.random.default_rng(seed))
    return lambda X: np.argmax(_scores(X - X.mean(axis=0), W, V), axis=1)


@key.reject("You use numpy's global generator: make one from the seed.", fails=[SEED])
def global_generator(X, y, seed):
    W, V = _train(X, y, np.random.default_rng(np.random.randint(2**31)))
    return lambda X: np.argmax(_scores(X, W, V), axis=1)


@key.reject("Your function changes the images it is given: centre a copy of them.", fails=[SEED])
def images_centred_in_place(X, y, seed):
    mean = X.mean(axis=0)
    X -= mean
    W, V = _train(X, y, np.random.default_rng(seed))
    return lambda X: np.argmax(_scores(X - mean, W, V), axis=1)


@key.reject("predict must return classes, not scores or probabilities.", fails=[CORE, LABELS, ALONE, SEED])
def scores_returned(X, y, seed):
    W, V = _train(X, y, np.random.default_rng(seed), epochs=1)
    return lambda X: _scores(X, W, V)


@key.reject("For a single image, too, predict must return an array of one axis.", fails=[ALONE])
def one_image_loses_its_axis(X, y, seed):
    W, V = _train(X, y, np.random.default_rng(seed))
    return lambda X: np.squeeze(np.argmax(_scores(X, W, V), axis=1))


for mutant in (
    *("0.2 -> 0.4", "0.2 -> 0.4 [2]", "np.zeros -> np.ones", "600 -> 601", "600 -> 599", "50 -> 51", "50 -> 49"),
    "delta2 @ W2 * (1 - A1 ** 2) -> delta2 @ W2",
    *("1 - A1 ** 2 -> 1 + A1 ** 2", "1 - A1 ** 2 -> 1", "1 -> 2 [2]", "2 -> 3", "2 -> 1"),
    "W1 - delta1.T @ X[I] -> W1",
):
    key.equivalent(
        mutant, "It still names more than 92 % rightly, and no more is asked; gradients are marked elsewhere."
    )
