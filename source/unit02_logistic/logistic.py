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
# One neuron decides

*Unit 2, lab 1. Book: chapter 3, sections 3.1 and 3.2.*

A fine needle takes a few cells out of a lump. Under the microscope somebody measures thirty things about their
nuclei: how large, how uneven, how deeply dented. **Is the tumour benign, and how sure can we be?**

In this lab a single neuron answers. You build it in four steps: its activation function, its loss with the gradient,
a tool that tells you whether a gradient is right, and the descent that trains it. At the end it looks at patients
whom it has never seen.

Three habits start here and stay for the whole course.

* Samples are **rows**: $X$ is $(n, p)$, and row $i$ is $(x^{(i)})^\top$. Weights have the book's shapes.
* A loss is the **mean** over the samples that it is given.
* Functions are pure: they change none of their inputs and draw nothing from global random generators.
"""

# %% nbgrader={"grade": false, "grade_id": "setup_logistic", "locked": true, "schema_version": 3, "solution": false, "task": false}
import matplotlib.pyplot as plt
import numpy as np

from dlmath_kit import data, plots

# %% [markdown] nbgrader={"grade": false, "grade_id": "about_sigmoid_stable", "locked": true, "schema_version": 3, "solution": false, "task": false}
r"""
## 1 The activation: $\sigma$ without accidents

The neuron computes $z = b + w^\top x$ and says $\hat y = \sigma(z)$, the probability of class 1 (book, section 3.1).
Its loss will need $\log \sigma(z)$.

$$\sigma(z) = \frac{1}{1 + e^{-z}}, \qquad \log \sigma(z) = \min(z, 0) - \log\!\left(1 + e^{-|z|}\right)$$

**Write** `sigmoid(z)` and `log_sigmoid(z)` for an array `z` of any shape, 0-dimensional ones included. The result has
the shape of `z`.

**Worked example.** $\sigma(0) = \frac12$; for $z = \log 3$ we have $e^{-z} = \frac13$, so $\sigma(z) = \frac34$ and
$\sigma(-z) = \frac14$. The logarithms are $-\log 2$, $\log\frac34$ and $\log\frac14$.

**What counts.** Both must be right for every finite $z$, also for $z = \pm 10\,000$: there
$\log \sigma(-10\,000) = -10\,000$, while the logarithm of the rounded $\sigma$ would be $-\infty$. A warning about
overflow costs nothing, a wrong value does.

