"""Networks in numbers: how many parameters they have, what a pass costs, how far their units see."""

from dlmath_ref import _check
from dlmath_ref.errors import RangeError, ShapeError
from dlmath_ref.nn.toeplitz import conv_output_size

__all__ = ["VGG19_SPEC", "count_network", "receptive_field"]


def _blocks(*widths):
    """Blocks of 3 x 3 convolutions that keep the size, each followed by a pooling layer that halves it."""
    layers = []
    for F, repeats in widths:
        layers += [("conv", F, 3, 1, 1)] * repeats + [("pool", 2, 2)]
    return layers


# Configuration E of Simonyan and Zisserman (2014), for images of shape (3, 224, 224).
VGG19_SPEC = [
    *_blocks((64, 2), (128, 2), (256, 4), (512, 4), (512, 4)),
    ("flatten",),
    ("dense", 4096),
    ("dense", 4096),
    ("dense", 1000),
]


def count_network(layers, in_shape):
    r"""Parameters, multiply-adds and output shape of a network, from its specification.

    Equation:
        conv:  F (C k^2) + F parameters, F C k^2 H' W' multiply-adds, output (F, H', W')
        dense: m N + m parameters, m N multiply-adds, output (m,)
        with H' = floor((H + 2 p - k) / s) + 1; pooling and flattening cost nothing

    Args:
        layers: list of tuples, such as `[("conv", 2, 3, 1, 1), ("pool", 2, 2), ("flatten",), ("dense", 3)]`,
            that is ("conv", F, k, s, p), ("pool", k, s), ("flatten",) and ("dense", m).
        in_shape: tuple of sizes, such as `(1, 7, 9)`, that is (C, H, W), or (N,) of a vector.

    Returns:
        parameters int, multiply-adds int (both for one image), output shape tuple.

    Raises:
        ShapeError: a layer meets a shape that it does not take.
        RangeError: a layer of another name, a size that is not an integer in its range, or a window that does not fit.

    Stability:
        Integers without limit.

    Source:
        Liquet, Moka, Nazarathy, chapter 6; Simonyan and Zisserman (2014). Biases are counted as parameters, their
        additions and those of pooling not as work, as torchvision does.

    >>> count_network(VGG19_SPEC, (3, 224, 224))
    (143667240, 19632062464, (1000,))
    """
    parameters, multiply_adds, shape = 0, 0, tuple(in_shape)
    for name, *sizes in layers:
        if name not in _LAYERS:
            raise RangeError(f"count_network: got layer {name!r}, expected one of {', '.join(_LAYERS)}.")
        weights, biases, positions, shape = _LAYERS[name](shape, *sizes)
        parameters += weights + biases
        multiply_adds += weights * positions  # each weight is used once at each position
    return parameters, multiply_adds, shape


def _conv(shape, F, k, s, p):
    C, H, W = _image("conv", shape)
    F = _check.count("count_network", "F", F, 1)
    out = conv_output_size(H, k, s, p), conv_output_size(W, k, s, p)
    return F * C * k**2, F, out[0] * out[1], (F, *out)


def _pool(shape, k, s):
    C, H, W = _image("pool", shape)
    return 0, 0, 0, (C, conv_output_size(H, k, s), conv_output_size(W, k, s))


def _flatten(shape):
    size = 1
    for axis in shape:
        size *= axis
    return 0, 0, 0, (size,)


def _dense(shape, m):
    if len(shape) != 1:
        raise ShapeError(f"count_network: got dense after shape {shape}, expected a vector: flatten first.")
    m = _check.count("count_network", "m", m, 1)
    return m * shape[0], m, 1, (m,)


# Each takes the shape that it meets and its sizes; gives weights, biases, positions, the shape that it leaves.
_LAYERS = {"conv": _conv, "pool": _pool, "flatten": _flatten, "dense": _dense}


def _image(name, shape):
    if len(shape) != 3:
        raise ShapeError(f"count_network: got {name} after shape {shape}, expected (C, H, W).")
    return shape


def receptive_field(layers):
    r"""How many input pixels in a row one unit of the last layer sees, and how far apart neighbours look.

    Equation:
        r = j = 1 at the input; for each layer r <- r + (k - 1) d j, then j <- j s

    Args:
        layers: list of tuples, such as `[(3, 1, 1), (2, 2, 1)]`, that is (k, s, d): kernel, stride, dilation.

    Returns:
        field r int, jump j int: the fields of two neighbouring units start j pixels apart.

    Raises:
        RangeError: k, s or d is not an integer of at least 1.

    Stability:
        Integers without limit.

    Source:
        Liquet, Moka, Nazarathy, chapter 6. Padding is not asked for: it moves fields, and cuts them at the border.

    >>> receptive_field([(3, 1, 1), (3, 1, 1)])
    (5, 1)
    """
    field, jump = 1, 1
    for k, s, d in layers:
        k, s, d = (_check.count("receptive_field", name, x, 1) for name, x in (("k", k), ("s", s), ("d", d)))
        field += (k - 1) * d * jump
        jump *= s
    return field, jump
