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
# There and back again

*Unit 4, lab 1. Book: chapter 5, sections 5.1 to 5.4.*

In unit 2 a single neuron cut the two moons straight through, and you had to invent features by hand to bend its
line. A network invents them itself: its layers are neurons that look at neurons. **What can such a stack draw that
one neuron cannot, and how does anyone find its thousands of weights?**

You build the network in four steps: the activations that make its layers bend, the forward pass, a network whose
weights you know in advance because you place them yourself, and the way back, which computes the slope of the cost in
*every* weight for about twice the price of the cost itself. It is called backpropagation, and the rest of the course
rests on it. You derive it once on paper and then write it in ten lines. At the end your network unwinds two spirals.

As before: samples are rows, functions change none of their inputs. Allowed are numpy and the standard library.
"""

# %% nbgrader={"grade": false, "grade_id": "setup_forward_backward", "locked": true, "schema_version": 3, "solution": false, "task": false}
from itertools import pairwise

import matplotlib.pyplot as plt
import numpy as np

from dlmath_kit import data, plots

# %% [markdown] nbgrader={"grade": false, "grade_id": "about_activations", "locked": true, "schema_version": 3, "solution": false, "task": false}
r"""
## 1 What makes a layer bend: activations

Without something curved between them, two linear layers are one linear layer. The activation $S$ acts on every entry
by itself (book, section 5.3); the way back will need its derivative $S'$ at the same places.

| name | $S(z)$ | $S'(z)$ |
|---|---|---|
| `sigmoid` | $\sigma(z) = \dfrac{1}{1 + e^{-z}}$ | $\sigma(z)\,(1 - \sigma(z))$ |
| `tanh` | $\tanh z$ | $1 - \tanh^2 z$ |
| `relu` | $\max(z, 0)$ | $1$ for $z > 0$, else $0$ |
| `leaky_relu` | $z$ for $z > 0$, else $0.01\, z$ | $1$ for $z > 0$, else $0.01$ |
| `softplus` | $\log(1 + e^z)$ | $\sigma(z)$ |

