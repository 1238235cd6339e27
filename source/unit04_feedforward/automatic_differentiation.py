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
number, such as `Var(3)`.

* `.data` is the value, and `.grad` the adjoint once `backward` has run; both are arrays of the same shape.
* `+`, `*` and `@` of two `Var`, or of a `Var` and a plain array or number on either side. Python calls
  `v.__radd__(2)` for `2 + v`, likewise `__rmul__` and `__rmatmul__`. `@` is for matrices, that is two axes each.
* `v.relu()`, `v.exp()`, `v.log()`, `v.sin()`, entry by entry, and `v.sum()` over all entries. $\mathrm{ReLU}'(0) = 0$.
* `v.backward()` sets $\bar v = 1$ (an array of ones, if `v` has several entries) and then the `.grad` of everything
  that `v` was computed from.

How you keep the notes is your choice: the argument `parents` and the helpers are a suggestion.

**Worked example.** $x \cdot x + x$ at $x = 3$: $u = x \cdot x = 9$, $v = u + x = 12$. Backwards, $\bar v = 1$; the sum
gives $\bar u = 1$ and $\bar x = 1$; the product adds $3 \bar u$ twice, once for each of its operands, so $\bar x = 7$.

**What counts.** The gradients, whatever the program looks like: variables used several times, shortcuts between
distant parts, broadcasting, constants on the left, chains of 3000 steps (Python allows a thousand nested calls). Not
tested: what `.grad` holds before `backward`, a second `backward`, `@` of vectors.
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
    if g.shape == shape:
        return g
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

# %% [markdown]
r"""
**What you built.** The program of the book's figure 4.7,
$f(\theta) = \sin(\theta_1 \theta_2) + \exp(\theta_2 + \theta_3) - 2\,\theta_3$, at $\theta = (1, 2, -1)$: in every
node the value that ran forwards through it (blue) and the adjoint that your `backward` brought back (orange). Follow
one path by hand. $\theta_2$ and $\theta_3$ are used twice, so two contributions add up in them.
"""

# %% tags=["picture"]
t1, t2, t3 = Var(1.0), Var(2.0), Var(-1.0)
product, total, linear = t1 * t2, t2 + t3, -2 * t3
sine, power = product.sin(), total.exp()
f = sine + power + linear
f.backward()
places = {
    r"$\theta_1$": (0, 2, t1),
    r"$\theta_2$": (0, 1, t2),
    r"$\theta_3$": (0, 0, t3),
    r"$\theta_1 \theta_2$": (1.3, 2, product),
    r"$\theta_2 + \theta_3$": (1.3, 1, total),
    r"$-2\theta_3$": (2.6, 0, linear),
    r"$\sin$": (2.6, 2, sine),
    r"$\exp$": (2.6, 1, power),
    "$f$": (3.9, 1, f),
}
names = list(places)
edges = [(0, 3), (1, 3), (1, 4), (2, 4), (2, 5), (3, 6), (4, 7), (5, 8), (6, 8), (7, 8)]
plots.computation_graph(
    {name: (x, y, float(v.data), float(v.grad)) for name, (x, y, v) in places.items()},
    [(names[a], names[b]) for a, b in edges],
    title="forwards the values, backwards the adjoints",
)
plt.show()

# %% [markdown]
r"""
Now a network that no formula of lab 1 covers: its first layer is a sine, the others have a **shortcut** around them,
$a \leftarrow a + \mathrm{ReLU}(W a + b)$. Nobody derives anything. The forward pass is written down, `backward` does
the rest, and gradient descent winds the boundary along two spirals. (Samples are columns here, as in the book.)

On the right the price. Differences need two evaluations of the program for **every** weight, forward mode (unit 3)
about as many passes as there are weights. Your tape needs a small constant, whether there are a hundred weights or a
hundred thousand. This is why deep learning is possible.
"""

# %% tags=["picture"]
import time


