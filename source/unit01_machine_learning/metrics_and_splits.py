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
# How good is it, really?

*Unit 1, lab 1. Book: chapter 1, section 1.4, and chapter 2.*

Somebody shows you a model and says: **it is right in 97 % of all cases.** Before you believe it you want to know three
things. What did it get to see, and how was that turned into numbers? Which mistakes are hidden in the other 3 %? And
were the cases new to the model, or had it met them before?

Each question takes a group of exercises: from a table to numbers (1), from predictions to a measure (2 to 5), from one
data set to an honest number (6 and 7). The models stay simple on purpose. What you build here judges every network of
this course.

Three habits start here and stay for the whole course.

* Samples are **rows**: $X$ is $(n, p)$, and row $i$ is $(x^{(i)})^\top$; $y$ is $(n,)$. A prediction is
  $\hat y = f_\theta(x)$.
* An error or a loss is the **mean** over the samples that it is given.
* Functions are pure: they change none of their inputs and draw nothing from global random generators.
"""

# %% nbgrader={"grade": false, "grade_id": "setup_metrics", "locked": true, "schema_version": 3, "solution": false, "task": false}
from collections.abc import Callable

import matplotlib.pyplot as plt
import numpy as np

from dlmath_kit import data, plots

# %% [markdown] nbgrader={"grade": false, "grade_id": "about_tabular_encode", "locked": true, "schema_version": 3, "solution": false, "task": false}
r"""
## 1 A table becomes a matrix

Data arrive as tables whose columns mean different things (book, section 1.4). A flat has an area and a way to the
station, which are **numerical**, and a district, which is **nominal**: a name, without order and without distance. A
model wants one row of numbers per flat, and it wants new flats translated exactly as those it learnt from. So all
statistics come from the rows to learn from, the *fit* rows:

$$\tilde x_{ij} = \frac{x_{ij} - \mu_j}{\sigma_j}, \qquad \mu_j = \frac1m \sum_{r=1}^m x^{\text{fit}}_{rj}, \qquad
\sigma_j = \sqrt{\frac1m \sum_{r=1}^m \left(x^{\text{fit}}_{rj} - \mu_j\right)^2},$$

and a nominal value becomes the unit vector $e_c$ of its category $c$.

**Write** `encode_tabular(Xnum_fit, xcat_fit, Xnum, xcat)`: `Xnum_fit` (m, p) and `xcat_fit` (m,) are the rows to learn
from, `Xnum` (k, p) and `xcat` (k,) those to encode. The result is (k, p + K): first the $p$ standardised columns,
then one column for each of the $K$ categories that occur in `xcat_fit`, in sorted order.

**Worked example.** Learnt from areas 40, 40, 60, 60 in the districts north, harbour, north, centre: $\mu = 50$,
$\sigma = 10$, and the categories are centre, harbour, north. A flat of 70 m² at the harbour becomes $(2, 0, 1, 0)$. A
flat of 50 m² at the airport becomes $(0, 0, 0, 0)$: nobody told the model of an airport.

**What counts.** If $\sigma_j = 0$ it is replaced by 1. A category that the fit rows lack gives zeros. Categories are
strings or integers. The rows to encode may be the fit rows or one new row.

**Allowed:** numpy and the standard library. Not allowed, in all of this unit: scipy, scikit-learn, torch and the
like.
"""


# %% nbgrader={"grade": false, "grade_id": "tabular_encode", "locked": false, "schema_version": 3, "solution": true, "task": false}
def encode_tabular(Xnum_fit: np.ndarray, xcat_fit: np.ndarray, Xnum: np.ndarray, xcat: np.ndarray) -> np.ndarray:
    """Standardised numbers, then unit vectors of the categories, both as learnt from the fit rows.

    Xnum_fit (m, p), xcat_fit (m,), Xnum (k, p), xcat (k,); the result is (k, p + K), categories sorted.
    """
    ### BEGIN SOLUTION
    mu, sigma = Xnum_fit.mean(axis=0), Xnum_fit.std(axis=0)
    sigma = np.where(sigma == 0, 1.0, sigma)
    categories = np.unique(xcat_fit)  # sorted
    units = (xcat[:, None] == categories).astype(float)  # (k, K)
    return np.hstack([(Xnum - mu) / sigma, units])
    ### END SOLUTION


# %% nbgrader={"grade": false, "grade_id": "check_tabular_encode", "locked": true, "schema_version": 3, "solution": false, "task": false}
areas = np.array([[40.0], [40.0], [60.0], [60.0]])
districts = np.array(["north", "harbour", "north", "centre"])
rows = encode_tabular(areas, districts, np.array([[70.0], [50.0]]), np.array(["harbour", "airport"]))
assert np.shape(rows) == (2, 4), f"one number and three categories make four columns: (2, 4), got {np.shape(rows)}"
assert np.allclose(rows[0], [2, 0, 1, 0]), f"70 m² at the harbour is (2, 0, 1, 0), got {rows[0]}"
assert np.allclose(rows[1], 0), f"50 m² at the airport, which is unknown, is (0, 0, 0, 0), got {rows[1]}"
rows = encode_tabular(areas, districts, areas, districts)
assert np.allclose(rows[:, 0], [-1, -1, 1, 1]), f"the areas learnt from become -1, -1, 1, 1; got {rows[:, 0]}"
assert np.allclose(rows[:, 1:].sum(axis=1), 1), "each of the rows learnt from has exactly one category"
rows = encode_tabular(np.full((2, 1), 2.0), np.array([7, 3]), np.array([[2.0]]), np.array([3]))
assert np.allclose(rows, [[0, 1, 0]]), f"a constant column has σ = 0, replaced by 1: (0, 1, 0), got {rows}"

# %% nbgrader={"grade": true, "grade_id": "test_tabular_encode", "locked": true, "points": 8, "schema_version": 3, "solution": false, "task": false}
### BEGIN HIDDEN TESTS
from autograder import mark

mark("unit01_machine_learning/tabular_encode", encode_tabular)
### END HIDDEN TESTS

# %% [markdown]
r"""
**What you built.** A translator, and the difference that it makes. Here are 240 flats, drawn at random with prices that
follow a simple law. What does a new flat cost? Ask the five flats that are most like it. *Like* means near, and near
depends on how the columns were turned into numbers.
"""


# %% tags=["picture"]
def draw_flats(n, rng):
    """A made-up town: area in m², way to the station in m, district, and the price in thousands."""
    area = rng.gamma(9.0, 8.0, n) + 20
    way = rng.uniform(100, 6000, n)
    district = rng.choice(["harbour", "hill", "north", "old town"], n)
    bonus = np.select([district == name for name in ("harbour", "hill", "north", "old town")], [90, 0, -60, 120])
    price = 90 + 6 * area - 0.015 * way + bonus + 25 * rng.normal(size=n)
    return np.column_stack([area, way]), district, price


def ask_neighbours(codes, prices, new_codes, neighbours=5):
    """The mean price of the nearest flats, for each new flat."""
    squares = np.sum((new_codes[:, None, :] - codes[None, :, :]) ** 2, axis=2)  # (k, m)
    return prices[np.argsort(squares, axis=1)[:, :neighbours]].mean(axis=1)


rng = np.random.default_rng(5)
flats, districts, prices = draw_flats(240, rng)
new_flats, new_districts, new_prices = draw_flats(100, rng)
for (area, way), district, price in zip(flats[:4], districts[:4], prices[:4], strict=True):
    print(f"{area:4.0f} m²  {way:5.0f} m to the station  {district:9s} {price:5.0f} thousand")

# %% tags=["picture"]
codes = encode_tabular(flats, districts, flats, districts)
new_codes = encode_tabular(flats, districts, new_flats, new_districts)

views = {
    "metres and square metres": (flats, new_flats, "way to the station in m", "area in m²"),
    "standardised": (codes[:, :2], new_codes[:, :2], "way, standardised", "area, standardised"),
}
fig, axes = plt.subplots(1, 2, figsize=(11, 3.9), layout="constrained", width_ratios=(1.4, 1))
for ax, (name, (fit, new, xlabel, ylabel)) in zip(axes, views.items(), strict=True):
    nearest = np.argsort(np.sum((fit - new[0]) ** 2, axis=1))[:5]
    error = np.mean(np.abs(ask_neighbours(fit, prices, new) - new_prices))
    ax.scatter(fit[:, 1], fit[:, 0], s=12, color="0.75", label="flats with known price")
    ax.scatter(fit[nearest, 1], fit[nearest, 0], s=34, color=plots.PALETTE[0], label="the five nearest")
    ax.scatter(new[0, 1], new[0, 0], s=110, color=plots.PALETTE[1], marker="*", label="a new flat")
    ax.set(xlabel=xlabel, ylabel=ylabel, title=f"{name}: off by {error:.0f} thousand")
    ax.spines[["top", "right"]].set_visible(False)
axes[0].legend(fontsize="small", loc="upper right")
plt.show()
error = np.mean(np.abs(ask_neighbours(codes, prices, new_codes) - new_prices))
print(f"standardised, and with the districts as unit vectors: off by {error:.0f} thousand")

# %% [markdown] nbgrader={"grade": false, "grade_id": "about_regression_metrics", "locked": true, "schema_version": 3, "solution": false, "task": false}
r"""
## 2 How far off? Four answers

