# ---
# jupyter:
#   jupytext:
#     cell_markers: r"""
#     cell_metadata_filter: nbgrader,tags
#     notebook_metadata_filter: kernelspec,jupytext,-jupytext.text_representation.jupytext_version
#     text_representation:
#       extension: .py
#       format_name: percent
#       format_version: '1.3'
#   kernelspec:
#     display_name: Python 3 (ipykernel)
#     language: python
#     name: python3
# ---

# %% [markdown]
r"""
# A machine that differentiates

*Unit 4, lab 2. Book: section 4.4 and chapter 5, sections 5.4 and 5.5.*

In the first lab you derived backpropagation for one kind of network. Add a shortcut between two layers, share a matrix
between two places, put a sine somewhere, and the derivation starts again. **Who does it for networks that nobody has
drawn yet?** The program does: it writes down what it computes, and reads its notes backwards. In the first exercise you
build this machine, the heart of every deep-learning library, in about forty lines.

Then you point it at deep networks and see what stopped people for twenty years: the gradient of the first layers is not
wrong, it is *gone*. **What must the weights look like before the first step, so that thirty layers can learn?** The
second exercise draws such weights, the third keeps the occasional avalanche from destroying them.

As before: functions change none of their inputs. Allowed are numpy and the standard library; `torch` is what you are
about to build.
"""

# %% nbgrader={"grade": false, "grade_id": "setup_automatic_differentiation", "locked": true, "schema_version": 3, "solution": false, "task": false}
import itertools

import matplotlib.pyplot as plt
import numpy as np

from dlmath_kit import data, plots

# %% [markdown] nbgrader={"grade": false, "grade_id": "about_reverse_tape", "locked": true, "schema_version": 3, "solution": false, "task": false}
r"""
## 1 The tape: reverse-mode differentiation

A program for a number $C$ is a chain of small steps: products, sums, exponentials. For every intermediate result $u$
define its **adjoint** $\bar u = \partial C / \partial u$, an array of the shape of $u$ (book, section 4.4). The adjoint
of the end is $\bar C = 1$, and one rule gives all the others:

$$\bar u \;=\; \sum_{v \,:\, u \text{ is an operand of } v} \bar v \,\frac{\partial v}{\partial u} .$$

So a node may pass on its adjoint only when **all** its users have contributed to it: the steps are visited in an order
in which every result comes before its operands. For single steps the contributions are short. With $G = \bar v$:

| step | contribution to the operands |
|---|---|
| $v = a + b$ | $\bar a \mathrel{+}= G$, $\quad \bar b \mathrel{+}= G$ |
| $v = a \odot b$ | $\bar a \mathrel{+}= G \odot b$, $\quad \bar b \mathrel{+}= G \odot a$ |
| $v = A B$ | $\bar A \mathrel{+}= G B^\top$, $\quad \bar B \mathrel{+}= A^\top G$ |
| $v = \varphi(a)$, entry by entry | $\bar a \mathrel{+}= G \odot \varphi'(a)$ |
| $v = \sum_{ij} a_{ij}$ | $\bar a_{ij} \mathrel{+}= G$ |

If numpy stretched an operand to the shape of the result (**broadcasting**, as with a bias that is added to every row),
each of its entries was used several times, and its contributions are **summed** over the stretched axes.

**Write** the methods of `Var`, a number or array that remembers how it was made. `Var(data)` begins with an array or a
number.

* `.data` is the value, and `.grad` the adjoint once `backward` has run; both are arrays of the same shape.
* `+`, `*` and `@` of two `Var`, or of a `Var` and a plain array or number on either side. Python calls
  `v.__radd__(2)` for `2 + v`, likewise `__rmul__` and `__rmatmul__`. `@` is for matrices, that is two axes each.
* `v.relu()`, `v.exp()`, `v.log()`, `v.sin()`, entry by entry, and `v.sum()` over all entries. $\mathrm{ReLU}'(0) = 0$.
* `v.backward()` sets $\bar v = 1$ (an array of ones, if `v` has several entries) and then the `.grad` of everything
  that `v` was computed from.

How you keep the notes is your choice: the argument `parents` and the helpers are a suggestion.

**Worked example.** $x \cdot x + x$ at $x = 3$: $u = x \cdot x = 9$, $v = u + x = 12$. Backwards, $\bar v = 1$; the sum
gives $\bar u = 1$ and $\bar x = 1$; the product adds $3 \bar u$ twice, once for each of its operands, so $\bar x = 7$.

**What counts.** The gradients, whatever the program looks like: variables used several times, shortcuts between distant
parts, broadcasting, constants on the left, chains of 3000 steps (Python allows a thousand nested calls). Not tested: what
`.grad` holds before `backward`, a second `backward`, `@` of vectors.
"""


