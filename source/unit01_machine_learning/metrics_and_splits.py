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

* Samples are **rows**: $X$ is $(n, p)$, and row $i$ is $(x^{(i)})^\top$; $y$ is $(n,)$. A prediction is $\hat y = f_\theta(x)$.
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

Data arrive as tables whose columns mean different things (book, section 1.4). A flat has an area and an age, which are
**numerical**, and a district, which is **nominal**: a name, without order and without distance. A model wants one row
of numbers per flat, and it wants new flats translated exactly as those it learnt from. So all statistics come from
the rows to learn from, the *fit* rows:

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

# %% [markdown] nbgrader={"grade": false, "grade_id": "about_precision_recall_f1", "locked": true, "schema_version": 3, "solution": false, "task": false}
r"""
## 4 Alarms and misses

Of a hundred screened patients three are ill. Whoever calls all of them healthy is 97 % right, and useless. For the
class that matters, call it positive, two questions count (book, section 2.2). Of the alarms, how many were right:
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

# %% [markdown] nbgrader={"grade": false, "grade_id": "about_roc_auc", "locked": true, "schema_version": 3, "solution": false, "task": false}
r"""
## 5 All thresholds at once

A score $s$ becomes an alarm above a threshold. Lower it, and you find more of the ill and frighten more of the
healthy. The **ROC curve** draws that trade: for each threshold $\tau$, the alarms being $s_i \ge \tau$, it has the point

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

# %% [markdown] nbgrader={"grade": false, "grade_id": "about_split_indices", "locked": true, "schema_version": 3, "solution": false, "task": false}
r"""
## 6 Never look twice

A model must be judged on data that it has not met (book, section 2.5): $E_{\text{train}}$ says how well it remembers,
$E_{\text{unseen}}$ how well it predicts. So before anything else the samples are divided: **train** to fit, **dev** to
choose between models, **test** for one number at the very end.

**Write** `split_indices(n, fractions, rng)`: a random partition of $\{0, \dots, n-1\}$ into three integer arrays,
returned in the order train, dev, test. `fractions` is $(f_{\text{train}}, f_{\text{dev}}, f_{\text{test}})$, with sum 1.
Dev and test get $\lfloor f n + 10^{-9} \rfloor$ samples each, train gets all the rest.

**Worked example.** $n = 10$ and fractions $(0.7, 0.15, 0.15)$: dev and test get $\lfloor 1.5 \rfloor = 1$ sample each,
train the other 8. One possible result is `array([3, 0, 9, 4, 1, 6, 8, 2])`, `array([7])`, `array([5])`.

**What counts.** Every sample lies in exactly one part, and has the same chance to be in the test part as every other;
the order inside a part is free. Randomness comes from `rng`, a `numpy.random.Generator`, and from nowhere else. The
small $10^{-9}$ is for fractions such as $0.29$, for which the computer finds $0.29 \cdot 100 = 28.999\ldots$
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

# %% [markdown] nbgrader={"grade": false, "grade_id": "about_kfold_cv", "locked": true, "schema_version": 3, "solution": false, "task": false}
r"""
## 7 Everybody is unseen once

With few data a test part is either too small to trust or too large to give away. **Cross-validation** lets every
sample play both roles (book, section 2.5). Divide $D$ at random into $k$ folds $D_1, \dots, D_k$, whose sizes differ by
at most 1. For each $j$, learn *everything* from $D \setminus D_j$ and measure on $D_j$:

$$T_j = \text{prep}\left(X_{D \setminus D_j}\right), \qquad
\hat f_j = \text{fit}\left(T_j(X_{D \setminus D_j}),\ y_{D \setminus D_j}\right), \qquad
E_j = \text{loss}\left(\hat f_j,\ T_j(X_{D_j}),\ y_{D_j}\right).$$

**Write** `kfold_cv(X, y, k, prep_fit, fit, loss, rng)`, which returns the $k$ numbers $E_1, \dots, E_k$ as an array (k,).

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
divide $n$, and for $k = n$.
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