For a number, a prediction is rarely right, only more or less far off: $e_i = \hat y_i - y_i$. What *far* means is a
choice (book, chapter 2).

$$\text{MSE} = \frac1n \sum_i e_i^2, \qquad \text{MAE} = \frac1n \sum_i |e_i|, \qquad
\text{Huber} = \frac1n \sum_i h_\delta(e_i), \quad
h_\delta(e) = \begin{cases} \frac12 e^2 & |e| \le \delta \\ \delta \left(|e| - \frac12 \delta\right) & |e| > \delta
\end{cases}$$

The fourth has no unit. It compares with the dullest of all predictions, the mean $\bar y$ for everybody:

$$R^2 = 1 - \frac{\sum_i e_i^2}{\sum_i (y_i - \bar y)^2} .$$

**Write** `regression_metrics(y, yhat, delta=1.0)`: targets `y` and predictions `yhat`, both (n,). Return a dictionary
of four numbers with the keys `"mse"`, `"mae"`, `"huber"` and `"r2"`.

**Worked example.** $y = (1, 2, 3)$, $\hat y = (1, 2, 5)$, $\delta = 1$: the errors are $0, 0, 2$, so
$\text{MSE} = \frac43$, $\text{MAE} = \frac23$, $\text{Huber} = \frac13\left(2 - \frac12\right) = \frac12$ and
$R^2 = 1 - \frac42 = -1$: worse than the mean.

