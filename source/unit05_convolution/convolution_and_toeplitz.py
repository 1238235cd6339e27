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
# One filter for every place

*Unit 5, lab 1. Book: chapter 6, sections 6.1 to 6.3.*

A seven is a seven wherever on the page it is written. The networks of the last unit do not know that: each of their
weights belongs to one pixel, and what they learn about a stroke in one place helps them nowhere else. Below, a linear
classifier has learned the digits in the middle of a page, perfectly centred, and is then shown the same kind of digits
one or two pixels off: in the middle of the table on the right it recognises almost nine of ten, at its edge hardly
more than by guessing. **How can a network look for the same thing everywhere, without learning it anew for every
place?**

The answer is older than networks: slide one small filter over the whole image. In this lab you find out what kind of
linear map that is, how large its result is, and what it does to an image that moves. The next lab turns it into a
layer that learns.

As before: functions change none of their inputs. Indices count from 0.
"""

# %% nbgrader={"grade": false, "grade_id": "setup_toeplitz", "locked": true, "schema_version": 3, "solution": false, "task": false}
import matplotlib.pyplot as plt
import numpy as np

from dlmath_kit import data, plots

# %% tags=["picture"]
images, labels = data.digits()
images = images.reshape(-1, 8, 8)


def on_a_page(images, down=0, right=0):
    """The 8 x 8 images on pages of 12 x 12 pixels, moved from the middle."""
    pages = np.zeros((len(images), 12, 12))
    pages[:, 2 + down : 10 + down, 2 + right : 10 + right] = images
    return pages


def with_one(pages):
    return np.column_stack([pages.reshape(len(pages), -1), np.ones(len(pages))])


first, later = slice(0, 1200), slice(1200, None)  # to learn from, to be tested on
targets = np.eye(10)[labels]
weights = np.linalg.lstsq(with_one(on_a_page(images[first])), targets[first])[0]  # (145, 10)
moves = range(-2, 3)
right_answers = np.zeros((5, 5))
for i, down in enumerate(moves):
    for j, right in enumerate(moves):
        scores = with_one(on_a_page(images[later], down, right)) @ weights
        right_answers[i, j] = np.mean(scores.argmax(axis=1) == labels[later])

fig, (left, middle, axis) = plt.subplots(1, 3, figsize=(10, 3.4), layout="constrained")
left.imshow(on_a_page(images[:8])[7], cmap="gray_r")
left.set(title="as learned", xticks=[], yticks=[])
middle.imshow(on_a_page(images[:8], 1, 2)[7], cmap="gray_r")
middle.set(title="1 pixel down, 2 to the right", xticks=[], yticks=[])
axis.imshow(right_answers, cmap="Blues", vmin=0, vmax=1.3)
for i, j in np.ndindex(5, 5):
    axis.text(j, i, f"{right_answers[i, j]:.0%}", ha="center", va="center")
axis.set(xlabel="pixels to the right", ylabel="pixels down", title="digits that are recognised")
axis.set_xticks(range(5), moves)
axis.set_yticks(range(5), moves)
plt.show()

# %% [markdown] nbgrader={"grade": false, "grade_id": "about_conv1d_toeplitz", "locked": true, "schema_version": 3, "solution": false, "task": false}
r"""
## 1 A filter is a matrix

Clap your hands in a church and the room answers with an echo $w = (w_0, \dots, w_{k-1})$. Play a tune
$x = (x_0, \dots, x_{n-1})$, and every sample starts an echo of its own, one step later than the sample before. What
you hear is the sum of them all, the **convolution** of $w$ and $x$ (book, section 6.2):

$$(w * x)_i = \sum_{j=0}^{n-1} w_{i-j}\, x_j, \quad i = 0, \dots, n + k - 2, \qquad\text{so}\quad w * x = T x
\quad\text{with}\quad T_{i,j} = w_{i-j},$$

where $w_m = 0$ for $m < 0$ and for $m \ge k$. Such a $T$, constant along its diagonals, is called a **Toeplitz
matrix**. Networks slide the filter over the signal without reversing it, and only where it lies inside the signal.
That is the (valid) **cross-correlation**:

$$(w \star x)_i = \sum_{a=0}^{k-1} w_a\, x_{i+a}, \quad i = 0, \dots, n - k .$$

**Write** `conv_toeplitz(w, n)` and `corr_valid_matrix(w, n)`: `w` is (k,), `n` the length of $x$. The first returns
the matrix $T$ of the full convolution, $(n + k - 1, n)$; the second the matrix $M$ with $M x = w \star x$,
$(n - k + 1, n)$.

**Worked example.** $w = (1, 2)$.

$$n = 2:\quad T = \begin{pmatrix} 1 & 0 \\ 2 & 1 \\ 0 & 2 \end{pmatrix}, \quad
T \begin{pmatrix} 3 \\ 4 \end{pmatrix} = \begin{pmatrix} 3 \\ 10 \\ 8 \end{pmatrix}; \qquad
n = 3:\quad M = \begin{pmatrix} 1 & 2 & 0 \\ 0 & 1 & 2 \end{pmatrix}.$$

**What counts.** Any $k \ge 1$ and $n \ge 1$: `conv_toeplitz` also for a filter that is longer than the signal,
`corr_valid_matrix` for $n \ge k$.

**Allowed:** numpy and the standard library. Not allowed are `np.convolve` and `np.correlate` in this exercise; scipy
and scikit-learn in all of this unit; and torch except where a statement says so.
"""


# %% nbgrader={"grade": false, "grade_id": "conv1d_toeplitz", "locked": false, "schema_version": 3, "solution": true, "task": false}
def conv_toeplitz(w: np.ndarray, n: int) -> np.ndarray:
    """The (n + k - 1, n) matrix of the full convolution with w (k,)."""
    ### BEGIN SOLUTION
    k = len(w)
    T = np.zeros((n + k - 1, n))
    for j in range(n):
        T[j : j + k, j] = w  # the echo of sample j begins at j
    return T
    ### END SOLUTION


def corr_valid_matrix(w: np.ndarray, n: int) -> np.ndarray:
    """The (n - k + 1, n) matrix of the valid cross-correlation with w (k,)."""
    ### BEGIN SOLUTION
    k = len(w)
    M = np.zeros((n - k + 1, n))
    for i in range(n - k + 1):
        M[i, i : i + k] = w  # the window of output i begins at i
    return M
    ### END SOLUTION


# %% nbgrader={"grade": false, "grade_id": "check_conv1d_toeplitz", "locked": true, "schema_version": 3, "solution": false, "task": false}
T = conv_toeplitz(np.array([1.0, 2.0]), 2)
assert np.shape(T) == (3, 2), f"for k = 2 and n = 2 the matrix T has 2 + 2 - 1 rows and 2 columns, got {np.shape(T)}"
assert np.allclose(T, [[1, 0], [2, 1], [0, 2]]), f"for w = (1, 2) and n = 2 expected ((1, 0), (2, 1), (0, 2)), got {T}"
assert np.allclose(T @ [3, 4], [3, 10, 8]), f"(1, 2) * (3, 4) is (3, 10, 8), got {T @ [3, 4]}"
M = corr_valid_matrix(np.array([1.0, 2.0]), 3)
assert np.shape(M) == (2, 3), f"for k = 2 and n = 3 the matrix M has 3 - 2 + 1 rows and 3 columns, got {np.shape(M)}"
assert np.allclose(M, [[1, 2, 0], [0, 1, 2]]), f"for w = (1, 2) and n = 3 expected ((1, 2, 0), (0, 1, 2)), got {M}"

# %% nbgrader={"grade": true, "grade_id": "test_conv1d_toeplitz", "locked": true, "points": 9, "schema_version": 3, "solution": false, "task": false}
### BEGIN HIDDEN TESTS
from autograder import mark

mark("unit05_convolution/conv1d_toeplitz", conv_toeplitz, corr_valid_matrix)
### END HIDDEN TESTS

# %% [markdown]
r"""
**What you built.** Your two matrices for the echo $w_a = 0.6^a$ of length 4. Every column of $T$ and every row of $M$
holds the same four numbers: $T$ has 180 entries and 4 parameters. On the right, three claps and what a room with a
longer echo makes of them. The convolution answers *after* each clap, as rooms do. The correlation with the same $w$
would answer before it: it is the convolution with the reversed filter. For a network that learns its filters the
difference is a matter of taste, and networks have settled for the one without reversal.
"""

# %% tags=["picture"]
echo = 0.6 ** np.arange(4)
claps = np.zeros(30)
claps[[4, 17, 20]] = 1.0, 0.7, 1.0
heard = conv_toeplitz(0.8 ** np.arange(12), 30) @ claps

fig, (left, middle, right) = plt.subplots(1, 3, figsize=(13, 3.8), layout="constrained")
plots.matrix(conv_toeplitz(echo, 12), left, title="your $T$: full convolution, $n = 12$")
plots.matrix(corr_valid_matrix(echo, 12), middle, title="your $M$: valid correlation")
right.vlines(np.arange(41), 0, heard, color=plots.PALETTE[0], lw=3, label="$T x$, what is heard")
right.plot(np.flatnonzero(claps), claps[claps > 0], "o", color=plots.PALETTE[1], label="$x$, the claps")
right.set(xlabel="time", title="every clap starts an echo", ylim=(0, 2.1))
right.legend(loc="upper right")
right.spines[["top", "right"]].set_visible(False)
plt.show()

# %% [markdown]
r"""
Two more filters, on a noisy signal. A bell-shaped $w$ with sum 1 takes the mean of each neighbourhood: the noise goes.
The filter $(-1, 0, 1)$ compares the right neighbour with the left one: it is large where something happens. A
convolutional network is made of millions of such measurements, and nobody tells it which ones.
"""

# %% tags=["picture"]
rng = np.random.default_rng(2)
n = 160
steps = np.repeat([0.0, 1.0, 0.3, 1.2, 0.6], n // 5)
signal = steps + 0.12 * rng.normal(size=n)
bell = np.exp(-(np.arange(-7, 8) ** 2) / 18)
bell /= bell.sum()
smooth = corr_valid_matrix(bell, n) @ signal  # n - 14 values, the first one belongs to place 7
change = corr_valid_matrix(np.array([-1.0, 0.0, 1.0]), len(smooth)) @ smooth

fig, (top, bottom) = plt.subplots(2, 1, figsize=(9, 4.4), layout="constrained", sharex=True, height_ratios=[2, 1])
top.plot(signal, ".", color="0.6", ms=4, label="signal")
top.plot(np.arange(7, n - 7), smooth, color=plots.PALETTE[0], lw=2, label="correlated with a bell")
top.legend(loc="upper left", ncols=2)
top.set_ylim(-0.45, 2.1)
bottom.plot(np.arange(8, n - 8), change, color=plots.PALETTE[1], lw=2)
bottom.axhline(0, color="0.7", lw=0.8)
bottom.set(xlabel="place", title="then correlated with $(-1, 0, 1)$: where something happens")
for ax in (top, bottom):
    ax.spines[["top", "right"]].set_visible(False)
plt.show()

# %% [markdown] nbgrader={"grade": false, "grade_id": "about_conv2d_matrix", "locked": true, "schema_version": 3, "solution": false, "task": false}
r"""
## 2 The same for images