def spirals(n, rng):
    """n points on two arms, as columns (2, n), and their classes (n,)."""
    y, r = np.arange(n) % 2, np.sqrt(rng.uniform(0.03, 1, n))
    angle = 9 * r + np.pi * y
    return r * np.array([np.cos(angle), np.sin(angle)]) + 0.02 * rng.normal(size=(2, n)), y


def shortcut_network(params, X):
    """The scores (1, n) of samples X (2, n): a sine layer, two layers with shortcuts, an affine one."""
    (W1, b1), *inner, (W, b) = params
    A = (W1 @ X + b1).sin()
    for V, c in inner:
        A = A + (V @ A + c).relu()
    return W @ A + b


def logistic_loss(params, X, y):
    """The mean of log(1 + exp(-z)) for class 1 and log(1 + exp(z)) for class 0."""
    z = shortcut_network(params, X) * np.where(y == 1, -1.0, 1.0)
    return (1 + z.exp()).log().sum() * (1 / len(y))


def new_network(width, rng):
    shapes = [(width, 2), (width, width), (width, width), (1, width)]
    sizes = [3.0, *[width**-0.5] * 3]
    return [(c * rng.normal(size=shape), np.zeros((shape[0], 1))) for c, shape in zip(sizes, shapes, strict=True)]


rng = np.random.default_rng(0)
X, y = spirals(300, rng)
params = new_network(24, rng)
velocity = [(0 * W, 0 * b) for W, b in params]
for _ in range(450):
    tracked = [(Var(W), Var(b)) for W, b in params]
    logistic_loss(tracked, X, y).backward()
    velocity = [
        (0.9 * v + 0.1 * W.grad, 0.9 * c + 0.1 * b.grad) for (v, c), (W, b) in zip(velocity, tracked, strict=True)
    ]
    params = [(W - 0.3 * v, b - 0.3 * c) for (W, b), (v, c) in zip(params, velocity, strict=True)]


def seconds(work):
    """Of the processor, the shortest of nine runs."""
    times = []
    for _ in range(9):
        start = time.thread_time()
        work()
        times.append(time.thread_time() - start)
    return min(times)


weights, costs = [], []
for width in (4, 12, 36, 108, 216):
    tracked = [(Var(W), Var(b)) for W, b in new_network(width, rng)]
    weights.append(sum(W.data.size + b.data.size for W, b in tracked))
    forward = seconds(lambda t=tracked: logistic_loss(t, X[:, :5], y[:5]))
    costs.append(seconds(lambda t=tracked: logistic_loss(t, X[:, :5], y[:5]).backward()) / forward)

fig, (left, right) = plt.subplots(1, 2, figsize=(10.5, 4.2), layout="constrained")
fixed = [(Var(W), Var(b)) for W, b in params]
plots.decision_boundary(
    lambda P: shortcut_network(fixed, P.T).data[0] > 0, X.T, y, left, title="two spirals, learned from the tape alone"
)
right.loglog(weights, 2 * np.array(weights), "--", color=plots.PALETTE[3], label="central differences")
right.loglog(weights, weights, ":", color=plots.PALETTE[2], label="forward mode")
right.loglog(weights, costs, "o-", color=plots.PALETTE[0], label="your tape, measured")
right.set(xlabel="weights", ylabel="evaluations of the program", title="what one gradient costs", ylim=(0.7, None))
right.legend(fontsize="small")
right.spines[["top", "right"]].set_visible(False)
plt.show()

