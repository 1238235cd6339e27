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
# Which digit is it?

*Unit 2, lab 2. Book: chapter 3, section 3.3.*

A bank reads amounts from cheques, a post office reads postcodes. Ten classes instead of two: **how does one neuron
become a layer of ten, and what does each of them look for?**

You generalise the sigmoid to the softmax, derive the gradient that all classifiers of this course use, cut the data
into mini-batches and train: the complete worked example of the book in about thirty lines of your own. At the end you
can look at the weights as pictures, and meet an older way to get many classes out of binary decisions.

As before: samples are rows, $X$ is $(n, p)$; the layer has $W$ $(K, p)$ and $b$ $(K,)$ as in the book; a loss is the
mean over its samples; functions change none of their inputs. Allowed are numpy and the standard library.
"""

# %% nbgrader={"grade": false, "grade_id": "setup_softmax", "locked": true, "schema_version": 3, "solution": false, "task": false}
import matplotlib.pyplot as plt
import numpy as np

from dlmath_kit import data, plots

# %% tags=["picture"]
X_digits, y_digits = data.digits()
shuffled = np.random.default_rng(4).permutation(len(y_digits))
train, test = shuffled[:1300], shuffled[1300:]
plots.image_grid(X_digits[train[:20]], y_digits[train[:20]])
plt.show()

# %% [markdown] nbgrader={"grade": false, "grade_id": "about_softmax_logsumexp", "locked": true, "schema_version": 3, "solution": false, "task": false}
r"""
## 1 From scores to probabilities

A layer gives $K$ scores $z \in \mathbb{R}^K$ per sample. Softmax turns them into probabilities; its denominator, on
the logarithmic scale, is the log-sum-exp (book, section 3.3):

$$\operatorname{lse}(z) = \log \sum_{k=1}^K e^{z_k} = m + \log \sum_{k=1}^K e^{z_k - m}, \qquad
S_{\text{softmax}}(z)_k = \frac{e^{z_k}}{\sum_j e^{z_j}}, \qquad m = \max_k z_k$$

**Write** `logsumexp(Z, axis=-1)` and `softmax(Z, axis=-1)` for arrays of any number of dimensions. The sums run along
`axis`: `softmax` keeps the shape of `Z`, `logsumexp` loses that axis. For `Z` of shape (5, 7) and `axis=0` these are
(5, 7) and (7,).

**Worked example.** $z = (0, \log 3)$: $\operatorname{lse}(z) = \log(1 + 3) = \log 4$ and the softmax is
$(\frac14, \frac34)$. For $z = (1000, 1000)$ it is $(\frac12, \frac12)$, although $e^{1000}$ is too large for a
computer.

