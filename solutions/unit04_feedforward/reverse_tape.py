"""Answer key: reverse-mode differentiation (unit 4).

Programs compute with the student's variables; what they must hold afterwards is what the reference's hold.
"""

import functools
import itertools
import operator

import numpy as np

from autograder.key import N0, Key, close, placed, standard
from dlmath_ref import Var

key = Key("unit04_feedforward/reverse_tape", reference=Var, bans=N0)

WORKED, FUNCTIONS = "x_times_x_plus_x_and_the_function_of_the_book", "functions_entry_by_entry"
CONSTANTS, MATRICES = "sums_and_products_with_constants_on_either_side", "products_of_matrices_on_either_side"
SEVERAL, ORDER = "variables_that_are_used_several_times", "shortcuts_wait_for_the_longest_way"
BROADCAST, NETWORK = "stretched_operands_have_gradients_of_their_own_shape", "a_network_and_a_logarithm_of_exponentials"
NUMBERS, CHAIN = "numbers_with_arrays_and_relu_at_zero", "a_chain_of_3000_steps"
UNCHANGED = "data_stay_unchanged_in_any_dtype_and_layout"


def run(make, program, arrays):
    """Value of a program, and the gradients of its variables."""
    variables = [make(a) for a in arrays]
    result = program(*variables)
    result.backward()
    return result.data, [v.grad for v in variables]


def agrees(answer, program, *arrays):
    """The student's variables hold what the reference's do."""
    value, gradients = run(answer, program, [np.copy(a) for a in arrays])
    right, expected = run(Var, program, [np.copy(a) for a in arrays])
    close(value, right, what="the value of the program")
    close(gradients, expected, what=[f"the gradient of variable {k + 1}" for k in range(len(arrays))])


def figure_4_7(t1, t2, t3):
    return (t1 * t2).sin() + (t2 + t3).exp() + -2.0 * t3


@key.part("worked", weight=1)
def x_times_x_plus_x_and_the_function_of_the_book(answer, rng):
    value, gradient = run(answer, lambda x: x * x + x, [3.0])
    close((value, gradient[0]), (12.0, 7.0), what=("the value of x * x + x at 3", "its gradient"))
    value, gradient = run(answer, figure_4_7, [0.0, 1.0, -1.0])
    close((value, *gradient), (3.0, 1.0, 1.0, -1.0), what=("f(0, 1, -1)", "df/dt1", "df/dt2", "df/dt3"))


@key.part("core", weight=1)
def functions_entry_by_entry(answer, rng):
    x = rng.uniform(0.3, 1.5, size=(4, 3))
    signs = np.where(np.arange(12).reshape(4, 3) % 3 == 1, -1.0, 1.0)
    agrees(answer, lambda v: v.relu().sin(), signs * x)
    agrees(answer, lambda v: v.exp().sin(), x)
    agrees(answer, lambda v: v.log().exp().log().sin(), x)
    agrees(answer, lambda v: v.sin().exp(), signs * x)
    agrees(answer, lambda v: v.sum().sin(), x[:, :1])


@key.part("core", weight=1.5)
def sums_and_products_with_constants_on_either_side(answer, rng):
    x, y, z, a, b = rng.normal(size=(5, 4, 3))
    agrees(answer, lambda u, v, w: u * v + w, x, y, z)
    agrees(answer, lambda v: (1.5 + 2.5 * v + 0.5) * -1.25, x)
    agrees(answer, lambda v: (v * a + b).sin().__radd__(a).__rmul__(b), x)  # b * (a + sin(v * a + b))


@key.part("core", weight=1.5)
def products_of_matrices_on_either_side(answer, rng):
    x, y, s, t = (rng.normal(size=shape) for shape in ((4, 3), (3, 2), (3, 3), (3, 3)))
    agrees(answer, lambda v, w: v @ w, x, y)
    agrees(answer, lambda v: (v @ y).sin(), x)
    agrees(answer, lambda w: w.__rmatmul__(x).sin(), y)  # x @ w
    agrees(answer, lambda v, w: (v @ w).sin(), s, t)


