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
# Deep, wide, and where to look

*Unit 5, lab 3. Book: chapter 6, sections 6.4 to 6.6.*

You have a convolutional layer, its gradients, and pooling. **How do you build a network from them?** How many layers,
how wide, what does it cost, and what does one unit deep inside see of the picture at all?

You begin with a network that the book returns to again and again, VGG19, and take it apart with pencil and paper: all
of its 143 667 240 parameters, and every pixel that its last convolution can look at. Then you train a small relative of it,
with torch doing the gradients that you now know by heart, and look at its filters. Networks can also grow sideways:
you build an inception module. At the end the small network leaves its 8 by 8 window and reads a whole page, and you
teach it to say *where* a digit stands, once for each digit.

As before: images are $(N, C, H, W)$, functions change none of their inputs. Allowed are numpy and the standard
library; torch in exercise 3 only.
"""

# %% nbgrader={"grade": false, "grade_id": "setup_architectures", "locked": true, "schema_version": 3, "solution": false, "task": false}
import math

import matplotlib.pyplot as plt
import numpy as np
import torch
import torch.nn.functional as F
from torch import nn

from dlmath_kit import data, plots

pixels, labels = data.digits()
images = torch.tensor(pixels, dtype=torch.float32).reshape(-1, 1, 8, 8)
digits = torch.tensor(labels)

# %% tags=["picture"]
torch.set_num_threads(1)  # networks as small as these gain nothing from more

# %% [markdown] nbgrader={"grade": false, "grade_id": "about_vgg19_accounting", "locked": true, "schema_version": 3, "solution": false, "task": false}
r"""
## 1 A network in numbers

VGG19 (book, chapter 6) is a list: blocks of $3 \times 3$ convolutions that keep the size of the image, each block
followed by a pooling layer that halves it, and three dense layers at the end. A list can be counted. Two numbers
matter: the **parameters** that must be stored and learnt, and the **multiply-adds** that one image costs on its way
through. A layer that meets an image of shape $(C, H, W)$, or a vector of length $N$:

| layer | parameters | multiply-adds | leaves |
|---|---|---|---|
| `("conv", F, k, s, p)`: $F$ filters $k \times k$, stride $s$, padding $p$ | $F C k^2 + F$ | $F C k^2 \cdot H' W'$ | $(F, H', W')$ |
| `("pool", k, s)`: windows $k \times k$, stride $s$, no padding | 0 | 0 | $(C, H', W')$ |
| `("flatten",)` | 0 | 0 | $(C H W,)$ |
| `("dense", m)`: $m$ units | $m N + m$ | $m N$ | $(m,)$ |

with $H' = \lfloor (H + 2p - k) / s \rfloor + 1$ and $W'$ likewise. A multiply-add, $a \cdot b + c$, counts once;
adding a bias and pooling count as nothing; activations have no parameters and do not appear.

**Write** `count_network(layers, in_shape)`: `layers` a list of such tuples, `in_shape` the triple $(C, H, W)$. Return
`(parameters, multiply_adds, out_shape)`: two integers and a tuple.

**Worked example.** The network of exercise 3, on $(1, 8, 8)$:

| layer | parameters | multiply-adds | leaves |
|---|---|---|---|
| `("conv", 8, 3, 1, 1)` | $8 \cdot 1 \cdot 9 + 8 = 80$ | $72 \cdot 64 = 4608$ | $(8, 8, 8)$ |
| `("pool", 2, 2)` | | | $(8, 4, 4)$ |
| `("conv", 16, 3, 1, 1)` | $16 \cdot 8 \cdot 9 + 16 = 1168$ | $1152 \cdot 16 = 18432$ | $(16, 4, 4)$ |
| `("pool", 2, 2)` | | | $(16, 2, 2)$ |
| `("flatten",)` | | | $(64,)$ |
| `("dense", 10)` | $10 \cdot 64 + 10 = 650$ | $640$ | $(10,)$ |

Together `(1898, 23680, (10,))`.

