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
# The layers of a network that sees

*Unit 5, lab 2. Book: chapter 6, sections 6.2 to 6.4.*

A page full of handwriting, and the question where on it a zero stands. A fully connected layer would need weights for
every place of the page and would have to learn the zero anew at each of them. A **convolutional layer** learns it
once and looks everywhere. **What does such a layer compute, and how does it learn?**

You write the layer with everything that real ones have: many channels, stride, padding, dilation. Then its three
gradients, the heart of this unit; then the rearrangement that makes both fast; then the pooling layers that stand
between convolutions. At the end your layers learn to see, without a line of anyone else's code in between.

Images are arrays $X$ of shape $(N, C, H, W)$: $N$ images of $C$ channels with $H$ rows and $W$ columns. All arrays hold
floats, and functions change none of their inputs. Allowed are numpy, with `sliding_window_view` of
`numpy.lib.stride_tricks`, and the standard library. Every cell of this lab stands on its own: do not call one exercise
from another.
"""

# %% nbgrader={"grade": false, "grade_id": "setup_layers", "locked": true, "schema_version": 3, "solution": false, "task": false}
from time import perf_counter

import matplotlib.pyplot as plt
import numpy as np

from dlmath_kit import data, plots

# %% tags=["picture"]

images, labels = data.digits()
images = images.reshape(-1, 1, 8, 8)  # (n, C, H, W)


def write_page(digits, rng, rows=4, columns=9):
    """A page (1, 1, H, W) with the first digits somewhere near their places."""
    page = np.zeros((1, 1, 12 * rows + 4, 11 * columns + 4))
    for k, digit in enumerate(digits[: rows * columns]):
        top, left = 2 + 12 * (k // columns) + rng.integers(5), 2 + 11 * (k % columns) + rng.integers(4)
        page[0, 0, top : top + 8, left : left + 8] = digit[0]
    return page


rng = np.random.default_rng(1)
chosen = 1300 + rng.permutation(497)[:36]
page = write_page(images[chosen], rng)
fig, ax = plt.subplots(figsize=(9, 4.6), layout="constrained")
ax.imshow(page[0, 0], cmap="gray_r")
ax.set(xticks=[], yticks=[], title="where are the zeros, and where are the fours?")
plt.show()

# %% [markdown] nbgrader={"grade": false, "grade_id": "about_conv2d_forward", "locked": true, "schema_version": 3, "solution": false, "task": false}
r"""
## 1 The convolutional layer

A layer holds $F$ filters. Filter $f$ is a small stack of weights $K_f$ with $k_h$ rows and $k_w$ columns **for each
input channel**, and one bias $b_f$. It is laid on the image at one place after the other; what it covers is
multiplied and summed, over its rows, its columns and all channels (book, section 6.3). Networks do not flip the
kernel: they correlate, and say "convolve".

* **Padding** $p$: the image is first framed by $p$ zeros on each of its four sides, which gives $X^{\text{pad}}$.
* **Stride** $s$: the filter moves $s$ pixels at a time, in both directions.
* **Dilation** $d$: neighbouring weights lie $d$ pixels apart, so the filter spans $d(k-1)+1$ pixels.

$$y_{n,f,i,j} = b_f + \sum_{c=0}^{C-1} \sum_{a=0}^{k_h-1} \sum_{b=0}^{k_w-1} K_{f,c,a,b}\;
X^{\text{pad}}_{n,\,c,\,is+ad,\,js+bd}, \qquad
\text{rows: } \left\lfloor \frac{H + 2p - d(k_h-1) - 1}{s} \right\rfloor + 1$$

and likewise for the columns.

**Write** `conv2d(X, K, b, stride=1, pad=0, dilation=1)`: `X` (N, C, H, W), `K` (F, C, kh, kw), `b` (F,). Return $y$
of shape (N, F, rows, columns). The filter always fits.

**Worked example.** One image, one channel, one filter, $b = 1$:

$$X = \begin{pmatrix} 1 & 2 & 3 \\ 4 & 5 & 6 \\ 7 & 8 & 9 \end{pmatrix}, \qquad
K = \begin{pmatrix} 1 & 0 \\ 0 & 2 \end{pmatrix}, \qquad
y = \begin{pmatrix} 1 + 2 \cdot 5 + 1 & 2 + 2 \cdot 6 + 1 \\ 4 + 2 \cdot 8 + 1 & 5 + 2 \cdot 9 + 1 \end{pmatrix}
= \begin{pmatrix} 12 & 15 \\ 21 & 24 \end{pmatrix}.$$

With $p = 1$ and $s = 2$ the filter stands at four corners of the framed image. At the first it covers the frame and
the pixel 1, so $y_{0,0} = 0 + 2 \cdot 1 + 1 = 3$; all four are $\begin{pmatrix} 3 & 7 \\ 15 & 24 \end{pmatrix}$. With
$d = 2$ the weights 1 and 2 meet the pixels 1 and 9: $y = (1 + 2 \cdot 9 + 1) = (20)$.

