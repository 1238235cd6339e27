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
# Down the valley

*Unit 3, lab 1. Book: chapter 4, sections 4.1 to 4.3 and 4.5.*

Training is walking downhill in the dark: at every point you may ask how high you are and where the ground falls most
steeply, nothing else. In the last unit plain gradient descent was good enough. In a long narrow valley it is not. It
jumps from wall to wall across the valley and hardly moves along it. **What makes a descent slow, and what makes it
fast?**

You first find out exactly how slow gradient descent is, on the one landscape where everything can be computed. Then
you build the remedies, each in a few lines: a search for the step, memory of the past steps, a look ahead, a step of
its own for every coordinate, and Adam, which puts these together and trains most networks today. At the end the
gradient itself becomes noisy.

The picture below is the book's valley (Rosenbrock's function, started at $(0.4, -0.2)$), and you will meet it again in
almost every section: the star is where we want to be.

As before: functions change none of their inputs. An update is *pure*: it takes the state and returns the new one.
Allowed are numpy and the standard library.
"""

# %% nbgrader={"grade": false, "grade_id": "setup_first_order", "locked": true, "schema_version": 3, "solution": false, "task": false}
import matplotlib.pyplot as plt
import numpy as np

from dlmath_kit import data, plots

# %% tags=["picture"]
book_start = np.array([0.4, -0.2])


def descend(step, T, theta, *state):
    """The points of T steps; step(t, theta, *state) gives the next theta and state, t = 1, ..., T."""
    points = [theta]
    for t in range(1, T + 1):
        theta, *state = step(t, theta, *state)
        points.append(theta)
    return np.array(points)


plain = descend(lambda t, theta: (theta - 0.001 * data.rosenbrock_gradient(theta),), 1000, book_start)
plots.descent_paths(
    data.rosenbrock,
    {"gradient descent, 1000 steps": plain},
    minimum=(1, 1),
    xlim=(-0.2, 1.25),
    ylim=(-0.45, 1.25),
    legend="lower right",
    title="a narrow valley: a few steps down, then a crawl",
)
plt.show()

# %% [markdown] nbgrader={"grade": false, "grade_id": "about_quadratic_rate", "locked": true, "schema_version": 3, "solution": false, "task": false}
r"""
## 1 How fast can gradient descent be?

Close to a minimum every smooth function looks like a quadratic $C(\theta) = \frac12 \theta^\top Q\, \theta$, with $Q$
symmetric and positive definite. There gradient descent is a multiplication:
$\theta^{(t+1)} = \theta^{(t)} - \alpha Q\, \theta^{(t)} = (I - \alpha Q)\, \theta^{(t)}$. Along the eigenvector with
eigenvalue $\lambda_i$ each step multiplies by $1 - \alpha \lambda_i$, so the whole shrinks by

$$\rho = \max_i \left|1 - \alpha \lambda_i\right|, \qquad
\alpha^* = \operatorname*{argmin}_\alpha\, \rho(\alpha) = \frac{2}{\lambda_{\min} + \lambda_{\max}}$$

per step, in the long run. With $\rho < 1$ gradient descent converges from everywhere, with $\rho > 1$ from almost
nowhere.

**Write** `quadratic_rate(Q, alpha)`: `Q` (d, d), symmetric and positive definite; `alpha` a number. Return the tuple
$(\rho, \alpha^*)$ of two numbers.

**Worked example.** $Q = \begin{pmatrix} 1 & 0 \\ 0 & 3 \end{pmatrix}$ and $\alpha = \frac14$: the factors are
$\frac34$ and $\frac14$, so $\rho = \frac34$; and $\alpha^* = \frac{2}{1 + 3} = \frac12$. For $Q = I$ all factors are
$1 - \alpha$ and $\alpha^* = 1$ arrives in one step.

**What counts.** $Q$ need not be diagonal. $\alpha$ may be anything, also so large that $\rho > 1$. Everything of
`numpy.linalg` is allowed, here and in all of this lab.
"""


# %% nbgrader={"grade": false, "grade_id": "quadratic_rate", "locked": false, "schema_version": 3, "solution": true, "task": false}
def quadratic_rate(Q: np.ndarray, alpha: float) -> tuple[float, float]:
    """Contraction factor of gradient descent on theta' Q theta / 2, and the best learning rate.

    Q (d, d) symmetric positive definite, alpha number; returns rho number, alpha* number.
    """
    ### BEGIN SOLUTION
    eigenvalues = np.linalg.eigvalsh(Q)  # in ascending order
    rho = np.max(np.abs(1 - alpha * eigenvalues))
    return float(rho), float(2 / (eigenvalues[0] + eigenvalues[-1]))
    ### END SOLUTION


# %% nbgrader={"grade": false, "grade_id": "check_quadratic_rate", "locked": true, "schema_version": 3, "solution": false, "task": false}
rho, best = quadratic_rate(np.diag([1.0, 3.0]), 0.25)
assert np.ndim(rho) == 0 and np.ndim(best) == 0, f"return two numbers, got {rho!r} and {best!r}"
assert np.isclose(rho, 3 / 4), f"with eigenvalues 1 and 3 and step 1/4 the factor is 3/4, got {rho}"
assert np.isclose(best, 1 / 2), f"with eigenvalues 1 and 3 the best learning rate is 1/2, got {best}"
rho, best = quadratic_rate(np.eye(3), 0.25)
assert np.allclose([rho, best], [3 / 4, 1]), f"for Q = I and step 1/4 expected (3/4, 1), got {(rho, best)}"

# %% nbgrader={"grade": true, "grade_id": "test_quadratic_rate", "locked": true, "points": 5, "schema_version": 3, "solution": false, "task": false}
### BEGIN HIDDEN TESTS
from autograder import mark

mark("unit03_optimization/quadratic_rate", quadratic_rate)
### END HIDDEN TESTS

# %% [markdown]
r"""
**What you built.** On the left your $\rho(\alpha)$ for five eigenvalues between 1 and 10, with the factor of each
single direction in grey. Short steps leave the flattest direction behind, long ones throw the steepest one out; at
$\alpha^*$ both ends are equally slow. On the right theory meets practice: gradient descent with $\alpha^*$ on random
quadratics (lines), and your $\rho^t$ (dashed). In the long run they are parallel.

