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
# Nobody labelled anything

*Unit 1, lab 3. Book: chapter 2, section 2.6.*

In 178 bottles of wine, all from one valley, a laboratory measured thirteen things: alcohol, colour, minerals, acids and
others. The labels of the bottles are lost. **From how many kinds of grape was the wine made, and which bottle holds
which?**

No $y$ tells us when we are right: learning is **unsupervised**. Two tools help to see structure that nobody has named.
Principal component analysis finds the few directions in which the bottles differ most; $k$-means finds groups of
bottles that are alike. At the end the labels turn up in a drawer, and you compare.

As before: samples are rows, functions change none of their inputs.
"""

# %% nbgrader={"grade": false, "grade_id": "setup_unsupervised", "locked": true, "schema_version": 3, "solution": false, "task": false}
import matplotlib.pyplot as plt
import numpy as np

from dlmath_kit import data, plots

# %% [markdown] nbgrader={"grade": false, "grade_id": "about_pca", "locked": true, "schema_version": 3, "solution": false, "task": false}
r"""
## 1 The directions that matter: principal components

Look at the cloud of points $x^{(1)}, \dots, x^{(n)}$ from its centre $\bar x$. In which direction does it spread most?
The singular value decomposition of the centred data knows (book, section 2.6):

$$X - \mathbf{1} \bar x^\top = U S V^\top, \qquad s_1 \ge s_2 \ge \dots \ge 0 .$$

The columns $v_1, v_2, \dots$ of $V$ are the **principal axes**: orthonormal, and $v_k$ is the direction of largest
spread among those orthogonal to $v_1, \dots, v_{k-1}$. Keep the first $m$ of them, $V_m$:

$$Z = \left(X - \mathbf{1} \bar x^\top\right) V_m \quad \text{(the scores)}, \qquad
\rho_k = \frac{s_k^2}{\sum_j s_j^2} \quad \text{(the explained share of the variance)}.$$

**Write** `pca(X, m)`: `X` (n, p). Return the tuple `(scores, axes, ratio)` with shapes (n, m), (p, m) and (m,): axis
$k$ is **column** $k$ of `axes`.

**Convention, the sign.** With $v$ also $-v$ is a principal axis. Take the one whose entry of largest modulus is
positive.

**Worked example.** The points $(0, 0), (3, 4), (6, 8), (9, 12)$ lie on a line, and $\bar x = (\frac92, 6)$. The axis is
$v_1 = (0.6,\ 0.8)$, the scores are $-7.5,\ -2.5,\ 2.5,\ 7.5$, and $\rho_1 = 1$: one number for each point says
everything.

**What counts.** Fewer rows than columns are allowed, and $m$ is at most the rank of the centred data. $\rho$ is a share
of the variance in *all* directions, not only in those that you keep. The columns are centred, not scaled.