**What counts.** Entries up to $\pm 10\,000$; rows of very different size in one array (one at $-5000$, the next at
$5000$); every axis; `Z` itself stays as it was.
"""


# %% nbgrader={"grade": false, "grade_id": "softmax_logsumexp", "locked": false, "schema_version": 3, "solution": true, "task": false}
def logsumexp(Z: np.ndarray, axis: int = -1) -> np.ndarray:
    """Logarithm of the sum of exponentials along axis; the result lacks that axis."""
    ### BEGIN SOLUTION
    m = np.max(Z, axis=axis, keepdims=True)
    return np.log(np.sum(np.exp(Z - m), axis=axis)) + np.squeeze(m, axis=axis)
    ### END SOLUTION


def softmax(Z: np.ndarray, axis: int = -1) -> np.ndarray:
    """Softmax along axis; the result has the shape of Z and sums to 1 along axis."""
    ### BEGIN SOLUTION
    e = np.exp(Z - np.max(Z, axis=axis, keepdims=True))
    return e / np.sum(e, axis=axis, keepdims=True)
    ### END SOLUTION


# %% nbgrader={"grade": false, "grade_id": "check_softmax_logsumexp", "locked": true, "schema_version": 3, "solution": false, "task": false}
Z = np.array([[0.0, np.log(3.0)], [1000.0, 1000.0]])
P, L = softmax(Z), logsumexp(Z)
assert np.shape(P) == (2, 2), f"softmax must keep the shape of Z, here (2, 2), got {np.shape(P)}"
assert np.shape(L) == (2,), f"logsumexp must remove the axis it sums over: expected (2,), got {np.shape(L)}"
assert np.allclose(P[0], [1 / 4, 3 / 4]), f"softmax of (0, log 3) is (1/4, 3/4), got {P[0]}"
assert np.isclose(L[0], np.log(4)), f"logsumexp of (0, log 3) is log 4 = 1.38629, got {L[0]}"
assert np.allclose(P[1], 1 / 2), f"softmax of (1000, 1000) is (1/2, 1/2), got {P[1]}"
assert np.isclose(L[1], 1000 + np.log(2)), f"logsumexp of (1000, 1000) is 1000 + log 2, got {L[1]}"
Z = np.arange(6.0).reshape(2, 3)
assert np.shape(logsumexp(Z, axis=0)) == (3,), f"along axis 0 (2, 3) becomes (3,), got {np.shape(logsumexp(Z, axis=0))}"
assert np.allclose(softmax(Z, axis=0).sum(axis=0), 1), "with axis=0 the columns must sum to 1"
assert Z.tolist() == [[0, 1, 2], [3, 4, 5]], "Z must not be changed"

# %% nbgrader={"grade": true, "grade_id": "test_softmax_logsumexp", "locked": true, "points": 8, "schema_version": 3, "solution": false, "task": false}
### BEGIN HIDDEN TESTS
from autograder import mark

mark("unit02_logistic/softmax_logsumexp", logsumexp, softmax)
### END HIDDEN TESTS

# %% [markdown]
r"""
**What you built.** Three scores, $(z, 0, -1)$, of which the first one moves. Softmax is a soft switch: the largest
score takes nearly everything, yet no probability is ever zero. On the logarithmic scale, computed as
$z_k - \operatorname{lse}(z)$, it is almost piecewise linear.
"""

# %% tags=["picture"]
z = np.linspace(-8, 8, 200)
Z = np.column_stack([z, np.zeros_like(z), -np.ones_like(z)])  # (200, 3)
P, log_P = softmax(Z), Z - logsumexp(Z)[:, None]

fig, (left, right) = plt.subplots(1, 2, figsize=(10, 3.4), layout="constrained")
for k, name in enumerate(["moving score $z$", "score 0", "score $-1$"]):
    left.plot(z, P[:, k], color=plots.PALETTE[k], lw=2, ls=["-", "--", "-."][k], label=name)
    right.plot(z, log_P[:, k], color=plots.PALETTE[k], lw=2, ls=["-", "--", "-."][k])
left.set(xlabel="$z$", ylabel="probability", title="softmax")
right.set(xlabel="$z$", ylabel="log probability", title="the same, as logarithms")
left.legend()
for ax in (left, right):
    ax.spines[["top", "right"]].set_visible(False)
plt.show()

# %% [markdown] nbgrader={"grade": false, "grade_id": "about_cross_entropy_grad", "locked": true, "schema_version": 3, "solution": false, "task": false}
r"""
## 2 The gradient that every classifier uses

Each sample $x^{(i)}$ with class $y^{(i)} \in \{0, \dots, K-1\}$ has scores $z_i = b + W x^{(i)}$. The cross-entropy
is the mean of $-\log$ of the probability of the true class (book, section 3.3). With $Y$ the one-hot rows of $y$:

$$Z = X W^\top + \mathbf{1} b^\top, \qquad C(W, b) = \frac1n \sum_{i=1}^n \left(\operatorname{lse}(z_i) - z_{i, y^{(i)}}\right), \qquad
\Delta = \frac1n\left(S_{\text{softmax}}(Z) - Y\right), \qquad g_W = \Delta^\top X, \qquad g_b = \Delta^\top \mathbf{1}$$

**Write** `softmax_ce_grad(W, b, X, y)`: `W` (K, p), `b` (K,), `X` (n, p), `y` (n,) integers in [0, K). Return
`(C, g_W, g_b)`: a number and two arrays of the shapes of `W` and `b`.

**Worked example.** $W = 0$, $b = 0$, $K = 3$, one sample $x = (1, 2)$ of class 2. All probabilities are $\frac13$:
$C = \log 3$ and $\Delta = (\frac13, \frac13, -\frac23)$. So $g_b = \Delta^\top$, and the rows of $g_W$ are
$(\frac13, \frac23)$, $(\frac13, \frac23)$, $(-\frac23, -\frac43)$.