Only the ratio $\kappa = \lambda_{\max} / \lambda_{\min}$ matters, the **condition number**:
$\rho(\alpha^*) = \frac{\kappa - 1}{\kappa + 1}$, so each decimal digit costs about $1.15\, \kappa$ steps. Rosenbrock's
valley has $\kappa \approx 2500$ at its minimum.
"""

# %% tags=["picture"]
spectrum = np.array([1.0, 2.0, 4.0, 7.0, 10.0])
alphas = np.linspace(0, 0.22, 200)
rates = [quadratic_rate(np.diag(spectrum), alpha)[0] for alpha in alphas]
best = quadratic_rate(np.diag(spectrum), 0.1)[1]

fig, (left, right) = plt.subplots(1, 2, figsize=(10, 3.6), layout="constrained")
for eigenvalue in spectrum:
    left.plot(alphas, np.abs(1 - alphas * eigenvalue), color="0.8", lw=1)
left.plot(alphas, rates, color=plots.PALETTE[0], lw=2.5, label=r"your $\rho(\alpha)$")
left.plot(best, quadratic_rate(np.diag(spectrum), best)[0], "o", color=plots.PALETTE[1], label=r"your $\alpha^*$")
left.axhline(1, color="0.4", ls=":", lw=1)
left.set(xlabel=r"$\alpha$", ylabel="factor per step", ylim=(0, 1.25), title="eigenvalues 1, 2, 4, 7, 10")
left.legend(loc="lower left")

rng = np.random.default_rng(0)
for k, kappa in enumerate((10, 100, 1000)):
    Q = data.quadratic(np.geomspace(1, kappa, 20), rng)
    alpha = quadratic_rate(Q, 0.0)[1]
    rho = quadratic_rate(Q, alpha)[0]
    points = descend(lambda t, theta, Q=Q, alpha=alpha: (theta - alpha * Q @ theta,), 400, rng.normal(size=20))
    distances = np.linalg.norm(points, axis=1)
    right.semilogy(distances, color=plots.PALETTE[k], lw=2, label=rf"$\kappa$ = {kappa}")
    right.semilogy(distances[0] * rho ** np.arange(401), "--", color=plots.PALETTE[k], lw=1)
right.set(xlabel="step", ylabel="distance to the minimum", ylim=(1e-12, 20), title=r"with $\alpha^*$: 20 dimensions")
right.legend()
for ax in (left, right):
    ax.spines[["top", "right"]].set_visible(False)
plt.show()

# %% [markdown] nbgrader={"grade": false, "grade_id": "about_backtracking_gd", "locked": true, "schema_version": 3, "solution": false, "task": false}
r"""
## 2 Looking before leaping: backtracking

Nobody tells us the eigenvalues of a real landscape. A line search finds the step instead, by trial: start with a bold
$\alpha_0$ and shrink it until the step pays off (book, section 4.5). With $g = \nabla C(\theta)$ the function falls at
the rate $\lVert g \rVert^2$ along $-g$; **Armijo's condition** asks for the share $c$ of what that rate promises:

$$C(\theta - \alpha g) \le C(\theta) - c\, \alpha\, \lVert g \rVert^2$$

One iteration: stop if $\lVert g \rVert \le$ `tol`; otherwise set $\alpha = \alpha_0$, replace $\alpha$ by
$\rho\, \alpha$ as long as the condition does not hold, and then move, $\theta \leftarrow \theta - \alpha g$. (This
$\rho$ is a shrink factor that you choose, not the rate of exercise 1.)

**Write** `backtracking_gd(f, grad, theta0, alpha0=1.0, c=1e-4, rho=0.5, tol=1e-8, max_iter=1000)`: `f` gives a number
for a vector, `grad` a vector of shape (d,); `theta0` is (d,). Take at most `max_iter` steps. Return
`(theta, steps)`: the last point (d,) and the array of the accepted $\alpha$, one per step, in order.

**Worked example.** $C(\theta) = \theta^2$ from $\theta = 1$ with $\alpha_0 = 1$, $\rho = \frac12$: here $g = 2$. The
trial $\alpha = 1$ leads to $\theta = -1$ with $C = 1$, no gain; $\alpha = \frac12$ leads to $\theta = 0$ with
$C = 0 \le 1 - 2c$. So `steps` is $(\frac12)$, and at $\theta = 0$ the gradient vanishes: finished.

**What counts.** The point and every accepted step. A start at which the gradient is already 0 makes no step: `steps`
is an empty array, of shape (0,). `theta0` is unchanged afterwards.
"""


# %% nbgrader={"grade": false, "grade_id": "backtracking_gd", "locked": false, "schema_version": 3, "solution": true, "task": false}
def backtracking_gd(
    f,
    grad,
    theta0: np.ndarray,
    alpha0: float = 1.0,
    c: float = 1e-4,
    rho: float = 0.5,
    tol: float = 1e-8,
    max_iter: int = 1000,
) -> tuple[np.ndarray, np.ndarray]:
    """Gradient descent with Armijo's condition; returns theta (d,) and the accepted steps (T,)."""
    ### BEGIN SOLUTION
    theta = np.array(theta0, dtype=float)
    steps = []
    while len(steps) < max_iter:
        g = grad(theta)
        if np.linalg.norm(g) <= tol:
            break
        alpha, value = alpha0, f(theta)
        while f(theta - alpha * g) > value - c * alpha * np.sum(g**2):
            alpha = rho * alpha
        theta = theta - alpha * g
        steps.append(alpha)
    return theta, np.array(steps)
    ### END SOLUTION


# %% nbgrader={"grade": false, "grade_id": "check_backtracking_gd", "locked": true, "schema_version": 3, "solution": false, "task": false}
start = np.array([1.0])
theta, steps = backtracking_gd(lambda t: np.sum(t**2), lambda t: 2 * t, start)
assert np.shape(theta) == (1,), f"theta must have the shape of theta0, here (1,), got {np.shape(theta)}"
assert np.allclose(theta, 0), f"the minimum of the worked example is 0, got {theta}"
assert isinstance(steps, np.ndarray), f"steps must be an array, got {type(steps).__name__}"
assert np.shape(steps) == (1,) and np.allclose(steps, 1 / 2), f"one step with alpha 1/2 is taken, got {steps}"
assert start.tolist() == [1], f"theta0 must not be changed, it is now {start}"
theta, steps = backtracking_gd(lambda t: np.sum(t**2), lambda t: 2 * t, np.zeros(2))
assert np.shape(steps) == (0,), f"at the minimum no step is taken: an empty array of steps, got {steps!r}"