**What counts.** Any $\delta > 0$. If all $y_i$ are equal, $R^2$ is 1 when all errors are 0, and 0 otherwise.
"""


# %% nbgrader={"grade": false, "grade_id": "regression_metrics", "locked": false, "schema_version": 3, "solution": true, "task": false}
def regression_metrics(y: np.ndarray, yhat: np.ndarray, delta: float = 1.0) -> dict[str, float]:
    """Mean squared, mean absolute and mean Huber error, and R²; y and yhat (n,), keys mse, mae, huber, r2."""
    ### BEGIN SOLUTION
    e = yhat - y
    size = np.abs(e)
    huber = np.where(size <= delta, 0.5 * e**2, delta * (size - 0.5 * delta))
    unexplained, spread = np.sum(e**2), np.sum((y - np.mean(y)) ** 2)
    if spread == 0:
        r2 = 1.0 if unexplained == 0 else 0.0
    else:
        r2 = 1.0 - unexplained / spread
    return {"mse": np.mean(e**2), "mae": np.mean(size), "huber": np.mean(huber), "r2": r2}
    ### END SOLUTION


# %% nbgrader={"grade": false, "grade_id": "check_regression_metrics", "locked": true, "schema_version": 3, "solution": false, "task": false}
got = regression_metrics(np.array([1.0, 2.0, 3.0]), np.array([1.0, 2.0, 5.0]))
assert sorted(got) == ["huber", "mae", "mse", "r2"], f"the keys are mse, mae, huber and r2, got {sorted(got)}"
for name, value in {"mse": 4 / 3, "mae": 2 / 3, "huber": 1 / 2, "r2": -1}.items():
    assert np.isclose(got[name], value), f"{name} of the worked example is {value:.6g}, got {got[name]}"
got = regression_metrics(np.array([1.0, 2.0, 3.0]), np.array([1.0, 2.0, 5.0]), delta=4.0)
assert np.isclose(got["huber"], 2 / 3), f"with δ = 4 the errors 0, 0, 2 lie on the parabola: 2/3, got {got['huber']}"
got = regression_metrics(np.array([2.0, 2.0]), np.array([2.0, 2.0]))
assert got["r2"] == 1, f"constant targets, all predicted exactly: R² is 1, got {got['r2']}"

# %% nbgrader={"grade": true, "grade_id": "test_regression_metrics", "locked": true, "points": 6, "schema_version": 3, "solution": false, "task": false}
### BEGIN HIDDEN TESTS
from autograder import mark

mark("unit01_machine_learning/regression_metrics", regression_metrics)
### END HIDDEN TESTS

# %% [markdown]
r"""
**What you built.** Four judges. Let them compare two straight models of the same flats (least squares, which you write
yourself in the next lab). One has the districts as unit vectors. The other has them as the numbers 0, 1, 2, 3, and
must believe that the old town is three times the hill.
"""

# %% tags=["picture"]
numbered = np.searchsorted(np.unique(districts), new_districts)[:, None]
designs = {
    "districts numbered 0 to 3": (
        np.column_stack([codes[:, :2], np.searchsorted(np.unique(districts), districts), np.ones(240)]),
        np.column_stack([new_codes[:, :2], numbered, np.ones(100)]),
    ),
    "districts as unit vectors": (codes, new_codes),
}
fig, axes = plt.subplots(1, 2, figsize=(10, 4.2), layout="constrained", sharex=True, sharey=True)
for ax, (name, (fit, new)) in zip(axes, designs.items(), strict=True):
    guesses = new @ np.linalg.lstsq(fit, prices)[0]
    got = regression_metrics(new_prices, guesses, delta=50.0)
    for k, district in enumerate(np.unique(districts)):
        mine = new_districts == district
        ax.scatter(guesses[mine], new_prices[mine], s=18, color=plots.PALETTE[k], label=district)
    ax.axline((400, 400), slope=1, color="0.3", lw=1)
    ax.set(xlabel=r"predicted price $\hat y$", title=f"{name}\nR² = {got['r2']:.2f}, MAE = {got['mae']:.0f}")
    ax.spines[["top", "right"]].set_visible(False)
    print(f"{name}: " + ", ".join(f"{key} {value:.3g}" for key, value in got.items()))
axes[0].set_ylabel("price $y$ in thousands")
axes[1].legend(fontsize="small", loc="lower right")
plt.show()

# %% [markdown]
r"""
The judges do not always agree. Suppose that you must predict *one* price for every flat in a street with three
villas. Which one? Each measure has its own answer: the squared error wants the mean, the absolute error the median,
and Huber's, quadratic for small errors and linear for large ones, something between.
"""

# %% tags=["picture"]
street = np.array([210.0, 235, 240, 255, 260, 270, 280, 295, 310, 330, 950, 1200, 1500])
constants = np.linspace(150, 700, 551)
measures = [regression_metrics(street, np.full(13, c), delta=100.0) for c in constants]

fig, (left, right) = plt.subplots(1, 2, figsize=(11, 3.8), layout="constrained")
errors = np.linspace(-3, 3, 301)
losses = [regression_metrics(np.zeros(1), np.array([e])) for e in errors]
names = {"mse": "squared", "mae": "absolute", "huber": r"Huber"}
for k, (key, name) in enumerate(names.items()):
    dash = ("-", "--", "-.")[k]
    left.plot(errors, [loss[key] for loss in losses], dash, color=plots.PALETTE[k], label=name)
    curve = np.array([m[key] for m in measures])
    best = constants[curve.argmin()]
    right.plot(constants, curve / curve.min(), dash, color=plots.PALETTE[k])
    right.plot(best, 1, "o", color=plots.PALETTE[k], label=f"{name}: {best:.0f}")
left.set(xlabel="error $e$", ylabel="loss", ylim=(0, 4), title=r"the loss of one error ($\delta = 1$)")
right.plot(street, np.full(13, 0.93), "|", color="0.2", ms=12)
right.set(
    xlabel="one price for all", ylabel="mean loss / its minimum", ylim=(0.88, 1.6), xlim=(150, 700),
    title=r"the best single price ($\delta = 100$)",
)  # fmt: skip
for ax in (left, right):
    ax.legend(fontsize="small")
    ax.spines[["top", "right"]].set_visible(False)
plt.show()

# %% [markdown] nbgrader={"grade": false, "grade_id": "about_confusion_topk", "locked": true, "schema_version": 3, "solution": false, "task": false}
r"""
## 3 Which one for which?

A class is right or wrong, and the share of right ones, the accuracy, is only the beginning. Which class is taken for
which? The **confusion matrix** counts it,

$$C_{ab} = \#\{i : y_i = a,\ \hat y_i = b\}, \qquad a, b \in \{0, \dots, K-1\},$$

rows the truth, columns the prediction. And where classes are many, a classifier that offers a short list may be good
enough: the errors that made AlexNet famous (book, section 1.4) are *top-5* errors. The **top-$k$ accuracy** is the
share of samples whose true class is among the $k$ classes with the largest scores.

**Write** `confusion_matrix(y, yhat, K)`: true classes `y` and predicted ones `yhat`, both (n,) integers, to a (K, K)
array of integers. And `topk_accuracy(scores, y, k)`: `scores` (n, K), the larger the more likely; a number.

**Worked example.** $y = (0, 0, 1, 2, 2)$ and $\hat y = (0, 1, 1, 2, 0)$ give

$$C = \begin{pmatrix} 1 & 1 & 0 \\ 0 & 1 & 0 \\ 1 & 0 & 1 \end{pmatrix} .$$

Two samples have the scores $(0.5, 0.3, 0.2)$ and $(0.1, 0.2, 0.7)$; the true classes are 1 and 2. The largest score
is right once, the two largest contain the truth twice: top-1 is $\frac12$, top-2 is 1.

