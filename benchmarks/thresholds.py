"""How often right answers to the exercises that train a network miss their thresholds.

python benchmarks/thresholds.py                     # 200 seeds, print the table
python benchmarks/thresholds.py --write             # and put it into docs/thresholds.md
python benchmarks/thresholds.py --seeds 20 --only unit04_feedforward/mlp_digits --json
"""

from __future__ import annotations

import argparse
import importlib.metadata
import json
import os
import platform
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from unittest.mock import patch

os.environ.setdefault("OMP_NUM_THREADS", "1")  # before numpy is imported: small matrices gain nothing by threads

import numpy as np
from scipy.stats import beta

HOME = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(HOME))

import dlmath_ref.training  # noqa: E402
from autograder.key import Key, load_key  # noqa: E402
from autograder.key.sources import as_cell  # noqa: E402

PAGE = HOME / "docs" / "thresholds.md"
BEGIN, END = "<!-- figures: benchmarks/thresholds.py -->", "<!-- end of figures -->"
LEVEL = 0.999  # of the bound on the probability of a failure
QUANTILES = (0.0, 0.01, 0.1, 0.5, 1.0)

Train = Callable[..., Any]
Values = dict[str, Any]  # the names of a key's file


@dataclass(frozen=True)
class Check:
    """A number that a trained answer must reach, as its key measures it.

    Args:
        limit: name of the threshold in the key's file.
        at_least: must the number be at least the limit, or below it?
        measure: (names of the key's file, training function, seed) to the number.
    """

    exercise: str
    quantity: str
    limit: str
    at_least: bool
    measure: Callable[[Values, Train, int], float]


@dataclass(frozen=True)
class Row:
    """One answer's numbers over all seeds."""

    exercise: str
    quantity: str
    answer: str
    threshold: float
    at_least: bool
    numbers: np.ndarray
    tries: int
    seconds: float

    @property
    def failures(self) -> int:
        missed = self.numbers < self.threshold if self.at_least else self.numbers >= self.threshold
        return int(missed.sum())

    @property
    def quantiles(self) -> list[float]:
        return [float(v) for v in np.quantile(self.numbers, QUANTILES)]

    @property
    def bound(self) -> float:
        """Upper Clopper-Pearson bound on the probability that one seed fails."""
        return upper_bound(self.failures, len(self.numbers))


def upper_bound(failures: int, n: int, level: float = LEVEL) -> float:
    """The largest probability at which so few failures in n runs are still seen with probability 1 - level."""
    return 1.0 if failures == n else float(beta.ppf(level, failures + 1, n - failures))


def _mlp_unseen(names: Values, train: Train, seed: int) -> float:
    X, y, few, test = names["X"], names["y"], names["TRAIN"], names["TEST"]
    return float(np.mean(np.asarray(train(X[few], y[few], seed)(X[test])) == y[test]))


def _mlp_shuffled(names: Values, train: Train, seed: int) -> float:
    X, y, few, test = names["X"], names["y"], names["TRAIN"], names["TEST"]
    shuffled = np.random.default_rng([seed, 1]).permutation(y[few])
    return float(np.mean(np.asarray(train(X[few], shuffled, seed)(X[test])) == y[test]))


def _cnn_unseen(names: Values, train: Train, seed: int) -> float:
    X, y, few, test = names["X"], names["y"], names["TRAIN"], names["TEST"]
    model = train(X[few].clone(), y[few].clone(), seed)
    return float((model(X[test]).argmax(1) == y[test]).float().mean())


def _q_error(index: int) -> Callable[[Values, Train, int], float]:
    """The largest error of a value that is learned in one of the key's processes."""

    def measure(names: Values, train: Train, seed: int) -> float:
        process = names["PROCESSES"][index]
        here = lambda shown, *rest: train(shown.value, *rest)  # noqa: E731 - in a sandbox it would be a stand-in
        table, _ = names["explored"](here, process, np.random.default_rng(seed))
        return float(process.distance(table))

    return measure


MLP, CNN = "unit04_feedforward/mlp_digits", "unit05_convolution/cnn_digits"
AGENT = "unit09_reinforcement/q_agent"
CHECKS = [
    Check(MLP, "unseen digits named rightly", "RIGHT", True, _mlp_unseen),
    Check(MLP, "the same after training on shuffled labels", "SHUFFLED", False, _mlp_shuffled),
    Check(CNN, "unseen digits named rightly", "RIGHT", True, _cnn_unseen),
    Check(AGENT, "largest error in the chain of negative values", "WITHIN", False, _q_error(0)),
    Check(AGENT, "largest error after optimism", "WITHIN", False, _q_error(1)),
    Check(AGENT, "largest error where only the clock ends", "WITHIN", False, _q_error(2)),
]