# %% nbgrader={"grade": true, "grade_id": "test_backtracking_gd", "locked": true, "points": 7, "schema_version": 3, "solution": false, "task": false}
### BEGIN HIDDEN TESTS
from autograder import mark

mark("unit03_optimization/backtracking_gd", backtracking_gd)
### END HIDDEN TESTS

# %% [markdown]
r"""
**What you built.** Nobody told it the eigenvalues, and yet it walks down the book's valley without a single step
upwards. On the right the steps that it accepted: three to ten times as long as the fixed one, and not always the
same. A look at the path shows what a line search cannot repair: the *direction* is still that of the steepest
descent, to and fro between the walls.
"""

# %% tags=["picture"]
theta, steps = backtracking_gd(data.rosenbrock, data.rosenbrock_gradient, book_start, c=0.1, rho=0.7, max_iter=1000)
points = [book_start]
for alpha in steps:
    points.append(points[-1] - alpha * data.rosenbrock_gradient(points[-1]))

fig, (left, right) = plt.subplots(1, 2, figsize=(11, 4), layout="constrained", width_ratios=(3, 2))
plots.descent_paths(
    data.rosenbrock,
    {"fixed step 0.001": plain, "backtracking": points},
    left,
    minimum=(1, 1),
    xlim=(-0.2, 1.25),
    ylim=(-0.45, 1.25),
    legend="lower right",
    title="1000 steps each",
)
right.semilogy(steps[:200], ".", color=plots.PALETTE[1], ms=4)
right.axhline(0.001, color=plots.PALETTE[0], lw=1)
right.set(xlabel="step", ylabel=r"accepted $\alpha$", title="the steps that paid off")
right.spines[["top", "right"]].set_visible(False)
plt.show()
print(
    f"height after 1000 steps: {data.rosenbrock(plain[-1]):.5f} with the fixed step, {data.rosenbrock(theta):.5f} searched"
)

# %% [markdown] nbgrader={"grade": false, "grade_id": "about_momentum", "locked": true, "schema_version": 3, "solution": false, "task": false}
r"""
## 3 Memory: momentum

Across the valley the gradients point to and fro, along it they always point the same way. Averaging them cancels the
first and keeps the second. The velocity $v$ is an exponentially weighted average of the gradients, and $\theta$ moves
along it (book, section 4.3):

$$v^{(t+1)} = \beta\, v^{(t)} + (1 - \beta)\, \nabla C(\theta^{(t)}), \qquad
\theta^{(t+1)} = \theta^{(t)} - \alpha\, v^{(t+1)}$$

**Write** `momentum_step(theta, g, v, alpha, beta)`: `theta`, the gradient `g` and the velocity `v` are arrays of one
shape, any shape, 0-dimensional ones included; `alpha` and `beta` are numbers, $0 \le \beta < 1$. Return the new
`(theta, v)`.

**Worked example.** $\theta = 1$, $g = 2$, $v = 4$, $\alpha = \frac12$, $\beta = \frac34$: the new velocity is
$\frac34 \cdot 4 + \frac14 \cdot 2 = \frac72$, the new point $1 - \frac12 \cdot \frac72 = -\frac34$.

**What counts.** The book's form, with the weight $1 - \beta$. (Libraries often leave it out: their learning rate is
then $(1 - \beta)$ times ours for the same path.) `theta`, `g` and `v` are the same afterwards as before.
"""


# %% nbgrader={"grade": false, "grade_id": "momentum", "locked": false, "schema_version": 3, "solution": true, "task": false}
def momentum_step(
    theta: np.ndarray, g: np.ndarray, v: np.ndarray, alpha: float, beta: float
) -> tuple[np.ndarray, np.ndarray]:
    """One step of gradient descent with momentum; theta, g, v of one shape; returns the new theta and v."""
    ### BEGIN SOLUTION
    v_new = beta * v + (1 - beta) * g
    return theta - alpha * v_new, v_new
    ### END SOLUTION


# %% nbgrader={"grade": false, "grade_id": "check_momentum", "locked": true, "schema_version": 3, "solution": false, "task": false}
theta, g, v = np.array(1.0), np.array(2.0), np.array(4.0)
theta_new, v_new = momentum_step(theta, g, v, 0.5, 0.75)
assert np.isclose(v_new, 7 / 2), f"the new velocity of the worked example is 7/2, got {v_new}"
assert np.isclose(theta_new, -3 / 4), f"the new theta of the worked example is -3/4, got {theta_new}"
assert [theta, g, v] == [1, 2, 4], f"theta, g and v must not be changed, they are now {theta}, {g}, {v}"
theta_new, v_new = momentum_step(np.zeros((3, 2)), np.ones((3, 2)), np.zeros((3, 2)), 1.0, 0.5)
assert np.shape(theta_new) == np.shape(v_new) == (3, 2), f"expected shapes (3, 2), got {np.shape(theta_new)}"

# %% nbgrader={"grade": true, "grade_id": "test_momentum", "locked": true, "points": 7, "schema_version": 3, "solution": false, "task": false}
### BEGIN HIDDEN TESTS
from autograder import mark

mark("unit03_optimization/momentum", momentum_step)
### END HIDDEN TESTS

# %% [markdown]
r"""
**What you built.** The same valley and the same number of gradients. Momentum overshoots the first wall, swings a few
times, and then runs along the valley floor, because there all gradients agree. On the right a single coordinate of a
quadratic: the longer the memory, the wider it swings. Why it swings at all, you will explain at the end of the lab.
"""