Now the filter $K$ is $(k_h, k_w)$ and slides over an image $X$ of shape $(H, W)$, again without reversal and only
where it lies inside (book, section 6.2):

$$(K \star X)_{i,j} = \sum_{a=0}^{k_h-1} \sum_{b=0}^{k_w-1} K_{a,b}\, X_{i+a,\,j+b}, \qquad
0 \le i < o_h = H - k_h + 1, \quad 0 \le j < o_w = W - k_w + 1 .$$

Write the image as one long vector $\mathrm{vec}(X)$, row after row, as `X.reshape(-1)` does: pixel $(r, s)$ stands at
place $r W + s$. Then the filter is a matrix again,

$$\mathrm{vec}(K \star X) = M\, \mathrm{vec}(X), \qquad
M_{\,i\, o_w + j,\ (i + a)\, W + (j + b)} = K_{a,b}, \quad\text{and 0 elsewhere.}$$

**Write** `conv2d_matrix(K, H, W)`: `K` is (kh, kw), `H` and `W` are the image's height and width. Return $M$, of shape
$(o_h o_w,\ H W)$.

**Worked example.** $K = \begin{pmatrix} 1 & 2 \\ 3 & 4 \end{pmatrix}$ on images with $H = 2$, $W = 3$: the filter fits
at two places, and

