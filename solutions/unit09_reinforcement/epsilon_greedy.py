"""Answer key: epsilon-greedy probabilities and choices (unit 9).

Choices are random by nature: their frequencies are compared with the probabilities by eight exact binomial tests, which
a right answer fails with probability 1e-9 together; all else holds for every order of calls to the generator. Choices
are made in one message: `starmap` calls the answer thousands of times on the answer's side, with one generator.
"""

from itertools import repeat, starmap

import numpy as np

from autograder.key import N0, Key, check, close, placed, standard
from autograder.key.answers import random_state
from autograder.stats import ALPHA, rate
from dlmath_ref import epsilon_greedy, epsilon_greedy_probs

key = Key(
    "unit09_reinforcement/epsilon_greedy",
    reference={"epsilon_greedy_probs": epsilon_greedy_probs, "epsilon_greedy": epsilon_greedy},
    bans=N0,
)

WORKED, PROBS = "the_worked_example_with_and_without_exploring", "the_probabilities_agree"
FREQUENCIES, GENERATOR = "choices_have_these_frequencies", "the_passed_generator_decides_the_choices"
TIES, NEGATIVE = "of_equal_values_the_first_is_greedy", "all_values_may_be_negative"
SINGLE, LAYOUT = "a_single_action", "inputs_stay_unchanged_in_any_dtype_and_layout"

N = 2400  # P(missing 0.2 for 0.4, what exploring without the greedy action gives) < 1e-9 at the level ALPHA / 8


def draws(answer, q, eps, rng, n):
    """n choices by one generator; the first of another one shows what kind of value a choice is."""
    seed = int(rng.integers(2**32))
    first = answer.epsilon_greedy(q.copy(), eps, np.random.default_rng(seed))
    check(type(first) is int or isinstance(first, np.integer), "epsilon_greedy must return one integer, the action.")
    collect, each, again = placed(answer, np.fromiter, starmap, repeat)
    return collect(each(answer.epsilon_greedy, again((q, eps, np.random.default_rng(seed)), n)), "int64", n)


def values(rng, A, greedy):
    """A different values, at least 0.5 apart; the best is positive and has the given place."""
    q = rng.permutation(A) - A / 2 + rng.uniform(0, 0.5, size=A)
    best = int(q.argmax())
    q[[best, greedy]] = q[[greedy, best]]
    return q


def always(answer, q, action, rng):
    """Without exploring the action must be certain, in probability and in 40 choices."""
    certain = np.eye(len(q))[action]
    close(answer.epsilon_greedy_probs(q.copy(), 0.0), certain, what="the probabilities for eps = 0")
    check((draws(answer, q, 0.0, rng, 40) == action).all(), "With eps = 0 another action than the greedy one is taken.")


@key.part("worked", weight=1)
def the_worked_example_with_and_without_exploring(answer, rng):
    q = np.array([-3.0, -1.0, -2.0])
    for eps, expected in [(0.3, [0.1, 0.8, 0.1]), (1.0, [1 / 3] * 3)]:
        close(answer.epsilon_greedy_probs(q.copy(), eps), np.array(expected), what=f"the probabilities for eps = {eps}")
    always(answer, q, 1, rng)
    explored = set(draws(answer, q, 1.0, rng, 200).tolist())  # one is missing with probability 2e-35
    check(explored == {0, 1, 2}, "With eps = 1 each of the three actions must be taken now and then.")


@key.part("core", weight=1.5)
def the_probabilities_agree(answer, rng):
    for A, eps in [(2, 0.5), (3, 0.3), (4, 0.4), (5, 0.05), (7, 0.0), (6, 1.0)]:
        q = values(rng, A, int(rng.integers(A)))
        close(answer.epsilon_greedy_probs(q.copy(), eps), epsilon_greedy_probs(q, eps), what="the probabilities")


@key.part("core", weight=1.5)
def choices_have_these_frequencies(answer, rng):
    places = (1, 2)  # an answer that always takes the same action and one that is always greedy look alike in one place
    for greedy, taken in [(g, draws(answer, values(rng, 4, g), 0.8, rng, N)) for g in places]:
        check(np.isin(taken, range(4)).all(), "Four actions have the numbers 0, 1, 2, 3.")
        for a, count in enumerate(np.bincount(taken, minlength=4)):
            what = "the greedy action" if a == greedy else f"action {a}, which is not the greedy one,"
            rate(int(count), N, 0.4 if a == greedy else 0.2, what, ALPHA / 8)