**What counts.** Images that are not square; sizes that a window or a stride does not divide; one channel; several dense
layers; a network that ends in an image; VGG19 itself.
"""


# %% nbgrader={"grade": false, "grade_id": "vgg19_accounting", "locked": false, "schema_version": 3, "solution": true, "task": false}
def count_network(layers: list[tuple], in_shape: tuple[int, int, int]) -> tuple[int, int, tuple]:
    """Parameters, multiply-adds for one image, and output shape of a network given as a list of layers."""
    ### BEGIN SOLUTION
    parameters, multiply_adds, shape = 0, 0, tuple(in_shape)
    for name, *sizes in layers:
        if name == "conv":
            filters, k, s, p = sizes
            C, H, W = shape
            shape = (filters, (H + 2 * p - k) // s + 1, (W + 2 * p - k) // s + 1)
            weights = filters * C * k**2
            parameters += weights + filters
            multiply_adds += weights * shape[1] * shape[2]
        elif name == "pool":
            k, s = sizes
            C, H, W = shape
            shape = (C, (H - k) // s + 1, (W - k) // s + 1)
        elif name == "flatten":
            shape = (math.prod(shape),)
        else:
            (n,), (m,) = shape, sizes
            parameters += m * n + m
            multiply_adds += m * n
            shape = (m,)
    return parameters, multiply_adds, shape
    ### END SOLUTION


# %% nbgrader={"grade": false, "grade_id": "check_vgg19_accounting", "locked": true, "schema_version": 3, "solution": false, "task": false}
small = [("conv", 8, 3, 1, 1), ("pool", 2, 2), ("conv", 16, 3, 1, 1), ("pool", 2, 2), ("flatten",), ("dense", 10)]
counted = count_network(small[:1], (1, 8, 8))
assert len(counted) == 3, f"return parameters, multiply-adds and shape, got {len(counted)} things"
assert counted[0] == 80, f"eight 3 x 3 filters on one channel have 80 parameters, got {counted[0]}"
assert counted[1] == 4608, f"each of their 72 weights is used at 64 places: 4608 multiply-adds, got {counted[1]}"
assert tuple(counted[2]) == (8, 8, 8), f"with padding 1 the size stays 8 x 8: expected (8, 8, 8), got {counted[2]}"
counted = count_network(small, (1, 8, 8))
assert counted[:2] == (1898, 23680), f"the worked example has (1898, 23680), got {counted[:2]}"
assert tuple(counted[2]) == (10,), f"the worked example ends with shape (10,), got {counted[2]}"

# %% nbgrader={"grade": true, "grade_id": "test_vgg19_accounting", "locked": true, "points": 7, "schema_version": 3, "solution": false, "task": false}
### BEGIN HIDDEN TESTS
from autograder import mark

mark("unit05_convolution/vgg19_accounting", count_network)
### END HIDDEN TESTS

# %% [markdown]
r"""
**What you built.** Here is VGG19 layer by layer. Parameters and work live at opposite ends: nearly all the work is
done by the convolutions, and 86% of the parameters sit in the three dense layers, most of them in the first. The
networks that came after VGG19 dropped exactly that layer.
"""

# %% tags=["picture"]
VGG19 = []
for width, repeats in [(64, 2), (128, 2), (256, 4), (512, 4), (512, 4)]:
    VGG19 += [("conv", width, 3, 1, 1)] * repeats + [("pool", 2, 2)]
VGG19 += [("flatten",), ("dense", 4096), ("dense", 4096), ("dense", 1000)]

rows, before, shape = [], (0, 0), (3, 224, 224)
for k, (kind, *sizes) in enumerate(VGG19, start=1):
    *now, after = count_network(VGG19[:k], (3, 224, 224))
    if kind in ("conv", "dense"):
        name = f"{kind} {sizes[0]},  {' x '.join(map(str, shape))}"
        kinds = {"conv": "convolution", "dense": "dense"}
        rows.append((name, kinds[kind], now[0] - before[0], now[1] - before[1]))
    before, shape = now, after
plots.network_in_numbers(rows, title="VGG19: each layer, and the shape of what it receives")
plt.show()

# %% [markdown] nbgrader={"grade": false, "grade_id": "about_receptive_field", "locked": true, "schema_version": 3, "solution": false, "task": false}
r"""
## 2 What a unit sees

A filter of VGG19 is only $3 \times 3$. Yet a unit behind two of them sees $5 \times 5$ pixels of the input, because
each of the nine units that it looks at sees $3 \times 3$. Its **receptive field** grows with every layer, and faster
behind a stride: there, neighbours stand further apart. That distance, in pixels of the input, is the **jump** $j$.

Along one axis the field $r$ and the jump start at $r = j = 1$, the pixel itself. A layer with kernel size $k$, stride
$s$ and dilation $d$ reaches $(k - 1)\,d$ steps further, steps of the size that holds *before* it:

$$r \leftarrow r + (k - 1)\, d\, j, \qquad \text{then} \qquad j \leftarrow j\, s.$$

**Write** `receptive_field(layers)`: `layers` a list of triples $(k, s, d)$, first layer first; a pooling layer is one,
too. Return the tuple $(r, j)$ of two integers.

**Worked example.** Two $3 \times 3$ convolutions, `[(3, 1, 1), (3, 1, 1)]`: $r = 1 + 2 + 2 = 5$ and $j = 1$. With a
pooling layer between them, `[(3, 1, 1), (2, 2, 1), (3, 1, 1)]`: $r$ grows from 1 to 3 to 4, now $j = 2$, and the last
layer adds $2 \cdot 2$: the result is $(8, 2)$.