**What counts.** Classes that do not occur have a row and a column of zeros. $1 \le k \le K$. The scores of one sample
are all different.
"""


# %% nbgrader={"grade": false, "grade_id": "confusion_topk", "locked": false, "schema_version": 3, "solution": true, "task": false}
def confusion_matrix(y: np.ndarray, yhat: np.ndarray, K: int) -> np.ndarray:
    """Counts of true class a (row) predicted as class b (column); y and yhat (n,), the result (K, K) integers."""
    ### BEGIN SOLUTION
    C = np.zeros((K, K), dtype=int)
    np.add.at(C, (y, yhat), 1)
    return C
    ### END SOLUTION


def topk_accuracy(scores: np.ndarray, y: np.ndarray, k: int) -> float:
    """Share of samples whose class y (n,) is among the k largest of their scores (n, K)."""
    ### BEGIN SOLUTION
    largest = np.argsort(scores, axis=1)[:, ::-1][:, :k]  # (n, k)
    return np.mean(np.any(largest == np.asarray(y)[:, None], axis=1))
    ### END SOLUTION


# %% nbgrader={"grade": false, "grade_id": "check_confusion_topk", "locked": true, "schema_version": 3, "solution": false, "task": false}
C = confusion_matrix(np.array([0, 0, 1, 2, 2]), np.array([0, 1, 1, 2, 0]), 3)
assert np.shape(C) == (3, 3), f"three classes make a (3, 3) matrix, got {np.shape(C)}"
assert np.array_equal(C, [[1, 1, 0], [0, 1, 0], [1, 0, 1]]), f"the worked example has another matrix, got\n{C}"
C = confusion_matrix(np.array([0, 1]), np.array([1, 1]), 4)
assert np.shape(C) == (4, 4) and np.sum(C) == 2, f"K = 4 makes a (4, 4) matrix, whatever classes occur; got\n{C}"
scores = np.array([[0.5, 0.3, 0.2], [0.1, 0.2, 0.7]])
for k, share in ((1, 1 / 2), (2, 1), (3, 1)):
    got = topk_accuracy(scores, np.array([1, 2]), k)
    assert np.isclose(got, share), f"top-{k} of the worked example is {share}, got {got}"

# %% nbgrader={"grade": true, "grade_id": "test_confusion_topk", "locked": true, "points": 7, "schema_version": 3, "solution": false, "task": false}
### BEGIN HIDDEN TESTS
from autograder import mark

mark("unit01_machine_learning/confusion_topk", confusion_matrix, topk_accuracy)
### END HIDDEN TESTS

# %% [markdown]
r"""
**What you built.** A look behind the accuracy. The classifier is as simple as can be: the mean image of each digit is
learnt from 1000 digits, and a new one belongs to the nearest mean. Numbers off the diagonal are mistakes.
"""

# %% tags=["picture"]
X_digits, y_digits = data.digits()
order = np.random.default_rng(1).permutation(len(y_digits))
X_digits, y_digits = X_digits[order], y_digits[order]
X_unseen, y_unseen = X_digits[1000:], y_digits[1000:]
means = np.array([X_digits[:1000][y_digits[:1000] == k].mean(axis=0) for k in range(10)])
scores = -np.sum((X_unseen[:, None, :] - means) ** 2, axis=2)  # (n, 10), the nearer the larger

fig, (left, right) = plt.subplots(1, 2, figsize=(11, 4.6), layout="constrained", width_ratios=(1.1, 1))
accuracy = topk_accuracy(scores, y_unseen, 1)
plots.confusion(confusion_matrix(y_unseen, scores.argmax(axis=1), 10), left, title=f"{accuracy:.1%} right")
shares = [topk_accuracy(scores, y_unseen, k) for k in range(1, 11)]
right.plot(range(1, 11), shares, "o-", color=plots.PALETTE[0])
for k in (1, 2, 3):
    right.annotate(f"{shares[k - 1]:.1%}", (k, shares[k - 1]), (8, -12), textcoords="offset points", fontsize=9)
right.set(xlabel="$k$", ylabel="top-$k$ accuracy", title="797 unseen digits", xticks=range(1, 11), ylim=(0.87, 1.01))
right.spines[["top", "right"]].set_visible(False)
plt.show()

# %% [markdown]
r"""
Which pairs does it confuse, and do you? These are mistakes of the largest entry off the diagonal.
"""

# %% tags=["picture"]
C = confusion_matrix(y_unseen, scores.argmax(axis=1), 10)
a, b = np.unravel_index(np.argmax(C - np.diag(np.diag(C))), C.shape)
mistaken = np.flatnonzero((y_unseen == a) & (scores.argmax(axis=1) == b))[:8]
plots.image_grid(
    np.concatenate([X_unseen[mistaken], means[[a, b]]]),
    [""] * len(mistaken) + [f"mean {a}", f"mean {b}"],
    title=f"{C[a, b]} times a {a} was taken for a {b}",
)
plt.show()

# %% [markdown] nbgrader={"grade": false, "grade_id": "about_precision_recall_f1", "locked": true, "schema_version": 3, "solution": false, "task": false}
r"""
## 4 Alarms and misses

Of a hundred screened patients three are ill. Whoever calls all of them healthy is 97 % right, and useless. For the
class that matters, call it positive, two questions count (book, chapter 2). Of the alarms, how many were right:
**precision**. Of the ill, how many were found: **recall**. With the true positives TP, false positives FP and false
negatives FN of a class,

$$P = \frac{TP}{TP + FP}, \qquad R = \frac{TP}{TP + FN}, \qquad F_1 = \frac{2\,TP}{2\,TP + FP + FN},$$

where $F_1$ is the harmonic mean of $P$ and $R$.

**Write** `precision_recall_f1(C, average, zero_division=0.0)`: a confusion matrix `C` (K, K) as in exercise 3, rows
the truth. Return the tuple $(P, R, F_1)$ of numbers. `average` says of what:

* `"binary"`: $K = 2$, and class 1 is the positive one;
* `"macro"`: each class in turn is the positive one; the mean of its $K$ values, for $F_1$ too;
* `"micro"`: the counts TP, FP and FN of all $K$ classes are added first, then divided.

**Worked example.** A classifier of handwritten digits (is it a 1?) on the 10 000 test images of MNIST:
TP = 1000, FN = 135, FP = 84, TN = 8781, that is $C = \begin{pmatrix} 8781 & 84 \\ 135 & 1000 \end{pmatrix}$. So
$P = \frac{1000}{1084} = 0.922509$, $R = \frac{1000}{1135} = 0.881057$ and $F_1 = \frac{2000}{2219} = 0.901307$. For the
matrix of exercise 3, macro: $P = \frac13\left(\frac12 + \frac12 + 1\right) = \frac23$, $R = \frac23$,
$F_1 = \frac13\left(\frac12 + \frac23 + \frac23\right) = \frac{11}{18}$. Micro: all three are $\frac35$.

