"""Answer key: forward-mode differentiation by dual numbers (unit 3).

Expected derivatives come from complex steps. What is differentiated computes with the student's own objects.
"""

from dataclasses import dataclass

import numpy as np

from autograder.key import N0, Key, check, close, standard
from dlmath_ref import Dual, dexp, directional_derivative, dlog, dsin, dtanh

key = Key(
    "unit03_optimization/dual_numbers",
    reference={f.__name__: f for f in (Dual, dexp, dlog, dsin, dtanh, directional_derivative)},
    bans=N0,
)

PLAIN = (bool, int, float, complex, str, list, tuple, dict, np.ndarray, np.generic, type(None))
BOTH = ("f(x)", "the directional derivative")
H = 1e-30  # of a complex step
SUMS = "sums_and_differences_with_constants_on_either_side"
PRODUCTS = "products_and_quotients_with_constants_on_either_side"
POWERS, EXPONENTS = "powers_of_positive_and_negative_numbers", "exponents_that_are_0_negative_or_fractions"
WORKED, CHAIN = "the_cube_and_the_function_of_the_book", "functions_follow_the_chain_rule"
TWELVE, ONCE = "twelve_expressions_against_complex_steps", "f_is_called_once_with_a_dual_for_each_coordinate"
CONSTANTS, INPUTS = "constants_and_a_direction_of_zeros", "inputs_stay_unchanged_in_any_dtype_and_layout"


class Analytic:
    """The functions of the exercise for complex numbers."""

    dexp, dlog, dsin, dtanh = np.exp, np.log, np.sin, np.tanh


EXPRESSIONS = {  # of numbers above 0
    "sin(ab) + exp(b + c) - 2c": lambda m, a, b, c: m.dsin(a * b) + m.dexp(b + c) - 2 * c,
    "aab": lambda m, a, b, c: a * a * b,
    "2 - a/b": lambda m, a, b, c: 2 - a / b,
    "1 / (1 + exp(-a))": lambda m, a, b, c: 1 / (1 + m.dexp(-a)),
    "log(1 + a^2)": lambda m, a, b, c: m.dlog(1 + a**2),
    "tanh(3a - b) c": lambda m, a, b, c: m.dtanh(3 * a - b) * c,
    "(a - b) / (ab)": lambda m, a, b, c: (a - b) / (a * b),
    "a^3 - 3a": lambda m, a, b, c: a**3 - 3 * a,
    "exp(-b^2 / 2)": lambda m, a, b, c: m.dexp(-(b**2) / 2),
    "sin(c) / c": lambda m, a, b, c: m.dsin(c) / c,
    "log(exp(a) + exp(b))": lambda m, a, b, c: m.dlog(m.dexp(a) + m.dexp(b)),
    "((a + b) / 4 - 1)^2": lambda m, a, b, c: ((a + b) / 4 - 1) ** 2,
}


def truth(expression, x, v):
    """Value and directional derivative by a complex step."""
    z = expression(Analytic, *(complex(a, H * b) for a, b in zip(x, v, strict=True)))
    return float(z.real), float(z.imag / H)


def function(answer, expression, calls=None):
    """The expression as a function of three of the student's dual numbers; with a list, to be called only once."""

    def f(*coordinates):
        check(len(coordinates) == 3, "f must be called with one argument for each coordinate.")
        check(not any(isinstance(d, PLAIN) for d in coordinates), "f must be called with Dual numbers.")
        if calls is not None:
            calls.append(coordinates)
            check(len(calls) == 1, "f is called more than once: one call with dual numbers is enough.")
        return expression(answer, *coordinates)

    return f


def agrees(name, got, value, slope):
    check(not isinstance(got, PLAIN), f"{name} must be a Dual.")
    close(got.re, value, what=f"the value of {name}")
    close(got.du, slope, what=f"the derivative of {name}")


def duals(answer, rng):
    """Two dual numbers of arrays of either sign, away from 0, and their components."""
    a, da, b, db = rng.uniform(0.5, 1.5, size=(4, 5))
    a[[0, 3]], b[[0, 1]] = -a[[0, 3]], -b[[0, 1]]
    return answer.Dual(a.copy(), da.copy()), answer.Dual(b.copy(), db.copy()), (a, da, b, db)


