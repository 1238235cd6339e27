"""Answer key: Newton's method for penalised logistic regression (unit 3)."""

import numpy as np

from autograder.key import ITER, N0, Key, Tolerance, check, close, standard
from dlmath_ref import newton_logistic

key = Key("unit03_optimization/newton_logistic", reference=newton_logistic, bans=N0)

NAMES = ("w", "losses")
ANY_NUMBERS = Tolerance("any numbers", rtol=0.0, atol=np.inf)
SIZES = [(9, 3, 0.3, 3), (5, 5, 0.1, 2), (12, 2, 0.05, 4)]


def problem(rng, n, p):
    """Features of size 1 to 2; the sign of the first is the label, but for every fifth sample."""
    y = np.arange(n) % 2
    X = rng.choice([-1, 1], size=(n, p)) * rng.uniform(1, 2, size=(n, p))
    X[:, 0] = np.abs(X[:, 0]) * (2 * y - 1) * np.where(np.arange(n) % 5, 1, -1)
    rows = rng.permutation(n)
    X, y = X[rows], y[rows]
    return X, y


def pair(got):
    check(type(got) in (tuple, list) and len(got) == 2, "newton_logistic must return two values: w, losses.")
    return got


@key.part("worked", weight=1)
def one_feature_one_step(answer, rng):
    losses = np.array([np.log(2), np.log1p(np.exp(-1)) + 1 / 8])
    close(answer(np.array([[2.0], [-2.0]]), np.array([1, 0]), 1.0, 1), (np.array([0.5]), losses), ITER, what=NAMES)


@key.part("core", weight=3)
def the_weights_after_T_steps_agree(answer, rng):
    for n, p, lam, T in SIZES:
        X, y = problem(rng, n, p)
        close(pair(answer(X.copy(), y.astype(float), lam, T))[0], newton_logistic(X, y, lam, T)[0], ITER, what="w")


@key.part("core", weight=2)
def the_history_holds_the_loss_at_every_step(answer, rng):
    for n, p, lam, T in SIZES:
        X, y = problem(rng, n, p)
        got = pair(answer(X.copy(), y.copy(), lam, T))[1]
        close(got, newton_logistic(X, y, lam, T)[1], ITER, what="losses")
    # separable samples: w grows to 6.6 and rests there well before the last step
    X, y = np.array([[2.0], [1.0], [-1.0], [-2.0]]), np.array([1, 1, 0, 0])
    got = pair(answer(X.copy(), y.copy(), 1e-4, 20))[1]
    close(got, newton_logistic(X, y, 1e-4, 20)[1], ITER, what="losses")


@key.part("core", weight=1)
def eight_steps_are_enough(answer, rng):
    n, p, lam = 16, 3, 0.05
    X, y = problem(rng, n, p)
    w = pair(answer(X.copy(), y.copy(), lam, 8))[0]
    close(w, np.ones(p), ANY_NUMBERS, what="w")
    gradient = X.T @ ((1 + np.tanh(X @ w / 2)) / 2 - y) / n + lam * w
    check(bool(np.linalg.norm(gradient) < 1e-10), "After 8 steps the gradient of the objective is not zero.")


@key.part("edge", weight=0.75, feedback="Try a table in which one column stands twice.")
def columns_that_repeat_each_other(answer, rng):
    X, y = problem(rng, 10, 3)
    X[:, 2] = X[:, 0]
    close(answer(X.copy(), y.copy(), 1e-3, 3), newton_logistic(X, y, 1e-3, 3), ITER, what=NAMES)


@key.part("edge", weight=0.5)
def no_step_at_all(answer, rng):
    X, y = problem(rng, 6, 2)
    close(answer(X.copy(), y.copy(), 0.4, 0), (np.zeros(2), np.array([np.log(2)])), ITER, what=NAMES)


@key.part("edge", weight=0.75)
def inputs_stay_unchanged_in_any_dtype_and_layout(answer, rng):
    standard(answer, (*problem(rng, 9, 3), 0.2, 3), newton_logistic, tol=ITER, what=NAMES)


def _sigmoid(z):
    return 0.5 * (1 + np.tanh(z / 2))


def _loss(X, y, lam, w):
    z = X @ w
    return np.mean(np.logaddexp(0, z) - y * z) + lam / 2 * (w @ w)