# %% tags=["picture"]
heavy = descend(
    lambda t, theta, v: momentum_step(theta, data.rosenbrock_gradient(theta), v, 0.01, 0.9),
    300,
    book_start,
    np.zeros(2),
)
fig, (left, right) = plt.subplots(1, 2, figsize=(11, 4), layout="constrained", width_ratios=(3, 2))
plots.descent_paths(
    data.rosenbrock,
    {"gradient descent": plain[:301], r"momentum, $\beta$ = 0.9": heavy},
    left,
    minimum=(1, 1),
    xlim=(-0.2, 1.25),
    ylim=(-0.45, 1.25),
    legend="lower right",
    title="300 steps each",
)
for k, beta in enumerate((0.0, 0.6, 0.9)):
    swing = descend(
        lambda t, theta, v, beta=beta: momentum_step(theta, theta, v, 0.5, beta), 60, np.array(1.0), np.array(0.0)
    )
    right.plot(swing, color=plots.PALETTE[k], ls=("-", "--", "-.")[k], lw=1.8, label=rf"$\beta$ = {beta}")
right.axhline(0, color="0.7", lw=0.8, zorder=0)
right.set(xlabel="step", ylabel=r"$\theta$", title=r"$C(\theta) = \theta^2 / 2$, $\alpha = 0.5$")
right.legend()
right.spines[["top", "right"]].set_visible(False)
plt.show()

# %% [markdown] nbgrader={"grade": false, "grade_id": "about_nesterov", "locked": true, "schema_version": 3, "solution": false, "task": false}
r"""
## 4 Looking ahead: Nesterov

Momentum notices too late that the ground rises again. But part of the next step is known before any gradient is
asked: the old velocity carries $\theta$ to $\theta - \alpha \beta v$ anyway. Nesterov's idea is to ask for the gradient
**there** (book, section 4.5):

$$v^{(t+1)} = \beta\, v^{(t)} + (1 - \beta)\, \nabla C\!\left(\theta^{(t)} - \alpha \beta\, v^{(t)}\right), \qquad
\theta^{(t+1)} = \theta^{(t)} - \alpha\, v^{(t+1)}$$

**Write** `nesterov_step(theta, grad, v, alpha, beta)`: `grad` is a function that gives the gradient at a point, of the
point's shape; `theta` and `v` are arrays of one shape. Return the new `(theta, v)`.

**Worked example.** $C(\theta) = \theta^2$, $\theta = 1$, $v = 1$, $\alpha = \beta = \frac12$. Looking ahead to
$1 - \frac14 = \frac34$ we see the gradient $\frac32$. So the new velocity is
$\frac12 \cdot 1 + \frac12 \cdot \frac32 = \frac54$ and the new point $1 - \frac12 \cdot \frac54 = \frac38$.

**What counts.** `grad` is called exactly once: gradients are what costs. The inputs are unchanged afterwards.
"""


# %% nbgrader={"grade": false, "grade_id": "nesterov", "locked": false, "schema_version": 3, "solution": true, "task": false}
def nesterov_step(theta: np.ndarray, grad, v: np.ndarray, alpha: float, beta: float) -> tuple[np.ndarray, np.ndarray]:
    """One step of Nesterov's momentum; grad(point) gives the gradient; returns the new theta and v."""
    ### BEGIN SOLUTION
    v_new = beta * v + (1 - beta) * grad(theta - alpha * beta * v)
    return theta - alpha * v_new, v_new
    ### END SOLUTION


# %% nbgrader={"grade": false, "grade_id": "check_nesterov", "locked": true, "schema_version": 3, "solution": false, "task": false}
asked = []
theta_new, v_new = nesterov_step(np.array([1.0]), lambda t: (asked.append(t), 2 * t)[1], np.array([1.0]), 0.5, 0.5)
assert len(asked) == 1, f"grad must be called once, it was called {len(asked)} times"
assert np.allclose(v_new, 5 / 4), f"the new velocity of the worked example is 5/4, got {v_new}"
assert np.allclose(theta_new, 3 / 8), f"the new theta of the worked example is 3/8, got {theta_new}"
theta_new, v_new = nesterov_step(np.array([1.0]), lambda t: 2 * t, np.zeros(1), 0.5, 0.5)
assert np.allclose(theta_new, 1 / 2), f"without velocity the step is -alpha (1 - beta) g: expected 1/2, got {theta_new}"

# %% nbgrader={"grade": true, "grade_id": "test_nesterov", "locked": true, "points": 8, "schema_version": 3, "solution": false, "task": false}
### BEGIN HIDDEN TESTS
from autograder import mark

mark("unit03_optimization/nesterov", nesterov_step)
### END HIDDEN TESTS

# %% [markdown]
r"""
**What you built.** A quadratic with $\kappa = 1000$ in 20 dimensions, where plain gradient descent has its best
possible step. With memory the exponent changes: the number of steps grows with $\sqrt\kappa$, no longer with
$\kappa$. The look ahead does not make the long run faster, but it calms the swinging, most of all across the
valley: compare the first steps on the right.
"""

# %% tags=["picture"]
rng = np.random.default_rng(1)
Q = data.quadratic(np.geomspace(1, 1000, 20), rng)
far, rest = rng.normal(size=20), np.zeros(20)
alpha = quadratic_rate(Q, 0.0)[1]
beta, eta = 0.94, 1 / 1000  # alpha (1 - beta) = eta, the step that libraries call the learning rate
runs = {
    r"gradient descent, best $\alpha$": descend(lambda t, theta: (theta - alpha * Q @ theta,), 600, far),
    "momentum": descend(lambda t, theta, v: momentum_step(theta, Q @ theta, v, eta / (1 - beta), beta), 600, far, rest),
    "Nesterov": descend(
        lambda t, theta, v: nesterov_step(theta, lambda u: Q @ u, v, eta / (1 - beta), beta), 600, far, rest
    ),
}
slope = data.rosenbrock_gradient
ahead = descend(lambda t, theta, v: nesterov_step(theta, slope, v, 0.01, 0.9), 300, book_start, np.zeros(2))

fig, (left, right) = plt.subplots(1, 2, figsize=(11, 4), layout="constrained")
distances = {name: np.linalg.norm(points, axis=1) for name, points in runs.items()}
plots.loss_curves(distances, left, ylabel="distance to the minimum", title=r"$\kappa$ = 1000", log=True)
plots.descent_paths(
    data.rosenbrock,
    {"momentum": heavy, "Nesterov": ahead},
    right,
    minimum=(1, 1),
    xlim=(-0.2, 1.25),
    ylim=(-0.45, 1.25),
    legend="lower right",
    title=r"300 steps each, $\beta$ = 0.9",
)
plt.show()