**What counts.** Strides and dilations in any layer, the first included; layers of one pixel; long lists; no layer at
all, which leaves a pixel: $(1, 1)$.
"""


# %% nbgrader={"grade": false, "grade_id": "receptive_field", "locked": false, "schema_version": 3, "solution": true, "task": false}
def receptive_field(layers: list[tuple[int, int, int]]) -> tuple[int, int]:
    """Field and jump, in pixels along one axis, of a unit behind layers (kernel, stride, dilation)."""
    ### BEGIN SOLUTION
    field, jump = 1, 1
    for k, s, d in layers:
        field += (k - 1) * d * jump
        jump *= s
    return field, jump
    ### END SOLUTION


# %% nbgrader={"grade": false, "grade_id": "check_receptive_field", "locked": true, "schema_version": 3, "solution": false, "task": false}
seen = receptive_field([(3, 1, 1), (3, 1, 1)])
assert tuple(seen) == (5, 1), f"two 3 x 3 convolutions see 5 pixels in a row, jump 1: expected (5, 1), got {seen}"
seen = receptive_field([(3, 1, 1), (2, 2, 1), (3, 1, 1)])
assert tuple(seen) == (8, 2), f"with pooling between them expected (8, 2), got {seen}"

# %% nbgrader={"grade": true, "grade_id": "test_receptive_field", "locked": true, "points": 4, "schema_version": 3, "solution": false, "task": false}
### BEGIN HIDDEN TESTS
from autograder import mark

mark("unit05_convolution/receptive_field", receptive_field)
### END HIDDEN TESTS

# %% [markdown]
r"""
**What you built.** With it you can follow the view of a VGG19 unit from the first layer to the last. Behind the fifth
pooling layer each unit sees a square of 268 pixels, more than the whole image.
"""

# %% tags=["picture"]
layers, fields, blocks = [], [1], {}
for kind, *sizes in VGG19[:21]:
    layers.append((sizes[-3], sizes[-2], 1) if kind == "conv" else (*sizes, 1))
    fields.append(receptive_field(layers)[0])
    if kind == "pool":
        blocks[f"block {len(blocks) + 1}: {fields[-1]}"] = fields[-1]

fig, (left, right) = plt.subplots(1, 2, figsize=(10, 4.4), layout="constrained", width_ratios=[1.25, 1])
pools = [k for k, layer in enumerate(layers, start=1) if layer[1] == 2]
left.plot(fields, color=plots.PALETTE[0], lw=2)
left.plot(pools, [fields[k] for k in pools], "o", color=plots.PALETTE[1], label="behind a pooling layer")
left.axhline(224, color="0.6", lw=1, ls="--")
left.text(0, 227, "the whole image: 224", color="0.4", fontsize=9, va="bottom")
left.set(xlabel="layer", ylabel="receptive field in pixels", title="what a unit sees, layer by layer")
left.legend(loc="center left")
left.spines[["top", "right"]].set_visible(False)
frames = {name: [[112 - r / 2, 112 - r / 2, 112 + r / 2, 112 + r / 2]] for name, r in blocks.items() if r <= 224}
plots.boxes(np.zeros((224, 224)), frames, right, title="the fields on an image of 224 x 224")
right.spines[:].set(visible=True, color="0.7")
plt.show()

# %% [markdown]
r"""
The field says what a unit *can* see, not how much each pixel matters. Below, the gradient of one unit with respect to
the image, its absolute value averaged over random networks of the same shape: the pixels in the middle reach the unit
on many paths, those at the rim on few.
"""

# %% tags=["picture"]
layers = [(3, 1, 1), (3, 1, 1), (2, 2, 1)] * 2 + [(3, 1, 1), (3, 1, 1)]
field, jump = receptive_field(layers)
torch.manual_seed(0)
x = torch.rand(60, 1, 48, 48, requires_grad=True)
A = x
for k, s, _ in layers:
    if s == 2:
        A = F.max_pool2d(A, k)
    else:  # other weights for each of the sixty images
        K = torch.randn(4 * 60, A.shape[1], k, k) / math.sqrt(A.shape[1] * k * k / 2)
        A = F.conv2d(A.reshape(1, -1, *A.shape[2:]), K, groups=60).reshape(60, 4, *(n - k + 1 for n in A.shape[2:]))
        A = torch.relu(A)
A[:, 0, 2, 2].sum().backward()
reach = x.grad.abs().mean(dim=(0, 1)).numpy()
corner = 2 * jump
frame = {f"receptive field, {field} x {field}": [[corner, corner, corner + field, corner + field]]}
ax = plots.boxes(reach, frame, title="how much each pixel matters to one unit")
ax.spines[:].set(visible=True, color="0.7")
plt.show()

# %% [markdown] nbgrader={"grade": false, "grade_id": "about_cnn_digits", "locked": true, "schema_version": 3, "solution": false, "task": false}
r"""
## 3 Train one