**Write** `activation(name, z)`: `name` is one of the five, `z` an array of any shape, 0-dimensional ones included.
Return the tuple $(S(z), S'(z))$ of two arrays of the shape of `z`.

**Worked example.** At $z = 0$: $\sigma = \frac12$ and $\sigma' = \frac14$; $\tanh' = 1$; softplus is $\log 2$ with slope
$\frac12$. At $z = -1$ the leaky ReLU is $-0.01$ with slope $0.01$; at $z = 1$ it is $1$ with slope $1$.

**Convention.** At their kink $z = 0$ the ReLU has the derivative 0 and the leaky ReLU 0.01.

**What counts.** Every finite $z$ gives finite values, also $z = \pm 800$: there softplus is $800$ or practically $0$,
and no entry is nan. A warning about overflow costs nothing, a wrong value does.
"""


# %% nbgrader={"grade": false, "grade_id": "activations", "locked": false, "schema_version": 3, "solution": true, "task": false}
def activation(name: str, z: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """S(z) and S'(z), both of the shape of z; name is sigmoid, tanh, relu, leaky_relu or softplus."""
    ### BEGIN SOLUTION
    e = np.exp(-np.abs(z))  # in [0, 1]: it cannot overflow
    sigma = np.where(z > 0, 1, e) / (1 + e)
    if name == "sigmoid":
        return sigma, sigma * (1 - sigma)
    if name == "tanh":
        t = np.tanh(z)
        return t, 1 - t**2
    if name == "relu":
        return np.maximum(z, 0), np.where(z > 0, 1.0, 0.0)
    if name == "leaky_relu":
        slope = np.where(z > 0, 1.0, 0.01)
        return slope * z, slope
    return np.maximum(z, 0) + np.log1p(e), sigma  # softplus
    ### END SOLUTION


# %% nbgrader={"grade": false, "grade_id": "check_activations", "locked": true, "schema_version": 3, "solution": false, "task": false}
z = np.array([-1.0, 0.0, 1.0])
half, e = 0.5, np.exp(-1.0)
s, t, grows = e / (1 + e), (1 - e**2) / (1 + e**2), np.log(1 + e)
by_hand = {
    "sigmoid": ([s, half, 1 - s], [s * (1 - s), 0.25, s * (1 - s)]),
    "tanh": ([-t, 0, t], [1 - t**2, 1, 1 - t**2]),
    "relu": ([0, 0, 1], [0, 0, 1]),
    "leaky_relu": ([-0.01, 0, 1], [0.01, 0.01, 1]),
    "softplus": ([grows, np.log(2), 1 + grows], [s, half, 1 - s]),
}
for name, expected in by_hand.items():
    got = activation(name, z.copy())
    assert isinstance(got, tuple) and len(got) == 2, f"{name}: return the tuple (S(z), S'(z)), got {type(got).__name__}"
    for what, mine, value in zip(("S", "S'"), got, expected, strict=True):
        assert np.shape(mine) == (3,), f"{name}: {what} must have the shape of z, (3,), got {np.shape(mine)}"
        assert np.allclose(mine, value), f"{name}: {what} at -1, 0, 1 is {np.round(value, 4)}, got {np.round(mine, 4)}"
    assert np.isfinite(activation(name, np.array([-800.0, 800.0]))).all(), f"{name}: finite numbers expected at ±800"

# %% nbgrader={"grade": true, "grade_id": "test_activations", "locked": true, "points": 6, "schema_version": 3, "solution": false, "task": false}
### BEGIN HIDDEN TESTS
from autograder import mark

mark("unit04_feedforward/activations", activation)
### END HIDDEN TESTS

# %% [markdown]
r"""
**What you built.** On the left the five activations, on the right their derivatives. Look at the heights on the right:
the derivative of the sigmoid never exceeds $\frac14$, so thirty sigmoid layers can multiply a gradient by
$4^{-30} \approx 10^{-18}$. That is a story for the next lab. The ReLU passes a gradient through or stops it, nothing in
between.
"""

# %% tags=["picture"]
z = np.linspace(-4, 4, 400)
styles = {"sigmoid": "-", "tanh": "--", "relu": "-", "leaky_relu": ":", "softplus": "-."}
fig, (left, right) = plt.subplots(1, 2, figsize=(10, 3.6), layout="constrained")
for k, (name, style) in enumerate(styles.items()):
    value, slope = activation(name, z)
    left.plot(z, value, style, color=plots.PALETTE[k], lw=2, label=name)
    right.plot(z, slope, style, color=plots.PALETTE[k], lw=2, label=name)
right.axhline(0.25, color="0.6", lw=0.8, zorder=0)
left.set(xlabel="$z$", title="$S(z)$", ylim=(-1.2, 3))
right.set(xlabel="$z$", title="$S'(z)$", yticks=[0, 0.25, 0.5, 0.75, 1])
left.legend()
for ax in (left, right):
    ax.spines[["top", "right"]].set_visible(False)
plt.show()

# %% [markdown] nbgrader={"grade": false, "grade_id": "about_mlp_forward", "locked": true, "schema_version": 3, "solution": false, "task": false}
r"""
## 2 There: the forward pass

Layer $\ell$ takes the $N_{\ell-1}$ outputs of the layer before, mixes them linearly and bends the result (book,
section 5.1). For one sample, a column, the book writes

$$z^{[\ell]} = W^{[\ell]} a^{[\ell-1]} + b^{[\ell]}, \qquad a^{[\ell]} = S^{[\ell]}\!\left(z^{[\ell]}\right), \qquad
a^{[0]} = x, \qquad W^{[\ell]} \in \mathbb{R}^{N_\ell \times N_{\ell-1}} .$$

We send $n$ samples through at once, as rows. Weights and biases keep the book's shapes:

$$Z^{[\ell]} = A^{[\ell-1]} {W^{[\ell]}}^\top + \mathbf{1}\, {b^{[\ell]}}^\top, \qquad
A^{[\ell]} = S^{[\ell]}\!\left(Z^{[\ell]}\right), \qquad A^{[0]} = X, \qquad \ell = 1, \dots, L .$$

**Write** `mlp_forward(params, X, acts)`: `params` is a list of $L \ge 1$ pairs $(W, b)$ of shapes
$(N_\ell, N_{\ell-1})$ and $(N_\ell,)$; `X` is $(n, N_0)$; `acts` is a list of $L$ names, those of exercise 1 or
`"identity"`, $S(z) = z$. Return `(As, Zs)`: the list $A^{[0]}, \dots, A^{[L]}$ of $L + 1$ arrays and the list
$Z^{[1]}, \dots, Z^{[L]}$ of $L$ arrays. The way back will need all of them.

**Worked example.** One ReLU layer with $W = \begin{pmatrix} 1 & 1 \\ 2 & -3 \end{pmatrix}$, $b = (0, 1)^\top$ and the
sample $x = (1, 2)^\top$: $z_1 = 1 + 2 + 0 = 3$ and $z_2 = 2 - 6 + 1 = -3$, so $a = (3, 0)^\top$. `As` holds the rows
$(1, 2)$ and $(3, 0)$, `Zs` the row $(3, -3)$.

**What counts.** Every layer has its activation, the last one too. The $Z$ in `Zs` are the values *before* the
activation. Any widths, also equal ones, and $n = 1$. You may call your `activation`; the tests use sigmoid, tanh, relu
and identity here.
"""


# %% nbgrader={"grade": false, "grade_id": "mlp_forward", "locked": false, "schema_version": 3, "solution": true, "task": false}
def mlp_forward(
    params: list[tuple[np.ndarray, np.ndarray]], X: np.ndarray, acts: list[str]
) -> tuple[list[np.ndarray], list[np.ndarray]]:
    """Forward pass; params (W, b) for each layer, X (n, N_0); returns As (L + 1 arrays) and Zs (L arrays)."""
    ### BEGIN SOLUTION
    As, Zs = [X], []
    for l, (W, b) in enumerate(params):
        Z = As[l] @ W.T + b  # (n, N_l)
        Zs.append(Z)
        As.append(Z if acts[l] == "identity" else activation(acts[l], Z)[0])
    return As, Zs
    ### END SOLUTION


# %% nbgrader={"grade": false, "grade_id": "check_mlp_forward", "locked": true, "schema_version": 3, "solution": false, "task": false}
params = [(np.array([[1.0, 1.0], [2.0, -3.0]]), np.array([0.0, 1.0]))]
As, Zs = mlp_forward(params, np.array([[1.0, 2.0]]), ["relu"])
assert len(As) == 2 and len(Zs) == 1, f"one layer makes two As and one Z, got {len(As)} and {len(Zs)}"
assert np.allclose(As[0], [[1, 2]]), f"As[0] is the input, (1, 2) in the worked example, got {As[0]}"
assert np.allclose(Zs[0], [[3, -3]]), f"Z of the worked example is (3, -3), got {Zs[0]}"
assert np.allclose(As[1], [[3, 0]]), f"A of the worked example is (3, 0), got {As[1]}"
params = [(np.ones((4, 3)), np.zeros(4)), (np.ones((2, 4)), np.zeros(2))]
As, Zs = mlp_forward(params, np.ones((5, 3)), ["relu", "identity"])
assert [np.shape(A) for A in As] == [(5, 3), (5, 4), (5, 2)], f"shapes of As: got {[np.shape(A) for A in As]}"
assert np.allclose(As[2], 12), f"ones everywhere, three inputs, four hidden units: the outputs are 12, got {As[2]}"

# %% nbgrader={"grade": true, "grade_id": "test_mlp_forward", "locked": true, "points": 8, "schema_version": 3, "solution": false, "task": false}
### BEGIN HIDDEN TESTS
from autograder import mark

mark("unit04_feedforward/mlp_forward", mlp_forward)
### END HIDDEN TESTS

# %% [markdown]
r"""
**What you built.** A function with as many knobs as you like. Here nobody has turned them yet: the weights are drawn at
random, the two inputs are the place in the picture, and the colour is the output. With every layer of tanh the landscape
gets more intricate.
"""

# %% tags=["picture"]
side = np.linspace(-2, 2, 160)
plane = np.stack(np.meshgrid(side, side), axis=-1).reshape(-1, 2)


def random_network(widths, rng, gain):
    """Normal weights with standard deviation gain / sqrt(number of inputs)."""
    return [(rng.normal(size=(N, M)) * gain / np.sqrt(M), 0.6 * rng.normal(size=N)) for M, N in pairwise(widths)]


landscapes = []
for depth in (1, 2, 4, 8):
    params = random_network([2] + [40] * depth + [1], np.random.default_rng(5), gain=2.0)
    As, _ = mlp_forward(params, plane, ["tanh"] * depth + ["identity"])
    height = As[-1].reshape(160, 160) - np.median(As[-1])
    landscapes.append(height / np.abs(height).max())

fig, axes = plt.subplots(1, 4, figsize=(11, 3.3), layout="constrained")
for ax, picture, depth in zip(axes, landscapes, (1, 2, 4, 8), strict=True):
    ax.imshow(picture, cmap="RdBu_r", vmin=-1, vmax=1)
    ax.set(title=f"{depth} hidden layer" + "s" * (depth > 1), xticks=[], yticks=[])
plt.show()

# %% [markdown]
r"""
With ReLUs you can see how it comes about. Each unit folds the plane where its $z$ is 0: in the first layer along straight
lines, in the second along lines that were folded by the first. Between the folds the network is *linear*; one colour
is one linear piece. Eight straight lines cut the plane into 37 pieces at most; folding makes the number grow with every
layer.
"""

# %% tags=["picture"]
params = random_network([2, 8, 8, 8], np.random.default_rng(1), gain=1.4)
_, Zs = mlp_forward(params, plane, ["relu"] * 3)
fig, axes = plt.subplots(1, 3, figsize=(11, 4.3), layout="constrained")
for depth, ax in enumerate(axes, start=1):
    switched_on = np.hstack(Zs[:depth]) > 0  # (places, units): equal rows lie in the same linear piece
    _, piece = np.unique(switched_on, axis=0, return_inverse=True)
    shades = np.random.default_rng(0).uniform(0.7, 1, size=(piece.max() + 1, 3))
    ax.imshow(shades[piece].reshape(160, 160, 3), origin="lower", extent=(-2, 2, -2, 2))
    for l, Z in enumerate(Zs[:depth]):
        for unit in Z.T:
            ax.contour(side, side, unit.reshape(160, 160), levels=[0], colors=plots.PALETTE[l], linewidths=1.2)
    ax.set(title=f"{8 * depth} units in {depth} layer" + "s" * (depth > 1) + f": {piece.max() + 1} pieces")
    ax.set(xticks=[], yticks=[])
plt.show()

# %% [markdown] nbgrader={"grade": false, "grade_id": "about_relu_interpolant", "locked": true, "schema_version": 3, "solution": false, "task": false}
r"""
## 3 One hidden layer can draw anything

Can a network come close to *every* continuous function, or only to lucky ones? Give it a row of points to pass
through, and place its hidden units yourself (book, section 5.2, figure 5.2). A unit $\max(x - u_j, 0)$ is silent up to
the knot $u_j$; from there on it changes the slope. So let one unit switch on at every knot but the last, and give it
as its output weight the *change* of slope that is needed there:

$$f(x) = v_1 + \sum_{j=1}^{r-1} (s_j - s_{j-1}) \max(x - u_j,\, 0), \qquad
s_j = \frac{v_{j+1} - v_j}{u_{j+1} - u_j}, \qquad s_0 = 0 .$$

**Write** `relu_interpolant(u, v)`: knots `u` $(r,)$, strictly increasing, $r \ge 2$, and values `v` $(r,)$. Return the
weights `(W1, b1, W2, b2)`, of shapes $(r-1, 1)$, $(r-1,)$, $(1, r-1)$ and $(1,)$, of the network
$f(x) = W_2 \max(W_1 x + b_1,\, 0) + b_2$ with $f(u_j) = v_j$ and straight lines in between.

**Worked example.** Knots $0, 1, 3$ with values $1, 3, 1$. The slopes are $2$ and $-1$, their changes $2$ and $-3$:
$f(x) = 1 + 2 \max(x, 0) - 3 \max(x - 1, 0)$. At $x = 3$ this is $1 + 6 - 6 = 1$.

**What counts.** The function on $[u_1, u_r]$, not the weights: units in another order, rescaled or looking to the
left are as good.
"""


# %% nbgrader={"grade": false, "grade_id": "relu_interpolant", "locked": false, "schema_version": 3, "solution": true, "task": false}
def relu_interpolant(u: np.ndarray, v: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """Weights W1 (r-1, 1), b1 (r-1,), W2 (1, r-1), b2 (1,) of a ReLU network through the points (u_j, v_j)."""
    ### BEGIN SOLUTION
    slopes = np.diff(v) / np.diff(u)
    changes = np.diff(slopes, prepend=0.0)
    return np.ones((len(slopes), 1)), -u[:-1], changes[None, :], v[:1]
    ### END SOLUTION


# %% nbgrader={"grade": false, "grade_id": "check_relu_interpolant", "locked": true, "schema_version": 3, "solution": false, "task": false}
for u, v, x_between, f_between in (([0.0, 2.0], [1.0, 5.0], 1.0, 3.0), ([0.0, 1.0, 3.0], [1.0, 3.0, 1.0], 0.75, 2.5)):
    r = len(u)
    weights = relu_interpolant(np.array(u), np.array(v))
    shapes = [np.shape(w) for w in weights]
    assert shapes == [(r - 1, 1), (r - 1,), (1, r - 1), (1,)], f"{r} knots: got the shapes {shapes}"
    W1, b1, W2, b2 = weights
    x = np.array([*u, x_between])[:, None]
    f = (np.maximum(x @ W1.T + b1, 0) @ W2.T + b2)[:, 0]
    assert np.allclose(f[:-1], v), f"at the knots {u} the network must be {v}, got {f[:-1]}"
    assert np.isclose(f[-1], f_between), f"at x = {x_between} the height between the knots is {f_between}, got {f[-1]}"

# %% nbgrader={"grade": true, "grade_id": "test_relu_interpolant", "locked": true, "points": 5, "schema_version": 3, "solution": false, "task": false}
### BEGIN HIDDEN TESTS
from autograder import mark

mark("unit04_feedforward/relu_interpolant", relu_interpolant)
### END HIDDEN TESTS

# %% [markdown]
r"""
**What you built.** A proof that you can run: with enough hidden units a network is as close to a continuous function as
you like. On the left a curve and its interpolants, in the middle the hidden units that the one with 8 knots adds up, on
the right how fast the largest error falls: with the square of the number of knots.
"""


# %% tags=["picture"]
def curve(x):
    return np.sin(2 * x) + 0.5 * np.cos(5 * x)


def network(u, v):
    """The interpolating network as layers for mlp_forward."""
    W1, b1, W2, b2 = relu_interpolant(u, v)
    return [(W1, b1), (W2, b2)]


x = np.linspace(0, 3, 601)
fig, (left, middle, right) = plt.subplots(1, 3, figsize=(12, 3.7), layout="constrained")
left.plot(x, curve(x), color="0.75", lw=5, label="the curve")
for k, r in enumerate((4, 8, 16)):
    u = np.linspace(0, 3, r)
    As, _ = mlp_forward(network(u, curve(u)), x[:, None], ["relu", "identity"])
    left.plot(x, As[2], color=plots.PALETTE[k], lw=1.5, label=f"{r} knots")
    if r == 8:
        left.plot(u, curve(u), "o", color=plots.PALETTE[k], ms=4)
        W2 = network(u, curve(u))[1][0]
        middle.plot(x, W2 * As[1], color="0.6", lw=1)
        middle.plot(x, As[2], color=plots.PALETTE[k], lw=2, label="their sum, plus $v_1$")
left.set(xlabel="$x$", title="passing through the knots", ylim=(-1.5, 2.9))
left.legend(loc="upper center", ncols=2, fontsize="small")
middle.set(xlabel="$x$", title="seven hidden units", ylim=(-8, 6))
middle.legend(loc="upper left", fontsize="small")

knots, far = np.unique(np.geomspace(3, 200, 14).astype(int)), []
fine = np.linspace(0, 3, 6001)
for r in knots:
    u = np.linspace(0, 3, r)
    As, _ = mlp_forward(network(u, curve(u)), fine[:, None], ["relu", "identity"])
    far.append(np.abs(As[2][:, 0] - curve(fine)).max())
right.loglog(knots, far, "o-", color=plots.PALETTE[0], ms=4, label="largest error")
right.loglog(knots, 20.0 * knots**-2.0, "--", color="0.5", lw=1, label=r"$20\, r^{-2}$")
right.set(xlabel="knots $r$", title="twice the knots, a quarter of the error")
right.legend()
for ax in (left, middle, right):
    ax.spines[["top", "right"]].set_visible(False)
plt.show()

# %% [markdown]
r"""
If one hidden layer can do everything, why more? Because folding is cheaper than placing. The tent through $(0, 0)$,
$(\frac12, 1)$, $(1, 0)$ takes two units. Feed its output into another copy of itself, and the tent is folded: **five
layers of two units draw 32 pieces**, for which a single hidden layer needs at least 31 units, and ten layers draw a
thousand.
"""

# %% tags=["picture"]
tent = network(np.array([0.0, 0.5, 1.0]), np.array([0.0, 1.0, 0.0]))
x = np.linspace(0, 1, 1025)[:, None]
fig, axes = plt.subplots(1, 4, figsize=(12, 2.4), layout="constrained", sharey=True)
for ax, copies in zip(axes, (1, 2, 3, 5), strict=True):
    As, _ = mlp_forward(tent * copies, x, ["relu", "identity"] * copies)
    ax.plot(x, As[-1], color=plots.PALETTE[0], lw=1.5)
    ax.set(title=f"{2 * copies} hidden units, {2**copies} pieces", xticks=[0, 1], yticks=[0, 1])
    ax.spines[["top", "right"]].set_visible(False)
plt.show()

# %% [markdown] nbgrader={"grade": false, "grade_id": "about_written_backprop_delta", "locked": true, "schema_version": 3, "solution": false, "task": false}
r"""
## 4 Written: the error runs backwards (6 points)

Placing weights by hand works for one input. For the rest we need the slope of the cost in every weight. The key is one
vector per layer, $\delta^{[\ell]} = \partial C / \partial z^{[\ell]}$: how the cost reacts when the inputs of layer
$\ell$'s activations are nudged (book, section 5.4). Take a network with layers
$z^{[\ell]} = W^{[\ell]} a^{[\ell-1]} + b^{[\ell]}$, $a^{[\ell]} = S(z^{[\ell]})$ and a cost $C$ that depends on the output
$a^{[L]}$ alone.

1. **Derive**, for one sample, with the chain rule entry by entry, how $\partial C / \partial z_j^{[\ell]}$ follows from
   the numbers $\partial C / \partial z_i^{[\ell+1]}$ of the next layer. Start from
   $z_i^{[\ell+1]} = \sum_k W_{ik}^{[\ell+1]} S(z_k^{[\ell]}) + b_i^{[\ell+1]}$.
2. **Write** the result in matrix form,
   $\delta^{[\ell]} = \left({W^{[\ell+1]}}^\top \delta^{[\ell+1]}\right) \odot S'(z^{[\ell]})$, with its beginning at
   $\ell = L$, and find $g_W^{[\ell]} = \partial C / \partial W^{[\ell]}$ and $g_b^{[\ell]}$ from $\delta^{[\ell]}$. Check
   the shapes.
3. **Rewrite** it for $n$ samples as rows, $C$ the mean over them: what becomes of $\delta$, $g_W$ and $g_b$, and where
   does the factor $\frac1n$ sit?

*Marks: 3 for the chain rule with indices (which paths lead from $z_j^{[\ell]}$ to $C$, and why there is a sum); 2 for
the matrix form with its beginning and the gradients of $W$ and $b$; 1 for the rows.*

Write mathematics between dollar signs. Double-click the cell below to begin.
"""

# %% [markdown] nbgrader={"grade": true, "grade_id": "written_backprop_delta", "locked": false, "points": 6, "schema_version": 3, "solution": true, "task": false}
r"""
**1.** $C$ depends on $z_j^{[\ell]}$ only through $a_j^{[\ell]} = S(z_j^{[\ell]})$, and $a_j^{[\ell]}$ enters *every*
$z_i^{[\ell+1]}$. The chain rule adds up all these paths:

$$\delta_j^{[\ell]} = \frac{\partial C}{\partial z_j^{[\ell]}}
= \sum_{i=1}^{N_{\ell+1}} \frac{\partial C}{\partial z_i^{[\ell+1]}}\,
\frac{\partial z_i^{[\ell+1]}}{\partial a_j^{[\ell]}}\, \frac{\partial a_j^{[\ell]}}{\partial z_j^{[\ell]}}
= \left(\sum_i W_{ij}^{[\ell+1]} \delta_i^{[\ell+1]}\right) S'(z_j^{[\ell]}) .$$

In $\sum_k W_{ik} S(z_k)$ only the term $k = j$ depends on $z_j^{[\ell]}$, which leaves $W_{ij} S'(z_j)$.

**2.** $\sum_i W_{ij} \delta_i$ is entry $j$ of $W^\top \delta$, so
$\delta^{[\ell]} = ({W^{[\ell+1]}}^\top \delta^{[\ell+1]}) \odot S'(z^{[\ell]})$. It begins at the output with
$\delta^{[L]} = \partial C / \partial a^{[L]} \odot S'(z^{[L]})$. From $z_i^{[\ell]} = \sum_k W_{ik} a_k^{[\ell-1]} + b_i$:

$$\frac{\partial C}{\partial W_{ik}^{[\ell]}} = \delta_i^{[\ell]} a_k^{[\ell-1]}, \qquad
g_W^{[\ell]} = \delta^{[\ell]} {a^{[\ell-1]}}^\top, \qquad g_b^{[\ell]} = \delta^{[\ell]} .$$

Shapes: $W^{[\ell+1]\top}$ is $(N_\ell, N_{\ell+1})$, so $W^\top \delta$ has the $N_\ell$ entries of $z^{[\ell]}$; the
outer product is $(N_\ell, N_{\ell-1})$, like $W^{[\ell]}$.

**3.** Let row $i$ of $\Delta^{[\ell]}$ be $\partial C / \partial z^{[\ell]}$ of sample $i$, transposed. Samples do not
mix, so every row obeys the recursion by itself: $(W^\top \delta)^\top = \delta^\top W$ gives
$\Delta^{[\ell]} = (\Delta^{[\ell+1]} W^{[\ell+1]}) \odot S'(Z^{[\ell]})$. All samples share $W$ and $b$, so their
contributions are added: $g_W^{[\ell]} = {\Delta^{[\ell]}}^\top A^{[\ell-1]}$, and $g_b^{[\ell]}$ is the sum of the rows of
$\Delta^{[\ell]}$. With $C = \frac1n \sum_i C_i$ the factor $\frac1n$ sits in $\partial C / \partial A^{[L]}$, where the
recursion begins, and nowhere else.
"""

# %% [markdown] nbgrader={"grade": false, "grade_id": "about_mlp_backward", "locked": true, "schema_version": 3, "solution": false, "task": false}
r"""
## 5 And back: backpropagation

Now the code. It walks through the layers from the last to the first and carries one array along,
$G^{[\ell]} = \partial C / \partial A^{[\ell]}$, of shape $(n, N_\ell)$. In each layer three things happen (book, section
5.4, with samples as rows):

$$\Delta^{[\ell]} = G^{[\ell]} \odot S'\!\left(Z^{[\ell]}\right), \qquad
g_W^{[\ell]} = {\Delta^{[\ell]}}^\top A^{[\ell-1]}, \quad g_b^{[\ell]} = \sum_{i=1}^n \Delta_i^{[\ell]}, \qquad
G^{[\ell-1]} = \Delta^{[\ell]} W^{[\ell]} .$$

**Write** `mlp_backward(params, As, Zs, g_out, acts)`: `params` and `acts` as in exercise 2, `As` and `Zs` as your
forward pass returns them, and `g_out` $= G^{[L]} = \partial C / \partial A^{[L]}$ of shape $(n, N_L)$. Return the tuple
`(grads, g_X)`: the list of the pairs $(g_W^{[\ell]}, g_b^{[\ell]})$ for $\ell = 1, \dots, L$, in the order and the shapes of
`params`, and $\partial C / \partial X = G^{[0]}$.

**Worked example.** The layer of exercise 2: $x = (1, 2)$, $z = (3, -3)$, ReLU, and let $G^{[1]} = (2, 5)$. The second
unit is switched off, so $\Delta = (2, 0)$. Then
$g_W = \Delta^\top x = \begin{pmatrix} 2 & 4 \\ 0 & 0 \end{pmatrix}$, $g_b = (2, 0)$, and
$\partial C / \partial x = \Delta W = (2, 2)$.

**What counts.** `g_out` may be anything; the $\frac1n$ of a mean is already in it, so do not divide by $n$ again. All
activations of exercise 1 and `"identity"`. You may call your `activation` (it is asked at $Z$, not at $A$); a slip
there would then show here too. Any widths, also equal ones, and $n = 1$. No automatic differentiation: `torch` is not
allowed in this unit.
"""


# %% nbgrader={"grade": false, "grade_id": "mlp_backward", "locked": false, "schema_version": 3, "solution": true, "task": false}
def mlp_backward(
    params: list[tuple[np.ndarray, np.ndarray]],
    As: list[np.ndarray],
    Zs: list[np.ndarray],
    g_out: np.ndarray,
    acts: list[str],
) -> tuple[list[tuple[np.ndarray, np.ndarray]], np.ndarray]:
    """Backpropagation; As, Zs from mlp_forward, g_out (n, N_L); returns [(g_W, g_b), ...] and the gradient in X."""
    ### BEGIN SOLUTION
    grads, G = [], g_out
    for l in reversed(range(len(params))):
        slope = 1.0 if acts[l] == "identity" else activation(acts[l], Zs[l])[1]
        delta = G * slope  # (n, N_l)
        grads.append((delta.T @ As[l], delta.sum(axis=0)))
        G = delta @ params[l][0]  # (n, N_{l-1})
    return grads[::-1], G
    ### END SOLUTION


# %% nbgrader={"grade": false, "grade_id": "check_mlp_backward", "locked": true, "schema_version": 3, "solution": false, "task": false}
params = [(np.array([[1.0, 1.0], [2.0, -3.0]]), np.array([0.0, 1.0]))]
As, Zs = [np.array([[1.0, 2.0]]), np.array([[3.0, 0.0]])], [np.array([[3.0, -3.0]])]
grads, g_X = mlp_backward(params, As, Zs, np.array([[2.0, 5.0]]), ["relu"])
assert len(grads) == 1 and len(grads[0]) == 2, f"one layer makes one pair (g_W, g_b), got {grads!r}"
assert np.allclose(grads[0][0], [[2, 4], [0, 0]]), f"g_W of the worked example is [[2, 4], [0, 0]], got {grads[0][0]}"
assert np.allclose(grads[0][1], [2, 0]), f"g_b of the worked example is (2, 0), got {grads[0][1]}"
assert np.allclose(g_X, [[2, 2]]), f"the gradient in X of the worked example is (2, 2), got {g_X}"

rng = np.random.default_rng(0)  # the slope of the cost sum(G * A_2) along a random direction, two ways
X, G, h = rng.normal(size=(5, 3)), rng.normal(size=(5, 2)), 1e-5
theta, moves = ([rng.normal(size=shape) for shape in ((4, 3), (4,), (2, 4), (2,))] for _ in range(2))


def by_hand(W1, b1, W2, b2):
    """As and Zs of two layers, tanh and sigmoid."""
    Z1 = X @ W1.T + b1
    Z2 = np.tanh(Z1) @ W2.T + b2
    return [X, np.tanh(Z1), 1 / (1 + np.exp(-Z2))], [Z1, Z2]


ahead, behind = (
    np.sum(G * by_hand(*[t + k * h * m for t, m in zip(theta, moves, strict=True)])[0][2]) for k in (1, -1)
)
grads, g_X = mlp_backward([tuple(theta[:2]), tuple(theta[2:])], *by_hand(*theta), G, ["tanh", "sigmoid"])
gradient = [g for pair in grads for g in pair]
shapes = [np.shape(g) for g in gradient]
assert shapes == [(4, 3), (4,), (2, 4), (2,)], f"the gradients have the shapes of params, got {shapes}"
slope, claim = (ahead - behind) / (2 * h), sum(np.sum(g * m) for g, m in zip(gradient, moves, strict=True))
close = abs(slope - claim) < 1e-6 * (1 + abs(slope))
assert close, f"the cost rises with slope {slope:.6f}, your gradient says {claim:.6f}"

# %% nbgrader={"grade": true, "grade_id": "test_mlp_backward", "locked": true, "points": 13, "schema_version": 3, "solution": false, "task": false}
### BEGIN HIDDEN TESTS
from autograder import mark

mark("unit04_feedforward/mlp_backward", mlp_backward)
### END HIDDEN TESTS

# %% [markdown]
r"""
**What you built.** The slope of the cost in every weight, from one pass there and one back. First a second opinion, on a
network of the size that is used below: each entry of the gradient again by a central difference, as in unit 2.
"""

# %% tags=["picture"]
widths, acts = [2, 16, 16, 2, 1], ["tanh", "tanh", "identity", "identity"]


def spirals(n, rng):
    """Points on two arms that wind around each other, with their classes 0 and 1."""
    y = np.arange(n) % 2
    radius = np.sqrt(rng.uniform(0.02, 1, size=n))
    angle = 3 * np.pi * radius + np.pi * y
    return 3 * radius[:, None] * np.stack([np.cos(angle), np.sin(angle)], 1) + 0.08 * rng.normal(size=(n, 2)), y


def cost(params, X, y):
    """The logistic loss of unit 2, with the network's output as its z."""
    z = mlp_forward(params, X, acts)[0][-1][:, 0]
    return np.mean(np.logaddexp(0, z) - y * z)


def gradient(params, X, y):
    """Its gradient: one pass there, one back."""
    As, Zs = mlp_forward(params, X, acts)
    g_out = (0.5 * (1 + np.tanh(As[-1] / 2)) - y[:, None]) / len(y)  # (sigma(z) - y) / n
    return mlp_backward(params, As, Zs, g_out, acts)[0]


rng = np.random.default_rng(0)
X, y = spirals(300, rng)
start = [(rng.normal(size=(N, M)) * np.sqrt(2 / M), np.zeros(N)) for M, N in pairwise(widths)]
by_backpropagation = [entry for pair in gradient(start, X, y) for g in pair for entry in g.ravel()]
by_differences = []
for pair in start:
    for q in pair:
        for k in np.ndindex(q.shape):
            value = q[k]
            q[k] = value + 1e-5
            ahead = cost(start, X, y)
            q[k] = value - 1e-5
            by_differences.append((ahead - cost(start, X, y)) / 2e-5)
            q[k] = value
P, apart = len(by_differences), np.abs(np.subtract(by_backpropagation, by_differences)).max()
print(f"{P} weights and biases, so {2 * P} forward passes for the differences; {apart:.0e} is the largest disagreement")

# %% [markdown]
r"""
Now turn the knobs. Two spirals, a network with hidden layers of 16, 16 and 2 units, and the Adam of unit 3:
nobody tells it what a spiral is.
"""


# %% tags=["picture"]
def train(params, X, y, steps, alpha=0.01):
    """Adam on the whole batch; gives the network after every step."""
    theta = [q for pair in params for q in pair]
    m, v, path = [0.0] * len(theta), [0.0] * len(theta), [params]
    for t in range(1, steps + 1):
        for k, g in enumerate(g for pair in gradient(path[-1], X, y) for g in pair):
            m[k], v[k] = 0.9 * m[k] + 0.1 * g, 0.999 * v[k] + 0.001 * g**2
            theta[k] = theta[k] - alpha * (m[k] / (1 - 0.9**t)) / (np.sqrt(v[k] / (1 - 0.999**t)) + 1e-8)
        path.append(list(zip(theta[::2], theta[1::2], strict=True)))
    return path


path = train(start, X, y, 300)
fig, axes = plt.subplots(1, 4, figsize=(13, 3.6), layout="constrained", sharey=True)
for ax, step in zip(axes, (0, 50, 80, 300), strict=True):
    plots.decision_boundary(
        lambda points, step=step: mlp_forward(path[step], points, acts)[0][-1][:, 0] > 0,
        X,
        y,
        ax,
        title=f"{step} steps, loss {cost(path[step], X, y):.4f}",
        labels=("$x_1$", "" if step else "$x_2$"),
        resolution=120,
    )
    ax.get_legend().remove()
plt.show()

# %% [markdown]
r"""
How does it do that, when its last layer is still the neuron of unit 2, which only draws straight lines? The layers in
front of it move the points. The last hidden layer has two units, so we can look at what it sees: the same points, and
a sheet of squared paper under them, after three layers. The sheet is bent and stretched until the arms lie on two sides
of one straight line.
"""

# %% tags=["picture"]
ruled, fine = np.linspace(-3.2, 3.2, 25), np.linspace(-3.2, 3.2, 200)
paper = [np.stack(line, 1) for c in ruled for line in ((np.full(200, c), fine), (fine, np.full(200, c)))]
fig, axes = plt.subplots(1, 4, figsize=(13, 3.6), layout="constrained")
for ax, step in zip(axes, (None, 20, 60, 300), strict=True):

    def seen(points, step=step):
        return points if step is None else mlp_forward(path[step], points, acts)[0][3]

    for line in paper:
        ax.plot(*seen(line).T, color="0.8", lw=0.5, zorder=0)
    for k, marker in enumerate("os"):
        ax.plot(*seen(X[y == k]).T, marker, color=plots.PALETTE[k], ms=2.5)
    low, high = seen(X).min(axis=0), seen(X).max(axis=0)
    margin = 0.1 * (high - low)
    ax.set(xlim=(low[0] - margin[0], high[0] + margin[0]), ylim=(low[1] - margin[1], high[1] + margin[1]))
    if step is not None:
        (w, b), across = path[step][3], np.array(ax.get_xlim())
        ax.plot(across, -(w[0, 0] * across + b[0]) / w[0, 1], color="0.2", lw=1.5, scaley=False)
    ax.set(xticks=[], yticks=[], title="the points" if step is None else f"after {step} steps")
    ax.spines[:].set_visible(False)
plt.show()

# %% [markdown]
r"""
**Playground.** Change `widths` and `acts` above: is one hidden layer enough? What do ReLUs draw? Or replace the spirals by
`data.two_moons(300, 0.1, rng)`. Then make the network thirty layers deep, with sigmoids, and see it learn nothing
at all; why, and what helps, is the next lab.
"""

# %% tags=["picture"]
widths, acts = [2, 12, 1], ["relu", "identity"]
rng = np.random.default_rng(0)
X, y = data.two_moons(300, 0.1, rng)
start = [(rng.normal(size=(N, M)) * np.sqrt(2 / M), np.zeros(N)) for M, N in pairwise(widths)]
path = train(start, X, y, 400, alpha=0.02)
fig, (left, right) = plt.subplots(1, 2, figsize=(10, 3.8), layout="constrained")
plots.loss_curves({"one hidden layer": [cost(params, X, y) for params in path]}, left, title="loss", log=True)
plots.decision_boundary(
    lambda points: mlp_forward(path[-1], points, acts)[0][-1][:, 0] > 0, X, y, right, title="twelve ReLUs"
)
plt.show()
