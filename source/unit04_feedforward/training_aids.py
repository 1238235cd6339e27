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
# Learning without learning by heart

*Unit 4, lab 3. Book: chapter 5, sections 5.6 and 5.7.*

You can now compute the gradient of any fully connected network. That is not yet a network that works: a large one
learns its training data by heart, and a deep one often does not learn at all. **What keeps a network from memorising,
and what keeps its layers in a range where gradients are alive?**

You build the three aids that nearly every network uses: you stop in time, you drop units at random, and you normalise
the layers over the batch, the last one forwards and backwards. Then you put a network of your own together and train
it.

As before: samples are rows, functions change none of their inputs, randomness comes from the generator that is passed
in. Allowed are numpy and the standard library.
"""

# %% nbgrader={"grade": false, "grade_id": "setup_training_aids", "locked": true, "schema_version": 3, "solution": false, "task": false}
from collections.abc import Callable

import matplotlib.pyplot as plt
import numpy as np

from dlmath_kit import data, plots

X_digits, y_digits = data.digits()
shuffled = np.random.default_rng(2).permutation(1797)
train, dev, test = shuffled[:1100], shuffled[1100:1400], shuffled[1400:]

# %% [markdown]
r"""
Here is the trouble, recorded from a network with one hidden layer of 256 units. It was trained on 150 digits, of which
somebody read 40 wrongly. After each epoch its loss on these digits was measured, and on 300 others. It ends up
believing every wrong label.
"""

# %% tags=["picture"]
training = [
    1.66, 1.27, 1.07, 0.96, 0.86, 0.77, 0.70, 0.61, 0.55, 0.51, 0.46, 0.39, 0.35, 0.32, 0.29, 0.25, 0.25, 0.21, 0.18,
    0.16, 0.14, 0.15, 0.16, 0.12, 0.10, 0.08, 0.08, 0.07, 0.07, 0.06, 0.06, 0.05, 0.05, 0.04, 0.04, 0.04, 0.04, 0.03,
    0.03, 0.03,
]  # fmt: skip
validation = [
    1.69, 1.16, 0.94, 0.87, 0.89, 0.81, 0.86, 0.83, 0.83, 0.84, 0.90, 0.82, 0.90, 0.82, 0.93, 0.90, 0.92, 0.92, 0.91,
    0.94, 0.95, 0.98, 1.03, 1.03, 1.00, 0.96, 1.03, 0.98, 1.02, 1.07, 1.03, 1.06, 1.04, 1.09, 1.08, 1.07, 1.10, 1.09,
    1.05, 1.15,
]  # fmt: skip
plots.loss_curves({"150 training digits": training, "300 other digits": validation}, xlabel="epoch")
plt.show()

# %% [markdown] nbgrader={"grade": false, "grade_id": "about_early_stopping", "locked": true, "schema_version": 3, "solution": false, "task": false}
r"""
## 1 Stop in time

After each epoch you look at the loss $L_t$ on digits that the network does not train on, the validation loss,
$t = 0, 1, 2, \dots$ While it falls, the network learns something that holds in general. When it does not fall any
more, the network may still get better on its training digits, by heart.

Keep the **best epoch** $b$, which is $0$ at first. Epoch $t$ is an **improvement**, and becomes the best epoch, if

$$L_t < L_b - \delta_{\min}$$

After `patience` epochs in a row without improvement, training stops; this last epoch is still trained.

**Write** `early_stopping(val_losses, patience, min_delta=0.0)`: a list of floats, one for each epoch; an integer of at
least 1; $\delta_{\min} \ge 0$. Return two integers, counted from 0: the best epoch, and the epoch after which training
stops. If it never has to stop, that is the last epoch of the list. Losses after the stop do not count: nobody has
seen them.

**Worked example.** Losses $3, 2, 1, 2, 2$ and patience 2: epochs 1 and 2 are improvements, epochs 3 and 4 are not, so
the answer is $(2, 4)$.

With losses $4, 3.5, 3, 2.5$ and $\delta_{\min} = 0.75$ epoch 1 gains too little over epoch 0, but epoch 2 is below
$4 - 0.75$: small steps add up. Epoch 3 again gains too little, over epoch 2. With patience 2 the answer is $(2, 3)$.