@key.part("worked", weight=1)
def the_cube_and_the_function_of_the_book(answer, rng):
    close(answer.directional_derivative(lambda t: t**3, np.array([2.0]), np.array([1.0])), (8.0, 12.0), what=BOTH)
    f = function(answer, EXPRESSIONS["sin(ab) + exp(b + c) - 2c"])
    close(answer.directional_derivative(f, np.array([0.0, 1, -1]), np.array([1.0, 0, 0])), (3.0, 1.0), what=BOTH)


@key.part("core", weight=1)
def sums_and_differences_with_constants_on_either_side(answer, rng):
    d, e, (a, da, b, db) = duals(answer, rng)
    c = float(rng.uniform(2, 3))
    agrees("a + b", d + e, a + b, da + db)
    agrees("a + 2", d + c, a + c, da)
    agrees("2 + a", c + d, a + c, da)
    agrees("a - b", d - e, a - b, da - db)
    agrees("a - 2", d - c, a - c, da)
    agrees("2 - a", c - d, c - a, -da)
    agrees("-a", -d, -a, -da)


@key.part("core", weight=1.5)
def products_and_quotients_with_constants_on_either_side(answer, rng):
    d, e, (a, da, b, db) = duals(answer, rng)
    c = float(rng.uniform(2, 3))
    agrees("a * b", d * e, a * b, da * b + a * db)
    agrees("a * a", d * d, a * a, 2 * a * da)
    agrees("a * 2", d * c, a * c, da * c)
    agrees("2 * a", c * d, a * c, da * c)
    agrees("a / b", d / e, a / b, da / b - a * db / b**2)
    agrees("a / 2", d / c, a / c, da / c)
    agrees("2 / a", c / d, c / a, -c * da / a**2)


@key.part("core", weight=1)
def powers_of_positive_and_negative_numbers(answer, rng):
    d, _, (a, da, _, _) = duals(answer, rng)
    for n in (3, 2, 1):
        agrees(f"a**{n}", d**n, a**n, n * a ** (n - 1) * da)


@key.part("core", weight=1)
def functions_follow_the_chain_rule(answer, rng):
    d, _, (a, da, _, _) = duals(answer, rng)
    for name in ("dexp", "dsin", "dtanh"):
        z = getattr(Analytic, name)(a + 1j * H * da)
        agrees(f"{name}(a)", getattr(answer, name)(d), z.real, z.imag / H)
    agrees("dlog(a)", answer.dlog(answer.Dual(a**2, da)), np.log(a**2), da / a**2)


@key.part("core", weight=1.5)
def twelve_expressions_against_complex_steps(answer, rng):
    for text, expression in EXPRESSIONS.items():
        x, v = rng.uniform(0.5, 1.5, size=3), rng.uniform(0.5, 1.5, size=3) * np.array([1, -1, 1])
        got = answer.directional_derivative(function(answer, expression, calls=[]), x.copy(), v.copy())
        close(got, truth(expression, x, v), what=(f"the value of {text}", f"the slope of {text}"))


@key.part("core", weight=1)
def f_is_called_once_with_a_dual_for_each_coordinate(answer, rng):
    x, v, calls = rng.uniform(0.5, 1.5, size=3), rng.uniform(0.5, 1.5, size=3), []
    f = function(answer, lambda m, a, b, c: a + b + c, calls)
    close(answer.directional_derivative(f, x, v), (x.sum(), v.sum()), what=BOTH)
    check(len(calls) == 1, "f is not called.")


@key.part("edge", weight=0.5)
def exponents_that_are_0_negative_or_fractions(answer, rng):
    d, _, (a, da, _, _) = duals(answer, rng)
    agrees("d**0", answer.Dual(2.0, 3.0) ** 0, 1.0, 0.0)
    agrees("a**(-2)", d**-2, a**-2.0, -2 * a**-3.0 * da)
    b, db = rng.uniform(0.5, 1.5, size=5), rng.normal(size=5)
    e = answer.Dual(b.copy(), db.copy())
    agrees("b**0.5", e**0.5, np.sqrt(b), db / (2 * np.sqrt(b)))
    agrees("b**(-1.5)", e**-1.5, b**-1.5, -1.5 * b**-2.5 * db)


@key.part("edge", weight=0.5)
def constants_and_a_direction_of_zeros(answer, rng):
    x, v = rng.uniform(0.5, 1.5, size=3), rng.uniform(0.5, 1.5, size=3)
    close(answer.directional_derivative(function(answer, lambda m, *x: 3.0), x, v), (3.0, 0.0), what=BOTH)
    f = EXPRESSIONS["sin(ab) + exp(b + c) - 2c"]
    close(answer.directional_derivative(function(answer, f), x, np.zeros(3)), (truth(f, x, v)[0], 0.0), what=BOTH)