# %% [markdown]
r"""
## 2 The gradient that got lost

Stack thirty layers $a^{[\ell]} = S(z^{[\ell]})$, $z^{[\ell]} = W^{[\ell]} a^{[\ell-1]}$. By the chain rule the
adjoint of the first layer is that of the last one times a **product of thirty Jacobians** (book, section 5.4):

$$\frac{\partial a^{[30]}}{\partial a^{[0]}} = J^{[30]} \cdots J^{[2]} J^{[1]}, \qquad
J^{[\ell]} = \operatorname{diag}\!\big(S'(z^{[\ell]})\big)\, W^{[\ell]} .$$

The sigmoid has $\sigma' \le \frac14$. Whatever the weights are, each layer multiplies by at most
$\frac14 \lVert W^{[\ell]} \rVert$, so with weights of norm 2 every layer at least halves the gradient. In truth it is
worse. Below are thirty layers of 64 neurons with $W_{ij} \sim \mathcal{N}(0, \frac{1}{64})$. On the left the norm of
the product of the first $k$ Jacobians, formed as a product of matrices, and for the sigmoid the bound (thin line). On
the right $\partial C / \partial z^{[\ell]}$ from your tape, which never forms a Jacobian and tells the same story,
read from the right to the left: with sigmoids, the first layers are told nothing at all. They keep their random
weights for ever.
"""


# %% tags=["picture"]
def sigmoid(v):
    """1 / (1 + exp(-v)), made of what a Var can do."""
    return ((1 + (-1 * v).exp()).log() * -1).exp()


def tanh(v):
    return 2 * sigmoid(2 * v) + -1


def deep(weights, S, X):
    """All Z and all A of a deep network without biases, as Vars; samples are columns."""
    Zs, As = [], [Var(X)]
    for W in weights:
        Zs.append(Var(W) @ As[-1])
        As.append(S(Zs[-1]))
    return Zs, As[1:]


def adjoint_sizes(weights, S, X, rng):
    """Root mean square of dC/dz by layer, for a random direction C of the output."""
    Zs, As = deep(weights, S, X)
    (As[-1] * rng.normal(size=As[-1].data.shape)).sum().backward()
    return np.array([np.sqrt(np.mean(Z.grad**2)) for Z in Zs])


def jacobian_norms(weights, S, x):
    """Norms of J1, J2 J1, J3 J2 J1, ... at one sample x."""
    product, norms = np.eye(len(x)), []
    for Z, W in zip(deep(weights, S, x)[0], weights, strict=True):
        z = Var(Z.data)
        S(z).sum().backward()  # z.grad holds S'(z)
        product = z.grad * W @ product
        norms.append(np.linalg.norm(product, 2))
    return np.array(norms)


rng = np.random.default_rng(1)
X = rng.normal(size=(64, 20))
weights = [rng.normal(0, 1 / 8, size=(64, 64)) for _ in range(30)]
activations = {"sigmoid": sigmoid, "tanh": tanh, "ReLU": Var.relu}
fig, (left, right) = plt.subplots(1, 2, figsize=(10.5, 3.9), layout="constrained")
norms = {name: jacobian_norms(weights, S, X[:, :1]) for name, S in activations.items()}
plots.gradients_by_depth(norms, left, title="norm of the product of $k$ Jacobians", xlabel="$k$", ylabel="")
bound = np.cumprod([np.linalg.norm(W, 2) / 4 for W in weights])
left.plot(np.arange(1, 31), bound, color="0.4", lw=0.9)
sizes = {name: adjoint_sizes(weights, S, X, rng) for name, S in activations.items()}
plots.gradients_by_depth(sizes, right, title=r"size of $\partial C / \partial z^{[\ell]}$ from your tape", ylabel="")
plt.show()
print(
    f"sigmoid: from layer 30 to layer 1 a gradient shrinks by a factor of {sizes['sigmoid'][-1] / sizes['sigmoid'][0]:.0e}"
)