Now a network of your own for the digits, small enough to train in a second. You have written every gradient that it
needs; from here on torch may do the work (`torch` and `torch.nn` are allowed in this exercise, networks trained
elsewhere are not).

**Write** `train_cnn_digits(X, y, seed)`: `X` (n, 1, 8, 8), a float32 tensor of images in $[0, 1]$; `y` (n,), an int64
tensor of digits. Build a network, train it on these images and return it:

* a `torch.nn.Module` that maps (k, 1, 8, 8) to **logits** (k, 10), for every $k \ge 1$;
* with at least one convolution, whose filters are trained, and at most 20 000 parameters;
* in **evaluation mode** (`model.eval()`), and on the CPU (train on a GPU if you like);
* all randomness comes from `seed`: call `torch.manual_seed(seed)` first. The same seed gives the same network, another
  seed another one.

Layers, optimiser, learning rate and number of epochs are yours to choose.

**Worked example.** The network that you counted in exercise 1, two convolutions with ReLU and pooling and one dense
layer, has 1898 parameters. With Adam, a learning rate of 0.01, batches of 64 and twelve epochs it trains in under a
second and has about 95% of unseen digits right. Each step: set the gradients to zero, cross-entropy of the logits,
`backward`, step.

**What counts.** 85% of digits that were not in `X`, when trained on 1100 (the best of up to five seeds; a training
should take at most three seconds); logits, not probabilities; that two calls of the returned network agree, and that an
image alone gets the logits that it gets in a batch; that the gradients of one step do not leak into the next; small
data sets, down to two images.
"""


# %% nbgrader={"grade": false, "grade_id": "cnn_digits", "locked": false, "schema_version": 3, "solution": true, "task": false}
def train_cnn_digits(X: torch.Tensor, y: torch.Tensor, seed: int) -> nn.Module:
    """A small convolutional network, trained on images X (n, 1, 8, 8) of digits y (n,), in evaluation mode."""
    ### BEGIN SOLUTION
    torch.manual_seed(seed)
    layers = [
        nn.Conv2d(1, 8, kernel_size=3, padding=1),
        nn.ReLU(),
        nn.MaxPool2d(2),
        nn.Conv2d(8, 16, kernel_size=3, padding=1),
        nn.ReLU(),
        nn.MaxPool2d(2),
        nn.Flatten(),
        nn.Linear(64, 10),
    ]
    model = nn.Sequential(*layers)
    optimizer = torch.optim.Adam(model.parameters(), lr=0.01)
    for _ in range(12):
        for batch in torch.randperm(len(X)).split(64):
            optimizer.zero_grad()
            F.cross_entropy(model(X[batch]), y[batch]).backward()
            optimizer.step()
    return model.eval()
    ### END SOLUTION


# %% nbgrader={"grade": false, "grade_id": "check_cnn_digits", "locked": true, "schema_version": 3, "solution": false, "task": false}
model = train_cnn_digits(images[:300], digits[:300], seed=0)
size = sum(p.numel() for p in model.parameters())
assert any(p.ndim == 4 for p in model.parameters()), "the network needs a convolution"
assert size <= 20_000, f"the network may have at most 20 000 parameters, got {size}"
assert not model.training, "return the network in evaluation mode"
logits = model(images[300:307])
assert tuple(logits.shape) == (7, 10), f"seven images have logits of shape (7, 10), got {tuple(logits.shape)}"
assert tuple(model(images[:1]).shape) == (1, 10), "one image has logits of shape (1, 10)"

# %% nbgrader={"grade": true, "grade_id": "test_cnn_digits", "locked": true, "points": 6, "schema_version": 3, "solution": false, "task": false}
### BEGIN HIDDEN TESTS
from autograder import mark

mark("unit05_convolution/cnn_digits", train_cnn_digits)
### END HIDDEN TESTS

# %% [markdown]
r"""
**What you built.** A network that reads. Below are the filters of its first convolution, and what they make of two
digits: red where a filter finds what it looks for, blue where it finds the opposite. Some have become detectors of
edges, lying, standing or slanted; nobody told them to.
"""

# %% tags=["picture"]
shuffled = np.random.default_rng(4).permutation(len(images))
train, test = shuffled[:1100], shuffled[1100:]
model = train_cnn_digits(images[train], digits[train], seed=1)
K = next(p for p in model.parameters() if p.ndim == 4).detach()
plots.filters(K[:, 0], columns=len(K), title="the filters of the first convolution")
plt.show()
for i in (test[0], test[3]):
    maps = F.conv2d(images[i : i + 1], K, padding="same")[0]
    names = [f"filter {k}" for k in range(len(K))]
    plots.feature_maps(images[i, 0].numpy(), maps.numpy(), names=names, title=f"what the filters make of a {digits[i]}")
    plt.show()

# %% [markdown]
r"""
And these are the digits that it gets wrong, the surest mistakes first. How many would *you* read rightly?
"""

# %% tags=["picture"]
with torch.no_grad():
    P = torch.softmax(model(images[test]), dim=1)
guess, truth = P.argmax(dim=1), digits[test]
wrong = torch.nonzero(guess != truth)[:, 0]
wrong = wrong[P[wrong].max(dim=1).values.argsort(descending=True)][:20]
captions = [f"{truth[i]} → {guess[i]}" for i in wrong]
right = (guess == truth).double().mean()
plots.image_grid(
    images[test][wrong, 0].numpy(), captions, title=f"{right:.1%} of {len(test)} unseen digits right, but:"
)
plt.show()

# %% [markdown]
r"""
For the next exercise, two layers of the last lab, complete.
"""


# %% nbgrader={"grade": false, "grade_id": "provided_layers", "locked": true, "schema_version": 3, "solution": false, "task": false}
def conv2d(X: np.ndarray, K: np.ndarray, b: np.ndarray, stride: int = 1, pad: int = 0) -> np.ndarray:
    """The convolutional layer of lab 2: X (N, C, H, W), K (F, C, kh, kw), b (F,)."""
    X = np.pad(X, ((0, 0), (0, 0), (pad, pad), (pad, pad)))
    windows = np.lib.stride_tricks.sliding_window_view(X, K.shape[2:], axis=(2, 3))[:, :, ::stride, ::stride]
    return np.einsum("ncijab,fcab->nfij", windows, K, optimize=True) + b[:, None, None]


def maxpool(X: np.ndarray, k: int, stride: int, pad: int = 0) -> np.ndarray:
    """Max-pooling of lab 2: X (N, C, H, W), windows k x k; padding never wins."""
    X = np.pad(X, ((0, 0), (0, 0), (pad, pad), (pad, pad)), constant_values=-np.inf)
    windows = np.lib.stride_tricks.sliding_window_view(X, (k, k), axis=(2, 3))[:, :, ::stride, ::stride]
    return windows.max(axis=(-2, -1))


# %% [markdown] nbgrader={"grade": false, "grade_id": "about_inception", "locked": true, "schema_version": 3, "solution": false, "task": false}
r"""
## 4 Wider instead of deeper: inception