**What counts.** Images and filters that are not square; more channels than filters and fewer; every mixture of stride,
padding and dilation; a last column that no window reaches; one image; a filter of one pixel and a filter as large as
the image.
"""


# %% nbgrader={"grade": false, "grade_id": "conv2d_forward", "locked": false, "schema_version": 3, "solution": true, "task": false}
def conv2d(X: np.ndarray, K: np.ndarray, b: np.ndarray, stride: int = 1, pad: int = 0, dilation: int = 1) -> np.ndarray:
    """A convolutional layer: every filter of K, correlated with every image of X, plus the filter's bias.

    X (N, C, H, W), K (F, C, kh, kw), b (F,); returns (N, F, rows, columns).
    """
    ### BEGIN SOLUTION
    N, _, H, W = X.shape
    F, _, kh, kw = K.shape
    tall, wide = dilation * (kh - 1) + 1, dilation * (kw - 1) + 1  # what a filter spans
    framed = np.pad(X, ((0, 0), (0, 0), (pad, pad), (pad, pad)))
    y = np.zeros((N, F, (H + 2 * pad - tall) // stride + 1, (W + 2 * pad - wide) // stride + 1))
    for i, j in np.ndindex(y.shape[2:]):
        top, left = i * stride, j * stride
        window = framed[:, :, top : top + tall : dilation, left : left + wide : dilation]  # (N, C, kh, kw)
        y[:, :, i, j] = np.tensordot(window, K, axes=((1, 2, 3), (1, 2, 3))) + b
    return y
    ### END SOLUTION


# %% nbgrader={"grade": false, "grade_id": "check_conv2d_forward", "locked": true, "schema_version": 3, "solution": false, "task": false}
X = np.arange(1.0, 10.0).reshape(1, 1, 3, 3)
K, b = np.array([[[[1.0, 0.0], [0.0, 2.0]]]]), np.array([1.0])
y = conv2d(X, K, b)
assert np.shape(y) == (1, 1, 2, 2), f"a 2 x 2 filter has 2 x 2 places on a 3 x 3 image: (1, 1, 2, 2), got {np.shape(y)}"
assert np.allclose(y[0, 0], [[12, 15], [21, 24]]), f"the worked example is [[12, 15], [21, 24]], got\n{y[0, 0]}"
y = conv2d(X, K, b, stride=2, pad=1)
assert np.shape(y) == (1, 1, 2, 2), f"with stride 2 and padding 1 the shape is (1, 1, 2, 2), got {np.shape(y)}"
assert np.allclose(y[0, 0], [[3, 7], [15, 24]]), f"with stride 2 and padding 1: [[3, 7], [15, 24]], got\n{y[0, 0]}"
y = conv2d(X, K, b, dilation=2)
assert np.allclose(y, 20) and np.shape(y) == (1, 1, 1, 1), f"with dilation 2 there is one number, 20, got {y}"
y = conv2d(np.ones((2, 3, 5, 4)), np.ones((6, 3, 2, 1)), np.zeros(6))
assert np.shape(y) == (2, 6, 4, 4), f"2 images and 6 filters of 2 x 1 on 5 x 4 give (2, 6, 4, 4), got {np.shape(y)}"
assert np.allclose(y, 3 * 2 * 1), f"with ones everywhere each entry counts the weights of a filter, 6, got {y.flat[0]}"

# %% nbgrader={"grade": true, "grade_id": "test_conv2d_forward", "locked": true, "points": 12, "schema_version": 3, "solution": false, "task": false}
### BEGIN HIDDEN TESTS
from autograder import mark

mark("unit05_convolution/conv2d_forward", conv2d)
### END HIDDEN TESTS

# %% [markdown]
r"""
**What you built.** Two filters of $8 \times 8$ pixels look at the whole page: the average zero, and the average four,
of 1300 other digits, each less the average of all ten. That is no training yet, two subtractions and nothing more.
Red is where a filter agrees with what it sees. Its strongest places are circled, as many as there are such digits:
12 of 13 circles are right, and a bright 1 passes for half a zero.
"""

# %% tags=["picture"]
means = np.array([images[:1300][labels[:1300] == k].mean(axis=0) for k in range(10)])  # (10, 1, 8, 8)
templates = (means - means.mean(axis=0))[[0, 4]]
templates /= np.sqrt(np.sum(templates**2, axis=(1, 2, 3), keepdims=True))
scores = conv2d(page, templates, np.zeros(2))[0]  # (2, rows, columns)

fig, axes = plt.subplots(2, 2, figsize=(9.5, 6.6), layout="constrained", width_ratios=[1, 3.4])
for name, value, template, score, row in zip(["zero", "four"], [0, 4], templates, scores, axes, strict=True):
    small, large = row
    small.imshow(template[0], cmap="RdBu_r", vmin=-0.4, vmax=0.4)
    small.set(xticks=[], yticks=[], title=f"filter: {name}")
    large.imshow(page[0, 0], cmap="gray_r", alpha=0.5)
    framed = np.full(page.shape[2:], np.nan)
    framed[4:-3, 4:-3] = score  # an output stands for the middle of its window
    large.imshow(framed, cmap="RdBu_r", alpha=0.6, vmin=-score.max(), vmax=score.max())
    left_over = score.copy()
    for _ in range(np.sum(labels[chosen] == value)):
        i, j = np.unravel_index(left_over.argmax(), score.shape)
        large.plot(j + 3.5, i + 3.5, "o", ms=34, mfc="none", mec="black", mew=1.5)
        left_over[max(0, i - 4) : i + 5, max(0, j - 4) : j + 5] = -np.inf
    large.set(xticks=[], yticks=[], title=f"where it sees a {name}")
plt.show()

# %% [markdown]
r"""
Small filters see small things. The maps below are what filters of $3 \times 3$ pixels make of one digit: edges of two
directions, a blur, and what differs from its surroundings. The three on the right are the first one again, with your
other arguments: padding keeps the size, a stride of 2 halves it, a dilation of 2 looks for edges that are twice as
wide.
"""

# %% tags=["picture"]
bank = {
    "upper edge": [[-1, -1, -1], [0, 0, 0], [1, 1, 1]],
    "left edge": [[-1, 0, 1], [-1, 0, 1], [-1, 0, 1]],
    "blur": [[1, 2, 1], [2, 4, 2], [1, 2, 1]],
    "detail": [[-1, -1, -1], [-1, 8, -1], [-1, -1, -1]],
}
by_hand = np.array(list(bank.values()), dtype=float)[:, None]  # (4, 1, 3, 3)
by_hand /= np.abs(by_hand).sum(axis=(1, 2, 3), keepdims=True)
digit = images[8:9]
maps = dict(zip(bank, conv2d(digit, by_hand, np.zeros(4))[0], strict=True))
for name, options in {"$p = 1$": (1, 1), "$p = 1, s = 2$": (2, 1), "$p = 2, d = 2$": (1, 2, 2)}.items():
    maps[name] = conv2d(digit, by_hand[:1], np.zeros(1), *options)[0, 0]

fig, axes = plt.subplots(1, 8, figsize=(12, 2.1), layout="constrained")
axes[0].imshow(digit[0, 0], cmap="gray_r")
axes[0].set_title("image\n8 x 8", fontsize=9)
for ax, (name, m) in zip(axes[1:], maps.items(), strict=True):
    most = np.abs(m).max()  # each map on its own scale
    ax.imshow(m, cmap="RdBu_r", vmin=-most, vmax=most)
    ax.set_title(f"{name}\n{m.shape[0]} x {m.shape[1]}", fontsize=9)
for ax in axes:
    ax.set(xticks=[], yticks=[])
plt.show()

# %% [markdown] nbgrader={"grade": false, "grade_id": "about_conv2d_backward", "locked": true, "schema_version": 3, "solution": false, "task": false}
r"""
## 2 Three gradients

Behind the layer stands the rest of the network and a cost $C$. From it comes $g = \partial C / \partial y$, of the
shape of $y$: how much the cost rises with each output. The layer owes three answers: the gradients in its filters
and in its biases, so that it can learn, and the gradient in its input, so that the layer before it can.