@key.part("core", weight=1.5)
def variables_that_are_used_several_times(answer, rng):
    x, y = rng.uniform(0.5, 1.5, size=(2, 3, 2))
    agrees(answer, lambda v: v * v * v, x)
    agrees(answer, lambda v, w: (v + w) * v.sin(), x, y)
    agrees(answer, lambda v, w: v.sin() * (v + w), x, y)
    agrees(answer, lambda v: v @ v + v, rng.normal(size=(3, 3)))


@key.part("core", weight=1.5)
def shortcuts_wait_for_the_longest_way(answer, rng):
    def program(v, w):
        a = v * w
        b = a * a.sin() + a.exp() * a
        return b * (a + b) + (b.log() + w) * v.sin()

    agrees(answer, program, *rng.uniform(0.5, 1.5, size=(2, 2, 3)))


@key.part("core", weight=1.5)
def stretched_operands_have_gradients_of_their_own_shape(answer, rng):
    x, y = rng.normal(size=(2, 4, 3))
    agrees(answer, lambda v, w: (v + w).sin(), x[:1], y)
    agrees(answer, lambda v, w: (v * w).sin(), x[:, :1], y[:1])
    agrees(answer, lambda u, v, w: (u * v + w).sin(), x, y[0], y[1:2, :1])


@key.part("core", weight=0.5)
def a_network_and_a_logarithm_of_exponentials(answer, rng):
    X, Y, w1, w2 = (rng.normal(size=s) for s in ((6, 4), (6, 2), (4, 5), (5, 2)))
    b1, b2 = rng.uniform(0.5, 1, size=(1, 5)), rng.normal(size=(1, 2))

    def cost(W1, c1, W2, c2):
        errors = (W1.__rmatmul__(X) + c1).relu() @ W2 + c2 + -Y
        return 1 / 6 * (errors * errors).sum()

    agrees(answer, cost, w1, b1, w2, b2)
    agrees(answer, lambda v: v.exp().sum().log(), w2)


@key.part("edge", weight=1)
def numbers_with_arrays_and_relu_at_zero(answer, rng):
    t, u, c = rng.uniform(0.5, 1.5, size=(3, 3))
    agrees(answer, figure_4_7, *t)
    agrees(answer, lambda v, w: (v * w + v) * c, t[0], u)
    value, gradient = run(answer, lambda x: x * 0.5, [3])
    close((value, gradient[0]), (1.5, 0.5), what=("the value of x * 0.5 for x = Var(3)", "the gradient of this x"))
    agrees(answer, lambda v: v.relu() * c, np.array([-1.0, 0.0, 2.0]))


@key.part("edge", weight=1, feedback="Walk through the graph in a loop, without recursion.")
def a_chain_of_3000_steps(answer, rng):
    fold, add = placed(answer, functools.reduce, operator.add)  # one question instead of 3000
    x = rng.normal(size=2)
    value, gradient = run(answer, lambda v: fold(add, [v] * 3000, v), [x.copy()])  # Python allows 1000 nested calls
    close((value, *gradient), (3001 * x, np.full(2, 3001.0)), what=("the value", "the gradient"))


def kept(make):
    """A program as a function of arrays: its value, the gradients, and the data of its variables afterwards."""

    def program(x, y):
        v, w = make(x), make(y)
        result = (v.relu() * w).sum()
        result.backward()
        return result.data, v.grad, w.grad, v.data, w.data

    return program


@key.part("edge", weight=1)
def data_stay_unchanged_in_any_dtype_and_layout(answer, rng):
    signs = np.array([[1.0, -1.0], [-1.0, 1.0], [1.0, 1.0]])
    args = signs * rng.uniform(0.5, 1.5, size=(3, 2)), rng.uniform(0.5, 1.5, size=(3, 2))
    standard(kept(answer), args, kept(Var), what="the value, two gradients, two data")


