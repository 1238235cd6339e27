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

*Unit 5, lab 2. Book: chapter 6, sections 6.2 and 6.3.*

A page full of handwriting, and the question where on it a zero stands. A fully connected layer would need weights for
every place of the page and would have to learn the zero anew at each of them. A **convolutional layer** learns it
once and looks everywhere. **What does such a layer compute, and how does it learn?**

You write the layer with everything that real ones have: many channels, stride, padding, dilation. Then its three
gradients, the heart of this unit; then the rearrangement that makes both fast; then the pooling layers that stand
between convolutions. At the end your layers learn to see, without a line of anyone else's code in between.

Images are arrays $X$ of shape $(N, C, H, W)$: $N$ images of $C$ channels with $H$ rows and $W$ columns. Functions
change none of their inputs. Allowed are numpy, with `sliding_window_view` of `numpy.lib.stride_tricks`, and the
standard library. Every cell of this lab stands on its own: do not call one exercise from another.
"""

# %% nbgrader={"grade": false, "grade_id": "setup_layers", "locked": true, "schema_version": 3, "solution": false, "task": false}
import matplotlib.pyplot as plt
import numpy as np

from dlmath_kit import data, plots

# %% [markdown] nbgrader={"grade": false, "grade_id": "about_conv2d_forward", "locked": true, "schema_version": 3, "solution": false, "task": false}
r"""
## 1 The convolutional layer

A layer holds $F$ filters. Filter $f$ is a small stack of weights $K_f$ with $k_h$ rows and $k_w$ columns **for each
input channel**, and one bias $b_f$. It is laid on the image at one place after the other; what it covers is
multiplied and summed, over its rows, its columns and all channels (book, section 6.2). Networks do not flip the
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

# %% [markdown] nbgrader={"grade": false, "grade_id": "about_pooling", "locked": true, "schema_version": 3, "solution": false, "task": false}
r"""
## 4 Pooling

Whether an edge is there often matters more than on which pixel. A **pooling layer** keeps one number for each window of
$k \times k$ pixels, in every channel for itself, and has nothing to learn (book, section 6.3):

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
shape of the output, return the gradient in `X`, of the shape of `X`. The padding is smaller than $k$.

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

# %% [markdown] nbgrader={"grade": false, "grade_id": "about_written_conv_adjoint", "locked": true, "schema_version": 3, "solution": false, "task": false}
r"""
## 5 Written: the backward pass is a convolution, too (6 points)

TODO
"""

# %% [markdown] nbgrader={"grade": true, "grade_id": "written_conv_adjoint", "locked": false, "points": 6, "schema_version": 3, "solution": true, "task": false}
r"""
TODO
"""