**What counts.** Losses that are equal, that never fall, that fall to the end; a list of one epoch; gains of exactly
$\delta_{\min}$, which are none.
"""


# %% nbgrader={"grade": false, "grade_id": "early_stopping", "locked": false, "schema_version": 3, "solution": true, "task": false}
def early_stopping(val_losses: list[float], patience: int, min_delta: float = 0.0) -> tuple[int, int]:
    """Best epoch, and the epoch after which training stops, both counted from 0."""
    ### BEGIN SOLUTION
    best = 0
    for t, loss in enumerate(val_losses):
        if loss < val_losses[best] - min_delta:
            best = t
        elif t - best >= patience:
            return best, t
    return best, len(val_losses) - 1
    ### END SOLUTION


# %% nbgrader={"grade": false, "grade_id": "check_early_stopping", "locked": true, "schema_version": 3, "solution": false, "task": false}
answer = early_stopping([3.0, 2.0, 1.0, 2.0, 2.0], 2)
assert len(answer) == 2, f"early_stopping must return two epochs, got {answer}"
assert tuple(answer) == (2, 4), f"losses 3, 2, 1, 2, 2 with patience 2 give (2, 4), got {tuple(answer)}"
answer = early_stopping([4.0, 3.5, 3.0, 2.5], 2, min_delta=0.75)
assert tuple(answer) == (2, 3), f"losses 4, 3.5, 3, 2.5 with min_delta 0.75 give (2, 3), got {tuple(answer)}"

# %% nbgrader={"grade": true, "grade_id": "test_early_stopping", "locked": true, "points": 3, "schema_version": 3, "solution": false, "task": false}
### BEGIN HIDDEN TESTS
from autograder import mark

mark("unit04_feedforward/early_stopping", early_stopping)
### END HIDDEN TESTS

# %% [markdown]
r"""
**What you built.** The network of the beginning, watched by your rule with three degrees of patience: a dot at the best
epoch, a line where training stops. Without patience an accident ends the training; with too much of it you only wait
longer, because the best epoch is the one that you keep.
"""

# %% tags=["picture"]
ax = plots.loss_curves({"300 other digits": validation}, xlabel="epoch")
ax.set_ylim(0.7, 1.3)
for k, patience in enumerate((1, 4, 12)):
    best, stop = early_stopping(validation, patience)
    colour, height = plots.PALETTE[k + 1], 1.25 - 0.07 * k
    ax.plot(best, validation[best], "o", ms=11 - 3 * k, color=colour)
    ax.plot([stop, stop], [0.7, height], color=colour, lw=1.5, ls="--")
    ax.annotate(f"patience {patience}", (stop + 0.5, height), color=colour, va="top")
plt.show()

# %% [markdown] nbgrader={"grade": false, "grade_id": "about_dropout", "locked": true, "schema_version": 3, "solution": false, "task": false}
r"""
## 2 Dropout

Whoever may be missing tomorrow cannot be relied on alone. **Dropout** removes each unit of a layer with probability
$p$, anew for every sample and every step, so that no unit can rest on the presence of another one (book, section
5.7). With $M_{ij} = 1$ where the unit is kept and $0$ where it is dropped, independently of each other,

$$\text{training:}\quad \tilde A = \frac{A \odot M}{1 - p}, \qquad \Pr(M_{ij} = 0) = p,
\qquad\qquad \text{evaluation:}\quad \tilde A = A$$

The division makes up for what is missing: $\mathbb{E}\, \tilde A_{ij} = (1 - p) A_{ij} / (1 - p) = A_{ij}$. So the next
layer finds inputs of the usual size when nothing is dropped any more. This form is called *inverted* dropout.
Backwards, a dropped unit had no influence, and a kept one the factor of the forward pass:

$$G_A = \frac{G_{\tilde A} \odot M}{1 - p}$$

**Write** `dropout_forward(A, p_drop, rng, train=True)` for `A` (n, m) and $0 \le p < 1$. Return $\tilde A$ (n, m) and
the mask, (n, m) booleans, `True` where a unit is kept. In evaluation (`train=False`) the mask is `True` everywhere.
And `dropout_backward(g, mask, p_drop)`: `g` and `mask` (n, m); return (n, m).

**Worked example.** $A = (2, 4, 6)$, $p = \frac12$, and the mask happens to be (True, False, True):
$\tilde A = (4, 0, 12)$. For $g = (1, 1, 1)$ the gradient is $(2, 0, 2)$.

**What counts.** Every entry has a coin of its own. Randomness comes from `rng` and from nowhere else.
"""


# %% nbgrader={"grade": false, "grade_id": "dropout", "locked": false, "schema_version": 3, "solution": true, "task": false}
def dropout_forward(
    A: np.ndarray, p_drop: float, rng: np.random.Generator, train: bool = True
) -> tuple[np.ndarray, np.ndarray]:
    """Inverted dropout: the layer's new output (n, m), and the mask (n, m) of booleans, True where kept."""
    ### BEGIN SOLUTION
    if not train:
        return A.copy(), np.ones(A.shape, dtype=bool)
    mask = rng.random(A.shape) >= p_drop
    return A * mask / (1 - p_drop), mask
    ### END SOLUTION


def dropout_backward(g: np.ndarray, mask: np.ndarray, p_drop: float) -> np.ndarray:
    """The gradient with respect to the layer's output before dropout, from that after dropout."""
    ### BEGIN SOLUTION
    return g * mask / (1 - p_drop)
    ### END SOLUTION


# %% nbgrader={"grade": false, "grade_id": "check_dropout", "locked": true, "schema_version": 3, "solution": false, "task": false}
A, rng = np.array([[2.0, 4.0, 6.0], [1.0, 3.0, 5.0]]), np.random.default_rng(0)
out, mask = dropout_forward(A, 0.0, rng)
assert np.shape(out) == (2, 3) and np.shape(mask) == (2, 3), f"shapes are (2, 3), got {np.shape(out)}, {np.shape(mask)}"
assert np.asarray(mask).dtype == bool, f"the mask holds booleans, got {np.asarray(mask).dtype}"
assert np.all(mask) and np.allclose(out, A), "with p = 0 nothing is dropped and nothing changes"
out, mask = dropout_forward(A, 0.5, rng, train=False)
assert np.all(mask) and np.allclose(out, A), "in evaluation nothing is dropped and nothing changes"
out, mask = dropout_forward(A, 0.5, rng)
assert np.allclose(out, np.where(mask, 2 * A, 0)), f"with p = 1/2 kept entries are doubled, got\n{out}\nfor\n{mask}"
g = dropout_backward(np.ones((1, 3)), np.array([[True, False, True]]), 0.5)
assert np.allclose(g, [[2, 0, 2]]), f"the gradient of the worked example is (2, 0, 2), got {g}"

