"""Answer key: activation functions and their derivatives (unit 4)."""

import math

import numpy as np

from autograder.key import N0, Key, check, close, directional, standard
from dlmath_ref import activation

key = Key("unit04_feedforward/activations", reference=activation, bans=N0)

SMOOTH, KINKED = ("sigmoid", "tanh", "softplus"), ("relu", "leaky_relu")
NAMES = ("sigmoid", "tanh", "relu", "leaky_relu", "softplus")
TAIL = np.array([6.0, 9.0, 20.0])  # the curves are close to their limits here, and not there yet


def both(answer, name, z):
    """S and S' of a copy of z. A ReLU's slope may be made of integers or booleans, which count as 0 and 1."""
    got = answer(name, z.copy())
    check(type(got) in (tuple, list) and len(got) == 2, "activation must return two arrays: S(z) and S'(z).")
    value, slope = got
    if name == "relu" and isinstance(slope, (np.ndarray, np.generic)) and slope.dtype.kind in "iub":
        slope = slope.astype(float)
    return value, slope


def apart(rng, shape):
    """Entries of both signs with sizes in [0.1, 4], away from the kinks."""
    return np.asarray(rng.uniform(0.1, 4, size=shape) * rng.choice([-1, 1], size=shape))


@key.part("worked", weight=1)
def at_minus_one_zero_and_one(answer, rng):
    z = np.array([-1.0, 0.0, 1.0])
    for name in NAMES:
        value, slope = both(answer, name, z)
        S, dS = activation(name, z)
        close(value, S, what=f"S of {name}")
        check(np.shape(slope) == (3,), f"S' of {name} must have the shape of z.")
        ask = [0, 1, 2] if name in SMOOTH else [0, 2]  # the convention at a kink has a part of its own
        close(np.asarray(slope)[ask], dS[ask], what=f"S' of {name}")


@key.part("core", weight=1.5)
def the_values_agree(answer, rng):
    for name in NAMES:
        for shape in [(7,), (3, 5), (2, 4, 3), ()]:
            z = apart(rng, shape)
            close(both(answer, name, z)[0], activation(name, z)[0], what=f"S of {name}")
        for z in (-TAIL, TAIL):
            close(both(answer, name, z)[0], activation(name, z)[0], what=f"S of {name}")


@key.part("core", weight=1.5)
def the_derivatives_agree_and_are_the_slopes(answer, rng):
    for name in NAMES:
        for shape in [(7,), (3, 5), (2, 4, 3), ()]:
            z = apart(rng, shape)
            slope = both(answer, name, z)[1]
            close(slope, activation(name, z)[1], what=f"S' of {name}")
        for z in (-TAIL, TAIL):
            close(both(answer, name, z)[1], activation(name, z)[1], what=f"S' of {name}")
        z = apart(rng, (6,))
        slope = both(answer, name, z)[1]
        directional(slope, lambda t, name=name: activation(name, t)[0].sum(), z, rng, what=f"S' of {name}")


@key.part("core", weight=1, feedback="Try z of size 800, of both signs.")
def huge_arguments_stay_finite(answer, rng):
    size = np.concatenate([rng.uniform(30, 40, size=2), [100.0, 800.0, 1e4]])
    z = np.concatenate([-size, size])
    for name in NAMES:
        value, slope = both(answer, name, z)
        S, dS = activation(name, z)
        for part in (z < 0, z > 0):  # apart, since the large values would hide small ones
            check(np.shape(value) == np.shape(slope) == z.shape, f"{name} must keep the shape of z.")
            close(np.asarray(value)[part], S[part], what=f"S of {name}")
            close(np.asarray(slope)[part], dS[part], what=f"S' of {name}")


@key.part("edge", weight=0.5)
def at_a_kink_the_slope_is_that_of_negative_z(answer, rng):
    z = np.array([[-1.5, 0.0], [0.0, 2.5]])
    for name in KINKED:
        close(both(answer, name, z)[1], activation(name, z)[1], what=f"S' of {name}")


@key.part("edge", weight=0.5)
def inputs_stay_unchanged_in_any_dtype_and_layout(answer, rng):
    def asked(name, z):
        value, slope = answer(name, z)
        return value, slope.astype(float) if name == "relu" and slope.dtype.kind in "iub" else slope

    z = apart(rng, (4, 3))
    for name in NAMES:
        both(answer, name, z)
        standard(asked, (name, z), activation, what=(f"S of {name}", f"S' of {name}"))


def _sigma(z):
    e = np.exp(-np.abs(z))
    return np.where(z > 0, 1, e) / (1 + e)


