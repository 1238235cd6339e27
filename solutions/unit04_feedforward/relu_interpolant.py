"""Answer key: a ReLU network through given points (unit 4). Functions are compared, not weights."""

import numpy as np

from autograder.key import N0, Key, check, close, standard
from dlmath_ref import relu_interpolant

key = Key("unit04_feedforward/relu_interpolant", reference=relu_interpolant, bans=N0)


def zigzag(rng, r):
    """Knots that begin left or right of 0, values that begin away from 0, slopes that differ from 0 and each other."""
    u = rng.uniform(1, 2) * rng.choice([-1, 1]) + np.concatenate([[0], np.cumsum(rng.uniform(0.5, 1.5, size=r - 1))])
    sign = rng.choice([-1, 1])
    return u, sign * (-1.0) ** np.arange(r) * rng.uniform(1, 2, size=r)


def between(u):
    """Midpoints and quarter points of all segments."""
    return np.sort(np.concatenate([u[:-1] + share * np.diff(u) for share in (0.25, 0.5)]))


def heights(answer, u, v, x):
    """The network's values at x, after checking that the weights have the shapes of one."""
    r, x = len(u), x.astype(float)
    got = answer(u, v)
    check(type(got) in (tuple, list) and len(got) == 4, "relu_interpolant must return four arrays: W1, b1, W2, b2.")
    for name, w, shape in zip(("W1", "b1", "W2", "b2"), got, ((r - 1, 1), (r - 1,), (1, r - 1), (1,)), strict=True):
        check(isinstance(w, np.ndarray) and w.dtype.kind in "fiu", f"{name} must be a numpy array of numbers.")
        check(w.shape == shape, f"{name}: got shape {w.shape}, expected {shape} for {r} knots.")
    W1, b1, W2, b2 = (w.astype(float) for w in got)
    return (np.maximum(x[:, None] @ W1.T + b1, 0) @ W2.T + b2)[:, 0]


@key.part("worked", weight=1)
def three_knots_by_hand(answer, rng):
    u, v = np.array([0.0, 1.0, 3.0]), np.array([1.0, 3.0, 1.0])
    close(heights(answer, u, v, np.array([0, 0.75, 1, 2, 3])), np.array([1, 2.5, 3, 2, 1.0]), what="the network")


@key.part("core", weight=1.5)
def the_network_passes_through_the_knots(answer, rng):
    for r in (8, 30):
        u, v = zigzag(rng, r)
        close(heights(answer, u.copy(), v.copy(), u), v, what="the network at the knots")


@key.part("core", weight=1.5)
def it_is_straight_between_the_knots(answer, rng):
    for r in (8, 30):
        u, v = zigzag(rng, r)
        x = between(u)
        close(heights(answer, u.copy(), v.copy(), x), np.interp(x, u, v), what="the network between the knots")


@key.part("edge", weight=0.5, feedback="Try two knots, and a knot at which the slope does not change.")
def two_knots_and_equal_slopes(answer, rng):
    u, v = zigzag(rng, 2)
    straight = u[0] + np.array([0.0, 0.5, 2.0, 3.5])
    for knots, values in ((u, v), (straight, v[0] + rng.uniform(1, 2) * (straight - u[0]) * [1, 1, 1, 0.5])):
        x = between(knots)
        close(heights(answer, knots.copy(), values.copy(), x), np.interp(x, knots, values), what="the network")


@key.part("edge", weight=0.5)
def inputs_stay_unchanged_in_any_dtype_and_layout(answer, rng):
    def drawn(u, v):
        return heights(answer, u, v, between(u))

    def interpolated(u, v):
        return np.interp(between(u).astype(float), u, v).astype(u.dtype)

    standard(drawn, zigzag(rng, 6), interpolated, what="the network")


def _slopes(u, v):
    return (v[1:] - v[:-1]) / (u[1:] - u[:-1])


@key.accept
def by_concatenation(u, v):
    s = _slopes(u, v)
    changes = np.concatenate([s[:1], s[1:] - s[:-1]])
    return np.ones((len(s), 1)), -u[:-1], changes.reshape(1, -1), np.array([v[0]])