# %% [markdown] nbgrader={"grade": false, "grade_id": "about_rmsprop_adagrad", "locked": true, "schema_version": 3, "solution": false, "task": false}
r"""
## 5 A step for every coordinate: AdaGrad and RMSprop

One parameter is measured in millimetres, another in kilometres: their gradients differ by a factor of a million, and
no single $\alpha$ suits both. Divide each coordinate by the size that its own gradients usually have (book, section
4.3). The accumulator $s$ collects their squares; all operations are element-wise:

$$\text{AdaGrad:} \quad s^{(t+1)} = s^{(t)} + g \odot g, \qquad\qquad
\text{RMSprop:} \quad s^{(t+1)} = \beta\, s^{(t)} + (1 - \beta)\, g \odot g,$$

$$\theta^{(t+1)} = \theta^{(t)} - \alpha\, \frac{g}{\sqrt{s^{(t+1)}} + \varepsilon} \qquad \text{in both}.$$

**Write** `rmsprop_step(theta, g, s, alpha, beta, eps)` and `adagrad_step(theta, g, s, alpha, eps)` for arrays `theta`,
`g`, `s` of one shape, any shape. Both return the new `(theta, s)`.

**Worked example.** RMSprop with $\theta = 1$, $g = 5$, $s = 13$, $\beta = \frac34$, $\varepsilon = 1$, $\alpha = 1$: the
accumulator becomes $\frac{3 \cdot 13 + 25}{4} = 16$, and $\theta$ becomes $1 - \frac{5}{4 + 1} = 0$. AdaGrad with
$\theta = 1$, $g = 3$, $s = 16$, $\varepsilon = 1$, $\alpha = 1$: $s = 25$ and $\theta = 1 - \frac{3}{5 + 1} = \frac12$.

**Convention.** $\varepsilon$ is added to the root, not under it. It keeps the quotient finite.

**What counts.** A coordinate with $g = 0$ and $s = 0$ stays where it is. The inputs are unchanged afterwards.
"""


# %% nbgrader={"grade": false, "grade_id": "rmsprop_adagrad", "locked": false, "schema_version": 3, "solution": true, "task": false}
def rmsprop_step(
    theta: np.ndarray, g: np.ndarray, s: np.ndarray, alpha: float, beta: float, eps: float
) -> tuple[np.ndarray, np.ndarray]:
    """One step of RMSprop; theta, g, s of one shape; returns the new theta and s."""
    ### BEGIN SOLUTION
    s_new = beta * s + (1 - beta) * g**2
    return theta - alpha * g / (np.sqrt(s_new) + eps), s_new
    ### END SOLUTION


def adagrad_step(
    theta: np.ndarray, g: np.ndarray, s: np.ndarray, alpha: float, eps: float
) -> tuple[np.ndarray, np.ndarray]:
    """One step of AdaGrad; theta, g, s of one shape; returns the new theta and s."""
    ### BEGIN SOLUTION
    s_new = s + g**2
    return theta - alpha * g / (np.sqrt(s_new) + eps), s_new
    ### END SOLUTION


# %% nbgrader={"grade": false, "grade_id": "check_rmsprop_adagrad", "locked": true, "schema_version": 3, "solution": false, "task": false}
theta_new, s_new = rmsprop_step(np.array([1.0]), np.array([5.0]), np.array([13.0]), 1.0, 0.75, 1.0)
assert np.allclose(s_new, 16), f"RMSprop: the accumulator of the worked example becomes 16, got {s_new}"
assert np.allclose(theta_new, 0), f"RMSprop: theta of the worked example becomes 0, got {theta_new}"
theta_new, s_new = adagrad_step(np.array([1.0]), np.array([3.0]), np.array([16.0]), 1.0, 1.0)
assert np.allclose(s_new, 25), f"AdaGrad: the accumulator of the worked example becomes 25, got {s_new}"
assert np.allclose(theta_new, 1 / 2), f"AdaGrad: theta of the worked example becomes 1/2, got {theta_new}"

# %% nbgrader={"grade": true, "grade_id": "test_rmsprop_adagrad", "locked": true, "points": 8, "schema_version": 3, "solution": false, "task": false}
### BEGIN HIDDEN TESTS
from autograder import mark

mark("unit03_optimization/rmsprop_adagrad", rmsprop_step, adagrad_step)
### END HIDDEN TESTS

# %% [markdown]
r"""
**What you built.** Ten coordinates whose curvatures run from 1 to 10 000, as if each was measured in a unit of its
own. On the left the axes of the bowl are the coordinate axes: AdaGrad and RMSprop see every unit and undo it, gradient
descent has to take the step that suits the steepest coordinate. On the right the same bowl, turned: now no coordinate
is steeper than another, and after a good start they creep too. Scaling coordinates is not the same as knowing the
curvature; for that, see the next lab.

RMSprop forgets. Close to the minimum it has seen small gradients only, divides by little and is thrown out again: it
ends in a jitter of the size of $\alpha$. AdaGrad never forgets: it slows down by itself, on long runs too much.
"""

# %% tags=["picture"]
spectrum, T = np.geomspace(1, 1e4, 10), 400
bowls = {"curvatures along the axes": np.diag(spectrum), "the same, turned": data.quadratic(spectrum, rng)}
far, zero = rng.normal(size=10), np.zeros(10)
fig, axes = plt.subplots(1, 2, figsize=(11, 3.8), layout="constrained", sharey=True)
for ax, (name, Q) in zip(axes, bowls.items(), strict=True):
    alpha = quadratic_rate(Q, 0.0)[1]
    runs = {
        "gradient descent": descend(lambda t, theta, Q=Q, a=alpha: (theta - a * Q @ theta,), T, far),
        "AdaGrad": descend(lambda t, theta, s, Q=Q: adagrad_step(theta, Q @ theta, s, 0.5, 1e-8), T, far, zero),
        "RMSprop": descend(lambda t, theta, s, Q=Q: rmsprop_step(theta, Q @ theta, s, 0.01, 0.9, 1e-8), T, far, zero),
    }
    losses = {method: np.sum(points * (points @ Q), axis=1) / 2 for method, points in runs.items()}
    plots.loss_curves(losses, ax, title=name, ylabel="$C$", log=True)
    ax.set_ylim(1e-8, 1e5)
plt.show()