def _right(name, z):
    """A right answer, of which the wrong ones change one piece."""
    if name == "sigmoid":
        return _sigma(z), _sigma(z) * (1 - _sigma(z))
    if name == "tanh":
        return np.tanh(z), 1 - np.tanh(z) ** 2
    if name == "relu":
        return np.where(z > 0, z, 0), np.where(z > 0, 1, 0)
    if name == "leaky_relu":
        return np.where(z > 0, z, 0.01 * z), np.where(z > 0, 1, 0.01)
    return np.logaddexp(0, z), _sigma(z)


@key.accept
def by_where(name, z):
    return _right(name, z)


@key.accept
def by_masks(name, z):
    value, slope, up = np.zeros_like(z), np.zeros_like(z), z > 0
    if name in ("relu", "leaky_relu"):
        leak = 0 if name == "relu" else 0.01
        value[up], value[~up], slope[up], slope[~up] = z[up], leak * z[~up], 1, leak
        return value, slope
    if name == "tanh":
        return np.tanh(z), 1 / np.cosh(np.clip(z, -300, 300)) ** 2
    value[up], value[~up] = 1 / (1 + np.exp(-z[up])), np.exp(z[~up]) / (1 + np.exp(z[~up]))
    if name == "sigmoid":
        return value, value - value**2
    return np.maximum(z, 0) + np.log1p(np.exp(-abs(z))), value


@key.accept
def by_a_dictionary(name, z):
    sigma = {True: lambda: 0.5 * (1 + np.tanh(z / 2))}[True]
    table = {
        "sigmoid": (sigma, lambda: sigma() * (1 - sigma())),
        "tanh": (lambda: np.tanh(z), lambda: (1 - np.tanh(z)) * (1 + np.tanh(z))),
        "relu": (lambda: z * (z > 0), lambda: z > 0),
        "leaky_relu": (lambda: np.maximum(z, 0.01 * z), lambda: 0.01 + 0.99 * (z > 0)),
        "softplus": (lambda: np.logaddexp(z, 0), sigma),
    }
    return [np.asfortranarray(f()) if z.ndim else f() for f in table[name]]


@key.accept
def by_the_formula_that_overflows_to_the_right_value(name, z):
    if name == "sigmoid":
        s = 1 / (1 + np.exp(-z))
        return s, s * (1 - s)
    return _right(name, z) if name != "softplus" else (np.where(z > 30, z, np.log1p(np.exp(z))), 1 / (1 + np.exp(-z)))


@key.accept
def entry_by_entry(name, z):
    def one(x):
        e = math.exp(-abs(x))
        s = (1 if x > 0 else e) / (1 + e)
        return {
            "sigmoid": (s, s * (1 - s)),
            "tanh": (math.tanh(x), 1 - math.tanh(x) ** 2),
            "relu": (max(x, 0.0), float(x > 0)),
            "leaky_relu": (x if x > 0 else 0.01 * x, 1.0 if x > 0 else 0.01),
            "softplus": (max(x, 0) + math.log1p(e), s),
        }[name]

    pairs = np.array([one(float(x)) for x in z.ravel()])
    return pairs[:, 0].reshape(z.shape), pairs[:, 1].reshape(z.shape)


WORKED, VALUES, SLOPES = (
    "at_minus_one_zero_and_one",
    "the_values_agree",
    "the_derivatives_agree_and_are_the_slopes",
)
HUGE, KINK, INPUTS = (
    "huge_arguments_stay_finite",
    "at_a_kink_the_slope_is_that_of_negative_z",
    "inputs_stay_unchanged_in_any_dtype_and_layout",
)
CONVENTION = (
    "Convention: at the kink z = 0 the slope is that of negative z, so S'(0) = 0 for ReLU and 0.01 for leaky ReLU."
)


@key.reject(CONVENTION, fails=[KINK])
def relu_derivative_one_at_zero(name, z):
    return (np.maximum(z, 0), np.where(z >= 0, 1.0, 0.0)) if name == "relu" else _right(name, z)


@key.reject(CONVENTION, fails=[KINK])
def leaky_derivative_one_at_zero(name, z):
    return (np.maximum(z, 0.01 * z), np.where(z >= 0, 1.0, 0.01)) if name == "leaky_relu" else _right(name, z)


@key.reject(CONVENTION, fails=[KINK])
def one_half_at_zero(name, z):
    return (np.maximum(z, 0), (1 + np.sign(z)) / 2) if name == "relu" else _right(name, z)


@key.reject(
    "The slope 0.01 of the leaky ReLU applies to negative z only.", fails=[WORKED, VALUES, SLOPES, HUGE, KINK, INPUTS]
)
def leaky_slope_both_sides(name, z):
    return (0.01 * z, np.full(z.shape, 0.01)) if name == "leaky_relu" else _right(name, z)