**What counts.** Logits in the hundreds, where the probability of the true class rounds to 0 but the loss does not
become infinite; a single sample; $K = p$, where a transposed gradient would go unnoticed. Let the cell stand on its
own rather than call exercise 1.
"""


# %% nbgrader={"grade": false, "grade_id": "cross_entropy_grad", "locked": false, "schema_version": 3, "solution": true, "task": false}
def softmax_ce_grad(W: np.ndarray, b: np.ndarray, X: np.ndarray, y: np.ndarray) -> tuple[float, np.ndarray, np.ndarray]:
    """Mean softmax cross-entropy of a linear layer, and its gradient.

    W (K, p), b (K,), X (n, p), y (n,) integers in [0, K); returns C number, g_W (K, p), g_b (K,).
    """
    ### BEGIN SOLUTION
    n = len(y)
    Z = X @ W.T + b  # (n, K)
    Z = Z - Z.max(axis=1, keepdims=True)
    log_p = Z - np.log(np.exp(Z).sum(axis=1, keepdims=True))
    delta = np.exp(log_p)
    delta[np.arange(n), y] -= 1.0
    delta /= n
    return float(-log_p[np.arange(n), y].mean()), delta.T @ X, delta.sum(axis=0)
    ### END SOLUTION


# %% nbgrader={"grade": false, "grade_id": "check_cross_entropy_grad", "locked": true, "schema_version": 3, "solution": false, "task": false}
C, g_W, g_b = softmax_ce_grad(np.zeros((3, 2)), np.zeros(3), np.array([[1.0, 2.0]]), np.array([2]))
assert np.isclose(C, np.log(3)), f"with W = 0 and three classes the loss is log 3 = 1.09861, got {C}"
assert np.shape(g_W) == (3, 2), f"g_W must have the shape of W, here (3, 2), got {np.shape(g_W)}"
assert np.shape(g_b) == (3,), f"g_b must have the shape of b, here (3,), got {np.shape(g_b)}"
assert np.allclose(g_b, [1 / 3, 1 / 3, -2 / 3]), f"g_b of the worked example is (1/3, 1/3, -2/3), got {g_b}"
assert np.allclose(g_W, [[1 / 3, 2 / 3], [1 / 3, 2 / 3], [-2 / 3, -4 / 3]]), f"g_W of the worked example, got\n{g_W}"

rng = np.random.default_rng(0)  # the slope along a random direction (U, c), two ways
W, b, U, c = rng.normal(size=(3, 2)), rng.normal(size=3), rng.normal(size=(3, 2)), rng.normal(size=3)
X, y, h = rng.normal(size=(5, 2)), np.array([0, 2, 1, 2, 0]), 1e-5
slope = (softmax_ce_grad(W + h * U, b + h * c, X, y)[0] - softmax_ce_grad(W - h * U, b - h * c, X, y)[0]) / (2 * h)
_, g_W, g_b = softmax_ce_grad(W, b, X, y)
claim = np.sum(g_W * U) + g_b @ c
assert abs(slope - claim) < 1e-7, f"your loss rises with slope {slope:.8f}, your gradient says {claim:.8f}"

# %% nbgrader={"grade": true, "grade_id": "test_cross_entropy_grad", "locked": true, "points": 10, "schema_version": 3, "solution": false, "task": false}
### BEGIN HIDDEN TESTS
from autograder import mark

mark("unit02_logistic/cross_entropy_grad", softmax_ce_grad)
### END HIDDEN TESTS

# %% [markdown]
r"""
**What you built.** Ask it for the very first step: at $W = 0$ it goes along $-g_W$, whose row $k$ is the average
image of class $k$ minus a tenth of the average of all images (scaled by how often the class occurs). Before any
training the layer has ten blurred templates: red is ink that speaks for the class, blue is ink that speaks against
it.
"""

# %% tags=["picture"]
_, g_W, _ = softmax_ce_grad(np.zeros((10, 64)), np.zeros(10), X_digits[train], y_digits[train])
plots.image_grid(-g_W, range(10), signed=True, title="the first step of learning, $-g_W$ at $W = 0$")
plt.show()

# %% [markdown] nbgrader={"grade": false, "grade_id": "about_minibatches", "locked": true, "schema_version": 3, "solution": false, "task": false}
r"""
## 3 Mini-batches

