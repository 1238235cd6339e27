"""Answer key: the direction of L-BFGS by two loops (unit 3)."""

import numpy as np

from autograder.key import ITER, N0, Key, check, close, standard
from dlmath_ref import bfgs_update, lbfgs_direction

key = Key("unit03_optimization/lbfgs_two_loop", reference=lbfgs_direction, bans=N0)

WHAT = "the direction"


def history(rng, m, d):
    """A gradient and m pairs of steps on a convex quadratic: y's is positive, the lengths differ from pair to pair."""
    axes = np.linalg.qr(rng.normal(size=(d, d)))[0]
    Q = (axes * np.linspace(1.0, 6.0, d)) @ axes.T
    sizes = rng.permutation(np.linspace(0.5, 2.0, m))
    S = rng.choice([-1, 1], size=(m, d)) * rng.uniform(0.5, 1.0, size=(m, d)) * sizes[:, None]
    return rng.choice([-1, 1], size=d) * rng.uniform(1, 2, size=d), S, S @ Q


def dense(g, S, Y):
    """-Hg with the matrix that BFGS makes of the scaled identity."""
    H = (S[-1] @ Y[-1]) / (Y[-1] @ Y[-1]) * np.eye(len(g))
    for s, y in zip(S, Y, strict=True):
        H = bfgs_update(H, s, y)
    return -H @ g


def copies(arrays):
    return [a.copy() for a in arrays]


@key.part("worked", weight=1)
def one_pair_by_hand(answer, rng):
    got = answer(np.array([2.0, 0.0]), np.array([[1.0, 0.0]]), np.array([[2.0, 1.0]]))
    close(got, np.array([-1.2, 0.4]), ITER, what=WHAT)


@key.part("core", weight=1)
def one_pair_agrees_with_the_dense_matrix(answer, rng):
    for d, size in [(3, 1.0), (5, 1.0), (4, 1e-6)]:
        g, S, Y = history(rng, 1, d)
        data = g, size * S, size * Y
        close(answer(*copies(data)), dense(*data), ITER, what=WHAT)


@key.part("core", weight=2)
def three_pairs_agree_with_the_dense_matrix(answer, rng):
    for m, d in [(3, 5), (3, 3), (2, 4)]:
        data = history(rng, m, d)
        close(answer(*copies(data)), dense(*data), ITER, what=WHAT)


@key.part("core", weight=2)
def eight_pairs_agree_with_the_dense_matrix(answer, rng):
    data = history(rng, 8, 10)
    close(answer(*copies(data)), dense(*data), ITER, what=WHAT)


@key.part("core", weight=1)
def the_newest_pair_is_explained(answer, rng):
    _, S, Y = history(rng, 4, 6)
    close(answer(Y[-1].copy(), S.copy(), Y.copy()), -S[-1], ITER, what="the direction for g = y of the newest pair")


@key.part("edge", weight=0.25)
def without_history_it_is_steepest_descent(answer, rng):
    g = rng.uniform(1, 2, size=4)
    got = answer(g.copy(), np.zeros((0, 4)), np.zeros((0, 4)))
    check(type(got) is np.ndarray and got.shape == (4,), "The direction must be an array of the shape of g.")
    close(got, -g, ITER, what=WHAT)


@key.part("edge", weight=0.25)
def more_pairs_than_parameters(answer, rng):
    for m, d in [(6, 3), (3, 1)]:
        data = history(rng, m, d)
        close(answer(*copies(data)), dense(*data), ITER, what=WHAT)


@key.part("edge", weight=0.5)
def inputs_stay_unchanged_in_any_dtype_and_layout(answer, rng):
    standard(answer, history(rng, 3, 4), lbfgs_direction, tol=ITER, what=WHAT)


@key.accept
def by_the_dense_matrix(g, S, Y):
    d = len(g)
    H = np.eye(d) if len(S) == 0 else np.eye(d) * (S[-1] @ Y[-1]) / (Y[-1] @ Y[-1])
    for s, y in zip(S, Y, strict=True):
        left = np.eye(d) - np.outer(s, y) / (y @ s)
        H = left @ H @ left.T + np.outer(s, s) / (y @ s)
    return -H @ g