Everything follows from one remark. Output $y_{n,f,i,j}$ is a sum of products, weight times pixel. So for each of these
products the weight receives $g_{n,f,i,j}$ times the pixel, and the pixel receives $g_{n,f,i,j}$ times the weight. What
occurs in several products collects from all of them:

$$g_b = \sum_{n,i,j} g_{n,\cdot,i,j}, \qquad
(g_K)_{f,c,a,b} = \sum_{n,i,j} g_{n,f,i,j}\; X^{\text{pad}}_{n,\,c,\,is+a,\,js+b}, \qquad
(g_{X^{\text{pad}}})_{n,\,c,\,is+a,\,js+b} \mathrel{+}= \sum_f g_{n,f,i,j}\; K_{f,c,a,b}$$

where the last one runs over all windows $(i, j)$ and all places $(a, b)$ in them. The input had no frame: $g_X$ is
$g_{X^{\text{pad}}}$ without it.

**Write** `conv2d_backward(g, X, K, stride=1, pad=0)`: `g` (N, F, rows, columns) as `conv2d` gives them, `X`
(N, C, H, W), `K` (F, C, kh, kw). Return the tuple $(g_X, g_K, g_b)$ of the shapes of `X`, `K` and (F,). The dilation
is 1. A mean over the batch, if the cost has one, is already in $g$.

**Worked example.** $X$ and $K$ as before, $g = \begin{pmatrix} 1 & 2 \\ 3 & 4 \end{pmatrix}$. Window $(i, j)$ hands
$g_{ij} K$ back to the pixels that it covered. The pixel in the middle lies in all four windows, under the weights 2,
0, 0 and 1, and collects $1 \cdot 2 + 2 \cdot 0 + 3 \cdot 0 + 4 \cdot 1 = 6$:

$$g_X = \begin{pmatrix} 1 & 2 & 0 \\ 3 & 6 & 4 \\ 0 & 6 & 8 \end{pmatrix}, \qquad
g_K = \begin{pmatrix} 1 \cdot 1 + 2 \cdot 2 + 3 \cdot 4 + 4 \cdot 5 & 47 \\ 67 & 77 \end{pmatrix}
= \begin{pmatrix} 37 & 47 \\ 67 & 77 \end{pmatrix}, \qquad g_b = (10).$$

**What counts.** Random $g$, several images, channels and filters; stride and padding; windows that overlap and windows
that leave gaps; a last row or column that no window reaches, whose pixels have the gradient 0.
"""


# %% nbgrader={"grade": false, "grade_id": "conv2d_backward", "locked": false, "schema_version": 3, "solution": true, "task": false}
def conv2d_backward(
    g: np.ndarray, X: np.ndarray, K: np.ndarray, stride: int = 1, pad: int = 0
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """The gradients of a cost in the input, the filters and the biases of a convolutional layer.

    g (N, F, rows, columns) is the gradient in the layer's output, X (N, C, H, W), K (F, C, kh, kw);
    returns g_X like X, g_K like K, g_b (F,).
    """
    ### BEGIN SOLUTION
    _, _, H, W = X.shape
    _, _, kh, kw = K.shape
    framed = np.pad(X, ((0, 0), (0, 0), (pad, pad), (pad, pad)))
    g_framed, g_K = np.zeros(framed.shape), np.zeros(K.shape)
    for i, j in np.ndindex(g.shape[2:]):
        top, left = i * stride, j * stride
        window = np.s_[:, :, top : top + kh, left : left + kw]
        g_K += np.tensordot(g[:, :, i, j], framed[window], axes=(0, 0))  # (F, C, kh, kw)
        g_framed[window] += np.tensordot(g[:, :, i, j], K, axes=1)  # (N, C, kh, kw)
    return g_framed[:, :, pad : pad + H, pad : pad + W], g_K, g.sum(axis=(0, 2, 3))
    ### END SOLUTION


# %% nbgrader={"grade": false, "grade_id": "check_conv2d_backward", "locked": true, "schema_version": 3, "solution": false, "task": false}
X = np.arange(1.0, 10.0).reshape(1, 1, 3, 3)
K, g = np.array([[[[1.0, 0.0], [0.0, 2.0]]]]), np.array([[[[1.0, 2.0], [3.0, 4.0]]]])
g_X, g_K, g_b = conv2d_backward(g, X, K)
assert np.shape(g_X) == (1, 1, 3, 3), f"g_X must have the shape of X, here (1, 1, 3, 3), got {np.shape(g_X)}"
assert np.shape(g_K) == (1, 1, 2, 2), f"g_K must have the shape of K, here (1, 1, 2, 2), got {np.shape(g_K)}"
assert np.shape(g_b) == (1,), f"g_b has one entry for each filter, here (1,), got {np.shape(g_b)}"
assert np.allclose(g_X[0, 0], [[1, 2, 0], [3, 6, 4], [0, 6, 8]]), f"g_X of the worked example, got\n{g_X[0, 0]}"
assert np.allclose(g_K[0, 0], [[37, 47], [67, 77]]), f"g_K of the worked example, got\n{g_K[0, 0]}"
assert np.allclose(g_b, [10]), f"g_b of the worked example is 10, got {g_b}"


def cost(X, K):
    """Of a 2 x 2 filter on a 3 x 3 image, written out: sum of sin(y), whose gradient in y is cos(y)."""
    return np.sum(np.sin(outputs(X, K)))


def outputs(X, K):
    return K[0, 0] * X[:-1, :-1] + K[0, 1] * X[:-1, 1:] + K[1, 0] * X[1:, :-1] + K[1, 1] * X[1:, 1:]


rng = np.random.default_rng(0)  # the slope along a random direction (U, V), two ways
X, K, U, V, h = *(rng.normal(size=s) for s in ((3, 3), (2, 2), (3, 3), (2, 2))), 1e-5
slope = (cost(X + h * U, K + h * V) - cost(X - h * U, K - h * V)) / (2 * h)
g_X, g_K, _ = conv2d_backward(np.cos(outputs(X, K))[None, None], X[None, None], K[None, None])
claim = np.sum(g_X[0, 0] * U) + np.sum(g_K[0, 0] * V)
assert abs(slope - claim) < 1e-7, f"the cost rises with slope {slope:.8f}, your gradients say {claim:.8f}"

# %% nbgrader={"grade": true, "grade_id": "test_conv2d_backward", "locked": true, "points": 14, "schema_version": 3, "solution": false, "task": false}
### BEGIN HIDDEN TESTS
from autograder import mark

mark("unit05_convolution/conv2d_backward", conv2d_backward)
### END HIDDEN TESTS

# %% [markdown]
r"""
**What you built.** A gradient in the *input* answers a question of its own: how would the picture have to change?
Below, somebody photographed part of the page with a shaking camera, a convolution whose filter is known, and the film
is noisy. Start with the blurred picture $X$ and descend along your $g_X$ of the cost
$\frac12 \|\text{conv2d}(X, K) - \text{photo}\|^2$, with the momentum of unit 3: every step asks how each pixel should
change so that its blur comes closer to the photo. After sixty steps the digits can be read again.
"""

# %% tags=["picture"]
rng = np.random.default_rng(0)
sharp = page[:, :, 2:16, 1:37]
shake = np.zeros((1, 1, 5, 5))
shake[0, 0, [0, 1, 2, 3, 3, 4], [0, 1, 2, 2, 3, 4]] = 1 / 6  # a diagonal movement with a twitch
photo = conv2d(sharp, shake, np.zeros(1), pad=2) + 0.02 * rng.normal(size=sharp.shape)

X, velocity, history = photo.copy(), 0.0, {0: photo}
for t in range(1, 61):
    residual = conv2d(X, shake, np.zeros(1), pad=2) - photo
    g_X, _, _ = conv2d_backward(residual, X, shake, pad=2)
    velocity = 0.9 * velocity + g_X
    X = X - 0.8 * velocity
    if t in (5, 60):
        history[t] = X.copy()

fig, axes = plt.subplots(2, 2, figsize=(9, 4.3), layout="constrained")
titles = ["the photo", "after 5 steps", "after 60 steps", "what had been photographed"]
for ax, picture, title in zip(axes.flat, [*history.values(), sharp], titles, strict=True):
    ax.imshow(picture[0, 0], cmap="gray_r", vmin=0, vmax=1)
    ax.set(xticks=[], yticks=[], title=title)
plt.show()

# %% [markdown] nbgrader={"grade": false, "grade_id": "about_im2col", "locked": true, "schema_version": 3, "solution": false, "task": false}
r"""
## 3 The same, as one matrix product