**Allowed:** numpy with `numpy.linalg`, and the standard library.
"""


# %% nbgrader={"grade": false, "grade_id": "pca", "locked": false, "schema_version": 3, "solution": true, "task": false}
def pca(X: np.ndarray, m: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """The first m principal components of the rows of X (n, p).

    Returns scores (n, m), axes (p, m) with the entry of largest modulus of each column positive, and the explained
    shares of the variance (m,).
    """
    ### BEGIN SOLUTION
    centred = X - X.mean(axis=0)
    _, s, Vt = np.linalg.svd(centred, full_matrices=False)
    axes = Vt[:m].T  # (p, m)
    largest = np.abs(axes).argmax(axis=0)
    axes = axes * np.sign(axes[largest, np.arange(m)])
    return centred @ axes, axes, s[:m] ** 2 / np.sum(s**2)
    ### END SOLUTION


# %% nbgrader={"grade": false, "grade_id": "check_pca", "locked": true, "schema_version": 3, "solution": false, "task": false}
X = np.array([[0.0, 0.0], [3.0, 4.0], [6.0, 8.0], [9.0, 12.0]])
scores, axes, ratio = pca(X, 1)
assert np.shape(scores) == (4, 1), f"four points and one axis: scores of shape (4, 1), got {np.shape(scores)}"
assert np.shape(axes) == (2, 1), f"axes stand in columns: shape (2, 1), got {np.shape(axes)}"
assert np.shape(ratio) == (1,), f"one share for each axis: shape (1,), got {np.shape(ratio)}"
assert np.allclose(np.abs(axes[:, 0]), [0.6, 0.8]), f"the axis of the worked example is (0.6, 0.8), got {axes[:, 0]}"
assert axes[1, 0] > 0, f"the entry of largest modulus must be positive, got the axis {axes[:, 0]}"
assert np.allclose(scores[:, 0], [-7.5, -2.5, 2.5, 7.5]), f"the scores are -7.5, -2.5, 2.5, 7.5, got {scores[:, 0]}"
assert np.allclose(ratio, 1), f"on a line one axis explains everything: share 1, got {ratio}"

# %% nbgrader={"grade": true, "grade_id": "test_pca", "locked": true, "points": 6, "schema_version": 3, "solution": false, "task": false}
### BEGIN HIDDEN TESTS
from autograder import mark

mark("unit01_machine_learning/pca", pca)
### END HIDDEN TESTS

# %% [markdown]
r"""
**What you built.** Two numbers for each bottle instead of thirteen. On the left your `pca` sees the measurements as
the laboratory wrote them down. The first axis explains nearly everything, and is nothing but proline: its numbers go
up to 1680, while all others stay below 170. The unit of a measurement must not decide what matters, so on the right
each column first gets mean 0 and standard deviation 1. Can you see how many kinds of grape there are?
"""

# %% tags=["picture"]
X_raw, cultivar = data.wine()  # we promise not to look at the cultivar yet
X_wine = (X_raw - X_raw.mean(axis=0)) / X_raw.std(axis=0)

fig, panels = plt.subplots(1, 2, figsize=(11, 4.4), layout="constrained")
for ax, (name, X) in zip(panels, {"as measured": X_raw, "standardised": X_wine}.items(), strict=True):
    scores, axes, ratio = pca(X, 2)
    ax.plot(*scores.T, "o", color="0.35", ms=4, alpha=0.6)
    ax.set(
        xlabel=f"first component: {ratio[0]:.1%} of the variance",
        ylabel=f"second component: {ratio[1]:.1%}",
        title=name,
    )
    ax.spines[["top", "right"]].set_visible(False)
    heaviest = np.abs(axes).argmax(axis=0)
    print(
        f"{name}: the largest entries are {data.WINE_FEATURES[heaviest[0]]} ({axes[heaviest[0], 0]:.3f})", end=" and "
    )
    print(f"{data.WINE_FEATURES[heaviest[1]]} ({axes[heaviest[1], 1]:.3f})")
plt.show()

# %% [markdown]
r"""
An axis is a direction in the space of measurements, so it can be read. Bottles far to the right hold much of what pulls
to the right.
"""

# %% tags=["picture"]
_, axes, _ = pca(X_wine, 2)
fig, ax = plt.subplots(figsize=(7, 5), layout="constrained")
for (u, v), name in zip(axes, data.WINE_FEATURES, strict=True):
    ax.annotate("", (u, v), (0, 0), arrowprops={"arrowstyle": "->", "color": plots.PALETTE[0], "lw": 1.3})
    ax.text(1.06 * u, 1.06 * v, name, fontsize=8, ha="left" if u > 0 else "right", va="center")
ax.set(
    xlim=(-0.62, 0.62), ylim=(-0.4, 0.62), xlabel="entry in $v_1$", ylabel="entry in $v_2$", title="what pulls where"
)
ax.axhline(0, color="0.85", lw=0.8, zorder=0)
ax.axvline(0, color="0.85", lw=0.8, zorder=0)
ax.spines[["top", "right"]].set_visible(False)
plt.show()

# %% [markdown]
r"""
Images have many more columns, and the same tool works. A digit of 8 × 8 pixels is a point in 64 dimensions. How many
numbers does it need? The principal axes are images themselves, red where they add ink and blue where they take it away.
"""

# %% tags=["picture"]
X_digits, digit = data.digits()
_, axes, _ = pca(X_digits, 16)
plots.image_grid(
    axes.T, [f"axis {k + 1}" for k in range(16)], columns=8, signed=True, title="principal axes of the digits"
)
plt.show()

mean = X_digits.mean(axis=0)
first = [np.flatnonzero(digit == k)[0] for k in range(10)]
rows, kept = {"original": X_digits[first]}, (1, 4, 16, 40)
for m in kept:
    scores, axes, ratio = pca(X_digits, m)
    rows[f"m = {m}: {ratio.sum():.0%}"] = np.clip(mean + scores[first] @ axes.T, 0, 1)
plots.image_grid(np.concatenate(list(rows.values())), rows=list(rows), title="restored from $m$ scores")
plt.show()

_, _, ratio = pca(X_digits, 60)
fig, ax = plt.subplots(figsize=(6, 3.4), layout="constrained")
ax.plot(np.arange(1, 61), np.cumsum(ratio), ".-", color=plots.PALETTE[0])
for m in kept:
    ax.plot(m, ratio[:m].sum(), "o", color=plots.PALETTE[1], ms=7)
ax.set(xlabel="$m$", ylabel="explained by $m$ axes", ylim=(0, 1.02), title="how many numbers does a digit need?")
ax.spines[["top", "right"]].set_visible(False)
plt.show()

# %% [markdown] nbgrader={"grade": false, "grade_id": "about_kmeans_step", "locked": true, "schema_version": 3, "solution": false, "task": false}
r"""
## 2 Groups without names: one step of $k$-means

