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
# Bending the boundary, squeezing the image

*Unit 2, lab 3. Book: chapter 3, sections 3.4 and 3.5.*

The first lab ended with two moons and a straight line that cuts both of them. **How can a machine that only draws
straight lines draw a curved one?** There are two answers, and the rest of the course lives on the second. Either
*you* invent features in which the problem is straight, or the network invents them itself, in a hidden layer.

You build one of each: polynomial features, and the smallest network with a hidden layer, an autoencoder that squeezes
an image through a few numbers and paints it again.

As before: samples are rows, a loss is the mean over its samples, functions change none of their inputs. Allowed are
numpy and the standard library.
"""

# %% nbgrader={"grade": false, "grade_id": "setup_features", "locked": true, "schema_version": 3, "solution": false, "task": false}
import matplotlib.pyplot as plt
import numpy as np

from dlmath_kit import data, plots

# %% [markdown] nbgrader={"grade": false, "grade_id": "about_polynomial_features", "locked": true, "schema_version": 3, "solution": false, "task": false}
r"""
## 1 Features by hand

Give the linear model not only $x_1, \dots, x_p$ but all their products up to some degree (book, section 3.4). A
boundary that is linear in the features is then a curve in the plane. The features are the monomials

$$\prod_{j=1}^p x_j^{k_j}, \qquad k_j \ge 0, \qquad k_1 + \dots + k_p \le d .$$

**Write** `polynomial_features(X, degree, include_bias=True)`: `X` (n, p); the result is (n, q) with one column per
monomial. There are $q = \binom{p + d}{d}$ of them; `include_bias=False` leaves out the column of ones.

**Convention, the order of columns:** by increasing degree, then lexicographically, as in
$1, x_1, x_2, x_1^2, x_1 x_2, x_2^2, x_1^3, x_1^2 x_2, \dots$

**Worked example.** $x = (2, 3)$, $d = 2$: the row is $(1, 2, 3, 4, 6, 9)$.

**What counts.** Any $p \ge 1$ and any $d \ge 0$. Degree 0 is the column of ones alone, and without it nothing: shape
(n, 0). Each monomial once: $x_1 x_2$ and $x_2 x_1$ are the same.
"""


# %% nbgrader={"grade": false, "grade_id": "polynomial_features", "locked": false, "schema_version": 3, "solution": true, "task": false}
def polynomial_features(X: np.ndarray, degree: int, include_bias: bool = True) -> np.ndarray:
    """All monomials up to degree, ordered by degree, then lexicographically; X (n, p), result (n, q)."""
    ### BEGIN SOLUTION
    X = np.asarray(X)
    n, p = X.shape
    level = [(np.ones(n), 0)]  # monomials of one degree, each with the last feature in it
    columns = [column for column, _ in level] if include_bias else []
    for _ in range(degree):
        level = [(column * X[:, j], j) for column, last in level for j in range(last, p)]
        columns += [column for column, _ in level]
    return np.column_stack(columns) if columns else np.empty((n, 0))
    ### END SOLUTION


# %% nbgrader={"grade": false, "grade_id": "check_polynomial_features", "locked": true, "schema_version": 3, "solution": false, "task": false}
F = polynomial_features(np.array([[2.0, 3.0]]), 2)
assert np.shape(F) == (1, 6), f"two features and degree 2 make six columns, expected (1, 6), got {np.shape(F)}"
assert np.allclose(F, [[1, 2, 3, 4, 6, 9]]), f"for x = (2, 3) the row is 1, 2, 3, 4, 6, 9; got {F[0]}"
F = polynomial_features(np.array([[2.0, 3.0]]), 1, include_bias=False)
assert np.shape(F) == (1, 2), f"degree 1 without the column of ones has two columns, got shape {np.shape(F)}"
F = polynomial_features(np.array([[2.0], [3.0]]), 3)
assert np.shape(F) == (2, 4), f"one feature and degree 3 make four columns, expected (2, 4), got {np.shape(F)}"
assert np.allclose(F[1], [1, 3, 9, 27]), f"for x = 3 the row is 1, 3, 9, 27; got {F[1]}"

# %% nbgrader={"grade": true, "grade_id": "test_polynomial_features", "locked": true, "points": 7, "schema_version": 3, "solution": false, "task": false}
### BEGIN HIDDEN TESTS
from autograder import mark

mark("unit02_logistic/polynomial_features", polynomial_features)
### END HIDDEN TESTS

# %% [markdown]
r"""
**What you built.** The same linear classifier (least squares with targets $\pm 1$, which fits in one line) on
features of growing degree. The points that are drawn were not used for fitting.
"""

# %% tags=["picture"]
rng = np.random.default_rng(3)
X_fit, y_fit = data.two_moons(60, noise=0.25, rng=rng)
X_new, y_new = data.two_moons(400, noise=0.25, rng=rng)


def classifier(X, y, degree):
    """A linear classifier on polynomial features, fitted to the points X with classes y."""
    beta = np.linalg.lstsq(polynomial_features(X, degree), 2.0 * y - 1.0)[0]
    return lambda points: polynomial_features(points, degree) @ beta > 0


predictors = {degree: classifier(X_fit, y_fit, degree) for degree in (1, 3, 8)}
fig, axes = plt.subplots(1, 3, figsize=(12, 3.8), layout="constrained", sharey=True)
for ax, (degree, predict) in zip(axes, predictors.items(), strict=True):
    share = np.mean(predict(X_new) == y_new)
    plots.decision_boundary(predict, X_new, y_new, ax, title=f"degree {degree}: {share:.0%} of new points right")
plt.show()

# %% [markdown]
r"""
Degree 8 has 45 features for 60 points: it bends where there is nothing to bend around. Averaged over thirty such
fits, the errors tell the story that every model of this course will repeat: the fit gets better and better, the
predictions do not.
"""

# %% tags=["picture"]
degrees, repeats = range(1, 10), 30
errors = np.zeros((2, len(degrees)))  # on the points of the fit, on new points
for _ in range(repeats):
    X_fit, y_fit = data.two_moons(60, noise=0.25, rng=rng)
    for k, degree in enumerate(degrees):
        predict = classifier(X_fit, y_fit, degree)
        errors[:, k] += np.mean(predict(X_fit) != y_fit) / repeats, np.mean(predict(X_new) != y_new) / repeats

fig, ax = plt.subplots(figsize=(6, 3.6), layout="constrained")
ax.plot(degrees, errors[0], "o-", color=plots.PALETTE[0], label="the 60 points of the fit")
ax.plot(degrees, errors[1], "s--", color=plots.PALETTE[1], label="400 new points")
ax.set(xlabel="degree", ylabel="share wrong", title="more features help, then they hurt", ylim=(0, None))
ax.legend()
ax.spines[["top", "right"]].set_visible(False)
plt.show()

# %% [markdown] nbgrader={"grade": false, "grade_id": "about_autoencoder_grad", "locked": true, "schema_version": 3, "solution": false, "task": false}
r"""
## 2 Features by learning: a shallow autoencoder