@key.accept
def by_least_squares_with_weights(X, y, lam, T):
    n, p = X.shape
    w = np.zeros(p)
    losses = [_loss(X, y, lam, w)]
    for _ in range(T):
        z = X @ w
        prob = _sigmoid(z)
        s = np.maximum(prob * (1 - prob), 1e-15)
        target = z + (y - prob) / s  # iteratively reweighted least squares
        rows = np.vstack([np.sqrt(s)[:, None] * X, np.sqrt(n * lam) * np.eye(p)])
        w = np.linalg.lstsq(rows, np.append(np.sqrt(s) * target, np.zeros(p)), rcond=None)[0]
        losses.append(_loss(X, y, lam, w))
    return w, np.array(losses)


@key.accept
def by_cholesky(X, y, lam, T):
    n, p = X.shape
    w, losses = np.zeros(p), np.full(T + 1, np.log(2))
    for t in range(1, T + 1):
        prob = 1 / (1 + np.exp(-X @ w))
        half = X * np.sqrt(prob * (1 - prob))[:, None]
        L = np.linalg.cholesky(half.T @ half / n + lam * np.eye(p))
        step = np.linalg.solve(L, X.T @ (y - prob) / n - lam * w)
        w = w + np.linalg.solve(L.T, step)
        losses[t] = _loss(X, y, lam, w)
    return [w, losses]


@key.accept
def by_an_explicit_inverse(X, y, lam, T):
    n, p = X.shape
    w, losses = np.zeros((p, 1)), []
    for t in range(T + 1):
        z = X @ w
        losses.append(np.mean(np.log1p(np.exp(z)) - y[:, None] * z) + 0.5 * lam * np.sum(w**2))
        if t < T:
            prob = 1 / (1 + np.exp(-z))
            H = X.T @ np.diag((prob * (1 - prob)).ravel()) @ X / n + lam * np.identity(p)
            w = w - np.linalg.inv(H) @ (X.T @ (prob - y[:, None]) / n + lam * w)
    return w.ravel(), np.array(losses)


@key.accept
def by_loops(X, y, lam, T):
    n, p = X.shape
    w, losses = np.zeros(p), np.zeros(T + 1)
    losses[0] = _loss(X, y, lam, w)
    for t in range(T):
        g, H = lam * w, lam * np.eye(p)
        for i in range(n):
            prob = float(_sigmoid(X[i] @ w))
            g += (prob - y[i]) * X[i] / n
            H += prob * (1 - prob) * np.outer(X[i], X[i]) / n
        w = w - np.linalg.solve(H, g)
        losses[t + 1] = _loss(X, y, lam, w)
    return w, losses


STEP, WEIGHTS = "one_feature_one_step", "the_weights_after_T_steps_agree"
HISTORY, EIGHT = "the_history_holds_the_loss_at_every_step", "eight_steps_are_enough"
REPEAT, NONE = "columns_that_repeat_each_other", "no_step_at_all"
LAYOUT = "inputs_stay_unchanged_in_any_dtype_and_layout"
LATER = [WEIGHTS, HISTORY, EIGHT, REPEAT, LAYOUT]
PATH = [STEP, *LATER]


def _newton(X, y, lam, T, hessian=None, gradient=None, share=1.0, loss=_loss):
    """Newton's method with a part of it exchanged."""
    w = np.zeros(X.shape[1])
    losses = [loss(X, y, lam, w)]
    for _ in range(T):
        prob = _sigmoid(X @ w)
        g = gradient(X, y, lam, w, prob) if gradient else X.T @ (prob - y) / len(y) + lam * w
        H = hessian(X, lam, prob) if hessian else _weighted(X, prob * (1 - prob)) + lam * np.eye(len(w))
        w = w - share * np.linalg.solve(H, g)
        losses.append(loss(X, y, lam, w))
    return w, np.array(losses)


def _weighted(X, s):
    return (X.T * s) @ X / len(X)


@key.reject("The weights in your Hessian are p; the derivative of the sigmoid is p(1 - p).", fails=PATH)
def hessian_weights_p(X, y, lam, T):
    return _newton(X, y, lam, T, lambda X, lam, p: _weighted(X, p) + lam * np.eye(X.shape[1]))


@key.reject("Your Hessian is that of w = 0 at every step: its weights p(1 - p) change with w.", fails=LATER)
def hessian_of_the_start(X, y, lam, T):
    return _newton(X, y, lam, T, lambda X, lam, p: _weighted(X, np.full(len(X), 0.25)) + lam * np.eye(X.shape[1]))