# %% [markdown] nbgrader={"grade": false, "grade_id": "about_init", "locked": true, "schema_version": 3, "solution": false, "task": false}
r"""
## 3 Where to begin: He and Xavier

A layer $z = W a + b$ with $n_{\mathrm{in}}$ inputs adds $n_{\mathrm{in}}$ products. If the weights are drawn
independently with mean 0 and variance $\sigma_W^2$, each entry of $z$ has the variance
$n_{\mathrm{in}}\, \sigma_W^2\, \mathbb{E}[a_j^2]$. Backwards the same happens with $n_{\mathrm{out}}$ (book, section
5.5).

* **He** (2015; for ReLU, which removes half of $\mathbb{E}[z^2]$) keeps the forward pass alive:
  $W_{ij} \sim \mathcal{N}\!\left(0,\ \dfrac{2}{n_{\mathrm{in}}}\right)$, where $2 / n_{\mathrm{in}}$ is the *variance*.
* **Xavier** Glorot (2010; for activations with slope 1 at 0, such as $\tanh$) is a compromise between both
  directions, the variance $\dfrac{2}{n_{\mathrm{in}} + n_{\mathrm{out}}}$, drawn uniformly:
  $W_{ij} \sim \mathcal{U}(-a, a)$ with $a = \sqrt{\dfrac{6}{n_{\mathrm{in}} + n_{\mathrm{out}}}}$, since a uniform
  law on $(-a, a)$ has the variance $a^2 / 3$.

Biases start at 0.

**Write** `init_layer(n_out, n_in, scheme, rng)`: `scheme` is `"he_normal"` or `"xavier_uniform"`, `rng` is a generator
of numpy. Return `(W, b)` with `W` of shape (n_out, n_in) and `b` of shape (n_out,).

**Worked example.** A layer with 8 inputs and 4 outputs: `W` has shape (4, 8). By He its entries have the standard
deviation $\sqrt{2/8} = \frac12$; by Xavier they lie between $\pm \sqrt{6/12} = \pm 0.707\ldots$, with the standard
deviation $0.408\ldots$

**What counts.** Shape, mean, variance, range and law of the weights, over many draws, and that they are independent;
all randomness comes from `rng`: the same seed gives the same weights, and a second call others. How you draw is your
choice.
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

# %% [markdown]
r"""
**What you built.** First, what thirty $\tanh$ layers of 100 neurons make of a signal. With small weights it dies on
the way: the last layers see zeros, whatever comes in. With large ones nearly all neurons sit at $\pm 1$, where
$\tanh' = 0$. Xavier's weights keep the signal in the range where $\tanh$ bends.
"""

# %% tags=["picture"]
rng = np.random.default_rng(2)
X, shown = rng.normal(size=(100, 50)), [1, 5, 10, 20, 30]
schemes = {
    "std 0.05": lambda n_out, n_in: rng.normal(0, 0.05, size=(n_out, n_in)),
    "std 0.5": lambda n_out, n_in: rng.normal(0, 0.5, size=(n_out, n_in)),
    "Xavier": lambda n_out, n_in: init_layer(n_out, n_in, "xavier_uniform", rng)[0],
    "He": lambda n_out, n_in: init_layer(n_out, n_in, "he_normal", rng)[0],
}
rows = {}
for name in ("std 0.05", "std 0.5", "Xavier"):
    _, As = deep([schemes[name](100, 100) for _ in range(30)], tanh, X)
    rows[name] = [As[k - 1].data for k in shown]
plots.activations_by_layer(rows, shown, limits=(-1, 1), title="activations of thirty tanh layers")
plt.show()

# %% [markdown]
r"""
With ReLU the factor 2 of He decides. On the left the adjoints in thirty ReLU layers: too small, too large, Xavier
(which halves the mean square in every layer), He. On the right the same story after training has begun: a network
of twenty layers learns the digits with gradients from your tape, and only the initial weights differ. $\log 10 = 2.3$
is the loss of somebody who knows nothing. (That even the good curve is thrown back now and then is the subject of
section 4.)
"""


# %% tags=["picture"]
def cross_entropy(params, X, Y):
    """Mean cross-entropy of a deep ReLU network; samples and one-hot labels are columns."""
    *hidden, (W, b) = params
    A = X
    for V, c in hidden:
        A = (V @ A + c).relu()
    Z = W @ A + b
    Z = Z + -Z.data.max(axis=0)  # a constant: it changes no probability, and exp cannot overflow
    return ((np.ones((1, len(Y))) @ Z.exp()).log().sum() + -1 * (Z * Y).sum()) * (1 / Y.shape[1])


def train(params, X, Y, steps, alpha, rng, shorten=lambda grads: grads):
    """Gradient descent with momentum on batches of 100; the loss of each. `shorten` may change the gradients."""
    velocity, losses = [0 * p for pair in params for p in pair], []
    for _ in range(steps):
        batch = rng.integers(X.shape[1], size=100)
        tracked = [(Var(W), Var(b)) for W, b in params]
        loss = cross_entropy(tracked, X[:, batch], Y[:, batch])
        loss.backward()
        grads = shorten([v.grad for pair in tracked for v in pair])
        velocity = [0.9 * v + 0.1 * g for v, g in zip(velocity, grads, strict=True)]
        moves = zip(params, velocity[0::2], velocity[1::2], strict=True)
        params = [(W - alpha * v, b - alpha * c) for (W, b), v, c in moves]
        losses.append(float(loss.data))
    return losses


fig, (left, right) = plt.subplots(1, 2, figsize=(10.5, 3.9), layout="constrained")
sizes = {name: adjoint_sizes([new(100, 100) for _ in range(30)], Var.relu, X, rng) for name, new in schemes.items()}
plots.gradients_by_depth(
    sizes, left, title=r"size of $\partial C / \partial z^{[\ell]}$, thirty ReLU layers", ylabel=""
)

images, digits = data.digits()
X, Y = images.T, np.eye(10)[:, digits]


def twenty_layers(new):
    """A network for the digits, its weights drawn by `new`."""
    widths = [64, *[32] * 19, 10]
    return [(new(n_out, n_in), np.zeros((n_out, 1))) for n_in, n_out in itertools.pairwise(widths)]


histories = {}
for name in ("std 0.05", "Xavier", "He"):
    rng = np.random.default_rng(0)
    losses = train(twenty_layers(schemes[name]), X, Y, 160, 0.07, rng)
    histories[name] = np.convolve(losses, np.ones(10) / 10, "valid")
plots.loss_curves(histories, right, title="digits with twenty layers", ylabel="loss, mean of ten steps")
plt.show()

# %% [markdown] nbgrader={"grade": false, "grade_id": "about_clip_global_norm", "locked": true, "schema_version": 3, "solution": false, "task": false}
r"""
## 4 When gradients explode: clipping

