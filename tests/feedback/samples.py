"""A graded notebook in which every verdict occurs, made by hand."""

from __future__ import annotations

import base64
import io

import matplotlib

matplotlib.use("Agg")
from matplotlib import pyplot

from autograder.feedback.marks import CellMark, NotebookMarks
from autograder.results import Environment, ExerciseResult, NotebookResult, PartResult, SubmissionResult, Verdict

UNIT = "unit02_logistic"
V = Verdict

STATEMENT = r"""## Softmax of a batch

For logits $z \in \mathbb{R}^{N \times K}$ the softmax is
$$p_{n,k} = \frac{\exp(z_{n,k} - m_n)}{\sum_{j=1}^{K} \exp(z_{n,j} - m_n)}, \qquad m_n = \max_j z_{n,j}.$$

| argument | shape | meaning |
|---|---|---|
| `z` | (N, K) | logits |

\begin{align} \sigma(x) &= \frac{1}{1+e^{-x}} \\ \sigma'(x) &= \sigma(x)(1-\sigma(x)) \end{align}

Book: chapter 3. *Rows are samples.* See [the book](https://deeplearningmath.org).
"""
CODE = '''def softmax(z):
    """Softmax of each row of z."""
    # not shifted: overflows
    e = np.exp(z)
    return e / e.sum(axis=1, keepdims=True)
'''


def code(name: str, source: str, outputs=(), **flags) -> dict:
    meta = {"grade": False, "solution": False, "locked": False, "task": False, "grade_id": name, **flags}
    return {"cell_type": "code", "metadata": {"nbgrader": meta}, "source": source, "outputs": list(outputs)}


def prose(name: str, source: str, **flags) -> dict:
    meta = {"grade": False, "solution": False, "locked": False, "task": False, "grade_id": name, **flags}
    return {"cell_type": "markdown", "metadata": {"nbgrader": meta}, "source": source}


def stream(text: str, name: str = "stdout") -> dict:
    return {"output_type": "stream", "name": name, "text": text}


def picture() -> dict:
    figure, axes = pyplot.subplots(figsize=(4, 2.2))
    axes.plot([0, 1, 2], [0, 1, 4])
    out = io.BytesIO()
    figure.savefig(out)
    pyplot.close(figure)
    data = {"image/png": base64.b64encode(out.getvalue()).decode(), "text/plain": "<Figure>"}
    return {"output_type": "display_data", "data": data, "metadata": {}}


def part(
    name: str, weight: float, verdict: Verdict = V.PASS, message: str = "", kind: str = "core", **more
) -> PartResult:
    return PartResult(name=name, kind=kind, weight=weight, verdict=verdict, message=message, **more)


def exercise(name: str, parts: tuple[PartResult, ...], message: str = "", diagnosis: str = "") -> ExerciseResult:
    verdicts = [p.verdict for p in parts if p.verdict is not V.PASS]
    return ExerciseResult(
        exercise=f"{UNIT}/{name}",
        cell=f"test_{name}",
        points=sum(p.weight for p in parts if p.verdict is V.PASS),
        max_points=sum(p.weight for p in parts),
        verdict=verdicts[0] if verdicts else V.PASS,
        message=message,
        diagnosis=diagnosis,
        parts=parts,
    )


EXERCISES = (
    exercise(
        "softmax",
        (
            part("two_equal_logits", 1, kind="worked"),
            part("agrees_with_the_reference", 5),
            part(
                "survives_large_logits",
                2,
                V.FAIL,
                "the result holds 35 values that are not finite. Try logits of size 1000.",
            ),
        ),
        diagnosis="Your exponentials overflow: subtract each row's maximum before exponentiating.",
    ),
    exercise("sigmoid", (part("worked_example", 1, kind="worked"), part("agrees_with_the_reference", 5))),
    exercise(
        "bce",
        (
            part(
                "worked_example",
                1,
                V.FAIL,
                "the loss: expected a value close to the reference.",
                got="2.7726",
                expected="0.6931",
            ),
            part(
                "agrees_with_the_reference",
                7,
                V.CRASH,
                "Your code raised ValueError: operands could not be broadcast together.",
            ),
        ),
    ),
    exercise("slow_loop", (part("agrees_with_the_reference", 4, V.TIMEOUT, "Your code took longer than 20 s."),)),
    exercise(
        "gradient",
        (
            part(
                "agrees_with_the_reference",
                4,
                V.BLOCKED,
                "torch.autograd is not allowed here: derive the gradient by hand.",
            ),
        ),
    ),
    exercise("ours", (part("agrees_with_the_reference", 3, V.BROKEN, "The grader failed."),)),
    exercise(
        "newton",
        (part("agrees_with_the_reference", 5, V.FAIL),),
        message='newton: not defined. The cell "newton" must define a function of this name.',
    ),
)

RESULT = NotebookResult(
    name="logistic",
    exercises=EXERCISES,
    manual=("derive",),
    notes=('You changed the cell "test_softmax"; it was graded as released.',),
)
SUBMISSION = SubmissionResult(
    student="ada.lovelace",
    unit=UNIT,
    notebooks=(RESULT,),
    submission_hash="1",
    course_hash="2",
    environment=Environment(isolation="namespaces", limits={}, versions={}),
    staff=("SECRET STAFF NOTE: KeyError in key ours",),
)
WRITTEN = (
    "Let $C(w)$ be the loss. Then\n\n$$\\nabla C(w) = \\frac{1}{n} X^\\top(\\sigma(Xw) - y)$$\n\n"
    "because $\\sigma' = \\sigma(1-\\sigma)$."
)
NOTEBOOK = {
    "cells": [
        prose("intro", "# Logistic regression\nWhy does a straight line classify?", locked=True),
        prose("statement_softmax", STATEMENT, locked=True),
        code("softmax", CODE, [stream("shape (2, 3)\n"), picture()], solution=True),
        code("check_softmax", "assert SECRET_CHECK", [], locked=True),
        code(
            "test_softmax", "mark('SECRET TEST', softmax)", [stream("SECRET OUTPUT")], grade=True, locked=True, points=8
        ),
        *(
            cell
            for name, points in (
                ("sigmoid", 6),
                ("bce", 8),
                ("slow_loop", 4),
                ("gradient", 4),
                ("ours", 3),
                ("newton", 5),
            )
            for cell in (
                prose(f"statement_{name}", f"## The exercise {name}\nCompute $x^2$.", locked=True),
                code(name, f"def {name}(x):\n    return x ** 2", [], solution=True),
                code(f"test_{name}", "SECRET TEST", [], grade=True, locked=True, points=points),
            )
        ),
        prose("statement_derive", "## Derive the gradient\nWrite down the gradient of the logistic loss.", locked=True),
        prose("derive", WRITTEN, grade=True, solution=True, points=4),
        prose("statement_why", "## Why convex?", locked=True),
        prose("why", "Because the Hessian $H \\succeq 0$.", grade=True, solution=True, points=3),
        {
            "cell_type": "code",
            "metadata": {},
            "source": "print('mine')",
            "outputs": [
                stream("mine\n"),
                {"output_type": "error", "ename": "NameError", "evalue": "name 'x' is not defined", "traceback": []},
            ],
        },
    ]
}
MARKS = NotebookMarks(
    cells={
        **{e.cell: CellMark(auto=e.points) for e in EXERCISES if e.cell != "test_ours"},
        "test_ours": CellMark(auto=None, waits=True),
        "derive": CellMark(auto=None, waits=True),
        "why": CellMark(manual=2.5, comment="Say why the Hessian is positive semi-definite."),
    }
)
