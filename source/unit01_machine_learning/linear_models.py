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
# The straight line, and what it costs to bend it

*Unit 1, lab 2. Book: chapter 2, sections 2.3 to 2.5.*

In 442 patients with diabetes ten things were measured: age, sex, body mass, blood pressure and six values of the blood
serum. A year later a physician put into one number how far the disease had progressed. **Can the ten measurements
foretell that number, and is it wise to use them all?**

You answer with the oldest learning machine there is, the linear model. You fit it in two ways, by solving equations and
by walking downhill, and then you take its error apart: one part comes from being too stiff, one from being too
nervous, one from the world.

As in the first lab: samples are rows, a loss is the mean over its samples, functions change none of their inputs.
"""

# %% nbgrader={"grade": false, "grade_id": "setup_linear", "locked": true, "schema_version": 3, "solution": false, "task": false}
import matplotlib.pyplot as plt
import numpy as np

from dlmath_kit import data, plots

# %% [markdown] nbgrader={"grade": false, "grade_id": "about_least_squares_ridge", "locked": true, "schema_version": 3, "solution": false, "task": false}
r"""
## 1 Solved in one stroke: least squares and ridge

The linear model predicts $\hat y = b + x^\top \beta$ (book, section 2.3). Of all $\beta$ and $b$ we want those with the
smallest mean squared error, or, with a penalty on long $\beta$ (**ridge regression**, section 2.5), those that minimise

$$C(\beta, b) = \frac1n \sum_{i=1}^n \left(y_i - b - x_i^\top \beta\right)^2 + \lambda \lVert \beta \rVert^2,
\qquad \lambda \ge 0 .$$

The intercept $b$ is not penalised: a prediction must not depend on where the scale of $y$ has its zero. At the minimum
the gradient is 0. Its entry for $b$ gives $b = \bar y - \bar x^\top \beta$, and what remains for $\beta$ is a linear
system in $X_c = X - \mathbf{1} \bar x^\top$ and $y_c = y - \mathbf{1} \bar y$, the **normal equations**:

$$\left(\tfrac1n X_c^\top X_c + \lambda I\right) \beta = \tfrac1n X_c^\top y_c .$$

**Write** `least_squares(X, y, lam=0.0)`: `X` (n, p) without a column of ones, `y` (n,), `lam` the number $\lambda$.
Return the tuple `(beta, b)` with shapes (p,) and number.

**Worked example.** The points $(0, 1), (1, 3), (2, 5)$ lie on the line $y = 2x + 1$, so $\lambda = 0$ gives
$\beta = 2$ and $b = 1$. With $\lambda = 1$: $x_c = (-1, 0, 1)$ and $y_c = (-2, 0, 2)$, so
$\left(\frac23 + 1\right) \beta = \frac43$. Hence $\beta = \frac45$ and $b = 3 - \frac45 = \frac{11}{5}$.

**What counts.** More columns than rows and columns that stand twice are allowed. With $\lambda = 0$ many $\beta$ are
then equally good; return the shortest, the one with the smallest $\lVert \beta \rVert$.