# %% nbgrader={"grade": true, "grade_id": "test_dropout", "locked": true, "points": 8, "schema_version": 3, "solution": false, "task": false}
### BEGIN HIDDEN TESTS
from autograder import mark

mark("unit04_feedforward/dropout", dropout_forward, dropout_backward)
### END HIDDEN TESTS

# %% [markdown]
r"""
**What you built.** First the mask of one call: a coin for every unit and every sample. Then one digit, sent through your
function with $p = \frac12$ again and again: what gets through is patchy, but its mean over many calls is the digit
itself, not half of it.
"""

# %% tags=["picture"]
rng = np.random.default_rng(0)
_, mask = dropout_forward(np.ones((10, 24)), 0.5, rng)
plots.dropout_masks(mask, title="kept and dropped, $p = 0.5$")
plt.show()

digit = X_digits[[train[3]]]
calls = np.concatenate([dropout_forward(digit, 0.5, rng)[0] for _ in range(1000)])
means = [calls[:m].mean(axis=0) for m in (10, 100, 1000)]
images = np.clip(np.vstack([digit, calls[:6], means]), 0, 2)
plots.image_grid(images, ["digit", *[f"call {k}" for k in range(1, 7)], *[f"mean of {m}" for m in (10, 100, 1000)]])
plt.show()

# %% [markdown]
r"""
What does such noise do to training? For a linear neuron with squared loss it can be computed in full. If the inputs
$x_j$ are standardised, then on average over the masks

$$\mathbb{E}\, \frac1n \sum_i \Big( y_i - \sum_j w_j \tilde x_{ij} \Big)^2
= \frac1n \sum_i \Big( y_i - \sum_j w_j x_{ij} \Big)^2 + \frac{p}{1 - p} \sum_j w_j^2,$$

because dropout adds to each term $w_j x_{ij}$ an independent error of mean 0 and variance
$\frac{p}{1 - p} w_j^2 x_{ij}^2$. Dropout is ridge regression with $\lambda = \frac{p}{1-p}$. The lines are the ridge
solutions for the diabetes patients of unit 1, computed exactly. The dots are the weights that gradient descent finds
when every step looks at the inputs through a new mask of yours. Two features that say nearly the same, cholesterol and
LDL, play off large weights against each other; with dropout neither can rely on the other, and they stop.
"""

# %% tags=["picture"]
X_patients, y_patients = data.diabetes()
X_patients = (X_patients - X_patients.mean(axis=0)) / X_patients.std(axis=0)
y_patients = (y_patients - y_patients.mean()) / y_patients.std()


def descend_with_dropout(p, steps=2500, alpha=0.1):
    """The mean of the second half of the path, in which each step draws a new mask."""
    rng, w, mean = np.random.default_rng(1), np.zeros(10), np.zeros(10)
    for t in range(steps):
        X, _ = dropout_forward(X_patients, p, rng)
        w = w - alpha * X.T @ (X @ w - y_patients) / len(X)
        mean += w / (steps / 2) * (t >= steps / 2)
    return mean


ps, dots = np.linspace(0, 0.9, 91), np.array([0.02, 0.1, 0.3, 0.5, 0.7, 0.9])
gram, moments = X_patients.T @ X_patients / 442, X_patients.T @ y_patients / 442
lines = np.array([np.linalg.solve(gram + p / (1 - p) * np.eye(10), moments) for p in ps])
found = np.array([descend_with_dropout(p) for p in dots])
fig, ax = plt.subplots(figsize=(7, 4), layout="constrained")
named = {"cholesterol": 0, "LDL": 1, "body mass": 2, "blood pressure": 3}
for j, feature in enumerate(data.DIABETES_FEATURES):
    colour = plots.PALETTE[named[feature]] if feature in named else "0.75"
    ax.plot(ps, lines[:, j], color=colour, label=feature if feature in named else None)
    ax.plot(dots, found[:, j], "o", ms=4.5, color=colour)
ax.set(xlabel="share of inputs dropped, $p$", ylabel="weight", title="lines: ridge regression; dots: dropout")
ax.spines[["top", "right"]].set_visible(False)
ax.legend()
plt.show()

# %% [markdown]
r"""
For networks there is no such formula, but the same thing happens. The network of the beginning again, recorded once as
it was and once with dropout of half of its hidden units.
"""

# %% tags=["picture"]
validation_dropout = [
    1.82, 1.38, 1.16, 1.03, 0.99, 0.89, 0.89, 0.89, 0.91, 0.83, 0.86, 0.87, 0.79, 0.84, 0.82, 0.83, 0.83, 0.85, 0.84,
    0.83, 0.81, 0.84, 0.89, 0.86, 0.91, 0.83, 0.96, 0.81, 0.86, 0.91, 0.84, 0.83, 0.92, 0.86, 0.92, 0.99, 0.86, 0.92,
    0.91, 0.90,
]  # fmt: skip
curves = {"without dropout": validation, "with dropout, $p = 0.5$": validation_dropout}
plots.loss_curves(curves, xlabel="epoch", ylabel="loss on 300 other digits")
plt.show()