@key.reject(
    "The leaky ReLU keeps 0.01 z for negative z; yours has another slope there.",
    fails=[WORKED, VALUES, SLOPES, HUGE, KINK, INPUTS],
)
def leaky_slope_one_tenth(name, z):
    return (np.where(z > 0, z, 0.1 * z), np.where(z > 0, 1, 0.1)) if name == "leaky_relu" else _right(name, z)


CUT = "Your sigmoid is cut off: it comes near 0 and 1 but does not reach them at z = -6 and z = 6."


@key.reject(CUT, fails=[VALUES, SLOPES])
def sigmoid_cut_off(name, z):
    s = np.where(np.abs(z) > 5, z > 0, _sigma(z))
    return (s, s * (1 - s)) if name == "sigmoid" else _right(name, z)


@key.reject(CUT, fails=[VALUES, SLOPES])
def sigmoid_cut_off_for_softplus_too(name, z):
    s = np.where(np.abs(z) > 5, z > 0, _sigma(z))
    return {"sigmoid": (s, s * (1 - s)), "softplus": (np.logaddexp(0, z), s)}.get(name) or _right(name, z)


@key.reject("Your softplus is cut off: at z = 6 it is not yet z.", fails=[VALUES])
def softplus_cut_off_above(name, z):
    return (np.where(z > 5, z, np.logaddexp(0, z)), _sigma(z)) if name == "softplus" else _right(name, z)


@key.reject("Your softplus is cut off: at z = -6 it is not yet 0.", fails=[VALUES])
def softplus_cut_off_below(name, z):
    return (np.where(z < -5, 0, np.logaddexp(0, z)), _sigma(z)) if name == "softplus" else _right(name, z)


CLIPPED = "You clip z to a range that is too small: at z = 20 your sigmoid still has its value at the end of the range."


@key.reject(CLIPPED, fails=[VALUES, SLOPES, HUGE])
def sigmoid_of_z_clipped_at_ten(name, z):
    s = _sigma(np.clip(z, -10, 10))
    return (s, s * (1 - s)) if name == "sigmoid" else _right(name, z)


@key.reject("In your softplus e^z overflows for large z; use a log-add-exp.", fails=[HUGE])
def softplus_overflow(name, z):
    return (np.log(1 + np.exp(z)), _sigma(z)) if name == "softplus" else _right(name, z)


@key.reject("The square is missing: tanh' = 1 - tanh².", fails=[WORKED, SLOPES, HUGE, INPUTS])
def tanh_derivative_not_squared(name, z):
    return (np.tanh(z), 1 - np.tanh(z)) if name == "tanh" else _right(name, z)


@key.reject(
    "The sigmoid's derivative is σ(z)(1 - σ(z)); yours takes z in the place of σ(z).",
    fails=[WORKED, SLOPES, HUGE, INPUTS],
)
def sigmoid_derivative_of_z(name, z):
    return (_sigma(z), z * (1 - z)) if name == "sigmoid" else _right(name, z)


NAN = "e^z/(1+e^z) is nan for large z: only the exponential of a negative number is safe."


@key.reject(NAN, fails=[HUGE])
def sigmoid_overflow_nan(name, z):
    s = np.exp(z) / (1 + np.exp(z))
    return (s, s * (1 - s)) if name == "sigmoid" else _right(name, z)


@key.reject(NAN, fails=[HUGE])
def softplus_derivative_overflow_nan(name, z):
    return (np.logaddexp(0, z), np.exp(z) / (1 + np.exp(z))) if name == "softplus" else _right(name, z)


@key.reject("The derivative of softplus is σ(z); yours falls where it must rise.", fails=[WORKED, SLOPES, HUGE, INPUTS])
def softplus_derivative_falls(name, z):
    return (np.logaddexp(0, z), _sigma(-z)) if name == "softplus" else _right(name, z)


@key.reject(
    "Return the value S(z) first and the derivative S'(z) second.", fails=[WORKED, VALUES, SLOPES, HUGE, KINK, INPUTS]
)
def derivative_first(name, z):
    value, slope = _right(name, z)
    return slope.astype(float), value


@key.reject("Your ReLU changes its argument: make a new array.", fails=[INPUTS])
def relu_in_place(name, z):
    if name == "relu":
        z[z < 0] = 0
    return _right(name, z)


# The solution of the notebook.
key.equivalent("z > 0 -> z >= 0", "at z = 0 the exponential is 1 and the sigmoid 1/2 either way")
key.equivalent("np.maximum(z, 0) -> np.maximum(0, z)", "the maximum is symmetric")
key.equivalent("np.maximum(z, 0) -> np.maximum(0, z) [2]", "the maximum is symmetric")
key.equivalent(
    "np.where(z > 0, 1.0, 0.0) -> np.where(1.0, z > 0, 0.0)", "the same slope as booleans, which count as 0 and 1"
)