**Allowed:** numpy with `numpy.linalg`, and the standard library. Not allowed, in all of this unit: scipy, scikit-learn,
torch and the like.
"""


# %% nbgrader={"grade": false, "grade_id": "least_squares_ridge", "locked": false, "schema_version": 3, "solution": true, "task": false}
def least_squares(X: np.ndarray, y: np.ndarray, lam: float = 0.0) -> tuple[np.ndarray, float]:
    """Linear model with intercept of least mean squared error plus lam times the squared length of beta.

    X (n, p), y (n,), lam at least 0; returns beta (p,), the shortest if there are several, and b number.
    """
    ### BEGIN SOLUTION
    n, p = X.shape
    centre = X.mean(axis=0)
    rows = np.vstack([X - centre, np.sqrt(n * lam) * np.eye(p)])  # the penalty as p more samples with target 0
    beta = np.linalg.lstsq(rows, np.append(y - y.mean(), np.zeros(p)))[0]
    return beta, float(y.mean() - centre @ beta)
    ### END SOLUTION


# %% nbgrader={"grade": false, "grade_id": "check_least_squares_ridge", "locked": true, "schema_version": 3, "solution": false, "task": false}
X, y = np.array([[0.0], [1.0], [2.0]]), np.array([1.0, 3.0, 5.0])
beta, b = least_squares(X, y)
assert np.shape(beta) == (1,), f"beta has one entry for each column of X, here shape (1,), got {np.shape(beta)}"
assert np.ndim(b) == 0, f"b must be a number, got {b!r}"
assert np.allclose(beta, 2) and np.isclose(b, 1), f"three points on y = 2x + 1: β = 2, b = 1, got {beta}, {b}"
beta, b = least_squares(X, y, 1.0)
assert np.allclose(beta, 4 / 5), f"with λ = 1 the worked example has β = 4/5, got {beta}"
assert np.isclose(b, 11 / 5), f"with λ = 1 the worked example has b = 11/5, got {b}"
beta, b = least_squares(np.column_stack([X, X]), y)
assert np.allclose(beta, 1) and np.isclose(b, 1), f"the column twice: the shortest β is (1, 1), got {beta}"

# %% nbgrader={"grade": true, "grade_id": "test_least_squares_ridge", "locked": true, "points": 9, "schema_version": 3, "solution": false, "task": false}
### BEGIN HIDDEN TESTS
from autograder import mark

mark("unit01_machine_learning/least_squares_ridge", least_squares)
### END HIDDEN TESTS

# %% [markdown]
r"""
**What you built.** On the left, 442 patients, one measurement, and your line. On the right all ten measurements, each
brought to mean 0 and standard deviation 1 so that their $\beta$ can be compared, and what the penalty does to them.
Cholesterol and LDL rise and fall together in these patients. Without a penalty the fit plays them off against each
other, with two large $\beta$ of opposite sign; a small $\lambda$ ends that at once.
"""

# %% tags=["picture"]
X_raw, y_raw = data.diabetes()
names = data.DIABETES_FEATURES
X_all = (X_raw - X_raw.mean(axis=0)) / X_raw.std(axis=0)

fig, (left, right) = plt.subplots(1, 2, figsize=(11.5, 4), layout="constrained")
mass = X_raw[:, [names.index("body mass")]]
beta, b = least_squares(mass, y_raw)
grid = np.linspace(mass.min(), mass.max(), 2)
left.vlines(mass[:, 0], b + mass @ beta, y_raw, color="0.85", lw=0.6, zorder=0)
left.plot(mass[:, 0], y_raw, ".", color=plots.PALETTE[0], ms=4, alpha=0.7)
left.plot(grid, b + beta[0] * grid, color=plots.PALETTE[1], lw=2.2)
left.set(xlabel="body mass index", ylabel="progression", title=f"$\\hat y = {b:.0f} + {beta[0]:.1f}\\,x$")

lams = np.logspace(-3, 2, 80)
path = np.array([least_squares(X_all, y_raw, lam)[0] for lam in lams])  # (80, 10)
shown = {"cholesterol": 1, "LDL": 0, "triglycerides": 2, "body mass": 3, "sex": 4}
for j, name in enumerate(names):
    k = shown.get(name)
    right.plot(lams, path[:, j], color="0.8" if k is None else plots.PALETTE[k], lw=1 if k is None else 2, label=name)
lines, labels = right.get_legend_handles_labels()
right.legend([lines[names.index(n)] for n in shown], shown, fontsize="small", loc="lower right")
right.axhline(0, color="0.5", lw=0.8, zorder=0)
right.set(xscale="log", xlabel=r"$\lambda$", ylabel=r"$\beta_j$", title="the ridge path")
for ax in (left, right):
    ax.spines[["top", "right"]].set_visible(False)
plt.show()

# %% [markdown]
r"""
Does the penalty help to predict? With 442 patients and ten measurements hardly. But let 100 patients be all you have,
and add the squares and products of the measurements, 65 columns in all: now the fit without a penalty knows its own
patients very well and new ones worse than somebody who always answers with the mean. A penalty repairs that. Each thin
line is another draw of 100 patients.
"""


# %% tags=["picture"]
def with_products(X):
    """The columns of X, and all their squares and products."""
    first, second = np.triu_indices(X.shape[1])
    return np.hstack([X, X[:, first] * X[:, second]])


rng = np.random.default_rng(0)
lams = np.logspace(-3, 3, 31)
known, new, mean_only = np.zeros((15, 31)), np.zeros((15, 31)), np.zeros(15)
for r in range(15):
    order = rng.permutation(len(y_raw))
    train, test = order[:100], order[100:]
    F = with_products(X_all)
    F = (F - F[train].mean(axis=0)) / F[train].std(axis=0)  # by the statistics of the training patients
    mean_only[r] = np.sqrt(np.mean((y_raw[test] - y_raw[train].mean()) ** 2))
    for k, lam in enumerate(lams):
        beta, b = least_squares(F[train], y_raw[train], lam)
        known[r, k] = np.sqrt(np.mean((b + F[train] @ beta - y_raw[train]) ** 2))
        new[r, k] = np.sqrt(np.mean((b + F[test] @ beta - y_raw[test]) ** 2))

fig, ax = plt.subplots(figsize=(7, 4), layout="constrained")
for k, (name, errors) in enumerate({"the 100 patients of the fit": known, "the other 342 patients": new}.items()):
    ax.plot(lams, errors.T, color=plots.PALETTE[k], lw=0.5, alpha=0.5)
    ax.plot(lams, errors.mean(axis=0), color=plots.PALETTE[k], lw=2.5, label=name)
ax.axhline(mean_only.mean(), color="0.3", ls="--", lw=1, label="always the mean")
best = new.mean(axis=0).argmin()
print(
    f"λ = {lams[best]:.2f} is best on new patients: {new.mean(axis=0)[best]:.0f} units off, "
    f"against {known.mean(axis=0)[best]:.0f} on those of the fit"
)
ax.set(
    xscale="log", ylim=(0, 140), xlabel=r"$\lambda$", ylabel="root mean squared error", title="65 columns, 100 patients"
)
ax.legend(fontsize="small")
ax.spines[["top", "right"]].set_visible(False)
plt.show()

# %% [markdown] nbgrader={"grade": false, "grade_id": "about_gd_linear_trace", "locked": true, "schema_version": 3, "solution": false, "task": false}
r"""
## 2 The same, on foot: gradient descent