Matrix products are what computers do best. Copy every window of the image into a row of a matrix $M$: then each filter,
read as one long column, gives all its outputs in a single product. This rearrangement is called **im2col**.

$$M_{(n,i,j),\,(c,a,b)} = X^{\text{pad}}_{n,\,c,\,is+a,\,js+b}, \qquad
y_{n,f,i,j} = b_f + \sum_{c,a,b} M_{(n,i,j),(c,a,b)}\, K_{f,c,a,b}$$

Rows are numbered by image, then row, then column of the output, the last running fastest; columns by channel, then
row, then column of the window. With `K.reshape(F, -1)` the layer is `M @ K.reshape(F, -1).T + b`.

im2col is linear, so it has a transpose: the **adjoint** `col2im`, for which
$\langle \text{im2col}(X), M \rangle = \langle X, \text{col2im}(M) \rangle$ holds for all $X$ and $M$. It puts every
entry back to the pixel from which im2col would have copied it. A pixel that was copied several times receives several
entries, and they **add up**. (The inner products are sums over all entries of the product.)

**Write** `im2col(X, kh, kw, stride, pad)`: `X` (N, C, H, W); return $M$ of shape (N·rows·columns, C·kh·kw), where
rows and columns are those of the output. And `col2im(M, shape, kh, kw, stride, pad)`: `M` as im2col makes it, `shape`
the tuple (N, C, H, W); return an array of that shape.

**Worked example.** The $3 \times 3$ image with the entries 1 to 9, windows of $2 \times 2$, $s = 1$, $p = 0$:

$$\text{im2col} = \begin{pmatrix} 1 & 2 & 4 & 5 \\ 2 & 3 & 5 & 6 \\ 4 & 5 & 7 & 8 \\ 5 & 6 & 8 & 9 \end{pmatrix}, \qquad
\text{col2im of it} = \begin{pmatrix} 1 & 2 \cdot 2 & 3 \\ 2 \cdot 4 & 4 \cdot 5 & 2 \cdot 6 \\ 7 & 2 \cdot 8 & 9 \end{pmatrix}
= \begin{pmatrix} 1 & 4 & 3 \\ 8 & 20 & 12 \\ 7 & 16 & 9 \end{pmatrix},$$

since the corners lie in one window, the edges in two and the middle in four.

