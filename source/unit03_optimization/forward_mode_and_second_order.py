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
# Exact slopes, curved ground

*Unit 3, lab 2. Book: chapter 4, sections 4.4 and 4.6.*

Every method of the first lab asked one question at every step: what is the gradient here? Somebody had worked it out
on paper. **Who differentiates when the function is a page of code?** Not differences: they lose half the digits. Not
algebra: it grows without end. In the first exercise the program itself carries the derivative along, exact to the
last digit.

Then comes the second question. A gradient says which way is down, not how far. **What if the method also knew how the
ground bends?** Newton's method does, and where gradient descent takes thousands of steps it takes eight. Its price is
a matrix of second derivatives. In the last two exercises you learn the matrix from the gradients alone, and finally do
without any matrix.

As before: functions change none of their inputs. Allowed are numpy, with everything of `numpy.linalg`, and the
standard library.
"""

# %% nbgrader={"grade": false, "grade_id": "setup_second_order", "locked": true, "schema_version": 3, "solution": false, "task": false}
import matplotlib.pyplot as plt
import numpy as np

from dlmath_kit import data, plots

# %% [markdown] nbgrader={"grade": false, "grade_id": "about_dual_numbers", "locked": true, "schema_version": 3, "solution": false, "task": false}
r"""
## 1 Numbers that know their derivative

A **dual number** is $a + \varepsilon\, a'$ with $\varepsilon^2 = 0$ (book, section 4.4). Read $a$ as the value of
something and $a'$ as its derivative along a direction; the rules of calculus are then nothing but arithmetic:

$$(a + \varepsilon a')(b + \varepsilon b') = ab + \varepsilon\,(a' b + a b'), \qquad
\frac{a + \varepsilon a'}{b + \varepsilon b'} = \frac ab + \varepsilon\, \frac{a' b - a b'}{b^2},$$