Few models can be solved in one stroke; all can be improved step by step (book, section 2.4). Give $X$ a column of ones
where an intercept is wanted, and let $\theta$ hold all parameters. Then

$$C(\theta) = \frac1n \lVert y - X\theta \rVert^2, \qquad \nabla C(\theta) = \frac2n X^\top (X\theta - y), \qquad
\theta^{(t+1)} = \theta^{(t)} - \alpha \nabla C\!\left(\theta^{(t)}\right) .$$

**Write** `gd_linear(X, y, theta0, alpha, T)`: `X` (n, p), `y` (n,), `theta0` (p,), the learning rate `alpha` and the
number of steps `T`. Return the whole path, an array (T + 1, p): row $t$ is $\theta^{(t)}$, row 0 is `theta0`.

**Worked example.** $X = (1, 2)^\top$, $y = (2, 4)$, $\theta^{(0)} = 0$ and $\alpha = \frac1{10}$. The residuals
$X\theta - y$ are $(-2, -4)$, the gradient is $\frac22(-2 - 8) = -10$, so $\theta^{(1)} = 1$. Now the residuals are
$(-1, -2)$ and the gradient $-5$, so $\theta^{(2)} = \frac32$. Each step halves the distance to 2.

**What counts.** Every row of the path. `T` may be 0. `theta0` is the same afterwards as it was before.