# %% [markdown] nbgrader={"grade": false, "grade_id": "about_batchnorm_forward", "locked": true, "schema_version": 3, "solution": false, "task": false}
r"""
## 3 Batch normalisation: forwards

A unit whose inputs are all far to one side says the same to every sample. **Batch normalisation** measures each
feature over the mini-batch, shifts and scales it to mean 0 and variance 1, and then lets the network choose mean
$\beta$ and scale $\gamma$ itself, as parameters that are trained (book, section 5.6). For $Z$ $(n, m)$, for each column:

$$\hat\mu = \frac1n \sum_i z_i, \qquad \hat\sigma^2 = \frac1n \sum_i (z_i - \hat\mu)^2, \qquad
\bar z_i = \frac{z_i - \hat\mu}{\sqrt{\hat\sigma^2 + \varepsilon}}, \qquad \tilde z_i = \gamma \bar z_i + \beta$$

In **evaluation** the answer for one sample must not depend on its neighbours. So training keeps running estimates of
mean and variance, with weight $\rho$ (`momentum`) for what is new, and evaluation uses these in place of $\hat\mu$ and
$\hat\sigma^2$:

$$r_\mu \leftarrow (1 - \rho)\, r_\mu + \rho\, \hat\mu, \qquad
r_{\sigma^2} \leftarrow (1 - \rho)\, r_{\sigma^2} + \rho\, \frac{n}{n - 1}\, \hat\sigma^2$$

The factor $\frac{n}{n-1}$ makes the estimate of the variance unbiased. A batch of one sample says nothing about the
variance: for $n = 1$ the running variance stays as it was.

**Write** `bn_forward(Z, gamma, beta, state, train, momentum=0.1, eps=1e-5)`: `Z` (n, m), `gamma` and `beta` (m,),
`state` the pair $(r_\mu, r_{\sigma^2})$ of (m,) arrays. Return $\tilde Z$ (n, m) and the new state, a pair again. In
evaluation the state is returned as it was.

**Worked example.** $Z = (1, 3)^\top$, $\gamma = 2$, $\beta = 1$, $\varepsilon = 3$, running mean 0 and variance 1. Then
$\hat\mu = 2$, $\hat\sigma^2 = 1$, the root is $\sqrt{1 + 3} = 2$, so $\bar z = (-\frac12, \frac12)$ and
$\tilde z = (0, 2)$. The new state is $0.9 \cdot 0 + 0.1 \cdot 2 = 0.2$ and $0.9 \cdot 1 + 0.1 \cdot 2 = 1.1$. In
evaluation with the old state: $\tilde z = 2\, (1, 3) / \sqrt{1 + 3} + 1 = (2, 4)$.

**What counts.** Batches of any size, one sample included; features so small that $\varepsilon$ matters; a feature that
is the same for all samples; many updates in a row. The arrays of the old state stay as they were.
"""


# %% nbgrader={"grade": false, "grade_id": "batchnorm_forward", "locked": false, "schema_version": 3, "solution": true, "task": false}
def bn_forward(
    Z: np.ndarray,
    gamma: np.ndarray,
    beta: np.ndarray,
    state: tuple[np.ndarray, np.ndarray],
    train: bool,
    momentum: float = 0.1,
    eps: float = 1e-5,
) -> tuple[np.ndarray, tuple[np.ndarray, np.ndarray]]:
    """Batch normalisation of the columns of Z (n, m): the result (n, m), and the new (running mean, running var)."""
    ### BEGIN SOLUTION
    mean, var = state
    if train:
        n = len(Z)
        mean, var = Z.mean(axis=0), Z.var(axis=0)
        running_mean = (1 - momentum) * state[0] + momentum * mean
        running_var = state[1]
        if n > 1:
            running_var = (1 - momentum) * state[1] + momentum * var * n / (n - 1)
        state = running_mean, running_var
    return gamma * (Z - mean) / np.sqrt(var + eps) + beta, state
    ### END SOLUTION


# %% nbgrader={"grade": false, "grade_id": "check_batchnorm_forward", "locked": true, "schema_version": 3, "solution": false, "task": false}
Z, gamma, beta = np.array([[1.0], [3.0]]), np.array([2.0]), np.array([1.0])
state = np.array([0.0]), np.array([1.0])
out, new = bn_forward(Z, gamma, beta, state, True, eps=3.0)
assert np.shape(out) == (2, 1), f"the result has the shape of Z, here (2, 1), got {np.shape(out)}"
assert len(new) == 2, f"the state is a pair, got {len(new)} items"
assert np.allclose(np.ravel(out), [0, 2]), f"in training the worked example gives (0, 2), got {np.ravel(out)}"
assert np.allclose(new[0], 0.2), f"the new running mean is 0.2, got {new[0]}"
assert np.allclose(new[1], 1.1), f"the new running variance is 1.1, got {new[1]}"
out, new = bn_forward(Z, gamma, beta, state, False, eps=3.0)
assert np.allclose(np.ravel(out), [2, 4]), f"in evaluation the worked example gives (2, 4), got {np.ravel(out)}"
assert np.allclose(new[0], 0) and np.allclose(new[1], 1), "evaluation does not change the state"
assert state[0][0] == 0 and state[1][0] == 1, "the arrays of the old state must not be changed"

# %% nbgrader={"grade": true, "grade_id": "test_batchnorm_forward", "locked": true, "points": 8, "schema_version": 3, "solution": false, "task": false}
### BEGIN HIDDEN TESTS
from autograder import mark

mark("unit04_feedforward/batchnorm_forward", bn_forward)
### END HIDDEN TESTS

# %% [markdown]
r"""
**What you built.** Twelve layers of 100 ReLUs with random weights that are a little too small: each layer shrinks what
it is given to 70 %. The pictures show the activations that are not 0. After a few layers nothing is left to tell one
sample from another. With your normalisation in front of every ReLU each layer starts afresh.
"""

# %% tags=["picture"]
ONE, ZERO = np.ones(100), np.zeros(100)