class _Right:
    """A variable to derive the answers below from; the node made last is the first on the way back."""

    __array_ufunc__, clock, steps = None, itertools.count(), []

    def __init__(self, data, operands=()):
        self.data = np.asarray(data, dtype=float)
        self.grad = np.zeros(self.data.shape)
        self.operands, self.born = operands, next(self.clock)

    def lift(self, other):
        return other if isinstance(other, _Right) else type(self)(other)

    def result(self, data, *operands):
        return type(self)(data, operands)

    def __add__(self, other):
        b = self.lift(other)
        return self.result(self.data + b.data, (self, lambda g: g), (b, lambda g: g))

    def __mul__(self, other):
        b = self.lift(other)
        return self.result(self.data * b.data, (self, lambda g: g * b.data), (b, lambda g: g * self.data))

    def __matmul__(self, other):
        b = self.lift(other)
        return self.result(self.data @ b.data, (self, lambda g: g @ b.data.T), (b, lambda g: self.data.T @ g))

    def __rmatmul__(self, other):
        return self.lift(other) @ self

    __radd__, __rmul__ = (lambda self, other: self + other), (lambda self, other: self * other)

    def each(self, value, slope):
        return self.result(value, (self, lambda g: g * slope))

    def relu(self):
        return self.each(np.maximum(self.data, 0), self.data > 0)

    exp, log = (lambda v: v.each(np.exp(v.data), np.exp(v.data))), (lambda v: v.each(np.log(v.data), 1 / v.data))

    def sin(self):
        return self.each(np.sin(self.data), np.cos(self.data))

    def sum(self):
        return self.each(self.data.sum(), np.ones(self.data.shape))

    def fit(self, g):
        g = g.sum(axis=tuple(range(g.ndim - self.data.ndim)))
        return g.sum(axis=tuple(k for k, size in enumerate(self.data.shape) if size == 1), keepdims=True)

    def receive(self, g):
        self.grad = self.grad + self.fit(g)

    def order(self):
        nodes, todo = {self}, [self]
        while todo:
            new = {operand for operand, _ in todo.pop().operands} - nodes
            nodes |= new
            todo += new
        return sorted(nodes, key=lambda node: -node.born)

    def backward(self):
        self.grad = np.ones(self.data.shape)
        for node in self.order():
            for operand, pull in node.operands:
                operand.receive(pull(node.grad))


@key.accept
class by_a_tape_of_all_steps(_Right):
    def result(self, data, *operands):
        out = type(self)(data)
        self.steps.append((out, operands))
        return out

    def backward(self):
        self.grad = np.ones(self.data.shape)
        for out, operands in reversed(self.steps):
            for operand, pull in operands:
                operand.receive(pull(out.grad))
        self.steps.clear()


@key.accept
class with_numbers_for_single_entries(_Right):
    """Gradients begin as None; data and gradients of one entry are numbers and not arrays."""

    def __init__(self, data, operands=()):
        self.data, self.grad = np.array(data, dtype=float)[()], None
        self.operands, self.born = operands, next(self.clock)

    def receive(self, g):
        g = self.fit(np.asarray(g))
        self.grad = g[()] if self.grad is None else self.grad + g


@key.reject(
    "A variable that is used twice must collect both contributions: you overwrite the first.",
    fails=[WORKED, SEVERAL, ORDER, NETWORK, NUMBERS, CHAIN],
)
class gradient_overwritten(_Right):
    def receive(self, g):
        self.grad = self.fit(g)


TOO_EARLY = "Your depth-first walk passes on a node's gradient before all its users have contributed to it."


@key.reject(TOO_EARLY, fails=[ORDER, CHAIN])
class depth_first(_Right):
    def order(self, found=None):
        found = {} if found is None else found
        found[self] = True
        for operand, _ in self.operands:
            if operand not in found:
                operand.order(found)
        return found


@key.reject(TOO_EARLY, fails=[ORDER, NETWORK, CHAIN])
class passed_on_at_once(_Right):
    def receive(self, g):
        self.grad = self.grad + self.fit(g)
        for operand, pull in self.operands:
            operand.receive(pull(self.grad))

    def backward(self):
        self.receive(np.ones(self.data.shape))


@key.reject("Breadth-first is no topological order: shortcuts reach a node before its last user.", fails=[ORDER])
class breadth_first(_Right):
    def order(self):
        found = [self]
        for node in found:
            found += {operand: True for operand, _ in node.operands if operand not in found}
        return found