# %% nbgrader={"grade": false, "grade_id": "reverse_tape", "locked": false, "schema_version": 3, "solution": true, "task": false}
def as_var(value):
    """`value` itself if it is a Var; a plain array or number as a Var. A helper, not graded by itself."""
    ### BEGIN SOLUTION
    return value if isinstance(value, Var) else Var(value)
    ### END SOLUTION


def reduced_to(shape, g):
    """The gradient `g` of a result, summed over the axes along which an operand of `shape` was stretched. A helper."""
    ### BEGIN SOLUTION
    g = g.sum(axis=tuple(range(g.ndim - len(shape))))  # axes in front that the operand does not have
    stretched = tuple(k for k, size in enumerate(shape) if size == 1)
    return g.sum(axis=stretched, keepdims=True)
    ### END SOLUTION


class Var:
    """An array or number that remembers how it was made."""

    __array_ufunc__ = None  # with this, numpy leaves A + v, A * v and A @ v for an array A to v.__radd__ and so on
    counter = itertools.count()

    def __init__(self, data, parents=()):
        """data: array or number. parents: pairs (Var, its contribution as a function of this node's gradient)."""
        ### BEGIN SOLUTION
        self.data = np.asarray(data, dtype=float)
        self.grad = np.zeros(self.data.shape)
        self.parents = parents
        self.number = next(Var.counter)  # whatever was made of this has a larger number
        ### END SOLUTION

    def __add__(self, other):
        """self + other, where other is a Var, an array or a number."""
        ### BEGIN SOLUTION
        other = as_var(other)
        return Var(self.data + other.data, [(self, lambda g: g), (other, lambda g: g)])
        ### END SOLUTION

    def __radd__(self, other):
        """other + self, where other is an array or a number."""
        ### BEGIN SOLUTION
        return self + other
        ### END SOLUTION

    def __mul__(self, other):
        """self * other, where other is a Var, an array or a number."""
        ### BEGIN SOLUTION
        other = as_var(other)
        return Var(self.data * other.data, [(self, lambda g: g * other.data), (other, lambda g: g * self.data)])
        ### END SOLUTION

    def __rmul__(self, other):
        """other * self, where other is an array or a number."""
        ### BEGIN SOLUTION
        return self * other
        ### END SOLUTION

    def __matmul__(self, other):
        """self @ other, where other is a Var or an array, both with two axes."""
        ### BEGIN SOLUTION
        other = as_var(other)
        return Var(self.data @ other.data, [(self, lambda g: g @ other.data.T), (other, lambda g: self.data.T @ g)])
        ### END SOLUTION

    def __rmatmul__(self, other):
        """other @ self, where other is an array with two axes."""
        ### BEGIN SOLUTION
        return as_var(other) @ self
        ### END SOLUTION

    def relu(self):
        """max(self, 0), entry by entry."""
        ### BEGIN SOLUTION
        return Var(np.maximum(self.data, 0), [(self, lambda g: g * (self.data > 0))])
        ### END SOLUTION

    def exp(self):
        """The exponential, entry by entry."""
        ### BEGIN SOLUTION
        value = np.exp(self.data)
        return Var(value, [(self, lambda g: g * value)])
        ### END SOLUTION

    def log(self):
        """The logarithm, entry by entry, of positive numbers."""
        ### BEGIN SOLUTION
        return Var(np.log(self.data), [(self, lambda g: g / self.data)])
        ### END SOLUTION

    def sin(self):
        """The sine, entry by entry."""
        ### BEGIN SOLUTION
        return Var(np.sin(self.data), [(self, lambda g: g * np.cos(self.data))])
        ### END SOLUTION

    def sum(self):
        """The sum of all entries, a 0-dimensional Var."""
        ### BEGIN SOLUTION
        return Var(self.data.sum(), [(self, lambda g: g * np.ones(self.data.shape))])
        ### END SOLUTION

    def backward(self):
        """Fill the .grad of everything that self was computed from, with ones as the gradient of self."""
        ### BEGIN SOLUTION
        nodes, to_visit = {self.number: self}, [self]
        while to_visit:
            for parent, _ in to_visit.pop().parents:
                if parent.number not in nodes:
                    nodes[parent.number] = parent
                    to_visit.append(parent)
        self.grad = np.ones(self.data.shape)
        for number in sorted(nodes, reverse=True):  # the latest first: users before what they use
            for parent, contribution in nodes[number].parents:
                parent.grad = parent.grad + reduced_to(parent.data.shape, contribution(nodes[number].grad))
        ### END SOLUTION