def layers(depth, scale, normalise, rng):
    """(W, Z, V, A) of each layer of a random network, A = ReLU(V), V = Z or normalised."""
    A, kept = rng.normal(size=(300, 100)), []
    for _ in range(depth):
        W = scale * np.sqrt(2 / 100) * rng.normal(size=(100, 100))
        Z = A @ W.T
        V = bn_forward(Z, ONE, ZERO, (ZERO, ONE), True)[0] if normalise else Z
        A = np.maximum(V, 0)
        kept.append((W, Z, V, A))
    return kept


networks = {}
for name, normalise in (("as it is", False), ("batch norm", True)):
    activations = [A for *_, A in layers(12, 0.7, normalise, np.random.default_rng(0))]
    networks[name] = [activations[l - 1][activations[l - 1] > 0] for l in (1, 3, 6, 12)]
plots.activations_by_layer(networks, layers=[1, 3, 6, 12], limits=(0, 3.5))
plt.show()

# %% [markdown]
r"""
And the running estimates: a feature with mean 2 and variance 4 in batches of 16, and the state that your function hands
on from batch to batch. A small momentum forgets slowly, a large one follows every accident.
"""

# %% tags=["picture"]
rng = np.random.default_rng(0)
batches = rng.normal(2, 2, size=(150, 16, 1))
fig, axes = plt.subplots(1, 2, figsize=(10, 3.2), layout="constrained")
for k, momentum in enumerate((0.01, 0.1, 0.5)):
    state, path = (np.zeros(1), np.ones(1)), []
    for batch in batches:
        _, state = bn_forward(batch, np.ones(1), np.zeros(1), state, True, momentum)
        path.append([state[0][0], state[1][0]])
    for ax, values in zip(axes, np.transpose(path), strict=True):
        ax.plot(values, color=plots.PALETTE[k], label=f"momentum {momentum}", zorder=3 - k)
for ax, truth, name in zip(axes, (2, 4), ("running mean", "running variance"), strict=True):
    ax.axhline(truth, color="0.4", lw=1, ls="--")
    ax.set(xlabel="batch", title=name)
    ax.spines[["top", "right"]].set_visible(False)
axes[1].legend()
plt.show()

# %% [markdown] nbgrader={"grade": false, "grade_id": "about_batchnorm_backward", "locked": true, "schema_version": 3, "solution": false, "task": false}
r"""
## 4 Batch normalisation: backwards

Here is the step of backpropagation that is most often wrong. Every $\tilde z_i$ depends on **all** $z_j$ of its
column, since $\hat\mu$ and $\hat\sigma^2$ do. Given $g_i = \partial C / \partial \tilde z_i$, let
$s = \sqrt{\hat\sigma^2 + \varepsilon}$ and $h_i = \gamma g_i$. With $\operatorname{mean}$ over the batch, for each
column,

$$\frac{\partial C}{\partial z_i} = \frac1s \Big( h_i - \operatorname{mean}(h)
- \bar z_i \operatorname{mean}(h \odot \bar z) \Big), \qquad
\frac{\partial C}{\partial \gamma} = \sum_i g_i \bar z_i, \qquad \frac{\partial C}{\partial \beta} = \sum_i g_i$$

The two means are what comes back through $\hat\mu$ and $\hat\sigma^2$. You derive this formula in exercise 6. You may
also go back step by step through the computation instead (book, section 5.6), and get the same.

**Write** `bn_backward(g, Z, gamma, eps=1e-5)`: `g` and `Z` (n, m), `gamma` (m,). Return $g_Z$ (n, m), $g_\gamma$ (m,)
and $g_\beta$ (m,), for a layer in training.

**Worked example.** One column, $Z = (-1, 0, 1)^\top$, $\varepsilon = \frac13$, so $\hat\mu = 0$,
$s = \sqrt{\frac23 + \frac13} = 1$ and $\bar z = (-1, 0, 1)$. For $\gamma = 3$ and $g = (1, 0, 0)$: $h = (3, 0, 0)$, the
means are $1$ and $-1$, and $g_Z = (3 - 1 - 1,\; 0 - 1 + 0,\; 0 - 1 + 1) = (1, -1, 0)$; $g_\gamma = -1$, $g_\beta = 1$.

**What counts.** Any $g$ (when you try your function, do not take ones alone: their $g_Z$ is 0, which proves little);
batches of two samples, where $g_Z$ is almost 0, and of one, where it is 0; any $\varepsilon > 0$; $\gamma = 0$.
"""