**What counts.** The order of rows and columns; windows that overlap, and windows that leave gaps; the frame of zeros,
which col2im cuts off again; several images and channels; windows that are not square.
"""


# %% nbgrader={"grade": false, "grade_id": "im2col", "locked": false, "schema_version": 3, "solution": true, "task": false}
def im2col(X: np.ndarray, kh: int, kw: int, stride: int, pad: int) -> np.ndarray:
    """All windows of kh x kw pixels, one a row.

    X (N, C, H, W); returns (N * rows * columns, C * kh * kw).
    """
    ### BEGIN SOLUTION
    N, C, H, W = X.shape
    rows, columns = (H + 2 * pad - kh) // stride + 1, (W + 2 * pad - kw) // stride + 1
    framed = np.pad(X, ((0, 0), (0, 0), (pad, pad), (pad, pad)))
    M = np.zeros((N, rows, columns, C, kh, kw))
    for i, j in np.ndindex(rows, columns):
        M[:, i, j] = framed[:, :, i * stride : i * stride + kh, j * stride : j * stride + kw]
    return M.reshape(N * rows * columns, C * kh * kw)
    ### END SOLUTION


def col2im(M: np.ndarray, shape: tuple[int, int, int, int], kh: int, kw: int, stride: int, pad: int) -> np.ndarray:
    """The adjoint of im2col: every entry back to its pixel, where entries add up.

    M (N * rows * columns, C * kh * kw), shape = (N, C, H, W); returns an array of this shape.
    """
    ### BEGIN SOLUTION
    N, C, H, W = shape
    rows, columns = (H + 2 * pad - kh) // stride + 1, (W + 2 * pad - kw) // stride + 1
    windows = M.reshape(N, rows, columns, C, kh, kw)
    framed = np.zeros((N, C, H + 2 * pad, W + 2 * pad))
    for i, j in np.ndindex(rows, columns):
        framed[:, :, i * stride : i * stride + kh, j * stride : j * stride + kw] += windows[:, i, j]
    return framed[:, :, pad : pad + H, pad : pad + W]
    ### END SOLUTION


# %% nbgrader={"grade": false, "grade_id": "check_im2col", "locked": true, "schema_version": 3, "solution": false, "task": false}
X = np.arange(1.0, 10.0).reshape(1, 1, 3, 3)
windows = np.array([[1.0, 2, 4, 5], [2, 3, 5, 6], [4, 5, 7, 8], [5, 6, 8, 9]])
M, back = im2col(X, 2, 2, 1, 0), col2im(windows, (1, 1, 3, 3), 2, 2, 1, 0)
assert np.shape(M) == (4, 4), f"four windows of four pixels make a (4, 4) matrix, got {np.shape(M)}"
assert np.allclose(M, windows), f"im2col of the worked example, got\n{M}"
assert np.shape(back) == (1, 1, 3, 3), f"col2im must return the shape that was asked for, got {np.shape(back)}"
assert np.allclose(back[0, 0], [[1, 4, 3], [8, 20, 12], [7, 16, 9]]), f"col2im of the worked example, got\n{back[0, 0]}"
M = im2col(np.zeros((2, 3, 5, 4)), 3, 2, 2, 1)
assert np.shape(M) == (2 * 3 * 3, 3 * 3 * 2), f"2 x 3 x 3 windows of 3 x 3 x 2 pixels: (18, 18), got {np.shape(M)}"
rng = np.random.default_rng(0)
X, M = rng.normal(size=(2, 3, 5, 4)), rng.normal(size=(18, 18))
one, two = np.sum(im2col(X, 3, 2, 2, 1) * M), np.sum(X * col2im(M, X.shape, 3, 2, 2, 1))
assert np.isclose(one, two), f"the two inner products must be equal, got {one:.6f} and {two:.6f}"

# %% nbgrader={"grade": true, "grade_id": "test_im2col", "locked": true, "points": 7, "schema_version": 3, "solution": false, "task": false}
### BEGIN HIDDEN TESTS
from autograder import mark

mark("unit05_convolution/im2col", im2col, col2im)
### END HIDDEN TESTS

# %% [markdown]
r"""
**What you built.** On the left the matrix of one digit: 36 windows of $3 \times 3$ pixels, one a row, and beside it
the layer as a product of matrices, $M \cdot K^\top$ with four filters. Pixels occur again and again, up to nine times
each. How often is what `col2im` of ones counts: below, for a page of $12 \times 14$ pixels, the number of windows
that hold each pixel. With stride 3 the windows tile the page, and one that does not fit leaves a white margin; the
gradient there is 0, as in the last exercise. With stride 4 there are gaps.
"""

# %% tags=["picture"]
M = im2col(digit, 3, 3, 1, 0)  # (36, 9)
flat = by_hand.reshape(4, 9)
fig, axes = plt.subplots(1, 3, figsize=(6.5, 5.2), layout="constrained", width_ratios=[9, 8, 5])
plots.matrix(M, axes[0], title="im2col of a digit", xlabel="place in the window", ylabel="window")
plots.matrix(flat.T, axes[1], title="four filters", xlabel="filter", ylabel="place in the window")
plots.matrix(M @ flat.T, axes[2], title="their outputs", xlabel="filter", ylabel="window")
axes[0].set_xticks([0, 4, 8])
plt.show()

# %% tags=["picture"]
shape, k = (1, 1, 12, 14), 3
fig, axes = plt.subplots(1, 4, figsize=(12, 2.9), layout="constrained")
for stride, ax in zip((1, 2, 3, 4), axes, strict=True):
    windows = im2col(np.ones(shape), k, k, stride, 0)
    counts = col2im(np.ones(windows.shape), shape, k, k, stride, 0)[0, 0]
    ax.imshow(counts, cmap="Blues", vmin=0, vmax=14)
    for i, j in np.ndindex(counts.shape):
        if counts[i, j]:
            ax.text(j, i, f"{counts[i, j]:.0f}", ha="center", va="center", fontsize=7)
    ax.set(xticks=[], yticks=[], title=f"stride {stride}: {len(windows)} windows")
plt.show()

# %% [markdown]
r"""
Does it pay? One layer, 16 filters of $5 \times 5$ on a colour image of $40 \times 40$ pixels, both ways, the fastest
of three runs each. Your loops in the first two exercises multiply at every window; im2col only copies there, and
multiplies once. The price is memory: $M$ holds a pixel up to 25 times. The second line is the backward pass by the
same idea: with $G$, the rows of $g$ for each window, $g_K$ is $G^\top M$ and $g_X$ is `col2im` of $G K$. (If your
`conv2d` has no loop over windows, you were here already.)
"""

# %% tags=["picture"]
def milliseconds(f):
    times = []
    for _ in range(3):
        start = perf_counter()
        f()
        times.append(1000 * (perf_counter() - start))
    return min(times)


def forward(X, K):
    M = im2col(X, 5, 5, 1, 0)
    return (M @ K.reshape(16, -1).T).reshape(1, 36, 36, 16).transpose(0, 3, 1, 2)


def backward(g, X, K):
    M, G = im2col(X, 5, 5, 1, 0), g.transpose(0, 2, 3, 1).reshape(-1, 16)
    return col2im(G @ K.reshape(16, -1), X.shape, 5, 5, 1, 0), (G.T @ M).reshape(K.shape), G.sum(axis=0)


rng = np.random.default_rng(0)
X, K, g = (rng.normal(size=size) for size in ((1, 3, 40, 40), (16, 3, 5, 5), (1, 16, 36, 36)))
far = np.abs(conv2d(X, K, np.zeros(16)) - forward(X, K)).max()
one, other = milliseconds(lambda: conv2d(X, K, np.zeros(16))), milliseconds(lambda: forward(X, K))
print(f"forward:  {one:6.1f} ms by conv2d, {other:6.1f} ms with im2col; they differ by {far:.0e}")
far = max(np.abs(a - b).max() for a, b in zip(conv2d_backward(g, X, K), backward(g, X, K), strict=True))
one, other = milliseconds(lambda: conv2d_backward(g, X, K)), milliseconds(lambda: backward(g, X, K))
print(f"backward: {one:6.1f} ms by conv2d_backward, {other:6.1f} ms with im2col and col2im; they differ by {far:.0e}")

# %% [markdown] nbgrader={"grade": false, "grade_id": "about_pooling", "locked": true, "schema_version": 3, "solution": false, "task": false}
r"""
## 4 Pooling