$$M = \begin{pmatrix} 1 & 2 & 0 & 3 & 4 & 0 \\ 0 & 1 & 2 & 0 & 3 & 4 \end{pmatrix}.$$

Row 0 reads the pixels $(0, 0), (0, 1), (1, 0), (1, 1)$, that is the places $0, 1, 3, 4$ of $\mathrm{vec}(X)$.

**What counts.** Filters and images need not be square. The filter may be as large as the image: then $M$ has one row.
"""


# %% nbgrader={"grade": false, "grade_id": "conv2d_matrix", "locked": false, "schema_version": 3, "solution": true, "task": false}
def conv2d_matrix(K: np.ndarray, H: int, W: int) -> np.ndarray:
    """The matrix of the valid cross-correlation with K (kh, kw) on (H, W) images written row by row."""
    ### BEGIN SOLUTION
    kh, kw = K.shape
    oh, ow = H - kh + 1, W - kw + 1
    M = np.zeros((oh, ow, H, W))  # two axes for outputs, two for inputs
    for i in range(oh):
        for j in range(ow):
            M[i, j, i : i + kh, j : j + kw] = K
    return M.reshape(oh * ow, H * W)
    ### END SOLUTION


# %% nbgrader={"grade": false, "grade_id": "check_conv2d_matrix", "locked": true, "schema_version": 3, "solution": false, "task": false}
K = np.array([[1.0, 2.0], [3.0, 4.0]])
M = conv2d_matrix(K, 2, 3)
assert np.shape(M) == (2, 6), f"a 2 x 2 filter on a 2 x 3 image makes a (2, 6) matrix, got {np.shape(M)}"
assert np.allclose(M[0], [1, 2, 0, 3, 4, 0]), f"row 0 of the worked example is 1, 2, 0, 3, 4, 0; got {M[0]}"
assert np.allclose(M[1], [0, 1, 2, 0, 3, 4]), f"row 1 of the worked example is 0, 1, 2, 0, 3, 4; got {M[1]}"
M = conv2d_matrix(K, 3, 3)
assert np.shape(M) == (4, 9), f"a 2 x 2 filter on a 3 x 3 image makes a (4, 9) matrix, got {np.shape(M)}"
Y = (M @ np.arange(9.0)).reshape(2, 2)  # the image 0 1 2 / 3 4 5 / 6 7 8
assert np.allclose(Y, [[27, 37], [57, 67]]), f"on the image 0 1 2 / 3 4 5 / 6 7 8: 27 37 / 57 67 expected, got {Y}"

# %% nbgrader={"grade": true, "grade_id": "test_conv2d_matrix", "locked": true, "points": 6, "schema_version": 3, "solution": false, "task": false}
### BEGIN HIDDEN TESTS
from autograder import mark

mark("unit05_convolution/conv2d_matrix", conv2d_matrix)
### END HIDDEN TESTS

# %% [markdown]
r"""
**What you built.** The matrix of one $3 \times 3$ filter on $8 \times 8$ images. The lines separate the image's rows:
each block is a Toeplitz matrix as in exercise 1, made of one row of the filter, and the blocks themselves are constant
along the diagonals. Hence the name *doubly block Toeplitz*. A fully connected layer of this size learns 2304 numbers;
this one learns 9, and uses each of them 36 times. That is the idea of the whole chapter: **local** (most entries are
0) and **shared** (the others repeat).
"""

# %% tags=["picture"]
K = np.array([[5.0, 4.0, 3.0], [2.0, 1.0, -1.0], [-2.0, -3.0, -4.0]])
M = conv2d_matrix(K, 8, 8)
ax = plt.subplots(figsize=(9, 5.2), layout="constrained")[1]
plots.matrix(
    M,
    ax,
    blocks=(6, 8),
    title=f"one 3 x 3 filter: {M.size} entries, {np.count_nonzero(M)} not 0, {len(np.unique(M)) - 1} different ones",
    xlabel="pixel of the image",
    ylabel="output pixel",
)
plt.show()

# %% [markdown]
r"""
What do such filters see? Four of them, drawn by hand, and what your matrix makes of a digit: red where the image looks
like the filter, blue where it looks like its opposite, white where it is flat.
"""

# %% tags=["picture"]
by_hand = {
    "upper edge": [[-1, -1, -1], [0, 0, 0], [1, 1, 1]],
    "left edge": [[-1, 0, 1], [-1, 0, 1], [-1, 0, 1]],
    "rising line": [[-1, 0, 1], [0, 1, 0], [1, 0, -1]],
    "dot": [[-1, -1, -1], [-1, 8, -1], [-1, -1, -1]],
}
bank = np.array(list(by_hand.values()), dtype=float)
plots.filters(bank / np.abs(bank).sum(axis=(1, 2), keepdims=True), names=list(by_hand))
plt.show()
for image in images[[0, 7]]:
    maps = [(conv2d_matrix(K / np.abs(K).sum(), 8, 8) @ image.reshape(-1)).reshape(6, 6) for K in bank]
    plots.feature_maps(image, np.array(maps), names=list(by_hand))
    plt.show()

# %% [markdown] nbgrader={"grade": false, "grade_id": "about_conv_output_shape", "locked": true, "schema_version": 3, "solution": false, "task": false}
r"""
## 3 Padding, stride, dilation: how large is the result?