@key.part("edge", weight=1)
def inputs_stay_unchanged_in_any_dtype_and_layout(answer, rng):
    args = function(answer, lambda m, a, b, c: a + b + c), rng.uniform(0.5, 1.5, size=3), rng.uniform(0.5, 1.5, size=3)
    standard(answer.directional_derivative, args, lambda f, x, v: (float(x.sum()), float(v.sum())), what=BOTH)
    d, e, (a, da, b, db) = duals(answer, rng)
    _ = (d + e, e - d, d * e, d / e, -d, d**2)
    agrees("an operand after the operation", d, a, da)
    agrees("an operand after the operation", e, b, db)


class _Right:
    """A dual number to derive the answers below from."""

    def __init__(self, re, du):
        self.re, self.du = re, du

    def lift(self, other):
        return other if isinstance(other, _Right) else type(self)(other, 0.0)

    def __add__(self, other):
        b = self.lift(other)
        return type(self)(self.re + b.re, self.du + b.du)

    def __mul__(self, other):
        b = self.lift(other)
        return type(self)(self.re * b.re, self.du * b.re + self.re * b.du)

    def __truediv__(self, other):
        b = self.lift(other)
        return type(self)(self.re / b.re, (self.du * b.re - self.re * b.du) / b.re**2)

    def __pow__(self, n):
        return type(self)(self.re**n, n * self.re ** (n - 1) * self.du)

    def __neg__(self):
        return type(self)(-self.re, -self.du)

    def __sub__(self, other):
        return self + (-self.lift(other))

    def __rsub__(self, other):
        return self.lift(other) - self

    def __rtruediv__(self, other):
        return self.lift(other) / self

    __radd__, __rmul__ = __add__, __mul__


def _slope(cls, f, x, v):
    result = f(*[cls(a, b) for a, b in zip(x, v, strict=True)])
    return float(getattr(result, "re", result)), float(getattr(result, "du", 0.0))


@key.accept("Dual")
class by_a_tuple_and_inverses(_Right):
    def __init__(self, re, du=0.0):
        self.pair = np.asarray(re, dtype=float), np.asarray(du, dtype=float)

    re, du = property(lambda self: self.pair[0]), property(lambda self: self.pair[1])

    def __sub__(self, other):
        return self + -1.0 * self.lift(other)

    def __truediv__(self, other):
        return self * self.lift(other) ** -1.0


@key.accept("Dual")
@dataclass(frozen=True)
class by_a_dataclass_with_rules_for_numbers(_Right):
    re: object
    du: object = 0.0

    def __mul__(self, other):
        if isinstance(other, (int, float)):
            return type(self)(self.re * other, self.du * other)
        return type(self)(self.re * other.re, self.re * other.du + self.du * other.re)

    def __truediv__(self, other):
        b = self.lift(other)
        return type(self)(self.re / b.re, (self.du - self.re / b.re * b.du) / b.re)

    def __rtruediv__(self, number):
        return type(self)(number / self.re, -number * self.du / (self.re * self.re))


@key.accept
class by_other_formulas:
    def dexp(d):
        value = np.exp(d.re)
        return type(d)(value, d.du * value)

    def dlog(d):
        return type(d)(np.log(d.re), 1 / d.re * d.du)

    def dsin(d):
        return type(d)(np.sin(d.re), d.du * np.sin(d.re + np.pi / 2))

    def dtanh(d):
        return type(d)(np.tanh(d.re), d.du / np.cosh(d.re) ** 2)


TWO_TERMS = "The derivative of a product has two terms: (ab)' = a'b + ab'."
QUOTIENT = "The rule for quotients is (a/b)' = (a'b - ab') / b²: look at its signs and at the square."


@key.reject(TWO_TERMS, fails=[PRODUCTS, TWELVE])
class product_rule_one_term:
    class Dual(_Right):
        def __mul__(self, other):
            b = self.lift(other)
            return type(self)(self.re * b.re, self.du * b.re)

    def directional_derivative(f, x, v):
        return _slope(product_rule_one_term.Dual, f, x, v)