Whether an edge is there often matters more than on which pixel. A **pooling layer** keeps one number for each window of
$k \times k$ pixels, in every channel for itself, and has nothing to learn (book, section 6.4):

$$\text{max: } y_{n,c,i,j} = \max_{0 \le a, b < k} X^{\text{pad}}_{n,\,c,\,is+a,\,js+b}, \qquad
\text{average: } y_{n,c,i,j} = \frac{1}{k^2} \sum_{0 \le a, b < k} X^{\text{pad}}_{n,\,c,\,is+a,\,js+b}$$

with $\lfloor (H + 2p - k)/s \rfloor + 1$ rows, and likewise for the columns. The frames differ. For the maximum it is
$-\infty$, so that a frame never wins, also where all pixels are negative. For the average it is 0, and the division
is by $k^2$ also at the border.

Backwards, the window of a **maximum** hands its $g_{n,c,i,j}$ to the pixel that won, and nothing to the others; of
several equal pixels the first wins, row by row (a convention, worth 1 point). The window of an **average** hands
$g_{n,c,i,j} / k^2$ to every pixel in it. Where windows overlap, pixels add up what they receive; what the frame would
receive is lost.

**Write** `maxpool(X, k, stride, pad=0)` and `avgpool(X, k, stride, pad=0)`: `X` (N, C, H, W), return (N, C, rows,
columns). And `maxpool_backward(g, X, k, stride, pad=0)` and `avgpool_backward(g, X, k, stride, pad=0)`: `g` of the
shape of the output, return the gradient in `X`, of the shape of `X`. The padding is at most $k/2$, so
that every window holds a pixel.

**Worked example.** $k = s = 2$, $p = 0$:

$$X = \begin{pmatrix} 1 & 3 & 2 & 0 \\ 4 & 2 & 1 & 5 \\ 0 & 1 & 7 & 6 \\ 2 & 2 & 3 & 8 \end{pmatrix}, \qquad
\text{max} = \begin{pmatrix} 4 & 5 \\ 2 & 8 \end{pmatrix}, \qquad
\text{average} = \begin{pmatrix} 2.5 & 2 \\ 1.25 & 6 \end{pmatrix}.$$

For $g = \begin{pmatrix} 1 & 2 \\ 3 & 4 \end{pmatrix}$ the gradients in $X$ are

$$\text{max: } \begin{pmatrix} 0 & 0 & 0 & 0 \\ 1 & 0 & 0 & 2 \\ 0 & 0 & 0 & 0 \\ 3 & 0 & 0 & 4 \end{pmatrix}, \qquad
\text{average: } \begin{pmatrix} 0.25 & 0.25 & 0.5 & 0.5 \\ 0.25 & 0.25 & 0.5 & 0.5 \\ 0.75 & 0.75 & 1 & 1 \\ 0.75 & 0.75 & 1 & 1 \end{pmatrix};$$

in the lower left window two pixels tie with the value 2, and the first of them receives the 3.