@key.accept
def by_recursion(g, S, Y):
    pairs = list(zip(S, Y, strict=True))

    def times(k, v):
        """H after k pairs, times v."""
        if k == 0:
            return v * (pairs[-1][0] @ pairs[-1][1]) / (pairs[-1][1] @ pairs[-1][1]) if pairs else v
        s, y = pairs[k - 1]
        share = (s @ v) / (y @ s)
        inner = times(k - 1, v - share * y)
        return inner + (share - (y @ inner) / (y @ s)) * s

    return -times(len(pairs), g)


@key.accept
def by_lists(g, S, Y):
    q, shares = -np.array(g, dtype=float), []
    for s, y in zip(S[::-1], Y[::-1], strict=True):
        shares.append(np.dot(s, q) / np.dot(s, y))
        q -= shares[-1] * y
    if len(S) > 0:
        q *= np.dot(S[-1], Y[-1]) / np.dot(Y[-1], Y[-1])
    for s, y in zip(S, Y, strict=True):
        q += (shares.pop() - np.dot(y, q) / np.dot(y, s)) * s
    return q


@key.accept
def by_the_compact_form(g, S, Y):
    if len(S) == 0:
        return -g
    R, D = np.triu(S @ Y.T), np.diag(np.sum(S * Y, axis=1))  # Byrd, Nocedal and Schnabel (1994)
    gamma = D[-1, -1] / (Y[-1] @ Y[-1])
    u = np.linalg.solve(R, S @ g)
    r = gamma * g + S.T @ np.linalg.solve(R.T, (D + gamma * Y @ Y.T) @ u - gamma * Y @ g) - gamma * Y.T @ u
    return -r


ONE, THREE, EIGHT = (
    f"{n}_with_the_dense_matrix" for n in ("one_pair_agrees", "three_pairs_agree", "eight_pairs_agree")
)
HAND, NEWEST = "one_pair_by_hand", "the_newest_pair_is_explained"
NONE, MORE = "without_history_it_is_steepest_descent", "more_pairs_than_parameters"
LAYOUT = "inputs_stay_unchanged_in_any_dtype_and_layout"
SEVERAL = [THREE, EIGHT, MORE, LAYOUT]


def _gamma(S, Y):
    return (S[-1] @ Y[-1]) / (Y[-1] @ Y[-1])


def _loops(g, S, Y, gamma, first, second):
    """The two loops over the pairs in these orders."""
    q, a = g, np.zeros(len(S))
    for k in first:
        a[k] = (S[k] @ q) / (S[k] @ Y[k])
        q = q - a[k] * Y[k]
    r = gamma * q
    for k in second:
        r = r + (a[k] - (Y[k] @ r) / (S[k] @ Y[k])) * S[k]
    return -r


def _orders(S):
    return range(len(S))[::-1], range(len(S))


FIRST = "Your first loop runs from the oldest pair to the newest; it must begin with the newest."


@key.reject(FIRST, fails=[*SEVERAL, NEWEST])
def history_reversed(g, S, Y):
    old, new = _orders(S)[::-1]
    return _loops(g, S, Y, _gamma(S, Y) if len(S) else 1.0, old, new)


@key.reject(FIRST, fails=[*SEVERAL, NEWEST])
def both_loops_from_the_oldest(g, S, Y):
    return _loops(g, S, Y, _gamma(S, Y) if len(S) else 1.0, range(len(S)), range(len(S)))


@key.reject(
    "Your second loop runs in the order of the first; it goes back, from oldest to newest.", fails=[*SEVERAL, NEWEST]
)
def second_loop_same_order(g, S, Y):
    newest_first = _orders(S)[0]
    return _loops(g, S, Y, _gamma(S, Y) if len(S) else 1.0, newest_first, newest_first)


@key.reject("Your first loop takes each α from g; it takes it from q, which changes.", fails=[*SEVERAL, NEWEST])
def first_loop_without_change(g, S, Y):
    a = np.array([(s @ g) / (s @ y) for s, y in zip(S, Y, strict=True)])
    r = _gamma(S, Y) * (g - a @ Y) if len(S) else g
    for k in range(len(S)):
        r = r + (a[k] - (Y[k] @ r) / (S[k] @ Y[k])) * S[k]
    return -r