@key.reject("The weights p(1 - p) are missing in your Hessian.", fails=PATH)
def hessian_without_weights(X, y, lam, T):
    return _newton(X, y, lam, T, lambda X, lam, p: _weighted(X, np.ones(len(X))) + lam * np.eye(X.shape[1]))


@key.reject("You step along the gradient itself; Newton's step solves a system with the Hessian.", fails=PATH)
def gradient_descent(X, y, lam, T):
    return _newton(X, y, lam, T, lambda X, lam, p: np.eye(X.shape[1]))


@key.reject("Your gradient lacks the penalty: it contributes λw.", fails=LATER)
def lambda_not_in_gradient(X, y, lam, T):
    return _newton(X, y, lam, T, gradient=lambda X, y, lam, w, p: X.T @ (p - y) / len(y))


@key.reject("Your Hessian lacks the penalty: it contributes λI.", fails=PATH)
def lambda_not_in_hessian(X, y, lam, T):
    return _newton(X, y, lam, T, lambda X, lam, p: _weighted(X, p * (1 - p)))


@key.reject("Your penalty is λ‖w‖²; it is half of that, with the gradient λw and the Hessian λI.", fails=PATH)
def penalty_without_half(X, y, lam, T):
    return _newton(X, y, 2 * lam, T)


@key.reject("Your Hessian is that of a sum over the samples: the Hessian of a mean has 1/n.", fails=PATH)
def hessian_not_averaged(X, y, lam, T):
    return _newton(X, y, lam, T, lambda X, lam, p: len(X) * _weighted(X, p * (1 - p)) + lam * np.eye(X.shape[1]))


@key.reject("Your steps are too short: Newton's method takes the full step, with no learning rate.", fails=PATH)
def half_step(X, y, lam, T):
    return _newton(X, y, lam, T, share=0.5)


@key.reject("You go uphill: the step is -H⁻¹g.", fails=PATH)
def ascent(X, y, lam, T):
    return _newton(X, y, lam, T, share=-1.0)


@key.reject("Your losses lack the penalty (λ/2)‖w‖².", fails=[STEP, HISTORY, REPEAT, LAYOUT])
def losses_without_penalty(X, y, lam, T):
    return _newton(X, y, lam, T, loss=lambda X, y, lam, w: _loss(X, y, 0.0, w))


@key.reject("Your losses are sums over the samples; the cost is a mean.", fails=[STEP, HISTORY, REPEAT, NONE, LAYOUT])
def losses_not_averaged(X, y, lam, T):
    return _newton(X, y, lam, T, loss=lambda X, y, lam, w: len(X) * _loss(X, y, 0.0, w) + lam / 2 * (w @ w))


SHORT = "Your history has too few entries: it holds the loss at w = 0 and after each of the T steps."


@key.reject(SHORT, fails=[STEP, HISTORY, REPEAT, NONE, LAYOUT])
def first_loss_missing(X, y, lam, T):
    w, losses = _newton(X, y, lam, T)
    return w, losses[1:]


@key.reject(SHORT, fails=[STEP, HISTORY, REPEAT, NONE, LAYOUT])
def last_loss_missing(X, y, lam, T):
    w, losses = _newton(X, y, lam, T)
    return w, losses[:-1]


@key.reject("Your loop ends where the gradient is small: losses has T + 1 entries for any T.", fails=[HISTORY])
def ended_when_converged(X, y, lam, T):
    w = np.zeros(X.shape[1])
    losses = [_loss(X, y, lam, w)]
    for _ in range(T):
        prob = _sigmoid(X @ w)
        g = X.T @ (prob - y) / len(y) + lam * w
        if np.linalg.norm(g) < 1e-10:
            break
        w = w - np.linalg.solve(_weighted(X, prob * (1 - prob)) + lam * np.eye(len(w)), g)
        losses.append(_loss(X, y, lam, w))
    return w, np.array(losses)


key.equivalent("np.logaddexp(0.0, z) -> np.logaddexp(z, 0.0)", "logaddexp is symmetric in its arguments.")
key.equivalent("np.logaddexp(0.0, -z) -> np.logaddexp(-z, 0.0)", "logaddexp is symmetric in its arguments.")