# %% nbgrader={"grade": false, "grade_id": "batchnorm_backward", "locked": false, "schema_version": 3, "solution": true, "task": false}
def bn_backward(
    g: np.ndarray, Z: np.ndarray, gamma: np.ndarray, eps: float = 1e-5
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Gradients of batch normalisation in training: g_Z (n, m), g_gamma (m,), g_beta (m,), from g (n, m)."""
    ### BEGIN SOLUTION
    s = np.sqrt(Z.var(axis=0) + eps)
    Z_bar = (Z - Z.mean(axis=0)) / s
    h = g * gamma
    g_Z = (h - h.mean(axis=0) - Z_bar * (h * Z_bar).mean(axis=0)) / s
    return g_Z, (g * Z_bar).sum(axis=0), g.sum(axis=0)
    ### END SOLUTION


# %% nbgrader={"grade": false, "grade_id": "check_batchnorm_backward", "locked": true, "schema_version": 3, "solution": false, "task": false}
g, Z = np.array([[1.0], [0.0], [0.0]]), np.array([[-1.0], [0.0], [1.0]])
g_Z, g_gamma, g_beta = bn_backward(g, Z, np.array([3.0]), eps=1 / 3)
assert np.shape(g_Z) == (3, 1), f"g_Z has the shape of Z, here (3, 1), got {np.shape(g_Z)}"
assert np.shape(g_gamma) == (1,) and np.shape(g_beta) == (1,), "g_gamma and g_beta have the shape of gamma"
assert np.allclose(np.ravel(g_Z), [1, -1, 0]), f"g_Z of the worked example is (1, -1, 0), got {np.ravel(g_Z)}"
assert np.allclose(g_gamma, -1) and np.allclose(g_beta, 1), f"g_gamma = -1 and g_beta = 1, got {g_gamma}, {g_beta}"

rng = np.random.default_rng(0)  # the slope along a random direction U, two ways
Z, U, G, gamma, h = (
    rng.normal(size=(5, 2)),
    rng.normal(size=(5, 2)),
    rng.normal(size=(5, 2)),
    np.array([0.5, 2.0]),
    1e-5,
)


def objective(Z):
    """C = sum G * Z_tilde, so that dC / dZ_tilde = G, with beta = 0."""
    Z_bar = (Z - Z.mean(axis=0)) / np.sqrt(((Z - Z.mean(axis=0)) ** 2).mean(axis=0) + 1e-5)
    return np.sum(G * gamma * Z_bar)


slope, claim = (objective(Z + h * U) - objective(Z - h * U)) / (2 * h), np.sum(bn_backward(G, Z, gamma)[0] * U)
assert abs(slope - claim) < 1e-6, f"the objective rises with slope {slope:.8f}, your gradient says {claim:.8f}"

# %% nbgrader={"grade": true, "grade_id": "test_batchnorm_backward", "locked": true, "points": 9, "schema_version": 3, "solution": false, "task": false}
### BEGIN HIDDEN TESTS
from autograder import mark

mark("unit04_feedforward/batchnorm_backward", bn_backward)
### END HIDDEN TESTS

# %% [markdown]
r"""
**What you built.** With three samples and one feature the gradient can be drawn. Take from $z = (z_1, z_2, z_3)$ its
mean, and it lies in a plane, where $\bar z$ is the point of the circle in the direction of $z$. The loss here is
$C = \langle c, \tilde z \rangle$ for a fixed $c$, and the arrows are $-g_Z$ as your function gives it. None points
inwards or outwards: it would be of no use, since the length of $z$ does not change $\tilde z$. They turn $z$ towards
the dashed ray, where $C$ is least, and they are long where $z$ is short.
"""

# %% tags=["picture"]
plane = np.array([[1, -1, 0], [1, 1, -2]]) / np.sqrt([[2], [6]])  # two unit vectors orthogonal to (1, 1, 1)
c = np.array([-1.2, 0.3, 0.9])
angles, radii = np.meshgrid(np.linspace(0, 2 * np.pi, 20, endpoint=False), [0.9, np.sqrt(3), 2.6, 3.5])
points = np.array([radii * np.cos(angles), radii * np.sin(angles)]).reshape(2, -1)
Z = plane.T @ points  # (3, m): three samples, a feature for every point of the picture
g_Z, _, _ = bn_backward(np.tile(c[:, None], Z.shape[1]), Z, np.ones(Z.shape[1]))
arrows, ray = -plane @ g_Z, -plane @ c / np.linalg.norm(plane @ c)
fig, ax = plt.subplots(figsize=(5.4, 5.4), layout="constrained")
ax.add_patch(plt.Circle((0, 0), np.sqrt(3), fill=False, color="0.5", lw=1.2))
ax.plot([0, 4.2 * ray[0]], [0, 4.2 * ray[1]], "--", color=plots.PALETTE[1])
ax.text(*4.35 * ray, "$C$ is least", color=plots.PALETTE[1], ha="center")
ax.quiver(*points, *arrows, color=plots.PALETTE[0], angles="xy", scale_units="xy", scale=3, width=0.005)
ax.set(xlim=(-4, 4), ylim=(-3.9, 4), aspect="equal", title=r"$-g_Z$; the circle is where $\bar z$ lies")
ax.set_axis_off()
plt.show()

# %% [markdown]
r"""
Now through twenty layers. A gradient of the output is sent back through random networks whose weights are 40 % too
small or 60 % too large. Without normalisation the error multiplies from layer to layer. With it the two networks have
the same gradients: dividing by $s$ undoes whatever the weights did. (Each gradient is multiplied by the size of its
weights, so that networks with large and with small weights can be compared.)
"""


# %% tags=["picture"]
def sizes_on_the_way_back(kept, normalise):
    """Norms of dC/dZ, layer by layer from the input, for a random gradient at the end."""
    G, sizes = np.random.default_rng(2).normal(size=(300, 100)), []
    for W, Z, V, _ in reversed(kept):
        G = G * (V > 0)
        G = bn_backward(G, Z, ONE)[0] if normalise else G
        sizes.append(np.linalg.norm(G) * np.linalg.norm(W))
        G = G @ W
    return sizes[::-1]


sizes = {}
for normalise, name in ((False, ""), (True, ", batch norm")):
    for scale, word in ((0.6, "weights too small"), (1.6, "weights too large")):
        kept = layers(20, scale, normalise, np.random.default_rng(1))
        sizes[word + name] = sizes_on_the_way_back(kept, normalise)
plots.gradients_by_depth(sizes, ylabel=r"$\|W\| \cdot \|\partial C / \partial Z\|$")
plt.show()

# %% [markdown]
r"""
What that is worth, recorded: a network of twelve hidden layers whose first weights were half of what He asks for,
trained on the 1100 digits with Adam, once as it is and once with batch normalisation.
"""

# %% tags=["picture"]
curves = {
    "as it is": [
        2.30, 2.30, 1.89, 1.62, 1.57, 1.36, 1.34, 1.05, 1.01, 0.96, 0.99, 0.86, 0.85, 0.79, 0.75, 0.80, 0.72, 0.65,
        0.58, 0.57,
    ],
    "with batch norm": [
        2.29, 1.66, 1.25, 0.94, 0.75, 0.62, 0.51, 0.43, 0.37, 0.34, 0.31, 0.28, 0.26, 0.23, 0.21, 0.20, 0.19, 0.18,
        0.16, 0.16,
    ],
}  # fmt: skip
plots.loss_curves(curves, xlabel="epoch", ylabel="loss on the training digits")
plt.show()

# %% [markdown] nbgrader={"grade": false, "grade_id": "about_mlp_digits", "locked": true, "schema_version": 3, "solution": false, "task": false}
r"""
## 5 A network of your own

Now everything together. Train a network with at least one hidden layer on handwritten digits, with the forward and
backward passes of this unit and any optimiser of unit 3. Width, depth, activations, initialisation, batches, step
sizes, dropout, batch normalisation, when to stop: all that is yours to choose.

**Write** `train_mlp_digits(X, y, seed)`: `X` (n, 64) pixels in $[0, 1]$, `y` (n,) integers in $[0, 10)$, `seed` an
integer for `np.random.default_rng`. Return a function `predict` that takes (k, 64) pixels, for any $k \ge 1$, and
returns (k,) integers: the classes. Let the cell stand on its own: copy into it what you need from your other labs.

**What counts.**

* Trained on the 1100 digits `train`, it names at least 92 % of the 397 digits `test` rightly. Five seeds are tried at
  most; one must succeed. (The course's own network names about 97 % rightly.)
* It learns what it is given: trained on digits whose labels were shuffled, it names fewer than 35 % rightly.
* An image gets the same answer alone and in company, today and tomorrow: `predict` is in evaluation mode.
* The same seed gives the same network. Inputs and numpy's global generator stay as they were.
* A training run takes a few seconds at most; about one is plenty.

A warning that matters: a network with a mistake in its gradient often still reaches 92 %. It learns slower, and nobody
notices. That is why the gradients are marked in exercises of their own, and why you should check yours by differences.
"""


# %% nbgrader={"grade": false, "grade_id": "mlp_digits", "locked": false, "schema_version": 3, "solution": true, "task": false}
def train_mlp_digits(X: np.ndarray, y: np.ndarray, seed: int) -> Callable[[np.ndarray], np.ndarray]:
    """Trains a network on images X (n, 64) with classes y (n,); returns predict: (k, 64) to (k,) integers."""
    rng = np.random.default_rng(seed)
    ### BEGIN SOLUTION
    W1, W2 = rng.uniform(-0.2, 0.2, size=(64, 64)), np.zeros((10, 64))  # no biases: these images do without
    Y = np.eye(10)[y]
    for _ in range(600):  # steps of plain stochastic gradient descent
        I = rng.choice(len(y), 50)
        A1 = np.tanh(X[I] @ W1.T)
        P = np.exp(A1 @ W2.T)
        delta2 = (P / P.sum(axis=1, keepdims=True) - Y[I]) / len(I)
        delta1 = delta2 @ W2 * (1 - A1**2)
        W1, W2 = W1 - delta1.T @ X[I], W2 - delta2.T @ A1
    return lambda X: np.argmax(np.tanh(X @ W1.T) @ W2.T, axis=1)
    ### END SOLUTION


# %% nbgrader={"grade": false, "grade_id": "check_mlp_digits", "locked": true, "schema_version": 3, "solution": false, "task": false}
import time

start = time.perf_counter()
predict = train_mlp_digits(X_digits[train].copy(), y_digits[train].copy(), 0)
seconds = time.perf_counter() - start
answers = np.asarray(predict(X_digits[dev].copy()))
assert answers.shape == (300,), f"300 images need 300 answers, expected shape (300,), got {answers.shape}"
assert answers.dtype.kind in "iu", f"classes are integers, got {answers.dtype}"
assert np.asarray(predict(X_digits[dev[:1]].copy())).shape == (1,), "one image needs one answer"
share = np.mean(answers == y_digits[dev])
print(f"{seconds:.1f} s of training, {share:.1%} of the 300 digits for development right")

# %% nbgrader={"grade": true, "grade_id": "test_mlp_digits", "locked": true, "points": 5, "schema_version": 3, "solution": false, "task": false}
### BEGIN HIDDEN TESTS
from autograder import mark

mark("unit04_feedforward/mlp_digits", train_mlp_digits)
### END HIDDEN TESTS

# %% [markdown]
r"""
**What you built.** How much of the 1100 digits does your network need? Two trainings for each number of digits, judged
by the 300 digits for development.
"""

# %% tags=["picture"]
counts, learnt = [50, 150, 400, 1100], []
for m in counts:
    predictors = [train_mlp_digits(X_digits[train[:m]], y_digits[train[:m]], seed) for seed in (0, 1)]
    learnt.append([np.mean(np.asarray(predict(X_digits[dev])) == y_digits[dev]) for predict in predictors])
fig, ax = plt.subplots(figsize=(6, 3.6), layout="constrained")
ax.plot(counts, np.mean(learnt, axis=1), color=plots.PALETTE[0])
ax.plot(counts, learnt, "o", color=plots.PALETTE[0])
ax.set(xscale="log", xlabel="training digits", title="share of 300 other digits named rightly")
ax.set_xticks(counts, counts)
ax.minorticks_off()
ax.spines[["top", "right"]].set_visible(False)
plt.show()

# %% [markdown]
r"""
Now, and only now, the test digits: whom does it confuse with whom, and which digits do two networks of different seeds
get wrong alike? Those say more about the handwriting than about the networks.
"""

# %% tags=["picture"]
first, second = (np.asarray(predict(X_digits[test])) for predict in predictors)
counts = np.zeros((10, 10), dtype=int)
for truth, guess in zip(y_digits[test], first, strict=True):
    counts[truth, guess] += 1
_, ax = plt.subplots(figsize=(4.6, 4.6), layout="constrained")
plots.confusion(counts, ax, title=f"{np.mean(first == y_digits[test]):.1%} of 397 unseen digits right")
plt.show()

alike = np.flatnonzero((first == second) & (first != y_digits[test]))[:10]
if len(alike):
    captions = [f"{y_digits[test][i]} → {first[i]}" for i in alike]
    plots.image_grid(X_digits[test][alike], captions, title="both networks wrong alike: truth → answer")
    plt.show()

# %% [markdown]
r"""
**Playground.** Give your network two more hidden layers, and batch normalisation where it then needs it. Drop units.
Stop it with your own `early_stopping` on the digits for development. What helps when there are 1100 digits, what when
there are 50? And if you have MNIST on your machine (`data.download("mnist")`), how far does your network get there?
"""

# %% tags=["picture"]
X_more, y_more = data.get("mnist", fallback="digits")

# %% [markdown] nbgrader={"grade": false, "grade_id": "about_written_bn_gradient", "locked": true, "schema_version": 3, "solution": false, "task": false}
r"""
## 6 Written: back through the batch (4 points)

Derive the gradient of batch normalisation that exercise 4 gave you, for one column $z_1, \dots, z_n$. Write
$\hat\sigma^2 = \frac1n \sum_j (z_j - \hat\mu)^2$, $s = \sqrt{\hat\sigma^2 + \varepsilon}$, $\bar z_i = (z_i - \hat\mu) / s$,
$\tilde z_i = \gamma \bar z_i + \beta$ and $g_i = \partial C / \partial \tilde z_i$.

* Find $\partial \hat\mu / \partial z_j$, $\partial \hat\sigma^2 / \partial z_j$ and $\partial s / \partial z_j$.
* Find $\partial \bar z_i / \partial z_j$, for $i = j$ and $i \ne j$.
* Put them together to $\frac{\partial C}{\partial z_j} = \frac1s \big( h_j - \operatorname{mean}(h)
  - \bar z_j \operatorname{mean}(h \odot \bar z) \big)$ with $h_i = \gamma g_i$.
* Why is the sum of $\partial C / \partial z_j$ over the batch always 0? Answer without the formula.

*Marks: 1 for each point.*

Write mathematics between dollar signs. Double-click the cell below to begin.
"""

# %% [markdown] nbgrader={"grade": true, "grade_id": "written_bn_gradient", "locked": false, "points": 4, "schema_version": 3, "solution": true, "task": false}
r"""
**Mean, variance, root.** Write $\delta_{ij} = 1$ if $i = j$ and 0 otherwise. First,
$\partial \hat\mu / \partial z_j = \frac1n$. The variance depends on $z_j$ directly and through $\hat\mu$; the second way
gives nothing, because the deviations sum to 0:

$$\frac{\partial \hat\sigma^2}{\partial z_j} = \frac2n \sum_i (z_i - \hat\mu) \Big( \delta_{ij} - \frac1n \Big)
= \frac2n (z_j - \hat\mu) - \frac2{n^2} \sum_i (z_i - \hat\mu) = \frac2n (z_j - \hat\mu) .$$

With $s = (\hat\sigma^2 + \varepsilon)^{1/2}$ the chain rule gives
$\frac{\partial s}{\partial z_j} = \frac1{2s} \cdot \frac2n (z_j - \hat\mu) = \frac{\bar z_j}{n}$.

**Normalised values.** By the quotient rule

$$\frac{\partial \bar z_i}{\partial z_j} = \frac1s \Big( \delta_{ij} - \frac1n \Big) - \frac{z_i - \hat\mu}{s^2} \cdot \frac{\bar z_j}{n}
= \frac1s \Big( \delta_{ij} - \frac1n - \frac{\bar z_i \bar z_j}{n} \Big),$$

which is $\frac1s (1 - \frac1n - \frac1n \bar z_j^2)$ for $i = j$ and $-\frac1{ns} (1 + \bar z_i \bar z_j)$ otherwise.

**Together.** $z_j$ acts on $C$ through all $\tilde z_i$, with $\partial \tilde z_i / \partial \bar z_i = \gamma$:

$$\frac{\partial C}{\partial z_j} = \sum_i g_i\, \gamma\, \frac{\partial \bar z_i}{\partial z_j}
= \frac1s \sum_i h_i \Big( \delta_{ij} - \frac1n - \frac{\bar z_i \bar z_j}{n} \Big)
= \frac1s \Big( h_j - \operatorname{mean}(h) - \bar z_j \operatorname{mean}(h \odot \bar z) \Big) .$$

**The sum.** Adding one number $c$ to all $z_i$ moves $\hat\mu$ by $c$ and leaves all $z_i - \hat\mu$, hence the whole
output and $C$, as they were. So the derivative of $C$ along $(1, \dots, 1)$ is zero, and this derivative is
$\sum_j \partial C / \partial z_j$.
"""