An autoencoder learns without labels: it shall reproduce its input, through a hidden layer that is too small to copy
it (book, section 3.5).

$$H = \tanh\!\left(X W_1^\top + \mathbf{1} b_1^\top\right), \qquad \hat X = H W_2^\top + \mathbf{1} b_2^\top, \qquad
C = \frac1n \sum_{i=1}^n \left\lVert \hat x^{(i)} - x^{(i)} \right\rVert^2$$

**Write** `autoencoder_loss_grad(params, X)`: `params` is the tuple `(W1, b1, W2, b2)` of shapes (m, p), (m,), (p, m),
(p,); `X` is (n, p). Return `(C, grads)`, where `grads` is a tuple of the four gradients, in the same order and
shapes. Recall $\tanh'(z) = 1 - \tanh^2(z)$; the way back through the two layers is yours to derive.

**Worked example.** $W_1 = (1, -1)$, $W_2 = (1, 0)^\top$, no biases, one sample $x = (1, 1)$. Then $h = \tanh 0 = 0$,
$\hat x = (0, 0)$ and $C = 2$. The gradients are $g_{b_2} = 2(\hat x - x) = (-2, -2)$, $g_{W_2} = 0$ (since $h = 0$),
$g_{b_1} = -2$ and $g_{W_1} = (-2, -2)$.