A product of thirty Jacobians can also grow. One such gradient, and the weights are thrown far away from everything
they have learned. The remedy is a speed limit (Pascanu, Mikolov and Bengio, 2013): keep the direction and shorten the
step. The gradient of a network is a *list* of arrays $g_1, \ldots, g_m$, one for each $W$ and $b$, and it is **one**
vector with **one** norm:

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

# %% [markdown]
r"""
**What you built.** One neuron, used 25 times in a row: $x \leftarrow w\, \sigma(x) + b$ from $x = \frac12$, with the
loss $(x - 0.7)^2$ at the end. (Networks for sequences do this; you will meet them in unit 8.) Twenty-five equal
Jacobians make a **cliff** in the landscape over $(w, b)$: near a line every pass enlarges small differences. Plain
gradient descent comes down gently, touches the cliff, and is thrown across the map by a single step. With your
clipping, $N_{\max} = 1$, the same method keeps to the foot of the cliff. On the right the norms that
`clip_global_norm` returned: the gradients there are thousands of times too long, and only the direction of such a
gradient is worth anything.
"""


# %% tags=["picture"]
def chain(theta):
    """The loss at points (..., 2) of the plane (w, b)."""
    w, b = theta[..., 0], theta[..., 1]
    x = np.full(w.shape, 0.5)
    for _ in range(25):
        x = w / (1 + np.exp(-x)) + b
    return (x - 0.7) ** 2