One step need not look at all samples. An **epoch** visits each sample exactly once, in random order, in blocks of $B$
(the book discusses such stochastic steps in chapter 4).

**Write** `minibatches(n, batch_size, rng, drop_last=False)`: a list of 1-dimensional integer arrays that together
form a random partition of $\{0, \dots, n-1\}$ into $\lceil n / B \rceil$ blocks. All have length $B$ but the last,
which may be shorter; with `drop_last=True` a shorter last block is left out.

**Worked example.** $n = 5$, $B = 2$: blocks of sizes 2, 2 and 1, for instance
`[array([3, 0]), array([4, 2]), array([1])]`. With `drop_last=True` there are two blocks.

**What counts.** Every order is possible, with equal chance. Randomness comes from `rng`, a `numpy.random.Generator`,
and from nowhere else: the same state gives the same blocks, and two calls with one generator give different ones. $B$
may be larger than $n$.
"""


# %% nbgrader={"grade": false, "grade_id": "minibatches", "locked": false, "schema_version": 3, "solution": true, "task": false}
def minibatches(n: int, batch_size: int, rng: np.random.Generator, drop_last: bool = False) -> list[np.ndarray]:
    """One epoch: a random partition of {0, ..., n-1} into index blocks of batch_size, the last maybe shorter."""
    ### BEGIN SOLUTION
    order = rng.permutation(n)
    blocks = [order[start : start + batch_size] for start in range(0, n, batch_size)]
    if drop_last:
        blocks = [block for block in blocks if len(block) == batch_size]
    return blocks
    ### END SOLUTION


# %% nbgrader={"grade": false, "grade_id": "check_minibatches", "locked": true, "schema_version": 3, "solution": false, "task": false}
blocks = minibatches(5, 2, np.random.default_rng(0))
assert isinstance(blocks, list), f"minibatches must return a list, got {type(blocks).__name__}"
sizes = [len(block) for block in blocks]
assert sizes == [2, 2, 1], f"five samples in blocks of two have sizes [2, 2, 1], got {sizes}"
union = sorted(int(i) for block in blocks for i in block)
assert union == [0, 1, 2, 3, 4], f"the blocks must contain each index exactly once, got {union}"
sizes = [len(block) for block in minibatches(5, 2, np.random.default_rng(0), drop_last=True)]
assert sizes == [2, 2], f"with drop_last=True the sizes are [2, 2], got {sizes}"
rng = np.random.default_rng(1)
first, second = (np.concatenate(minibatches(100, 10, rng)).tolist() for _ in range(2))
assert first != list(range(100)), "the order must be random"
assert first != second, "two epochs with one generator must differ: do not seed inside the function"

# %% nbgrader={"grade": true, "grade_id": "test_minibatches", "locked": true, "points": 7, "schema_version": 3, "solution": false, "task": false}
### BEGIN HIDDEN TESTS
from autograder import mark

mark("unit02_logistic/minibatches", minibatches)
### END HIDDEN TESTS

# %% [markdown]
r"""
**What you built.** Three epochs of sixty samples in blocks of sixteen. Along a row each sample appears once; the last
block of each epoch is the short one.
"""

# %% tags=["picture"]
rng = np.random.default_rng(0)
epochs = [minibatches(60, 16, rng) for _ in range(3)]
fig, axes = plt.subplots(1, 3, figsize=(10, 2.8), sharey=True, layout="constrained")
for epoch, ax in enumerate(axes):
    start = 0
    for k, block in enumerate(epochs[epoch]):
        ax.scatter(np.arange(start, start + len(block)), block, s=14, color=plots.PALETTE[k])
        start += len(block)
        ax.axvline(start - 0.5, color="0.85", lw=0.8, zorder=0)
    ax.set(xlabel="position in the epoch", title=f"epoch {epoch + 1}")
    ax.spines[["top", "right"]].set_visible(False)
axes[0].set_ylabel("index of the sample")
plt.show()

# %% [markdown] nbgrader={"grade": false, "grade_id": "about_softmax_sgd", "locked": true, "schema_version": 3, "solution": false, "task": false}
r"""
## 4 The worked example: training the layer

Now the parts come together. Given index blocks $I_1, I_2, \dots$, take one step per block, in the given order, along
the gradient of the loss **of that block alone**:

$$(W, b) \leftarrow (W, b) - \alpha\, \nabla C_I(W, b), \qquad C_I = \frac{1}{|I|} \sum_{i \in I} \left(\operatorname{lse}(z_i) - z_{i, y^{(i)}}\right)$$

**Write** `sgd_softmax(W0, b0, X, y, batches, alpha)`: `W0` (K, p), `b0` (K,), `X` (n, p), `y` (n,) integers,
`batches` a list of integer arrays. Return `(W, b)` after the last block.

**Worked example.** $K = 2$, $p = 1$, start at zero, $\alpha = 1$; samples $x = 2$ of class 0 and $x = -\frac12$ of
class 1; batches `[[0], [1]]`. Step one has $\Delta = (-\frac12, \frac12)$, which gives $W = (1, -1)^\top$,
$b = (\frac12, -\frac12)$. For the second sample both scores are now $0$, so $\Delta = (\frac12, -\frac12)$, and the
step ends at $W = (\frac54, -\frac54)^\top$, $b = (0, 0)$.

**What counts.** The mean is over the block that is there, also when the last one is short or has one sample. An index
may occur in several blocks. `W0` and `b0` stay unchanged. Again: let the cell stand on its own.
"""


# %% nbgrader={"grade": false, "grade_id": "softmax_sgd", "locked": false, "schema_version": 3, "solution": true, "task": false}
def sgd_softmax(
    W0: np.ndarray, b0: np.ndarray, X: np.ndarray, y: np.ndarray, batches: list[np.ndarray], alpha: float
) -> tuple[np.ndarray, np.ndarray]:
    """One gradient step of softmax regression per index block, in order.

    W0 (K, p), b0 (K,), X (n, p), y (n,) integers in [0, K); returns W (K, p), b (K,).
    """
    ### BEGIN SOLUTION
    W, b = np.array(W0, dtype=float), np.array(b0, dtype=float)
    for block in batches:
        Z = X[block] @ W.T + b  # (|I|, K)
        P = np.exp(Z - Z.max(axis=1, keepdims=True))
        delta = P / P.sum(axis=1, keepdims=True)
        delta[np.arange(len(block)), y[block]] -= 1.0
        W -= alpha * delta.T @ X[block] / len(block)
        b -= alpha * delta.mean(axis=0)
    return W, b
    ### END SOLUTION


# %% nbgrader={"grade": false, "grade_id": "check_softmax_sgd", "locked": true, "schema_version": 3, "solution": false, "task": false}
W0, b0 = np.zeros((2, 1)), np.zeros(2)
X, y = np.array([[2.0], [-0.5]]), np.array([0, 1])
W, b = sgd_softmax(W0, b0, X, y, [np.array([0])], 1.0)
assert np.shape(W) == (2, 1) and np.shape(b) == (2,), (
    f"shapes must be (2, 1) and (2,), got {np.shape(W)}, {np.shape(b)}"
)
assert np.allclose(W.ravel(), [1, -1]), f"after the first block W is (1, -1), got {W.ravel()}"
assert np.allclose(b, [1 / 2, -1 / 2]), f"after the first block b is (1/2, -1/2), got {b}"
W, b = sgd_softmax(W0, b0, X, y, [np.array([0]), np.array([1])], 1.0)
assert np.allclose(W.ravel(), [5 / 4, -5 / 4]), f"after both blocks W is (5/4, -5/4), got {W.ravel()}"
assert np.allclose(b, 0), f"after both blocks b is (0, 0), got {b}"
assert not W0.any() and not b0.any(), "W0 and b0 must not be changed"

# %% nbgrader={"grade": true, "grade_id": "test_softmax_sgd", "locked": true, "points": 10, "schema_version": 3, "solution": false, "task": false}
### BEGIN HIDDEN TESTS
from autograder import mark

mark("unit02_logistic/softmax_sgd", sgd_softmax)
### END HIDDEN TESTS

# %% [markdown]
r"""
**What you built.** A complete training run, the same loop that trains the largest networks: epochs, blocks, steps.
How large should a block be? Each curve below makes the same twenty passes over the data.
"""


# %% tags=["picture"]
def train_digits(batch_size, alpha, epochs, seed=0):
    """Trains on the digits; gives W, b and the losses after each epoch, of training and unseen digits."""
    rng = np.random.default_rng(seed)
    W, b, training, unseen = np.zeros((10, 64)), np.zeros(10), [], []
    for epoch in range(epochs + 1):
        training.append(softmax_ce_grad(W, b, X_digits[train], y_digits[train])[0])
        unseen.append(softmax_ce_grad(W, b, X_digits[test], y_digits[test])[0])
        if epoch < epochs:
            batches = minibatches(len(train), batch_size, rng)
            W, b = sgd_softmax(W, b, X_digits[train], y_digits[train], batches, alpha)
    return W, b, training, unseen


training, unseen = {}, {}
for batch_size in (1300, 128, 16):
    W, b, training[f"B = {batch_size}"], unseen[f"B = {batch_size}"] = train_digits(batch_size, alpha=0.5, epochs=20)
fig, (left, right) = plt.subplots(1, 2, figsize=(10, 3.6), layout="constrained", sharey=True)
plots.loss_curves(training, left, title="the 1300 training digits", xlabel="epoch", log=True)
plots.loss_curves(unseen, right, title="497 unseen digits", xlabel="epoch", log=True)
plt.show()

# %% [markdown]
r"""
Twenty passes in one large block are twenty steps; in blocks of sixteen they are more than sixteen hundred. And this
is what the ten neurons have learnt to look for:
"""

# %% tags=["picture"]
W_trained, b_trained, _, _ = train_digits(batch_size=16, alpha=0.5, epochs=20)
plots.image_grid(W_trained, range(10), signed=True, title="the weights of the ten neurons: red for, blue against")
plt.show()

# %% [markdown] nbgrader={"grade": false, "grade_id": "about_ovr_ovo_predict", "locked": true, "schema_version": 3, "solution": false, "task": false}
r"""
## 5 Many classes from binary decisions