# %% [markdown] nbgrader={"grade": false, "grade_id": "about_adam", "locked": true, "schema_version": 3, "solution": false, "task": false}
r"""
## 6 Adam

Adam (from *adaptive moments*) is momentum and RMSprop in one: an average $m$ of the gradients says where to go, an
average $v$ of their squares how far (book, section 4.3; Kingma and Ba, 2015). Both averages start at 0 and are at
first too small. After $t$ steps their weights sum to $1 - \beta^t$ only, so one divides by that: the **bias
correction**.

$$m' = \beta_1 m + (1 - \beta_1)\, g, \qquad v' = \beta_2 v + (1 - \beta_2)\, g \odot g, \qquad
\hat m = \frac{m'}{1 - \beta_1^t}, \qquad \hat v = \frac{v'}{1 - \beta_2^t}$$

$$\theta' = \theta - \alpha\, \frac{\hat m}{\sqrt{\hat v} + \varepsilon}$$

**Write** `adam_step(theta, g, m, v, t, alpha=1e-3, beta1=0.9, beta2=0.999, eps=1e-8)`: `theta`, `g`, `m`, `v` are arrays
of one shape; `t` is the number of this step, **1 for the first**. Return `(theta, m, v)` with the new, *uncorrected*
averages $m'$ and $v'$: the correction belongs to this step only.

**Worked example.** First step from $\theta = 1$, $m = v = 0$ with $g = 2$ and $\alpha = 0.1$: $m' = 0.2$,
$v' = 0.004$, $\hat m = 2$, $\hat v = 4$, so $\theta' = 1 - 0.1 \cdot \frac22 = 0.9$. The first step has the length
$\alpha$ in every coordinate, whatever the size of $g$.

**Convention.** $\varepsilon$ is added to $\sqrt{\hat v}$, after the correction.

**What counts.** Any $t$ from 1 to $10^9$ and any state. Zero gradients make no nan. The inputs are unchanged
afterwards.
"""


# %% nbgrader={"grade": false, "grade_id": "adam", "locked": false, "schema_version": 3, "solution": true, "task": false}
def adam_step(
    theta: np.ndarray,
    g: np.ndarray,
    m: np.ndarray,
    v: np.ndarray,
    t: int,
    alpha: float = 1e-3,
    beta1: float = 0.9,
    beta2: float = 0.999,
    eps: float = 1e-8,
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Step t = 1, 2, … of Adam; theta, g, m, v of one shape; returns the new theta, m, v (m, v uncorrected)."""
    ### BEGIN SOLUTION
    m_new = beta1 * m + (1 - beta1) * g
    v_new = beta2 * v + (1 - beta2) * g**2
    m_hat = m_new / (1 - beta1**t)
    v_hat = v_new / (1 - beta2**t)
    return theta - alpha * m_hat / (np.sqrt(v_hat) + eps), m_new, v_new
    ### END SOLUTION


# %% nbgrader={"grade": false, "grade_id": "check_adam", "locked": true, "schema_version": 3, "solution": false, "task": false}
theta_new, m_new, v_new = adam_step(np.array([1.0]), np.array([2.0]), np.zeros(1), np.zeros(1), 1, alpha=0.1)
assert np.allclose(m_new, 0.2), f"m' of the worked example is 0.2, got {m_new}"
assert np.allclose(v_new, 0.004), f"v' of the worked example is 0.004, got {v_new}"
assert np.allclose(theta_new, 0.9), f"theta of the worked example becomes 0.9, got {theta_new}"
g = np.array([[1e-3, -5.0], [200.0, -0.1]])
theta_new, _, _ = adam_step(np.zeros((2, 2)), g, np.zeros((2, 2)), np.zeros((2, 2)), 1)
assert np.allclose(theta_new, -1e-3 * np.sign(g), atol=1e-7), f"the first step is -alpha sign(g), got {theta_new}"

# %% nbgrader={"grade": true, "grade_id": "test_adam", "locked": true, "points": 11, "schema_version": 3, "solution": false, "task": false}
### BEGIN HIDDEN TESTS
from autograder import mark

mark("unit03_optimization/adam", adam_step)
### END HIDDEN TESTS

# %% [markdown]
r"""
**What you built.** On the left what the bias correction does. The gradients here are 1 plus noise, so an honest
average is near 1 from the first step on. Without correction $m'$ needs 30 steps to get there and $\sqrt{v'}$ more than
a thousand; their quotient, which is the length of the step, starts three times too long and rises further. On the
right this lab's methods in the valley. Adam does not win: with two coordinates of about the same scale there is
little to adapt.
"""

# %% tags=["picture"]
rng = np.random.default_rng(0)
noisy = 1 + 0.3 * rng.normal(size=1500)
averages = descend(lambda t, x, m, v: adam_step(x, noisy[t - 1], m, v, t, alpha=1.0), 1500, *np.zeros((3, 1)))[:, 0]
biased = descend(lambda t, x, m, v: adam_step(x, noisy[t - 1], m, v, 10**9, alpha=1.0), 1500, *np.zeros((3, 1)))[:, 0]

fig, (left, right) = plt.subplots(1, 2, figsize=(11, 4), layout="constrained", width_ratios=(2, 3))
left.semilogx(np.arange(1, 1501), -np.diff(averages), color=plots.PALETTE[0], label="with correction")
left.semilogx(np.arange(1, 1501), -np.diff(biased), "--", color=plots.PALETTE[1], label="without")
left.axhline(1, color="0.7", lw=0.8, zorder=0)
left.set(xlabel="step", ylabel=r"length of the step / $\alpha$", ylim=(0, None), title="the first steps of Adam")
left.legend()
left.spines[["top", "right"]].set_visible(False)

T, zero = 300, np.zeros(2)
paths = {
    "gradient descent": plain[: T + 1],
    "momentum": heavy,
    "RMSprop": descend(lambda t, theta, s: rmsprop_step(theta, slope(theta), s, 0.01, 0.9, 1e-8), T, book_start, zero),
    "Adam": descend(
        lambda t, theta, m, v: adam_step(theta, slope(theta), m, v, t, alpha=0.03), T, book_start, zero, zero
    ),
}
plots.descent_paths(
    data.rosenbrock,
    paths,
    right,
    minimum=(1, 1),
    xlim=(-0.2, 1.25),
    ylim=(-0.45, 1.25),
    legend="lower right",
    title="300 steps each",
)
plt.show()

# %% [markdown]
r"""
And on real measurements: the tumours of unit 2, this time **without** standardising, as they came from the
microscope. Some of the thirty columns are in thousandths, others in thousands. Gradient descent gets the best of
nine learning rates, Adam a common one. Adam repairs much of the damage. Standardising, as in unit 2, repairs more and
costs one line: an optimiser does not replace a look at the data.
"""

# %% tags=["picture"]
X, y = data.breast_cancer()


def logistic_gradient(theta, rows):
    """Gradient of the logistic loss of some rows; theta (31,), the last entry is the bias."""
    residual = 0.5 * (1 + np.tanh((rows @ theta[:-1] + theta[-1]) / 2)) - y
    return np.append(rows.T @ residual, residual.sum()) / len(y)


def logistic_loss(theta, rows):
    z = rows @ theta[:-1] + theta[-1]
    return np.mean(np.logaddexp(0, z) - y * z)


T, zero = 500, np.zeros(31)
candidates = [
    descend(lambda t, theta, a=a: (theta - a * logistic_gradient(theta, X),), T, zero) for a in 10.0 ** np.arange(-9, 0)
]
adam = descend(lambda t, theta, m, v: adam_step(theta, logistic_gradient(theta, X), m, v, t, 0.01), T, *[zero] * 3)
standard = (X - X.mean(0)) / X.std(0)
scaled = descend(lambda t, theta: (theta - 1.0 * logistic_gradient(theta, standard),), T, zero)
raw = min(([logistic_loss(theta, X) for theta in points] for points in candidates), key=lambda losses: losses[-1])
plots.loss_curves(
    {
        "gradient descent, raw": raw,
        "Adam, raw": [logistic_loss(theta, X) for theta in adam],
        "gradient descent, standardised": [logistic_loss(theta, standard) for theta in scaled],
    },
    title="logistic loss on 569 tumours",
    log=True,
)
plt.show()

# %% [markdown] nbgrader={"grade": false, "grade_id": "about_sgd_schedule", "locked": true, "schema_version": 3, "solution": false, "task": false}
r"""
## 7 Noise: stochastic gradients, smaller steps, averages

