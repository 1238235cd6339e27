"""Reverse-mode differentiation: every value remembers its operands, and gradients flow back through them."""

import itertools

import numpy as np

from dlmath_ref import _check
from dlmath_ref.errors import ShapeError

__all__ = ["Var"]

_created = itertools.count()  # a value is created after its operands: this order is topological


class Var:
    r"""An array that remembers how it was computed.

    Equation:
        For a program v_1, ..., v_N with result v_N and the adjoints vbar_i = d(sum of v_N) / d v_i:
        vbar_N = 1,  vbar_i = sum over the values v_j computed from v_i of (d v_j / d v_i)' vbar_j

    Args:
        data: (...) float. The value, any shape; kept, not copied.

    Raises:
        ShapeError: an operand of @ does not have two axes.
        RangeError: data or an operand is not real.

    Stability:
        Every rule is exact, so the gradient is as good as that of a formula differentiated by hand.

    Source:
        Liquet, Moka, Nazarathy, chapter 4 (reverse mode) and chapter 5 (backpropagation). Differs from torch:
        the result need not be a scalar (its adjoint is 1 in every entry), and .grad is new at every backward.

    >>> x = Var(3.0)
    >>> y = x * x + x
    >>> y.backward()
    >>> y.data, x.grad
    (array(12.), array(7.))
    """

    __array_ufunc__ = None  # array @ var is left to __rmatmul__ here, likewise + and *

    def __init__(self, data):
        self.data = _check.real("Var", "data", data)
        self.grad = None
        self._operands = ()  # pairs: a Var, and what takes the result's adjoint to its contribution
        self._number = next(_created)

    def __repr__(self):
        return f"Var({self.data.tolist()})"

    def __add__(self, other):
        return _result(self.data + _value(other), (self, lambda g: g), (other, lambda g: g))

    def __mul__(self, other):
        a, b = self.data, _value(other)
        return _result(a * b, (self, lambda g: g * b), (other, lambda g: g * a))

    def __matmul__(self, other):
        return _product(self, other)

    def __rmatmul__(self, other):
        return _product(other, self)

    __radd__, __rmul__ = __add__, __mul__

    def relu(self):
        r"""Positive part of every entry.

        Equation:
            y = max(x, 0),  xbar = ybar * [x > 0]

        Args:
            none.

        Returns:
            Var of the shape of this one.

        Raises:
            nothing.

        Stability:
            Exact. The slope at 0 is 0, as everywhere in the course.

        Source:
            Liquet, Moka, Nazarathy, chapter 5.

        >>> x = Var(np.array([-1.0, 0.0, 2.0]))
        >>> x.relu().backward()
        >>> x.grad
        array([0., 0., 1.])
        """
        a = self.data
        return _result(np.maximum(a, 0), (self, lambda g: g * (a > 0)))

    def exp(self):
        r"""Exponential of every entry.

        Equation:
            y = e^x,  xbar = ybar * y

        Args:
            none.

        Returns:
            Var of the shape of this one.

        Raises:
            nothing.

        Stability:
            That of numpy's exp: inf above 709.

        Source:
            Liquet, Moka, Nazarathy, chapter 4.

        >>> Var(0.0).exp()
        Var(1.0)
        """
        value = np.exp(self.data)
        return _result(value, (self, lambda g: g * value))

    def log(self):
        r"""Logarithm of every entry.

        Equation:
            y = log x,  xbar = ybar / x

        Args:
            none.

        Returns:
            Var of the shape of this one; -inf or nan where x is not above 0.

        Raises:
            nothing.

        Stability:
            That of numpy's log.

        Source:
            Liquet, Moka, Nazarathy, chapter 4.

        >>> Var(1.0).log()
        Var(0.0)
        """
        a = self.data
        return _result(np.log(a), (self, lambda g: g / a))

    def sin(self):
        r"""Sine of every entry.

        Equation:
            y = sin x,  xbar = ybar * cos x

        Args:
            none.

        Returns:
            Var of the shape of this one.

        Raises:
            nothing.

        Stability:
            That of numpy's sin and cos.

        Source:
            Liquet, Moka, Nazarathy, chapter 4.

        >>> Var(0.0).sin()
        Var(0.0)
        """
        a = self.data
        return _result(np.sin(a), (self, lambda g: g * np.cos(a)))

    def sum(self):
        r"""Sum of all entries.

        Equation:
            y = sum_i x_i,  xbar_i = ybar

        Args:
            none.

        Returns:
            Var of one number.

        Raises:
            nothing.

        Stability:
            That of numpy's pairwise summation.

        Source:
            Liquet, Moka, Nazarathy, chapter 4. Differs from torch: no axis.

        >>> Var(np.ones((2, 3))).sum()
        Var(6.0)
        """
        ones = np.ones_like(self.data)
        return _result(self.data.sum(), (self, lambda g: g * ones))

    def backward(self):
        r"""Gradient of the sum of this value with respect to all values that it was computed from.

        Equation:
            vbar_i += (d v_j / d v_i)' vbar_j  for every operand v_i of v_j, over j from the last value to the first

        Args:
            none.

        Returns:
            Nothing: the adjoint is the attribute grad of each value, of the shape of its data.

        Raises:
            nothing.

        Stability:
            One visit of each value, in a loop: time and memory of a small multiple of the program's, at any depth.

        Source:
            Liquet, Moka, Nazarathy, chapters 4 and 5. Differs from torch: a second backward does not add to the first.

        >>> x, y = Var(np.array([1.0, 2.0])), Var(3.0)
        >>> (x * y).backward()
        >>> x.grad, y.grad
        (array([3., 3.]), array(3.))
        """
        tape = _tape(self)
        for node in tape:
            node.grad = np.zeros_like(node.data)
        self.grad = np.ones_like(self.data)
        for node in reversed(tape):  # all that was computed from a node comes before it
            for operand, pull in node._operands:
                operand.grad += _unbroadcast(pull(node.grad), operand.data.shape)


def _result(data, *operands):
    """The Var of an operation; plain numbers and arrays among its operands are constants."""
    result = Var(data)
    result._operands = tuple((operand, pull) for operand, pull in operands if isinstance(operand, Var))
    return result


def _value(operand):
    """The data of a Var; a plain number as a float, which never widens float32; an array as one of floats."""
    if isinstance(operand, Var):
        return operand.data
    array = _check.real("Var", "an operand", operand)
    return array if array.ndim else float(array)


def _product(left, right):
    a, b = _value(left), _value(right)
    for matrix in (a, b):
        if np.ndim(matrix) != 2:
            raise ShapeError(f"Var: got an operand of @ of shape {np.shape(matrix)}, expected 2 axes.")
    return _result(a @ b, (left, lambda g: g @ b.T), (right, lambda g: a.T @ g))


def _tape(result):
    """The result and all that it was computed from, operands before results."""
    found, todo = {}, [result]
    while todo:
        node = todo.pop()
        if node._number not in found:
            found[node._number] = node
            todo += [operand for operand, _ in node._operands]
    return [found[number] for number in sorted(found)]


def _unbroadcast(g, shape):
    """The sum of g over the axes along which an operand of this shape was repeated."""
    g = g.sum(axis=tuple(range(g.ndim - len(shape))))
    return g.sum(axis=tuple(k for k, size in enumerate(shape) if size == 1), keepdims=True)