# %% nbgrader={"grade": false, "grade_id": "check_reverse_tape", "locked": true, "schema_version": 3, "solution": false, "task": false}
x = Var(3.0)
(x * x + x).backward()
assert np.isclose(x.grad, 7), f"the derivative of x * x + x at 3 is 7, got {x.grad}"
t1, t2, t3 = Var(0.0), Var(1.0), Var(-1.0)
f = (t1 * t2).sin() + (t2 + t3).exp() + -2 * t3
f.backward()
assert np.isclose(f.data, 3), f"the book's function of figure 4.7 is 3 here, got {f.data}"
got = [float(t.grad) for t in (t1, t2, t3)]
assert np.allclose(got, [1, 1, -1]), f"its gradient is (1, 1, -1), got {got}"
A, B = Var(np.array([[1.0, 2.0], [3.0, 4.0]])), Var(np.array([[1.0], [10.0]]))
(A @ B).sum().backward()
assert np.allclose(A.grad, [[1, 10], [1, 10]]), f"the gradient of sum(AB) for A is (B, B)', got\n{A.grad}"
assert np.allclose(B.grad, [[4], [6]]), f"the gradient of sum(AB) for B holds the column sums of A, got\n{B.grad}"
b = Var(np.zeros((1, 2)))
(np.ones((3, 2)) * (b + np.ones((3, 2)))).sum().backward()
assert np.shape(b.grad) == (1, 2), f"a gradient has the shape of its variable, here (1, 2), got {np.shape(b.grad)}"
assert np.allclose(b.grad, 3), f"each entry of b is used in three rows: its gradient is 3, got {b.grad}"

# %% nbgrader={"grade": true, "grade_id": "test_reverse_tape", "locked": true, "points": 13, "schema_version": 3, "solution": false, "task": false}
### BEGIN HIDDEN TESTS
from autograder import mark

mark("unit04_feedforward/reverse_tape", Var)
### END HIDDEN TESTS

# %% [markdown] nbgrader={"grade": false, "grade_id": "about_init", "locked": true, "schema_version": 3, "solution": false, "task": false}
r"""
## 3 Where to begin: He and Xavier

A layer $z = W a + b$ with $n_{\mathrm{in}}$ inputs adds $n_{\mathrm{in}}$ products. If the weights are drawn
independently with mean 0 and variance $\sigma_W^2$, each entry of $z$ has the variance
$n_{\mathrm{in}}\, \sigma_W^2\, \mathbb{E}[a_j^2]$. Backwards the same happens with $n_{\mathrm{out}}$ (book, section 5.5).

* **He** (for ReLU, which removes half of $\mathbb{E}[z^2]$) keeps the forward pass alive:
  $W_{ij} \sim \mathcal{N}\!\left(0,\ \dfrac{2}{n_{\mathrm{in}}}\right)$, where $2 / n_{\mathrm{in}}$ is the *variance*.
* **Xavier** (for activations with slope 1 at 0, such as $\tanh$) is a compromise between both directions, the variance
  $\dfrac{2}{n_{\mathrm{in}} + n_{\mathrm{out}}}$, drawn uniformly: $W_{ij} \sim \mathcal{U}(-a, a)$ with
  $a = \sqrt{\dfrac{6}{n_{\mathrm{in}} + n_{\mathrm{out}}}}$, since a uniform law on $(-a, a)$ has the variance $a^2 / 3$.

Biases start at 0.

**Write** `init_layer(n_out, n_in, scheme, rng)`: `scheme` is `"he_normal"` or `"xavier_uniform"`, `rng` is a generator
of numpy. Return `(W, b)` with `W` of shape (n_out, n_in) and `b` of shape (n_out,).

**Worked example.** A layer with 8 inputs and 4 outputs: `W` has shape (4, 8). By He its entries have the standard
deviation $\sqrt{2/8} = \frac12$; by Xavier they lie between $\pm \sqrt{6/12} = \pm 0.707\ldots$, with the standard
deviation $0.408\ldots$

**What counts.** Shape, mean, variance, range and law of the weights, over many draws; all randomness comes from `rng`:
the same seed gives the same weights, and a second call others. How you draw is your choice.
"""