A layer has three more dials (book, section 6.3). **Padding** $p$ puts $p$ zeros in front of the signal and $p$ behind
it. With **stride** $s$ the window moves $s$ places at a time. With **dilation** $d$ the filter's entries touch every
$d$-th place, so that $k$ entries span $d (k - 1) + 1$ places. Along one axis,

$$y_i = \sum_{a=0}^{k-1} w_a\, x^{\text{padded}}_{\,i s + a d}, \qquad
o = \left\lfloor \frac{h + 2p - d\,(k - 1) - 1}{s} \right\rfloor + 1$$

outputs. The last window counts only if it fits as a whole; whatever remains behind it is never read.

**Write** `conv_output_size(h, k, stride=1, pad=0, dilation=1)` and return the integer $o$. If the filter does not fit
the padded input even once, raise a `ValueError`.

**Worked example.** A $3 \times 3$ filter with padding 1 keeps the size: $\lfloor (224 + 2 - 2 - 1) / 1 \rfloor + 1 =
224$. With stride 2 it halves it: $\lfloor 223 / 2 \rfloor + 1 = 112$, and the last padded place is never read.

**What counts.** All of $h, k, s, d \ge 1$ and $p \ge 0$ are integers, and so is the result.
"""


# %% nbgrader={"grade": false, "grade_id": "conv_output_shape", "locked": false, "schema_version": 3, "solution": true, "task": false}
def conv_output_size(h: int, k: int, stride: int = 1, pad: int = 0, dilation: int = 1) -> int:
    """Outputs along one axis; ValueError if the filter does not fit the padded input."""
    ### BEGIN SOLUTION
    span = dilation * (k - 1) + 1
    room = h + 2 * pad - span  # places by which the filter can be moved
    if room < 0:
        raise ValueError(f"a filter that spans {span} places does not fit {h + 2 * pad} places")
    return room // stride + 1
    ### END SOLUTION


# %% nbgrader={"grade": false, "grade_id": "check_conv_output_shape", "locked": true, "schema_version": 3, "solution": false, "task": false}
o = conv_output_size(224, 3, 1, 1)
assert o == 224, f"a filter of 3 with padding 1 keeps the size 224, got {o}"
o = conv_output_size(224, 3, stride=2, pad=1)
assert o == 112, f"with stride 2 it halves 224 to 112, got {o}"
o = conv_output_size(5, 5)
assert o == 1, f"a filter as long as the input fits once, got {o}"

# %% nbgrader={"grade": true, "grade_id": "test_conv_output_shape", "locked": true, "points": 4, "schema_version": 3, "solution": false, "task": false}
### BEGIN HIDDEN TESTS
from autograder import mark

mark("unit05_convolution/conv_output_shape", conv_output_size)
### END HIDDEN TESTS

# %% [markdown]
r"""
**What you built.** One row for each output that your formula counts, with the places that it reads: open circles are
padding. On the left the size is kept. In the middle the stride skips every other window, and the last place is never
read. On the right the dilated filter spans five places with three weights. One row more (orange) would leave the
input.
"""

# %% tags=["picture"]
dials = [(7, 3, 1, 1, 1), (8, 3, 2, 0, 1), (9, 3, 2, 0, 2)]
fig, axes = plt.subplots(1, 3, figsize=(12, 3.4), layout="constrained")
for ax, (h, k, s, p, d) in zip(axes, dials, strict=True):
    o = conv_output_size(h, k, s, p, d)
    plots.windows(h, k, s, p, d, outputs=o + 1, ax=ax, title=f"$h={h}, k={k}, s={s}, p={p}, d={d}$: {o} outputs")
plt.show()

# %% [markdown]
r"""
Back to the question of the beginning. A digit on a page is filtered and then moved (first row), or moved and then
filtered (second row); the third row is coloured where the two differ. With stride 1 they agree in every place, unless
the digit runs over the edge of the page (second column). With stride 2 a move by two pixels moves the output by one,
and a move by a single pixel changes the output altogether.
"""

# %% tags=["picture"]
K = np.array(by_hand["left edge"]) / 6


def layer(page, stride=1, pad=1):
    """The filter on a padded page, every stride-th output."""
    padded = np.pad(page, pad)
    H, W = padded.shape
    return (conv2d_matrix(K, H, W) @ padded.reshape(-1)).reshape(H - 2, W - 2)[::stride, ::stride]


def moved(page, right):
    """The page moved to the right; what leaves it is lost."""
    return np.pad(page, ((0, 0), (right, 0)))[:, : page.shape[1]]


page = on_a_page(images[7:8])[0]
cases = {  # how far the page is moved, and how far the output
    "2 pixels, stride 1": (2, 2, 1),
    "5 pixels, stride 1": (5, 5, 1),
    "2 pixels, stride 2": (2, 1, 2),
    "1 pixel, stride 2": (1, 0, 2),
}
fig, axes = plt.subplots(3, len(cases), figsize=(9, 6.8), layout="constrained")
for column, (name, (before, after, stride)) in zip(axes.T, cases.items(), strict=True):
    late, early = moved(layer(page, stride), after), layer(moved(page, before), stride)
    for ax, picture in zip(column, (late, early, late - early), strict=True):
        ax.imshow(picture, cmap="RdBu_r", vmin=-0.7, vmax=0.7)
        ax.set(xticks=[], yticks=[])
    column[0].set_title(name, fontsize=10)
for ax, name in zip(axes[:, 0], ("filtered, then moved", "moved, then filtered", "difference"), strict=True):
    ax.set_ylabel(name)
plt.show()

# %% [markdown] nbgrader={"grade": false, "grade_id": "about_written_equivariance", "locked": true, "schema_version": 3, "solution": false, "task": false}
r"""
## 4 Written: shifting before or after (4 points)