**Not allowed** in this exercise: `numpy.linalg`.
"""


# %% nbgrader={"grade": false, "grade_id": "gd_linear_trace", "locked": false, "schema_version": 3, "solution": true, "task": false}
def gd_linear(X: np.ndarray, y: np.ndarray, theta0: np.ndarray, alpha: float, T: int) -> np.ndarray:
    """Gradient descent on the mean squared error of a linear model, with every iterate.

    X (n, p), y (n,), theta0 (p,), alpha number, T steps; the result is (T + 1, p), row 0 is theta0.
    """
    ### BEGIN SOLUTION
    path = [theta0]
    for _ in range(T):
        gradient = 2 / len(y) * X.T @ (X @ path[-1] - y)
        path.append(path[-1] - alpha * gradient)  # a new array
    return np.array(path)
    ### END SOLUTION


# %% nbgrader={"grade": false, "grade_id": "check_gd_linear_trace", "locked": true, "schema_version": 3, "solution": false, "task": false}
theta0 = np.zeros(1)
path = gd_linear(np.array([[1.0], [2.0]]), np.array([2.0, 4.0]), theta0, 0.1, 2)
assert np.shape(path) == (3, 1), f"two steps make three rows, expected shape (3, 1), got {np.shape(path)}"
assert np.allclose(path[:, 0], [0, 1, 1.5]), f"the worked example walks 0, 1, 3/2, got {path[:, 0]}"
assert theta0.tolist() == [0], f"theta0 must not be changed, it is now {theta0}"

# %% nbgrader={"grade": true, "grade_id": "test_gd_linear_trace", "locked": true, "points": 8, "schema_version": 3, "solution": false, "task": false}
### BEGIN HIDDEN TESTS
from autograder import mark

mark("unit01_machine_learning/gd_linear_trace", gd_linear)
### END HIDDEN TESTS

# %% [markdown]
r"""
**What you built.** The loss of a linear model is a bowl: its contours are ellipses, and you see your descent from
above. Left, two measurements that have little to do with each other. Right, cholesterol and LDL, which nearly say the
same: the bowl becomes a long valley, and a step that suits its steep walls is tiny along its floor. Beyond
$\alpha = 1/\lambda_{\max}$, with $\lambda_{\max}$ the largest eigenvalue of $\frac1n X^\top X$, the steps would climb
the walls.
"""

# %% tags=["picture"]
y_c = y_raw - y_raw.mean()
pairs = [("body mass", "age"), ("cholesterol", "LDL")]
fig, axes = plt.subplots(1, 2, figsize=(12, 4.8), layout="constrained")
for ax, pair in zip(axes, pairs, strict=True):
    X = X_all[:, [names.index(name) for name in pair]]
    largest = np.linalg.eigvalsh(X.T @ X / len(X))[-1]
    lowest, _ = least_squares(X, y_c)
    start = lowest + np.array([40.0, 15.0])
    shares = {"0.1": 0.1, "0.5": 0.5, "0.95": 0.95}
    paths = {rf"$\alpha = {s}/\lambda_{{\max}}$": gd_linear(X, y_c, start, v / largest, 30) for s, v in shares.items()}
    plots.descent_paths(
        lambda theta, X=X: np.mean((y_c - theta @ X.T) ** 2, axis=-1),
        paths,
        ax,
        minimum=lowest,
        title=" and ".join(pair),
    )
    ax.set(xlabel=rf"$\theta$ of {pair[0]}", ylabel=rf"$\theta$ of {pair[1]}")
plt.show()

# %% [markdown]
r"""
Much of the trouble is home-made. Take body mass and blood pressure as they are written in the file, with a column of
ones, and descend; then bring them to mean 0 and standard deviation 1 first. Same patients, same model, the same
minimum, each with nearly the largest step that it bears. In raw units the last five units of error would take hundreds
of thousands of steps.
"""

# %% tags=["picture"]
two = [names.index("body mass"), names.index("blood pressure")]
histories = {}
for name, X in {"raw units": X_raw[:, two], "standardised": X_all[:, two]}.items():
    design = np.column_stack([np.ones(len(X)), X])
    largest = np.linalg.eigvalsh(design.T @ design / len(X))[-1]
    walk = gd_linear(design, y_raw, np.zeros(3), 0.9 / largest, 60)
    histories[name] = np.sqrt(np.mean((y_raw - walk @ design.T) ** 2, axis=1))
beta, b = least_squares(X_raw[:, two], y_raw)
floor = np.sqrt(np.mean((y_raw - b - X_raw[:, two] @ beta) ** 2))

ax = plots.loss_curves(histories, ylabel="root mean squared error", title="one model, two ways to write it down")
ax.axhline(floor, color="0.3", ls=":", lw=1.2, label="least squares")
ax.set_ylim(50, 170)
ax.legend(fontsize="small")
plt.show()

# %% [markdown] nbgrader={"grade": false, "grade_id": "about_bias_variance", "locked": true, "schema_version": 3, "solution": false, "task": false}
r"""
## 3 Three reasons to be wrong