Many classes can also be decided by several binary classifiers (book, chapter 2). **One-versus-rest** has one score
per class, and the largest score wins. **One-versus-one** has a classifier for each pair; each casts one vote, and the
class with most votes wins.

**Write** `predict_ovr(S)`: `S` (n, K), score of class $k$ for sample $i$. And `predict_ovo(D)`: `D` (n, K, K),
antisymmetric in its last two axes; $D_{iab} > 0$ is a **vote for $a$** against $b$, zero is no vote. Both return (n,)
integers. **Convention:** the lowest class wins a tie.

**Worked example.** One sample, $K = 3$, with $D_{01} = 0.1$, $D_{02} = 0.2$, $D_{12} = 9$ (and the negatives below
the diagonal). Class 0 has two votes, class 1 has one, class 2 none: class 0 wins, although class 1 won its one duel
by the largest margin. In the cycle $D_{01} = 1$, $D_{12} = 1$, $D_{20} = 1$ everybody has one vote, and class 0 wins
by the convention.
"""


# %% nbgrader={"grade": false, "grade_id": "ovr_ovo_predict", "locked": false, "schema_version": 3, "solution": true, "task": false}
def predict_ovr(S: np.ndarray) -> np.ndarray:
    """One-versus-rest: scores (n, K) to classes (n,); the lowest class wins a tie."""
    ### BEGIN SOLUTION
    return np.argmax(S, axis=1)
    ### END SOLUTION


def predict_ovo(D: np.ndarray) -> np.ndarray:
    """One-versus-one: duels (n, K, K), D[i, a, b] > 0 a vote for a, to classes (n,); the lowest class wins a tie."""
    ### BEGIN SOLUTION
    votes = np.sum(np.asarray(D) > 0, axis=2)  # (n, K)
    return np.argmax(votes, axis=1)
    ### END SOLUTION


# %% nbgrader={"grade": false, "grade_id": "check_ovr_ovo_predict", "locked": true, "schema_version": 3, "solution": false, "task": false}
classes = predict_ovr(np.array([[0.2, 1.5, -1.0], [3.0, -1.0, 2.0]]))
assert isinstance(classes, np.ndarray), f"predict_ovr must return a NumPy array, got {type(classes).__name__}"
assert classes.dtype.kind in "iu", f"classes are integers, got an array of {classes.dtype}"
assert np.shape(classes) == (2,), f"two samples need two answers, expected shape (2,), got {np.shape(classes)}"
assert list(classes) == [1, 0], f"the largest scores are those of classes 1 and 0, got {list(classes)}"
duels = np.array([[[0.0, 0.1, 0.2], [-0.1, 0.0, 9.0], [-0.2, -9.0, 0.0]], [[0.0, 1, -1], [-1, 0, 1], [1, -1, 0]]])
classes = predict_ovo(duels)
assert isinstance(classes, np.ndarray), f"predict_ovo must return a NumPy array, got {type(classes).__name__}"
assert classes.dtype.kind in "iu", f"classes are integers, got an array of {classes.dtype}"
assert np.shape(classes) == (2,), f"two samples need two answers, expected shape (2,), got {np.shape(classes)}"
assert classes[0] == 0, f"class 0 has two votes and wins the first sample, got {classes[0]}"
assert classes[1] == 0, f"a tie goes to the lowest class, 0, got {classes[1]}"

# %% nbgrader={"grade": true, "grade_id": "test_ovr_ovo_predict", "locked": true, "points": 6, "schema_version": 3, "solution": false, "task": false}
### BEGIN HIDDEN TESTS
from autograder import mark

mark("unit02_logistic/ovr_ovo_predict", predict_ovr, predict_ovo)
### END HIDDEN TESTS

# %% [markdown]
r"""
**What you built.** Does the way of voting matter? Three clouds in a row, decided by linear least-squares classifiers
with targets $\pm 1$. The class in the middle hardly ever wins against *the rest*, which lies on both of its sides: it
is masked. In duels it stands up. The digits show the same; on MNIST the book reports 86% for one-versus-rest and 93%
for one-versus-one.
"""


# %% tags=["picture"]
def duel(X, y, a, b):
    """Least-squares classifier of class a against class b, or against the rest if b is None: coefficients (p + 1,)."""
    rows = np.ones(len(y), dtype=bool) if b is None else (y == a) | (y == b)
    return np.linalg.lstsq(np.column_stack([np.ones(rows.sum()), X[rows]]), np.where(y[rows] == a, 1.0, -1.0))[0]


def both_ways(X, y, K):
    """One-versus-rest and one-versus-one, trained on (X, y): two functions from points to classes."""
    rest = np.column_stack([duel(X, y, a, None) for a in range(K)])  # (p + 1, K)
    pairs = np.zeros((X.shape[1] + 1, K, K))
    for a in range(K):
        for b in range(a):
            pairs[:, a, b] = duel(X, y, a, b)
            pairs[:, b, a] = -pairs[:, a, b]

    def augmented(points):
        return np.column_stack([np.ones(len(points)), points])

    return (
        lambda points: predict_ovr(augmented(points) @ rest),
        lambda points: predict_ovo(np.einsum("np,pab->nab", augmented(points), pairs)),
    )


rng = np.random.default_rng(0)
y_row = np.repeat([0, 1, 2], 60)
X_row = 2.5 * y_row[:, None] * [1.0, 0.6] + 0.6 * rng.normal(size=(180, 2))
ways = both_ways(X_row, y_row, 3)
shares = [np.mean(predict(X_row) == y_row) for predict in ways]
fig, axes = plt.subplots(1, 2, figsize=(10, 4), layout="constrained", sharey=True)
for ax, predict, share, name in zip(axes, ways, shares, ["one versus rest", "one versus one"], strict=True):
    plots.decision_boundary(predict, X_row, y_row, ax, title=f"{name}: {share:.0%} right")
plt.show()

for predict, name in zip(both_ways(X_digits[train], y_digits[train], 10), ["rest", "one"], strict=True):
    share = np.mean(predict(X_digits[test]) == y_digits[test])
    print(f"digits, one versus {name}: {share:.1%} of {len(test)} unseen digits right")

# %% [markdown]
r"""
The softmax layer of exercise 4 has one score per class, so `predict_ovr` reads its answers too. Whom does it confuse
with whom, and what do its surest mistakes look like? The colour of the table counts mistakes only.
"""

# %% tags=["picture"]
Z = X_digits[test] @ W_trained.T + b_trained
predicted = predict_ovr(Z)
counts = np.zeros((10, 10), dtype=int)
for truth, guess in zip(y_digits[test], predicted, strict=True):
    counts[truth, guess] += 1
_, ax = plt.subplots(figsize=(4.6, 4.6), layout="constrained")
plots.confusion(counts, ax, title=f"{np.mean(predicted == y_digits[test]):.1%} of 497 unseen digits right")
plt.show()

wrong = np.flatnonzero(predicted != y_digits[test])
wrong = wrong[np.argsort(-softmax(Z[wrong]).max(axis=1))][:10]  # the surest first
captions = [f"{y_digits[test][i]} → {predicted[i]}" for i in wrong]
plots.image_grid(X_digits[test][wrong], captions, title="surest mistakes: truth → answer")
plt.show()

# %% [markdown]
r"""
**Playground.** Train longer, with another $\alpha$ or other blocks. When does the training loss go on falling while
the unseen digits get no better? And if you have MNIST on your machine (`data.download("mnist")`), how far does one
layer get there?
"""

# %% tags=["picture"]
X_more, y_more = data.get("mnist", fallback="digits")

# %% [markdown] nbgrader={"grade": false, "grade_id": "about_written_ce_gradient", "locked": true, "schema_version": 3, "solution": false, "task": false}
r"""
## 6 Written: the gradient, and why there is only one valley (6 points)