**What counts.** Windows that overlap, strides that differ from $k$, padding, negative images, ties.
"""


# %% nbgrader={"grade": false, "grade_id": "pooling", "locked": false, "schema_version": 3, "solution": true, "task": false}
def maxpool(X: np.ndarray, k: int, stride: int, pad: int = 0) -> np.ndarray:
    """The largest pixel of each k x k window. X (N, C, H, W); returns (N, C, rows, columns)."""
    ### BEGIN SOLUTION
    N, C, H, W = X.shape
    framed = np.pad(X, ((0, 0), (0, 0), (pad, pad), (pad, pad)), constant_values=-np.inf)
    y = np.zeros((N, C, (H + 2 * pad - k) // stride + 1, (W + 2 * pad - k) // stride + 1))
    for i, j in np.ndindex(y.shape[2:]):
        top, left = i * stride, j * stride
        y[:, :, i, j] = framed[:, :, top : top + k, left : left + k].max(axis=(2, 3))
    return y
    ### END SOLUTION


def maxpool_backward(g: np.ndarray, X: np.ndarray, k: int, stride: int, pad: int = 0) -> np.ndarray:
    """The gradient in the input of maxpool. g (N, C, rows, columns), X (N, C, H, W); returns (N, C, H, W)."""
    ### BEGIN SOLUTION
    N, C, H, W = X.shape
    framed = np.pad(X, ((0, 0), (0, 0), (pad, pad), (pad, pad)), constant_values=-np.inf)
    g_framed = np.zeros(framed.shape)
    n, c = np.indices((N, C))
    for i, j in np.ndindex(g.shape[2:]):
        top, left = i * stride, j * stride
        window = framed[:, :, top : top + k, left : left + k]
        winner = window.reshape(N, C, k * k).argmax(axis=2)  # the first of equals
        g_framed[n, c, top + winner // k, left + winner % k] += g[:, :, i, j]
    return g_framed[:, :, pad : pad + H, pad : pad + W]
    ### END SOLUTION


def avgpool(X: np.ndarray, k: int, stride: int, pad: int = 0) -> np.ndarray:
    """The average of each k x k window. X (N, C, H, W); returns (N, C, rows, columns)."""
    ### BEGIN SOLUTION
    N, C, H, W = X.shape
    framed = np.pad(X, ((0, 0), (0, 0), (pad, pad), (pad, pad)))
    y = np.zeros((N, C, (H + 2 * pad - k) // stride + 1, (W + 2 * pad - k) // stride + 1))
    for i, j in np.ndindex(y.shape[2:]):
        top, left = i * stride, j * stride
        y[:, :, i, j] = framed[:, :, top : top + k, left : left + k].mean(axis=(2, 3))
    return y
    ### END SOLUTION


def avgpool_backward(g: np.ndarray, X: np.ndarray, k: int, stride: int, pad: int = 0) -> np.ndarray:
    """The gradient in the input of avgpool. g (N, C, rows, columns), X (N, C, H, W); returns (N, C, H, W)."""
    ### BEGIN SOLUTION
    N, C, H, W = X.shape
    g_framed = np.zeros((N, C, H + 2 * pad, W + 2 * pad))
    for i, j in np.ndindex(g.shape[2:]):
        top, left = i * stride, j * stride
        g_framed[:, :, top : top + k, left : left + k] += g[:, :, i, j, None, None] / k**2
    return g_framed[:, :, pad : pad + H, pad : pad + W]
    ### END SOLUTION


# %% nbgrader={"grade": false, "grade_id": "check_pooling", "locked": true, "schema_version": 3, "solution": false, "task": false}
X = np.array([[[[1.0, 3, 2, 0], [4, 2, 1, 5], [0, 1, 7, 6], [2, 2, 3, 8]]]])
g = np.array([[[[1.0, 2.0], [3.0, 4.0]]]])
y = maxpool(X, 2, 2)
assert np.shape(y) == (1, 1, 2, 2), f"a 4 x 4 image has 2 x 2 windows of 2 x 2: (1, 1, 2, 2), got {np.shape(y)}"
assert np.allclose(y[0, 0], [[4, 5], [2, 8]]), f"maxpool of the worked example is [[4, 5], [2, 8]], got\n{y[0, 0]}"
y = avgpool(X, 2, 2)
assert np.allclose(y[0, 0], [[2.5, 2], [1.25, 6]]), f"avgpool of the worked example, got\n{y[0, 0]}"
G = maxpool_backward(g, X, 2, 2)
assert np.shape(G) == (1, 1, 4, 4), f"the gradient has the shape of X, here (1, 1, 4, 4), got {np.shape(G)}"
expected = [[0, 0, 0, 0], [1, 0, 0, 2], [0, 0, 0, 0], [3, 0, 0, 4]]
assert np.allclose(G[0, 0], expected), f"maxpool_backward of the worked example, got\n{G[0, 0]}"
G = avgpool_backward(g, X, 2, 2)
expected = np.repeat(np.repeat([[0.25, 0.5], [0.75, 1]], 2, axis=0), 2, axis=1)
assert np.shape(G) == (1, 1, 4, 4), f"the gradient has the shape of X, here (1, 1, 4, 4), got {np.shape(G)}"
assert np.allclose(G[0, 0], expected), f"avgpool_backward of the worked example, got\n{G[0, 0]}"
y = maxpool(-np.ones((1, 1, 2, 2)), 2, 2, pad=1)
assert np.allclose(y, -1), f"a frame must not win: the maximum over pixels of -1 is -1, got {y.ravel()}"

# %% nbgrader={"grade": true, "grade_id": "test_pooling", "locked": true, "points": 10, "schema_version": 3, "solution": false, "task": false}
### BEGIN HIDDEN TESTS
from autograder import mark

mark("unit05_convolution/pooling", maxpool, maxpool_backward, avgpool, avgpool_backward)
### END HIDDEN TESTS

# %% [markdown]
r"""
**What you built.** Somebody writes a digit a pixel further down, and nothing has changed. Below, one digit is moved to
all places up to two pixels away. The map of the upper edges moves along with it: compared pixel by pixel, it becomes a
different map. After pooling it changes less, with a larger window less again, and the maximum forgives more than the
average.
"""

# %% tags=["picture"]
middle = np.pad(digit, ((0, 0), (0, 0), (4, 4), (4, 4)))  # (1, 1, 16, 16)
moves = [(down, right) for down in range(-2, 3) for right in range(-2, 3)]
moved = np.concatenate([np.roll(middle, move, axis=(2, 3)) for move in moves])
edges = np.maximum(conv2d(moved, by_hand[:1], np.zeros(1), pad=1), 0)  # (25, 1, 16, 16)
seen = {"edges": edges, "max, k = 2": maxpool(edges, 2, 2), "max, k = 4": maxpool(edges, 4, 4)}
seen["average, k = 4"] = avgpool(edges, 4, 4)

fig, axes = plt.subplots(2, 4, figsize=(9, 4.9), layout="constrained")
for (name, m), (top, bottom) in zip(seen.items(), axes.T, strict=True):
    top.imshow(m[12, 0], cmap="Reds", vmin=0)
    top.set(xticks=[], yticks=[], title=f"{name}\n{m.shape[2]} x {m.shape[3]}")
    change = np.linalg.norm(m - m[12], axis=(2, 3)) / np.linalg.norm(m[12])
    bottom.imshow(change.reshape(5, 5), cmap="Blues", vmin=0, vmax=1.6)
    for (down, right), c in zip(moves, change[:, 0], strict=True):
        bottom.text(right + 2, down + 2, f"{c:.1f}", ha="center", va="center", fontsize=8)
    bottom.set_xticks(range(5), range(-2, 3))
    bottom.set_yticks(range(5), range(-2, 3))
axes[0, 0].set_ylabel("the map")
axes[1, 0].set_ylabel("pixels down")
axes[1, 0].set_xlabel("pixels to the right")
fig.supxlabel("below: change of the map when the digit moves, relative to its size", fontsize=10)
plt.show()

# %% [markdown]
r"""
**All of it together.** Images with one line under much noise: does it lie, or does it stand? A network of four filters
of $5 \times 5$, ReLU, the maximum of each map and one linear layer with softmax. Every forward and every backward step
of the convolution and of the pooling below is yours, and nobody tells the filters what to look for. They begin as noise
(upper row). After 150 steps on 32 images each they are lines, lying and standing (lower row). Only the first one had
hardly begun when the others had solved the task: with the cost, the gradient vanished.
"""

# %% tags=["picture"]
def network(P, X):
    """The four values on the way: maps before and after ReLU, their maxima, scores."""
    K, b, W, c = P
    Z = conv2d(X, K, b, pad=2)
    A = np.maximum(Z, 0)
    top = maxpool(A, 10, 10)[:, :, 0, 0]  # (n, 4): the strongest answer of each filter
    return Z, A, top, top @ W.T + c


def gradients(P, X, y):
    """Cross-entropy, and its gradients in K, b, W, c."""
    Z, A, top, scores = network(P, X)
    p = np.exp(scores - scores.max(axis=1, keepdims=True))
    p /= p.sum(axis=1, keepdims=True)
    delta = (p - np.eye(2)[y]) / len(y)  # (n, 2)
    g_A = maxpool_backward((delta @ P[2])[:, :, None, None], A, 10, 10)
    _, g_K, g_b = conv2d_backward(g_A * (Z > 0), X, P[0], pad=2)
    return -np.mean(np.log(p[np.arange(len(y)), y])), [g_K, g_b, delta.T @ top, delta.sum(axis=0)]


rng = np.random.default_rng(2)
X_lines, y_lines = data.bars(800, rng, side=10, noise=0.3)
P = [0.3 * rng.normal(size=(4, 1, 5, 5)), np.zeros(4), rng.normal(size=(2, 4)), np.zeros(2)]
velocities, before, losses = [0.0] * 4, P[0].copy(), []
for _ in range(150):
    batch = rng.choice(400, size=32, replace=False)
    loss, gs = gradients(P, X_lines[batch], y_lines[batch])
    velocities = [0.9 * v + g for v, g in zip(velocities, gs, strict=True)]
    P = [theta - 0.1 * v for theta, v in zip(P, velocities, strict=True)]
    losses.append(loss)
correct = np.mean(network(P, X_lines[400:])[-1].argmax(axis=1) == y_lines[400:])

plots.loss_curves({"cross-entropy of the batch": losses}, title=f"{correct:.1%} of 400 new images are right")
plots.filters(np.concatenate([before, P[0]]), columns=4, title="noise becomes lines")
plt.show()

# %% tags=["picture"]
for answer, name in enumerate(["lies", "stands"]):
    k = 400 + np.flatnonzero(y_lines[400:] == answer)[0]
    _, A, top, _ = network(P, X_lines[k : k + 1])
    title, names = f"a line that {name}, and what the filters see", [f"maximum {t:.1f}" for t in top[0]]
    plots.feature_maps(X_lines[k], A[0], signed=False, names=names, title=title)
plt.show()

# %% [markdown]
r"""
**Playground.** Take the average in place of the maximum: does the network still learn, and what do its filters look
like? Two filters instead of four? More noise, a stride of 2? And look at the gradient in the input of a line: which
pixels would make a line that lies stand?
"""

# %% [markdown] nbgrader={"grade": false, "grade_id": "about_written_conv_adjoint", "locked": true, "schema_version": 3, "solution": false, "task": false}
r"""
## 5 Written: the backward pass is a convolution, too (6 points)

