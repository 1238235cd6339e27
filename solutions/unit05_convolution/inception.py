"""Answer key: the inception module (unit 5).

Filters come in pairs K and -K, so that whatever a layer computes, one of the two survives its ReLU. The order of the
branches is a convention: only two parts of half a point see it, the others add up all channels.
"""

import numpy as np

from autograder.key import N0, Key, check, close, standard
from dlmath_ref import inception_forward

key = Key("unit05_convolution/inception", reference=inception_forward, bans=N0)

SIDES = {"b1": 1, "b3r": 1, "b3": 3, "b5r": 1, "b5": 5, "bp": 1}
INPUTS = {"b3": "b3r", "b5": "b5r"}  # the layer in front; the others see C channels
WORKED, ONE, THREE, FIVE = "two_pixels_by_hand", "the_1x1_branch", "the_3x3_branch", "the_5x5_branch"
POOL, ORDER = "the_pooling_branch", "all_branches_in_their_order"
SMALL, LAYOUT = "branches_of_one_channel_and_small_images", "inputs_stay_unchanged_in_any_dtype_and_layout"
ALL = [WORKED, ONE, THREE, FIVE, POOL, ORDER, SMALL, LAYOUT]


def module(rng, C, widths):
    """Random filters; the second half of each layer is minus the first half where the width is even."""
    F, P = dict(zip(SIDES, widths, strict=True)), {}
    for name, side in SIDES.items():
        K = rng.uniform(0.5, 1, size=(F[name], F.get(INPUTS.get(name), C), side, side))
        K *= rng.choice([-1, 1], size=K.shape)
        b = rng.uniform(-0.5, 0.5, size=F[name])
        if F[name] % 2 == 0:
            K[F[name] // 2 :], b[F[name] // 2 :] = -K[: F[name] // 2], -b[: F[name] // 2]
        P[name] = K, b
    return P


def images(rng, shape):
    """Pixels of both signs, those of one corner below 0: there zeros in the frame would win."""
    X = rng.normal(size=shape)
    X[:, :, :2, :2] = -rng.uniform(1, 2, size=X[:, :, :2, :2].shape)
    return X


def only(branch, P):
    """The other branches give 0."""
    silent = {name for name in ("b1", "b3", "b5", "bp") if name != branch}
    return {name: (0 * K, 0 * b - 1) if name in silent else (K, b) for name, (K, b) in P.items()}


def ask(answer, X, P):
    """The output, after a check of its shape."""
    got = answer(X.copy(), {name: (K.copy(), b.copy()) for name, (K, b) in P.items()})
    shape = len(X), sum(len(P[name][0]) for name in ("b1", "b3", "b5", "bp")), *X.shape[2:]
    good = type(got) is np.ndarray and got.shape == shape and got.dtype.kind == "f"
    check(good, f"The output must be an array of floats of shape {shape}: the channels of all branches.")
    return got


def branch_agrees(answer, rng, branch, X):
    P = only(branch, module(rng, X.shape[1], (4, 2, 4, 2, 4, 4)))
    got = ask(answer, X, P).sum(1)  # the other channels are 0
    close(got, inception_forward(X, P).sum(1), what=f"the sum over the channels, where only {branch} is not 0")


@key.part("worked", weight=1)
def two_pixels_by_hand(answer, rng):
    one = np.ones((1, 1, 1, 1)), np.zeros(1)
    P = {"b1": one, "b3r": one, "b3": (np.ones((1, 1, 3, 3)), np.zeros(1))}
    P |= {"b5r": one, "b5": (np.zeros((1, 1, 5, 5)), np.ones(1)), "bp": one}
    got = ask(answer, np.array([[[[-1.0, 2.0]]]]), P)
    close(got.sum(1), np.array([[[0.0 + 2 + 1 + 2, 2 + 2 + 1 + 2]]]), what="the sum over the four channels")


@key.part("core", weight=0.5)
def the_1x1_branch(answer, rng):
    branch_agrees(answer, rng, "b1", images(rng, (2, 3, 4, 5)))


@key.part("core", weight=1.5)
def the_3x3_branch(answer, rng):
    branch_agrees(answer, rng, "b3", images(rng, (2, 3, 6, 5)))


@key.part("core", weight=1.5)
def the_5x5_branch(answer, rng):
    branch_agrees(answer, rng, "b5", images(rng, (2, 3, 6, 7)))


@key.part("core", weight=1, feedback="All pixels are negative here.")
def the_pooling_branch(answer, rng):
    branch_agrees(answer, rng, "bp", -rng.uniform(1, 2, size=(2, 3, 4, 5)))


@key.part("core", weight=0.5)
def all_branches_in_their_order(answer, rng):
    X, P = images(rng, (2, 3, 4, 5)), module(rng, 3, (2, 2, 4, 4, 6, 4))
    close(ask(answer, X, P), inception_forward(X, P), what="the output")


@key.part("edge", weight=0.5)
def branches_of_one_channel_and_small_images(answer, rng):
    for shape in ((1, 2, 1, 1), (3, 1, 2, 3), (1, 4, 4, 4)):
        X, P = rng.uniform(1, 2, size=shape), module(rng, shape[1], (1, 1, 1, 1, 1, 1))
        P = {name: (np.abs(K), b + 1) for name, (K, b) in P.items()}  # nothing is cut by a ReLU
        close(ask(answer, X, P).sum(1), inception_forward(X, P).sum(1), what="the sum over the channels")


@key.part("edge", weight=0.5)
def inputs_stay_unchanged_in_any_dtype_and_layout(answer, rng):
    X, P = images(rng, (2, 3, 4, 5)), module(rng, 3, (4, 2, 2, 4, 4, 2))
    standard(answer, (X, P), inception_forward, what="the output")


def _conv(X, K, b):
    """Convolution that keeps height and width."""
    p = K.shape[2] // 2
    framed = np.pad(X, ((0, 0), (0, 0), (p, p), (p, p)))
    windows = np.lib.stride_tricks.sliding_window_view(framed, K.shape[2:], axis=(2, 3))
    return np.einsum("ncijab,fcab->nfij", windows, K) + b[:, None, None]


def _pool(X, value=-np.inf, stride=1):
    framed = np.pad(X, ((0, 0), (0, 0), (1, 1), (1, 1)), constant_values=value)
    return np.lib.stride_tricks.sliding_window_view(framed, (3, 3), axis=(2, 3))[:, :, ::stride, ::stride].max((4, 5))


def _relu(Z):
    return np.maximum(Z, 0)


def _branches(X, P):
    """The four branches."""
    return (
        _relu(_conv(X, *P["b1"])),
        _relu(_conv(_relu(_conv(X, *P["b3r"])), *P["b3"])),
        _relu(_conv(_relu(_conv(X, *P["b5r"])), *P["b5"])),
        _relu(_conv(_pool(X), *P["bp"])),
    )


@key.accept
def with_loops_over_the_filter(X, P):
    N, _, H, W = X.shape
    widths = [len(P[name][1]) for name in ("b1", "b3", "b5", "bp")]
    out, start = np.zeros((N, sum(widths), H, W)), 0
    pooled = np.full(X.shape, -np.inf)
    for i, j in np.ndindex(H, W):
        pooled[:, :, i, j] = X[:, :, max(i - 1, 0) : i + 2, max(j - 1, 0) : j + 2].max(axis=(2, 3))
    for path, width in zip((["b1"], ["b3r", "b3"], ["b5r", "b5"], ["bp"]), widths, strict=True):
        A = pooled if path == ["bp"] else X
        for K, b in (P[name] for name in path):
            p = K.shape[-1] // 2
            framed = np.pad(A, ((0, 0), (0, 0), (p, p), (p, p)))
            A = np.zeros((N, len(b), H, W)) + b.reshape(1, -1, 1, 1)
            for a, c in np.ndindex(K.shape[2:]):
                A += np.einsum("fc,ncij->nfij", K[:, :, a, c], framed[:, :, a : a + H, c : c + W])
            A *= A > 0
        out[:, start : start + width] = A
        start += width
    return out


@key.accept
def image_by_image(X, P):
    outputs = []
    for x in X:
        parts = [branch[0] for branch in _branches(x[None], P)]
        outputs.append(np.vstack(parts))
    return np.asfortranarray(np.stack(outputs))


@key.reject("Branches are concatenated along the channels, axis 1, not along the batch.", fails=ALL)
def concatenated_over_batch(X, P):
    return np.concatenate(_branches(X, P), axis=0)


@key.reject("The branches are added up; their channels must stand side by side.", fails=ALL)
def branches_added(X, P):
    return sum(_branches(X, P))


@key.reject("The 1×1 reductions b3r and b5r have a ReLU, too.", fails=[WORKED, THREE, FIVE, ORDER, LAYOUT])
def relu_after_reduction_missing(X, P):
    b1, _, _, bp = _branches(X, P)
    b3 = _relu(_conv(_conv(X, *P["b3r"]), *P["b3"]))
    b5 = _relu(_conv(_conv(X, *P["b5r"]), *P["b5"]))
    return np.concatenate([b1, b3, b5, bp], axis=1)


@key.reject(
    "Every convolution has a ReLU, also the last one of each branch.",
    fails=[WORKED, ONE, THREE, FIVE, POOL, ORDER, LAYOUT],
)
def last_relu_missing(X, P):
    b3 = _conv(_relu(_conv(X, *P["b3r"])), *P["b3"])
    b5 = _conv(_relu(_conv(X, *P["b5r"])), *P["b5"])
    return np.concatenate([_conv(X, *P["b1"]), b3, b5, _conv(_pool(X), *P["bp"])], axis=1)


@key.reject("The pooling branch must keep the size of the image: its stride is 1.", fails=ALL)
def pool_stride_two(X, P):
    b1, b3, b5, _ = _branches(X, P)
    return np.concatenate([b1, b3, b5, _relu(_conv(_pool(X, stride=3), *P["bp"]))], axis=1)


BRANCHES = "The convention for the order of the branches: 1×1, 3×3, 5×5, pooling."


@key.reject(BRANCHES, fails=[ORDER, LAYOUT])
def three_and_five_exchanged(X, P):
    b1, b3, b5, bp = _branches(X, P)
    return np.concatenate([b1, b5, b3, bp], axis=1)


@key.reject(BRANCHES, fails=[ORDER, LAYOUT])
def pooling_first(X, P):
    b1, b3, b5, bp = _branches(X, P)
    return np.concatenate([bp, b1, b3, b5], axis=1)


@key.reject("Max-pooling pads with −∞: zeros win against negative pixels.", fails=[POOL, ORDER, LAYOUT])
def pool_pads_with_zero(X, P):
    b1, b3, b5, _ = _branches(X, P)
    return np.concatenate([b1, b3, b5, _relu(_conv(_pool(X, 0), *P["bp"]))], axis=1)


@key.reject(
    "In the pooling branch the 1×1 convolution comes after the pooling, not before.", fails=[POOL, ORDER, SMALL, LAYOUT]
)
def pooling_after_the_convolution(X, P):
    b1, b3, b5, _ = _branches(X, P)
    return np.concatenate([b1, b3, b5, _relu(_pool(_conv(X, *P["bp"])))], axis=1)


@key.reject("The pooling is missing in the last branch.", fails=[WORKED, POOL, ORDER, SMALL, LAYOUT])
def pooling_missing(X, P):
    b1, b3, b5, _ = _branches(X, P)
    return np.concatenate([b1, b3, b5, _relu(_conv(X, *P["bp"]))], axis=1)


@key.reject(
    "You frame the image before the 1×1 reduction; the 3×3 and the 5×5 layer frame what the reduction made.",
    fails=[THREE, FIVE, ORDER, SMALL, LAYOUT],
)
def frame_before_the_reduction(X, P):
    b1, _, _, bp = _branches(X, P)
    wide = np.pad(X, ((0, 0), (0, 0), (2, 2), (2, 2)))
    b3, b5 = (branch[:, :, 2:-2, 2:-2] for branch in _branches(wide, P)[1:3])
    return np.concatenate([b1, b3, b5, bp], axis=1)


@key.reject("The layer is a correlation: filters are not flipped.", fails=[THREE, FIVE, ORDER, SMALL, LAYOUT])
def kernel_flipped(X, P):
    return np.concatenate(_branches(X, {name: (K[:, :, ::-1, ::-1], b) for name, (K, b) in P.items()}), axis=1)


key.equivalent(
    "np.maximum(conv2d(A, K, b, pad=K.shape[-1] // 2), 0) -> np.maximum(0, conv2d(A, K, b, pad=K.shape[-1] // 2))",
    "a maximum does not care about the order",
)
key.equivalent("1 -> 2", "K.shape[-2] instead of K.shape[-1]: the filters are square")