**Allowed:** numpy and the standard library. Not allowed, in all of this unit: scipy, scikit-learn, torch and the
like.
"""


# %% nbgrader={"grade": false, "grade_id": "sigmoid_stable", "locked": false, "schema_version": 3, "solution": true, "task": false}
def sigmoid(z: np.ndarray) -> np.ndarray:
    """The logistic function, for an array z of any shape; the result has the shape of z."""
    ### BEGIN SOLUTION
    e = np.exp(-np.abs(z))  # at most 1: nothing overflows
    return np.where(np.asarray(z) >= 0, 1.0, e) / (1.0 + e)
    ### END SOLUTION


def log_sigmoid(z: np.ndarray) -> np.ndarray:
    """The logarithm of the logistic function, for an array z of any shape; the result has the shape of z."""
    ### BEGIN SOLUTION
    return np.minimum(z, 0.0) - np.log1p(np.exp(-np.abs(z)))
    ### END SOLUTION


# %% nbgrader={"grade": false, "grade_id": "check_sigmoid_stable", "locked": true, "schema_version": 3, "solution": false, "task": false}
s = sigmoid(np.array([0.0, np.log(3.0), -np.log(3.0)]))
assert np.shape(s) == (3,), f"sigmoid must keep the shape of z, here (3,), got {np.shape(s)}"
assert np.allclose(s, [1 / 2, 3 / 4, 1 / 4]), f"σ at 0, log 3 and -log 3 is 1/2, 3/4 and 1/4, got {s}"
s = log_sigmoid(np.array([[0.0], [np.log(3.0)]]))
assert np.shape(s) == (2, 1), f"log_sigmoid must keep the shape of z, here (2, 1), got {np.shape(s)}"
assert np.allclose(s, np.log([[1 / 2], [3 / 4]])), f"log σ at 0 and log 3 is log(1/2) and log(3/4), got {s.ravel()}"
for z in (-1000.0, 1000.0):
    assert np.isfinite(sigmoid(np.array(z))), f"σ({z:g}) must be a finite number, got {sigmoid(np.array(z))}"
    assert np.isfinite(log_sigmoid(np.array(z))), f"log σ({z:g}) must be finite, got {log_sigmoid(np.array(z))}"

# %% nbgrader={"grade": true, "grade_id": "test_sigmoid_stable", "locked": true, "points": 6, "schema_version": 3, "solution": false, "task": false}
### BEGIN HIDDEN TESTS
from autograder import mark

mark("unit02_logistic/sigmoid_stable", sigmoid, log_sigmoid)
### END HIDDEN TESTS

# %% [markdown]
r"""
**What you built.** On the left your $\sigma$. On the right its logarithm, beside what floating point makes of the
naive $\log(\sigma(z))$: in double precision the naive curve breaks off near $z = -709$, in single precision, where
networks are trained, already near $z = -88$. One confident mistake during training, and the loss would be infinite.
"""

# %% tags=["picture"]
near, far = np.linspace(-8, 8, 400), np.linspace(-1000, 100, 2001)
s, log_s = sigmoid(near), log_sigmoid(far)

fig, (left, right) = plt.subplots(1, 2, figsize=(10, 3.4), layout="constrained")
left.plot(near, s, color=plots.PALETTE[0], lw=2)
left.axvline(0, color="0.8", lw=0.8, zorder=0)
left.axhline(0.5, color="0.8", lw=0.8, zorder=0)
left.set(xlabel="$z$", ylabel=r"$\sigma(z)$", title="probability of class 1")

right.plot(far, log_s, color=plots.PALETTE[0], lw=6, alpha=0.35, label=r"your $\log\,\sigma$")
with np.errstate(divide="ignore", over="ignore"):
    for dtype, k in ((np.float64, 1), (np.float32, 2)):
        naive = np.log(1 / (1 + np.exp(-far.astype(dtype))))
        end = np.flatnonzero(np.isfinite(naive))[0]
        right.plot(far[end:], naive[end:], color=plots.PALETTE[k], lw=1.8, label=f"naive, {np.dtype(dtype).name}")
        right.plot(far[end], naive[end], "o", color=plots.PALETTE[k], ms=6)
right.set(xlabel="$z$", ylabel=r"$\log\,\sigma(z)$", title="the naive logarithm breaks off")
right.legend()
for ax in (left, right):
    ax.spines[["top", "right"]].set_visible(False)
plt.show()

# %% [markdown] nbgrader={"grade": false, "grade_id": "about_bce_loss_grad", "locked": true, "schema_version": 3, "solution": false, "task": false}
r"""
## 2 The loss and its gradient

For labels $y^{(i)} \in \{0, 1\}$ the negative log-likelihood of the neuron is the **binary cross-entropy** (book,
sections 3.1 and 3.2). Written in terms of $z_i = b + w^\top x^{(i)}$ no probability is ever rounded to 0:

$$C(w, b) = \frac1n \sum_{i=1}^n \Big[\log\!\left(1 + e^{z_i}\right) - y^{(i)} z_i\Big], \qquad
g_w = \frac1n X^\top\!\left(\sigma(z) - y\right), \qquad g_b = \frac1n \sum_{i=1}^n \left(\sigma(z_i) - y^{(i)}\right)$$

**Write** `bce_loss_grad(w, b, X, y)`: `w` (p,), `b` a number, `X` (n, p), `y` (n,) of integers or floats 0 and 1.
Return the tuple `(C, g_w, g_b)` with shapes number, (p,), number.