A loss is a mean, $C = \frac1n \sum_i C_i$, and its gradient costs $n$ small gradients. Stochastic gradient descent
takes a step with one of them: right on average, wrong every time (book, section 4.2). With a constant learning rate
it never comes to rest. Two cures: let the learning rate fall, or average the path.

$$\theta^{(t+1)} = \theta^{(t)} - \alpha(t)\, \nabla C_{i_t}(\theta^{(t)}), \quad t = 0, \dots, T - 1, \qquad\qquad
\bar\theta = \frac1T \sum_{t=1}^{T} \theta^{(t)}$$

**Write** `sgd(grad_i, theta0, order, alpha)`: `grad_i(theta, i)` is the gradient of $C_i$, `theta0` an array of any
shape, `order` (T,) the integers $i_0, \dots, i_{T-1}$ with $T \ge 1$, and `alpha(t)` the learning rate of the step
from $\theta^{(t)}$ to $\theta^{(t+1)}$: the first step uses `alpha(0)`. Return $(\theta^{(T)}, \bar\theta)$. The
start $\theta^{(0)}$ does not belong to the average.

**Worked example.** $C_i(\theta) = \frac12 (\theta - x_i)^2$ with $x = (0, 4)$, start 2, order $(1, 0)$,
$\alpha(t) = \frac{1}{2(1 + t)}$. First $\theta = 2 - \frac12 (2 - 4) = 3$, then
$\theta = 3 - \frac14 (3 - 0) = \frac94$. The average is $\frac12 \left(3 + \frac94\right) = \frac{21}{8}$.