# %% nbgrader={"grade": false, "grade_id": "init", "locked": false, "schema_version": 3, "solution": true, "task": false}
def init_layer(n_out: int, n_in: int, scheme: str, rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    """Random weights (n_out, n_in) by the scheme "he_normal" or "xavier_uniform", and biases (n_out,) of zeros."""
    ### BEGIN SOLUTION
    if scheme == "he_normal":
        W = rng.normal(0, np.sqrt(2 / n_in), size=(n_out, n_in))
    else:
        a = np.sqrt(6 / (n_in + n_out))
        W = rng.uniform(-a, a, size=(n_out, n_in))
    return W, np.zeros(n_out)
    ### END SOLUTION


# %% nbgrader={"grade": false, "grade_id": "check_init", "locked": true, "schema_version": 3, "solution": false, "task": false}
for scheme in ("he_normal", "xavier_uniform"):
    W, b = init_layer(4, 8, scheme, np.random.default_rng(0))
    assert np.shape(W) == (4, 8), f"{scheme}: W must have the shape (n_out, n_in) = (4, 8), got {np.shape(W)}"
    assert np.shape(b) == (4,) and not np.any(b), f"{scheme}: b holds n_out zeros, got {b}"
    assert not np.array_equal(W[0], W[1]), f"{scheme}: every weight is drawn for itself"
W, _ = init_layer(4, 8, "xavier_uniform", np.random.default_rng(0))
assert np.all(np.abs(W) <= np.sqrt(6 / 12)), f"Xavier's weights lie between ±0.707 here, got {np.abs(W).max()}"

# %% nbgrader={"grade": true, "grade_id": "test_init", "locked": true, "points": 7, "schema_version": 3, "solution": false, "task": false}
### BEGIN HIDDEN TESTS
from autograder import mark

mark("unit04_feedforward/init", init_layer)
### END HIDDEN TESTS

# %% [markdown] nbgrader={"grade": false, "grade_id": "about_clip_global_norm", "locked": true, "schema_version": 3, "solution": false, "task": false}
r"""
## 4 When gradients explode: clipping

A product of thirty Jacobians can also grow. One such gradient, and the weights are thrown far away from everything they
have learned. The remedy is a speed limit: keep the direction and shorten the step. The gradient of a network is a *list*
of arrays $g_1, \ldots, g_m$, one for each $W$ and $b$, and it is **one** vector with **one** norm:

$$N = \sqrt{\sum_{k=1}^m \lVert g_k \rVert^2}, \qquad
g_k \leftarrow c\, g_k \quad\text{with}\quad c = \min\!\left(1,\ \frac{N_{\max}}{N}\right),$$

where $\lVert g_k \rVert^2$ is the sum of the squares of all entries. If $N = 0$, nothing changes.

**Write** `clip_global_norm(grads, max_norm)`: `grads` is a list of arrays of any shapes, `max_norm` a positive number.
Return `(clipped, N)`: the list of the clipped arrays, in the same order, and the norm before.

**Worked example.** $g_1 = (3)$, $g_2 = (4)$ and $N_{\max} = 1$: $N = 5$, so both are multiplied by $\frac15$ and
$(0.6), (0.8)$ remain. With $N_{\max} = 10$ nothing changes: a limit is no target.

**What counts.** Small gradients, zeros and an empty list (its norm is 0) come back as they are. `grads` is unchanged.
"""


# %% nbgrader={"grade": false, "grade_id": "clip_global_norm", "locked": false, "schema_version": 3, "solution": true, "task": false}
def clip_global_norm(grads: list[np.ndarray], max_norm: float) -> tuple[list[np.ndarray], float]:
    """Gradients shortened by one common factor to a global norm of at most max_norm, and their norm before."""
    ### BEGIN SOLUTION
    norm = np.sqrt(sum(np.sum(g**2) for g in grads))
    factor = max_norm / norm if norm > max_norm else 1.0
    return [factor * g for g in grads], float(norm)
    ### END SOLUTION


# %% nbgrader={"grade": false, "grade_id": "check_clip_global_norm", "locked": true, "schema_version": 3, "solution": false, "task": false}
g = [np.array([3.0]), np.array([4.0])]
clipped, norm = clip_global_norm(g, 1.0)
assert isinstance(clipped, list) and len(clipped) == 2, f"return a list of two arrays and the norm, got {clipped!r}"
assert np.isclose(norm, 5), f"the norm before clipping is 5, got {norm}"
assert np.allclose(np.concatenate(clipped), [0.6, 0.8]), f"expected (0.6) and (0.8), got {clipped}"
assert [float(a[0]) for a in g] == [3, 4], f"the gradients that came in must not be changed, they are now {g}"
clipped, norm = clip_global_norm(g, 10.0)
assert np.allclose(np.concatenate(clipped), [3, 4]), f"below the limit nothing changes, got {clipped}"

# %% nbgrader={"grade": true, "grade_id": "test_clip_global_norm", "locked": true, "points": 5, "schema_version": 3, "solution": false, "task": false}
### BEGIN HIDDEN TESTS
from autograder import mark

mark("unit04_feedforward/clip_global_norm", clip_global_norm)
### END HIDDEN TESTS