Train the same method on $R$ independent training sets and let each of the $R$ models predict at the same $m$ points
$x_1, \dots, x_m$. Where the truth $f$ is known, which happens in simulations only, the error splits (book,
section 2.5). With $p_{rj}$ the prediction of model $r$ at $x_j$, $\bar p_j = \frac1R \sum_r p_{rj}$, and
$\sigma^2$ the variance of the noise of a new observation:

$$\underbrace{\frac1m \sum_{j=1}^m \left(\bar p_j - f(x_j)\right)^2}_{\text{bias}^2} \;+\;
\underbrace{\frac1m \sum_{j=1}^m \frac1R \sum_{r=1}^R \left(p_{rj} - \bar p_j\right)^2}_{\text{variance}} \;+\;
\underbrace{\sigma^2}_{\text{noise}} \;=\; \text{total}$$

Bias: on average over all training sets, the method is off. Variance: it depends on which training set it happened to
get. Noise: nobody can do anything about it.

**Write** `bias_variance(preds, f, sigma2)`: `preds` (R, m), `f` (m,) the true values, `sigma2` a number. Return the
tuple `(bias2, var, total)` of three numbers.

**Worked example.** Two models, two points: $p = \begin{pmatrix} 1 & 4 \\ 3 & 4 \end{pmatrix}$, $f = (1, 5)$ and
$\sigma^2 = \frac14$. Then $\bar p = (2, 4)$, $\text{bias}^2 = \frac12(1 + 1) = 1$,
$\text{variance} = \frac12(1 + 0) = \frac12$, and the total is $\frac74$.