def chain_gradient(theta):
    """Its gradient at one point, from the tape: 25 layers that share their weights."""
    w, b, x = Var(theta[0]), Var(theta[1]), Var(0.5)
    for _ in range(25):
        x = w * sigmoid(x) + b
    error = x + -0.7
    (error * error).backward()
    return [w.grad, b.grad]


def walk(limit):
    """60 steps from (5.5, -2.5) with gradients no longer than the limit: points, and norms before clipping."""
    points, norms = [np.array([5.5, -2.5])], []
    for _ in range(60):
        clipped, norm = clip_global_norm(chain_gradient(points[-1]), limit)
        points.append(points[-1] - 0.02 * np.array([float(g) for g in clipped]))
        norms.append(norm)
    return np.array(points), norms


plain, plain_norms = walk(np.inf)
held, held_norms = walk(1.0)
fig, (left, right) = plt.subplots(1, 2, figsize=(11, 4.2), layout="constrained", width_ratios=(3, 2))
plots.descent_paths(
    chain, {"plain": plain, "clipped": held}, left, xlim=(3.4, 7.4), ylim=(-3.4, 1.4), title="at the foot of a cliff"
)
left.set(xlabel="$w$", ylabel="$b$")
for k, (name, norms) in enumerate({"plain": plain_norms, "clipped": held_norms}.items()):
    right.semilogy(norms, "os"[k], color=plots.PALETTE[k], ms=4, label=name)
right.axhline(1, color="0.4", ls=":", lw=1.2, label=r"$N_{\max}$")
right.set(xlabel="step", title="norm of the gradient before clipping")
right.legend(fontsize="small")
right.spines[["top", "right"]].set_visible(False)
plt.show()

# %% [markdown]
r"""
A cliff on purpose, and a real one: the twenty layers of section 3, initialised by He, with a learning rate four
times as large. Without a limit some batch throws the network back to where it began, and it may take a hundred steps
to recover.
"""

# %% tags=["picture"]
histories = {}
for name, limit in {"plain": np.inf, "clipped": 1.0}.items():
    rng = np.random.default_rng(0)
    params = twenty_layers(lambda n_out, n_in, rng=rng: init_layer(n_out, n_in, "he_normal", rng)[0])
    losses = train(params, X, Y, 250, 0.3, rng, lambda grads, limit=limit: clip_global_norm(grads, limit)[0])
    histories[name] = np.convolve(losses, np.ones(10) / 10, "valid")
plots.loss_curves(histories, title="digits with twenty layers, in a hurry", ylabel="loss, mean of ten steps")
plt.show()

# %% [markdown]
r"""
**Playground.** A shortcut around every layer, $a \leftarrow a + S(W a)$: what does it do to the adjoints of thirty
sigmoid layers, and to the norm of the Jacobians $I + J$? Below is a first look. Then try zeros as initial weights,
with and without shortcuts: which of the two networks can still learn? In the next lab you repair the signal *during*
training.
"""


# %% tags=["picture"]
def shortcuts(weights, S, X, rng):
    """As adjoint_sizes, for a <- a + S(W a)."""
    Zs, A = [], Var(X)
    for W in weights:
        Zs.append(Var(W) @ A)
        A = A + S(Zs[-1])
    (A * rng.normal(size=A.data.shape)).sum().backward()
    return np.array([np.sqrt(np.mean(Z.grad**2)) for Z in Zs])


rng = np.random.default_rng(3)
X = rng.normal(size=(64, 20))
weights = [rng.normal(0, 1 / 8, size=(64, 64)) for _ in range(30)]
sizes = {"sigmoid": adjoint_sizes(weights, sigmoid, X, rng), "with shortcuts": shortcuts(weights, sigmoid, X, rng)}
plots.gradients_by_depth(sizes, title=r"size of $\partial C / \partial z^{[\ell]}$, thirty sigmoid layers", ylabel="")
plt.show()