Exercise 2 gave you the gradient. Now prove it, and show that nothing but the minimum waits downhill.

For $C(W, b) = \frac1n \sum_i \left(\operatorname{lse}(z_i) - z_{i, y^{(i)}}\right)$ with $z_i = b + W x^{(i)}$:

* derive the Jacobian $\partial p_k / \partial z_l$ of the softmax $p = S_{\text{softmax}}(z)$;
* derive $\partial C / \partial W_{kj}$, with indices, and bring it to the form $g_W = \Delta^\top X$;
* show that the Hessian of $C$ with respect to all parameters is positive semi-definite, so that $C$ is convex.

*Marks: 2 for the Jacobian, 2 for the chain rule with indices, 2 for the argument that the Hessian is positive
semi-definite.*

Write mathematics between dollar signs. Double-click the cell below to begin.
"""

# %% [markdown] nbgrader={"grade": true, "grade_id": "written_ce_gradient", "locked": false, "points": 6, "schema_version": 3, "solution": true, "task": false}
r"""
**Jacobian.** With $p_k = e^{z_k} / \sum_j e^{z_j}$ the quotient rule gives, with $\delta_{kl} = 1$ if $k = l$ and 0
otherwise,

$$\frac{\partial p_k}{\partial z_l} = \frac{\delta_{kl}\, e^{z_k} \sum_j e^{z_j} - e^{z_k} e^{z_l}}{\left(\sum_j e^{z_j}\right)^2} = p_k (\delta_{kl} - p_l).$$