@key.accept
def units_scaled_by_their_segments(u, v):
    h = np.diff(u)
    changes = np.diff(np.diff(v) / h, prepend=0)
    return (1 / h)[:, None], -u[:-1] / h, (changes * h)[None], v[[0]]


@key.accept
def units_in_another_order(u, v):
    s = _slopes(u, v)
    changes = s - np.append(0, s[:-1])
    return [np.ones((len(s), 1), dtype=int), -u[-2::-1], np.asfortranarray(changes[None, ::-1]), v[:1].copy()]


@key.accept
def looking_to_the_left(u, v):
    s = _slopes(u, v)
    changes = np.append(s[:-1] - s[1:], s[-1])  # on its left, unit j alters the slope of the segment behind it
    return -np.ones((len(s), 1)), u[1:].copy(), -changes[None], v[-1:]


@key.accept
def by_a_loop(u, v):
    W1, b1, W2 = np.empty((len(u) - 1, 1)), np.empty(len(u) - 1), np.empty((1, len(u) - 1))
    before = 0.0
    for j in range(len(u) - 1):
        slope = (v[j + 1] - v[j]) / (u[j + 1] - u[j])
        W1[j, 0], b1[j], W2[0, j], before = 1, -u[j], slope - before, slope
    return W1, b1, W2, np.array([float(v[0])])


@key.accept
def by_solving_for_the_weights(u, v):
    units = np.maximum(u[1:, None] - u[None, :-1], 0)
    return np.ones((len(u) - 1, 1)), -u[:-1], np.linalg.solve(units.astype(float), v[1:] - v[0])[None], v[:1]


WORKED, KNOTS, STRAIGHT, FEW, INPUTS = (
    "three_knots_by_hand",
    "the_network_passes_through_the_knots",
    "it_is_straight_between_the_knots",
    "two_knots_and_equal_slopes",
    "inputs_stay_unchanged_in_any_dtype_and_layout",
)
ALL = [WORKED, KNOTS, STRAIGHT, FEW, INPUTS]


def _network(u, v, W2, b1=None, b2=None):
    return (
        np.ones((len(u) - 1, 1)),
        -u[:-1] if b1 is None else b1,
        np.asarray(W2)[None],
        v[:1] if b2 is None else b2,
    )


@key.reject("Each unit adds a change of slope to those before it; yours adds the slope itself.", fails=ALL)
def slopes_not_differenced(u, v):
    return _network(u, v, _slopes(u, v))


@key.reject("The unit of knot u_j must switch on at x = u_j, so its bias is -u_j: look at the sign.", fails=ALL)
def bias_sign(u, v):
    return _network(u, v, np.diff(_slopes(u, v), prepend=0), b1=u[:-1])


@key.reject("The network begins at the height v_1, which must be the output's bias b2.", fails=ALL)
def offset_missing(u, v):
    return _network(u, v, np.diff(_slopes(u, v), prepend=0), b2=np.zeros(1))


@key.reject("The first unit starts at u_1; yours are one knot late.", fails=ALL)
def knots_off_by_one(u, v):
    return _network(u, v, np.diff(_slopes(u, v), prepend=0), b1=-u[1:])


@key.reject("A slope is rise over run, the difference of v over that of u; yours is turned upside down.", fails=ALL)
def run_over_rise(u, v):
    return _network(u, v, np.diff(np.diff(u) / np.diff(v), prepend=0))


@key.reject("A slope is rise over run: divide by the distance of the knots.", fails=ALL)
def not_divided_by_the_distance(u, v):
    return _network(u, v, np.diff(np.diff(v), prepend=0))


@key.reject(
    "The first unit's weight is the first slope itself, since the line before u_1 is flat.",
    fails=ALL,
)
def first_slope_lost(u, v):
    s = _slopes(u, v)
    return _network(u, v, s - np.append(s[:1], s[:-1]))


@key.reject(
    "Your function changes its arguments: a part of an array is a view of it, so copy before you alter it.",
    fails=[INPUTS],
)
def a_view_is_negated(u, v):
    W2 = np.diff(_slopes(u, v), prepend=0)
    b1 = u[:-1]
    b1 *= -1
    return _network(u, v, W2, b1=b1)