**What counts.** $C$ sums over the $p$ entries of a sample and averages over the samples only. Any $m \ge 1$, also
$m \ge p$. No automatic differentiation.
"""


# %% nbgrader={"grade": false, "grade_id": "autoencoder_grad", "locked": false, "schema_version": 3, "solution": true, "task": false}
def autoencoder_loss_grad(params: tuple, X: np.ndarray) -> tuple[float, tuple]:
    """Squared reconstruction error of a one-hidden-layer autoencoder, and its gradient.

    params W1 (m, p), b1 (m,), W2 (p, m), b2 (p,); X (n, p); returns C number and a tuple of gradients like params.
    """
    ### BEGIN SOLUTION
    W1, b1, W2, b2 = params
    n = len(X)
    H = np.tanh(X @ W1.T + b1)  # (n, m)
    E = H @ W2.T + b2 - X  # (n, p)
    delta2 = 2.0 * E / n
    delta1 = (delta2 @ W2) * (1.0 - H**2)  # (n, m)
    grads = (delta1.T @ X, delta1.sum(axis=0), delta2.T @ H, delta2.sum(axis=0))
    return float(np.sum(E**2) / n), grads
    ### END SOLUTION


# %% nbgrader={"grade": false, "grade_id": "check_autoencoder_grad", "locked": true, "schema_version": 3, "solution": false, "task": false}
params = (np.array([[1.0, -1.0]]), np.zeros(1), np.array([[1.0], [0.0]]), np.zeros(2))
C, grads = autoencoder_loss_grad(params, np.array([[1.0, 1.0]]))
assert np.isclose(C, 2), f"the loss of the worked example is 2, got {C}"
for name, got, expected in zip(("W1", "b1", "W2", "b2"), grads, ([[-2, -2]], [-2], [[0], [0]], [-2, -2]), strict=True):
    assert np.shape(got) == np.shape(expected), f"g_{name}: expected shape {np.shape(expected)}, got {np.shape(got)}"
    assert np.allclose(got, expected), f"g_{name} of the worked example is {expected}, got {np.asarray(got).tolist()}"

rng = np.random.default_rng(0)  # the slope along a random direction, two ways
params = tuple(rng.normal(size=shape) for shape in ((2, 3), (2,), (3, 2), (3,)))
direction = tuple(rng.normal(size=q.shape) for q in params)
X, h = rng.normal(size=(4, 3)), 1e-5
ahead, behind = (tuple(q + s * h * d for q, d in zip(params, direction, strict=True)) for s in (1, -1))
slope = (autoencoder_loss_grad(ahead, X)[0] - autoencoder_loss_grad(behind, X)[0]) / (2 * h)
claim = sum(np.sum(g * d) for g, d in zip(autoencoder_loss_grad(params, X)[1], direction, strict=True))
close = abs(slope - claim) < 1e-6 * (1 + abs(slope))
assert close, f"your loss rises with slope {slope:.6f}, your gradient says {claim:.6f}"

# %% nbgrader={"grade": true, "grade_id": "test_autoencoder_grad", "locked": true, "points": 9, "schema_version": 3, "solution": false, "task": false}
### BEGIN HIDDEN TESTS
from autograder import mark

mark("unit02_logistic/autoencoder_grad", autoencoder_loss_grad)
### END HIDDEN TESTS

# %% [markdown]
r"""
**What you built.** A network with a hidden layer, and its back-propagation. Let it squeeze the 64 pixels of a digit
into 8 numbers. The best that *linear* maps can do is known: principal component analysis, the dashed line. It is a
floor for this network too: painting from 8 numbers is a linear map, whatever the encoder does.
"""

# %% tags=["picture"]
X, y = data.digits()
mean = X.mean(axis=0)
m = 8
_, _, axes_of_pca = np.linalg.svd(X - mean, full_matrices=False)
X_pca = mean + (X - mean) @ axes_of_pca[:m].T @ axes_of_pca[:m]
floor = np.mean(np.sum((X_pca - X) ** 2, axis=1))

rng = np.random.default_rng(0)
params = (0.1 * rng.normal(size=(m, 64)), np.zeros(m), 0.1 * rng.normal(size=(64, m)), mean)
losses = []
for step in range(1500):
    block = rng.integers(0, len(X), size=128)
    loss, grads = autoencoder_loss_grad(params, X[block])
    params = tuple(q - 0.1 * g for q, g in zip(params, grads, strict=True))
    if step % 25 == 0:
        losses.append(autoencoder_loss_grad(params, X)[0])
trained = params

fig, ax = plt.subplots(figsize=(6, 3.6), layout="constrained")
ax.plot(25 * np.arange(len(losses)), losses, color=plots.PALETTE[0], lw=1.8, label="your autoencoder")
ax.set(xlabel="step", ylabel="$C$", title=f"64 pixels through {m} numbers")
ax.axhline(floor, color="0.3", ls="--", lw=1, label="PCA, the best linear map")
ax.set_ylim(0)
ax.legend()
ax.spines[["top", "right"]].set_visible(False)
plt.show()

# %% tags=["picture"]
W1, b1, W2, b2 = trained
X_hat = np.tanh(X @ W1.T + b1) @ W2.T + b2
first = [np.flatnonzero(y == k)[3] for k in range(10)]
plots.image_grid(
    np.clip(np.concatenate([X[first], X_hat[first], X_pca[first]]), 0, 1),
    rows=["original", "autoencoder", "PCA"],
    title=f"ten digits through {m} numbers",
)
plt.show()
plots.image_grid(
    W2.T, [f"unit {k + 1}" for k in range(m)], columns=m, signed=True, title="what each hidden unit paints"
)
plt.show()

# %% [markdown]
r"""
**Playground.** Two hidden units make a map of the digits: every image becomes a point. Which digits live next to each
other? Try another seed, more steps, or your own features for the moons.
"""

# %% tags=["picture"]
rng = np.random.default_rng(1)
params = (0.1 * rng.normal(size=(2, 64)), np.zeros(2), 0.1 * rng.normal(size=(64, 2)), mean)
for _ in range(1500):
    _, grads = autoencoder_loss_grad(params, X[rng.integers(0, len(X), size=128)])
    params = tuple(q - 0.1 * g for q, g in zip(params, grads, strict=True))
code = np.tanh(X @ params[0].T + params[1])

fig, ax = plt.subplots(figsize=(6, 5), layout="constrained")
for k in range(10):
    ax.scatter(*code[y == k].T, s=6, color=plt.cm.tab10(k), alpha=0.35)
    ax.text(*np.median(code[y == k], axis=0), str(k), fontsize=15, weight="bold", ha="center", va="center")
ax.set(xlabel="$h_1$", ylabel="$h_2$", title="1797 digits, two numbers each")
ax.spines[["top", "right"]].set_visible(False)
plt.show()