**Gradient.** For one sample, $\partial \operatorname{lse}(z) / \partial z_k = e^{z_k} / \sum_j e^{z_j} = p_k$, so
$\partial C_i / \partial z_{ik} = p_{ik} - Y_{ik}$ with $Y_{ik} = 1$ if $k = y^{(i)}$ and 0 otherwise. As
$z_{ik} = b_k + \sum_j W_{kj} x^{(i)}_j$, only $z_{ik}$ depends on $W_{kj}$, with derivative $x^{(i)}_j$. Hence

$$\frac{\partial C}{\partial W_{kj}} = \frac1n \sum_i (p_{ik} - Y_{ik})\, x^{(i)}_j = \sum_i \Delta_{ik} X_{ij} = (\Delta^\top X)_{kj}.$$

**Hessian.** The term $z_{i, y^{(i)}}$ is linear in the parameters, so only $\operatorname{lse}$ contributes. Its
Hessian in $z$ is the Jacobian $H = \operatorname{diag}(p) - p p^\top$. Along a direction $(V, c)$ in parameter space
$z_i$ moves along $u_i = V x^{(i)} + c$, linearly, so the second derivative of $C$ along it is

$$\frac1n \sum_i u_i^\top H_i u_i = \frac1n \sum_i \left[\sum_k p_{ik} u_{ik}^2 - \Big(\sum_k p_{ik} u_{ik}\Big)^2\right] \ge 0,$$

because each bracket is the variance of a random variable that takes the value $u_{ik}$ with probability $p_{ik}$.
This holds for every direction, which is positive semi-definiteness. (It is not definite: adding one constant to all
scores changes nothing.)
"""