**What counts.** $\text{bias}^2 + \text{variance}$ is exactly the mean of all $(p_{rj} - f(x_j))^2$. There may be a
single model, $R = 1$.
"""


# %% nbgrader={"grade": false, "grade_id": "bias_variance", "locked": false, "schema_version": 3, "solution": true, "task": false}
def bias_variance(preds: np.ndarray, f: np.ndarray, sigma2: float) -> tuple[float, float, float]:
    """Squared bias, variance and expected squared error of a method, from the predictions of R trained models.

    preds (R, m), f (m,), sigma2 number; returns three numbers.
    """
    ### BEGIN SOLUTION
    mean = preds.mean(axis=0)  # (m,)
    bias2 = float(np.mean((mean - f) ** 2))
    var = float(np.mean((preds - mean) ** 2))
    return bias2, var, bias2 + var + sigma2
    ### END SOLUTION


# %% nbgrader={"grade": false, "grade_id": "check_bias_variance", "locked": true, "schema_version": 3, "solution": false, "task": false}
parts = bias_variance(np.array([[1.0, 4.0], [3.0, 4.0]]), np.array([1.0, 5.0]), 0.25)
assert len(parts) == 3, f"bias², variance and total are three numbers, got {len(parts)}"
assert all(np.ndim(value) == 0 for value in parts), f"bias², variance and total are numbers, got {parts}"
assert np.isclose(parts[0], 1), f"bias² of the worked example is 1, got {parts[0]}"
assert np.isclose(parts[1], 1 / 2), f"the variance of the worked example is 1/2, got {parts[1]}"
assert np.isclose(parts[2], 7 / 4), f"the total of the worked example is 7/4, got {parts[2]}"

# %% nbgrader={"grade": true, "grade_id": "test_bias_variance", "locked": true, "points": 7, "schema_version": 3, "solution": false, "task": false}
### BEGIN HIDDEN TESTS
from autograder import mark

mark("unit01_machine_learning/bias_variance", bias_variance)
### END HIDDEN TESTS

# %% [markdown]
r"""
**What you built.** To see bias and variance one needs what real life denies: the truth, and many training sets. Here
the truth is a sine, a training set has 30 noisy points, and the method fits a polynomial with your `least_squares`.
Each thin line is a model that has seen another training set, the thick one their mean. The straight line is always
wrong in the same way; the polynomial of degree 12 is wrong in a new way each time.
"""

# %% tags=["picture"]
sigma, n, R = 0.4, 30, 200
grid = np.linspace(-1, 1, 101)
truth = np.sin(1.5 * np.pi * grid)


def features(x, degree):
    """Legendre polynomials 1 to degree: they span the same curves as powers of x, but are not nearly parallel."""
    return np.polynomial.legendre.legvander(x, degree)[:, 1:]


def trained_models(degree, lam, rng):
    """The predictions (R, 101) on the grid of R models, each trained on its own n points."""
    preds = np.empty((R, len(grid)))
    for r in range(R):
        x = 2 * (np.arange(n) + rng.uniform(size=n)) / n - 1  # at random, without large gaps
        y = np.sin(1.5 * np.pi * x) + sigma * rng.normal(size=n)
        beta, b = least_squares(features(x, degree), y, lam)
        preds[r] = b + features(grid, degree) @ beta
    return preds


rng = np.random.default_rng(0)
fig, axes = plt.subplots(1, 3, figsize=(12, 3.8), layout="constrained", sharey=True)
for ax, degree in zip(axes, (1, 5, 12), strict=True):
    preds = trained_models(degree, 0.0, rng)
    ax.plot(grid, preds[:40].T, color=plots.PALETTE[0], lw=0.6, alpha=0.35)
    ax.plot(grid, preds.mean(axis=0), color=plots.PALETTE[1], lw=2.2, label="mean of 200 models")
    ax.plot(grid, truth, "k--", lw=1.4, label="truth")
    bias2, var, total = bias_variance(preds, truth, sigma**2)
    ax.set(xlabel="$x$", ylim=(-2.2, 2.2), title=f"degree {degree}: bias² {bias2:.3f}, variance {var:.3f}")
    ax.spines[["top", "right"]].set_visible(False)
axes[0].legend(fontsize="small", loc="lower left")
plt.show()

# %% [markdown]
r"""
Now turn the two knobs that you know. Left, the degree without a penalty; right, degree 12 with a penalty. The solid
line is the sum of the three parts. The grey dots know nothing of parts: they are the mean squared error on new noisy
observations. No method gets below the noise, and the best one is neither the stiffest nor the most flexible.
"""

# %% tags=["picture"]
rng = np.random.default_rng(1)
fig, axes = plt.subplots(1, 2, figsize=(11.5, 4), layout="constrained", sharey=True)
knobs = {
    "degree": [(degree, 0.0) for degree in range(1, 13)],
    r"penalty $\lambda$ (degree 12)": [(12, lam) for lam in np.logspace(-5, 1, 13)],
}
for ax, (knob, settings) in zip(axes, knobs.items(), strict=True):
    x = [lam if "lambda" in knob else degree for degree, lam in settings]
    parts, measured = [], []
    for degree, lam in settings:
        preds = trained_models(degree, lam, rng)
        parts.append(bias_variance(preds, truth, sigma**2)[:2])
        measured.append(np.mean((preds - truth - sigma * rng.normal(size=preds.shape)) ** 2))
    plots.bias_variance_curves(x, *np.transpose(parts), sigma**2, ax, xlabel=knob, log="lambda" in knob)
    ax.plot(x, measured, "o", color="0.6", ms=4, label="measured", zorder=0)
    ax.set_ylim(0, 0.8)
axes[0].get_legend().remove()
axes[1].legend(fontsize="small")
axes[0].set_title("more flexible to the right")
axes[1].set_title("stiffer to the right")
plt.show()

# %% [markdown] nbgrader={"grade": false, "grade_id": "about_written_bias_variance", "locked": true, "schema_version": 3, "solution": false, "task": false}
r"""
## 4 Written: why the error splits (6 points)

Exercise 3 computes the three parts; here you prove that nothing is missing.

A new observation at the fixed point $x$ is $Y = f(x) + \varepsilon$ with $\mathbb{E}\,\varepsilon = 0$ and
$\operatorname{Var} \varepsilon = \sigma^2$. A model $\hat f$ was trained on a random training set $D$; its prediction
$\hat f(x)$ is a random number, because $D$ is random. Prove

$$\mathbb{E}\left(Y - \hat f(x)\right)^2 = \left(\mathbb{E}\,\hat f(x) - f(x)\right)^2 + \operatorname{Var} \hat f(x) + \sigma^2 .$$

