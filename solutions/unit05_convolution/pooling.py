"""Answer key: max- and average-pooling, forward and backward (unit 5).

Which of several equal pixels wins is a convention: one part has ties, worth 1 point. One has negative framed pixels.
"""

import numpy as np

from autograder.key import N0, Key, check, close, standard
from dlmath_ref import avgpool, avgpool_backward, maxpool, maxpool_backward

REFERENCE = {f.__name__: f for f in (maxpool, maxpool_backward, avgpool, avgpool_backward)}
key = Key("unit05_convolution/pooling", reference=REFERENCE, bans=N0)

WORKED, MAX, MAX_BACK = "four_by_four_by_hand", "the_largest_pixel_of_every_window", "the_winner_gets_the_gradient"
AVERAGE, AVERAGE_BACK = "the_average_of_every_window", "every_pixel_of_a_window_gets_its_share"
NEGATIVE, TIES = "the_frame_never_wins", "of_equal_pixels_the_first_wins"
GLOBAL, LAYOUT = "one_window_as_large_as_the_image", "inputs_stay_unchanged_in_any_dtype_and_layout"

CASES = [  # shape, k, stride, pad: leftover pixels, overlaps, gaps, a frame, a square of single pixels
    ((2, 3, 7, 5), 2, 2, 0),
    ((1, 2, 4, 6), 3, 1, 1),
    ((2, 1, 8, 5), 2, 3, 0),
    ((1, 3, 6, 5), 3, 2, 1),
    ((3, 3, 3, 3), 1, 1, 0),
]


def images(rng, shape):
    """Distinct pixels above 0; pixel (1, 1) is the largest, so that it wins wherever windows overlap."""
    X = rng.permutation(float(np.prod(shape)) * np.linspace(0.1, 1, int(np.prod(shape)))).reshape(shape)
    X[:, :, 1, 1] += 2 * X.max()
    return X


def upstream(rng, pooled):
    """A gradient of the shape of the output, entries away from 0."""
    return rng.uniform(1, 2, size=pooled.shape) * rng.choice([-1, 1], size=pooled.shape)


def forwards(answer, name, X, *window):
    close(getattr(answer, name)(X.copy(), *window), REFERENCE[name](X, *window), what=f"{name}(X)")


def backwards(answer, name, rng, X, *window):
    g = upstream(rng, avgpool(X, *window))
    got = getattr(answer, f"{name}_backward")(g.copy(), X.copy(), *window)
    close(got, REFERENCE[f"{name}_backward"](g, X, *window), what=f"the gradient of {name}")
    return got, g


@key.part("worked", weight=1)
def four_by_four_by_hand(answer, rng):
    X = np.array([[[[1.0, 3, 2, 0], [4, 2, 1, 5], [0, 1, 7, 6], [2, 2, 3, 8]]]])
    g = np.array([[[[1.0, 2], [0, 4]]]])  # 0 where two pixels tie
    close(answer.maxpool(X.copy(), 2, 2), np.array([[[[4.0, 5], [2, 8]]]]), what="maxpool(X)")
    close(answer.avgpool(X.copy(), 2, 2), np.array([[[[2.5, 2], [1.25, 6]]]]), what="avgpool(X)")
    winners = np.array([[[[0.0, 0, 0, 0], [1, 0, 0, 2], [0, 0, 0, 0], [0, 0, 0, 4]]]])
    close(answer.maxpool_backward(g.copy(), X.copy(), 2, 2), winners, what="the gradient of maxpool")
    shares = g.repeat(2, 2).repeat(2, 3) / 4
    close(answer.avgpool_backward(g.copy(), X.copy(), 2, 2), shares, what="the gradient of avgpool")


@key.part("core", weight=1.5)
def the_largest_pixel_of_every_window(answer, rng):
    for shape, *window in CASES:
        forwards(answer, "maxpool", images(rng, shape), *window)