**Worked example.** $w = \log 3$, $b = 0$, two samples $x = 1$ and $x = -1$, both of class 1. Then
$\sigma(z) = (\frac34, \frac14)$, so $C = \frac12\left(-\log\frac34 - \log\frac14\right) = \frac12 \log\frac{16}{3}$.
The residuals $\sigma(z) - y$ are $(-\frac14, -\frac34)$, hence
$g_w = \frac12\left(-\frac14 + \frac34\right) = \frac14$ and $g_b = -\frac12$.

**What counts.** The loss must be exact also where the neuron is saturated ($|z|$ in the hundreds), and for a single
sample. You may use your `sigmoid`; a slip there would then show here too, so an expression of your own is the safer
choice.
"""


# %% nbgrader={"grade": false, "grade_id": "bce_loss_grad", "locked": false, "schema_version": 3, "solution": true, "task": false}
def bce_loss_grad(w: np.ndarray, b: float, X: np.ndarray, y: np.ndarray) -> tuple[float, np.ndarray, float]:
    """Mean binary cross-entropy of a logistic neuron, and its gradient.

    w (p,), b number, X (n, p), y (n,) in {0, 1}; returns C number, g_w (p,), g_b number.
    """
    ### BEGIN SOLUTION
    z = X @ w + b  # (n,)
    C = np.mean(np.logaddexp(0.0, z) - y * z)
    residual = np.exp(-np.logaddexp(0.0, -z)) - y  # σ(z) - y
    return float(C), X.T @ residual / len(y), float(residual.mean())
    ### END SOLUTION


# %% nbgrader={"grade": false, "grade_id": "check_bce_loss_grad", "locked": true, "schema_version": 3, "solution": false, "task": false}
C, g_w, g_b = bce_loss_grad(np.log([3.0]), 0.0, np.array([[1.0], [-1.0]]), np.array([1, 1]))
assert np.shape(g_w) == (1,), f"g_w must have the shape of w, here (1,), got {np.shape(g_w)}"
assert np.ndim(C) == 0 and np.ndim(g_b) == 0, f"C and g_b must be numbers, got {C!r} and {g_b!r}"
assert np.isclose(C, np.log(16 / 3) / 2), f"the loss of the worked example is log(16/3)/2 = 0.83699, got {C}"
assert np.allclose(g_w, 1 / 4), f"g_w of the worked example is 1/4, got {g_w}"
assert np.isclose(g_b, -1 / 2), f"g_b of the worked example is -1/2, got {g_b}"

X, y = np.array([[1.0, 2.0], [0.5, -1.0], [-2.0, 0.3]]), np.array([1, 0, 1])  # slope along (u, c), two ways
w, b, u, c, h = np.array([0.3, -0.2]), 0.1, np.array([0.6, -0.5]), 0.7, 1e-5
slope = (bce_loss_grad(w + h * u, b + h * c, X, y)[0] - bce_loss_grad(w - h * u, b - h * c, X, y)[0]) / (2 * h)
claim = bce_loss_grad(w, b, X, y)[1] @ u + bce_loss_grad(w, b, X, y)[2] * c
assert abs(slope - claim) < 1e-7, f"your loss rises with slope {slope:.8f}, your gradient says {claim:.8f}"

# %% nbgrader={"grade": true, "grade_id": "test_bce_loss_grad", "locked": true, "points": 10, "schema_version": 3, "solution": false, "task": false}
### BEGIN HIDDEN TESTS
from autograder import mark

mark("unit02_logistic/bce_loss_grad", bce_loss_grad)
### END HIDDEN TESTS

# %% [markdown]
r"""
**What you built.** The loss of one sample of class 1, as a function of $z$, beside the squared error
$(\sigma(z) - 1)^2$. The further the neuron is on the wrong side, the more the cross-entropy pulls: its slope tends to
$-1$. The squared error gives up: it is flat exactly where the neuron is most wrong. Keep the right picture in mind
for the derivation at the end.
"""

# %% tags=["picture"]
z = np.linspace(-8, 6, 281)
one = np.ones((1, 1))
loss = [bce_loss_grad(np.array([v]), 0.0, one, np.array([1]))[0] for v in z]
slope = [bce_loss_grad(np.array([v]), 0.0, one, np.array([1]))[2] for v in z]
s = np.array(slope) + 1  # σ(z), from the residual

fig, (left, right) = plt.subplots(1, 2, figsize=(10, 3.4), layout="constrained", sharex=True)
left.plot(z, loss, color=plots.PALETTE[0], lw=2, label="cross-entropy")
left.plot(z, (s - 1) ** 2, "--", color=plots.PALETTE[1], lw=2, label="squared error")
left.set(xlabel="$z$", ylabel="loss", title="loss of one sample of class 1")
left.legend()
right.plot(z, slope, color=plots.PALETTE[0], lw=2, label="cross-entropy")
right.plot(z, np.gradient((s - 1) ** 2, z), "--", color=plots.PALETTE[1], lw=2, label="squared error")
right.set(xlabel="$z$", ylabel="slope of the loss", title="how hard it pulls")
right.legend()
for ax in (left, right):
    ax.axvspan(-8, 0, color="0.93", zorder=0)
    ax.spines[["top", "right"]].set_visible(False)
left.text(-7.7, 0.25, "wrong side", color="0.4")
plt.show()

# %% [markdown] nbgrader={"grade": false, "grade_id": "about_numerical_gradient", "locked": true, "schema_version": 3, "solution": false, "task": false}
r"""
## 3 Is this gradient right? A checker