* Say over what the expectation is taken, and which independence you use.
* Expand, and say of each cross term *why* it vanishes.
* State what follows for the average over points $x_1, \dots, x_m$.

*Marks: 2 for the expectation and the independence, 3 for the cross terms with reasons, 1 for the conclusion at one
point and on average.*

Write mathematics between dollar signs. Double-click the cell below to begin.
"""

# %% [markdown] nbgrader={"grade": true, "grade_id": "written_bias_variance", "locked": false, "points": 6, "schema_version": 3, "solution": true, "task": false}
r"""
The expectation is over both sources of chance: the training set $D$, which fixes $\hat f$, and the noise $\varepsilon$
of the new observation. The new observation has no part in the training, so $\varepsilon$ is independent of $D$ and
hence of $\hat f(x)$. The numbers $x$ and $f(x)$ are fixed.

Write $\hat f$ for $\hat f(x)$, $f$ for $f(x)$ and $\mu = \mathbb{E}\,\hat f$. Then
$Y - \hat f = \varepsilon + (f - \mu) + (\mu - \hat f)$, and squaring gives

$$\mathbb{E}(Y - \hat f)^2 = \mathbb{E}\,\varepsilon^2 + (f - \mu)^2 + \mathbb{E}(\mu - \hat f)^2
+ 2 (f - \mu)\, \mathbb{E}\,\varepsilon + 2\, \mathbb{E}\!\left[\varepsilon (\mu - \hat f)\right] + 2 (f - \mu)\, \mathbb{E}(\mu - \hat f) .$$

* $2 (f - \mu)\, \mathbb{E}\,\varepsilon = 0$: $f - \mu$ is a fixed number, and the noise has mean 0.
* $\mathbb{E}[\varepsilon (\mu - \hat f)] = \mathbb{E}\,\varepsilon \cdot \mathbb{E}(\mu - \hat f) = 0$ by independence.
* $2 (f - \mu)\, \mathbb{E}(\mu - \hat f) = 0$, because $\mu$ is the mean of $\hat f$.

What remains is $\mathbb{E}\,\varepsilon^2 = \sigma^2$, $(f - \mu)^2$ and
$\mathbb{E}(\mu - \hat f)^2 = \operatorname{Var} \hat f$, which is the claim. It holds at every $x_j$; the mean over
$j = 1, \dots, m$ of both sides says the same of the mean squared error, with the mean of the squared biases, the mean
of the variances, and $\sigma^2$.
"""

# %% [markdown] nbgrader={"grade": false, "grade_id": "about_written_ml_vs_statistics", "locked": true, "schema_version": 3, "solution": false, "task": false}
r"""
## 5 Written: two readings of one fit (4 points)

Choose one data set of this unit, such as the diabetes patients. A statistician and a machine-learning engineer fit the
same linear model to it. What would each of them **report**, and why that?

* The statistician: name one quantity that is estimated from this data set, how its uncertainty is stated, and which
  question that answers.
* The engineer: name the number that is reported, on which samples it is computed, and which question that answers.

*Marks: 2 for the estimate with its uncertainty, 2 for the held-out loss; half of them for the reasons. Ten lines are
enough.*
"""

# %% [markdown] nbgrader={"grade": true, "grade_id": "written_ml_vs_statistics", "locked": false, "points": 4, "schema_version": 3, "solution": true, "task": false}
r"""
Data set: the diabetes patients, $y$ the progression of the disease, linear in ten measurements.

**The statistician** reports the estimated effect of a measurement, for instance the coefficient of the body mass
index, in units of progression per kg/m², the other nine measurements held fixed, together with a 95 % confidence
interval, under stated assumptions (a linear mean, independent errors of equal variance). The question is about the
world: does body mass go together with progression, in which direction and how strongly, and could it be chance? An
estimate without its uncertainty does not answer that. All patients are used, because more patients narrow the interval.

**The engineer** reports the mean squared error (or $R^2$) on patients who were kept out of training and of every
choice such as that of $\lambda$, beside the error of a simple rule such as the mean of the training targets. The
question is about the next patient: how far will predictions be off? The error on the training patients does not answer
that, since the model was made to fit them. Single coefficients hardly matter: those of two nearly equal measurements
may be wild while their joint prediction is good.
"""