Suppose there are $K$ groups, with centres $\mu_1, \dots, \mu_K$. If we knew the centres, every point would join the
nearest one; if we knew the groups, every centre would be the mean of its points. Knowing neither, Lloyd's algorithm
does the two in turn (book, section 2.6). One step is

$$\ell_i = \operatorname*{argmin}_c \left\lVert x^{(i)} - \mu_c \right\rVert^2, \qquad
\mu_c^{\text{new}} = \frac{1}{\#\{i : \ell_i = c\}} \sum_{i :\, \ell_i = c} x^{(i)}, \qquad
\text{inertia} = \sum_{i=1}^n \left\lVert x^{(i)} - \mu_{\ell_i} \right\rVert^2 .$$

**Write** `kmeans_step(X, centers)`: `X` (n, p), `centers` (K, p). Return the tuple `(labels, new_centers, inertia)`:
integers (n,) from 0 to $K - 1$, an array (K, p), and a number. The inertia is that of the assignment just made: it
belongs to the **old** centres.

**Worked example.** The points $(0, 0), (0, 2), (4, 0), (8, 0)$ and the centres $(0, 0), (5, 0)$. The squared distances
to the nearest centre are $0, 4, 1, 9$, so the labels are $0, 0, 1, 1$, the inertia is $14$, and the new centres are
$(0, 1)$ and $(6, 0)$.

**What counts.** A point with two nearest centres joins the one with the lower index. A centre that no point joins stays
where it is.
"""


# %% nbgrader={"grade": false, "grade_id": "kmeans_step", "locked": false, "schema_version": 3, "solution": true, "task": false}
def kmeans_step(X: np.ndarray, centers: np.ndarray) -> tuple[np.ndarray, np.ndarray, float]:
    """One step of Lloyd's algorithm: every point joins its nearest centre, every centre moves to its points' mean.

    X (n, p), centers (K, p); returns labels (n,), new centers (K, p), and the inertia with the old centers.
    """
    ### BEGIN SOLUTION
    squares = np.sum((X[:, None, :] - centers[None, :, :]) ** 2, axis=2)  # (n, K)
    labels = squares.argmin(axis=1)  # the first of several
    new_centers = centers.copy()
    for c in range(len(centers)):
        if np.any(labels == c):
            new_centers[c] = X[labels == c].mean(axis=0)
    return labels, new_centers, float(squares.min(axis=1).sum())
    ### END SOLUTION


# %% nbgrader={"grade": false, "grade_id": "check_kmeans_step", "locked": true, "schema_version": 3, "solution": false, "task": false}
X, centers = np.array([[0.0, 0.0], [0.0, 2.0], [4.0, 0.0], [8.0, 0.0]]), np.array([[0.0, 0.0], [5.0, 0.0]])
labels, new_centers, inertia = kmeans_step(X, centers)
assert np.shape(labels) == (4,), f"every point has one label: shape (4,), got {np.shape(labels)}"
assert list(labels) == [0, 0, 1, 1], f"the labels of the worked example are 0, 0, 1, 1, got {list(labels)}"
assert np.shape(new_centers) == (2, 2), f"two centres in the plane: shape (2, 2), got {np.shape(new_centers)}"
assert np.allclose(new_centers, [[0, 1], [6, 0]]), f"the new centres are (0, 1), (6, 0), got {new_centers.tolist()}"
assert np.isclose(inertia, 14), f"the inertia of the worked example is 14, got {inertia}"
assert centers.tolist() == [[0, 0], [5, 0]], f"centers must not be changed, it is now {centers.tolist()}"

# %% nbgrader={"grade": true, "grade_id": "test_kmeans_step", "locked": true, "points": 4, "schema_version": 3, "solution": false, "task": false}
### BEGIN HIDDEN TESTS
from autograder import mark

mark("unit01_machine_learning/kmeans_step", kmeans_step)
### END HIDDEN TESTS

# %% [markdown]
r"""
**What you built.** Repeat the step, and the centres wander until no bottle changes its group. Below, three centres
start at three bottles that lie close together. The algorithm works in all thirteen dimensions; you see its shadow on
the first two principal components.
"""


# %% tags=["picture"]
def kmeans(X, centers, T=100):
    """Steps until nothing moves: all centers on the way (t, K, p), the labels, and the inertia of each step."""
    way, inertias = [centers], []
    for _ in range(T):
        labels, centers, inertia = kmeans_step(X, centers)
        inertias.append(inertia)
        if np.array_equal(centers, way[-1]):
            break
        way.append(centers)
    return np.array(way), labels, inertias


scores, axes, _ = pca(X_wine, 2)
start = X_wine[np.argsort(scores[:, 0])[[0, 8, 16]]]  # three bottles from the left end
way, labels, inertias = kmeans(X_wine, start)
shadow = way @ axes  # X_wine has mean 0
shown = [0, 1, 3, len(way) - 1]
fig, panels = plt.subplots(1, 4, figsize=(15, 4), layout="constrained", sharex=True, sharey=True)
for ax, t in zip(panels, shown, strict=True):
    labels_t, _, inertia = kmeans_step(X_wine, way[t])
    plots.clusters(
        scores, labels_t, shadow[t], ax, trails=shadow[: t + 1], title=f"step {t}: inertia {inertia:.0f}",
        axis_names=("first component", "second component"),
    )  # fmt: skip
plt.show()

# %% [markdown]
r"""
Two questions are left open by the algorithm. **Where to start?** It stops in a valley, not always in the deepest one.
So start often, from random bottles, and keep the best. **How many groups?** More centres always lower the inertia.
One looks for the bend: from one to two and from two to three groups much is gained, from there on only what cutting a
cloud into pieces gains.
"""

# %% tags=["picture"]
rng = np.random.default_rng(0)
ends = {}
for K in range(1, 9):
    starts = [X_wine[rng.choice(len(X_wine), K, replace=False)] for _ in range(30)]
    ends[K] = [kmeans(X_wine, centers)[2][-1] for centers in starts]

fig, ax = plt.subplots(figsize=(7, 4), layout="constrained")
for K, values in ends.items():
    ax.plot(
        K + rng.uniform(-0.12, 0.12, 30),
        values,
        "o",
        color="0.6",
        ms=4,
        alpha=0.6,
        label="one start" if K == 1 else None,
    )
ax.plot(list(ends), [min(values) for values in ends.values()], "s-", color=plots.PALETTE[0], label="the best of 30")
ax.set(xlabel="$K$", ylabel="inertia", ylim=(0, None), title="how many groups?")
ax.legend(fontsize="small")
ax.spines[["top", "right"]].set_visible(False)
plt.show()

# %% [markdown]
r"""
**The labels turn up.** There were three cultivars. Your groups have arbitrary numbers, so each is named after the
cultivar that most of its bottles are made of. The circles mark the bottles that ended up with strangers.
"""

# %% tags=["picture"]
tries = [kmeans(X_wine, X_wine[rng.choice(len(X_wine), 3, replace=False)]) for _ in range(30)]
way, labels, _ = min(tries, key=lambda result: result[2][-1])
named = np.array([np.bincount(cultivar[labels == c]).argmax() for c in range(3)])
found = named[labels]
counts = np.zeros((3, 3), dtype=int)
np.add.at(counts, (cultivar, found), 1)

fig, (left, right) = plt.subplots(1, 2, figsize=(11, 4.4), layout="constrained", width_ratios=(1.4, 1))
plots.clusters(scores, found, None, left, title="groups found", axis_names=("first component", "second component"))
left.plot(*scores[found != cultivar].T, "o", mfc="none", mec="black", ms=12)
plots.confusion(counts, right, title=f"{np.mean(found == cultivar):.0%} of the bottles with their own kind")
right.set(xlabel="group", ylabel="cultivar")
plt.show()

# %% [markdown]
r"""
Nobody had told the algorithm what a cultivar is, and yet it found them. It was lucky: the three kinds *are* round
clouds of similar size. **Playground.** Ten centres among the digits are ten images. Which digits does $k$-means see,
which does it confuse, and which does it see twice? Try other starts, other $K$, or 16 principal components instead of
64 pixels.
"""

# %% tags=["picture"]
rng = np.random.default_rng(2)
tries = [kmeans(X_digits, X_digits[rng.choice(len(X_digits), 10, replace=False)], T=40) for _ in range(3)]
way, labels, _ = min(tries, key=lambda result: result[2][-1])
members = [np.bincount(digit[labels == c], minlength=10) for c in range(10)]
captions = [f"{m.argmax()}: {m.max() / m.sum():.0%}" for m in members]
order = np.argsort([m.argmax() for m in members])
plots.image_grid(
    way[-1][order], [captions[c] for c in order], title="ten centres, and the share of their most frequent digit"
)
plt.show()