Every hand-written gradient of this course deserves a second opinion. For $f : \mathbb{R}^{d} \to \mathbb{R}$ and the
unit vectors $e_k$, central differences give one without any calculus:

$$\hat g_k = \frac{f(\theta + h\, e_k) - f(\theta - h\, e_k)}{2h}, \qquad \hat g_k = \frac{\partial f}{\partial \theta_k}(\theta) + O(h^2)$$

**Write** `numerical_gradient(f, theta, h=1e-5)`. `f` takes an array of the shape of `theta` and returns a number.
`theta` may have **any shape**, such as (), (3,) or (2, 3, 2), and may hold integers. The result is a float array of
the shape of `theta`.

**Worked example.** $f(\theta) = \theta^3$ at $\theta = 1$ with $h = \frac12$:
$\left(\frac{27}{8} - \frac18\right) / 1 = \frac{13}{4} = 3 + h^2$. Not 3: the tests look at the difference quotient
itself, with a large $h$, so that they can tell it from the gradient.

**What counts.** `f` is called two times per entry (once more is fine). `theta` is the same afterwards as before.
"""


# %% nbgrader={"grade": false, "grade_id": "numerical_gradient", "locked": false, "schema_version": 3, "solution": true, "task": false}
def numerical_gradient(f, theta: np.ndarray, h: float = 1e-5) -> np.ndarray:
    """Central differences of f at theta, an array of any shape; the result has the shape of theta."""
    ### BEGIN SOLUTION
    theta = np.asarray(theta)
    gradient = np.zeros(theta.shape)
    for k in np.ndindex(theta.shape):
        ahead, behind = theta.astype(float), theta.astype(float)  # copies
        ahead[k] += h
        behind[k] -= h
        gradient[k] = (f(ahead) - f(behind)) / (2 * h)
    return gradient
    ### END SOLUTION


# %% nbgrader={"grade": false, "grade_id": "check_numerical_gradient", "locked": true, "schema_version": 3, "solution": false, "task": false}
theta = np.array([1.0, -2.0])
g = numerical_gradient(lambda t: np.sum(t**2), theta)
assert np.shape(g) == (2,), f"the result must have the shape of theta, here (2,), got {np.shape(g)}"
assert np.allclose(g, [2, -4]), f"the gradient of the sum of squares at (1, -2) is (2, -4), got {g}"
assert theta.tolist() == [1, -2], f"theta must not be changed, it is now {theta}"
g = numerical_gradient(lambda t: np.sum(t**3), np.array([1.0]), h=0.5)
assert np.allclose(g, 13 / 4), f"for f(t) = t**3 at 1 with h = 1/2 the quotient is 13/4, got {g[0]}"
g = numerical_gradient(lambda t: np.sum(t**2), np.array([[1, 2, 3], [4, 5, 6]]))
assert np.shape(g) == (2, 3), f"theta may be a matrix of integers; the result must be (2, 3), got {np.shape(g)}"
assert np.allclose(g, [[2, 4, 6], [8, 10, 12]]), f"theta may hold integers: expected 2 * theta, got {g.tolist()}"

# %% nbgrader={"grade": true, "grade_id": "test_numerical_gradient", "locked": true, "points": 9, "schema_version": 3, "solution": false, "task": false}
### BEGIN HIDDEN TESTS
from autograder import mark

mark("unit02_logistic/numerical_gradient", numerical_gradient)
### END HIDDEN TESTS

# %% [markdown]
r"""
**What you built.** How good is it, and which $h$ is best? Below, the error of your checker for $f(\theta) = e^\theta$
at $\theta = 1$. To the right the $O(h^2)$ of the formula, to the left the rounding of $f$, divided by $h$. The best
$h$ lies near $\sqrt[3]{10^{-16}} \approx 5 \cdot 10^{-6}$, and no $h$ gives more than about ten digits: a checker
confirms a gradient, it does not replace it.
"""

# %% tags=["picture"]
h = np.logspace(-12, 0, 61)
error = [abs(float(numerical_gradient(np.exp, np.array(1.0), h=step)) - np.e) for step in h]

fig, ax = plt.subplots(figsize=(6, 3.6), layout="constrained")
ax.loglog(h, error, ".-", color=plots.PALETTE[0], label="error of your checker")
ax.loglog(h, np.e * h**2 / 6, "--", color=plots.PALETTE[1], label="formula: $e\\,h^2/6$")
ax.loglog(h, np.e * 2.2e-16 / h, ":", color=plots.PALETTE[2], lw=2, label="rounding: $10^{-16}\\,e/h$")
ax.set(xlabel="$h$", ylabel="absolute error", ylim=(1e-13, 1e1), title="two errors, pulling in opposite directions")
ax.legend(fontsize="small")
ax.spines[["top", "right"]].set_visible(False)
plt.show()

# %% tags=["picture"]
# A second opinion on your own gradient, on real measurements: the two columns should agree to about ten digits.
X, y = data.breast_cancer()
X = (X - X.mean(0)) / X.std(0)
w = np.random.default_rng(0).normal(size=30) / 10
by_hand = bce_loss_grad(w, 0.2, X, y)[1]
by_differences = numerical_gradient(lambda v: bce_loss_grad(v, 0.2, X, y)[0], w)
print("  g_w by hand      by differences")
for pair in zip(by_hand[:5], by_differences[:5], strict=True):
    print("{:15.11f} {:15.11f}".format(*pair))
print(f"largest difference over all 30 weights: {np.abs(by_hand - by_differences).max():.1e}")

# %% [markdown] nbgrader={"grade": false, "grade_id": "about_gd_logistic_trace", "locked": true, "schema_version": 3, "solution": false, "task": false}
r"""
## 4 Learning: gradient descent