@key.reject(TWO_TERMS, fails=[WORKED, PRODUCTS, TWELVE])
class derivatives_multiplied:
    class Dual(_Right):
        def __mul__(self, other):
            b = self.lift(other)
            return type(self)(self.re * b.re, self.du * b.du)

    def directional_derivative(f, x, v):
        return _slope(derivatives_multiplied.Dual, f, x, v)


@key.reject(QUOTIENT, fails=[PRODUCTS, TWELVE])
class quotient_sign:
    class Dual(_Right):
        def __truediv__(self, other):
            b = self.lift(other)
            return type(self)(self.re / b.re, (self.re * b.du - self.du * b.re) / b.re**2)

    def directional_derivative(f, x, v):
        return _slope(quotient_sign.Dual, f, x, v)


@key.reject(QUOTIENT, fails=[PRODUCTS, TWELVE])
class quotient_without_square:
    class Dual(_Right):
        def __truediv__(self, other):
            b = self.lift(other)
            return type(self)(self.re / b.re, (self.du * b.re - self.re * b.du) / b.re)

    def directional_derivative(f, x, v):
        return _slope(quotient_without_square.Dual, f, x, v)


@key.reject("The exponent falls by one: (aⁿ)' = n aⁿ⁻¹ a'.", fails=[WORKED, POWERS, TWELVE, EXPONENTS])
class power_keeps_exponent:
    class Dual(_Right):
        def __pow__(self, n):
            return type(self)(self.re**n, n * self.re**n * self.du)

    def directional_derivative(f, x, v):
        return _slope(power_keeps_exponent.Dual, f, x, v)


@key.reject("d**0 is a Dual as well: 1, with the derivative 0.", fails=[EXPONENTS], function="Dual")
class power_zero_is_a_number(_Right):
    def __pow__(self, n):
        return super().__pow__(n) if n else 1.0


@key.reject("2 - x is computed as x - 2: in __rsub__ the number stands on the left.", fails=[SUMS, TWELVE])
class reflected_subtraction:
    class Dual(_Right):
        def __rsub__(self, other):
            return self - other

    def directional_derivative(f, x, v):
        return _slope(reflected_subtraction.Dual, f, x, v)


@key.reject("A number is a constant: its derivative is 0.", fails=[WORKED, SUMS, PRODUCTS, TWELVE, CONSTANTS])
class constants_carry_derivative:
    class Dual(_Right):
        def lift(self, other):
            return other if isinstance(other, _Right) else type(self)(other, 1.0)

    def directional_derivative(f, x, v):
        return _slope(constants_carry_derivative.Dual, f, x, v)


CHAIN_RULE = "Chain rule: the derivative of φ(a) is φ'(a) a', and the factor a' is missing."


@key.reject(CHAIN_RULE, fails=[WORKED, CHAIN, TWELVE, CONSTANTS])
class chain_factor_missing:
    def dexp(d):
        return type(d)(np.exp(d.re), np.exp(d.re))

    def dlog(d):
        return type(d)(np.log(d.re), 1 / d.re)

    def dsin(d):
        return type(d)(np.sin(d.re), np.cos(d.re))

    def dtanh(d):
        return type(d)(np.tanh(d.re), 1 - np.tanh(d.re) ** 2)


@key.reject("Coordinate k starts with the derivative part v[k], not with 1.", fails=[TWELVE, ONCE, CONSTANTS, INPUTS])
class seeds_are_ones:
    class Dual(_Right):
        pass

    def directional_derivative(f, x, v):
        return _slope(seeds_are_ones.Dual, f, x, np.ones(len(x)))


@key.reject("One call of f gives value and slope: all coordinates carry their v[k] at once.", fails=[TWELVE, ONCE])
class one_call_for_each_coordinate:
    class Dual(_Right):
        pass

    def directional_derivative(f, x, v):
        rows = [_slope(one_call_for_each_coordinate.Dual, f, x, v * (np.arange(len(x)) == k)) for k in range(len(x))]
        return rows[0][0], sum(slope for _, slope in rows)


@key.reject(
    "f takes one Dual for each coordinate, f(d1, d2, ...), not one that holds them all.",
    fails=[WORKED, TWELVE, ONCE, CONSTANTS, INPUTS],
    function="directional_derivative",
)
def one_dual_of_arrays(f, x, v):
    result = f(_Right(np.asarray(x), np.asarray(v)))
    return float(result.re), float(result.du)