One image, one channel, one filter, no bias (several of them only add sums in front). The layer with stride $s$ and
padding $p$ is

$$y_{i,j} = \sum_{a=0}^{k_h-1} \sum_{b=0}^{k_w-1} K_{a,b}\, X^{\text{pad}}_{is+a,\,js+b}, \qquad
0 \le i < o_h, \quad 0 \le j < o_w,$$

where $X^{\text{pad}}$ has $H + 2p$ rows and $W + 2p$ columns, and $g = \partial C / \partial y$. Let $G$ be $g$ with
zeros between its entries: for integers $u, v$

$$G_{u,v} = \begin{cases} g_{i,j} & \text{if } u = is \text{ and } v = js \text{ for an output } (i, j), \\
0 & \text{otherwise,} \end{cases}$$

and let $K'_{a,b} = K_{k_h-1-a,\,k_w-1-b}$ be the flipped filter.

**(a)** Show from the chain rule that the gradient in the padded image is a correlation of $G$ with $K'$:

$$\frac{\partial C}{\partial X^{\text{pad}}_{u,v}} = \sum_{a,b} K_{a,b}\, G_{u-a,\,v-b}
= \sum_{a,b} K'_{a,b}\, G_{u-(k_h-1)+a,\;v-(k_w-1)+b} .$$

**(b)** With how many zeros must the rows of $G$, $0 \le u \le (o_h - 1)s$, be framed before and behind, so that this
correlation has an output for each of the $H + 2p$ rows, and no others? What do the rows get that no window reached? And
how does $g_X$, the gradient in the image without its frame, come out of it?

**(c)** In lab 1 a filter was a matrix: $y = M x$. What is $g_X$ in terms of $M$? Take one dimension, $s = 1$, $p = 0$,
where $M_{i,j} = w_{j-i}$, and explain with it why the filter is flipped in the backward pass and not in the forward
pass.

*Marks: (a) 3: 1 for the chain rule with the right pairs of outputs and weights, 1 for the sum over $G$, 1 for the
flip. (b) 2: 1 for the frame, 1 for the rows without window and the cut. (c) 1.*

Write mathematics between dollar signs. Double-click the cell below to begin.
"""

# %% [markdown] nbgrader={"grade": true, "grade_id": "written_conv_adjoint", "locked": false, "points": 6, "schema_version": 3, "solution": true, "task": false}
r"""
**(a)** By the chain rule the gradient at $(u, v)$ is $\sum_{i,j} g_{i,j}\, \partial y_{i,j} / \partial
X^{\text{pad}}_{u,v}$. The pixel $(u, v)$ occurs in $y_{i,j}$ with the weight $K_{a,b}$ for which $is + a = u$ and
$js + b = v$, that is with $K_{u-is,\,v-js}$, or not at all, if this lies outside the filter. Read $K$ as 0 there. Then

$$\frac{\partial C}{\partial X^{\text{pad}}_{u,v}} = \sum_{i,j} g_{i,j}\, K_{u-is,\,v-js}
= \sum_{u', v'} G_{u',v'}\, K_{u-u',\,v-v'} = \sum_{a,b} K_{a,b}\, G_{u-a,\,v-b},$$

since $G$ is 0 where $(u', v')$ is not of the form $(is, js)$; the last step substitutes $a = u - u'$, $b = v - v'$. Now
count the weights from the other end, $a \to k_h - 1 - a$ and $b \to k_w - 1 - b$:
$K_{k_h-1-a,\,k_w-1-b} = K'_{a,b}$ and $u - (k_h - 1 - a) = u - (k_h-1) + a$, which is the second form.

**(b)** For $0 \le u < H + 2p$ the rows $u - a$ of $G$ run from $-(k_h - 1)$ to $H + 2p - 1$. So $k_h - 1$ rows of
zeros stand before row 0. The last row with an entry is $(o_h - 1)s$; behind it stand
$H + 2p - 1 - (o_h - 1)s = k_h - 1 + r$ rows of zeros, where $r = (H + 2p - k_h) - (o_h - 1)s$ is the remainder of
$H + 2p - k_h$ divided by $s$. The last $r$ rows of the image were reached by no window; there the correlation reads
zeros alone, and the gradient is 0. The image is the inner part, $X_{u,v} = X^{\text{pad}}_{u+p,\,v+p}$, so $g_X$ is
the result without its outer $p$ rows on both sides; for $p \le k_h - 1$ one may as well begin with $p$ rows of zeros
less on both sides. Columns alike.

**(c)** $C$ depends on $x$ through $y = Mx$, so $g_X = M^\top g$. In one dimension $M_{i,j} = w_{j-i}$, a valid
correlation, and $(M^\top)_{j,i} = w_{j-i}$: the row index now stands first, and this is the Toeplitz matrix of the full
**convolution** with $w$ of lab 1. Transposing exchanges outputs and inputs, hence the sign of $j - i$, hence the
direction in which the filter is read. (With a stride, $M$ keeps every $s$-th row, and its transpose puts zeros between
the entries of $g$.)
"""