All ingredients are there. Starting from $(w_0, b_0)$, take $T$ steps downhill (book, section 3.2); both parameters
move **at the same time**, along the gradient at the point where the step starts:

$$(w, b) \leftarrow (w, b) - \alpha\, (g_w, g_b)$$

**Write** `gd_logistic(X, y, w0, b0, alpha, T)`: `X` (n, p), `y` (n,) in {0, 1}, `w0` (p,), `b0` and `alpha` numbers,
`T` an integer, 0 included. Return `(w, b, losses)` with `w` (p,), `b` a number and `losses` (T+1,): `losses[t]` is
the loss after `t` steps, so `losses[0]` belongs to the start and `losses[T]` to the parameters that you return.

**Worked example.** One feature, samples $x = 1$ of class 0 and $x = 3$ of class 1, start at zero, $\alpha = 1$,
$T = 1$. All probabilities are $\frac12$, so `losses[0]` is $\log 2$. The residuals are $(\frac12, -\frac12)$;
$g_w = \frac12\left(\frac12 - \frac32\right) = -\frac12$ and $g_b = 0$. After the step $w = \frac12$, $b = 0$.

**What counts.** The whole history, also from a start where the neuron is saturated ($|z|$ in the hundreds), and with
an $\alpha$ so large that the loss rises. `w0` is unchanged afterwards. Let this cell stand on its own, loss and
gradient included: then it earns its marks whatever happened in exercise 2.
"""


# %% nbgrader={"grade": false, "grade_id": "gd_logistic_trace", "locked": false, "schema_version": 3, "solution": true, "task": false}
def gd_logistic(
    X: np.ndarray, y: np.ndarray, w0: np.ndarray, b0: float, alpha: float, T: int
) -> tuple[np.ndarray, float, np.ndarray]:
    """T steps of gradient descent for a logistic neuron.

    X (n, p), y (n,) in {0, 1}, w0 (p,), b0 number; returns w (p,), b number, losses (T+1,).
    """
    ### BEGIN SOLUTION
    w, b = np.array(w0, dtype=float), float(b0)
    losses = np.empty(T + 1)
    for t in range(T + 1):
        z = X @ w + b
        losses[t] = np.mean(np.logaddexp(0.0, z) - y * z)
        if t < T:
            residual = np.exp(-np.logaddexp(0.0, -z)) - y
            w = w - alpha * X.T @ residual / len(y)
            b = b - alpha * residual.mean()
    return w, b, losses
    ### END SOLUTION


# %% nbgrader={"grade": false, "grade_id": "check_gd_logistic_trace", "locked": true, "schema_version": 3, "solution": false, "task": false}
start = np.zeros(1)
w, b, losses = gd_logistic(np.array([[1.0], [3.0]]), np.array([0, 1]), start, 0.0, 1.0, 1)
assert isinstance(w, np.ndarray), f"w must be a NumPy array, got {type(w).__name__}"
assert isinstance(losses, np.ndarray), f"losses must be a NumPy array, got {type(losses).__name__}: use np.array(...)"
assert np.shape(losses) == (2,), f"one step makes two losses, before and after it; got shape {np.shape(losses)}"
assert np.isclose(losses[0], np.log(2)), f"losses[0] belongs to the start: log 2 = 0.69315, got {losses[0]}"
assert np.shape(w) == (1,) and np.allclose(w, 1 / 2), f"after the step w is [0.5], got {w}"
assert np.isclose(b, 0), f"after the step b is 0, got {b}: both gradients belong to the same point"
assert np.isclose(losses[1], 0.5877447), f"losses[1] is the loss after the step, 0.58774, got {losses[1]}"
assert start.tolist() == [0], f"w0 must not be changed, it is now {start}"

# %% nbgrader={"grade": true, "grade_id": "test_gd_logistic_trace", "locked": true, "points": 8, "schema_version": 3, "solution": false, "task": false}
### BEGIN HIDDEN TESTS
from autograder import mark

mark("unit02_logistic/gd_logistic_trace", gd_logistic)
### END HIDDEN TESTS

# %% [markdown]
r"""
**What you built.** Now the neuron may look at the cells. First with two of the thirty measurements only, so that we
can see what it does: the boundary is the line $b + w^\top x = 0$. Measurements are standardised with mean and spread
of the 400 patients it learns from; the other 169 stay unseen until the end.
"""

# %% tags=["picture"]
X, y = data.breast_cancer()
order = np.random.default_rng(2).permutation(len(y))
train, test = order[:400], order[400:]
X = (X - X[train].mean(0)) / X[train].std(0)
two = [20, 21]  # the largest radius and the largest texture among a patient's cells

histories = {}
for alpha in (0.01, 0.1, 1.0):
    w, b, histories[rf"$\alpha$ = {alpha}"] = gd_logistic(X[train][:, two], y[train], np.zeros(2), 0.0, alpha, 200)
fig, (left, right) = plt.subplots(1, 2, figsize=(11, 4), layout="constrained")
plots.decision_boundary(
    lambda Z: Z @ w + b > 0,
    X[test][:, two],
    y[test],
    left,
    title=f"unseen patients: {np.mean((X[test][:, two] @ w + b > 0) == y[test]):.0%} right",
    names=["malignant", "benign"],
    labels=("worst radius", "worst texture"),
)
plots.loss_curves(histories, right, title="the learning rate decides how fast")
plt.show()

# %% [markdown]
r"""
With all thirty measurements the boundary is a plane that we cannot draw, but every patient has one number
$z = b + w^\top x$. Its histogram shows what the neuron is sure of. The patients near $z = 0$ are those whom a doctor
should see first.
"""

# %% tags=["picture"]
w, b, losses = gd_logistic(X[train], y[train], np.zeros(30), 0.0, 0.5, 300)
z = X[test] @ w + b

fig, ax = plt.subplots(figsize=(7, 3.4), layout="constrained")
bins = np.linspace(z.min(), z.max(), 40)
for k, name in enumerate(["malignant", "benign"]):
    ax.hist(z[y[test] == k], bins, color=plots.PALETTE[k], alpha=0.65, label=name)
ax.axvline(0, color="0.2", lw=1)
ax.set(xlabel="$z = b + w^\\top x$", ylabel="unseen patients", title=f"{np.mean((z > 0) == y[test]):.1%} right")
ax.legend()
ax.spines[["top", "right"]].set_visible(False)
plt.show()
wrong = (z > 0) != y[test]
print(
    f"{wrong.sum()} of {len(test)} wrong. Mean |z|: {np.abs(z[wrong]).mean():.1f} where wrong, "
    f"{np.abs(z[~wrong]).mean():.1f} where right."
)

# %% [markdown]
r"""
**Playground.** Two moons are not two clouds: how far does one straight line get, whatever $\alpha$ and $T$? (The
third lab bends it.)
"""

# %% tags=["picture"]
X_moons, y_moons = data.two_moons(300, noise=0.15, rng=np.random.default_rng(1))
w, b, losses = gd_logistic(X_moons, y_moons, np.zeros(2), 0.0, alpha=1.0, T=500)
plots.decision_boundary(lambda Z: Z @ w + b > 0, X_moons, y_moons, title=f"loss {losses[-1]:.3f}")
plt.show()

# %% [markdown] nbgrader={"grade": false, "grade_id": "about_written_mse_on_sigmoid", "locked": true, "schema_version": 3, "solution": false, "task": false}
r"""
## 5 Written: why not the squared error? (4 points)