How large should a filter be? The inception module (book, chapter 6, figure 6.13) does not choose. It applies
several sizes side by side and stacks the channels of all of them:

$$\mathrm{out} = \big[\, L_{b1}(X),\;\; L_{b3}(L_{b3r}(X)),\;\; L_{b5}(L_{b5r}(X)),\;\; L_{bp}(\operatorname{maxpool}(X)) \,\big],
\qquad L(A) = \max(\operatorname{conv2d}(A, K, b),\, 0)$$

| key | filters | padding | in front of it |
|---|---|---|---|
| `"b1"` | $1 \times 1$ | 0 | $X$ |
| `"b3r"`, then `"b3"` | $1 \times 1$, then $3 \times 3$ | 0, then 1 | $X$ |
| `"b5r"`, then `"b5"` | $1 \times 1$, then $5 \times 5$ | 0, then 2 | $X$ |
| `"bp"` | $1 \times 1$ | 0 | max-pooling of $X$, $3 \times 3$, stride 1, padding 1 |

Every branch keeps the height and width. **Every** convolution is followed by a ReLU, the reductions `b3r` and `b5r`
included. A $1 \times 1$ convolution mixes the channels of each pixel on its own: in front of the larger filters it
makes few channels out of many, and the module cheap.

**Write** `inception_forward(X, P)`: `X` (N, C, H, W); `P` a dictionary with the six keys of the table, each with a pair
`(K, b)` of filters (F, C', k, k) and biases (F,). Return (N, $F_{b1} + F_{b3} + F_{b5} + F_{bp}$, H, W), the branches
in the order of the formula. The cell above gives you `conv2d(X, K, b, stride=1, pad=0)` and
`maxpool(X, k, stride, pad=0)`; you may also use your own.

**Worked example.** One image of one channel and two pixels, $X = (-1, 2)$. `b1`, `b3r`, `b5r` and `bp` have the one
weight 1 and bias 0; `b3` has nine weights 1 and bias 0; `b5` has only weights 0 and bias 1. The branches are
$\max(X, 0) = (0, 2)$; the sums $(0 + 2, 0 + 2) = (2, 2)$ over what the reduction left, $(0, 2)$; $(1, 1)$; and
the maxima $(2, 2)$.

**What counts.** Images that are not square; several images; branches of different widths, also of width 1; pixels that
are all negative, where padding must not win the maximum.
"""


# %% nbgrader={"grade": false, "grade_id": "inception", "locked": false, "schema_version": 3, "solution": true, "task": false}
def inception_forward(X: np.ndarray, P: dict[str, tuple[np.ndarray, np.ndarray]]) -> np.ndarray:
    """Inception module: X (N, C, H, W) -> (N, F_b1 + F_b3 + F_b5 + F_bp, H, W)."""

    ### BEGIN SOLUTION
    def layer(A, name):
        K, b = P[name]
        return np.maximum(conv2d(A, K, b, pad=K.shape[-1] // 2), 0)

    branches = [
        layer(X, "b1"),
        layer(layer(X, "b3r"), "b3"),
        layer(layer(X, "b5r"), "b5"),
        layer(maxpool(X, 3, stride=1, pad=1), "bp"),
    ]
    return np.concatenate(branches, axis=1)
    ### END SOLUTION


# %% nbgrader={"grade": false, "grade_id": "check_inception", "locked": true, "schema_version": 3, "solution": false, "task": false}
rng = np.random.default_rng(0)
widths = {"b1": (2, 3, 1), "b3r": (4, 3, 1), "b3": (5, 4, 3), "b5r": (1, 3, 1), "b5": (3, 1, 5), "bp": (4, 3, 1)}
P = {name: (rng.normal(size=(f, c, k, k)), rng.normal(size=f)) for name, (f, c, k) in widths.items()}
out = inception_forward(rng.normal(size=(2, 3, 6, 7)), P)
assert np.shape(out) == (2, 14, 6, 7), f"2 + 5 + 3 + 4 channels: expected (2, 14, 6, 7), got {np.shape(out)}"
one = (np.ones((1, 1, 1, 1)), np.zeros(1))
P = {"b1": one, "b3r": one, "b5r": one, "bp": one}
P |= {"b3": (np.ones((1, 1, 3, 3)), np.zeros(1)), "b5": (np.zeros((1, 1, 5, 5)), np.ones(1))}
out = inception_forward(np.array([[[[-1.0, 2.0]]]]), P)
assert np.shape(out) == (1, 4, 1, 2), f"four branches of one channel: expected (1, 4, 1, 2), got {np.shape(out)}"
for channel, expected in enumerate([[0, 2], [2, 2], [1, 1], [2, 2]]):
    got = out[0, channel, 0]
    assert np.allclose(got, expected), f"channel {channel} of the worked example is {expected}, got {got}"

# %% nbgrader={"grade": true, "grade_id": "test_inception", "locked": true, "points": 7, "schema_version": 3, "solution": false, "task": false}
### BEGIN HIDDEN TESTS
from autograder import mark

mark("unit05_convolution/inception", inception_forward)
### END HIDDEN TESTS

# %% [markdown]
r"""
**What you built.** Four views of one image at once. Here the filters are drawn by hand so that you can recognise the
branches: the identity, a detector of upright edges, a blur, and the maximum of the neighbours.
"""

# %% tags=["picture"]
one = (np.ones((1, 1, 1, 1)), np.zeros(1))
edges = np.array([[1.0, 0, -1], [2, 0, -2], [1, 0, -1]])[None, None] / 4
P = {"b1": one, "b3r": one, "b5r": one, "bp": one}
P |= {"b3": (edges, np.zeros(1)), "b5": (np.ones((1, 1, 5, 5)) / 25, np.zeros(1))}
four = np.block([[np.pad(pixels[i].reshape(8, 8), 1) for i in row] for row in ((3, 6), (9, 2))])
out = inception_forward(four[None, None], P)
names = ["1 x 1: identity", "3 x 3: edges", "5 x 5: blur", "pool: maximum"]
plots.feature_maps(
    four, out[0], columns=4, names=names, signed=False, title="an inception module with one filter a branch"
)
plt.show()

# %% [markdown]
r"""
Why the reductions? Your accountant of exercise 1 knows. These are the numbers of the first inception module of
GoogLeNet, which receives 192 channels of $28 \times 28$: once as it was built, once with the larger filters looking
at all 192 channels directly.
"""

# %% tags=["picture"]
wide = (192, 28, 28)
built = {
    "1 x 1": [("conv", 64, 1, 1, 0)],
    "3 x 3": [("conv", 96, 1, 1, 0), ("conv", 128, 3, 1, 1)],
    "5 x 5": [("conv", 16, 1, 1, 0), ("conv", 32, 5, 1, 2)],
    "pool, 1 x 1": [("conv", 32, 1, 1, 0)],
}
fig, axes = plt.subplots(1, 2, figsize=(10, 2.4), sharey=True, layout="constrained")
for ax, which, unit, title in zip(
    axes, (0, 1), (1e3, 1e6), ("thousand parameters", "million multiply-adds"), strict=True
):
    for row, first in enumerate((0, -1)):  # all layers of a branch, or its last one alone
        start = 0.0
        for k, (name, branch) in enumerate(built.items()):
            size = count_network(branch[first:], wide)[which] / unit
            ax.barh(row, size, left=start, color=plots.PALETTE[k], label=name if row == 0 else None)
            start += size
        ax.text(start, row, f" {start:.0f}", va="center")
    ax.set(title=title, yticks=[0, 1], yticklabels=["with reductions", "without"], ylim=(1.5, -0.5))
    ax.margins(x=0.12)
    ax.spines[["top", "right"]].set_visible(False)
axes[1].legend(fontsize="small", title="branch", loc="center left", bbox_to_anchor=(1.0, 0.5), frameon=False)
plt.show()

# %% [markdown] nbgrader={"grade": false, "grade_id": "about_iou_nms", "locked": true, "schema_version": 3, "solution": false, "task": false}
r"""
## 5 Where is it?

A network that looks at windows of a page finds the same digit several times, in windows that nearly coincide (book,
chapter 6). Two tools make one finding of many. A **box** is $(x_1, y_1, x_2, y_2)$ with $x_1 \le x_2$ and
$y_1 \le y_2$, its left, upper, right and lower edge, as real numbers. How much two boxes agree is their **intersection
over union**:

$$\operatorname{IoU}(a, b) = \frac{|a \cap b|}{|a \cup b|}, \qquad |a \cup b| = |a| + |b| - |a \cap b|,$$

with areas $|\cdot|$; the intersection of two boxes is again a box, or empty. **Non-maximum suppression** keeps the box
with the highest score, drops every other box whose IoU with it is *greater* than a threshold, and goes on with what is
left until nothing is.

**Write** `iou(A, B)`: `A` (n, 4) and `B` (m, 4) boxes with positive areas; return (n, m), the IoU of each with each.
And `nms(boxes, scores, thr)`: `boxes` (n, 4), `scores` (n,), all different; return the indices of the boxes that are
kept, the highest score first, as a one-dimensional integer array.

**Worked example.** $a = (0, 0, 2, 2)$ and $b = (1, 1, 3, 3)$ share the unit square: $\operatorname{IoU} =
\frac{1}{4 + 4 - 1} = \frac17$. With $c = (0, 0, 2, 1)$ the box $a$ shares 2 of 4: $\frac12$. Scores $0.9, 0.8, 0.7$ for
$a, b, c$ and threshold $0.4$: $a$ stays, $c$ is dropped, $b$ stays: `[0, 1]`. With threshold $0.5$ nothing is greater
than it, and all three stay.

**What counts.** Boxes that do not meet at all, though they share rows or columns, or neither; boxes inside boxes; the
same box twice; chains, where a dropped box would have dropped another one but may not; one box.
"""


# %% nbgrader={"grade": false, "grade_id": "iou_nms", "locked": false, "schema_version": 3, "solution": true, "task": false}
def iou(A: np.ndarray, B: np.ndarray) -> np.ndarray:
    """Intersection over union of boxes A (n, 4) and B (m, 4), each (x1, y1, x2, y2); returns (n, m)."""
    ### BEGIN SOLUTION
    upper_left = np.maximum(A[:, None, :2], B[None, :, :2])  # (n, m, 2)
    lower_right = np.minimum(A[:, None, 2:], B[None, :, 2:])
    sides = np.maximum(lower_right - upper_left, 0)
    shared = sides[..., 0] * sides[..., 1]
    area_A = (A[:, 2] - A[:, 0]) * (A[:, 3] - A[:, 1])
    area_B = (B[:, 2] - B[:, 0]) * (B[:, 3] - B[:, 1])
    return shared / (area_A[:, None] + area_B - shared)
    ### END SOLUTION


def nms(boxes: np.ndarray, scores: np.ndarray, thr: float) -> np.ndarray:
    """Non-maximum suppression: indices of the boxes (n, 4) that are kept, the highest score first."""
    ### BEGIN SOLUTION
    overlap = iou(boxes, boxes)
    kept = []
    for i in np.argsort(-scores):
        if all(overlap[i, j] <= thr for j in kept):
            kept.append(i)
    return np.array(kept, dtype=int)
    ### END SOLUTION


# %% nbgrader={"grade": false, "grade_id": "check_iou_nms", "locked": true, "schema_version": 3, "solution": false, "task": false}
abc = np.array([[0.0, 0, 2, 2], [1, 1, 3, 3], [0, 0, 2, 1]])
agreement = iou(abc, abc[:2])
assert np.shape(agreement) == (3, 2), f"three boxes with two: expected shape (3, 2), got {np.shape(agreement)}"
assert np.isclose(agreement[0, 1], 1 / 7), f"a and b share one of seven squares, 1/7, got {agreement[0, 1]}"
assert np.isclose(agreement[2, 0], 1 / 2), f"c is half of a, got {agreement[2, 0]}"
kept = nms(abc, np.array([0.9, 0.8, 0.7]), 0.4)
assert isinstance(kept, np.ndarray), f"nms must return an array of indices, got {type(kept).__name__}"
assert list(kept) == [0, 1], f"with threshold 0.4 a and b stay, [0, 1], got {list(kept)}"
kept = nms(abc, np.array([0.9, 0.8, 0.7]), 0.5)
assert list(kept) == [0, 1, 2], f"with threshold 0.5 all stay, [0, 1, 2], got {list(kept)}"

# %% nbgrader={"grade": true, "grade_id": "test_iou_nms", "locked": true, "points": 4, "schema_version": 3, "solution": false, "task": false}
### BEGIN HIDDEN TESTS
from autograder import mark

mark("unit05_convolution/iou_nms", iou, nms)
### END HIDDEN TESTS

# %% [markdown]
r"""
**What you built.** The last piece of a reader of pages. Train the network of exercise 3 once more, now on windows cut
out of pages full of digits: a window that frames one of the digits 1 to 9 has this class, every other window (half a
digit, a gap, a zero) has class 0, *nothing here*. Then slide it over a page that it has never seen, look at all windows
where it finds something, and suppress.
"""


# %% tags=["picture"]
def make_page(chosen, rng):
    """A page with fifteen digits, each moved at random within its place; the page and the digits' upper left corners."""
    page, corners = np.zeros((39, 65)), np.zeros((15, 2), dtype=int)
    for k, i in enumerate(chosen):
        corners[k] = 13 * np.array(divmod(k, 5)) + rng.integers(0, 6, size=2)
        top, left = corners[k]
        page[top : top + 8, left : left + 8] = images[i, 0]
    return page, corners


def windows_of(page):
    """All windows of 8 x 8 pixels: (32, 58, 8, 8)."""
    return np.lib.stride_tricks.sliding_window_view(page, (8, 8))


rng = np.random.default_rng(0)
windows, classes = [], []
for start in range(0, 1095, 15):
    chosen = train[start : start + 15]
    page, corners = make_page(chosen, rng)
    places = np.array(list(np.ndindex(32, 58)))
    far = np.abs(places[:, None] - corners).max(axis=2).min(axis=1) >= 2  # at least two pixels beside every digit
    beside = rng.choice(places[far], size=30, replace=False)
    windows.append(windows_of(page)[tuple(np.vstack([corners, beside]).T)])
    classes += [*labels[chosen], *[0] * 30]
windows = torch.tensor(np.concatenate(windows), dtype=torch.float32)[:, None]
reader = train_cnn_digits(windows, torch.tensor(classes), seed=0)

page, _ = make_page(test[30:45], rng)
with torch.no_grad():
    P = torch.softmax(reader(torch.tensor(windows_of(page).reshape(-1, 1, 8, 8), dtype=torch.float32)), dim=1).numpy()
scores, found = 1 - P[:, 0], P[:, 1:].argmax(axis=1) + 1
top, left = np.divmod(np.arange(len(P)), 58)
boxes = np.column_stack([left, top, left + 8, top + 8]).astype(float)
candidates = np.flatnonzero(scores > 0.5)
kept = candidates[nms(boxes[candidates], scores[candidates], 0.1)]

fig, (before, after) = plt.subplots(1, 2, figsize=(11, 4), layout="constrained")
before_title = f"{len(candidates)} windows see a digit from 1 to 9"
plots.boxes(page, {"windows": boxes[candidates]}, before, legend=False, title=before_title)
plots.boxes(page, {"kept": boxes[kept]}, after, legend=False, title=f"{len(kept)} are kept")
for x, y, name in zip(boxes[kept, 0], boxes[kept, 1], found[kept], strict=True):
    after.text(x, y, f" {name} ", color="white", backgroundcolor=plots.PALETTE[0], fontsize=8, va="bottom")
for ax in (before, after):
    ax.spines[:].set(visible=True, color="0.7")
plt.show()

# %% [markdown]
r"""
**Playground.** Move the threshold of the suppression from 0 to 1 and watch the boxes multiply. What goes wrong on a
page where digits touch each other? And how many parameters can the network of exercise 3 lose before it falls below
85%?
"""