Does a filter keep its promise, to see the same thing everywhere? To have no edges in the way, let an image be a
function $X : \mathbb{Z}^2 \to \mathbb{R}$ that is 0 outside of a finite part, and let
$(K \star X)_{i,j} = \sum_{a,b} K_{a,b}\, X_{i+a,\,j+b}$ for all $i, j \in \mathbb{Z}$. For $u = (u_1, u_2)$ in
$\mathbb{Z}^2$ the shift $S_u$ moves an image down by $u_1$ and to the right by $u_2$:
$(S_u X)_{i,j} = X_{i-u_1,\,j-u_2}$.

1. **Prove** that correlation is **shift equivariant**: $K \star (S_u X) = S_u (K \star X)$ for every $u$.
2. **Stride.** A layer with stride $s$ keeps $Y_{i,j} = (K \star X)_{s i,\,s j}$. For which shifts $u$ of the image is
   $Y$ only shifted, and by how much? Give an example with another $u$ in which it is not.
3. **Padding.** Real images end. In one dimension, an image of $n$ pixels is shifted by $u$, $0 < u < n$: $u$ zeros
   come in at its beginning, and its last $u$ pixels are lost. It is then padded with $p$ zeros at both ends
   and correlated with $k > p$ weights, stride 1. Compare output $i$ of the shifted image with output $i - u$ of the
   original one: for which $i$ must they be equal, for which can they differ, and why?