The picture of exercise 2 suggests that squared loss and sigmoid do not suit each other. Make it precise (compare the
book's figure 3.4).

**Show by one explicit example** that $C(w) = \frac1n \sum_i \left(\sigma(w\, x^{(i)}) - y^{(i)}\right)^2$ is **not
convex** in $w$. A single sample is enough: choose it, compute, and name a point (or three points) at which convexity
fails.

*Marks: 3 for an explicit example with a complete computation; 1 for saying which property of convex functions it
violates.*

Write mathematics between dollar signs. Double-click the cell below to begin.
"""

# %% [markdown] nbgrader={"grade": true, "grade_id": "written_mse_on_sigmoid", "locked": false, "points": 4, "schema_version": 3, "solution": true, "task": false}
r"""
Take one sample, $x = 1$ with $y = 1$, so $C(w) = (\sigma(w) - 1)^2$. Write $s = \sigma(w)$ and use $s' = s(1 - s)$:

$$C'(w) = -2 (1 - s)\, s (1 - s) = -2\, s (1 - s)^2, \qquad
C''(w) = -2 \left[(1 - s)^2 - 2 s (1 - s)\right] s (1 - s) = -2\, s (1 - s)^2 (1 - 3 s).$$

At $w = -\log 3$ we have $s = \frac14$, so
$C''(w) = -2 \cdot \frac14 \cdot \frac{9}{16} \cdot \frac14 = -\frac{9}{128} < 0$.

A twice differentiable convex function has $C'' \ge 0$ everywhere. So $C$ is not convex. (It is negative wherever
$s < \frac13$, that is $w < -\log 2$: on the wrong side, where the curve flattens.)
"""