$$(a + \varepsilon a')^n = a^n + \varepsilon\, n\, a^{n-1} a', \qquad
\varphi(a + \varepsilon a') = \varphi(a) + \varepsilon\, \varphi'(a)\, a'.$$

Sums and differences work term by term, and a plain number $c$ is $c + \varepsilon\, 0$. Put
$\theta_k + \varepsilon\, v_k$ into a program for $f : \mathbb{R}^d \to \mathbb{R}$, and out comes
$f(\theta) + \varepsilon\, \langle \nabla f(\theta), v \rangle$: this is **forward-mode differentiation**.

**Write** the methods of `Dual` below, the functions `dexp(d)`, `dlog(d)`, `dsin(d)`, `dtanh(d)` of a `Dual`, and
`directional_derivative(f, x, v)`. Leave the header of the class and its `__init__` as they are.

* `re` and `du` of a `Dual` are numbers, or two arrays of one shape, on which everything works entry by entry.
* `other` is a `Dual` or a plain number. For `2 - d` Python calls `d.__rsub__(2)`, and likewise for the other methods
  whose name begins with `r`. The exponent in `d**n` is a plain number, such as `3`, `-2` or `0.5`.
* `f` takes one scalar `Dual` per coordinate, `f(d1, d2, ...)`, and returns a `Dual`; a constant function may return
  a plain number. `x` and `v` are (d,). Return the tuple of two numbers $(f(x),\ \langle \nabla f(x), v \rangle)$.

**Worked example.** $f(\theta) = \theta^3$ at $\theta = 2$ along $v = 1$: $(2 + \varepsilon)^3 = 8 + 12\,\varepsilon$,
so the answer is $(8, 12)$. The function of the book's figure 4.7,
$f(\theta) = \sin(\theta_1 \theta_2) + \exp(\theta_2 + \theta_3) - 2\,\theta_3$, at $\theta = (0, 1, -1)$ along
$v = (1, 0, 0)$: $\theta_1 \theta_2 = 0 + \varepsilon$ gives $\sin = 0 + \varepsilon$, the rest is constant, so the
answer is $(0 + 1 + 2,\ 1) = (3, 1)$.

**What counts.** Every rule for itself, constants on the left, a variable that occurs twice, negative bases and
exponents, arrays. `directional_derivative` calls `f` **once**: no differences, and not one call per coordinate. `Dual`
objects are never changed.
"""


# %% nbgrader={"grade": false, "grade_id": "dual_numbers", "locked": false, "schema_version": 3, "solution": true, "task": false}
def as_dual(value):
    """`value` itself if it is a Dual; a plain number as the Dual of a constant. A helper, not graded by itself."""
    ### BEGIN SOLUTION
    return value if isinstance(value, Dual) else Dual(value, 0.0)
    ### END SOLUTION


class Dual:
    """The dual number re + ε du: a value and its derivative, numbers or arrays of one shape."""

    def __init__(self, re, du):
        self.re, self.du = re, du

    def __repr__(self):
        return f"{self.re} + ε {self.du}"

    def __add__(self, other):
        """self + other, where other is a Dual or a number."""
        ### BEGIN SOLUTION
        other = as_dual(other)
        return Dual(self.re + other.re, self.du + other.du)
        ### END SOLUTION

    def __radd__(self, other):
        """other + self, where other is a number."""
        ### BEGIN SOLUTION
        return self + other
        ### END SOLUTION

    def __neg__(self):
        """-self"""
        ### BEGIN SOLUTION
        return Dual(-self.re, -self.du)
        ### END SOLUTION

    def __sub__(self, other):
        """self - other, where other is a Dual or a number."""
        ### BEGIN SOLUTION
        return self + (-other)
        ### END SOLUTION

    def __rsub__(self, other):
        """other - self, where other is a number."""
        ### BEGIN SOLUTION
        return -self + other
        ### END SOLUTION

    def __mul__(self, other):
        """self * other, where other is a Dual or a number."""
        ### BEGIN SOLUTION
        other = as_dual(other)
        return Dual(self.re * other.re, self.du * other.re + self.re * other.du)
        ### END SOLUTION

    def __rmul__(self, other):
        """other * self, where other is a number."""
        ### BEGIN SOLUTION
        return self * other
        ### END SOLUTION

    def __truediv__(self, other):
        """self / other, where other is a Dual or a number."""
        ### BEGIN SOLUTION
        other = as_dual(other)
        return Dual(self.re / other.re, (self.du * other.re - self.re * other.du) / other.re**2)
        ### END SOLUTION

    def __rtruediv__(self, other):
        """other / self, where other is a number."""
        ### BEGIN SOLUTION
        return as_dual(other) / self
        ### END SOLUTION

    def __pow__(self, n):
        """self ** n, where n is a number."""
        ### BEGIN SOLUTION
        return Dual(self.re**n, n * self.re ** (n - 1) * self.du)
        ### END SOLUTION


def dexp(d: Dual) -> Dual:
    """The exponential of a dual number."""
    ### BEGIN SOLUTION
    return Dual(np.exp(d.re), np.exp(d.re) * d.du)
    ### END SOLUTION


def dlog(d: Dual) -> Dual:
    """The logarithm of a dual number whose value is positive."""
    ### BEGIN SOLUTION
    return Dual(np.log(d.re), d.du / d.re)
    ### END SOLUTION


def dsin(d: Dual) -> Dual:
    """The sine of a dual number."""
    ### BEGIN SOLUTION
    return Dual(np.sin(d.re), np.cos(d.re) * d.du)
    ### END SOLUTION


def dtanh(d: Dual) -> Dual:
    """The hyperbolic tangent of a dual number."""
    ### BEGIN SOLUTION
    value = np.tanh(d.re)
    return Dual(value, (1 - value**2) * d.du)
    ### END SOLUTION


def directional_derivative(f, x: np.ndarray, v: np.ndarray) -> tuple[float, float]:
    """f(x) and <grad f(x), v>, from one call of f.

    f takes one scalar Dual for each coordinate and returns a Dual; x and v (d,); returns two numbers.
    """
    ### BEGIN SOLUTION
    result = as_dual(f(*[Dual(x[k], v[k]) for k in range(len(x))]))
    return float(result.re), float(result.du)
    ### END SOLUTION


# %% nbgrader={"grade": false, "grade_id": "check_dual_numbers", "locked": true, "schema_version": 3, "solution": false, "task": false}
d = Dual(2.0, 1.0)
for text, got, expected in [
    ("d + 1", d + 1.0, (3, 1)),
    ("1 - d", 1.0 - d, (-1, -1)),
    ("3 * d", 3.0 * d, (6, 3)),
    ("d * d", d * d, (4, 4)),
    ("1 / d", 1.0 / d, (0.5, -0.25)),
    ("d**3", d**3, (8, 12)),
    ("dlog(d)", dlog(d), (np.log(2), 0.5)),
]:
    assert isinstance(got, Dual), f"{text} must be a Dual, got {type(got).__name__}"
    assert np.allclose([got.re, got.du], expected), f"for d = 2 + ε, {text} is {expected}, got ({got.re}, {got.du})"
a = Dual(np.array([1.0, 2.0]), np.array([1.0, 1.0])) * 3.0
assert np.allclose(a.re, [3, 6]) and np.allclose(a.du, [3, 3]), f"re and du may be arrays; got {a}"


def figure_4_7(t1, t2, t3):
    return dsin(t1 * t2) + dexp(t2 + t3) - 2 * t3


value, slope = directional_derivative(figure_4_7, np.array([0.0, 1.0, -1.0]), np.array([1.0, 0.0, 0.0]))
assert np.isclose(value, 3) and np.isclose(slope, 1), f"the worked example gives (3, 1), got ({value}, {slope})"
d = directional_derivative(lambda t: t**3, np.array([2.0]), np.array([1.0]))
assert np.allclose(d, (8, 12)), f"the cube at 2 has value 8 and slope 12, got {d}"

# %% nbgrader={"grade": true, "grade_id": "test_dual_numbers", "locked": true, "points": 10, "schema_version": 3, "solution": false, "task": false}
### BEGIN HIDDEN TESTS
from autograder import mark

mark("unit03_optimization/dual_numbers", Dual, dexp, dlog, dsin, dtanh, directional_derivative)
### END HIDDEN TESTS

# %% [markdown]
r"""
**What you built.** A program becomes its own derivative. On the left, $f(\theta) = e^{-\theta^2/4} \sin 3\theta$ and
its slope at 300 points, from **one** evaluation on arrays; three tangents to convince you. On the right the error of
the slope at $\theta = 1$, against differences with every step size $h$. Differences have a best $h$ and still lose
five to eight digits there; dual numbers have no $h$ and lose none.
"""

# %% tags=["picture"]
def bump(theta):
    return dexp(-(theta**2) / 4) * dsin(3 * theta)


theta = np.linspace(-3, 3, 300)
curve = bump(Dual(theta, np.ones(300)))

h = np.logspace(-14, 0, 57)
exact = np.exp(-1 / 4) * (3 * np.cos(3) - np.sin(3) / 2)  # worked out on paper
here, ahead, behind = (bump(Dual(x, 0 * x)).re for x in (1 + 0 * h, 1 + h, 1 - h))  # values alone
forward = np.abs((ahead - here) / h - exact)
central = np.abs((ahead - behind) / (2 * h) - exact)
dual = abs(directional_derivative(bump, np.array([1.0]), np.array([1.0]))[1] - exact)

fig, (left, right) = plt.subplots(1, 2, figsize=(10.5, 3.8), layout="constrained")
left.plot(theta, curve.re, color=plots.PALETTE[0], lw=2, label="$f$")
left.plot(theta, curve.du, "--", color=plots.PALETTE[1], lw=1.6, label="$f'$")
for k in (75, 160, 225):
    x = theta[k] + np.array([-0.4, 0.4])
    left.plot(x, curve.re[k] + curve.du[k] * (x - theta[k]), color="0.2", lw=1.4)
    left.plot(theta[k], curve.re[k], "o", color="0.2", ms=4)
left.set(xlabel=r"$\theta$", title="a curve and its slope, from one evaluation")
left.legend()
right.loglog(h, forward, ".-", color=plots.PALETTE[2], label="forward differences")
right.loglog(h, central, ".-", color=plots.PALETTE[3], label="central differences")
right.axhline(max(dual, 1e-17), color=plots.PALETTE[0], lw=2, label=f"dual numbers: {dual:.0e}")
right.set(xlabel="$h$", ylabel="error of the slope", ylim=(1e-19, 1e2), title="nothing to choose, nothing to lose")
right.legend(fontsize="small")
for ax in (left, right):
    ax.spines[["top", "right"]].set_visible(False)
plt.show()

# %% [markdown]
r"""
And what is a *program*? Anything, loops included. Below, forty steps of gradient descent on
$\frac12(\theta_1^2 + 10\,\theta_2^2)$ with a **dual learning rate** $\alpha$: the final loss arrives together with its
derivative by $\alpha$. Nobody would differentiate that on paper. Where the derivative crosses zero lies the best
$\alpha$ for forty steps, close to the $\alpha^* = 2/(1 + 10)$ that the first lab found for infinitely many.

One call gives the slope along **one** direction, so a gradient with $d$ entries takes $d$ calls. That is fine for a
learning rate and hopeless for a million weights. Unit 4 runs the same rules backwards and gets the whole gradient
from one pass (reverse mode, section 4.4).
"""

# %% tags=["picture"]
alpha = Dual(np.linspace(0.1, 0.2, 200), np.ones(200))
t1, t2 = 1.0, 1.0
for _ in range(40):
    t1, t2 = t1 - alpha * t1, t2 - alpha * (10 * t2)
log_loss = dlog((t1**2 + 10 * t2**2) / 2)
best = alpha.re[np.argmin(np.abs(log_loss.du))]

fig, (left, right) = plt.subplots(1, 2, figsize=(10.5, 3.4), layout="constrained", sharex=True)
left.plot(alpha.re, log_loss.re, color=plots.PALETTE[0], lw=2)
left.set(xlabel=r"$\alpha$", title="logarithm of the loss after forty steps")
right.plot(alpha.re, log_loss.du, color=plots.PALETTE[1], lw=2)
right.axhline(0, color="0.7", lw=0.8)
right.set(xlabel=r"$\alpha$", title=r"its derivative by $\alpha$, carried through the loop")
for ax in (left, right):
    ax.axvline(best, color="0.3", lw=1, ls=":", label=f"best for forty steps: {best:.4f}")
    ax.axvline(2 / 11, color=plots.PALETTE[2], lw=1, ls="--", label=rf"$\alpha^*$ of lab 1: {2 / 11:.4f}")
    ax.spines[["top", "right"]].set_visible(False)
left.legend(fontsize="small")
plt.show()

# %% [markdown] nbgrader={"grade": false, "grade_id": "about_newton_logistic", "locked": true, "schema_version": 3, "solution": false, "task": false}
r"""
## 2 Newton's method

Near $\theta$ a smooth function is almost a quadratic,
$C(\theta + s) \approx C(\theta) + \nabla C(\theta)^\top s + \frac12 s^\top H s$ with the Hessian
$H = \nabla^2 C(\theta)$. Gradient descent looks at the first two terms; **Newton's method** jumps to the minimum of
all three, $\theta \leftarrow \theta - H^{-1} \nabla C(\theta)$ (book, section 4.6). There is no learning rate.

For logistic regression with an $L_2$ penalty, $z = Xw$ (no bias) and $p = \sigma(z)$, both derivatives are short:

$$C(w) = \frac1n \sum_{i=1}^n \left[\log\!\left(1 + e^{z_i}\right) - y_i z_i\right] + \frac\lambda2 \|w\|^2,$$

$$g = \frac1n X^\top (p - y) + \lambda w, \qquad
H = \frac1n X^\top \operatorname{diag}\!\big(p_i (1 - p_i)\big)\, X + \lambda I, \qquad
w \leftarrow w - H^{-1} g.$$

**Write** `newton_logistic(X, y, lam, T)`: `X` (n, p), `y` (n,) of integers or floats 0 and 1, `lam` a positive
number, `T` the number of steps, 0 included. Start at $w = 0$. Return `(w, losses)` with `w` (p,) and `losses`
(T+1,): `losses[t]` is $C$ after `t` steps.

**Worked example.** One feature, samples $x = 2$ of class 1 and $x = -2$ of class 0, $\lambda = 1$, one step. At
$w = 0$ both probabilities are $\frac12$ and `losses[0]` is $\log 2$. Then $g = \frac12(2 \cdot (-\frac12) + (-2) \cdot \frac12) = -1$ and
$H = \frac12 (4 \cdot \frac14 + 4 \cdot \frac14) + 1 = 2$, so $w = 0 - \frac{-1}{2} = \frac12$ and `losses[1]` is
$\log(1 + e^{-1}) + \frac18$.

**What counts.** The whole history; columns of $X$ that are copies of each other with a small $\lambda$ (the penalty
keeps $H$ invertible). Solve a linear system rather than invert a matrix.
"""


# %% nbgrader={"grade": false, "grade_id": "newton_logistic", "locked": false, "schema_version": 3, "solution": true, "task": false}
def newton_logistic(X: np.ndarray, y: np.ndarray, lam: float, T: int) -> tuple[np.ndarray, np.ndarray]:
    """T Newton steps from w = 0 for logistic regression with penalty lam |w|^2 / 2.

    X (n, p), y (n,) in {0, 1}, lam > 0; returns w (p,), losses (T+1,).
    """
    ### BEGIN SOLUTION
    n, p = X.shape
    w = np.zeros(p)
    losses = np.empty(T + 1)
    for t in range(T + 1):
        z = X @ w
        losses[t] = np.mean(np.logaddexp(0.0, z) - y * z) + lam * (w @ w) / 2
        if t < T:
            prob = np.exp(-np.logaddexp(0.0, -z))
            g = X.T @ (prob - y) / n + lam * w
            H = (X.T * (prob * (1 - prob))) @ X / n + lam * np.eye(p)
            w = w - np.linalg.solve(H, g)
    return w, losses
    ### END SOLUTION


# %% nbgrader={"grade": false, "grade_id": "check_newton_logistic", "locked": true, "schema_version": 3, "solution": false, "task": false}
w, losses = newton_logistic(np.array([[2.0], [-2.0]]), np.array([1, 0]), 1.0, 1)
assert np.shape(w) == (1,), f"w has one entry for each column of X, here shape (1,), got {np.shape(w)}"
assert np.shape(losses) == (2,), f"one step makes two losses, before and after it; got shape {np.shape(losses)}"
assert np.allclose(w, 1 / 2), f"after the step of the worked example w is [0.5], got {w}"
assert np.isclose(losses[0], np.log(2)), f"losses[0] belongs to w = 0: log 2 = 0.69315, got {losses[0]}"
assert np.isclose(losses[1], np.log1p(np.exp(-1)) + 1 / 8), f"losses[1] is 0.43826, penalty included; got {losses[1]}"

# %% nbgrader={"grade": true, "grade_id": "test_newton_logistic", "locked": true, "points": 9, "schema_version": 3, "solution": false, "task": false}
### BEGIN HIDDEN TESTS
from autograder import mark

mark("unit03_optimization/newton_logistic", newton_logistic)
### END HIDDEN TESTS

# %% [markdown]
r"""
**What you built.** The neuron of unit 2, at the patients again, this time with only two of the thirty measurements:
the mean radius and the mean perimeter of a patient's cells. They say almost the same thing, so the loss is a long
narrow valley in $w$. Gradient descent drops into the valley and then crawls along it. Newton's method does not care
how narrow the valley is.
"""

# %% tags=["picture"]
X, y = data.breast_cancer()
X = (X - X.mean(0)) / X.std(0)
two, lam = X[:, [0, 2]], 1e-3


def loss(w):
    """The loss at many w at once: (..., 2) to (...)."""
    z = w @ two.T
    return np.mean(np.logaddexp(0.0, z) - y * z, axis=-1) + lam * np.sum(w**2, axis=-1) / 2


def descend(X, lam, alpha, T):
    """T steps of gradient descent; all points on the way, the start included."""
    path = [np.zeros(X.shape[1])]
    for _ in range(T):
        p = 1 / (1 + np.exp(-X @ path[-1]))
        path.append(path[-1] - alpha * (X.T @ (p - y) / len(y) + lam * path[-1]))
    return np.array(path)


rate = 4 / np.linalg.eigvalsh(two.T @ two / len(y))[-1]
paths = {
    "gradient descent, 300 steps": descend(two, lam, rate, 300),
    "Newton, 8 steps": np.array([newton_logistic(two, y, lam, t)[0] for t in range(9)]),
}
fig, (left, right) = plt.subplots(1, 2, figsize=(11, 4.2), layout="constrained")
best = newton_logistic(two, y, lam, 30)[0]
plots.descent_paths(loss, paths, left, minimum=best, title="two measurements that say almost the same")
left.set(xlabel="$w_1$ (radius)", ylabel="$w_2$ (perimeter)")
for k, (name, path) in enumerate(paths.items()):
    gap = np.maximum(loss(path) - loss(best), 1e-16)
    right.semilogy(gap, "s-" if k else "-", color=plots.PALETTE[k], ms=4, label=name)
right.set(xlabel="step", ylabel="$C(w) - C(w^*)$", title="how much is left", xlim=(-2, 60))
right.legend(fontsize="small")
right.spines[["top", "right"]].set_visible(False)
plt.show()

# %% [markdown]
r"""
Now all thirty measurements. Close to the minimum Newton's error is **squared** in every step,
$\|w^{(t+1)} - w^*\| \le K\, \|w^{(t)} - w^*\|^2$: the number of right digits doubles. Gradient descent multiplies its
error by a constant, which adds the same small number of digits per step. On the right, each error against the one
before it: a line of slope 1 for gradient descent, of slope 2 for Newton.
"""

# %% tags=["picture"]
lam = 0.01
w_best = newton_logistic(X, y, lam, 30)[0]
newton = np.array([newton_logistic(X, y, lam, t)[0] for t in range(10)])
first_order = descend(X, lam, 4 / np.linalg.eigvalsh(X.T @ X / len(y))[-1], 3000)
errors = {
    "gradient descent": np.linalg.norm(first_order - w_best, axis=1),
    "Newton": np.linalg.norm(newton - w_best, axis=1),
}

fig, (left, right) = plt.subplots(1, 2, figsize=(11, 3.8), layout="constrained")
for k, (name, e) in enumerate(errors.items()):
    left.loglog(np.arange(len(e)) + 1, np.maximum(e, 1e-16), "o-" if k else "-", color=plots.PALETTE[k], ms=4, label=name)
    near = (e[:-1] < 1) & (e[1:] > 1e-14)
    right.loglog(e[:-1][near], e[1:][near], "o" if k else ".", color=plots.PALETTE[k], ms=6 if k else 2, label=name)
x = np.logspace(-6, 0, 50)
right.loglog(x, 0.6 * x**2, ":", color="0.3", lw=1, label="slope 2")
left.set(xlabel="step + 1", ylabel="$\\|w^{(t)} - w^*\\|$", title="3000 steps of one, 9 of the other")
right.set(xlabel="error before the step", ylabel="error after the step", title="digits doubled, digits added")
for ax in (left, right):
    ax.legend(fontsize="small")
    ax.spines[["top", "right"]].set_visible(False)
plt.show()
for t, e in enumerate(errors["Newton"]):
    print(f"Newton step {t}: error {e:.1e}")

# %% [markdown] nbgrader={"grade": false, "grade_id": "about_bfgs_update", "locked": true, "schema_version": 3, "solution": false, "task": false}
r"""
## 3 Curvature from gradients alone: BFGS

A step $s = \theta^{(t+1)} - \theta^{(t)}$ changes the gradient by
$y = \nabla C(\theta^{(t+1)}) - \nabla C(\theta^{(t)})$. For a quadratic $y = Qs$: every step reveals one column's
worth of curvature for free. A **quasi-Newton method** keeps a matrix $H \approx (\nabla^2 C)^{-1}$, goes along
$-H\, \nabla C$, and after each step corrects $H$ as little as possible so that it explains what was just seen, the
**secant equation** $H' y = s$. The update of Broyden, Fletcher, Goldfarb and Shanno (book, section 4.6) is

$$\rho = \frac{1}{y^\top s}, \qquad
H' = \left(I - \rho\, s y^\top\right) H \left(I - \rho\, y s^\top\right) + \rho\, s s^\top .$$

It makes sense only where the ground curves upwards along $s$: if $y^\top s \le \varepsilon\, \|s\|\, \|y\|$, keep $H$
as it is.

**Write** `bfgs_update(H, s, y, eps=1e-10)`: `H` (d, d), symmetric and positive definite; `s` and `y` (d,). Return
$H'$ of shape (d, d).

**Worked example.** For $d = 1$ the first term vanishes and $H' = s / y$, one over the difference quotient of the
gradient: $H = 5$, $s = 3$, $y = 6$ gives $\frac12$. For $d = 2$ take $H = I$, $s = (1, 0)$ and $y = (2, 1)$. Then
$\rho = \frac12$ and

$$I - \rho\, s y^\top = \begin{pmatrix} 0 & -\frac12 \\ 0 & 1 \end{pmatrix}, \qquad
H' = \begin{pmatrix} \frac14 & -\frac12 \\ -\frac12 & 1 \end{pmatrix}
+ \begin{pmatrix} \frac12 & 0 \\ 0 & 0 \end{pmatrix}
= \begin{pmatrix} \frac34 & -\frac12 \\ -\frac12 & 1 \end{pmatrix}, \qquad H' y = (1, 0)^\top = s.$$

**What counts.** Where $H$ is updated, $H'$ is symmetric, positive definite, and satisfies the secant equation. Negative
curvature ($y^\top s < 0$) and $y = 0$ leave $H$ alone. `H` itself is not changed: you return a matrix.
"""


# %% nbgrader={"grade": false, "grade_id": "bfgs_update", "locked": false, "schema_version": 3, "solution": true, "task": false}
def bfgs_update(H: np.ndarray, s: np.ndarray, y: np.ndarray, eps: float = 1e-10) -> np.ndarray:
    """The BFGS update of an approximate inverse Hessian; H itself where the curvature along s is not positive.

    H (d, d) symmetric positive definite, s and y (d,); returns (d, d).
    """
    ### BEGIN SOLUTION
    curvature = y @ s
    if curvature <= eps * np.linalg.norm(s) * np.linalg.norm(y):
        return H.copy()
    left = np.eye(len(s)) - np.outer(s, y) / curvature
    return left @ H @ left.T + np.outer(s, s) / curvature
    ### END SOLUTION


# %% nbgrader={"grade": false, "grade_id": "check_bfgs_update", "locked": true, "schema_version": 3, "solution": false, "task": false}
H = bfgs_update(np.array([[5.0]]), np.array([3.0]), np.array([6.0]))
assert np.shape(H) == (1, 1), f"the result has the shape of H, here (1, 1), got {np.shape(H)}"
assert np.allclose(H, 1 / 2), f"in one dimension the result is s / y = 1/2, got {H}"
start, s, y = np.eye(2), np.array([1.0, 0.0]), np.array([2.0, 1.0])
H = bfgs_update(start, s, y)
assert np.allclose(H @ y, s), f"the secant equation H'y = s must hold: H'y is {H @ y}, s is {s}"
assert np.allclose(H, [[3 / 4, -1 / 2], [-1 / 2, 1]]), f"the worked example gives [[3/4, -1/2], [-1/2, 1]], got\n{H}"
assert np.array_equal(start, np.eye(2)), "H must not be changed: return a new matrix"
assert np.allclose(bfgs_update(start, s, -y), start), "with negative curvature (y's < 0) H stays as it is"

# %% nbgrader={"grade": true, "grade_id": "test_bfgs_update", "locked": true, "points": 10, "schema_version": 3, "solution": false, "task": false}
### BEGIN HIDDEN TESTS
from autograder import mark

mark("unit03_optimization/bfgs_update", bfgs_update)
### END HIDDEN TESTS

# %% [markdown]
r"""
**What you built.** Rosenbrock's valley from its classical start $(-1.2, 1)$: the direction $-H \nabla C$, a
backtracking search for the step as in the first lab, and your update, beside gradient descent with $\alpha = 0.001$.
Nobody computed a second derivative. In the middle, what is left of $C$; on the right, what $H$ has learned: the
ellipse $\{u : u^\top H^{-1} u = 1\}$ starts as a circle, turns with the valley, and ends on top of the one that belongs
to the true inverse Hessian at the minimum.
"""

# %% tags=["picture"]
def search(f, theta, g, direction):
    """The first of the steps 1, 1/2, 1/4, ... along the direction that pays off."""
    step = 1.0
    while f(theta + step * direction) > f(theta) + 1e-4 * step * (g @ direction) and step > 1e-12:
        step /= 2
    return step * direction


def bfgs(f, gradient, theta, T):
    """T steps of BFGS: all points and all matrices on the way."""
    H, g, points, matrices = np.eye(len(theta)), gradient(theta), [theta], [np.eye(len(theta))]
    for _ in range(T):
        s = search(f, theta, g, -H @ g)
        theta, g_new = theta + s, gradient(theta + s)
        H, g = bfgs_update(H, s, g_new - g), g_new
        points.append(theta)
        matrices.append(H)
    return np.array(points), matrices


start = np.array([-1.2, 1.0])
path, matrices = bfgs(data.rosenbrock, data.rosenbrock_gradient, start, 40)
plain = [start]
for _ in range(2000):
    plain.append(plain[-1] - 0.001 * data.rosenbrock_gradient(plain[-1]))
paths = {"gradient descent, 2000 steps": np.array(plain), "BFGS, 40 steps": path}

fig, (left, middle, right) = plt.subplots(1, 3, figsize=(14, 4.2), layout="constrained")
plots.descent_paths(data.rosenbrock, paths, left, minimum=(1, 1), ylim=(-0.4, 1.8), title="along the valley")
for k, (name, points) in enumerate(paths.items()):
    middle.loglog(np.maximum(data.rosenbrock(points), 1e-20), color=plots.PALETTE[k], lw=1.8, label=name)
middle.set(xlabel="step", ylabel=r"$C(\theta)$", title="how much is left")
middle.legend(fontsize="small")

angle = np.linspace(0, 2 * np.pi, 200)
circle = np.array([np.cos(angle), np.sin(angle)])
truth = np.linalg.inv(np.array([[802.0, -400.0], [-400.0, 200.0]]))  # the Hessian at (1, 1)
for k, (t, dash) in enumerate([(0, ":"), (10, "-."), (20, "--"), (40, "-")]):
    values, vectors = np.linalg.eigh(matrices[t])
    right.plot(*(vectors * np.sqrt(values)) @ circle, dash, color=plots.PALETTE[k], lw=2, label=f"$H$ after {t} steps")
values, vectors = np.linalg.eigh(truth)
right.plot(*(vectors * np.sqrt(values)) @ circle, color="black", lw=0.8, label="true inverse Hessian")
right.set(xlim=(-2.4, 1.5), ylim=(-1.6, 1.6), aspect="equal", title="curvature, learned from gradients")
right.legend(fontsize="small", loc="upper left")
for ax in (middle, right):
    ax.spines[["top", "right"]].set_visible(False)
plt.show()

# %% [markdown] nbgrader={"grade": false, "grade_id": "about_lbfgs_two_loop", "locked": true, "schema_version": 3, "solution": false, "task": false}
r"""
## 4 Without the matrix: L-BFGS

A network with a million parameters has no room for $H$ with its $10^{12}$ entries. But $H$ is only ever multiplied by
a gradient, and it is made of the pairs $(s_k, y_k)$. **Limited-memory BFGS** (book, section 4.6) keeps the last $m$
pairs and computes $Hg$ from them with vectors alone. With $\rho_k = 1 / (y_k^\top s_k)$:

1. $q = g$; from the **newest** pair to the oldest: $\alpha_k = \rho_k\, s_k^\top q$, then $q \leftarrow q - \alpha_k y_k$.
2. $r = \gamma q$ with $\gamma = \dfrac{s_m^\top y_m}{y_m^\top y_m}$ from the newest pair, so that $H_0 = \gamma I$ has
   about the right size.
3. From the **oldest** pair to the newest: $\beta = \rho_k\, y_k^\top r$, then $r \leftarrow r + (\alpha_k - \beta)\, s_k$.

Then $r = H g$, where $H$ is what $m$ BFGS updates make of $H_0$.

**Write** `lbfgs_direction(g, S, Y)`: `g` (d,); `S` and `Y` (m, d), row $k$ is a pair, the **oldest first**. Return
the direction $-Hg$ of shape (d,). An empty history (m = 0) gives $-g$. All pairs have $y_k^\top s_k > 0$.

**Worked example.** One pair, $s = (1, 0)$, $y = (2, 1)$, and $g = (2, 0)$. Then $\rho = \frac12$,
$\alpha = \frac12 \cdot 2 = 1$ and $q = (0, -1)$. With $\gamma = \frac25$ we get $r = (0, -\frac25)$,
$\beta = \frac12 \cdot (-\frac25) = -\frac15$, and $r = (\frac65, -\frac25)$. The direction is
$(-\frac65, \frac25)$.

**What counts.** Any number of pairs, also none, also more than $d$.
"""


# %% nbgrader={"grade": false, "grade_id": "lbfgs_two_loop", "locked": false, "schema_version": 3, "solution": true, "task": false}
def lbfgs_direction(g: np.ndarray, S: np.ndarray, Y: np.ndarray) -> np.ndarray:
    """The L-BFGS direction -Hg from the last m pairs, oldest first.

    g (d,), S and Y (m, d); returns (d,).
    """
    ### BEGIN SOLUTION
    m = len(S)
    if m == 0:
        return -g
    rho = 1 / np.sum(S * Y, axis=1)  # (m,)
    alpha = np.zeros(m)
    q = g
    for k in reversed(range(m)):
        alpha[k] = rho[k] * (S[k] @ q)
        q = q - alpha[k] * Y[k]
    r = (S[-1] @ Y[-1]) / (Y[-1] @ Y[-1]) * q
    for k in range(m):
        beta = rho[k] * (Y[k] @ r)
        r = r + (alpha[k] - beta) * S[k]
    return -r
    ### END SOLUTION


# %% nbgrader={"grade": false, "grade_id": "check_lbfgs_two_loop", "locked": true, "schema_version": 3, "solution": false, "task": false}
g = np.array([2.0, 0.0])
r = lbfgs_direction(g, np.zeros((0, 2)), np.zeros((0, 2)))
assert np.shape(r) == (2,), f"the direction has the shape of g, here (2,), got {np.shape(r)}"
assert np.allclose(r, -g), f"without any pair the direction is -g, got {r}"
r = lbfgs_direction(g, np.array([[1.0, 0.0]]), np.array([[2.0, 1.0]]))
assert np.allclose(r, [-6 / 5, 2 / 5]), f"the worked example gives (-6/5, 2/5), got {r}"
assert g.tolist() == [2, 0], f"g must not be changed, it is now {g}"

# %% nbgrader={"grade": true, "grade_id": "test_lbfgs_two_loop", "locked": true, "points": 8, "schema_version": 3, "solution": false, "task": false}
### BEGIN HIDDEN TESTS
from autograder import mark

mark("unit03_optimization/lbfgs_two_loop", lbfgs_direction)
### END HIDDEN TESTS

# %% [markdown]
r"""
**What you built.** Softmax regression on the digits has 640 weights. BFGS would carry a matrix of 409 600 numbers;
L-BFGS with $m = 10$ carries 20 vectors. All methods below use the same backtracking search, so a step costs about the
same for each. Already one pair, $m = 1$, is a different method from gradient descent.
"""

# %% tags=["picture"]
X, y = data.digits()
X, Y, lam = X - X.mean(0), np.eye(10)[y], 1e-5


def softmax_loss(w):
    Z = X @ w.reshape(10, 64).T
    top = Z.max(1)
    return np.mean(top + np.log(np.exp(Z - top[:, None]).sum(1)) - np.sum(Z * Y, axis=1)) + lam * (w @ w) / 2


def softmax_gradient(w):
    Z = X @ w.reshape(10, 64).T
    P = np.exp(Z - Z.max(1, keepdims=True))
    P /= P.sum(1, keepdims=True)
    return ((P - Y).T @ X / len(y)).ravel() + lam * w


def lbfgs(f, gradient, theta, m, T):
    """T steps of L-BFGS with the last m pairs; m = 0 is gradient descent. The losses on the way."""
    g, S, D, losses = gradient(theta), [], [], [f(theta)]
    for _ in range(T):
        shape = (len(S), len(theta))
        s = search(f, theta, g, lbfgs_direction(g, np.reshape(S, shape), np.reshape(D, shape)))
        theta, g_new = theta + s, gradient(theta + s)
        if (g_new - g) @ s > 1e-10 * np.linalg.norm(g_new - g) * np.linalg.norm(s):
            S, D = [*S, s][-m or len(S) + 1 :], [*D, g_new - g][-m or len(D) + 1 :]
        g = g_new
        losses.append(f(theta))
    return np.array(losses)


best = lbfgs(softmax_loss, softmax_gradient, np.zeros(640), 20, 160)[-1]
histories = {
    f"L-BFGS, m = {m}" if m else "gradient descent": lbfgs(softmax_loss, softmax_gradient, np.zeros(640), m, 100) - best
    for m in (0, 1, 3, 10)
}
plots.loss_curves(histories, title="640 weights, no matrix", ylabel="$C(w) - C(w^*)$", log=True)
plt.show()

# %% [markdown]
r"""
**Playground.** How much does memory buy: try $m = 30$. Start BFGS elsewhere, below at the book's $(0.4, -0.2)$: the very
first step, with $H = I$, is a wild one. What would happen with $H = 0.001\, I$? Or differentiate a program of your own
with `directional_derivative`: at which line does it fail, and why?
"""

# %% tags=["picture"]
path, _ = bfgs(data.rosenbrock, data.rosenbrock_gradient, np.array([0.4, -0.2]), 45)
plots.descent_paths(data.rosenbrock, {"BFGS, 45 steps": path}, minimum=(1, 1), title="around the bend")
plt.show()

# %% [markdown] nbgrader={"grade": false, "grade_id": "about_written_bfgs_secant", "locked": true, "schema_version": 3, "solution": false, "task": false}
r"""
## 5 Written: why BFGS may be trusted (5 points)

Let $H$ be symmetric and positive definite, $y^\top s \ne 0$, $\rho = 1 / (y^\top s)$ and
$H' = \left(I - \rho\, s y^\top\right) H \left(I - \rho\, y s^\top\right) + \rho\, s s^\top$ (book, section 4.6).

**(a)** Show that $H'$ satisfies the secant equation $H' y = s$.

**(b)** Show that $H'$ is positive definite **if and only if** $y^\top s > 0$.

*Marks: (a) 2. (b) 3: 2 for "if" (the quadratic form is a sum of two terms, neither is negative, and both vanish only
for the zero vector), 1 for "only if".*

Write mathematics between dollar signs. Double-click the cell below to begin.
"""

# %% [markdown] nbgrader={"grade": true, "grade_id": "written_bfgs_secant", "locked": false, "points": 5, "schema_version": 3, "solution": true, "task": false}
r"""
**(a)** Since $s^\top y = y^\top s$, we have
$\left(I - \rho\, y s^\top\right) y = y - \rho\, y\, (s^\top y) = y - y = 0$. So the first term of $H' y$ vanishes, and
$H' y = \rho\, s\, (s^\top y) = s$.

**(b)** For any $x \ne 0$ put $u = \left(I - \rho\, y s^\top\right) x = x - \rho\, (s^\top x)\, y$. The left factor of
$H'$ is the transpose of the right one, so

$$x^\top H' x = u^\top H u + \rho\, (s^\top x)^2 .$$

*If.* Let $y^\top s > 0$, so $\rho > 0$. The first term is $\ge 0$ since $H$ is positive definite, the second is
$\ge 0$. If $s^\top x \ne 0$, the second is positive. If $s^\top x = 0$, then $u = x \ne 0$ and the first is positive.
So $x^\top H' x > 0$ for every $x \ne 0$; and $H'$ is symmetric, because it equals its transpose.

*Only if.* Let $H'$ be positive definite. $y^\top s \ne 0$ implies $y \ne 0$, hence by (a)
$0 < y^\top H' y = y^\top s$.
"""