**What counts.** Indices may repeat. One gradient per step. `theta0` is unchanged afterwards.
"""


# %% nbgrader={"grade": false, "grade_id": "sgd_schedule", "locked": false, "schema_version": 3, "solution": true, "task": false}
def sgd(grad_i, theta0: np.ndarray, order: np.ndarray, alpha) -> tuple[np.ndarray, np.ndarray]:
    """SGD along order (T,); grad_i(theta, i) gives a gradient, alpha(t) a number; returns theta_T and the average."""
    ### BEGIN SOLUTION
    theta = np.array(theta0, dtype=float)
    total = np.zeros_like(theta)
    for t, i in enumerate(order):
        theta = theta - alpha(t) * grad_i(theta, i)
        total = total + theta
    return theta, total / len(order)
    ### END SOLUTION


# %% nbgrader={"grade": false, "grade_id": "check_sgd_schedule", "locked": true, "schema_version": 3, "solution": false, "task": false}
x, start = np.array([0.0, 4.0]), np.array([2.0])
theta, mean = sgd(lambda theta, i: theta - x[i], start, np.array([1, 0]), lambda t: 1 / (2 * (1 + t)))
assert np.allclose(theta, 9 / 4), f"after the two steps of the worked example theta is 9/4, got {theta}"
assert np.allclose(mean, 21 / 8), f"the average of the two points is 21/8, got {mean}"
assert start.tolist() == [2], f"theta0 must not be changed, it is now {start}"

# %% nbgrader={"grade": true, "grade_id": "test_sgd_schedule", "locked": true, "points": 7, "schema_version": 3, "solution": false, "task": false}
### BEGIN HIDDEN TESTS
from autograder import mark

mark("unit03_optimization/sgd_schedule", sgd)
### END HIDDEN TESTS

# %% [markdown]
r"""
**What you built.** A straight line through 200 noisy points, its two parameters found by looking at one point at a
time. With a constant learning rate the path rushes to the neighbourhood of the minimum and then buzzes around it for
ever; its average settles, held back only by the long way from the start. On the right the distance to the minimum,
as the mean of five runs in random orders: noise ends the progress of the constant rate; the falling rate and the
average go on.
"""

# %% tags=["picture"]
rng = np.random.default_rng(3)
n = 200
A = np.column_stack([rng.normal(size=n), np.ones(n)])
b = A @ [1.0, -0.5] + rng.normal(size=n)
lowest = np.linalg.lstsq(A, b)[0]


def one_gradient(theta, i):
    return A[i] * (A[i] @ theta - b[i])


def mean_loss(theta):
    return np.mean((np.asarray(theta) @ A.T - b) ** 2, axis=-1) / 2


def track(alpha, T, rng, far, marks):
    """Last iterate and average after each number of steps in marks."""
    theta, total, done, points = far, np.zeros(2), 0, []
    order = rng.integers(n, size=T)
    for stop in marks:
        theta, mean = sgd(one_gradient, theta, order[done:stop], lambda t, done=done: alpha(done + t))
        total, done = total + (stop - done) * mean, stop
        points.append((theta, total / stop))
    return np.array(points)


far = np.array([-2.0, 2.0])
schedules = {"constant": lambda t: 0.1, "falling": lambda t: 1 / (10 + t)}
every = track(schedules["constant"], 400, np.random.default_rng(0), far, range(1, 401))
marks = np.unique(np.geomspace(1, 10_000, 40).astype(int))
errors = {name: np.zeros((len(marks), 2)) for name in schedules}
for seed in range(5):
    for name, alpha in schedules.items():
        points = track(alpha, marks[-1], np.random.default_rng(seed), far, marks)
        errors[name] += np.linalg.norm(points - lowest, axis=2) / 5

fig, (left, right) = plt.subplots(1, 2, figsize=(11, 4), layout="constrained")
plots.descent_paths(
    mean_loss,
    {r"$\theta^{(t)}$, constant rate": every[:, 0], r"average $\bar\theta$": every[:, 1]},
    left,
    minimum=lowest,
    title="400 steps, one point each",
)
right.loglog(marks, errors["constant"][:, 0], color=plots.PALETTE[0], label=r"$\alpha$ = 0.1")
right.loglog(marks, errors["constant"][:, 1], "--", color=plots.PALETTE[1], label=r"$\alpha$ = 0.1, averaged")
right.loglog(marks, errors["falling"][:, 0], "-.", color=plots.PALETTE[2], label=r"$\alpha(t)$ = 1 / (10 + t)")
right.set(xlabel="step", ylabel="distance to the minimum", title="mean of five orders")
right.legend()
right.spines[["top", "right"]].set_visible(False)
plt.show()

# %% [markdown]
r"""
**Playground.** Race your optimisers: change the learning rates, $\beta$ or the start, or put a landscape of your own
in place of the valley. Who wins depends on the tuning more than on the name; that is why papers that compare
optimisers are hard to write.
"""

# %% tags=["picture"]
rates = {"momentum": 0.02, "Nesterov": 0.02, "Adam": 0.05}
T, zero = 1000, np.zeros(2)
race = {
    "momentum": descend(
        lambda t, theta, v: momentum_step(theta, slope(theta), v, rates["momentum"], 0.95), T, book_start, zero
    ),
    "Nesterov": descend(
        lambda t, theta, v: nesterov_step(theta, slope, v, rates["Nesterov"], 0.95), T, book_start, zero
    ),
    "Adam": descend(
        lambda t, theta, m, v: adam_step(theta, slope(theta), m, v, t, rates["Adam"]), T, book_start, zero, zero
    ),
}
plots.loss_curves(
    {name: data.rosenbrock(points) for name, points in race.items()},
    title="the height in the valley",
    ylabel="$C$",
    log=True,
)
plt.show()

# %% [markdown] nbgrader={"grade": false, "grade_id": "about_written_momentum_rate", "locked": true, "schema_version": 3, "solution": false, "task": false}
r"""
## 8 Written: why momentum swings (5 points)

In exercise 3 momentum swung through the valley like a ball in a bowl. Explain it. Take one coordinate of a quadratic,
$C(\theta) = \frac12 \lambda \theta^2$ with $\lambda > 0$, and the book's momentum with $0 < \beta < 1$ and
$\alpha > 0$.

1. **Write** one step as a linear recursion
   $\begin{pmatrix} \theta^{(t+1)} \\ v^{(t+1)} \end{pmatrix} = M \begin{pmatrix} \theta^{(t)} \\ v^{(t)} \end{pmatrix}$
   with a $2 \times 2$ matrix $M$.
2. **Find** for which $\alpha\lambda$, depending on $\beta$, the eigenvalues of $M$ are complex.
3. **Say** what this means for the path: how does it move, and how fast does it shrink?

*Marks: 2 for the matrix; 2 for the discriminant and the range of $\alpha \lambda$; 1 for reading it: oscillation, and
the modulus of the eigenvalues.*

Write mathematics between dollar signs. Double-click the cell below to begin.
"""

# %% [markdown] nbgrader={"grade": true, "grade_id": "written_momentum_rate", "locked": false, "points": 5, "schema_version": 3, "solution": true, "task": false}
r"""
**1.** The gradient is $\lambda \theta$. So $v^{(t+1)} = \beta v^{(t)} + (1 - \beta) \lambda\, \theta^{(t)}$ and
$\theta^{(t+1)} = \theta^{(t)} - \alpha v^{(t+1)}$. With $\eta = \alpha (1 - \beta)$

$$M = \begin{pmatrix} 1 - \eta \lambda & -\alpha \beta \\ (1 - \beta) \lambda & \beta \end{pmatrix}.$$

**2.** $\operatorname{tr} M = 1 + \beta - \eta \lambda$ and
$\det M = \beta (1 - \eta \lambda) + \alpha \beta (1 - \beta) \lambda = \beta$. The eigenvalues solve
$r^2 - (1 + \beta - \eta\lambda)\, r + \beta = 0$ and are complex when $(1 + \beta - \eta \lambda)^2 < 4 \beta$, that is
$\left(1 - \sqrt\beta\right)^2 < \eta \lambda < \left(1 + \sqrt\beta\right)^2$. Divided by
$1 - \beta = (1 - \sqrt\beta)(1 + \sqrt\beta)$:

$$\frac{1 - \sqrt\beta}{1 + \sqrt\beta} < \alpha \lambda < \frac{1 + \sqrt\beta}{1 - \sqrt\beta}.$$

**3.** Complex eigenvalues $r = \sqrt\beta\, e^{\pm i \omega}$ come as a conjugate pair, whose product is
$\det M = \beta$; so $|r| = \sqrt\beta$. The path oscillates with angular frequency $\omega$ and shrinks by $\sqrt\beta$
per step, whatever $\lambda$ and $\alpha$ are inside the range: steep and flat directions shrink alike.
"""
