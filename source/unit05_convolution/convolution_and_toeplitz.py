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
"""

# %% nbgrader={"grade": false, "grade_id": "setup_toeplitz", "locked": true, "schema_version": 3, "solution": false, "task": false}
import matplotlib.pyplot as plt
import numpy as np

from dlmath_kit import data, plots

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

**Allowed:** numpy and the standard library. Not allowed here: `np.convolve` and `np.correlate`. In all of this unit:
scipy, scikit-learn, and torch except where a statement says so.
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

# %% [markdown] nbgrader={"grade": false, "grade_id": "about_written_equivariance", "locked": true, "schema_version": 3, "solution": false, "task": false}
r"""
## 4 Written: shifting before or after (4 points)

Write mathematics between dollar signs. Double-click the cell below to begin.
"""

# %% [markdown] nbgrader={"grade": true, "grade_id": "written_equivariance", "locked": false, "points": 4, "schema_version": 3, "solution": true, "task": false}
r"""
...
"""