def without_the_derivative_of_relu(X: np.ndarray, y: np.ndarray, seed: int) -> Any:
    """The course's network, whose gradient of the first layer lacks the factor S'(z)."""
    right = dlmath_ref.training.mlp_backward

    def wrong(params: Any, As: Any, Zs: Any, g_out: Any, acts: Any) -> Any:
        return right(params, As, Zs, g_out, ["identity"] * len(acts))

    with patch.object(dlmath_ref.training, "mlp_backward", wrong):
        return dlmath_ref.training.train_mlp_digits(X, y, seed)


def answers(key: Key) -> Iterator[tuple[str, Train]]:
    """The reference and the accepted answers of a key, and a wrong one that such a check cannot find."""
    yield "reference", next(iter(key.references.values()))
    for variant in key.accepted:
        namespace: Values = {"np": np}
        exec(as_cell(key, variant), namespace)
        yield variant.name, namespace[key.functions[0]]
    if key.id == MLP:
        yield "wrong: " + without_the_derivative_of_relu.__name__, without_the_derivative_of_relu


def measured(seeds: int, only: str | None) -> Iterator[Row]:
    """All rows, with progress on stderr."""
    for check in CHECKS:
        if only not in (None, check.exercise):
            continue
        key = load_key(HOME / "solutions", check.exercise)
        names = key.parts[0].check.__globals__
        for answer, train in answers(key):
            start, numbers = time.perf_counter(), []
            for seed in range(seeds):
                numbers.append(check.measure(names, train, seed))
                each = (time.perf_counter() - start) / (seed + 1)
                _progress(f"{check.exercise}, {answer}: {seed + 1}/{seeds}, {each:.2f} s each")
            yield Row(
                check.exercise,
                check.quantity,
                answer,
                names[check.limit],
                check.at_least,
                np.array(numbers),
                names["TRIES"],
                each,
            )
    _progress("")


def _progress(text: str) -> None:
    if sys.stderr.isatty():
        print(f"\r\033[K{text}", end="", file=sys.stderr, flush=True)


def table(rows: list[Row]) -> Iterator[str]:
    """The rows in Markdown."""
    yield (
        "| exercise: number | answer | threshold | min | 1 % | 10 % | median | max "
        "| missed | one seed misses | all tries miss |"
    )
    yield "|---|---|---:|---:|---:|---:|---:|---:|---:|---:|---:|"
    for row in rows:
        sign = "≥" if row.at_least else "<"
        q = " | ".join(f"{v:.3f}" for v in row.quantiles)
        name = row.answer.replace("_", " ")
        yield (
            f"| {row.exercise.split('/')[1]}: {row.quantity} | {name} | {sign} {row.threshold:g} | {q} "
            f"| {row.failures} of {len(row.numbers)} | ≤ {row.bound:.3f} | ≤ {row.bound**row.tries:.1e} |"
        )


def heading(rows: list[Row]) -> str:
    packages = ("numpy", "torch")
    versions = ", ".join(f"{p} {importlib.metadata.version(p)}" for p in packages)
    slowest = max(row.seconds for row in rows)
    python = f"Python {platform.python_version()}, {versions}, one thread."
    return f"{python} The slowest answer took {slowest:.1f} s for a training."


def as_json(rows: list[Row], seeds: int) -> str:
    return json.dumps(
        {
            "schema": 1,
            "seeds": seeds,
            "level": LEVEL,
            "rows": [
                {
                    "exercise": row.exercise,
                    "quantity": row.quantity,
                    "answer": row.answer,
                    "threshold": row.threshold,
                    "at_least": row.at_least,
                    "quantiles": dict(zip(map(str, QUANTILES), row.quantiles, strict=True)),
                    "failures": row.failures,
                    "bound": row.bound,
                    "tries": row.tries,
                    "seconds": row.seconds,
                }
                for row in rows
            ],
        },
        indent=1,
    )


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seeds", type=int, default=200, help="trainings for each answer (default: %(default)s)")
    parser.add_argument("--only", choices=sorted({c.exercise for c in CHECKS}), help="this exercise alone")
    parser.add_argument("--json", action="store_true", help="print one JSON document")
    parser.add_argument("--write", action="store_true", help="put the table into docs/thresholds.md")
    options = parser.parse_args(arguments)
    if options.seeds < 1:
        parser.error(f"--seeds: got {options.seeds}, expected at least 1.")
    if options.write and options.only:
        parser.error("--write: got --only, expected all exercises.")
    rows = list(measured(options.seeds, options.only))
    text = "\n".join([heading(rows), "", *table(rows)])
    print(as_json(rows, options.seeds) if options.json else text)
    if options.write:
        page = PAGE.read_text(encoding="utf-8")
        before, rest = page.split(BEGIN)
        PAGE.write_text(f"{before}{BEGIN}\n{text}\n{END}{rest.split(END)[1]}", encoding="utf-8")
    right = [row for row in rows if not row.answer.startswith("wrong: ")]
    return 1 if any(row.failures for row in right) else 0


if __name__ == "__main__":
    sys.exit(main())