@key.part("core", weight=1)
def the_passed_generator_decides_the_choices(answer, rng):
    q, before = values(rng, 5, 2), random_state(answer)
    seeds = [int(s) for s in rng.integers(2**32, size=2)]
    first, again, other = (draws(answer, q, 0.5, np.random.default_rng(s), 80) for s in (seeds[0], *seeds))
    check(random_state(answer) == before, "You used numpy's global generator; use the argument rng.")
    check(np.array_equal(first, again), "Two generators with the same seed must give the same choices.")
    check(not np.array_equal(first, other), "Generators with different seeds must give different choices.")
    check(not np.array_equal(first[:40], first[40:]), "The choices repeat themselves: each must be drawn anew.")


@key.part("edge", weight=0.5, feedback="The rule for ties is a convention.")
def of_equal_values_the_first_is_greedy(answer, rng):
    always(answer, np.array([1.0, 2.5, -1.0, 2.5, 2.5]), 1, rng)
    always(answer, np.zeros(3), 0, rng)


@key.part("edge", weight=0.5)
def all_values_may_be_negative(answer, rng):
    always(answer, values(rng, 5, 3) - 9, 3, rng)


@key.part("edge", weight=0.5)
def a_single_action(answer, rng):
    close(answer.epsilon_greedy_probs(np.array([2.0]), 0.5), np.ones(1), what="the probabilities")
    check((draws(answer, np.array([2.0]), 0.5, rng, 60) == 0).all(), "The only action has the number 0.")


@key.part("edge", weight=0.5)
def inputs_stay_unchanged_in_any_dtype_and_layout(answer, rng):
    q = values(rng, 5, 1)
    standard(answer.epsilon_greedy_probs, (q, 0.3), epsilon_greedy_probs, what="the probabilities")
    whole = np.array([2, 7, 4, 1])
    close(answer.epsilon_greedy_probs(whole.copy(), 0.2), epsilon_greedy_probs(whole, 0.2), what="the probabilities")
    for passed in (q.copy(), q[::-1], q.astype(np.float32), whole.copy()):
        kept = passed.copy()
        action = answer.epsilon_greedy(passed, 0.0, np.random.default_rng(0))
        check(np.array_equal(passed, kept), "Your function changes its input (argument 1).")
        check(action == int(kept.argmax()), "With eps = 0 another action than the greedy one is taken.")


@key.accept
class ByTheProbabilities:
    def epsilon_greedy_probs(q, eps):
        return eps / q.size + (1 - eps) * (np.arange(q.size) == q.argmax())

    def epsilon_greedy(q, eps, rng):
        best = np.eye(q.size)[np.argmax(q)]
        return rng.choice(q.size, p=(1 - eps) * best + eps * np.ones(q.size) / q.size)


@key.accept
class ByLoops:
    def epsilon_greedy_probs(q, eps):
        best = 0
        for a in range(1, len(q)):
            if q[a] > q[best]:
                best = a
        pi = np.zeros(len(q))
        for a in range(len(q)):
            pi[a] = eps / len(q) + (1 - eps if a == best else 0)
        return pi

    def epsilon_greedy(q, eps, rng):
        random_action = rng.choice(len(q))
        values = list(q)
        return random_action if rng.uniform() >= 1 - eps else values.index(max(values))


@key.accept
class ByTheCumulativeProbabilities:
    def epsilon_greedy_probs(q, eps):
        pi = np.zeros_like(q, dtype=float) + eps / q.shape[0]
        pi[np.flatnonzero(q == q.max())[0]] = 1 - eps + eps / q.shape[0]
        return pi

    def epsilon_greedy(q, eps, rng):
        u, best = rng.random(), int(np.argmax(q))
        return best if u >= eps else min(int(u / eps * len(q)), len(q) - 1)


def _probs(q, eps, best):
    pi = np.full(len(q), eps / len(q))
    pi[best] += 1 - eps
    return pi


def _explore(q, eps, rng, best):
    return int(rng.integers(len(q))) if rng.random() < eps else int(best)


def _others_probs(q, eps):
    pi = np.full(len(q), eps / (len(q) - 1)) if len(q) > 1 else np.full(1, np.nan)
    pi[np.argmax(q)] = 1 - eps
    return pi


EXCLUDED = "Exploring may also take the greedy action: a random action is one of all A, each with probability ε/A."


@key.reject(EXCLUDED, fails=[WORKED, PROBS, FREQUENCIES, SINGLE, LAYOUT])
class ExplorationExcludesGreedy:
    def epsilon_greedy_probs(q, eps):
        return _others_probs(q, eps)

    def epsilon_greedy(q, eps, rng):
        greedy = int(np.argmax(q))
        if rng.random() < eps:
            return int(rng.choice([a for a in range(len(q)) if a != greedy]))
        return greedy


