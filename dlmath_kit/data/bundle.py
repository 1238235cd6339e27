"""Writes the bundled npz files from scikit-learn's copies: `python -m dlmath_kit.data.bundle [FOLDER]`.

Only whoever rebuilds the package needs scikit-learn. Two runs write the same bytes.
"""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np

__all__ = ["write"]


def write(folder: Path) -> list[Path]:
    """Writes one npz file for each bundled data set into `folder`; gives their paths."""
    from sklearn.datasets import load_breast_cancer, load_diabetes, load_digits, load_wine

    digits, cancer, wine = load_digits(), load_breast_cancer(), load_wine()
    diabetes = load_diabetes(scaled=False)
    arrays = {
        "digits": (digits.data.astype(np.uint8), digits.target.astype(np.uint8)),
        "breast_cancer": (cancer.data, cancer.target.astype(np.uint8)),
        "wine": (wine.data, wine.target.astype(np.uint8)),
        "diabetes": (diabetes.data, diabetes.target),
    }
    paths = [folder / f"{name}.npz" for name in arrays]
    for path, (X, y) in zip(paths, arrays.values(), strict=True):
        np.savez_compressed(path, X=X, y=y)
    return paths


if __name__ == "__main__":
    for written in write(Path(sys.argv[1]) if len(sys.argv) > 1 else Path(__file__).parent):
        print(f"{written.name}: {written.stat().st_size} bytes")