STRETCHED = "Where numpy stretched an operand, its gradient is summed over those axes: it has the operand's shape."


@key.reject(STRETCHED, fails=[BROADCAST, NETWORK, NUMBERS])
class stretched_gradients_kept(_Right):
    def fit(self, g):
        return g


@key.reject(STRETCHED, fails=[BROADCAST, NETWORK])
class axes_of_length_one_forgotten(_Right):
    def fit(self, g):
        return g.sum(axis=tuple(range(g.ndim - self.data.ndim)))


@key.reject("For AB with the gradient G, A receives GBᵀ and B receives AᵀG.", fails=[MATRICES, SEVERAL, NETWORK])
class transposes_missing(_Right):
    def __matmul__(self, other):
        b = self.lift(other)
        return self.result(self.data @ b.data, (self, lambda g: g @ b.data), (b, lambda g: self.data @ g))


@key.reject("With a plain array on the left, A @ v is not v @ A: matrices do not commute.", fails=[MATRICES, NETWORK])
class matrices_commute(_Right):
    def __rmatmul__(self, other):
        return self @ other


@key.reject("The gradient of a sum is 1 for every entry, not that of a mean.", fails=[FUNCTIONS, NETWORK, UNCHANGED])
class sum_as_mean(_Right):
    def sum(self):
        return self.each(self.data.sum(), np.ones(self.data.shape) / self.data.size)


@key.reject(
    "In a product each factor receives the gradient times the other factor.",
    fails=[WORKED, CONSTANTS, SEVERAL, ORDER, BROADCAST, NETWORK, NUMBERS, UNCHANGED],
)
class own_factor(_Right):
    def __mul__(self, other):
        b = self.lift(other)
        return self.result(self.data * b.data, (self, lambda g: g * self.data), (b, lambda g: g * b.data))


@key.reject("Convention: the derivative of ReLU at 0 is 0.", fails=[NUMBERS])
class relu_slope_one_at_zero(_Right):
    def relu(self):
        return self.each(np.maximum(self.data, 0), self.data >= 0)


@key.reject("Your ReLU overwrites the data of its operand, which others still need.", fails=[UNCHANGED])
class relu_in_place(_Right):
    def relu(self):
        self.data *= self.data > 0
        return self.each(self.data, self.data > 0)


SHARED = "Variables share one gradient array: adding to one changes the other."


@key.reject(SHARED, fails=[WORKED, SEVERAL, CHAIN])
class gradients_shared(_Right):
    def receive(self, g):
        g = g if np.shape(g) == self.data.shape else self.fit(g)
        self.grad, self.filled = operator.iadd(self.grad, g) if hasattr(self, "filled") else g, True


@key.reject(SHARED, fails=[SEVERAL, CHAIN])
class gradients_shared_once_computed(gradients_shared):
    def backward(self):
        self.grad = np.ones(self.data.shape)
        for node in self.order():
            for operand, g in [(operand, pull(node.grad)) for operand, pull in node.operands]:
                operand.receive(g)


RECURSION = "Your walk through the graph calls itself once for each step: long programs exceed Python's limit of calls."


@key.reject(RECURSION, fails=[CHAIN])
class recursive_order(_Right):
    def order(self):
        return self.listed(set())[::-1]

    def listed(self, seen):
        seen.add(self)
        return [n for operand, _ in self.operands if operand not in seen for n in operand.listed(seen)] + [self]


@key.reject(RECURSION, fails=[CHAIN])
class each_path_for_itself(_Right):
    def backward(self, g=None):
        g = np.ones(self.data.shape) if g is None else self.fit(g)
        self.grad = self.grad + g
        for operand, pull in self.operands:
            operand.backward(pull(g))


key.equivalent("np.maximum(self.data, 0) -> np.maximum(0, self.data)", "maximum is symmetric in its arguments.")
key.equivalent("g * np.ones(self.data.shape) -> g / np.ones(self.data.shape)", "1 / 1 is 1.")
key.equivalent("np.asarray(data, dtype=float) -> np.asarray(data)", "Integers become floats beside floats.")
