"""The reference's convolutional layer against torch's, forward and backward, on one thread of the CPU.

python benchmarks/convolution.py                 # 32 x 3 x 32 x 32 images, 16 filters of 5 x 5
python benchmarks/convolution.py --pad 2 --rounds 50
python benchmarks/convolution.py --json
python benchmarks/convolution.py --write         # and put the table into docs/benchmarks.md

Both sides compute the same thing in turn, in one run, and the results are compared. Exit code 1 when the reference
takes more than --limit times torch's time.
"""

from __future__ import annotations

import argparse
import json
import platform
import statistics
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
import pages
import torch
from measure import heading
from threadpoolctl import threadpool_limits

from dlmath_ref import conv2d, conv2d_backward

SIZES = {"N": 32, "C": 3, "H": 32, "W": 32, "F": 16, "k": 5}


@dataclass(frozen=True)
class Row:
    """Median milliseconds of CPU time of both sides, their ratio, and how far the results are apart."""

    step: str
    dtype: str
    reference_ms: float
    torch_ms: float
    ratio: float
    difference: float  # largest, relative to the largest entry


def rows(dtype: type, stride: int, pad: int, rounds: int) -> Iterator[Row]:
    """Forward and backward in this precision."""
    X, K, b, g = arrays(dtype, stride, pad)
    x, k, c, d = map(torch.tensor, (X, K, b, g))
    options = [stride] * 2, [pad] * 2, [1, 1], False, [0, 0], 1  # of torch: not transposed, one group

    def forward() -> torch.Tensor:
        return torch.nn.functional.conv2d(x, k, c, stride, pad)

    def backward() -> tuple[torch.Tensor, ...]:
        return torch.ops.aten.convolution_backward(d, x, k, [len(b)], *options, [True, True, True])

    yield row("forward", X, lambda: conv2d(X, K, b, stride, pad), forward, rounds)
    yield row("backward", X, lambda: conv2d_backward(g, X, K, stride, pad), backward, rounds)


def arrays(dtype: type, stride: int, pad: int) -> list[np.ndarray]:
    """Images, filters, biases and a gradient in the output."""
    rng, out = np.random.default_rng(0), (SIZES["H"] + 2 * pad - SIZES["k"]) // stride + 1
    shapes = ("N", "C", "H", "W"), ("F", "C", "k", "k"), ("F",)
    made = [rng.normal(size=[SIZES[s] for s in shape]) for shape in shapes]
    return [a.astype(dtype) for a in (*made, rng.normal(size=(SIZES["N"], SIZES["F"], out, out)))]


def row(step: str, X: np.ndarray, ours: Callable[[], Any], theirs: Callable[[], Any], rounds: int) -> Row:
    """Both sides in turn; the first call of each is not counted."""
    mine, other = ours(), theirs()
    pairs = zip(mine, other, strict=True) if isinstance(mine, tuple) else [(mine, other)]
    difference = max(float(np.abs(m - o.numpy()).max() / np.abs(m).max()) for m, o in pairs)
    times = [(seconds(ours), seconds(theirs)) for _ in range(rounds)]
    a, b = (1e3 * statistics.median(side) for side in zip(*times, strict=True))
    return Row(step, str(X.dtype), a, b, a / b, difference)


def seconds(call: Callable[[], Any]) -> float:
    start = time.process_time()
    call()
    return time.process_time() - start


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--stride", type=int, default=1)
    parser.add_argument("--pad", type=int, default=0)
    parser.add_argument("--rounds", type=int, default=20, help="timings of each side (default: %(default)s)")
    parser.add_argument("--limit", type=float, default=5.0, help="largest ratio (default: %(default)s)")
    parser.add_argument("--json", action="store_true", help="print one JSON document")
    pages.add_options(parser)
    options = parser.parse_args(arguments)
    torch.set_num_threads(1)
    with threadpool_limits(1):
        steps = options.stride, options.pad, options.rounds
        found = [r for dtype in (np.float64, np.float32) for r in rows(dtype, *steps)]
    if options.json:
        versions = {"python": platform.python_version(), "numpy": np.__version__, "torch": torch.__version__}
        sizes = {**SIZES, "stride": options.stride, "pad": options.pad}
        print(json.dumps({"schema": 1, "sizes": sizes, "versions": versions, "rows": [asdict(r) for r in found]}))
    else:
        print(f"{'':20}{'reference':>12}{'torch':>12}{'ratio':>9}{'difference':>13}")
        for r in found:
            times = f"{r.reference_ms:9.2f} ms{r.torch_ms:9.2f} ms{r.ratio:9.2f}{r.difference:13.1e}"
            print(f"{r.step + ', ' + r.dtype:20}{times}")
    pages.write(options, "convolution.py", "\n".join(table(found, options)))
    return int(any(r.ratio > options.limit for r in found))


def table(found: list[Row], options: argparse.Namespace) -> Iterator[str]:
    """The rows in Markdown, and whether the aim is met."""
    yield (
        f"{heading('torch', 'numpy')} {SIZES['N']} images of {SIZES['C']} x {SIZES['H']} x {SIZES['W']}, "
        f"{SIZES['F']} filters of {SIZES['k']} x {SIZES['k']}, stride {options.stride}, padding {options.pad}, "
        f"{options.rounds} rounds."
    )
    yield ""
    yield "| step | reference | torch | ratio |"
    yield "|---|---:|---:|---:|"
    for r in found:
        yield f"| {r.step}, {r.dtype} | {r.reference_ms:.1f} ms | {r.torch_ms:.1f} ms | {r.ratio:.1f} |"
    worst = max(r.ratio for r in found)
    yield ""
    yield (
        f"The largest ratio is {worst:.1f}; the aim is {options.limit:g} at most: "
        f"{'**met**' if worst <= options.limit else '**not met**'}."
    )


if __name__ == "__main__":
    sys.exit(main())