@key.reject(EXCLUDED, fails=[WORKED, PROBS, SINGLE, LAYOUT], function="epsilon_greedy_probs")
def probabilities_exclude_greedy(q, eps):
    return _others_probs(q, eps)


@key.reject(EXCLUDED, fails=[WORKED, FREQUENCIES, SINGLE], function="epsilon_greedy")
def choice_among_the_others(q, eps, rng):
    greedy = int(np.argmax(q))
    if rng.random() < eps:
        return int(rng.choice([a for a in range(len(q)) if a != greedy]))
    return greedy


SWAPPED = "Your ε is the wrong way round: it is the probability of exploring, not that of being greedy."


@key.reject(SWAPPED, fails=[WORKED, PROBS, FREQUENCIES, TIES, NEGATIVE, LAYOUT])
class EpsAndItsComplementSwapped:
    def epsilon_greedy_probs(q, eps):
        return _probs(q, 1 - eps, np.argmax(q))

    def epsilon_greedy(q, eps, rng):
        return _explore(q, 1 - eps, rng, np.argmax(q))


@key.reject(SWAPPED, fails=[WORKED, PROBS, TIES, NEGATIVE, LAYOUT], function="epsilon_greedy_probs")
def probabilities_swapped(q, eps):
    return _probs(q, 1 - eps, np.argmax(q))


@key.reject(SWAPPED, fails=[WORKED, FREQUENCIES, TIES, NEGATIVE, LAYOUT], function="epsilon_greedy")
def choices_swapped(q, eps, rng):
    return int(np.argmax(q)) if rng.random() < eps else int(rng.integers(len(q)))


def _above_zero(q):
    best, largest = 0, 0
    for a in range(len(q)):
        if q[a] > largest:
            best, largest = a, q[a]
    return best


CUT = "Your search for the best action begins at the value 0, so negative values are never found."


@key.reject(CUT, fails=[WORKED, NEGATIVE])
class MaxInitialisedAtZero:
    def epsilon_greedy_probs(q, eps):
        return _probs(q, eps, _above_zero(q))

    def epsilon_greedy(q, eps, rng):
        return _explore(q, eps, rng, _above_zero(q))


TIED = "A convention: of several best actions the one of lowest index is the greedy one."


@key.reject(TIED, fails=[TIES])
class LastOfTheBest:
    def epsilon_greedy_probs(q, eps):
        return _probs(q, eps, len(q) - 1 - np.argmax(q[::-1]))

    def epsilon_greedy(q, eps, rng):
        return _explore(q, eps, rng, len(q) - 1 - np.argmax(q[::-1]))


@key.reject(TIED, fails=[TIES])
class TiesShared:
    def epsilon_greedy_probs(q, eps):
        best = q == np.max(q)
        return eps / len(q) + (1 - eps) * best / np.sum(best)

    def epsilon_greedy(q, eps, rng):
        return _explore(q, eps, rng, rng.choice(np.flatnonzero(q == np.max(q))))


@key.reject(
    "Your choice ignores ε: it is always the greedy action.",
    fails=[WORKED, FREQUENCIES, GENERATOR],
    function="epsilon_greedy",
)
def always_greedy(q, eps, rng):
    return int(np.argmax(q))


@key.reject(
    "Your random action leaves one of the actions out: all A must be possible.",
    fails=[WORKED, FREQUENCIES, SINGLE],
    function="epsilon_greedy",
)
def last_action_never_explored(q, eps, rng):
    return int(rng.integers(len(q) - 1)) if rng.random() < eps else int(np.argmax(q))


@key.reject(
    "You make or seed a generator inside, so that every choice is the same; use the one that is passed in.",
    fails=[WORKED, FREQUENCIES, GENERATOR],
    function="epsilon_greedy",
)
def reseeded(q, eps, rng):
    return _explore(q, eps, np.random.default_rng(0), np.argmax(q))


@key.reject(
    "For values that are integers your probabilities are rounded to 0 and 1: make an array of floats.",
    fails=[LAYOUT],
    function="epsilon_greedy_probs",
)
def integer_values_round(q, eps):
    pi = np.full_like(q, eps / len(q))
    pi[np.argmax(q)] += 1 - eps
    return pi


key.equivalent("rng.random() < eps -> rng.random() <= eps", "The two are equal with probability 2**-53 at most.")