@key.part("core", weight=2)
def the_winner_gets_the_gradient(answer, rng):
    for shape, *window in CASES:
        backwards(answer, "maxpool", rng, images(rng, shape), *window)


@key.part("core", weight=1)
def the_average_of_every_window(answer, rng):
    for shape, *window in CASES:
        forwards(answer, "avgpool", images(rng, shape), *window)


@key.part("core", weight=1.5)
def every_pixel_of_a_window_gets_its_share(answer, rng):
    for shape, *window in CASES:
        backwards(answer, "avgpool", rng, images(rng, shape), *window)


@key.part("core", weight=1, feedback="All pixels are negative here, and there is a frame.")
def the_frame_never_wins(answer, rng):
    cases = [(-images(rng, (1, 2, 4, 5)), 3, 1, 1), (-images(rng, (2, 1, 6, 4)), 2, 2, 1)]
    for X, *window in (*cases, (np.full((1, 3, 2, 2), -1e6), 2, 2, 1)):  # at last a single pixel in every window
        forwards(answer, "maxpool", X, *window)
        backwards(answer, "maxpool", rng, X, *window)


@key.part("edge", weight=1)
def of_equal_pixels_the_first_wins(answer, rng):
    diagonal = np.tile([[0.0, 1], [1, 0]], (2, 2))
    X = np.stack([np.ones((4, 4)), diagonal, rng.integers(2, size=(4, 4)).astype(float)])[None]
    for window in ((2, 2), (3, 1)):
        g = upstream(rng, maxpool(X, *window))
        got = answer.maxpool_backward(g.copy(), X.copy(), *window)
        whole = type(got) is np.ndarray and got.shape == X.shape and np.isclose(got.sum(), g.sum())
        check(whole, "Each window must hand on its gradient once, also where pixels are equal: the sum must stay.")
        close(got, maxpool_backward(g, X, *window), what="the gradient of maxpool, with equal pixels")


@key.part("edge", weight=0.5)
def one_window_as_large_as_the_image(answer, rng):
    X = images(rng, (2, 3, 5, 5))
    for name in ("maxpool", "avgpool"):
        forwards(answer, name, X, 5, 1)
        backwards(answer, name, rng, X, 5, 3)


@key.part("edge", weight=0.5)
def inputs_stay_unchanged_in_any_dtype_and_layout(answer, rng):
    X = images(rng, (1, 2, 6, 5)) / 10
    for name in ("maxpool", "avgpool"):
        standard(getattr(answer, name), (X, 3, 2, 1), REFERENCE[name], what=f"{name}(X)")
        back, g = f"{name}_backward", upstream(rng, avgpool(X, 3, 2, 1))
        standard(getattr(answer, back), (g, X, 3, 2, 1), REFERENCE[back], what=f"the gradient of {name}")


@key.accept
class PixelByPixel:
    def maxpool(X, k, stride, pad=0):
        return _loops(X, k, stride, pad, max)

    def avgpool(X, k, stride, pad=0):
        return _loops(X, k, stride, pad, lambda pixels: sum(pixels) / k**2)

    def maxpool_backward(g, X, k, stride, pad=0):
        g_X = np.zeros(X.shape)
        for n, c, i, j in np.ndindex(g.shape):
            best = None
            for p, q in _inside(X, i * stride - pad, j * stride - pad, k):
                if best is None or X[n, c, p, q] > X[(n, c, *best)]:
                    best = p, q
            g_X[(n, c, *best)] += g[n, c, i, j]
        return g_X

    def avgpool_backward(g, X, k, stride, pad=0):
        g_X = np.zeros(X.shape)
        for n, c, i, j in np.ndindex(g.shape):
            for p, q in _inside(X, i * stride - pad, j * stride - pad, k):
                g_X[n, c, p, q] += g[n, c, i, j] / k**2
        return g_X


