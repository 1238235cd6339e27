"""Forward-mode differentiation: each value carries its derivative along one direction."""

import numpy as np

from dlmath_ref import _check
from dlmath_ref.errors import RangeError

__all__ = ["Dual", "dexp", "directional_derivative", "dlog", "dsin", "dtanh"]


class Dual:
    r"""A dual number: a value and its derivative.

    Equation:
        a + eps a' with eps^2 = 0, hence (a + eps a')(b + eps b') = a b + eps (a' b + a b'), and
        (a + eps a') / (b + eps b') = a / b + eps (a' b - a b') / b^2,  (a + eps a')^n = a^n + eps n a^(n-1) a'

    Args:
        re: (...) float. The value a, any shape.
        du: (...) float. The derivative a', of the shape of re, or one number for all entries.

    Raises:
        ShapeError: du has another shape than re.
        RangeError: re or du is not real, or the exponent of a power is not a number.

    Stability:
        The rules are exact: the derivative is as good as that of a formula differentiated by hand.

    Source:
        Liquet, Moka, Nazarathy, chapter 4 (forward mode by dual numbers).

    >>> 2 - Dual(3.0, 1.0) * Dual(3.0, 1.0)
    Dual(-7.0, -6.0)
    """

    __array_ufunc__ = None  # array * dual is left to __rmul__ here, instead of one product for each entry

    def __init__(self, re, du):
        self.re, du = _check.real("Dual", "re", re)[()], _check.real("Dual", "du", du)
        if du.ndim:
            _check.same_shape("Dual", "du", du, np.shape(self.re))
        self.du = np.zeros_like(self.re) + (du if du.ndim else float(du))

    def __repr__(self):
        return f"Dual({self.re.tolist()}, {self.du.tolist()})"

    def __add__(self, other):
        b, db = _parts(other)
        return type(self)(self.re + b, self.du + db)

    def __sub__(self, other):
        b, db = _parts(other)
        return type(self)(self.re - b, self.du - db)

    def __mul__(self, other):
        b, db = _parts(other)
        return type(self)(self.re * b, self.du * b + self.re * db)

    def __truediv__(self, other):
        b, db = _parts(other)
        return type(self)(self.re / b, (self.du * b - self.re * db) / b**2)

    def __pow__(self, n):
        n = _check.scalar("Dual", "the exponent", _number(n))
        slope = n * self.re ** (n - 1) if n != 0 else 0.0  # not 0 * inf where re = 0
        return type(self)(self.re**n, slope * self.du)

    def __neg__(self):
        return type(self)(-self.re, -self.du)

    def __rsub__(self, number):
        return -self + number

    def __rtruediv__(self, number):
        a = _number(number)
        return type(self)(a / self.re, -a * self.du / self.re**2)

    __radd__, __rmul__ = __add__, __mul__


def _parts(value):
    """Value and derivative of a dual number; a plain number has the derivative 0."""
    return (value.re, value.du) if isinstance(value, Dual) else (_number(value), 0.0)


def _number(value):
    """A plain number as a float, which never widens float32; an array as one of floats."""
    array = _check.real("Dual", "a number", value)
    return array if array.ndim else float(array)


def dexp(d):
    r"""Exponential of a dual number.

    Equation:
        exp(a + eps a') = e^a + eps e^a a'

    Args:
        d: Dual of (...) float. Any value.

    Returns:
        Dual of the shape of d.

    Raises:
        RangeError: d is not a dual number.

    Stability:
        That of numpy's exp.

    Source:
        Liquet, Moka, Nazarathy, chapter 4.

    >>> dexp(Dual(0.0, 3.0))
    Dual(1.0, 3.0)
    """
    _refuse_number("dexp", d)
    value = np.exp(d.re)
    return type(d)(value, value * d.du)


def dlog(d):
    r"""Logarithm of a dual number.

    Equation:
        log(a + eps a') = log a + eps a' / a

    Args:
        d: Dual of (...) float. Values above 0; nan or -inf elsewhere.

    Returns:
        Dual of the shape of d.

    Raises:
        RangeError: d is not a dual number.

    Stability:
        That of numpy's log.

    Source:
        Liquet, Moka, Nazarathy, chapter 4.

    >>> dlog(Dual(1.0, 3.0))
    Dual(0.0, 3.0)
    """
    _refuse_number("dlog", d)
    return type(d)(np.log(d.re), d.du / d.re)


def dsin(d):
    r"""Sine of a dual number.

    Equation:
        sin(a + eps a') = sin a + eps cos(a) a'

    Args:
        d: Dual of (...) float. Any value.

    Returns:
        Dual of the shape of d.

    Raises:
        RangeError: d is not a dual number.

    Stability:
        That of numpy's sin and cos.

    Source:
        Liquet, Moka, Nazarathy, chapter 4.

    >>> dsin(Dual(0.0, 3.0))
    Dual(0.0, 3.0)
    """
    _refuse_number("dsin", d)
    return type(d)(np.sin(d.re), np.cos(d.re) * d.du)


def dtanh(d):
    r"""Hyperbolic tangent of a dual number.

    Equation:
        tanh(a + eps a') = tanh a + eps (1 - tanh(a)^2) a'

    Args:
        d: Dual of (...) float. Any value.

    Returns:
        Dual of the shape of d.

    Raises:
        RangeError: d is not a dual number.

    Stability:
        The slope is formed as (1 - tanh)(1 + tanh): an absolute error of 1e-16, and 0 from |a| = 19 on.

    Source:
        Liquet, Moka, Nazarathy, chapter 4.

    >>> dtanh(Dual(0.0, 3.0))
    Dual(0.0, 3.0)
    """
    _refuse_number("dtanh", d)
    value = np.tanh(d.re)
    return type(d)(value, (1 - value) * (1 + value) * d.du)


def directional_derivative(f, x, v):
    r"""Value and directional derivative of a function in one evaluation.

    Equation:
        f(x_1 + eps v_1, ..., x_d + eps v_d) = f(x) + eps <grad f(x), v>

    Args:
        f: callable (Dual, ..., Dual) -> Dual. Takes one scalar Dual for each coordinate; called once.
        x: (d,) float. The point.
        v: (d,) float. The direction, any length.

    Returns:
        f(x) float, <grad f(x), v> float. A plain number as value of f counts as a constant, with slope 0.

    Raises:
        ShapeError: x is not 1-D, v has another shape, or the value of f is not a scalar.
        RangeError: x or v is not real.

    Stability:
        No difference is formed: the slope is exact to rounding. A whole gradient takes d evaluations.

    Source:
        Liquet, Moka, Nazarathy, chapter 4.

    >>> directional_derivative(lambda a, b: a * b + dsin(a), np.array([0.0, 2.0]), np.array([1.0, 0.0]))
    (0.0, 3.0)
    """
    x, v = _check.real("directional_derivative", "x", x, 1), _check.real("directional_derivative", "v", v, 1)
    _check.same_shape("directional_derivative", "v", v, x.shape)
    result = f(*(Dual(a, b) for a, b in zip(x, v, strict=True)))
    value, slope = _parts(result)
    return _check.scalar("directional_derivative", "f(x)", value), float(slope)


def _refuse_number(where, d):
    if not hasattr(d, "du"):
        raise RangeError(f"{where}: got {type(d).__name__}, expected a Dual.")