**What counts.** A quotient $\frac00$ is `zero_division`, in each of the three, class by class.
"""


# %% nbgrader={"grade": false, "grade_id": "precision_recall_f1", "locked": false, "schema_version": 3, "solution": true, "task": false}
def precision_recall_f1(C: np.ndarray, average: str, zero_division: float = 0.0) -> tuple[float, float, float]:
    """Precision, recall and F1 from a confusion matrix (K, K); average is "binary", "macro" or "micro"."""
    ### BEGIN SOLUTION
    C = np.asarray(C)
    TP, predicted, actual = np.diag(C), C.sum(axis=0), C.sum(axis=1)
    if average == "binary":
        TP, predicted, actual = TP[1:], predicted[1:], actual[1:]
    if average == "micro":
        TP, predicted, actual = [TP.sum()], [predicted.sum()], [actual.sum()]
    rows = []
    for tp, positive, true in zip(TP, predicted, actual, strict=True):
        pairs = ((tp, positive), (tp, true), (2 * tp, positive + true))
        rows.append([zero_division if below == 0 else above / below for above, below in pairs])
    precision, recall, f1 = np.mean(rows, axis=0)
    return precision, recall, f1
    ### END SOLUTION


# %% nbgrader={"grade": false, "grade_id": "check_precision_recall_f1", "locked": true, "schema_version": 3, "solution": false, "task": false}
got = precision_recall_f1(np.array([[8781, 84], [135, 1000]]), "binary")
assert len(got) == 3, f"the result is the tuple of precision, recall and F1, got {got}"
for name, value, expected in zip(("precision", "recall", "F1"), got, (0.922509, 0.881057, 0.901307), strict=True):
    assert abs(value - expected) < 1e-6, f"{name} of the digit classifier is {expected}, got {value}"
C = np.array([[1, 1, 0], [0, 1, 0], [1, 0, 1]])
got = precision_recall_f1(C, "macro")
assert np.allclose(got, (2 / 3, 2 / 3, 11 / 18)), f"macro averages are 2/3, 2/3 and 11/18, got {got}"
got = precision_recall_f1(C, "micro")
assert np.allclose(got, 3 / 5), f"micro averages are all 3/5, got {got}"
got = precision_recall_f1(np.array([[9, 0], [1, 0]]), "binary", 1.0)
assert np.allclose(got, (1, 0, 0)), f"nothing predicted positive: precision 0/0 is zero_division = 1, got {got}"

# %% nbgrader={"grade": true, "grade_id": "test_precision_recall_f1", "locked": true, "points": 9, "schema_version": 3, "solution": false, "task": false}
### BEGIN HIDDEN TESTS
from autograder import mark

mark("unit01_machine_learning/precision_recall_f1", precision_recall_f1)
### END HIDDEN TESTS

# %% [markdown]
r"""
**What you built.** Two numbers that cannot be fooled by a rare class, and the price of a threshold. Breast tumours:
only two of the thirty measurements (texture and smoothness), half of the patients to learn from. The positive class
is *malignant*, and an alarm is a score above the threshold.
"""

# %% tags=["picture"]
X_cells, benign = data.breast_cancer()
malignant = 1 - benign
order = np.random.default_rng(0).permutation(len(malignant))
known, unseen = order[:285], order[285:]


def linear_scores(columns):
    """Least squares on the standardised columns of the known patients: scores of the unseen ones."""
    Z = (X_cells[:, columns] - X_cells[known][:, columns].mean(axis=0)) / X_cells[known][:, columns].std(axis=0)
    Z = np.column_stack([Z, np.ones(len(Z))])
    return Z[unseen] @ np.linalg.lstsq(Z[known], malignant[known])[0]


scores, truth = linear_scores([1, 4]), malignant[unseen]
thresholds = np.linspace(scores.min(), scores.max(), 200)
tables = [confusion_matrix(truth, (scores >= t).astype(int), 2) for t in thresholds]
curves = np.array([precision_recall_f1(C, "binary", zero_division=np.nan) for C in tables])
accuracies = [np.trace(C) / C.sum() for C in tables]

fig, (left, right) = plt.subplots(1, 2, figsize=(11, 3.8), layout="constrained")
bins = np.linspace(scores.min(), scores.max(), 30)
for k, name in enumerate(["benign", "malignant"]):
    left.hist(scores[truth == k], bins, color=plots.PALETTE[k], alpha=0.6, label=name)
left.set(xlabel="score", ylabel="unseen patients", title="two classes that overlap")
for k, name in enumerate(["precision", "recall", "$F_1$"]):
    right.plot(thresholds, curves[:, k], ("--", "-", "-.")[k], color=plots.PALETTE[k], label=name)
right.plot(thresholds, accuracies, ":", color="0.3", label="accuracy")
best = thresholds[np.nanargmax(curves[:, 2])]
right.axvline(best, color="0.7", lw=1)
right.set(xlabel="threshold", ylim=(0, 1.03), title=f"the threshold decides; $F_1$ is largest at {best:.2f}")
for ax in (left, right):
    ax.legend(fontsize="small")
    ax.spines[["top", "right"]].set_visible(False)
plt.show()
at = np.abs(thresholds - 0.5).argmin()
for name, t in (("threshold 0.5", at), ("largest F1", int(np.nanargmax(curves[:, 2]))), ("everybody is ill", 0)):
    print(f"{name:17s} precision {curves[t, 0]:.2f}, recall {curves[t, 1]:.2f}, accuracy {accuracies[t]:.2f}")

# %% [markdown] nbgrader={"grade": false, "grade_id": "about_roc_auc", "locked": true, "schema_version": 3, "solution": false, "task": false}
r"""
## 5 All thresholds at once

A score $s$ becomes an alarm above a threshold. Lower it, and you find more of the ill and frighten more of the
healthy. The **ROC curve** draws that trade: for each threshold $\tau$, the alarms being $s_i \ge \tau$, it has the
point