@key.accept
class OffsetByOffset:
    def maxpool(X, k, stride, pad=0):
        return np.maximum.reduce([part for _, part in _offsets(_framed(X, pad, -np.inf), k, stride)])

    def avgpool(X, k, stride, pad=0):
        return sum(part for _, part in _offsets(_framed(X, pad, 0), k, stride)) / (k * k)

    def maxpool_backward(g, X, k, stride, pad=0):
        framed, free = _framed(X, pad, -np.inf), np.ones(g.shape, bool)
        g_framed = np.zeros(framed.shape)
        largest = np.maximum.reduce([part for _, part in _offsets(framed, k, stride)])
        for place, part in _offsets(framed, k, stride):
            wins = free & (part == largest)
            g_framed[place] += g * wins
            free &= ~wins
        return _cropped(g_framed, pad)

    def avgpool_backward(g, X, k, stride, pad=0):
        g_framed = np.zeros_like(_framed(X, pad, 0))
        for place, _ in _offsets(g_framed, k, stride):
            g_framed[place] += g / k**2
        return _cropped(g_framed, pad)


@key.accept
class BySlidingWindows:
    def maxpool(X, k, stride, pad=0):
        return np.asfortranarray(_windows(X, k, stride, pad, -np.inf).max(axis=(4, 5)))

    def avgpool(X, k, stride, pad=0):
        return np.einsum("ncijab->ncij", _windows(X, k, stride, pad, 0)) / k**2

    def maxpool_backward(g, X, k, stride, pad=0):
        return _spread(g[..., None, None] * _first(_windows(X, k, stride, pad, -np.inf)), X, stride, pad)

    def avgpool_backward(g, X, k, stride, pad=0):
        return _spread(np.broadcast_to(g[..., None, None] / k**2, (*g.shape, k, k)), X, stride, pad)


def _inside(X, top, left, k):
    """The pixels of a window, row by row, without those of the frame."""
    H, W = X.shape[2:]
    return [(p, q) for p in range(top, top + k) for q in range(left, left + k) if 0 <= p < H and 0 <= q < W]