@key.reject(
    "Your second loop pairs sₖ with the α of another pair: they were made from the newest on.", fails=[*SEVERAL, NEWEST]
)
def alphas_in_the_order_made(g, S, Y):
    q, a = g, []
    for s, y in zip(S[::-1], Y[::-1], strict=True):
        a.append((s @ q) / (s @ y))
        q = q - a[-1] * y
    r = _gamma(S, Y) * q if len(S) else q
    for k in range(len(S)):
        r = r + (a[k] - (Y[k] @ r) / (S[k] @ Y[k])) * S[k]
    return -r


@key.reject("You leave pairs out whose yᵀs is small: all pairs count, however short they are.", fails=[ONE])
def short_pairs_dropped(g, S, Y):
    long = np.sum(S * Y, axis=1) > 1e-10
    S, Y = S[long], Y[long]
    return _loops(g, S, Y, _gamma(S, Y) if len(S) else 1.0, *_orders(S))


@key.reject("You add a constant to yᵀs or yᵀy: for short pairs it is the larger part.", fails=[ONE])
def constant_in_denominators(g, S, Y):
    q, a = g, np.zeros(len(S))
    for k in reversed(range(len(S))):
        a[k] = (S[k] @ q) / (S[k] @ Y[k] + 1e-8)
        q = q - a[k] * Y[k]
    r = (S[-1] @ Y[-1]) / (Y[-1] @ Y[-1] + 1e-8) * q if len(S) else q
    for k in range(len(S)):
        r = r + (a[k] - (Y[k] @ r) / (S[k] @ Y[k] + 1e-8)) * S[k]
    return -r


@key.reject("Your γ comes from the oldest pair: scale with the newest.", fails=SEVERAL)
def gamma_from_oldest(g, S, Y):
    return _loops(g, S, Y, _gamma(S[::-1], Y[::-1]) if len(S) else 1.0, *_orders(S))


@key.reject("The initial scaling γ between your two loops is missing.", fails=[HAND, ONE, *SEVERAL])
def gamma_missing(g, S, Y):
    return _loops(g, S, Y, 1.0, *_orders(S))


@key.reject("Your γ is upside down: it approximates the inverse of the curvature.", fails=[HAND, ONE, *SEVERAL])
def gamma_inverted(g, S, Y):
    return _loops(g, S, Y, 1 / _gamma(S, Y) if len(S) else 1.0, *_orders(S))


@key.reject("You return Hg, which points uphill: the direction is -Hg.", fails=[HAND, ONE, *SEVERAL, NEWEST, NONE])
def ascent_direction(g, S, Y):
    return -_loops(g, S, Y, _gamma(S, Y) if len(S) else 1.0, *_orders(S))


@key.reject("Your second loop lacks its correction: α is reduced by β first.", fails=[HAND, ONE, *SEVERAL])
def second_loop_without_beta(g, S, Y):
    q, a = g, np.zeros(len(S))
    for k in reversed(range(len(S))):
        a[k] = (S[k] @ q) / (S[k] @ Y[k])
        q = q - a[k] * Y[k]
    return -(_gamma(S, Y) * q + a @ S) if len(S) else -g


@key.reject("Without any pair there is no newest one: the direction is then -g.", fails=[NONE])
def empty_history_forgotten(g, S, Y):
    return _loops(g, S, Y, _gamma(S, Y), *_orders(S))


@key.reject("You write into g, which belongs to whoever called you: start from a copy.", fails=[LAYOUT])
def gradient_is_changed(g, S, Y):
    q, a = g, np.zeros(len(S))
    for k in reversed(range(len(S))):
        a[k] = (S[k] @ q) / (S[k] @ Y[k])
        q -= a[k] * Y[k]
    r = _gamma(S, Y) * q if len(S) else q
    for k in range(len(S)):
        r = r + (a[k] - (Y[k] @ r) / (S[k] @ Y[k])) * S[k]
    return -r


key.equivalent("np.zeros -> np.ones", "The first loop writes every α before the second loop reads it.")