$$\text{FPR} = \frac{\#\{i: y_i = 0,\ s_i \ge \tau\}}{\#\{i: y_i = 0\}} \quad\text{(to the right)}, \qquad
\text{TPR} = \frac{\#\{i: y_i = 1,\ s_i \ge \tau\}}{\#\{i: y_i = 1\}} \quad\text{(upwards)}.$$

The area below it, with $f_k$ and $t_k$ the coordinates of its points, needs no threshold, and has a meaning:

$$\text{AUC} = \sum_{k \ge 1} \tfrac12 \left(t_k + t_{k-1}\right)\left(f_k - f_{k-1}\right)
= \mathbb{P}(s_+ > s_-) + \tfrac12\, \mathbb{P}(s_+ = s_-),$$

the chance that of a random positive and a random negative sample the positive one scores higher.

**Write** `roc_auc(y, s)`: `y` (n,) integers 0 or 1, `s` (n,) scores. Return `(fpr, tpr, auc)`: two arrays that begin at
$(0, 0)$ and then have one point for each **distinct** score, in descending order, which ends at $(1, 1)$; and the area.

**Worked example.** $y = (1, 1, 0, 1, 0)$, $s = (0.9, 0.8, 0.7, 0.6, 0.1)$. The curve goes up, up, right, up, right:
$(0, 0), (0, \frac13), (0, \frac23), (\frac12, \frac23), (\frac12, 1), (1, 1)$. Its area is
$\frac12 \cdot \frac23 + \frac12 \cdot 1 = \frac56$: of the 6 pairs one is in the wrong order, $0.6$ below $0.7$.

**What counts.** The samples come in any order. Equal scores cross a threshold together: one step, which may be
diagonal. If one of the two classes is missing, raise a `ValueError`.
"""


# %% nbgrader={"grade": false, "grade_id": "roc_auc", "locked": false, "schema_version": 3, "solution": true, "task": false}
def roc_auc(y: np.ndarray, s: np.ndarray) -> tuple[np.ndarray, np.ndarray, float]:
    """The ROC curve, from (0, 0) to (1, 1) with one point per distinct score, and the area below it; y and s (n,)."""
    ### BEGIN SOLUTION
    y, s = np.asarray(y), np.asarray(s)
    if np.all(y == 0) or np.all(y == 1):
        raise ValueError("both classes must occur in y")
    order = np.argsort(-s)
    y, s = y[order], s[order]
    last = np.append(s[1:] != s[:-1], True)  # the last sample of each group of equal scores
    fpr = np.concatenate([[0.0], np.cumsum(y == 0)[last] / np.sum(y == 0)])
    tpr = np.concatenate([[0.0], np.cumsum(y == 1)[last] / np.sum(y == 1)])
    return fpr, tpr, np.sum(0.5 * (tpr[1:] + tpr[:-1]) * np.diff(fpr))
    ### END SOLUTION


# %% nbgrader={"grade": false, "grade_id": "check_roc_auc", "locked": true, "schema_version": 3, "solution": false, "task": false}
fpr, tpr, auc = roc_auc(np.array([1, 1, 0, 1, 0]), np.array([0.9, 0.8, 0.7, 0.6, 0.1]))
assert np.shape(fpr) == np.shape(tpr) == (6,), f"five distinct scores make six points, got {np.shape(fpr)}"
assert np.allclose(fpr, [0, 0, 0, 1 / 2, 1 / 2, 1]), f"to the right: 0, 0, 0, 1/2, 1/2, 1; got {fpr}"
assert np.allclose(tpr, [0, 1 / 3, 2 / 3, 2 / 3, 1, 1]), f"upwards: 0, 1/3, 2/3, 2/3, 1, 1; got {tpr}"
assert np.isclose(auc, 5 / 6), f"the area of the worked example is 5/6, got {auc}"
try:
    roc_auc(np.array([1, 1]), np.array([0.2, 0.4]))
except ValueError:
    pass
else:
    raise AssertionError("without a sample of class 0 there is no curve: raise a ValueError")

# %% nbgrader={"grade": true, "grade_id": "test_roc_auc", "locked": true, "points": 9, "schema_version": 3, "solution": false, "task": false}
### BEGIN HIDDEN TESTS
from autograder import mark

mark("unit01_machine_learning/roc_auc", roc_auc)
### END HIDDEN TESTS

# %% [markdown]
r"""
**What you built.** A comparison without a threshold. The same patients, the same straight model, with more and more
of the thirty measurements; and each measurement alone, as a score. A measurement on the dashed line tells nothing.
"""

# %% tags=["picture"]
models = {"texture and smoothness": [1, 4], "all means (10)": range(10), "everything (30)": range(30)}
fig, (left, right) = plt.subplots(1, 2, figsize=(11, 4.6), layout="constrained")
for k, (name, columns) in enumerate(models.items()):
    fpr, tpr, auc = roc_auc(truth, linear_scores(list(columns)))
    left.plot(fpr, tpr, ("-", "--", "-.")[k], color=plots.PALETTE[k], lw=1.8, label=f"{name}: {auc:.3f}")
left.plot([0, 1], [0, 1], "--", color="0.6", lw=1, label="chance: 0.500")
left.set(xlabel="false positives: share of the healthy", ylabel="true positives: share of the ill", aspect="equal")
left.set_title("area below the curve")

names = "radius texture perimeter area smoothness compactness concavity dents symmetry fractal".split()
areas = np.array([roc_auc(malignant, X_cells[:, j])[2] for j in range(30)]).reshape(3, 10)
for k, (kind, marker) in enumerate({"mean cell": "o", "spread": "s", "worst cells": "^"}.items()):
    right.plot(areas[k], range(10), marker, color=plots.PALETTE[k], label=kind)
right.axvline(0.5, color="0.6", ls="--", lw=1)
right.set(xlabel="AUC of one measurement alone", yticks=range(10), yticklabels=names, xlim=(0.4, 1))
right.invert_yaxis()
for ax in (left, right):
    ax.legend(fontsize="small", loc="lower right")
    ax.spines[["top", "right"]].set_visible(False)
plt.show()

# %% [markdown]
r"""
**Playground.** Make the illness rare: keep every tenth of the malignant patients only. The ROC curve hardly changes,
for each of its axes looks at one class alone. What becomes of the precision?
"""

# %% tags=["picture"]
rare = np.flatnonzero((truth == 0) | (np.cumsum(truth) % 10 == 1))
for name, rows in (("as collected", np.arange(len(truth))), ("ten times rarer", rare)):
    C = confusion_matrix(truth[rows], (scores[rows] >= 0.5).astype(int), 2)
    precision, recall, _ = precision_recall_f1(C, "binary")
    print(f"{name:15s} AUC {roc_auc(truth[rows], scores[rows])[2]:.2f}, recall {recall:.2f}, precision {precision:.2f}")

# %% [markdown] nbgrader={"grade": false, "grade_id": "about_split_indices", "locked": true, "schema_version": 3, "solution": false, "task": false}
r"""
## 6 Never look twice

A model must be judged on data that it has not met (book, chapter 2): $E_{\text{train}}$ says how well it remembers,
$E_{\text{unseen}}$ how well it predicts. So before anything else the samples are divided: **train** to fit, **dev** to
choose between models, **test** for one number at the very end.

**Write** `split_indices(n, fractions, rng)`: a random partition of $\{0, \dots, n-1\}$ into three integer arrays,
returned in the order train, dev, test. `fractions` is $(f_{\text{train}}, f_{\text{dev}}, f_{\text{test}})$, with sum
1. Dev and test get $\lfloor f n + 10^{-9} \rfloor$ samples each, train gets all the rest.

**Worked example.** $n = 10$ and fractions $(0.7, 0.15, 0.15)$: dev and test get $\lfloor 1.5 \rfloor = 1$ sample each,
train the other 8. One possible result is `array([3, 0, 9, 4, 1, 6, 8, 2])`, `array([7])`, `array([5])`.

**What counts.** Every sample lies in exactly one part, and every set of samples of the right size has the same chance to
be the test part, neighbours or not; the order inside a part is free. Randomness comes from `rng`, a
`numpy.random.Generator`, and from nowhere else. The small $10^{-9}$ is for fractions such as $0.29$, for which the
computer finds $0.29 \cdot 100 = 28.999\ldots$
"""


# %% nbgrader={"grade": false, "grade_id": "split_indices", "locked": false, "schema_version": 3, "solution": true, "task": false}
def split_indices(
    n: int, fractions: tuple[float, float, float], rng: np.random.Generator
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """A random partition of {0, ..., n-1} into train, dev and test indices; train gets what rounding leaves."""
    ### BEGIN SOLUTION
    order = rng.permutation(n)
    n_dev, n_test = (int(f * n + 1e-9) for f in fractions[1:])
    return order[n_dev + n_test :], order[:n_dev], order[n_dev : n_dev + n_test]
    ### END SOLUTION


# %% nbgrader={"grade": false, "grade_id": "check_split_indices", "locked": true, "schema_version": 3, "solution": false, "task": false}
parts = split_indices(10, (0.7, 0.15, 0.15), np.random.default_rng(0))
assert len(parts) == 3, f"the parts are train, dev and test, got {len(parts)} of them"
sizes = [len(part) for part in parts]
assert sizes == [8, 1, 1], f"ten samples make parts of 8, 1 and 1, got {sizes}"
union = sorted(int(i) for part in parts for i in part)
assert union == list(range(10)), f"the parts must contain each index exactly once, got {union}"
sizes = [len(part) for part in split_indices(100, (0.42, 0.29, 0.29), np.random.default_rng(0))]
assert sizes == [42, 29, 29], f"100 samples, fractions 0.42, 0.29, 0.29: parts of 42, 29 and 29, got {sizes}"

# %% nbgrader={"grade": true, "grade_id": "test_split_indices", "locked": true, "points": 6, "schema_version": 3, "solution": false, "task": false}
### BEGIN HIDDEN TESTS
from autograder import mark

mark("unit01_machine_learning/split_indices", split_indices)
### END HIDDEN TESTS

# %% [markdown]
r"""
**What you built.** An honest beginning. Left: why the split must be random. Many files are sorted by class, and then
a cut is not a sample. Right: why a test part must not be small. The same simple classifier (nearest mean, trained on
200 patients) is tested on patients whom it has not seen, for 300 splits; nothing changes but the draw.
"""

# %% tags=["picture"]
sorted_labels = np.sort(malignant)
cut = (np.arange(399), np.arange(399, 484), np.arange(484, 569))
drawn = split_indices(569, (0.7, 0.15, 0.15), np.random.default_rng(0))
fig, (left, right) = plt.subplots(1, 2, figsize=(11, 3.8), layout="constrained")
for shift, (name, parts) in zip((-0.2, 0.2), {"cut": cut, "drawn": drawn}.items(), strict=True):
    shares = [sorted_labels[part].mean() for part in parts]
    left.bar(np.arange(3) + shift, shares, 0.38, color=plots.PALETTE[int(shift > 0)], label=name)
left.axhline(malignant.mean(), color="0.3", lw=1, ls="--", label="all patients")
left.set(xticks=range(3), xticklabels=["train", "dev", "test"], ylabel="share malignant", title="a sorted file")
left.legend(fontsize="small")


def nearest_mean_accuracy(train, test):
    """Share right among the test rows; everything is learnt from the train rows."""
    mean, spread = X_cells[train].mean(axis=0), X_cells[train].std(axis=0)
    Z = (X_cells - mean) / spread
    centres = np.array([Z[train][malignant[train] == k].mean(axis=0) for k in (0, 1)])
    squares = np.sum((Z[test][:, None, :] - centres) ** 2, axis=2)
    return np.mean(squares.argmin(axis=1) == malignant[test])


rng = np.random.default_rng(3)
sizes = (15, 50, 300)
for k, size in enumerate(sizes):
    splits = (split_indices(569, (0.88 - size / 569, 0.12, size / 569), rng) for _ in range(300))
    results = np.array([nearest_mean_accuracy(train[:200], test) for train, _, test in splits])
    right.scatter(results, k + rng.uniform(-0.25, 0.25, 300), s=5, color=plots.PALETTE[k], alpha=0.5)
    low, high = np.quantile(results, (0.05, 0.95))
    right.plot([low, high], [k, k], "|-", color="0.2", ms=12, label="90 % of the splits" if k == 0 else None)
    print(f"{size:3d} test patients: 90 % of the results lie between {low:.1%} and {high:.1%}")
right.set(yticks=range(3), yticklabels=sizes, ylabel="test patients", xlabel="share right on the test part")
right.set_title("one classifier, 300 splits")
right.legend(fontsize="small", loc="upper left")
for ax in (left, right):
    ax.spines[["top", "right"]].set_visible(False)
plt.show()

# %% [markdown] nbgrader={"grade": false, "grade_id": "about_kfold_cv", "locked": true, "schema_version": 3, "solution": false, "task": false}
r"""
## 7 Everybody is unseen once

With few data a test part is either too small to trust or too large to give away. **Cross-validation** lets every
sample play both roles (book, chapter 2). Divide $D$ at random into $k$ folds $D_1, \dots, D_k$, whose sizes differ by
at most 1. For each $j$, learn *everything* from $D \setminus D_j$ and measure on $D_j$:

$$T_j = \text{prep}\left(X_{D \setminus D_j}\right), \qquad
\hat f_j = \text{fit}\left(T_j(X_{D \setminus D_j}),\ y_{D \setminus D_j}\right), \qquad
E_j = \text{loss}\left(\hat f_j,\ T_j(X_{D_j}),\ y_{D_j}\right).$$

**Write** `kfold_cv(X, y, k, prep_fit, fit, loss, rng)`, which returns the $k$ numbers $E_1, \dots, E_k$ as an array
(k,).

* `prep_fit(X_train)` learns a preprocessing, for instance means and spreads, and returns a function that transforms
  any rows: `transform(X_any)`.
* `fit(X_train, y_train)`, given transformed rows, returns a model: any object.
* `loss(model, X_val, y_val)`, given transformed rows, returns a number.
* `rng`, a `numpy.random.Generator`, decides the folds.

**Worked example.** $n = 6$, $k = 3$ and $y = (0, 1, 2, 3, 4, 5)$; the model is the mean of the targets that it has
seen, the loss the mean squared error. If one fold is $\{0, 5\}$, its model is
$\frac14 (1 + 2 + 3 + 4) = \frac52$ and its loss is $\frac12\left(\frac{25}{4} + \frac{25}{4}\right) = \frac{25}{4}$.

**What counts.** `prep_fit`, `fit` and `loss` are called $k$ times each. No row of $D_j$ may reach `prep_fit` or `fit`
in round $j$: what leaks there makes the loss too good. Each row is validated exactly once, also when $k$ does not
divide $n$, and for $k = n$. `y` may hold numbers or, as integers, classes.
"""


# %% nbgrader={"grade": false, "grade_id": "kfold_cv", "locked": false, "schema_version": 3, "solution": true, "task": false}
def kfold_cv(
    X: np.ndarray, y: np.ndarray, k: int, prep_fit: Callable, fit: Callable, loss: Callable, rng: np.random.Generator
) -> np.ndarray:
    """The losses (k,) of k-fold cross-validation; preprocessing and model never see the fold they are judged on."""
    ### BEGIN SOLUTION
    losses = []
    for fold in np.array_split(rng.permutation(len(X)), k):
        rest = np.setdiff1d(np.arange(len(X)), fold)
        transform = prep_fit(X[rest])
        model = fit(transform(X[rest]), y[rest])
        losses.append(loss(model, transform(X[fold]), y[fold]))
    return np.array(losses)
    ### END SOLUTION


# %% nbgrader={"grade": false, "grade_id": "check_kfold_cv", "locked": true, "schema_version": 3, "solution": false, "task": false}
seen = {"prep": [], "fit": [], "loss": []}


def prep_fit_spy(X_train):
    """Remembers the rows that it is given, and changes nothing."""
    seen["prep"].append(sorted(X_train[:, 0].astype(int).tolist()))
    return lambda X_any: X_any


def fit_spy(X_train, y_train):
    """Remembers its rows; the model is the mean of the targets."""
    seen["fit"].append(sorted(y_train.astype(int).tolist()))
    return np.mean(y_train)


def loss_spy(model, X_val, y_val):
    """Remembers its rows; the mean squared error."""
    seen["loss"].append(sorted(y_val.astype(int).tolist()))
    return np.mean((y_val - model) ** 2)


ids = np.arange(6.0)
errors = kfold_cv(ids[:, None], ids, 3, prep_fit_spy, fit_spy, loss_spy, np.random.default_rng(0))
assert np.shape(errors) == (3,), f"three folds have three losses, expected shape (3,), got {np.shape(errors)}"
assert [len(rows) for rows in seen["loss"]] == [2, 2, 2], f"six rows make three folds of two, got {seen['loss']}"
assert sorted(i for rows in seen["loss"] for i in rows) == list(range(6)), (
    f"each row is validated once, got {seen['loss']}"
)
for j, fold in enumerate(seen["loss"]):
    rest = [i for i in range(6) if i not in fold]
    assert seen["prep"][j] == rest, f"fold {fold}: prep_fit must get the rows {rest}, got {seen['prep'][j]}"
    assert seen["fit"][j] == rest, f"fold {fold}: fit must get the rows {rest}, got {seen['fit'][j]}"
    expected = np.mean((np.array(fold) - np.mean(rest)) ** 2)
    assert np.isclose(errors[j], expected), f"the loss on fold {fold} is {expected}, got {errors[j]}"

# %% nbgrader={"grade": true, "grade_id": "test_kfold_cv", "locked": true, "points": 11, "schema_version": 3, "solution": false, "task": false}
### BEGIN HIDDEN TESTS
from autograder import mark

mark("unit01_machine_learning/kfold_cv", kfold_cv)
### END HIDDEN TESTS

# %% [markdown]
r"""
**What you built.** An honest judge, as long as everything that learns is brought before it. Take 60 patients with
2000 measurements that are pure noise and a diagnosis by the toss of a coin. Nobody can predict it: half of the
answers will be wrong. A hopeful researcher selects the ten measurements that go best with the diagnosis and cross-
validates a nearest-mean classifier on these ten. Or selects them *inside* `fit`, anew in each round.
"""


# %% tags=["picture"]
def keep_all(X_train):
    """A preprocessing that changes nothing."""
    return lambda X_any: X_any


def best_ten(X, y):
    """The columns whose class means differ most."""
    return np.argsort(-np.abs(X[y == 1].mean(axis=0) - X[y == 0].mean(axis=0)))[:10]


def fit_means(X_train, y_train):
    """The columns to look at (all of them), and the mean of each class."""
    return np.arange(X_train.shape[1]), np.array([X_train[y_train == k].mean(axis=0) for k in (0, 1)])


def select_and_fit_means(X_train, y_train):
    """Selects ten columns, by what it is given, and then fits."""
    columns = best_ten(X_train, y_train)
    return columns, fit_means(X_train[:, columns], y_train)[1]


def share_wrong(model, X_val, y_val):
    """The share of rows that lie nearer to the mean of the other class."""
    columns, centres = model
    squares = np.sum((X_val[:, columns][:, None, :] - centres) ** 2, axis=2)
    return np.mean(squares.argmin(axis=1) != y_val)


rng = np.random.default_rng(0)
leaky, honest = [], []
for _ in range(60):
    noise, coin = rng.normal(size=(60, 2000)), rng.permutation(np.arange(60) % 2)
    chosen = noise[:, best_ten(noise, coin)]  # has seen every patient's diagnosis
    leaky.append(kfold_cv(chosen, coin, 5, keep_all, fit_means, share_wrong, rng).mean())
    honest.append(kfold_cv(noise, coin, 5, keep_all, select_and_fit_means, share_wrong, rng).mean())

fig, ax = plt.subplots(figsize=(8, 3.6), layout="constrained")
bins = np.linspace(0, 0.8, 41)
ax.hist(leaky, bins, color=plots.PALETTE[1], alpha=0.7, label=f"selected before: {np.mean(leaky):.0%} wrong")
ax.hist(honest, bins, color=plots.PALETTE[0], alpha=0.7, label=f"selected in each round: {np.mean(honest):.0%} wrong")
ax.axvline(0.5, color="0.3", ls="--", lw=1)
ax.set(xlabel="share wrong, by cross-validation", ylabel="of 60 studies", title="pure noise, judged in two ways")
ax.legend(fontsize="small")
ax.spines[["top", "right"]].set_visible(False)
plt.show()

# %% [markdown]
r"""
Used honestly, cross-validation chooses. A new point of the two moons is classified by the vote of its nearest
neighbours: of how many? On the points that it knows, one neighbour is always right. The curve of the unseen points,
which in real life nobody can draw, is estimated by cross-validation on the 200 known ones; the band is one standard
error. (This draw is a kind one: with other seeds the two curves often lie further apart. Try some.)
"""


# %% tags=["picture"]
def standardise(X_train):
    """Learns means and spreads; the districts of exercise 1 are missing here, so one category does."""
    one = np.zeros(len(X_train), dtype=int)
    return lambda X_any: encode_tabular(X_train, one, X_any, np.zeros(len(X_any), dtype=int))[:, :-1]


def vote(X_train, y_train, X_any, neighbours):
    """The class of most of the nearest neighbours; an odd number, so that there is no tie."""
    squares = np.sum((X_any[:, None, :] - X_train[None, :, :]) ** 2, axis=2)
    return y_train[np.argsort(squares, axis=1)[:, :neighbours]].mean(axis=1) > 0.5


def remember(X_train, y_train):
    """The model is the data."""
    return X_train, y_train


rng = np.random.default_rng(2)
X_moons, y_moons = data.two_moons(200, 0.35, rng)
X_new, y_new = data.two_moons(2000, 0.35, rng)
transform = standardise(X_moons)
neighbours = [1, 3, 5, 9, 15, 25, 41, 61, 91, 121, 151]
rows = {"the known points": [], "10-fold cross-validation": [], "2000 unseen points": []}
band = []
for m in neighbours:
    folds = kfold_cv(
        X_moons, y_moons, 10, standardise, remember,
        lambda model, X_val, y_val, m=m: np.mean(vote(*model, X_val, m) != y_val), np.random.default_rng(0),
    )  # fmt: skip
    band.append(folds.std(ddof=1) / np.sqrt(10))
    rows["10-fold cross-validation"].append(folds.mean())
    for name, (X_any, y_any) in {"the known points": (X_moons, y_moons), "2000 unseen points": (X_new, y_new)}.items():
        rows[name].append(np.mean(vote(transform(X_moons), y_moons, transform(X_any), m) != y_any))

fig, (left, right) = plt.subplots(1, 2, figsize=(11, 4), layout="constrained")
for k, (name, curve) in enumerate(rows.items()):
    left.plot(neighbours, curve, ("o--", "s-", "^:")[k], color=plots.PALETTE[k], label=name)
mean = np.array(rows["10-fold cross-validation"])
left.fill_between(neighbours, mean - band, mean + band, color=plots.PALETTE[1], alpha=0.15, lw=0)
left.set(xscale="log", xlabel="neighbours", ylabel="share wrong", ylim=(0, None), title="how many neighbours?")
left.legend(fontsize="small")
left.spines[["top", "right"]].set_visible(False)
best, wrong = neighbours[mean.argmin()], rows["2000 unseen points"][mean.argmin()]
plots.decision_boundary(
    lambda points: vote(transform(X_moons), y_moons, transform(points), best),
    X_moons, y_moons, right, title=f"{best} neighbours, as chosen: {wrong:.1%} wrong",
    resolution=120,
)  # fmt: skip
plt.show()

# %% [markdown]
r"""
So when somebody shows you a model that is right in 97 % of all cases, you know what to ask: the confusion matrix, the
measure that fits the cost of a mistake, how many cases it was tested on, and whether *anything* had been learnt from
them before.
"""
