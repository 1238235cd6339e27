"""Writes the bundled npz files from scikit-learn's copies: `python -m dlmath_kit.data.bundle [FOLDER]`.

Only whoever rebuilds the package needs scikit-learn. Two runs write the same bytes.
"""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np

__all__ = ["write"]


def write(folder: Path) -> list[Path]:
    """Writes digits.npz and breast_cancer.npz into `folder`; gives their paths."""
    from sklearn.datasets import load_breast_cancer, load_digits

    digits, cancer = load_digits(), load_breast_cancer()
    paths = [folder / "digits.npz", folder / "breast_cancer.npz"]
    np.savez_compressed(paths[0], X=digits.data.astype(np.uint8), y=digits.target.astype(np.uint8))
    np.savez_compressed(paths[1], X=cancer.data, y=cancer.target.astype(np.uint8))
    return paths


if __name__ == "__main__":
    for written in write(Path(sys.argv[1]) if len(sys.argv) > 1 else Path(__file__).parent):
        print(f"{written.name}: {written.stat().st_size} bytes")