def _loops(X, k, stride, pad, reduce):
    N, C, H, W = X.shape
    y = np.zeros((N, C, (H + 2 * pad - k) // stride + 1, (W + 2 * pad - k) // stride + 1))
    for n, c, i, j in np.ndindex(y.shape):
        y[n, c, i, j] = reduce([X[n, c, p, q] for p, q in _inside(X, i * stride - pad, j * stride - pad, k)])
    return y


def _framed(X, pad, value):
    return np.pad(X, ((0, 0), (0, 0), (pad, pad), (pad, pad)), constant_values=value)


def _cropped(X, pad):
    return X[:, :, pad : X.shape[2] - pad, pad : X.shape[3] - pad]


def _offsets(framed, k, stride):
    """For each place in a window, row by row: the slices of all windows there, and what they hold."""
    rows, columns = ((size - k) // stride * stride + 1 for size in framed.shape[2:])
    for a in range(k):
        for b in range(k):
            place = ..., slice(a, a + rows, stride), slice(b, b + columns, stride)
            yield place, framed[place]


def _windows(X, k, stride, pad, value):
    """(N, C, rows, columns, k, k)"""
    views = np.lib.stride_tricks.sliding_window_view(_framed(X, pad, value), (k, k), axis=(2, 3))
    return views[:, :, ::stride, ::stride]


def _first(windows):
    """1 at the first maximum of each window, 0 elsewhere."""
    k = windows.shape[-1]
    return np.eye(k * k)[windows.reshape(*windows.shape[:4], k * k).argmax(-1)].reshape(windows.shape)


def _spread(shares, X, stride, pad, join=np.add):
    """What windows hand back, joined in the order of the windows, without the frame."""
    framed, k = np.zeros(_framed(X, pad, 0).shape), shares.shape[-1]
    places = [place for place, _ in _offsets(framed, k, stride)]
    for place, (a, b) in reversed(list(zip(places, np.ndindex(k, k), strict=True))):
        framed[place] = join(framed[place], shares[..., a, b])
    return _cropped(framed, pad)


def _overwritten(old, new):
    return np.where(new != 0, new, old)


def _max_shares(g, X, k, stride, pad, value=-np.inf):
    return g[..., None, None] * _first(_windows(X, k, stride, pad, value))


def _average_shares(g, k):
    return np.broadcast_to(g[..., None, None] / k**2, (*g.shape, k, k))


FRAME = "The frame must never win the maximum: negative pixels lose against zeros. Pad with −∞."


@key.reject(FRAME, fails=[NEGATIVE], function="maxpool")
def pad_with_zero_forwards(X, k, stride, pad=0):
    return _windows(X, k, stride, pad, 0).max((-2, -1))


@key.reject(FRAME, fails=[NEGATIVE], function="maxpool_backward")
def pad_with_zero_backwards(g, X, k, stride, pad=0):
    return _spread(_max_shares(g, X, k, stride, pad, 0), X, stride, pad)


@key.reject(FRAME, fails=[NEGATIVE])
class PadWithZero:
    def maxpool(X, k, stride, pad=0):
        return _windows(X, k, stride, pad, 0).max((-2, -1))

    def maxpool_backward(g, X, k, stride, pad=0):
        return _spread(_max_shares(g, X, k, stride, pad, 0), X, stride, pad)


@key.reject("Your frame equals the smallest pixel: at a tie it may win.", fails=[NEGATIVE], function="maxpool_backward")
def pad_with_the_smallest_pixel(g, X, k, stride, pad=0):
    return _spread(_max_shares(g, X, k, stride, pad, X.min()), X, stride, pad)


@key.reject(
    "Only one pixel of each window receives the gradient, also at ties.", fails=[TIES], function="maxpool_backward"
)
def gradient_to_all_ties(g, X, k, stride, pad=0):
    windows = _windows(X, k, stride, pad, -np.inf)
    return _spread(g[..., None, None] * (windows == windows.max((-2, -1), keepdims=True)), X, stride, pad)


CONVENTION = "A convention of this course: at a tie the first maximum, row by row, receives the whole gradient."


@key.reject(CONVENTION, fails=[TIES], function="maxpool_backward")
def gradient_split_on_ties(g, X, k, stride, pad=0):
    windows = _windows(X, k, stride, pad, -np.inf)
    equal = windows == windows.max((-2, -1), keepdims=True)
    return _spread(g[..., None, None] * equal / equal.sum((-2, -1), keepdims=True), X, stride, pad)


@key.reject(CONVENTION, fails=[TIES], function="maxpool_backward")
def last_maximum(g, X, k, stride, pad=0):
    winners = _first(_windows(X, k, stride, pad, -np.inf)[..., ::-1, ::-1])[..., ::-1, ::-1]
    return _spread(g[..., None, None] * winners, X, stride, pad)


@key.reject(CONVENTION, fails=[TIES], function="maxpool_backward")
def first_maximum_column_by_column(g, X, k, stride, pad=0):
    winners = _first(_windows(X, k, stride, pad, -np.inf).swapaxes(-1, -2)).swapaxes(-1, -2)
    return _spread(g[..., None, None] * winners, X, stride, pad)


OVERLAP = "Where windows overlap, their gradients must add up; yours overwrite each other."


@key.reject(OVERLAP, fails=[MAX_BACK, NEGATIVE, TIES, LAYOUT], function="maxpool_backward")
def overlap_overwritten(g, X, k, stride, pad=0):
    return _spread(_max_shares(g, X, k, stride, pad), X, stride, pad, _overwritten)


@key.reject(OVERLAP, fails=[MAX_BACK, NEGATIVE, TIES, LAYOUT], function="maxpool_backward")
def whole_windows_overwritten(g, X, k, stride, pad=0):
    return _spread(_max_shares(g, X, k, stride, pad), X, stride, pad, lambda old, new: new)


@key.reject(OVERLAP, fails=[AVERAGE_BACK, LAYOUT], function="avgpool_backward")
def overlapping_averages_overwritten(g, X, k, stride, pad=0):
    return _spread(_average_shares(g, k), X, stride, pad, _overwritten)


@key.reject(OVERLAP, fails=[MAX_BACK, AVERAGE_BACK, NEGATIVE, TIES, LAYOUT])
class OverlapOverwritten:
    def maxpool_backward(g, X, k, stride, pad=0):
        return _spread(_max_shares(g, X, k, stride, pad), X, stride, pad, _overwritten)

    def avgpool_backward(g, X, k, stride, pad=0):
        return _spread(_average_shares(g, k), X, stride, pad, _overwritten)


@key.reject("The windows are `stride` apart, which need not be their size k.", fails=[MAX, AVERAGE, NEGATIVE, LAYOUT])
class StrideEqualsK:
    def maxpool(X, k, stride, pad=0):
        return _windows(X, k, k, pad, -np.inf).max((-2, -1))

    def avgpool(X, k, stride, pad=0):
        return _windows(X, k, k, pad, 0).mean((-2, -1))


BY_K = "A window has k² pixels: the average divides by k², not by k."


@key.reject(BY_K, fails=[WORKED, AVERAGE, AVERAGE_BACK, GLOBAL, LAYOUT])
class AvgDividesByK:
    def avgpool(X, k, stride, pad=0):
        return _windows(X, k, stride, pad, 0).sum((-2, -1)) / k

    def avgpool_backward(g, X, k, stride, pad=0):
        return _spread(_average_shares(g, k) * k, X, stride, pad)


@key.reject(BY_K, fails=[WORKED, AVERAGE, GLOBAL, LAYOUT], function="avgpool")
def avg_divides_by_k(X, k, stride, pad=0):
    return _windows(X, k, stride, pad, 0).sum((-2, -1)) / k


@key.reject(
    "Every pixel of an averaged window gets the share g/k²; yours gets all of g.",
    fails=[WORKED, AVERAGE_BACK, GLOBAL, LAYOUT],
    function="avgpool_backward",
)
def average_gradient_not_divided(g, X, k, stride, pad=0):
    return _spread(_average_shares(g, k) * k**2, X, stride, pad)


@key.reject(
    "The zeros of the frame count in the average: it divides by k² at the border, too.",
    fails=[AVERAGE, LAYOUT],
    function="avgpool",
)
def frame_not_counted(X, k, stride, pad=0):
    inside = _windows(np.ones(X.shape), k, stride, pad, 0).sum((-2, -1))
    return _windows(X, k, stride, pad, 0).sum((-2, -1)) / inside


@key.reject(
    "What the frame receives is lost: crop it, so that the gradient has the shape of X.",
    fails=[MAX_BACK, AVERAGE_BACK, NEGATIVE, LAYOUT],
)
class FrameNotRemoved:
    def maxpool_backward(g, X, k, stride, pad=0):
        return _spread(_max_shares(g, _framed(X, pad, -np.inf), k, stride, 0), _framed(X, pad, 0), stride, 0)

    def avgpool_backward(g, X, k, stride, pad=0):
        return _spread(_average_shares(g, k), _framed(X, pad, 0), stride, 0)


FAR = ("2 * pad -> 2 [5]", "2 * pad -> pad [5]", "2 * pad -> 2 [6]", "2 * pad -> pad [6]")
for frame in (*FAR, "2 -> 1 [11]", "2 -> 3 [11]", "2 -> 1 [12]", "2 -> 3 [12]"):
    key.equivalent(frame, "in avgpool_backward: what the far side of the frame receives is cut off anyway")
for start in ("np.zeros -> np.ones", "np.zeros -> np.ones [3]"):
    key.equivalent(start, "every entry of the output is overwritten")