*Marks: 2 for the proof; 1 for the stride, with an example; 1 for the padding.*

Write mathematics between dollar signs. Double-click the cell below to begin.
"""

# %% [markdown] nbgrader={"grade": true, "grade_id": "written_equivariance", "locked": false, "points": 4, "schema_version": 3, "solution": true, "task": false}
r"""
**1.** Write $v = (i, j)$ and $c = (a, b)$, so that $(K \star X)_v = \sum_c K_c X_{v+c}$; the sum is finite. Then

$$\big(K \star (S_u X)\big)_v = \sum_c K_c\, (S_u X)_{v+c} = \sum_c K_c\, X_{(v+c)-u}
= \sum_c K_c\, X_{(v-u)+c} = (K \star X)_{v-u} = \big(S_u (K \star X)\big)_v .$$

The filter does not depend on $v$: that is all the proof uses.

**2.** Let $Y'$ belong to $S_u X$. By part 1, $Y'_v = (K \star S_u X)_{sv} = (K \star X)_{sv-u}$. If $u = s m$ with
$m \in \mathbb{Z}^2$, this is $(K \star X)_{s(v-m)} = Y_{v-m}$: the output is shifted by $m = u/s$. Otherwise $Y'$ reads
values between those that $Y$ kept. Example: $K = 1$ (one weight), one bright pixel at $(0, 0)$, $s = 2$, $u = (0, 1)$.
Then $Y_{0,0} = 1$, but the shifted pixel lies at $(0, 1)$, which no output reads: $Y' = 0$, and no shift of $Y$ is 0.

**3.** Let $X$ be extended by zeros, so that output $i$ of the original is $(K \star X)_{i-p}$. The shifted image that
the layer gets is $X'_j = X_{j-u}$ for $j < n$, as in $S_u X$, but 0 for $j \ge n$, where $S_u X$ still has the lost
pixels $X_{n-u}, \dots, X_{n-1}$. Output $i$ reads the places $i - p, \dots, i - p + k - 1$. If the last of them lies
inside, $i \le n + p - k$, the output is that of $S_u X$, and by part 1 it equals output $i - u$ of the original
(wherever there is one). The zeros at the beginning do no harm: $S_u X$ is 0 there, too. The last $p$ outputs,
$i > n + p - k$, reach over the end. They find zeros in place of the lost pixels and can differ: for example when
$X_{n-u}$ is the only lost pixel that is not 0, and the weight on it is not 0 either. Without padding there are no such outputs.
"""

# %% [markdown]
r"""
**Where do filters come from?** Not from our hands. The output is linear in the image, but it is linear in the filter
as well; so a filter can be *learned* from what it shall do. Below, one image, and what an unknown filter made of it,
with some noise. That makes 36 equations for 9 weights, and least squares finds them. A network does the same with a
better optimiser, with many filters in many layers, and it is told only what the last layer shall say.

**Playground.** Learn from two images, or from more noise. Blur a digit with a filter of your own and try to undo it
by solving with $T$. And build the matrix for an image of a camera, $224 \times 224$ pixels, if you have 20 gigabytes
of memory; the next lab gets the same result with none of it.
"""

# %% tags=["picture"]
rng = np.random.default_rng(5)
unknown = np.array([[0.0, 1.0, 0.5], [-1.0, 0.0, 1.0], [-0.5, -1.0, 0.0]])
image = images[7]
seen = conv2d_matrix(unknown, 8, 8) @ image.reshape(-1) + 0.05 * rng.normal(size=36)
effects = [conv2d_matrix(unit.reshape(3, 3), 8, 8) @ image.reshape(-1) for unit in np.eye(9)]  # of one weight each
learned = np.linalg.lstsq(np.column_stack(effects), seen)[0].reshape(3, 3)
plots.filters(np.array([unknown, learned]), names=["unknown", "learned"])
plt.show()
plots.feature_maps(image, np.array([seen.reshape(6, 6)]), names=["observed"])
plt.show()
